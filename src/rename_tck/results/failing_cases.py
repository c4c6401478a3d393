"""Every failing case of a requirement, over all of its tests and editions, and the file that each is kept in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from rename_tck.requirements.catalogue import OWN, Catalogue
from rename_tck.results.finding import Failure, Finding
from rename_tck.verdict import Verdict

#: What the run makes up anew for every name: two cases that differ in it alone are told apart by nothing else.
_TOKEN = re.compile(r"[0-9a-f]{10}\d?(?:-\d+)?")

#: Characters within which one request is as quick to read as another: of such the first that was tried is the clearest.
SHORT = 64

#: Where the files are, in the folder of reports.
FOLDER = "replay"


def file_name(requirement: str, edition: str | None, *, own: bool = False, number: int = 1) -> str:
    """The name of a failing case's file; a test that runs once for each of several editions has files for each.

    A failure by the user's `own` document is another one than that by the vendored. The clearest case is number 1,
    which the name leaves out.
    """
    parts = [requirement]
    if own:
        parts.append(OWN)
    elif edition is not None and len(Catalogue.load(requirement.partition(".")[0]).editions) > 1:
        parts.append(edition)
    return ".".join([*parts, *([str(number)] if number > 1 else []), "json"])


def function_of(test: str) -> tuple[str, str]:
    """The module and the function of a test, which pytest names by its path from wherever it was called."""
    module, _, function = test.partition("::")
    return PurePosixPath(module).name, function.partition("[")[0]


@dataclass(frozen=True)
class FailingCase:
    """One failing case, the test and the edition that it failed in, and the name of its file."""

    failure: Failure
    test: str
    edition: str | None
    #: Empty where it is not known: a worker does not see what the others find.
    file: str
    #: Its number among the cases of its requirement and edition.
    number: int = 1

    @property
    def kind(self) -> tuple[tuple[str, str], str]:
        """What makes two cases of one class: the test, and the class there."""
        return function_of(self.test), self.failure.kind or self.failure.case

    @property
    def replay(self) -> str | None:
        """Its file in the folder of reports; None where it cannot be tried again from there."""
        return None if self.failure.again is None or not self.file else f"{FOLDER}/{self.file}"

    def record(self) -> dict[str, Any]:
        """What the record says of it beside the clearest one."""
        answer = self.failure.answer
        return {
            "kind": self.failure.kind or self.failure.case,
            "edition": self.edition,
            "case": self.failure.case,
            "expected": self.failure.expected,
            "status": None if answer is None else answer["status"],
            "curl": self.failure.curl,
            "replay": self.replay,
        }


@dataclass(frozen=True)
class FailingCases:
    """Those of a requirement: all of them, and what their tests say of what was tried."""

    #: The clearest first. What a run came upon by itself goes before what it was told by an earlier one.
    cases: tuple[FailingCase, ...]
    #: How many classes of case the tests tried that failed.
    tried: int
    #: What was not tried any more after a first failure.
    left_out: str | None

    @classmethod
    def of(cls, requirement: str, findings: Iterable[Finding], *, own: bool = False) -> FailingCases:
        """Gather the failing cases of a requirement's findings; of one class in one edition the first."""
        failing = [finding for finding in findings if finding.verdict is Verdict.FAIL and finding.failure is not None]
        pairs = [(each, one) for each in failing for one in (each.failure, *each.others) if one is not None]
        pairs.sort(key=lambda pair: (pair[0].replayed, *_plainness(pair[1])))
        cases: dict[tuple[object, ...], FailingCase] = {}
        numbers: dict[str, int] = {}
        for finding, failure in pairs:
            base = file_name(requirement, finding.edition, own=own)
            number = numbers.get(base, 0) + 1
            file = file_name(requirement, finding.edition, own=own, number=number)
            case = FailingCase(failure, finding.test, finding.edition, file, number)
            key = (base, *cls._alike(case))
            if key not in cases:
                cases[key], numbers[base] = case, number
        tried: dict[tuple[str, str], int] = {}
        for finding in failing:
            function = function_of(finding.test)
            tried[function] = max(tried.get(function, 0), finding.tried)
        left_out = dict.fromkeys(finding.left_out for finding in failing if finding.left_out)
        found = tuple(cases.values())
        return cls(found, max(sum(tried.values()), len(_classes(found))), " ".join(left_out) or None)

    @property
    def clearest(self) -> FailingCase | None:
        """The one that is shown in full; None where the failing findings hold no case."""
        return self.cases[0] if self.cases else None

    @property
    def others(self) -> tuple[FailingCase, ...]:
        """The others; what fails alike in several editions once."""
        alike = {self._alike(case): case for case in reversed(self.cases)}
        return tuple(case for case in self.cases[1:] if alike[self._alike(case)] is case)

    @staticmethod
    def _alike(case: FailingCase) -> tuple[object, ...]:
        # a value that another one was compared with may be another in every run
        expected = "" if case.failure.compared else _TOKEN.sub("", case.failure.expected)
        return (*case.kind, expected)

    def without_files(self) -> FailingCases:
        """The same cases where it is not known yet which of them has which file."""
        return replace(self, cases=tuple(replace(case, file="") for case in self.cases))

    def record(self) -> dict[str, Any]:
        """The members that a failed requirement has of this."""
        return {
            "classes": len(_classes(self.cases)),
            "tried": self.tried,
            "others": [case.record() for case in self.others],
        }


def _plainness(failure: Failure) -> tuple[bool, bool, bool, int]:
    """What puts a case after others: no request to look at, a drawn one, nothing compared, much to read."""
    body = (failure.request or {}).get("body") or ""
    return failure.request is None, "drawn" in (failure.again or {}), failure.compared is None, len(str(body)) // SHORT


def _classes(cases: Iterable[FailingCase]) -> set[object]:
    return {case.kind for case in cases}
