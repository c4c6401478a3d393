"""A request as shell commands that send it again: one curl, or two where the session has to be made first."""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

from rename_tck.client.exchange import OWN, Exchange, Request, merged, segment
from rename_tck.client.wire import USUAL

#: The most bytes of a body that a curl holds as an argument: Linux takes no argument of 128 KiB.
_ARGUMENT_LIMIT = 100_000

_USUAL = "-sS -i -g --path-as-is"

#: Of the request that makes a session: a refusal ends it with a word, and its answer is not what is looked for.
_MAKING = "-sS -f -g --path-as-is"

#: The shell's variable for the id of the session that is made.
_ID = "SESSION_ID"


def curl(exchange: Exchange) -> str:
    """A shell command that sends the request again; keys come from the environment.

    What a terminal does not show is spelt as an escape, so that the line can be copied from anywhere.
    """
    return _command(exchange, _USUAL, _url(exchange))


def curl_of_new_session(exchange: Exchange, creation: Exchange, session_id: str) -> str:
    """The commands that make a session as `creation` did, whose id was `session_id`, and send the request beside it.

    The run deletes what it makes, so the request alone would be answered with 404. Its path has the session's id, or
    one that is made of it. Only the request where no session can be made so.
    """
    path, encoded = exchange.request.path, segment(session_id)
    answer, body = creation.answer, creation.request.body or b""
    if answer is None:
        return curl(exchange)
    if encoded == session_id and f'"{session_id}"'.encode() in body:
        making = _command(creation, f"{_MAKING} -o /dev/null", _url(creation))
        return f"{making} &&\n{curl(exchange)}"
    content = answer.value if isinstance(answer.value, dict) else {}
    member = next((name for name, value in content.items() if value == session_id), None)
    # the whole id, or all of it but its last character
    parts = {session_id: "", session_id[:-1]: "%?"}
    part, spelt = next(((part, spelt) for part, spelt in parts.items() if part in path), ("", ""))
    if member is None or encoded != session_id or not part or not re.fullmatch(r"\w+", member):
        return curl(exchange)
    making = _command(creation, _MAKING, _url(creation))
    found = f"tr -d '\\n' | grep -o '\"{member}\" *: *\"[^\"]*\"' | head -n 1 | cut -d '\"' -f 4"
    before, _, after = exchange.request.encoded_target.partition(part)
    url = f'{shlex.quote(exchange.base_url + before)}"${{{_ID}{spelt}}}"{shlex.quote(after) if after else ""}'
    url += _raw_query(exchange.request)
    made = f'{_ID}=$({making} | {found})\n: "${{{_ID}:?no session was made}}" &&'
    return f"{made}\n{_command(exchange, _USUAL, url)}"


def _url(exchange: Exchange) -> str:
    return shlex.quote(exchange.base_url + exchange.request.encoded_target) + _raw_query(exchange.request)


def _raw_query(request: Request) -> str:
    raw = request.wire.raw_query.decode("utf-8", "surrogateescape")
    if not raw:
        return ""
    raw = ("&" if request.query else "?") + raw
    return shlex.quote(raw) if all(map(_is_plain, raw)) else f'"$(printf {shlex.quote(_as_format(raw))})"'


def _command(exchange: Exchange, options: str, url: str) -> str:
    """One curl with these options; `url` is quoted already. A comment before it says what it does not do."""
    request, wire = exchange.request, exchange.request.wire
    line = f"curl {options}" + (" --http1.0" if wire.version == "1.0" else "")
    if exchange.base_url.startswith("https:") and exchange.verify is not True:
        line += f" --cacert {shlex.quote(exchange.verify)}" if exchange.verify else " -k"
    line += f" -X {request.method} {url}{_headers(exchange)}"
    body = _body(request)
    if body is not None:
        text = body.decode("utf-8", "surrogateescape")
        if len(body) <= _ARGUMENT_LIMIT and all(map(_is_plain, text)):
            line += f" --data-raw {shlex.quote(text)}"
        else:
            line = f"printf {shlex.quote(_as_format(text))} | {line} --data-binary @-"
    beyond = "; ".join(wire.beyond_curl(len(body or b"")))
    return f"# sent with what curl cannot do: {beyond}\n{line}" if beyond else line


def _headers(exchange: Exchange) -> str:
    """The options that give curl the headers of a request."""
    request, wire = exchange.request, exchange.request.wire
    shown = exchange.shown_headers()
    literal = {name.lower() for name, _ in request.headers}
    literal |= {name.lower() for name, _ in wire.headers} - {name.lower() for name in exchange.extra_headers}
    if (wire.names, wire.before) != (USUAL.names, USUAL.before):
        shown = merged(_of_curl(exchange), shown)
    options = ""
    for name, value in shown.items():
        before = wire.before if value else ""
        if "$" in value and name.lower() not in literal:
            head = f'"{name}:{before}' if re.fullmatch(r"[\w-]+", name) else f'{shlex.quote(f"{name}:{before}")}"'
            options += f' -H {head}{value}"'
        else:
            # a header without a value is spelt with a semicolon: curl leaves it out otherwise
            options += f" -H {shlex.quote(f'{name}:{before}{value}' if value else f'{name};')}"
    left_out = [name for name in wire.without if name.lower() not in {one.lower() for one in shown}]
    if "content-type" not in {name.lower() for name in shown} and _body(request) is not None:
        left_out.append("Content-Type")
    return options + "".join(f" -H {shlex.quote(f'{name}:')}" for name in left_out)


def _body(request: Request) -> bytes | None:
    """The body that is sent: also of a request that says that it has none."""
    return b"" if request.body is None and request.method not in {"GET", "HEAD"} else request.body


def _of_curl(exchange: Exchange) -> dict[str, str]:
    """The headers that curl would send in a spelling of its own, as the suite has sent them."""
    request, wire = exchange.request, exchange.request.wire
    parts = urlsplit(exchange.base_url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{default}")
    length = {} if request.body is None or wire.chunk else {"Content-Length": str(len(request.body))}
    found = wire.sent({"Host": host, **OWN, **length}, ())
    return {wire.names.spell(name): value for name, value in found.items()}


#: Printable to Python, and seen by nobody.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")


def _is_plain(char: str) -> bool:
    return char.isprintable() and char not in _FILLERS and not "\U000e0000" <= char <= "\U000e0fff"


def _as_format(text: str) -> str:
    """A text as the format of a shell's printf; bytes that are not UTF-8 are unpaired surrogates in it."""
    if text.startswith("-"):
        return "\\055" + _as_format(text[1:])  # or it were an option
    escapes = {"\\": "\\\\", "%": "%%"}
    return "".join(
        escapes.get(char, char)
        if _is_plain(char)
        else "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
        for char in text
    )
