"""Drawing by Hypothesis: the run's profile holds in whichever thread a law is judged."""

from __future__ import annotations

import threading
import time

import hypothesis
from hypothesis import strategies as st

from rename_tck.cases import drawing


def _drawn_slowly() -> int:
    """How many cases are drawn where each takes longer than Hypothesis allows by itself."""
    seen: list[str] = []

    def check(text: str) -> None:
        seen.append(text)
        if len(seen) == 1:
            time.sleep(0.25)

    drawing.use("quick")
    drawing.draw(st.integers(0, 1000), check, seed="1", examples=5)
    return len(seen)


def test_the_profile_holds_in_every_thread() -> None:
    """Whichever thread has loaded it: what takes its time is no failure."""
    hypothesis.settings.register_profile("hurried", deadline=200)
    hypothesis.settings.load_profile("hurried")
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(_drawn_slowly()))
    thread.start()
    thread.join()
    assert [*found, _drawn_slowly()] == [5, 5]
