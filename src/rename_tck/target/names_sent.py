"""Where a name that a session bears comes from, as far as the run has sent it: for that session, or for another one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rename_tck.client.exchange import Exchange, decoded
from rename_tck.systems.dialect import members
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
    UNKNOWN = "unknown"


#: Of a session's own names, the last that a part may have been left of.
_LAST = 3


@dataclass(frozen=True)
class Origin:
    """Where a name comes from, and the last exchange that shows it."""

    source: Source
    exchange: Exchange | None = None


def origin(target: Target, session_id: str, name: object) -> Origin:
    """Where a name that a session bears comes from."""
    at_first = target.reader.first_names.get(session_id)
    if not isinstance(name, str) or name in ("", at_first):  # others may have been called so since
        return Origin(Source.UNKNOWN)
    paths = {target.dialect.rename(one, None).path: one.id for one in target.pool.of_the_run}
    own: list[Exchange] = []
    others: list[Exchange] = []
    last: list[object] = []
    latest: Exchange | None = None
    for entry in target.client.journal.renames():
        request = entry.exchange.request
        of, sent = paths.get(request.path), members(decoded(request.body)).get(target.dialect.name_member)
        if of is not None and sent == name:
            (own if of == session_id else others).append(entry.exchange)
            latest = entry.exchange
        if of == session_id:
            last.append(sent)
    accepted = [exchange for exchange in own if exchange.status // 100 not in {4, 5}]
    if own and others and latest is others[-1] and name not in last[-_LAST:]:
        own, accepted = [], []  # long ago: since then it was another one's
    if accepted:
        return Origin(Source.OWN, accepted[-1])
    if any(isinstance(sent, str) and sent != name and name in sent for sent in last[-_LAST:]):
        return Origin(Source.UNKNOWN)  # a part of its own name, which may look like another one
    if own:
        refused = all(400 <= exchange.status < 500 for exchange in own)
        return Origin(Source.REFUSED if refused else Source.BROKEN, own[-1])
    if not others:
        return Origin(Source.UNKNOWN)
    alone = [exchange for exchange in others if exchange.request not in target.at_once]
    return Origin(Source.OTHER, alone[-1]) if alone else Origin(Source.OTHER_AT_ONCE, others[-1])
