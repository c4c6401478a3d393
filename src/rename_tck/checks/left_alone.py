"""Sessions that are renamed early in a run and then left alone, each after another request, and read again at its end.

What a server loses, restores or overwrites a while later shows on a session to which nothing is sent any more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from rename_tck.cases import bodies
from rename_tck.cases.dimensions import by_lot
from rename_tck.cases.spaces import settle_by
from rename_tck.checks import foreign_names
from rename_tck.checks.context import CheckContext
from rename_tck.checks.refusals import GONE, UNSEEN
from rename_tck.client.exchange import Credential, Exchange, Request, shown
from rename_tck.systems.dialect import Session, members
from rename_tck.target import settling
from rename_tck.verdict import Aspect, NotTested, Unjudgeable

ACCEPTED = "an accepted rename"
REFUSED = "a request that was refused"
GENERATED = "a rename to a generated name"
UNKNOWN = "a rename of an unknown id"

#: After what sessions are left alone. The unknown id comes last: it may be taken for the session that was made last.
CAUSES = (ACCEPTED, REFUSED, GENERATED, UNKNOWN)

#: By what a session is seen.
READ, LISTED, BOTH = "read back", "in the listing", "read back and in the listing"

#: Where the target keeps the sessions, and how they were found in the end.
_LEFT, _SEEN = "left alone", "left alone, read again"


@dataclass(eq=False)
class LeftAlone:
    """A session to which nothing is sent any more."""

    session: Session
    #: After what it is left alone.
    cause: str
    #: The name that it is to bear.
    name: object
    #: The last request to it, or beside it.
    exchange: Exchange
    #: Whether another name was asked for, which the server makes: the one that it is read back with is to stay.
    is_generated: bool = False
    #: Whether the listing has shown it with that name.
    listed: bool = False


@dataclass(frozen=True)
class Seen:
    """A session as it was seen in the end: by what, and with which name."""

    left: LeftAlone
    where: str
    name: object

    @property
    def is_gone(self) -> bool:
        """Whether it is not there."""
        return self.name is GONE

    @property
    def is_good(self) -> bool:
        """Whether it is as it was left."""
        return self.name == self.left.name


def begin(check: CheckContext) -> list[LeftAlone]:
    """Leave a few sessions alone from now on, once in a run; none where the run makes none.

    One whose rename is not stored, or that is changed at once by what is sent then, is not among them: other laws tell
    that. Raises ObstacleError where a limit of the run is reached.
    """
    if _LEFT not in check.target.cache:
        check.target.cache[_LEFT] = _leave(check, CAUSES)
    left: list[LeftAlone] = check.target.cache[_LEFT]
    return left


def read_again(check: CheckContext) -> list[Seen]:
    """How the sessions are found when they were left alone for as long as the run is to; looked for once.

    Others may have deleted or renamed one, but not the next one, too: another is left alone in its place, as long.
    Raises as `CheckContext.read_all`, and ObstacleError where less time is left, or no request.
    """
    if _SEEN not in check.target.cache:
        left = begin(check)
        if left:
            _note(check)
        found = _look(check, left)
        doubtful = [seen.left.cause for seen in found if _may_be_of_others(check, seen)]
        again = {seen.left.cause: seen for seen in _look(check, _leave(check, doubtful))} if doubtful else {}
        check.target.cache[_SEEN] = _told_once([seen for seen in found if not _is_of_others(check, seen, again)])
    result: list[Seen] = check.target.cache[_SEEN]
    return result


def judge(check: CheckContext, seen: Seen) -> None:
    """Require that a session is as it was left. Raises Nonconformance."""
    left, seconds = seen.left, check.target.settle
    check.count(left.exchange, live=left.cause != UNKNOWN)
    during = f"for {seconds:g} s or longer" if seconds else "until the end of the run"
    case = f"a session that was left alone {during} after {left.cause}: its name {seen.where}"
    if seen.is_gone and seen.where == LISTED:
        check.fail(case, "the session to be listed still", left.exchange, aspect=Aspect.STORED)
    if seen.is_gone:
        check.fail_missing(left.session, case, "the session to be there still", left.exchange)
    with check.shown(left.session, seen.name):
        check.expect_equal(left.name, seen.name, case, left.exchange, Aspect.STORED)


def _note(check: CheckContext) -> None:
    """Say how long sessions were left alone, where that is not as the profile has it."""
    seconds = check.target.settle
    if not seconds:
        check.target.pool.notes.append("sessions that were left alone were read again at once: --settle=0")
    elif seconds != settle_by(check.target.profile):
        check.target.pool.notes.append(f"sessions were left alone for {seconds:g} s at least: --settle")


# -- leaving alone


def _leave(check: CheckContext, causes: Sequence[str]) -> list[LeftAlone]:
    """Make a session for each cause that there can be, rename it, and send what it is to be left alone after.

    They are read once, after all of that. One that is not as it is to be then stays in use: others tell why.
    """
    left = _renamed(check, [cause for cause in causes if _can_be(check, cause)])
    left = [one for one in left if _sent(check, one)]
    if not left:
        return []
    names = check.settled(lambda: _names(check, left), lambda names: all(_stays(check, one, names) for one in left))
    left = [one for one in left if _stays(check, one, names)]
    reader, sessions = check.target.reader, [one.session for one in left]
    listed = reader.listed(sessions, anew=False) if reader.way.by_reading and sessions else {}
    for one in left:
        one.name = names[one.session.id]
        check.target.pool.set_aside(one.session)
        one.listed = check.dialect.name_in(listed.get(one.session.id, {})) == one.name
    return left


def _can_be(check: CheckContext, cause: str) -> bool:
    session = check.some_session()
    if cause == REFUSED:
        return bool(check.faulty(session, ""))
    return cause != GENERATED or check.system_cases.generating(session) is not None


def _renamed(check: CheckContext, causes: Sequence[str]) -> list[LeftAlone]:
    """A session for each cause, renamed. The kinds take turns."""
    kinds, made = check.dialect.kinds, list[LeftAlone]()
    for number, cause in enumerate(causes):
        session = check.target.pool.fresh(kinds[number % len(kinds)])
        if session is None:
            break
        name = check.name()
        exchange = check.gather(check.rename(session, name))
        check.note_accepted(exchange)
        if not check.dialect.succeeded(exchange):
            break  # told by others, and the next one would fare no better
        made.append(LeftAlone(session, cause, name, exchange))
    return made


def _sent(check: CheckContext, one: LeftAlone) -> bool:
    """Send what a session is to be left alone after; whether it was answered as it is to be."""
    if one.cause == REFUSED:
        sent = [check.gather(request) for request in _refused(check, one.session)]
        one.exchange = sent[-1]
        return all(400 <= exchange.status < 500 for exchange in sent)
    if one.cause == GENERATED:
        generating = check.system_cases.generating(one.session)
        assert generating is not None
        one.exchange = check.gather(generating)
        one.is_generated = check.dialect.succeeded(one.exchange)
        return one.is_generated
    if one.cause == UNKNOWN:
        try:
            nobodys = check.unknown_session("left alone", one.session.kind)
        except NotTested:
            return False
        one.exchange = check.gather(check.rename(nobodys, check.name()), live=False)
        return not check.dialect.succeeded(one.exchange)
    return True


def _refused(check: CheckContext, session: Session) -> tuple[Request, Request]:
    """Two requests that are to be refused: for a fault that the seed says, and for one of the system's own."""
    rename = check.rename(session, check.name())
    broken = bodies.NOT_JSON[by_lot(check.lot, "left alone after no JSON", len(bodies.NOT_JSON))]
    faulty = [request for _, request in check.faulty(session, check.name())]
    faulty.append(check.dialect.rename(session, None, raw=broken.raw))
    if check.target.client.connection.key is not None:
        faulty += [rename.with_credential(one) for one in (Credential.NONE, Credential.WRONG)]
    return faulty[1 + by_lot(check.lot, "left alone after a refusal", len(faulty) - 1)], faulty[0]


def _names(check: CheckContext, left: Sequence[LeftAlone]) -> dict[str, object]:
    """What sessions are called, by id, without those that cannot be read."""
    found: dict[str, object] = {}
    for kind in dict.fromkeys(one.session.kind for one in left):
        with suppress(NotTested, Unjudgeable):
            of_kind = [one.session for one in left if one.session.kind == kind]
            for session_id, snapshot in check.target.reader.read_all(of_kind).items():
                if snapshot is not None:
                    found[session_id] = check.dialect.name_in(snapshot)
    return found


def _stays(check: CheckContext, one: LeftAlone, names: dict[str, object]) -> bool:
    """Whether a session bears the name that it is to stay with: its own, or one that was generated."""
    found = names.get(one.session.id)
    if not one.is_generated:
        return found == one.name
    answer = one.exchange.answer
    answered = check.dialect.name_in(members(answer.value)) if answer is not None else None
    return isinstance(found, str) and found != one.name and answered in (None, found)


# -- in the end


def _look(check: CheckContext, left: Sequence[LeftAlone]) -> list[Seen]:
    """How sessions are seen when the time is over; those that are not as they were left once more, for a second."""
    if not left:
        return []
    rest = max(one.exchange.at for one in left) + check.target.settle - time.monotonic()
    if rest > 0:
        check.target.client.limits.check_wait(rest)
        settling.pause(rest)
    found = {seen.left: seen for seen in _seen(check, left)}
    bad = [one for one, seen in found.items() if not seen.is_good]
    if bad:
        # however often the run has waited in vain for readings before
        again = settling.Patience().settled(lambda: _seen(check, bad), lambda seen: all(one.is_good for one in seen))
        found |= {seen.left: seen for seen in again}
    return list(found.values())


def _told_once(found: list[Seen]) -> list[Seen]:
    """Without what is wrong after other requests where it is so after an accepted rename alone: they did not do it."""
    if all(seen.is_good for seen in found if seen.left.cause == ACCEPTED):
        return found
    return [seen for seen in found if seen.is_good or seen.left.cause == ACCEPTED]


def _seen(check: CheckContext, left: Sequence[LeftAlone]) -> list[Seen]:
    """How sessions are seen now, singly and in the listing where that has shown them."""
    single, listed = dict[str, object](), dict[str, object]()
    for kind in dict.fromkeys(one.session.kind for one in left):
        of_kind = [one for one in left if one.session.kind == kind]
        case, exchange = "a session that was left alone", of_kind[0].exchange
        for session_id, item in check.read_all([one.session for one in of_kind], case, exchange).items():
            single[session_id] = GONE if item is None else check.dialect.name_in(item)
        if check.target.reader.way.by_reading and any(one.listed for one in of_kind):
            listing = check.target.reader.listing(kind).shown()  # one that is not complete says nothing
            names = {check.dialect.id_in(item): check.dialect.name_in(item) for item in listing or []}
            shown = [one.session.id for one in of_kind if one.listed and listing is not None]
            listed |= {session_id: names.get(session_id, GONE) for session_id in shown}
    return [_one_seen(one, single[one.session.id], listed.get(one.session.id, UNSEEN)) for one in left]


def _one_seen(one: LeftAlone, single: object, listed: object) -> Seen:
    if listed in (single, UNSEEN):
        return Seen(one, READ if listed is UNSEEN else BOTH, single)
    # the two differ: what is wrong with the one that is wrong
    return Seen(one, LISTED, listed) if single == one.name else Seen(one, READ, single)


# -- what others have done


def _may_be_of_others(check: CheckContext, seen: Seen) -> bool:
    """Whether others may have deleted a session, or given it the name that it bears."""
    if seen.is_gone:
        return seen.where != LISTED
    return not seen.is_good and foreign_names.is_foreign(check, seen.name, seen.left.name)


def _is_of_others(check: CheckContext, seen: Seen, again: dict[str, Seen]) -> bool:
    """Whether what may be others' doing did not come again with another session; then it is noted."""
    other, what = again.get(seen.left.cause), f"session {seen.left.session.id}, which the run had left alone"
    if not _may_be_of_others(check, seen) or (other is not None and not other.is_good):
        return False
    if other is None:
        # none was made: whose doing it is that one is gone, is looked into as of every session of the run
        return not seen.is_gone and foreign_names.is_others_doing(check, seen.name, seen.left.name, what)
    if seen.is_gone:
        check.target.pool.notes.append(
            f"{what}, was gone, and another one that it left alone was not: it is taken to have been deleted by others"
        )
    else:
        bore = shown(seen.name, check.redacted)
        check.target.pool.notes.append(
            f"{what}, had the name {bore}, which is made of nothing that the run has sent, and another one that it "
            "left alone did not: it is taken to have been renamed by others"
        )
    return True
