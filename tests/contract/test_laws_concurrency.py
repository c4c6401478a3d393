"""The laws of concurrency: renames in flight at once are each answered for themselves, and break nothing."""

from collections.abc import Sequence

import pytest

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, Request
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import Aspect, Compared

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(6, spread=5)

ROUNDS = 8

#: By these a rename says that another one is at work on the same thing (RFC 9110, section 15.5.10; RFC 4918, 11.3).
_BUSY = (409, 423)


def _nothing_in_common(check: CheckContext) -> list[str]:
    """Two names of one length that are alike at hardly a place, so that a mixture of them is neither."""
    return [f"{check.name():.<40}", f"{check.name():->40}"]


def _at_once(
    check: CheckContext, wanted: list[tuple[Session, str]], case: str, faulty: Sequence[Request] = ()
) -> list[tuple[Session, str, Exchange, bool]]:
    """Rename at once, beside what is faulty: each session, its name, the exchange, and whether it was renamed.

    At least one is accepted, each accepted one is answered with the id of its own session, and the others say that
    something else is at work on it.
    """
    renames = [check.rename(session, name) for session, name in wanted]
    exchanges = check.at_once(*renames, *faulty)[: len(renames)]
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
def test_two_renames_of_one_session_at_once(check: CheckContext) -> None:
    session = check.some_session()
    for number in range(1, ROUNDS + 1):  # a series: what one round leaves behind shows in the next
        case = f"two renames of one session at once (round {number})"
        _two_of_one(check, session, case)
        check.rename_and_expect(session, check.name(), f"{case}: an ordinary rename after them")
    _still_renamable(check, session)
    check.require_name_observed()


def _two_of_one(check: CheckContext, session: Session, case: str) -> None:
    done = _at_once(check, [(session, name) for name in _nothing_in_common(check)], case)
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
        # an answer may show the other name only where that came later, and so is the one that stays
        others = [name for name in given if name != own]
        if answered in others and stored not in {None, answered}:
            # a reading may lag: the one that was answered may be shown yet
            wanted = answered
            stored = check.settled(lambda: check.name_of(session), lambda found: found == wanted)  # noqa: B023
        if answered not in {None, own} and not (answered in others and stored in {None, answered}):
            check.expect_equal(own, answered, f"{case}: the name in the answer", exchange, Aspect.ANSWERED)
    answers = [check.dialect.name_in(_answered(exchange)) for *_, exchange, _ in done]
    if answers == given[::-1] and len(given) > 1:
        check.expect_equal(given[0], answers[0], f"{case}: the names in the two answers, exchanged", done[0][2])


def _settled(check: CheckContext, session: Session, given: list[str]) -> object:
    """The name read back, looked at again where it is none of those that were given."""
    return check.settled(lambda: check.name_of(session), lambda found: found in given)


def _is_refused(check: CheckContext, request: Request) -> bool:
    """Whether a faulty request is refused when it is alone: another requirement's affair."""
    return 400 <= check.send(request).status < 500


@requirement("concurrent-two-sessions")
def test_renames_of_two_sessions_at_once(check: CheckContext) -> None:
    one, other = check.sessions(2)
    faulty = [request for _, request in check.faulty(one, check.name())[:1] if _is_refused(check, request)]
    for number in range(1, ROUNDS + 1):  # a series: what one round leaves behind shows in the next
        case = f"renames of two sessions at once (round {number})"
        wanted = list(zip((one, other), _nothing_in_common(check), strict=True))
        done = _at_once(check, wanted, case, faulty if number % 2 else ())
        for session, name, exchange, accepted in done:
            if accepted:
                check.expect_answered(exchange, name, case)
                check.stored_if_readable(session, name, case, exchange)
            elif check.readable() and check.name_of(session, exchange) == name:
                check.fail(
                    f"{case}, answered with {exchange.status}: the name read back",
                    f"another name than {name!r}, which was not accepted",
                    exchange,
                )
    check.require_name_observed()
    _still_renamable(check, one, other)
