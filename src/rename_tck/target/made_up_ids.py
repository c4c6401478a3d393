"""Ids that are no session's of the run: one is sent only where it was seen that nobody has it."""

from __future__ import annotations

import threading
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import unquote

from rename_tck.cases.ids import OddId
from rename_tck.client.exchange import Exchange, Request, segment, shown
from rename_tck.client.journal import Purpose
from rename_tck.client.transport import TargetClient
from rename_tck.systems.dialect import Dialect, Session, members
from rename_tck.target.id_forms import KnownIds, is_counted, numbers, patterns, texts
from rename_tck.target.others import Look, OtherSessions, Renamed
from rename_tck.target.refused_renames import RefusedRenames
from rename_tck.verdict import Conclusion, Gap, Leftover, NotTested, ObstacleError

#: Requests after which the listing is looked at again: others go on creating sessions meanwhile.
LOOK_LASTS = 100

#: Ids that are made up, one after the other, until one is nobody's.
_TRIES = 8

#: Looks in vain for a session that a request may have renamed, after which only the end of the run looks again.
_LOOKS_IN_VAIN = 10

#: Notes of requests that have renamed sessions of others.
_TOLD = 10


@dataclass
class _Seen:
    """What a look has shown, made ready to compare ids with."""

    look: Look
    own: frozenset[str]

    @cached_property
    def ids(self) -> list[str]:
        """Every id, the run's own among them."""
        return [*(session_id for _, session_id in self.look.names), *self.own]

    @cached_property
    def others(self) -> KnownIds:
        """The ids of all others."""
        return KnownIds(session_id for _, session_id in self.look.names if session_id not in self.own)


@dataclass
class MadeUpIds:
    """Permits ids that are not the run's, and sees to what a request to one has done."""

    client: TargetClient
    dialect: Dialect
    others: OtherSessions
    #: Every session that the run may rename, by id.
    own: set[str]
    user: str
    token: str
    #: What the user should know.
    notes: list[str] = field(default_factory=list)
    #: Why ids were not sent, with how many; by requirement.
    withheld: dict[str, Counter[str]] = field(default_factory=dict)
    #: Ids that were sent, percent-encoded.
    sent: set[str] = field(default_factory=set)
    #: Whether the rename of a session of the run was answered with a session of others.
    takes_others: bool = False
    #: Sessions that may bear a name of the run's, under an id that was taken to be nobody's.
    touched: list[Leftover] = field(default_factory=list)
    #: Why it is not known how an id is answered that is nobody's; by path segment.
    doubts: dict[str, str] = field(default_factory=dict)
    #: Sessions that came with renames of ids that no session has.
    ghosts: set[str] = field(default_factory=set)
    #: Ids that somebody may have by an accident, by path segment; whether a reading has shown that nobody has it.
    _guessed: dict[str, bool] = field(default_factory=dict)
    #: Ids that nobody can have come upon, that were sent.
    _nobodys: set[str] = field(default_factory=set)
    #: Why no more is sent of those that somebody may have.
    _no_more: str | None = None
    _seen: _Seen | None = None
    #: Requests that have renamed sessions of others, each with what was done about it.
    _done: list[tuple[Exchange, str]] = field(default_factory=list)
    _in_vain: int = 0
    #: Requests that are to be seen to.
    _waiting: deque[Exchange] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.client.after_rename = self.see_to
        self.refused = RefusedRenames(self.others, self.own)

    # -- before a request

    def unknown(self, label: str) -> str:
        """An id of the form that the system uses, by chance nobody's; `label` tells it from the run's others.

        Nobody can come upon it, so that any look at the listing will do, however long ago.

        Raises:
            NotTested: a session has each that was tried.
        """
        hit = None
        if self.refused.of_others:
            raise self.untested(self._not_after())
        for number in range(_TRIES * 16):
            made_up = self.dialect.unknown_id(f"{self.token}/{label}" + (f"/{number}" if number else ""))
            if made_up[0].isdigit():
                continue  # a server that reads it as a number would come to somebody's counted id
            hit = self._look(None).others.hit_by(segment(made_up))
            if hit is None and made_up not in self.own:
                self._allow(segment(made_up))
                self._nobodys.add(segment(made_up))
                self.others.note_nobodys(made_up)
                return made_up
        raise NotTested(f"no id could be made up that no session has: session {hit} may be meant by it")

    def why_not(self, odd: OddId, live: Session | None, *, since: int) -> str | None:
        """Why this id is not to be sent, for somebody may have it; None where it was seen that nobody has.

        `live` is the session that it was made from, where it is near one. Whatever is said holds for one law: what was
        allowed before is looked for again.
        """
        self.client.policy.forbid_made_up(odd.encoded)
        guessed = live is None and not odd.own
        seen = self._look(since)
        why = self._not_after() if self.refused.of_others else self._no_more if guessed else None
        why = why or self._somebodys(odd, live, seen)
        # what is near to an id that nobody can come upon is nobody's either
        is_looked_for = not odd.own and (live is None or is_counted(live.id, seen.ids))
        request = self._reading(odd, live) if is_looked_for and not why else None
        if why is None and not odd.own:
            why = seen.look.why or self._counted(odd.encoded, live, seen) or self._read(odd, request)
        if why is None:
            self._allow(odd.encoded)
            if guessed:
                self._guessed[odd.encoded] = request is not None
            elif live is None:
                self._nobodys.add(odd.encoded)
        return why

    def is_apart(self, session: Session, *, since: int) -> bool:
        """Whether no session of others comes near to one of the run, so that ids near to it can be told from theirs."""
        seen = self._look(since)
        return not is_counted(session.id, seen.ids) and seen.others.hit_by(segment(session.id)) is None

    def are_counted(self, session: Session, *, since: int) -> bool:
        """Whether ids near that of a session of the run may be given to others next."""
        return is_counted(session.id, self._look(since).ids)

    def untested(self, why: str) -> NotTested:
        """The conclusion where no made-up id is sent, for this reason."""
        if self.refused.of_others:
            return NotTested(why, Gap.CAUSE, f"{self.dialect.system}.neighbours-untouched")
        return NotTested(f"none of the made-up ids was sent, for they may be somebody's: {why}")

    def _not_after(self) -> str:
        return "a rename that was refused has renamed a session of others here"

    def withhold(self, requirement: str, why: str) -> None:
        """Keep that an id of a requirement was not tried."""
        self.withheld.setdefault(requirement, Counter())[why] += 1

    def told(self) -> list[str]:
        """What was not tried, and what requests to ids of nobody have done."""
        found = [
            f"{requirement}: {number} of its made-up ids were not sent, for they may be somebody's: {why}"
            for requirement, reasons in sorted(self.withheld.items())
            for why, number in sorted(reasons.items())
        ]
        more = len(self._done) - _TOLD
        rest = [f"{more} more requests of this kind are left out of the notes"] if more > 0 else []
        return [*found, *self.notes, *rest]

    def _look(self, since: int | None) -> _Seen:
        """What the listing has shown since so many requests; whenever it was looked at last, when None."""
        seen, number = self._seen, len(self.client.journal)
        if since is None:
            seen = seen or _Seen(self.others.lately(number), frozenset())
        elif seen is None or not since <= seen.look.number or number - seen.look.number > LOOK_LASTS:
            seen = self._look_now()
        if seen.own != self.own:
            seen = replace(seen, own=frozenset(self.own))
        self._seen = seen
        return seen

    def _look_now(self) -> _Seen:
        before, self._seen = self._seen, _Seen(self.others.look(users=[self.user]), frozenset())
        look = self._seen.look
        for exchange, one in self.refused.compare(look, before.look if before else None):
            self._keep(exchange, [self.others.told(one)])
            look.names[one.key] = one.before if one.put_back else one.now
        return self._seen

    def look_after_refusals(self) -> None:
        """See whether renames that were refused have renamed other sessions; those of others get their names back."""
        if self.refused.waits:
            self._look_now()

    def _allow(self, encoded: str) -> None:
        self.client.policy.allow_made_up(encoded)
        self.sent.add(encoded)

    def _somebodys(self, odd: OddId, live: Session | None, seen: _Seen) -> str | None:
        if unquote(odd.encoded) in self.own:
            return "it is that of a session of the run"
        hit = seen.others.hit_by(odd.encoded)
        if hit is None:
            return None
        if odd.own or live is None:
            return f"a session of others has one that a target may take it for ({self._short(hit)})"
        return "sessions of others have ids that a target may take them for"

    def _counted(self, encoded: str, live: Session | None, seen: _Seen) -> str | None:
        """Why a counter may come to this id, or has come to it for a user whose sessions are not listed."""
        why = "ids are counted here, and others may be given such a one next"
        if live is None:
            text = unquote(encoded, errors="replace")
            first = {"0"} & numbers(text) and not text.strip("0- ")
            scoped = self.dialect.owner(self.user) is not None
            return why if first and scoped and any(is_counted(one, ()) for one in seen.ids) else None
        if not is_counted(live.id, seen.ids):
            return None
        own = KnownIds([live.id])
        # in another spelling it is the session's own; as a pattern, a list or a longer number it is somebody's
        alike = all(own.means(text) for text in texts(encoded))
        return None if alike and not patterns(unquote(encoded, errors="replace")) else why

    def _reading(self, odd: OddId, live: Session | None) -> Request | None:
        """The reading of what stands under this id; None where the system has none of a single session."""
        kind = live.kind if live is not None else self.dialect.kinds[0]
        request = self.dialect.reading(Session("", "listed", kind, self.dialect.owner(self.user)))
        if request is None:
            return None
        pattern = next(route.path for route in self.dialect.routes() if "{id}" in route.path and route.ids == "looked")
        return replace(request, path=pattern.replace("{id}", odd.encoded))

    def _read(self, odd: OddId, request: Request | None) -> str | None:
        """What the reading of a single session says against it."""
        if request is None:
            return None
        self.client.policy.allow_look(odd.encoded)
        exchange = self.client.send(request, Purpose.PROVISIONING)
        if exchange.answer is None:
            return "looking for one of them got no answer"
        found = self.dialect.read(exchange.answer)
        its_id = self.others.id_of(found) if found is not None else None
        if found is not None and its_id not in self.own:
            if its_id is not None and its_id != unquote(odd.encoded, errors="replace"):
                self.doubts[odd.encoded] = self._of_another(odd, its_id)
            return "the target shows a session of others when it is asked for one of them"
        if exchange.status >= 500 or 300 <= exchange.status < 400 or exchange.status in {401, 403}:
            return f"looking for one of them was answered with {exchange.status}"
        return None

    def _of_another(self, odd: OddId, shown: str) -> str:
        return (
            f"asked for the id {self._short(unquote(odd.encoded, errors='replace'))}, the target shows the session "
            f"{self._short(shown)} of others, so that no rename of it was sent"
        )

    def _short(self, session_id: str) -> str:
        return self.client.connection.redact.shortened(session_id, 60)

    # -- after a request

    def see_to(self, exchange: Exchange) -> None:
        """Where a request has renamed a session of others, give that its name back at once, and keep what was done.

        One is seen to after the other: of requests in flight at once the first to come back sees to those behind it.
        """
        self._waiting.append(exchange)
        while self._waiting and self._lock.acquire(blocking=False):
            try:
                while self._waiting:
                    self._see_to(self._waiting.popleft())
            finally:
                self._lock.release()

    def _see_to(self, exchange: Exchange) -> None:
        encoded = self._segment(exchange)
        answered = self._answered(exchange)
        done = self.dialect.succeeded(exchange)
        to_another = done and answered is not None and self.others.shown(answered)
        self.takes_others |= to_another and encoded not in self.sent
        if not done and (200 <= exchange.status < 300 or 400 <= exchange.status < 500):
            self._see_to_refused(exchange)
            return
        if done and encoded in self._nobodys:
            self._no_more = self._no_more or "an id that nobody has was answered as renamed here"
        may_have = encoded in self.sent and self._in_vain < _LOOKS_IN_VAIN
        renamed = self._give_back(exchange, answered) if to_another or may_have else []
        if done and encoded in self._guessed:
            self._see_to_guessed(exchange, encoded, answered, found=to_another or bool(renamed))

    def _give_back(self, exchange: Exchange, answered: str | None) -> list[Renamed]:
        before, self._seen = self._seen, None
        try:
            renamed = self.others.give_back(self._names(exchange), before.look if before else None, answered)
        except (Conclusion, ObstacleError) as trouble:
            self._keep(exchange, [f"whether it has renamed a session of others could not be seen: {trouble}"])
            return []
        if renamed:
            self._keep(exchange, [self.others.told(one) for one in renamed])
        else:
            self._in_vain += 1
        return renamed

    def _see_to_refused(self, exchange: Exchange) -> None:
        if self.refused.note(exchange, self._names(exchange)):
            with suppress(Conclusion, ObstacleError):  # the next look sees to it
                self.look_after_refusals()

    def _see_to_guessed(self, exchange: Exchange, encoded: str, answered: str | None, *, found: bool) -> None:
        """An id that was taken to be nobody's was answered as renamed: no more of its sort is sent.

        `found` says that it was another session that was renamed.
        """
        asked = unquote(encoded, errors="replace")
        if exchange.answer is None or exchange.answer.is_page or answered in self.own:
            return
        self._no_more = self._no_more or f"one of them, {self._short(asked)}, was answered with {exchange.status}"
        if found:
            return
        names = self._names(exchange)
        bears = f"the name {shown(names[0], self.client.connection.redact)}" if names else "another name"
        self.touched.append(
            Leftover(
                asked,
                f"session {self._short(asked)} was taken to be that of no session, and its rename was answered with "
                f"{exchange.status}; it may have {bears} now, and what it was called before is not known",
            )
        )
        if not self._guessed[encoded] and answered in {None, asked}:
            self.doubts[encoded] = self._whose(asked, exchange.status)

    def _whose(self, asked: str, status: int) -> str:
        return (
            f"the rename of the id {self._short(asked)}, which no listing has shown, was answered with {status}: "
            "whether a session has it cannot be seen"
        )

    def doubt_of(self, exchange: Exchange) -> str | None:
        """Why nothing is judged by an exchange: it may be the rename of somebody's session; None where it is judged."""
        return self.doubts.get(self._segment(exchange) or "") if self.doubts else None

    def done_by(self, exchange: Exchange | None) -> str | None:
        """What a request has done to sessions of others, in a sentence; None where nothing was seen."""
        said = next((said for one, said in self._done if one is exchange), None)
        return said and f"{said[0].upper()}{said[1:]}."

    def _keep(self, exchange: Exchange, told: list[str]) -> None:
        said = "; ".join(told)
        where = f"{exchange.request.method} {self._short(exchange.request.path)}"
        answer = f"answered with {exchange.status}" if exchange.answer is not None else "not answered"
        self._done.append((exchange, said))
        if len(self._done) <= _TOLD:
            self.notes.append(f"after {where}, {answer}: {said}")

    def _segment(self, exchange: Exchange) -> str | None:
        found = self.dialect.operation.match(exchange.request)
        return found["id"] if found is not None else None

    def _answered(self, exchange: Exchange) -> str | None:
        return self.others.id_of(members(exchange.answer.value)) if exchange.answer is not None else None

    def _names(self, exchange: Exchange) -> list[str]:
        name = self.dialect.name_asked(exchange.request)
        return [name] if isinstance(name, str) else []
