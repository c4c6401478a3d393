"""How much a run may ask of the target: so many requests a second, so many in all, so much time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rename_tck.client.pace import Pace
from rename_tck.interruption import INTERRUPTION
from rename_tck.verdict import Gap, ObstacleError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


class LimitReachedError(ObstacleError):
    """The run is out of time or of requests."""

    gap = Gap.LIMIT


def parse_rate(text: str) -> float:
    """Requests a second, from a text such as `10/s`, `300/m` or `10`.

    Raises:
        ValueError: it is no rate above 0.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/(s|m|h))?", text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(text)
    return float(found[1]) / _UNITS[found[2] or ""]


def parse_duration(text: str) -> float:
    """Seconds, from a text such as `60s`, `5m`, `1h` or `60`.

    Raises:
        ValueError: it is no duration above 0.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)?", text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(text)
    return float(found[1]) * _UNITS[found[2] or ""]


@dataclass
class Limits:
    """Counts down, for all that share it. What puts sessions back is let through whatever is left."""

    rate: float | None = None
    max_requests: int | None = None
    time_budget: float | None = None
    started: float = field(default_factory=time.monotonic)
    #: The pace that the target itself keeps the run to.
    pace: Pace = field(default_factory=Pace)
    #: Called, in whatever thread, for each request that is taken.
    on_taken: Callable[[], None] | None = None
    _sent: int = 0
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Return when there is time left, and a request.

        Raises:
            LimitReachedError: the run is out of time or of requests.
        """
        if self.time_budget is not None and time.monotonic() - self.started >= self.time_budget:
            raise LimitReachedError(f"out of time: --time-budget gave {self.time_budget:g} s")
        if self.max_requests is not None and self._sent >= self.max_requests:
            raise LimitReachedError(f"out of requests: --max-requests gave {self.max_requests}")

    def check_wait(self, seconds: float) -> None:
        """Return when so much time is left as is to be waited.

        Raises:
            LimitReachedError: the run would be out of time before.
        """
        self.check()
        if self.time_budget is not None and time.monotonic() - self.started + seconds >= self.time_budget:
            raise LimitReachedError(
                f"out of time: --time-budget gave {self.time_budget:g} s, and {seconds:.0f} s more would be waited for"
            )

    def take(self, *, closing: bool = False) -> None:
        """Take one request, waiting for its turn under the rate; `closing` says that it puts a session back.

        Raises:
            LimitReachedError: the run is out of time or of requests.
        """
        with self._lock:
            if not closing:
                self.check()
            self._sent += 1
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + max((1 / rate for rate in (self.rate, self.pace.rate) if rate), default=0.0)
        if self.on_taken is not None:
            self.on_taken()
        if turn > now:
            INTERRUPTION.pause(turn - now, heed=not closing)
