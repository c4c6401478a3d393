"""The way out: what may leave, how long and how much is waited for, what is never followed, kept or shown."""

import itertools
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rename_tck.client.curl import curl
from rename_tck.client.exchange import Answer, Credential, Exchange, NotJsonError, Request, encode_json, segment
from rename_tck.client.receiving import ANSWER_LIMIT
from rename_tck.client.request_policy import OutsideContractError, RequestPolicy, Route
from rename_tck.client.transport import Connection, TargetClient
from rename_tck.interruption import INTERRUPTION
from rename_tck.redaction import MASK, Redactor
from rename_tck.systems import NAMES, load
from rename_tck.systems.dialect import Session
from rename_tck.verdict import Unjudgeable

KEY = "sk-secret/key+with=signs"
ANY = RequestPolicy([Route("POST", "/{id}"), Route("GET", "/{id}")])


@contextmanager
def _speaking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one request head and body from each connection, then does what `speak` does."""
    listener = socket.create_server(("127.0.0.1", 0))
    closing = threading.Event()

    def serve() -> None:
        while not closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_one, args=(connection, speak), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        closing.set()
        listener.close()


def _one(connection: socket.socket, speak: Callable[[socket.socket], None]) -> None:
    with connection:
        try:
            while connection.recv(65536):
                speak(connection)
        except OSError:
            pass


def _sut(base_url: str, **kwargs: object) -> TargetClient:
    return TargetClient(Connection(base_url, ("Authorization", "Bearer {}"), key=KEY, **kwargs), ANY)  # type: ignore[arg-type]


def _says(content: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(content)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def test_an_answer_is_an_answer() -> None:
    with _speaking(_says(OK)) as url:
        exchange = _sut(url).send(Request("GET", "/x"))
    assert exchange.status == 200
    assert exchange.answer is not None
    assert exchange.answer.json() == {}


def test_interim_answers_are_skipped() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with _speaking(_says(interim + OK)) as url:
        assert _sut(url).send(Request("GET", "/x")).status == 200


@pytest.mark.parametrize(
    ("content", "limit", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", 30.0, "could not be read as HTTP|connection broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", 0.6, "no complete answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 30.0, "connection broke|could not be read"),
    ],
)
def test_what_is_no_answer_is_trouble(content: bytes, limit: float, words: str) -> None:
    with _speaking(_says(content)) as url:
        exchange = _sut(url, time_limit=limit).send(Request("GET", "/x"))
    assert exchange.answer is None
    assert exchange.trouble is not None
    assert any(word in exchange.trouble for word in words.split("|"))


def test_a_dripping_answer_is_cut_at_the_time_limit() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n":
            connection.sendall(bytes([byte]))
            time.sleep(0.3)

    started = time.monotonic()
    with _speaking(drip) as url:
        exchange = _sut(url, time_limit=1).send(Request("GET", "/x"))
    assert exchange.trouble == "no complete answer came within 1 s"
    assert time.monotonic() - started < 3


def test_a_hanging_target_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rename_tck.client.transport.HANGING_LIMIT", 0.5)
    with _speaking(lambda _: time.sleep(5)) as url:
        client = _sut(url, time_limit=0.3)
        assert client.send(Request("GET", "/x")).trouble is not None
        with pytest.raises(Unjudgeable, match="not asked any more"):  # noqa: PT012
            for _ in range(9):
                assert client.send(Request("GET", "/x")).trouble is not None


def test_a_target_that_answers_other_renames_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rename_tck.client.transport.HANGING_LIMIT", 0.5)
    monkeypatch.setattr("rename_tck.client.transport.HURRIED", 0.2)
    asked = itertools.count()

    def every_second(connection: socket.socket) -> None:
        connection.sendall(OK) if next(asked) % 2 else time.sleep(5)

    with _speaking(every_second) as url:
        connection = Connection(url, ("Authorization", "Bearer {}"), time_limit=0.3)
        client = TargetClient(connection, RequestPolicy([], Route("POST", "/{id}")))
        answered = [client.send(Request("POST", "/x")).status for _ in range(12)]
    assert answered == [0, 200] * 6


def test_no_more_is_read_than_the_limit() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")

    with _speaking(flood) as url:
        exchange = _sut(url).send(Request("GET", "/x"))
    assert exchange.trouble == f"the answer (status 200) is over {ANSWER_LIMIT >> 20} MiB long"


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    reached: list[bytes] = []
    with _speaking(lambda _: reached.append(b"")) as other:
        redirect = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other}/\r\nContent-Length: 0\r\n\r\n".encode()
        with _speaking(_says(redirect)) as url:
            assert _sut(url).send(Request("GET", "/x")).status == 307
    assert reached == []


def test_cookies_are_not_kept() -> None:
    heads: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        for _ in range(2):
            heads.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    client = _sut(f"http://127.0.0.1:{listener.getsockname()[1]}")
    for _ in range(2):
        client.send(Request("GET", "/x"))
    thread.join(5)
    listener.close()
    assert len(heads) == 2
    assert all(b"cookie" not in head.lower() for head in heads)


def test_a_connection_that_breaks_is_tried_once_more() -> None:
    seen: list[int] = []

    def breaks(connection: socket.socket) -> None:
        seen.append(1)
        if len(seen) == 1:
            connection.shutdown(socket.SHUT_RDWR)
            raise OSError
        connection.sendall(OK)

    with _speaking(breaks) as url:
        client = _sut(url)
        assert client.send(Request("GET", "/x")).status == 200
    assert client.reconnected == 1


@pytest.mark.parametrize("retry", ["1", "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
def test_a_429_is_waited_out(retry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(INTERRUPTION, "pause", lambda seconds, **_: waits.append(seconds))
    seen: list[int] = []

    def limited(connection: socket.socket) -> None:
        seen.append(1)
        head = f"HTTP/1.1 429 Too Many Requests\r\nRetry-After: {retry}\r\nContent-Length: 0\r\n\r\n".encode()
        connection.sendall(head if len(seen) < 3 else OK)

    with _speaking(limited) as url:
        assert _sut(url).send(Request("GET", "/x")).status == 200
    assert len(waits) == 2
    assert all(0 < wait <= 1 for wait in waits)


def test_a_429_that_asks_for_an_hour_is_not_waited_out() -> None:
    head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    with _speaking(_says(head)) as url, pytest.raises(Unjudgeable, match="asks to wait 3600 s"):
        _sut(url).send(Request("GET", "/x"))


def test_a_path_goes_out_as_it_is_written() -> None:
    heads: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        while head := connection.recv(65536):
            heads.append(head.split(b" ")[1])
            connection.sendall(OK)

    threading.Thread(target=serve, daemon=True).start()
    client = _sut(f"http://127.0.0.1:{listener.getsockname()[1]}")
    paths = ["/%2E%2E", "/%2e%2e", "/a%2Fb", "/x%00", "/x%FF", "/a%3Fb%23c", "/%252F"]
    for path in paths:
        client.send(Request("GET", path))
    listener.close()
    assert [head.decode() for head in heads] == paths


# -- the safety contract


@pytest.mark.parametrize("system", NAMES)
def test_the_rename_goes_to_known_sessions_only(system: str) -> None:
    dialect = load(system)
    policy = RequestPolicy(dialect.routes())
    session = Session("known", "fixture", dialect.kinds[0], "user")
    request = dialect.rename(session, {})
    with pytest.raises(OutsideContractError):
        policy.permit(request)
    policy.allow("known")
    policy.permit(request)
    with pytest.raises(OutsideContractError):
        policy.permit(dialect.rename(session, {}, encoded_id="other"))


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "POST", "HEAD", "OPTIONS", "TRACE"])
def test_no_other_method_is_tried_on_the_rename_path(system: str, method: str) -> None:
    """But for OpenHands, where the same path reads a conversation back and deletes one of the run's own making."""
    dialect = load(system)
    policy = RequestPolicy(dialect.routes())
    policy.allow("fixture")
    path = dialect.rename_path.replace("{id}", "fixture")
    if method == dialect.method or (system == "openhands" and method == "GET"):
        policy.permit(Request(method, path))
        return
    with pytest.raises(OutsideContractError):
        policy.permit(Request(method, path))


@pytest.mark.parametrize("system", NAMES)
def test_only_what_the_run_made_is_deleted(system: str) -> None:
    dialect = load(system)
    policy = RequestPolicy(dialect.routes())
    policy.allow("fixture")
    policy.allow_deletion("made")
    policy.permit(dialect.deletion(Session("made", "created", dialect.kinds[0], "user")))
    with pytest.raises(OutsideContractError):
        policy.permit(dialect.deletion(Session("fixture", "fixture", dialect.kinds[0], "user")))


def test_a_request_outside_the_contract_does_not_leave() -> None:
    reached: list[bytes] = []
    with _speaking(lambda _: reached.append(b"")) as url:
        client = TargetClient(
            Connection(url, ("Authorization", "Bearer {}")), RequestPolicy([Route("POST", "/x/{id}", "known")])
        )
        with pytest.raises(OutsideContractError):
            client.send(Request("POST", "/x/1"))
    assert reached == []
    assert client.sent.total() == 0


# -- exchanges as text


def test_a_curl_says_the_request_again_without_the_key() -> None:
    """A shell runs it; what the server hears is what the suite sent."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(len(bodies)):
            connection, _ = listener.accept()
            with connection:
                content = connection.recv(1 << 20)
                head, _, body = content.partition(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                while len(body) < length:
                    body += connection.recv(1 << 20)
                heard.append(head + b"\n" + body)
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    bodies = [
        encode_json({"name": name})
        for name in ("plain", 'it\'s $HOME `x` "q" \\n', "日本語 😀", "\ud800", "nul\0", "@file")
    ]
    bodies += [b"\xff\xfe\x00", b"@file", b""]
    threading.Thread(target=serve, daemon=True).start()
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for body in bodies:
        exchange = Exchange(
            Request("POST", "/a%2Fb%00", (("type", "a b&c"),), body, (("Content-Type", "application/json"),)),
            base_url,
            extra_headers=("X-Tenant",),
            auth_header=("Authorization", "Bearer {}"),
        )
        assert KEY not in curl(exchange)
        env = {"PATH": "/usr/bin:/bin", "RENAME_TCK_API_KEY": KEY, "RENAME_TCK_HEADER_X_TENANT": "blue"}
        subprocess.run(["bash", "-c", curl(exchange)], env=env, check=True, capture_output=True, timeout=20)
    listener.close()
    for body, said in zip(bodies, heard, strict=True):
        assert said.startswith(b"POST /a%2Fb%00?type=a%20b%26c HTTP/1.1\r\n")
        assert f"Authorization: Bearer {KEY}".encode() in said
        assert b"X-Tenant: blue" in said
        assert said.endswith(b"\n" + body)


@pytest.mark.parametrize("credential", list(Credential), ids=lambda credential: credential.name)
def test_a_curl_spells_every_credential(credential: Credential) -> None:
    keys = (KEY, "other-mode", "other-user")
    client = TargetClient(
        Connection("http://127.0.0.1:9", ("Authorization", "Bearer {}"), *keys[:2], other_user_key=keys[2]), ANY
    )
    request = Request("GET", "/x", credential=credential)
    exchange = Exchange(request, "http://127.0.0.1:9", auth_header=client.connection.key_header)
    line = curl(exchange).replace("curl ", "printf '%s\\n' ", 1)
    env = {"PATH": "/usr/bin:/bin", "RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": "other-mode"}
    env["RENAME_TCK_OTHER_USER_KEY"] = "other-user"
    said = subprocess.run(["bash", "-c", line], env=env, check=True, capture_output=True, text=True).stdout
    sent = client._headers(request).get("Authorization", "").encode("latin-1").decode()
    assert (f"Authorization: {sent}" in said.splitlines()) if sent else ("Authorization" not in said)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"[NaN]", "it holds NaN"),
        (b"-Infinity", "it holds -Infinity"),
        (b"\xff", "it is not UTF-8"),
        (b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
        (b'{"a": 1,}', "it is not JSON"),
    ],
)
def test_a_body_that_is_not_json_says_why(body: bytes, words: str) -> None:
    answer = Answer(200, "OK", (), body)
    with pytest.raises(NotJsonError, match=words):
        answer.json()
    assert answer.value is None


def test_bodies_hold_any_text() -> None:
    assert encode_json({"a": "é😀"}) == '{"a":"é😀"}'.encode()
    assert encode_json({"a": "\ud800"}) == b'{"a":"\\ud800"}'
    assert segment("a/b c😀") == "a%2Fb%20c%F0%9F%98%80"


# -- secrets


@pytest.mark.parametrize("secret", [KEY, "short", 'quo"te\\back', "a" * 40])
def test_a_secret_is_masked_in_every_spelling(secret: str) -> None:
    import base64
    import json
    import urllib.parse

    redact = Redactor([secret, None, ""])
    for before in ("", "x", "xy", "Bearer ", "user:"):
        spelled = [
            secret,
            urllib.parse.quote(secret, safe=""),
            urllib.parse.quote_plus(secret),
            json.dumps(secret)[1:-1],
            secret.encode().hex(),
            secret.encode().hex().upper(),
        ]
        for text in spelled:
            assert MASK in redact(f"before {text} after")
            assert text not in redact(f"before {text} after")
        whole = base64.b64encode(f"{before}{secret}".encode()).decode()
        assert base64.b64encode(secret.encode()).decode().rstrip("=")[2:-2] not in redact(f"<{whole}>")
        assert MASK in redact(f"<{whole}>"), before


def test_a_text_without_secrets_stays_as_it_is() -> None:
    assert Redactor(["sk-1234567"])("nothing to see") == "nothing to see"
    assert Redactor([])("nothing to see") == "nothing to see"
    assert Redactor(["a"])("a banana") == f"{MASK} banana"
