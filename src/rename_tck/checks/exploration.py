"""Property-based exploration of a target: drawn cases, and the smallest that fails within bounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from rename_tck.cases.drawn import from_text, to_json, to_text
from rename_tck.cases.prefetch import NotPrefetchedError
from rename_tck.cases.spaces import Space
from rename_tck.checks import lost_sessions
from rename_tck.checks.context import CheckContext
from rename_tck.checks.controls import control
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.verdict import Aspect, NotTested, ObstacleError, Unjudgeable

if TYPE_CHECKING:
    from hypothesis import strategies as st

T = TypeVar("T")

#: What the classes of drawn cases begin with.
DRAWN = "drawn values"

#: Cases that were drawn ahead and are still checked after the first that fails.
MORE = 40

#: After the first failing case: how many more are sent to find a smaller one, and for how many seconds.
SHRINKS = 80
SHRINK_SECONDS = 5.0


def explore(
    check: CheckContext,
    space: Space,
    judge: Callable[[T], None],
    *,
    valid: Mapping[str, object] | None = None,
    only: Callable[[T], bool] = lambda _: True,
) -> None:
    """Check drawn cases of a space, as many as the profile says, and raise the smallest failure.

    `valid` is the body of an ordinary rename, where the space is one of bodies; cases that `only` rules out are not
    checked. The draws depend on the run's seed and the requirement alone. A failure that comes and goes is raised all
    the same. Of a replay case nothing is drawn: its value alone is checked.

    Raises:
        Nonconformance: a case failed; the smallest one found.
        NotTested, Unjudgeable: as the judge raises them.
    """
    for _ in check.cases([check.selector.exploration()]):
        attempt: Attempt[T] = Attempt(
            lambda drawn: _judged(check, judge, drawn), lambda failure: _still_works(check, failure)
        )
        if check.replay_case is not None and check.selector.narrowed:
            attempt.alone(check.replay_case.drawn())
        elif not _passes_prefetch(check, space, attempt, valid or {}, only):
            _draw(check, space, attempt, valid or {}, only)


def _judged(check: CheckContext, judge: Callable[[T], None], drawn: T) -> None:
    """Check one value, and once more on other sessions where others have deleted the one that it was sent to."""
    try:
        judge(drawn)
    except Nonconformance as failure:
        session, check.missing = check.missing, None
        exchange = failure.exchange
        if session is None and exchange is not None and exchange.status in {404, 410}:
            session = check.target.session_at(exchange.request.path)
        if session is None or not lost_sessions.is_others_doing(check, session):
            raise
        check.target.pool.retire(session)
        judge(drawn)


def _passes_prefetch(
    check: CheckContext, space: Space, attempt: Attempt[T], valid: Mapping[str, object], only: Callable[[T], bool]
) -> bool:
    """Check what was drawn ahead; whether all of it has come, and passes."""
    if check.target.prefetch is None:
        return False
    try:
        attempt.first(filter(only, check.target.prefetch.take(check.dialect.system, check.edition, space, valid)))
    except NotPrefetchedError:
        return False
    return attempt.failure is None


def _still_works(check: CheckContext, failure: Nonconformance) -> bool:
    """Whether an ordinary rename of the session that a case failed on works after it, where that may have suffered."""
    exchange = failure.exchange
    if exchange is None or not (exchange.status >= 500 or failure.aspect is Aspect.READABLE):
        return True
    session = check.target.session_at(exchange.request.path)
    return session is None or control(check, session).works


def _draw(
    check: CheckContext, space: Space, attempt: Attempt[T], valid: Mapping[str, object], only: Callable[[T], bool]
) -> None:
    """Draw here, and check that. Raises what `search` does."""
    from rename_tck.cases import drawing, fuzz  # only here: loading Hypothesis takes its time

    most = drawing.use(check.target.profile)
    cases = fuzz.strategy(space, check.contract, valid).filter(only)
    search(cases, attempt, seed=check.seed, examples=space.examples(most, len(check.target.contracts)))


def search(cases: st.SearchStrategy[T], attempt: Attempt[T], *, seed: str, examples: int) -> None:
    """Attempt as many cases, and raise the smallest failure, be it of an attempt before.

    Raises:
        Nonconformance: a case failed; the smallest one found.
        NotTested, Unjudgeable: as the judge raises them.
    """
    from rename_tck.cases.drawing import draw

    try:
        draw(cases, attempt, seed=seed, examples=examples, passed=attempt.passed)
    except _Enough:
        pass
    except Exception:
        # also Hypothesis' own complaint that a failure did not come again; what has failed stays so whatever comes
        if attempt.failure is None:
            raise
    if attempt.ended is not None and (attempt.failure is None or isinstance(attempt.ended, KeyboardInterrupt)):
        raise attempt.ended
    if attempt.failure is not None:
        raise attempt.whole_failure()
    if attempt.trouble is not None:
        raise attempt.trouble


class _Enough(BaseException):
    """Ends Hypothesis' search at once, which an ordinary exception does not."""


class Attempt(Generic[T]):
    """One check after the other; keeps what passed first, and the last failure, which is the smallest.

    Bounds the search for a smaller one.
    """

    def __init__(
        self, judge: Callable[[T], None], still_works: Callable[[Nonconformance], bool] = lambda _: True
    ) -> None:
        self.failure: Nonconformance | None = None
        self.trouble: NotTested | ObstacleError | Unjudgeable | None = None
        self.ended: BaseException | None = None
        #: The first failure of each sort: another fault must not hide behind the one that is made smaller.
        self.sorts: dict[tuple[object, ...], Nonconformance] = {}
        self.passed: set[str] = set()
        self._judge = judge
        #: Whether the target still works after a failure: else smaller cases would fail for that.
        self._still_works = still_works
        self._shrinks = 0
        self._since = 0.0

    def first(self, drawn: Iterable[T]) -> None:
        """Check these, at most so many after the first that fails. Those that pass are not checked again."""
        more = MORE
        for case in drawn:
            try:
                self.alone(case)
            except Nonconformance as failure:
                self.failure = self.failure or failure
                if not self._still_works(failure):
                    raise
            except Exception:
                if self.failure is None:
                    raise
                return  # what has failed stays so, whatever comes
            else:
                self.passed.add(to_text(case))
            more -= self.failure is not None
            if not more:
                return

    def whole_failure(self) -> Nonconformance:
        """The smallest failure, with one of each other sort."""
        assert self.failure is not None
        own = _sort(self.failure)
        self.failure.others = [failure for sort, failure in self.sorts.items() if sort != own]
        for failure in (self.failure, *self.failure.others):
            failure.kind = f"{DRAWN}: {_words(failure)}"
        return self.failure

    def __call__(self, drawn: str) -> None:
        """Check a value that was drawn. Raises what the judge raises, and ends the search where that is enough."""
        if self._is_over():
            raise _Enough
        try:
            self.alone(from_text(drawn))
        except Nonconformance as failure:
            self._since = self._since or time.monotonic()
            self.failure = failure
            if not self._still_works(failure):
                raise _Enough from None
            raise
        except (NotTested, ObstacleError, Unjudgeable) as trouble:
            self.trouble = trouble
            raise _Enough from None
        except Exception:
            raise
        except BaseException as ended:  # noqa: BLE001 - it is raised again when the search is over
            # another plugin of pytest ends the test, as by a time-out: Hypothesis would take that for a case that fails
            self.ended = ended
            raise _Enough from None

    def alone(self, drawn: T) -> None:
        """Check one value; a failure says which. A 5xx that comes and goes is told by no-server-error alone."""
        try:
            try:
                self._judge(drawn)
            except Nonconformance as failure:
                if failure.exchange is None or failure.exchange.status < 500:
                    raise
                self._judge(drawn)
        except Nonconformance as failure:
            if failure.replay_data is not None:
                failure.replay_data.drawn, failure.replay_data.request = to_json(drawn), None
            self.sorts.setdefault(_sort(failure), failure)
            raise

    def _is_over(self) -> bool:
        if self.failure is None:
            return False
        self._since = self._since or time.monotonic()
        self._shrinks += 1
        return self._shrinks > SHRINKS or time.monotonic() - self._since > SHRINK_SECONDS


def _sort(failure: Nonconformance) -> tuple[object, ...]:
    """What tells the failures of one fault from those of another, whatever was drawn."""
    status = failure.exchange.status if failure.exchange is not None else 0
    return failure.aspect, status, "" if failure.compared is not None else failure.expected


def _words(failure: Nonconformance) -> str:
    """The same for a reader."""
    if failure.compared is None:
        return failure.expected
    return {Aspect.ANSWERED: "another name is answered", Aspect.STORED: "another name is stored"}.get(
        failure.aspect, "another value"
    )
