"""The embedded servers do what the documents say, over a real socket."""

import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
import requests
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.service import Service
from rename_tck.reference.serving import serve

KEY, OTHER_MODE_KEY = "app-reference", "app-other"
UNKNOWN_ID = "2f1c6a52-7d0e-4b3a-9c58-6b8f0e4d1a77"

PRINTABLE_NAMES = [
    "Plan",
    " blanks around ",
    "😀👩‍👩‍👧‍👦 e\u0301 \u202eשלום\u200b",
    '"quoted" \'n \\u0041 %41 %s {0} <b>&amp;',
    "null",
    "true",
    "007",
    "\u2028\ufffe\U0010ffff",
    "x" * 200,
    "😀" * 200,
]
CONTROL_NAMES = ["a\u0000b", "line\nbreak", "tab\t", "\u007f", "\u0085"]
NOT_BOOLEANS: list[Any] = [None, 0, 1, "true", "", [], {}]
NOT_STRINGS: list[Any] = [1, 1.5, True, [], {}, ["x"], {"x": "y"}]
UNREADABLE = [
    b"",
    b"{",
    b"name=x&user=u",
    b"\xef\xbb\xbf{}",
    b'{"x": "\xff"}',
    b'{"x": NaN}',
    b'{"x": -Infinity}',
    b'{"x": 1e999}',
    b'{"x": "\\ud800"}',
    b'{"\\udc00": 1}',
    b'{"x": ' + b"9" * 5000 + b"}",
    b"[" * 100_000,
    b'{"x": "raw\nbreak"}',
]
NOT_OBJECTS: list[bytes] = [b"null", b"true", b"1", b'"text"', b"[]", b'[{"title": "x"}]']
ODD_IDS = ["a%2Fb", "%00", ".%2E", "%2E%2E%2F", "x" * 300, "%F0%9F%98%80", "%FF", "a%0Ab", "%20", "'%22", "x" * 70_000]


class Peer:
    """A server under test, with a connection of its own."""

    def __init__(self, base_url: str, service: Service, headers: dict[str, str]) -> None:
        self.base_url = base_url
        self.service = service
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(headers)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["json"] = body
        answer = self.session.request(method, self.base_url + path, timeout=10, allow_redirects=False, **options)
        if answer.status_code != 204 and method != "HEAD":
            assert answer.headers["Content-Type"] == "application/json"
            json.loads(answer.content)
        return answer


def open_peer(service: Service, headers: dict[str, str]) -> Iterator[Peer]:
    with serve(service) as base_url:
        peer = Peer(base_url, service, headers)
        with peer.session:
            yield peer


@pytest.fixture(scope="module")
def dify() -> Iterator[Peer]:
    yield from open_peer(DifyServer(KEY, OTHER_MODE_KEY), {"Authorization": f"Bearer {KEY}"})


@pytest.fixture(scope="module")
def agno() -> Iterator[Peer]:
    yield from open_peer(AgnoServer(KEY, db_id="db", table="sessions"), {"Authorization": f"Bearer {KEY}"})


@pytest.fixture(scope="module")
def openhands() -> Iterator[Peer]:
    yield from open_peer(OpenHandsServer(KEY), {"X-Session-API-Key": KEY})


# Serving


async def echo_path(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(scope["path"])(scope, receive, send)


def test_serve_starts_and_stops_quickly() -> None:
    with serve(echo_path):
        pass  # imports done
    start = time.monotonic()
    with serve(echo_path) as url:
        assert requests.get(url + "/here", timeout=5).text == "/here"
    assert time.monotonic() - start < 1.0
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_serve_several_at_once() -> None:
    with serve(DifyServer()) as one, serve(DifyServer()) as two, serve(AgnoServer()) as three:
        assert len({one, two, three}) == 3
        assert one.endswith("/v1")
        assert two.endswith("/v1")
        assert not three.endswith("/")
        for url in (one + "/info", two + "/info", three + "/config"):
            assert requests.get(url, timeout=5).status_code == 200


def test_serve_stops_on_an_exception() -> None:
    before = set(threading.enumerate())
    with pytest.raises(KeyError), serve(echo_path) as url:
        raise KeyError(url)
    host, port = url.removeprefix("http://").split(":")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=5)
    assert set(threading.enumerate()) <= before


def test_serve_cuts_off_a_request_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    reached = threading.Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        reached.set()
        await receive()
        await receive()  # nothing more comes until the client is gone

    with ThreadPoolExecutor(1) as pool:
        with serve(hang) as url:
            pending = pool.submit(requests.get, url, timeout=10)
            assert reached.wait(5)
        assert isinstance(pending.exception(5), requests.ConnectionError)
    assert not caplog.records


@pytest.mark.parametrize("system", ["dify", "agno", "openhands"])
def test_a_system_does_not_import_another(system: str) -> None:
    code = (
        f"import sys, rename_tck.reference.{system}, rename_tck.reference.serving\n"
        "print(*[m for m in ('dify', 'agno', 'openhands') if f'rename_tck.reference.{m}' in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [system]


@pytest.mark.parametrize("server", [DifyServer, AgnoServer, OpenHandsServer])
def test_a_crash_is_answered_in_shape(server: type[Service], caplog: pytest.LogCaptureFixture) -> None:
    path = {DifyServer: "/info", AgnoServer: "/config", OpenHandsServer: "/api/conversations"}[server]

    class Crashing(server):  # type: ignore[misc, valid-type]
        def authenticate(self, request: Request) -> None:
            raise ZeroDivisionError

    for peer in open_peer(Crashing(), {}):
        answer = peer.send("GET", path)
        assert answer.status_code == 500
        assert (
            answer.json()
            == {
                DifyServer: {"status": 500, "code": "internal_server_error", "message": "The server failed."},
                AgnoServer: {"detail": "The server failed.", "error_code": "INTERNAL_SERVER_ERROR"},
                OpenHandsServer: {"detail": "The server failed."},
            }[server]
        )
    assert not caplog.records


# Dify


def new_chat(dify: Peer, user: str = "u", query: str = "What is a fjord?", **members: Any) -> str:
    body = {"inputs": {}, "query": query, "user": user, "response_mode": "blocking", "auto_generate_name": False}
    answer = dify.send("POST", "/chat-messages", body | members)
    assert answer.status_code == 200
    return str(answer.json()["conversation_id"])


def rename_chat(dify: Peer, chat: str, body: dict[str, Any], **options: Any) -> requests.Response:
    return dify.send("POST", f"/conversations/{chat}/name", body, **options)


def chats(dify: Peer, user: str = "u", **query: Any) -> list[dict[str, Any]]:
    answer = dify.send("GET", "/conversations", params={"user": user, "limit": 100} | query)
    assert answer.status_code == 200
    return list(answer.json()["data"])


def chat(dify: Peer, id_: str, user: str = "u") -> dict[str, Any]:
    found = {item["id"]: item for item in chats(dify, user)}
    return found[id_]


def assert_dify_error(answer: requests.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    body = answer.json()
    assert body == {"status": status, "code": code, "message": body["message"]}
    assert isinstance(body["message"], str)


@pytest.mark.parametrize("name", ["", *PRINTABLE_NAMES, "x" * 255], ids=ascii)
def test_dify_rename(dify: Peer, name: str) -> None:
    user = str(uuid.uuid4())
    id_, other = new_chat(dify, user, inputs={"städ": ["Bergen", 1.5]}), new_chat(dify, user)
    before, other_before = chat(dify, id_, user), chat(dify, other, user)
    answer = rename_chat(dify, id_, {"name": name, "user": user})
    assert answer.status_code == 200
    after = answer.json()
    assert after["name"] == name
    assert after["updated_at"] >= before["updated_at"]
    assert chat(dify, id_, user) == after
    assert after | {"name": None, "updated_at": None} == before | {"name": None, "updated_at": None}
    assert chat(dify, other, user) == other_before
    assert rename_chat(dify, id_, {"name": name, "user": user, "auto_generate": False}).json()["name"] == name


def test_dify_conversation_has_the_documented_shape(dify: Peer) -> None:
    item = chat(dify, new_chat(dify))
    assert list(item) == ["id", "name", "inputs", "status", "introduction", "created_at", "updated_at"]
    assert str(uuid.UUID(item["id"])) == item["id"]
    assert item["status"] == "normal"
    assert isinstance(item["introduction"], str)
    assert type(item["created_at"]) is type(item["updated_at"]) is int


@pytest.mark.parametrize(
    "query", ["What is a fjord?", "", " \n\t ", "\u0000", "😀" * 300, "New conversation"], ids=ascii
)
@pytest.mark.parametrize("sent", [{}, {"name": None}, {"name": "What is a fjord?"}, {"name": "a\nb" * 200}], ids=ascii)
def test_dify_generates_a_name(dify: Peer, query: str, sent: dict[str, Any]) -> None:
    user = str(uuid.uuid4())
    id_ = new_chat(dify, user, query)
    names = [chat(dify, id_, user)["name"]]
    for _ in range(3):
        answer = rename_chat(dify, id_, {"user": user, "auto_generate": True} | sent)
        assert answer.status_code == 200
        name = answer.json()["name"]
        assert name.strip()
        assert name not in (names[-1], sent.get("name"))
        assert chat(dify, id_, user)["name"] == name
        names.append(name)
    assert rename_chat(dify, id_, {"user": user, "name": names[1]}).json()["name"] == names[1]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"user": None, "name": "x"},
        *({"user": user, "name": "x"} for user in NOT_STRINGS),
        *({"user": "u", "name": name} for name in NOT_STRINGS),
        *({"user": "u", "name": name, "auto_generate": True} for name in NOT_STRINGS),
        *({"user": "u", "name": "x", "auto_generate": flag} for flag in NOT_BOOLEANS),
        {"user": "u"},
        {"user": "u", "auto_generate": False},
        {"user": "u", "name": None},
        {"user": "u", "name": None, "auto_generate": False},
        {"user": "u", "name": "x" * 256},
        *({"user": "u", "name": name} for name in CONTROL_NAMES),
    ],
    ids=lambda body: ascii(body)[:60],
)
def test_dify_refuses_a_body(dify: Peer, body: dict[str, Any]) -> None:
    id_ = new_chat(dify)
    before = chats(dify)
    assert_dify_error(rename_chat(dify, id_, body), 400, "invalid_param")
    assert chats(dify) == before


def test_dify_null_names_can_be_refused() -> None:
    for peer in open_peer(DifyServer(null_names=False), {}):
        id_ = new_chat(peer)
        answer = rename_chat(peer, id_, {"user": "u", "name": None, "auto_generate": True})
        assert_dify_error(answer, 400, "invalid_param")
        assert rename_chat(peer, id_, {"user": "u", "auto_generate": True}).status_code == 200


@pytest.mark.parametrize("id_", [UNKNOWN_ID, "no-uuid", *ODD_IDS], ids=lambda id_: id_[:20])
def test_dify_unknown_conversation(dify: Peer, id_: str) -> None:
    before = chats(dify)
    assert_dify_error(rename_chat(dify, id_, {"name": "x", "user": "u"}), 404, "not_found")
    assert chats(dify) == before


def test_dify_other_users_conversation_is_not_found(dify: Peer) -> None:
    id_ = new_chat(dify, "owner")
    answer = rename_chat(dify, id_, {"name": "x", "user": "intruder"})
    assert answer.json() == {"status": 404, "code": "not_found", "message": "Conversation Not Exists."}
    assert chat(dify, id_, "owner")["name"] == "New conversation"
    assert_dify_error(dify.send("DELETE", f"/conversations/{id_}", {"user": "intruder"}), 404, "not_found")


@pytest.mark.parametrize("credential", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {KEY}", KEY, "Bearer ÿ"])
def test_dify_refuses_a_credential(dify: Peer, credential: str | None) -> None:
    id_ = new_chat(dify)
    header = credential and credential.encode("latin-1")
    answer = rename_chat(dify, id_, {"name": "x", "user": "u"}, headers={"Authorization": header})
    assert_dify_error(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert chat(dify, id_)["name"] == "New conversation"


def test_dify_key_of_another_mode(dify: Peer) -> None:
    id_ = new_chat(dify)
    header = {"Authorization": f"Bearer {OTHER_MODE_KEY}"}
    assert_dify_error(rename_chat(dify, id_, {"name": "x", "user": "u"}, headers=header), 400, "not_chat_app")
    assert dify.send("GET", "/info", headers=header).json()["mode"] == "workflow"
    assert dify.send("GET", "/info").json()["mode"] == "advanced-chat"


def test_dify_lists_in_pages(dify: Peer) -> None:
    user = str(uuid.uuid4())
    ids = [new_chat(dify, user) for _ in range(5)]
    assert [item["id"] for item in chats(dify, user)] == ids[::-1]
    assert [item["id"] for item in chats(dify, user, sort_by="created_at")] == ids
    seen, last_id, has_more = [], "", True
    while has_more:
        body = dify.send("GET", "/conversations", params={"user": user, "limit": 2, "last_id": last_id}).json()
        assert body["limit"] == 2
        seen += [item["id"] for item in body["data"]]
        last_id, has_more = seen[-1], body["has_more"]
    assert seen == ids[::-1]


@pytest.mark.parametrize("query", [{}, {"limit": 0}, {"limit": 101}, {"limit": "x"}, {"sort_by": "name"}], ids=str)
def test_dify_refuses_a_list(dify: Peer, query: dict[str, Any]) -> None:
    answer = dify.send("GET", "/conversations", params=query and {"user": "u"} | query)
    assert_dify_error(answer, 400, "invalid_param")


def test_dify_list_after_an_unknown_conversation(dify: Peer) -> None:
    answer = dify.send("GET", "/conversations", params={"user": "u", "last_id": str(uuid.uuid4())})
    assert_dify_error(answer, 404, "not_found")


def test_dify_chat(dify: Peer) -> None:
    user = str(uuid.uuid4())
    id_ = new_chat(dify, user, auto_generate_name=True)
    assert chat(dify, id_, user)["name"] == "What is a fjord?"
    assert new_chat(dify, user, conversation_id=id_) == id_
    assert len(chats(dify, user)) == 1
    body = {"inputs": {}, "query": "x", "user": user, "response_mode": "blocking"}
    unknown = dify.send("POST", "/chat-messages", body | {"conversation_id": str(uuid.uuid4())})
    assert_dify_error(unknown, 404, "not_found")
    faults: list[dict[str, Any]] = [{"inputs": []}, {"query": None}, {"user": 1}, {"response_mode": "streaming"}]
    for fault in [*faults, {"conversation_id": 1}]:
        assert_dify_error(dify.send("POST", "/chat-messages", body | fault), 400, "invalid_param")


def test_dify_delete(dify: Peer) -> None:
    id_ = new_chat(dify)
    answer = dify.send("DELETE", f"/conversations/{id_}", {"user": "u"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert id_ not in [item["id"] for item in chats(dify)]
    assert_dify_error(dify.send("DELETE", f"/conversations/{id_}", {"user": "u"}), 404, "not_found")


# Agno

ITEM = {"session_id", "session_name", "session_state", "created_at", "updated_at"}
COMMON = ITEM | {"user_id", "metadata"}
SHAPES = {
    "agent": COMMON
    | {"agent_session_id", "agent_id", "session_summary", "total_tokens", "agent_data", "metrics", "chat_history"},
    "team": COMMON | {"team_id", "session_summary", "total_tokens", "team_data", "metrics", "chat_history"},
    "workflow": COMMON | {"workflow_id", "workflow_name", "session_data", "workflow_data"},
}


def new_session(agno: Peer, type_: str = "agent", **members: Any) -> str:
    answer = agno.send("POST", "/sessions", {"session_id": str(uuid.uuid4())} | members, params={"type": type_})
    assert answer.status_code == 201
    assert set(answer.json()) == SHAPES[type_]
    return str(answer.json()["session_id"])


def rename_session(agno: Peer, id_: str, name: Any = "New", **query: str) -> requests.Response:
    return agno.send("POST", f"/sessions/{id_}/rename", {"session_name": name}, params=query)


def session(agno: Peer, id_: str, type_: str = "agent") -> dict[str, Any]:
    answer = agno.send("GET", f"/sessions/{id_}", params={"type": type_})
    assert answer.status_code == 200
    return dict(answer.json())


def assert_agno_error(answer: requests.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    body = answer.json()
    assert body == {"detail": body["detail"], "error_code": code}
    assert isinstance(body["detail"], str)


@pytest.mark.parametrize("type_", SHAPES)
@pytest.mark.parametrize("name", ["", *PRINTABLE_NAMES, "x" * 5000], ids=lambda name: ascii(name)[:40])
def test_agno_rename(agno: Peer, type_: str, name: str) -> None:
    members = {
        "session_name": "Old",
        "session_state": {"k": [1, {"ü": None}]},
        "metadata": {"m": 1},
        "user_id": "u",
        f"{type_}_id": "component",
    }
    id_ = new_session(agno, type_, **members)
    other = new_session(agno, type_)
    before, other_before = session(agno, id_, type_), session(agno, other, type_)
    assert before["session_name"] == "Old"
    assert {member: before[member] for member in members} == members
    answer = rename_session(agno, id_, name, type=type_)
    assert answer.status_code == 200
    after = answer.json()
    assert set(after) == SHAPES[type_]
    assert (after["session_name"], after["session_id"]) == (name, id_)
    for member in ("created_at", "updated_at"):
        assert after[member].endswith("Z")
        datetime.fromisoformat(after[member])
    assert after["updated_at"] >= before["updated_at"]
    assert session(agno, id_, type_) == after
    assert after | {"session_name": None, "updated_at": None} == before | {"session_name": None, "updated_at": None}
    assert session(agno, other, type_) == other_before
    assert rename_session(agno, id_, name, type=type_).json()["session_name"] == name


def test_agno_type_defaults_to_agent(agno: Peer) -> None:
    id_ = new_session(agno)
    answer = rename_session(agno, id_)
    assert answer.status_code == 200
    assert answer.json()["agent_session_id"] == id_


def test_agno_other_type_is_not_renamed(agno: Peer) -> None:
    id_ = new_session(agno, "team", session_name="Team")
    for query in ({}, {"type": "agent"}, {"type": "workflow"}):
        assert_agno_error(rename_session(agno, id_, **query), 404, "NOT_FOUND")
    assert session(agno, id_, "team")["session_name"] == "Team"


@pytest.mark.parametrize("type_", ["", "Agent", "robot", "null", "agent ", "1", "agent,team"])
def test_agno_unknown_type(agno: Peer, type_: str) -> None:
    assert_agno_error(rename_session(agno, new_session(agno), type=type_), 422, "VALIDATION_ERROR")


def test_agno_user_scope(agno: Peer) -> None:
    id_, free = new_session(agno, user_id="owner"), new_session(agno)
    assert rename_session(agno, id_, user_id="owner").status_code == 200
    for query in ({"user_id": "intruder"}, {"user_id": ""}):
        assert_agno_error(rename_session(agno, id_, "Taken", **query), 404, "NOT_FOUND")
        assert_agno_error(rename_session(agno, free, "Taken", **query), 404, "NOT_FOUND")
        assert_agno_error(agno.send("GET", f"/sessions/{id_}", params=query), 404, "NOT_FOUND")
        assert_agno_error(agno.send("DELETE", f"/sessions/{id_}", params=query), 404, "NOT_FOUND")
    assert session(agno, id_)["session_name"] == "New"


@pytest.mark.parametrize("query", [{"db_id": "nowhere"}, {"db_id": ""}, {"table": "nothing"}, {"table": "a'; --"}])
def test_agno_unknown_storage(agno: Peer, query: dict[str, str]) -> None:
    id_ = new_session(agno, session_name="Old")
    assert_agno_error(rename_session(agno, id_, **query), 404, "NOT_FOUND")
    assert session(agno, id_)["session_name"] == "Old"
    assert rename_session(agno, id_, db_id="db", table="sessions").status_code == 200


@pytest.mark.parametrize("name", [None, *NOT_STRINGS], ids=str)
def test_agno_session_name_is_a_string(agno: Peer, name: Any) -> None:
    id_ = new_session(agno, session_name="Old")
    assert_agno_error(rename_session(agno, id_, name), 422, "VALIDATION_ERROR")
    assert session(agno, id_)["session_name"] == "Old"


def test_agno_session_name_is_required(agno: Peer) -> None:
    answer = agno.send("POST", f"/sessions/{new_session(agno)}/rename", {})
    assert_agno_error(answer, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("name", CONTROL_NAMES, ids=ascii)
def test_agno_refuses_control_characters(agno: Peer, name: str) -> None:
    assert_agno_error(rename_session(agno, new_session(agno), name), 400, "BAD_REQUEST")


@pytest.mark.parametrize("id_", [UNKNOWN_ID, *ODD_IDS], ids=lambda id_: id_[:20])
def test_agno_unknown_session(agno: Peer, id_: str) -> None:
    for type_ in SHAPES:
        assert_agno_error(rename_session(agno, id_, type=type_), 404, "NOT_FOUND")
        assert_agno_error(agno.send("GET", f"/sessions/{id_}", params={"type": type_}), 404, "NOT_FOUND")


@pytest.mark.parametrize("credential", [None, "Bearer wrong", f"Basic {KEY}", KEY])
def test_agno_refuses_a_credential(agno: Peer, credential: str | None) -> None:
    id_ = new_session(agno)
    answer = agno.send("POST", f"/sessions/{id_}/rename", {"session_name": "x"}, headers={"Authorization": credential})
    assert_agno_error(answer, 401, "UNAUTHENTICATED")
    assert session(agno, id_)["session_name"] == ""


def test_agno_lists_in_pages(agno: Peer) -> None:
    user = str(uuid.uuid4())
    ids = [new_session(agno, "team", user_id=user) for _ in range(5)]
    new_session(agno, "agent", user_id=user)
    seen = []
    for page in (1, 2, 3):
        answer = agno.send("GET", "/sessions", params={"type": "team", "user_id": user, "limit": 2, "page": page})
        assert answer.status_code == 200
        body = answer.json()
        meta = {"page": page, "limit": 2, "total_pages": 3, "total_count": 5, "search_time_ms": 0}
        assert body["meta"] == meta
        assert all(set(item) == ITEM for item in body["data"])
        seen += [item["session_id"] for item in body["data"]]
    assert seen == ids[::-1]
    for fault in ({"limit": "0"}, {"limit": "-1"}, {"page": "x"}, {"limit": "9" * 5000}):
        assert_agno_error(agno.send("GET", "/sessions", params=fault), 422, "VALIDATION_ERROR")


def test_agno_create_overwrites_and_delete_removes(agno: Peer) -> None:
    id_ = new_session(agno, session_name="One")
    new_session(agno, session_id=id_, session_name="Two")
    assert session(agno, id_)["session_name"] == "Two"
    new_session(agno, "team", session_id=id_)
    answer = agno.send("DELETE", f"/sessions/{id_}")
    assert (answer.status_code, answer.content) == (204, b"")
    for type_ in ("agent", "team"):
        assert_agno_error(rename_session(agno, id_, type=type_), 404, "NOT_FOUND")
    assert_agno_error(agno.send("DELETE", f"/sessions/{id_}"), 404, "NOT_FOUND")
    faults: list[dict[str, Any]] = [{"session_name": 1}, {"session_state": []}, {"user_id": {}}]
    for fault in faults:
        assert_agno_error(agno.send("POST", "/sessions", fault), 422, "VALIDATION_ERROR")


def test_agno_config(agno: Peer) -> None:
    config = agno.send("GET", "/config").json()
    assert config["databases"] == ["db"]
    assert [agent["db_id"] for agent in config["agents"]] == ["db"]


# OpenHands


def new_conversation(openhands: Peer) -> str:
    answer = openhands.send("POST", "/api/conversations", {})
    assert answer.status_code == 200
    id_ = answer.json()["conversation_id"]
    assert answer.json() == {"status": "ok", "conversation_id": id_}
    assert uuid.UUID(id_).hex == id_
    return str(id_)


def rename_conversation(openhands: Peer, id_: str, body: Any, **options: Any) -> requests.Response:
    return openhands.send("PATCH", f"/api/conversations/{id_}", body, **options)


def conversation(openhands: Peer, id_: str) -> Any:
    answer = openhands.send("GET", f"/api/conversations/{id_}")
    assert answer.status_code == 200
    return answer.json()


def assert_openhands_422(answer: requests.Response) -> None:
    assert answer.status_code == 422
    body = answer.json()
    assert list(body) == ["detail"]
    for fault in body["detail"]:
        assert set(fault) == {"loc", "msg", "type"}
        assert all(isinstance(place, str | int) for place in fault["loc"])
        assert isinstance(fault["msg"], str)
        assert isinstance(fault["type"], str)


@pytest.mark.parametrize("title", ["x", " ", *PRINTABLE_NAMES, *CONTROL_NAMES], ids=ascii)
def test_openhands_rename(openhands: Peer, title: str) -> None:
    id_, other = new_conversation(openhands), new_conversation(openhands)
    before, other_before = conversation(openhands, id_), conversation(openhands, other)
    for _ in range(2):
        answer = rename_conversation(openhands, id_, {"title": title})
        assert (answer.status_code, answer.content) == (200, b"true")
        after = conversation(openhands, id_)
        assert after["title"] == title
    assert after["last_updated_at"] >= before["last_updated_at"]
    changed = {"title": None, "last_updated_at": None}
    assert after | changed == before | changed
    assert conversation(openhands, other) == other_before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": None},
        {"title": "x" * 201},
        {"title": "😀" * 201},
        {"title": "e\u0301" * 100 + "x"},
        {"title": "x", "name": "y"},
        {"title": "x", "": None},
        {"Title": "x"},
        *({"title": title} for title in NOT_STRINGS),
    ],
    ids=lambda body: ascii(body)[:60],
)
def test_openhands_refuses_a_body(openhands: Peer, body: dict[str, Any]) -> None:
    id_ = new_conversation(openhands)
    before = conversation(openhands, id_)
    assert_openhands_422(rename_conversation(openhands, id_, body))
    assert conversation(openhands, id_) == before


@pytest.mark.parametrize("id_", [UNKNOWN_ID.replace("-", ""), *ODD_IDS], ids=lambda id_: id_[:20])
def test_openhands_unknown_conversation(openhands: Peer, id_: str) -> None:
    answer = rename_conversation(openhands, id_, {"title": "x"})
    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]
    assert isinstance(answer.json()["detail"], str)


def test_openhands_read_and_delete_of_an_unknown_conversation(openhands: Peer) -> None:
    id_ = uuid.uuid4().hex
    assert conversation(openhands, id_) is None
    assert openhands.send("DELETE", f"/api/conversations/{id_}").json() is False


def test_openhands_delete(openhands: Peer) -> None:
    id_ = new_conversation(openhands)
    assert openhands.send("DELETE", f"/api/conversations/{id_}").json() is True
    assert conversation(openhands, id_) is None


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x"])
def test_openhands_refuses_a_credential(openhands: Peer, key: str | None) -> None:
    id_ = new_conversation(openhands)
    before = conversation(openhands, id_)
    answer = rename_conversation(openhands, id_, {"title": "x"}, headers={"X-Session-API-Key": key})
    assert answer.status_code == 401
    assert list(answer.json()) == ["detail"]
    assert conversation(openhands, id_) == before


def test_openhands_lists_in_pages() -> None:
    for peer in open_peer(OpenHandsServer(), {}):
        ids = [new_conversation(peer) for _ in range(5)]
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        while True:
            body = peer.send("GET", "/api/conversations", params=query).json()
            seen += [item["conversation_id"] for item in body["results"]]
            if body["next_page_id"] is None:
                break
            query["page_id"] = body["next_page_id"]
        assert seen == ids[::-1]
        for fault in ({"limit": "0"}, {"limit": "x"}, {"page_id": "é"}):
            assert_openhands_422(peer.send("GET", "/api/conversations", params=fault))


# All three


@pytest.fixture(params=["dify", "agno", "openhands"])
def any_system(request: pytest.FixtureRequest) -> tuple[Peer, str, str, Callable[[str], dict[str, Any]], int]:
    """The server, the rename's method and path for a live session, a valid body for a name, a bad body's status."""
    peer: Peer = request.getfixturevalue(request.param)
    if request.param == "dify":
        path = f"/conversations/{new_chat(peer)}/name"
        return peer, "POST", path, lambda name: {"name": name, "user": "u"}, 400
    if request.param == "agno":
        return peer, "POST", f"/sessions/{new_session(peer)}/rename", lambda name: {"session_name": name}, 422
    return peer, "PATCH", f"/api/conversations/{new_conversation(peer)}", lambda name: {"title": name}, 422


AnySystem = tuple[Peer, str, str, Callable[[str], dict[str, Any]], int]


@pytest.mark.parametrize("body", [*UNREADABLE, *NOT_OBJECTS], ids=lambda body: ascii(body)[:30])
def test_bodies_that_are_no_json_object(any_system: AnySystem, body: bytes) -> None:
    peer, method, path, _, status = any_system
    answer = peer.send(method, path, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert peer.send(method, path).status_code == status  # neither body nor content type


def test_a_body_that_is_too_long(any_system: AnySystem) -> None:
    peer, method, path, body_of, _ = any_system
    body = json.dumps(body_of("fits")).encode()
    assert peer.send(method, path, data=body.ljust(1024 * 1024)).status_code == 200
    assert peer.send(method, path, data=body.ljust(1024 * 1024 + 1)).status_code == 413
    assert peer.send(method, path, data=body.ljust(8 * 1024 * 1024)).status_code == 413
    assert peer.send(method, path, data=iter([b" " * 700_000, b" " * 700_000])).status_code == 413
    assert peer.send(method, path, body_of("again")).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "HEAD", "QUERY"])
def test_other_methods(any_system: AnySystem, method: str) -> None:
    peer, allowed, path, _, _ = any_system
    answer = peer.send(method, path)
    if method == "HEAD" and "GET" in answer.headers.get("Allow", "GET"):
        assert (answer.status_code, answer.content) == (200, b"")
    else:
        assert answer.status_code == 405
        assert allowed in answer.headers["Allow"]


def test_paths_that_do_not_exist(any_system: AnySystem) -> None:
    peer, method, path, body_of, _ = any_system
    for wrong in ("/nowhere", path + "/", path + "/more", "/" + path, ""):
        assert peer.send(method, wrong, body_of("x")).status_code == 404


def test_a_percent_encoded_path_is_the_same_path(any_system: AnySystem) -> None:
    peer, method, path, body_of, _ = any_system
    assert peer.send(method, path.replace("-", "%2D"), body_of("x")).status_code == 200


def test_renames_in_flight_at_once(any_system: AnySystem) -> None:
    peer, method, path, body_of, _ = any_system

    def rename(number: int) -> tuple[str, requests.Response]:
        name = f"Name {number}"
        headers = dict(peer.session.headers)
        url = peer.base_url + path
        return name, requests.request(method, url, json=body_of(name), headers=headers, timeout=10)

    with ThreadPoolExecutor(8) as pool:
        for name, answer in pool.map(rename, range(24)):
            assert answer.status_code == 200
            body = answer.json()
            assert body is True or name in (body.get("name"), body.get("session_name"))


def test_without_a_key_none_is_asked_for() -> None:
    for service in (DifyServer(), AgnoServer(), OpenHandsServer()):
        for peer in open_peer(service, {}):
            path = "/info" if peer.base_url.endswith("/v1") else "/config"
            expected = 404 if isinstance(service, OpenHandsServer) else 200
            assert peer.send("GET", path, headers={"Authorization": "Bearer any"}).status_code == expected


def test_openhands_keeps_a_conversation_from_another_user(openhands: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = new_conversation(openhands)
    before, path, other = conversation(openhands, id_), f"/api/conversations/{id_}", {"X-Session-API-Key": "other"}
    assert openhands.send("GET", path, headers=other).status_code == 401
    monkeypatch.setattr(openhands.service, "other_user_key", "other")
    assert openhands.send("GET", path, headers=other).json() is None
    assert openhands.send("GET", "/api/conversations", headers=other).json()["results"] == []
    assert rename_conversation(openhands, id_, {"title": "x"}, headers=other).status_code == 404
    assert openhands.send("DELETE", path, headers=other).json() is False
    assert conversation(openhands, id_) == before
    own = openhands.send("POST", "/api/conversations", {}, headers=other).json()["conversation_id"]
    assert rename_conversation(openhands, own, {"title": "x"}, headers=other).json() is True
    assert conversation(openhands, own) is None
