"""The pace at which a target that limits the rate of requests takes them, as far as its answers show it.

A 429 (RFC 6585, section 4) says that too many came. How many it takes in a second shows in how many it took before that
and when it took the next one. From then on no more are sent than that, a little less, and slowly more again.
"""

from __future__ import annotations

#: What is sent of the rate that was seen, and what is left of a pace that was a little too quick.
_LESS = 0.97

#: A pace was much too quick where it did not hold for so many seconds; what is left of it then.
_SECONDS, _SLOWER = 2.0, 0.9

#: What is added to a pace that has held for so many seconds.
_QUICKER, _LONG = 1.02, 6.0


class Pace:
    """What is known of a target's limit."""

    def __init__(self) -> None:
        #: Requests a second; None as long as nothing limits them.
        self.rate: float | None = None
        #: How many were taken since the last one that was not, and when the first of these was sent.
        self._taken = 0
        #: How many were taken at the pace that it is.
        self._held = 0
        self._since: float | None = None
        #: The same of those before the last one that was not taken, until another is.
        self._before: tuple[int, float] | None = None

    def note(self, status: int, sent: float, now: float) -> None:
        """Note an answer to a request: its status, and when it was sent and answered, in seconds of a steady clock."""
        if status == 429:
            if self._since is not None and self._taken:
                self._before = self._taken, self._since
            self._taken, self._held, self._since = 0, 0, None
            return
        if self._before is not None:
            count, since = self._before
            seen = _LESS * count / max(now - since, 0.001)
            if self.rate is None:
                self.rate = seen
            else:
                held = count >= _SECONDS * self.rate
                self.rate = _LESS * self.rate if held else min(seen, _SLOWER * self.rate)
            self._before = None
        self._since = sent if self._since is None else self._since
        self._taken += 1
        self._held += 1
        if self.rate is not None and self._held >= _LONG * self.rate:
            self.rate, self._held = _QUICKER * self.rate, 0
