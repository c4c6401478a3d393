"""The pace that a target's 429 keep a run to."""

from __future__ import annotations

import pytest

from rename_tck.client.pace import Pace


class _Limited:
    """Takes so many in a second, by a clock of its own, and otherwise asks to come again in a second."""

    def __init__(self, most: int) -> None:
        self.most, self.now, self.window, self.count, self.refused = most, 0.0, 0, 0, 0

    def ask(self, pace: Pace) -> None:
        """Send one request at the pace, again after a second as long as it is refused."""
        while True:
            self.now += 1 / pace.rate if pace.rate else 0.001
            if int(self.now) != self.window:
                self.window, self.count = int(self.now), 0
            self.count += 1
            status = 200 if self.count <= self.most else 429
            pace.note(status, self.now, self.now)
            if status == 200:
                return
            self.refused += 1
            self.now += 1.0


@pytest.mark.parametrize("most", [2, 10, 50])
def test_a_thousand_requests_take_little_more_than_the_limit_says(most: int) -> None:
    target, pace = _Limited(most), Pace()
    for _ in range(1000):
        target.ask(pace)
    assert target.refused <= 50
    assert target.now <= 1.2 * 1000 / most


def test_nothing_is_paced_before_the_first_429() -> None:
    pace = Pace()
    for number in range(100):
        pace.note(200, number / 100, number / 100)
    assert pace.rate is None


def test_what_is_paced_too_quickly_again_is_slowed_down() -> None:
    pace = Pace()
    for number in range(10):
        pace.note(200, number / 100, number / 100)
    pace.note(429, 0.1, 0.1)
    pace.note(200, 1.1, 1.1)
    first = pace.rate
    assert first is not None
    assert first < 10
    pace.note(429, 1.2, 1.2)
    pace.note(200, 2.2, 2.2)
    assert pace.rate is not None
    assert pace.rate < first
