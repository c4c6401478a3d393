"""How long a law waits for the target's clock: until another time shows for certain, and not longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import servers_clock
from harness import KEY, judge
from mutants.dify import TouchesTheOthers

from rename_tck.checks import server_clock
from rename_tck.checks.rename_series import Series, Step
from rename_tck.reference.serving import serve
from rename_tck.verdict import Evidence

#: The moment of the tests, by the monotonic clock.
NOW = 1000.0


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        # whole seconds, in every form that a target may choose
        (1_700_000_000, 1.0), (1_700_000_000.0, 1.0), ("1700000005", 1.0), ("2026-11-21T05:00:05Z", 1.0),
        ("2026-11-21 05:00:05", 1.0), ("20261121T050005Z", 1.0), ("2026-11-21T5:00:05+09:00", 1.0),
        ("Sat, 21 Nov 2026 05:00:05 GMT", 1.0), ("2026-11-21T05:00:05.000Z", 1.0), ("2026-11-21T05:00Z", 1.0),
        # parts of a second: as many as are shown for certain
        (1_700_000_000.25, 0.01), (1_700_000_000.5, 0.1), (1_700_000_000_250, 0.001),
        ("2026-11-21T05:00:05.1Z", 0.1), ("2026-11-21T05:00:05.100000Z", 0.1),
        ("2026-11-21T05:00:05.000001+00:00", 0.000001), ("2026-11-21T05:00:05,120Z", 0.01),
        # no times
        (None, 0.0), (True, 0.0), (0, 0.0), (42, 0.0), (1.5, 0.0), ("agent", 0.0), ("", 0.0), ({}, 0.0), ([], 0.0),
        # somewhere within
        ({"a": [{"at": 1_700_000_000}, "2026-11-21T05:00:05.5Z"]}, 1.0), (["2026-11-21T05:00:05.5Z", 3], 0.1),
    ],
)  # fmt: skip
def test_the_unit_of_a_time(value: object, unit: float) -> None:
    assert server_clock.unit(value) == pytest.approx(unit)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were asked for, by a clock that stands still."""
    asked: list[float] = []
    monkeypatch.setattr(server_clock, "time", SimpleNamespace(monotonic=lambda: NOW))
    monkeypatch.setattr(server_clock, "INTERRUPTION", SimpleNamespace(pause=asked.append))
    return asked


def _bench(heard: list[tuple[float, object]]) -> Any:
    """A check that has heard these times in answers, so many seconds ago."""
    journal = [
        SimpleNamespace(at=NOW - ago, status=200, answer=SimpleNamespace(value={"updated_at": shown}))
        for ago, shown in heard
    ]
    return SimpleNamespace(dialect=SimpleNamespace(updated_member="updated_at"), journal=lambda: journal)


SECOND, NEXT = 1_700_000_005, 1_700_000_006
ISO, FINE = "2026-11-21T05:00:05Z", "2026-11-21T05:00:05.123456Z"


@pytest.mark.parametrize(
    ("heard", "shown", "longest"),
    [
        # never seen: its second may have begun just now
        ([], [SECOND], 1.02),
        ([(0.9, ISO)], [SECOND], 1.02),
        ([(0.9, float(SECOND))], [SECOND], 1.02),
        ([(0.9, SECOND * 1000)], [SECOND], 1.02),
        ([(0.9, None), (0.8, ""), (0.7, True)], [SECOND], 1.02),
        # it began as long ago as it was seen, at least
        ([(0.7, SECOND), (0.2, SECOND)], [SECOND], 0.32),
        ([(0.7, NEXT), (0.2, SECOND)], [SECOND], 0.82),
        ([(5.0, SECOND)], [SECOND], 0.0),
        # the latest of several
        ([(0.7, SECOND), (0.2, NEXT)], [SECOND, NEXT, None], 0.82),
        # what is no known time may be in whole seconds
        ([], ["soon after tea"], 1.02),
        # parts of a second take no time, but for clocks that tick seldom
        ([], [FINE], 0.05),
        ([], ["2026-11-21T05:00:05.1Z"], 0.102),
        ([], [None], 0.0),
        ([], [], 0.0),
    ],
)  # fmt: skip
def test_the_wait_is_as_long_as_it_must_be(
    heard: list[tuple[float, object]], shown: list[object], longest: float, waits: list[float]
) -> None:
    server_clock.wait_past(_bench(heard), Series([], Evidence(), {}, {}, {}), shown)
    assert max(waits, default=0.0) == pytest.approx(longest, abs=1e-6) or (longest == 0.0 and max(waits) < 0)


def test_what_the_series_has_read_counts_as_well(waits: list[float]) -> None:
    exchange = cast("Any", SimpleNamespace(at=NOW - 0.5))
    step = Step(cast("Any", None), "a", exchange, {}, {"one": {"updated_at": SECOND}, "gone": None})
    server_clock.wait_past(_bench([]), Series([step], Evidence(), {}, {}, {}), [SECOND])
    assert waits == [pytest.approx(0.52)]


def test_since_a_moment(waits: list[float]) -> None:
    server_clock.wait_since(NOW - 0.4, {"created_at": ISO})
    server_clock.wait_since(NOW - 0.4, {"name": "no time"})
    assert waits == [pytest.approx(0.62)]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("the real clock", marks=pytest.mark.slow),
        "the servers' clock put on",
        "a clock that stands but for waiting",
    ],
)
def test_a_fault_that_takes_time_to_show_is_found(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The laws wait long enough, be it that they really wait or that the servers' clock is put on by as much."""
    if how.startswith("a clock that stands"):
        start = datetime(2026, 11, 21, tzinfo=UTC)
        monkeypatch.setattr(servers_clock, "now", lambda: start + timedelta(seconds=servers_clock.AHEAD.seconds))
    with serve(TouchesTheOthers(KEY, "")) as url:
        judged = judge(
            url, tmp_path, system="dify", env={"RENAME_TCK_API_KEY": KEY}, select="neighbours-untouched",
            record_only=True, real_time=how == "the real clock",
        )  # fmt: skip
    assert judged.with_verdict("fail") == {"dify.neighbours-untouched"}, judged.output
    assert "updated_at" in judged.requirements["dify.neighbours-untouched"]["case"]
