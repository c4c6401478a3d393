"""Where a name that a session bears comes from, as far as the run has sent it: for that session, or for another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from rename_tck.client.exchange import Exchange
from rename_tck.target.target import Target


class Source(Enum):
    """What the run knows of a name."""

    #: It was sent for the session and accepted.
    OWN = "own"
    #: It was sent for the session, and each time refused with a 4xx status, or answered with a 5xx status.
    REFUSED = "refused"
    BROKEN = "broken"
    #: It was sent for another session of the run, and never for this one.
    OTHER = "other"
    #: The same, in requests that were in flight with others at once.
    OTHER_AT_ONCE = "other at once"
    #: It was sent for an id that is no session's of the run.
    NOBODY = "nobody"
    UNKNOWN = "unknown"


#: Of a session's own names, the last that a part may have been left of; and how long a part must be to be told as one.
_LAST = 8
_TELLING = 4


#: A name that is not of the run's own making, such as "Untitled", crosses over from one of so many renames before.
#: Where names are known to cross over, it may be from any.
_LATELY = 25


@dataclass(frozen=True)
class Origin:
    """Where a name comes from, and the last exchange that shows it."""

    source: Source
    exchange: Exchange | None = None


@dataclass
class _Sent:
    """Who a name was sent for, in the order of the requests."""

    own: list[Exchange] = field(default_factory=list)
    others: list[Exchange] = field(default_factory=list)
    nobodys: list[Exchange] = field(default_factory=list)
    #: Every name that was sent for the session.
    to_it: list[object] = field(default_factory=list)
    latest: Exchange | None = None


def _sent(target: Target, session_id: str, name: str) -> _Sent:
    paths = {target.dialect.rename(one, None).path: one.id for one in target.pool.of_the_run}
    found, renames = _Sent(), target.client.journal.renames()
    known = target.crossings or f"{target.dialect.system}.neighbours-untouched" in target.failed
    since = 0 if known or target.token in name else len(renames) - _LATELY
    for number, entry in enumerate(renames):
        request = entry.exchange.request
        of, sent = paths.get(request.path), target.dialect.name_asked(request)
        if of == session_id:
            found.to_it.append(sent)
        if sent != name:
            continue
        if of is None:
            found.nobodys.append(entry.exchange)
        elif of == session_id or number >= since:
            (found.own if of == session_id else found.others).append(entry.exchange)
            found.latest = entry.exchange
    return found


def origin(target: Target, session_id: str, name: object) -> Origin:
    """Where a name that a session bears comes from."""
    at_first = target.reader.first_names.get(session_id)
    if not isinstance(name, str) or name in ("", at_first):  # others may have been called so since
        return Origin(Source.UNKNOWN)
    sent = _sent(target, session_id, name)
    last = sent.to_it[-_LAST:]
    # long ago it was its own: since then it was another one's
    own = [] if sent.others and sent.latest is sent.others[-1] and name not in last else sent.own
    accepted = [exchange for exchange in own if exchange.status // 100 not in {4, 5}]
    if accepted:
        return Origin(Source.OWN, accepted[-1])
    if any(isinstance(one, str) and one != name and _is_part(name, one) for one in last):
        return Origin(Source.UNKNOWN)  # a part of its own name, which may look like another one
    if own:
        refused = all(400 <= exchange.status < 500 for exchange in own)
        return Origin(Source.REFUSED if refused else Source.BROKEN, own[-1])
    # a name of a character or two, such as a question mark, may have been made of any
    return _of_others(target, sent) if len(name) >= _TELLING else Origin(Source.UNKNOWN)


def _is_part(name: str, sent: str) -> bool:
    """Whether a name may be what is left of another one; a short one stands in many, and counts at their beginning."""
    return name in sent if len(name) >= _TELLING else sent.startswith(name)


def _of_others(target: Target, sent: _Sent) -> Origin:
    """Where a name comes from that was never sent for the session that bears it."""
    if sent.others:
        alone = [exchange for exchange in sent.others if exchange.request not in target.at_once]
        return Origin(Source.OTHER, alone[-1]) if alone else Origin(Source.OTHER_AT_ONCE, sent.others[-1])
    if sent.nobodys:
        return Origin(Source.NOBODY, sent.nobodys[-1])
    return Origin(Source.UNKNOWN)
