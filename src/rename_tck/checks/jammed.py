"""Whether a case failed only for the session that it was tried on, which a request before it had left unfit for it."""

from __future__ import annotations

from dataclasses import replace

from rename_tck.checks import controls, stopping
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, segment
from rename_tck.client.journal import Entry
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session
from rename_tck.target.target import Jam
from rename_tck.verdict import Aspect, NotTested, ObstacleError, Unjudgeable

#: That a session is as before after renames at once is for these to say, unless a rename before them does it.
_AT_ONCE = frozenset({"concurrent-same-session", "concurrent-two-sessions"})

#: How often a request must leave a session unfit for ordinary renames; and how often that is looked for in vain.
_TIMES, _IN_VAIN = 2, 3


def is_jammed_before(check: CheckContext, failure: Nonconformance, jam: Jam) -> bool:
    """Whether a case failed on a session that a request before it has jammed: by itself it goes well.

    A session that cannot be read back any more after a rename that was accepted is jammed in any case.
    """
    exchange = failure.exchange
    if exchange is None:
        return False
    if check.requirement is not None and check.requirement.law in _AT_ONCE:
        return failure.aspect is Aspect.ACCEPTED and _left_by_the_one_before(check, exchange) is not None
    if failure.aspect is Aspect.READABLE:
        return check.dialect.succeeded(exchange)
    old = next((one for one in check.target.pool.of_the_run if one.id == jam.session_id), None)
    if old is None or segment(old.id) not in exchange.request.path.split("/"):
        return False
    try:
        new = _made_like(check, old) or check.target.pool.like(old)
        if new.owner != old.owner or new.id == old.id:
            return False
        path = exchange.request.path.replace(segment(old.id), segment(new.id))
        return check.send_beside(replace(exchange.request, path=path)).status != exchange.status
    except (NotTested, Unjudgeable, ObstacleError):
        return False


def _made_like(check: CheckContext, session: Session) -> Session | None:
    """A session made to be as this one, for those in use may be jammed as well; None where none is made."""
    pool = check.target.pool
    return pool.conditioned.anew(session) or pool.fresh(session.kind)


def left_behind(check: CheckContext, failure: Nonconformance) -> Jam | None:
    """What the last accepted rename before a refused one leaves behind, where it leaves further sessions so as well.

    The session itself may work again by now.
    """
    exchange = failure.exchange
    if failure.aspect is not Aspect.ACCEPTED or exchange is None or not 400 <= exchange.status < 500:
        return None
    return _left_by_the_one_before(check, exchange)


def _left_by_the_one_before(check: CheckContext, exchange: Exchange) -> Jam | None:
    """The same of any rename that was not accepted."""
    session = next((one for one in check.target.pool.of_the_run if _is_of(check, exchange, one)), None)
    if session is None or (before := _accepted_before(check, exchange)) is None:
        return None
    known: dict[int, Jam | None] = check.target.cache.setdefault("what renames left behind", {})
    if before.number not in known:
        if list(known.values()).count(None) >= _IN_VAIN:
            return None
        known[before.number] = _left_again(check, session, before)
    jam = known[before.number]
    shown = jam is not None and jam.exchange is not None and jam.exchange.status == exchange.status
    return jam if shown else None


def _left_again(check: CheckContext, session: Session, before: Entry) -> Jam | None:
    """A session that works no more behind a rename, where others do not behind the same one, either."""
    control = None
    try:
        for _ in range(_TIMES):
            control = _control_behind(check, session, before.exchange)
            if control is None or control.broken is not Aspect.ACCEPTED:
                return None
    except (NotTested, Unjudgeable, ObstacleError):
        return None
    assert control is not None
    told = f"After request {before.number} of the run, {stopping.described(check, before)}, an ordinary rename"
    return Jam(session.id, Aspect.ACCEPTED, control.exchange, f"{told} {control.what}.", seen_again=True)


def _is_of(check: CheckContext, exchange: Exchange, session: Session) -> bool:
    return exchange.request.path == check.dialect.rename(session, None).path


def _accepted_before(check: CheckContext, exchange: Exchange) -> Entry | None:
    """The last rename of the same session before one that was accepted."""
    path = exchange.request.path
    of_it = [entry for entry in check.target.client.journal.renames() if entry.exchange.request.path == path]
    place = next((place for place, entry in enumerate(of_it) if entry.exchange is exchange), 0)
    return next((entry for entry in reversed(of_it[:place]) if check.dialect.succeeded(entry.exchange)), None)


def _control_behind(check: CheckContext, session: Session, exchange: Exchange) -> controls.Control | None:
    """An ordinary rename behind the same request to a session made for it; None where that shows nothing."""
    made = _made_like(check, session)
    if made is None or made.owner != session.owner:
        return None
    path = exchange.request.path.replace(segment(session.id), segment(made.id))
    again = check.send_beside(replace(exchange.request, path=path))
    return controls.control(check, made) if check.dialect.succeeded(again) else None
