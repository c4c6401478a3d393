"""The target's clock, as the times in its answers show it.

A server that sets a time to now where it should not is found out only when now is another second than before, for
times may be in whole seconds. How long to wait for that is read off what the run has seen: it is seldom a whole second.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from rename_tck.bench import Bench
from rename_tck.interruption import INTERRUPTION
from rename_tck.series import Series
from rename_tck.systems.dialect import members

#: A second by the target's clock, and something for clocks that run apart.
SECOND = 1.02

#: The digits of an RFC 3339 date-time up to its seconds.
_WHOLE = 19
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")
_FRACTION = re.compile(r"\.\d*[1-9]")


def is_fine(value: object) -> bool:
    """Whether a time shows parts of a second, so that two that differ by less can be told apart."""
    if isinstance(value, str):
        return _FRACTION.search(value, _WHOLE) is not None
    return isinstance(value, float) and not value.is_integer()


def is_whole(value: object) -> bool:
    """Whether a value may be a time in whole seconds."""
    if isinstance(value, str):
        return _DATE_TIME.match(value) is not None and not is_fine(value)
    return isinstance(value, int | float) and not isinstance(value, bool) and not is_fine(value)


def is_later(one: object, other: object) -> bool:
    """Whether one time is certain to be in a later second than another of the same form."""
    if isinstance(one, str) and isinstance(other, str):
        return one[:_WHOLE] > other[:_WHOLE]
    if isinstance(one, int | float) and isinstance(other, int | float):
        return int(one) > int(other)
    return False


def wait_for_the_second_after(bench: Bench, run: Series, shown: object, at: float | None = None) -> None:
    """Wait until the target's clock has left the second of a time that it has shown, or that of the moment `at`."""
    times = list(_times(bench, run))
    if any(is_later(seen, shown) for _, seen in times):
        return
    if at is None:
        same = (moment for moment, seen in times if seen is not None and not is_later(shown, seen))
        at = min(same, default=time.monotonic())
    INTERRUPTION.pause(at + SECOND - time.monotonic())


def _times(bench: Bench, run: Series) -> Iterator[tuple[float, object]]:
    """When the run saw which time of a last update."""
    member = bench.dialect.updated_member
    for step in run.steps:
        for snapshot in step.after.values():
            yield step.exchange.at, (snapshot or {}).get(member)
    for exchange in bench.journal():
        if exchange.answer is not None and exchange.status == 200:
            yield exchange.at, members(exchange.answer.value).get(member)
