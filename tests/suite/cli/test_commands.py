"""The sub-commands on records: what is made of records later, and how it is said that a file is no record."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sample_run
from harness import ROOT

from rename_tck.cli import main
from rename_tck.reports import changes, changes_text, commonmark, html
from rename_tck.reports.writing import REPORTS, write
from rename_tck.results import history, record
from rename_tck.text import HIDDEN, width

Json = dict[str, Any]
Files = Callable[..., Path]


@pytest.fixture
def given(tmp_path: Path) -> Files:
    """Writes a record, or any text, to a file."""

    def write(content: Json | str | bytes, name: str = "conformance.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = record.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def only_dify(**verdicts: str) -> Json:
    """A record of the sample's Dify alone, with other verdicts of requirements named without `dify.`."""
    content = sample_run.sample()
    del content["runs"][1:]
    for name, verdict in verdicts.items():
        _set(content, f"dify.{name.replace('_', '-')}", verdict)
    return content


def _set(content: Json, name: str, verdict: str) -> None:
    run = content["runs"][0]
    requirement = next(requirement for requirement in run["requirements"] if requirement["id"] == name)
    for member in sample_run.FAILURE:
        requirement.pop(member, None)
    requirement |= {"verdict": verdict, "reason": None if verdict in {"pass", "fail"} else "it was not asked"}
    requirement |= {"gap": "target" if verdict == "not tested" else None, "cause": None}
    if verdict == "fail":
        requirement |= sample_run.rename_failure("{}", "a refusal", None, f"the case of {name}")
    run["summary"] = sample_run.summary(run["requirements"])


# report


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "json"])
def test_report_is_the_one_that_the_run_wrote(name: str, tmp_path: Path, capfdbinary: Any) -> None:
    written = {path.name: path.read_bytes() for path in write(sample_run.sample(), tmp_path)}
    source = str(tmp_path / "conformance.json")
    expected = written[REPORTS[name].name]
    assert main(["report", source, "--format", name]) == 0
    assert capfdbinary.readouterr() == (expected, b"")
    output = tmp_path / "again"
    assert main(["report", source, f"--format={name}", f"--output={output}"]) == 0
    assert output.read_bytes() == expected
    assert capfdbinary.readouterr() == (b"", b"")


def test_report_shows_the_trend_of_a_history(given: Files, tmp_path: Path, capfd: Any) -> None:
    content = sample_run.sample()
    nights = tmp_path / "nights.jsonl"
    history.append({**content, "start": "2026-11-19T23:00:00Z"}, nights)
    with nights.open("a") as file:
        file.write('{"foreign": true}\n')
    assert main(["report", str(given(content)), "--format=html", f"--history={nights}"]) == 0
    out, err = capfd.readouterr()
    assert out == html.render(content, history.load(nights))
    assert "since 2026-11-19 23:00 UTC" in out
    assert err == f"rename-tck: Line 2 of {nights} was skipped: no run of this suite wrote it.\n"


def test_report_as_a_user_runs_it(given: Files) -> None:
    """In a process of its own, in a locale that has no Unicode."""
    done = subprocess.run(
        [sys.executable, "-m", "rename_tck", "report", str(given(sample_run.sample())), "--format=md"],
        cwd=ROOT / "src", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}, capture_output=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == REPORTS["md"].render(sample_run.sample(), None).encode()


def test_reader_that_has_seen_enough_is_no_trouble(given: Files) -> None:
    command = f"{sys.executable} -m rename_tck report {given(sample_run.sample())} --format=html | head -c 10"
    done = subprocess.run(command, shell=True, cwd=ROOT / "src", capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("<!doctype ", "")


# diff


def test_diff_of_a_record_with_itself(given: Files, capfd: Any) -> None:
    path = str(given(sample_run.sample()))
    assert main(["diff", path, path]) == 0
    out, _ = capfd.readouterr()
    assert out.endswith("No MUST got worse.\n")
    assert out.count("The same:") == 3
    assert "Worse" not in out


def test_diff_says_what_changed(given: Files, capfd: Any) -> None:
    before = only_dify(concurrent_renames="pass")
    after = only_dify(
        rename_accepted="fail", user_required="pass", concurrent_renames="not tested", not_found_shape="error"
    )
    gone = after["runs"][0]["requirements"].pop(4)
    after["runs"][0]["requirements"].append({**gone, "id": "dify.new-one"})
    after["runs"][0]["observations"][0]["answer"] = "accepted"
    after["profile"] = "nightly"
    paths = [str(given(before, "a.json")), str(given(after, "b.json"))]
    assert main(["diff", *paths]) == 1
    out, _ = capfd.readouterr()
    lines = [line.strip() for line in out.splitlines()]
    blocks = [" ".join(block.split()) for block in out.split("\n\n")]
    assert lines[0] == "dify"
    assert "The first run had quick for the profile, the second nightly." in lines
    assert blocks[1] == (
        "Worse (2): fails now, or passed and is not judged now "
        "dify.rename-accepted MUST pass \u2192 fail the case of dify.rename-accepted: expected a refusal "
        "dify.concurrent-renames MUST pass \u2192 not tested it was not asked"
    )
    assert blocks[2] == "Better (1): passes now dify.user-required MUST fail \u2192 pass"
    assert blocks[3].startswith("Not judged now (1): did not pass before either dify.not-found-shape MUST fail")
    assert blocks[4] == "New (1): only the second record has it dify.new-one MUST pass"
    assert blocks[5] == "Gone (1): only the first record has it dify.rename-twice MUST pass"
    assert blocks[6] == (
        "Observations with another answer (1) Is a name of 256 characters accepted? refused with 400 \u2192 accepted"
    )
    assert blocks[7] == "The same: 2 fail, 5 not tested, 1 pass"
    assert lines[-1] == "2 MUST got worse."


def by_own(sha256: str | None, file: str = "own.yaml", **verdicts: str) -> Json:
    """The record of a run by a document of the user's own; without a SHA-256 by the vendored ones."""
    content = only_dify(**verdicts)
    if sha256 is not None:
        (run,) = content["runs"]
        run |= {"chosen_editions": ["own"], "spec": {"file": file, "sha256": sha256, "nearest": "en"}}
        for requirement in run["requirements"]:
            requirement["by_edition"] = {"own": requirement["verdict"]}
    return content


OWN_A = "own.yaml (given with --spec), SHA-256 aaaaaaaaaaaa\u2026"
OWN_B = "own.yaml (given with --spec), SHA-256 bbbbbbbbbbbb\u2026"


@pytest.mark.parametrize(
    ("before", "after", "remark"),
    [
        (
            "a" * 64, "b" * 64,
            f"The first run judged by {OWN_A}, the second by {OWN_B}.",
        ),
        (
            None, "b" * 64,
            f"The first run judged by en, zh-Hans, ja, the second by {OWN_B}.",
        ),
        ("a" * 64, "a" * 64, None),
        (None, None, None),
    ],
)  # fmt: skip
def test_diff_remarks_on_another_document(
    before: str | None, after: str | None, remark: str | None, given: Files, capfd: Any
) -> None:
    paths = [str(given(by_own(before), "a.json")), str(given(by_own(after, rename_accepted="fail"), "b.json"))]
    assert main(["diff", *paths]) == 1
    out, _ = capfd.readouterr()
    assert (remark or "") in " ".join(out.split())
    assert ("The first run judged" in out) == (remark is not None)
    assert main(["diff", *paths, "--format=md"]) == 1
    out, _ = capfd.readouterr()
    assert ("The first run judged" in out) == (remark is not None)
    assert out.count("bbbbbbbbbbbb") == (after == "b" * 64)


def test_diff_takes_a_document_for_the_same_by_another_name(given: Files, capfd: Any) -> None:
    paths = [str(given(by_own("a" * 64, name), f"{name}.json")) for name in ("x.yaml", "y.yaml")]
    assert main(["diff", *paths]) == 0
    assert "judged by" not in capfd.readouterr().out


def test_every_report_names_the_document_with_its_sha(given: Files, capfd: Any) -> None:
    paths = [str(given(by_own(letter * 64), f"{letter}.json")) for letter in "ab"]
    for form in ("md", "ctrf", "html"):
        assert main(["report", paths[0], f"--format={form}"]) == 0
        out, _ = capfd.readouterr()
        assert "own.yaml (given with" in out.replace("\\", "")
        assert "a" * 64 in out
    assert main(["matrix", *paths]) == 0
    out, _ = capfd.readouterr()
    for letter in "ab":
        assert f'own.yaml (given with --spec)<code class="line quiet">SHA-256 {letter * 64}</code>' in out


def test_diff_as_markdown(given: Files, capfd: Any) -> None:
    paths = [str(given(only_dify(), "a.json")), str(given(only_dify(rename_accepted="fail"), "b|*.json"))]
    assert main(["diff", "--format=md", *paths]) == 1
    out, _ = capfd.readouterr()
    assert out.startswith("## rename-tck: 1 MUST got worse.\n\n### dify\n\n| record |")
    assert "b\\|*.json`" in out
    assert "#### Worse (1)\n\nFails now, or passed and is not judged now:" in out
    assert "- `dify.rename-accepted` MUST: pass \u2192 fail\\\n  the case of" in out


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("pass", "fail", 1),
        ("not tested", "fail", 1),
        ("error", "fail", 1),
        ("pass", "not tested", 1),
        ("pass", "error", 1),
        ("fail", "pass", 0),
        ("fail", "fail", 0),
        ("fail", "not tested", 0),
        ("not tested", "error", 0),
        ("not tested", "pass", 0),
    ],
)
def test_diff_fails_when_a_must_got_worse(before: str, after: str, status: int, given: Files) -> None:
    paths = [
        str(given(only_dify(rename_accepted=before), "a.json")), str(given(only_dify(rename_accepted=after), "b.json")),
    ]  # fmt: skip
    assert main(["diff", *paths, f"--output={paths[0]}.txt"]) == status


@pytest.mark.parametrize(("before", "gap"), [("pass", "limit"), ("fail", "choice")])
def test_diff_says_what_the_second_run_did_not_get_to(before: str, gap: str, given: Files, capfd: Any) -> None:
    after = only_dify(rename_accepted="not tested")
    after["runs"][0]["requirements"][0]["gap"] = gap
    paths = [str(given(only_dify(rename_accepted=before), "a.json")), str(given(after, "b.json"))]
    assert main(["diff", *paths]) == 3
    out, _ = capfd.readouterr()
    assert "Not got to (1): passed or failed, and the second run did not try it" in out
    assert out.endswith("No MUST got worse, but 1 was not got to: the second run is incomplete.\n")
    assert main(["diff", "--format=md", *paths]) == 3
    assert "## rename-tck: No MUST got worse, but 1 was not got to" in capfd.readouterr().out
    worse = only_dify(rename_accepted="not tested", name_exact="pass")
    paths[0] = str(given(only_dify(rename_accepted=before, name_exact="pass"), "a.json"))
    worse["runs"][0]["requirements"][0]["gap"] = gap
    _set(worse, "dify.name-exact", "fail")
    paths[1] = str(given(worse, "b.json"))
    assert main(["diff", *paths]) == 1


def test_diff_bears_with_a_should_that_got_worse(given: Files, capfd: Any) -> None:
    paths = [str(given(only_dify(), "a.json")), str(given(only_dify(other_user_refused="fail"), "b.json"))]
    assert main(["diff", *paths]) == 0
    assert "Worse (1)" in capfd.readouterr().out


def test_diff_sees_a_failure_that_became_a_must(given: Files, capfd: Any) -> None:
    after = only_dify()
    after["runs"][0]["requirements"][10]["level"] = "MUST"
    after["runs"][0]["summary"] = sample_run.summary(after["runs"][0]["requirements"])
    assert main(["diff", str(given(only_dify(), "a.json")), str(given(after, "b.json"))]) == 1
    assert "fail (SHOULD) \u2192 fail (MUST)" in capfd.readouterr().out


def test_diff_with_a_target_that_was_down(given: Files, capfd: Any) -> None:
    down = {**sample_run.could_not_start(), "reason": "Nothing answers at http://x."}
    paths = [str(given(only_dify(), "a.json")), str(given(down, "down.json"))]
    assert main(["diff", *paths]) == 1
    out, _ = capfd.readouterr()
    assert "pass \u2192 not tested" in out
    assert out.count("Nothing answers at http://x.") == 2, "once for what passed, once for what did not"
    assert main(["diff", *reversed(paths)]) == 0
    assert "New (13)" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([0], [1, 2], "have no system in common: the first judges dify, the second agno and openhands."),
        ([], [], "Neither of the two records judges a system."),
    ],
)
def test_diff_of_records_that_cannot_be_compared(
    before: list[int], after: list[int], words: str, given: Files, capfd: Any
) -> None:
    paths = []
    for name, chosen in (("a.json", before), ("b.json", after)):
        content = sample_run.sample()
        content["runs"] = [content["runs"][number] for number in chosen]
        paths.append(str(given(content, name)))
    assert main(["diff", *paths]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.endswith(f"{words}\n")


def test_diff_cannot_act_on_the_terminal_nor_leave_its_place() -> None:
    attack = sample_run.ESCAPES + sample_run.BIDI + sample_run.FENCE + sample_run.SCRIPT
    after = only_dify(rename_accepted="fail", concurrent_renames="fail")
    for requirement in after["runs"][0]["requirements"]:
        if requirement["verdict"] == "fail":
            requirement["expected"] = attack * 5
    after["runs"][0]["observations"][0]["answer"] = attack
    after["runs"][0]["base_url"] = attack
    found = changes.compare(only_dify(), after)
    text = changes_text.terminal(found, (attack, "b"))
    assert not HIDDEN.search(text.replace("\n", ""))
    assert all(width(line) <= 100 for line in text.split("\n"))
    page = changes_text.markdown(found, (attack, "b"))
    assert not HIDDEN.search(page.replace("\n", ""))
    outside_code = re.sub(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", "", page)
    assert "<script" not in outside_code.replace("\\<", "")
    assert "@everyone" not in outside_code


def test_diff_as_markdown_has_a_bound() -> None:
    after = only_dify()
    run = after["runs"][0]
    run["requirements"] = [
        {**copy.deepcopy(run["requirements"][1]), "id": f"dify.r{number}", "case": "x" * 300} for number in range(900)
    ]
    page = changes_text.markdown(changes.compare(only_dify(), after), ("a", "b"))
    assert len(page.encode()) <= commonmark.LIMIT
    assert "changes are left out for want of room." in page


# matrix


def test_matrix_names_its_columns(given: Files, capfd: Any) -> None:
    first, second = given(sample_run.sample(), "one/conformance.json"), given(only_dify(), "two=2.json")
    assert main(["matrix", str(first), str(second), f"third={second}"]) == 0
    out, _ = capfd.readouterr()
    heads = [re.sub(r"<[^>]+>", "", head) for head in re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", out)]
    for column in (str(first.parent), str(second), "third"):
        assert column in heads


def test_matrix_links_to_the_report_beside_each_record(given: Files, tmp_path: Path) -> None:
    record, alone = given(sample_run.sample(), "a%b/one/conformance.json"), given(only_dify(), "two.json")
    record.with_name("conformance.html").write_text("<!doctype html>")
    page = tmp_path / "pages" / "matrix.html"
    page.parent.mkdir()
    assert main(["matrix", f"one={record}", f"two={alone}", f"--output={page}"]) == 0
    source = page.read_text(encoding="utf-8")
    assert '<th scope="col" class="edition"><a href="./../a%25b/one/conformance.html">one</a></th>' in source
    assert '<th scope="col" class="edition">two</th>' in source
    assert 'href="./../a%25b/one/conformance.html#fail:dify.user-required"' in source
    assert "It answered 200 OK, after 3 ms." in source
    assert "<summary>curl</summary>" in source


def test_matrix_of_cases_without_a_request_or_an_answer(given: Files, capfd: pytest.CaptureFixture[str]) -> None:
    record = sample_run.sample()
    failing = [one for run in record["runs"] for one in run["requirements"] if one["verdict"] == "fail"]
    failing[0] |= {"answer": None}
    failing[1] |= {"answer": None, "request": None, "curl": None}
    unanswered = [one for one in failing if one["request"] and not one["answer"]]
    assert main(["matrix", f"one={given(record, 'one.json')}"]) == 0
    out, _ = capfd.readouterr()
    assert out.count("No answer came.") == len(unanswered)
    assert "no answer came." not in out


# what every command does with a file that is none


def _truncated() -> str:
    return record.dumps(sample_run.sample())[:3000]


def _wrong() -> str:
    content = sample_run.sample()
    content["runs"][0]["verdict"] = "\x1b[2Jgreat"
    return record.dumps(content)


BROKEN: dict[str, tuple[str | bytes | None, str]] = {
    "missing": (None, "cannot be read: No such file or directory."),
    "empty": ("", "is not JSON, or was cut off: Expecting value: line 1 column 1 (char 0)."),
    "truncated": (_truncated(), "is not JSON, or was cut off: "),
    "another's": ('{"results": {}}', "The record's schema_version is None; this suite reads '2.0'."),
    "a list": ("[1, 2]", "The record is not a JSON object, so no run of this suite wrote it."),
    "another version": (record.dumps({**sample_run.sample(), "schema_version": "9"}), "schema_version is '9'"),
    "not valid": (_wrong(), "The record is not valid at $.runs[0].verdict"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00", "is not UTF-8 text, so no run of this suite wrote it."),
    "deep": ("[" * 100_000, "is JSON that no run of this suite wrote."),
    "a number without end": ('{"seed": ' + "9" * 5000 + "}", "is JSON that no run of this suite wrote."),
}


@pytest.mark.parametrize("kind", list(BROKEN))
@pytest.mark.parametrize(
    "command",
    [
        "report {}",
        "report --format=html {}",
        "diff {} {good}",
        "diff {good} {}",
        "matrix {good} {}",
        "known-failures {}",
    ],
)
def test_file_that_is_no_record(command: str, kind: str, given: Files, tmp_path: Path, capfd: Any) -> None:
    content, words = BROKEN[kind]
    broken = tmp_path / "broken.json" if content is None else given(content, "broken.json")
    good = given(sample_run.sample(), "good.json")
    assert main(command.format(broken, good=good).split()) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"rename-tck: {broken}")
    assert words in err
    assert err.count("\n") == 1
    assert not HIDDEN.search(err.rstrip("\n"))


def test_folder_is_no_record(tmp_path: Path, capfd: Any) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert capfd.readouterr().err == f"rename-tck: {tmp_path} cannot be read: Is a directory.\n"


def test_record_with_a_byte_order_mark(given: Files, capfd: Any) -> None:
    assert (
        main(["report", "--format=badge", str(given(b"\xef\xbb\xbf" + record.dumps(sample_run.sample()).encode()))])
        == 0
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--history=nothing-there"], "nothing-there cannot be read: No such file or directory.\n"),
        (["--output=no/such/folder/x"], "no/such/folder/x cannot be written: No such file or directory.\n"),
    ],
)
def test_other_files_that_cannot_be_used(options: list[str], words: str, given: Files, capfd: Any) -> None:
    assert main(["report", str(given(sample_run.sample())), *options]) == 2
    assert capfd.readouterr().err == f"rename-tck: {words}"


def test_a_real_run_can_be_worked_with(tmp_path: Path) -> None:
    """The record that a run of the suite wrote, through every command."""
    from harness import judge

    judge(None, tmp_path, system="agno", select="rename-accepted or name-stored")
    source = tmp_path / "conformance.json"
    badge = json.loads((tmp_path / "badge.json").read_bytes())
    assert badge["message"] == "incomplete: 2 of 2 MUST"
    for command in ("report --format=html", "diff {0}", "matrix", "known-failures"):
        assert main([*command.format(source).split(), str(source), f"--output={tmp_path / 'out'}"]) == 0
        assert (tmp_path / "out").stat().st_size
