"""The target's clock, as the times in its answers show it.

A server that sets a time to now where it should not is found out only when now looks different from before, and times
are often in whole seconds. What the run has seen tells how long to wait: where the second began before, no whole one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator

from rename_tck.checks.context import CheckContext
from rename_tck.checks.rename_series import Series
from rename_tck.interruption import INTERRUPTION
from rename_tck.systems.dialect import members

#: How much longer than the unit is waited, for clocks that run apart; and the least, for clocks that tick seldom.
_SLACK, _LEAST = 1.02, 0.05

#: Numbers below are no times: the first Unix timestamp is of 1973, and those above are in milliseconds.
_FIRST, _MILLISECONDS = 1e8, 1e11

_FRACTION = re.compile(r"\d:\d\d[.,](\d*[1-9])")
_TIME = re.compile(r"\d:\d\d|\d{8}")


def unit(value: object) -> float:
    """The coarsest unit of the times in a value, in seconds: two that differ by less may look the same. 0: it has none.

    What may be a time counts as one, in whole seconds unless it shows parts of them.
    """
    if isinstance(value, dict):
        return max(map(unit, value.values()), default=0.0)
    if isinstance(value, list):
        return max(map(unit, value), default=0.0)
    if isinstance(value, str):
        fraction = _FRACTION.search(value)
        return 10.0 ** -len(fraction[1]) if fraction else float(_TIME.search(value) is not None)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) < _FIRST:
        return 0.0
    if abs(value) >= _MILLISECONDS:
        return 0.001
    return 1.0 if float(value).is_integer() else 10.0 ** -len(repr(value).partition(".")[2])


def wait_since(moment: float, value: object) -> None:
    """Wait until a time that is set now looks different from one in this value that was set at that moment."""
    if coarsest := unit(value):
        INTERRUPTION.pause(moment + max(_LEAST, coarsest * _SLACK) - time.monotonic())


def wait_past(check: CheckContext, run: Series | None, shown: Iterable[object]) -> None:
    """Wait until a time that the target sets now looks different from each of these times of a last update.

    A time that was seen first a while ago is past the sooner.
    """
    seen = list(_times(check, run))
    for value in shown:
        if value is not None:
            moments = (moment for moment, other in seen if other == value and type(other) is type(value))
            wait_since(min(moments, default=time.monotonic()), value if unit(value) else _FIRST)


def _times(check: CheckContext, run: Series | None) -> Iterator[tuple[float, object]]:
    """When the run saw which time of a last update."""
    member = check.dialect.updated_member
    for step in run.steps if run is not None else ():
        for snapshot in step.after.values():
            yield step.exchange.at, (snapshot or {}).get(member)
    for exchange in check.journal():
        if exchange.answer is not None and exchange.status == 200:
            yield exchange.at, members(exchange.answer.value).get(member)
