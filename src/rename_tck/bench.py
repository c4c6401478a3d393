"""What a contract test holds in its hands: live sessions, ways to send and compare, and ways to conclude."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any, NoReturn

from rename_tck.catalogue import Catalogue, Requirement
from rename_tck.contract import Contract
from rename_tck.exchange import Exchange, NotJsonError, Request
from rename_tck.interruption import INTERRUPTION
from rename_tck.provision import Snapshot
from rename_tck.systems.dialect import Dialect, Session, members
from rename_tck.target import Target
from rename_tck.verdict import Compared, Evidence, Nonconformance, NotTested, Unjudgeable


@dataclass(repr=False)
class Bench:
    """One test's view of its target. Its methods count the evidence."""

    target: Target
    requirement: Requirement | None
    edition: str | None = None
    #: What the generated cases of this test are drawn by.
    seed: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    #: How many names were seen, in answers or read back.
    seen: int = 0
    _twins: set[Request] = field(default_factory=set)

    # -- what there is

    @property
    def dialect(self) -> Dialect:
        """The system's dialect."""
        return self.target.dialect

    @property
    def catalogue(self) -> Catalogue:
        """What is required, and asked, of the system."""
        return Catalogue.load(self.dialect.system)

    @property
    def contract(self) -> Contract:
        """The document of the edition that this test judges by; of the first chosen one where the test has none."""
        return self.target.contracts[self.edition or next(iter(self.target.contracts))]

    def session(self, kind: str | None = None) -> Session:
        """A live session of one kind. Raises NotTested when there is none."""
        return self.target.pool.take(1, kind)[0]

    def sessions(self, count: int, kind: str | None = None) -> list[Session]:
        """Several live sessions of one kind. Raises NotTested when there are fewer."""
        return self.target.pool.take(count, kind)

    def one_of_each_kind(self) -> list[Session]:
        """A live session of each kind that can be had; the default kind first."""
        found = []
        for kind in self.dialect.kinds:
            try:
                found.append(self.session(kind))
            except NotTested:
                continue
        return found or [self.target.pool.any()]

    def some_session(self) -> Session:
        """A live session of the default kind, or of another one where that cannot be had."""
        try:
            return self.session()
        except NotTested:
            return self.target.pool.any()

    def name(self) -> str:
        """A name never used before."""
        return self.target.fresh_name()

    # -- requests

    def body(self, session: Session, name: str | None = None, /, **other: object) -> dict[str, object]:
        """The body of an ordinary rename, with other members set."""
        return {**self.dialect.body(session, self.name() if name is None else name), **other}

    def rename(self, session: Session, name: str) -> Request:
        """An ordinary rename."""
        return self.dialect.rename(session, self.dialect.body(session, name))

    # -- sending

    def send(self, request: Request, *, live: bool = True) -> Exchange:
        """Send one case and count it; `live` says that it addresses a session that exists.

        Raises:
            Nonconformance: the target broke off this request, twice, while it answers others.
            Unjudgeable: no answer came, for a reason that may not be the request's.
        """
        return self.count(self._exchange(request), live=live)

    def once(self, request: Request, *, live: bool = True) -> Exchange:
        """The exchange of a request that the run has sent already, to the letter; else send it."""
        found = self.target.exchanged(request)
        return self.send(request, live=live) if found is None else self.count(found, live=live)

    def count(self, exchange: Exchange, *, live: bool = True) -> Exchange:
        """Count an exchange as evidence."""
        self.evidence.sent += 1
        self.evidence.live += live
        if 400 <= exchange.status < 500:
            self.evidence.refused += 1
        return exchange

    def at_once(self, *requests: Request) -> list[Exchange]:
        """Send requests to live sessions so that they are in flight at the same time; the exchanges in their order."""
        start = Barrier(len(requests))

        def one(request: Request) -> Exchange:
            start.wait(timeout=30)
            return self.target.sut.send(request)

        with INTERRUPTION.held():  # one that waits for another that is never started would hold up the end of the run
            results = self.target.crew.map(one, requests)
        exchanges = list(results)
        for exchange in exchanges:
            self.target.sut.journal.append(exchange)
            self.evidence.sent += 1
            self.evidence.live += 1
            if exchange.answer is None:
                raise Unjudgeable(
                    f"one of {len(requests)} requests at once got no answer: {exchange.trouble}", exchange
                )
        return exchanges

    def keep_or_refuse(self, session: Session, request: Request, name: str, case: str) -> bool:
        """Require that a name is kept exactly or refused with a 4xx status; whether it was kept."""
        exchange = self.send(request)
        if 400 <= exchange.status < 500 and exchange.status not in {404, 405, 410}:
            return False
        if exchange.status != 200:
            self.fail(case, "status 200, or a 4xx status that refuses the name", exchange)
        self.target.accepted += 1
        self.expect_answered(exchange, name, case)
        self.stored_if_readable(session, name, case, exchange)
        return True

    def _exchange(self, request: Request) -> Exchange:
        exchange = self.target.sut.send(request)
        self.target.sut.journal.append(exchange)
        if exchange.answer is not None:
            return exchange
        trouble = exchange.trouble or "no answer came"
        if trouble.startswith("no complete answer"):
            raise Unjudgeable(f"{trouble} to {request.method} {self.redacted(request.path)[:80]}", exchange)
        control = self.target.sut.send(self.rename(self.target.pool.any(), self.name()))
        if control.answer is None:
            raise Unjudgeable(f"the target no longer answers: {trouble}", exchange)
        raise Nonconformance(
            f"a request that is not answered, twice over fresh connections, while others are ({trouble})",
            "an HTTP answer",
            exchange,
        )

    def accept(self, request: Request, case: str) -> Exchange:
        """Send a valid request to a live session and require status 200.

        Raises:
            Nonconformance: it was not accepted.
        """
        exchange = self.send(request)
        if exchange.status != 200:
            self.fail(case, "status 200: the request is valid", exchange)
        self.target.accepted += self.dialect.succeeded(exchange)
        return exchange

    def give(self, session: Session, name: str, case: str) -> Exchange:
        """Rename a session, and require that it is accepted and that the answer, where it carries the name, has it."""
        exchange = self.accept(self.rename(session, name), case)
        self.expect_answered(exchange, name, case)
        return exchange

    def prepare(self, session: Session) -> object:
        """Give the session a name of the run's own before it is put to the test; the name that it bears then.

        Raises NotTested when not even that is accepted: what comes after would prove nothing.
        """
        name = self.name()
        exchange = self.send(self.rename(session, name))
        if not self.dialect.succeeded(exchange):
            raise NotTested(f"the ordinary rename before it is not accepted (status {exchange.status})")
        self.target.accepted += 1
        return self.name_of(session, exchange) if self.readable() else name

    def refuse(
        self, case: str, faulty: Request, twin: Request, *, statuses: Sequence[int] | None = None, live: bool = True
    ) -> Exchange:
        """Send a request that the contract calls invalid and require that it is refused for its fault.

        `twin` is the same request with the one fault mended: it must be accepted, else the refusal proves nothing. A
        404 to a session that exists is no refusal of the fault. `statuses` are those that the document demands.

        Raises:
            Nonconformance: it was not refused, or not as the document says.
            NotTested: the twin was not accepted either.
        """
        exchange = self.send(faulty, live=live)
        self.require_refusal(case, exchange, statuses, live=live)
        self.prove(twin)
        return exchange

    def answered(self, *statuses: int) -> list[Exchange]:
        """Every exchange of the run so far with one of these statuses, counted as evidence.

        Without those whose odd id may have led past the operation.
        """
        found = [
            exchange
            for exchange in self.target.sut.journal
            if exchange.status in statuses and exchange.request.path not in self.target.astray
        ]
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
                "a 4xx status that refuses the fault (400 or 422, say): the session exists, so "
                f"{exchange.status} is no proof that the fault was noticed",
                exchange,
            )

    def prove(self, twin: Request) -> None:
        """Show that the mended request is accepted, once a test."""
        if twin in self._twins:
            return
        exchange = self.send(twin)
        if not self.dialect.succeeded(exchange):
            raise NotTested(
                f"the same request with the fault mended is not accepted either (status {exchange.status}), "
                "so the refusal proves nothing"
            )
        self.target.accepted += 1
        self._twins.add(twin)

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
                self.expect_equal(name, answered, f"{case}: the name in the answer", exchange)

    def stored(self, session: Session, name: object, case: str, exchange: Exchange | None = None) -> None:
        """Require that the session, read back, bears this name."""
        self.expect_equal(name, self.name_of(session, exchange), f"{case}: the name read back", exchange)

    def stored_if_readable(self, session: Session, name: object, case: str, exchange: Exchange | None = None) -> None:
        """Require the stored name, where the target lets it be read back; the answer alone must do elsewhere."""
        if self.readable():
            self.seen += 1
            self.stored(session, name, case, exchange)

    def needs_sight(self) -> None:
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
            snapshot = self.target.pool.read(session)
        if snapshot is None:
            self.fail("the session read back", "the session to be there still", exchange)
        return snapshot

    def read_all(self, sessions: Sequence[Session], case: str, exchange: Exchange | None) -> dict[str, Snapshot | None]:
        """Several sessions of one kind as they are read back. Raises as `read` does."""
        with self._reading(exchange, f"{case}: "):
            return self.target.pool.read_all(sessions)

    @contextmanager
    def _reading(self, exchange: Exchange | None, case: str = "") -> Iterator[None]:
        """Reading was possible before: a session that has become unreadable was broken by what was sent."""
        try:
            yield
        except Unjudgeable as trouble:
            if trouble.exchange is None or trouble.exchange.status < 500:
                raise
            self.fail(f"{case}the session read back", f"it to be readable as before, but {trouble}", exchange)

    def name_of(self, session: Session, exchange: Exchange | None = None) -> object:
        """The name that the session, read back, bears."""
        return self.dialect.name_in(self.read(session, exchange))

    def readable(self) -> bool:
        """Whether the target lets a session be read back."""
        return bool(self.target.pool.readback)

    def require_readable(self) -> None:
        """Raises NotTested when the target offers no way to read a session back."""
        if not self.readable():
            self.target.pool.read(self.target.pool.any())

    def expect_equal(self, expected: object, actual: object, case: str, exchange: Exchange | None = None) -> None:
        """Require that two values are equal."""
        if expected != actual or type(expected) is not type(actual):
            self.fail(
                case, _shown(self.redacted(_json(expected))), exchange, Compared(_plain(expected), _plain(actual))
            )

    # -- concluding

    def fail(
        self, case: str, expected: str, exchange: Exchange | None = None, compared: Compared | None = None
    ) -> NoReturn:
        """Conclude that the requirement is broken."""
        raise Nonconformance(self.redacted(case), self.redacted(expected), exchange, compared)

    def redacted(self, text: str) -> str:
        """A text that the target had a part in, without secrets: to be asked for before the text is cut."""
        return self.target.sut.connection.redact(text)

    def needs(self, condition: object, reason: str) -> None:
        """Raise NotTested with this reason unless the condition holds."""
        if not condition:
            raise NotTested(reason)

    def shared(self, key: str, make: Callable[[], Any]) -> Any:
        """A value that several tests of the target judge, made once.

        What kept it from being made keeps it from every one of them.
        """
        cache = self.target.cache
        if key not in cache:
            try:
                cache[key] = make()
            except (Nonconformance, NotTested, Unjudgeable) as trouble:
                cache[key] = trouble
        if isinstance(cache[key], Exception):
            raise cache[key]
        return cache[key]


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _shown(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:100]}… ({len(text)} characters)"
