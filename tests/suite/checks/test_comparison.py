"""JSON values are compared strictly, however deep they lie."""

import pytest

from rename_tck.checks.comparison import same


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
