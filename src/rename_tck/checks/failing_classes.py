"""What a test says whose cases fail in several ways: the clearest in full, and one of each other class."""

from __future__ import annotations

from collections.abc import Sequence

from rename_tck.checks.context import CheckContext
from rename_tck.checks.request_sequence import sequence
from rename_tck.results.failing_cases import SHORT
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import JSON_TYPE


def told(failures: Sequence[Nonconformance], check: CheckContext, left_out: str | None) -> Nonconformance:
    """What a test says of its failing cases; the sessions that these are about are noted, for they may have to stay."""
    found = _merged(failures, len(check.selector.tried), left_out)
    for failure in (found, *found.others):
        if (made := check.making_of(failure.exchange)) is not None:
            requirement = check.requirement.id if check.requirement is not None else ""
            check.target.pool.failed.setdefault(made[1], requirement)
    found.steps = sequence(check, found)
    return found


def _merged(failures: Sequence[Nonconformance], tried: int, left_out: str | None) -> Nonconformance:
    """The clearest failure, with one of each other class: that with the shortest request, the first of several."""
    by_kind: dict[str, Nonconformance] = {}
    for failure in [each for found in failures for each in (found, *found.others)]:
        name = failure.kind or failure.case
        if name not in by_kind or _size(failure) < _size(by_kind[name]):
            by_kind[name] = failure
    clearest, *others = sorted(by_kind.values(), key=_size)
    clearest.others, clearest.tried, clearest.left_out = others, max(tried, len(by_kind)), left_out
    return clearest


def _size(failure: Nonconformance) -> int:
    """How much there is to read in a failing request."""
    if failure.exchange is None:
        return 0
    request = failure.exchange.request
    odd = sum(len(name) + len(value) for name, value in request.headers if (name, value) not in JSON_TYPE)
    return (len(request.body or b"") + 2 * odd) // SHORT
