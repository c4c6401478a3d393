"""Runs a law over all of its cases, and concludes: every failing class of case, or the cause that lies elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rename_tck.checks import controls, stopping
from rename_tck.checks.context import CheckContext
from rename_tck.checks.controls import Control
from rename_tck.client.exchange import Exchange
from rename_tck.client.journal import Entry
from rename_tck.results.nonconformance import Nonconformance, OrdinaryRenameRefused
from rename_tck.systems.dialect import JSON_TYPE
from rename_tck.target.target import Jam
from rename_tck.verdict import Aspect, Gap, NotTested, ObstacleError, Unjudgeable

#: Requests that a test may send after its first failing case, and all tests of a run together: a hopeless server is
#: judged cheaply.
AFTER_FIRST, AFTER_FIRST_IN_RUN = 100, 1000

#: The requirement that a server breaks whose ordinary rename fails in this respect, without the system's name.
CANONICAL = {
    Aspect.ACCEPTED: "rename-accepted",
    Aspect.ANSWERED: "answer-name",
    Aspect.READABLE: "name-stored",
    Aspect.STORED: "name-stored",
}

#: Laws that look back on the run, and have something to say also of a target on which nothing works.
_LOOKING_BACK = frozenset({"rename-accepted", "no-server-error"})

#: In which respects a case may fail for want of an ordinary rename that works in this one.
_EXPLAINS = {
    Aspect.ACCEPTED: frozenset({Aspect.ACCEPTED, Aspect.ANSWERED, Aspect.READABLE, Aspect.STORED}),
    Aspect.ANSWERED: frozenset({Aspect.ANSWERED}),
    Aspect.READABLE: frozenset({Aspect.READABLE, Aspect.STORED}),
    Aspect.STORED: frozenset({Aspect.STORED}),
}


@dataclass
class Look:
    """What controls show of a failing case."""

    #: In a sentence, for the report.
    after: str | None = None
    #: Whether the case is worth trying once more, on another session or at another moment.
    again: bool = False
    #: The cause that lies elsewhere.
    caused: NotTested | None = None
    #: The session that it was tried on, where that one alone no longer works.
    jam: Jam | None = None


def judge(law: Callable[[], None], check: CheckContext) -> None:
    """Run a law until each of its cases was tried.

    Raises:
        Nonconformance: cases fail; the clearest one, with one of each other class.
        NotTested: it cannot be tested, or what fails has its cause in another requirement.
        Unjudgeable: the target stopped working for no reason that the run has shown.
    """
    EveryCase(law, check).judge()


class EveryCase:
    """One test's way over its cases."""

    def __init__(self, law: Callable[[], None], check: CheckContext) -> None:
        self._law = law
        self._check = check
        self._target = check.target
        self._failures: list[Nonconformance] = []
        #: How a law ended that did not fail: what fails for a cause elsewhere goes before what it says itself.
        self._ending: NotTested | ObstacleError | Unjudgeable | None = None
        self._caused: NotTested | None = None
        self._left_out: str | None = None
        #: The number of the last request when the first case failed.
        self._failed_at: int | None = None
        #: Cases that were tried once more; how the last of them failed before, and the session that it was tried on.
        self._tried_again: set[tuple[str, ...]] = set()
        self._first: Nonconformance | None = None
        self._jam: Jam | None = None

    def judge(self) -> None:
        """As the function of this name."""
        self._need_a_working_target()
        while self._goes_on():
            pass
        if self._failed_at is not None:
            self._target.sent_after_failures += len(self._target.client.journal) - self._failed_at
        requirement = self._check.requirement
        if self._failures:
            if requirement is not None:
                self._target.failed.add(requirement.id)
            raise merged(self._failures, len(self._check.selector.tried), self._left_out)
        if isinstance(self._ending, Unjudgeable):
            raise self._ending
        if (trouble := self._caused or self._ending) is not None:
            raise trouble
        if requirement is not None and not self._check.selector.narrowed:
            self._target.passed.add(requirement.id)

    def _goes_on(self) -> bool:
        """Run the law from its start, or from where it was left; whether it is to be run again."""
        mark = len(self._target.client.journal)
        try:
            return self._runs(mark)
        except Unjudgeable as trouble:
            # raised by what looks into a failure: the target has stopped working, or answers nothing at all
            self._ending = trouble
            self._settle()
            return False

    def _runs(self, mark: int) -> bool:
        try:
            self._law()
        except Nonconformance as failure:
            return self._goes_on_after_failure(failure, mark)
        except OrdinaryRenameRefused as refused:
            return self._goes_on_after_refusal(refused, mark)
        except (NotTested, ObstacleError) as trouble:
            self._ending = trouble
            if isinstance(trouble, ObstacleError) and self._first is not None:
                self._failures.append(self._first)  # it failed, whatever trying it once more would have shown
                self._first = None
        except Unjudgeable as trouble:
            return self._goes_on_after_trouble(trouble, mark)
        self._settle()
        return False

    def _goes_on_after_failure(self, failure: Nonconformance, mark: int) -> bool:
        failure.kind = failure.kind or self._kind_of(failure)
        look = self._look(failure.exchange, failure.aspect, mark)
        if self._is_again(look, failure.case, failure):
            return self._resumed(again=True)
        if look.caused is not None:
            self._caused = look.caused
        else:
            failure.after = " ".join(filter(None, (failure.after, look.after))) or None
            self._failures.append(failure)
        return self._resumed() and not self._is_hopeless() and not self._is_over_the_bound()

    def _kind_of(self, failure: Nonconformance) -> str:
        """The class of a failing case; of what was looked back on, and outside of every loop, by what is wrong."""
        selector = self._check.selector
        words = [kind for kind in selector.left_at_kind if kind]
        if not selector.left_at or selector.left_looking_back:
            _, colon, what = failure.case.rpartition(": ")
            words += [what] if colon else []
            words += [failure.expected] if failure.compared is None else []
        return " / ".join(words)

    def _goes_on_after_refusal(self, refused: OrdinaryRenameRefused, mark: int) -> bool:
        """The same where an ordinary rename beside the case failed: that shows nothing of the case."""
        look = self._look(refused.exchange, refused.aspect, mark)
        again = look.caused is None and self._is_again(look, refused.reason, always=True)
        if refused.exchange is not None and (look.jam is not None or (again and refused.exchange.status >= 500)):
            self._target.forget_refusal(refused.exchange)  # what stopped the session, or the 5xx, is told itself
        if again:
            return self._resumed(again=True)
        if look.jam is not None:
            self._tell(look.jam)
        self._caused, self._ending = self._caused or look.caused, refused
        return look.caused is None and self._resumed() and not self._is_over_the_bound()

    def _goes_on_after_trouble(self, trouble: Unjudgeable, mark: int) -> bool:
        """The same where the suite could not judge the case: it may be able to when it tries once more."""
        last = self._target.client.journal.since(mark)[-1:]
        look = self._look(last[0].exchange, Aspect.ACCEPTED, mark) if last else Look()
        if last and look.caused is None and self._is_again(look, trouble.reason, always=True):
            return self._resumed(again=True)
        self._ending = trouble
        self._settle()
        return False

    def _is_again(
        self, look: Look, called: str, failure: Nonconformance | None = None, *, always: bool = False
    ) -> bool:
        """Whether the case is tried once more. What failed before it, or what it failed on, is judged by what comes.

        `called` tells one outside of every loop from another.
        """
        selector = self._check.selector
        keys = selector.left_at or (called,)
        twice = keys in self._tried_again
        if twice:
            self._first = self._jam = None  # the case itself does it: its own failure says so
        self._settle()
        if not (look.again or always) or twice:
            return False
        if selector.narrowed and look.jam is None:
            return False  # it failed in the run that kept it, too
        self._tried_again.add(keys)
        self._first, self._jam = failure, look.jam
        return True

    def _settle(self) -> None:
        """The case that was tried again passed: it comes and goes, or what made it fail came before it."""
        first, self._first = self._first, None
        if self._jam is not None:
            self._tell(self._jam)
            self._jam = None
        elif first is not None and not self._is_judged_elsewhere(first):
            first.after = "Tried once more it passed: it comes and goes."
            self._failures.append(first)

    def _tell(self, jam: Jam) -> None:
        """Have a session that does not work told by the law of what it never did, or no longer does."""
        if jam.session_id in self._target.renamed or jam.exchange is None:
            self._target.jams.append(jam)
        else:
            self._target.refused_renames.append(jam.exchange)

    def _is_judged_elsewhere(self, failure: Nonconformance) -> bool:
        """Whether a failure that comes and goes, whatever is sent, is told by the requirement that it breaks itself."""
        exchange, system = failure.exchange, self._check.dialect.system
        if exchange is not None and exchange.status >= 500:
            return True  # no-server-error looks back on every answer
        canonical = CANONICAL.get(failure.aspect)
        return canonical is not None and f"{system}.{canonical}" in self._target.failed

    def _resumed(self, *, again: bool = False) -> bool:
        if self._check.selector.resume(again=again):
            return True
        if again:
            self._check.selector.restart()
        return again

    # -- bounds

    def _need_a_working_target(self) -> None:
        requirement, stopped = self._check.requirement, self._target.stopped
        if requirement is None or requirement.law in _LOOKING_BACK:
            return
        if stopped is not None:
            raise NotTested(stopped.sentence, Gap.LIMIT if stopped.cause is None else Gap.CAUSE, stopped.cause)
        cause = self._target.causes.get((Aspect.ACCEPTED, self._check.dialect.kinds[0]))
        if cause is not None and cause != requirement.id:
            raise NotTested("no ordinary rename is accepted", Gap.CAUSE, cause)

    def _is_hopeless(self) -> bool:
        """Whether no ordinary rename is accepted: further cases of the requirement that says so show no more."""
        if (Aspect.ACCEPTED, self._check.dialect.kinds[0]) not in self._target.causes:
            return False
        self._left_out = "no ordinary rename is accepted: the other cases were not tried"
        return True

    def _is_over_the_bound(self) -> bool:
        if self._failed_at is None:
            self._failed_at = len(self._target.client.journal)
        spent = len(self._target.client.journal) - self._failed_at
        if self._target.stopped is None and (
            spent < AFTER_FIRST and self._target.sent_after_failures + spent < AFTER_FIRST_IN_RUN
        ):
            return False
        last = self._check.selector.resumed_after
        why = (
            f"{spent} requests were sent after the first failing case, and a test sends at most {AFTER_FIRST} "
            f"({AFTER_FIRST_IN_RUN:,} in a run)"
            if self._target.stopped is None
            else "the target has stopped working"
        )
        self._left_out = f"{why}: what comes after the case {last!r} was not tried"
        return True

    # -- what controls show

    def _look(self, exchange: Exchange | None, aspect: Aspect, mark: int) -> Look:
        """Send controls after a failing case. Of one that was not sent just now they would show nothing."""
        try:
            return self._look_closely(exchange, aspect, mark)
        except ObstacleError:
            return Look()  # a limit of the run was reached: the failure was seen all the same

    def _look_closely(self, exchange: Exchange | None, aspect: Aspect, mark: int) -> Look:
        entry = next((one for one in self._target.client.journal.since(mark) if one.exchange is exchange), None)
        if entry is None or self._check.requirement is None:
            return Look()
        session = self._target.session_of(entry.exchange.request.path) or self._target.pool.any()
        own = controls.control(self._check, session)
        if own.works:
            if self._check.selector.narrowed:
                return Look("After it, an ordinary rename of the session works.")
            # also when tried again: an ordinary rename of the session and its reading work in between
            return Look(
                "It failed twice; in between and after it, an ordinary rename of the session works.", again=True
            )
        other = controls.another(self._check, session)
        found = controls.control(self._check, other) if other is not None else None
        if found is not None and found.works and found.session.kind == session.kind:
            if controls.control(self._check, session).works:
                return Look("Ordinary renames of the session fail now and then, too.", again=True)
            return self._of_a_jammed(own, entry)
        if own.broken in {Aspect.ACCEPTED, Aspect.READABLE}:
            made = controls.of_a_fresh_one(self._check, session.kind)
            if made is not None and made.works:
                # sessions stop working one after the other
                if found is not None and found.session.kind == session.kind:
                    self._target.pool.retire(found.session)
                return self._of_a_jammed(own, entry)
        return self._of_a_broken(own, aspect, entry)

    def _of_a_jammed(self, own: Control, entry: Entry) -> Look:
        """A session alone does not work: another takes its place."""
        if own.session.id in self._target.renamed:
            sentence = f"An ordinary rename of the session {own.what} since then; of another session it works."
        else:
            sentence = f"No ordinary rename of the session went well: one {own.what}; of another session it works."
        before = stopping.last_odd(self._check, entry)
        told = f"{sentence} The last request to it that was no ordinary rename was {before}." if before else sentence
        jam = Jam(own.session.id, own.broken or Aspect.OTHER, own.exchange, told)
        return Look(sentence, self._target.pool.retire(own.session), jam=jam)

    def _of_a_broken(self, own: Control, aspect: Aspect, entry: Entry) -> Look:
        """No session works, or none of this kind: from the start, or since a request."""
        assert own.broken is not None
        assert self._check.requirement is not None
        mine, key = self._check.requirement.id, (own.broken, own.session.kind)
        if own.broken in {Aspect.ACCEPTED, Aspect.READABLE} and key in self._target.worked:
            if controls.after_a_moment(self._check, own).works:
                return Look("For a moment after it no ordinary rename worked.", again=True)
            return self._of_a_stopped(own, entry)
        law = CANONICAL[own.broken]
        if own.broken is Aspect.ANSWERED and not self._check.dialect.answers_session:
            law = "answer-true"
        canonical = f"{self._check.dialect.system}.{law}"
        first = mine if canonical in self._target.passed else canonical
        cause = self._target.causes.setdefault(key, first)
        if cause != mine and aspect in _EXPLAINS[own.broken]:
            return Look(caused=NotTested(f"an ordinary rename {own.what} as well", Gap.CAUSE, cause))
        if own.broken is Aspect.ACCEPTED and key not in self._target.worked:
            return Look(f"No ordinary rename was accepted: one {own.what}. Is the target set up for it?")
        return Look(f"An ordinary rename {own.what} as well.")

    def _of_a_stopped(self, own: Control, entry: Entry) -> Look:
        """Nothing works since a request: it may be what did it.

        Raises:
            Unjudgeable: nothing shows that a request of the run did it.
        """
        assert self._check.requirement is not None
        found = stopping.stopped(self._check, own, entry)
        self._target.stop(found)
        if not found.by_the_request:
            raise Unjudgeable(found.sentence)
        found.cause = self._check.requirement.id
        return Look(found.sentence)


def merged(failures: Sequence[Nonconformance], tried: int, left_out: str | None) -> Nonconformance:
    """The clearest failure, with one of each other class: that with the shortest request, the first of several."""
    by_kind: dict[str, Nonconformance] = {}
    for failure in [each for found in failures for each in (found, *found.others)]:
        name = failure.kind or failure.case
        if name not in by_kind or _size(failure) < _size(by_kind[name]):
            by_kind[name] = failure
    clearest, *others = sorted(by_kind.values(), key=_size)
    clearest.others, clearest.tried, clearest.left_out = others, max(tried, len(by_kind)), left_out
    return clearest


def _size(failure: Nonconformance) -> int:
    """How much there is to read in a failing request."""
    if failure.exchange is None:
        return 0
    request = failure.exchange.request
    odd = sum(len(name) + len(value) for name, value in request.headers if (name, value) not in JSON_TYPE)
    return len(request.body or b"") + 2 * odd
