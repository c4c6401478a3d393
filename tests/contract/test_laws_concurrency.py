"""The laws of concurrency: renames in flight at once are each answered for themselves, and break nothing."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from rename_tck.checks.context import CheckContext
from rename_tck.checks.points_of_run import has_failed_on
from rename_tck.client.exchange import Credential, Exchange
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session, members
from rename_tck.target.deleted import reaches_itself
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Aspect, Compared, NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(7, spread=5)

#: How many renames of one session are in flight at once, round after round: what one leaves behind shows in the next.
OF_ONE = (2, 5, 10)

#: How many sessions are renamed at once, round after round.
OF_SEVERAL = (5, 10)

#: By these a rename says that another one is at work on the same thing (RFC 9110, section 15.5.10; RFC 4918, 11.3).
_BUSY = (409, 423)


def _long_is_kept(check: CheckContext) -> bool:
    """Whether a long name is kept by itself: what becomes of it otherwise is no matter of concurrency."""

    if f"{check.dialect.system}.length-200-accepted" in check.target.passed:
        return True

    def look() -> bool:
        session, name = check.some_session(), check.name().ljust(199, "z")
        exchange = check.send_beside(check.rename(session, name))
        kept = check.dialect.succeeded(exchange)
        return kept and (not check.readable() or check.settled(lambda: check.name_of(session), name.__eq__) == name)

    kept: bool = check.shared("long names are stored", look)
    return kept


def _nothing_in_common(check: CheckContext, count: int) -> list[str]:
    """So many names of different lengths that are alike at hardly a place, so that a mixture of them is none."""
    lengths = (
        (40, 45, 12, 150, 25, 90, 60, 199, 15, 120)
        if _long_is_kept(check)
        else (40, 45, 12, 60, 25, 55, 50, 58, 15, 48)
    )
    fills = "abcdefghij"
    places = (str.ljust, str.rjust)
    session = check.some_session()

    def fitting(number: int) -> str:
        name, fill = check.name(), fills[number]
        made = (places[number % 2](name, length, fill) for length in (lengths[number], 40, 25))
        return next((one for one in made if check.allows(check.body(session, one))), name)

    return [fitting(number) for number in range(count)]


def _at_once(
    check: CheckContext, wanted: list[tuple[Session, str]], case: str, beside: Sequence[Callable[[], object]] = ()
) -> list[tuple[Session, str, Exchange, bool]]:
    """Rename at once, beside something else: each session, its name, the exchange, and whether it was renamed.

    At least one is accepted, each accepted one is answered with the id of its own session, and the others say that
    something else is at work on it.
    """
    renames = [check.rename(session, name) for session, name in wanted]
    exchanges = check.at_once(*renames, beside=beside)
    done = []
    for (session, name), exchange in zip(wanted, exchanges, strict=True):
        accepted = check.dialect.succeeded(exchange)
        if not accepted and (exchange.status not in _BUSY or (exchange.answer is not None and exchange.answer.is_page)):
            # what says no with 200 is judged where the answer is
            aspect = Aspect.ANSWERED if exchange.status == 200 else None
            expected = f"success, or status {' or '.join(map(str, _BUSY))}, to each of the renames"
            check.fail(case, expected, exchange, aspect=aspect)
        done.append((session, name, exchange, accepted))
        found = check.dialect.id_in(_answered(exchange))
        if accepted:
            check.target.accepted += 1
        if accepted and check.dialect.answers_session and found is not None:
            check.expect_equal(session.id, found, f"{case}: the id in the answer", exchange)
    if not any(accepted for *_, accepted in done):
        check.fail(case, "success to one of the renames at least", exchanges[-1])
    return done


def _answered(exchange: Exchange) -> dict[str, object]:
    return members(exchange.answer.value) if exchange.answer else {}


def _still_renamable(check: CheckContext, *sessions: Session) -> None:
    for session in check.cases(sessions):
        name = check.name()
        exchange = check.rename_and_expect(session, name, "a rename after renames at once")
        check.stored_if_readable(session, name, "a rename after renames at once", exchange)


@requirement("concurrent-same-session")
def test_renames_of_one_session_at_once(check: CheckContext) -> None:
    session = check.some_session()
    for number, count in enumerate(OF_ONE, 1):
        case = f"{count} renames of one session at once (round {number})"
        _several_of_one(check, session, count, case)
        name, after = check.name(), f"{case}: an ordinary rename after them"
        exchange = check.rename_and_expect(session, name, after)
        check.stored_if_readable(session, name, after, exchange)
    check.require_name_observed()


def _several_of_one(check: CheckContext, session: Session, count: int, case: str) -> None:
    done = _at_once(check, [(session, name) for name in _nothing_in_common(check, count)], case)
    given = [name for _, name, _, accepted in done if accepted]
    stored = _settled(check, session, given) if check.readable() else None
    if check.readable() and stored not in given:
        whole = f"{' or '.join(map(repr, given))}, whole"
        compared = Compared(whole, stored) if isinstance(stored, str) else None
        with check.shown(session, stored):
            check.fail(f"{case}: the name read back is {stored!r}", whole, done[-1][2], compared, Aspect.STORED)
    if not check.dialect.answers_session:
        return
    for _, own, exchange, accepted in done:
        answered = check.dialect.name_in(_answered(exchange)) if accepted else None
        # an answer may show another name only where that came later; of two, that is the one that stays
        others = [name for name in given if name != own]
        if answered in others and stored not in {None, answered}:
            # a reading may lag: the one that was answered may be shown yet
            wanted = answered
            stored = check.settled(lambda: check.name_of(session), lambda found: found == wanted)  # noqa: B023
        later = answered in others and (len(given) > 2 or stored in {None, answered})
        if answered not in {None, own} and not later:
            check.expect_equal(own, answered, f"{case}: the name in the answer", exchange, Aspect.ANSWERED)
    last = next((one for one in done if one[3] and one[1] == stored), None)
    if last is not None and check.dialect.name_in(_answered(last[2])) is not None:
        # nothing came later than the name that stays
        found = check.dialect.name_in(_answered(last[2]))
        check.expect_equal(
            stored, found, f"{case}: the name in the answer to the last of them", last[2], Aspect.ANSWERED
        )
    answers = [check.dialect.name_in(_answered(exchange)) for *_, exchange, _ in done]
    if answers == given[::-1] and len(given) == 2:
        check.expect_equal(given[0], answers[0], f"{case}: the names in the two answers, exchanged", done[0][2])


def _settled(check: CheckContext, session: Session, given: list[str]) -> object:
    """The name read back, looked at again where it is none of those that were given."""
    return check.settled(lambda: check.name_of(session), lambda found: found in given)


def _beside(check: CheckContext, session: Session) -> list[tuple[str, Callable[[], object]]]:
    """What else a server does while it renames, each in a word and as an act: none of it renames anything.

    Requests that are to be refused go to the session itself, with a name that it must not come to bear.
    """
    send, name = check.send_beside, check.name()
    acts: list[tuple[str, Callable[[], object]]] = [
        (f"a refused request ({case})", partial(send, request)) for case, request in check.faulty(session, name)[:2]
    ]
    if check.target.client.connection.key is not None:
        wrong = check.rename(session, name).with_credential(Credential.WRONG)
        acts.append(("a request with a wrong key", partial(send, wrong)))
    if (reading := check.dialect.reading(session)) is not None:
        acts.append(("a reading", partial(send, reading)))
    acts.append(("a listing", partial(send, check.dialect.listing(session.kind, check.target.pool.user))))
    other = check.target.pool.fresh(session.kind) if session.origin == "created" else None
    has_other = check.target.client.connection.other_user_key is not None
    acts += [
        (label, partial(send, request))
        for label, request in check.system_cases.beside(session, other, name)
        if has_other or request.credential is not Credential.OTHER_USER
    ]
    if other is not None:
        doomed = check.target.pool.fresh(session.kind, seen=False)
        if doomed is not None and reaches_itself(check.target, doomed):
            check.target.pool.forget(doomed)
            acts.append(("a deletion", partial(send, check.dialect.deletion(doomed))))
        acts.append(("a creation", partial(check.target.pool.fresh, session.kind)))
    return acts


def _several(check: CheckContext) -> list[Session]:
    """As many sessions as are renamed at once at most, or as many as there are, but two.

    Those that were made in a condition, and are renamed as well as ordinary ones, are among them.
    """
    pair = check.sessions(2)
    made = [one for one in check.target.pool.conditioned.in_use if _is_like(check, one, pair[0])][
        -max(OF_SEVERAL) + 2 :
    ]
    for count in (max(OF_SEVERAL), 5):
        try:
            return [*check.sessions(max(2, count - len(made))), *made]
        except NotTested:
            continue
    return [*pair, *made]


def _is_like(check: CheckContext, session: Session, ordinary: Session) -> bool:
    """Whether a session that is not an ordinary one is renamed as that is: of its kind and its user."""
    owners = {one.owner and check.dialect.owner(one.owner) for one in (session, ordinary)}
    return (
        session.kind == ordinary.kind
        and len(owners) == 1
        and session.id in check.target.last_names
        and not has_failed_on(check, session)
    )


@requirement("concurrent-two-sessions")
def test_renames_of_several_sessions_at_once(check: CheckContext) -> None:
    sessions = _several(check)
    acts = _beside(check, sessions[0])
    share = -(-len(acts) // len(OF_SEVERAL))
    for number, count in enumerate(OF_SEVERAL):
        beside = acts[number * share : (number + 1) * share]
        words = f", beside {' and '.join(label for label, _ in beside)}" if beside else ""
        some = sessions[:count]
        case = f"renames of {len(some)} sessions at once{words} (round {number + 1})"
        wanted = list(zip(some, _nothing_in_common(check, len(some)), strict=True))
        mark = len(check.target.client.journal)
        done = _at_once(check, wanted, case, [act for _, act in beside])
        meddled = _renamed_beside(check, mark)
        _each_is_renamed(check, [one for one in done if one[0].id not in meddled], case)
    check.require_name_observed()
    _still_renamable(check, *sessions[:2])


def _renamed_beside(check: CheckContext, mark: int) -> set[str]:
    """The sessions of which a request was accepted that is to be refused, by laws of their own."""
    exchanges = [one.exchange for one in check.target.client.journal.renames(mark) if one.purpose is Purpose.CONTROL]
    accepted = [check.target.session_at(one.request.path) for one in exchanges if check.dialect.succeeded(one)]
    return {session.id for session in accepted if session is not None}


def _each_is_renamed(check: CheckContext, done: list[tuple[Session, str, Exchange, bool]], case: str) -> None:
    """Require that each session bears its name if its rename was accepted, and another one if not."""
    for _, name, exchange, accepted in done:
        if accepted:
            check.expect_answered(exchange, name, case)
    if not check.readable() or not done:
        return

    def right(read: dict[str, Snapshot | None]) -> bool:
        return all(check.dialect.name_in(read[one.id] or {}) == name for one, name, _, accepted in done if accepted)

    read = check.settled(lambda: check.read_some([one for one, *_ in done], case, done[-1][2]), right)
    for session, name, exchange, accepted in done:
        check.seen += 1
        if read[session.id] is None:
            check.fail_missing(session, f"{case}: a session read back", "it to be there still", exchange)
        found = check.dialect.name_in(read[session.id] or {})
        if accepted:
            with check.shown(session, found):
                check.expect_equal(name, found, f"{case}: the name read back", exchange, Aspect.STORED)
        elif found == name:
            refused = f"another name than {name!r}, which was not accepted"
            check.fail(f"{case}, answered with {exchange.status}: the name read back", refused, exchange)
