"""What the dimensions of a rename have in common: values, each with its class and the mistake that it stands for."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V", bound="Value")


@dataclass(frozen=True)
class Value:
    """One value of a dimension. The first of a dimension is the plain one, that of an ordinary rename."""

    #: Reads after "only with": "a body in chunks".
    label: str
    #: The class within its dimension: a plan covers the pairs of classes.
    group: str
    #: The mistake of the real world that the value stands for.
    mistake: str

    @property
    def words(self) -> str:
        """What tells it from every other value of its dimension."""
        return self.label

    @property
    def thorough(self) -> bool:
        """Whether a quick run leaves it out."""
        return False

    @property
    def parts(self) -> tuple[Value, ...]:
        """Values of fewer oddities each, to be tried when this one fails; none when there is nothing to take apart."""
        return ()


def by_lot(seed: str, case: str, count: int) -> int:
    """A number below `count` that a case has drawn: the same each time in a run, another one with another seed."""
    return zlib.crc32(f"{seed} {case}".encode()) % count


def halves(things: Sequence[T], packed: Callable[[Sequence[T]], V]) -> tuple[V, ...]:
    """The parts of a value that has several things packed in it: its two halves; none of a single thing."""
    half = len(things) // 2
    return (packed(things[:half]), packed(things[half:])) if half else ()
