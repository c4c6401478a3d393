"""Agno's sessions without a framework."""

from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from servers_clock import now

from strangers.habits import Habits
from strangers.wire import App, Asked, Said

TYPES = ("agent", "team", "workflow")


@dataclass
class _Session:
    id: str
    type: str
    name: str
    user: str | None
    state: dict[str, Any] | None
    metadata: dict[str, Any] | None
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    reads: int = 0


class AgnoApp(App):
    """An AgentOS."""

    def __init__(self, habits: Habits) -> None:
        super().__init__(habits)
        self._sessions: dict[str, _Session] = {}
        self._ticks = 0
        self._made = 0

    def stock(self, user: str | None, count: int, types: tuple[str, ...] = TYPES) -> list[str]:
        """Sessions of each type that are there already; their ids."""
        return [self._open(type_, user=user).id for type_ in types for _ in range(count)]

    def error(self, status: int, message: str, code: str | None = None) -> Said:
        """Detail, and an error code where there is one."""
        if self.habits.bare and status not in {400, 401, 404, 422}:
            return Said(status)
        return Said(status, {"detail": message} if self.habits.bare else {"detail": message, "error_code": code})

    def answer(self, asked: Asked) -> Said:
        """Route a request."""
        if self.habits.neighbours:
            self._live_on()
        match asked.parts:
            case ["sessions", id_, "rename"]:
                return self._authorised(asked, {"POST": lambda: self._rename(asked, id_)})
            case _ if self.habits.rename_only:
                return self.error(self.habits.elsewhere, "Not found")
            case ["sessions", id_]:
                read = {"GET": lambda: self._read(asked, id_)} if self.habits.read else {}
                delete = {"DELETE": lambda: self._delete(id_)} if self.habits.delete else {}
                return self._authorised(asked, read | delete)
            case ["sessions"]:
                listing = {"GET": lambda: self._list(asked)} if self.habits.listing else {}
                create = {"POST": lambda: self._create(asked)} if self.habits.create else {}
                return self._authorised(asked, listing | create)
            case ["config"]:
                found = {"os_id": "a-stranger", "databases": ["main"], "agents": [], "teams": [], "workflows": []}
                return self._authorised(asked, {"GET": lambda: Said(200, found)})
        return self.error(self.habits.elsewhere, "Not found", "NOT_FOUND")

    def _authorised(self, asked: Asked, methods: dict[str, Any]) -> Said:
        if asked.method not in methods:
            return self.error(self.habits.wrong_method, "Method not allowed")
        scheme, _, key = asked.headers.get("authorization", "").partition(" ")
        if self.habits.key is not None and (scheme.lower(), key) != ("bearer", self.habits.key):
            refusal = self.error(401, "Unauthenticated access", "UNAUTHENTICATED")
            return Said(401, refusal.value, (("WWW-Authenticate", 'Bearer realm="os"'),))
        said: Said = methods[asked.method]()
        return said

    # -- the rename

    def _rename(self, asked: Asked, id_: str) -> Said:
        query = asked.query
        if query.get("type", "agent") not in TYPES:
            return self.error(422, "type is agent, team or workflow", "VALIDATION_ERROR")
        try:
            body = asked.json()
        except ValueError:
            return self.error(422, "The body is no JSON.", "VALIDATION_ERROR")
        name = body.get("session_name") if isinstance(body, dict) else None
        if not isinstance(name, str):
            return self.error(422, "session_name is missing", "VALIDATION_ERROR")
        objection = self.habits.objection(name)
        if objection:
            return self.error(400, objection, "BAD_REQUEST")
        if query.get("db_id", "main") != "main":
            return self.error(404, "No such database", "NOT_FOUND")
        if query.get("table", "sessions") != "sessions":
            return self.error(400, "No such table", "BAD_REQUEST")
        session = self._find(query, id_)
        if session is None:
            return self.error(404, f"Session with id {id_!a} not found", "NOT_FOUND")
        session.name = (name.strip() or name) if self.habits.trims else name
        if not self.habits.frozen_time:
            session.updated = now()
        return Said(200, self._members(session))

    def _find(self, query: dict[str, str], id_: str) -> _Session | None:
        session = self._sessions.get(id_)
        if session is None or session.type != query.get("type", "agent"):
            return None
        return session if query.get("user_id") in {None, session.user} else None

    def _members(self, session: _Session) -> dict[str, Any]:
        shown: dict[str, Any] = {"session_id": session.id, "session_name": session.name}
        if session.type == "agent":
            shown["agent_session_id"] = f"{session.id}/agent"
        if self.habits.members in {"required", "none"}:
            return shown
        shown |= {
            "user_id": session.user,
            "session_state": session.state,
            "metadata": session.metadata,
            "created_at": self._time(session.created),
            "updated_at": self._time(session.updated),
        }
        if session.type != "workflow":
            shown |= {"chat_history": [], "total_tokens": 0, "session_summary": None}
        else:
            shown["session_data"] = {"session_name": session.name, "steps": 0}
        if self.habits.no_updated_at:
            del shown["updated_at"]
        if self.habits.members == "more":
            shown |= {"runs": [{"run_id": "1"}], "title": session.name, "session_type": session.type, "x-ü": [None]}
            shown["etag"] = f'W/"{zlib.crc32(str(session.name).encode(errors="replace")):x}"'
        return shown

    def _time(self, moment: datetime) -> str | None:
        match self.habits.times:
            case "Z":
                return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            case "offset":
                return moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(timespec="seconds")
            case "micro":
                return moment.isoformat(timespec="microseconds")
            case "null":
                return None

    # -- what it takes to have sessions

    def _open(
        self, type_: str, id_: str | None = None, name: str = "Untitled", user: str | None = None, **other: Any
    ) -> _Session:
        if id_ is None or self.habits.own_ids:
            id_ = f"{type_}:2.5~Ünï ({uuid.uuid4().hex[:8]})+1=2@x" if self.habits.ids == "odd" else str(uuid.uuid4())
        session = _Session(id_, type_, name, user, other.get("session_state"), other.get("metadata"))
        self._sessions[id_] = session
        return session

    def _create(self, asked: Asked) -> Said:
        if self.habits.quota is not None and self._made >= self.habits.quota:
            return self.error(self.habits.quota_status, "The quota is used up", "FORBIDDEN")
        self._made += 1
        body = asked.json()
        kept = {name: body.get(name) for name in ("session_state", "metadata")}
        type_ = asked.query.get("type", "agent")
        made = self._open(type_, body.get("session_id"), body.get("session_name") or "", body.get("user_id"), **kept)
        return Said(201, self._members(made))

    def _read(self, asked: Asked, id_: str) -> Said:
        session = self._find(asked.query, id_)
        if session is None:
            return self.error(404, "Session not found", "NOT_FOUND")
        shown = self._members(session)
        if self.habits.restless:
            session.reads += 1
            shown |= {"reads": session.reads, "metrics": {"cache_reads": session.reads}}
        return Said(200, shown)

    def _list(self, asked: Asked) -> Said:
        query = asked.query
        limit, page = min(int(query.get("limit", "20")), self.habits.page), int(query.get("page", "1"))
        found = [session for session in self._sessions.values() if session.type == query.get("type", "agent")]
        data = [self._members(session) for session in found[(page - 1) * limit : page * limit]]
        pages = -(-len(found) // limit)
        return Said(200, {"data": data, "meta": {"page": page, "limit": limit, "total_pages": pages}})

    def _delete(self, id_: str) -> Said:
        if self._sessions.pop(id_, None) is None:
            return self.error(404, "Session not found", "NOT_FOUND")
        return Said(204)

    def _live_on(self) -> None:
        """Other people rename their sessions, open some and delete some."""
        self._ticks += 1
        others = [session for session in self._sessions.values() if session.user == "somebody else"]
        if len(others) < 6:
            self._open(TYPES[self._ticks % 3], user="somebody else")
        else:
            others[self._ticks % 6].name = f"Their name {self._ticks}"
        if self._ticks % 10 == 0 and others:
            del self._sessions[others[0].id]
