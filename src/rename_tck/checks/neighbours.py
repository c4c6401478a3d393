"""What a rename does to sessions that it was not sent for: their names and the times of their last update stay."""

from __future__ import annotations

from collections.abc import Sequence

from rename_tck.checks import rename_series, server_clock
from rename_tck.checks.by_itself import Seen, expect_unchanged
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange
from rename_tck.systems.dialect import Session
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Unjudgeable


def stay_as_they_are(check: CheckContext, run: rename_series.Series) -> None:
    """Rename one session and, when another time shows, a last one: the others' name and last update stay.

    So a rename is seen that sets the time of every session, and one that sets that of the session renamed before, and
    one of a session of another type. Raises Nonconformance.
    """
    if not check.readable():
        return
    several, member = _several(check), check.dialect.updated_member
    judged = (member, check.dialect.name_member)
    lasts = [alike[-1] for alike in several]
    if several:  # the session that is renamed before the next one
        check.send(check.rename(several[0][0], check.name()))
    before = _read(check, several)
    server_clock.wait_past(check, run, [snapshot.get(member) for snapshot in before.values()])
    volatile_members = {(other, one) for other in before for one in run.volatile_members.get(other, set())}
    # all at once first: each by itself only where something has changed by it
    names = {last.id: check.name() for last in lasts}
    sent = [(last, check.send(check.rename(last, names[last.id]))) for last in lasts]
    after = _read(check, several, sent[-1][1]) if sent else {}
    moved = _changed(before, after, judged) - volatile_members
    # a session that was renamed itself bears its own name, or still the old one, but not that of one renamed after it
    crossed = {one.id for one in lasts if check.dialect.name_in(after[one.id]) in set(names.values()) - {names[one.id]}}
    moved -= {(last.id, one) for last in lasts for one in judged if last.id not in crossed or one == member}
    for other, one in check.each(sorted(moved), lambda _: "another"):
        if one == check.dialect.name_member:
            last, exchange = next((found for found in sent if names[found[0].id] == after[other].get(one)), sent[-1])
            own = {**before[other], one: names[other]} if other in names else before[other]
            case = f"a rename of another session: {one} of {other}"
            expect_unchanged(check, Seen(other, own, after[other], last, exchange), one, case)
    if not moved:
        return
    server_clock.wait_past(check, run, [snapshot.get(member) for snapshot in after.values()])
    # what moved without a rename moves by itself
    volatile_members |= _changed(after, _read(check, several), judged)
    for first, *_, last in check.each(several):
        check.send(check.rename(first, check.name()))
        before = _read(check, several)
        server_clock.wait_past(check, run, [snapshot.get(member) for snapshot in before.values()])
        exchange = check.send(check.rename(last, check.name()))
        after = _read(check, several, exchange)
        for other, one in check.each(sorted(_changed(before, after, judged) - volatile_members), lambda _: "another"):
            if other != last.id:
                case = f"a rename of another session: {one} of {other}"
                expect_unchanged(check, Seen(other, before[other], after[other], last, exchange), one, case)


def _several(check: CheckContext) -> list[list[Session]]:
    """All sessions of which there are several of a kind, but those that a 5xx has left unreadable."""
    sent = (entry.exchange for entry in check.target.client.journal.renames())
    erred = {exchange.request.path for exchange in sent if not 0 < exchange.status < 500}
    there = [
        session
        for session in check.target.pool.all
        if check.rename(session, "").path not in erred or _can_be_read(check, session)
    ]
    kinds = [[session for session in there if session.kind == kind] for kind in check.dialect.kinds]
    return [alike for alike in kinds if len(alike) > 1]


def _can_be_read(check: CheckContext, session: Session) -> bool:
    try:
        return check.target.reader.read(session) is not None
    except Unjudgeable:
        return False


def _read(
    check: CheckContext, several: Sequence[Sequence[Session]], exchange: Exchange | None = None
) -> dict[str, Snapshot]:
    """Sessions of several kinds, after a rename of one of them where there was one. Raises Nonconformance."""
    if exchange is None:
        found = [check.target.reader.read_some(alike) for alike in several]
    else:
        found = [check.read_some(alike, "a rename of another session", exchange) for alike in several]
    return {name: snapshot or {} for one in found for name, snapshot in one.items()}


def _changed(
    before: dict[str, Snapshot], after: dict[str, Snapshot], members_of: tuple[str, str]
) -> set[tuple[str, str]]:
    """The sessions that changed, each with the member."""
    return {
        (other, one) for other in after for one in members_of if not same(before[other].get(one), after[other].get(one))
    }
