"""Points share sessions and readings: as many sessions are made as save readings, and groups are full."""

import pytest

from rename_tck.checks.grouping import MOST, groups_needed, next_group, sessions_worth


@pytest.mark.parametrize(
    ("points", "there", "expected"),
    [
        pytest.param({"plain": 1}, {}, {"plain": 1}, id="one point needs one session"),
        pytest.param({"plain": 200}, {"plain": 10}, {"plain": 10}, id="those that are there are enough"),
        pytest.param({"plain": 100}, {}, {"plain": 5}, id="each session costs more than a reading"),
        pytest.param({"plain": 30, "odd": 30}, {"plain": 12}, {"plain": 12, "odd": 3}, id="the longest queue decides"),
        pytest.param({"odd": 4, "other": 4}, {}, {"odd": 1, "other": 1}, id="short queues stay"),
    ],
)
def test_a_session_is_worth_the_readings_that_it_saves(
    points: dict[str, int], there: dict[str, int], expected: dict[str, int]
) -> None:
    assert sessions_worth(points, there) == expected


def test_groups_are_as_few_as_the_scarcest_sessions_allow() -> None:
    waiting = {"plain": [f"plain {n}" for n in range(100)], "odd": [f"odd {n}" for n in range(9)], "team": ["team 0"]}
    sessions = {"plain": 10, "odd": 1, "team": 1}
    least = groups_needed({sort: len(points) for sort, points in waiting.items()}, sessions)
    sent: list[str] = []
    groups = 0
    while waiting:
        first = next(iter(waiting.values()))[0]
        group = next_group(waiting, sessions)
        assert first in [point for points in group.values() for point in points]
        assert sum(map(len, group.values())) <= MOST
        for sort, points in group.items():
            assert len(points) <= sessions[sort]
            assert waiting[sort][: len(points)] == points
            waiting[sort] = waiting[sort][len(points) :]
            sent += points
        waiting = {sort: points for sort, points in waiting.items() if points}
        groups += 1
    assert len(sent) == len(set(sent)) == 110
    assert groups <= least + 1


def test_a_point_is_sent_where_no_session_was_counted() -> None:
    assert next_group({"plain": ["one", "two"]}, {"plain": 0}) == {"plain": ["one"]}
