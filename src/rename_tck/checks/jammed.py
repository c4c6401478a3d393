"""Whether a case failed only for the session that it was tried on, which a request before it had jammed."""

from __future__ import annotations

from dataclasses import replace

from rename_tck.checks import controls
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import segment
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session
from rename_tck.target.target import Jam
from rename_tck.verdict import Aspect, NotTested, ObstacleError, Unjudgeable

#: That a session is as before after renames at once is for these to say.
_AT_ONCE = frozenset({"concurrent-same-session", "concurrent-two-sessions"})


def is_jammed_before(check: CheckContext, failure: Nonconformance, jam: Jam) -> bool:
    """Whether a case failed on a session that a request before it has jammed: by itself it goes well.

    A session that cannot be read back any more after a rename that was accepted is jammed in any case.
    """
    exchange = failure.exchange
    if exchange is None or (check.requirement is not None and check.requirement.law in _AT_ONCE):
        return False
    if failure.aspect is Aspect.READABLE:
        return check.dialect.succeeded(exchange)
    old = next((one for one in check.target.pool.of_the_run if one.id == jam.session_id), None)
    if old is None or segment(old.id) not in exchange.request.path.split("/"):
        return False
    try:
        if (new := _working_like(check, old)) is None:
            return False
        path = exchange.request.path.replace(segment(old.id), segment(new.id))
        return check.send_beside(replace(exchange.request, path=path)).status != exchange.status
    except (NotTested, Unjudgeable, ObstacleError):
        return False


def _working_like(check: CheckContext, session: Session) -> Session | None:
    """A session that is as this one, and can be renamed: others that are in use may be jammed as well."""
    pool = check.target.pool
    for make in (lambda: pool.like(session), lambda: pool.fresh(session.kind)):
        one = make()
        if one is not None and one.id != session.id and one.owner == session.owner:
            if controls.control(check, one).works:
                return one
    return None
