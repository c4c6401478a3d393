"""How a contract test looks at its target: at answers, and at sessions as they are read back; and how it compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from rename_tck.checks.case_sender import CaseSender
from rename_tck.checks.comparison import same
from rename_tck.client.exchange import Exchange, NotJsonError, plain, shown
from rename_tck.client.waiting import PASSING
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Aspect, Compared, Unjudgeable

T = TypeVar("T")


@dataclass(repr=False)
class CaseReader(CaseSender):
    """One test's view of what its target shows."""

    #: A session that was not there when it was read back: why the law has failed last.
    missing: Session | None = None

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
                self.note_worked(Aspect.ANSWERED, exchange)

    def note_worked(self, aspect: Aspect, exchange: Exchange | None) -> None:
        """Keep that an ordinary rename has worked in a respect, for sessions of this kind."""
        session = self.target.session_at(exchange.request.path) if exchange is not None else None
        if session is not None:
            self.target.worked.add((aspect, session.kind))
            self.target.renamed.add(session.id)

    def stored(self, session: Session, name: object, case: str, exchange: Exchange | None = None) -> None:
        """Require that the session, read back, bears this name: at once, or within a second."""
        found = self.settled(lambda: self.name_of(session, exchange), lambda read: read == name)
        with self.shown(session, found):
            self.expect_equal(name, found, f"{case}: the name read back", exchange, Aspect.STORED)
        self.target.read_back += exchange is not None and self.dialect.succeeded(exchange)
        self.note_worked(Aspect.READABLE, exchange)
        self.note_worked(Aspect.STORED, exchange)

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
            self.seen, "neither the answers nor a read or list endpoint show the name, so what was stored is not seen"
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

    def read_some(self, sessions: Sequence[Session], case: str, exchange: Exchange) -> dict[str, Snapshot | None]:
        """The same, over the listing, which may show less of a session. Raises as `read` does."""
        with self._reading(exchange, f"{case}: "):
            return self.target.reader.read_some(sessions)

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
