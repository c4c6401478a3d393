"""Which case of a law is being tried: so that a failure can name it, later cases are still tried, and a later run can
try just that one again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

#: What stands between the keys of a case where it is named by them.
BETWEEN = " / "

#: What tells a case from an earlier one with the same key.
_NUMBER = re.compile(r" #\d+$")


@dataclass(frozen=True)
class _Place:
    """Where a case stands: the number of its loop among those at its depth, its key, and the name of its class."""

    loop: int
    key: str
    kind: str
    #: Whether a later run can try it alone by its key.
    replayable: bool = True


class CaseSelector:
    """The keys of the cases that are being tried, from the outermost loop of a law to the innermost.

    With `wanted`, the keys of a failure, each loop yields the one case that these name, and loops that do not know it
    yield none; an empty `wanted` is a failure outside every loop. Where cases are `telling`, named by their keys, the
    others are left out.

    A law that has failed at a case may be run again from its start: after `resume` its loops leave out what was tried.
    """

    def __init__(self, wanted: Sequence[str] | None = None, telling: Sequence[str] = ()) -> None:
        self._wanted = None if wanted is None else tuple(wanted)
        self._telling = telling
        #: Whether the wanted case was come by; a law that has it no longer never does.
        self.met = not wanted
        #: The classes of case that were tried, each by its path of names.
        self.tried: dict[tuple[str, ...], None] = {}
        self._places: list[_Place] = []
        self._loops: Counter[int] = Counter()
        #: The case up to which everything was tried, and whether it itself is to be tried again.
        self._done: tuple[_Place, ...] = ()
        self._again = False
        #: The case that the law was left at by an exception, until another is entered.
        self._left_at: tuple[_Place, ...] = ()
        self._explorations = 0

    def copied(self) -> CaseSelector:
        """One that is where this one is, and goes on by itself."""
        own = copy(self)
        own._places, own._loops, own.tried = [*self._places], self._loops.copy(), dict(self.tried)
        return own

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of what is being tried now."""
        return tuple(place.key for place in self._places if place.replayable)

    @property
    def kind(self) -> tuple[str, ...]:
        """The class of what is being tried now."""
        return tuple(place.kind for place in self._places)

    @property
    def narrowed(self) -> bool:
        """Whether only one case is wanted."""
        return self._wanted is not None

    @property
    def met_again(self) -> bool:
        """Whether the case that the law goes on at was come by since `resume`: else its loops have other cases now."""
        return not self._done

    @property
    def looks_back(self) -> bool:
        """Whether no case is to be tried: the law judges what others have sent."""
        return "" in self._telling

    @property
    def left_at(self) -> tuple[str, ...]:
        """The keys of the case that the law was left at by an exception; empty outside of every loop."""
        return tuple(place.key for place in self._left_at)

    @property
    def left_at_kind(self) -> tuple[str, ...]:
        """The class of that case."""
        return tuple(place.kind for place in self._left_at)

    @property
    def resumed_after(self) -> str:
        """The case that the law goes on after, in words."""
        return " / ".join(place.key if place.replayable else place.kind or place.key for place in self._done)

    def widen(self) -> None:
        """From now on try every case."""
        self._wanted = None
        self._start()

    def resume(self, *, again: bool = False) -> bool:
        """Have the law, run again from its start, try what comes after the case that it was left at.

        With `again` that case itself is tried once more. False where the law was left outside of every loop.
        """
        if not self._left_at or self.narrowed:
            return False
        self._done, self._again = self._left_at, again
        self._start()
        return True

    def restart(self) -> None:
        """Have the law, run again from its start, try every case again."""
        self._done, self._again = (), False
        self._start()

    def _start(self) -> None:
        self._places.clear()
        self._loops.clear()
        self._left_at = ()
        self._explorations = 0

    def select(self, items: Iterable[T]) -> Iterator[T]:
        """The items that are to be tried, each the last of the keys while it is."""
        depth = len(self._places)
        loop, times = self._enter(depth), Counter[str]()
        for item in items:
            key = key_of(item)
            times[key] += 1
            if times[key] > 1:
                key = f"{key} #{times[key]}"
            place = _Place(loop, key, _NUMBER.sub("", key))
            if not self._is_wanted(depth, key) or self._was_tried(depth, place) or not self._is_telling(key):
                continue
            yield from self._try(depth, place, item)
            if self._wanted is not None and depth < len(self._wanted):
                return  # the keys of one loop are all different: what comes after was not asked for

    def look_back(self, items: Iterable[T], kind: Callable[[T], str]) -> Iterator[T]:
        """The items that were not judged yet, in the order of a law that looks back; `kind` names the class of one."""
        depth = len(self._places)
        loop = self._enter(depth)
        for number, item in enumerate(items):
            place = _Place(loop, str(number), kind(item), replayable=False)
            if not self._was_tried(depth, place):
                yield from self._try(depth, place, item)

    def exploration(self) -> str:
        """The key of the next exploration of the test."""
        self._explorations += 1
        return f"drawn values, part {self._explorations}"

    def _enter(self, depth: int) -> int:
        self._loops[depth] += 1
        self.tried.pop(self.kind, None)  # a case is what no other loop is in
        return self._loops[depth]

    def _try(self, depth: int, place: _Place, item: T) -> Iterator[T]:
        self._places.append(place)
        self._loops[depth + 1], self._left_at = 0, ()
        self.tried.setdefault(self.kind)
        try:
            yield item
        except GeneratorExit:
            # the innermost loop is left first
            self._left_at = self._left_at or tuple(self._places)
            raise
        finally:
            if len(self._places) > depth and self._places[depth] is place:
                del self._places[depth:]
        self._left_at = ()

    def _was_tried(self, depth: int, place: _Place) -> bool:
        """Whether it comes before the case that the law was left at, or is that one."""
        done = self._done
        if depth >= len(done) or not all(
            (own.loop, own.key) == (other.loop, other.key) for own, other in zip(self._places, done, strict=False)
        ):
            return False
        if place.loop != done[depth].loop:
            return place.loop < done[depth].loop
        if place.key != done[depth].key:
            return True
        if depth < len(done) - 1:
            return False
        self._done = ()  # what comes after was not tried
        return not self._again

    def _is_telling(self, key: str) -> bool:
        """Whether a case is one of those that are to be tried, or in one, or has one in it."""
        path = BETWEEN.join((*self.keys, key)) + BETWEEN
        return not self._telling or any(
            path.startswith(one) or one.startswith(path) for one in (f"{name}{BETWEEN}" for name in self._telling)
        )

    def _is_wanted(self, depth: int, key: str) -> bool:
        if self._wanted is None:
            return True
        if depth >= len(self._wanted):
            return bool(self._wanted)
        if self._wanted[depth] != key:
            return False
        self.met = self.met or depth == len(self._wanted) - 1
        return True


def key_of(item: object) -> str:
    """What a case is called in every run: its label, the text itself, that of a tuple's first member.

    Never what a run makes up anew: a session counts by its kind.
    """
    if isinstance(item, str):
        return item
    if isinstance(item, tuple) and item:
        return key_of(item[0])
    label = getattr(item, "label", None)
    if isinstance(label, str):
        return label
    if item is None or isinstance(item, int):
        return str(item)
    return str(getattr(item, "kind", None) or type(item).__name__.lower())
