"""What a run did not get to: tests that the user did not choose, and tests that a limit came before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from rename_tck.results.failing_cases import function_of
from rename_tck.results.finding import Finding
from rename_tck.verdict import Gap, Verdict

#: Of several reasons why a requirement is not tested the one that tells most of the run.
GAPS = (Gap.LIMIT, Gap.CAUSE, Gap.CHOICE, Gap.TARGET)

#: What keeps a run from saying that the target conforms: all but what the target itself cannot be tested for.
BLOCKING = frozenset({Gap.LIMIT, Gap.CAUSE, Gap.CHOICE})

_WHY = {
    Gap.LIMIT: "the run ended before",
    Gap.CHOICE: "left out by the choice of tests (-k, -m, --deselect, --lf, a node id, a file, the profile smoke)",
}


@dataclass(frozen=True, order=True)
class ContractTest:
    """One test of a requirement: its module and function, and the edition that it judges by, where it has one."""

    requirement: str
    module: str
    function: str
    edition: str | None = None

    @classmethod
    def of(cls, finding: Finding) -> ContractTest:
        """The test that a finding is of."""
        return cls(finding.requirement, *function_of(finding.test), finding.edition)


@dataclass(frozen=True)
class LeftOut:
    """A test that was not run, and why."""

    test: ContractTest
    gap: Gap


def left_out(
    expected: Collection[ContractTest], selected: Collection[ContractTest], findings: Iterable[Finding]
) -> list[LeftOut]:
    """What is missing: of all tests those that were not selected, and of the selected those that found nothing."""
    run = {ContractTest.of(finding) for finding in findings if not finding.replayed}
    return [
        LeftOut(test, Gap.LIMIT if test in selected else Gap.CHOICE)
        for test in sorted(set(expected) | set(selected), key=lambda test: (test.requirement, test.module, str(test)))
        if test not in run
    ]


def gap_of(gaps: Iterable[Gap | None]) -> Gap | None:
    """The one that tells most of the run; None where there is none."""
    found = set(gaps)
    return next((gap for gap in GAPS if gap in found), None)


def why(gap: Gap) -> str:
    """Why a test was not run."""
    return _WHY[gap]


def in_part(findings: Sequence[Finding], missing: Sequence[LeftOut], reason: str) -> str:
    """The reason of a requirement of which a part was tried and passed, with that part."""
    passed = sum(finding.verdict is Verdict.PASS for finding in findings)
    if not passed:
        return reason
    return f"{reason}; {passed} of its {len(findings) + len(missing)} tests passed"
