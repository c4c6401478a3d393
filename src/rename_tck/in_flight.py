"""Independent parts of a run that are in flight together, so that a target which is slow to answer is waited for once.

Only one part goes on at a time; the others wait for an answer, or for their turn. Turns go round in the order in which
the parts began, whatever comes back first: so the same is done in the same order each time, and nothing that parts
share is changed by two of them at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, wait
from contextlib import contextmanager
from typing import TypeVar

from rename_tck.interruption import INTERRUPTION

T = TypeVar("T")

#: The most parts that are in flight together.
MOST = 8


class _Ring:
    """Places in a circle, of which one has the turn. Each is left by the part that has come to its end there."""

    def __init__(self, count: int) -> None:
        self._there = list(range(count))
        self._turns = [threading.Semaphore(int(place == 0)) for place in range(count)]

    def wait(self, place: int) -> None:
        """Wait for the turn of a place."""
        self._turns[place].acquire()

    def pass_on(self, place: int) -> None:
        """Give the turn to the next place."""
        after = self._there.index(place) + 1
        self._turns[self._there[after % len(self._there)]].release()

    def leave(self, place: int) -> None:
        """Give the turn to the next place, and never take it again."""
        after = self._there.index(place)
        del self._there[after]
        if self._there:
            self._turns[self._there[after % len(self._there)]].release()


class _Current(threading.local):
    """Where the thread's own part stands; nothing in a thread that is none of a flight."""

    ring: _Ring | None = None
    place = 0


_CURRENT = _Current()


@contextmanager
def away() -> Iterator[None]:
    """Let other parts go on while this one waits for something outside of the run."""
    ring, place = _CURRENT.ring, _CURRENT.place
    if ring is None:
        yield
        return
    ring.pass_on(place)
    try:
        yield
    finally:
        ring.wait(place)


def place() -> int | None:
    """Where the calling thread's part stands among those that are in flight together; None where it is none of them."""
    return None if _CURRENT.ring is None else _CURRENT.place


def together(parts: Sequence[Callable[[], T]], most: int, executor: Executor) -> list[T]:
    """Do all of these parts, of which up to `most` are in flight at once; what each returns, in their order.

    Parts of a part, and all where `most` is 1, are done one after the other. Once a part raises, no further one is
    begun; those under way come to their end.

    Raises:
        BaseException: what the first of those parts, in their order, has raised.
    """
    count = min(most, len(parts))
    if count < 2 or place() is not None:
        return [part() for part in parts]
    ring, waiting = _Ring(count), iter(range(len(parts)))
    results: dict[int, T] = {}
    raised: dict[int, BaseException] = {}

    def do_some(own: int) -> None:
        _CURRENT.ring, _CURRENT.place = ring, own
        ring.wait(own)
        try:
            for number in waiting:
                if raised:
                    break
                try:
                    results[number] = parts[number]()
                except BaseException as error:  # noqa: BLE001  (raised again below)
                    raised[number] = error
        finally:
            ring.leave(own)
            _CURRENT.ring = None

    with INTERRUPTION.held():  # what waits for a turn that is never given would hold up the end of the run
        wait([executor.submit(do_some, number) for number in range(count)])
    if raised:
        raise raised[min(raised)]
    return [results[number] for number in range(len(parts))]
