"""The plan of a run: every value and every pair of classes, the same for the same seed, and no more than it takes."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import product

import pytest
import small_arrays
from harness import slow_but

from rename_tck.cases.client_forms import FORMS
from rename_tck.cases.constructed_names import NAMES
from rename_tck.cases.names import Group, Name
from rename_tck.cases.plan import SHARES, _with_share, plan
from rename_tck.cases.points import AND, PLAIN, Dimension, Point, Space
from rename_tck.cases.rename_space import NAME, PLACE, SMALL, Chosen, law_of, may_be_refused, space_of
from rename_tck.cases.small_arrays import SMALL as SMALL_ARRAYS
from rename_tck.cases.system_cases import load as load_cases
from rename_tck.cases.unreasonable_names import BLANKS, KEPT_OR_REFUSED
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems import NAMES as SYSTEMS
from rename_tck.systems import load

SEEDS = ("1/dify.rename-accepted/None", "2", "3", "a seed is any text")

EACH = pytest.mark.parametrize("system", SYSTEMS)
EACH_PROFILE = pytest.mark.parametrize("nightly", [False, True], ids=["quick", "nightly"])
EACH_SEED = pytest.mark.parametrize("seed", SEEDS)

#: Points of a quick run at the most: of all dimensions, with a request before the rename, and names sent alone.
MOST = {"dify": 136, "agno": 140, "openhands": 136}
MOST_BEFORE, MOST_ALONE = 36, 36
MOST_AT_NIGHT = 700


@lru_cache
def space(system: str, *, nightly: bool = False) -> Space:
    return space_of(load_cases(load(system)), "user-1", lambda _: True, of=Chosen(thorough=nightly))


@lru_cache
def planned(system: str, seed: str, *, nightly: bool = False) -> tuple[Point, ...]:
    return tuple(plan(space(system, nightly=nightly), seed))


def sent(points: tuple[Point, ...], place: int) -> set[str]:
    return {point.values[place].words for point in points}


@EACH
@pytest.mark.parametrize(
    ("seed", "nightly"),
    slow_but((SEEDS[0], True), *product(SEEDS, [False]), of=product(SEEDS, [False, True])),
)
def test_every_value_and_every_pair_of_classes_is_sent(system: str, seed: str, nightly: bool) -> None:
    of, points = space(system, nightly=nightly), planned(system, seed, nightly=nightly)
    assert points[0] == of.plain
    assert len(set(points)) == len(points)
    assert [point.label for point in points if not of.fits(point)] == []
    assert of.pairs() - of.covered(points) == set()
    for place, dimension in enumerate(of.dimensions):
        wanted = {value.words for value in (*dimension.values, *dimension.alone) if not value.thorough}
        assert wanted - sent(points, place) == set()


@EACH
@EACH_SEED
def test_a_quick_run_has_so_many_points_at_the_most(system: str, seed: str) -> None:
    of, points = space(system), planned(system, seed)
    names, place = of.place(NAME), of.place(PLACE)
    assert names is not None
    assert place is not None
    alone = set(of.dimensions[names].alone)
    found = [point for point in points if point.values[names] in alone]
    assert all(point.odd == (names,) for point in found)
    assert len(found) == len(alone) <= MOST_ALONE
    assert len(points) - len(found) <= MOST[system]
    assert sum(point.values[place] != of.dimensions[place].plain for point in points) <= MOST_BEFORE


@EACH
@pytest.mark.parametrize("nightly", slow_but(False, of=[False, True]))
def test_the_plan_is_the_same_for_the_same_seed(system: str, nightly: bool) -> None:
    of = space(system, nightly=nightly)
    assert plan(of, "1") == list(planned(system, "1", nightly=nightly)) != plan(of, "2")


@EACH
def test_a_nightly_run_covers_every_pair_of_values_of_small_dimensions(system: str) -> None:
    of, points = space(system, nightly=True), planned(system, "1", nightly=True)
    assert len(points) <= MOST_AT_NIGHT
    small = [place for place, one in enumerate(of.dimensions) if len(one.values) <= SMALL]
    assert {of.dimensions[place].name for place in small} >= {"scope", "type", PLACE}
    assert all(of.dimensions[place].each == (place in small) for place in range(len(of.dimensions)))
    for one in small:
        for other in small:
            if one < other:
                first, second = of.dimensions[one], of.dimensions[other]
                found = {(point.values[one].words, point.values[other].words) for point in points}
                wanted = {
                    (value.words, its.words)
                    for value in first.values
                    for its in second.values
                    if of.fit({first.name: value, second.name: its})
                }
                assert wanted - found == set()


@pytest.mark.slow
@pytest.mark.parametrize("system", ["openhands"])
def test_thirty_nights_send_every_value(system: str) -> None:
    of = space(system, nightly=True)
    nights = [planned(system, f"{seed}/{system}.rename-accepted/None", nightly=True) for seed in range(30)]
    for place, dimension in enumerate(of.dimensions):
        wanted = {value.words for value in (*dimension.values, *dimension.alone)}
        assert wanted - set().union(*(sent(night, place) for night in nights)) == set()
    names = of.place(NAME)
    assert names is not None
    each = len(of.dimensions[names].values) + len(of.dimensions[names].alone)
    assert all(len(sent(night, names)) < each / SHARES + len(NAMES) / 4 for night in nights)


@EACH
def test_what_a_quick_run_leaves_out_is_sent_in_shares_but_of_small_dimensions(system: str) -> None:
    for dimension in space(system, nightly=True).dimensions:
        shares = [_with_share(dimension, share) for share in range(SHARES)]
        assert set(dimension.values) == set().union(*(share.values for share in shares))
        assert set(dimension.alone) == set().union(*(share.alone for share in shares))
        later = [value for value in dimension.values if value.thorough]
        least = 0 if dimension.each else len(later) * (SHARES - 1) // SHARES
        assert all(len(dimension.values) - len(share.values) >= least for share in shares)
        assert not dimension.each or all(share.values == dimension.values for share in shares)


@EACH
@EACH_PROFILE
def test_a_point_is_found_by_its_label(system: str, nightly: bool) -> None:
    of, points = space(system, nightly=nightly), planned(system, "1", nightly=nightly)
    assert max(Counter(point.label for point in points).values()) == 1
    assert [point.label for point in points if of.named(point.label) != point] == []
    assert of.named("a body in one chunk × a body of another kind") is None
    for dimension in of.dimensions:
        words = Counter(value.words for value in (*dimension.values, *dimension.alone))
        assert [word for word, often in words.items() if often > 1 or AND in word] == []


def test_a_part_of_a_packed_name_is_found_by_its_label() -> None:
    of = space("dify")
    place = of.place(NAME)
    assert place is not None
    packed = next(value for value in of.dimensions[place].values if value.label == "a mark of every script")
    assert packed.parts
    half = packed.parts[1]  # the first is a plain name of its length
    for part in (half, half.parts[-1]):
        point = of.replaced(of.plain, place, part)
        assert of.named(point.label) == point
    assert of.named(PLAIN) == of.plain


@EACH
def test_classes_are_a_dozen_or_fewer_in_a_quick_run(system: str) -> None:
    for dimension in space(system).dimensions:
        assert len(dimension.groups()) <= 10, dimension.name
        assert dimension.known >= len(dimension.values)


@EACH
def test_the_class_of_a_name_tells_the_requirement(system: str) -> None:
    known = Catalogue.load(system).by_id
    for name in (*NAMES, *KEPT_OR_REFUSED, *BLANKS):
        law = law_of(name)
        assert law is None or f"{system}.{law}" in known
        if name.group == Group.BLANKS:
            assert law == "blanks-kept"
        elif may_be_refused(name):
            assert law == "never-altered", name.words
        else:
            assert law in {None, "unicode-exact", "text-not-interpreted", "length-200-accepted"}


def test_what_a_document_does_not_allow_is_no_part_of_the_space() -> None:
    def short(body: dict[str, object]) -> bool:
        return body.keys() == {"name"} and len(str(body["name"])) <= 40

    of = space_of(load_cases(load("dify")), "user-1", short, of=Chosen())
    points = plan(of, "1")
    names = [of.value(point, NAME) for point in points]
    assert all(isinstance(name, Name) and len(name.text) <= 40 for name in names)
    spellings = [of.value(point, "JSON spelling") for point in points]
    assert not any(getattr(spelling, "additional", True) for spelling in spellings)
    assert of.pairs() - of.covered(points) == set()


def test_only_what_is_judged_is_varied() -> None:
    of = space_of(load_cases(load("agno")), "user-1", lambda _: True, of=Chosen(False, False, False))
    odd = [dimension for dimension in of.dimensions if len(dimension.values) > 1]
    assert [dimension.name for dimension in odd] == [NAME]
    assert len(plan(of, "1")) == len(odd[0].values) + len(odd[0].alone)


def test_a_dimension_without_values_to_leave_out_is_sent_in_full() -> None:
    one = Dimension("client form", FORMS)
    assert {point.values[0] for point in plan(Space((one,)), "1")} == set(FORMS)


@EACH
def test_small_arrays_are_known_for_a_quick_run(system: str) -> None:
    """Where this fails, classes have changed: python tests/suite/small_arrays.py looks for them anew."""
    looked_for = small_arrays.shapes(system)
    assert looked_for
    assert [shape for shape in looked_for if shape not in SMALL_ARRAYS] == []
