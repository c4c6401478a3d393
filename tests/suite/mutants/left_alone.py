"""Faults that show a while later: jobs, caches that are written back, replicas."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from starlette.requests import Request

from mutants.everywhere import LISTING, AnyServer, everywhere
from rename_tck.reference.service import Refusal


class Later(AnyServer):
    """Correct, and knows what a session was called at first, and how often it was renamed."""

    @cached_property
    def first(self) -> dict[str, str]:
        return {}

    @cached_property
    def renames(self) -> dict[str, int]:
        return {}

    def store(self, session: Any, name: str) -> None:
        key = self.id_of(session)
        self.first.setdefault(key, self.name_of(session))
        self.renames[key] = self.renames.get(key, 0) + 1
        super().store(session, name)
        self.was_stored(session, name)

    def was_stored(self, session: Any, name: str) -> None:
        """A name was stored."""

    def restore_later(self, session: Any, seconds: float = 1.6) -> None:
        """Give a session its first name back when the time is over, where it was not renamed meanwhile."""
        key, renames = self.id_of(session), self.renames.get(self.id_of(session), 0)

        def restore() -> None:
            if self.renames.get(key, 0) == renames and key in self.first:
                self.put_name(session, self.first[key])

        self.later(seconds, restore)


@everywhere("name-stored")
class WritesTheCacheBack(Later):
    """A cache of the sessions as they were at first is written back 1.6 s after a rename."""

    def was_stored(self, session: Any, name: str) -> None:
        self.restore_later(session)


@everywhere("name-stored")
class TitlesAgainAfterARefusal(Later):
    """A job looks at a session 1.6 s after a refused rename, finds no valid title, and gives it the first one again."""

    def was_refused(self, request: Request, refusal: Refusal) -> None:
        if refusal.status in {400, 422} and (session := self.asked_for(request)) is not None:
            self.restore_later(session)


@everywhere("name-stored")
class ListsTheFirstNameLater(Later):
    """The index that the listing is made of is built anew 1.6 s after a rename, from the names at first."""

    @cached_property
    def stale(self) -> set[str]:
        return set()

    def was_stored(self, session: Any, name: str) -> None:
        key, renames = self.id_of(session), self.renames[self.id_of(session)]
        self.stale.discard(key)

        def index() -> None:
            if self.renames[key] == renames:
                self.stale.add(key)

        self.later(1.6, index)

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        if outlet == LISTING and self.id_of(session) in self.stale:
            return found | {self.name_member: self.first[self.id_of(session)]}
        return found


@everywhere("name-stored")
class SweepsAfterAnUnknownId(Later):
    """The rename of an id that no session has starts a job, which a while later resets the session renamed last."""

    latest: Any = None

    def was_stored(self, session: Any, name: str) -> None:
        self.latest = session

    def was_refused(self, request: Request, refusal: Refusal) -> None:
        if refusal.status == 404 and self.asked_for(request) is None and self.latest is not None:
            self.restore_later(self.latest)
