"""What `replay` does. It needs pytest and all that judges, so it is imported only when that command is called."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rename_tck.checks.replay_case import ReplayCase
from rename_tck.cli import pytest_run
from rename_tck.cli.errors import PROGRAM, BadOption, CommandError, suggestion
from rename_tck.cli.output import put
from rename_tck.files import packaged
from rename_tck.replay import store
from rename_tck.replay.single_case import Replay
from rename_tck.reports.failure_text import replay_text
from rename_tck.requirements.catalogue import Catalogue, systems
from rename_tck.results.failing_cases import FOLDER, file_name
from rename_tck.results.finding import failure
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.results.record import Json
from rename_tck.results.run import COULD_NOT_JUDGE, Outcome, SystemRun
from rename_tck.settings.spec_source import is_asked_for
from rename_tck.text import one_line
from rename_tck.verdict import Verdict

_STILL_FAILS = 1


def resend(name: str, more: Sequence[str], *, base_url: str | None, report_dir: str | None, spec: str | None) -> int:
    """Send it, and say what came of it; the exit status. `more` are options of a run."""
    folders = (report_dir, os.environ.get("RENAME_TCK_REPORT_DIR"), "reports")
    folder = Path(next(text for text in folders if text and text.strip()))
    given = spec or os.environ.get("RENAME_TCK_SPEC", "").strip()
    files = _files(name, folder, own=bool(given))
    try:
        kept = {path: store.load(path) for path in files}
    except store.InvalidReplayError as error:
        raise CommandError(str(error)) from None
    options = [option for path, one in kept.items() for option in _document(one, path, spec, given)]
    statuses = []
    for path, one in list(kept.items()):
        if one.again is None:
            del kept[path]
            statuses.append(COULD_NOT_JUDGE)
            put(f"replay: {one.requirement} could not be judged: its case holds a secret, which no file keeps; "
                f"run the suite with -k {one.requirement}\n", None)  # fmt: skip
    if report_dir is not None and not report_dir.strip():
        put(f"note: --report-dir is given but empty: the replay is of {folder}.\n", None)
    if kept:
        replay = Replay(list(kept.values()))
        contract = packaged("conformance")
        options += [] if base_url is None else [f"--base-url={base_url}"]
        modules = sorted({str(contract / one.module) for one in replay.cases if (contract / one.module).is_file()})
        _judge(replay, [*(modules or [str(contract)]), *options, *more])
        for note in replay.notes:
            put(one_line(f"note: {note}") + "\n", None)
        for path, one in kept.items():
            text, status = _said(replay, one, path)
            put(text, None)
            statuses.append(status)
    return _STILL_FAILS if _STILL_FAILS in statuses else max(statuses)


def _files(name: str, folder: Path, *, own: bool) -> list[Path]:
    """The files of an id, one for each edition that failed, or the file that is named.

    Those of runs by the vendored documents and that of a run by the user's `own` are never mixed.
    """
    if name.endswith(".json") or os.sep in name:
        return [Path(name)]
    system = name.partition(".")[0]
    if system not in systems() or name not in Catalogue.load(system).by_id:
        near = suggestion(name, (known for each in systems() for known in Catalogue.load(each).by_id))
        raise CommandError(f"{name!r} is no requirement{near or f': {PROGRAM} run --collect-only -q lists them.'}")
    within = folder / FOLDER
    editions = (None, *Catalogue.load(system).editions)
    paths = dict.fromkeys(within / file_name(name, edition) for edition in editions)
    vendored = [path for path in paths if path.exists()]
    by_own = [path for path in [within / file_name(name, None, own=True)] if path.exists()]
    found = (by_own or vendored) if own else (vendored or by_own)
    if not found:
        raise CommandError(f"no failure of {name} is saved in {within}.")
    return found


def _document(kept: ReplayCase, path: Path, asked: str | None, given: str) -> list[str]:
    """The options that judge by the document that a case was judged by: the one that is given, or where it was then."""
    if kept.spec_file is None:
        if asked:
            raise CommandError(f"{path} is of a run that judged by the vendored document: leave --spec out.")
        return []
    for file in [asked] if asked else [given, kept.spec_file]:
        if is_asked_for(file):  # whether it is the right one is seen when it is there
            return [f"--spec={file}", f"--system={kept.system}"]
        with contextlib.suppress(OSError, ValueError):
            if hashlib.sha256(Path(file).read_bytes()).hexdigest() == kept.spec_sha256:
                return [f"--spec={file}", f"--system={kept.system}"]
    wrong = f"--spec={asked} is another one" if asked else "it is not there as it was: give it with --spec=FILE"
    raise CommandError(f"{path} was judged by {kept.spec_file} with the SHA-256 {kept.spec_sha256}; {wrong}.")


def _judge(replay: Replay, arguments: Sequence[str]) -> None:
    """Have pytest run the laws of the kept cases; its own words are only looked at when it could not begin."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            # a case or two: workers are not worth their start
            status = pytest_run.judge(["-q", *arguments, "-n0"], plugins=[replay])
    except BadOption as error:
        raise (CommandError(replay.complaint) if replay.complaint else CommandError(str(error))) from None
    if replay.complaint is not None:
        raise CommandError(replay.complaint)
    if replay.run is None and status in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        lines = [line.strip() for line in said.getvalue().splitlines() if line.strip()]
        raise CommandError(f"pytest could not begin: {' '.join(lines[-1:]) or 'it gave no reason'}")
    if status == pytest.ExitCode.INTERRUPTED:
        raise CommandError("the replay was broken off before its end.")


def _said(replay: Replay, kept: ReplayCase, path: Path) -> tuple[str, int]:
    """What is written about one kept case, and its exit status."""
    finding, sent = replay.findings.get(kept.edition), replay.sent.get(kept.edition)
    system_run = SystemRun(kept.system, replay.editions, own=replay.own)
    requirement = system_run.catalogue.requirement(kept.requirement)
    found = [] if finding is None else [replace(finding, replayed=False)]
    outcome = Outcome.of(requirement, found, system_run)
    content: Json = outcome.record()
    if outcome.verdict is not Verdict.FAIL:
        shown = None
        if sent is not None and sent.exchange is not None:
            shown = failure(Nonconformance(kept.case, "", sent.exchange, made=sent.made), replay.redact)
        content |= {
            "case": kept.case,
            "request": shown and shown.request,
            "curl": shown and shown.curl,
            "answer": shown and shown.answer,
        }
    more = [] if sent is None or sent.known else ["The suite no longer has this case, so all of the law's were tried."]
    edition = (
        f" (by {kept.spec_file})"
        if replay.own
        else ""
        if kept.edition is None or len(requirement.editions) < 2
        else f" (edition {kept.edition})"
    )
    verdict, status = _verdict(outcome, replay, path)
    lines = [replay_text(content), *more, one_line(f"replay: {kept.requirement}{edition} {verdict}")]
    return "\n".join(lines) + "\n", status


def _verdict(outcome: Outcome, replay: Replay, path: Path) -> tuple[str, int]:
    match outcome.verdict:
        case Verdict.FAIL:
            return "still fails", _STILL_FAILS
        case Verdict.PASS:
            return f"passes now; the next run in which the whole of its test passes removes {path}", 0
        case _ if outcome.tests:
            word = "could not be judged" if outcome.verdict is Verdict.ERROR else "was not tested"
            return f"{word}: {outcome.reason}", COULD_NOT_JUDGE
    trouble = replay.run.trouble if replay.run is not None else None
    return f"could not be judged: {trouble or 'no contract test of this selection tries it'}", COULD_NOT_JUDGE
