"""Faults that show only after something else: caches, transactions and modes that outlive their request."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from starlette.requests import Request

from mutants import mutant
from mutants.everywhere import AnyServer, everywhere
from mutants.packed_names import Shaken
from rename_tck.reference.dify import Conversation, DifyServer, Renaming
from rename_tck.reference.service import Refusal


@everywhere("name-stored", also={"dify": ("answer-name", "sequence-consistent"), "agno": ("answer-name",)})
class CutsAfterARefusal(Shaken):
    """After a request was refused, the next name of its session is cut after 60 characters: the buffer is smaller."""

    def after_a_refusal(self, name: str) -> str:
        return name[:60]


class LosesOneRename(AnyServer):
    """Once something has come about, the next rename is answered, and not stored."""

    loses = False

    def store(self, session: Any, name: str) -> None:
        if not self.loses:
            super().store(session, name)
        self.loses = False


@everywhere("name-stored", also=("concurrent-two-sessions",), systems=("openhands",))
class LosesARenameAfterADeletion(LosesOneRename):
    """The first rename after a session was deleted is answered, and rolled back with the deletion's transaction."""

    def was_deleted(self, request: Request) -> None:
        self.loses = True


@everywhere("sequence-consistent", also=("name-stored",), may=("concurrent-two-sessions",), systems=("openhands",))
class LosesTheRenameAfterAnUnknownOne(LosesOneRename):
    """A conversation that is not there leaves a session of the database in error, and what it writes next is lost."""

    def was_refused(self, request: Request, refusal: Refusal) -> None:
        self.loses |= refusal.status == 404


@everywhere("name-stored", also=("answer-name", "user-scope-own"))
class KeepsTheNullOfARefusal(AnyServer):
    """After a name that is null was refused, the next rename of the session is answered, and not stored."""

    @cached_property
    def null(self) -> set[str]:
        return set()

    def received(self, request: Request, body: bytes) -> bytes:
        if f'"{self.name_member}":null'.encode() in body.replace(b" ", b"") and (found := self.asked_for(request)):
            self.null.add(self.id_of(found))
        return body

    def store(self, session: Any, name: str) -> None:
        if self.id_of(session) in self.null:
            self.null.discard(self.id_of(session))
        else:
            super().store(session, name)


@everywhere("deleted-id-refused", systems=("dify", "agno"))
class BringsBackWhatIsAskedForTwice(AnyServer):
    """The rename of a session that was deleted is refused, and when it is sent again the session is put back."""

    @cached_property
    def gone(self) -> dict[str, tuple[Any, Any]]:
        return {}

    @cached_property
    def asked(self) -> list[str]:
        return []

    async def delete(self, request: Request) -> Any:
        found = self.asked_for(request)
        answer = await super().delete(request)
        if found is not None:
            key = (found.type, found.session_id) if self.system == "agno" else self.id_of(found)
            self.gone[self.id_of(found)] = key, found
        return answer

    def was_refused(self, request: Request, refusal: Refusal) -> None:
        session_id = str(next(iter(request.path_params.values())))
        if refusal.status == 404 and session_id in self.gone:
            if session_id in self.asked:
                key, found = self.gone.pop(session_id)
                self.known[key] = found
            self.asked.append(session_id)


@mutant("dify.auto-generate-default-false", also=("name-stored",), beside=("sequence-consistent",))
class StaysInTheModeOfTheLastRequest(DifyServer):
    """A request without auto_generate has the mode of the conversation's request before it."""

    modes: dict[str, bool]

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        asked = super().valid_renaming(body)
        self._said = "auto_generate" in body
        return asked

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        modes = self.__dict__.setdefault("modes", {})
        generate = asked.auto_generate if self._said else modes.get(conversation.id, False)
        modes[conversation.id] = asked.auto_generate
        return super().new_name(conversation, Renaming(asked.user, asked.name, generate))


@everywhere("rename-accepted")
class RemembersTheRefusal(AnyServer):
    """A proxy keeps the refusal of a body that is no object, and gives it to the next request of the session, too."""

    @cached_property
    def refused(self) -> set[str]:
        return set()

    def received(self, request: Request, body: bytes) -> bytes:
        found = self.asked_for(request)
        session_id = self.id_of(found) if found is not None else ""
        if session_id in self.refused:
            self.refused.discard(session_id)
            raise self.not_an_object()
        if found is not None and _is_no_object(body):
            self.refused.add(session_id)
        return body


def _is_no_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), int | list)
    except (ValueError, RecursionError):
        return False


@everywhere("deleted-id-refused", systems=("dify",))
class NamesWhatWasDeleted(AnyServer):
    """What makes names looks a conversation up with those that were deleted, and writes all of it back."""

    @cached_property
    def deleted(self) -> dict[str, Any]:
        return {}

    async def delete(self, request: Request) -> Any:
        found = self.asked_for(request)
        answer = await super().delete(request)
        if found is not None:
            self.deleted[self.id_of(found)] = found
        return answer

    def received(self, request: Request, body: bytes) -> bytes:
        key = request.path_params.get("conversation_id", "")
        if key in self.deleted and b'"auto_generate"' in body and b"true" in body:
            self.conversations[key] = self.deleted.pop(key)  # type: ignore[attr-defined]
        return body
