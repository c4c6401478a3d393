"""The points of a run: sent in groups when a law first asks for one; of what fails, the values that do it are found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NoReturn

from rename_tck.cases.conditions import Condition
from rename_tck.cases.names import Name
from rename_tck.cases.packing import LONG
from rename_tck.cases.points import Point, Space
from rename_tck.cases.rename_space import NAME, law_of, law_of_scope
from rename_tck.cases.scopes import Kind, Scope
from rename_tck.checks import lost_sessions
from rename_tck.checks.by_itself import Seen, expect_still, expect_unchanged, keeps_count, look_at
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.checks.elsewhere import Elsewhere
from rename_tck.checks.point_failures import Failure, is_of_nobody
from rename_tck.checks.point_groups import Outcome
from rename_tck.checks.point_verdicts import Problem, problems
from rename_tck.checks.points_sent import PointsSent
from rename_tck.client.exchange import Exchange
from rename_tck.results.coverage import Coverage, Sent
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members
from rename_tck.target.target import BrokenPoint, Crossing
from rename_tck.verdict import Gap, NotTested

#: The requirements that every point is evidence for; the others are of classes of names.
OF_ALL = ("rename-accepted", "answer-name", "answer-id", "answer-true", "name-stored", "session-untouched")

#: Of these, those that a name alone may break: what class of names it is says the requirement then.
_OF_NAMES = frozenset({"rename-accepted", "answer-name", "answer-true", "name-stored"})

#: Points that are made smaller in a run; of what fails beyond them the whole point is told.
REDUCED = 8


@dataclass
class PointRun:
    """The points of one target in one run."""

    check: CheckContext
    space: Space
    points: list[Point]
    sent: PointsSent
    #: The conditions of sessions on which a point has failed.
    failed_in: set[Condition | None] = field(default_factory=set)
    _failures: dict[Point, list[Failure]] = field(default_factory=dict)
    _judged: set[tuple[Point, str]] = field(default_factory=set)
    #: What was found to do a problem: by the problem, the failures of the smallest points.
    _culprits: dict[tuple[str, str], list[Failure]] = field(default_factory=dict)
    #: By the problem, whether an ordinary rename has it, too.
    _ordinary: dict[tuple[str, str], Failure | None] = field(default_factory=dict)
    _left: int = REDUCED

    def asked(self, check: CheckContext) -> list[Point]:
        """The points that a test tries: those of the plan; of a replay case the one that failed, planned or not."""
        case = check.replay_case if check.selector.narrowed else None
        kept = self.space.named(case.keys[0]) if case is not None and case.keys else None
        if kept is None:
            return self.points
        self.sent.kept.add(kept)
        return [kept]

    def judge(self, check: CheckContext, point: Point, law: str) -> None:
        """Require what a law asks of a point; the first time by what its group has shown, then by sending it again.

        What another requirement tells is kept until the law has judged the other points. Raises Nonconformance.
        """
        check.need_a_working_target()
        again = (point, law) in self._judged
        self._judged.add((point, law))
        if again:
            self._send_again(point)
        outcome = self.sent.of(point)
        check.count(outcome.exchange)
        if outcome.exchange.status == 200 and (outcome.seen_after or check.dialect.answers_session):
            check.seen += 1
        for failure in self._failures_of(point):
            if self._law(failure) != law or self._is_others_doing(check, failure):
                continue
            if (told := self._told_elsewhere(check, point, failure)) is None:
                self._raise(check, failure)
            check.told_elsewhere = check.told_elsewhere or told

    def coverage(self) -> Coverage:
        """What of the space was sent: of what was planned, that which it came to."""
        outcomes = self.sent.outcomes
        sent = [outcomes[point].point for point in self.points if point in outcomes]
        dimensions = {
            dimension.name: Sent({point.values[place].words for point in sent}, dimension.known)
            for place, dimension in enumerate(self.space.dimensions)
            if dimension.known > 1
        }
        pairs = self.space.pairs()
        return Coverage({point.label for point in sent}, dimensions, pairs & self.space.covered(sent), len(pairs))

    # -- what is wrong, and what does it

    def _failures_of(self, point: Point) -> list[Failure]:
        if point not in self._failures:
            sent, outcome = self.sent.of(point), self.sent.judged(point)
            with self.sent.for_several():
                self._failures[point] = [
                    self._made_small(outcome.point, outcome, one)
                    for one in problems(self.check, outcome, self.sent.sender.volatile_members)
                ]
            if self._failures[point]:
                self.failed_in.add(self.check.target.pool.conditioned.condition_of(sent.session))
        return self._failures[point]

    def _send_again(self, point: Point) -> None:
        """Send again what has shown the failures of a point, and keep those that it shows still; else the point."""
        failures = self._failures.pop(point, [])
        if not failures:
            self.sent.anew(point)
            return
        sent = {one: self.sent.alone(one) for one in dict.fromkeys(failure.outcome.point for failure in failures)}
        self._failures[point] = [
            replace(failure, problem=found, outcome=sent[failure.outcome.point], comes_and_goes=False)
            for failure in failures
            for found in problems(self.check, sent[failure.outcome.point], self.sent.sender.volatile_members)
            if found.sort == failure.problem.sort
        ]

    def _made_small(self, point: Point, outcome: Outcome, problem: Problem) -> Failure:
        """The failure of a point with as few odd values as it takes.

        What an ordinary rename does wrong as well is not the point's doing, and a value that is known to do it is not
        looked for again.
        """
        failure = Failure(problem, point, outcome)
        if (problem.aspect, outcome.session.kind) in self.check.target.causes or not point.odd:
            return failure
        if (known := self._known(point, problem)) is not None:
            return Failure(problem, known.point, outcome, reduced=True, whole=known.whole)
        smallest = self._by_the_name(point, problem)
        if self._left <= 0:
            if smallest is not None:
                smallest.rough = bool(smallest.point.odd)
            return smallest or failure
        self._left -= 1
        smallest = smallest or self._without_each(point, problem)
        smallest = None if smallest is None else self._taken_apart(smallest, problem)
        # what a refusal before it has done, say, is no fault of a name
        if smallest is None or (smallest.point.odd and self._fails(smallest.point, problem) is None):
            return replace(failure, comes_and_goes=True)
        smallest.reduced = True
        self._culprits.setdefault(problem.sort, []).append(smallest)
        return smallest

    def _by_the_name(self, point: Point, problem: Problem) -> Failure | None:
        """The failure of the point's name alone, or of an ordinary rename; None where it takes more.

        Most failures come down to the name.
        """
        place = self.space.place(NAME)
        assert place is not None
        alone = self.space.replaced(self.space.plain, place, point.values[place])
        found = self._fails(alone, problem) if place in point.odd else None
        if found is not None:
            if problem.sort not in self._ordinary:
                self._ordinary[problem.sort] = self._fails(self.space.plain, problem)
            found = self._ordinary[problem.sort] or found
            found.reduced = True
        return found

    def _without_each(self, point: Point, problem: Problem) -> Failure | None:
        """The failure without each odd value that it does not take; None where it does not come again."""
        smallest, tried = self._fails(point, problem), set[int]()
        for place in (*point.odd, *point.odd):  # one may only go after another
            smaller = None if smallest is None else self.space.replaced(smallest.point, place)
            if smaller is not None and place not in tried and self.space.fits(smaller):
                tried.add(place)
                smallest = self._fails(smaller, problem) or smallest
        return smallest

    def _taken_apart(self, failure: Failure, problem: Problem) -> Failure:
        """The failure with as little of its values as it takes, where these are packed."""
        for place in failure.point.odd:
            parts = failure.point.values[place].parts
            for part in parts:
                smaller = self.space.replaced(failure.point, place, part)
                same = failure.outcome.session if isinstance(part, Name) else None
                if (found := self._fails(smaller, problem, same)) is not None:
                    return self._taken_apart(found, problem)
            failure.whole |= bool(parts) and self.space.dimensions[place].name == NAME
        return failure

    def _known(self, point: Point, problem: Problem) -> Failure | None:
        """A failure with the same problem that this point has in it."""
        return next((one for one in self._culprits.get(problem.sort, []) if one.is_in(point)), None)

    def _fails(self, point: Point, problem: Problem, session: Session | None = None) -> Failure | None:
        """The same problem of a point that is sent alone, to a session or a fresh one; None where it has not got it."""
        outcome = self.sent.alone(point, session)
        for found in problems(self.check, outcome, self.sent.sender.volatile_members):
            if found.sort == problem.sort:
                self.check.target.on_the_way.add(point.label)
                return Failure(found, point, outcome)
        return None

    # -- telling it

    def _told_elsewhere(self, check: CheckContext, point: Point, failure: Failure) -> NotTested | None:
        """The requirement that tells a failure in place of the one that it breaks."""
        neighbours, errors = (f"{check.dialect.system}.{law}" for law in ("neighbours-untouched", "no-server-error"))
        sent = failure.crossed_by(check)
        if sent is not None and is_of_nobody(check, sent):
            return Elsewhere(check).of_nobody()
        if sent is not None and check.target.is_judged(neighbours):
            outcome = failure.outcome
            crossing = Crossing(outcome.session.id, outcome.name, failure.problem.name, sent)
            if crossing not in check.target.crossings:
                check.target.crossings.append(crossing)
            return NotTested("a session was renamed by what was sent for another one", Gap.CAUSE, neighbours)
        if failure.point.odd and check.is_told_as_5xx(failure.outcome.exchange):
            check.target.broken_points.append(BrokenPoint(point.label, failure.point.label, failure.said))
            return NotTested("a rename that must be accepted is answered with a 5xx status", Gap.CAUSE, errors)
        return None

    def _law(self, failure: Failure) -> str:
        """The requirement that a failure breaks: where one value alone does it, the one that is about this value.

        One that was not made small is taken for like those that were.
        """
        problem, odd = failure.problem, failure.point.odd
        if problem.law == "rename-accepted" and len(odd) == 1:
            value = failure.point.values[odd[0]]
            if isinstance(value, Scope | Kind):
                return law_of_scope(value) or problem.law
        place = self.space.place(NAME)
        if problem.law not in _OF_NAMES or place is None or place not in odd:
            return problem.law
        if not failure.reduced or failure.rough:
            alike = (culprit for culprit in self._culprits.get(problem.sort, ()) if culprit.point.odd == (place,))
            if (culprit := next(alike, None)) is not None:
                return self._law(culprit)
        if odd != (place,):
            return problem.law
        name = failure.point.values[place]
        assert isinstance(name, Name)
        if failure.whole and len(name.text) >= LONG:
            return "length-200-accepted"
        return law_of(name) or problem.law

    def _raise(self, check: CheckContext, failure: Failure) -> NoReturn:
        problem, point = failure.problem, failure.point
        aspect = problem.aspect
        sent = failure.outcome.point
        case = f"a rename with {sent.label}" if sent.odd else "an ordinary rename"
        if problem.what:
            case += f": {problem.what}"
        exchange = failure.outcome.exchange
        try:
            check.fail(case, problem.expected, exchange, problem.compared, aspect, kind=point.label)
        except Nonconformance as found:
            found.after, found.sent_earlier = failure.said, True
            if problem.name is not None and self._is_latest(exchange):
                found.seen = failure.outcome.session.id, problem.name
            if found.replay_data is not None:
                found.replay_data.keys = [point.label]
            raise

    def _is_latest(self, exchange: Exchange) -> bool:
        """Whether nothing was sent to a session since: the name that it was read with is the one that it bears."""
        path = exchange.request.path
        sent = [entry.exchange for entry in self.check.target.client.journal.renames()]
        return next((one for one in reversed(sent) if one.request.path == path), None) is exchange

    def _is_others_doing(self, check: CheckContext, failure: Failure) -> bool:
        """Whether others have deleted the session, or it changes by itself."""
        if failure.outcome.gone or failure.outcome.exchange.status in {404, 410}:
            return lost_sessions.is_others_doing(check, failure.outcome.session)
        return self._changed_by_itself(check, failure)

    def _changed_by_itself(self, check: CheckContext, failure: Failure) -> bool:
        """Whether a member moves also while nothing is sent, or changed once and not again: it is noted then."""
        problem, outcome = failure.problem, failure.outcome
        if problem.change is None:
            return bool(problem.member) and self._moves_in_answers(check, failure)
        seen = Seen(outcome.session.id, *problem.change, outcome.session, outcome.exchange)
        try:
            if keeps_count(check, outcome.session, problem.member):
                return True
            if failure.reduced:
                expect_still(check, outcome.session, seen, problem.member, problem.what)
            else:
                expect_unchanged(check, seen, problem.member, problem.what, look_at(check.dialect, problem.member))
        except Nonconformance:
            return False
        return True

    def _moves_in_answers(self, check: CheckContext, failure: Failure) -> bool:
        """Whether a member of the answer is another one when the same rename is sent again."""
        exchanges = failure.outcome.exchange, check.gather(failure.outcome.exchange.request)
        one, other = (members(exchange.answer.value) if exchange.answer else {} for exchange in exchanges)
        return not same(one.get(failure.problem.member), other.get(failure.problem.member))
