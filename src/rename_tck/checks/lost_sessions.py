"""Sessions of the run that are gone: whether the run's own requests make them go, or somebody else does.

A session that is neither read nor listed any more may have been deleted by its owner, a colleague or a job. That shows
when the same is sent to sessions made for it: they stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from rename_tck.cases import ids
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Request, segment
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session
from rename_tck.target import settling
from rename_tck.verdict import NotTested, ObstacleError, Unjudgeable

#: Ordinary renames after which sessions are looked for again: enough for a loss that comes every fortieth time.
_RENAMES = 100

#: The last requests to a session that is gone, which are sent again to another one.
_SUSPECTS = 3

#: Requests that are sent more in the time that the loss is held against.
_SLACK = 10

#: Times that a loss must come again; and that sessions must go by themselves until no more is tried.
_ROUNDS = 2


def is_gone(check: CheckContext, session: Session) -> bool:
    """Whether a session is neither read nor listed any more, as far as the target lets that be seen."""
    reader = check.target.reader
    if not check.readable():
        return False
    try:
        if check.settled(lambda: reader.read(session, Purpose.CONTROL), lambda found: found is None) is not None:
            return False
        listing = reader.listing(session.kind, Purpose.CONTROL)
    except Unjudgeable:
        return False
    return session.id not in {check.dialect.id_in(item) for item in listing.items}


def is_others_doing(check: CheckContext, session: Session) -> bool:
    """Whether a session that is not there is gone, and no other goes when the same is sent to it; then it is noted."""
    if not is_gone(check, session) or comes_again(check, session):
        return False
    retire_all(check, session)
    what = f"session {session.id} of the run was gone, neither read nor listed any more"
    if _known(check).gone_by_themselves:
        check.target.pool.notes.append(f"{what}: sessions of the run vanish here also while none is renamed")
    else:
        check.target.pool.notes.append(
            f"{what}, and no other went when the same was sent to it: it is taken to have been deleted by others"
        )
    return True


def retire_all(check: CheckContext, session: Session) -> None:
    """Take what is gone beside a session out of use: the next case need not come upon it."""
    with suppress(NotTested, ObstacleError, Unjudgeable):
        others = [other for other in check.target.pool.in_use if other.id != session.id]
        found = check.target.reader.read_some(others)
        for other in others:
            if found[other.id] is None:
                check.target.pool.retire(other)


def comes_again(check: CheckContext, session: Session, requests: Sequence[Request] | None = None) -> bool:
    """Whether sessions go again when what was sent last to one that is gone, and ordinary renames, are sent to another.

    `requests` are what was sent last where that is known. They are held against as long a time in which nothing is
    renamed. Where no session can be made for it, the loss is taken for the run's doing.
    """
    known = _known(check)
    sent = _last_sent(check, session) if requests is None else requests
    suspects = [one for one in sent if _sort(one, session) not in known.harmless]
    renames = 0 if known.renames_are_harmless else _RENAMES
    if known.shown or known.gone_by_themselves >= _ROUNDS or not (suspects or renames):
        return known.shown
    try:
        again = all(_go(check, known, session, suspects, renames) for _ in range(_ROUNDS))
    except (NotTested, ObstacleError, Unjudgeable):
        return True
    known.shown = again
    if not again:
        known.harmless.update(_sort(one, session) for one in suspects)
        known.renames_are_harmless = True
    return again


def doer(check: CheckContext, session: Session, requests: Sequence[Request]) -> int:
    """Which of several requests makes its session go by itself; the last where none does, or that cannot be seen."""
    last = len(requests) - 1
    if not last:
        return last
    try:
        tried = [check.target.pool.spare(session.kind) for _ in requests]
        for request, other in zip(requests, tried, strict=True):
            check.target.pool.set_aside(other)
            check.send_beside(_readdressed(check, request, session, other))
        settling.pause(settling.LONGEST)
        return next((number for number, one in enumerate(tried) if not _are_there(check, (one,))), last)
    except (NotTested, ObstacleError, Unjudgeable):
        return last


@dataclass
class _Known:
    """What was seen of sessions that go."""

    #: What was sent again, without the id in its path, and made none go; and whether ordinary renames made none.
    harmless: set[Request] = field(default_factory=set)
    renames_are_harmless: bool = False
    #: Whether it was shown that the run's own requests make sessions go.
    shown: bool = False
    #: How often one went while nothing was renamed.
    gone_by_themselves: int = 0


def _known(check: CheckContext) -> _Known:
    known: _Known = check.target.cache.setdefault("sessions that go", _Known())
    return known


def _last_sent(check: CheckContext, session: Session) -> list[Request]:
    """The last requests of the operation that were sent to a session, without the controls after its loss."""
    path = check.dialect.rename(session, None).path
    sent = [
        entry.exchange.request
        for entry in check.target.client.journal.renames()
        if entry.exchange.request.path == path and entry.purpose is not Purpose.CONTROL
    ]
    return sent[-_SUSPECTS:]


def _sort(request: Request, session: Session) -> Request:
    """What a request has in common with the same one to another session."""
    return replace(request, path=request.path.replace(segment(session.id), ""))


def _readdressed(check: CheckContext, request: Request, session: Session, other: Session) -> Request:
    """The same request to another session; one to an id near to the session's, to the id as near to the other's.

    Raises NotTested where somebody may have that id.
    """
    own, text = segment(session.id), check.dialect.ids_are_text
    parts = request.path.split("/")
    near = next((one for one in ids.near_ids(session.id, text=text) if one.encoded in parts), None)
    if near is None:
        return replace(request, path="/".join(segment(other.id) if part == own else part for part in parts))
    alike = next((one for one in ids.near_ids(other.id, text=text) if one.label == near.label), None)
    if alike is None or not check.is_nobodys(alike, other):
        raise NotTested("somebody may have an id that is near to that of a session made for this")
    return replace(request, path="/".join(alike.encoded if part == near.encoded else part for part in parts))


def _go(check: CheckContext, known: _Known, session: Session, suspects: list[Request], renames: int) -> bool:
    """Whether a session goes, or one beside it, while it is renamed, and none does in as long a time without."""
    pair = _pair(check, session.kind)
    for _ in range(len(suspects) + renames + _SLACK):
        check.target.reader.read(pair[0], Purpose.CONTROL)
    settling.pause(settling.LONGEST)
    if not _are_there(check, pair):
        known.gone_by_themselves += 1
        return False
    pair = _pair(check, session.kind)
    for request in suspects:
        check.send_beside(_readdressed(check, request, session, pair[0]))
    for _ in range(renames):
        check.send_beside(check.rename(pair[0], check.name()))
    settling.pause(settling.LONGEST)
    return not _are_there(check, pair)


def _pair(check: CheckContext, kind: str | None) -> tuple[Session, Session]:
    """Two sessions that are made for it, and used for nothing else. Raises as `SessionPool.spare`, or NotTested."""
    made = check.target.pool.spare(kind), check.target.pool.spare(kind)
    for session in made:
        check.target.pool.set_aside(session)
    if not _are_there(check, made):
        raise NotTested("a session that was made for this is not there when it is read back")
    return made


def _are_there(check: CheckContext, sessions: tuple[Session, ...]) -> bool:
    """Whether all of them are. Raises Unjudgeable where that cannot be seen."""
    return all(check.target.reader.read(one, Purpose.CONTROL) is not None for one in sessions)
