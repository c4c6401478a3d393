"""Among sessions of others: a session of the run that is apart from theirs, and whose doing it is that more come."""

from __future__ import annotations

from collections.abc import Callable

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange
from rename_tck.systems.dialect import Session
from rename_tck.target.readback import Listing

#: Sessions that are made, one after the other, until one has an id apart from those of others.
_TRIES = 8

#: Where the request in question is sent, and where an ordinary rename in its place: what others do regularly, at every
#: second or third place, say, falls on both.
_ORDER = (True, False, False, True, False, True, True, False)


def session_apart(check: CheckContext) -> Session:
    """A session whose id is not near to any of others', so that ids near to it are not theirs; some session else.

    It depends on chance how near random ids are: a few more are made until one is apart.
    """
    live, made_up, since = check.some_session(), check.target.pool.made_up, check.looked()
    for session in check.target.pool.all:
        if session.kind == live.kind and made_up.is_apart(session, since=since):
            return session
    for _ in range(0 if made_up.are_counted(live, since=since) else _TRIES):
        made = check.target.pool.fresh(live.kind)
        if made is None or made_up.is_apart(made, since=since):
            return made or live
    return live


def further(check: CheckContext, before: Listing, after: Listing) -> set[str]:
    """The ids of sessions that only the later of two listings shows, none of them the run's own."""
    if not (before.complete and after.complete):
        return set()
    id_of, own = check.target.pool.others.id_of, check.target.pool.own_ids
    listed = {session_id for item in after.items if (session_id := id_of(item)) is not None}
    return listed - own - {id_of(item) for item in before.items}


def made_by(check: CheckContext, kind: str | None, request: Callable[[], Exchange]) -> set[str]:
    """The sessions that come with each of several such requests, while none comes with an ordinary rename; else none.

    Others may open sessions all the while.
    """
    found: set[str] = set()
    before = check.target.reader.listing(kind)
    for is_request in _ORDER:
        if is_request:
            request()
        else:
            check.send_beside(check.rename(check.some_session(), check.name()))
        after = check.target.reader.listing(kind)
        new = further(check, before, after)
        if bool(new) is not is_request:
            return set()
        found |= new
        before = after
    return found
