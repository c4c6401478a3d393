"""Secrets planted in a run, the spellings in which a server may give them back, and the search for them."""

from __future__ import annotations

import base64
import copy
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

from hostile.server import Behaviour, Turn

from rename_tck.openapi.contract import Contract

#: Every sign that some encoding changes; no ten characters of one are in any text of the suite's own.
KEY = "sk/ey+\"q\\uo'&<%=-5d41402abc4b2a76"
OTHER_MODE_KEY = 'ot/her+"mode\\%=~7c9e6679f74b1c'
GATEWAY = "gate \"way\\quoted' 100%+/=é ÿ<&-9f3a61d8"
#: Too short to be found inside other words: what is promised of it is less.
SHORT = "q7Zk"

SECRETS = (KEY, OTHER_MODE_KEY, GATEWAY)
ENVIRONMENT = {
    "RENAME_TCK_API_KEY": KEY,
    "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY,
    "RENAME_TCK_HEADER": f"X-Gateway: {GATEWAY}\nX-Short: {SHORT}",
}

#: How many characters of a secret in a row betray it: every row of `_ROW + _STEP` holds one that is looked for.
_ROW = 10
_STEP = 4


def by_character(secret: str) -> dict[str, list[str]]:
    """Spellings in pieces, one for each character."""
    return {
        "plain": list(secret),
        "percent-encoded": [quote(char, safe="") for char in secret],
        "percent-encoded as Latin-1": [quote(char.encode("latin-1"), safe="") for char in secret],
        "percent-encoded as a form": [quote_plus(char) for char in secret],
        "percent-encoded throughout": ["".join(f"%{byte:02x}" for byte in char.encode()) for char in secret],
        "percent-encoded twice": [quote(quote(char, safe=""), safe="") for char in secret],
        "escaped as JSON": [json.dumps(char)[1:-1] for char in secret],
        "escaped as JSON twice": [json.dumps(json.dumps(char))[3:-3] for char in secret],
        "escaped as JSON, slashes too": [json.dumps(char)[1:-1].replace("/", "\\/") for char in secret],
        "escaped as JSON throughout": [f"\\u{ord(char):04X}" for char in secret],
        "escaped as a JSON pointer": [char.replace("~", "~0").replace("/", "~1") for char in secret],
        "escaped as HTML": [html.escape(char) for char in secret],
        "escaped as HTML twice": [html.escape(html.escape(char)) for char in secret],
        "escaped as HTML in decimal": [f"&#{ord(char)};" for char in secret],
        "escaped as HTML in hexadecimal": [f"&#x{ord(char):X};" for char in secret],
        "escaped as Python bytes": ["".join(f"\\x{byte:02x}" for byte in char.encode()) for char in secret],
        "UTF-8 taken for Latin-1": [char.encode().decode("latin-1") for char in secret],
        "Latin-1 taken for UTF-8": [char.encode("latin-1").decode("utf-8", "replace") for char in secret],
        "hexadecimal": [char.encode().hex() for char in secret],
        "hexadecimal of Latin-1": [char.encode("latin-1").hex() for char in secret],
    }


def in_base64(secret: str) -> dict[str, str]:
    """Spellings in base64, inside of longer texts: the characters that depend on the secret."""
    forms: dict[str, str] = {}
    for encoding in ("utf-8", "latin-1"):
        raw = secret.encode(encoding)
        for before in (b"", b"a", b"ab", b"Bearer ", b"X-Gateway: ", b"user:"):
            whole = base64.b64encode(before + raw + b" and more").decode()
            inner = whole[-(-len(before) * 8 // 6) : (len(before) + len(raw)) * 8 // 6]
            forms[f"base64 of {encoding} after {before!r}"] = inner
    return forms


def echoes(secret: str) -> list[str]:
    """What a server may say of a secret that it was sent."""
    said = ["".join(pieces) for pieces in by_character(secret).values()]
    said += [form.upper() for form in said[-2:]]
    for encoding in ("utf-8", "latin-1"):
        raw = secret.encode(encoding)
        for text in (raw, b"a" + raw, b"ab" + raw + b"c", b"Bearer " + raw, b"X-Gateway: " + raw, b"user:" + raw):
            plain = base64.b64encode(text).decode()
            said += [plain, base64.urlsafe_b64encode(text).decode(), quote(plain, safe=""), plain.replace("/", "\\/")]
            said.append(base64.encodebytes(text * 2).decode())
    return said


def secrets_of(turn: Turn) -> list[str]:
    """What a request carried, as the server has read it."""
    headers = turn.asked.headers
    sent = (
        headers.get("authorization", "").partition(" ")[2],
        headers.get("x-session-api-key"),
        headers.get("x-gateway"),
    )
    return [secret for secret in sent if secret]


def _rows(secret: str) -> Iterator[tuple[str, str]]:
    """Rows of characters to look for, in every spelling."""
    for name, pieces in by_character(secret).items():
        for start in range(0, len(pieces) - _ROW + 1, _STEP):
            yield name, "".join(pieces[start : start + _ROW])
    for name, form in in_base64(secret).items():
        for start in range(0, len(form) - _ROW - _STEP + 1, _STEP):
            yield name, form[start : start + _ROW + _STEP]


def _readings(text: str) -> set[str]:
    """A text as it stands, and as those read it who undo what the kind of file has done to it."""
    bare = re.sub(r"[\\\r\n]", "", text)
    readings = (text, html.unescape(text), bare, html.unescape(bare), unquote(bare))
    return {reading.lower() for reading in readings}


def betrayed(texts: dict[str, str]) -> list[str]:
    """Where which secret can be read, in which spelling."""
    found = []
    sought = [(secret, {row.lower(): name for name, row in _rows(secret)}) for secret in (*SECRETS, KEY.swapcase())]
    for where, text in texts.items():
        for reading in _readings(text):
            for secret, rows in sought:
                hits = {name for row, name in rows.items() if row in reading}
                found += [f"{secret[:8]}… in {where}: {name}" for name in sorted(hits)]
    spelled = {"".join(pieces).lower() for pieces in by_character(SHORT).values()}
    spelled.add(base64.b64encode(SHORT.encode()).decode().lower())
    for where, text in texts.items():
        found += [
            f"{SHORT} in {where}: {form}"
            for form in spelled
            if re.search(rf"(?<![0-9a-z]){re.escape(form)}", text.lower())
        ]
    return sorted(set(found))


def left_behind(folder: Path) -> dict[str, str]:
    """Every file below a folder, as text, its name included."""
    return {
        str(path.relative_to(folder)): path.name + "\n" + path.read_bytes().decode("utf-8", "backslashreplace")
        for path in folder.rglob("*")
        if path.is_file()
    }


JSON = ("Content-Type", "application/json")


def _short(form: str = "{}") -> list[str]:
    """What is promised of the short one: it is masked as a word by itself."""
    words = ["".join(pieces) for pieces in by_character(SHORT).values()]
    return [
        f"{before}{word} " for word in words for before in ("X-Short: ", "X-Short%3A%20", '{\\"a\\":\\"', "\\u0020")
    ]


def _all(turn: Turn) -> list[str]:
    return [form for secret in secrets_of(turn) for form in echoes(secret)] + _short()


def errors(turn: Turn) -> bool:
    """Says all that it was sent, in the reason, in headers, in the members and behind the end of the body."""
    forms = _all(turn)
    told = " ".join(secrets_of(turn))
    plain = [
        (f"X-Echo-{number}", re.sub(r"[\r\n]", "", form)) for number, form in enumerate(forms[:: 1 + turn.number % 7])
    ]
    named = [(f"X-{secret.encode().hex()}", "y") for secret in secrets_of(turn)]
    shown = forms[turn.number % len(forms) :] + forms
    body = {"detail": f"you sent {told}", "message": shown[:40], "code": told, "status": 400, "all": shown}
    raw = json.dumps(body, ensure_ascii=turn.number % 2 == 0).encode() + " | ".join(shown).encode()
    turn.answer(400, [JSON, *named, *plain[:60]], raw, reason=f"No {told}")
    return True


def edges(turn: Turn) -> bool:
    """Says it where texts are cut: after 80, 100, 120, 200, 500, 2,000, 12,000 characters, or one more each time."""
    (told, *_) = secrets_of(turn) or ["none"]
    edge = (80, 100, 120, 200, 500, 2000, 12_000)[turn.number % 7]
    before = "." * (edge - turn.number // 7 % len(told))
    status, headers, _ = turn.right()
    session = dict.fromkeys(("name", "session_name", "id", "session_id", "title", "detail", "message"), before + told)
    turn.answer(
        status if turn.number % 3 else 500,
        [*headers, ("X-Long", before + told)],
        json.dumps(session).encode(),
        before + told,
    )
    return True


def sessions(turn: Turn) -> bool:
    """Names and ids of sessions are what it was sent."""
    status, headers, body = turn.right()
    forms = _all(turn)

    def changed(value: object) -> object:
        if isinstance(value, dict):
            told = {
                name: forms[(turn.number + place) % len(forms)]
                for place, name in enumerate(("name", "session_name", "title"))
            }
            return {name: told.get(name) or changed(inner) for name, inner in value.items()} | {"user_id": forms[0]}
        return [changed(inner) for inner in value] if isinstance(value, list) else value

    try:
        body = json.dumps(changed(json.loads(body))).encode()
    except ValueError:
        body = " ".join(forms).encode()
    turn.answer(status, headers, body)
    return True


def members(turn: Turn) -> bool:
    """Says it in members that schemas show the value of, where that used to be cut."""
    (told, *_) = secrets_of(turn) or ["none"]
    planted = "." * 55 + told
    status, headers, body = turn.right()

    def changed(value: object) -> object:
        if isinstance(value, dict):
            told = {name: planted for name in value if name in {"id", "created_at", "messages", "error_code"}}
            return {name: changed(inner) for name, inner in value.items()} | told | {planted: planted}
        return [changed(inner) for inner in value] if isinstance(value, list) else value

    turn.answer(status, headers, json.dumps(changed(json.loads(body))).encode())
    return True


def _publishing(document: Callable[[str], object]) -> Behaviour:
    """Answers right, and publishes a document of its own."""

    def behave(turn: Turn) -> bool:
        if turn.asked.target == "/openapi.json":
            turn.answer(200, [JSON], json.dumps(document(secrets_of(turn)[0])).encode())
        else:
            turn.answer_right()
        return True

    return behave


def _versions(told: str) -> object:
    """A document of no version, which is told in a sentence."""
    return {"openapi": "v" * 17 + told, "paths": {}}


def _differing(told: str) -> object:
    """A document that differs by names and values, where what is shown of each may end."""
    document = copy.deepcopy(dict(Contract.load("agno", "2.5.6").document))
    document["info"] = {"title": "t" * 283 + told, "version": told}
    schemas = document["components"]["schemas"]
    for place in range(0, 340, 8):
        schemas["AgentSessionDetailSchema"]["properties"]["k" * place + told] = {"enum": ["v" * place + told, told]}
    schemas["BadRequestResponse"]["required"] = ["r" * 135 + told]
    return document


def elsewhere(turn: Turn) -> bool:
    """Sends the client away, with all it was sent in the address, and asks it to wait for as long."""
    forms = [re.sub(r"[\r\n]", "", form) for form in _all(turn)]
    place = "&".join(forms[turn.number % len(forms) :][:30])
    turn.answer(307, [("Location", f"http://127.0.0.1:9/?{place}"), ("Retry-After", place)], place.encode())
    return True


def framing(turn: Turn) -> object:
    """Puts what it was sent where HTTP has no room for it, so that it comes in an exception's words."""
    forms = [re.sub(r"[\r\n]", "", form).encode() for form in _all(turn)] or [b"none"]
    told = b" ".join(forms[turn.number % len(forms) :][:3])
    head = b"HTTP/1.1 200 OK\r\n"
    turn.send((
        b"HTTP/1.1 " + told + b" OK\r\n\r\n",
        told + b"\r\n\r\n",
        head + told + b"\r\nContent-Length: 2\r\n\r\n{}",
        head + b"Content-Length: " + told + b"\r\n\r\n{}",
        head + b"Transfer-Encoding: chunked\r\n\r\n" + told + b"\r\n{}\r\n0\r\n\r\n",
        head + b"Transfer-Encoding: " + told + b"\r\n\r\n{}",
        head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(told) + told,
        head + b"Content-Type: " + told + b"\r\nContent-Length: 2\r\n\r\n{}",
        head + b"x" * 70_000 + told + b"\r\n\r\n",
    )[turn.number % 9])  # fmt: skip
    return False


BETRAYERS: dict[str, Behaviour] = {
    "errors": errors, "edges": edges, "sessions": sessions, "elsewhere": elsewhere, "framing": framing,
    "members": members, "versions": _publishing(_versions), "documents": _publishing(_differing),
}  # fmt: skip
