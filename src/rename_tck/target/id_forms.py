"""Under which other ids a target may look for one: compared so coarsely that what seems nobody's is nobody's."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from urllib.parse import unquote

#: Characters that are a pattern's in SQL, in a shell or in a regular expression.
_PATTERN = re.compile(r"[%_*?.\[\]^$+(){}|\\]")

#: Where a list or a path is taken apart, and a C string or a line ends.
_APART = re.compile(r"[\0\r\n,;|/?#]+")

#: Letters and digits that an id must have, without its longest run of one of them, to be taken for a random one.
_RANDOM = 16

#: How often letters and digits of a random id take turns, at the least.
_TURNS = 4

#: Characters in which ids differ that were counted, or taken from a clock, one after the other.
_COUNTED = 10


def canonical(text: str) -> str:
    """What all spellings of an id have in common.

    Without case, blanks, marks, dashes and whatever else is no letter and no digit, in one normal form, numbers without
    leading zeros.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = re.sub(r"(?<!\d)0+(?=\d)", "", plain)
    return "".join(char for char in plain if char.isalnum())


def is_random(session_id: str) -> bool:
    """Whether an id looks as if nobody could guess it: at least 64 bits that are neither counted nor a time."""
    text = "".join(char for char in session_id if char.isalnum())
    longest = max((len(list(run)) for _, run in groupby(text)), default=0)
    turns = sum(one.isdigit() != other.isdigit() for one, other in pairwise(text))
    return len(text) - longest >= _RANDOM and turns >= _TURNS


def is_counted(session_id: str, known: Iterable[str]) -> bool:
    """Whether ids near this one may be given to others: it is not random, or a known one is much like it."""
    if not is_random(session_id):
        return True
    return any(other != session_id and _close(session_id, other) for other in known)


def _close(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > _COUNTED:
        return False
    shortest = min(len(one), len(other))
    before = next((at for at in range(shortest) if one[at] != other[at]), shortest)
    behind = next((at for at in range(shortest - before) if one[-1 - at] != other[-1 - at]), shortest - before)
    return before + behind >= max(len(one), len(other)) - _COUNTED


def texts(encoded: str) -> set[str]:
    """What a path segment may be read as: decoded once or twice, cut, or taken apart as a list or a path."""
    once = unquote(encoded, errors="replace")
    found = {once, unquote(once, errors="replace")}
    return {part for text in found for part in (text, *_APART.split(text)) if part.strip()}


def numbers(text: str) -> set[str]:
    """The integers that a text may be taken for, in decimal digits: as parseInt reads it, as a database casts it."""
    found = {0}  # MySQL's value of a text that is no number
    start = text.strip()
    if whole := re.match(r"[+-]?\d+", start):
        found.add(int(whole[0]))
    if power := re.match(r"[+-]?(\d{1,19}(?:\.\d{1,19})?)[eE](\d{1,2})", start):
        found.add(int(float(power[1]) * 10 ** int(power[2])))
    if based := re.match(r"0[xX]([0-9a-fA-F]+)", start):
        found.add(int(based[1], 16))
    wrapped = {number % 2**bits for number in found for bits in (32, 64)}
    return {str(number) for number in found | wrapped}


class KnownIds:
    """Ids of sessions, to compare others with."""

    def __init__(self, session_ids: Iterable[str]) -> None:
        self._ids = sorted(set(session_ids))
        self._forms: dict[str, str] = {}
        for session_id in self._ids:
            # it may itself be stored in another spelling
            for text in (session_id, unquote(session_id, errors="replace")):
                self._forms.setdefault(canonical(text), session_id)
        self._sorted = sorted(form for form in self._forms if form)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def hit_by(self, encoded: str) -> str | None:
        """An id that a target may take this path segment for: in another spelling, cut, as a number or as a pattern."""
        for text in sorted(texts(encoded)):
            found = self._by_beginning(canonical(text)) or self._by_number(text) or self._by_pattern(text)
            if found is not None:
                return found
        return None

    def means(self, text: str) -> bool:
        """Whether a text is one of the ids in another spelling."""
        return canonical(text) in self._forms

    def _by_beginning(self, form: str) -> str | None:
        """One that begins with it, or that it begins with."""
        if not form:
            return None
        at = bisect_left(self._sorted, form)
        if at < len(self._sorted) and self._sorted[at].startswith(form):
            return self._forms[self._sorted[at]]
        shorter = (form[:end] for end in range(1, len(form)))
        return next((self._forms[beginning] for beginning in shorter if beginning in self._forms), None)

    def _by_number(self, text: str) -> str | None:
        return next((self._forms[number] for number in sorted(numbers(text)) if number in self._forms), None)

    def _by_pattern(self, text: str) -> str | None:
        for pattern in patterns(text):
            found = next((session_id for session_id in self._ids if pattern.fullmatch(session_id)), None)
            if found is not None:
                return found
        return None


def patterns(text: str) -> list[re.Pattern[str]]:
    """What a text means as a pattern of SQL, of a shell and as a regular expression; none where it is none."""
    if not _PATTERN.search(text) or len(text) > 500 or set(text) == {"."}:  # the dots of a path
        return []
    found = []
    for source in (_replaced(text, {"%": ".*", "_": "."}), _replaced(text, {"*": ".*", "?": "."}), text):
        try:
            found.append(re.compile(source, re.IGNORECASE | re.DOTALL))
        except (re.error, OverflowError):
            continue
    return found


def _replaced(text: str, wild: dict[str, str]) -> str:
    return "".join(wild.get(char, re.escape(char)) for char in text)
