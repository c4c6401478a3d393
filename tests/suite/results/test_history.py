"""The history of runs: its file, and the trend of each requirement."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import sample_run

from rename_tck.results import history
from rename_tck.results.history import History, Trend

Json = dict[str, Any]


def night(day: int, verdict: str = "pass", *, url: str = "https://a.example", system: str = "agno") -> Json:
    """The record of a run on one day of November with one requirement, as far as the history looks at it."""
    return {
        **sample_run.sample(),
        "start": f"2026-11-{day:02}T23:00:00Z",
        "runs": [sample_run.run(system, [{"id": f"{system}.x", "level": "MUST", "verdict": verdict}], base_url=url)],
    }


def trend(*verdicts: str) -> Trend:
    """The trend of a requirement with these verdicts on the first days of November."""
    records = [night(day, verdict) for day, verdict in enumerate(verdicts, 1)]
    entries = tuple(history.entry(record) for record in records[:-1])
    (found,) = history.trends(History(entries), records[-1])
    return found["agno.x"]


# The file


def test_append_adds_a_line_a_run(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    records = [sample_run.sample(), night(21), sample_run.could_not_start()]
    for record in records:
        history.append(record, path)
    lines = path.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [history.entry(record) for record in records]
    assert history.load(path) == History(tuple(map(history.entry, records)), ())
    assert max(map(len, lines)) < 3000


def test_the_same_run_is_not_added_twice(tmp_path: Path) -> None:
    path = tmp_path / "history"
    for record in (night(1), night(2), night(2)):
        history.append(record, path)
    assert len(path.read_text().splitlines()) == 2


def test_line_that_was_broken_off_spoils_itself_only(tmp_path: Path) -> None:
    path = tmp_path / "history"
    history.append(night(1), path)
    path.write_bytes(path.read_bytes()[:-20])
    history.append(night(2), path)
    found = history.load(path)
    assert [entry["start"] for entry in found.entries] == ["2026-11-02T23:00:00Z"]
    assert found.notes == (f"Line 1 of {path} was skipped: no run of this suite wrote it.",)


@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        b"\xff\xfe\x00",
        "[" * 100_000,
        "9" * 5000,
        "null",
        "[]",
        '{"history_version": "2.0"}',
        json.dumps({**history.entry(night(1)), "runs": None}),
        json.dumps({**history.entry(night(1)), "runs": [{"system": "agno"}]}),
        json.dumps({**history.entry(night(1)), "runs": [{**history.entry(night(1))["runs"][0], "spec": 5}]}),
        json.dumps({**history.entry(night(1)), "start": 5}),
        json.dumps({**history.entry(night(1)), "start": "long ago"}),
        json.dumps(history.entry(night(1))).replace('"pass"', "7"),
    ],
)
def test_foreign_line_is_skipped_with_a_note(line: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes((line if isinstance(line, bytes) else line.encode()) + b"\n\n")
    history.append(night(2), path)
    found = history.load(path)
    assert len(found.entries) == 1
    assert found.notes == (f"Line 1 of {path} was skipped: no run of this suite wrote it.",)


def test_many_foreign_lines_make_one_note(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text("x\n" * 12)
    shown = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"
    assert history.load(path).notes == (f"Lines {shown} of {path} were skipped: no run of this suite wrote them.",)


def test_file_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"):
        history.load(tmp_path)
    with pytest.raises(OSError, match="Is a directory"):
        history.append(night(1), tmp_path)


# Whose history it is


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/v1", "https://a.example/v1", True),
        ("https://a.example/v1", "https://b.example/v1", False),
        ("http://127.0.0.1:4001", "http://127.0.0.1:4002", True),
        ("http://localhost:4001/v1", "http://localhost:4002/v2", False),
        ("http://[::1]:1", "http://[::1]:2", True),
        ("http://[broken", "http://[broken", True),
    ],
)
def test_history_is_of_one_target(one: str, other: str, same: bool) -> None:
    (found,) = history.trends(History((history.entry(night(1, url=one)),)), night(2, url=other))
    assert len(found["agno.x"].runs) == 1 + same


def test_embedded_servers_have_a_history_whatever_their_port() -> None:
    first, second = sample_run.agno(), sample_run.agno()
    second["base_url"] = "http://127.0.0.1:1"
    assert history.place(first) == history.place(second) == "embedded server"


def test_systems_are_kept_apart() -> None:
    (found,) = history.trends(History((history.entry(night(1, system="dify")),)), night(2))
    assert len(found["agno.x"].runs) == 1


def test_each_document_of_the_users_own_has_a_history_of_its_own(tmp_path: Path) -> None:
    def by(day: int, sha256: str | None) -> Json:
        content = night(day)
        if sha256 is not None:
            content["runs"][0] |= {"chosen_editions": ["own"], "spec": {"file": "x.yaml", "sha256": sha256}}
        return content

    path = tmp_path / "history"
    for day, document in enumerate(("a" * 64, "b" * 64, None, "a" * 64), 1):
        history.append(by(day, document), path)
    old = history.entry(by(5, "a" * 64))
    del old["runs"][0]["spec"]
    with path.open("a") as file:
        file.write(json.dumps(old) + "\n")
    runs = history.load(path)
    assert (len(runs.entries), runs.notes) == (5, ())
    for document, days in (("a" * 64, "146"), ("b" * 64, "26"), (None, "36"), ("c" * 64, "6")):
        (found,) = history.trends(runs, by(6, document))
        assert "".join(start[9] for start, _ in found["agno.x"].runs) == days


# The trend


def told(now: str, first: str, share: str) -> str:
    """The sentence on a requirement that failed at least once."""
    return f"{now} 23:00 UTC; first seen failing {first} 23:00 UTC; failed in {share} that judged it."


def test_runs_after_the_record_and_the_record_itself_are_left_out() -> None:
    entries = tuple(history.entry(night(day, verdict)) for day, verdict in ((3, "fail"), (1, "pass"), (2, "pass")))
    (found,) = history.trends(History(entries), night(2, "pass"))
    assert found["agno.x"].runs == (("2026-11-01T23:00:00Z", "pass"), ("2026-11-02T23:00:00Z", "pass"))


@pytest.mark.parametrize(
    ("verdicts", "first_failing", "since", "sentence"),
    [
        (["pass"], None, "01", "Never failed in 1 run that judged it since 2026-11-01 23:00 UTC."),
        (
            ["pass", "not tested", "pass"],
            None,
            "01",
            "Never failed in 2 runs that judged it since 2026-11-01 23:00 UTC.",
        ),
        (["not tested", "error"], None, None, "No run of 2 judged it."),
        (
            ["pass", "fail", "fail"],
            "02",
            "02",
            told("Fails since 2026-11-02", "2026-11-02", "2 of 3 runs"),
        ),
        (
            ["fail", "pass", "fail", "not tested", "fail"],
            "01",
            "03",
            told("Fails since 2026-11-03", "2026-11-01", "3 of 4 runs"),
        ),
        (
            ["fail", "pass", "pass"],
            "01",
            "02",
            told("Passes since 2026-11-02", "2026-11-01", "1 of 3 runs"),
        ),
        (
            ["fail", "not tested"],
            "01",
            "01",
            told("Not judged now; fails since 2026-11-01", "2026-11-01", "1 of 1 run"),
        ),
    ],
)
def test_trend(verdicts: list[str], first_failing: str | None, since: str | None, sentence: str) -> None:
    found = trend(*verdicts)
    assert found.first_failing == (first_failing and f"2026-11-{first_failing}T23:00:00Z")
    assert found.since == (since and f"2026-11-{since}T23:00:00Z")
    assert found.sentence == sentence


def test_requirement_that_is_new_has_a_short_trend() -> None:
    before = history.entry(night(1))
    before["runs"][0]["requirements"] = {"agno.other": "fail"}
    (found,) = history.trends(History((before,)), night(2))
    assert found["agno.x"].runs == (("2026-11-02T23:00:00Z", "pass"),)


# What is no history


def _fine(path: Path, report_dir: Path = Path("reports")) -> None:
    before = path.read_bytes() if path.is_file() else None
    history.check(path, report_dir)
    assert (path.read_bytes() if path.is_file() else None) == before


def _refused(path: Path, words: str, report_dir: Path = Path("reports")) -> None:
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(history.HistoryError, match=words):
        history.check(path, report_dir)
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize(
    "content",
    [
        b"# README\n\nwords\n",
        b"\x00\xff\xfe",
        b'[[known]]\nid = "agno.x"\n',
        b'{"a": 1}\n{"b": 2}\n',
        b"[1]\n",
        b'"history_version"\n',
        b"[" * 100_000,
        json.dumps(sample_run.sample(), indent=2).encode(),
        json.dumps(sample_run.sample()).encode(),
    ],
)
def test_a_file_that_is_no_history_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(content)
    _refused(path, "is no history: none of its lines was written by a run")


def test_a_history_is_one_with_whatever_else_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    _fine(path)
    for content in (b"", b"\n\n"):
        path.write_bytes(content)
        _fine(path)
    history.append(night(1), path)
    _fine(path)
    whole = path.read_bytes()
    for content in (b"damaged\n" + whole, whole + b"damaged", whole[:-20], b'{"history_version": "9.0"}\n'):
        path.write_bytes(content)
        _fine(path)


def test_a_history_whose_folder_is_not_there_is_refused_and_none_is_made(tmp_path: Path) -> None:
    _refused(tmp_path / "new" / "history.jsonl", "cannot be made: there is no folder")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_bytes(b"")
    _refused(tmp_path / "file" / "history.jsonl", "cannot be (made|written)")
    _refused(tmp_path, "is a folder: name a file")
    # the run makes the folder of its reports
    _fine(tmp_path / "reports" / "history.jsonl", tmp_path / "reports")
    _refused(tmp_path / "reports" / "conformance.json", "is a report that the run writes", tmp_path / "reports")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    _refused(tmp_path / "pipe", "is no file that lines could be written to")
