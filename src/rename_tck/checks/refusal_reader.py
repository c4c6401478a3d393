"""What a contract test sees of sessions after refusals: they must bear the names that they had."""

from __future__ import annotations

from dataclasses import dataclass, field

from rename_tck.checks.case_reader import CaseReader
from rename_tck.checks.refusals import GONE, UNSEEN, Changed, Refusal, Refusals
from rename_tck.client.exchange import Exchange, Request
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session
from rename_tck.target.names_sent import Source, origin
from rename_tck.target.target import Crossing, GoneAfter
from rename_tck.verdict import Aspect, NotTested, ObstacleError, Unjudgeable


@dataclass(repr=False)
class RefusalReader(CaseReader):
    """One test's view of its target, with the refusals whose sessions are read later, once for many."""

    #: Refusals after which the session was not read yet; which of them this law judges itself, and what it found.
    refusals: Refusals = field(init=False)
    _own_refusals: set[str] = field(default_factory=set)
    #: The ids of sessions whose name was not read before they were last put to the test.
    granted: set[str] = field(default_factory=set)
    _changed: list[Nonconformance] = field(default_factory=list)
    _gone: list[GoneAfter] = field(default_factory=list)
    #: What kept some of those sessions from being read.
    unsettled: NotTested | ObstacleError | Unjudgeable | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refusals = Refusals(self._name_seen, self._renamed_beside, self.send_beside)

    def unchanged(self, session: Session, before: object, case: str, exchange: Exchange) -> None:
        """Require that a session bears the name that it had before a refused request; it is read later, once for many.

        `case` says what was refused, and ends with the status. What is found is told when the test is over.
        """
        if self.readable():
            self._own_refusals.add(case)
            self._keep_refusal(session, before, case, exchange)

    def settle_refusals(self) -> list[Nonconformance]:
        """Read the sessions whose refusals were not looked into yet; what this law is found to have failed in, once."""
        try:
            for changed in self.refusals.settle():
                self._note_changed(changed)
        except (NotTested, ObstacleError, Unjudgeable) as trouble:
            self.unsettled = trouble
        found, self._changed = self._changed, []
        return found

    def gone_of_its_own(self) -> list[GoneAfter]:
        """Sessions that were gone after refusals of this law, where no requirement that looks back tells it; once."""
        found, self._gone = self._gone, []
        return found

    def name_before(self, session: Session | None) -> object:
        """The name that a session bears before it is put to the test; `UNSEEN` where that cannot be read."""
        if session is None or not self.readable():
            return UNSEEN
        expected = self.refusals.expected(session)
        if expected is not UNSEEN:
            return expected
        last = self.granted_name(session)
        return self._name_seen(session) if last is UNSEEN else last

    def granted_name(self, session: Session) -> object:
        """The last name that was accepted for a session: what is accepted here is stored. `UNSEEN` where it may not."""
        last = self.target.last_names.get(session.id, UNSEEN)
        if last is not UNSEEN and self._shows_names(session) and self._is_last(session, last):
            self.granted.add(session.id)
            return last
        self.granted.discard(session.id)
        return UNSEEN

    def _is_last(self, session: Session, name: object) -> bool:
        """Whether no other name was sent for a session since, by whomever, in a request that was not refused."""
        path = self.dialect.rename(session, None).path
        for entry in reversed(self.target.client.journal.renames()):
            if entry.exchange.request.path == path and not 400 <= entry.exchange.status < 500:
                return self.dialect.name_asked(entry.exchange.request) == name
        return False

    def _shows_names(self, session: Session) -> bool:
        key = (Aspect.STORED, session.kind)
        return key in self.target.worked and key not in self.target.causes

    def _name_seen(self, session: Session) -> object:
        """The name of a session, looked at again for a moment where it is not the last that was accepted for it."""
        last = self.target.last_names.get(session.id, UNSEEN)
        return self.settled(lambda: self._name_now(session), lambda found: last is UNSEEN or found in (last, UNSEEN))

    def _name_now(self, session: Session) -> object:
        try:
            found = self.target.reader.read(session)
        except (NotTested, Unjudgeable):
            return UNSEEN  # broken by something, which other laws judge
        return GONE if found is None else self.dialect.name_in(found)

    def _renamed_beside(self, session: Session) -> object:
        name = self.name()
        exchange = self.send_beside(self.rename(session, name))
        if not self.dialect.succeeded(exchange):
            return UNSEEN
        self.target.last_names[session.id] = name
        return name if self._name_seen(session) == name else UNSEEN

    def note_refusal(self, session: Session | None, before: object, case: str, exchange: Exchange) -> None:
        """Have the session read in a while: a refusal must not have changed its name."""
        if session is not None and before not in (UNSEEN, GONE) and 400 <= exchange.status < 500:
            self._keep_refusal(session, before, case, exchange)

    def _keep_refusal(self, session: Session, before: object, case: str, exchange: Exchange) -> None:
        refusal, granted = Refusal(case, exchange, self.selector.keys), session.id in self.granted
        for changed in self.refusals.add(session, before, refusal, granted=granted):
            self._note_changed(changed)

    def _note_changed(self, changed: Changed) -> None:
        """Keep what a refusal has changed: for this law, for the one that a refusal changes nothing, or for another."""
        session, refusal = changed.session, changed.refusal
        if changed.after is GONE:
            refusals = tuple((one.case, one.exchange) for one in (*changed.earlier, refusal))
            told = self.target.is_judged(f"{self.dialect.system}.refusal-changes-nothing")
            own = any(case in self._own_refusals for case, _ in refusals)
            if told or own:
                (self.target.gone_after_refusals if told else self._gone).append(GoneAfter(session, refusals))
            return
        if changed.after == self.target.last_names.get(session.id, UNSEEN) or self._is_last(session, changed.after):
            return  # the name of the last rename that was accepted may be shown late
        source = origin(self.target, session.id, changed.after)
        if source.source is Source.OWN and source.exchange is not None and source.exchange.at > refusal.exchange.at:
            return  # a control, say, has renamed it since
        if source.source is Source.OTHER and source.exchange is not None:
            self.target.crossings.append(Crossing(session.id, changed.before, changed.after, source.exchange))
        elif refusal.case in self._own_refusals:
            self._note_own_failure(changed)
        else:
            self.target.names_changed_by_refusals.append(
                (refusal.case, refusal.exchange, changed.before, changed.after)
            )

    def _note_own_failure(self, changed: Changed) -> None:
        refusal = changed.refusal
        try:
            with self.shown(changed.session, changed.after):
                self.expect_equal(
                    changed.before, changed.after, f"{refusal.case}: the name read back", refusal.exchange
                )
        except Nonconformance as failure:
            if failure.replay_data is not None and refusal.keys:
                failure.replay_data.keys, failure.replay_data.request = list(refusal.keys), None
            self._changed.append(failure)

    def settle_before(self, request: Request) -> None:
        """Read the session of a request that will change its name, if refusals of it were not looked into yet."""
        session = self.target.session_at(request.path)
        for changed in self.refusals.settle(session) if session is not None else ():
            self._note_changed(changed)

    def _forget_refusals(self, exchange: Exchange) -> None:
        """Where a request may have renamed the session, refusals before it are not looked into any more."""
        if not 400 <= exchange.status < 500 and (exchange.status >= 500 or self.dialect.succeeded(exchange)):
            self.forget(exchange)

    def forget(self, exchange: Exchange) -> None:
        """Take the name of a session for unknown; who takes the exchange for an ordinary rename notes it."""
        session = self.target.session_at(exchange.request.path)
        if session is not None:
            self.refusals.forget(session)
            self.target.last_names.pop(session.id, None)
