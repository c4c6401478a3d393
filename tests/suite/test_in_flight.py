"""Parts in flight together: one goes on at a time, in turns that do not depend on what comes back first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

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


def _timed(told: list[str], name: str, times: int = 3) -> Callable[[], str]:
    def act() -> str:
        for number in range(times):
            told.append(f"{name}{number}")
            with in_flight.away():
                pass
        return name

    return act


def test_parts_of_a_part_take_the_seats_that_are_free(executor: ThreadPoolExecutor) -> None:
    told: list[str] = []

    def outer() -> list[str]:
        return in_flight.together([_timed(told, name) for name in "abc"], 8, executor)

    assert in_flight.together([outer, _timed(told, "z")], 3, executor) == [["a", "b", "c"], "z"]
    assert told[:3] == ["a0", "b0", "z0"]  # there is room for one more than the outer parts
    assert told.index("c0") > told.index("a2")
    assert in_flight.place() is None


def test_parts_of_a_part_are_done_in_turn_where_no_seat_is_free(executor: ThreadPoolExecutor) -> None:
    told: list[str] = []

    def outer() -> list[str]:
        return in_flight.together([_timed(told, name) for name in "ab"], 8, executor)

    assert in_flight.together([outer, _timed(told, "z", 6)], 2, executor) == [["a", "b"], "z"]
    assert told == ["a0", "z0", "a1", "z1", "a2", "z2", "b0", "z3", "b1", "z4", "b2", "z5"]


def test_a_part_goes_on_when_the_last_of_its_parts_is_done(executor: ThreadPoolExecutor) -> None:
    told: list[str] = []

    def outer() -> None:
        for name in "ab":
            in_flight.together([_timed(told, f"{name}{number}.", 1 + number) for number in range(3)], 8, executor)
            told.append(f"{name} is done")

    in_flight.together([outer, _timed(told, "z", 8)], 8, executor)
    assert told.index("a is done") > max(told.index(f"a{number}.{number}") for number in range(3))
    assert told.index("b0.0") > told.index("a is done")


def test_what_a_part_of_a_part_raises_is_raised_by_the_part(executor: ThreadPoolExecutor) -> None:
    def failing() -> None:
        with in_flight.away():
            pass
        raise ValueError("of a part")

    def outer() -> str:
        with pytest.raises(ValueError, match="of a part"):
            in_flight.together([_timed([], "a"), failing, _timed([], "b")], 8, executor)
        return "goes on"

    assert in_flight.together([outer, _timed([], "z")], 4, executor) == ["goes on", "z"]


@pytest.mark.parametrize("outers", [2, 3, 5, 7, 10])
def test_parts_of_many_parts_come_to_an_end(outers: int, executor: ThreadPoolExecutor) -> None:
    """However many wait for parts of theirs."""
    told: list[str] = []

    def outer(name: str) -> Callable[[], list[list[str]]]:
        def inner() -> list[str]:
            return in_flight.together([_timed(told, name), _timed(told, name)], 8, executor)

        return lambda: [in_flight.together([inner, inner, inner], 8, executor)[0] for _ in range(3)]

    names = "abcdefghij"[:outers]
    found = in_flight.together([outer(name) for name in names], 8, executor)
    assert found == [[[name, name]] * 3 for name in names]


@pytest.mark.parametrize("at_home", [True, False])
def test_each_part_has_a_place_of_its_own_but_the_first_at_home(at_home: bool, executor: ThreadPoolExecutor) -> None:
    def nested() -> list[int | None]:
        with in_flight.away():
            pass  # the others begin
        return [*in_flight.together([in_flight.place] * 2, 8, executor), in_flight.place()]

    found = in_flight.together([nested] * 3, 8, executor, first_at_home=at_home)
    assert found == [[None if at_home else 0] * 3, [1] * 3, [2] * 3]


def test_the_same_is_done_in_the_same_order_however_long_answers_take(executor: ThreadPoolExecutor) -> None:
    def told_with(seconds: list[float]) -> list[str]:
        told: list[str] = []
        waits = cycle(seconds)

        def part(name: str, times: int) -> Callable[[], None]:
            def act() -> None:
                for number in range(times):
                    told.append(f"{name}{number}")
                    wait = next(waits)
                    with in_flight.away():
                        time.sleep(wait)

            return act

        def outer(name: str) -> Callable[[], object]:
            return lambda: in_flight.together([part(f"{name}.{one}.", 1 + one) for one in range(4)], 8, executor)

        in_flight.together([outer("a"), part("z", 6), outer("b")], 5, executor)
        return told

    assert told_with([0.0]) == told_with([0.003, 0.0, 0.001, 0.0])
