"""Sending points: in groups, each point on a session of its own, so that one reading shows what became of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from rename_tck.cases.client_forms import ClientForm
from rename_tck.cases.json_spellings import JsonSpelling
from rename_tck.cases.names import Group as NameGroup
from rename_tck.cases.names import Name
from rename_tck.cases.places import Before, Place
from rename_tck.cases.points import Point, Space
from rename_tck.cases.rename_space import CLIENT, NAME, PLACE, SCOPE, SPELLING, may_be_refused
from rename_tck.cases.scopes import PLAIN as PLAIN_SCOPE
from rename_tck.cases.scopes import Scope
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, Request
from rename_tck.systems.dialect import Session
from rename_tck.target.deleted import delete_another
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import NotTested, Unjudgeable

#: Of so many points one session is read by itself as well as in the listing.
SINGLY = 20


@dataclass
class Outcome:
    """A point, and all that was seen of it."""

    point: Point
    session: Session
    name: str
    exchange: Exchange
    #: The session as it was read by itself, and in the listing, before and after; None where it was not.
    read_before: Snapshot | None = None
    read_after: Snapshot | None = None
    listed_before: Snapshot | None = None
    listed_after: Snapshot | None = None
    #: Statuses besides 200 that are an answer for themselves, and no fault.
    allowed: frozenset[int] = frozenset()
    #: Whether a reading afterwards showed that the session is not there.
    gone: bool = False
    #: What kept it from being read.
    unreadable: Unjudgeable | None = None
    #: What else was sent in its group.
    beside: list[Outcome] = field(default_factory=list, repr=False)

    @property
    def seen_after(self) -> list[Snapshot]:
        """Every reading after the rename."""
        return [snapshot for snapshot in (self.listed_after, self.read_after) if snapshot is not None]


@dataclass
class Group:
    """Points that are sent together, each on its session: of one kind and one user, so that one listing shows all."""

    points: list[tuple[Point, Session]] = field(default_factory=list)

    @property
    def sessions(self) -> list[Session]:
        """The sessions, in the order of the points."""
        return [session for _, session in self.points]


class PointSender:
    """Sends points to a target."""

    def __init__(self, check: CheckContext, space: Space) -> None:
        self._check, self._target, self._space = check, check.target, space
        #: The sessions that were read by themselves after a rename of theirs.
        self._read: set[str] = set()
        #: Members of a listed session that change by themselves.
        self.volatile_members: set[str] = set()
        #: What the listing, and its own reading, showed of a session when it was last looked at.
        self._listed_before: dict[str, Snapshot] = {}
        self._read_before: dict[str, Snapshot] = {}
        self._began = False
        #: Sessions that were made to be renamed before those of others.
        self._neighbours: list[Session] = []
        #: Those of them that are being renamed.
        self._busy: list[Session] = []
        #: Points since the last session that was read by itself.
        self._unread = 0

    def send(self, group: Group, *, in_turn: bool = False) -> list[Outcome]:
        """Send a group: what comes before each rename, the renames, and the readings of them all.

        The renames are in flight together where that is worth it, unless they are to be sent `in_turn`.

        Raises:
            NotTested: the run is out of requests or of time.
            Unjudgeable: no answer came, for a reason that may not be a request's.
        """
        sessions = group.sessions
        if not self._began:
            self._began = True
            self._learn_what_moves(sessions)
        outcomes = self._sent(group, in_turn=in_turn or self._target.client.in_flight == 1)
        singly = [one for one in sessions if self._is_read_singly(one)]
        self._see(outcomes, singly)
        for outcome in outcomes:
            self._keep(outcome)
            outcome.beside = [one for one in outcomes if one is not outcome]
        return outcomes

    def _sent(self, group: Group, *, in_turn: bool) -> list[Outcome]:
        """What became of each point, not read back yet."""
        sessions = group.sessions
        if in_turn:
            return [self._one(point, session, sessions, self._check) for point, session in group.points]
        return self._check.together([partial(self._one, point, session, sessions) for point, session in group.points])

    def _one(self, point: Point, session: Session, sessions: Sequence[Session], check: CheckContext) -> Outcome:
        self._precede(check, point, session, sessions)
        return self._renamed(check, point, session)

    def _keep(self, outcome: Outcome) -> None:
        """Keep what was seen of a session, to hold the next readings against it."""
        if outcome.listed_after is not None:
            self._listed_before[outcome.session.id] = outcome.listed_after
        if outcome.read_after is not None:
            self._read_before[outcome.session.id] = outcome.read_after

    # -- what is sent

    def request(self, point: Point, session: Session, name: str) -> Request:
        """The rename of a point."""
        dialect = self._check.dialect
        raw = self._spelling(point).spell(dialect.body(session, name))
        scope = self._space.value(point, SCOPE)
        assert isinstance(scope, Scope)
        storage = self._target.pool.storage.of(session) if scope.names_database else None
        fitting = scope if scope.fits(dialect, session, storage) else PLAIN_SCOPE
        return self._client(point).apply(
            dialect.rename(session, None, raw=raw, query=fitting.query(dialect, session, storage))
        )

    def _renamed(self, check: CheckContext, point: Point, session: Session) -> Outcome:
        value = self._name(point)
        name = check.name() if value.group == NameGroup.PLAIN else value.text
        (exchange,) = [check.gather(self.request(one, session, name)) for one in check.cases([point])]
        check.note_accepted(exchange)
        allowed = frozenset(range(400, 500)) if may_be_refused(value) else self.refusable(point)
        outcome = Outcome(point, session, name, exchange, allowed=allowed)
        outcome.listed_before = self._listed_before.get(session.id, session.first_listed)
        outcome.read_before = self._read_before.get(session.id, session.first_read)
        return outcome

    def refusable(self, point: Point) -> frozenset[int]:
        """The statuses by which a server may refuse a point for how it is sent, whatever its name."""
        return self._client(point).refusable | self._spelling(point).refusable

    def _client(self, point: Point) -> ClientForm:
        found = self._space.value(point, CLIENT)
        assert isinstance(found, ClientForm)
        return found

    def _spelling(self, point: Point) -> JsonSpelling:
        found = self._space.value(point, SPELLING)
        assert isinstance(found, JsonSpelling)
        return found

    def _name(self, point: Point) -> Name:
        found = self._space.value(point, NAME)
        assert isinstance(found, Name)
        return found

    def _precede(self, check: CheckContext, point: Point, session: Session, group: Sequence[Session]) -> None:
        """Send what comes before the rename of a point; no session of its group is renamed by that."""
        place = self._space.value(point, PLACE)
        assert isinstance(place, Place)
        match place.before:
            case Before.REQUEST:
                assert place.make is not None
                check.gather(place.make(check.system_cases, session, check.name()))
            case Before.UNKNOWN:
                check.gather(
                    check.rename(check.unknown_session(0, session.kind, shared=True), check.name()), live=False
                )
            case Before.DELETED:
                delete_another(self._target, session.kind)
            case Before.NEIGHBOUR:
                with self._neighbour(session, group) as other:
                    renames = [] if other is None else [check.rename(other, check.name()) for _ in range(2)]
                    for request in renames:
                        check.note_accepted(check.gather(request))

    @contextmanager
    def _neighbour(self, session: Session, group: Sequence[Session]) -> Iterator[Session | None]:
        """Another session of the kind, that is not of the group; None where there is none, and none can be made.

        What is in flight beside it has another one.
        """
        pool, taken = self._target.pool, {one.id for one in (*group, *self._busy)}
        there = (one for one in (*self._neighbours, *pool.all) if one.kind == session.kind and one.id not in taken)
        other = next(there, None)
        new = other is None
        if new and (other := pool.fresh(session.kind, seen=False)) is not None:
            pool.set_aside(other)  # or it would be of the next group, and another one made
            self._neighbours.append(other)
        if other is None:
            yield None
            return
        self._busy.append(other)
        try:
            if new:
                self._target.reader.see_first([other])
            yield other
        finally:
            self._busy.remove(other)

    # -- what is read

    def _is_read_singly(self, session: Session) -> bool:
        """Whether a session is read by itself, too: one in so many, and each that was made in a condition once."""
        self._unread += 1
        new = session.id not in self._read and session not in self._target.pool.all
        if not self._target.reader.way.by_reading or not (new or self._unread >= SINGLY):
            return False
        self._unread = 0
        return True

    def _learn_what_moves(self, sessions: Sequence[Session]) -> None:
        """Keep which members differ between two readings without a rename between them."""
        first, second = self._listed(sessions, anew=False) or {}, self._listed(sessions) or {}
        for name, snapshot in first.items():
            again = second.get(name, snapshot)
            moved = {one for one in snapshot.keys() | again.keys() if not same(snapshot.get(one), again.get(one))}
            self.volatile_members |= moved

    def _listed(self, sessions: Sequence[Session], *, anew: bool = True) -> dict[str, Snapshot] | None:
        """The sessions as the listing shows them; None where it does not show each of them."""
        try:
            found = self._target.reader.listed(sessions, anew=anew)
        except Unjudgeable:
            return None
        return found if len(found) == len(sessions) else None

    def _see(self, outcomes: list[Outcome], singly: Sequence[Session]) -> None:
        """Read the sessions of outcomes back, again for up to a second where a name is not shown as it was sent."""
        self._check.settled(lambda: self._read_back(outcomes, singly), lambda good: good)
        self._read |= {session.id for session in singly}

    def _read_back(self, outcomes: list[Outcome], singly: Sequence[Session]) -> bool:
        """Read the sessions; whether each renamed one bears its name."""
        if not self._check.readable():
            return True
        reader, wanted = self._target.reader, {session.id for session in singly}
        listed = self._listed([outcome.session for outcome in outcomes])
        good = True
        for outcome in outcomes:
            outcome.gone, outcome.unreadable = False, None
            outcome.listed_after, outcome.read_after = (listed or {}).get(outcome.session.id), None
            if listed is None or outcome.session.id in wanted or not self._is_right(outcome, outcome.listed_after):
                try:
                    outcome.read_after = reader.read(outcome.session)
                    outcome.gone = outcome.read_after is None
                except NotTested:
                    pass  # the listing does not come to where it is
                except Unjudgeable as trouble:
                    outcome.unreadable = trouble
            accepted = self._check.dialect.succeeded(outcome.exchange)
            good &= not accepted or all(self._is_right(outcome, snapshot) for snapshot in outcome.seen_after)
        return good

    def _is_right(self, outcome: Outcome, snapshot: Snapshot | None) -> bool:
        """Whether a session bears the name that was accepted for it, or the one from before what was refused."""
        if snapshot is None:
            return False
        name = self._check.dialect.name_in(snapshot)
        if self._check.dialect.succeeded(outcome.exchange):
            return name == outcome.name
        return outcome.listed_before is not None and name == self._check.dialect.name_in(outcome.listed_before)
