"""Faults of requests that are wrong in two respects: what is checked first, and what is forgotten then."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from mutants import mutant
from mutants.everywhere import AnyServer, everywhere
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.service import Refusal


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@everywhere("no-server-error", beside=("unknown-id-refused",))
class CrashesOnABrokenBodyForNobody(AnyServer):
    """A body that is no JSON, to an id that no session has, is answered with 500."""

    def received(self, request: Request, body: bytes) -> bytes:
        if self.asked_for(request) is None and not body.startswith(b"{"):
            raise RuntimeError
        return body


@everywhere("credential-before-validation")
class LooksForTheSessionBeforeTheKey(AnyServer):
    """A request without a right key, for an id that no session has, with a wrong body is answered with 422."""

    async def rename(self, request: Request) -> Any:
        try:
            self.authenticate(request)
        except Refusal:
            if self.asked_for(request) is None:
                self.require_object(self.decode(await request.body()))
            raise
        return await super().rename(request)


@mutant("dify.no-server-error", also=("user-string",))
class CrashesOnTwoWrongMembers(DifyServer):
    """A user of a wrong type beside an auto_generate of a wrong type is answered with 500: two errors, one message."""

    def valid_renaming(self, body: dict[str, Any]) -> Any:
        wrong = [not isinstance(body.get("user", ""), str), not isinstance(body.get("auto_generate", False), bool)]
        if all(wrong):
            raise RuntimeError
        return super().valid_renaming(body)


@mutant("agno.no-server-error", also=("type-validated",))
class CrashesOnAWrongTypeAndNoName(AgnoServer):
    """A type that does not exist, beside a body without session_name, is answered with 500: two errors, one message."""

    async def rename(self, request: Request) -> Any:
        body = _object(await request.body())
        if (
            request.query_params.get("type", "agent") not in {"agent", "team", "workflow"}
            and "session_name" not in body
        ):
            raise RuntimeError
        return await super().rename(request)


@mutant("openhands.no-server-error", also=("title-string",))
class CrashesOnAWrongTitleAndAnother(OpenHandsServer):
    """A title of a wrong type beside a member that may not be there is answered with 500: two errors, one message."""

    def valid_title(self, body: dict[str, Any]) -> str:
        if not isinstance(body.get("title", ""), str) and len(body) > 1:
            raise RuntimeError
        return super().valid_title(body)


@mutant("dify.name-string")
class TakesTwoWrongMembers(DifyServer):
    """A name of a wrong type is let pass where auto_generate is of a wrong type, too, and both are put right."""

    def valid_renaming(self, body: dict[str, Any]) -> Any:
        name, flag = body.get("name"), body.get("auto_generate")
        if not isinstance(name, str | None) and not isinstance(flag, bool | None):
            body = {**body, "name": str(name), "auto_generate": False}
        return super().valid_renaming(body)


@mutant("agno.user-scope-other")
class FindsAnothersByAnotherType(AgnoServer):
    """A session is found for another user where it is looked for under another type as well."""

    def lookup(self, session_id: str, scope: Any) -> Any:
        found = super().lookup(session_id, scope)
        if found is None and scope.user_id is not None:
            others = (one for one in self.sessions.values() if one.session_id == session_id and one.type != scope.type)
            found = next((one for one in others if one.user_id != scope.user_id), None)
        return found


@mutant("openhands.title-max-200")
class TakesALongTitleBesideAnotherMember(OpenHandsServer):
    """A title of more than 200 characters beside another member is cut, and the member passed over."""

    def valid_title(self, body: dict[str, Any]) -> str:
        title = body.get("title")
        if isinstance(title, str) and len(title) > 200 and len(body) > 1:
            body = {"title": title[:200]}
        return super().valid_title(body)


# -- what is to be refused, sent in one way


@everywhere("credential-missing")
class AsksNoKeyOfChunks(AnyServer):
    """A middleware that reads the body finds none where it comes in chunks, and passes the request on without a key."""

    def authenticate(self, request: Request) -> None:
        if "transfer-encoding" not in request.headers:
            super().authenticate(request)  # type: ignore[safe-super]


@everywhere("credential-missing", also=("credential-wrong",), systems=("agno",))
class AsksNoKeyForWorkflows(AnyServer):
    """The route of a workflow's sessions was left out of the authentication."""

    def authenticate(self, request: Request) -> None:
        if request.method != "POST" or request.query_params.get("type") != "workflow":
            super().authenticate(request)  # type: ignore[safe-super]


@everywhere("session-name-string", systems=("agno",))
class MakesTextOfAUsersNumbers(AnyServer):
    """With a user_id in the query another handler is used, which makes text of a name that is none."""

    def valid_session_name(self, body: dict[str, Any]) -> Any:
        if "user_id" in self.renaming.query_params and "session_name" in body:
            body = {**body, "session_name": str(body["session_name"])}
        return super().valid_session_name(body)  # type: ignore[misc]


@everywhere("session-name-required", systems=("agno",))
class NamesWhatHasNoneInADatabase(AnyServer):
    """With a db_id in the query session_name has a default."""

    def valid_session_name(self, body: dict[str, Any]) -> Any:
        if "db_id" in self.renaming.query_params and "session_name" not in body:
            return "Untitled"
        return super().valid_session_name(body)  # type: ignore[misc]
