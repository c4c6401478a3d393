"""One target in one run: everything that its tests share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from rename_tck.cases.prefetch import Prefetch
from rename_tck.cases.spaces import DEFAULT, settle_by
from rename_tck.client.exchange import Exchange, Request, segment
from rename_tck.client.journal import Entry
from rename_tck.client.transport import TargetClient
from rename_tck.openapi.contract import Contract
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.readback import SessionReader
from rename_tck.target.session_pool import SessionPool
from rename_tck.target.settling import Patience
from rename_tck.verdict import Aspect

#: Times that what was in flight together is judged again, before nothing is in flight together any more.
_IN_VAIN = 2


@dataclass(frozen=True)
class Jam:
    """A session that stopped working while others work, for a reason that no case of its own shows."""

    session_id: str
    aspect: Aspect
    #: The ordinary rename that shows it.
    exchange: Exchange | None
    sentence: str
    #: Whether it is gone: neither read nor listed any more.
    gone: bool = False
    #: Whether others stopped working, too, when the same was sent to them.
    seen_again: bool = False


@dataclass(frozen=True)
class Crossing:
    """A session that bears a name which no rename of its own has given it, because another session was addressed."""

    session_id: str
    #: The name that it should bear, and the one that was read back.
    expected: object
    found: object
    #: What was sent to the other session.
    exchange: Exchange


@dataclass
class Stopped:
    """Since when nothing works at the target."""

    sentence: str
    #: Whether the run's own request is what did it, as far as can be seen.
    by_the_request: bool
    #: The number of the first request whose answer is no evidence any more.
    number: int
    #: The requirement that this request breaks.
    cause: str | None = None


@dataclass(frozen=True)
class GoneAfter:
    """A session that was not there any more after refusals."""

    session: Session
    #: What was tried since it was last seen, in order, and how each was refused.
    refusals: tuple[tuple[str, Exchange], ...]


class BrokenPoint(NamedTuple):
    """A point that was answered with a 5xx, by its label."""

    label: str
    #: The point with as few odd values as it takes, and what was seen of these values, where it was made smaller.
    smallest: str
    said: str | None


@dataclass(repr=False)
class Target:
    """One system under test in one run: everything that its tests share."""

    dialect: Dialect
    client: TargetClient
    pool: SessionPool
    contracts: dict[str, Contract]
    #: What is required: of the vendored documents, or of the user's own.
    catalogue: Catalogue
    token: str
    #: How much is drawn at random.
    profile: str = DEFAULT
    #: Seconds for which sessions are left alone at least.
    settle: float = settle_by(DEFAULT)
    #: Who draws that ahead; None where it is drawn when it is needed.
    prefetch: Prefetch | None = None
    #: Valid renames that were answered with 200: without any, nothing passes.
    accepted: int = 0
    #: Ordinary renames that were refused.
    refused_renames: list[Exchange] = field(default_factory=list)
    #: Ordinary renames that were accepted and not stored, with the name sent and the name read back.
    not_stored: list[tuple[str, object, Exchange]] = field(default_factory=list)
    #: Refusals after which the session bore another name, with what was tried and the name before and after.
    names_changed_by_refusals: list[tuple[str, Exchange, object, object]] = field(default_factory=list)
    #: In which respects, for which kind of session, an ordinary rename has worked; and which requirement fails for it
    #: that it does not.
    worked: set[tuple[Aspect, str | None]] = field(default_factory=set)
    causes: dict[tuple[Aspect, str | None], str] = field(default_factory=dict)
    #: Requirements of which a test failed, or passed.
    failed: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    #: The requirements that this process judges, all of whose tests see all that the run has sent.
    judged: frozenset[str] = frozenset()
    jams: list[Jam] = field(default_factory=list)
    #: Sessions that were gone after refusals.
    gone_after_refusals: list[GoneAfter] = field(default_factory=list)
    #: Sessions that were renamed by what was sent for another one.
    crossings: list[Crossing] = field(default_factory=list)
    #: Names of which the requirement on neighbours has told that a session bore them.
    names_by_crossing: set[object] = field(default_factory=set)
    #: Cases whose request got no answer, while others did.
    unanswered: list[tuple[str, str, Exchange]] = field(default_factory=list)
    #: Points that were answered with a 5xx.
    broken_points: list[BrokenPoint] = field(default_factory=list)
    #: Labels of the points that were sent on the way to a smaller one, and showed the same problem.
    on_the_way: set[str] = field(default_factory=set)
    #: Answers that refuse a request for the form in which it was sent, as a server may: no judgement of the rest.
    refused_for_form: list[Exchange] = field(default_factory=list)
    #: Requests that were in flight at once with others.
    at_once: set[Request] = field(default_factory=set)
    #: How many renames were read back with their name; and how many ordinary ones, behind others, were not.
    read_back: int = 0
    lost: int = 0
    #: The ids of sessions of which an ordinary rename was accepted.
    renamed: set[str] = field(default_factory=set)
    #: By session, the name of the last rename that was accepted.
    last_names: dict[str, object] = field(default_factory=dict)
    #: The first and the last request of each time in which nothing worked, and then did again.
    outages: list[tuple[int, int]] = field(default_factory=list)
    stopped: Stopped | None = None
    #: Requests that were sent for several requirements, whichever of them came to them first.
    sent_for_several: int = 0
    #: Requests that tests sent after their first failing case.
    sent_after_failures: int = 0
    observations: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)
    #: Paths of odd ids by which a server may rightly see another route.
    off_route_paths: set[str] = field(default_factory=set)
    _flights_in_vain: int = 0
    _names: int = 0
    _indexed: int = 0
    _exchanged: dict[Request, Entry] = field(default_factory=dict)

    @property
    def reader(self) -> SessionReader:
        """Reads sessions back."""
        return self.pool.reader

    @property
    def patience(self) -> Patience:
        """How long is waited for what is not shown at once."""
        return self.pool.reader.patience

    def is_judged(self, requirement: str) -> bool:
        """Whether this process judges the requirement."""
        return requirement in self.judged

    def forget_refusal(self, exchange: Exchange) -> None:
        """Leave out an ordinary rename that was refused for a reason that is told elsewhere."""
        self.refused_renames = [one for one in self.refused_renames if one is not exchange]

    def is_in_an_outage(self, number: int) -> bool:
        """Whether nothing worked for a moment when this request of the run was sent."""
        return any(first <= number <= last for first, last in self.outages)

    def note_outage(self, first: int) -> None:
        """Note that nothing worked from a request on until now: what was answered in that time is no evidence."""
        self.outages.append((first, len(self.client.journal) - 1))
        since = {id(entry.exchange) for entry in self.client.journal.since(first - 1)}
        self.refused_renames = [exchange for exchange in self.refused_renames if id(exchange) not in since]
        self.pool.notes.append(f"from request {first} of the run on, no ordinary rename worked for a moment")

    def kept_for_laws(self) -> tuple[int, ...]:
        """How much is kept for other requirements to tell."""
        return tuple(map(len, self._kept_lists()))

    def _kept_lists(self) -> tuple[list[Any], ...]:
        return (
            self.refused_renames, self.not_stored, self.names_changed_by_refusals, self.jams, self.gone_after_refusals,
            self.crossings, self.unanswered, self.outages,
        )  # fmt: skip

    def went_wrong_since(self, number: int) -> bool:
        """Whether a rename after the request of this number was answered with a server's error, or not at all."""
        return any(
            not 0 < entry.exchange.status < 500 and not any(entry.exchange is one for one in self.refused_for_form)
            for entry in self.client.journal.renames(number)
        )

    def forget_since(self, number: int, kept: tuple[int, ...]) -> None:
        """Leave out what was sent after the request of this number, and what was kept since: it is no evidence."""
        for found, length in zip(self._kept_lists(), kept, strict=True):
            del found[length:]
        self.outages.append((number + 1, len(self.client.journal)))
        self._exchanged = {sort: entry for sort, entry in self._exchanged.items() if entry.number <= number}
        self._indexed = len(self.client.journal)
        self._flights_in_vain += 1
        self.pool.notes.append(
            f"requests {number + 1} to {self._indexed} of the run were in flight together and did not go well: what "
            "they were sent for was judged again, one request after the other"
        )
        if self._flights_in_vain >= _IN_VAIN:
            self.client.concurrency = 1

    def stop(self, stopped: Stopped) -> None:
        """Note that nothing works any more: what was refused since then is no evidence."""
        self.stopped = stopped
        since = {id(entry.exchange) for entry in self.client.journal.since(stopped.number - 1)}
        self.refused_renames = [exchange for exchange in self.refused_renames if id(exchange) not in since]

    def exchanged(self, request: Request) -> Entry | None:
        """The last answered exchange of such a request in the run: to any session of that kind and owner.

        Which name of the run's own it bears makes no difference.
        """
        sessions = self._by_path()
        for entry in self.client.journal.since(self._indexed):
            self._indexed = entry.number
            if entry.of_rename and entry.exchange.answer is not None:
                self._exchanged[self._sort_of(entry.exchange.request, sessions)] = entry
        return self._exchanged.get(self._sort_of(request, sessions))

    def note_like(self, request: Request, exchange: Exchange) -> None:
        """Keep that an exchange shows what this request would, too."""
        entry = next(one for one in reversed(self.client.journal.renames()) if one.exchange is exchange)
        self._exchanged[self._sort_of(request, self._by_path())] = entry

    def _by_path(self) -> dict[str, Session]:
        """The live sessions by the path of their rename."""
        return {self.dialect.rename(one, None).path: one for one in self.pool.in_use}

    def _sort_of(self, request: Request, sessions: Mapping[str, Session]) -> Request:
        """A request without what tells it from others that are sent for the same."""
        session = sessions.get(request.path)
        path = request.path if session is None else f"a session of {session.kind}, {session.owner}"
        body = request.body and re.sub(rb"Renamed %b(-\d+|, odd id)" % self.token.encode(), b"Renamed", request.body)
        return replace(request, path=path, body=body)

    def session_of(self, path: str, *, in_use: bool = True) -> Session | None:
        """The session that a call with this path is about: its reading, say; one still in use, or any of the run."""
        parts, pool = path.split("/"), self.pool
        known = pool.in_use if in_use else [*pool.in_use, *pool.of_the_run]
        return next((one for one in known if segment(one.id) in parts), None)

    def session_at(self, path: str) -> Session | None:
        """The live session that a rename with this path is of."""
        return next((one for one in self.pool.in_use if self.dialect.rename(one, None).path == path), None)

    def fresh_name(self) -> str:
        """A name that no one has used: an ordinary title with the run's token."""
        self._names += 1
        return f"Renamed {self.token}-{self._names}"
