"""Waiting where the target asks for it (429; 502, 503, 504 where they are no verdict), and asking again what failed.

CONTRACTS, "When a run may say what": a 503 (or 502, 504) with Retry-After, and one without it on calls that are not
under test, is waited out and asked again like a 429, and no verdict by itself; if it stays, the run could not judge.
Any other 5xx on calls that are not under test is asked again for a moment: a reading that fails once shows nothing.
"""

from __future__ import annotations

import email.utils
import time
from collections import Counter
from collections.abc import Sequence

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

#: The same where a call that is not under test is answered with another 5xx; one that makes something, and may have
#: made it, is asked again less often.
ASKING_AGAIN, MAKING_AGAIN = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3), (0.25, 0.5)

#: How many times more often than with success a run asks again so in vain, before it takes the first such answer.
IN_VAIN = 3


#: Methods of calls that do no more when they are sent again (RFC 9110, section 9.2.2).
_SAFE_AGAIN = frozenset({"GET", "HEAD", "DELETE"})


class Waiting:
    """What a run has waited for one target."""

    def __init__(self) -> None:
        #: Seconds that were waited, by the status that asked for it.
        self.seconds: dict[int, float] = {}
        #: Calls, not under test, that stayed unavailable when they were last waited for: they are not waited for again.
        self._unavailable: set[Route] = set()
        #: How often a call that is not under test was asked again, by the 5xx status that it was answered with.
        self.again: Counter[int] = Counter()
        self._in_vain = 0
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
        if answer is None:
            return False
        asked = answer.header("retry-after")
        bounded = patience is not None and answer.status in PASSING and asked is not None
        if bounded and (len(waits) >= TIMES or sum(waits) + retry_after(asked) > (patience or 0.0)):
            return False
        if answer.status == 429 or (answer.status in PASSING and asked is not None):
            seconds = _as_asked(answer, sum(waits))
        elif answer.status < 500:
            self._unavailable.discard(route)
            self._in_vain -= bool(waits)
            return False
        elif under_test or len(waits) >= len(pauses := self._pauses(answer, route)):
            if not under_test and route not in self._unavailable:
                self._unavailable.add(route)
                self._in_vain += answer.status not in PASSING
            return False
        else:
            seconds = pauses[len(waits)]
        INTERRUPTION.pause(seconds, heed=not closing)
        waits.append(seconds)
        if answer.status == 429 or answer.status in PASSING:
            self.seconds[answer.status] = self.seconds.get(answer.status, 0.0) + seconds
        if answer.status >= 500:
            self.again[answer.status] += 1
        return True

    def _pauses(self, answer: Answer, route: Route) -> Sequence[float]:
        """Seconds before each further try of a call that is not under test, where the answer does not say how many."""
        if route in self._unavailable:
            return ()
        if answer.status in PASSING:
            return BACKING_OFF
        if self._in_vain >= IN_VAIN:
            return ()
        return ASKING_AGAIN if route.method in _SAFE_AGAIN else MAKING_AGAIN

    def notes(self) -> list[str]:
        """A sentence for each status that was waited out."""
        whys = {429: "limits the rate of requests"}
        notes = [
            f"waited {seconds:.1f} s because the target {whys.get(status, 'was not available for a moment')} ({status})"
            for status, seconds in sorted(self.seconds.items())
        ]
        notes += [
            f"calls that are not under test (creating, reading, listing, deleting) were answered with {status} and "
            f"asked again, {number} times in all"
            for status, number in sorted(self.again.items())
            if status not in PASSING
        ]
        return notes


def _as_asked(answer: Answer, waited: float) -> float:
    """How long to wait. Raises Unjudgeable where that is too long."""
    seconds = retry_after(answer.header("retry-after"))
    if seconds > WAIT_AT_ONCE or waited + seconds > WAITING_LIMIT:
        what = "limits the rate of requests" if answer.status == 429 else "is not available"
        raise Unjudgeable(
            f"the target {what} ({answer.status}) and was not asked any more: it asks to wait "
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
