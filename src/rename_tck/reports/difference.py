"""Where two texts that should have been equal part, down to the code point."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

_SHOWN_POINTS = 6
_PLAIN = 24
_CONTEXT = 30
_MIDDLE = 80


class Difference(NamedTuple):
    """Two texts as what they share at the start, what each has of its own, and what they share at the end."""

    before: str
    expected: str
    actual: str
    after: str

    @property
    def sentence(self) -> str:
        """Where they part, with code points: two texts can look the same and differ (U+00E9, and e with U+0301)."""
        if not self.expected and not self.actual:
            return "The two are the same."
        position = f"They differ at character {len(self.before) + 1}"
        return f"{position}: {points(self.expected)} was expected, {points(self.actual)} came."

    def excerpt(self, own: str) -> str:
        """One of the two texts (`own` is its part of the difference), with long stretches left out and counted."""
        return _tail(self.before) + _head(own, _MIDDLE) + _head(self.after, _CONTEXT)


def compare(expected: str, actual: str) -> Difference:
    """Set the two texts against each other. A combining mark stays with the character that it modifies."""
    start = _shared(expected, actual)
    while start and any(_joins(text[start : start + 1]) for text in (expected, actual)):
        start -= 1
    end = _shared(expected[start:][::-1], actual[start:][::-1])
    while end and _joins(expected[len(expected) - end]):
        end -= 1
    stop = len(expected) - end
    return Difference(expected[:start], expected[start:stop], actual[start : len(actual) - end], expected[stop:])


def _shared(one: str, other: str) -> int:
    """How many characters the two have in common at their start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _joins(character: str) -> bool:
    return bool(character) and (unicodedata.category(character) in ("Mn", "Me") or character == "\u200d")


def points(text: str) -> str:
    """A short name for a text: itself where it is plain, else its code points."""
    if not text:
        return "nothing"
    if text.isascii() and text.isprintable():
        return f'"{text}"' if len(text) <= _PLAIN else f'"{text[:_PLAIN]}\u2026" ({len(text):,} characters)'
    points = " ".join(f"U+{ord(character):04X}" for character in text[:_SHOWN_POINTS])
    return points if len(text) <= _SHOWN_POINTS else f"{points}\u2026 ({len(text):,} characters)"


def _head(text: str, limit: int) -> str:
    return text if len(text) <= limit + 20 else f"{text[:limit]}\u2026 ({len(text) - limit:,} characters left out)"


def _tail(text: str) -> str:
    limit = _CONTEXT
    return text if len(text) <= limit + 20 else f"({len(text) - limit:,} characters left out) \u2026{text[-limit:]}"
