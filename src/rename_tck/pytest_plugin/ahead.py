"""Tests that are judged before their turn: where a target is slow to answer, many are in flight together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from rename_tck.cases.spaces import SMOKE
from rename_tck.checks import flight
from rename_tck.checks.context import CheckContext
from rename_tck.pytest_plugin.collection import chosen_by, function_of, rank, replay_case_of

#: Where the files of those tests stand in a run that need nothing but sessions of their own: behind the series and what
#: is left alone, before the points; and what is drawn. What is observed looks back on what has failed.
PLACES = frozenset({1, 2, 3, 4, 5, 8})

#: Tests that are in flight together at most: where something goes wrong, these are judged again.
MOST = 128


def may_fly(item: pytest.Item) -> bool:
    """Whether a test may be judged in flight with others."""
    if chosen_by(item) is None or replay_case_of(item) is not None:
        return False
    _, place, order = rank(item)
    return place == 0 and order in PLACES


class Ahead:
    """The tests of a run that have passed before their turn."""

    def __init__(self, *, hurried: bool = False) -> None:
        #: Whether the run may be cut short: what tells most is begun first.
        self._hurried = hurried
        self._passed: dict[pytest.Item, CheckContext] = {}
        self._tried: set[pytest.Item] = set()

    def look(self, item: pytest.Item, make: Callable[[pytest.Item], CheckContext]) -> None:
        """Judge a test with those of its system that may be in flight with it; `make` makes a test's view."""
        if item not in self._tried and may_fly(item):
            self._judge(self._from(item), make)

    def passed(self, item: pytest.Item) -> CheckContext | None:
        """The view with which a test has passed; None where it is to be judged in its turn."""
        return self._passed.get(item)

    def _from(self, item: pytest.Item) -> list[pytest.Item]:
        """The tests that may be in flight with one, the lengthiest first; those of a function that judge alike last."""
        items: Sequence[pytest.Item] = item.session.items
        system, after = rank(item)[0], items[items.index(item) :]
        found = [one for one in after if may_fly(one) and rank(one)[0] == system][:MOST]
        met = Counter[str]()

        def turn(one: pytest.Item) -> tuple[int, int]:
            met[function_of(one)] += 1
            return met[function_of(one)], rank(one, spread=True)[2]

        return found if self._hurried else sorted(found, key=turn)

    def _judge(self, items: list[pytest.Item], make: Callable[[pytest.Item], CheckContext]) -> None:
        self._tried.update(items)
        checks = [make(item) for item in items]
        target = checks[0].target
        if len(items) == 1 or target.client.in_flight == 1 or target.stopped is not None or target.profile == SMOKE:
            return  # the few requests of a smoke run leave none for sessions of their own
        laws = [(item.obj, check) for item, check in zip(items, checks, strict=True)]  # type: ignore[attr-defined]
        found = flight.passed(target, laws)
        self._passed |= {item: check for item, check, good in zip(items, checks, found, strict=True) if good}
