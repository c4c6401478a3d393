"""The points of a smoke run: few, the same for the same seed, and a value of each class among them."""

import pytest

from rename_tck.cases.few_points import few, planned
from rename_tck.cases.points import Cost, Space
from rename_tck.cases.rename_space import Chosen, space_of
from rename_tck.cases.spaces import SMOKE
from rename_tck.cases.system_cases import load as load_cases
from rename_tck.systems import NAMES, load


def _space(system: str) -> Space:
    return space_of(load_cases(load(system)), "user-1", lambda _: True, of=Chosen(kinds=system == "agno"))


@pytest.mark.parametrize("system", NAMES)
def test_the_same_seed_has_the_same_points(system: str) -> None:
    space = _space(system)
    labels = [point.label for point in few(space, "1")]
    assert labels == [point.label for point in few(space, "1")]
    assert labels != [point.label for point in few(space, "2")]


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_each_class_of_what_is_dear_and_many_names_are_in_few_points(system: str, seed: str) -> None:
    space = _space(system)
    points = planned(space, seed, SMOKE)
    assert points[0] == space.plain
    assert len(points) <= 31
    assert all(space.fits(point) for point in points)
    for place, dimension in enumerate(space.dimensions):
        sent = {point.values[place].words for point in points}
        if dimension.cost is Cost.NOTHING:
            assert len(sent) >= min(len({value.label for value in dimension.values}), 20)
        else:
            groups = {dimension.class_of(point.values[place]) for point in points}
            assert len(groups) >= min(len(dimension.groups()), 2)


@pytest.mark.parametrize("system", NAMES)
def test_another_profile_has_the_covering_plan(system: str) -> None:
    space = _space(system)
    assert len(planned(space, "1", "quick")) > 4 * len(few(space, "1"))
