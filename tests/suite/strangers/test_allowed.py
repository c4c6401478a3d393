"""What a document leaves open is held against no server: each of these is correct in a way of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, OTHER_USER_KEY, judge
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rename_tck.reference.agno import AgnoServer, Scope, Session
from rename_tck.reference.openhands import Conversation, OpenHandsServer
from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve


class MoreMembersThanItsShape(AgnoServer):
    """A workflow's session is answered with members of a team's session besides its own."""

    def render_workflow(self, session: Session) -> dict[str, Any]:
        return {**self.render_team(session), **super().render_workflow(session)}


class ShapeOfAnother(AgnoServer):
    """When the type is left out, a session is answered in the shape of a team's: one of the documented ones."""

    async def rename(self, request: Request) -> Response:
        answer = await super().rename(request)
        if answer.status_code != 200 or "type" in request.query_params:
            return answer
        return self.respond(200, self.render_team(self.find(request.path_params["session_id"], Scope("agent", None))))


class UsersWithoutCase(AgnoServer):
    """User ids are compared by a collation that knows neither case nor blanks at the end."""

    def visible(self, session: Session, scope: Scope) -> bool:
        owner = (session.user_id or "").lower().rstrip()
        return session.type == scope.type and (scope.user_id is None or scope.user_id.lower().rstrip() == owner)


class RefusesLongUsers(AgnoServer):
    """A user_id longer than a column, or with a control character, is refused with 422."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        user_id = super().valid_user_id(query)
        if user_id is not None and (len(user_id) > 128 or not user_id.isprintable()):
            raise self.invalid("user_id is no id.", ("query", "user_id"))
        return user_id


class NoTypeIsAny(AgnoServer):
    """When the type is left out, a session of any type is found, and renamed."""

    def find(self, session_id: str, scope: Scope) -> Session:
        for type_ in ("agent", "team", "workflow"):
            found = self.lookup(session_id, Scope(type_, scope.user_id))
            if found is not None:
                return found
        raise self.no_such_session()


class NotJsonIsABadRequest(OpenHandsServer):
    """A body that is not JSON is refused with 400."""

    def unreadable(self, reason: str) -> Refusal:
        return Refusal(400, "bad_request", reason)


class PageForNotFound(OpenHandsServer):
    """What does not exist is answered with 404 and a page, of which the document says nothing."""

    def refuse(self, refusal: Refusal) -> Response:
        return HTMLResponse("<h1>Not Found</h1>", 404) if refusal.status == 404 else super().refuse(refusal)


class NothingSaidOfA422(OpenHandsServer):
    """A 422 is an empty object: no member of it is required."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return {} if refusal.status == 422 else super().render_error(refusal)


class FalseToOtherUsers(OpenHandsServer):
    """Another user's update is answered with `false`."""

    async def rename(self, request: Request) -> Response:
        return self.respond(200, False) if self.is_other_user(request) else await super().rename(request)


class ForbidsOtherUsers(OpenHandsServer):
    """Another user's update is refused with 403."""

    def check_owner(self, request: Request, conversation: Conversation) -> None:
        if self.is_other_user(request):
            raise Refusal(403, "forbidden", "Only the owner can update the conversation.")


class NothingIsDone(OpenHandsServer):
    """Every update is answered with `false`, and nothing is stored."""

    async def rename(self, request: Request) -> Response:
        self.authenticate(request)
        return self.respond(200, False)


#: Each with what is judged, of which no MUST is broken, and the SHOULDs that are.
ALLOWED: list[tuple[Callable[[str], AgnoServer | OpenHandsServer], str, set[str]]] = [
    (MoreMembersThanItsShape, "answer or type", set()),
    (ShapeOfAnother, "answer or type", {"agno.answer-shape-of-type"}),
    (UsersWithoutCase, "scope", {"agno.user-scope-lookalike"}),
    (RefusesLongUsers, "scope", set()),
    (NoTypeIsAny, "type or name-stored", {"agno.other-type-not-renamed"}),
    (NotJsonIsABadRequest, "body or refusal or 422", set()),
    (PageForNotFound, "odd-ids or unknown-id", {"openhands.odd-ids-refused"}),
    (NothingSaidOfA422, "refusal or 422", {"openhands.error-422-detail"}),
    (FalseToOtherUsers, "owner", set()),
    (ForbidsOtherUsers, "owner", set()),
]


@pytest.mark.parametrize(("server", "select", "should"), ALLOWED, ids=lambda one: getattr(one, "__name__", ""))
def test_no_must_fails(
    server: Callable[[str], AgnoServer | OpenHandsServer], select: str, should: set[str], tmp_path: Path
) -> None:
    app = server(KEY)
    app.other_user_key = OTHER_USER_KEY
    env = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_USER_KEY": OTHER_USER_KEY}
    system = "agno" if isinstance(app, AgnoServer) else "openhands"
    with serve(app) as url:
        judged = judge(url, tmp_path, FEW_DRAWN, system=system, env=env, select=select, record_only=True)
    assert judged.with_verdict("error") == set(), judged.output
    assert judged.with_verdict("fail") == should, judged.output
    assert all(judged.requirements[name]["level"] == "SHOULD" for name in should)
    assert judged.with_verdict("pass")
    assert judged.status == 0, judged.output


def test_false_is_observed_as_no_success(tmp_path: Path) -> None:
    with serve(NothingIsDone(KEY)) as url:
        env = {"RENAME_TCK_API_KEY": KEY}
        select = "what_no_document_settles"
        judged = judge(url, tmp_path, system="openhands", env=env, select=select, record_only=True)
    answers = {one["id"].partition(".")[2]: one["answer"] for one in judged.run["observations"]}
    assert answers.pop("obs-not-json-status") == "answered with 200"
    assert set(answers.values()) == {"answered with false"}
