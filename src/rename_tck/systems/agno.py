"""Agno's dialect: a session of an agent, a team or a workflow, kept in a database of the AgentOS."""

from __future__ import annotations

import uuid
from typing import ClassVar

from rename_tck.client.exchange import Answer, Request, encode_json, segment
from rename_tck.client.request_policy import Route
from rename_tck.systems.dialect import JSON_TYPE, Dialect, Page, Session, Storage, members, records

_LIMIT = 100

#: The shape of the answer for each type of session, as the document names it.
SHAPES = {
    "agent": "AgentSessionDetailSchema",
    "team": "TeamSessionDetailSchema",
    "workflow": "WorkflowSessionDetailSchema",
}


class Agno(Dialect):
    """``POST /sessions/{session_id}/rename``."""

    system = "agno"
    title = "Agno AgentOS"
    method = "POST"
    rename_path = "/sessions/{id}/rename"
    name_member = "session_name"
    id_member = "session_id"
    key_header = ("Authorization", "Bearer {}")
    ids_are_text = True
    kinds = ("agent", "team", "workflow")
    credential_refusals = frozenset({401})
    immutable_members = (
        "session_id", "agent_session_id", "user_id", "agent_id", "team_id", "workflow_id", "workflow_name",
        "session_summary", "session_state", "total_tokens", "agent_data", "team_data", "workflow_data", "session_data",
        "metrics", "metadata", "chat_history", "created_at",
    )  # fmt: skip
    copies_name = frozenset({"session_data", "agent_data", "team_data", "workflow_data"})
    document_path = "/openapi.json"
    provisioning: ClassVar[tuple[Route, ...]] = (
        Route("POST", "/sessions"),
        Route("GET", "/sessions"),
        Route("GET", "/sessions/{id}", "looked"),
        Route("DELETE", "/sessions/{id}", "created"),
        Route("GET", "/config"),
        Route("GET", "/openapi.json"),
    )

    def body(self, session: Session, name: str) -> dict[str, object]:
        return {"session_name": name}

    def query(self, session: Session) -> tuple[tuple[str, str], ...]:
        return (("type", session.kind),) if session.kind else ()

    def unknown_id(self, token: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"rename-tck:{token}"))

    def creations(self, kind: str | None, user: str | None, token: str) -> list[Request]:
        body: dict[str, object] = {
            # by chance, not by the seed: another run with the same seed must not come upon this session
            "session_id": f"rename-tck-{uuid.uuid4()}",
            "session_name": f"rename-tck {token}",
            "session_state": {"topic": "conformance", "steps": [1, 2, 3]},
            "metadata": {"origin": "rename-tck", "nested": {"kept": True}},
            **({} if user is None else {"user_id": user}),
        }
        # what a rename may wipe, alter or round; a target may not take it
        rich = {
            **body,
            "session_state": {
                "topic": "Grüße",
                "steps": [1, 2.5, 9007199254740993],
                "nothing": [],
                "none": None,
            },
            "metadata": {"origin": "naïve", "nested": {"kept": True, "not": False, "zero": 0, "empty": {}}},
            f"{kind or 'agent'}_id": "rename-tck",
        }
        query = (("type", kind or "agent"),)
        return [Request("POST", "/sessions", query, encode_json(made), JSON_TYPE) for made in (rich, body)]

    def created(self, answer: Answer, kind: str | None, user: str | None) -> Session | None:
        content = members(answer.value)
        found, owner = content.get("session_id"), content.get("user_id")
        if not isinstance(found, str) or not found:
            return None
        return Session(found, "created", kind, owner if isinstance(owner, str) else None)

    def storages(self) -> Request:
        return Request("GET", "/config")

    def storages_in(self, answer: Answer) -> list[Storage]:
        content = members(answer.value)
        found = [
            Storage(database, table)
            for one in records(members(content.get("session")).get("dbs"))
            for database in _strings([one.get("db_id")])
            for table in (*_strings(one.get("tables")), None)
        ]
        known = {one.database for one in found}
        return [*found, *(Storage(one) for one in _strings(content.get("databases")) if one not in known)]

    def placed(self, storage: Storage) -> tuple[tuple[str, str], ...]:
        table = () if storage.table is None else (("table", storage.table),)
        return (("db_id", storage.database), *table)

    def listing(self, kind: str | None, user: str) -> Request:
        return Request("GET", "/sessions", (("type", kind or "agent"), ("limit", str(_LIMIT)), ("page", "1")))

    def page(self, request: Request, answer: Answer) -> Page | None:
        content = members(answer.value)
        if answer.status != 200 or not isinstance(content.get("data"), list):
            return None
        items = records(content["data"])
        query = dict(request.query)
        number = int(query["page"])
        pages = members(content.get("meta")).get("total_pages")
        if not items or not isinstance(pages, int) or number >= pages:
            return Page(items)
        query["page"] = str(number + 1)
        return Page(items, Request("GET", request.path, tuple(query.items())))

    def reading(self, session: Session) -> Request | None:
        return Request("GET", f"/sessions/{segment(session.id)}", self.query(session))

    def deletion(self, session: Session) -> Request:
        return Request("DELETE", f"/sessions/{segment(session.id)}", self.query(session))

    def probes(self) -> list[Request]:
        return [
            Request("GET", "/config"),
            Request("GET", "/sessions", (("type", "agent"), ("limit", "1"), ("page", "1"))),
        ]

    def recognises(self, request: Request, answer: Answer) -> str | None:
        content = members(answer.value)
        if request.path == "/config" and "databases" in content and ({"os_id", "agents"} & content.keys()):
            return "GET /config names Agno's agents and databases"
        items = content.get("data")
        if request.path == "/sessions" and isinstance(items, list) and "meta" in content:
            return "GET /sessions answers with Agno's members data and meta"
        return None

    def suggests(self, request: Request, answer: Answer) -> str | None:
        if answer.status == 401 and "detail" in members(answer.value) and request.path == "/sessions":
            return "GET /sessions asks for a credential in Agno's shape"
        return None


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


DIALECT = Agno()
