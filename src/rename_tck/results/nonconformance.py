"""The conclusion that a requirement is broken, with the exchange that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rename_tck.client.exchange import Exchange
from rename_tck.results.steps import Step
from rename_tck.verdict import Aspect, Compared, Conclusion, NotTested, ReplayData


@dataclass(repr=False)
class Nonconformance(Conclusion):
    """The system under test broke the requirement; `exchange` shows it.

    Of several failing cases of one test it is the clearest one, and `others` are the rest, one for each class of case.
    """

    case: str
    expected: str
    exchange: Exchange | None = None
    compared: Compared | None = None
    replay_data: ReplayData | None = None
    aspect: Aspect = Aspect.OTHER
    #: The class of the case: its keys without what tells one of a class from the other.
    kind: str = ""
    #: How the run made the session that the exchange addresses, and its id; None where the session stays as it is.
    made: tuple[Exchange, str] | None = None
    #: Failing cases of other classes.
    others: list[Nonconformance] = field(default_factory=list)
    #: How many classes of case the test tried.
    tried: int = 1
    #: What was not tried any more after the first failure, in a sentence.
    left_out: str | None = None
    #: Whether it is an ordinary rename beside a case that was refused.
    refused: bool = False
    #: The id of the session whose name, read back, is what is wrong, and that name.
    seen: tuple[str, object] | None = None
    #: Whether its request was sent with others, for several laws, before this one was run.
    sent_earlier: bool = False
    #: What the requests sent after it showed of the target, in a sentence.
    after: str | None = None
    #: The requests that led to it and came after it.
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return f"{self.case}: expected {self.expected}"


@dataclass(repr=False)
class OrdinaryRenameRefused(NotTested):
    """An ordinary rename beside a case was not accepted, or not stored, so that the case itself shows nothing."""

    exchange: Exchange | None = None
    aspect: Aspect = Aspect.ACCEPTED
