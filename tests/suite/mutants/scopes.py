"""Faults that only some types, scopes and users meet: joins, partitions, caches and columns for ids."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import QueryParams

from mutants import mutant
from mutants.everywhere import AnyServer, everywhere
from rename_tck.reference.agno import AgnoServer, Scope, Session
from rename_tck.reference.dify import Conversation, DifyServer, Renaming

OWNER = "rename-tck"


# -- types and scopes


class Asked(AnyServer):
    """Correct, and knows what the query of a rename names."""

    @property
    def query(self) -> QueryParams:
        return self.renaming.query_params


@everywhere("rename-accepted", systems=("agno",))
class KeepsTeamsInTheFirstDatabase(Asked):
    """A team's session is not found where a db_id is given, which opens a database without the teams' table."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        found: Session | None = super().lookup(session_id, scope)  # type: ignore[misc]
        return None if scope.type == "team" and "db_id" in self.asked() else found

    def asked(self) -> QueryParams | dict[str, str]:
        """The query, of a rename."""
        try:
            return self.query
        except LookupError:
            return {}


@everywhere("session-untouched", systems=("agno",))
class LosesTheStateOfAUsersWorkflow(Asked):
    """A workflow's session that is renamed with its user_id comes back from a join without its state."""

    def store(self, session: Any, name: str) -> None:
        super().store(session, name)
        if session.type == "workflow" and "user_id" in self.query:
            session.session_state = {}


@everywhere("name-stored", also=("answer-name",), systems=("agno",))
class WritesToTheDefaultTable(Asked):
    """A rename that names the table is answered, and stored in another one."""

    def store(self, session: Any, name: str) -> None:
        if "table" not in self.query:
            super().store(session, name)


# -- users


@mutant("agno.rename-accepted")
class DecodesTheUserAgain(AgnoServer):
    """A user_id is decoded once more before it is compared: a plus sign is a blank, a percent sign an escape."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        user_id = super().valid_user_id(query)
        return None if user_id is None else unquote(user_id.replace("+", " "))


@mutant("agno.session-untouched")
class GivesNobodyAnEmptyId(AgnoServer):
    """A rename writes the owner of nobody's session back as an empty text."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        session.user_id = session.user_id or ""


@mutant("agno.name-stored", also=("answer-name",))
class KeepsUsersOfOddIdsInLatin1(AgnoServer):
    """The sessions of a user whose id is not made of letters, digits and hyphens lose what is beyond the BMP."""

    def store(self, session: Session, name: str) -> None:
        odd = session.user_id is not None and re.fullmatch("[A-Za-z-]+", session.user_id) is None
        super().store(session, re.sub("[^\0-\uffff]", "?", name) if odd else name)


@mutant("dify.rename-accepted")
class TakesAUserOfDigitsForANumber(DifyServer):
    """A user of digits is looked for without the zeros before them."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        asked = super().valid_renaming(body)
        return replace(asked, user=str(int(asked.user))) if asked.user.isdigit() else asked


@mutant("dify.rename-accepted")
class ReadsAPlusInTheUserAsABlank(DifyServer):
    """A plus sign in the user of a rename is read as a blank."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        asked = super().valid_renaming(body)
        return replace(asked, user=asked.user.replace("+", " "))


@mutant("dify.name-stored", also=("answer-name",))
class KeepsOtherUsersInLatin1(DifyServer):
    """The conversations of users other than the first one lose what is beyond the BMP: their table is an older one."""

    def store(self, conversation: Conversation, name: str) -> None:
        first = conversation.user == next(iter(self.conversations.values())).user
        super().store(conversation, name if first else re.sub("[^\0-\uffff]", "?", name))
