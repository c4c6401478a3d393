"""Every curl that the suite prints, run by a shell, sends what the suite has sent: method, path, headers, body, key."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from harness import KEY, OTHER_MODE_KEY, judge
from meddling import Heard, Meddler
from mutants import Mutant, every

from rename_tck.client.curl import curl, curl_of_new_session
from rename_tck.client.exchange import Answer, Credential, Exchange, Request, encode_json
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
def ear(answer: bytes = b"") -> Iterator[tuple[str, list[Said]]]:
    """A server that hears every byte and says that all is well, and what it is told to say."""
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
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

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


def run(line: str, shell: str, variables: dict[bytes, bytes] = VARIABLES) -> bytes:
    """Run a line as a script: an argument of ``-c`` must not be longer than 128 KiB."""
    script = line.encode("utf-8", "surrogateescape")
    done = subprocess.run([shell], input=script, env=variables, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def again(exchange: Exchange, said: list[Said]) -> None:
    """What the suite has sent is what bash and what dash send by the curl of it."""
    line = curl(exchange)
    for value in VARIABLES.values():
        assert len(value) < 6 or value.decode("latin-1") not in line
    for shell in ("bash", "dash"):
        run(line, shell)
    assert len(said) == 3, line[:500]
    assert said[1] == said[0], line[:500]
    assert said[2] == said[0], line[:500]
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
        run(curl(exchange), "dash", variables)
        assert said[0] == said[1]
        assert (b"authorization", b"Bearer " + VARIABLES[b"RENAME_TCK_API_KEY"]) in said[0].headers


def test_tls_as_it_was() -> None:
    request = Request("GET", "/id")
    assert " -k " in curl(Exchange(request, "https://localhost", verify=False))
    assert " --cacert '/a b.pem' " in curl(Exchange(request, "https://localhost", verify="/a b.pem"))
    assert " -k " not in curl(Exchange(request, "http://localhost", verify=False))


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
    """The very request is in the run's own traffic, and is answered as then: on a session made anew, for the run's own
    are deleted. On the terminal it is the same, or is said to be elsewhere."""
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
        bodies = {heard.body for heard in meddler.heard}
        for found in failed:
            block = found["curl"]
            if block is None:
                continue
            assert f"FAIL  {found['id']} (" in judged.output
            for shell in ("bash", "dash"):
                before = len(meddler.heard)
                said = run(block, shell, variables)
                *making, once = meddler.heard[before:]
                assert len(making) == (1 if "-sS -f" in block else 0), block
                assert all(_asked(made) in sent for made in making), block
                if "SESSION_ID" in block:
                    assert once.body in bodies, block
                else:
                    assert _asked(once) in sent, block
                status = re.findall(rb"^HTTP/\S+ (\d+)", said, re.MULTILINE)[-1]
                assert int(status) == found["answer"]["status"], block


def _made(answer: str, body: bytes) -> Exchange:
    request = Request("POST", "/made", (), body, JSON)
    return Exchange(request, "http://h", Answer(200, "OK", (), answer.encode()))


@pytest.mark.parametrize("shell", ["bash", "dash"])
@pytest.mark.parametrize("made", ["8f14e45f-new", ""])
def test_the_id_of_a_new_session_is_taken_out_of_the_answer(made: str, shell: str) -> None:
    """However the answer is spelt; where none is made the second request is not sent."""
    answer = (
        f'{{"status": "ok",\n  "conversation_id" : "{made}", "more": {{"id": "x"}}}}' if made else '{"detail": "no"}'
    )
    with ear(answer.encode()) as (url, said):
        request = Request("PATCH", "/c/c4ca4238-old/x", (("a", "b c"),), b"{}", JSON)
        creation = _made('{"conversation_id": "c4ca4238-old"}', b"{}")
        block = curl_of_new_session(Exchange(request, url), replace(creation, base_url=url), "c4ca4238-old")
        done = subprocess.run(
            [shell], input=block.encode(), env=VARIABLES, capture_output=True, check=False, timeout=30
        )
        lines = [one.line for one in said]
        assert lines[0] == b"POST /made HTTP/1.1"
        assert lines[1:] == ([f"PATCH /c/{made}/x?a=b%20c HTTP/1.1".encode()] if made else [])
        assert (b"no session was made" in done.stderr) is not bool(made)


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/c/c4ca4238-old%00", "/c/new-id%00"), ("/c/c4ca4238-ol", "/c/new-i"), ("/c/nobody", "/c/nobody")],
)
def test_an_id_that_is_made_of_the_sessions(path: str, sent: str) -> None:
    with ear(b'{"conversation_id": "new-id"}') as (url, said):
        creation = replace(_made('{"conversation_id": "c4ca4238-old"}', b"{}"), base_url=url)
        run(
            curl_of_new_session(Exchange(Request("PATCH", path, (), b"{}", JSON), url), creation, "c4ca4238-old"),
            "dash",
        )
        assert said[-1].line == f"PATCH {sent} HTTP/1.1".encode()
        assert len(said) == (1 if path == sent else 2)


def test_a_session_that_bears_the_id_it_was_given_is_made_with_it() -> None:
    with ear() as (url, said):
        creation = replace(_made('{"session_id": "my-own-id"}', b'{"session_id":"my-own-id"}'), base_url=url)
        run(curl_of_new_session(Exchange(Request("POST", "/c/my-own-id"), url), creation, "my-own-id"), "dash")
        assert [one.line for one in said] == [b"POST /made HTTP/1.1", b"POST /c/my-own-id HTTP/1.1"]
        assert said[0].body == b'{"session_id":"my-own-id"}'


def test_nothing_that_a_terminal_does_not_show_is_in_a_curl() -> None:
    hidden = "".join(char for code in range(0x110000) if HIDDEN.fullmatch(char := chr(code)))
    body = hidden.encode("utf-8", "surrogatepass")
    assert not HIDDEN.search(curl(Exchange(Request("POST", "/id", (), body), "http://localhost")))
