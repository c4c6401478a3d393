"""The run as one object: findings come in, the record goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from rename_tck import __version__
from rename_tck.requirements.catalogue import Catalogue, Citation, Requirement
from rename_tck.results import editions
from rename_tck.results.coverage import Coverage
from rename_tck.results.failing_cases import FailingCases
from rename_tck.results.finding import Failure, Finding
from rename_tck.results.known_failures import Applied, KnownFailure, apply, mark
from rename_tck.results.left_out import BLOCKING, LeftOut, gap_of, in_part, why
from rename_tck.results.record import Json
from rename_tck.verdict import SCHEMA_VERSION, SEVERITY, Evidence, Gap, Leftover, RunVerdict, Verdict

#: Exit statuses. 2 (interrupted), 4 (bad option) and 5 (nothing collected) are pytest's own.
CONFORMS = 0
DOES_NOT_CONFORM = 1
COULD_NOT_JUDGE = 3
#: A limit, or a failure that stands in the way, kept the run from its end; where the user chose the tests it is 0.
INCOMPLETE = 3
BAD_OPTION = 4

NO_EVIDENCE = "nothing was sent that could have shown it"
ONLY_REPLAY = "only the case was tried that an earlier run saved, and it did not fail"


@dataclass
class SystemRun:
    """What is found of one system."""

    system: str
    editions: tuple[str, ...]
    base_url: str | None = None
    embedded: bool = False
    identified_by: str | None = None
    #: Why the system could not be judged at all.
    trouble: str | None = None
    #: Whether that is a limit of the run, which came before the first session.
    is_cut_short: bool = False
    #: Why the run ended early: a failure that it has found by then stands, but it has not found that all is well.
    broken_off: str | None = None
    accepted: int = 0
    findings: list[Finding] = field(default_factory=list)
    observations: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    #: The tests that were not run.
    left_out: list[LeftOut] = field(default_factory=list)
    #: How many requests were sent.
    requests: int = 0
    leftovers: list[Leftover] = field(default_factory=list)
    #: What of the space of renames was sent.
    coverage: Coverage = field(default_factory=Coverage)
    #: How the target's own document differs, where it publishes one.
    drift: Json | None = None
    #: The user's own document, where the run judges by one, and what is required by it.
    spec: Json | None = None
    own: Catalogue | None = None

    @property
    def catalogue(self) -> Catalogue:
        """What is required of the system."""
        return self.own or Catalogue.load(self.system)

    # -- verdicts

    def outcome(self, requirement: Requirement) -> Outcome:
        """The one verdict on a requirement: the worst of its findings, and none without evidence."""
        findings = [self._standing(finding) for finding in self.findings if finding.requirement == requirement.id]
        return Outcome.of(requirement, findings, self)

    def _standing(self, finding: Finding) -> Finding:
        """A finding as it stands at the end: what a requirement is blamed for that does not fail has failed itself."""
        if finding.verdict is not Verdict.NOT_TESTED or finding.cause is None or finding.failure is None:
            return finding
        said = {one.verdict for one in self.findings if one.requirement == finding.cause}
        if said & {Verdict.FAIL, Verdict.ERROR}:
            return finding
        return replace(finding, verdict=Verdict.FAIL, reason=None, gap=None, cause=None)

    def outcomes(self) -> list[Outcome]:
        """The verdicts on every requirement, in the catalogue's order."""
        return [self.outcome(requirement) for requirement in self.catalogue.requirements]

    def verdict(self, level: str, excused: Collection[str] = ()) -> tuple[RunVerdict, str | None]:
        """The system's verdict, and the reason where it is neither of the two; excused failures do not count."""
        if self.trouble is not None:
            return RunVerdict.INCOMPLETE if self.is_cut_short else RunVerdict.COULD_NOT_JUDGE, self.trouble
        outcomes = self.outcomes()
        counted = _counted(outcomes, level)
        if any(outcome.verdict is Verdict.FAIL and outcome.requirement.id not in excused for outcome in counted):
            return RunVerdict.DOES_NOT_CONFORM, None
        errors = [outcome for outcome in counted if outcome.verdict is Verdict.ERROR]
        if errors:
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            return (
                RunVerdict.COULD_NOT_JUDGE,
                f"{errors[0].requirement.id} could not be judged: {errors[0].reason}{more}",
            )
        if self.broken_off is not None:
            return RunVerdict.COULD_NOT_JUDGE, self.broken_off
        limited = any(outcome.gap is Gap.LIMIT for outcome in outcomes)
        if not self.accepted and not limited:
            return RunVerdict.COULD_NOT_JUDGE, "no valid rename succeeded, so nothing that passed proves anything"
        if reason := _not_got_to(counted, "requirement" if level == "should" else "MUST"):
            return RunVerdict.INCOMPLETE, reason
        if not self.accepted:
            return RunVerdict.INCOMPLETE, "the run ended before an ordinary rename"
        if not any(outcome.verdict is Verdict.PASS and outcome.level == "MUST" for outcome in outcomes):
            return RunVerdict.INCOMPLETE, "no MUST could be tested"
        return RunVerdict.CONFORMS, None

    def is_as_chosen(self) -> bool:
        """Whether an incomplete run is so by the user's choice of tests alone, and these showed something."""
        outcomes = self.outcomes()
        gaps = {outcome.gap for outcome in outcomes if outcome.gap in BLOCKING}
        return gaps == {Gap.CHOICE} and any(
            finding.verdict in {Verdict.PASS, Verdict.FAIL} and finding.evidence.sent for finding in self.findings
        )

    def record(self, level: str) -> Json:
        """The system's part of the record."""
        verdict, reason = self.verdict(level)
        outcomes = self.outcomes()
        counts = {
            name: dict.fromkeys(map(str, (Verdict.PASS, Verdict.FAIL, Verdict.NOT_TESTED, Verdict.ERROR)), 0)
            for name in ("MUST", "SHOULD")
        }
        for outcome in outcomes:
            counts[outcome.level][str(outcome.verdict)] += 1
        record: Json = {
            "system": self.system,
            "base_url": self.base_url,
            "target": "embedded server" if self.embedded else "target",
            "identified_by": self.identified_by,
            "chosen_editions": list(self.editions),
            "verdict": str(verdict),
            "reason": reason,
            "summary": counts,
            "requirements": [outcome.record() for outcome in outcomes],
            "observations": [
                {"id": observation.id, "question": observation.question, "answer": answer, "detail": detail}
                for observation in self.catalogue.observations
                if (found := self.observations.get(observation.id)) is not None
                for answer, detail in (found,)
            ],
            "notes": list(dict.fromkeys(self.notes)),
            "requests": self.requests,
            "leftovers": [{"id": left.id, "what": left.what} for left in dict.fromkeys(self.leftovers)],
        }
        coverage = self.coverage.record() if self.coverage.points else None
        for name, content in (("coverage", coverage), ("drift", self.drift), ("spec", self.spec)):
            if content is not None:
                record[name] = content
        return record


@dataclass
class Outcome:
    """The verdict on one requirement, with everything that a report says of it."""

    requirement: Requirement
    level: str
    verdict: Verdict
    reason: str | None
    evidence: Evidence
    by_edition: dict[str, str]
    tests: list[str]
    failing: FailingCases
    #: Why it is not tested, and the requirement whose failure stands in the way.
    gap: Gap | None = None
    cause: str | None = None
    #: How the target's own document differs; no part of the requirement's record.
    drift: Json | None = None

    @classmethod
    def of(cls, requirement: Requirement, findings: list[Finding], run: SystemRun) -> Outcome:
        """Reduce a requirement's findings to one verdict."""
        only_kept, findings = _telling(findings)
        evidence = Evidence()
        for finding in findings:
            evidence.add(finding.evidence)
        missing = [left for left in run.left_out if left.test.requirement == requirement.id]
        verdict, reason, gap, cause = _concluded(findings, missing, evidence, run)
        if not findings and only_kept and run.trouble is None and run.broken_off is None:
            reason = ONLY_REPLAY
        by_edition = {edition: editions.cell(requirement, edition, findings, verdict) for edition in run.editions}
        failing = FailingCases.of(requirement.id, findings, own=run.own is not None)
        if findings and requirement.is_contradicted(run.editions):
            others = [
                worst.verdict
                for other in editions.counterparts(requirement, run.catalogue)
                if (worst := _worst(found for found in run.findings if found.requirement == other.id)) is not None
            ]
            reason = editions.contradiction(requirement, run.editions, verdict, reason, others)
            gap = gap if verdict is Verdict.NOT_TESTED and gap in BLOCKING else Gap.TARGET
            verdict, failing = Verdict.NOT_TESTED, FailingCases((), 0, None)
        return cls(
            requirement, requirement.level_for(run.editions), verdict, reason, evidence, by_edition,
            list(dict.fromkeys(finding.test for finding in findings)), failing, gap, cause, run.drift,
        )  # fmt: skip

    @property
    def failure(self) -> Failure | None:
        """The clearest of the failing cases."""
        clearest = self.failing.clearest
        return None if clearest is None else clearest.failure

    def record(self) -> Json:
        """The requirement's part of the record."""
        content: Json = {
            "id": self.requirement.id,
            "level": self.level,
            "sentence": self.requirement.sentence,
            "editions": list(self.requirement.editions),
            "verdict": str(self.verdict),
            "reason": self.reason,
            "by_edition": self.by_edition,
            "evidence": {"sent": self.evidence.sent, "live": self.evidence.live, "refused": self.evidence.refused},
            "citations": [citation(cite) for cite in self.requirement.citations],
            "tests": self.tests,
            "gap": None if self.gap is None else str(self.gap),
            "cause": self.cause,
        }
        if (clearest := self.failing.clearest) is not None:
            failure = clearest.failure
            content |= {
                "edition": clearest.edition,
                "after": failure.after,
                "left_out": self.failing.left_out,
                "failing": self.failing.record(),
                "case": failure.case,
                "request": failure.request,
                "expected": failure.expected,
                "answer": failure.answer,
                "curl": failure.curl,
                "compared": failure.compared,
                "replay": clearest.replay,
                **({"steps": failure.steps} if failure.steps else {}),
            }
        return content


def citation(cite: Citation) -> Json:
    """A citation as the record has it."""
    if cite.edition is None:
        return {"source": cite.source, "text": cite.text}
    return {"edition": cite.edition, "file": cite.file, "line": cite.line, "pointer": cite.pointer, "quote": cite.quote}


def _telling(findings: list[Finding]) -> tuple[bool, list[Finding]]:
    """Those that decide, and whether there were none but of replay cases.

    That a replay case fails, or cannot be judged, counts; that it passes, or cannot be tried, says nothing of the rest.
    """
    ordinary = [finding for finding in findings if not finding.replayed]
    kept = [finding for finding in findings if finding.replayed and finding.verdict in {Verdict.FAIL, Verdict.ERROR}]
    return bool(findings) and not ordinary, ordinary + kept


def _worst(findings: Iterable[Finding]) -> Finding | None:
    return max(findings, key=lambda finding: SEVERITY[finding.verdict], default=None)


def _concluded(
    findings: list[Finding], missing: list[LeftOut], evidence: Evidence, run: SystemRun
) -> tuple[Verdict, str | None, Gap | None, str | None]:
    """Verdict, reason, gap and cause: the worst of the findings; no pass without evidence, nor of a part."""
    worst, absent = _worst(findings), gap_of(left.gap for left in missing)
    if worst is None:
        ended = run.trouble or run.broken_off
        unheard = absent or Gap.LIMIT
        return Verdict.NOT_TESTED, ended or why(unheard), unheard, None
    if worst.verdict in {Verdict.FAIL, Verdict.ERROR}:
        return worst.verdict, worst.reason, None, None
    if worst.verdict is Verdict.PASS and not evidence.sent:
        # what looks back on a run has not enough of it where the run was not whole
        partial = absent or gap_of(left.gap for left in run.left_out) or Gap.TARGET
        return Verdict.NOT_TESTED, NO_EVIDENCE, partial, None
    untested = [finding for finding in findings if finding.verdict is Verdict.NOT_TESTED]
    gap = gap_of([absent, *(finding.gap or Gap.TARGET for finding in untested)])
    if gap is None:
        return Verdict.PASS, None, None, None
    telling = next((finding for finding in untested if (finding.gap or Gap.TARGET) is gap), None)
    reason = why(gap) if telling is None else telling.reason or why(Gap.LIMIT)
    if telling is None:
        reason = f"{len(missing)} of its tests {'was' if len(missing) == 1 else 'were'} not run: {reason}"
    cause = telling.cause if telling is not None and gap is Gap.CAUSE else None
    return Verdict.NOT_TESTED, in_part(findings, missing, reason), gap, cause


def _counted(outcomes: Iterable[Outcome], level: str) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.level == "MUST" or level == "should"]


def _not_got_to(counted: Iterable[Outcome], what: str) -> str | None:
    """What keeps a run without failures from being whole, in a sentence; None where nothing does."""
    found = [outcome for outcome in counted if outcome.gap in BLOCKING]
    if not found:
        return None
    parts = []
    for gap, verb in ((Gap.CHOICE, "not chosen"), (Gap.LIMIT, "not got to"), (Gap.CAUSE, "not to be shown")):
        own = [outcome for outcome in found if outcome.gap is gap]
        if own:
            causes = Counter(outcome.cause if gap is Gap.CAUSE else outcome.reason for outcome in own)
            first = causes.most_common(1)[0][0]
            because = {Gap.CAUSE: f" ({first} fails)", Gap.LIMIT: f" ({(first or '').partition(';')[0]})"}.get(gap, "")
            parts.append(f"{len(own)} {'was' if len(own) == 1 else 'were'} {verb}{because}")
    return f"not every {what} was tested in full: {', '.join(parts)}"


@dataclass
class Run:
    """A whole run, over one system or several."""

    level: str = "must"
    seed: int | None = None
    profile: str = "quick"
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    systems: dict[str, SystemRun] = field(default_factory=dict)
    #: Why nothing could be judged, when not even the system is known.
    trouble: str | None = None
    base_url: str | None = None
    known: tuple[KnownFailure, ...] = ()
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def exit_status(self) -> int:
        """0 conforms but for known failures, 1 does not (or they are out of date), 3 could not judge, or not in full.

        A run of tests that the user chose ends with 0 where all of them passed.
        """
        applied = self._applied([run.record(self.level) for run in self.systems.values()])
        verdicts = [run.verdict(self.level, applied.excused)[0] for run in self.systems.values()]
        if RunVerdict.DOES_NOT_CONFORM in verdicts:
            return DOES_NOT_CONFORM
        if self.trouble is not None or not verdicts or RunVerdict.COULD_NOT_JUDGE in verdicts:
            return COULD_NOT_JUDGE
        incomplete = [
            run for run, found in zip(self.systems.values(), verdicts, strict=True) if found is RunVerdict.INCOMPLETE
        ]
        if not all(run.is_as_chosen() for run in incomplete):
            return INCOMPLETE
        return DOES_NOT_CONFORM if applied.complaints else CONFORMS

    def _applied(self, runs: list[Json]) -> Applied:
        return apply({"runs": runs}, self.known, self.today)

    def record(self, exit_status: int | None = None) -> Json:
        """The record of the run: all that any report is made from."""
        runs = [run.record(self.level) for run in self.systems.values()]
        if not runs:
            counts = dict.fromkeys(map(str, (Verdict.PASS, Verdict.FAIL, Verdict.NOT_TESTED, Verdict.ERROR)), 0)
            runs = [
                {
                    "system": None, "base_url": self.base_url, "target": "target", "identified_by": None,
                    "chosen_editions": [], "verdict": str(RunVerdict.COULD_NOT_JUDGE),
                    "reason": self.trouble or "nothing was judged", "summary": {"MUST": counts, "SHOULD": dict(counts)},
                    "requirements": [], "observations": [], "notes": [], "requests": 0, "leftovers": [],
                }
            ]  # fmt: skip
        record = {
            "schema_version": SCHEMA_VERSION,
            "suite_version": __version__,
            "seed": self.seed,
            "profile": self.profile,
            "level": self.level,
            "start": _instant(self.start),
            "end": _instant(datetime.now(UTC)),
            "exit_status": self.exit_status() if exit_status is None else exit_status,
            "reason": self.trouble,
            "runs": runs,
        }
        return mark(record, self._applied(runs)) if self.known else record


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
