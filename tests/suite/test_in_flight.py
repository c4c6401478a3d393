"""Parts in flight together: one goes on at a time, in turns that do not depend on what comes back first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rename_tck import in_flight


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as found:
        yield found


def _part(number: int, told: list[str], seconds: float = 0.0) -> Callable[[], int]:
    def act() -> int:
        told.append(f"{number} begins")
        for _ in range(2):
            with in_flight.away():
                time.sleep(seconds)
            told.append(f"{number} goes on")
        return number

    return act


def test_turns_go_round_whatever_comes_back_first(executor: ThreadPoolExecutor) -> None:
    told: list[str] = []
    parts = [_part(number, told, seconds) for number, seconds in enumerate((0.02, 0.0, 0.01))]
    assert in_flight.together(parts, 3, executor) == [0, 1, 2]
    assert told == [f"{number} {what}" for what in ("begins", "goes on", "goes on") for number in range(3)]


def test_the_next_part_begins_where_one_has_ended(executor: ThreadPoolExecutor) -> None:
    told: list[str] = []
    assert in_flight.together([_part(number, told) for number in range(5)], 2, executor) == list(range(5))
    assert [one for one in told if "begins" in one] == [f"{number} begins" for number in range(5)]
    assert told.index("2 begins") < told.index("1 goes on", told.index("1 goes on") + 1) + 2


@pytest.mark.parametrize("most", [1, 2])
def test_one_after_the_other_the_order_is_that_of_the_parts(most: int, executor: ThreadPoolExecutor) -> None:
    told: list[str] = []
    parts = [_part(number, told) for number in range(3 if most == 1 else 1)]
    in_flight.together(parts, most, executor)
    assert told == [f"{number} {what}" for number in range(len(parts)) for what in ("begins", "goes on", "goes on")]


def test_only_one_goes_on_at_a_time(executor: ThreadPoolExecutor) -> None:
    inside, seen = threading.Lock(), []

    def act() -> None:
        for _ in range(20):
            assert inside.acquire(blocking=False)
            seen.append(in_flight.place())
            inside.release()
            with in_flight.away():
                pass

    in_flight.together([act] * 8, 8, executor)
    assert seen == [place for _ in range(20) for place in range(8)]


def test_what_the_first_part_raises_is_raised_and_no_further_part_begins(executor: ThreadPoolExecutor) -> None:
    begun: list[int] = []

    def failing(number: int) -> Callable[[], None]:
        def act() -> None:
            begun.append(number)
            with in_flight.away():
                pass
            if number:
                raise ValueError(number)

        return act

    with pytest.raises(ValueError, match="1"):
        in_flight.together([failing(number) for number in (0, 1, 2, 3, 4, 5)], 3, executor)
    assert begun == [0, 1, 2, 3]  # the first has ended before any has failed


def test_parts_of_a_part_are_done_in_turn(executor: ThreadPoolExecutor) -> None:
    told: list[str] = []

    def outer() -> list[int]:
        return in_flight.together([_part(number, told) for number in (1, 2)], 8, executor)

    assert in_flight.together([outer, list], 8, executor) == [[1, 2], []]
    assert told.index("2 begins") > told.index("1 goes on")
    assert in_flight.place() is None
