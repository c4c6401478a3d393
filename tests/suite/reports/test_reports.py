"""The reports: the record's schema, and the page, the summary and the terminal's text that are made from a record."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sample_run
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from rename_tck.reports import badge, changes, changes_text, ctrf, facts, html, markdown, matrix, terminal
from rename_tck.reports.difference import compare
from rename_tck.reports.failure_text import failure_text
from rename_tck.reports.failures import most_telling_first
from rename_tck.reports.writing import REPORTS, write
from rename_tck.results import history, known_failures, record
from rename_tck.results.record import VERDICTS
from rename_tck.text import HIDDEN, chop, cut, visible, width, wrap

Json = dict[str, Any]

SCHEMAS = Path(__file__).parent / "schemas"


def with_known_failures() -> Json:
    """The sample, one of its failures known, and a known failure that names nothing."""
    entries = (
        known_failures.KnownFailure(
            "dify.user-required", "The gateway fills *the* user in.", "https://tracker.example/1", date(2027, 1, 31)
        ),
        known_failures.KnownFailure("dify.nothing", "misspelt"),
    )
    content = sample_run.sample()
    return known_failures.mark(content, known_failures.apply(content, entries, date(2026, 11, 20)))


def two_nights() -> history.History:
    """A history in which everything passed the night before the sample."""
    before = history.entry(sample_run.sample())
    before["start"] = "2026-11-19T23:00:00Z"
    for run in before["runs"]:
        run["requirements"] = dict.fromkeys(run["requirements"], "pass")
    return history.History((before,), ("Line 2 of nights was skipped: no run of this suite wrote it.",))


RECORDS: dict[str, Callable[[], Json]] = {
    "sample": sample_run.sample,
    "known failures": with_known_failures,
    "could not start": sample_run.could_not_start,
    "incomplete": sample_run.incomplete,
    "system unknown": lambda: {
        **sample_run.sample(),
        "exit_status": 3,
        "reason": "Nothing answers.",
        "runs": [sample_run.run(None, [], verdict="could not judge", reason="Nothing answers.", identified_by=None)],
    },
}


@pytest.fixture(params=list(RECORDS))
def any_record(request: pytest.FixtureRequest) -> Json:
    return RECORDS[request.param]()


def entry(name: str) -> Json:
    """A requirement of the sample by its id."""
    found: Json = next(r for run in sample_run.sample()["runs"] for r in run["requirements"] if r["id"] == name)
    return found


# The record


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(record.schema())


def test_schema_is_strict_everywhere() -> None:
    """Every object names its members, or says what any member is."""

    def objects(part: Any) -> list[Json]:
        if isinstance(part, list):
            return [found for item in part for found in objects(item)]
        if not isinstance(part, dict):
            return []
        return [part] * (part.get("type") == "object") + objects(list(part.values()))

    found = objects(record.schema())
    assert len(found) > 10
    assert all(item.get("additionalProperties", True) is not True for item in found)


def test_valid(any_record: Json) -> None:
    record.validate(any_record)


def test_sample_holds_everything_there_is() -> None:
    requirements = [r for run in sample_run.sample()["runs"] for r in run["requirements"]]
    assert {r["verdict"] for r in requirements} == set(VERDICTS)
    assert {cell for r in requirements for cell in r["by_edition"].values()} >= {
        "silent",
        "states the contrary",
        "pass",
    }
    verdicts = {run["verdict"] for run in sample_run.sample()["runs"]}
    assert verdicts == {"conforms", "does not conform", "could not judge"}


def _at(content: Json, *path: str | int) -> Any:
    part: Any = content
    for step in path:
        part = part[step]
    return part


FAILED = ("runs", 0, "requirements", 1)
PASSED = ("runs", 0, "requirements", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("seed",), "7"),
        (("profile",), "slow"),
        (("level",), "MUST"),
        (("start",), "2026-11-20 23:00"),
        (("exit_status",), -1),
        (("more",), 1),
        (("runs", 0, "target"), "server"),
        (("runs", 0, "verdict"), "pass"),
        (("runs", 2, "reason"), None),
        (("runs", 0, "system"), None),
        (("runs", 0, "summary", "MUST", "skipped"), 0),
        ((*PASSED, "id"), "Dify user"),
        ((*PASSED, "level"), "must"),
        ((*PASSED, "verdict"), "passed"),
        ((*PASSED, "verdict"), "not tested"),
        ((*PASSED, "case"), "a case"),
        ((*PASSED, "curl"), None),
        ((*PASSED, "by_edition", "en"), "skipped"),
        ((*PASSED, "evidence", "live"), 1.5),
        ((*PASSED, "evidence", "more"), 1),
        ((*PASSED, "citations"), []),
        ((*PASSED, "citations", 0, "line"), 0),
        ((*PASSED, "citations", 0, "text"), "both kinds at once"),
        ((*FAILED, "answer", "status"), 20),
        ((*FAILED, "request", "method"), "post"),
        ((*FAILED, "known"), {"reason": "why"}),
        ((*FAILED, "known"), {"reason": "why", "link": "javascript:alert(1)", "expires": None}),
        ((*PASSED, "known"), {"reason": "why", "link": None, "expires": None}),
        (("start",), "2026-02-30T23:00:00Z"),
        (("end",), "2026-11-20T25:00:00Z"),
        ((*FAILED, "compared"), {"expected": "one"}),
        (("runs", 0, "observations", 0, "answer"), ""),
    ],
)
def test_broken_value_is_refused(path: tuple[str | int, ...], value: object) -> None:
    broken = sample_run.sample()
    _at(broken, *path[:-1])[path[-1]] = value
    with pytest.raises(record.InvalidRecordError, match="not valid at"):
        record.validate(broken)


@pytest.mark.parametrize("path", [("seed",), ("runs",), ("runs", 0, "notes"), (*FAILED, "curl"), (*FAILED, "answer")])
def test_missing_member_is_refused(path: tuple[str | int, ...]) -> None:
    broken = sample_run.sample()
    del _at(broken, *path[:-1])[path[-1]]
    with pytest.raises(record.InvalidRecordError, match=str(path[-1])):
        record.validate(broken)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "not a JSON object"),
        ({}, "schema_version is None"),
        ({**sample_run.sample(), "schema_version": "1.0"}, "schema_version is '1.0'; this suite reads '2.0'"),
    ],
)
def test_foreign_record_is_refused(content: object, words: str) -> None:
    with pytest.raises(record.InvalidRecordError, match=words):
        record.validate(content)


def test_counts_that_do_not_add_up_are_refused() -> None:
    broken = sample_run.sample()
    broken["runs"][0]["summary"]["MUST"]["pass"] += 1
    with pytest.raises(
        record.InvalidRecordError, match="counts 3 MUST with verdict 'pass', and its requirements hold 2"
    ):
        record.validate(broken)


def test_requirement_given_twice_is_refused() -> None:
    broken = sample_run.sample()
    requirements = broken["runs"][1]["requirements"]
    requirements[1]["id"] = requirements[0]["id"]
    with pytest.raises(record.InvalidRecordError, match="stands there twice"):
        record.validate(broken)


def test_missing_cell_is_refused() -> None:
    broken = sample_run.sample()
    del broken["runs"][0]["requirements"][0]["by_edition"]["ja"]
    with pytest.raises(record.InvalidRecordError, match=r"by_edition of 'dify\.rename-accepted'"):
        record.validate(broken)


def test_json_says_the_same_again(any_record: Json) -> None:
    assert json.loads(record.dumps(any_record)) == any_record


def test_json_has_nothing_hidden_and_stays_readable() -> None:
    text = record.dumps(sample_run.sample())
    assert not HIDDEN.search(text.replace("\n", ""))
    assert "该参数可不传" in text


def test_write(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    written = write(sample_run.sample(), folder)
    assert [path.name for path in written] == [
        "conformance.json", "conformance.html", "conformance.md", "ctrf.json", "badge.json",
    ]  # fmt: skip
    assert sorted(written) == sorted(folder.iterdir())
    record.validate(json.loads((folder / "conformance.json").read_bytes()))


def test_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(sample_run.sample(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write(sample_run.could_not_start(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        write(sample_run.sample(), tmp_path / "file")


PRINT_DIGESTS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from test_reports import digests
print(*digests(json.loads(sys.stdin.buffer.read())))
"""


def digests(content: Json) -> list[str]:
    """A hash of everything that is made of a record."""
    nights = two_nights()
    changed = changes.compare(content, content)
    texts = [
        *(report.render(content, nights) for report in REPORTS.values()),
        "\n".join(terminal.table(content)),
        matrix.render([("one", content), ("two", content)]),
        changes_text.terminal(changed, ("one", "two")),
        changes_text.markdown(changed, ("one", "two")),
        known_failures.first_file(content),
        json.dumps(history.entry(content), sort_keys=True),
    ]
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def test_same_bytes_whatever_the_clock_and_the_locale() -> None:
    """The clock's zone, the locale and the seed of hashes change nothing, nor does the way through a file."""
    content = with_known_failures()
    here = digests(content)
    for zone, locale, seed in (
        ("UTC", "C", "1"),
        ("Asia/Kathmandu", "C.UTF-8", "2"),
        ("America/Lima", "de_DE.UTF-8", "3"),
    ):
        environment = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        ran = subprocess.run(
            [sys.executable, "-c", PRINT_DIGESTS, str(Path(__file__).parent)],
            input=record.dumps(content).encode(),
            env=environment,
            capture_output=True,
            check=True,
        )
        assert ran.stdout.decode().split() == here


def test_formatters_do_not_change_the_record(any_record: Json) -> None:
    before = copy.deepcopy(any_record)
    for report in REPORTS.values():
        report.render(any_record, two_nights())
    terminal.table(any_record)
    matrix.render([("one", any_record)])
    known_failures.first_file(any_record)
    assert any_record == before


# The page


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, and the text of each kind of element."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute twice in <{tag}>"
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "br", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_page_is_well_formed(any_record: Json) -> None:
    page = Page(html.render(any_record))
    assert not page.open
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert all(times == 1 for times in ids.values())


def test_page_needs_nothing_from_elsewhere(any_record: Json) -> None:
    page = Page(html.render(any_record))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "link", "iframe", "object", "embed", "base", "svg", "video", "audio", "source"}
    attributes = {name for _, found in page.elements for name in found}
    assert not attributes & {"src", "srcset", "style", "action", "background", "poster", "formaction"}
    assert not [name for name in attributes if name.startswith("on")]
    links = {str(link["href"]) for link in page.all("a") if not str(link["href"]).startswith("#")}
    assert links <= {"https://tracker.example/1"}, "a link out of the page that is not of a known failure"
    assert "@import" not in page.texts["style"]
    assert "url(" not in page.texts["style"]


def test_policy_lets_only_the_pages_own_script_and_style_run(any_record: Json) -> None:
    page = Page(html.render(any_record))
    policy = next(str(m["content"]) for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))

    def digest(content: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    assert len(page.all("script")) == len(page.all("style")) == 1
    assert directives == {
        "default-src": "'none'",
        "script-src": digest(page.texts["script"]),
        "style-src": digest(page.texts["style"]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_hostile_answer_is_text() -> None:
    source = html.render(sample_run.sample())
    assert "<img" not in source
    assert "<script>alert" not in source
    assert "&lt;script&gt;alert(document.domain)&lt;/script&gt;" in source
    assert not HIDDEN.search(source.replace("\n", ""))
    for name in ("ESC", "BEL", "U+009B", "U+202E", "U+2066", "U+200B", "U+D83D"):
        assert f'<span class="hid">{name}</span>' in source


def test_hostile_text_is_text_wherever_it_stands() -> None:
    """Every text of the record replaced by an attack: the page has the same elements, and the attack is only seen."""
    attack = "\"'><script>alert(1)</script></style></script>" + sample_run.ESCAPES + sample_run.BIDI

    # what the page reads as a word or a moment: a record with another value there is not loaded
    read = {"verdict", "level", "schema_version", "start", "end"}

    def poison(part: Any, key: str = "") -> Any:
        if isinstance(part, dict):
            return {name: poison(value, name) for name, value in part.items()}
        if isinstance(part, list):
            return [poison(item, key) for item in part]
        return attack if isinstance(part, str) and key not in read else part

    poisoned = poison(sample_run.sample())
    for run in poisoned["runs"]:
        for number, requirement in enumerate(run["requirements"]):
            requirement["id"] = f"{attack}{number}"
    page = Page(html.render(poisoned))
    assert not page.open
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]


def test_page_says_at_a_glance_what_was_found() -> None:
    source = html.render(sample_run.sample())
    text = re.sub(r"<[^>]+>", "", source)
    assert "dify does not conform, agno conforms, openhands could not be judged" in source
    assert "2 of 5 tested pass; 3 fail, 1 error, 5 not tested" in text
    assert "1 of 2 tested pass; 1 fail" in text
    assert "No conversation with a message in it: lend one with --session-id." in text
    assert sample_run.DIFY_URL in text
    assert "%" not in re.sub(r"<(style|script)>.*?</\1>", "", source, flags=re.DOTALL)


def test_each_requirement_has_its_link_and_its_cells() -> None:
    page = Page(html.render(sample_run.sample()))
    rows = {str(found["id"]): found for found in page.all("tbody") if "req" in str(found.get("class")).split()}
    ids = {found.get("id") for _, found in page.elements}
    for run in sample_run.sample()["runs"]:
        for requirement in run["requirements"]:
            assert requirement["id"] in ids
            if run["verdict"] != "could not judge":
                assert rows[requirement["id"]]["data-verdict"] == requirement["verdict"]
    cells = Counter(found["data-verdict"] for found in page.all("td") if found.get("class") == "cell")
    several = [run for run in sample_run.sample()["runs"] if len(run["chosen_editions"]) > 1]
    stated = [cell for run in several for r in run["requirements"] for cell in r["by_edition"].values()]
    assert cells == Counter(stated), "of one edition the verdict says the same"


def test_difference_is_marked_and_named() -> None:
    source = html.render(sample_run.sample())
    assert "Caf<del>\u00e9</del> \u5b63" in source
    assert "Caf<ins>e\u0301</ins> \u5b63" in source
    assert "They differ at character 4: U+00E9 was expected, U+0065 U+0301 came." in source


def copied(source: str) -> list[str]:
    """What the buttons of a page copy: the text beside them, or what they hold where that names a character."""
    shown = r'<pre[^>]*>([^<]*(?:<span class="hid">[^<]*</span>[^<]*)*)</pre>'
    beside = rf'{shown}<button type="button" data-copy(?:="([^"]*)")?>'
    return [json.loads(unescape(own)) if own else unescape(shown) for shown, own in re.findall(beside, source)]


def test_copied_curl_is_the_curl() -> None:
    failures = [r for run in sample_run.sample()["runs"] for r in run["requirements"] if r["verdict"] == "fail"]
    found = [line for line in copied(html.render(sample_run.sample())) if line.startswith("curl")]
    assert sorted(found) == sorted(failure["curl"] for failure in failures)
    content = sample_run.sample()
    content["runs"][0]["requirements"][1]["curl"] = "curl 'http://x/a\u202eb'"
    assert "curl 'http://x/a\u202eb'" in copied(html.render(content))


def test_curl_that_could_act_on_a_terminal_is_not_offered_for_copying() -> None:
    content = sample_run.sample()
    content["runs"][0]["requirements"][1]["curl"] = "curl 'http://x/\x1b[201~; reboot'"
    source = html.render(content)
    assert len([line for line in copied(source) if line.startswith("curl")]) == 4 - 1
    assert "reboot" in source


# Known failures, trends


def test_known_failure_is_said_wherever_the_failure_is() -> None:
    content = with_known_failures()
    said = "known until 2027-01-31: The gateway fills *the* user in. (https://tracker.example/1)"
    assert facts.known(content["runs"][0]["requirements"][1]) == said
    assert said in " ".join("\n".join(terminal.table(content)).split())
    assert "known until 2027-01-31: The gateway fills \\*the\\* user in." in markdown.render(content)
    page = Page(html.render(content))
    links = [link for link in page.all("a") if link["href"] == "https://tracker.example/1"]
    assert len(links) == 2, "in the list of failures and in the row"
    assert all(link["rel"] == "noreferrer" for link in links)
    for text in (html.render(content), markdown.render(content), "\n".join(terminal.table(content))):
        assert "The known failure dify.nothing names no requirement." in text
    assert terminal.verdict_line(content["runs"][0]).endswith("; 1 of the failures is known")


@pytest.mark.parametrize(
    ("status", "complaints", "words"),
    [
        (1, [], "1 (does not conform)"),
        (0, [], "0 (every failure is known)"),
        (3, [], "3 (could not judge)"),
        (4, [], "4 (could not judge)"),
    ],
)
def test_page_says_what_the_exit_status_means(status: int, complaints: list[str], words: str) -> None:
    assert words in html.render({**sample_run.sample(), "exit_status": status, "complaints": complaints})


def test_page_says_that_only_the_file_of_known_failures_is_wrong() -> None:
    content = {**sample_run.sample(), "runs": [sample_run.agno()], "complaints": ["The known failure x expired."]}
    assert "1 (the file of known failures is not up to date)" in html.render(content)


def test_page_shows_the_trend() -> None:
    source = html.render(sample_run.sample(), two_nights())
    page = Page(source)
    text = re.sub(r"<[^>]+>", "", source)
    assert "dify.user-required MUST, new in this run" in text
    assert "2 runs of this target. Requirements that failed in any of them:" in text
    assert "first seen failing 2026-11-20 23:00 UTC; failed in 1 of 2 runs that judged it." in text
    assert "Never failed in 2 runs that judged it since 2026-11-19 23:00 UTC." in text
    assert "Line 2 of nights was skipped" in text
    strips = [found for tag, found in page.elements if tag == "span" and found.get("class") == "strip"]
    assert len(strips) == 17 + 4, "one in each row, and one for each requirement that ever failed"
    assert all(found["aria-label"] for found in strips)
    assert not page.open


def test_page_without_a_history_speaks_of_no_trend() -> None:
    assert "Trend" not in html.render(sample_run.sample())


# The Common Test Report Format, the badge


def test_ctrf_is_valid_by_its_own_schema(any_record: Json) -> None:
    schema = json.loads((SCHEMAS / "ctrf" / "ctrf-schema-0.0.json").read_text(encoding="utf-8"))
    Draft7Validator(schema, format_checker=FormatChecker()).validate(ctrf.build(any_record))


def test_vendored_schema_is_the_one_that_its_page_names() -> None:
    digest = hashlib.sha256((SCHEMAS / "ctrf" / "ctrf-schema-0.0.json").read_bytes()).hexdigest()
    assert digest in (SCHEMAS / "README.md").read_text(encoding="utf-8")


def test_ctrf_counts_and_times() -> None:
    summary = ctrf.build(sample_run.sample())["results"]["summary"]
    assert summary == {
        "tests": 20, "passed": 6, "failed": 5, "skipped": 8, "other": 1, "pending": 0, "suites": 3,
        "start": 1795215600000, "stop": 1795215641000, "duration": 41000,
    }  # fmt: skip


def test_ctrf_fails_what_makes_the_run_red() -> None:
    def statuses(content: Json) -> dict[str, str]:
        return {test["name"]: test["status"] for test in ctrf.build(content)["results"]["tests"]}

    must = statuses(sample_run.sample())
    assert must["dify.user-required"] == must["dify.concurrent-renames"] == must["openhands: the run"] == "failed"
    assert must["dify.long-name-exact"] == "other", "a SHOULD does not count at level must"
    assert must["dify.auto-generate-stores"] == "skipped"
    assert statuses({**sample_run.sample(), "level": "should"})["dify.long-name-exact"] == "failed"
    excused = statuses(with_known_failures())
    assert excused["dify.user-required"] == "other"
    assert excused["known failures: 1"] == "failed"
    assert statuses(sample_run.could_not_start()) == {"the run": "failed"}


def test_ctrf_tells_what_failed_and_keeps_its_ids() -> None:
    tests = {test["name"]: test for test in ctrf.build(sample_run.sample())["results"]["tests"]}
    failed = tests["dify.user-required"]
    assert failed["message"] == "user left out: expected a refusal: status 400 to 499"
    assert failed["trace"] == failure_text(entry("dify.user-required"))
    assert failed["filePath"] == "tests/contract/test_dify.py"
    assert len({test["id"] for test in tests.values()}) == len(tests)
    assert failed["id"] == ctrf.build(with_known_failures())["results"]["tests"][1]["id"]
    assert not HIDDEN.search(record.dumps(ctrf.build(sample_run.sample())).replace("\n", ""))


@pytest.mark.parametrize(
    ("content", "label", "message", "color"),
    [
        (sample_run.sample(), "rename-tck", "1 of 3 conform", "red"),
        ({**sample_run.sample(), "exit_status": 0}, "rename-tck", "1 of 3 conform", "lightgrey"),
        (sample_run.could_not_start(), "rename-tck", "could not judge", "lightgrey"),
        (
            {"exit_status": 0, "runs": [sample_run.agno()]},
            "rename-tck agno",
            "conforms: 2 of 2 MUST (1 cannot be tested)",
            "brightgreen",
        ),
        (
            {"exit_status": 1, "runs": [sample_run.agno()]},
            "rename-tck agno",
            "conforms: 2 of 2 MUST (1 cannot be tested)",
            "red",
        ),
        (sample_run.incomplete(), "rename-tck agno", "incomplete: 1 of 1 MUST (1 cannot be tested)", "blue"),
        (
            {**sample_run.incomplete(), "exit_status": 0},
            "rename-tck agno",
            "incomplete: 1 of 1 MUST (1 cannot be tested)",
            "blue",
        ),
        (
            {**sample_run.incomplete(), "runs": [*sample_run.incomplete()["runs"], sample_run.openhands()]},
            "rename-tck",
            "0 of 2 conform",
            "lightgrey",
        ),
        (
            {**sample_run.incomplete(), "exit_status": 1},
            "rename-tck agno",
            "incomplete: 1 of 1 MUST (1 cannot be tested)",
            "red",
        ),
        (
            {"exit_status": 0, "runs": [sample_run.dify()]},
            "rename-tck dify",
            "does not conform: 2 of 5 MUST (4 cannot be tested)",
            "orange",
        ),
        ({"exit_status": 3, "runs": [sample_run.openhands()]}, "rename-tck openhands", "could not judge", "lightgrey"),
    ],
)
def test_badge(content: Json, label: str, message: str, color: str) -> None:
    assert badge.build(content) == {"schemaVersion": 1, "label": label, "message": message, "color": color}


# Targets side by side


def other_dify() -> Json:
    """The sample after a repair: the user is required, another SHOULD fails, a question is answered otherwise."""
    content = sample_run.sample()
    dify = content["runs"][0]
    del content["runs"][1:]
    requirements = {requirement["id"]: requirement for requirement in dify["requirements"]}
    repaired = requirements["dify.user-required"]
    for member in sample_run.FAILURE:
        del repaired[member]
    repaired |= {"verdict": "pass", "by_edition": dict.fromkeys(repaired["by_edition"], "pass")}
    del dify["requirements"][4]
    dify["summary"] = sample_run.summary(dify["requirements"])
    dify["observations"][0]["answer"] = "accepted"
    return content


def test_matrix_is_a_page_as_the_report_is() -> None:
    source = matrix.render([("before", sample_run.sample()), ("after", other_dify())])
    page = Page(source)
    assert not page.open
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert all(times == 1 for times in ids.values())
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))
    assert "<script>alert" not in source
    assert not HIDDEN.search(source.replace("\n", ""))


def test_matrix_sets_verdicts_and_answers_side_by_side() -> None:
    source = matrix.render([("before", sample_run.sample()), ("after", other_dify())])
    page = Page(source)
    rows = {str(found["id"]): found for found in page.all("tbody") if "req" in str(found.get("class")).split()}
    assert len(rows) == 19
    assert rows["dify.user-required"]["data-show"] == "differ|fail|pass"
    assert rows["dify.rename-accepted"]["data-show"] == "pass"
    assert rows["dify.rename-twice"]["data-show"] == "differ|pass", "one record does not have it"
    assert source.count('class="differs"') == 2
    assert '<td data-label="before" class="differs">refused with 400</td>' in source
    assert "not in this record" in source


def test_matrix_of_a_record_that_judged_nothing() -> None:
    source = matrix.render([("down", sample_run.could_not_start()), ("up", sample_run.sample())])
    assert "down: The option --edition names 'fr'" in source
    assert "Requirements" not in matrix.render([("down", sample_run.could_not_start())])


# The summary in Markdown


def outside_fences(page: str) -> str:
    """The page without its fenced blocks (CommonMark 0.31, section 4.5)."""
    kept, fence = [], ""
    for line in page.split("\n"):
        ticks = re.match("`{3,}", line)
        if not fence and ticks:
            fence = ticks[0]
        elif fence and re.fullmatch(f"{fence}`* *", line):
            fence = ""
        elif not fence:
            kept.append(line)
    assert not fence, "a fence is never closed"
    return "\n".join(kept)


def test_markdown_verdict_first() -> None:
    lines = markdown.render(sample_run.sample()).split("\n")
    assert lines[0] == "## rename-tck: dify does not conform, agno conforms, openhands could not be judged"
    assert "| dify | `http://127.0.0.1:5001/v1` | **does not conform** | 2 of 5 tested pass | 1 of 2 tested pass |" in [
        line.replace("| `dify` |", "| dify |") for line in lines
    ]
    assert "| MUST | 2 | 3 | 1 | 5 | 11 |" in lines


def test_markdown_failure_holds_what_is_needed() -> None:
    page = markdown.render(sample_run.sample())
    failure = entry("dify.user-required")
    assert "##### `dify.user-required` (MUST)" in page
    assert "A rename without `user` MUST be refused with a 4xx status." in page
    assert "> `required: - user`\\\n> `specs/dify/openapi.en.yaml:78` (edition en)" in page
    assert f"```sh\n{failure['curl']}\n```" in page
    assert "Expected: a refusal: status 400 to 499" in page


def test_markdown_not_tested_by_reason() -> None:
    page = markdown.render(sample_run.sample())
    reason = "- No conversation with a message in it: lend one with --session-id.\\\n"
    assert f"{reason}  `dify.auto-generate-ignores-name`, `dify.auto-generate-stores`" in page


def test_markdown_of_a_run_that_judged_nothing() -> None:
    page = markdown.render(sample_run.could_not_start())
    assert page.startswith("## rename-tck: nothing could be judged\n\nThe option --edition names 'fr'")


def test_hostile_text_stays_in_its_fence() -> None:
    page = markdown.render(sample_run.sample())
    assert not HIDDEN.search(page.replace("\n", ""))
    outside = outside_fences(page)
    assert not re.search(r"(?<!\\)<", outside)
    assert "@everyone" not in outside
    assert "\n# " not in outside


def test_hostile_text_cannot_leave_its_line_or_cell() -> None:
    attack = "a|b\n\n# Conforms `x` ``y <b>hi</b> [c](https://e.example) @all #12 &lt; *z* _q_ ~s~"
    content = sample_run.sample()
    content["runs"][0]["base_url"] = attack
    content["runs"][0]["reason"] = attack
    content["runs"][0]["notes"] = [attack]
    outside = outside_fences(markdown.render(content))
    assert "\n# Conforms" not in outside
    # one run's row: five cells, so six bars that are no part of a text
    row = next(line for line in outside.split("\n") if "**does not conform**" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    prose = next(line for line in outside.split("\n") if line.startswith("a\\|b"))
    bare = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", prose)
    assert "@all" not in bare
    assert "https://" not in bare
    assert "#12" not in bare
    assert not re.search(r"(?<!\\)[<>\[\]*_~&|`]", bare)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`user` is required", "`user` is required"),
        ("`a`b@c", "`a` `b@c`"),
        ("` ` ``x` y", "\\` \\` \\` `x` y"),
        ("see#12 `", "`see#12` \\`"),
        ("- no item", "\\- no item"),
        ("1. no item", "1\\. no item"),
        ("# no heading", "\\# no heading"),
        ("a_b", "a\\_b"),
    ],
)
def test_markdown_text(text: str, shown: str) -> None:
    content = {**sample_run.could_not_start(), "reason": text}
    assert markdown.render(content).split("\n")[2] == shown


def many_failures(count: int, size: int) -> Json:
    content: Json = sample_run.sample()
    run = content["runs"][0]
    model = entry("dify.not-found-shape")
    run["requirements"] = []
    for number in range(count):
        failure = copy.deepcopy(model)
        failure["id"] = f"dify.rule-{number}"
        failure["case"] = failure["sentence"] = failure["expected"] = "\u5b57\u202e|`" * size
        failure["answer"]["body"] = failure["curl"] = "`\n" * size
        failure["compared"] = {"expected": "\u5b57" * size, "actual": "\u6587" * size}
        untested = {**copy.deepcopy(entry("dify.other-mode-refused")), "id": f"dify.untested-{number}"}
        untested["reason"] = f"{number} \u202e" * size
        run["requirements"] += [failure, untested]
    run["summary"] = sample_run.summary(run["requirements"])
    run["notes"] = ["\u5b57" * size] * count
    return content


@pytest.mark.parametrize(("count", "size"), [(1, 100_000), (40, 300), (2000, 20), (300, 5000)])
def test_markdown_is_bounded(count: int, size: int) -> None:
    content = many_failures(count, size)
    record.validate(content)
    page = markdown.render(content)
    assert len(page.encode()) < 60 * 1024
    outside = outside_fences(page)
    assert "`dify.rule-0`" in outside
    assert "`dify.untested-0`" in outside
    assert "openhands could not be judged" in outside
    if count > 100:
        assert re.search(r"\d+ more failures are left out for want of room", outside)


def test_markdown_of_very_many_runs_is_bounded() -> None:
    content = many_failures(30, 300)
    content["runs"] = content["runs"][:1] * 400
    page = markdown.render(content)
    assert len(page.encode()) < 60 * 1024
    assert "380 more runs are left out" in page


# The terminal


def test_table_fits_and_comes_in_order(any_record: Json) -> None:
    lines = terminal.table(any_record)
    assert all(width(line) <= 100 for line in lines if not line.startswith("  request  curl"))
    assert not HIDDEN.search("".join(lines))


def _block(lines: list[str], name: str) -> list[str]:
    """The lines of one requirement."""
    start = next(number for number, line in enumerate(lines) if f"  {name} (" in line)
    return lines[start : lines.index("", start)]


def test_the_most_telling_failure_comes_first() -> None:
    lines = terminal.table(sample_run.sample())
    blocks = [line.split()[-2] for line in lines if line.startswith(("FAIL ", "COULD NOT BE JUDGED "))]
    assert blocks[-1].startswith("dify.")
    levels = [line.split("(")[1].split(")")[0] for line in lines if line.startswith("FAIL ")]
    assert levels == sorted(levels), "MUST before SHOULD"
    names = ("dify.answer-schema", "dify.name-stored", "dify.user-required", "dify.neighbours-untouched")
    made = [{"id": name, "level": "MUST"} for name in names] + [{"id": "dify.rename-accepted", "level": "SHOULD"}]
    assert [one["id"].partition(".")[2] for one in most_telling_first(made)] == [
        "name-stored", "neighbours-untouched", "answer-schema", "user-required", "rename-accepted",
    ]  # fmt: skip


def test_a_failure_is_told_in_twelve_lines_at_most() -> None:
    again = {"dify.user-required": "rename-tck replay dify.user-required --base-url=http://127.0.0.1:5001/v1"}
    lines = terminal.table(sample_run.sample(), again)
    curl = entry("dify.user-required")["curl"]
    assert _block(lines, "dify.user-required") == [
        "FAIL  dify.user-required (MUST); not tested because of it: 1 requirement",
        "  Sent: user left out. The server answers 200 OK; expected is a refusal: status 400 to 499.",
        "  case     user left out",
        "  rule     A rename without `user` MUST be refused with a 4xx status.",
        "           specs/dify/openapi.en.yaml:78 (edition en): required: - user",
        f"  request  {curl}",
        "  answer   200 OK, after 3 ms, application/json",
        '           {"id": "5b0b3f1e-6a5e-4c5f-9a52-0b8f6d0f6a11", "name": "Quarterly plan"}',
        "  then     An ordinary rename, and a reading, of the session and of another still worked.",
        "  also     fails in 2 of the 4 other kinds of case: user null; user empty",
        f"  again    {again['dify.user-required']}",
    ]
    for verbosity in (0, -1, -2):
        told = terminal.table(with_known_failures(), again, verbosity)
        names = [found[1] for line in told if (found := re.match(r"(?:FAIL|KNOWN FAILURE) +(\S+) \(", line))]
        assert len(names) == 4, told
        assert all(len(_block(told, name)) <= 12 for name in names if verbosity > -2)


def test_less_is_said_with_q_and_more_with_v() -> None:
    def sized(verbosity: int) -> str:
        return "\n".join(terminal.table(sample_run.sample(), {}, verbosity))

    full, quiet, quietest, verbose = sized(0), sized(-1), sized(-2), sized(1)
    assert len(quietest.splitlines()) < len(quiet.splitlines()) < len(full.splitlines()) < len(verbose.splitlines())
    assert "Passed (" in verbose
    assert "Passed (" not in full
    assert "  request" not in quiet
    assert len([line for line in quietest.splitlines() if line.startswith("FAIL ")]) == 4


def test_table_is_short_where_nothing_was_tested() -> None:
    lines = terminal.table({**sample_run.sample(), "runs": [sample_run.openhands()]})
    assert lines[-3:-1] == [
        "Not tested: all 2 requirements",
        "  No session to rename: lend one with --session-id.",
    ]


def test_the_requests_and_the_time_are_told() -> None:
    assert terminal.sent_line(sample_run.could_not_start()) is None
    assert str(terminal.sent_line(sample_run.sample())).startswith("sent: 1,234 requests in ")
    told = [facts.duration(seconds) for seconds in (0.0, 6.0, 42.0, 200.0)]
    assert told == ["less than 1 s", "6 s", "42 s", "3 min 20 s"]


def test_table_of_odd_widths() -> None:
    content = sample_run.sample()
    run = content["runs"][0]
    run["base_url"] = "http://" + "\u5b57" * 200
    run["requirements"][0]["id"] = "dify." + "long-" * 30 + "id"
    run["requirements"][1]["evidence"] = dict.fromkeys(("sent", "live", "refused"), 10**12)
    run["requirements"][4]["reason"] = "\u5b57" * 500 + sample_run.ESCAPES
    lines = terminal.table(content)
    assert all(width(line) <= 100 for line in lines if not line.startswith("  request  curl"))


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (
            0,
            (
                "rename-tck: dify at http://127.0.0.1:5001/v1 does not conform: 2 of 5 MUST tested pass "
                "(3 fail, 1 error, 5 not tested), 1 of 2 SHOULD tested pass (1 fail); "
                "4 MUST cannot be tested for at this target"
            ),
        ),
        (
            1,
            (
                "rename-tck: agno at http://127.0.0.1:43127 conforms: 2 of 2 MUST tested pass (1 not tested), "
                "1 of 1 SHOULD tested pass; 1 MUST cannot be tested for at this target"
            ),
        ),
        (
            2,
            (
                "rename-tck: could not judge openhands at https://openhands.example: "
                "No session to rename: lend one with --session-id."
            ),
        ),
    ],
)
def test_verdict_line(number: int, line: str) -> None:
    assert terminal.verdict_line(sample_run.sample()["runs"][number]) == line


def test_failure_text() -> None:
    failure = entry("dify.user-required")
    assert failure_text(failure).split("\n") == [
        "dify.user-required (MUST)",
        "  A rename without `user` MUST be refused with a 4xx status.",
        "  stated in  specs/dify/openapi.en.yaml:78 (edition en): required: - user",
        "  case       user left out",
        f"  request    {failure['curl']}",
        "  expected   a refusal: status 400 to 499",
        "  answer     200 OK, after 3 ms, application/json",
        '             {"id":"5b0b3f1e-6a5e-4c5f-9a52-0b8f6d0f6a11","name":"Quarterly plan"}',
        "  after it   An ordinary rename, and a reading, of the session and of another still worked.",
        "  classes    fails in 3 of 5 kinds of case",
        "  also       user null: status 200; expected a refusal: status 400 to 4… [dify.user-required.2.json]",
        "             user empty: <script>alert(document.domain)</script><img src=x onerror=alert(1)>[ESC][2…",
        "  each again rename-tck replay reports/replay/[FILE]",
        "  left out   1 more class of case was not tried: 60 requests were sent after the first failure.",
    ]


def test_failure_text_counts_the_classes_that_it_leaves_out() -> None:
    failure = entry("dify.user-required")
    cases = [
        {**failure["failing"]["others"][0], "kind": f"class {number}", "replay": f"replay/x.{number}.json"}
        for number in range(2, 14)
    ]
    failure["failing"] = {"classes": 13, "tried": 17, "others": cases}
    lines = failure_text(failure, report_dir="a folder").split("\n")
    assert "  classes    fails in 13 of 17 kinds of case" in lines
    assert sum("[x." in line for line in lines) == 8
    assert "             and 4 more: see conformance.html" in lines
    assert "  each again rename-tck replay 'a folder/replay/'[FILE]" in lines
    page = html.render(sample_with(failure))
    assert all(f"class {number}" in page and f"x.{number}.json" in page for number in range(2, 14))


def sample_with(failure: Json) -> Json:
    """The sample with one of its requirements as given."""
    content = sample_run.sample()
    dify = content["runs"][0]
    dify["requirements"] = [failure if r["id"] == failure["id"] else r for r in dify["requirements"]]
    return content


def test_what_a_failure_keeps_from_being_tested_is_under_it() -> None:
    content = sample_run.sample()
    table = "\n".join(terminal.table(content))
    assert "(MUST); not tested because of it: 1 requirement" in table
    assert "Not tested (4)" in table, "it is not listed again"
    assert "Not tested because of it: 1 requirement: `dify.user-string`" in markdown.render(content)
    text = re.sub(r"<[^>]+>", "", html.render(content))
    assert re.search(r"Not tested because of it: 1 requirement.{0,80}dify\.user-string", text)
    assert "Not tested, and why (4)" in text
    # a cause that did not fail in this run groups nothing
    content["runs"][0]["requirements"][-1]["cause"] = "dify.rename-accepted"
    assert "Not tested (5)" in "\n".join(terminal.table(content))


def test_what_is_left_at_the_target_is_said_everywhere() -> None:
    content = sample_run.sample()
    said = "a conversation that the run created, and could not delete"
    assert said in " ".join(" ".join(terminal.leftovers(content["runs"][0])).split())
    assert terminal.leftovers(content["runs"][1]) == []
    assert said in markdown.render(content)
    assert said in html.render(content)
    assert "1,234" in html.render(content)


def test_an_incomplete_run_is_no_conformance_anywhere() -> None:
    for status in (0, 3):
        content = {**sample_run.incomplete(), "exit_status": status}
        (run,) = content["runs"]
        line = terminal.verdict_line(run)
        assert line == (
            "rename-tck: incomplete, agno at http://127.0.0.1:43127 was judged in part: not every MUST was tested in "
            "full: 1 was not got to (out of requests: --max-requests gave 60); 1 of 1 MUST tested pass (2 not tested), "
            "1 of 1 SHOULD tested pass"
        )
        page = markdown.render(content)
        text = re.sub(r"<(style|script)>.*?</\1>", "", html.render(content), flags=re.DOTALL)
        side = re.sub(r"<(style|script)>.*?</\1>", "", matrix.render([("a", content)]), flags=re.DOTALL)
        for said in (line, page, text, side):
            assert "incomplete" in said
            assert "conforms" not in said
            assert "does not conform" not in said
        report = ctrf.build(content)
        assert report["results"]["environment"]["healthy"] is False
        whole = next(test for test in report["results"]["tests"] if test["name"] == "agno: the run")
        assert (whole["rawStatus"], whole["status"]) == ("incomplete", "failed" if status else "other")


def test_nothing_tested_is_never_counted_as_passed() -> None:
    counts = {"pass": 0, "fail": 0, "not tested": 3, "error": 0}
    assert facts.tally("MUST", counts) == "no MUST tested (3 not tested)"
    assert facts.fraction(counts) == "none tested"
    for content in (sample_run.sample(), sample_run.incomplete(), sample_run.could_not_start()):
        for said in (markdown.render(content), html.render(content), "\n".join(terminal.table(content))):
            assert "0 of 0" not in said


def test_a_failure_quotes_the_edition_that_is_broken_and_words_before_references() -> None:
    failure = entry("dify.name-exact")
    assert [citation["edition"] for citation in facts.stated_in(failure)] == ["ja"]
    assert facts.broken_words(failure)[0]["edition"] == "ja"
    failure["by_edition"]["en"] = "fail"
    reference = sample_run.quote("en", sample_run.EN, 60, "/paths/x/responses/200/schema", "$ref: '#/a'")
    opens = sample_run.quote("en", sample_run.EN, 61, "/paths/x/responses/200/content", "application/json:")
    failure["citations"] = [reference, opens, *failure["citations"]]
    assert [citation["line"] for citation in facts.stated_in(failure)] == [83, 171, 60, 61]
    failure["edition"] = "en"
    assert {citation["edition"] for citation in facts.stated_in(failure)} == {"en"}
    failure["case"], told = (
        "updated_at of the answer",
        sample_run.quote("en", sample_run.EN, 99, "/components/schemas/X/properties/updated_at/type", "type: integer"),
    )
    failure["citations"] = [*failure["citations"], told]
    assert facts.stated_in(failure)[0] is told, "that of the member that the failure names"


def test_editions_are_spoken_of_by_what_was_seen() -> None:
    assert facts.editions_apart(entry("dify.name-exact")) == (
        "Judged by each edition apart: it fails by ja, and passes by en and zh-Hans."
    )
    assert facts.editions_apart(entry("dify.user-required")) is None


def test_failure_text_compares() -> None:
    lines = failure_text(entry("dify.name-exact")).split("\n")
    assert lines[-3:] == [
        '  compared   expected "Caf\u00e9 \u5b63\u5ea6\u8ba1\u5212"',
        '             actual   "Cafe\u0301 \u5b63\u5ea6\u8ba1\u5212"',
        "             They differ at character 4: U+00E9 was expected, U+0065 U+0301 came.",
    ]


def test_failure_text_of_a_hostile_answer_acts_on_nothing() -> None:
    text = failure_text(entry("dify.not-found-shape"))
    assert not HIDDEN.search(text.replace("\n", ""))
    assert "404 NOT FOUND[ESC][2J[ESC][31mPASS" in text
    assert "user[U+202E]gnp.exe" in text


def test_failure_text_cuts_what_is_long_and_says_so() -> None:
    failure = entry("dify.user-required")
    failure["answer"]["body"] = "x" * 5000
    failure["curl"] = "curl " + "y" * 9000
    text = failure_text(failure)
    assert "(4,400 more characters: see conformance.json)" in text
    assert "(8,805 more characters) The whole is in conformance.json." in text
    failure["answer"]["body"] = "line\n" * 100
    text = failure_text(failure)
    assert text.count("             line") == 8
    assert "(461 more characters: see conformance.json)" in text
    assert len(text.split("\n")) < 30


def test_failure_text_keeps_a_curl_whole_and_warns_of_what_cannot_be_copied() -> None:
    failure = entry("dify.user-required")
    failure["curl"] = 'curl --data-raw \'{"name":"a\u202eb' + "z" * 300 + "\"}'"
    lines = failure_text(failure).split("\n")
    assert next(line for line in lines if "request" in line).endswith("a[U+202E]b" + "z" * 300 + "\"}'")
    assert any("take it from conformance.json" in line for line in lines)


def test_failure_text_without_an_exchange() -> None:
    failure = {**entry("dify.long-name-exact"), "request": None, "curl": None, "answer": None, "compared": None}
    text = failure_text(failure)
    assert "answer" not in text
    assert text.split("\n")[-1].startswith("  expected ")
    unanswered = failure_text({**entry("dify.long-name-exact"), "answer": None, "compared": None})
    assert unanswered.split("\n")[-1] == "  answer     no answer came"


# Texts and their differences


@pytest.mark.parametrize(
    ("expected", "actual", "parts"),
    [
        ("same", "same", ("same", "", "", "")),
        ("", "x", ("", "", "x", "")),
        ("plan A", "plan B", ("plan ", "A", "B", "")),
        ("aXa", "aa", ("a", "X", "", "a")),
        ("aaa", "aa", ("aa", "a", "", "")),
        ("caf\u00e9!", "cafe\u0301!", ("caf", "\u00e9", "e\u0301", "!")),
        ("e\u0301", "e", ("", "e\u0301", "e", "")),
        ("xe\u0301", "ye\u0301", ("", "x", "y", "e\u0301")),
        ("a\u0301", "b\u0301", ("", "a\u0301", "b\u0301", "")),
    ],
)
def test_compare(expected: str, actual: str, parts: tuple[str, str, str, str]) -> None:
    found = compare(expected, actual)
    assert tuple(found) == parts
    assert found.before + found.expected + found.after == expected
    assert found.before + found.actual + found.after == actual


def test_difference_in_words() -> None:
    assert compare("same", "same").sentence == "The two are the same."
    assert compare("plan A", "plan B").sentence == 'They differ at character 6: "A" was expected, "B" came.'
    assert compare("ab ", "ab").sentence == 'They differ at character 3: " " was expected, nothing came.'
    assert "U+5B57\u2026 (9 characters) was expected" in compare("\u5b57" * 9, "x").sentence
    long = compare("a" * 500 + "b", "a" * 500)
    assert long.excerpt(long.expected) == "(470 characters left out) \u2026" + "a" * 30 + "b"


def test_visible() -> None:
    assert (
        visible("a\x00\x1b\x7f\x85\u202e\U000e0041\ud800\n") == "a[NUL][ESC][DEL][U+0085][U+202E][U+E0041][U+D800][LF]"
    )
    assert visible("a\n\tb\r", keep="\n\t") == "a\n\tb[CR]"
    family = "\u05e9\u05dc\u05d5\u05dd \u0e01\u0e33 \U0001f600 e\u0301"
    assert visible(family) == family


def test_wrap_and_cut() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert chop("  \u5b57\u5b57\u5b57", 4) == ["  \u5b57", "\u5b57\u5b57"]
    assert wrap("", 10) == [""]
    assert cut("abcdef", 4) == "abcd\u2026 (2 more characters)"


def test_width_is_that_of_a_terminal() -> None:
    widths = {"plan": 4, "e\u0301": 1, "\u5b57": 2, "\U0001f44d\U0001f3ff": 2, "\u2764\ufe0f": 2, "\u200b\u5b57": 2}
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    assert {text: width(text) for text in widths} == widths
    assert width(family) == 2
    assert width("\u5b57\x1b") == 2, "a control character takes no column"
    assert chop(family * 2 + "e\u0301x", 3) == [family, f"{family}e\u0301", "x"], (
        "no character is parted from its marks"
    )
