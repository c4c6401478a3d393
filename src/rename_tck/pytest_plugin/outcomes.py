"""Says what was found: in pytest's terms for one test, in reports and closing lines for the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rename_tck.redaction import Redactor
from rename_tck.replay import store
from rename_tck.reports import terminal
from rename_tck.reports.writing import write
from rename_tck.results import history
from rename_tck.results.history import History
from rename_tck.results.record import Json
from rename_tck.results.run import BAD_OPTION, COULD_NOT_JUDGE, Outcome, Run
from rename_tck.settings.settings import BadOptionError, Settings, ensure_writable
from rename_tck.text import visible
from rename_tck.verdict import Verdict

#: What pytest counts a verdict as, its letter, its word.
_WORDS = {
    Verdict.PASS: ("passed", ".", "PASS"),
    Verdict.FAIL: ("failed", "F", "FAIL"),
    Verdict.NOT_TESTED: ("not tested", "-", "NOT TESTED"),
    Verdict.ERROR: ("failed", "E", "ERROR"),
}
#: Of a failure that does not fail the run, by what it says of itself.
_BORNE = {"SHOULD": ("SHOULD failed", "f", "FAIL (SHOULD)"), "known": ("known to fail", "k", "FAIL (known)")}


def tell(item: pytest.Item, report: pytest.TestReport, outcome: Outcome, settings: Settings, trace: str | None) -> None:
    """Put one test's outcome into its pytest report; `trace` is the traceback where the suite itself failed."""
    verdict, reason = outcome.verdict, outcome.reason or ""
    # for JUnit, which takes them from the last report of the item
    item.user_properties += [
        ("requirement", outcome.requirement.id),
        ("level", outcome.level),
        ("verdict", str(verdict)),
    ]
    report.verdict = str(verdict)  # type: ignore[attr-defined]
    if verdict is Verdict.PASS:
        report.outcome, report.longrepr = "passed", None
    elif verdict is Verdict.NOT_TESTED:
        report.outcome, report.longrepr = "skipped", (report.location[0], report.location[1] or 0, visible(reason))
    elif verdict is Verdict.ERROR:
        report.outcome, report.longrepr = "failed", visible(trace or reason, keep="\n")
    else:
        text = terminal.failure_text(outcome.record(), outcome.drift)
        if outcome.failure is not None and outcome.failure.again is not None:
            spec = None if settings.spec is None else settings.spec.file
            text += f"\n{terminal.again_line(outcome.record(), spec)}"
        borne = _borne(outcome, settings)
        report.outcome, report.longrepr = "skipped" if borne else "failed", text
        if borne:
            # pytest's form of a failure that does not fail the run
            report.wasxfail = visible(f"{borne}: {outcome.failure.case if outcome.failure else reason}")


def _borne(outcome: Outcome, settings: Settings) -> str | None:
    """Why the run bears with a failure; None when it does not."""
    today = datetime.now(UTC).date()
    for entry in settings.known:
        if entry.id == outcome.requirement.id and (entry.expires is None or entry.expires >= today):
            return "known"
    return None if outcome.level == "MUST" or settings.level == "should" else "SHOULD"


def status(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """The suite's words for a report; None where it is not of a contract test."""
    verdict = getattr(report, "verdict", None)
    if verdict is None:
        return None
    borne = getattr(report, "wasxfail", None)
    return _BORNE[borne.partition(":")[0]] if borne else _WORDS[Verdict(verdict)]


def conclude(record: Json, settings: Settings, redact: Callable[[str], str], say: Callable[[str], Any]) -> int:
    """Write the reports and say the closing lines; the exit status, changed if something could not be written."""
    record = _redacted(record, redact)
    exit_status = int(record["exit_status"])
    say("")
    for line in terminal.table(record):
        say(line)
    try:
        runs = _history(record, settings, say)
        ensure_writable(settings.report_dir)
        paths = ", ".join(str(path) for path in write(record, settings.report_dir, runs))
        say(f"reports: {paths}")
    except (OSError, BadOptionError) as error:
        say(f"The reports could not be written: {error}")
        exit_status = exit_status or COULD_NOT_JUDGE
    if record["seed"] is not None:
        say(f"seed: {record['seed']} (--hypothesis-seed={record['seed']} repeats the run)")
    for run in record["runs"]:
        say(terminal.verdict_line(run))
    return exit_status


def keep(run: Run, settings: Settings, redact: Redactor, say: Callable[[str], Any]) -> int:
    """Keep what failed for the next run; an exit status other than 0 if that could not be written."""
    try:
        store.save(run, settings.report_dir, redact.within)
    except OSError as error:
        say(f"What failed could not be kept for the next run: {error}")
        return COULD_NOT_JUDGE
    return 0


def _history(record: Json, settings: Settings, say: Callable[[str], Any]) -> History | None:
    """Add the run to the history, where one is kept."""
    if settings.history is None:
        return None
    history.append(record, settings.history)
    runs = history.load(settings.history)
    for note in runs.notes:
        say(visible(note))
    return runs


def plan(sent: Mapping[str, Counter[tuple[str, str]]], target: str | None) -> list[str]:
    """What a run would send: rehearsed on the embedded servers, counted by call."""
    lines = ["", "A run with these options would send (rehearsed on the embedded server; nothing went to the target):"]
    for system, calls in sent.items():
        lines += ["", f"{system} at {target}" if target else system]
        for (method, path), number in sorted(calls.items(), key=lambda call: -call[1]):
            lines.append(f"  {number:6}  {method:6} {path}")
        lines.append(f"  {calls.total():6}  in all")
    return lines


def record_bad_option(folder: Path, reason: str) -> None:
    """Write a record that says so: the one of an earlier run must not be taken for this one's."""
    with suppress(OSError):
        write(Run(seed=None, trouble=reason).record(BAD_OPTION), folder)


#: Members of the record that hold a target's words or the user's: everything else is the suite's own.
_OUTSIDE = frozenset({
    "reason", "case", "request", "expected", "answer", "curl", "compared", "notes", "detail", "base_url",
    "identified_by", "published", "note", "differences",
})  # fmt: skip
#: Members within those that the suite itself names.
_OWN = frozenset({"kind", "requirements"})


def _redacted(value: Any, redact: Callable[[str], str], *, out: bool = False) -> Any:
    if isinstance(value, str):
        return redact(value) if out else value
    if isinstance(value, list):
        return [_redacted(part, redact, out=out) for part in value]
    if isinstance(value, dict):
        return {
            name: _redacted(part, redact, out=(out or name in _OUTSIDE) and name not in _OWN)
            for name, part in value.items()
        }
    return value
