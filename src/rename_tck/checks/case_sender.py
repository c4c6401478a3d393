"""A contract test's way to its target: live sessions, requests, sending them, and concluding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier
from typing import Any, NoReturn, Self, TypeVar

from rename_tck import in_flight
from rename_tck.cases.dimensions import by_lot
from rename_tck.cases.ids import OddId
from rename_tck.checks import asked_to_wait
from rename_tck.checks.case_selector import CaseSelector
from rename_tck.checks.replay_case import ReplayCase, made_anew, replay_data
from rename_tck.checks.target_view import TargetView
from rename_tck.client.exchange import Exchange, Request, Trouble, decoded
from rename_tck.client.journal import Entry, Purpose
from rename_tck.interruption import INTERRUPTION
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members
from rename_tck.target.session_creation import making_of
from rename_tck.verdict import Aspect, Compared, Evidence, NotTested, Unjudgeable

T = TypeVar("T")

#: What the listing showed so many requests ago holds for a law that begins.
_RECENT = 100

#: In the place of what several tests judge, while one of them makes it.
_BEING_MADE = object()

#: Characters of a case, which says in its last words where it failed.
_LONGEST_CASE = 1000


@dataclass(repr=False)
class CaseSender(TargetView):
    """One test's way to its target. What it sends counts as evidence."""

    #: What the generated cases of this test are drawn by.
    seed: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    #: How many names were seen, in answers or read back.
    seen: int = 0
    #: Why it is not known how one of the law's made-up ids is answered: the last reason of several.
    doubt: str | None = None
    #: The same of one that was not sent; and how many were seen to be nobody's.
    withheld: str | None = None
    nobodys: int = 0
    #: What the law has met with and another requirement tells, while it goes on with other cases: the first of it.
    told_elsewhere: NotTested | None = None
    _asked_since: int | None = None
    #: Which of the law's cases are tried, and which one is.
    selector: CaseSelector = field(default_factory=CaseSelector)
    #: The case of an earlier run that alone is to be tried.
    replay_case: ReplayCase | None = None
    #: Whose evidence was added to the test's own; and which exchanges were counted.
    added: set[int] = field(default_factory=set)
    _counted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        # a replay case is judged by what was sent for it, not by what came before
        self._since = len(self.target.client.journal) if self.replay_case is not None else 0

    # -- what is tried

    def cases(self, items: Iterable[T]) -> Iterator[T]:
        """The cases of a law, one after the other; of a replay case's law just that one.

        Every loop whose cases can be tried one without the others goes through here, so that a failure knows its case.
        Where the order is the case, as in a series of renames, the loop is tried as a whole.
        """
        return self.selector.select(items)

    def each(self, items: Iterable[T], kind: Callable[[T], str] = lambda _: "") -> Iterator[T]:
        """What a law looks back on (answers, steps of a series), one after the other: all of it is judged.

        As `cases`, but for what cannot be sent again by its key: a replay case's law is given all of it. `kind` names
        the class of one, where what is wrong with it does not say enough.
        """
        return self.selector.look_back(items, kind)

    def entries(self) -> list[Entry]:
        """Every answered request of the operation in the run so far, with what it was for; of a replay case its own.

        Without those after which the target had stopped working, for good or for a moment, and without putting back.
        """
        stopped = self.target.stopped
        return [
            entry
            for entry in self.target.client.journal.renames(self._since)
            if entry.exchange.answer is not None
            and entry.purpose is not Purpose.CLEANUP
            and not self.off_route(entry.exchange)
            and self.target.pool.made_up.doubt_of(entry.exchange) is None
            and (stopped is None or entry.number < stopped.number)
            and not self.target.is_in_an_outage(entry.number)
        ]

    def journal(self) -> list[Exchange]:
        """The exchanges of `entries`."""
        return [entry.exchange for entry in self.entries()]

    def off_route(self, exchange: Exchange) -> bool:
        """Whether the answer may be that of another path than the operation's: nothing is judged by it then.

        A gateway may resolve an odd id before the operation is found. An answer that carries the name that was sent is
        the operation's own all the same.
        """
        if exchange.request.path not in self.target.off_route_paths or exchange.answer is None:
            return False
        sent = self.dialect.name_asked(exchange.request)
        return not isinstance(sent, str) or self.dialect.name_in(members(exchange.answer.value)) != sent

    def resend(self) -> bool:
        """Send the replay case's request again, where there is one for a law that looks back; whether that was done.

        Raises:
            NotTested: it cannot be made anew for this run's sessions.
        """
        if self.replay_case is None or not self.selector.narrowed or not self.replay_case.request_again:
            return False
        request, live = made_anew(self.replay_case.request_again, self.target)
        self.send(request, live=live)
        return True

    # -- in flight

    def together(self, parts: Sequence[Callable[[Self], T]]) -> list[T]:
        """Do parts about sessions of their own in flight together, each with its own view; what each returns."""
        acts = []
        for part in parts:
            view = copy(self)
            view.selector = self.selector.copied()
            acts.append(partial(part, view))
        return self.target.client.together(acts)

    # -- what is drawn by lot

    @property
    def lot(self) -> str:
        """What it is drawn by how a case is sent, and to which session: of a replay case as in the run that kept it."""
        kept = None if self.replay_case is None else self.replay_case.lot
        return kept or self.target.token

    def session_for(self, case: str) -> Session:
        """A live session for a case for which any will do: of one kind or another, for the same case the same one.

        Which kind that is differs from seed to seed. Kinds of which no rename is accepted are left out.
        """
        kinds = {session.kind: session for session in self.one_of_each_kind()}
        found = [one for kind, one in kinds.items() if (Aspect.ACCEPTED, kind) not in self.target.causes]
        return found[by_lot(self.lot, case, len(found))] if found else self.some_session()

    # -- ids that are no session's

    def unknown_session(self, label: object, kind: str | None = None, *, shared: bool = False) -> Session:
        """A session that does not exist, under an id made up for this run; `label` tells it from others of the law.

        `shared` says that several laws look at what becomes of the same id. Raises NotTested where a session has each
        id that was thought of.
        """
        about = "shared" if shared else self.requirement.id if self.requirement is not None else None
        live = self.some_session()
        made_up = self.target.pool.made_up.unknown(f"{about}/{label}")
        self.nobodys += 1
        return Session(made_up, live.origin, kind or live.kind, live.owner)

    def looked(self) -> int:
        """Since when a look at whose ids are whose will do for this law: what was listed long ago may have changed."""
        if self._asked_since is None:
            self._asked_since = max(0, len(self.target.client.journal) - _RECENT)
        return self._asked_since

    def is_nobodys(self, odd: OddId, live: Session | None = None) -> bool:
        """Whether it was seen that no session has this id, so that it may be sent; kept with its reason where not.

        `live` is the session of the run that the id is near to.
        """
        made_up, about = self.target.pool.made_up, self.requirement.id if self.requirement is not None else "errors"
        if (why := made_up.why_not(odd, live, since=self.looked())) is not None:
            self.withheld, self.doubt = why, made_up.doubts.get(odd.encoded, self.doubt)
            made_up.withhold(about, why)
        self.nobodys += why is None
        return why is None

    def may_send(self, request: Request, odd: OddId) -> bool:
        """Whether `once` may send a request to a made-up id: it has done so already, or it is seen to be nobody's."""
        if self.was_sent(request):
            self.nobodys += 1
            return True
        return self.is_nobodys(odd)

    # -- requests

    def body(self, session: Session, name: str | None = None, /, **other: object) -> dict[str, object]:
        """The body of an ordinary rename, with other members set."""
        return {**self.dialect.body(session, self.name() if name is None else name), **other}

    def rename(self, session: Session, name: str) -> Request:
        """An ordinary rename."""
        return self.dialect.rename(session, self.dialect.body(session, name))

    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        """The dialect's faulty requests, but for those that the user's own document allows."""
        return [(case, request) for case, request in self.system_cases.faulty(session, name) if not self.lifts(request)]

    def allows(self, body: object) -> bool:
        """Whether a body that is valid by the vendored document is so by the user's own, where there is one."""
        return not any(contract.forbidden(body) for contract in self.target.contracts.values())

    def lifts(self, request: Request) -> bool:
        """Whether the user's own document allows a request that the vendored one forbids."""
        return self.contract.nearest is not None and self.contract.lifted(decoded(request.body))

    # -- sending

    def send(self, request: Request, *, live: bool = True, purpose: Purpose = Purpose.CASE) -> Exchange:
        """Send one case and count it; `live` says that it addresses a session that exists.

        Raises:
            Nonconformance: the target broke off this request, twice, while it answers others.
            Unjudgeable: no answer came, for a reason that may not be the request's.
        """
        if purpose is Purpose.PREPARATION:
            self.settle_before(request)
        exchange = self._exchange(request, purpose)
        self._forget_refusals(exchange)
        return self.count(exchange, live=live)

    def settle_before(self, request: Request) -> None:
        """See to what is to be looked at before a session is renamed."""

    def _forget_refusals(self, exchange: Exchange) -> None:
        """Take notice of a request that may have renamed a session."""

    def gather(self, request: Request, *, live: bool = True) -> Exchange:
        """Send what several laws look back on. That no answer comes is told where it is sent as a case of its own."""
        number = len(self.target.client.journal)
        try:
            return self.send(request, live=live)
        except (Nonconformance, Unjudgeable):
            sent = (entry.exchange for entry in reversed(self.target.client.journal.since(number)))
            found = next((exchange for exchange in sent if exchange.request == request), None)
            if found is None:
                raise  # it was not sent
            return found

    def once(self, request: Request, *, live: bool = True, gathered: bool = False) -> Exchange:
        """The exchange of such a request that the run has sent already; else, and after a 5xx, send it.

        `gathered` says that several laws look back on it, as on what `gather` sends.
        """
        found = self.target.exchanged(request)
        if found is None or found.exchange.status >= 500:
            return self.gather(request, live=live) if gathered else self.send(request, live=live)
        return self.count(found.exchange, live=live)

    def was_sent(self, request: Request) -> bool:
        """Whether `once` has its exchange already."""
        return self.target.exchanged(request) is not None

    def count(self, exchange: Exchange, *, live: bool = True) -> Exchange:
        """Count an exchange as evidence, once however often a law that is run again looks at it."""
        if id(exchange) in self._counted:
            return exchange
        self._counted.add(id(exchange))
        self.evidence.sent += 1
        self.evidence.live += live
        if 400 <= exchange.status < 500:
            self.evidence.refused += 1
        return exchange

    def at_once(self, *requests: Request, beside: Sequence[Callable[[], object]] = ()) -> list[Exchange]:
        """Send requests to live sessions so that they are in flight at the same time; the exchanges in their order.

        `beside` is done in the same moment, and raises nothing.
        """
        start = Barrier(len(requests) + len(beside))

        def one(act: Callable[[], Exchange] | Callable[[], object]) -> object:
            start.wait(timeout=30)
            return act()

        number = len(self.target.client.journal)
        acts = [*(partial(self._to_client, request, Purpose.CASE) for request in requests), *beside]
        with INTERRUPTION.held():  # one that waits for another that is never started would hold up the end of the run
            results = list(self.target.client.executor.map(one, acts))
        exchanges = [result for result in results[: len(requests)] if isinstance(result, Exchange)]
        self.target.at_once.update(entry.exchange.request for entry in self.target.client.journal.since(number))
        for exchange in exchanges:
            self.evidence.sent += 1
            self.evidence.live += 1
            if exchange.answer is None:
                raise Unjudgeable(f"one of {len(requests)} requests at once got no answer: {exchange.trouble}")
        return exchanges

    def _to_client(self, request: Request, purpose: Purpose, patience: float | None = None) -> Exchange:
        about = self.requirement.id if self.requirement is not None else None
        return self.target.client.send(request, purpose, about, self.selector.keys, patience=patience)

    def _exchange(self, request: Request, purpose: Purpose) -> Exchange:
        exchange = asked_to_wait.sent(self.target, self._to_client, request, purpose)
        if exchange.answer is not None:
            return exchange
        trouble = exchange.trouble or "no answer came"
        if exchange.trouble_kind is Trouble.TIMEOUT:
            raise Unjudgeable(f"{trouble} to {request.method} {self.excerpt(request.path, 80)}")
        if self._is_answered_beside(request):
            tried = f"{' / '.join(self.selector.kind) or 'a rename'}{self._named(request)}"
            case = f"{tried}: the request is not answered, while an ordinary rename after it is ({trouble})"
            self.fail(case, "an HTTP answer", exchange)
        raise Unjudgeable(f"the target no longer answers: {trouble}")

    def _is_answered_beside(self, request: Request) -> bool:
        """Whether an ordinary rename is answered: of the same session, for others bear names that are looked at yet."""
        addressed, other = self.target.session_at(request.path), self.target.pool.any()
        sessions = [addressed, other] if addressed != other else [other]
        sent = (self._to_client(self.rename(one, self.name()), Purpose.CONTROL) for one in sessions if one is not None)
        return any(control.answer is not None for control in sent)

    def _named(self, request: Request) -> str:
        name = self.dialect.name_asked(request)
        return f", the name {self.excerpt(name, 60)!r}" if isinstance(name, str) else ""

    def send_beside(self, request: Request) -> Exchange:
        """Send a control: it counts as no evidence, whatever becomes of it."""
        return self._to_client(request, Purpose.CONTROL)

    # -- concluding

    def fail(
        self,
        case: str,
        expected: str,
        exchange: Exchange | None = None,
        compared: Compared | None = None,
        aspect: Aspect | None = None,
        *,
        kind: str = "",
    ) -> NoReturn:
        """Conclude that the requirement is broken.

        `aspect` says in what respect. Where it is not given, a request that was not answered with 2xx was not accepted.
        `kind` names the class of the case, where its words would tell one fault from itself.
        """
        attempt = replay_data(self.selector.keys, exchange, self.target, self.lot)
        if aspect is None:
            aspect = self._aspect_of(exchange)
        said = self.excerpt(case, _LONGEST_CASE), self.excerpt(expected)
        found = Nonconformance(*said, exchange, compared, attempt, aspect, kind)
        found.made = self._to_be_made(exchange)
        found.after = self.target.pool.made_up.done_by(exchange)
        raise found

    def _aspect_of(self, exchange: Exchange | None) -> Aspect:
        """In what respect a request failed of which nothing else is said; `false` is an answer that says no."""
        if exchange is None or self.dialect.succeeded(exchange):
            return Aspect.OTHER
        return Aspect.ANSWERED if 200 <= exchange.status < 300 else Aspect.ACCEPTED

    def _to_be_made(self, exchange: Exchange | None) -> tuple[Exchange, str] | None:
        """How the session that a failing exchange is about is to be made to see it fail again; None: it stays."""
        return None if self.target.pool.keep_failed else self.making_of(exchange)

    def making_of(self, exchange: Exchange | None) -> tuple[Exchange, str] | None:
        """How the session that an exchange is about was made, and its id; None where the run has not made it."""
        return making_of(self.target.pool.of_the_run, exchange)

    def needs(self, condition: object, reason: str) -> None:
        """Raise NotTested with this reason unless the condition holds."""
        if not condition:
            raise NotTested(reason)

    def shared(self, key: str, make: Callable[[], Any]) -> Any:
        """A value that several tests of the target judge, made once.

        What kept it from being made keeps it from every one of them.
        """
        cache = self.target.cache
        while cache.get(key) is _BEING_MADE:
            with in_flight.away():
                pass  # another in flight makes it
        if key not in cache:
            cache[key] = _BEING_MADE
            try:
                cache[key] = make()
            except (Nonconformance, NotTested) as trouble:
                cache[key] = trouble
            except BaseException:
                del cache[key]  # what else kept it from being made may have passed by the next time
                raise
        if isinstance(cache[key], Exception):
            raise cache[key]
        return cache[key]
