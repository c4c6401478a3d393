"""The sessions that points are sent to: each in the condition, of the kind and of the user that its point asks for."""

from __future__ import annotations

from collections.abc import Sequence

from rename_tck import in_flight
from rename_tck.cases.conditions import ORDINARY, Condition, together
from rename_tck.cases.points import Point, Space
from rename_tck.cases.rename_space import KIND, USER
from rename_tck.cases.scopes import Kind
from rename_tck.cases.users import User
from rename_tck.checks.context import CheckContext
from rename_tck.checks.grouping import next_group, sessions_worth
from rename_tck.checks.point_groups import Group
from rename_tck.systems.dialect import Session
from rename_tck.verdict import NotTested

#: So many points are worth readings of their own, where points are in flight together.
_LOT = 60

#: A condition, a kind and a user: what a session is to be.
_Wish = tuple[Condition, str | None, User]


class PointSessions:
    """Which sessions the points of a run are sent to."""

    def __init__(self, check: CheckContext, space: Space) -> None:
        self._check, self._space, self._pool = check, space, check.target.pool
        user = space.value(space.plain, USER)
        assert isinstance(user, User)
        self._own = user
        self._wishes: dict[Point, _Wish] = {}
        #: What the target does not make.
        self._not_had: set[_Wish] = set()

    def group(self, points: Sequence[Point]) -> Group:
        """The first of these points, and others whose sessions one listing shows with its own, each on one of its own.

        Raises:
            Unjudgeable: no answer came to a creation.
            NotTested: it is asked for in flight, and not even an ordinary session is made for that.
        """
        while True:
            waiting = self._waiting(points)
            worth = sessions_worth(
                {wish: len(those) for wish, those in waiting.items()},
                {wish: self._pool.there(*wish) for wish in waiting},
            )
            self._pool.make_ready(*((*wish, count) for wish, count in worth.items()))
            sessions = {wish: self._sessions(wish, count) for wish, count in worth.items()}
            if all(sessions.values()):
                break  # else ordinary ones take the place of what is not made
        group = Group()
        for wish, those in next_group(waiting, {wish: len(found) for wish, found in sessions.items()}).items():
            group.points += zip(those, sessions[wish], strict=False)
        return group

    def apart(self, points: Sequence[Point]) -> list[list[Point]]:
        """The points by the listing that shows their sessions, those with the first of them first.

        Those of one listing that are many are shared out.
        """
        found: dict[_Wish, dict[_Wish, list[Point]]] = {}
        for point in points:
            wish = self._wish(point)
            alike = next((one for one in found if self._is_listed_with(wish, one)), wish)
            found.setdefault(alike, {}).setdefault(wish, []).append(point)
        return [shared for by_wish in found.values() for shared in self._shared_out(by_wish)]

    def _is_ordinary(self, wish: _Wish) -> bool:
        condition, _, user = wish
        return condition.contents is None and user == self._own

    def _shared_out(self, by_wish: dict[_Wish, list[Point]]) -> list[list[Point]]:
        """Points in so many lots that none is short, and that none shares a session with another.

        Ordinary sessions each lot makes for itself.
        """
        lots: list[list[Point]] = [[] for _ in range(max(1, sum(map(len, by_wish.values())) // _LOT))]
        for wish, those in by_wish.items():
            apart = [[point] for point in those] if self._is_ordinary(wish) else [those]
            for points in apart:
                min(lots, key=len).extend(points)
        return lots

    def fresh(self, point: Point) -> Session:
        """A session for a point that nothing was sent to; the one that is there where none can be made."""
        wish = self._wish(point)
        while not (found := self._sessions(wish, 1)):
            wish = self._wish(point)
        condition, kind, user = wish
        if condition.contents is None and user.user_id == self._pool.user and (made := self._pool.fresh(kind)):
            return made  # the ordinary ones are those that other laws use
        again = self._sessions(wish, 1) if self._pool.retire(found[0]) else found
        return (again or found)[0]

    def _waiting(self, points: Sequence[Point]) -> dict[_Wish, list[Point]]:
        """Those points whose sessions one listing shows with that of the first, by the session that they ask for."""
        first = self._wish(points[0])
        waiting: dict[_Wish, list[Point]] = {first: []}
        for point in points:
            wish = self._wish(point)
            if self._is_listed_with(wish, first):
                waiting.setdefault(wish, []).append(point)
        return waiting

    def _is_listed_with(self, wish: _Wish, other: _Wish) -> bool:
        """Whether one listing shows the sessions of both."""
        _, kind, user = wish
        _, its_kind, its_user = other
        owners = {
            self._check.dialect.owner(one.user_id) if one.user_id is not None else None for one in (user, its_user)
        }
        return kind == its_kind and len(owners) == 1

    def _wish(self, point: Point) -> _Wish:
        """What a point's session is to be, as far as the target makes such sessions."""
        if point not in self._wishes:
            kind, user = self._space.value(point, KIND), self._space.value(point, USER)
            assert isinstance(kind, Kind)
            assert isinstance(user, User)
            self._wishes[point] = (
                together(tuple(value for value in point.values if isinstance(value, Condition))), kind.kind, user,
            )  # fmt: skip
        wish = self._wishes[point]
        if wish in self._not_had:
            wish = (ORDINARY, wish[1], self._own)
        return wish if wish not in self._not_had else (ORDINARY, self._check.some_session().kind, self._own)

    def _sessions(self, wish: _Wish, count: int) -> list[Session]:
        """So many sessions, or as many as can be had."""
        for most in range(count, 0, -1):
            try:
                return self._pool.in_condition(*wish, most)
            except NotTested:
                continue
        if in_flight.place() is not None and self._is_ordinary(wish):
            raise NotTested("no session of its own is made for what is in flight")  # at home there is one
        self._not_had.add(wish)
        return []
