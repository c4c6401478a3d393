"""Whether a change that followed a rename was the rename's: a session may change by itself, once or now and then.

A job gives a session its title a moment after it was made, a counter goes on, a neighbour is used by somebody. So what
seems to be a rename's doing is looked at again, on sessions that were seen to be at rest.
"""

from __future__ import annotations

from rename_tck.checks.context import CheckContext
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session
from rename_tck.target import settling
from rename_tck.target.readback import Snapshot

#: Seconds for which sessions are watched before they count as being at rest; a change must come again after each.
_WATCHES = ((0.2, 0.3, 0.5), (0.3, 0.5, 0.8))

#: Renames by which a change is looked for: enough for one that comes every fifteenth time.
_TRIES = 16


def is_the_renames(check: CheckContext, renamed: Session, other: Session, member: str) -> bool:
    """Whether a rename of one session changes a member of another, `other` or one that is made for it.

    Raises NotTested or Unjudgeable where that cannot be looked at.
    """
    return _comes_again(check, renamed, member, [other])


def is_the_renames_of(check: CheckContext, session: Session, member: str) -> bool:
    """Whether a rename changes a member of the session that is renamed: looked at on one that is made for it."""
    fresh = check.target.pool.fresh(session.kind)
    return fresh is None or _comes_again(check, fresh, member, [])


def _comes_again(check: CheckContext, renamed: Session, member: str, others: list[Session]) -> bool:
    for watch in _WATCHES:
        fresh = check.target.pool.fresh(renamed.kind) if others else None
        watched = others or [renamed]
        if fresh is not None:
            watched = [*watched, fresh]
        if not _at_rest(check, watched, member, watch) or not _changes(check, renamed, watched, member):
            return False
        if not others and (made := check.target.pool.fresh(renamed.kind)) is not None:
            renamed = made
    return True


def _at_rest(check: CheckContext, sessions: list[Session], member: str, watch: tuple[float, ...]) -> bool:
    """Whether none of the sessions changes while nothing is sent to any of them."""
    before = _read(check, sessions, member)
    for seconds in watch:
        settling.pause(seconds)
        now = _read(check, sessions, member)
        if now != before:
            return False
    return True


def _changes(check: CheckContext, renamed: Session, watched: list[Session], member: str) -> bool:
    """Whether a few renames change the member of a session that is watched."""
    for _ in range(_TRIES):
        before = _read(check, watched, member)
        check.send_beside(check.rename(renamed, check.name()))
        if _read(check, watched, member) != before:
            return True
    return False


def _read(check: CheckContext, sessions: list[Session], member: str) -> list[object]:
    found: list[object] = []
    for session in sessions:
        snapshot: Snapshot | None = check.target.reader.read(session, Purpose.CONTROL)
        found.append(None if snapshot is None else snapshot.get(member))
    return found
