"""Runs a law over all of its cases, and concludes: every failing class of case, or the cause that lies elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from rename_tck.checks import foreign_names, lost_sessions, stopping
from rename_tck.checks.bounds import Bounds
from rename_tck.checks.context import CheckContext
from rename_tck.checks.diagnosis import CANONICAL, Look, comes_of_the_one_before, look, passed_again
from rename_tck.checks.elsewhere import Elsewhere
from rename_tck.checks.failing_classes import told
from rename_tck.checks.jammed import is_jammed_before, left_behind
from rename_tck.checks.settled_refusals import settled
from rename_tck.client.exchange import Exchange, segment
from rename_tck.results.nonconformance import Nonconformance, OrdinaryRenameRefused
from rename_tck.target.target import Jam
from rename_tck.verdict import Aspect, Gap, NotTested, ObstacleError, Unjudgeable

#: Times that a case is tried once more while it fails in another way each time.
TIMES = 3

#: What stands between the driver and the law in a traceback.
_OWN_FRAMES = frozenset({__name__, "functools", "rename_tck.replay.single_case"})

#: Times that a case is tried once more where the session that it was tried on is gone: others may be, too.
TRIES_OF_GONE = 3

#: Laws that look back on the run, and have something to say also of a target on which nothing works.
_LOOKING_BACK = frozenset({"rename-accepted", "no-server-error"})


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
        #: Failing cases that another requirement is to tell.
        self._handed_over: list[Nonconformance] = []
        self._bounds = Bounds(check)
        #: Cases that were tried once more; how the last of them failed before, and the session that it was tried on.
        self._tried_again: Counter[tuple[str, ...]] = Counter()
        self._first: Nonconformance | None = None
        self._jam: Jam | None = None
        self._elsewhere = Elsewhere(check)
        #: Whether the case that is being judged has failed before, and in the same way.
        self._came_alike = False
        #: The number of the last request before the run of the law in which the first failure was seen.
        self._first_mark = 0

    def judge(self) -> None:
        """As the function of this name."""
        requirement = self._check.requirement
        if requirement is not None and requirement.law not in _LOOKING_BACK:
            self._check.need_a_working_target(own=False)
        while self._goes_on():
            pass
        self._settle_refusals()
        self._bounds.close()
        if self._failures:
            if requirement is not None:
                self._target.failed.add(requirement.id)
            raise told(self._failures, self._check, self._bounds.left_out)
        if isinstance(self._ending, Unjudgeable):
            raise self._ending
        if (trouble := self._caused or self._check.told_elsewhere or self._ending) is not None:
            if isinstance(trouble, NotTested) and self._handed_over:
                trouble.kept = told(self._handed_over, self._check, self._bounds.left_out)
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
        self._bounds.note_run()
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

    def _settle_refusals(self) -> None:
        """Have the sessions read whose refusals were not looked into yet, and keep what the law has failed in."""
        failures, caused = settled(self._check, self._elsewhere)
        self._failures += failures
        self._caused = caused or self._caused
        self._ending = self._ending or self._check.unsettled

    def _goes_on_after_failure(self, failure: Nonconformance, mark: int) -> bool:
        failure.kind = failure.kind or self._kind_of(failure)
        self._settle_refusals()  # before controls change the names
        missing, self._check.missing = self._check.missing, None
        found = look(self._check, failure.exchange, failure.aspect, 0 if failure.sent_earlier else mark, missing)
        if found.instead is not None:
            return self._goes_on_after_the_doer(found.instead)
        narrowed = self._check.selector.narrowed
        if found.caused is None and not narrowed:
            found.caused = self._elsewhere.by_name(failure)
        if found.caused is None and self._is_again(found, failure, failure, mark):
            return self._resumed(again=True)
        if found.caused is None and not narrowed:
            found.caused = self._of_another(found, failure, mark)
        if found.caused is not None:
            self._caused = found.caused
            self._handed_over.append(failure)
        elif not self._is_of_the_one_before(found, failure.exchange):
            failure.after = _joined(failure.after, found.after)
            self._failures.append(failure)
        return self._goes_on_behind()

    def _goes_on_after_the_doer(self, failure: Nonconformance) -> bool:
        """The same where the case shows only that the target had stopped working: what stopped it has failed."""
        self._first = self._jam = None
        self._failures.append(failure)
        return self._goes_on_behind()

    def _of_another(self, found: Look, failure: Nonconformance, mark: int) -> NotTested | None:
        """The requirement that tells what a case has failed by each time that it was tried, where it is not its own."""
        if found.jam is not None:
            if not self._is_told("rename-again") or not is_jammed_before(self._check, failure, found.jam):
                return None
            self._target.jams.append(found.jam)
            return self._of_a_jam()
        if not found.works and not found.flaky:
            return None
        if not self._came_alike and self._is_left_behind(failure):
            return self._of_a_jam()
        return self._elsewhere.unanswered(failure) or self._elsewhere.comes_and_goes(
            failure, mark, alike=self._came_alike
        )

    def _of_a_jam(self) -> NotTested:
        cause = f"{self._check.dialect.system}.rename-again"
        return NotTested("a request of it has left its session unfit for ordinary renames", Gap.CAUSE, cause)

    def _is_left_behind(self, failure: Nonconformance) -> bool:
        """Whether a rename was refused for what an earlier one has left behind: rename-again tells it."""
        jam = left_behind(self._check, failure) if self._elsewhere.tells("rename-again") else None
        if jam is not None and jam not in self._target.jams:
            self._target.jams.append(jam)
        return jam is not None

    def _goes_on_behind(self) -> bool:
        """Whether the law is run again for the cases behind the one that it was left at."""
        return self._resumed() and not self._bounds.is_hopeless() and not self._bounds.are_passed()

    def _kind_of(self, failure: Nonconformance) -> str:
        """The class of a failing case; of what was looked back on, and outside of every loop, by what is wrong."""
        selector = self._check.selector
        words = [kind for kind in selector.left_at_kind if kind]
        if not words:
            _, colon, what = failure.case.rpartition(": ")
            said = [what] if colon else []
            said += [failure.expected] if failure.compared is None else []
            words += map(self._check.in_general, said)
        return " / ".join(words)

    def _goes_on_after_refusal(self, refused: OrdinaryRenameRefused, mark: int) -> bool:
        """The same where an ordinary rename beside the case failed: that shows nothing of the case."""
        self._settle_refusals()
        found = look(self._check, refused.exchange, refused.aspect, mark)
        if found.instead is not None:
            return self._goes_on_after_the_doer(found.instead)
        again = found.caused is None and self._is_again(found, refused, _of_refused(refused), mark, always=True)
        if refused.exchange is not None and (found.jam is not None or (again and self._is_told_5xx(refused.exchange))):
            self._target.forget_refusal(refused.exchange)  # what stopped the session, or the 5xx, is told itself
        if again:
            return self._resumed(again=True)
        if found.jam is not None:
            self._tell(found.jam, _of_refused(refused))
        self._caused, self._ending = self._caused or found.caused, refused
        if found.works and refused.exchange is not None:
            self._caused = self._caused_by_the_one_before(refused.exchange) or self._caused
        return found.caused is None and self._goes_on_behind()

    def _goes_on_after_trouble(self, trouble: Unjudgeable, mark: int) -> bool:
        """The same where the suite could not judge the case: it may be able to when it tries once more."""
        last = self._target.client.journal.since(mark)[-1:]
        self._settle_refusals()
        found = look(self._check, last[0].exchange, Aspect.ACCEPTED, mark) if last else Look()
        if found.instead is not None:
            return self._goes_on_after_the_doer(found.instead)
        if last and found.caused is None and self._is_again(found, trouble, None, mark, always=True):
            return self._resumed(again=True)
        if found.caused is not None and self._target.stopped is not None:
            self._caused = self._caused or found.caused
            return False
        case = " / ".join(self._check.selector.left_at)
        self._ending = Unjudgeable(f"{trouble.reason} (case {case!r})", trouble.status) if case else trouble
        self._settle()
        return found.works and self._goes_on_behind()

    def _is_again(
        self, found: Look, error: BaseException, failure: Nonconformance | None, mark: int, *, always: bool = False
    ) -> bool:
        """Whether the case is tried once more. What failed before it, or what it failed on, is judged by what comes."""
        place = self._check.selector.left_at or _place_of(error)
        times = self._tried_again[place]
        # what fails elsewhere in the case than it did before may fail by chance
        first = self._first if found.works or found.flaky else None
        alike = first is None or failure is None or self._words(first) == self._words(failure)
        self._came_alike = times > 0 and alike and first is not None
        most = TRIES_OF_GONE if found.jam is not None and found.jam.gone else 1
        # what fails every so often is seen not to fail in some of several rows
        several = not alike or (self._elsewhere.is_in_a_row and first is not None)
        twice = times >= (TIMES if several else most)
        if times:
            self._first = self._jam = None  # the case itself does it: its own failure says so
        self._settle()
        if not (found.again or always) or twice or not self._bounds.may_try_again():
            return False
        if self._check.selector.narrowed and found.jam is None:
            return False  # it failed in the run that kept it, too
        self._tried_again[place] += 1
        self._elsewhere.shift(self._tried_again[place])
        self._first, self._jam, self._first_mark = failure, found.jam, mark
        return True

    def _words(self, failure: Nonconformance) -> str:
        """The case of a failure without the names that the run has made up."""
        return re.sub(rf"{re.escape(self._target.token)}\\S*", "", failure.case)

    def _settle(self) -> None:
        """The case that was tried again passed: it comes and goes, or what made it fail came before it."""
        first, self._first = self._first, None
        jam, self._jam = self._jam, None
        if jam is not None:
            self._tell(jam, first)
        elif first is not None and not self._was_in_an_outage(first) and not self._is_judged_elsewhere(first):
            again = passed_again(self._check, first.exchange) if self._check.selector.met_again else None
            first.after = _joined(first.after, again)
            before = stopping.odd_before(self._check, first.exchange) if first.exchange is not None else None
            if before is not None and first.exchange is not None and first.exchange.status >= 500:
                first.case, first.kind = f"{first.case}; {before}", stopping.AFTER_ANOTHER
            self._failures.append(first)

    def _tell(self, jam: Jam, failure: Nonconformance | None) -> None:
        """Have a session that does not work told by the law of what it never did, or no longer does; else by this one.

        `failure` is the case that failed on it.
        """
        if (
            jam.aspect is Aspect.STORED
            and f"{self._check.dialect.system}.{CANONICAL[jam.aspect]}" in self._target.failed
        ):
            return
        if self._check.selector.narrowed:
            return  # the kept case has passed on another session, and the ordinary tests tell what stops one
        if jam.gone and not self._is_lost_again(jam):
            return
        requirement = self._check.requirement
        looks_back = requirement is not None and requirement.law == "no-server-error"
        if looks_back and failure is not None and failure.exchange is not None and failure.exchange.status >= 500:
            failure.after = jam.sentence  # what it has sent itself no other will tell
            self._failures.append(failure)
            return
        known = jam.session_id in self._target.renamed
        no_longer = jam.exchange is None or known or (jam.exchange.status >= 500 and self._worked(jam.session_id))
        if not self._is_told("rename-again" if no_longer else "rename-accepted"):
            if failure is not None:
                failure.after = _joined(failure.after, jam.sentence)
                self._failures.append(failure)
        elif no_longer:
            self._target.jams.append(jam)
        elif jam.exchange is not None:
            self._target.refused_renames.append(jam.exchange)

    def _worked(self, session_id: str) -> bool:
        """Whether a rename of a session was accepted, be it to an odd name, or refused and not for an error."""
        renames = (one.exchange for one in self._target.client.journal.renames())
        return any(0 < one.status < 500 for one in renames if segment(session_id) in one.request.path.split("/"))

    def _is_lost_again(self, jam: Jam) -> bool:
        """Whether others go when the same is sent to them as to a session that is gone."""
        session = next((one for one in self._target.pool.of_the_run if one.id == jam.session_id), None)
        return session is None or not lost_sessions.is_others_doing(self._check, session)

    def _is_told(self, law: str) -> bool:
        """Whether this requirement is judged in this process: it looks back on what other tests have seen."""
        return self._elsewhere.is_told(law)

    def _is_told_5xx(self, exchange: Exchange) -> bool:
        """Whether the requirement that looks back on every 5xx tells it: what it sends itself it has to tell here."""
        requirement = self._check.requirement
        mine = requirement is not None and requirement.law == "no-server-error"
        return exchange.status >= 500 and not mine and self._is_told("no-server-error")

    def _is_of_the_one_before(self, found: Look, exchange: Exchange | None) -> bool:
        """Whether a 5xx comes of the odd request before it: the requirement that looks back on all of them says so."""
        return (
            found.works
            and exchange is not None
            and self._is_told_5xx(exchange)
            and not self._check.selector.narrowed
            and comes_of_the_one_before(self._check, exchange)
        )

    def _caused_by_the_one_before(self, exchange: Exchange) -> NotTested | None:
        """The same of an ordinary rename beside a case, which works otherwise."""
        before = stopping.odd_before(self._check, exchange) if self._is_told_5xx(exchange) else None
        if before is None:
            return None
        self._target.forget_refusal(exchange)
        law = f"{self._check.dialect.system}.no-server-error"
        return NotTested(f"an ordinary rename beside it is answered with {exchange.status}; {before}", Gap.CAUSE, law)

    def _was_in_an_outage(self, failure: Nonconformance) -> bool:
        """Whether nothing worked for a moment when the request that failed was sent."""
        renames = self._target.client.journal.renames()
        number = next((entry.number for entry in renames if entry.exchange is failure.exchange), 0)
        return self._target.is_in_an_outage(number)

    def _is_judged_elsewhere(self, failure: Nonconformance) -> bool:
        """Whether a failure that comes and goes, whatever is sent, is told by the requirement that it breaks itself."""
        if failure.refused:
            return True  # an ordinary rename: rename-accepted has it
        if failure.exchange is not None and self._is_told_5xx(failure.exchange):
            return True
        if self._is_left_behind(failure):
            return True
        if failure.aspect is Aspect.STORED and failure.compared is not None:
            wanted, found = failure.compared.expected, failure.compared.actual
            if foreign_names.is_others_doing(self._check, found, wanted, failure.case):
                return True
        if self._elsewhere.passes_later(failure, self._first_mark):
            return True
        if failure.aspect is Aspect.READABLE:
            # a reading, which is not under test, failed once
            self._target.pool.notes.append(f"{failure.case}: {failure.expected}; tried once more it could be read")
            return True
        canonical = CANONICAL.get(failure.aspect)
        return canonical is not None and f"{self._check.dialect.system}.{canonical}" in self._target.failed

    def _resumed(self, *, again: bool = False) -> bool:
        if self._check.selector.resume(again=again):
            return True
        if again:
            self._check.selector.restart()
        return again


def _joined(*sentences: str | None) -> str | None:
    """What requests after a failure showed, as one text."""
    return " ".join(filter(None, sentences)) or None


def _place_of(error: BaseException) -> tuple[str, ...]:
    """Where a law was left outside of every loop: the line of the law itself."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_globals.get("__name__") in _OWN_FRAMES:
        step = step.tb_next
    return (f"line {step.tb_lineno}",) if step is not None else ()


def _of_refused(refused: OrdinaryRenameRefused) -> Nonconformance:
    """The failure that an ordinary rename beside a case is by itself."""
    expected = "status 200: the request is valid"
    case = "an ordinary rename beside a case"
    return Nonconformance(case, expected, refused.exchange, aspect=refused.aspect, kind=case, refused=True)
