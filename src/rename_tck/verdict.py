"""The vocabulary of judging: verdicts, evidence, and the ways in which a test concludes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: The version of the record's format: `run` writes the record, `reports` read it.
SCHEMA_VERSION = "2.0"


class Verdict(StrEnum):
    """What was found of one requirement."""

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    NOT_TESTED = "not tested"
    ERROR = "error"
    FAIL = "fail"


#: From best to worst: a requirement has the worst verdict of its findings.
SEVERITY: dict[Verdict, int] = {verdict: rank for rank, verdict in enumerate(Verdict)}


class RunVerdict(StrEnum):
    """What was found of one system under test."""

    CONFORMS = "conforms"
    INCOMPLETE = "incomplete"
    DOES_NOT_CONFORM = "does not conform"
    COULD_NOT_JUDGE = "could not judge"


class Gap(StrEnum):
    """Why a requirement was not tested."""

    #: The target cannot be tested for it as it is, or as it was given: no key, no way to read back, one session only.
    TARGET = "target"
    #: A limit of the run came first: --max-requests, --time-budget, or an end before all was tried.
    LIMIT = "limit"
    #: The user chose other tests: -k, -m, a node id, a file.
    CHOICE = "choice"
    #: Another requirement's failure stands in the way, so that nothing can be shown.
    CAUSE = "cause"


class Aspect(StrEnum):
    """In what respect a case fails: a control that fails in the same one shows that the case is not the cause."""

    #: The request was not accepted.
    ACCEPTED = "accepted"
    #: The answer carries another name.
    ANSWERED = "answered"
    #: The session could not be read back.
    READABLE = "readable"
    #: The session read back has another name.
    STORED = "stored"
    #: Anything else: what an ordinary rename does is no explanation of it.
    OTHER = "other"


@dataclass
class Evidence:
    """Counters that stand behind a verdict: cases sent, cases that addressed a live session, refusals seen."""

    sent: int = 0
    live: int = 0
    refused: int = 0

    def add(self, other: Evidence) -> None:
        """Add another test's counters to these."""
        self.sent += other.sent
        self.live += other.live
        self.refused += other.refused


@dataclass(frozen=True)
class Leftover:
    """Something that is left at the target after a run, or may be left."""

    #: The id of the session; None where it is not known.
    id: str | None
    #: What was seen of it, in a sentence.
    what: str


@dataclass(frozen=True)
class Compared:
    """Two values that should have been equal, as text."""

    expected: str
    actual: str


@dataclass
class ReplayData:
    """What it takes to try a failing case again: its keys in the law, and a drawn value or the request."""

    keys: list[str]
    drawn: dict[str, object] | None = None
    request: dict[str, object] | None = None
    #: What the case's session, form and spelling were drawn by.
    lot: str | None = None
    #: Set where it fails as the suite itself sends it: it takes no form and no spelling then.
    plain: bool | None = None


class Conclusion(Exception):
    """A way in which a test concludes; any other exception is a bug of the suite.

    Its repr does not tell what a target has sent: pytest's --debug logs it.
    """

    def __repr__(self) -> str:
        return type(self).__name__


@dataclass(repr=False)
class NotTested(Conclusion):
    """The requirement could not be exercised; `reason` says why and what to give the suite so that it can be."""

    reason: str
    gap: Gap = Gap.TARGET
    #: The requirement whose failure stands in the way (`Gap.CAUSE`).
    cause: str | None = None
    #: What a case has failed by: it stands where that requirement does not fail after all.
    kept: Conclusion | None = None

    def __str__(self) -> str:
        return self.reason


class ObstacleError(Exception):
    """What was asked for cannot be had, so what needs it cannot be tested: a limit of the run, a part of a document.

    What lies below the tests raises it; the finding of a test that it ends is `not tested`.
    """

    gap = Gap.TARGET

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(repr=False)
class Unjudgeable(Conclusion):
    """The suite could not judge the requirement (verdict `error`), for a reason other than its conformance."""

    reason: str
    #: The status of the answer that could not be used; 0 where none came.
    status: int = 0

    def __str__(self) -> str:
        return self.reason


@dataclass(repr=False)
class CouldNotJudge(Conclusion):
    """The whole run cannot be judged: target down, key refused, no session to be had."""

    reason: str
    #: Set where a limit of the run came before anything could be judged.
    gap: Gap | None = None

    def __str__(self) -> str:
        return self.reason
