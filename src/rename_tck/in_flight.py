"""Independent parts of a run that are in flight together, so that a target which is slow to answer is waited for once.

Only one part goes on at a time; the others wait for an answer, or for their turn. Turns go round in the order in which
the parts began, whatever comes back first: so the same is done in the same order each time, and nothing that parts
share is changed by two of them at once. Parts of a part take the seats that are free.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, wait
from contextlib import contextmanager
from typing import Generic, TypeVar

from rename_tck.interruption import INTERRUPTION

T = TypeVar("T")

#: The most parts that are in flight together.
MOST = 8


class _Seat:
    """Where a part stands in its flight: the others that are in flight with it, and which sessions are its own."""

    def __init__(self, ring: _Ring, place: int | None, *, nested: bool = False) -> None:
        self.ring, self.place, self.nested = ring, place, nested
        self.turn = threading.Semaphore(0)


class _Ring:
    """Seats in a circle, of which one has the turn. Only who has the turn changes anything about it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seats: list[_Seat] = []

    @property
    def room(self) -> int:
        """How many more parts may be in flight."""
        return self._most - len(self._seats)

    def take(self, seats: Sequence[_Seat], after: _Seat | None = None) -> None:
        """Let parts take seats, behind that of another one."""
        at = len(self._seats) if after is None else self._seats.index(after) + 1
        self._seats[at:at] = seats

    def pass_on(self, seat: _Seat) -> None:
        """Give the turn to the next seat."""
        after = self._seats.index(seat) + 1
        self._seats[after % len(self._seats)].turn.release()

    def leave(self, seat: _Seat, to: _Seat | None = None) -> None:
        """Give the turn to the next seat, or to one that takes this place, and never take it again."""
        after = self._seats.index(seat)
        self._seats[after : after + 1] = [] if to is None else [to]
        if self._seats:
            self._seats[after % len(self._seats)].turn.release()


class _Current(threading.local):
    """The seat of the thread's own part; none in a thread that is none of a flight."""

    seat: _Seat | None = None


_CURRENT = _Current()


@contextmanager
def away() -> Iterator[None]:
    """Let other parts go on while this one waits for something outside of the run."""
    seat = _CURRENT.seat
    if seat is None:
        yield
        return
    seat.ring.pass_on(seat)
    try:
        yield
    finally:
        seat.turn.acquire()


def place() -> int | None:
    """Where the calling thread's part stands among those that are in flight together; None where it is at home.

    Parts of a part stand where it does.
    """
    return None if _CURRENT.seat is None else _CURRENT.seat.place


class _Parts(Generic[T]):
    """Parts that are done by several, each of whom takes the next that nobody has begun."""

    def __init__(self, parts: Sequence[Callable[[], T]]) -> None:
        self._parts, self._waiting = parts, iter(range(len(parts)))
        self._results: dict[int, T] = {}
        self._raised: dict[int, BaseException] = {}

    def do_some(self) -> None:
        """Do parts until none is left, or one of them has raised something."""
        for number in self._waiting:
            if self._raised:
                break
            try:
                self._results[number] = self._parts[number]()
            except BaseException as error:  # noqa: BLE001  (raised again below)
                self._raised[number] = error

    def results(self) -> list[T]:
        """What each has returned. Raises what the first of them, in their order, has raised."""
        if self._raised:
            raise self._raised[min(self._raised)]
        return [self._results[number] for number in range(len(self._parts))]


def together(
    parts: Sequence[Callable[[], T]], most: int, executor: Executor, *, first_at_home: bool = False
) -> list[T]:
    """Do all of these parts, of which up to `most` are in flight at once; what each returns, in their order.

    Each has a place of its own, but for the first where that is `at_home`: it stands where the caller does.

    Parts of a part are in flight with the others as far as there is room; theirs, and all where `most` is 1, are done
    one after the other. Once a part raises, no further one is begun; those under way come to their end.

    Raises:
        BaseException: what the first of those parts, in their order, has raised.
    """
    seat = _CURRENT.seat
    room = most if seat is None else 0 if seat.nested else seat.ring.room + 1
    count = min(most, room, len(parts))
    if count < 2:
        return [part() for part in parts]
    if seat is not None:
        return _nested(parts, count, seat, executor)
    ring = _Ring(most)
    places = [None if first_at_home and not number else number for number in range(count)]
    return _begin(parts, [_Seat(ring, one) for one in places], executor)


def _begin(parts: Sequence[Callable[[], T]], seats: Sequence[_Seat], executor: Executor) -> list[T]:
    """A flight that begins, and what its parts return."""
    ring, doing = seats[0].ring, _Parts(parts)
    ring.take(seats)
    seats[0].turn.release()

    def work(own: _Seat) -> None:
        with _seated(own):
            doing.do_some()
            ring.leave(own)

    with INTERRUPTION.held():  # what waits for a turn that is never given would hold up the end of the run
        wait([executor.submit(work, own) for own in seats])
    return doing.results()


def _nested(parts: Sequence[Callable[[], T]], count: int, parent: _Seat, executor: Executor) -> list[T]:
    """Parts of a part that is in flight, which does some of them itself, and what they return."""
    ring, doing, left = parent.ring, _Parts(parts), count - 1
    seats = [_Seat(ring, parent.place, nested=True) for _ in range(left)]
    ring.take(seats, parent)
    waits = False

    def work(own: _Seat) -> None:
        nonlocal left
        with _seated(own):
            doing.do_some()
            left -= 1
            ring.leave(own, parent if waits and not left else None)

    for own in seats:
        executor.submit(work, own)
    parent.nested = True
    doing.do_some()
    parent.nested = False
    if left:
        waits = True  # for the last of them, who gives the turn back
        ring.leave(parent)
        parent.turn.acquire()
    return doing.results()


@contextmanager
def _seated(seat: _Seat) -> Iterator[None]:
    """Take a seat of a flight once its turn has come."""
    seat.turn.acquire()
    _CURRENT.seat = seat
    try:
        yield
    finally:
        _CURRENT.seat = None
