"""Points: renames that must be accepted, each one value of every dimension; and the plan, which of them a run sends.

Dimensions are independent, so a run covers pairs: each class of values of one dimension meets each class of every
other in some point, and each value is sent at least once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from covertable import make

from rename_tck.cases.dimensions import Value

#: Between the labels of the values that are not plain, in the label of a point.
AND = " × "

#: What the label of an ordinary rename is.
PLAIN = "an ordinary rename"


#: Two classes of two dimensions, each by the dimension's name and its own; in the order of the dimensions.
Pair = tuple[str, str, str, str]


@dataclass(frozen=True)
class Dimension:
    """One respect in which renames differ: its values, the plain one first."""

    name: str
    values: tuple[Value, ...]
    #: Values that are sent beside plain ones alone: what becomes of them is not certain.
    alone: tuple[Value, ...] = ()
    #: Whether another value than the plain one costs requests of its own.
    costly: bool = False

    @property
    def plain(self) -> Value:
        """The value of an ordinary rename."""
        return self.values[0]

    def groups(self) -> dict[str, list[Value]]:
        """The values by their class, in the order of their first."""
        found: dict[str, list[Value]] = {}
        for value in self.values:
            found.setdefault(value.group, []).append(value)
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
        """The point of this label; None where the space has not all of its values."""
        values = [dimension.plain for dimension in self.dimensions]
        known = {
            value.words: (place, value)
            for place, dimension in enumerate(self.dimensions)
            for value in (*dimension.values, *dimension.alone)
        }
        for word in label.split(AND) if label != PLAIN else ():
            if word not in known:
                return None
            place, value = known[word]
            values[place] = value
        return self.point(tuple(values))

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

    def covered(self, points: Sequence[Point]) -> set[Pair]:
        """The pairs of classes that these points cover."""
        return {
            (one.name, point.values[place].group, other.name, point.values[second].group)
            for point in points
            for (place, one), (second, other) in combinations(enumerate(self.dimensions), 2)
        }


def plan(space: Space, seed: str) -> list[Point]:
    """The points of a run: the ordinary rename, every value at least once, and every pair of classes.

    The same for the same seed. Which values of two classes meet differs from seed to seed.
    """
    return list(_Filling(space, seed).points())


class _Filling:
    """Puts values into the classes of a covering array, those first that were not sent yet."""

    def __init__(self, space: Space, seed: str) -> None:
        self._space, self._seed = space, seed
        self._draw = random.Random(seed)
        self._unsent = [
            {group: self._shuffled(values) for group, values in dimension.groups().items()}
            for dimension in space.dimensions
        ]

    def points(self) -> dict[Point, None]:
        """The points, in the order in which they are sent."""
        found: dict[Point, None] = {}
        self._add(found, self._space.plain)
        for row in self._rows():
            self._add(found, self._fitted([self._candidates(place, group) for place, group in enumerate(row)]))
        while any(values for groups in self._unsent for values in groups.values()):
            self._add(found, self._fitted([self._further(place) for place in range(len(self._space.dimensions))]))
        return found

    def _rows(self) -> list[list[str]]:
        """Classes, one of each dimension, so that every pair of them that fits is in some row."""
        dimensions = self._space.dimensions
        possible = self._space.pairs()
        cheap = [dimension for dimension in dimensions if not dimension.costly]
        groups = {dimension.name: list(dimension.groups()) for dimension in cheap}
        constraints = [
            _only(one.name, other.name, possible)
            for one, other in combinations(cheap, 2)
            if any((one.name, a, other.name, b) not in possible for a in one.groups() for b in other.groups())
        ]
        made = make(groups, salt=self._seed, constraints=constraints)
        rows = [dict(row) for row in made]
        for dimension in dimensions:
            if dimension.costly:
                self._spread(dimension, rows, possible)
        return [[row[dimension.name] for dimension in dimensions] for row in rows]

    def _spread(self, dimension: Dimension, rows: list[dict[str, str]], possible: set[Pair]) -> None:
        """Give each row a class of a dimension that costs requests: the plain one wherever no pair needs another."""
        name, plain = dimension.name, dimension.plain.group
        free = self._draw.sample(range(len(rows)), len(rows))
        for group in dimension.groups():
            if group == plain:
                continue
            missing = {pair for pair in possible if (name, group) in (pair[:2], pair[2:])}
            while missing and free:
                best = max(free, key=lambda number: len(missing & _pairs_with(name, group, rows[number])))
                gained = missing & _pairs_with(name, group, rows[best])
                if not gained:
                    break
                missing -= gained
                free.remove(best)
                rows[best][name] = group
        for number in free:
            rows[number][name] = plain

    def _further(self, place: int) -> list[Value]:
        """Values for a point that is sent for the sake of others: what was not sent yet, else what is cheap."""
        found, dimension = self._candidates(place), self._space.dimensions[place]
        return found if self._is_unsent(place, found[0]) or not dimension.costly else [dimension.plain]

    def _candidates(self, place: int, group: str | None = None) -> list[Value]:
        """Values of a class, or of any, to be tried in turn: those that were not sent yet before the others."""
        unsent, all_groups = self._unsent[place], self._space.dimensions[place].groups()
        names = list(all_groups) if group is None else [group]
        waiting = [value for name in names for value in unsent[name]]
        sent = [value for name in names for value in all_groups[name] if value not in waiting]
        return waiting + self._shuffled(sent)

    def _fitted(self, candidates: list[list[Value]]) -> Point:
        """A point of the first candidates that go together, the first of all among them."""
        names = [dimension.name for dimension in self._space.dimensions]
        chosen: dict[str, Value] = {}
        # what was not sent yet is settled first, so that it is sent
        places = sorted(range(len(names)), key=lambda place: not self._is_unsent(place, candidates[place][0]))
        for place in places:
            fitting = (value for value in candidates[place] if self._space.fit({**chosen, names[place]: value}))
            chosen[names[place]] = next(fitting, self._space.dimensions[place].plain)
        return self._space.point(tuple(chosen[name] for name in names))

    def _is_unsent(self, place: int, value: Value) -> bool:
        return value in self._unsent[place][value.group]

    def _add(self, found: dict[Point, None], point: Point) -> None:
        found.setdefault(point)
        for place, value in enumerate(point.values):
            if self._is_unsent(place, value):
                self._unsent[place][value.group].remove(value)

    def _shuffled(self, values: Sequence[Value]) -> list[Value]:
        return self._draw.sample(list(values), len(values))


def _only(one: str, other: str, possible: set[Pair]) -> dict[str, object]:
    """What tells covertable which classes of two dimensions go together."""
    return {
        "operator": "custom",
        "keys": [one, other],
        "evaluate": lambda row: (one, row[one], other, row[other]) in possible,
    }


def _pairs_with(name: str, group: str, row: Mapping[str, str]) -> set[Pair]:
    """The pairs that a class makes with those of a row, in whichever order the dimensions are."""
    others = [(one, its) for one, its in row.items() if one != name]
    return {(name, group, *other) for other in others} | {(*other, name, group) for other in others}
