"""Every curl that the suite prints, run by a shell, sends what the suite has sent: method, path, headers, body, key."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import KEY, OTHER_MODE_KEY, judge
from meddling import Heard, Meddler
from mutants import Mutant, every

from rename_tck.client.exchange import Credential, Exchange, Request, encode_json
from rename_tck.client.request_policy import RequestPolicy, Route
from rename_tck.client.transport import Connection, TargetClient
from rename_tck.reference.serving import serve
from rename_tck.text import HIDDEN

#: What is the client's own, or the connection's, and no part of what is asked.
OWN = {"host", "user-agent", "accept-encoding", "connection", "expect"}

ANY = RequestPolicy([Route(method, "/{id}", "any") for method in ("GET", "POST", "PATCH", "DELETE")])
HEADERS = (("X-Tenant", "blue \"'$`\\%+/= é"), ("X-Empty", ""), ("$odd.`name", "red"), ("Accept", "text/x-mine"))
VARIABLES = {
    b"RENAME_TCK_HEADER_X_TENANT": HEADERS[0][1].encode("latin-1"),
    b"RENAME_TCK_HEADER__ODD__NAME": b"red",
    b"RENAME_TCK_HEADER_ACCEPT": b"text/x-mine",
    b"RENAME_TCK_API_KEY": b"sk-Secret/key+\"'$`\\%=",
    b"RENAME_TCK_OTHER_MODE_KEY": b"other-mode",
    b"PATH": b"/usr/bin:/bin",
}
JSON = (("Content-Type", "application/json"),)


@dataclass(frozen=True)
class Said:
    """A request as its bytes came in: the first line, the headers that matter, the body."""

    line: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@contextlib.contextmanager
def ear() -> Iterator[tuple[str, list[Said]]]:
    """A server that hears every byte and says that all is well."""
    listener, said = socket.create_server(("127.0.0.1", 0), backlog=64), list[Said]()

    def serve_one(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader, contextlib.suppress(OSError):
            while line := reader.readline():
                headers = []
                while field := reader.readline().strip():
                    name, _, value = field.partition(b":")
                    headers.append((name.lower(), value.strip()))
                body = reader.read(int(dict(headers).get(b"content-length", b"0")))
                kept = tuple(sorted(pair for pair in headers if pair[0].decode() not in OWN))
                said.append(Said(line.strip(), kept, body))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve_one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", said
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def run(curl: str, shell: str, variables: dict[bytes, bytes] = VARIABLES) -> None:
    """Run a line as a script: an argument of ``-c`` must not be longer than 128 KiB."""
    script = curl.encode("utf-8", "surrogateescape")
    done = subprocess.run([shell], input=script, env=variables, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def again(exchange: Exchange, said: list[Said]) -> None:
    """What the suite has sent is what bash and what dash send by the curl of it."""
    curl = exchange.curl()
    for value in VARIABLES.values():
        assert len(value) < 6 or value.decode("latin-1") not in curl
    for shell in ("bash", "dash"):
        run(curl, shell)
    assert len(said) == 3, curl[:500]
    assert said[1] == said[0], curl[:500]
    assert said[2] == said[0], curl[:500]
    said.clear()


def _connected(url: str, name: str = "Authorization", form: str = "Bearer {}", **kwargs: object) -> TargetClient:
    keys = {"key": VARIABLES[b"RENAME_TCK_API_KEY"].decode(), "other_mode_key": "other-mode"}
    return TargetClient(Connection(url, (name, form), **{**keys, **kwargs}), ANY)  # type: ignore[arg-type]


BODIES = {
    "text": encode_json({"name": 'it\'s $HOME `x` "q" \\n !! %s'}),
    "beyond ASCII": encode_json({"name": "日本語 😀 é"}),
    "an unpaired surrogate": encode_json({"name": "\ud800"}),
    "a NUL, escaped": encode_json({"name": "nul\0"}),
    "a NUL": b'{"name": "\0"}',
    "bytes that are not UTF-8": b"\xff\xfe\x00'%d\\",
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "a file's name": b"@/etc/passwd",
    "a dash": b"-n\0",
    "controls": b"\x1b[2J\r\n\t\x7f\x011",
    "what is not seen": "a\u200bb\u202ec\u3164d\u00a0".encode(),
    "lines": b"one\ntwo\n\n",
    "nothing": b"",
    "blanks": b"  \n",
    "a long text": encode_json({"name": "x" * 65_600}),
    "a long text beyond ASCII": encode_json({"name": "😀'%\\" * 32_800}),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_any_body(body: bytes) -> None:
    with ear() as (url, said):
        again(_connected(url).send(Request("POST", "/id", (), body, JSON)), said)


@pytest.mark.parametrize("name", ["Authorization", "X-Session-API-Key"])
def test_any_credential(name: str) -> None:
    with ear() as (url, said):
        client = _connected(url, name, "Bearer {}" if name == "Authorization" else "{}")
        for credential in Credential:
            again(client.send(Request("PATCH", "/id", (), b"{}", JSON, credential)), said)


def test_no_key_at_all() -> None:
    with ear() as (url, said):
        client = _connected(url, key=None)
        for credential in (Credential.GIVEN, Credential.NONE, Credential.LONGER, Credential.WRONG):
            again(client.send(Request("POST", "/id", (), b"{}", JSON, credential)), said)


def test_any_path() -> None:
    with ear() as (url, said):
        client = _connected(url)
        for path in (
            "/%2E%2E",
            "/..",
            "/.",
            "/a%2Fb",
            "/%00%FF",
            "/%2e%2e",
            "/..%2F..%2Fx",
            "/a%0d%0ab",
            "/it's$HOME;&*!",
            "/" + "x" * 3000,
        ):
            again(
                client.send(Request("POST", path, (("type", "a b&c"), ("x[]", "\0"), ("", "{1,2}")), b"{}", JSON)), said
            )


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_any_headers(method: str) -> None:
    """Those of ``--header`` come from variables, an empty one is sent, and the request's own win."""
    with ear() as (url, said):
        client = _connected(url, extra_headers=HEADERS)
        again(client.send(Request(method, "/id")), said)
        again(client.send(Request(method, "/id", (), b"{}")), said)
        again(
            client.send(
                Request(method, "/id", (), b"{}", (("content-type", ""), ("accept", "a/b"), ("X-Dollar", "$HOME")))
            ),
            said,
        )
        own = (("authorization", "mine"), ("Content-Type", "application/json"))
        client = _connected(url, extra_headers=own)
        variables = VARIABLES | {b"RENAME_TCK_HEADER_CONTENT_TYPE": b"application/json"}
        exchange = client.send(Request(method, "/id", (), b"{}"))
        run(exchange.curl(), "dash", variables)
        assert said[0] == said[1]
        assert (b"authorization", b"Bearer " + VARIABLES[b"RENAME_TCK_API_KEY"]) in said[0].headers


def test_tls_as_it_was() -> None:
    request = Request("GET", "/id")
    assert " -k " in Exchange(request, "https://localhost", verify=False).curl()
    assert " --cacert '/a b.pem' " in Exchange(request, "https://localhost", verify="/a b.pem").curl()
    assert " -k " not in Exchange(request, "http://localhost", verify=False).curl()


# -- those of a whole run

#: Faults that break requirements of many kinds: names, refusals, bodies, credentials, ids.
FAULTY = {
    "dify": ("TakesAnyKey", "CrashesOnWhatIsNotJson", "CrashesOnANulInTheId", "CutsAtTheNul", "CrashesOnTextPlain"),
    "agno": ("KeyRefusedWith403", "IdEndsAtItsNul", "LongUserIdCrashes", "CutsAt255"),
    "openhands": ("AnyKeyWillDo", "NotJsonCrashes", "LongIdCrashes", "CutsAtNul", "SurrogatesCrash"),
}


def _asked(heard: Heard) -> tuple[object, ...]:
    headers = frozenset((name, value.strip()) for name, value in heard.headers if name.decode() not in OWN)
    return heard.method, heard.target, headers, heard.body


@pytest.mark.parametrize(
    "mutant",
    [mutant for mutant in every() if mutant.name in FAULTY[mutant.system]],
    ids=lambda m: f"{m.system}-{m.name}",
)
def test_every_curl_of_a_run(mutant: Mutant, tmp_path: Path) -> None:
    """The very request is in the run's own traffic; on the terminal it is the same, or is said to be elsewhere."""
    meddler = Meddler(mutant.make())
    env = {
        "RENAME_TCK_API_KEY": KEY,
        "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY,
        "RENAME_TCK_HEADER": "X-Tenant: blue",
    }
    known = {requirement.partition(".")[2] for requirement in (mutant.kills, *mutant.also)}
    with serve(meddler) as url:
        judged = judge(url, tmp_path, system=mutant.system, env=env, select=" or ".join(sorted(known)))
        sent = {_asked(heard) for heard in meddler.heard}
        failed = [judged.requirements[name] for name in judged.with_verdict("fail")]
        assert failed
        variables = {name.encode(): value.encode() for name, value in env.items()} | {
            b"RENAME_TCK_HEADER_X_TENANT": b"blue", b"PATH": b"/usr/bin:/bin",
        }  # fmt: skip
        for found in failed:
            curl = found["curl"]
            if curl is None:
                continue
            assert curl in judged.output or "The whole is in conformance.json." in judged.output
            for shell in ("bash", "dash"):
                before = len(meddler.heard)
                run(curl, shell, variables)
                (once,) = meddler.heard[before:]
                assert _asked(once) in sent, curl


def test_nothing_that_a_terminal_does_not_show_is_in_a_curl() -> None:
    hidden = "".join(char for code in range(0x110000) if HIDDEN.fullmatch(char := chr(code)))
    body = hidden.encode("utf-8", "surrogatepass")
    curl = Exchange(Request("POST", "/id", (), body), "http://localhost").curl()
    assert not HIDDEN.search(curl)
