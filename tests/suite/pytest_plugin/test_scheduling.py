"""A run with workers: what shares a series stays together, the rest goes to whoever is free."""

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import pytest
from harness import ROOT

from rename_tck.checks import generated_names, rename_series
from rename_tck.pytest_plugin.scheduling import ContractScheduling

_FILES = sorted(path.stem for path in (ROOT / "tests" / "contract").glob("test_*.py"))


def _module(name: str) -> ModuleType:
    folder = str(ROOT / "tests" / "contract")
    sys.path.insert(0, folder)
    try:
        return import_module(name)
    finally:
        sys.path.remove(folder)


def _judging(call: str) -> Iterator[str]:
    """The bare names of the requirements whose tests make this call, themselves or through a helper."""
    for module in map(_module, _FILES):
        functions = [function for _, function in inspect.getmembers(module, inspect.isfunction)]
        ours = {function.__name__: inspect.getsource(function) for function in functions}
        helpers = {name for name, source in ours.items() if call in source and not name.startswith("test_")}
        calls = re.compile("|".join([re.escape(call), *(rf"\b{name}\(check" for name in helpers)]))
        for function in functions:
            if function.__name__.startswith("test_") and calls.search(ours[function.__name__]):
                for mark in function.pytestmark:  # type: ignore[attr-defined]
                    yield from (name.split(".")[-1] for name in mark.args)


@pytest.mark.parametrize(
    ("call", "laws"),
    [
        ("series.run(check)", rename_series.LAWS),
        ("generated_names.steps(check)", generated_names.LAWS),
    ],
)
def test_the_laws_that_are_kept_together_are_those_that_judge_the_same(call: str, laws: frozenset[str]) -> None:
    assert set(_judging(call)) == laws


@pytest.mark.parametrize(
    ("test", "scope"),
    [
        ("tests/contract/test_laws_answer.py::test_x[dify.answer-id]", "dify: the series"),
        ("tests/contract/test_dify.py::test_x[dify.answer-id-uuid]", "dify: the series"),
        ("tests/contract/test_laws_answer.py::test_x[dify.answer-schema-zh-Hans]", "dify: the series"),
        ("tests/contract/test_laws_points.py::test_x[agno.unicode-exact]", "agno: the points"),
        ("tests/contract/test_dify.py::test_x[dify.auto-generate-stored]", "dify: the generated names"),
        ("tests/contract/test_agno.py::test_x[agno.answer-shape-of-type]", "agno: the series"),
        ("tests/contract/test_agno.py::test_x[agno.type-accepted]", "agno: the series"),
        ("tests/contract/test_agno.py::test_x[agno.type-validated]", None),
        ("tests/contract/test_laws_points.py::test_x[agno.name-stored]", "agno: the points"),
        ("tests/contract/test_observations.py::test_x[agno-observations]", None),
    ],
)
def test_the_series_is_one_piece_of_work(test: str, scope: str | None) -> None:
    assert ContractScheduling._split_scope(ContractScheduling.__new__(ContractScheduling), test) == (scope or test)
