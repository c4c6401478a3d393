"""Known failures and the history in a run: what they do to its exit status, and to what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from harness import KEY, Judged, judge
from mutants.agno import AnswersAsPlainText

from rename_tck.pytest_plugin import outcomes
from rename_tck.reference.serving import serve
from rename_tck.results import run as run_module
from rename_tck.results.history import load
from rename_tck.results.known_failures import KnownFailure
from rename_tck.results.record import validate
from rename_tck.results.run import Run, SystemRun

FAULT = "agno.answer-media-type"
TODAY = datetime.now(UTC).date()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    with serve(AnswersAsPlainText(KEY)) as url:
        yield url


def entry(name: str, expires: date | None = None) -> str:
    day = f"expires = {expires.isoformat()}\n" if expires else ""
    return f'[[known]]\nid = "{name}"\nreason = "a gateway in between"\n{day}'


def run(
    url: str, folder: Path, content: str, *options: str, select: str = "answer-media-type or name-stored"
) -> Judged:
    path = folder / "known.toml"
    path.write_text(content)
    env = {"RENAME_TCK_API_KEY": KEY}
    return judge(url, folder, f"--known-failures={path}", "-vv", *options, system="agno", env=env, select=select)


class Noon(datetime):
    """It is noon, so that the day does not end within a run."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Noon:
        return cls.combine(NOON.date(), NOON.time(), tz)


def test_known_failure_does_not_fail_the_run(faulty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the last of its days."""
    for module in (run_module, outcomes):
        monkeypatch.setattr(module, "datetime", Noon)
    last = NOON.date()
    judged = run(faulty, tmp_path, entry(FAULT, last))
    validate(judged.record)
    assert judged.status == judged.record["exit_status"] == 0
    assert judged.run["verdict"] == "does not conform", "the target's verdict stays what it is"
    assert judged.requirements[FAULT]["known"]["expires"] == last.isoformat()
    assert judged.record["complaints"] == []
    assert "FAIL (known)" in judged.output
    assert re.search(r"1 known to fail", judged.output)
    assert "; 1 of the failures is known" in judged.output
    assert f"known until {last.isoformat()}: a gateway in between" in judged.output
    assert json.loads((tmp_path / "badge.json").read_bytes())["color"] == "orange"


def test_another_failure_fails_it(faulty: str, tmp_path: Path) -> None:
    judged = run(faulty, tmp_path, "")
    assert judged.status == 1
    assert "known" not in judged.requirements[FAULT]
    assert "complaints" not in judged.record


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (entry(FAULT, TODAY - timedelta(days=1)), f"The known failure {FAULT} expired on"),
        (entry(FAULT) + entry("agno.name-stored"), "The known failure agno.name-stored no longer fails"),
        (entry(FAULT) + entry("agno.no-such-thing"), "The known failure agno.no-such-thing names no requirement."),
    ],
)
def test_file_that_is_out_of_date_fails_the_run(content: str, words: str, faulty: str, tmp_path: Path) -> None:
    judged = run(faulty, tmp_path, content)
    assert judged.status == judged.record["exit_status"] == 1
    assert judged.record["complaints"][0].startswith(words)
    assert words in judged.output


def test_what_was_not_tested_may_fail_still(faulty: str, tmp_path: Path) -> None:
    judged = run(faulty, tmp_path, entry(FAULT) + entry("agno.body-json") + entry("dify.user-required"))
    assert judged.status == 0


def test_file_that_cannot_be_used(tmp_path: Path) -> None:
    judged = run("http://127.0.0.1:9", tmp_path, "[[known]]\nid = 1")
    assert judged.status == 4
    assert f"--known-failures: {tmp_path}/known.toml, entry 1 of [[known]]: it needs id" in judged.output


def test_run_that_could_not_judge_stays_so(tmp_path: Path) -> None:
    assert run("http://127.0.0.1:9", tmp_path, entry("agno.no-such-thing")).status == 3


def test_known_failures_do_not_hide_that_nothing_was_accepted() -> None:
    content = Run(systems={"agno": SystemRun("agno", ("2.5.6",))}, known=(KnownFailure("agno.rename-accepted", "r"),))
    assert content.exit_status() == 3


def test_history_gets_a_line_a_run_and_the_page_a_trend(faulty: str, tmp_path: Path) -> None:
    nights = tmp_path / "nights" / "history.jsonl"
    nights.parent.mkdir()
    for seed in (1, 2):
        judged = judge(
            faulty, tmp_path, f"--history={nights}", system="agno", env={"RENAME_TCK_API_KEY": KEY},
            select="answer-media-type", seed=seed,
        )  # fmt: skip
        with nights.open("a") as file:
            file.write("damaged\n")
    assert len(load(nights).entries) == 2
    page = (tmp_path / "conformance.html").read_text()
    assert "2 runs of this target." in page
    assert f"Line 2 of {nights} was skipped" in page
    assert f"Line 2 of {nights} was skipped" in judged.output


def test_history_that_cannot_be_written(faulty: str, tmp_path: Path) -> None:
    judged = judge(
        faulty, tmp_path, f"--history={tmp_path}", system="agno", env={"RENAME_TCK_API_KEY": KEY}, select="name-stored"
    )
    assert judged.status == 4
    assert "is a folder: name a file" in judged.output


@pytest.mark.slow
def test_both_in_workers(faulty: str, tmp_path: Path) -> None:
    judged = run(faulty, tmp_path, entry(FAULT), "-n2", f"--history={tmp_path / 'history'}")
    assert judged.status == 0, judged.output
    assert len(load(tmp_path / "history").entries) == 1
    assert "known" in judged.requirements[FAULT]


@pytest.mark.parametrize("option", ["history", "known-failures", "report-dir", "ca-bundle"])
def test_a_file_that_is_another_ends_the_run_before_it_begins_and_stays_as_it_is(option: str, tmp_path: Path) -> None:
    other = tmp_path / "README.md"
    other.write_text("# Words\n\nand more.\n", encoding="utf-8")
    judged = judge("http://127.0.0.1:9", tmp_path / "reports", f"--{option}={other}", system="agno")
    assert judged.status == 4
    assert f"--{option}" in judged.output.strip().splitlines()[-1]
    assert str(other) in judged.output
    assert other.read_text(encoding="utf-8") == "# Words\n\nand more.\n"


@pytest.mark.parametrize("option", ["history", "known-failures", "ca-bundle"])
def test_a_folder_in_place_of_a_file_ends_the_run(option: str, tmp_path: Path) -> None:
    judged = judge("http://127.0.0.1:9", tmp_path / "reports", f"--{option}={tmp_path}", system="agno")
    assert judged.status == 4
    assert f"--{option}" in judged.output.strip().splitlines()[-1]
    assert judged.record["exit_status"] == 4


def test_a_history_in_a_folder_that_is_not_there_ends_the_run(tmp_path: Path) -> None:
    there = tmp_path / "not-there" / "history.jsonl"
    judged = judge("http://127.0.0.1:9", tmp_path, f"--history={there}", system="agno")
    assert judged.status == 4
    assert f"--history={there} cannot be made: there is no folder" in judged.output
    assert not there.parent.exists()
