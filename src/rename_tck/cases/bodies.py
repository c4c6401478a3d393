"""Bodies that the documents call invalid: other than JSON, other than an object, of the wrong type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rename_tck.exchange import encode_json


@dataclass(frozen=True)
class RawBody:
    """The bytes of a body, with what is wrong with them."""

    raw: bytes
    label: str
    mistake: str


#: Not JSON (RFC 8259).
NOT_JSON: tuple[RawBody, ...] = (
    RawBody(b"not json", "plain text", "a parser's exception let through"),
    RawBody(b"{", "an object cut short", "a parser's exception let through"),
    RawBody(
        b"{'name': 'x', 'session_name': 'x', 'title': 'x', 'user': 'x'}",
        "single quotes",
        "parsed as Python or JavaScript",
    ),
    RawBody(b"name=x&user=x&title=x&session_name=x", "a form", "parsed as a form"),
    RawBody(b"<rename/>", "XML", "a parser's exception let through"),
    RawBody(b"\xff\xfe\x00", "bytes that are not UTF-8", "a decoding exception let through"),
    RawBody(
        b'{"title": "\xff", "name": "\xff", "session_name": "\xff", "user": "\xff"}',
        "a string that is not UTF-8",
        "bytes stored unchecked",
    ),
    RawBody(b"\x00", "a NUL byte", "taken for an empty body"),
)


def spoilt(valid: bytes) -> tuple[RawBody, ...]:
    """A valid body made into what is not JSON (RFC 8259): a lax parser takes each for the valid one."""
    return (
        RawBody(valid + b" x", "a valid body with a word behind", "what follows the value left unread"),
        RawBody(valid + valid, "a valid body, twice", "what follows the value left unread"),
        RawBody(valid[:-1] + b",}", "a valid body with a comma too many", "a parser for JavaScript"),
        RawBody(b"/* c */" + valid, "a valid body behind a comment", "a parser for JavaScript"),
        RawBody(valid.replace(b'"', b"'"), "a valid body in single quotes", "a parser for Python or JavaScript"),
        RawBody(valid[:-1], "a valid body cut short", "a parser that mends"),
        RawBody(b"\0" + valid, "a valid body behind a NUL", "controls skipped"),
    )


#: JSON, but no object.
NOT_OBJECT: tuple[RawBody, ...] = (
    RawBody(b"null", "null", "taken for an empty object"),
    RawBody(b"[]", "an empty array", "indexed as an object"),
    RawBody(
        b'["user", "name", "title", "session_name"]',
        "an array of the members' names",
        "membership tested without looking at the type",
    ),
    RawBody(b'"text"', "a string", "an exception let through"),
    RawBody(b"42", "a number", "an exception let through"),
    RawBody(b"true", "a boolean", "an exception let through"),
)

#: Blank where a body is required.
EMPTY: tuple[RawBody, ...] = (
    RawBody(b"", "no body", "taken for an empty object"),
    RawBody(b"  \n", "blanks", "taken for an empty object"),
)


def spellings(value: dict[str, Any]) -> tuple[RawBody, ...]:
    """The same JSON object as other writers spell it: each means the same (RFC 8259, sections 2, 4 and 7)."""
    reverse = dict(reversed(value.items()))
    escaped = "".join(f"\\u{ord(char):04X}" for char in "A")
    return (
        RawBody(json.dumps(value, ensure_ascii=True).encode(), "escapes for all but ASCII", "escapes left as they are"),
        RawBody(
            json.dumps(value, indent=4).encode() + b"\r\n", "indented, over several lines", "a parser for one line"
        ),
        RawBody(b" \t\n" + json.dumps(value).encode() + b" \n", "blanks around the object", "the first byte looked at"),
        RawBody(encode_json(reverse), "members in reverse order", "members read by position"),
        RawBody(
            json.dumps(value).replace("A", escaped).replace("/", "\\/").encode(),
            "needless escapes",
            "escapes left as they are",
        ),
    )


@dataclass(frozen=True)
class WrongValue:
    """A JSON value of a type that a member may not have, with what is known to be done to it."""

    value: Any
    label: str
    mistake: str


VALUES = (
    WrongValue(None, "null", "taken for absent, or turned into text"),
    WrongValue(True, "true", "turned into text or a number"),
    WrongValue(False, "false", "taken for absent"),
    WrongValue(0, "zero", "taken for absent or false"),
    WrongValue(12345, "an integer", "turned into text"),
    WrongValue(-1, "a negative integer", "turned into text"),
    WrongValue(9007199254740993, "an integer over 2^53", "rounded, turned into text"),
    WrongValue(1e300, "a very large number", "turned into text in another notation"),
    WrongValue(1.5, "a fraction", "turned into text"),
    WrongValue("", "an empty string", "taken for false"),
    WrongValue("true", "the string true", "coerced to a boolean"),
    WrongValue("false", "the string false", "taken for true, as any text is"),
    WrongValue("text", "a string", "taken for true, as any text is"),
    WrongValue([], "an empty array", "taken for absent"),
    WrongValue(["text"], "an array", "its first element taken"),
    WrongValue({}, "an empty object", "taken for absent"),
    WrongValue({"text": "text"}, "an object", "turned into text"),
)


def wrong_for(json_type: str, *, nullable: bool = False) -> list[WrongValue]:
    """Values that are not of a JSON type (``string`` or ``boolean``), null among them unless it is nullable."""
    right = {"string": str, "boolean": bool}[json_type]
    return [wrong for wrong in VALUES if not isinstance(wrong.value, right) and not (nullable and wrong.value is None)]


#: JSON that strains a parser; what becomes of it is not judged, but a 5xx status is.
UNUSUAL: tuple[RawBody, ...] = (
    RawBody(b"[" * 100 + b"]" * 100, "nested 100 deep", "a recursion error let through"),
    RawBody(b'{"name": NaN, "title": NaN, "session_name": NaN, "user": "x"}', "NaN", "passed on by a lax parser"),
    RawBody(
        b'{"name": 1e999, "title": 1e999, "session_name": 1e999}', "a number out of range", "an overflow let through"
    ),
    RawBody(b'{"a": 1' + b"0" * 400 + b"}", "an integer of 400 digits", "an overflow let through"),
    RawBody(b'\xef\xbb\xbf{"title": "x"}', "JSON after a byte-order mark", "a decoding exception let through"),
    RawBody('{"title": "x"}'.encode("utf-16"), "JSON in UTF-16", "a decoding exception let through"),
    RawBody(
        b'{"name": "a", "name": "b", "title": "a", "title": "b"}',
        "an object with a member twice",
        "an exception let through",
    ),
    RawBody(b'{"__proto__": {}, "constructor": {}, "": null}', "members with odd names", "an exception let through"),
)
