"""Waiting for what a target shows to settle: a reading or a listing may lag behind an answer for up to a second.

CONTRACTS: a server that answers from replicas or caches shows a rename a moment later. What is shown after that second
counts; that it lags is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rename_tck.interruption import INTERRUPTION

T = TypeVar("T")

#: Seconds before each further look; one second in all.
LOOKS = (0.05, 0.1, 0.25, 0.6)

#: Seconds by which what a target shows may lag behind.
LONGEST = 1.0

#: How many times a run waits in vain before it takes what it sees at once; a lag that was seen takes that back.
FUTILE = 3


def pause(seconds: float) -> None:
    """Let time pass at the target. Raises KeyboardInterrupt when the run is interrupted."""
    INTERRUPTION.pause(seconds)


class Patience:
    """How a run waits for readings: whether it was of use so far."""

    def __init__(self) -> None:
        #: Waits at whose end nothing had changed.
        self.futile = 0
        #: Seconds after which a reading showed a new name that it did not show at once; and the same of a new session.
        self.lags: list[float] = []
        self.late: list[float] = []

    def settled(self, look: Callable[[], T], good: Callable[[T], bool], *, renamed: bool = True) -> T:
        """What a look shows: at once where that is good, else after further looks within a second.

        `renamed` says that a rename is looked for: that it is shown late is kept. Raises what the look raises.
        """
        found = look()
        if good(found) or (self.futile >= FUTILE and not (self.lags or self.late)):
            return found
        waited = 0.0
        for seconds in LOOKS:
            pause(seconds)
            waited += seconds
            found = look()
            if good(found):
                (self.lags if renamed else self.late).append(waited)
                return found
        self.futile += 1
        return found
