"""Whether a change that followed a rename was the rename's: a session may change by itself, once or now and then.

A job gives a session its title a moment after it was made, a counter goes on, a neighbour is used by somebody. So what
seems to be a rename's doing is looked at again, on sessions that were seen to be at rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, decoded, segment
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session, members
from rename_tck.target import settling
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Aspect, NotTested, Unjudgeable

#: Seconds for which sessions are watched before they count as being at rest; a change must come again after each.
_WATCHES = ((0.2, 0.3, 0.5), (0.3, 0.5, 0.8))

#: Renames by which a change is looked for: enough for one that comes every fifteenth time.
_TRIES = 16

#: What is looked at of a session that was read.
Look = Callable[[Snapshot], object]


@dataclass(frozen=True)
class Seen:
    """A session, by its id, as it was seen before and after a rename of itself or of another one."""

    session_id: str
    before: Snapshot
    after: Snapshot
    renamed: Session
    exchange: Exchange


def expect_unchanged(check: CheckContext, seen: Seen, member: str, case: str, look: Look | None = None) -> None:
    """Require that a rename left a member of a session as it was.

    `look` is what is compared, the member itself where it is None. A change that does not come again is noted, and no
    verdict; a name that the run has sent is nobody else's doing.

    Raises Nonconformance.
    """
    compared = look or (lambda snapshot: snapshot.get(member))
    was, now = compared(seen.before), compared(seen.after)
    if same(was, now):
        return
    if member == check.dialect.name_member and _was_sent_to(check, seen.session_id, now):
        return  # its own, shown late: name-stored judges that
    own_name = isinstance(now, str) and check.target.token in now
    if not own_name and not _is_the_renames(check, seen, compared):
        check.target.pool.notes.append(
            f"{member} of session {seen.session_id} changed after a rename ({case}), and not when that was looked at "
            "again: it is taken to have changed by itself"
        )
        return
    check.expect_equal(seen.before.get(member), seen.after.get(member), case, seen.exchange)


def expect_still(check: CheckContext, session: Session, seen: Seen, member: str, case: str) -> None:
    """Require that a member of a session is as it was, unless it is seen to move while nothing is sent.

    Raises Nonconformance.
    """
    was, now = seen.before.get(member), seen.after.get(member)
    if same(was, now) or (member == check.dialect.name_member and same(now, check.target.last_names.get(session.id))):
        return
    try:
        moves = any(not _at_rest(check, [session], watch, lambda snapshot: snapshot.get(member)) for watch in _WATCHES)
    except (NotTested, Unjudgeable):
        moves = False
    if not moves:
        check.expect_equal(was, now, case, seen.exchange, Aspect.OTHER)


def _was_sent_to(check: CheckContext, session_id: str, name: object) -> bool:
    """Whether the run has sent a name for the session itself."""
    path = check.dialect.operation.path.replace("{id}", segment(session_id))
    return any(
        entry.exchange.request.path == path
        and members(decoded(entry.exchange.request.body)).get(check.dialect.name_member) == name
        for entry in check.target.client.journal.renames()
    )


def _is_the_renames(check: CheckContext, seen: Seen, look: Look) -> bool:
    """Whether the change comes again; where that cannot be looked at, it is taken for the rename's."""
    if not check.readable():
        return True
    try:
        if seen.session_id != seen.renamed.id:
            watched = next((one for one in check.target.pool.of_the_run if one.id == seen.session_id), None)
            return watched is None or _comes_again(check, seen.renamed, [watched], look)
        fresh = check.target.pool.fresh(seen.renamed.kind)
        return fresh is None or _comes_again(check, fresh, [], look)
    except (NotTested, Unjudgeable):
        return True


def _comes_again(check: CheckContext, renamed: Session, others: list[Session], look: Look) -> bool:
    for watch in _WATCHES:
        made = check.target.pool.fresh(renamed.kind)
        if others:
            watched = others if made is None else [*others, made]
        else:
            renamed = made or renamed
            watched = [renamed]
        if not _at_rest(check, watched, watch, look):
            return False
        if not _changes(check, renamed, watched, look) and not (
            others and _changes_what_was_renamed_before(check, renamed, watched, watch, look)
        ):
            return False
    return True


def _at_rest(check: CheckContext, sessions: list[Session], watch: tuple[float, ...], look: Look) -> bool:
    """Whether none of the sessions changes while nothing is sent to any of them."""
    before = _read(check, sessions, look)
    for seconds in watch:
        settling.pause(seconds)
        if not same(before, _read(check, sessions, look)):
            return False
    return True


def _changes(check: CheckContext, renamed: Session, watched: list[Session], look: Look) -> bool:
    """Whether one of a few renames changes a session that is watched."""
    for _ in range(_TRIES):
        before = _read(check, watched, look)
        check.send_beside(check.rename(renamed, check.name()))
        if not same(before, _read(check, watched, look)):
            return True
    return False


def _changes_what_was_renamed_before(
    check: CheckContext, renamed: Session, watched: list[Session], watch: tuple[float, ...], look: Look
) -> bool:
    """The same for what a rename does to the session that was renamed before it: each watched one is renamed first."""
    for one in watched:
        check.send_beside(check.rename(one, check.name()))
    return _at_rest(check, watched, watch, look) and _changes(check, renamed, watched, look)


def _read(check: CheckContext, sessions: list[Session], look: Look) -> list[object]:
    found = [check.target.reader.read(session, Purpose.CONTROL) for session in sessions]
    return [None if snapshot is None else look(snapshot) for snapshot in found]
