"""Bodies that the documents call invalid: other than JSON, other than an object, of the wrong type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rename_tck.client.exchange import encode_json


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
        RawBody(
            valid + b"\nx",
            "a valid body with a second line behind it",
            "what follows the value, or the line, left unread",
        ),
        RawBody(valid + valid, "a valid body, twice", "what follows the value left unread"),
        RawBody(valid[:-1] + b",}", "a valid body with a comma too many", "a parser for JavaScript"),
        RawBody(b"/* c */" + valid, "a valid body behind a comment", "a parser for JavaScript"),
        RawBody(valid + b" // c", "a valid body with a comment behind", "a parser for JavaScript"),
        RawBody(valid.replace(b'"', b"'"), "a valid body in single quotes", "a parser for Python or JavaScript"),
        RawBody(valid[:-1], "a valid body cut short", "a parser that mends"),
        RawBody(b"\0" + valid, "a valid body behind a NUL", "controls skipped"),
        RawBody(valid + b"\0", "a valid body with a NUL behind", "read as C strings are"),
        RawBody(
            re.sub(rb'"(\w+)":', rb"\1:", valid), "a valid body with bare names", "a parser for JavaScript or YAML"
        ),
        *_within(valid, b"\n", "a valid body with a line break in a string", "controls let through"),
        *_within(valid, b"\\x41", "a valid body with an escape that JSON does not have", "a parser for JavaScript"),
        *_within(valid, b"\xff", "a valid body with a byte that is not UTF-8", "dropped, replaced, or read as Latin-1"),
    )


def _within(valid: bytes, more: bytes, label: str, mistake: str) -> tuple[RawBody, ...]:
    """The body with these bytes at the beginning of its last string; nothing where it has none."""
    head, found, tail = valid.rpartition(b':"')
    return (RawBody(head + found + more + tail, label, mistake),) if found else ()


def disguised(valid: dict[str, Any]) -> tuple[RawBody, ...]:
    """A valid body in the guise of JSON that is no object: a helpful parser takes each for the valid one."""
    return (
        RawBody(encode_json([valid]), "a valid body in an array", "its first element taken"),
        RawBody(encode_json([*map(list, valid.items())]), "a valid body's members as pairs", "made into an object"),
        RawBody(encode_json(encode_json(valid).decode()), "a valid body as a string", "decoded twice"),
    )


def misnamed(valid: dict[str, Any], member: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """A valid body that has a required member only by what a helpful binding takes for its name, with what that is."""
    others = {name: value for name, value in valid.items() if name != member}
    camel = re.sub(r"_(\w)", lambda found: found[1].upper(), member)
    spellings = {
        f"`{member.title()}` instead": member.title(), f"`{member.upper()}` instead": member.upper(),
        f"`{camel}` instead": camel, "a blank before its name": f" {member}",
    }  # fmt: skip
    renamed = ((what, {**others, name: valid[member]}) for what, name in spellings.items() if name != member)
    return (*renamed, ("all in an object of its own", {"data": valid}))


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
    RawBody(b"", "empty", "taken for an empty object"),
    RawBody(b"  \n", "blanks", "taken for an empty object"),
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
    WrongValue(9223372036854775809, "an integer over 2^63", "rounded, turned into text, out of range"),
    WrongValue(1e300, "a very large number", "turned into text in another notation"),
    WrongValue(1.5, "a fraction", "turned into text"),
    WrongValue("", "an empty string", "taken for false"),
    WrongValue("true", "the string true", "coerced to a boolean"),
    WrongValue("false", "the string false", "taken for true, as any text is"),
    WrongValue("text", "a string", "taken for true, as any text is"),
    WrongValue([], "an empty array", "taken for absent"),
    WrongValue(['a "quoted" \\ text'], "an array", "its first element taken, or pasted into the error"),
    WrongValue({}, "an empty object", "taken for absent"),
    WrongValue({"text": "text"}, "an object", "turned into text"),
)


#: What is no boolean, and is taken for true by one or another way of reading it.
TAKEN_FOR_TRUE = (
    WrongValue(1, "one", "taken for true, as in C"),
    WrongValue(1.0, "one point nought", "taken for true, as equal to it"),
    WrongValue("1", "the string 1", "taken for true, as in a form"),
    WrongValue("yes", "the string yes", "taken for true, as in YAML"),
    WrongValue("on", "the string on", "taken for true, as in a form"),
    WrongValue("TRUE", "the string TRUE", "taken for true without regard to case"),
    WrongValue([True], "an array that holds true", "its first element taken"),
)


def wrong_for(json_type: str, *, nullable: bool = False) -> list[WrongValue]:
    """Values that are not of a JSON type (``string`` or ``boolean``), null among them unless it is nullable."""
    right = {"string": str, "boolean": bool}[json_type]
    return [wrong for wrong in VALUES if not isinstance(wrong.value, right) and not (nullable and wrong.value is None)]


#: JSON that strains a parser; what becomes of it is not judged, but a 5xx status is.
UNUSUAL: tuple[RawBody, ...] = (
    RawBody(b"[" * 100 + b"]" * 100, "nested 100 deep", "a recursion error let through"),
    RawBody(b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested 5,000 deep", "a recursion error let through"),
    RawBody(b'\xef\xbb\xbf{"title": "x"}', "JSON after a byte-order mark", "a decoding exception let through"),
    RawBody('{"title": "x"}'.encode("utf-16"), "JSON in UTF-16", "a decoding exception let through"),
    RawBody(
        b'{"name": "a", "name": "b", "title": "a", "title": "b"}',
        "an object with a member twice",
        "an exception let through",
    ),
    RawBody(b'{"__proto__": {}, "constructor": {}, "": null}', "members with odd names", "an exception let through"),
)


def strange(valid: dict[str, Any], member: str) -> tuple[RawBody, ...]:
    """A valid body but for the number in a member's place: what becomes of it is not judged, but a 5xx status is."""
    head, tail = encode_json({**valid, member: "\0"}).split(b'"\\u0000"')
    return tuple(
        RawBody(head + number + tail, label, mistake)
        for number, label, mistake in (
            (b"NaN", "NaN", "passed on by a lax parser"),
            (b"1e999", "a number out of range", "an overflow let through"),
            (b"1" + b"0" * 5000, "an integer of 5,001 digits", "an overflow, or a parser's limit, let through"),
        )
    )
