"""What a run asks of a target: a smoke run sends at most 150 requests, a quick one a thousand."""

import ast
from pathlib import Path

import pytest
from harness import KEYS, Judged, judge
from mutants.everywhere import conforming

from rename_tck.cases.telling import telling
from rename_tck.files import packaged
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES


def _judged(system: str, folder: Path, *options: str) -> Judged:
    with serve(conforming(system)) as url:
        judged = judge(url, folder, *options, system=system, env=KEYS, record_only=True)
    assert judged.status == 0, judged.output
    return judged


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("in_flight", [1, 8])
def test_a_smoke_run_sends_at_most_150_requests_and_calls_no_target_conforming(
    in_flight: int, system: str, tmp_path: Path
) -> None:
    judged = _judged(system, tmp_path, "--hypothesis-profile=smoke", f"--concurrency={in_flight}")
    assert judged.run["requests"] <= 150
    assert judged.run["verdict"] == "incomplete"
    assert judged.run["summary"]["MUST"]["pass"] >= 12
    gaps = {one["gap"] for one in judged.requirements.values() if one["verdict"] == "not tested"}
    assert gaps <= {"choice", "target"}


@pytest.mark.parametrize("system", NAMES)
def test_what_a_smoke_run_tries_is_there(system: str) -> None:
    functions = {
        node.name
        for path in packaged("conformance").glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert set(telling(system)) <= functions


@pytest.mark.parametrize("system", NAMES)
def test_a_quick_run_sends_at_most_a_thousand_requests(system: str, tmp_path: Path) -> None:
    judged = _judged(system, tmp_path)
    assert judged.run["requests"] <= 1000
    assert judged.run["coverage"]["pairs"]["sent"] == judged.run["coverage"]["pairs"]["of"]
