"""What a contract test holds in its hands: ways to require, to read back and to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from rename_tck.cases import names
from rename_tck.checks.case_sender import CaseSender
from rename_tck.checks.comparison import same
from rename_tck.client.exchange import Exchange, NotJsonError, Request, decoded, plain, shown
from rename_tck.client.journal import Purpose
from rename_tck.client.waiting import PASSING
from rename_tck.results.nonconformance import Nonconformance, OrdinaryRenameRefused
from rename_tck.systems.dialect import Session, members
from rename_tck.target.names_sent import Source, origin
from rename_tck.target.readback import Snapshot
from rename_tck.target.target import Crossing
from rename_tck.verdict import Aspect, Compared, NotTested, Unjudgeable

T = TypeVar("T")

#: In place of a name that could not be read, and of that of a session that is not there.
UNSEEN, GONE = object(), object()


@dataclass(repr=False)
class CheckContext(CaseSender):
    """One test's view of its target."""

    _controls: set[Request] = field(default_factory=set)
    #: The session that was read back after a refusal, how many requests had been sent by then, and its name.
    _last_reading: tuple[str, int, object] | None = None
    #: A session that was not there when it was read back: why the law has failed last.
    missing: Session | None = None

    # -- requiring

    def keep_or_refuse(self, session: Session, request: Request, name: str, case: str) -> bool:
        """Require that a name is kept exactly or refused with a 4xx status; whether it was kept."""
        before = self._name_before(session)
        exchange = self.send(request)
        if 400 <= exchange.status < 500:
            self._note_name_after(session, case, exchange, before)
            return False
        if exchange.status != 200:
            self.fail(case, "status 200, or a 4xx status that refuses the name", exchange)
        self.note_accepted(exchange)
        self.expect_answered(exchange, name, case)
        self.stored_if_readable(session, name, case, exchange)
        return True

    def accept(self, request: Request, case: str) -> Exchange:
        """Send a valid request to a live session and require status 200.

        Raises:
            Nonconformance: it was not accepted.
            NotTested: the user's own document does not allow it.
        """
        if self.contract.nearest is not None and (why := self.contract.forbidden(decoded(request.body))):
            raise NotTested(f"{self.contract.document_path} does not allow {case}: {self.excerpt(why)}")
        exchange = self.send(request)
        if exchange.status != 200:
            self.fail(case, "status 200: the request is valid", exchange)
        self.note_accepted(exchange)
        return exchange

    def note_accepted(self, exchange: Exchange) -> None:
        """Count a rename that succeeded: without any nothing that passes proves anything."""
        if self.dialect.succeeded(exchange):
            self.target.accepted += 1
            self._note_worked(Aspect.ACCEPTED, exchange)
            session = self.target.session_at(exchange.request.path)
            if session is not None:
                name = members(decoded(exchange.request.body)).get(self.dialect.name_member)
                self.target.last_names[session.id] = name

    def _note_worked(self, aspect: Aspect, exchange: Exchange | None) -> None:
        session = self.target.session_at(exchange.request.path) if exchange is not None else None
        if session is not None:
            self.target.worked.add((aspect, session.kind))
            self.target.renamed.add(session.id)

    def rename_and_expect(self, session: Session, name: str, case: str) -> Exchange:
        """Rename a session, and require that it is accepted and that the answer, where it carries the name, has it."""
        exchange = self.accept(self.rename(session, name), case)
        self.expect_answered(exchange, name, case)
        return exchange

    def prepare(self, session: Session) -> object:
        """Give the session a name of the run's own before it is put to the test; the name that it bears then.

        Raises NotTested when not even that is accepted: what comes after would prove nothing.
        """
        name = self.name()
        exchange = self.send(self.rename(session, name), purpose=Purpose.PREPARATION)
        if not self.dialect.succeeded(exchange):
            self._note_refused_rename(exchange)
            why = f"the ordinary rename before it is not accepted (status {exchange.status})"
            raise OrdinaryRenameRefused(why, exchange=exchange, aspect=_aspect_of(exchange))
        self.note_accepted(exchange)
        if not self.readable():
            return name
        found = self.settled(lambda: self.name_of(session, exchange), lambda read: read == name)
        if found != name:
            why = "the ordinary rename before it is accepted, and the session read back bears another name"
            source = origin(self.target, session.id, found)
            if source.source is Source.OTHER and source.exchange is not None:
                self.target.crossings.append(Crossing(session.id, name, found, source.exchange))
            else:
                self.target.not_stored.append((name, found, exchange))
            raise OrdinaryRenameRefused(why, exchange=exchange, aspect=Aspect.STORED)
        self.target.read_back += 1
        return found

    def refuse(
        self, case: str, faulty: Request, control: Request, *, statuses: Sequence[int] | None = None, live: bool = True
    ) -> Exchange:
        """Send a request that the contract calls invalid and require that it is refused for its fault.

        `control` is the same request with the one fault mended: it must be accepted, else the refusal proves nothing. A
        404 to a session that exists is no refusal of the fault. `statuses` are those that the document demands.

        Raises:
            Nonconformance: it was not refused, or not as the document says.
            NotTested: the control was not accepted either, or the user's own document allows the request.
        """
        if self.lifts(faulty):
            raise NotTested(f"{self.contract.document_path} allows {case}")
        session = self.target.session_at(faulty.path) if live else None
        before = self._name_before(session)
        exchange = self.send(faulty, live=live)
        self.require_refusal(case, exchange, statuses, live=live)
        self._note_name_after(session, case, exchange, before)
        self.require_control_accepted(control)
        return exchange

    def _name_before(self, session: Session | None) -> object:
        """The name that a session bears before it is put to the test; `UNSEEN` where that cannot be read."""
        if session is None or not self.readable():
            return UNSEEN
        if self._last_reading is not None and self._last_reading[:2] == (session.id, len(self.target.client.journal)):
            return self._last_reading[2]  # nothing was sent since it was read
        return self._name_seen(session)

    def _name_seen(self, session: Session) -> object:
        try:
            found = self.target.reader.read(session)
        except (NotTested, Unjudgeable):
            return UNSEEN  # broken by something, which other laws judge
        return GONE if found is None else self.dialect.name_in(found)

    def _note_name_after(self, session: Session | None, case: str, exchange: Exchange, before: object) -> None:
        """Keep, for the law that a refusal changes nothing, that the session bears another name than before."""
        if session is not None and before is not UNSEEN:
            after = self.settled(lambda: self._name_seen(session), lambda found: found in (before, UNSEEN))
            self._last_reading = session.id, len(self.target.client.journal), after
            if after is GONE and before is not GONE:
                self.target.gone_after_refusals.append((case, exchange, session))
            # the name of the last ordinary rename may be shown late
            elif after not in (before, UNSEEN, self.target.last_names.get(session.id)):
                source = origin(self.target, session.id, after)
                if source.source is Source.OTHER and source.exchange is not None:
                    self.target.crossings.append(Crossing(session.id, before, after, source.exchange))
                else:
                    self.target.names_changed_by_refusals.append((case, exchange, before, after))

    def in_doubt(self, exchange: Exchange) -> bool:
        """Whether an answer may be that of somebody's session: nothing is judged by it then."""
        found = self.target.pool.made_up.doubt_of(exchange)
        self.doubt = found or self.doubt
        return found is not None

    def require_ids_tried(self) -> None:
        """Raise NotTested where none of the law's made-up ids was sent, or it is not known how one is answered."""
        if self.doubt is not None:
            raise NotTested(self.doubt)
        if self.withheld is not None and not self.nobodys:
            raise self.target.pool.made_up.untested(self.withheld)

    def answered(self, *statuses: int) -> list[Exchange]:
        """Every exchange of the run so far with one of these statuses, counted as evidence.

        Without those whose odd id may have led past the operation.
        """
        found = [exchange for exchange in self.journal() if exchange.status in statuses]
        for exchange in found:
            self.count(exchange, live=exchange.status == 200)
        return found

    def require_refusal(
        self, case: str, exchange: Exchange, statuses: Sequence[int] | None = None, *, live: bool = True
    ) -> None:
        """Require a 4xx answer that can be a refusal of the request's own fault."""
        if statuses is not None:
            if exchange.status not in statuses:
                self.fail(case, f"status {' or '.join(map(str, statuses))}", exchange)
        elif not 400 <= exchange.status < 500:
            self.fail(case, "a 4xx status: the request is invalid", exchange)
        elif live and exchange.status in {404, 405, 410}:
            self.fail(
                case,
                "a 4xx status that refuses the fault (400 or 422, say): "
                f"{exchange.status} may say as well that there is no such session",
                exchange,
            )

    def require_control_accepted(self, control: Request) -> None:
        """Show that the mended request is accepted, once a test."""
        if control in self._controls:
            return
        exchange = self.send(control, purpose=Purpose.PREPARATION)
        if not self.dialect.succeeded(exchange):
            self._note_refused_rename(exchange)
            raise OrdinaryRenameRefused(
                f"an ordinary rename beside it is not accepted either (status {exchange.status}), "
                "so the refusal proves nothing",
                exchange=exchange,
                aspect=_aspect_of(exchange),
            )
        self.note_accepted(exchange)
        self._controls.add(control)

    def _note_refused_rename(self, exchange: Exchange) -> None:
        """Keep, for the law that valid renames are accepted, one that was refused: a plain title of the run's own.

        What is wrong with another one, as long as is allowed or of odd characters, the laws of names tell.
        """
        name = members(decoded(exchange.request.body)).get(self.dialect.name_member)
        odd = isinstance(name, str) and not names.is_plain(name)
        if exchange.status != 200 and self.contract.nearest is None and not odd:
            self.target.refused_renames.append(exchange)

    def is_told_as_5xx(self, exchange: Exchange) -> bool:
        """Whether an answer with a 5xx status is told by the requirement that there is none."""
        return exchange.status >= 500 and self.target.is_judged(f"{self.dialect.system}.no-server-error")

    # -- looking at answers

    def json(self, exchange: Exchange, case: str) -> object:
        """The answer as JSON. Raises Nonconformance when it is none."""
        assert exchange.answer is not None
        try:
            return exchange.answer.json()
        except NotJsonError as error:
            self.fail(case, f"JSON in UTF-8, but {error}", exchange)

    def expect_answered(self, exchange: Exchange, name: str, case: str) -> None:
        """Require that the answer, where it carries a name, carries this one."""
        if self.dialect.answers_session and exchange.answer is not None:
            # a body that is no JSON is answer-json's to judge
            answered = self.dialect.name_in(members(exchange.answer.value))
            if answered is not None:
                self.seen += 1
                self.expect_equal(name, answered, f"{case}: the name in the answer", exchange, Aspect.ANSWERED)
                self._note_worked(Aspect.ANSWERED, exchange)

    def stored(self, session: Session, name: object, case: str, exchange: Exchange | None = None) -> None:
        """Require that the session, read back, bears this name: at once, or within a second."""
        found = self.settled(lambda: self.name_of(session, exchange), lambda read: read == name)
        with self.shown(session, found):
            self.expect_equal(name, found, f"{case}: the name read back", exchange, Aspect.STORED)
        self.target.read_back += exchange is not None and self.dialect.succeeded(exchange)
        self._note_worked(Aspect.READABLE, exchange)
        self._note_worked(Aspect.STORED, exchange)

    @contextmanager
    def shown(self, session: Session, name: object) -> Iterator[None]:
        """A failure that is concluded within is about this name, which the session was read back with."""
        try:
            yield
        except Nonconformance as failure:
            failure.seen = session.id, name
            raise

    def settled(self, look: Callable[[], T], good: Callable[[T], bool]) -> T:
        """What a reading shows, looked at again for up to a second where it is not good at once."""
        return self.target.patience.settled(look, good)

    def stored_if_readable(self, session: Session, name: object, case: str, exchange: Exchange | None = None) -> None:
        """Require the stored name, where the target lets it be read back; the answer alone must do elsewhere."""
        if self.readable():
            self.seen += 1
            self.stored(session, name, case, exchange)

    def require_name_observed(self) -> None:
        """Raise NotTested when no name was ever seen, in an answer or read back: whether it was kept is not known."""
        self.needs(
            self.seen, "neither the answers nor a read or list endpoint show the name, so what was kept is not seen"
        )

    def read(self, session: Session, exchange: Exchange | None = None) -> Snapshot:
        """The session as it is read back.

        Raises:
            Nonconformance: the session that was there is gone.
            NotTested: the target offers no way to read it back.
        """
        with self._reading(exchange):
            snapshot = self.target.reader.read(session)
        if snapshot is None:
            self.fail_missing(session, "the session read back", "the session to be there still", exchange)
        return snapshot

    def fail_missing(self, session: Session, case: str, expected: str, exchange: Exchange | None) -> NoReturn:
        """Conclude that the requirement is broken, for a session is not there when it is read back."""
        self.missing = session
        self.fail(case, expected, exchange, aspect=Aspect.READABLE)

    def read_all(self, sessions: Sequence[Session], case: str, exchange: Exchange | None) -> dict[str, Snapshot | None]:
        """Several sessions of one kind as they are read back. Raises as `read` does."""
        with self._reading(exchange, f"{case}: "):
            return self.target.reader.read_all(sessions)

    @contextmanager
    def _reading(self, exchange: Exchange | None, case: str = "") -> Iterator[None]:
        """Reading was possible before: a session that has become unreadable was broken by what was sent."""
        try:
            yield
        except Unjudgeable as trouble:
            if trouble.status < 500 or trouble.status in PASSING:
                raise
            expected = f"it to be readable as before, but {trouble}"
            self.fail(f"{case}the session read back", expected, exchange, aspect=Aspect.READABLE)

    def name_of(self, session: Session, exchange: Exchange | None = None) -> object:
        """The name that the session, read back, bears."""
        return self.dialect.name_in(self.read(session, exchange))

    def readable(self) -> bool:
        """Whether the target lets a session be read back."""
        return bool(self.target.reader.way)

    def require_readable(self) -> None:
        """Raises NotTested when the target offers no way to read a session back."""
        if not self.readable():
            self.target.reader.read(self.target.pool.any())

    def expect_equal(
        self,
        expected: object,
        actual: object,
        case: str,
        exchange: Exchange | None = None,
        aspect: Aspect | None = None,
    ) -> None:
        """Require that two values are equal."""
        if not same(expected, actual):
            compared = Compared(plain(expected), plain(actual))
            self.fail(case, shown(expected, self.redacted), exchange, compared, aspect)


def _aspect_of(exchange: Exchange) -> Aspect:
    """In what respect an ordinary rename failed that does not say that it succeeded."""
    return Aspect.ANSWERED if exchange.status == 200 else Aspect.ACCEPTED
