"""One test's outcome: the finding made of it, and what pytest is told of it in the suite's words."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rename_tck.pytest_plugin.collection import chosen_by, replay_case_of
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.progress import Progress
from rename_tck.pytest_plugin.traceback_redaction import trace
from rename_tck.results import finding
from rename_tck.results.run import Outcome
from rename_tck.text import one_line, visible
from rename_tck.verdict import Conclusion, Evidence, Gap, NotTested, ObstacleError, Verdict

#: Where an item keeps what stands behind its verdict.
EVIDENCE = pytest.StashKey[Evidence]()

#: What pytest counts a verdict as, its letter, its word.
_WORDS = {
    Verdict.PASS: ("passed", ".", "PASS"),
    Verdict.FAIL: ("failed", "F", "FAIL"),
    Verdict.NOT_TESTED: ("not tested", "-", "NOT TESTED"),
    Verdict.ERROR: ("failed", "E", "ERROR"),
}
#: Of a failure that does not fail the run, by what it says of itself.
EXCUSED = {"SHOULD": ("SHOULD failed", "f", "FAIL (SHOULD)"), "known": ("known to fail", "k", "FAIL (known)")}


def tell(
    item: pytest.Item, report: pytest.TestReport, outcome: Outcome, session: ConformanceSession, trace: str | None
) -> None:
    """Put one test's outcome into its pytest report; `trace` is the traceback where the suite itself failed."""
    verdict, reason = outcome.verdict, outcome.reason or ""
    # for JUnit, which takes them from the last report of the item
    item.user_properties += [
        ("requirement", outcome.requirement.id),
        ("level", outcome.level),
        ("verdict", str(verdict)),
        *((name, str(value)) for name, value in (("gap", outcome.gap), ("cause", outcome.cause)) if value is not None),
    ]
    report.verdict = str(verdict)  # type: ignore[attr-defined]
    if verdict is Verdict.PASS:
        report.outcome, report.longrepr = "passed", None
    elif verdict is Verdict.NOT_TESTED:
        report.outcome, report.longrepr = "skipped", (report.location[0], report.location[1] or 0, visible(reason))
    elif verdict is Verdict.ERROR:
        report.outcome, report.longrepr = "failed", visible(trace or reason, keep="\n")
    else:
        from rename_tck.reports.failure_text import failure_text  # here, for a run that passes does without

        text = failure_text(outcome.record(), outcome.drift)
        excuse = _excused(outcome, session)
        report.outcome, report.longrepr = "skipped" if excuse else "failed", text
        if excuse:
            # pytest's form of a failure that does not fail the run
            report.wasxfail = visible(f"{excuse}: {outcome.failure.case if outcome.failure else reason}")


def _of_another_plugin(error: BaseException | None) -> BaseException | None:
    """The same error; or, where another plugin ended the test, as one that sets a time-out does, that it did.

    The suite itself never fails a test in pytest's own way.
    """
    seen: list[BaseException] = []
    to_see = [error]
    while to_see:
        one = to_see.pop(0)
        if one is None or one in seen:
            continue
        seen.append(one)
        if isinstance(one, pytest.fail.Exception):
            said = one_line(str(one.msg or "it gave no reason"))[:200].rstrip(".")
            return NotTested(f"another plugin of pytest ended the test before its end: {said}", Gap.LIMIT)
        # Hypothesis may have taken it for the failure of a case
        to_see += [*(one.exceptions if isinstance(one, BaseExceptionGroup) else ()), one.__cause__, one.__context__]
    return error


def _excused(outcome: Outcome, session: ConformanceSession) -> str | None:
    """Why a failure does not fail the run; None when it does."""
    today = datetime.now(UTC).date()
    for entry in session.run.known:
        if entry.id == outcome.requirement.id and (entry.expires is None or entry.expires >= today):
            return "known"
    return None if outcome.level == "MUST" or session.settings.level == "should" else "SHOULD"


def status(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """The suite's words for a report; None where it is not of a contract test."""
    verdict = getattr(report, "verdict", None)
    if verdict is None:
        return _WORDS[Verdict.PASS] if hasattr(report, "observed") else None
    excuse = getattr(report, "wasxfail", None)
    return EXCUSED[excuse.partition(":")[0]] if excuse else _WORDS[Verdict(verdict)]


class Outcomes:
    """Turns the outcomes of contract tests into findings, and gathers them."""

    def __init__(self, session: ConformanceSession, progress: Progress) -> None:
        self._session = session
        self._progress = progress

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the outcome of a contract test into a finding, and say it in the suite's words."""
        chosen, session = chosen_by(item), self._session
        error = call.excinfo.value if call.excinfo else None
        if chosen is not None:
            # spares the time of a traceback that nobody sees: the suite has its own words
            item.repr_failure = lambda *_, **__: ""  # type: ignore[method-assign]
        report = yield
        if chosen is not None:
            report.sections = []  # nothing that was captured is ours to show
        if chosen is None or isinstance(error, pytest.skip.Exception) or (call.when != "call" and error is None):
            return report
        system, name, edition = chosen
        requirement = session.catalogue(system).by_id.get(name or "")
        if requirement is None:
            # an observation judges nothing: at worst it is not made
            report.outcome, report.longrepr = "passed", None
            report.observed = True  # type: ignore[attr-defined]
            if error is not None:
                note = session.redact(f"the observations were broken off: {error}")
                report.note = system, note  # type: ignore[attr-defined]
            return report
        error = _of_another_plugin(error)
        found = finding.concluded(
            error, requirement=requirement.id, edition=edition, test=item.nodeid,
            evidence=item.stash.get(EVIDENCE, Evidence()), redact=session.redact,
            replayed=replay_case_of(item) is not None,
        )  # fmt: skip
        report.rename_tck = finding.dump(found)  # type: ignore[attr-defined]
        alone = replace(found, replayed=False)  # what this one test says
        outcome = Outcome.of(requirement, [alone], session.bare_run(system))
        # which of a requirement's cases has which file is known at the end of the run
        outcome.failing = outcome.failing.without_files()
        of_the_suite = error is not None and not isinstance(error, Conclusion | ObstacleError)
        tell(item, report, outcome, session, session.redact(trace(error)) if of_the_suite and error else None)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """The suite's words for outcomes; no letters where the progress of the run is shown, or with -q."""
        found = status(report)
        if found is None or self._progress.has_letters:
            return found
        category, _, word = found
        return category, "", word

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the finding, from this process or from a worker."""
        session = self._session
        content: str | None = getattr(report, "rename_tck", None)
        if content is not None:
            session.active = True
            found = finding.load(content)
            if session.replay is not None:
                session.replay.findings[found.edition] = found
            session.system_run(found.requirement.split(".")[0]).findings.append(found)
        elif report.failed:
            session.foreign_failure = True
        if (note := getattr(report, "note", None)) is not None:
            session.system_run(note[0]).notes.append(note[1])
