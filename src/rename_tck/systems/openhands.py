"""OpenHands' dialect: a conversation whose title is updated, answered by a bare boolean."""

from __future__ import annotations

import uuid
from typing import ClassVar

from rename_tck.client.exchange import Answer, Exchange, Request, encode_json, segment
from rename_tck.client.request_policy import Route
from rename_tck.systems.dialect import JSON_TYPE, Dialect, Page, Session, members, records

_LIMIT = 100


class OpenHands(Dialect):
    """``PATCH /api/conversations/{conversation_id}``.

    The same path answers GET with the conversation and DELETE by destroying it: DELETE goes only to what the run made.
    """

    system = "openhands"
    title = "OpenHands"
    method = "PATCH"
    rename_path = "/api/conversations/{id}"
    name_member = "title"
    id_member = "conversation_id"
    key_header = ("X-Session-API-Key", "{}")
    updated_member = "last_updated_at"
    answers_session = False
    unknown_answers_false = True
    # the document names none of them; a missing header may be the 422 that it does name, and 404 hides the session
    credential_refusals = frozenset({401, 403, 404, 422})
    creating_is_costly = True
    immutable_members = (
        "conversation_id",
        "created_at",
        "selected_repository",
        "selected_branch",
        "git_provider",
        "trigger",
        "pr_number",
        "conversation_version",
    )
    document_path = "/openapi.json"
    provisioning: ClassVar[tuple[Route, ...]] = (
        Route("POST", "/api/conversations"),
        Route("GET", "/api/conversations"),
        Route("GET", "/api/conversations/{id}", "looked"),
        Route("DELETE", "/api/conversations/{id}", "created"),
        Route("GET", "/api/options/config"),
        Route("GET", "/openapi.json"),
    )

    def body(self, session: Session, name: str) -> dict[str, object]:
        return {"title": name}

    def succeeded(self, exchange: Exchange) -> bool:
        return exchange.status == 200 and exchange.answer is not None and exchange.answer.value is not False

    def unknown_id(self, token: str) -> str:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"rename-tck:{token}").hex

    def creations(self, kind: str | None, user: str | None, token: str) -> list[Request]:
        return [Request("POST", "/api/conversations", body=encode_json({}), headers=JSON_TYPE, timeout_factor=3.0)]

    def created(self, answer: Answer, kind: str | None, user: str | None) -> Session | None:
        found = members(answer.value).get("conversation_id")
        return Session(found, "created", kind) if isinstance(found, str) and found else None

    def listing(self, kind: str | None, user: str) -> Request:
        return Request("GET", "/api/conversations", (("limit", str(_LIMIT)),))

    def page(self, request: Request, answer: Answer) -> Page | None:
        content = members(answer.value)
        if answer.status != 200 or not isinstance(content.get("results"), list):
            return None
        following = content.get("next_page_id")
        items = records(content["results"])
        if not isinstance(following, str) or not following or not items:
            return Page(items)
        query = tuple(pair for pair in request.query if pair[0] != "page_id")
        return Page(items, Request("GET", request.path, (*query, ("page_id", following))))

    def reading(self, session: Session) -> Request | None:
        return Request("GET", f"/api/conversations/{segment(session.id)}")

    def deletion(self, session: Session) -> Request:
        return Request("DELETE", f"/api/conversations/{segment(session.id)}")

    def probes(self) -> list[Request]:
        return [Request("GET", "/api/conversations", (("limit", "1"),)), Request("GET", "/api/options/config")]

    def recognises(self, request: Request, answer: Answer) -> str | None:
        content = members(answer.value)
        if request.path == "/api/conversations" and "results" in content and "next_page_id" in content:
            return "GET /api/conversations answers with OpenHands' members results and next_page_id"
        if request.path == "/api/options/config" and "APP_MODE" in content:
            return "GET /api/options/config names OpenHands' APP_MODE"
        return None

    def suggests(self, request: Request, answer: Answer) -> str | None:
        if answer.status == 401 and members(answer.value) and request.path == "/api/conversations":
            return "GET /api/conversations asks for a credential"
        return None


DIALECT = OpenHands()
