"""Keeps secrets out of everything that leaves the suite."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

#: What stands in a text where a secret stood.
MASK = "[secret]"

#: Shorter secrets are masked only as a whole word: replacing every "a" would ruin the text and betray the secret.
_SHORT = 6


def _spellings(secret: str) -> set[str]:
    """The forms in which a server may echo a secret: plain, percent-encoded, JSON-escaped, base64, hexadecimal."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], raw.hex(), raw.hex().upper()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # base64 of a text that holds the secret at any offset: the characters that depend on the secret alone
            text = encode(b"\0" * shift + raw).decode()
            start = {0: 0, 1: 2, 2: 3}[shift]
            end = len(text.rstrip("=")) - (0 if (shift + len(raw)) % 3 == 0 else 1)
            forms.add(text[start:end])
        forms.add(encode(raw).decode())
    return {form for form in forms if form}


class Redactor:
    """Replaces every spelling of the known secrets in a text by `MASK`."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        known = {secret for secret in secrets if secret}
        parts: list[str] = []
        for form in sorted({form for secret in known for form in _spellings(secret)}, key=lambda f: (-len(f), f)):
            escaped = re.escape(form)
            parts.append(escaped if len(form) >= _SHORT else rf"(?<![0-9A-Za-z]){escaped}(?![0-9A-Za-z])")
        self._pattern = re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text
