"""How points share sessions and readings: how many sessions are worth making, and which points go together.

A group has one point on each of its sessions, and one reading of the listing. With more sessions there are fewer
groups, and each session costs requests of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

#: Points of a group: how many renames stand behind one reading of the listing.
MOST = 12

#: Requests that a session costs: to make, to read and to delete it.
_COST = 3


def groups_needed(points: Mapping[K, int], sessions: Mapping[K, int]) -> int:
    """How many groups so many points make with so many sessions, of each sort."""
    return max(
        -(-sum(points.values()) // MOST),
        *(-(-count // max(sessions.get(sort, 0), 1)) for sort, count in points.items()),
    )


def sessions_worth(points: Mapping[K, int], there: Mapping[K, int]) -> dict[K, int]:
    """How many sessions of each sort there should be for so many points, where so many are there: one at the least."""
    best = {sort: max(1, there.get(sort, 0)) for sort in points}
    groups = groups_needed(points, best)
    while True:
        more = {
            sort: one + 1 if -(-points[sort] // one) == groups and one < min(MOST, points[sort]) else one
            for sort, one in best.items()
        }
        cost = _COST * (sum(more.values()) - sum(best.values()))
        fewer = groups_needed(points, more)
        if not 0 < cost < groups - fewer:
            return best
        best, groups = more, fewer


def next_group(waiting: Mapping[K, Sequence[T]], sessions: Mapping[K, int]) -> dict[K, list[T]]:
    """The points of the next group, by sort: the very first, and then those of which most wait for each session."""
    chosen = dict.fromkeys(waiting, 0)
    chosen[next(iter(waiting))] = 1

    def rest(sort: K) -> float:
        return (len(waiting[sort]) - chosen[sort]) / max(sessions[sort], 1)

    for _ in range(MOST - 1):
        free = [sort for sort in waiting if rest(sort) > 0 and chosen[sort] < sessions[sort]]
        if free:
            chosen[max(free, key=rest)] += 1
    return {sort: list(waiting[sort][:count]) for sort, count in chosen.items() if count}
