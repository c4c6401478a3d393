"""What a run writes and says at its end. Imported then, for it is no part of the start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rename_tck.redaction import Redactor
from rename_tck.replay import store
from rename_tck.reports import terminal
from rename_tck.reports.writing import write
from rename_tck.results import history
from rename_tck.results.history import History
from rename_tck.results.record import Json
from rename_tck.results.record_redaction import OWN_WORDS, redacted
from rename_tck.results.run import BAD_OPTION, COULD_NOT_JUDGE, Run
from rename_tck.settings.settings import BadOptionError, Settings, ensure_writable
from rename_tck.text import visible


def write_reports(
    record: Json,
    settings: Settings,
    redact: Callable[[str], str],
    say: Callable[[str], Any],
    *,
    again: Mapping[str, str],
    verbosity: int,
) -> int:
    """Write the reports and say the closing lines; the exit status, changed if something could not be written.

    `again` has by requirement the command that tries its clearest failing case again; `verbosity` is pytest's.
    """
    record = redacted(record, redact, OWN_WORDS)
    exit_status = int(record["exit_status"])
    say("")
    for line in terminal.table(record, again, verbosity):
        say(line)
    for note in settings.notes:
        say(visible(f"note: {redact(note)}"))
    try:
        runs = _history(record, settings, say)
        ensure_writable(settings.report_dir)
        written = write(record, settings.report_dir, runs)
        if verbosity > -2:
            say(terminal.paths_line(written))
    except (OSError, BadOptionError) as error:
        say(f"The reports could not be written: {error}")
        exit_status = exit_status or COULD_NOT_JUDGE
    if verbosity > -2 and (sent := terminal.sent_line(record)):
        say(sent)
    if record["seed"] is not None:
        say(f"seed: {record['seed']} (--hypothesis-seed={record['seed']} repeats the run)")
    for run in record["runs"]:
        for line in terminal.leftovers(run, verbosity):
            say(line)
    for run in record["runs"]:
        say(terminal.verdict_line(run))
    return exit_status


def save_failures(run: Run, settings: Settings, redact: Redactor, say: Callable[[str], Any]) -> int:
    """Keep what failed for the next run; an exit status other than 0 if that could not be written."""
    try:
        store.save(run, settings.report_dir, redact)
    except OSError as error:
        say(f"What failed could not be saved for the next run: {error}")
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
