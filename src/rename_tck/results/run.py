"""The run as one object: findings come in, the record goes out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from rename_tck import __version__
from rename_tck.requirements.catalogue import Catalogue, Citation, Requirement
from rename_tck.results.finding import Failure, Finding
from rename_tck.results.known_failures import Applied, KnownFailure, apply, mark
from rename_tck.results.record import Json
from rename_tck.verdict import SCHEMA_VERSION, SEVERITY, Evidence, RunVerdict, Verdict

#: Exit statuses. 2 (interrupted), 4 (bad option) and 5 (nothing collected) are pytest's own.
CONFORMS = 0
DOES_NOT_CONFORM = 1
COULD_NOT_JUDGE = 3
BAD_OPTION = 4

NO_EVIDENCE = "nothing was sent that could have shown it"
ONLY_REPLAY = "only the case was tried that an earlier run kept, and it did not fail"


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
    #: Why the run ended early: a failure that it has found by then stands, but it has not found that all is well.
    broken_off: str | None = None
    accepted: int = 0
    findings: list[Finding] = field(default_factory=list)
    observations: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
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
        findings = [finding for finding in self.findings if finding.requirement == requirement.id]
        return Outcome.of(requirement, findings, self)

    def outcomes(self) -> list[Outcome]:
        """The verdicts on every requirement, in the catalogue's order."""
        return [self.outcome(requirement) for requirement in self.catalogue.requirements]

    def verdict(self, level: str, excused: Collection[str] = ()) -> tuple[RunVerdict, str | None]:
        """The system's verdict, and why it could not be judged if it could not; excused failures do not count."""
        if self.trouble is not None:
            return RunVerdict.COULD_NOT_JUDGE, self.trouble
        outcomes = self.outcomes()
        counted = [outcome for outcome in outcomes if outcome.level == "MUST" or level == "should"]
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
        if not self.accepted:
            return RunVerdict.COULD_NOT_JUDGE, "no valid rename succeeded, so nothing that passed proves anything"
        return RunVerdict.CONFORMS, None

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
        }
        for name, content in (("drift", self.drift), ("spec", self.spec)):
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
    failure: Failure | None
    #: How the target's own document differs; no part of the requirement's record.
    drift: Json | None = None

    @classmethod
    def of(cls, requirement: Requirement, findings: list[Finding], run: SystemRun) -> Outcome:
        """Reduce a requirement's findings to one verdict."""
        only_kept, findings = _telling(findings)
        evidence = Evidence()
        for finding in findings:
            evidence.add(finding.evidence)
        verdict, reason, failure = _worst(findings, evidence)
        if not findings:
            why = run.trouble or run.broken_off or (ONLY_REPLAY if only_kept else "no test of it was part of this run")
            verdict, reason = Verdict.NOT_TESTED, why
        by_edition = {edition: _cell(requirement, edition, findings, verdict) for edition in run.editions}
        if findings and requirement.is_contradicted(run.editions):
            verdict, reason, failure = _contradiction(requirement, run.editions, verdict, reason)
        return cls(
            requirement, requirement.level_for(run.editions), verdict, reason, evidence, by_edition,
            list(dict.fromkeys(finding.test for finding in findings)), failure, run.drift,
        )  # fmt: skip

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
        }
        if self.failure is not None:
            content |= {
                "case": self.failure.case,
                "request": self.failure.request,
                "expected": self.failure.expected,
                "answer": self.failure.answer,
                "curl": self.failure.curl,
                "compared": self.failure.compared,
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


def _worst(findings: list[Finding], evidence: Evidence) -> tuple[Verdict, str | None, Failure | None]:
    if not findings:
        return Verdict.NOT_TESTED, None, None
    worst = max(findings, key=lambda finding: SEVERITY[finding.verdict])
    if worst.verdict is Verdict.PASS and not evidence.sent:
        return Verdict.NOT_TESTED, NO_EVIDENCE, None
    return worst.verdict, worst.reason, worst.failure


def _cell(requirement: Requirement, edition: str, findings: list[Finding], overall: Verdict) -> str:
    """What the matrix shows for one edition: the verdict where the edition states the rule, else its stance."""
    stance = requirement.stance(edition)
    if stance != "states":
        return stance
    own = [finding for finding in findings if finding.edition in {None, edition}]
    if not own:
        return str(Verdict.NOT_TESTED if overall is Verdict.PASS else overall)
    verdict = max((finding.verdict for finding in own), key=lambda found: SEVERITY[found])
    return str(overall if verdict is Verdict.PASS and overall is Verdict.NOT_TESTED else verdict)


def _contradiction(
    requirement: Requirement, chosen: tuple[str, ...], found: Verdict, reason: str | None
) -> tuple[Verdict, str, None]:
    """Where a chosen edition states the contrary, what the server did is shown, not judged."""
    states = " and ".join(edition for edition in chosen if requirement.stance(edition) == "states")
    contrary = " and ".join(edition for edition in chosen if requirement.stance(edition) == "states the contrary")
    verb = "state" if " and " in contrary else "states"
    if not states:
        return Verdict.NOT_TESTED, f"{contrary} {verb} the contrary", None
    did = {Verdict.PASS: f"the target follows {states}", Verdict.FAIL: f"the target follows {contrary}"}
    against = f"{states} against {contrary}: no server can follow both"
    return Verdict.NOT_TESTED, f"{against}, and {did.get(found, reason)}; --edition chooses one to judge by", None


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
        """0 conforms but for known failures, 1 does not (or they are out of date), 3 could not judge."""
        applied = self._applied([run.record(self.level) for run in self.systems.values()])
        verdicts = [run.verdict(self.level, applied.excused)[0] for run in self.systems.values()]
        if RunVerdict.DOES_NOT_CONFORM in verdicts:
            return DOES_NOT_CONFORM
        if self.trouble is not None or not verdicts or RunVerdict.COULD_NOT_JUDGE in verdicts:
            return COULD_NOT_JUDGE
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
                    "requirements": [], "observations": [], "notes": [],
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
