"""What a server may do to a client that trusts it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

from hostile.server import Behaviour, Turn

JSON = ("Content-Type", "application/json")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

#: Behaviours by name, in the order in which they were written down.
BEHAVIOURS: dict[str, Behaviour] = {}

#: Those that keep the client waiting: a run is given less to do, so that the test ends.
WAITING: set[str] = set()

#: Those that are the same bytes to everyone, and much alike: part of a run is enough to meet each of them.
BYTES: set[str] = set()


def _named(name: str, *, waits: bool = False) -> Callable[[Behaviour], Behaviour]:
    def register(behaviour: Behaviour) -> Behaviour:
        BEHAVIOURS[name] = behaviour
        if waits:
            WAITING.add(name)
        return behaviour

    return register


def _sends(name: str, content: bytes) -> None:
    """Answers with these very bytes, then closes."""
    _named(name)(lambda turn: turn.send(content))
    BYTES.add(name)


def _answers(name: str, body: bytes, *headers: tuple[str, str], status: int = 200) -> None:
    """Answers with this body, whatever was asked."""

    def behave(turn: Turn) -> bool:
        turn.answer(status, [JSON, *headers], body)
        return True

    _named(name)(behave)
    BYTES.add(name)


# -- time


@_named("hangs before the answer", waits=True)
def _hangs(turn: Turn) -> None:
    turn.hang()


@_named("hangs inside the status line", waits=True)
def _hangs_in_status(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 20")
    turn.hang()


@_named("hangs inside the headers", waits=True)
def _hangs_in_headers(turn: Turn) -> None:
    turn.send(HEAD + b"Content-Len")
    turn.hang()


@_named("hangs inside the body", waits=True)
def _hangs_in_body(turn: Turn) -> None:
    _, _, body = turn.right()
    turn.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-1])
    turn.hang()


@_named("drips a byte a second", waits=True)
def _drips(turn: Turn) -> None:
    for byte in HEAD + b"Content-Length: 2\r\n\r\n{}":
        turn.send(bytes([byte]))
        turn.wait(1.0)


@_named("drips the body, twenty bytes a second", waits=True)
def _drips_body(turn: Turn) -> None:
    turn.send(HEAD + b"Content-Length: 100000\r\n\r\n[")
    while True:
        turn.send(b" ")
        turn.wait(0.05)


@_named("never ends a chunked body, slowly", waits=True)
def _endless_slow(turn: Turn) -> None:
    turn.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        turn.send(b"1\r\n \r\n")
        turn.wait(0.05)


@_named("never ends a chunked body, fast")
def _endless_fast(turn: Turn) -> None:
    turn.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        turn.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


@_named("never ends one chunk's size", waits=True)
def _endless_chunk_size(turn: Turn) -> None:
    turn.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        turn.send(b"0" * 0x10000)


@_named("never ends the headers", waits=True)
def _endless_headers(turn: Turn) -> None:
    turn.send(HEAD)
    while True:
        turn.send(b"X-More: and more\r\n")
        turn.wait(0.02)


@_named("never ends one header")
def _endless_header(turn: Turn) -> None:
    turn.send(HEAD + b"X-More: ")
    while True:
        turn.send(b"x" * 0x10000)


@_named("never ends interim answers", waits=True)
def _endless_interim(turn: Turn) -> None:
    while True:
        turn.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        turn.wait(0.01)


# -- connections


@_named("resets before the answer")
def _resets(turn: Turn) -> None:
    turn.reset()


@_named("resets inside the body")
def _resets_in_body(turn: Turn) -> None:
    turn.send(HEAD + b"Content-Length: 100\r\n\r\n{")
    turn.wait(0.01)
    turn.reset()


@_named("closes without an answer")
def _closes(turn: Turn) -> None:
    assert turn.number


@_named("closes inside the headers")
def _closes_in_headers(turn: Turn) -> None:
    turn.send(HEAD)


@_named("resets every third request")
def _resets_third(turn: Turn) -> bool:
    if turn.number % 3 == 0:
        turn.reset()
        return False
    turn.answer_right()
    return True


@_named("closes every second connection after the head")
def _closes_second(turn: Turn) -> bool:
    status, headers, body = turn.right()
    if turn.number % 2:
        turn.answer(status, headers, body)
        return True
    turn.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
    return False


# -- lengths


@_named("a content-length that is too long, then closes")
def _too_long(turn: Turn) -> None:
    _, _, body = turn.right()
    turn.send(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + 10) + body)


@_named("a content-length that is too long, then waits", waits=True)
def _too_long_waits(turn: Turn) -> None:
    _, _, body = turn.right()
    turn.send(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + 10) + body)
    turn.hang()


@_named("a content-length that is too short")
def _too_short(turn: Turn) -> bool:
    _, _, body = turn.right()
    turn.send(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) // 2) + body)
    return True


for _length in (b"-1", b"x", b"1e3", b"99999999999999999999999", b"5, 7", b"2\r\nContent-Length: 3"):
    _sends(f"a content-length of {_length.decode()!r}", HEAD + b"Content-Length: " + _length + b"\r\n\r\n{}")


# -- size


@_named("300 MB of JSON")
def _huge(turn: Turn) -> None:
    turn.send(HEAD + b"Content-Length: 300000000\r\n\r\n[")
    for _ in range(3000):
        turn.send(b'"' + b"x" * 99_997 + b'",')


@cache
def _bomb(gibibytes: int = 1) -> bytes:
    """Deflated blanks: a block that stands for itself, repeated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(b" " * 2**24) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + block * (64 * gibibytes) + b"\x03\x00" + b"\0" * 8


@_named("a gzip bomb of 1 GiB")
def _gzip_bomb(turn: Turn) -> None:
    turn.answer(200, [JSON, ("Content-Encoding", "gzip")], _bomb())


@_named("a gzip bomb in a gzip bomb")
def _gzip_gzip_bomb(turn: Turn) -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    turn.answer(200, [JSON, ("Content-Encoding", "gzip, gzip")], deflate.compress(_bomb()) + deflate.flush())


@_named("many gzip members")
def _gzip_members(turn: Turn) -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    member = deflate.compress(b" ") + deflate.flush()
    turn.answer(200, [JSON, ("Content-Encoding", "gzip")], member * 5_000)


_answers("gzip that is none", b"{}", ("Content-Encoding", "gzip"))
_answers("a coding that no one asked for", b"\x1b\x02\x00", ("Content-Encoding", "br"))
_answers("a coding within a coding, fifty deep", b"{}", ("Content-Encoding", ", ".join(["gzip"] * 50)))


@_named("5,000 headers")
def _many_headers(turn: Turn) -> bool:
    status, headers, body = turn.right()
    turn.answer(status, [*headers, *((f"X-{number}", "y") for number in range(5000))], body)
    return True


# -- what an answer holds

_answers("200,000 nested arrays", b"[" * 200_000 + b"]" * 200_000)
_answers("200,000 nested objects", b'{"a":' * 200_000 + b"1" + b"}" * 200_000)
_answers("900 nested arrays in a name", b'{"name":%s%s,"id":"x"}' % (b"[" * 900, b"]" * 900))
_answers("NaN", b'{"id": NaN, "name": NaN, "session_id": NaN, "session_name": Infinity, "created_at": -Infinity}')
_answers("a number of 100,000 digits", b'{"created_at": ' + b"9" * 100_000 + b"}")
_answers("a number out of range", b'{"created_at": 1e400, "updated_at": -1e400}')
_answers("invalid UTF-8", b'{"name": "\xff\xfe", "session_name": "\xc0\x80", "id": "\xed\xa0\x80"}')
_answers("unpaired surrogates", b'{"name": "\\ud800", "session_name": "\\udfff", "id": "\\ud800", "\\udc00": 1}')
_answers("a NUL", b'{"name": "\\u0000", "session_name": "a\x00b"}')
_answers("UTF-16", '{"name": "x", "session_name": "x"}'.encode("utf-16"))
_answers(
    "an HTML page", b"<!doctype html><title>Sign in</title><script>alert(1)</script>", ("Content-Type", "text/html")
)
_answers("no body", b"")
_answers("cookies", b"{}", *[("Set-Cookie", f"c{number}={'x' * 4000}") for number in range(50)])

# -- other protocols

_sends("an SSH banner", b"SSH-2.0-OpenSSH_9.7\r\n")
_sends("a TLS alert", b"\x15\x03\x03\x00\x02\x02\x28")
_sends("a mail server", b"220 mail.example.org ESMTP ready\r\n")
_sends("HTTP/2 frames", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04\x00\x10\x00\x00")
_sends("HTTP/0.9", b"hello there\n")
_sends("random bytes", bytes(range(256)) * 64)
_sends("a line without an end", b"x" * 10_000_000)
_sends("status 999", b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")
_sends("status 20", b"HTTP/1.1 20 Short\r\nContent-Length: 0\r\n\r\n")
_sends("status minus one", b"HTTP/1.1 -1 Less\r\nContent-Length: 0\r\n\r\n")
_sends("status in Arabic digits", "HTTP/1.1 ٢٠٠ OK\r\nContent-Length: 0\r\n\r\n".encode())
_sends("switching protocols", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
_sends("a header without a colon", b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\n{}")
_sends("a chunk size that is none", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
_sends("a negative chunk size", HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n")
_sends("a chunk of 2^63", HEAD + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n{}\r\n0\r\n\r\n")

# -- being told to wait

for _value in (
    "99999999999",
    "-5",
    "soon",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "1e9",
    "٥",
):
    _answers(f"429, retry after {_value}", b'{"detail":"later"}', ("Retry-After", _value), status=429)
WAITING.update(name for name in BEHAVIOURS if name.startswith("429"))


# -- text for the reader's eyes

#: Terminal: clears the screen, sets the title, draws a link, moves upwards, rings; a page: runs a script.
SPITE = (
    "\x1b[2J\x1b[1;31mPWNED\x1b]0;title\x07\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x1b[A\r\x08\x9b31m\x85 "
    "</pre></code></script><script>alert('xss')</script><img src=x onerror=alert(1)> \"'><svg/onload=alert(2)> "
    "|a|b|\n\n# heading\n\n```\n[link](javascript:alert(3)) ![](http://evil.example/x.png) ${jndi:ldap://e} ]]> "
    "\u202eabc\u2066"
)


@_named("markup and terminal escapes in errors")
def _spite(turn: Turn) -> bool:
    body = {"detail": SPITE, "error_code": SPITE, "message": SPITE, "code": SPITE, "status": 400, SPITE: SPITE}
    value = SPITE.replace("\n", " ").replace("\r", " ")
    raw = json.dumps(body, ensure_ascii=False).encode()
    turn.answer(400, [JSON, ("X-Spite", value), ("X-<script>", "y")], raw, reason=value[:150])
    return True


@_named("markup and terminal escapes in answers")
def _spite_in_answers(turn: Turn) -> bool:
    status, headers, _ = turn.right()
    session = {"id": SPITE, "name": SPITE, "session_id": SPITE, "session_name": SPITE, "agent_session_id": SPITE}
    turn.answer(status, headers, json.dumps(session).encode())
    return True


@_named("raw control characters all over")
def _raw_spite(turn: Turn) -> bool:
    turn.answer(
        200, [("Content-Type", "application/json\x1b[31m")], SPITE.encode("utf-8", "replace"), reason="\x1b]0;x\x07"
    )
    return True


# -- betraying the key


def spellings(key: str) -> dict[str, str]:
    """The forms in which a server may echo a key."""
    raw = key.encode()
    return {
        "plain": key,
        "upper case": key.upper(),
        "lower case": key.lower(),
        "base64": base64.b64encode(raw).decode(),
        "base64 of the header": base64.b64encode(b"Bearer " + raw).decode(),
        "base64 of user and key": base64.b64encode(b"me:" + raw).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(raw + b"\xff\xfe").decode(),
        "hexadecimal": raw.hex(),
        "hexadecimal in upper case": raw.hex().upper(),
        "percent-encoded": quote(key, safe=""),
        "percent-encoded throughout": "".join(f"%{byte:02X}" for byte in raw),
        "percent-encoded twice": quote(quote(key, safe=""), safe=""),
        "escaped as JSON": json.dumps(key)[1:-1],
        "escaped as JSON twice": json.dumps(json.dumps(key))[3:-3],
        "escaped as JSON throughout": "".join(f"\\u{byte:04x}" for byte in raw),
        "escaped as HTML": key.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;"),
        "escaped as HTML throughout": "".join(f"&#{byte};" for byte in raw),
    }


def _echo(turn: Turn) -> tuple[str, dict[str, str]]:
    """The key of the request, and its spellings."""
    header = turn.asked.headers.get("authorization") or turn.asked.headers.get("x-session-api-key") or ""
    key = header.removeprefix("Bearer ")
    return header, spellings(key) if key else {}


@_named("an error that echoes the request with its key")
def _echoes(turn: Turn) -> bool:
    header, forms = _echo(turn)
    body = {"detail": f"you sent {header}", "message": f"[{header}]", "code": header, "status": 400, "debug": forms}
    plain = [(f"X-Echo-{number}", form) for number, form in enumerate(forms.values())]
    raw = json.dumps(body).encode() + "\n".join(forms.values()).encode()
    turn.answer(400, [JSON, *plain], raw, reason=f"No {header}")
    return True


@_named("an answer whose members hold the key")
def _echoes_in_answers(turn: Turn) -> bool:
    status, headers, _ = turn.right()
    header, forms = _echo(turn)
    values = [" ".join(forms.values()), header, json.dumps(forms)]
    session = dict.fromkeys(("name", "session_name", "id", "session_id", "created_at"), values[turn.number % 3])
    turn.answer(status, headers, json.dumps(session | {header: header}).encode())
    return True


@_named("the key at the edge of what is shown")
def _echoes_at_edge(turn: Turn) -> bool:
    header, forms = _echo(turn)
    padding = "." * (1990 - turn.number % 20)
    turn.answer(
        500, [JSON, ("X-Long", "." * 490 + header)], (padding + " ".join(forms.values())).encode(), "x" * 190 + header
    )
    return True


@_named("the key as the type of the content")
def _echoes_in_type(turn: Turn) -> bool:
    header, _ = _echo(turn)
    _, _, body = turn.right()
    turn.answer(200, [("Content-Type", f"application/{header}"), ("Retry-After", header)], body)
    return True


@_named("a status line and a chunk size that are the key")
def _echoes_in_protocol(turn: Turn) -> None:
    header, _ = _echo(turn)
    if turn.number % 2:
        turn.send(f"HTTP/1.1 {header} {header}\r\n\r\n".encode())
    else:
        turn.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + header.encode() + b"\r\n")


@_named("a header without a colon that is the key")
def _echoes_in_headers(turn: Turn) -> None:
    header, _ = _echo(turn)
    turn.send(f"HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 2\r\n\r\n{{}}".encode())


@_named("gzip that is none but the key")
def _echoes_in_gzip(turn: Turn) -> None:
    header, _ = _echo(turn)
    turn.answer(200, [JSON, ("Content-Encoding", "gzip")], header.encode())


def redirect(status: int, elsewhere: str) -> Behaviour:
    """Sends the client to another host."""

    def behave(turn: Turn) -> bool:
        turn.answer(status, [("Location", elsewhere + turn.asked.target), ("Refresh", f"0; url={elsewhere}")], b"")
        return True

    return behave
