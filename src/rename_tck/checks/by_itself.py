"""Whether a change that followed a rename was the rename's: a session may change by itself, once or now and then.

A job gives a session its title a moment after it was made, a counter goes on, a neighbour is used by somebody. So what
seems to be a rename's doing is looked at again, on sessions that were seen to be at rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from rename_tck.checks import rename_series
from rename_tck.checks.comparison import marked, same, without
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, segment
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target import settling
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Aspect, NotTested, Unjudgeable

#: Seconds for which sessions are watched before they count as being at rest; a change must come again after each.
_WATCHES = ((0.2, 0.3, 0.5), (0.3, 0.5, 0.8))

#: Renames after which a member must each time be one that it never was, where it keeps count of them.
_COUNTED = 3

#: Renames by which a change is looked for: enough for one that comes every fifteenth time.
_TRIES = 16

#: Seconds for which sessions are seen to be at rest, and between the looks after a rename, where a change is looked for
#: that comes a moment later; and how often it must come.
_LATE_REST, _LATE_STEPS, _LATE_ROUNDS = (0.3, 0.5, 0.8), (0.1, 0.2, 0.3, 0.4), 5

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


def look_at(dialect: Dialect, member: str) -> Look | None:
    """What is compared of a member that may repeat the session's name: the rest of it. None for all of another one."""
    if member in dialect.copies_name:
        return lambda snapshot: without(snapshot.get(member), dialect.name_in(snapshot))
    if member in dialect.immutable_members:
        return None
    return lambda snapshot: marked(snapshot.get(member), dialect.name_in(snapshot))


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
    if member == check.dialect.name_member and _is_its_own(check, seen, now):
        return  # shown late, or by a node that is behind: name-stored judges that
    at_first = check.target.reader.first_names.get(seen.session_id)
    sent = isinstance(now, str) and check.target.token in now and now != at_first  # it may be given that back
    if not sent and not _is_the_renames(check, seen, member, compared):
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


def keeps_count(check: CheckContext, session: Session, member: str) -> bool:
    """Whether a member is another one after each ordinary rename, and never one that it was: a revision, a tag, a time.

    Of a member that the document does not name nothing says that it may not be so: it is noted.
    """
    if member in check.dialect.immutable_members or not check.readable():
        return False
    known: dict[str, bool] = check.target.cache.setdefault("members that keep count of renames", {})
    if member not in known:
        found = [check.read(session).get(member)]
        for _ in range(_COUNTED):
            check.send_beside(check.rename(session, check.name()))
            found.append(check.read(session).get(member))
        known[member] = not any(same(one, other) for one, other in combinations(found, 2))
        if known[member]:
            check.target.pool.notes.append(
                f"{member}, which the document does not name, is another one after each rename: it is not judged"
            )
    return known[member]


def _is_its_own(check: CheckContext, seen: Seen, name: object) -> bool:
    """Whether the run has sent a name for the session itself, or it bore that before a first rename a moment ago."""
    path = check.dialect.operation.path.replace("{id}", segment(seen.session_id))
    sent = [entry.exchange for entry in check.target.client.journal.renames() if entry.exchange.request.path == path]
    if any(check.dialect.name_asked(exchange.request) == name for exchange in sent):
        return True
    earlier = [one for one in sent if one.at < seen.exchange.at and check.dialect.succeeded(one)]
    steps = rename_series.run(check).steps
    first = next((found for step in steps if (found := step.before.get(seen.session_id)) is not None), None)
    recent = bool(earlier) and seen.exchange.at - earlier[0].at <= settling.LONGEST
    return recent and first is not None and same(name, check.dialect.name_in(first))


def _is_the_renames(check: CheckContext, seen: Seen, member: str, look: Look) -> bool:
    """Whether the change comes again; where that cannot be looked at, it is taken for the rename's."""
    if not check.readable():
        return True
    own = seen.session_id == seen.renamed.id
    try:
        if own:
            renamed, others = check.target.pool.fresh(seen.renamed.kind), []
        else:
            renamed, others = seen.renamed, [one for one in check.target.pool.of_the_run if one.id == seen.session_id]
        if renamed is None or not (own or others) or _comes_again(check, renamed, others, look):
            return True
        # whether it comes a moment later is looked at once: it takes its time
        later: dict[tuple[str, bool], bool] = check.target.cache.setdefault("changes that come later", {})
        if (member, own) not in later:
            later[member, own] = _comes_later(check, renamed, others, look)
        return later[member, own]
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


def _comes_later(check: CheckContext, renamed: Session, others: list[Session], look: Look) -> bool:
    """The same for what a rename does a moment later: it comes within as long as it was seen to take, each time.

    Before each rename the sessions are seen to be at rest for three times as long: what comes now and then, whatever
    is sent, does not keep to that.
    """
    rest: tuple[float, ...] = _LATE_REST
    steps: tuple[float, ...] = _LATE_STEPS
    for _ in range(_LATE_ROUNDS):
        made = check.target.pool.fresh(renamed.kind)
        renamed = renamed if others else made or renamed
        watched = [*others, *([made] if made is not None else [])] if others else [renamed]
        if not _at_rest(check, watched, rest, look):
            return False
        before, passed = _read(check, watched, look), 0.0
        check.send_beside(check.rename(renamed, check.name()))
        for seconds in steps:
            settling.pause(seconds)
            passed += seconds
            if not same(before, _read(check, watched, look)):
                break
        else:
            return False
        rest, steps = (3 * passed,), (passed,)
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
