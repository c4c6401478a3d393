"""What the record says of how much of the space of renames was sent: what was sent, not what was planned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import KEY, judge, judge_in_process

from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.reports import facts
from rename_tck.results.coverage import Coverage, Sent
from rename_tck.results.record import validate

KEYS = {"RENAME_TCK_API_KEY": KEY}
POINTS = "test_every_valid_rename"


def test_processes_that_share_a_run_share_its_coverage() -> None:
    one = Coverage({"a", "b"}, {"name": Sent({"x"}, 9)}, {("name", "long", "place", "plain")}, 5)
    other = Coverage({"b"}, {"name": Sent({"y"}, 9), "place": Sent({"z"}, 3)}, {("name", "x", "place", "plain")}, 5)
    told = json.loads(json.dumps(other.handed_over()))
    one.add(Coverage.taken_over(told))
    assert one.record() == {
        "points": 2,
        "values": [{"dimension": "name", "sent": 2, "of": 9}, {"dimension": "place", "sent": 1, "of": 3}],
        "pairs": {"sent": 2, "of": 5},
    }


def test_a_run_without_points_says_nothing_of_them(tmp_path: Path) -> None:
    judged = judge(None, tmp_path, system="openhands", select="title-required", record_only=True)
    assert "coverage" not in judged.run
    assert facts.coverage(judged.run) is None


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "two workers"])
def test_a_quick_run_sends_every_pair_of_classes(tmp_path: Path, workers: tuple[str, ...]) -> None:
    run = judge_in_process if workers else judge
    judged = run(None, tmp_path, *workers, system="openhands", select=POINTS)
    validate(judged.record)
    coverage = judged.run["coverage"]
    assert coverage["pairs"]["sent"] == coverage["pairs"]["of"] > 400
    values = {one["dimension"]: (one["sent"], one["of"]) for one in coverage["values"]}
    assert values["JSON spelling"][0] == values["JSON spelling"][1] > 10
    assert values["name"][0] < values["name"][1] / 3
    said = facts.coverage(judged.run)
    assert said is not None
    assert said in (tmp_path / "conformance.md").read_text(encoding="utf-8")
    assert said in (tmp_path / "conformance.html").read_text(encoding="utf-8")


def test_what_a_run_did_not_come_to_is_not_counted(tmp_path: Path) -> None:
    judged = judge(None, tmp_path, "--max-requests=120", system="openhands", select=POINTS, record_only=True)
    coverage = judged.run["coverage"]
    assert 0 < coverage["points"] < 100
    assert coverage["pairs"]["sent"] < coverage["pairs"]["of"]
    assert coverage["values"][0]["sent"] <= coverage["points"]


class RefusesTheNameNull(OpenHandsServer):
    """Refuses one name, with the status by which it refuses members that no document names."""

    def normalise_title(self, title: str) -> str:
        if title == "null":
            raise self.invalid("value_error", "The title is reserved.", ("body", "title"))
        return title


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_name_is_not_excused_by_how_it_was_sent(tmp_path: Path, seed: int) -> None:
    """Whatever it is paired with: what may be refused for its form is sent again without it."""
    with serve(RefusesTheNameNull(KEY)) as url:
        judged = judge(url, tmp_path, system="openhands", select="text-not-interpreted", env=KEYS, seed=seed)
    assert judged.requirements["openhands.text-not-interpreted"]["verdict"] == "fail", judged.output
    assert "the name 'null'" in judged.requirements["openhands.text-not-interpreted"]["case"]
