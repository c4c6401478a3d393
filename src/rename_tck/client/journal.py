"""Everything that a run sends, in order, each with what it was sent for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rename_tck.client.exchange import Exchange

#: Bytes of a body that the journal keeps of an answer that is not under test: a listing may be long.
KEPT = 16_384


class Purpose(StrEnum):
    """What a request is sent for."""

    CASE = "case"
    #: An ordinary rename beside a case: before it, or the same without its fault.
    PREPARATION = "preparation"
    #: An ordinary rename or a reading after a failing case, to see what still works.
    CONTROL = "control"
    #: Finding out the system, and coming by sessions.
    PROVISIONING = "provisioning"
    READING = "reading"
    CLEANUP = "cleanup"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Entry:
    """One exchange, its number in the run (from 1), and the requirement and case that it was sent for, if any."""

    number: int
    exchange: Exchange
    purpose: Purpose
    requirement: str | None = None
    #: The keys of the case, from the outermost loop to the innermost.
    case: tuple[str, ...] = ()
    #: Whether it is of the operation under test.
    of_rename: bool = False


class Journal:
    """The entries of one target, safe for several threads at once."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self, exchange: Exchange, purpose: Purpose, requirement: str | None, case: Sequence[str], *, of_rename: bool
    ) -> Entry:
        """Append an exchange. The body of a long answer that is not under test is cut."""
        answer = exchange.answer
        if not of_rename and answer is not None and len(answer.body) > KEPT:
            exchange = replace(exchange, answer=replace(answer, body=answer.body[:KEPT]))
        with self._lock:
            entry = Entry(len(self._entries) + 1, exchange, purpose, requirement, tuple(case), of_rename)
            self._entries.append(entry)
        return entry

    def since(self, number: int = 0) -> list[Entry]:
        """The entries after the one of this number."""
        return self._entries[number:]

    def nothing_but_readings(self, since: int) -> bool:
        """Whether everything after the entry of this number only asked for what there is."""
        return all(entry.exchange.request.method == "GET" for entry in self._entries[since:])

    def renames(self, since: int = 0) -> list[Entry]:
        """The entries of the operation under test, after the one of this number."""
        return [entry for entry in self._entries[since:] if entry.of_rename]
