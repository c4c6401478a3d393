"""Dify's dialect: a conversation of an app, reached with the app's key, on behalf of a user."""

from __future__ import annotations

import uuid
from typing import ClassVar
from urllib.parse import urlsplit

from rename_tck.client.exchange import Answer, Request, encode_json, segment
from rename_tck.client.request_policy import Route
from rename_tck.systems.contents import Contents
from rename_tck.systems.dialect import JSON_TYPE, Dialect, Page, Session, members, records

_LIMIT = 100


class Dify(Dialect):
    """``POST /conversations/{conversation_id}/name``."""

    system = "dify"
    title = "Dify"
    method = "POST"
    rename_path = "/conversations/{id}/name"
    name_member = "name"
    id_member = "id"
    key_header = ("Authorization", "Bearer {}")
    immutable_members = ("id", "inputs", "status", "introduction", "created_at")
    provisioning: ClassVar[tuple[Route, ...]] = (
        Route("POST", "/chat-messages"),
        Route("GET", "/conversations"),
        Route("DELETE", "/conversations/{id}", "created"),
        Route("GET", "/messages"),
        Route("GET", "/info"),
    )

    def owner(self, user: str) -> str | None:
        return user

    def canonical(self, session_id: str) -> str:
        try:
            return str(uuid.UUID(session_id))
        except ValueError:
            return session_id

    def whose(self, user: str) -> str:
        return f" for the user {user!r} (--user)"

    def body(self, session: Session, name: str) -> dict[str, object]:
        return {"name": name, "user": session.owner}

    def scope(self, session: Session) -> dict[str, object]:
        return {"user": session.owner}

    def scoped(self, body: dict[str, object]) -> bool:
        return isinstance(body.get("user"), str)

    def adapted(self, session: Session, body: dict[str, object]) -> dict[str, object]:
        kept = {name: value for name, value in body.items() if name in {"name", "auto_generate"}}
        return {**kept, **self.scope(session)}

    def asks_for_name(self, body: dict[str, object]) -> bool:
        return isinstance(body.get("name"), str) and body.get("auto_generate", False) is False

    def timeout_factor_for(self, body: object) -> float:
        # the server's language model is asked for the title
        return 3.0 if members(body).get("auto_generate") is True else 1.0

    def unknown_id(self, token: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"rename-tck:{token}"))

    def creations(self, kind: str | None, user: str | None, token: str) -> list[Request]:
        # inputs with something in them show whether a rename wipes them; an app may not take any
        inputs: tuple[dict[str, object], ...] = ({"city": "San Francisco", "days": 3, "sunny": True}, {})
        return [self._message({"inputs": one, "query": f"rename-tck {token}", "user": user}) for one in inputs]

    def continuations(self, contents: Contents, session: Session, token: str) -> list[Request]:
        return [
            self._message({
                "inputs": {}, "query": f"rename-tck {token}, message {number}", "user": session.owner,
                "conversation_id": session.id,
            })
            for number in range(2, contents.messages + 1)
        ]  # fmt: skip

    def _message(self, message: dict[str, object]) -> Request:
        body = encode_json({**message, "response_mode": "blocking", "auto_generate_name": False})
        return Request("POST", "/chat-messages", body=body, headers=JSON_TYPE, timeout_factor=3.0)

    def created(self, answer: Answer, kind: str | None, user: str | None) -> Session | None:
        found = members(answer.value).get("conversation_id")
        return Session(found, "created", kind, user) if isinstance(found, str) and found else None

    def listing(self, kind: str | None, user: str) -> Request:
        return Request("GET", "/conversations", (("user", user), ("limit", str(_LIMIT))))

    def page(self, request: Request, answer: Answer) -> Page | None:
        content = members(answer.value)
        if answer.status != 200 or not isinstance(content.get("data"), list):
            return None
        items = records(content["data"])
        last = items[-1].get("id") if items else None
        if content.get("has_more") is not True or not isinstance(last, str):
            return Page(items)
        query = tuple(pair for pair in request.query if pair[0] != "last_id")
        return Page(items, Request("GET", request.path, (*query, ("last_id", last))))

    def messages(self, session: Session) -> Request:
        """The request for the messages of a conversation: without any, the server has nothing to make a title of."""
        query = (("conversation_id", session.id), ("user", session.owner or ""), ("limit", "1"))
        return Request("GET", "/messages", query)

    def deletion(self, session: Session) -> Request:
        body = encode_json({"user": session.owner})
        return Request("DELETE", f"/conversations/{segment(session.id)}", body=body, headers=JSON_TYPE)

    def other_base(self, base_url: str) -> str | None:
        """The service API stands under ``/v1``."""
        return None if urlsplit(base_url).path.endswith("/v1") else base_url + "/v1"

    def probes(self) -> list[Request]:
        return [Request("GET", "/conversations", (("user", "rename-tck"), ("limit", "1"))), Request("GET", "/info")]

    def recognises(self, request: Request, answer: Answer) -> str | None:
        content = members(answer.value)
        if answer.status in {400, 401, 403} and {"code", "message", "status"} <= content.keys():
            return f"GET {request.path} answers {answer.status} with Dify's error members status, code and message"
        if request.path == "/conversations" and {"data", "has_more", "limit"} <= content.keys():
            return "GET /conversations answers with Dify's members data, has_more and limit"
        if request.path == "/info" and "mode" in content:
            return "GET /info names the app's mode"
        return None

    def suggests(self, request: Request, answer: Answer) -> str | None:
        if {"code", "message", "status"} <= members(answer.value).keys():
            return f"GET {request.path} answers {answer.status} with Dify's error members status, code and message"
        return None


DIALECT = Dify()
