"""Whose a failure is that a case has met with and another requirement tells, once for all cases that meet with it.

A name that was sent for another session, a refusal that was carried out, an ordinary rename that fails now and then,
an input that is not answered at all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from rename_tck.checks import controls, stopping
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Credential, Exchange, Request, decoded
from rename_tck.client.journal import Entry, Purpose
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members
from rename_tck.target import settling
from rename_tck.target.names_sent import Origin, Source, origin
from rename_tck.target.target import Crossing
from rename_tck.verdict import Aspect, Gap, NotTested, ObstacleError, Unjudgeable

#: Ordinary renames, one after the other, among which one that fails is looked for.
PLAIN = 60

#: Times that a request is sent by itself, to see whether it ever goes well.
ALONE = 3

#: Requests of the operation before an ordinary rename that must have been ordinary and accepted, too.
_BEFORE = 2

#: Characters of a name that is told from any other.
_TELLING = 4

#: Seconds that a session is left to itself before it is looked at again.
_LATER = 0.5

#: What these say of ordinary renames one after the other is theirs where it comes each time alike.
_IN_A_ROW = frozenset({"rename-again", "same-name"})

#: These say that what is sent for an id of nobody renames none.
_OF_NOBODY = ("unknown-id-refused", "odd-ids-safe", "deleted-id-refused")

#: By these another's credential, or another user, has renamed a session: that is a fault of its own.
_SECURITY = frozenset({"credential-missing", "credential-wrong", "user-scope-other", "owner-only"})


class Elsewhere:
    """One test's view of what other requirements tell."""

    def __init__(self, check: CheckContext) -> None:
        self._check = check
        self._target = check.target
        self._law = check.requirement.law if check.requirement is not None else ""

    # -- by the name that was read back

    def by_name(self, failure: Nonconformance) -> NotTested | None:
        """The requirement that is broken where a session was read back with a name that shows it."""
        if failure.seen is None:
            return None
        session_id, name = failure.seen
        found, wanted = origin(self._target, session_id, name), _expected(failure)
        if isinstance(name, str) and isinstance(wanted, str) and name != wanted and name and name in wanted:
            found = Origin(Source.UNKNOWN)  # a part of its own name, which happens to be another session's
        if self._law == "neighbours-untouched" and isinstance(name, str) and len(name) >= _TELLING:
            self._target.names_by_crossing.add(name)
        if self._law != "neighbours-untouched" and self.is_told("neighbours-untouched"):
            sent = self._crossing(failure, found.source, found.exchange)
            if sent is not None:
                self._target.crossings.append(Crossing(session_id, _expected(failure), name, sent))
                return NotTested(
                    "a session was renamed by what was sent for another one",
                    Gap.CAUSE,
                    self._id("neighbours-untouched"),
                )
        if found.source is Source.NOBODY and (told := self.of_nobody()) is not None:
            return told
        if found.source is Source.BROKEN and self.tells("no-server-error"):
            return NotTested(
                "a rename that was answered with a 5xx status was done all the same",
                Gap.CAUSE,
                self._id("no-server-error"),
            )
        if self._is_of_a_refusal(failure, found) and self.tells("refusal-changes-nothing"):
            exchange = failure.exchange if found.exchange is None else found.exchange
            if exchange is not None:
                case = failure.case.partition(", refused with ")[0]
                self._target.names_changed_by_refusals.append((case, exchange, _expected(failure), name))
            return NotTested("a refused rename was done all the same", Gap.CAUSE, self._id("refusal-changes-nothing"))
        return None

    def of_nobody(self) -> NotTested | None:
        """The requirement that was seen to be broken by a rename of an id that no session has."""
        laws = (self._id(law) for law in _OF_NOBODY if law != self._law)
        cause = next((one for one in laws if one in self._target.failed), None)
        why = "a session was renamed by what was sent for an id that no session has"
        return None if cause is None else NotTested(why, Gap.CAUSE, cause)

    def _crossing(self, failure: Nonconformance, source: Source, sent: Exchange | None) -> Exchange | None:
        """What renamed a session though it was sent for another one; None where that was not seen."""
        assert failure.seen is not None
        session_id, name = failure.seen
        if source is Source.OTHER:
            return sent
        known = next((one.exchange for one in self._target.crossings if one.found == name), None)
        if source is Source.UNKNOWN and name in self._target.names_by_crossing:
            known = known or failure.exchange
        if source is Source.UNKNOWN and known is not None:
            return known
        victim = next((one for one in self._target.pool.all if one.id == session_id), None)
        if victim is None or source not in {Source.OTHER_AT_ONCE, Source.UNKNOWN}:
            return None
        if source is Source.OTHER_AT_ONCE:
            # with nothing else in flight, does it happen as well?
            if self._target.crossings:
                return sent
            other = controls.another(self._check, victim)
            request = None if other is None else self._check.rename(other, self._check.name())
            return None if request is None or not self._reaches(victim, lambda: request) else sent
        exchange = failure.exchange
        addressed = None if exchange is None else self._target.session_at(exchange.request.path)
        if exchange is None or addressed is None or addressed.id == victim.id:
            return None
        return exchange if self._reaches(victim, lambda: exchange.request) else None

    def _reaches(self, victim: Session, make: Callable[[], Request]) -> bool:
        """Whether a session is renamed by a request to another one, twice, and not when nothing is sent."""
        check = self._check
        try:
            for _ in range(2):
                name = check.name()
                check.send_beside(check.rename(victim, name))
                settling.pause(_LATER)
                if check.name_of(victim) != name:
                    return False
                check.send_beside(make())
                now = check.name_of(victim)
                if now == name:
                    settling.pause(_LATER)
                    now = check.name_of(victim)
                if now == name or not isinstance(now, str):
                    return False
        except (Nonconformance, NotTested, Unjudgeable, ObstacleError):
            return False
        return True

    def _is_of_a_refusal(self, failure: Nonconformance, found: Origin) -> bool:
        """Whether the name is one that a refused request has left behind."""
        if self._law in _SECURITY or failure.seen is None:
            return False
        exchange, sent = failure.exchange, found.exchange
        known = self._id("refusal-changes-nothing") in self._target.failed
        if found.source is Source.REFUSED:
            if known or sent is None or sent.request not in self._target.at_once:
                return True
            # with nothing else in flight, does it happen as well?
            victim = next((one for one in self._target.pool.all if one.id == failure.seen[0]), None)
            return victim is not None and self._reaches(victim, lambda: sent.request)
        if found.source is not Source.UNKNOWN or not known or exchange is None or not 400 <= exchange.status < 500:
            return False
        addressed = self._target.session_at(exchange.request.path)
        return addressed is not None and addressed.id == failure.seen[0]

    # -- by what goes well at another time

    def comes_and_goes(self, failure: Nonconformance, mark: int, *, alike: bool = False) -> NotTested | None:
        """The requirement that tells of ordinary renames that fail now and then, where a failure is of that sort.

        A failure that only comes where renames are sent as this law sends them stays the law's own. One that came twice
        `alike` is of that sort only where ordinary renames are seen to fail now.
        """
        entry = self._entry(failure.exchange, mark)
        law = self._canonical(failure)
        if entry is None or law is None or law == self._law or not self.is_told(law):
            return None
        if alike and self.is_in_a_row:
            return None
        if self._is_refused_at_random(entry.exchange) and self._is_answered_otherwise(entry.exchange):
            return self._now_and_then(law)
        if entry.exchange.request in self._target.at_once:
            plain = True
        else:
            plain = stopping.is_ordinary(self._check, entry) or self._goes_well_alone(entry.exchange, failure.aspect)
        was_seen = not alike and self._was_seen(failure, mark)
        if not plain or not (was_seen or self._shows_in_a_series(failure, entry)):
            return None
        self.hand_over(failure)
        return self._now_and_then(law)

    def _now_and_then(self, law: str) -> NotTested:
        why = "ordinary renames fail in the same way now and then, also one after the other"
        return NotTested(why, Gap.CAUSE, self._id(law))

    def passes_later(self, failure: Nonconformance, mark: int) -> bool:
        """Whether a case that failed and then passed is told elsewhere: what failed was a rename, now and then."""
        entry, law = self._entry(failure.exchange, mark), self._canonical(failure)
        if entry is not None and self._is_refused_at_random(entry.exchange):
            return True
        if entry is None or law is None or law == self._law or not self.is_told(law):
            return False
        if entry.exchange.request in self._target.at_once:
            return self.comes_and_goes(failure, mark) is not None
        of_case = [one for one in self._target.client.journal.since(mark) if one.case == entry.case]
        single = sum(one.of_rename and one.purpose is Purpose.CASE for one in of_case) <= 2 * ALONE
        if not self._is_valid(entry) or not (
            single or self._was_seen(failure, mark) or self._shows_in_a_series(failure, entry)
        ):
            return False
        self.hand_over(failure)
        return True

    def _is_refused_at_random(self, exchange: Exchange) -> bool:
        """Whether a request was refused in the way in which ordinary renames of the run are now and then."""
        if self._law == "rename-accepted" or not self.is_told("rename-accepted") or not 300 <= exchange.status < 500:
            return False
        renames = self._target.client.journal.renames()
        alike = (one for one in renames if one.exchange is not exchange and one.exchange.status == exchange.status)
        return any(stopping.is_ordinary(self._check, one) for one in alike)

    def _is_answered_otherwise(self, exchange: Exchange) -> bool:
        """Whether a request is answered with another status when it is sent again by itself."""
        with suppress(ObstacleError, Unjudgeable):
            return any(self._check.send_beside(exchange.request).status != exchange.status for _ in range(ALONE))
        return False

    def hand_over(self, failure: Nonconformance) -> None:
        """Have the requirement that a rename breaks tell of it at the end of the run."""
        exchange = failure.exchange
        if exchange is None:
            return
        if failure.aspect is Aspect.STORED and self._check.dialect.succeeded(exchange):
            name = failure.seen[1] if failure.seen is not None else None
            self._target.not_stored.append((_expected(failure), name, exchange))
        elif failure.aspect is Aspect.ACCEPTED and 300 <= exchange.status < 500:
            self._target.refused_renames.append(exchange)

    def _canonical(self, failure: Nonconformance) -> str | None:
        """The requirement that a rename breaks which fails in this respect, be it an ordinary one."""
        if failure.exchange is None:
            return None
        if self._says_no(failure.exchange):
            return "answer-true"
        if failure.aspect is Aspect.STORED:
            return "name-stored"
        if failure.aspect is Aspect.ACCEPTED:
            return "no-server-error" if failure.exchange.status >= 500 else "rename-accepted"
        failed = self._id("answer-name") in self._target.failed
        return "answer-name" if failure.aspect is Aspect.ANSWERED and failed else None

    def _says_no(self, exchange: Exchange) -> bool:
        """Whether it is answered with 200, and not as a rename that was done."""
        return exchange.status == 200 and not self._check.dialect.succeeded(exchange)

    def _entry(self, exchange: Exchange | None, mark: int) -> Entry | None:
        return next((one for one in self._target.client.journal.since(mark) if one.exchange is exchange), None)

    def _is_valid(self, entry: Entry) -> bool:
        """Whether it is a rename that the contract calls valid, of a live session."""
        request = entry.exchange.request
        session = self._target.session_at(request.path)
        body = decoded(request.body)
        contracts = self._target.contracts.values()
        valid = request.credential is Credential.GIVEN and not any(one.request_errors(body) for one in contracts)
        if session is None or not valid or request.query not in self._queries(session):
            return False
        return all(members(body).get(name) == own for name, own in self._check.dialect.scope(session).items())

    def _queries(self, session: Session) -> list[tuple[tuple[str, str], ...]]:
        """The queries by which a session is found, but for those that name where it is stored."""
        dialect = self._check.dialect
        fitting = [scope for scope in self._check.system_cases.scopes if scope.fits(dialect, session, None)]
        return [scope.query(dialect, session) for scope in fitting]

    def _goes_well_alone(self, exchange: Exchange, aspect: Aspect) -> bool:
        """Whether the request by itself goes well, be it at the third time."""
        session = self._target.session_at(exchange.request.path)
        name = self._check.dialect.name_asked(exchange.request)
        if session is None or not isinstance(name, str):
            return False
        try:
            for _ in range(ALONE):
                again = self._check.send_beside(exchange.request)
                if self._check.dialect.succeeded(again) and (
                    aspect is not Aspect.STORED or self._check.name_of(session) == name
                ):
                    return True
        except (Nonconformance, NotTested, Unjudgeable, ObstacleError):
            return False
        return False

    def _was_seen(self, failure: Nonconformance, mark: int) -> bool:
        """Whether an ordinary rename has failed alike before this test, behind others that went well."""
        assert failure.exchange is not None
        said_no = self._says_no(failure.exchange)
        if failure.aspect is Aspect.ANSWERED and not said_no:
            return True  # the ordinary renames of the series have failed in it
        lost = {id(exchange) for _, _, exchange in self._target.not_stored}
        stored = failure.aspect is Aspect.STORED and not said_no
        if stored and self._target.lost:
            return True
        renames = self._target.client.journal.renames()
        for place, entry in enumerate(renames):
            if entry.number > mark:
                break
            same = id(entry.exchange) in lost if stored else _alike(entry.exchange, failure)
            same &= said_no == self._says_no(entry.exchange)
            if same and entry.exchange.request not in self._target.at_once and self._is_plain(renames, place):
                return True
        return False

    def _is_plain(self, renames: list[Entry], place: int) -> bool:
        """Whether a rename is an ordinary one behind ordinary ones that were accepted."""
        before = renames[max(0, place - _BEFORE) : place]
        return (
            len(before) == _BEFORE
            and all(self._check.dialect.succeeded(one.exchange) for one in before)
            and all(stopping.is_ordinary(self._check, one) for one in (renames[place], *before))
        )

    def _shows_in_a_series(self, failure: Nonconformance, entry: Entry) -> bool:
        """Whether an ordinary rename fails alike among several, one after the other, of which most go well."""
        session = self._target.session_at(entry.exchange.request.path)
        key = f"no ordinary rename fails in a series: {failure.aspect}"
        if session is None or self._target.cache.get(key):
            return False
        try:
            for _ in range(PLAIN):
                found = controls.control(self._check, session)
                if found.broken is failure.aspect:
                    self._target.lost += failure.aspect is Aspect.STORED
                    return True
        except (Unjudgeable, ObstacleError):
            return False
        self._target.cache[key] = True
        return False

    # -- by no answer

    def unanswered(self, failure: Nonconformance) -> NotTested | None:
        """That an input is not answered, while others are, is told with the inputs that are answered with a 5xx."""
        exchange = failure.exchange
        if exchange is None or exchange.answer is not None or not self.tells("no-server-error"):
            return None
        self._target.unanswered.append((failure.case, failure.kind, exchange))
        return NotTested("a request of it is not answered, while others are", Gap.CAUSE, self._id("no-server-error"))

    # -- whose

    def shift(self, times: int) -> None:
        """Send some ordinary renames before a row is tried once more, so that every seventh is another one of it."""
        with suppress(NotTested, ObstacleError, Unjudgeable):
            for _ in range(times if self.is_in_a_row else 0):
                self._check.send_beside(self._check.rename(self._target.pool.any(), self._check.name()))

    @property
    def is_in_a_row(self) -> bool:
        """Whether the test's requirement is on ordinary renames in a row."""
        return self._law in _IN_A_ROW

    def is_told(self, law: str) -> bool:
        """Whether this requirement is judged in this process: it looks back on what other tests have seen."""
        return self._target.is_judged(self._id(law))

    def tells(self, law: str) -> bool:
        """Whether another requirement than the test's own tells it."""
        return law != self._law and self.is_told(law)

    def _id(self, law: str) -> str:
        return f"{self._check.dialect.system}.{law}"


def _alike(one: Exchange, failure: Nonconformance) -> bool:
    """Whether a rename failed as a case did: a 5xx each, or with the same status."""
    status = failure.exchange.status if failure.exchange is not None else 0
    return one.status == status or (one.status >= 500 and status >= 500)


def _expected(failure: Nonconformance) -> str:
    return failure.expected if failure.compared is None else failure.compared.expected
