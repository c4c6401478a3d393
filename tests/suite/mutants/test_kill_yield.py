"""The yield of a small matrix that is made up: what each law kills, in which order, and what is without use."""

from __future__ import annotations

import json
from pathlib import Path

import kill_matrix
import kill_yield
from harness import ROOT
from kill_matrix import Killer, Row
from kill_yield import POINTS

AND = " × "


def row(mutant: str, *by: Killer, system: str = "agno") -> Row:
    """A mutant that these tests have killed."""
    failed = tuple(dict.fromkeys(killer.requirement for killer in by))
    return Row(mutant, system, f"{mutant}.", failed[0], (), (), failed, (), by=by)


def point(*labels: str, requirement: str = "agno.name-stored") -> Killer:
    """A failing point, or several."""
    return Killer(POINTS, requirement, labels)


ROWS = (
    row("A", Killer("test_series", "agno.name-stored"), Killer("test_again", "agno.rename-again")),
    row("B", Killer("test_again", "agno.rename-again"), point("no Accept")),
    row("C", point("no Accept", f"no Accept{AND}HTTP/1.0")),
    row("D", point("HTTP/1.0"), Killer("test_late", "agno.answer-id")),
)
VALUES = {"no Accept": ("client form", "Accept"), "HTTP/1.0": ("client form", "connection"), "x": ("name", "short")}


def names(found: dict[str, frozenset[str]]) -> dict[str, str]:
    return {name: "".join(sorted(mutants)) for name, mutants in found.items()}


def test_each_law_and_requirement_has_its_mutants() -> None:
    assert names(kill_yield.by_law(ROWS)) == {"test_series": "A", "test_again": "AB", POINTS: "BCD", "test_late": "D"}
    assert names(kill_yield.by_requirement(ROWS)) == {
        "agno.name-stored": "ABCD", "agno.rename-again": "AB", "agno.answer-id": "D",
    }  # fmt: skip


def test_what_one_alone_kills_is_its_own() -> None:
    assert names(kill_yield.alone(kill_yield.by_law(ROWS))) == {
        "test_series": "", "test_again": "", POINTS: "C", "test_late": "",
    }  # fmt: skip


def test_the_cover_takes_what_kills_most_for_its_requests_and_ends_with_what_kills_nothing_new() -> None:
    requests = {"test_series": 5, "test_again": 4, POINTS: 300, "test_late": 0, "test_idle": 70, "test_odd": 2}
    steps = kill_yield.cover(kill_yield.by_law(ROWS), requests)
    assert [(step.law, "".join(sorted(step.new))) for step in steps] == [
        ("test_late", "D"), ("test_again", "AB"), (POINTS, "C"), ("test_idle", ""), ("test_series", ""),
        ("test_odd", ""),
    ]  # fmt: skip
    assert frozenset().union(*(step.new for step in steps)) == {"A", "B", "C", "D"}
    assert [step.requests for step in steps] == [0, 4, 300, 70, 5, 2]


def test_values_are_told_by_the_labels_of_failing_points() -> None:
    assert names(kill_yield.by_value(ROWS, VALUES, AND)) == {"no Accept": "BC", "HTTP/1.0": "CD"}
    assert names(kill_yield.in_pairs(ROWS, AND)) == {f"no Accept{AND}HTTP/1.0": "C"}


def test_a_row_survives_its_file(tmp_path: Path) -> None:
    kill_matrix.write(ROWS, tmp_path)
    assert kill_matrix.read(tmp_path) == list(ROWS)
    older = json.loads((tmp_path / kill_matrix.JSON_NAME).read_text(encoding="utf-8"))
    del older["rows"][0]["by"]
    assert Row.load(older["rows"][0]).by == ()


def test_the_section_tells_requests_and_mutants_and_takes_its_own_place_on_the_page() -> None:
    text = kill_yield.section(ROWS, {"agno": {"test_again": 4, POINTS: 300}})
    assert "| again | 4 |" in text
    assert "| `agno.name-stored` | 4 | 1 |" in text
    assert "By points of two values: 1 mutants (C)." in text
    page = kill_yield.written("# Benchmark\n\n## Profiles\n\nx\n", text)
    assert page == f"# Benchmark\n\n## Profiles\n\nx\n\n{text}"
    assert kill_yield.written(page, text) == page


def test_the_benchmark_keeps_the_section() -> None:
    benchmark = (ROOT / "tests" / "benchmark" / "compare.py").read_text(encoding="utf-8")
    assert f'YIELD = "{kill_yield.HEADING}"' in benchmark


def test_a_run_without_its_file_is_asked_for(tmp_path: Path) -> None:
    assert "run test_mutants.py first" in str(kill_yield.main([str(tmp_path)]))


def test_a_run_that_does_not_say_which_tests_failed_is_asked_for_again(tmp_path: Path) -> None:
    kill_matrix.write([Row("A", "agno", "A.", "agno.name-stored", (), (), ("agno.name-stored",), ())], tmp_path)
    assert "run it again" in str(kill_yield.main([str(tmp_path)]))
