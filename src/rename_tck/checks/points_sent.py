"""What became of the points of a run: they are sent in groups once the first of them is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from rename_tck.cases.points import Point, Space
from rename_tck.cases.rename_space import CLIENT, SPELLING
from rename_tck.checks.context import CheckContext
from rename_tck.checks.point_groups import Group, Outcome, PointSender
from rename_tck.checks.point_sessions import PointSessions
from rename_tck.checks.point_verdicts import problems
from rename_tck.systems.dialect import Session


@dataclass
class PointsSent:
    """The points of one run that were sent."""

    check: CheckContext
    space: Space
    points: list[Point]
    sender: PointSender
    sessions: PointSessions
    #: What became of each.
    outcomes: dict[Point, Outcome] = field(default_factory=dict)
    #: Points that an earlier run has kept: each is sent by itself.
    kept: set[Point] = field(default_factory=set)
    #: Of points that were refused for how they were sent, which says nothing of the rest of them: as it is usual.
    _as_usual: dict[Point, Outcome] = field(default_factory=dict)
    #: Whether they were sent in flight together.
    _flown: bool = False

    def of(self, point: Point) -> Outcome:
        """What became of a point, which is sent now where it was not yet."""
        if point not in self.outcomes:
            self._send(point)
        return self.outcomes[point]

    def judged(self, point: Point) -> Outcome:
        """The same, or what became of it as usual where it was refused for how it was sent."""
        sent = self.of(point)
        return self._as_usual.get(point, sent)

    def anew(self, point: Point) -> None:
        """Send a point once more, by itself."""
        self._keep([self.alone(point)])

    def alone(self, point: Point, session: Session | None = None) -> Outcome:
        """What becomes of a point that is sent by itself, to a fresh session in its condition.

        To the one there is where none can be made.
        """
        (outcome,) = self.sender.send(Group([(point, session or self.sessions.fresh(point))]))
        return outcome

    @contextmanager
    def for_several(self) -> Iterator[None]:
        """What is sent for every requirement, or at most as often as points are made smaller, is on no test's bill."""
        begun = len(self.check.target.client.journal)
        try:
            yield
        finally:
            self.check.target.sent_for_several += len(self.check.target.client.journal) - begun

    # -- sending

    def _send(self, first: Point) -> None:
        """Send a point, with those after it that are not sent yet and whose sessions one listing shows with its own.

        In flight together all of them.
        """
        planned = first in self.points and first not in self.kept
        if planned and self.check.target.client.in_flight > 1 and not self._flown:
            self._flown = True
            self._send_all()
            if first in self.outcomes:
                return
        start = self.points.index(first) if planned else len(self.points)
        rest = [point for point in self.points[start + 1 :] if point not in self.outcomes]
        with self.for_several():
            mark, kept = self._begun()
            group = self.sender.send(self.sessions.group([first, *rest]))
            self._keep_surely([group], mark, kept)

    def _send_all(self) -> None:
        """Send every point in flight together: those whose sessions one listing shows in groups, one after the other.

        What was sent before something keeps others from being sent is kept.
        """
        groups: list[list[Outcome]] = []

        def send(points: Sequence[Point]) -> None:
            left = list(points)
            while left:
                groups.append(self.sender.send(self.sessions.group(left)))
                done = {outcome.point for outcome in groups[-1]}
                left = [point for point in left if point not in done]

        with self.for_several():
            mark, kept = self._begun()
            parts = [partial(send, points) for points in self.sessions.apart(self.points)]
            try:
                self.check.target.client.together(parts, first_at_home=True)
            finally:
                self._keep_surely(groups, mark, kept)

    def _begun(self) -> tuple[int, tuple[int, ...]]:
        """How much was sent, and kept for other requirements, before something is in flight."""
        return len(self.check.target.client.journal), self.check.target.kept_for_laws()

    def _keep_surely(self, groups: list[list[Outcome]], mark: int, kept: tuple[int, ...]) -> None:
        """Keep what became of groups. What goes wrong in flight counts where it does so in turn, on other sessions."""
        target = self.check.target
        for outcome in (outcome for group in groups for outcome in group if self._is_refused_for_form(outcome)):
            target.refused_for_form += [outcome.exchange] if outcome.exchange.status >= 500 else []
        wrong = [] if target.client.in_flight == 1 else [group for group in groups if self._is_wrong(group)]
        if target.client.in_flight > 1 and (wrong or target.went_wrong_since(mark)):
            target.forget_since(mark, kept)
            for group in wrong or groups:
                again = Group([(one.point, self.sessions.fresh(one.point)) for one in group])
                group[:] = self.sender.send(again, in_turn=True)
        for group in groups:
            self._keep(group)

    def _is_wrong(self, group: Sequence[Outcome]) -> bool:
        moving, target = self.sender.volatile_members, self.check.target
        if target.went_wrong(one.exchange for one in group):
            return True
        return any(True for one in group for _ in problems(self.check, one, moving))

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of a group, and send those again as usual that were refused for how they were sent."""
        self.outcomes |= {outcome.point: outcome for outcome in outcomes}
        refused = [one for one in outcomes if self._is_refused_for_form(one)]
        if refused:
            group = Group([(self._usual(one.point), one.session) for one in refused])
            self._as_usual |= {one.point: usual for one, usual in zip(refused, self.sender.send(group), strict=True)}

    def _is_refused_for_form(self, outcome: Outcome) -> bool:
        return outcome.exchange.status in self.sender.refusable(outcome.point)

    def _usual(self, point: Point) -> Point:
        """A point without that for which a server may refuse it, however it is named."""
        for name in (CLIENT, SPELLING):
            place = self.space.place(name)
            assert place is not None
            usual = self.space.replaced(point, place)
            point = usual if self.sender.refusable(point) != self.sender.refusable(usual) else point
        return point
