"""The points of a run: sent in groups when a law first asks for one; of what fails, the values that do it are found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NoReturn

from rename_tck.cases.conditions import Condition
from rename_tck.cases.names import Name
from rename_tck.cases.points import Point, Space, plan
from rename_tck.cases.rename_space import CONDITION, KIND, NAME, USER, Chosen, law_of, space_of
from rename_tck.cases.scopes import Kind
from rename_tck.cases.users import User
from rename_tck.checks.by_itself import Look, Seen, expect_still, expect_unchanged
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.checks.point_groups import MOST, Group, Outcome, PointSender
from rename_tck.checks.point_verdicts import Problem, problems, without
from rename_tck.client.exchange import Exchange
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import NotTested

#: The requirements that every point is evidence for; the others are of classes of names.
_OF_ALL = ("rename-accepted", "answer-name", "answer-id", "answer-true", "name-stored", "session-untouched")

#: Of these, those that a name alone may break: what class of names it is says the requirement then.
_OF_NAMES = frozenset({"rename-accepted", "answer-name", "answer-true", "name-stored"})

#: Points that are made smaller in a run; of what fails beyond them the whole point is told.
REDUCED = 12


#: A condition, a kind and a user: what a session is to be.
_Wish = tuple[Condition, str | None, User]


@dataclass
class Failure:
    """A problem of a point, made as small as it went."""

    problem: Problem
    #: The point with the fewest values that still has the problem, and what was seen of it.
    point: Point
    outcome: Outcome
    #: Whether it was made smaller; whether it did not come again when the point was sent again.
    reduced: bool = False
    comes_and_goes: bool = False


@dataclass
class PointRun:
    """The points of one target in one run."""

    check: CheckContext
    space: Space
    points: list[Point]
    sender: PointSender
    _outcomes: dict[Point, Outcome] = field(default_factory=dict)
    _failures: dict[Point, list[Failure]] = field(default_factory=dict)
    _judged: set[tuple[Point, str]] = field(default_factory=set)
    #: What was found to do a problem: by the problem, the values of the smallest point.
    _culprits: dict[tuple[str, str], list[Point]] = field(default_factory=dict)
    _left: int = REDUCED

    def judge(self, check: CheckContext, point: Point, law: str) -> None:
        """Require what a law asks of a point; the first time by what its group has shown, then by sending it again.

        Raises Nonconformance.
        """
        again = (point, law) in self._judged
        self._judged.add((point, law))
        if again:
            self._outcomes[point] = self._alone(point)
            self._failures.pop(point, None)
        outcome = self._outcome(point)
        check.count(outcome.exchange)
        if outcome.exchange.status == 200 and (outcome.seen_after or check.dialect.answers_session):
            check.seen += 1
        for failure in self._failures_of(point):
            if self._law(failure) == law and not self._changed_by_itself(check, failure):
                self._raise(check, failure)

    # -- sending

    def _outcome(self, point: Point) -> Outcome:
        if point not in self._outcomes:
            self._send(point)
        return self._outcomes[point]

    def _send(self, first: Point) -> None:
        """Send a point, with those after it that are not sent yet and whose sessions one listing shows with its own."""
        alike: dict[Point, _Wish] = {first: self._wish(first)}
        start = self.points.index(first) if first in self.points else len(self.points)
        for point in self.points[start + 1 :]:
            wish = self._wish(point)
            if len(alike) < MOST and point not in self._outcomes and self._is_listed_with(wish, alike[first]):
                most = MOST if wish[0].contents is None else 1
                if sum(_of(other) == _of(wish) for other in alike.values()) < most:
                    alike[point] = wish
        wishes = Counter(map(_of, alike.values()))
        pool, group = self.check.target.pool, Group()
        pool.make_ready(*((*wish[:3], wishes[_of(wish)]) for wish in alike.values()))
        for point, wish in alike.items():
            found = [one for one in self._sessions(wish, wishes[_of(wish)]) if group.takes(one)]
            if found or not group.points:
                group.points.append((point, found[0] if found else self._sessions(wish, 1)[0]))
        for outcome in self.sender.send(group):
            self._outcomes[outcome.point] = outcome

    def _is_listed_with(self, wish: _Wish, other: _Wish) -> bool:
        """Whether one listing shows the sessions of both."""
        _, kind, user = wish
        _, its_kind, its_user = other
        owners = {
            self.check.dialect.owner(one.user_id) if one.user_id is not None else None for one in (user, its_user)
        }
        return kind == its_kind and len(owners) == 1

    def _wish(self, point: Point) -> _Wish:
        condition, kind, user = (self.space.value(point, name) for name in (CONDITION, KIND, USER))
        assert isinstance(condition, Condition)
        assert isinstance(kind, Kind)
        assert isinstance(user, User)
        return condition, kind.kind, user

    def _sessions(self, wish: _Wish, count: int) -> list[Session]:
        """Sessions in the condition of a point; ordinary ones take the place of those that the target does not make."""
        pool = self.check.target.pool
        for most in (count, 1):
            try:
                return pool.in_condition(*wish, most)
            except NotTested:
                continue
        try:
            return [self.check.session(wish[1])]
        except NotTested:
            return [self.check.some_session()]

    def _fresh(self, wish: _Wish) -> Session:
        """A session in the condition of a point that nothing was sent to; the one there is where none can be made."""
        condition, kind, user = wish
        pool = self.check.target.pool
        if condition.contents is None and user.user_id == pool.user and (made := pool.fresh(kind)) is not None:
            return made  # the ordinary ones are those that other laws use
        session = self._sessions(wish, 1)[0]
        return self._sessions(wish, 1)[0] if pool.retire(session) else session

    def _alone(self, point: Point) -> Outcome:
        """The point, sent by itself to a fresh session in its condition; to the one there is where none can be made."""
        (outcome,) = self.sender.send(Group([(point, self._fresh(self._wish(point)))]))
        return outcome

    # -- what is wrong, and what does it

    def _failures_of(self, point: Point) -> list[Failure]:
        if point not in self._failures:
            outcome = self._outcome(point)
            self._failures[point] = [
                self._made_small(point, outcome, one)
                for one in problems(self.check, outcome, self.sender.volatile_members)
            ]
        return self._failures[point]

    def _made_small(self, point: Point, outcome: Outcome, problem: Problem) -> Failure:
        """The failure of a point with as few odd values as it takes.

        What an ordinary rename does wrong as well is not the point's doing, and a value that is known to do it is not
        looked for again.
        """
        failure = Failure(problem, point, outcome)
        if (problem.aspect, outcome.session.kind) in self.check.target.causes or not point.odd:
            return failure
        if (known := self._known(point, problem)) is not None:
            return Failure(problem, known, outcome, reduced=True)
        if self._left <= 0:
            return failure
        self._left -= 1
        if (found := self._fails(point, problem)) is None:
            failure.comes_and_goes = True
            return failure
        smallest = found
        for place in point.odd:
            smaller = self.space.replaced(smallest.point, place)
            if self.space.fits(smaller) and (found := self._fails(smaller, problem)) is not None:
                smallest = found
        smallest = self._taken_apart(smallest, problem)
        smallest.reduced = True
        self._culprits.setdefault(problem.sort, []).append(smallest.point)
        return smallest

    def _taken_apart(self, failure: Failure, problem: Problem) -> Failure:
        """The failure with as little of its name as it takes, where that is packed."""
        place = self.space.place(NAME)
        assert place is not None
        name = failure.point.values[place]
        for part in name.parts if isinstance(name, Name) else ():
            if (found := self._fails(self.space.replaced(failure.point, place, part), problem)) is not None:
                return self._taken_apart(found, problem)
        return failure

    def _known(self, point: Point, problem: Problem) -> Point | None:
        """A point that is known to have the problem, all of whose odd values this one has, too."""
        for culprit in self._culprits.get(problem.sort, []):
            if all(culprit.values[place] == point.values[place] for place in culprit.odd):
                return culprit
        return None

    def _fails(self, point: Point, problem: Problem) -> Failure | None:
        """The same problem of a point that is sent alone; None where it has not got it."""
        outcome = self._alone(point)
        for found in problems(self.check, outcome, self.sender.volatile_members):
            if found.sort == problem.sort:
                return Failure(found, point, outcome)
        return None

    # -- telling it

    def _law(self, failure: Failure) -> str:
        """The requirement that a failure breaks: that of the name's class where the name alone does it."""
        place = self.space.place(NAME)
        of_the_name = failure.problem.law in _OF_NAMES
        if place is not None and of_the_name and failure.point.odd == (place,):
            return law_of(failure.point.values[place]) or failure.problem.law
        return failure.problem.law

    def _raise(self, check: CheckContext, failure: Failure) -> NoReturn:
        problem, point = failure.problem, failure.point
        aspect = problem.aspect
        case = f"a rename with {point.label}" if point.odd else "an ordinary rename"
        if problem.what:
            case += f": {problem.what}"
        exchange = failure.outcome.exchange
        try:
            check.fail(case, problem.expected, exchange, problem.compared, aspect, kind=point.label)
        except Nonconformance as found:
            found.after, found.sent_earlier = self._said(failure), True
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

    def _changed_by_itself(self, check: CheckContext, failure: Failure) -> bool:
        """Whether a member moves also while nothing is sent, or changed once and not again: it is noted then."""
        problem, outcome = failure.problem, failure.outcome
        if problem.change is None:
            return bool(problem.member) and self._moves_in_answers(check, failure)
        seen = Seen(outcome.session.id, *problem.change, outcome.session, outcome.exchange)
        try:
            if failure.reduced:
                expect_still(check, outcome.session, seen, problem.member, problem.what)
            else:
                expect_unchanged(check, seen, problem.member, problem.what, self._compared(problem.member))
        except Nonconformance:
            return False
        return True

    def _moves_in_answers(self, check: CheckContext, failure: Failure) -> bool:
        """Whether a member of the answer is another one when the same rename is sent again."""
        exchanges = failure.outcome.exchange, check.gather(failure.outcome.exchange.request)
        one, other = (members(exchange.answer.value) if exchange.answer else {} for exchange in exchanges)
        return not same(one.get(failure.problem.member), other.get(failure.problem.member))

    def _compared(self, member: str) -> Look | None:
        """What is compared of a member that repeats the session's name; None for all of it."""
        dialect = self.check.dialect
        if member not in dialect.copies_name:
            return None
        return lambda snapshot: without(snapshot.get(member), dialect.name_in(snapshot))

    def _said(self, failure: Failure) -> str | None:
        if failure.comes_and_goes or not failure.reduced or not failure.point.odd:
            return None
        if len(failure.point.odd) == 1:
            return f"Only with {failure.point.label}: the same rename without it has not this fault."
        return f"Only with {' and '.join(failure.point.values[place].words for place in failure.point.odd)} together."


def _of(wish: _Wish) -> tuple[str, str | None, str | None]:
    """What tells sessions from each other."""
    condition, kind, user = wish
    return condition.label, kind, user.user_id


def points_were_sent(check: CheckContext) -> bool:
    """Whether the points of this target were sent in this run: every name of theirs was, too."""
    return isinstance(check.target.cache.get("points"), PointRun)


def points_of(check: CheckContext) -> PointRun:
    """The points of this target, planned once and sent when they are asked for."""
    run: PointRun = check.shared("points", lambda: _made(CheckContext(check.target, None, seed=check.seed)))
    return run


def _made(check: CheckContext) -> PointRun:
    session = check.some_session()
    target = check.target

    def allows(more: dict[str, object]) -> bool:
        own = check.body(session)
        body = {**own, **more}
        # a name that is too long is kept or refused, a member more may be sent only where every document allows it
        closed = more.keys() - own.keys() and any(one.request_errors(body) for one in target.contracts.values())
        return not closed and check.allows(body)

    names_alone = not any(target.is_judged(f"{check.dialect.system}.{law}") for law in _OF_ALL)
    chosen = Chosen(not names_alone, len(check.dialect.kinds) > 1, not names_alone, target.profile == "nightly")
    space = space_of(check.system_cases, target.pool.user, allows, of=chosen)
    points = plan(space, check.seed or "")
    place = space.place(NAME)
    assert place is not None
    points += [space.replaced(space.plain, place, value) for value in space.dimensions[place].alone]
    return PointRun(check, space, points, PointSender(check, space))
