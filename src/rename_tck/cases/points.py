"""Points: renames that must be accepted, each one value of every dimension, and the space that they lie in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations

from rename_tck.cases.dimensions import Value

#: Between the labels of the values that are not plain, in the label of a point.
AND = " × "

#: What the label of an ordinary rename is.
PLAIN = "an ordinary rename"


#: Two classes of two dimensions, each by the dimension's name and its own; in the order of the dimensions.
Pair = tuple[str, str, str, str]


class Cost(Enum):
    """What a value of a dimension costs besides the rename itself."""

    NOTHING = "nothing"
    #: A session that is made for it.
    SESSION = "a session"
    #: A request before each rename.
    REQUEST = "a request"


@dataclass(frozen=True)
class Dimension:
    """One respect in which renames differ: its values, the plain one first."""

    name: str
    values: tuple[Value, ...]
    #: Values that are sent beside plain ones alone: what becomes of them is not certain.
    alone: tuple[Value, ...] = ()
    #: What another value than the plain one costs.
    cost: Cost = Cost.NOTHING
    #: Whether each value is a class of its own, so that pairs of values are covered.
    each: bool = False
    #: How many values there are, with those for which a run has no time.
    known: int = 0
    #: Whether sessions of another value than the plain one are in a listing of their own.
    listed_apart: bool = False

    @property
    def plain(self) -> Value:
        """The value of an ordinary rename."""
        return self.values[0]

    def class_of(self, value: Value) -> str:
        """The class of a value, by which pairs are covered."""
        return value.words if self.each else str(value.group)

    def groups(self) -> dict[str, list[Value]]:
        """The values by their class, in the order of their first."""
        found: dict[str, list[Value]] = {}
        for value in self.values:
            found.setdefault(self.class_of(value), []).append(value)
        return found


@dataclass(frozen=True)
class Point:
    """A rename as the value of each dimension, by the dimensions' order in the space."""

    values: tuple[Value, ...]
    #: The values that are not plain, in words.
    label: str = field(compare=False)
    #: The positions of the dimensions whose value is not the plain one.
    odd: tuple[int, ...] = field(compare=False)


@dataclass(frozen=True)
class Space:
    """The dimensions of a system's renames, and which values do not go together."""

    dimensions: tuple[Dimension, ...]
    #: Whether values go together, by the names of their dimensions: of two of them, or of more.
    fit: Callable[[Mapping[str, Value]], bool] = lambda _: True

    @property
    def plain(self) -> Point:
        """The ordinary rename."""
        return self.point(tuple(dimension.plain for dimension in self.dimensions))

    def point(self, values: tuple[Value, ...]) -> Point:
        """The point of these values, one of each dimension."""
        odd = tuple(
            place
            for place, (value, dimension) in enumerate(zip(values, self.dimensions, strict=True))
            if value != dimension.plain
        )
        return Point(values, AND.join(values[place].words for place in odd) or PLAIN, odd)

    def replaced(self, point: Point, place: int, value: Value | None = None) -> Point:
        """The point with another value in one dimension; with the plain one where none is given."""
        values = list(point.values)
        values[place] = self.dimensions[place].plain if value is None else value
        return self.point(tuple(values))

    def place(self, name: str) -> int | None:
        """The position of the dimension of this name; None where the space has none."""
        return next((place for place, dimension in enumerate(self.dimensions) if dimension.name == name), None)

    def value(self, point: Point, name: str) -> Value | None:
        """The point's value of the dimension of this name; None where the space has no such dimension."""
        place = self.place(name)
        return None if place is None else point.values[place]

    def named(self, label: str) -> Point | None:
        """The point of this label, its name a part of a packed one or not; None where the space has not all of it."""
        values = [dimension.plain for dimension in self.dimensions]
        words = label.split(AND) if label != PLAIN else []
        for place, value in self._with_parts(words):
            if value.words in words:
                words.remove(value.words)
                values[place] = value
        return None if words else self.point(tuple(values))

    def _with_parts(self, words: list[str]) -> Iterator[tuple[int, Value]]:
        """Every value with its dimension's position; and its parts, while words are left to look for."""
        given = [
            (place, value)
            for place, dimension in enumerate(self.dimensions)
            for value in (*dimension.values, *dimension.alone)
        ]
        yield from given
        while words and given:
            given = [(place, part) for place, value in given for part in value.parts]
            yield from given

    def fits(self, point: Point) -> bool:
        """Whether the values of a point go together."""
        return self.fit({dimension.name: value for dimension, value in zip(self.dimensions, point.values, strict=True)})

    def pairs(self) -> set[Pair]:
        """Each pair of classes of two dimensions of which some values go together: dimension, class, and again."""
        return {
            (one.name, first, other.name, second)
            for one, other in combinations(self.dimensions, 2)
            for first, seconds in one.groups().items()
            for second, others in other.groups().items()
            if any(self.fit({one.name: value, other.name: its}) for value in seconds for its in others)
        }

    def covered(self, points: Iterable[Point]) -> set[Pair]:
        """The pairs of classes that these points cover."""
        return {
            (one.name, one.class_of(point.values[place]), other.name, other.class_of(point.values[second]))
            for point in points
            for (place, one), (second, other) in combinations(enumerate(self.dimensions), 2)
        }
