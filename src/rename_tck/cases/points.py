"""Points: renames that must be accepted, each one value of every dimension; and the plan, which of them a run sends.

Dimensions are independent, so a run covers pairs: each class of values of one dimension meets each class of every
other in some point, and each value is sent at least once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations
from typing import TypeVar

from covertable import make

from rename_tck.cases.dimensions import Value

#: Between the labels of the values that are not plain, in the label of a point.
AND = " × "

#: Ordinary sessions that there are beside each other one.
_ORDINARY = 10

#: What the label of an ordinary rename is.
PLAIN = "an ordinary rename"


#: Two classes of two dimensions, each by the dimension's name and its own; in the order of the dimensions.
Pair = tuple[str, str, str, str]


T = TypeVar("T")


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
    #: Whether sessions of another value than the plain one are in a listing of their own.
    listed_apart: bool = False

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
    """The points of a run: the ordinary rename, every value at least once, and every pair of classes that fits.

    The same for the same seed. Which values of two classes meet differs from seed to seed.
    """
    return list(_Plan(space, seed).points())


#: A part of a point: by the names of some dimensions, the value of each.
_Part = dict[str, Value]


class _Plan:
    """One run's plan.

    What a request is like costs nothing, so every value of it has a row of its own, over a covering array. Sessions
    cost something to make, so there are as few as have every value and every pair of classes of theirs; then each row
    is sent to that session with which it covers most. What comes before a rename costs a request, and is added last,
    only to as many rows as it takes.
    """

    def __init__(self, space: Space, seed: str) -> None:
        self._space, self._seed = space, seed
        self._draw = random.Random(seed)
        self._missing = space.pairs()
        self._by_name = {one.name: one for one in space.dimensions}
        #: How many points are sent to each session.
        self._load: Counter[int] = Counter()

    def points(self) -> dict[Point, None]:
        """The points, in the order in which they are sent."""
        by_cost = {cost: [one for one in self._space.dimensions if one.cost is cost] for cost in Cost}
        sessions = [{one.name: one.plain for one in by_cost[Cost.SESSION]}, *self._array(by_cost[Cost.SESSION])]
        rows = [self._with_session(row, sessions) for row in self._array(by_cost[Cost.NOTHING])]
        rows += self._mended(by_cost[Cost.NOTHING], sessions)
        for dimension in by_cost[Cost.REQUEST]:
            self._spread(dimension, rows)
        found: dict[Point, None] = {self._space.plain: None}
        for row in rows:
            found.setdefault(self._space.point(tuple(row[one.name] for one in self._space.dimensions)))
        return found

    def _array(self, dimensions: list[Dimension]) -> list[_Part]:
        """Values of these dimensions, so that each is in some part, and every pair of their classes that fits."""
        if not dimensions:
            return [{}]
        unsent = {one.name: self._shuffled(one.values) for one in dimensions}
        parts = [self._filled(dimensions, row, unsent) for row in self._classes(dimensions)]
        while any(unsent.values()):
            parts.append(self._filled(dimensions, {}, unsent))
        for part in parts:
            self._missing -= _pairs_of(part)
        return parts

    def _classes(self, dimensions: list[Dimension]) -> list[dict[str, str]]:
        """Classes, one of each dimension, so that every pair of them that fits is in some row."""
        if len(dimensions) == 1:
            return [{dimensions[0].name: group} for group in dimensions[0].groups()]
        possible = self._space.pairs()
        constraints = [
            _only(one.name, other.name, possible)
            for one, other in combinations(dimensions, 2)
            if any((one.name, a, other.name, b) not in possible for a in one.groups() for b in other.groups())
        ]
        groups = {one.name: list(one.groups()) for one in dimensions}
        return [dict(row) for row in make(groups, salt=self._seed, constraints=constraints)]

    def _filled(self, dimensions: list[Dimension], row: Mapping[str, str], unsent: dict[str, list[Value]]) -> _Part:
        """Values of the classes of a row, of any where it has none: those first that were not sent yet."""
        part: _Part = {}
        waiting = [one for one in dimensions if self._of(unsent[one.name], row.get(one.name))]
        for dimension in (*waiting, *(one for one in dimensions if one not in waiting)):
            group = row.get(dimension.name)
            waits = set(map(id, unsent[dimension.name]))
            sent = [value for value in dimension.values if id(value) not in waits]
            wanted = (
                *self._of(unsent[dimension.name], group),
                *self._shuffled(self._of(sent, group)),
                *dimension.values,
            )
            fitting = (value for value in wanted if self._leaves_room({**part, dimension.name: value}, row))
            part[dimension.name] = value = next(fitting, dimension.plain)
            if id(value) in waits:
                unsent[dimension.name].remove(value)
        return part

    def _leaves_room(self, part: _Part, row: Mapping[str, str]) -> bool:
        """Whether values go together, and with some value of each class that a row asks for besides."""
        return self._space.fit(part) and all(
            any(self._space.fit({**part, name: value}) for value in self._by_name[name].groups()[group])
            for name, group in row.items()
            if name not in part
        )

    def _of(self, values: Sequence[Value], group: str | None) -> list[Value]:
        return [value for value in values if group in {None, value.group}]

    def _with_session(self, row: _Part, sessions: list[_Part]) -> _Part:
        """A row, with the session by which it covers most.

        Of several it is one that is read together with others anyway, and of these the one that fewest rows were given
        to: of ordinary sessions there are as many as a group has points.
        """
        fitting = [one for one in sessions if self._space.fit({**one, **row})]
        most = Counter[tuple[Value, ...]]()
        for one in sessions:
            most[self._apart(one)] = max(most[self._apart(one)], self._load[id(one)])

        def worth(session: _Part) -> tuple[int, bool, float]:
            load, apart = self._load[id(session)], self._apart(session)
            covered = len(_pairs_of({**session, **row}) & self._missing) + 3 * (not load)
            is_ordinary = all(value == self._by_name[name].plain for name, value in session.items())
            return covered, not apart or load < most[apart], -load / (_ORDINARY if is_ordinary else 1)

        best = max(fitting or sessions, key=worth)
        self._load[id(best)] += 1
        found = self._made_to_fit({**best, **row})
        self._missing -= _pairs_of(found)
        return found

    def _apart(self, session: _Part) -> tuple[Value, ...]:
        """What has a session listed apart from ordinary ones."""
        return tuple(
            value
            for name, value in session.items()
            if self._by_name[name].listed_apart and value != self._by_name[name].plain
        )

    def _made_to_fit(self, part: _Part) -> _Part:
        """A part whose values go together: the plain value of a dimension in place of each that stands in the way."""
        found = dict(part)
        for dimension in self._space.dimensions:
            if not self._space.fit(found) and dimension.name in found and dimension.cost is Cost.NOTHING:
                found[dimension.name] = dimension.plain
        return found

    def _mended(self, dimensions: list[Dimension], sessions: list[_Part]) -> list[_Part]:
        """Further rows, for pairs with classes of sessions that no row has covered yet."""
        rows: list[_Part] = []
        of_session = {name for session in sessions for name in session}
        names = {one.name for one in dimensions}
        while missing := [pair for pair in sorted(self._missing) if {pair[0], pair[2]} <= names | of_session]:
            one, first, other, second = missing[0]
            wanted = {name: group for name, group in ((one, first), (other, second)) if name in names}
            row = self._filled(dimensions, wanted, {name: [] for name in names})
            having = [
                session
                for session in sessions
                if all(
                    session[name].group == group
                    for name, group in ((one, first), (other, second))
                    if name in of_session
                )
            ]
            rows.append(self._with_session(row, having))
            self._missing.discard(missing[0])
        return rows

    def _spread(self, dimension: Dimension, rows: list[_Part]) -> None:
        """Give each row a value of a dimension that costs requests: the plain one wherever no pair needs another."""
        free, unsent = self._shuffled(range(len(rows))), self._shuffled(dimension.values[1:])
        for group, values in dimension.groups().items():
            missing = {pair for pair in self._missing if (dimension.name, group) in {pair[:2], pair[2:]}}
            while group != dimension.plain.group and free and (missing or self._of(unsent, group)):
                value = next(iter(self._of(unsent, group)), self._draw.choice(values))
                best = max(free, key=lambda number: len(missing & _pairs_of({**rows[number], dimension.name: value})))
                rows[best][dimension.name] = value
                missing -= _pairs_of(rows[best])
                free.remove(best)
                unsent = [one for one in unsent if one is not value]
        for number in free:
            rows[number][dimension.name] = dimension.plain

    def _shuffled(self, values: Sequence[T]) -> list[T]:
        return self._draw.sample(list(values), len(values))


def _only(one: str, other: str, possible: set[Pair]) -> dict[str, object]:
    """What tells covertable which classes of two dimensions go together."""
    return {
        "operator": "custom",
        "keys": [one, other],
        "evaluate": lambda row: (one, row[one], other, row[other]) in possible,
    }


def _pairs_of(part: _Part) -> set[Pair]:
    """The pairs of classes in a part of a point, in either order of the dimensions."""
    of = [(name, value.group) for name, value in part.items()]
    return {(*one, *other) for one in of for other in of if one != other}
