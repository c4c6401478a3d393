"""Agno AgentOS 2.5.6, as far as renaming a session needs it: `POST /sessions/{session_id}/rename`."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from rename_tck.reference.service import (
    Refusal,
    Routes,
    Service,
    bearer_token,
    has_control_characters,
    parse_natural,
    same_secret,
)

SessionType = Literal["agent", "team", "workflow"]
SESSION_TYPES: tuple[SessionType, ...] = get_args(SessionType)


@dataclass
class Session:
    """A session of an agent, a team or a workflow; `component_id` is that agent's, team's or workflow's id."""

    type: SessionType
    session_id: str
    session_name: str
    user_id: str | None
    component_id: str | None
    session_state: dict[str, Any] | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Scope:
    """Which sessions a request may see: those of one type, and of one user unless `user_id` is None."""

    type: SessionType
    user_id: str | None


class AgnoServer(Service):
    """An AgentOS with one agent, one team and one workflow on one database with one session table.

    Without `key` no credential is asked for.
    """

    def __init__(self, key: str | None = None, *, db_id: str = "embedded-db", table: str = "agno_sessions") -> None:
        self.key = key
        self.db_id = db_id
        self.table = table
        self.sessions: dict[tuple[SessionType, str], Session] = {}
        super().__init__()

    def routes(self) -> Routes:
        """The rename, and what it takes to have and to see a session."""
        return {
            "/sessions/{session_id}/rename": {"POST": self.rename},
            "/sessions/{session_id}": {"GET": self.read, "DELETE": self.delete},
            "/sessions": {"GET": self.list_sessions, "POST": self.create},
            "/config": {"GET": self.config},
        }

    # The operations

    async def rename(self, request: Request) -> Response:
        """Give a session the name sent."""
        self.authenticate(request)
        scope = self.valid_scope(request.query_params)
        name = self.valid_session_name(await self.read_object(request))
        name = self.normalise_name(name)
        self.check_name(name)
        session = self.find(request.path_params["session_id"], scope)
        await self.apply(session, name)
        return self.answer_renamed(session)

    async def create(self, request: Request) -> Response:
        """Make a session; one of the same type and id is overwritten."""
        self.authenticate(request)
        scope = self.valid_scope(request.query_params)
        body = await self.read_object(request)
        name = self.valid_optional(body, "session_name", str, "a string")
        name = name or ""  # a session that was given no name shows an empty one
        self.check_name(name)
        session_id = self.valid_optional(body, "session_id", str, "a string")
        now = self.now()
        session = Session(
            type=scope.type,
            session_id=session_id or str(uuid.uuid4()),
            session_name=name,
            user_id=self.valid_optional(body, "user_id", str, "a string"),
            component_id=self.valid_optional(body, f"{scope.type}_id", str, "a string"),
            session_state=self.valid_optional(body, "session_state", dict, "an object"),
            metadata=self.valid_optional(body, "metadata", dict, "an object"),
            created_at=now,
            updated_at=now,
        )
        self.sessions[session.type, session.session_id] = session
        return self.respond(201, self.render(session))

    async def read(self, request: Request) -> Response:
        """The session, in the shape of its type."""
        self.authenticate(request)
        session = self.find(request.path_params["session_id"], self.valid_scope(request.query_params))
        return self.respond(200, self.render(session))

    async def list_sessions(self, request: Request) -> Response:
        """A page of the sessions in scope, the newest first."""
        self.authenticate(request)
        query = request.query_params
        scope = self.valid_scope(query)
        limit = self.valid_count(query, "limit", default="20")
        page = self.valid_count(query, "page", default="1")
        found = [session for session in reversed(self.sessions.values()) if self.visible(session, scope)]
        shown = found[(page - 1) * limit : page * limit]
        meta = {
            "page": page,
            "limit": limit,
            "total_pages": -(-len(found) // limit),
            "total_count": len(found),
            "search_time_ms": 0,
        }
        return self.respond(200, {"data": [self.render_item(session) for session in shown], "meta": meta})

    async def delete(self, request: Request) -> Response:
        """Delete the sessions of that id, whatever their type."""
        self.authenticate(request)
        query = request.query_params
        self.check_storage(query)
        session_id = request.path_params["session_id"]
        scopes = [Scope(type_, query.get("user_id")) for type_ in SESSION_TYPES]
        found = [scope.type for scope in scopes if self.lookup(session_id, scope) is not None]
        if not found:
            raise self.no_such_session()
        for type_ in found:
            del self.sessions[type_, session_id]
        return self.respond_empty()

    async def config(self, request: Request) -> Response:
        """The server's databases, agents, teams and workflows."""
        self.authenticate(request)
        return self.respond(200, self.render_config())

    # Who may

    def authenticate(self, request: Request) -> None:
        """Refuse a request without the key."""
        if self.key is not None and not same_secret(bearer_token(request), self.key):
            raise self.unauthenticated()

    # What a request may hold

    def valid_scope(self, query: QueryParams) -> Scope:
        """The sessions that the query's parameters select."""
        type_ = self.valid_type(query)
        self.check_storage(query)
        return Scope(type_, self.valid_user_id(query))

    def valid_type(self, query: QueryParams) -> SessionType:
        """The session type named, agent when none is."""
        given = query.get("type", "agent")
        for type_ in SESSION_TYPES:
            if given == type_:
                return type_
        raise self.invalid("type has to be agent, team or workflow.", ("query", "type"))

    def valid_user_id(self, query: QueryParams) -> str | None:
        """The user whose sessions alone are in scope, None for everybody's."""
        return query.get("user_id")

    def check_storage(self, query: QueryParams) -> None:
        """Refuse a request that names a database or a table which the server does not have."""
        self.check_db_id(query)
        self.check_table(query)

    def check_db_id(self, query: QueryParams) -> None:
        """Refuse the name of a database that the server does not have."""
        if query.get("db_id", self.db_id) != self.db_id:
            raise Refusal(404, "not_found", "Database not found.", loc=("query", "db_id"))

    def check_table(self, query: QueryParams) -> None:
        """Refuse the name of a table that the server does not have."""
        if query.get("table", self.table) != self.table:
            raise Refusal(404, "not_found", "Table not found.", loc=("query", "table"))

    def valid_session_name(self, body: dict[str, Any]) -> str:
        """The name that a rename's body holds."""
        if "session_name" not in body:
            raise self.invalid("session_name is required.", ("body", "session_name"))
        name = body["session_name"]
        if not isinstance(name, str):
            raise self.invalid("session_name has to be a string.", ("body", "session_name"))
        return name

    def check_name(self, name: str) -> None:
        """Refuse what is no title: a name with control characters."""
        if has_control_characters(name):
            raise Refusal(400, "bad_request", "The session name has control characters.", loc=("body", "session_name"))

    def valid_optional(self, body: dict[str, Any], member: str, type_: type, kind: str) -> Any:
        """The member's value, None when it is null or left out."""
        value = body.get(member)
        if value is not None and not isinstance(value, type_):
            raise self.invalid(f"{member} has to be {kind} or null.", ("body", member))
        return value

    def valid_count(self, query: QueryParams, member: str, *, default: str) -> int:
        """The query's number `member`, from 1 on."""
        count = parse_natural(query.get(member, default))
        if not count:
            raise self.invalid(f"{member} has to be a number from 1 on.", ("query", member))
        return count

    # The sessions

    def find(self, session_id: str, scope: Scope) -> Session:
        """The session of that id, if it is in scope."""
        session = self.lookup(session_id, scope)
        if session is None:
            raise self.no_such_session()
        return session

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        """The session of that id, None when it does not exist or is out of scope."""
        session = self.sessions.get((scope.type, session_id))
        return session if session is not None and self.visible(session, scope) else None

    def visible(self, session: Session, scope: Scope) -> bool:
        """Whether the session is in scope."""
        return session.type == scope.type and scope.user_id in (None, session.user_id)

    def normalise_name(self, name: str) -> str:
        """A name is kept as it was sent, character for character."""
        return name

    async def apply(self, session: Session, name: str) -> None:
        """Make the rename, in one step that no other request can see half done."""
        self.store(session, name)
        self.touch(session)

    def store(self, session: Session, name: str) -> None:
        """Put the name into the session."""
        session.session_name = name

    def touch(self, session: Session) -> None:
        """Set the time of the last update, which never goes back."""
        session.updated_at = max(session.updated_at, self.now())

    # What is answered

    def answer_renamed(self, session: Session) -> Response:
        """The answer to a rename that was made."""
        return self.respond(200, self.render(session))

    def render(self, session: Session) -> dict[str, Any]:
        """The session in the shape of its own type."""
        if session.type == "agent":
            return self.render_agent(session)
        if session.type == "team":
            return self.render_team(session)
        return self.render_workflow(session)

    def render_agent(self, session: Session) -> dict[str, Any]:
        """AgentSessionDetailSchema."""
        return {
            **self.render_common(session),
            "agent_session_id": session.session_id,
            "agent_id": session.component_id,
            "session_summary": None,
            "total_tokens": None,
            "agent_data": None,
            "metrics": None,
            "chat_history": [],
        }

    def render_team(self, session: Session) -> dict[str, Any]:
        """TeamSessionDetailSchema."""
        return {
            **self.render_common(session),
            "team_id": session.component_id,
            "session_summary": None,
            "total_tokens": None,
            "team_data": None,
            "metrics": None,
            "chat_history": [],
        }

    def render_workflow(self, session: Session) -> dict[str, Any]:
        """WorkflowSessionDetailSchema."""
        return {
            **self.render_common(session),
            "workflow_id": session.component_id,
            "workflow_name": None,
            "session_data": None,
            "workflow_data": None,
        }

    def render_common(self, session: Session) -> dict[str, Any]:
        """What the three shapes have in common."""
        return {
            **self.render_item(session),
            "user_id": session.user_id,
            "metadata": session.metadata,
        }

    def render_item(self, session: Session) -> dict[str, Any]:
        """The session as a list shows it."""
        return {
            "session_id": session.session_id,
            "session_name": session.session_name,
            "session_state": session.session_state,
            "created_at": self.render_time(session.created_at),
            "updated_at": self.render_time(session.updated_at),
        }

    def render_time(self, time: datetime) -> str:
        """RFC 3339 in UTC, to the second."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")

    def render_config(self) -> dict[str, Any]:
        """The server's configuration, one component of each kind."""

        def component(kind: str) -> list[dict[str, Any]]:
            return [{"id": f"embedded-{kind}", "name": f"Embedded {kind}", "description": None, "db_id": self.db_id}]

        return {
            "os_id": "embedded-os",
            "description": "An embedded AgentOS",
            "databases": [self.db_id],
            "session": {"dbs": [{"db_id": self.db_id, "tables": [self.table]}]},
            "agents": component("agent"),
            "teams": component("team"),
            "workflows": component("workflow"),
            "interfaces": [],
        }

    # What is refused

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        """The error in the one shape that the document has for all of them."""
        return {"detail": refusal.message, "error_code": refusal.code.upper()}

    def invalid(self, message: str, loc: tuple[str | int, ...]) -> Refusal:
        """The refusal of a request that breaks the contract."""
        return Refusal(422, "validation_error", message, loc=loc)

    def unreadable(self, reason: str) -> Refusal:
        """The refusal of a body that is not JSON."""
        return self.invalid(reason, ("body",))

    def not_an_object(self) -> Refusal:
        """The refusal of a JSON body that is not an object."""
        return self.invalid("The request body has to be a JSON object.", ("body",))

    def unauthenticated(self) -> Refusal:
        """The refusal of a missing or wrong key."""
        return Refusal(
            401, "unauthenticated", "The key is missing or not valid.", headers={"WWW-Authenticate": "Bearer"}
        )

    def no_such_session(self) -> Refusal:
        """The refusal of an id that no session in scope has."""
        return Refusal(404, "not_found", "Session not found.", loc=("path", "session_id"))


def application(key: str, other_mode_key: str, editions: Collection[str]) -> AgnoServer:  # noqa: ARG001
    """The server that the suite embeds."""
    return AgnoServer(key)
