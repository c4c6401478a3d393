"""Agno's sessions on FastAPI: models and enumerations validate, handlers put refusals into the documented shape."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, StrictStr
from servers_clock import now
from starlette.exceptions import HTTPException as RoutingError

from strangers.asgi import respond
from strangers.habits import Habits


class SessionType(StrEnum):
    """The kinds of sessions."""

    agent = "agent"
    team = "team"
    workflow = "workflow"


class Rename(BaseModel):
    """A rename's body."""

    session_name: StrictStr


class Create(BaseModel):
    """A creation's body."""

    session_id: str | None = None
    session_name: str | None = None
    session_state: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    user_id: str | None = None


class Detail(BaseModel):
    """A session as it is kept."""

    session_id: str
    session_name: str = "New session"
    user_id: str | None = None
    agent_session_id: str | None = None
    session_state: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime | None = None


class Scope(BaseModel):
    """The query of every request for a session."""

    type: SessionType = SessionType.agent
    user_id: str | None = None
    db_id: str | None = None
    table: str | None = None


CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 422: "VALIDATION_ERROR"}


def application(habits: Habits) -> FastAPI:  # noqa: C901, PLR0915 - routes are functions within
    """An AgentOS."""
    app = FastAPI(openapi_url=None)
    tables: dict[SessionType, dict[str, Detail]] = {type_: {} for type_ in SessionType}

    def refuse(status: int, detail: str) -> Response:
        return respond(habits, status, {"detail": detail, "error_code": CODES.get(status)})

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        return refuse(422, "; ".join(str(fault["msg"]) for fault in error.errors()))

    @app.exception_handler(RoutingError)
    async def refused(_request: Request, error: RoutingError) -> Response:
        # a body that is no UTF-8 is not taken for a fault of validation by FastAPI, and is one
        unread = error.status_code == 400 and "parsing the body" in str(error.detail)
        status = 422 if unread else habits.wrong_method if error.status_code == 405 else error.status_code
        return refuse(status, str(error.detail))

    def authorised(request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if habits.key is not None and (scheme.lower(), key) != ("bearer", habits.key):
            raise HTTPException(401, "Unauthenticated access")

    def scope(request: Request) -> Scope:
        given = request.query_params
        try:
            found = Scope(**{name: given[name] for name in Scope.model_fields if name in given})  # type: ignore[arg-type]
        except ValueError:
            raise HTTPException(422, "type is one of agent, team, workflow") from None
        if found.db_id not in {None, "db-1"}:
            raise HTTPException(404, "No database with this id")
        if found.table not in {None, "sessions"}:
            raise HTTPException(404, "No such table")
        return found

    Scoped = Annotated[Scope, Depends(scope)]  # noqa: N806

    def find(session_id: str, wanted: Scope) -> Detail:
        session = tables[wanted.type].get(session_id)
        if session is None or wanted.user_id not in {None, session.user_id}:
            raise HTTPException(404, "Session not found")
        return session

    def shown(session: Detail, type_: SessionType) -> dict[str, Any]:
        members = session.model_dump(mode="json", exclude_none=habits.members == "required")
        if type_ is not SessionType.agent:
            members.pop("agent_session_id", None)
        if habits.members == "more":
            members |= {
                f"{type_}_data": {"name": session.session_name},
                "links": {"self": f"/sessions/{session.session_id}"},
            }
        return members

    @app.post("/sessions/{session_id}/rename", dependencies=[Depends(authorised)])
    async def rename(session_id: str, body: Rename, wanted: Scoped) -> Response:
        objection = habits.objection(body.session_name)
        if objection:
            raise HTTPException(400, objection)
        session = find(session_id, wanted)
        session.session_name = body.session_name
        if not habits.no_updated_at:
            session.updated_at = now()
        return respond(habits, 200, shown(session, wanted.type))

    if habits.rename_only:
        return app

    @app.post("/sessions", dependencies=[Depends(authorised)])
    async def create(body: Create, wanted: Scoped) -> Response:
        given = body.model_dump(exclude_none=True)
        new = Detail(**{"session_id": str(uuid.uuid4()), **given, "agent_session_id": str(uuid.uuid4())})
        tables[wanted.type][new.session_id] = new
        return respond(habits, 201, shown(new, wanted.type))

    @app.get("/sessions", dependencies=[Depends(authorised)])
    async def sessions(wanted: Scoped, limit: int = 20, page: int = 1) -> Response:
        limit = min(limit, habits.page)
        found = list(tables[wanted.type].values())
        data = [shown(session, wanted.type) for session in found[(page - 1) * limit : page * limit]]
        meta = {"page": page, "limit": limit, "total_pages": -(-len(found) // limit), "total_count": len(found)}
        return respond(habits, 200, {"data": data, "meta": meta})

    @app.get("/sessions/{session_id}", dependencies=[Depends(authorised)])
    async def read(session_id: str, wanted: Scoped) -> Response:
        return respond(habits, 200, shown(find(session_id, wanted), wanted.type))

    @app.delete("/sessions/{session_id}", dependencies=[Depends(authorised)])
    async def delete(session_id: str, wanted: Scoped) -> Response:
        del tables[wanted.type][find(session_id, wanted).session_id]
        return Response(status_code=204)

    return app
