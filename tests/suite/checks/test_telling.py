"""The most telling cases: all that a smoke run tries, and first where a run may be cut short."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import KEY, OTHER_MODE_KEY, judge
from mutants.everywhere import BASES

from rename_tck.cases.telling import telling
from rename_tck.checks.case_selector import CaseSelector
from rename_tck.reference.serving import serve

ENV = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


def _tried(*names: str) -> list[tuple[str, str]]:
    selector = CaseSelector(telling=names)
    return [(outer, inner) for outer in selector.select(("a", "b")) for inner in selector.select(("x", "x y", "z"))]


@pytest.mark.parametrize(
    ("names", "tried"),
    [
        ((), [("a", "x"), ("a", "x y"), ("a", "z"), ("b", "x"), ("b", "x y"), ("b", "z")]),
        (("a",), [("a", "x"), ("a", "x y"), ("a", "z")]),
        (("a / x", "b / z"), [("a", "x"), ("b", "z")]),
        (("c",), []),
        (("",), []),
    ],
)
def test_cases_that_are_not_telling_are_left_out(names: tuple[str, ...], tried: list[tuple[str, str]]) -> None:
    assert _tried(*names) == tried


def test_a_law_without_a_case_of_its_own_looks_back() -> None:
    assert CaseSelector(telling=("",)).looks_back
    assert not CaseSelector(telling=("a",)).looks_back
    assert not CaseSelector().looks_back


class _Order:
    """Notes the functions of the contract tests in the order in which they run."""

    def __init__(self) -> None:
        self.functions: list[str] = []

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note one."""
        self.functions.append(nodeid.partition("::")[2].partition("[")[0])


def test_where_a_run_may_be_cut_short_the_most_telling_laws_come_first(tmp_path: Path) -> None:
    orders: dict[tuple[str, ...], list[str]] = {}
    for options in ((), ("--max-requests=200",)):
        order = _Order()
        with serve(BASES["openhands"](KEY)) as url:
            folder = tmp_path / str(len(options))
            judged = judge(
                url, folder, *options, system="openhands", env=ENV, record_only=True, plugins=[order],
                select="title or credential or body or unknown",
            )  # fmt: skip
        assert judged.status == (3 if options else 0), judged.output
        orders[options] = order.functions
    usual, hurried = orders.values()
    assert sorted(usual) == sorted(hurried)
    at_the_end = ("test_every_", "test_no_", "test_a_401_")
    laws = [
        law for law, cases in telling("openhands").items() if list(cases) != [""] and not law.startswith(at_the_end)
    ]
    mine = [law for law in dict.fromkeys(hurried) if law in laws]
    assert mine == [law for law in laws if law in mine]
    assert mine != [law for law in dict.fromkeys(usual) if law in laws]
