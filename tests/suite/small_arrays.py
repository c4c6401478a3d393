"""Looks for small covering arrays for the plans of quick runs, and keeps what makes them in small_arrays.py.

``python tests/suite/small_arrays.py`` takes some seconds. It is run again when classes of the space of renames have
changed: tests/suite/cases/test_plan.py says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from unittest import mock

from kill_matrix import ROOT

from rename_tck.cases.plan import arrays, least
from rename_tck.cases.points import Cost
from rename_tck.cases.rename_space import Chosen, space_of
from rename_tck.cases.small_arrays import shape
from rename_tck.cases.system_cases import load as load_cases
from rename_tck.openapi.contract import Contract
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems import NAMES, load
from rename_tck.systems.dialect import Session

PAGE = ROOT / "src" / "rename_tck" / "cases" / "small_arrays.py"

#: Arrays that are made of each shape, and the smallest of them that are kept.
MADE, KEPT = 300, 12


def small_arrays(system: str) -> dict[str, tuple[str, ...]]:
    """The salts of small arrays, by shape, for the plan of a system's quick run."""
    dialect, catalogue, found = load(system), Catalogue.load(system), dict[str, tuple[str, ...]]()
    contracts = [Contract.load(system, edition) for edition in catalogue.editions]
    body = dialect.body(Session("any", "created", dialect.kinds[0], "user-1"), "Name")

    def is_valid(more: dict[str, object]) -> bool:
        return not any(contract.request_errors({**body, **more}) for contract in contracts)

    space = space_of(load_cases(dialect), "user-1", is_valid, of=Chosen())
    possible = space.pairs()
    for cost in (Cost.SESSION, Cost.NOTHING):
        dimensions = [one for one in space.dimensions if one.cost is cost]
        groups, salts = {one.name: list(one.groups()) for one in dimensions}, list(map(str, range(MADE)))
        sizes = dict(zip(salts, (least(dimensions, rows) for rows in arrays(groups, possible, salts)), strict=True))
        found[shape(groups, possible)] = tuple(sorted(salts, key=sizes.__getitem__)[:KEPT])
    return found


def shapes(system: str) -> list[str]:
    """The shapes of the arrays that the plan of a system's quick run is made of."""
    with mock.patch(f"{__name__}.MADE", 1):
        return list(small_arrays(system))


def written(page: str, found: dict[str, tuple[str, ...]]) -> str:
    """The module with these arrays in the place of those that it had."""
    rows = "".join(f"    {key!r}: {_tuple(salts)},\n" for key, salts in sorted(found.items())).replace("'", '"')
    return re.sub(r"(?ms)^SMALL(.*?) = \{.*?\}\n", lambda match: f"SMALL{match[1]} = {{\n{rows}}}\n", page)


def _tuple(salts: Sequence[str]) -> str:
    return f"({', '.join(map(repr, salts))})"


if __name__ == "__main__":
    known = {key: salts for name in NAMES for key, salts in small_arrays(name).items()}
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), known), encoding="utf-8")
