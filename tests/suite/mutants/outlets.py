"""Faults of one outlet: the answer, the single reading and the listing of a session differ."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutants import mutant
from mutants.before_anything import First
from mutants.conditions import KnowingCreations
from mutants.everywhere import ANSWER, LISTING, READING, AnyServer, everywhere

_OBJECT = {"dify": "inputs", "agno": "session_state", "openhands": "pr_number"}
_TIME = {"dify": "created_at", "agno": "created_at", "openhands": "created_at"}


@everywhere("session-untouched", systems=("dify", "agno"))
class AnswersWithoutTheContents(AnyServer):
    """The answer to a rename shows empty contents, for they were not loaded; what is read shows them."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        return found | ({_OBJECT[self.system]: {}} if outlet == ANSWER else {})


@everywhere("session-untouched", systems=("dify", "agno"))
class AnswersAnotherTimeOfCreation(AnyServer):
    """The answer to a rename shows the time of creation by another clock, an hour off, whenever it is renamed."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        if outlet != ANSWER:
            return found
        made = found["created_at"]
        return found | {"created_at": made + 3600 if isinstance(made, int) else f"{made[:11]}00:00:00Z"}


class Cached(First):
    """Correct, with a cache of names that the listing is made of."""

    @cached_property
    def names(self) -> dict[str, str]:
        return {}

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        key = self.id_of(session)
        if outlet != LISTING:
            if outlet == READING:
                self.names.pop(key, None)
            return found
        return found | {self.name_member: self.names.setdefault(key, found[self.name_member])}


@everywhere("name-stored", also=("concurrent-two-sessions", "sequence-consistent"), systems=("agno", "openhands"))
class ListsAnOldNameUntilItIsRead(Cached):
    """The listing's cache of names is invalidated only when the session is read singly."""


@everywhere("session-untouched", systems=("agno", "openhands"))
class ReadsAnotherTimeThanItLists(First):
    """From a rename on the single reading, not the listing, shows a time of creation without its fraction or zone."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        if outlet == READING and self.is_renamed(session):
            return found | {"created_at": found["created_at"][:19]}
        return found


@mutant("openhands.name-stored")
class ListsWhatHasNullWithoutATitle(KnowingCreations):
    """The listing shows an empty title for a conversation that was created with null for a member."""

    async def list_conversations(self, request: Request) -> Response:
        answer = await super().list_conversations(request)
        content = json.loads(bytes(answer.body))
        for item in content.get("results", []):
            null = None in self.created_with[item["conversation_id"]].values()
            item["title"] = "" if null else item["title"]
        return self.respond(answer.status_code, content)


@everywhere("answer-name", systems=("dify",))
class AnswersOtherUsersWithTheOldName(AnyServer):
    """The answer to users other than the first one shows the name as it was: their rows are read from a replica."""

    def store(self, session: Any, name: str) -> None:
        self.old = self.name_of(session)
        super().store(session, name)

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        first = next(iter(self.known.values())).user
        return found | ({self.name_member: self.old} if outlet == ANSWER and session.user != first else {})


@everywhere("name-stored", systems=("agno",))
class ListsTeamsAsTheyWere(First):
    """The listing of teams' sessions shows the name that each had at first."""

    @cached_property
    def first(self) -> dict[str, str]:
        return {}

    def store(self, session: Any, name: str) -> None:
        self.first.setdefault(self.id_of(session), self.name_of(session))
        super().store(session, name)

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        if outlet == LISTING and session.type == "team":
            return found | {self.name_member: self.first.get(self.id_of(session), found[self.name_member])}
        return found


@everywhere("session-untouched")
class ArchivesInTheListing(First):
    """A session that was renamed is shown as archived in the listing, by a member that no document names."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        return found | ({"archived": self.is_renamed(session)} if outlet == LISTING else {})


@everywhere("session-untouched", systems=("dify", "agno"))
class AnswersAnUnnamedMemberOnce(First):
    """The answer shows a member that no document names, with another value than the reading and the listing."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        return found | {"message_count": 0 if outlet == ANSWER else 1}


@everywhere("name-stored", systems=("agno",))
class LosesRenamedOnesFromAUsersListing(First):
    """The index by which a user's sessions are listed has the name in it, and a rename does not write it anew."""

    listed_for_a_user = False

    async def list_sessions(self, request: Request) -> Response:
        self.listed_for_a_user = "user_id" in request.query_params
        try:
            return await super().list_sessions(request)
        finally:
            self.listed_for_a_user = False

    def visible(self, session: Any, scope: Any) -> bool:
        lost = self.listed_for_a_user and self.is_renamed(session)
        return not lost and bool(super().visible(session, scope))  # type: ignore[misc]
