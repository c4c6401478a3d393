"""Keeps secrets out of everything that leaves the suite."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from functools import lru_cache
from html.entities import html5
from typing import Any

#: What stands in a text where a secret stood.
MASK = "[secret]"

#: Shorter secrets are masked only as a whole word: replacing every "a" would ruin the text and betray the secret.
_SHORT = 6

#: Characters that are looked through for secrets in a text of which only the beginning is shown.
FAR = 20_000

#: Where a word may begin or end: at no letter or digit, but for one that belongs to an escape before the word.
_BEGINS = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9a-f]{2})|(?<=\\u[0-9a-f]{4})|(?<=\\x[0-9a-f]{2})|(?<=\\[bfnrt]))"
_ENDS = r"(?![0-9A-Za-z])"


#: What becomes of a character beyond ASCII that is misread more than once; the others tell the secret.
_MISREAD = "[^\\x00-\\x7f]{1,8}"


def _as_sent(key: str | None) -> tuple[str, ...]:
    """A key in the forms in which it is sent: also a character shorter and in the other case, to see it refused."""
    return (key, key[:-1], key.swapcase()) if key else ()


@lru_cache(maxsize=1)
def _entities() -> dict[str, list[str]]:
    """The names that HTML has for a character."""
    names: dict[str, list[str]] = {}
    for name, meant in html5.items():
        if name.endswith(";"):
            names.setdefault(meant, []).append(name)
    return names


@lru_cache(maxsize=256)
def _character(char: str, *, misread: bool = True) -> str:
    """A pattern of one character in every spelling in which a server may echo it.

    Plain, behind backslashes, percent-encoded (once or more), escaped as JSON, its pointers, JavaScript, C or HTML have
    it, and as it looks when one end takes UTF-8 for Latin-1 or the other way round, perhaps twice. Every repetition is
    bounded, so that no text takes long.
    """
    point, latin = ord(char), ord(char) < 256
    utf8 = char.encode("utf-8", "surrogatepass")
    spellings = [re.escape(char), rf"%?u(?:{point:04x}|\{{0{{0,4}}{point:x}\}})"]
    octal = []
    for raw in {utf8, bytes([point])} if latin else {utf8}:
        spellings.append("".join(f"%(?:25){{0,3}}{byte:02x}" for byte in raw))
        spellings.append(r"\\{0,16}".join(f"x{byte:02x}" for byte in raw))
        octal.append("".join(rf"\\{{1,16}}0?{byte:03o}" for byte in raw))
    names = "".join(f"|{name}" for name in _entities().get(char, ()))
    spellings.append(f"&(?:amp;){{0,3}}(?:#0{{0,6}}{point};|#x0{{0,6}}{point:x};{names})")
    spellings += {" ": [r"\+"], "/": ["~1"], "~": ["~0"]}.get(char, [])
    if misread and not char.isascii():
        spellings.append("".join(_character(part, misread=False) for part in utf8.decode("latin-1")))
        spellings += [_character("\ufffd", misread=False), r"\?", _MISREAD]
    return rf"(?:\\{{0,16}}(?:{'|'.join(spellings)})|{'|'.join(octal)})"


def _encodings(secret: str) -> list[str]:
    """The secret in hexadecimal, and in base64 wherever it may stand in the text that was encoded."""
    forms: set[str] = set()
    for raw in {secret.encode("utf-8", "surrogatepass"), secret.encode("latin-1", "replace")}:
        forms.add(raw.hex())
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.add(encode(raw).decode().rstrip("="))
            for before in range(3):
                text = encode(b"\0" * before + raw).decode().rstrip("=")
                # only the characters that depend on the secret alone
                start = {0: 0, 1: 2, 2: 3}[before]
                end = len(text) - (1 if (before + len(raw)) % 3 else 0)
                forms.add(text[start:end])
    return sorted((form for form in forms if len(form) >= _SHORT), key=lambda form: (-len(form), form))


def _broken(form: str) -> str:
    """A pattern of base64 or hexadecimal, which may be broken into lines, and its signs be escaped."""
    between = r"(?:[\r\n]|\\{1,16}[rn]){0,2}"
    return between.join(char if char.isalnum() else _character(char) for char in form)


@lru_cache(maxsize=16)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    parts: list[str] = []
    for secret in sorted(secrets, key=lambda text: (-len(text), text)):
        anchored = sum(map(str.isascii, secret)) >= _SHORT
        spelled = "".join(_character(char, misread=anchored) for char in secret)
        parts.append(spelled if len(secret) >= _SHORT else f"{_BEGINS}{spelled}{_ENDS}")
        parts += map(_broken, _encodings(secret))
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


class Redactor:
    """Replaces every spelling of the known secrets in a text by `MASK`."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._pattern = _pattern(frozenset(secret for secret in secrets if secret))

    @classmethod
    def of(cls, key: str | None, others: Iterable[str | None], header_values: Iterable[str]) -> Redactor:
        """The one that knows the user's secrets: the keys, and the values of the headers that go with every request."""
        return cls((*_as_sent(key), *others, *header_values))

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def shortened(self, text: str, most: int) -> str:
        """The text without the secrets, cut to a length: masked before that, for half a secret is still a secret."""
        masked = self(text[:FAR])
        if len(text) > FAR and MASK in masked:
            # masking shortens: what comes after may be the beginning of a secret that goes on beyond what was read
            masked = masked[: masked.rindex(MASK) + len(MASK)]
        return masked if len(masked) <= most and len(text) <= FAR else masked[:most] + "…"

    def on_one_line(self, text: str, most: int) -> str:
        """The beginning of the text, as one line, without the secrets."""
        # masked before blanks are put together: there may be some in a secret
        return " ".join(self.shortened(text, FAR).split())[:most]

    def within(self, value: Any) -> Any:
        """JSON without the secrets in its texts; the names of its members stay."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.within(part) for part in value]
        return {name: self.within(part) for name, part in value.items()} if isinstance(value, dict) else value
