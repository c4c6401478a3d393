"""Property-based exploration of a target: Hypothesis draws and shrinks, within bounds that a server can bear."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import hypothesis
from hypothesis import strategies as st

from rename_tck.bench import Bench
from rename_tck.verdict import Nonconformance, NotTested, Unjudgeable

T = TypeVar("T")

#: After the first failing case: how many more are sent to find a smaller one, and for how many seconds.
SHRINKS = 120
SHRINK_SECONDS = 20.0


def explore(bench: Bench, strategy: st.SearchStrategy[T], check: Callable[[T], None], *, share: float = 1.0) -> None:
    """Check drawn cases, as many as the profile says times `share`, and raise the smallest failure.

    The draws depend on the run's seed and the requirement alone. A failure that comes and goes is raised all the same.

    Raises:
        Nonconformance: a case failed; the smallest one found.
        NotTested, Unjudgeable: as the check raises them.
    """
    failures: list[Nonconformance] = []
    others: list[NotTested | Unjudgeable] = []
    calls, since = 0, 0.0

    def attempt(drawn: T) -> None:
        nonlocal calls, since
        if others:
            return
        if failures:
            calls += 1
            if calls > SHRINKS or time.monotonic() - since > SHRINK_SECONDS:
                return
        try:
            check(drawn)
        except Nonconformance as failure:
            since = since or time.monotonic()
            failures.append(failure)
            raise
        except (NotTested, Unjudgeable) as trouble:
            others.append(trouble)

    base = hypothesis.settings()
    runner = hypothesis.settings(base, max_examples=max(3, round(base.max_examples * share)))(hypothesis.given(strategy)(attempt))
    try:
        hypothesis.seed(bench.seed)(runner)()
    except Exception:
        # also Hypothesis' own complaint that the failure did not come again
        if not failures:
            raise
    if failures:
        raise failures[-1]
    if others:
        raise others[0]
