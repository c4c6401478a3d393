"""All contract tests that there are, so that a run knows which of them it left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.results.left_out import ContractTest


class Declared(NamedTuple):
    """What a contract test is marked with: the requirements, and whether it judges each edition apart."""

    function: str
    requirements: tuple[str, ...]
    per_edition: bool


def expected(session: ConformanceSession, module: str, declared: Declared) -> Iterator[ContractTest]:
    """The tests that pytest makes of a marked function, for all systems that may be judged."""
    for system in session.systems():
        editions = session.editions(system) if declared.per_edition else (None,)
        for name in declared.requirements:
            requirement = name if "." in name else f"{system}.{name}"
            if requirement.startswith(f"{system}.") and requirement in session.catalogue(system).by_id:
                for edition in editions:
                    yield ContractTest(requirement, module, declared.function, edition)


def in_file(path: Path) -> Iterator[Declared]:
    """What a file of contract tests declares, by its text: one that was not chosen is not imported either."""
    for node in ast.parse(path.read_bytes()).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and _name(mark.func) == "requirement":
                options = {option.arg: _value(option.value) for option in mark.keywords}
                names = tuple(str(_value(argument)) for argument in mark.args)
                yield Declared(node.name, names, bool(options.get("per_edition")))


def _name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def _value(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None
