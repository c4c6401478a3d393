"""Known failures: the file, what it excuses, and when it is itself at fault."""

from __future__ import annotations

import copy
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sample_run

from rename_tck.cli import main
from rename_tck.reports import writing
from rename_tck.results import known_failures, record
from rename_tck.results.known_failures import KnownFailure

TODAY = date(2026, 11, 20)
FAILED = {"dify.user-required", "dify.name-exact", "dify.not-found-shape", "dify.long-name-exact"}


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "known_failures.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# The file


def test_load(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [[known]]
        id = "dify.user-required"
        reason = "The gateway
        "
        """.replace("gateway\n        ", "gateway  fills   it in.")
        + 'link = "https://tracker.example/1"\nexpires = 2027-01-31\n[[known]]\nid = "agno.x"\nreason = "r"\n',
    )
    assert known_failures.load(path) == (
        KnownFailure("dify.user-required", "The gateway fills it in.", "https://tracker.example/1", date(2027, 1, 31)),
        KnownFailure("agno.x", "r"),
    )


@pytest.mark.parametrize("content", ["", "# nothing is known\n", "known = []"])
def test_empty_file_knows_nothing(content: str, tmp_path: Path) -> None:
    assert known_failures.load(write(tmp_path, content)) == ()


ENTRY = '[[known]]\nid = "dify.user-required"\nreason = "r"\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[[known]\n", "is not TOML: Expected ']]'"),
        (b"\xff\xfe", "is not UTF-8 text."),
        ("know = 1", "holds know; it may hold [[known]] only."),
        ("[known]\nid = 'x'", "has known as one table; write [[known]] above each entry."),
        ("known = [1]", "entry 1 of [[known]]: it is no table."),
        (
            ENTRY + "expire = 2027-01-01",
            "entry 1 of [[known]]: it holds expire; it may hold expires, id, link, reason.",
        ),
        ("[[known]]\nid = 'dify.user-required'", "entry 1 of [[known]]: it needs reason, a text that is not empty."),
        ("[[known]]\nreason = 'r'", "entry 1 of [[known]]: it needs id, a text that is not empty."),
        ("[[known]]\nid = 1\nreason = 'r'", "it needs id, a text that is not empty."),
        ("[[known]]\nid = 'x'\nreason = '  '", "it needs reason, a text that is not empty."),
        (ENTRY + "link = 'javascript:alert(1)'", "link is not an http or https URL."),
        (ENTRY + "link = 1", "link is not an http or https URL."),
        (ENTRY + "expires = '2027-01-01'", "expires is a day without quotes and without a time, as 2027-01-31."),
        (ENTRY + "expires = 2027-01-01T00:00:00Z", "expires is a day without quotes and without a time"),
        (ENTRY + "expires = 2027", "expires is a day without quotes and without a time"),
        (ENTRY + ENTRY, "names dify.user-required more than once."),
    ],
)
def test_file_that_cannot_be_used(content: str | bytes, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    with pytest.raises(known_failures.KnownFailuresError) as raised:
        known_failures.load(path)
    assert str(raised.value).startswith(str(path))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(known_failures.KnownFailuresError, match=r"nowhere cannot be read: No such file or directory\."):
        known_failures.load(tmp_path / "nowhere")


# What it does


def test_apply_excuses_what_fails() -> None:
    entries = (KnownFailure("dify.user-required", "r"), KnownFailure("dify.long-name-exact", "r", expires=TODAY))
    applied = known_failures.apply(sample_run.sample(), entries, TODAY)
    assert dict(applied.excused) == {entry.id: entry for entry in entries}
    assert applied.complaints == ()


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (KnownFailure("dify.rename-accepted", "r"), "dify.rename-accepted no longer fails: take it out of the file."),
        (
            KnownFailure("dify.user-required", "r", expires=date(2026, 11, 19)),
            "dify.user-required expired on 2026-11-19.",
        ),
        (KnownFailure("dify.user-requird", "r"), "dify.user-requird names no requirement."),
        (KnownFailure("user-required", "r"), "user-required names no requirement."),
        (KnownFailure("other.system", "r"), "other.system names no requirement."),
    ],
)
def test_apply_complains(entry: KnownFailure, complaint: str) -> None:
    applied = known_failures.apply(sample_run.sample(), (entry,), TODAY)
    assert applied == known_failures.Applied({}, (f"The known failure {complaint}",))


@pytest.mark.parametrize("name", ["dify.auto-generate-stores", "dify.concurrent-renames", "openhands.title-max-200"])
def test_apply_bears_with_what_was_not_judged(name: str) -> None:
    assert known_failures.apply(sample_run.sample(), (KnownFailure(name, "r"),), TODAY) == known_failures.Applied()


def test_apply_bears_with_another_system() -> None:
    """One file may serve several targets."""
    content = sample_run.sample()
    content["runs"] = content["runs"][:1]
    assert known_failures.apply(content, (KnownFailure("agno.not-there", "r"),), TODAY) == known_failures.Applied()
    assert (
        known_failures.apply(sample_run.could_not_start(), (KnownFailure("agno.not-there", "r"),), TODAY)
        == known_failures.Applied()
    )


def test_mark() -> None:
    content = sample_run.sample()
    before = copy.deepcopy(content)
    entries = (
        KnownFailure("dify.user-required", "r", "https://x.example/1", date(2027, 1, 31)),
        KnownFailure("dify.nothing", "r"),
    )
    marked = known_failures.mark(content, known_failures.apply(content, entries, TODAY))
    assert content == before
    record.validate(marked)
    found = [requirement for run in marked["runs"] for requirement in run["requirements"] if "known" in requirement]
    assert [(requirement["id"], requirement["known"]) for requirement in found] == [
        ("dify.user-required", {"reason": "r", "link": "https://x.example/1", "expires": "2027-01-31"})
    ]
    assert marked["complaints"] == ["The known failure dify.nothing names no requirement."]


# The first file


def test_first_file_makes_every_failure_known(tmp_path: Path, capfd: Any) -> None:
    writing.write(sample_run.sample(), tmp_path)
    output = tmp_path / "known_failures.toml"
    assert main(["known-failures", str(tmp_path / "conformance.json"), f"--output={output}"]) == 0
    assert capfd.readouterr() == ("", "")
    entries = known_failures.load(output)
    assert {entry.id for entry in entries} == FAILED
    assert {entry.expires for entry in entries} == {date(2027, 2, 18)}, "90 days after the run, not after today"
    applied = known_failures.apply(sample_run.sample(), entries, TODAY)
    assert set(applied.excused) == FAILED
    assert applied.complaints == ()


def test_first_file_of_a_run_without_failures_is_empty(tmp_path: Path) -> None:
    assert known_failures.load(write(tmp_path, known_failures.first_file(sample_run.could_not_start()))) == ()


def test_file_made_again_keeps_what_was_written_by_hand(tmp_path: Path) -> None:
    entries = (
        KnownFailure("dify.user-required", 'It says "no".', "https://x.example/1"),
        KnownFailure("dify.name-exact", "r"),
    )
    content = sample_run.sample()
    text = known_failures.first_file(known_failures.mark(content, known_failures.apply(content, entries, TODAY)))
    again = {entry.id: entry for entry in known_failures.load(write(tmp_path, text))}
    assert set(again) == FAILED
    assert [again[entry.id] for entry in entries] == list(entries)


def test_hostile_texts_stay_texts() -> None:
    content = sample_run.sample()
    attack = '"""\n[[known]]\nid = "x"\n\\' + sample_run.ESCAPES + sample_run.BIDI + sample_run.SURROGATE
    requirement = content["runs"][0]["requirements"][1]
    requirement["case"] = requirement["sentence"] = attack
    entries = tomllib.loads(known_failures.first_file(content))["known"]
    assert {entry["id"] for entry in entries} == FAILED


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_run_at_the_end_of_time(end: str) -> None:
    known_failures.first_file({**sample_run.sample(), "end": end})
