"""Waiting where the target asks for it: 429, and 502, 503, 504 where they are no verdict.

CONTRACTS, "When a run may say what": a 503 (or 502, 504) with Retry-After, and one without it on calls that are not
under test, is waited out and asked again like a 429, and no verdict by itself; if it stays, the run could not judge.
"""

from __future__ import annotations

import email.utils
import time

from rename_tck.client.exchange import Answer, Exchange
from rename_tck.client.request_policy import Route
from rename_tck.interruption import INTERRUPTION
from rename_tck.verdict import Unjudgeable

#: Statuses by which a gateway, or a server that is starting or too busy, says that it may work in a moment.
PASSING = frozenset({502, 503, 504})

#: Seconds that one request waits at once, and in all, because the target asks for it.
WAIT_AT_ONCE = 65.0
WAITING_LIMIT = 90.0

#: Seconds that a request waits in all before it is seen whether an ordinary one is asked to wait as well; and how many
#: times. From one that was seen to be asked alone to the next, a third of that.
PATIENCE = 3.0
TIMES = 3

#: Seconds before each further try where such an answer does not say how long to wait.
BACKING_OFF = (0.25, 0.5, 1.0, 2.0, 4.0)


class Waiting:
    """What a run has waited for one target."""

    def __init__(self) -> None:
        #: Seconds that were waited, by the status that asked for it.
        self.seconds: dict[int, float] = {}
        #: Calls, not under test, that stayed unavailable when they were last waited for: they are not waited for again.
        self._unavailable: set[Route] = set()
        #: Seconds that a request waits which may be asked to alone.
        self.patience = PATIENCE

    def lose_patience(self) -> None:
        """Note that a request was asked to wait while an ordinary one was not: the next waits less, then not at all."""
        self.patience = self.patience / 3 if self.patience == PATIENCE else 0.0

    def before_another_try(
        self,
        exchange: Exchange,
        route: Route,
        waits: list[float],
        *,
        under_test: bool,
        closing: bool,
        patience: float | None = None,
    ) -> bool:
        """Wait as the answer asks for; whether the request is to be sent again.

        `waits` are the seconds that the same request has waited already; one is added. Of the operation under test a
        502, 503 or 504 that does not say for how long is an answer like any other; so is one that asks for more than
        the `patience` that is left, where that is given.

        Raises:
            Unjudgeable: it asks to wait for longer than a run is willing to.
        """
        answer = exchange.answer
        if answer is None or answer.status not in {429, *PASSING}:
            if answer is not None:
                self._unavailable.discard(route)
            return False
        asked = answer.header("retry-after")
        bounded = patience is not None and answer.status != 429 and asked is not None
        if bounded and (len(waits) >= TIMES or sum(waits) + retry_after(asked) > (patience or 0.0)):
            return False
        if answer.status == 429 or asked is not None:
            seconds = _as_asked(answer, sum(waits))
        elif under_test or len(waits) >= len(BACKING_OFF) or route in self._unavailable:
            if not under_test:
                self._unavailable.add(route)
            return False
        else:
            seconds = BACKING_OFF[len(waits)]
        INTERRUPTION.pause(seconds, heed=not closing)
        waits.append(seconds)
        self.seconds[answer.status] = self.seconds.get(answer.status, 0.0) + seconds
        return True

    def notes(self) -> list[str]:
        """A sentence for each status that was waited out."""
        whys = {429: "limits the rate of requests"}
        return [
            f"waited {seconds:.1f} s because the target {whys.get(status, 'was not available for a moment')} ({status})"
            for status, seconds in sorted(self.seconds.items())
        ]


def _as_asked(answer: Answer, waited: float) -> float:
    """How long to wait. Raises Unjudgeable where that is too long."""
    seconds = retry_after(answer.header("retry-after"))
    if seconds > WAIT_AT_ONCE or waited + seconds > WAITING_LIMIT:
        what = "limits the rate of requests" if answer.status == 429 else "is not available"
        raise Unjudgeable(
            f"the target {what} ({answer.status}) and was given up: it asks to wait "
            f"{seconds:g} s, after {waited:.0f} s waited already",
            answer.status,
        )
    return seconds


def retry_after(value: str | None) -> float:
    """Seconds to wait by a Retry-After header, in seconds or as a date (RFC 9110, section 10.2.3); one without it."""
    if value is None:
        return 1.0
    text = value.strip()
    if text.isascii() and text.isdigit():
        return max(float(text[:9]), 0.05)
    try:
        when = email.utils.parsedate_to_datetime(text)
        return max(when.timestamp() - time.time(), 0.05)
    except (TypeError, ValueError, OverflowError):
        return 1.0
