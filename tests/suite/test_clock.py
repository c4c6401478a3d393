"""How long a law waits for the target's clock: until another second is certain, and not longer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rename_tck import clock
from rename_tck.series import Series, Step
from rename_tck.verdict import Evidence


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        (1_700_000_000, False), (1_700_000_000.0, False), (1_700_000_000.25, True), (None, False), (True, False),
        ("2026-11-21T05:00:05Z", False), ("2026-11-21T05:00:05.000Z", False), ("2026-11-21T05:00:05.120Z", True),
        ("2026-11-21T05:00:05.000001+00:00", True), ("a.1", False),
    ],
)  # fmt: skip
def test_a_time_with_parts_of_a_second_is_fine(value: object, fine: bool) -> None:
    assert clock.is_fine(value) is fine


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (1_700_000_000, True), (1_700_000_000.0, True), (1_700_000_000.25, False), (None, False), (True, False),
        ("2026-11-21T05:00:05Z", True), ("2026-11-21 05:00:05", True), ("2026-11-21T05:00:05.000Z", True),
        ("2026-11-21T05:00:05.120Z", False), ("agent", False), ({}, False),
    ],
)  # fmt: skip
def test_a_time_without_is_whole(value: object, whole: bool) -> None:
    assert clock.is_whole(value) is whole


@pytest.mark.parametrize(
    ("one", "other", "later"),
    [
        (6, 5, True), (5, 5, False), (5, 6, False), (5.9, 5, False), (6.0, 5.9, True), (6, None, False),
        ("2026-11-21T05:00:06Z", "2026-11-21T05:00:05Z", True), ("2026-11-21T05:00:06Z", 5, False),
        ("2026-11-21T05:00:05.9Z", "2026-11-21T05:00:05Z", False), (None, None, False),
        ("2026-11-21T05:00:05Z", "2026-11-21T05:00:06Z", False),
    ],
)  # fmt: skip
def test_later_is_a_later_second(one: object, other: object, later: bool) -> None:
    assert clock.is_later(one, other) is later


@dataclass
class _Told:
    """A bench that has heard these times, so many seconds ago."""

    heard: list[tuple[float, object]]
    dialect: Any = field(default_factory=lambda: SimpleNamespace(updated_member="updated_at"))

    def journal(self) -> list[Any]:
        now = time.monotonic()
        return [
            SimpleNamespace(at=now - ago, status=200, answer=SimpleNamespace(value={"updated_at": shown}))
            for ago, shown in self.heard
        ]


def _waited(heard: list[tuple[float, object]], shown: object, ago: float | None = None) -> float:
    started = time.monotonic()
    run = Series([], Evidence(), {}, {}, {})
    clock.wait_for_the_second_after(cast("Any", _Told(heard)), run, shown, None if ago is None else started - ago)
    return time.monotonic() - started


@pytest.mark.parametrize(
    ("heard", "shown", "ago", "least", "most"),
    [
        # a later time was seen: the second has passed
        ([(0.5, 5), (0.1, 6)], 5, None, 0.0, 0.2),
        # it began 0.7 s ago at the latest
        ([(0.7, 5), (0.2, 5)], 5, None, 0.3, 0.6),
        # a time that is read late may be an old one
        ([(0.7, 5), (0.1, 4)], 5, None, 0.3, 0.6),
        # it was never seen: it may have begun just now
        ([], 5, None, 1.0, 1.4),
        # the target shows no times: what counts is when it was renamed
        ([(0.5, None)], None, 0.8, 0.2, 0.5),
        ([], None, 3.0, 0.0, 0.2),
        # a moment that the caller knows counts, and so does a later time that was seen
        ([(0.9, 5)], 5, 0.4, 0.6, 0.9),
        ([(0.2, 6)], 5, 0.4, 0.0, 0.2),
    ],
)  # fmt: skip
def test_the_wait_is_as_long_as_it_must_be(
    heard: list[tuple[float, object]], shown: object, ago: float | None, least: float, most: float
) -> None:
    assert least <= _waited(heard, shown, ago) <= most


def test_the_series_counts_as_well() -> None:
    now = time.monotonic()
    exchange = cast("Any", SimpleNamespace(at=now - 0.5))
    step = Step(cast("Any", None), "a", exchange, {}, {"one": {"updated_at": 6}, "gone": None})
    clock.wait_for_the_second_after(cast("Any", _Told([])), Series([step], Evidence(), {}, {}, {}), 5)
    assert time.monotonic() - now < 0.2
