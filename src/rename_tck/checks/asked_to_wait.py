"""A 502, 503 or 504 that asks to come again (Retry-After): the target's, or the request's own.

Of the target it is no verdict, and waited out. A request that is asked to wait for ever while ordinary renames are
accepted is not waited for: after a moment an ordinary rename is sent, which waits for as long as it is asked to, and
then the request once more. What it is answered then is its answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from rename_tck.cases import names
from rename_tck.client.exchange import Exchange, Request
from rename_tck.client.journal import Purpose
from rename_tck.client.waiting import PASSING
from rename_tck.systems.dialect import Session
from rename_tck.target.target import Target
from rename_tck.verdict import Unjudgeable

#: Sends a request for a purpose; with seconds, waiting no longer than that in all where it is asked to.
Send = Callable[[Request, Purpose, float | None], Exchange]


def sent(target: Target, send: Send, request: Request, purpose: Purpose) -> Exchange:
    """Send a request of the operation under test, and once more where only it was asked to wait.

    Raises what the sending raises.
    """
    waiting = target.client.waiting
    exchange = send(request, purpose, waiting.patience)
    if not _asks_to_wait(exchange):
        return exchange
    session = target.session_at(request.path) or target.pool.any()
    control = send(_ordinary(target, session), Purpose.CONTROL, None)
    if not target.dialect.succeeded(control):
        return exchange
    again = send(request, purpose, 0.0)
    if _asks_to_wait(again):
        waiting.lose_patience()
    else:
        entries = target.client.journal.since()
        target.outages += [(one.number, one.number) for one in entries if one.exchange is exchange]
    return again


def _asks_to_wait(exchange: Exchange) -> bool:
    answer = exchange.answer
    return answer is not None and answer.status in PASSING and answer.header("retry-after") is not None


def _ordinary(target: Target, session: Session) -> Request:
    """An ordinary rename: to the name that the session, or another one, bears, so that nothing changes.

    Where neither bears a plain name, or that cannot be read, it is that of a session which is made for it.
    """
    usual = target.pool.any()
    for one in (session, usual) if target.reader.way else ():
        with contextlib.suppress(Unjudgeable):
            name = target.dialect.name_in(target.reader.read(one, Purpose.CONTROL) or {})
            if isinstance(name, str) and names.is_plain(name):
                return target.dialect.rename(one, target.dialect.body(one, name))
    last = target.pool.fresh(usual.kind) or usual
    fresh = target.last_names[last.id] = target.fresh_name()
    return target.dialect.rename(last, target.dialect.body(last, fresh))
