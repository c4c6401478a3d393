"""Keeps secrets out of everything that leaves the suite."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from typing import Any

#: What stands in a text where a secret stood.
MASK = "[secret]"

#: Shorter secrets are masked only as a whole word: replacing every "a" would ruin the text and betray the secret.
_SHORT = 6


def _character(char: str) -> str:
    """A pattern of one character in every spelling in which a server may echo it.

    Plain, behind backslashes, percent-encoded (once or more), escaped as JSON, JavaScript or HTML have it. Every
    repetition is bounded, so that no text takes long.
    """
    point = ord(char)
    percent = "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    entity = html.escape(char, quote=True)
    spellings = [re.escape(char), percent, rf"u{point:04x}", rf"x{point:02x}"]
    spellings += [rf"&#0{{0,6}}{point};", rf"&#x0{{0,6}}{point:x};"]
    if entity != char:
        spellings.append(re.escape(entity))
    if char == " ":
        spellings.append(r"\+")
    return rf"\\{{0,4}}(?:{'|'.join(spellings)})"


def _encodings(secret: str) -> set[str]:
    """The secret in hexadecimal, and in base64 wherever it may stand in the text that was encoded."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {raw.hex()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.add(encode(raw).decode().rstrip("="))
        for before in range(3):
            text = encode(b"\0" * before + raw).decode().rstrip("=")
            # only the characters that depend on the secret alone
            start = {0: 0, 1: 2, 2: 3}[before]
            end = len(text) - (1 if (before + len(raw)) % 3 else 0)
            forms.add(text[start:end])
    return {form for form in forms if len(form) >= _SHORT}


class Redactor:
    """Replaces every spelling of the known secrets in a text by `MASK`."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        parts: list[str] = []
        for secret in sorted({secret for secret in secrets if secret}, key=lambda text: (-len(text), text)):
            spelled = "".join(_character(char) for char in secret)
            parts.append(spelled if len(secret) >= _SHORT else rf"(?<![0-9A-Za-z]){spelled}(?![0-9A-Za-z])")
            parts += [re.escape(form) for form in sorted(_encodings(secret), key=lambda form: (-len(form), form))]
        self._pattern = re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def within(self, value: Any) -> Any:
        """JSON without the secrets in its texts; the names of its members stay."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.within(part) for part in value]
        return {name: self.within(part) for name, part in value.items()} if isinstance(value, dict) else value
