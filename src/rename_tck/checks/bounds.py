"""How much a test may send after its first failing case, and how often a case is tried once more."""

from __future__ import annotations

from rename_tck.checks.context import CheckContext
from rename_tck.verdict import Aspect

#: Requests that a test may send after its first failing case, and all tests of a run together: a hopeless server is
#: judged cheaply.
AFTER_FIRST, AFTER_FIRST_IN_RUN = 100, 1000

#: Requests after the first failing case after which no case, and no law as a whole, is tried once more.
AGAIN = 400

#: Runs of a law, with all that go on behind a failing case, after which no case is tried once more.
RUNS = 60


class Bounds:
    """The bounds of one test."""

    def __init__(self, check: CheckContext) -> None:
        self._check = check
        self._target = check.target
        #: The cases that were not tried, and why; None where all were.
        self.left_out: str | None = None
        #: The number of the last request when the first case failed.
        self._failed_at: int | None = None
        #: The same when a case was to be tried once more for the first time.
        self._tried_at: int | None = None
        #: How many times more the law may be run for the sake of trying a case once more.
        self._runs_left = RUNS

    def _sent(self) -> int:
        """How many requests were sent, but for those that others have of the same."""
        return len(self._target.client.journal) - self._target.sent_for_several

    def note_run(self) -> None:
        """Count a run of the law."""
        self._runs_left -= 1

    def close(self) -> None:
        """Count, when the test is over, what it has sent after its first failing case."""
        if self._failed_at is not None:
            self._target.sent_after_failures += self._sent() - self._failed_at

    def is_hopeless(self) -> bool:
        """Whether no ordinary rename is accepted: further cases of the requirement that says so show no more."""
        if (Aspect.ACCEPTED, self._check.dialect.kinds[0]) not in self._target.causes:
            return False
        self.left_out = "no ordinary rename is accepted: the other cases were not tried"
        return True

    def may_try_again(self) -> bool:
        """Whether a case may still be tried once more: not for ever, whatever comes of it."""
        if self._tried_at is None:
            self._tried_at = len(self._target.client.journal)
        return self._runs_left > 0 and len(self._target.client.journal) - self._tried_at < AGAIN

    def are_passed(self) -> bool:
        """Whether no further case is begun, now that one has failed."""
        if self._failed_at is None:
            self._failed_at = self._sent()
        spent = self._sent() - self._failed_at
        if self._target.stopped is not None:
            why = "the target has stopped working"
        elif spent and (spent >= AFTER_FIRST or self._target.sent_after_failures + spent >= AFTER_FIRST_IN_RUN):
            why = (
                f"no further case is begun once {AFTER_FIRST} requests were sent after the first failing one, "
                f"or {AFTER_FIRST_IN_RUN:,} in a run"
            )
        else:
            return False
        self.left_out = f"{why}: what comes after the case {self._check.selector.resumed_after!r} was not tried"
        return True
