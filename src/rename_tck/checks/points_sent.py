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
from rename_tck.verdict import NotTested


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
    #: Whether they were sent in flight together: what is not known then is sent in turn.
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

        Where the target is slow to answer all of them are sent, in flight together.
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
            self._keep(self.sender.send(self.sessions.group([first, *rest]), in_turn=True))

    def _send_all(self) -> None:
        """Send every point in flight together: those of one listing in groups, one after the other.

        Where anything goes wrong none of it is evidence, for that may be the flight's doing: all points are sent in
        turn then, when they are asked for. What was sent well before something keeps others from being sent is kept.
        """
        target = self.check.target
        groups: list[list[Outcome]] = []

        def send(points: Sequence[Point]) -> None:
            left = list(points)
            while left:
                try:
                    group = self.sessions.group(left)
                except NotTested:
                    return  # these are sent in turn
                groups.append(self.sender.send(group))
                done = {outcome.point for outcome in groups[-1]}
                left = [point for point in left if point not in done]

        mark, kept = len(target.client.journal), target.kept_for_laws()
        with self.for_several():
            parts = [partial(send, points) for points in self.sessions.apart(self.points)]
            try:
                target.client.together(parts, first_at_home=True)
            finally:
                well = self._went_well(groups, mark)
                if well:
                    self.outcomes |= {outcome.point: outcome for group in groups for outcome in group}
                else:
                    target.forget_since(mark, kept)
            for group in groups if well else ():
                self._send_as_usual(group)

    def _went_well(self, groups: Sequence[Sequence[Outcome]], mark: int) -> bool:
        """Whether all went well that was sent since a request; sessions of points that did not are used no more."""
        moving, pool = self.sender.volatile_members, self.check.target.pool
        outcomes = [outcome for group in groups for outcome in group]
        self._excuse(outcomes)
        wrong = [one for one in outcomes if any(True for _ in problems(self.check, one, moving))]
        for session in {one.session.id: one.session for one in wrong}.values():
            pool.retire(session)
        return not wrong and not self.check.target.went_wrong_since(mark)

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of a group, and send those again as usual that were refused for how they were sent."""
        self.outcomes |= {outcome.point: outcome for outcome in outcomes}
        self._excuse(outcomes)
        self._send_as_usual(outcomes)

    def _send_as_usual(self, outcomes: Sequence[Outcome]) -> None:
        """Send those again as it is usual that were refused for how they were sent."""
        refused = [one for one in outcomes if self._is_refused_for_form(one)]
        if refused:
            group = Group([(self._usual(one.point), one.session) for one in refused])
            usual = self.sender.send(group, in_turn=True)
            self._as_usual |= {one.point: again for one, again in zip(refused, usual, strict=True)}

    def _excuse(self, outcomes: Sequence[Outcome]) -> None:
        """Note the server's errors that refuse the form of a request alone: they are none."""
        self.check.target.refused_for_form += [
            one.exchange for one in outcomes if self._is_refused_for_form(one) and one.exchange.status >= 500
        ]

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
