"""Text from anywhere, made safe to look at: nothing invisible, nothing that moves a cursor, nothing without end."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Characters that no reader sees, or that act on what shows them: controls (C0, DEL, C1), soft hyphen and fillers,
#: marks and overrides of direction, zero-width characters, line and paragraph separators, unpaired surrogates,
#: noncharacters, tags.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

_CONTROLS = (
    *("NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI"),
    *("DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US"),
)


def name_of(character: str) -> str:
    """How a hidden character is shown: the ASCII controls by their names (`ESC`), the others as `U+202E`."""
    code = ord(character)
    if code < len(_CONTROLS):
        return _CONTROLS[code]
    return "DEL" if code == 0x7F else f"U+{code:04X}"


def visible(text: str, keep: str = "") -> str:
    """The text with every hidden character shown (`[ESC]`), but for those in `keep`."""

    def show(match: re.Match[str]) -> str:
        character = match[0]
        return character if character in keep else f"[{name_of(character)}]"

    return HIDDEN.sub(show, text)


def one_line(text: str) -> str:
    """The text on one line: line breaks and runs of blanks folded, hidden characters shown."""
    return visible(re.sub(r"[ \t\r\n]+", " ", text).strip(" "))


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of the text, and a note of how many more there are."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\u2026 ({len(text) - limit:,} more characters)"


def width(text: str) -> int:
    """How many columns of a terminal the text takes: wide characters and emoji two, combining marks none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth, wcwidth  # here, for it takes a while to import, and most texts are ASCII

    columns = wcswidth(text)
    # of a text with a control character it does not say: such a character takes no column
    return columns if columns >= 0 else sum(max(0, wcwidth(character)) for character in text)


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most `columns`, broken at blanks, or inside a word that is too long for a line."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            candidate = f"{line} {word}" if line else word
            if width(candidate) <= columns:
                line = candidate
                continue
            if line:
                lines.append(line)
            *full, line = chop(word, columns)
            lines += full
        lines.append(line)
    return lines


def chop(word: str, columns: int) -> list[str]:
    """The text in pieces of at most `columns`, all of it kept, and no character parted from its marks or joiners."""
    if width(word) <= columns:
        return [word]
    pieces, piece, taken = [], "", 0
    for character in _characters(word):
        size = width(character)
        if piece and taken + size > columns:
            pieces.append(piece)
            piece, taken = "", 0
        piece += character
        taken += size
    return [*pieces, piece]


def _characters(text: str) -> Iterable[str]:
    """What readers take for one character each: grapheme clusters."""
    if text.isascii():
        return text
    from wcwidth import iter_graphemes

    return iter_graphemes(text)


def pad(text: str, columns: int) -> str:
    """The text with blanks after it, up to that many columns."""
    return text + " " * (columns - width(text))
