"""Faults that only some names meet: clean-ups, filters, columns and character sets, some of them now and then."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from starlette.requests import Request

from mutants.everywhere import AnyServer, everywhere
from rename_tck.reference.service import Refusal


@everywhere("text-not-interpreted")
class CleansTitlesUp(AnyServer):
    """What stands before a title that a model made, such as "Title: ", is cut off."""

    def kept(self, session: Any, name: str) -> str:
        return re.sub(r"^(Title|标题)[:：] *", "", name)


@everywhere("text-not-interpreted")
class MasksKeys(AnyServer):
    """What looks like a key is masked."""

    def kept(self, session: Any, name: str) -> str:
        return re.sub(r"\b(sk-|AKIA|ghp_)\w{12,}", "***", name)


@everywhere("text-not-interpreted")
class DrawsSmileys(AnyServer):
    """A typewriter's smileys become emoji."""

    def kept(self, session: Any, name: str) -> str:
        return name.replace(":-)", "\U0001f642").replace(":smile:", "\U0001f604")


class Shaken(AnyServer):
    """Correct, and knows which sessions a refusal of their last request has left behind."""

    @cached_property
    def shaken(self) -> set[str]:
        return set()

    def was_refused(self, request: Request, refusal: Refusal) -> None:
        if refusal.status in {400, 422} and (session := self.asked_for(request)) is not None:
            self.shaken.add(self.id_of(session))

    def kept(self, session: Any, name: str) -> str:
        if self.id_of(session) not in self.shaken:
            return name
        self.shaken.discard(self.id_of(session))
        return self.after_a_refusal(name)

    def after_a_refusal(self, name: str) -> str:
        """The name that is kept after a refusal."""
        return name
