"""The points of a smoke run: as many oddities as go into few renames, and no pair for its own sake."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from rename_tck.cases.dimensions import Value
from rename_tck.cases.points import Cost, Dimension, Point, Space
from rename_tck.cases.spaces import SMOKE

#: How many renames are sent besides the ordinary one, and how many at most to a session that is listed apart.
_POINTS, _APART = 30, 2

#: So many sessions are made, each odd in as many respects as go together.
_SESSIONS = 5


def planned(space: Space, seed: str, profile: str) -> list[Point]:
    """The points of a run of this profile. The same for the same seed."""
    if profile == SMOKE:
        return few(space, seed)
    from rename_tck.cases.plan import plan  # here, for a smoke run does without the library of it

    return plan(space, seed)


def few(space: Space, seed: str) -> list[Point]:
    """The ordinary rename, and then names of many labels, each with values of the others that were not sent yet.

    What costs nothing besides the rename is sent as often as there are renames. Of what costs a session or a request
    there is one value of each class. The same for the same seed.
    """
    draw = random.Random(f"{seed}, few")
    waiting = {one.name: _chosen(one, draw) for one in space.dimensions}
    by_cost = {cost: [one for one in space.dimensions if one.cost is cost] for cost in Cost}
    found = {space.plain: None}
    for session in _dealt(_sessions(space, by_cost[Cost.SESSION], waiting), by_cost[Cost.SESSION]):
        part = dict(session)
        for dimension in (*by_cost[Cost.REQUEST], *by_cost[Cost.NOTHING]):
            part[dimension.name] = _next(space, dimension, part, waiting[dimension.name])
        found.setdefault(space.point(tuple(part[one.name] for one in space.dimensions)))
    return list(found)


def _dealt(sessions: Sequence[dict[str, Value]], dimensions: Sequence[Dimension]) -> list[dict[str, Value]]:
    """The session of each rename. Those that are listed apart, where each takes a listing, get few."""
    apart = [one for one in sessions if any(one[each.name] != each.plain for each in dimensions if each.listed_apart)]
    near = [one for one in sessions if one not in apart]
    dealt = apart * _APART
    return [*dealt, *(near[number % len(near)] for number in range(_POINTS - len(dealt)))]


def _chosen(dimension: Dimension, draw: random.Random) -> list[Value]:
    """Which values of a dimension are sent, in an order that the seed decides."""
    of_sort: Callable[[Value], str] = dimension.class_of if dimension.cost is not Cost.NOTHING else _label
    values = [value for value in dimension.values[1:] if not value.thorough]
    chosen = {of_sort(value): value for value in draw.sample(values, len(values))}
    return list(chosen.values())


def _label(value: Value) -> str:
    return value.label


def _sessions(space: Space, dimensions: Sequence[Dimension], waiting: dict[str, list[Value]]) -> list[dict[str, Value]]:
    """An ordinary session twice, for most are, and between these some that are odd in as many respects as there are."""
    plain = {one.name: one.plain for one in dimensions}
    odd: list[dict[str, Value]] = []
    while any(waiting[one.name] for one in dimensions) and len(odd) < _SESSIONS:
        part: dict[str, Value] = {}
        for dimension in dimensions:
            part[dimension.name] = _next(space, dimension, part, waiting[dimension.name])
        odd.append(part)
    return [plain, *odd, plain]


def _next(space: Space, dimension: Dimension, part: dict[str, Value], waiting: list[Value]) -> Value:
    """The next value that goes with those of a part; the plain one where none does."""
    fitting = (value for value in waiting if space.fit({**part, dimension.name: value}))
    value = next(fitting, None)
    if value is None:
        return dimension.plain
    waiting.remove(value)
    return value
