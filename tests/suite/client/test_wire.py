"""Each form of a client arrives as it says, byte for byte: over kept connections, through a proxy, by its curl."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from rename_tck.cases.client_forms import FORMS, LETTING_IN, ODD_QUERIES, ClientForm
from rename_tck.checks.replay_case import likest, made_anew, replay_data
from rename_tck.client import adapter
from rename_tck.client.curl import curl, curl_of_new_session
from rename_tck.client.exchange import Answer, Exchange, Request, encode_json
from rename_tck.client.receiving import UndecodableError
from rename_tck.client.request_policy import RequestPolicy, Route
from rename_tck.client.transport import Connection, TargetClient
from rename_tck.client.wire import USUAL, HeaderNames, Wire
from rename_tck.redaction import Redactor
from rename_tck.results import finding, record
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems import Session, load

KEY = "sk-of-the-wire-1f3870be"
BODY = encode_json({"name": 'Größe 東京 😀 "q" \\', "user": "u"})
REQUEST = Request("POST", "/id", (("type", "a b"),), BODY, (("Content-Type", "application/json"),))
POLICY = RequestPolicy([Route("POST", "/{id}")])
ALL = (*FORMS, *ODD_QUERIES, *LETTING_IN)
EVERY_FORM = pytest.mark.parametrize("form", ALL, ids=lambda form: form.label)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Heard:
    """One request as its bytes came in."""

    connection: int
    head: bytes
    #: What stands behind the head, chunks and all.
    rest: bytes = b""
    #: What came at once, until the server had to wait.
    pieces: list[bytes] = field(default_factory=list)

    @property
    def line(self) -> bytes:
        """The first line."""
        return self.head.split(b"\r\n")[0]

    @property
    def fields(self) -> list[bytes]:
        """The lines of the headers."""
        return self.head.split(b"\r\n")[1:]

    def value(self, name: bytes) -> bytes | None:
        """The value of a header, blanks and all; None where it is not there."""
        found = [value for key, _, value in (line.partition(b":") for line in self.fields) if key.lower() == name]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def chunks(self) -> list[tuple[bytes, bytes]] | None:
        """The chunks, each behind its first line, and what stands behind the last; None of a body without."""
        if self.value(b"transfer-encoding") is None:
            return None
        found, rest = list[tuple[bytes, bytes]](), self.rest
        while True:
            line, end, rest = rest.partition(b"\r\n")
            size = int(line.partition(b";")[0], 16) if end else 0
            if not size:
                return [*found, (line, rest)]
            found.append((line, rest[:size]))
            assert rest[size : size + 2] in {b"\r\n", b"\r", b""}
            rest = rest[size + 2 :]

    @property
    def body(self) -> bytes:
        """The body, out of its chunks."""
        return self.rest if self.chunks is None else b"".join(part for _, part in self.chunks[:-1])

    @property
    def whole(self) -> bool:
        """Whether nothing is to come any more."""
        if self.chunks is None:
            return len(self.rest) == int(self.value(b"content-length") or b"0")
        return self.rest.endswith(b"\r\n\r\n") and self.chunks[-1][0] == b"0"


class Ear:
    """A server that hears every byte. Where a request is not whole yet, it says that it is listening."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.silent = False
        self.said: list[Heard] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            while self._one(connection, number):
                connection.sendall(self.answer)

    def _one(self, connection: socket.socket, number: int) -> bool:
        content, pieces = b"", list[bytes]()
        while piece := connection.recv(1 << 20):
            pieces.append(piece)
            content += piece
            head, end, rest = content.partition(b"\r\n\r\n")
            if not end:
                continue
            heard = Heard(number, head, rest, pieces)
            if heard.whole:
                self.said.append(heard)
                return True
            if not self.silent:
                said = b"100 Continue" if b"100-continue" in head else b"102 Processing"
                connection.sendall(b"HTTP/1.1 %b\r\n\r\n" % said)
        return False

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def ear(answer: bytes = OK) -> Iterator[Ear]:
    """One for as long as the block lasts."""
    server = Ear(answer)
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next segment is sent when the server has seen the one before, which it says; no time decides."""
    monkeypatch.setattr(adapter, "BETWEEN_SEGMENTS", 60)
    monkeypatch.setattr(adapter, "ASKING_FOR_BODY", 60)


def client(url: str, **more: Any) -> TargetClient:
    return TargetClient(Connection(url, ("Authorization", "Bearer {}"), KEY, **more), POLICY)


def names(heard: Heard) -> set[bytes]:
    return {line.partition(b":")[0] for line in heard.fields}


#: What the requests of forms look like, besides the headers that they say.
ARRIVED: dict[str, Callable[[Heard], bool]] = {
    "header names in lower case": lambda heard: all(name == name.lower() for name in names(heard)),
    "header names in capitals": lambda heard: all(name == name.upper() for name in names(heard)),
    "header names in Go's case": lambda heard: {b"Host", b"User-Agent", b"Authorization"} < names(heard),
    "no blank behind the colon of a header": lambda heard: not any(b": " in line for line in heard.fields),
    "more blanks before the values of headers":
        lambda heard: all(re.fullmatch(rb"[\w-]+:   \S.*", line) for line in heard.fields),
    "no Accept": lambda heard: heard.value(b"accept") is None,
    "no Accept-Encoding": lambda heard: heard.value(b"accept-encoding") is None,
    "no User-Agent": lambda heard: heard.value(b"user-agent") is None,
    "charset=utf-8": lambda heard: heard.value(b"content-type") == b" application/json; charset=utf-8",
    "charset=UTF-8 without a blank before it":
        lambda heard: heard.value(b"content-type") == b" application/json;charset=UTF-8",
    "charset in quotes": lambda heard: heard.value(b"content-type") == b' application/json; charset="utf-8"',
    "a media type in capitals": lambda heard: heard.value(b"content-type") == b" APPLICATION/JSON",
    "a blank before the semicolon of the media type, and Charset":
        lambda heard: heard.value(b"content-type") == b" application/json ; Charset=utf-8",
    "a body in one chunk": lambda heard: [line for line, _ in heard.chunks or []] == [b"%x" % len(BODY), b"0"],
    "a body in chunks of one byte":
        lambda heard: [line for line, _ in heard.chunks or []] == [b"1"] * len(BODY) + [b"0"],
    "a body in a TCP segment apart from the head": lambda heard: heard.pieces == [heard.head + b"\r\n\r\n", BODY],
    "a body in two TCP segments": lambda heard: heard.pieces[0] == heard.head + b"\r\n\r\n",
    "HTTP/1.0": lambda heard: heard.line.endswith(b" HTTP/1.0"),
    "Expect: 100-continue": lambda heard: heard.pieces == [heard.head + b"\r\n\r\n", BODY],
    "an Idempotency-Key": lambda heard: len(heard.value(b"idempotency-key") or b"") == 37,
    "a query that is not UTF-8 when it is decoded":
        lambda heard: heard.line.split()[1].endswith(b"/id?type=a%20b&x=%FF%C0%AF&%E4=%ED%A0%80"),
    "a query with broken escapes": lambda heard: heard.line.split()[1].endswith(b"&x=%&y=%zz&%u0041;=1&&=&a=b=c"),
    "a query with bytes beyond ASCII":
        lambda heard: heard.line.split()[1].endswith(b"/id?type=a%20b&x=\xff\xe4&\xc3\xa9=1"),
}  # fmt: skip


def arrived(form: ClientForm, heard: Heard) -> None:
    """What was heard is the request, in this form and no other."""
    assert heard.body == BODY
    assert heard.line.startswith(b"POST ")
    assert (heard.chunks is None) is (heard.value(b"content-length") is not None)
    assert (heard.value(b"authorization") or b"").strip() == f"Bearer {KEY}".encode()
    for name, value in form.wire.headers:
        assert f"{name}: {value}".encode() in heard.fields
    for name in form.wire.without:
        assert name.lower().encode() not in {one.lower() for one in names(heard)}
    for label, holds in ARRIVED.items():
        if label == form.label:
            assert holds(heard), heard
    if form.group != "segments" and not form.wire.waits:
        assert len(heard.pieces) == 1


def test_every_form_that_is_no_header_is_looked_at() -> None:
    plain = {form.label for form in ALL if form.wire == Wire(form.wire.headers) and not form.media_type}
    assert {form.label for form in ALL} - plain <= set(ARRIVED) <= {form.label for form in ALL}


@pytest.mark.parametrize("through_proxy", [False, True])
def test_each_form_arrives_over_kept_connections(through_proxy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with ear() as server:
        url = server.url
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        if through_proxy:
            monkeypatch.setenv("HTTP_PROXY", server.url)
            url = "http://target.invalid"
        sut = client(url)
        for form in ALL:
            before = server.connections
            exchange = sut.send(form.apply(REQUEST))
            assert exchange.status == 200, (form.label, exchange.trouble)
            arrived(form, server.said[-1])
            wanted = b"POST http://target.invalid/id?" if through_proxy else b"POST /id?"
            assert server.said[-1].line.startswith(wanted)
            # the one before has closed its own
            closed = form is ALL[0] or ALL[ALL.index(form) - 1].wire.closes
            assert server.connections - before == int(closed), form.label
        assert len(server.said) == len(ALL)
        assert sut.reconnected == 0
        sut.close()


def test_a_body_that_nobody_asks_for_is_sent_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ASKING_FOR_BODY", 0.05)
    monkeypatch.setattr(adapter, "BETWEEN_SEGMENTS", 0.05)
    with ear() as server:
        server.silent = True
        for form in FORMS:
            if form.wire.waits or form.group == "segments":
                assert client(server.url).send(form.apply(REQUEST)).status == 200


def test_a_refusal_before_the_body_is_an_answer() -> None:
    refusal = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(refusal)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    threading.Thread(target=serve, daemon=True).start()
    (form,) = [form for form in FORMS if form.wire.waits]
    with listener:
        exchange = client(f"http://127.0.0.1:{listener.getsockname()[1]}").send(form.apply(REQUEST))
    assert exchange.status == 417
    assert 417 in form.refusable


def test_a_switch_of_protocols_ends_the_connection() -> None:
    (form,) = [form for form in FORMS if 101 in form.refusable]
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n\0\0\0\4"
    with ear(switch) as server:
        sut = client(server.url)
        assert [sut.send(form.apply(REQUEST)).status for _ in range(2)] == [101, 101]
        assert server.connections == 2
        sut.close()


def test_the_headers_of_the_user_are_sent_as_they_are() -> None:
    """A target may need them: a form that would replace one, or leave it out, does without that."""
    own = (("User-Agent", "mine/1"), ("cookie", "way=in"), ("Accept", "a/b"), ("X-Forwarded-For", "me"))
    with ear() as server:
        sut = client(server.url, extra_headers=own)
        for form in ALL:
            sut.send(form.apply(REQUEST))
            heard = server.said[-1]
            for name, value in own:
                assert (heard.value(name.lower().encode()) or b"").strip() == value.encode(), form.label
        sut.close()


# -- its curl


@EVERY_FORM
def test_the_curl_of_a_form_sends_it_again(form: ClientForm) -> None:
    """What it cannot do it says, and sends the same body with the same headers all the same."""
    with ear() as server:
        exchange = client(server.url, extra_headers=(("X-Tenant", "blue"),)).send(form.apply(REQUEST))
        line = curl(exchange)
        assert KEY not in line
        env = {"PATH": "/usr/bin:/bin", "RENAME_TCK_API_KEY": KEY, "RENAME_TCK_HEADER_X_TENANT": "blue"}
        for shell in ("bash", "dash"):
            done = subprocess.run([shell], input=line.encode(), env=env, capture_output=True, check=False, timeout=30)
            assert (done.returncode, done.stderr) == (0, b""), line
    first, *again = server.said
    for heard in again:
        assert heard.line == first.line
        assert heard.body == first.body
        assert _compared(heard, form) == _compared(first, form), line
        if not line.startswith("#"):
            assert [one for one, _ in heard.chunks or []] == [one for one, _ in first.chunks or []]
    beyond = form.label in {
        "a body in chunks of one byte",
        "a body in a TCP segment apart from the head", "a body in two TCP segments", "header names in lower case",
        "header names in capitals",
    }  # fmt: skip
    assert line.startswith("# sent with what curl cannot do: ") is beyond


def _compared(heard: Heard, form: ClientForm) -> list[bytes]:
    """The headers, but for those of which curl has its own where the form does not speak of them."""
    spoken = {name.lower().encode() for name, _ in form.wire.headers} | {n.lower().encode() for n in form.wire.without}
    if form.group == "header lines":
        spoken |= {b"user-agent", b"accept-encoding"}
    own = {b"user-agent", b"accept-encoding"} - spoken
    lines = (line for line in heard.fields if line.partition(b":")[0].lower() not in own)
    return sorted(re.sub(rb"(?i)^host:", b"Host:", line) for line in lines)


@pytest.mark.parametrize("form", [form for form in ALL if form.wire.raw_query or form.group == "segments"])
def test_the_curl_of_a_form_for_a_new_session(form: ClientForm) -> None:
    with ear() as server:
        creation = Exchange(Request("POST", "/made"), server.url, Answer(200, "OK", (), b'{"id": "id"}'))
        server.answer = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"id": "new"}'
        block = curl_of_new_session(Exchange(form.apply(REQUEST), server.url), creation, "id")
        for shell in ("bash", "dash"):
            subprocess.run([shell], input=block.encode(), env={"PATH": "/usr/bin:/bin"}, check=True, timeout=30,
                           capture_output=True)  # fmt: skip
    query = b"/new?type=a%20b" + (b"&" + form.wire.raw_query if form.wire.raw_query else b"")
    assert [heard.line for heard in server.said] == [b"POST /made HTTP/1.1", b"POST %b HTTP/1.1" % query] * 2


# -- kept and reported


class _Target(SimpleNamespace):
    """What `made_anew` asks of a target."""

    def session_of(self, path: str) -> Session:
        return Session(path.split("/")[2], "fixture", None, "u")


@EVERY_FORM
def test_a_kept_form_is_sent_again_in_the_same_way(form: ClientForm) -> None:
    dialect = load("dify")
    target: Any = _Target(dialect=dialect, token="0123456789", client=SimpleNamespace(journal=[]))
    target.pool = SimpleNamespace(take=lambda _, kind: [Session("another", "fixture", kind, "u")])
    request = form.apply(dialect.rename(Session("one", "fixture", None, "u"), None, raw=BODY))
    data = replay_data((), Exchange(request, "http://h"), target, target.token)
    kept = json.loads(record.dumps({"again": data.request}).encode())["again"]
    assert ("wire" in kept) is (request.wire != USUAL)
    made, live = made_anew(kept, target)
    assert live
    assert made.wire == request.wire
    assert (made.headers, made.body, made.path) == (request.headers, BODY, "/conversations/another/name")


def test_a_form_in_a_file_that_would_be_another_request_is_not_sent() -> None:
    for content in (
        {"raw_query": "a b"}, {"raw_query": "x HTTP/1.1\r\nX: y"}, {"raw_query": "東"},
        {"before": "\r\n"}, {"version": "2"},
        {"version": "1.0", "chunk": 3}, {"chunk": -1}, {"segments": 0}, {"chunk": "x"}, {"headers": [["a b", "c"]]},
        {"headers": [["a", "b\r\nc: d"]]}, {"headers": [["a"]]}, {"headers": [["a", "\ud800"]]}, {"names": "?"},
        {"without": ["a\r\nb"]}, {"more": 1}, {"raw_query": 5},
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError, AttributeError)):
            Wire.from_json(content)


def test_the_record_says_how_it_was_sent() -> None:
    for form in ALL:
        exchange = Exchange(form.apply(REQUEST), "http://h", OK_ANSWER)
        request = finding.failure(Nonconformance("a case", "200", exchange), Redactor([KEY])).request or {}
        said = " ".join(map(str, request.get("wire", [])))  # type: ignore[call-overload]
        assert bool(said) is (form.label in ARRIVED and form.label not in {
            "a body in one chunk", "Expect: 100-continue", "an Idempotency-Key", *(one.label for one in ODD_QUERIES),
            *(one.label for one in ALL if one.media_type),
        }), form.label  # fmt: skip
        shown: Any = request["headers"]
        assert ("Transfer-Encoding" in shown) is (form.group == "chunks")
        assert dict(form.wire.headers).items() <= shown.items()
        assert not set(form.wire.without) & shown.keys()
        json.dumps(request, ensure_ascii=False).encode()  # no half surrogates


OK_ANSWER = Answer(200, "OK", (), b"{}")


def test_of_a_requests_forms_the_kept_one_is_found_again() -> None:
    exchanges = [Exchange(form.apply(REQUEST), "http://h", OK_ANSWER) for form in ALL]
    for exchange, form in zip(exchanges, ALL, strict=True):
        shown = finding.failure(Nonconformance("a case", "200", exchange), Redactor()).request
        found = likest(exchanges, shown)
        assert found is not None
        assert found.request == exchange.request, form.label


def test_a_secret_in_a_form_is_not_kept() -> None:
    exchange = Exchange(REQUEST, "http://h", OK_ANSWER)
    target: Any = _Target(token="0123456789")
    target.session_of = lambda _: None
    for wire in (Wire((("X-A", f"a{KEY}b"),)), Wire(raw_query=KEY.encode())):
        kept = Exchange(Request("POST", "/id", wire=wire), "http://h", OK_ANSWER)
        failing = Nonconformance("a case", "200", kept, replay_data=replay_data((), kept, target, target.token))
        said = finding.failure(failing, Redactor.of(KEY, (), ()))
        assert said.again is None
        assert KEY not in json.dumps(asdict(said))
    failing = Nonconformance("a case", "200", exchange, replay_data=replay_data((), exchange, target, target.token))
    assert finding.failure(failing, Redactor.of(KEY, (), ())).again


# -- codings


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip", "deflate"])
def test_an_answer_in_a_coding_that_was_offered_is_read(coding: str) -> None:
    content = _coded(coding, b'{"name": "x"}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    (form,) = [form for form in FORMS if "zstd" in dict(form.wire.headers).get("Accept-Encoding", "")]
    with ear(head + content) as server:
        exchange = client(server.url).send(form.apply(REQUEST))
    assert exchange.answer is not None
    assert exchange.answer.value == {"name": "x"}


def _coded(coding: str, content: bytes) -> bytes:
    if coding == "gzip":
        return gzip.compress(content)
    if coding == "deflate":
        return zlib.compress(content)
    if coding == "br":
        compressed: bytes = pytest.importorskip("brotli").compress(content)
        return compressed
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    packed: bytes = pytest.importorskip(name).compress(content)
    return packed


def test_an_answer_that_was_asked_for_and_cannot_be_read_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib3.HTTPResponse, "CONTENT_DECODERS", ["gzip", "deflate"])
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\n\0"
    (form,) = [form for form in FORMS if "zstd" in dict(form.wire.headers).get("Accept-Encoding", "")]
    with ear(head) as server:
        sut = client(server.url)
        with pytest.raises(UndecodableError, match=r"in the coding br, .*: install urllib3\[brotli,zstd\]"):
            sut.send(form.apply(REQUEST))
        # what was not asked for is as it is
        assert sut.send(REQUEST).status == 200


def test_names_of_headers() -> None:
    assert [case.spell("X-Session-API-Key") for case in HeaderNames] == [
        "X-Session-API-Key", "x-session-api-key", "X-SESSION-API-KEY", "X-Session-Api-Key",
    ]  # fmt: skip
