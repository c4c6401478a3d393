"""The plan: which points a run sends.

Dimensions are independent, so a run covers pairs: each class of values of one dimension meets each class of every
other in some point, and each value is sent at least once. In a small dimension of a nightly run each value is a class;
of a large one, whatever a quick run leaves out is sent in shares, one a night.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeVar

from covertable import make

from rename_tck.cases.dimensions import Value
from rename_tck.cases.points import Cost, Dimension, Pair, Point, Space
from rename_tck.cases.small_arrays import SMALL, shape

T = TypeVar("T")

#: In how many shares that which a quick run leaves out of a dimension is sent. The seed says which of them a run sends,
#: as if by lot: that a share is left out for 30 nights comes about once in 60,000 months.
SHARES = 3

#: Sessions of one listing that points are sent to, if there are as many of them in conditions; ordinary ones make up
#: what is missing, and are so many at the least.
_ALIKE, _ORDINARY = 11, 2

#: How many covering arrays are made, of which the one is taken that needs the fewest points, where none is known that
#: needs few.
_TRIES = 60


def plan(space: Space, seed: str) -> list[Point]:
    """The points of a run: the ordinary rename, every value at least once, and every pair of classes that fits.

    Behind them what is sent alone. The same for the same seed; which values of two classes meet differs from seed to
    seed, as does the share of what a quick run leaves out.
    """
    share = random.Random(f"{seed}, the share").randrange(SHARES)
    planned = replace(space, dimensions=tuple(_with_share(one, share) for one in space.dimensions))
    points = list(_Plan(planned, seed).points())
    for place, dimension in enumerate(planned.dimensions):
        points += [space.replaced(space.plain, place, value) for value in dimension.alone]
    return points


def _with_share(dimension: Dimension, share: int) -> Dimension:
    """A dimension with all that a quick run sends, and one of the shares of the rest; a small one as it is."""
    if dimension.each:
        return dimension

    def kept(values: tuple[Value, ...]) -> tuple[Value, ...]:
        later = [value for value in values if value.thorough]
        left_out = set(map(id, later)) - set(map(id, later[share::SHARES]))
        return tuple(value for value in values if id(value) not in left_out)

    return replace(dimension, values=kept(dimension.values), alone=kept(dimension.alone))


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
        self._dimensions = {one.name: one for one in space.dimensions}
        self._groups = {one.name: one.groups() for one in space.dimensions}
        self._possible = space.pairs()
        self._missing = set(self._possible)
        #: How many points are sent to each session.
        self._load: Counter[int] = Counter()
        #: How many ordinary sessions there are beside those in conditions.
        self._ordinary = _ORDINARY

    def points(self) -> dict[Point, None]:
        """The points, in the order in which they are sent."""
        by_cost = {cost: [one for one in self._space.dimensions if one.cost is cost] for cost in Cost}
        sessions = [{one.name: one.plain for one in by_cost[Cost.SESSION]}, *self._array(by_cost[Cost.SESSION])]
        self._ordinary = max(_ORDINARY, _ALIKE + 1 - sum(not self._apart(one) for one in sessions))
        rows = [self._with_session(row, sessions) for row in self._array(by_cost[Cost.NOTHING])]
        rows += self._for_each_session(by_cost[Cost.NOTHING], sessions)
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
            self._missing -= self._pairs_of(part)
        return parts

    def _classes(self, dimensions: list[Dimension]) -> list[dict[str, str]]:
        """Classes, one of each dimension, so that every pair of them that fits is in some row."""
        groups = {one.name: list(one.groups()) for one in dimensions}
        if len(dimensions) == 1:
            return [{dimensions[0].name: group} for group in groups[dimensions[0].name]]
        small = SMALL.get(shape(groups, self._possible))
        salts = [f"{self._seed} {number}" for number in range(_TRIES)] if small is None else [self._draw.choice(small)]
        return min(arrays(groups, self._possible, salts), key=lambda rows: least(dimensions, rows))

    def _filled(self, dimensions: list[Dimension], row: Mapping[str, str], unsent: dict[str, list[Value]]) -> _Part:
        """Values of the classes of a row, of any where it has none: those first that were not sent yet."""
        part: _Part = {}
        waiting = [one for one in dimensions if self._of(one, unsent[one.name], row.get(one.name))]
        for dimension in (*waiting, *(one for one in dimensions if one not in waiting)):
            group = row.get(dimension.name)
            waits = set(map(id, unsent[dimension.name]))
            sent = [value for value in dimension.values if id(value) not in waits]
            wanted = (
                *self._of(dimension, unsent[dimension.name], group),
                *self._shuffled(self._of(dimension, sent, group)),
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
            any(self._space.fit({**part, name: value}) for value in self._groups[name][group])
            for name, group in row.items()
            if name not in part
        )

    def _of(self, dimension: Dimension, values: Sequence[Value], group: str | None) -> list[Value]:
        return [value for value in values if group in {None, dimension.class_of(value)}]

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
            covered = len(self._between(row, session) & self._missing) + 3 * (not load)
            is_ordinary = all(value == self._dimensions[name].plain for name, value in session.items())
            return covered, not apart or load < most[apart], -load / (self._ordinary if is_ordinary else 1)

        best = max(fitting or sessions, key=worth)
        self._load[id(best)] += 1
        found = self._made_to_fit({**best, **row})
        self._missing -= self._pairs_of(found)
        return found

    def _apart(self, session: _Part) -> tuple[Value, ...]:
        """What has a session listed apart from ordinary ones."""
        return tuple(
            value
            for name, value in session.items()
            if self._dimensions[name].listed_apart and value != self._dimensions[name].plain
        )

    def _made_to_fit(self, part: _Part) -> _Part:
        """A part whose values go together: the plain value of a dimension in place of one that stands in the way."""
        costless = [one for one in self._space.dimensions if one.cost is Cost.NOTHING and one.name in part]
        tries = [part, *({**part, one.name: one.plain} for one in costless)]
        plain = {**part, **{one.name: one.plain for one in costless}}
        return next((one for one in tries if self._space.fit(one)), plain)

    def _for_each_session(self, dimensions: list[Dimension], sessions: list[_Part]) -> list[_Part]:
        """Further rows, for sessions that no row was given to: each has a value, or a pair, that no other has."""
        unused = [session for session in sessions if not self._load[id(session)]]
        nothing: dict[str, list[Value]] = {one.name: [] for one in dimensions}
        return [self._with_session(self._filled(dimensions, {}, nothing), [session]) for session in unused]

    def _mended(self, dimensions: list[Dimension], sessions: list[_Part]) -> list[_Part]:
        """Further rows, for pairs with classes of sessions that no row has covered yet."""
        rows: list[_Part] = []
        of_session = {name for session in sessions for name in session}
        names = {one.name for one in dimensions}
        while missing := [pair for pair in sorted(self._missing) if {pair[0], pair[2]} <= names | of_session]:
            sides = (missing[0][:2], missing[0][2:])
            wanted = {name: group for name, group in sides if name in names}
            row = self._filled(dimensions, wanted, {name: [] for name in names})
            having = [
                session
                for session in sessions
                if all(self._class(session, name) == group for name, group in sides if name in of_session)
            ]
            rows.append(self._with_session(row, having))
            self._missing.discard(missing[0])
        return rows

    def _spread(self, dimension: Dimension, rows: list[_Part]) -> None:
        """Give each row a value of a dimension that costs requests: the plain one wherever no pair needs another."""
        free, unsent = self._shuffled(rows), self._shuffled(dimension.values[1:])
        plain, *others = dimension.groups().items()
        for group, values in (*others, plain):
            missing = self._missing_with(dimension, group)
            while missing or self._of(dimension, unsent, group):
                value = next(iter(self._of(dimension, unsent, group)), self._draw.choice(values))
                best = max(free or rows, key=lambda row: len(missing & self._sides(row)))
                if free:
                    free = [row for row in free if row is not best]
                else:  # a row more, like that which has most of what is left
                    best = dict(best)
                    rows.append(best)
                best[dimension.name] = value
                missing -= self._sides(best)
                unsent = [one for one in unsent if one is not value]
        for row in free:
            row[dimension.name] = dimension.plain

    def _missing_with(self, dimension: Dimension, group: str) -> set[tuple[str, str]]:
        """The classes of other dimensions that are still to be met by a class."""
        side = dimension.name, group
        return {pair[2:] if pair[:2] == side else pair[:2] for pair in self._missing if side in {pair[:2], pair[2:]}}

    def _class(self, part: _Part, name: str) -> str:
        return self._dimensions[name].class_of(part[name])

    def _sides(self, part: _Part) -> set[tuple[str, str]]:
        return {(name, self._class(part, name)) for name in part}

    def _pairs_of(self, part: _Part) -> set[Pair]:
        """The pairs of classes in a part of a point, in either order of the dimensions."""
        return self._between(part, part)

    def _between(self, part: _Part, other: _Part) -> set[Pair]:
        """The pairs of a class of one part and one of the other, in either order of the dimensions."""
        pairs = [(one, its) for one in self._sides(part) for its in self._sides(other) if one[0] != its[0]]
        return {(*one, *its) for one, its in pairs} | {(*its, *one) for one, its in pairs}

    def _shuffled(self, values: Sequence[T]) -> list[T]:
        return self._draw.sample(list(values), len(values))


def arrays(
    groups: Mapping[str, Sequence[str]], possible: set[Pair], salts: Iterable[str]
) -> Iterator[list[dict[str, str]]]:
    """Covering arrays over the classes of dimensions, one for each salt: every pair that is possible is in some row."""
    constraints = [
        _only(one, other, possible)
        for one, other in combinations(groups, 2)
        if any((one, a, other, b) not in possible for a in groups[one] for b in groups[other])
    ]
    for salt in salts:
        yield [dict(row) for row in make(groups, salt=salt, constraints=constraints)]


def _only(one: str, other: str, possible: set[Pair]) -> dict[str, object]:
    """What tells covertable which classes of two dimensions go together."""
    return {
        "operator": "fn",
        "requires": [one, other],
        "evaluate": lambda row: (one, row[one], other, row[other]) in possible,
    }


def least(dimensions: Sequence[Dimension], rows: Sequence[Mapping[str, str]]) -> int:
    """How many points these rows come to at the least, since every value is to be sent."""
    found = [len(rows)]
    for dimension in dimensions:
        often = Counter(row[dimension.name] for row in rows)
        found.append(sum(max(often[group], len(values)) for group, values in dimension.groups().items()))
    return max(found)
