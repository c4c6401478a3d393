"""JSON values are compared strictly, however deep they lie."""

import pytest

from rename_tck.checks.comparison import marked, repeats, same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1), (1, 1.0), (0, False), (None, False), ("1", 1), ("", None), ([], {}), ([1], [True]), ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 1.0}), ({"a": None}, {}), ({"a": {"b": [False]}}, {"a": {"b": [0]}}), ([[1]], [[1, 1]]),
        ("e\u0301", "\u00e9"),
    ],
)  # fmt: skip
def test_values_that_only_look_alike_differ(one: object, other: object) -> None:
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "x", [], [1, [2.0, None]], {"a": {"b": [True, 1, "1"]}}])
def test_a_value_is_the_same_as_itself(value: object) -> None:
    assert same(value, value)


def test_the_order_of_members_means_nothing() -> None:
    assert same({"a": 1, "b": [2]}, {"b": [2], "a": 1})


@pytest.mark.parametrize(
    ("was", "now", "alike"),
    [
        ({"title": "Old"}, {"title": "New"}, True), ([["Old"], 1], [["New"], 1], True), ("Old", "New", True),
        ({"title": "Old", "kind": "New"}, {"title": "New", "kind": "New"}, True), ("Other", "Other", True),
        ({"title": "Old"}, {"title": "Old"}, True), ({"title": "Old"}, {"title": "new"}, False),
        ({"title": "Other"}, {"title": "New"}, False), ({}, {"title": "New"}, False), (["Old"], ["Old", "New"], False),
        ("Old one", "New one", False), (None, "New", False),
    ],
)  # fmt: skip
def test_what_repeats_the_name_may_do_so_after_a_rename(was: object, now: object, alike: bool) -> None:
    assert repeats(was, now, ("Old", "New")) is alike


def test_what_repeats_the_name_is_marked_wherever_it_is() -> None:
    assert same(
        marked({"a": ["Old", {"b": "Old"}], "c": 1}, "Old"), marked({"a": ["New", {"b": "New"}], "c": 1}, "New")
    )
    assert not same(marked({"a": "Old"}, "Old"), marked({"a": "Old"}, "New"))
    assert same(marked([None, 1], None), [None, 1])
