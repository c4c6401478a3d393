"""Property-based exploration of a target: Hypothesis draws and shrinks, within bounds that a server can bear."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

import hypothesis
from hypothesis import strategies as st

from rename_tck.bench import Bench
from rename_tck.cases.drawn import to_json
from rename_tck.verdict import Nonconformance, NotTested, Unjudgeable

T = TypeVar("T")

#: After the first failing case: how many more are sent to find a smaller one, and for how many seconds.
SHRINKS = 80
SHRINK_SECONDS = 5.0


def _register_profiles() -> tuple[str, ...]:
    """Make the profiles known to Hypothesis, the default first. No example database: the seed alone decides."""
    for name, examples in (("quick", 25), ("ci", 100), ("nightly", 1000)):
        hypothesis.settings.register_profile(
            name,
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=False,
            print_blob=False,
            report_multiple_bugs=False,
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    return ("quick", "ci", "nightly")


#: How much is generated, from the default to the most.
PROFILES = _register_profiles()


def explore(bench: Bench, strategy: st.SearchStrategy[T], check: Callable[[T], None], *, share: float = 1.0) -> None:
    """Check drawn cases, as many as the profile says times `share`, and raise the smallest failure.

    The draws depend on the run's seed and the requirement alone. A failure that comes and goes is raised all the same.
    Of a kept case nothing is drawn: its value alone is checked.

    Raises:
        Nonconformance: a case failed; the smallest one found.
        NotTested, Unjudgeable: as the check raises them.
    """
    for _ in bench.cases([bench.trail.exploration()]):
        if bench.kept is not None and bench.trail.narrowed:
            _Attempt(check).alone(bench.kept.drawn())
        else:
            _explore(bench, strategy, check, share)


def _explore(bench: Bench, strategy: st.SearchStrategy[T], check: Callable[[T], None], share: float) -> None:
    attempt = _Attempt(check)
    base = hypothesis.settings()
    settings = hypothesis.settings(base, max_examples=max(3, round(base.max_examples * share)))

    @hypothesis.seed(bench.seed)
    @settings
    @hypothesis.given(strategy)
    def draw(drawn: T) -> None:
        attempt(drawn)

    try:
        draw()
    except _Enough:
        pass
    except Exception:
        # also Hypothesis' own complaint that a failure did not come again
        if attempt.failure is None:
            raise
    if attempt.failure is not None:
        raise attempt.failure
    if attempt.trouble is not None:
        raise attempt.trouble


class _Enough(BaseException):
    """Ends Hypothesis' search at once, which an ordinary exception does not."""


class _Attempt(Generic[T]):
    """One check after the other; keeps the last failure, which is the smallest, and bounds the search for it."""

    def __init__(self, check: Callable[[T], None]) -> None:
        self.failure: Nonconformance | None = None
        self.trouble: NotTested | Unjudgeable | None = None
        self._check = check
        self._shrinks = 0
        self._since = 0.0

    def __call__(self, drawn: T) -> None:
        if self._is_over():
            raise _Enough
        try:
            self.alone(drawn)
        except Nonconformance as failure:
            self._since = self._since or time.monotonic()
            self.failure = failure
            raise
        except (NotTested, Unjudgeable) as trouble:
            self.trouble = trouble
            raise _Enough from None

    def alone(self, drawn: T) -> None:
        """Check one value; a failure says which."""
        try:
            self._check(drawn)
        except Nonconformance as failure:
            if failure.tried is not None:
                failure.tried.drawn, failure.tried.request = to_json(drawn), None
            raise

    def _is_over(self) -> bool:
        if self.failure is None:
            return False
        self._shrinks += 1
        return self._shrinks > SHRINKS or time.monotonic() - self._since > SHRINK_SECONDS
