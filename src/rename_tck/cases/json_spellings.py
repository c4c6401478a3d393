"""The dimension of the JSON text: how other writers spell the same body. Each means the same (RFC 8259)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rename_tck.cases.dimensions import Value, by_lot
from rename_tck.client.exchange import decoded, encode_json

Body = dict[str, object]

#: Spells one character of a string.
Escape = Callable[[str], str]

#: An additional member's name that no document has.
UNNAMED = "x_rename_tck"

#: Half a surrogate pair, which has no UTF-8.
_HALF = re.compile("[\ud800-\udfff]")

#: A server may be unwilling to take a member that no document names, or so large a value (RFC 8259, section 9).
_UNWILLING = frozenset({400, 422})
#: No document says how much a server has to read (RFC 9110, section 15.5.14).
_TOO_LARGE = frozenset({413})


@dataclass(frozen=True)
class JsonSpelling(Value):
    """A way in which a body is spelt."""

    write: Callable[[Body], bytes] = field(default=encode_json, repr=False)
    #: Whether it has members besides those of the body: only where a document leaves these open.
    additional: bool = False
    #: Statuses by which a server may refuse it for itself.
    refusable: frozenset[int] = frozenset()

    def spell(self, body: Body) -> bytes:
        """The body, spelt so."""
        return self.write(body)

    def differs(self, body: Body) -> bool:
        """Whether it is another text than the plain one, which it may be: a body of one member has one order."""
        return self.spell(body) != encode_json(body)


def _least(char: str) -> str:
    """A character as it is, but for those that JSON must escape, and for half a surrogate pair."""
    return json.dumps(char, ensure_ascii=_HALF.match(char) is not None)[1:-1]


def _escaped(spell: Callable[[str, int], str]) -> Escape:
    """Escapes all characters; `spell` is given four lower-case digits, and in which place of the pair they stand."""

    def escape(char: str) -> str:
        digits = char.encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{spell(digits[start : start + 4], start // 4)}" for start in range(0, len(digits), 4))

    return escape


_LOWER = _escaped(lambda digits, _: digits)
_UPPER = _escaped(lambda digits, _: digits.upper())
_MIXED = _escaped(lambda digits, place: re.sub("[a-f]", lambda one: one[0].upper(), digits, count=1 + place))


def _only(chars: str, escape: Escape) -> Escape:
    """Escapes these characters so, and others as little as can be."""
    return lambda char: escape(char) if char in chars else _least(char)


def _but_ascii(char: str) -> str:
    return json.dumps(char)[1:-1]


def _text(value: object, escape: Escape, of_names: Escape = _least, between: str = "") -> Iterator[str]:
    """The tokens of a value, with what stands between them."""
    if isinstance(value, dict):
        yield f"{{{between}"
        for number, (name, member) in enumerate(value.items()):
            yield f'{"," + between if number else ""}"{"".join(map(of_names, name))}"{between}:{between}'
            yield from _text(member, escape, of_names, between)
            yield between
        yield "}"
    elif isinstance(value, list):
        yield f"[{between}"
        for number, member in enumerate(value):
            yield f",{between}" if number else ""
            yield from _text(member, escape, of_names, between)
            yield between
        yield "]"
    else:
        yield f'"{"".join(map(escape, value))}"' if isinstance(value, str) else json.dumps(value)


def _spelt(escape: Escape = _least, of_names: Escape = _least, between: str = "") -> Callable[[Body], bytes]:
    return lambda body: "".join(_text(body, escape, of_names, between)).encode()


def _around(before: str, between: str, behind: str) -> Callable[[Body], bytes]:
    """With blanks before, between all tokens, and behind."""
    write = _spelt(between=between)
    return lambda body: before.encode() + write(body) + behind.encode()


def _indented(indent: str, line_end: str) -> Callable[[Body], bytes]:
    def write(body: Body) -> bytes:
        text = json.dumps(body, ensure_ascii=False, indent=indent)
        if _HALF.search(text):
            text = json.dumps(body, indent=indent)
        # within a string a line break is escaped
        return f"{text}\n".replace("\n", line_end).encode()

    return write


def _second_letter(body: Body) -> bytes:
    """The second letter of each name escaped: whoever looks for a name in the text does not find it."""
    return encode_json(body) if not body else b"".join(_with_second_letters(body))


def _with_second_letters(body: Body) -> Iterator[bytes]:
    for number, (name, value) in enumerate(body.items()):
        spelt = "".join(_UPPER(char) if place == 1 else _least(char) for place, char in enumerate(name))
        yield f'{"," if number else "{"}"{spelt}":'.encode() + encode_json(value)
    yield b"}"


def _besides(member: str, *, first: bool = False) -> Callable[[Body], bytes]:
    """With a member more, or several, spelt as they are to be."""

    def write(body: Body) -> bytes:
        own = encode_json(body)[1:-1]
        parts = [part for part in ((member.encode(), own) if first else (own, member.encode())) if part]
        return b"{" + b",".join(parts) + b"}"

    return write


def _class(
    group: str, *spellings: tuple[str, str, Callable[[Body], bytes]], additional: bool = False, large: bool = False
) -> tuple[JsonSpelling, ...]:
    """The spellings of a group: label, mistake and writer of each."""
    refusable = (_UNWILLING if additional else frozenset()) | (_TOO_LARGE if large else frozenset())
    return tuple(
        JsonSpelling(label, group, mistake, write, additional, refusable) for label, mistake, write in spellings
    )


PLAIN = JsonSpelling("plain JSON", "plain", "none: an ordinary body")

_ESCAPES = _class(
    "escapes",
    ("escapes for all but ASCII", "escapes left as they are", _spelt(_but_ascii, _but_ascii)),
    (
        "every character escaped, in lower case",
        "escapes left as they are, or a surrogate pair taken for two",
        _spelt(_LOWER),
    ),
    ("every character escaped, in capitals", "digits read in lower case only", _spelt(_UPPER)),
    ("every character escaped, in both cases", "digits read in one case only", _spelt(_MIXED)),
)

_MARKS = _class(
    "escaped marks",
    ("\\u0022 and \\u005c for quotes and backslashes", "unescaped before it is parsed, or twice",
     _spelt(_only('"\\', _LOWER))),
    ("\\u0022 and \\u005C for quotes and backslashes, in capitals", "unescaped before it is parsed, or twice",
     _spelt(_only('"\\', _UPPER))),
    ("\\/ for slashes", "the backslash left", _spelt(_only("/", lambda char: f"\\{char}"))),
)  # fmt: skip

_NAMES = _class(
    "members",
    ("a letter of each member's name escaped", "names looked for in the text", _second_letter),
    ("members' names escaped as a whole", "names looked for in the text", _spelt(of_names=_LOWER)),
)

_ORDER = _class(
    "members",
    ("members in reverse order", "members read by position", lambda body: encode_json(dict(reversed(body.items())))),
    ("members in the order of the alphabet", "members read by position, or the last one used",
     lambda body: encode_json(dict(sorted(body.items())))),
)  # fmt: skip

_BLANKS = _class(
    "white space",
    ("blanks around the object", "the first byte looked at", _around(" \t\n", "", " \n")),
    ("blanks between all tokens", "names looked for in the text", _around(" ", "  ", " ")),
    ("tabs between all tokens", "blanks alone skipped", _around("\t", "\t", "\t")),
    ("carriage returns between all tokens", "line feeds alone skipped, or a line taken for the whole",
     _around("\r", "\r", "\r")),
    ("white space of every kind between all tokens", "a parser for one line",
     _around(" \t\r\n", "\r\n \t\n\r", "\n\r\t ")),
)  # fmt: skip

_MANY_BLANKS = _class(
    "white space",
    ("8,000 blanks before the object", "the first buffer looked at", _around(" " * 8000, "", "")),
    large=True,
)

_LINES = _class(
    "white space",
    ("indented, over several lines", "a parser for one line", _indented("    ", "\n")),
    ("indented with tabs, over lines that end in CRLF", "line ends rewritten or counted", _indented("\t", "\r\n")),
)

_NUMBERS = _class(
    "numbers",
    ("a number out of range in an additional member", "an overflow let through", _besides(f'"{UNNAMED}":1e400')),
    ("an integer of 400 digits in an additional member", "an overflow let through",
     _besides(f'"{UNNAMED}":-{"9" * 400}', first=True)),
    additional=True,
)  # fmt: skip

_LARGE = _class(
    "large values",
    ("an additional member nested 50 deep", "a limit let through as an exception",
     _besides(f'"{UNNAMED}":{"[" * 25}{"{"}"a":' + '{"a":' * 24 + "null" + "}" * 25 + "]" * 25, first=True)),
    ("an additional member of 10,000 characters", "a limit let through as an exception",
     _besides(f'"{UNNAMED}":"{"long " * 2000}"')),
    additional=True, large=True,
)  # fmt: skip

_ODD_NAMES = _class(
    "odd names",
    ("an additional member whose name is empty", "looked up, or bound, by its name", _besides('"":"x"')),
    ("additional members with names that mean something to languages", "bound to what they name",
     _besides('"__proto__":{"x":1},"constructor":{"y":{}},"__class__":"x","$ref":"#/x","a.b[0]":1', first=True)),
    additional=True,
)  # fmt: skip

#: All of them, the plain one first. Those with additional members stand at the end.
SPELLINGS: tuple[JsonSpelling, ...] = (
    PLAIN, *_ESCAPES, *_MARKS, *_NAMES, *_ORDER, *_BLANKS, *_MANY_BLANKS, *_LINES, *_NUMBERS, *_LARGE, *_ODD_NAMES,
)  # fmt: skip


def of_case(seed: str, case: str, raw: bytes | None) -> JsonSpelling:
    """How a body is spelt that is to be refused: another way for each case, and with each seed.

    One that is no JSON object, or an empty one, or is spelt in a way of its own, stays as it is.
    """
    body = decoded(raw)
    if not isinstance(body, dict) or not body or encode_json(body) != raw:
        return PLAIN
    fitting = [one for one in SPELLINGS if not one.refusable and one.differs(body)]
    return fitting[by_lot(seed, f"{case}, spelt", len(fitting))] if fitting else PLAIN
