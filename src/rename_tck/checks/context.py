"""What a contract test holds in its hands: ways to require that a rename is accepted, or refused, and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rename_tck.cases import json_spellings, names, scopes
from rename_tck.cases.client_forms import FORMS, ClientForm, of_case
from rename_tck.cases.odd_requests import OddRequest
from rename_tck.checks.refusal_reader import RefusalReader
from rename_tck.checks.refusals import UNSEEN
from rename_tck.client.exchange import Exchange, Request, decoded
from rename_tck.client.journal import Purpose
from rename_tck.results.nonconformance import Nonconformance, OrdinaryRenameRefused
from rename_tck.systems.dialect import Session, members
from rename_tck.target.names_sent import Source, origin
from rename_tck.target.target import Crossing
from rename_tck.verdict import Aspect, NotTested

T = TypeVar("T")

#: So many requests ago a rename was accepted lately, and a while ago.
_LATELY, _A_WHILE_AGO = 15, 60


@dataclass(repr=False)
class CheckContext(RefusalReader):
    """One test's view of its target."""

    #: Ordinary renames of the law of which such a one was accepted; and those that it holds its cases against.
    _controls: set[Request] = field(default_factory=set)
    _control_of: dict[str, Request] = field(default_factory=dict)

    # -- requiring

    def keep_or_refuse(self, session: Session, request: Request, name: str, case: str) -> bool:
        """Require that a name is stored exactly or refused with a 4xx status; whether it was kept."""
        before = self.name_before(session)
        exchange = self.send(request)
        if 400 <= exchange.status < 500:
            self.note_refusal(session, before, case, exchange)
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
        self.settle_before(request)
        exchange = self.send(request)
        if exchange.status != 200:
            self.fail(case, "status 200: the request is valid", exchange)
        self.note_accepted(exchange)
        return exchange

    def note_accepted(self, exchange: Exchange) -> None:
        """Count a rename that succeeded: without any nothing that passes proves anything."""
        if self.dialect.succeeded(exchange):
            self.target.accepted += 1
            self.note_worked(Aspect.ACCEPTED, exchange)
            session = self.target.session_at(exchange.request.path)
            body = members(decoded(exchange.request.body))
            if session is not None and self.dialect.asks_for_name(body):
                self.target.last_names[session.id] = body.get(self.dialect.name_member)

    def rename_and_expect(self, session: Session, name: str, case: str) -> Exchange:
        """Rename a session, and require that it is accepted and that the answer, where it carries the name, has it."""
        exchange = self.accept(self.rename(session, name), case)
        self.expect_answered(exchange, name, case)
        return exchange

    def prepare(self, session: Session) -> object:
        """Give the session a name of the run's own before it is put to the test; the name that it bears then.

        Raises NotTested when not even that is accepted: what comes after would prove nothing. While nothing but refused
        requests was sent to it since, the name that it got then is the one that it bears; so is one that was accepted a
        moment ago.
        """
        expected = self.refusals.expected(session)
        if expected is not UNSEEN:
            return expected
        if self._was_accepted(self.rename(session, self.name()), since=_A_WHILE_AGO):
            expected = self.granted_name(session)
        if expected is not UNSEEN:
            return expected
        name = self.name()
        exchange = self.send(self.rename(session, name), purpose=Purpose.PREPARATION)
        if not self.dialect.succeeded(exchange):
            self._note_refused_rename(exchange)
            why = f"the ordinary rename before it is not accepted (status {exchange.status})"
            raise OrdinaryRenameRefused(why, exchange=exchange, aspect=_aspect_of(exchange))
        self.note_accepted(exchange)
        if not self.readable():
            return name
        self.granted.discard(session.id)
        found = self.settled(lambda: self.name_of(session, exchange), lambda read: read == name)
        if found != name:
            why = "the ordinary rename before it is accepted, and the session read back has another name"
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
        self.require_control_accepted(control)
        session = self.target.session_at(faulty.path) if live else None
        before = self.name_before(session)
        exchange = self.send_in_form(
            case, faulty, lambda sent: self.require_refusal(case, sent, statuses, live=live), control=control, live=live
        )
        self.note_refusal(session, before, case, exchange)
        return exchange

    def send_in_form(
        self,
        case: str,
        request: Request,
        judge: Callable[[Exchange], None],
        *,
        forms: tuple[ClientForm, ...] = FORMS,
        control: Request | None = None,
        live: bool = True,
    ) -> Exchange:
        """Send what is to be refused as some client would, and judge it; as the suite does where that goes wrong.

        So refusals are tried in every form and every spelling at no cost, and a failure says whether these do it. What
        is done to the `control` in that form, too, is told where forms are judged. Raises Nonconformance.
        """
        if self.replay_case is not None and self.replay_case.plain:
            return self._send_plain(request, judge, live=live)
        odd = self._odd(case, request, forms)
        exchange = self.send(odd.applied(request), live=live)
        if exchange.status in odd.form.refusable:
            self.target.refused_for_form.append(exchange)
            return self._send_plain(request, judge, live=live)  # refused for the form, which proves nothing
        try:
            judge(exchange)
        except Nonconformance as failure:
            plain = self._send_plain(request, judge, live=live)
            if control is not None and not self.dialect.succeeded(self.send_beside(odd.applied(control))):
                return plain
            try:
                judge(self.send(odd.applied(request), live=live))
            except Nonconformance:
                words = self._least(odd, request, judge, live=live).words
            else:
                raise failure from None  # it comes and goes, whatever the form
            failure.case = f"{case}, with {words}"
            failure.after = f"It fails only with {words}; without it the same request is refused."
            raise
        self.target.note_like(request, exchange)
        return exchange

    def _odd(self, case: str, request: Request, forms: tuple[ClientForm, ...]) -> OddRequest:
        """How a request is sent that is to be refused: its form, its spelling, and what its query names besides."""
        query: tuple[tuple[str, str], ...] | None = None
        scope = scopes.of_case(self.lot, case, self.system_cases.scopes)
        session = None if scope == scopes.PLAIN else self.target.session_at(request.path)
        if session is not None and request.query == self.dialect.query(session):
            storage = self.target.pool.storage.of(session) if scope.names_database else None
            if scope.fits(self.dialect, session, storage):
                query = scope.query(self.dialect, session, storage)
        return OddRequest(
            of_case(self.lot, case, request, forms),
            json_spellings.of_case(self.lot, case, request.body),
            scope if query is not None else scopes.PLAIN,
            request.query if query is None else query,
        )

    def _least(self, odd: OddRequest, request: Request, judge: Callable[[Exchange], None], *, live: bool) -> OddRequest:
        """What it takes of the oddities of a request that is not refused with them, and is without."""
        for fewer in odd.fewer(request):
            try:
                judge(self.send(fewer.applied(request), live=live))
            except Nonconformance:
                return self._least(fewer, request, judge, live=live)
        return odd

    def _send_plain(self, request: Request, judge: Callable[[Exchange], None], *, live: bool) -> Exchange:
        """Send a request as the suite itself does, and judge it. Raises Nonconformance."""
        exchange = self.send(request, live=live)
        try:
            judge(exchange)
        except Nonconformance as failure:
            if failure.replay_data is not None:
                failure.replay_data.plain = True
            raise
        return exchange

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

    def looks_back_alone(self) -> bool:
        """Whether a law that looks back sends nothing for it, but a replay case's request. Raises as `resend`."""
        return self.resend() or self.selector.looks_back

    def answered(self, *statuses: int) -> list[Exchange]:
        """Every exchange of the run so far with one of these statuses, counted as evidence.

        Without those whose odd id, or query that is none, may have led past the operation.
        """
        found = [one for one in self.journal() if one.status in statuses and not one.request.wire.raw_query]
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

    def control_of(self, session: Session) -> Request:
        """An ordinary rename of a session, the same one for all cases of a law that are held against it."""
        return self._control_of.setdefault(session.id, self.rename(session, self.name()))

    def require_control_accepted(self, control: Request) -> None:
        """Show that the mended request is accepted: once a test, unless such a one was accepted just before."""
        if control in self._controls:
            return
        if self._was_accepted(control):
            self._controls.add(control)
            self.target.accepted = max(1, self.target.accepted)  # it may have been sent beside a case
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

    def _was_accepted(self, control: Request, since: int = _LATELY) -> bool:
        """Whether such a request was accepted among the last few."""
        found = self.target.exchanged(control)
        recent = found is not None and found.number > len(self.target.client.journal) - since
        return recent and found is not None and self.dialect.succeeded(found.exchange)

    def _note_refused_rename(self, exchange: Exchange) -> None:
        """Keep, for the law that valid renames are accepted, one that was refused: a plain title of the run's own.

        What is wrong with another one, as long as is allowed or of odd characters, the laws of names tell.
        """
        self.forget(exchange)
        name = self.dialect.name_asked(exchange.request)
        odd = isinstance(name, str) and not names.is_plain(name)
        if exchange.status != 200 and self.contract.nearest is None and not odd:
            self.target.refused_renames.append(exchange)

    def is_told_as_5xx(self, exchange: Exchange) -> bool:
        """Whether an answer with a 5xx status is told by the requirement that there is none."""
        return exchange.status >= 500 and self.target.is_judged(f"{self.dialect.system}.no-server-error")


def _aspect_of(exchange: Exchange) -> Aspect:
    """In what respect an ordinary rename failed that does not say that it succeeded."""
    return Aspect.ANSWERED if exchange.status == 200 else Aspect.ACCEPTED
