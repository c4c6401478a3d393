"""The laws of concurrency: renames in flight at once are each answered for themselves, and break nothing."""

from collections.abc import Sequence

import pytest

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, Request
from rename_tck.systems.dialect import Session, members

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(6, spread=5)

ROUNDS = 8


def _nothing_in_common(check: CheckContext) -> list[str]:
    """Two names of one length that are alike at hardly a place, so that a mixture of them is neither."""
    return [f"{check.name():.<40}", f"{check.name():->40}"]


def _at_once(
    check: CheckContext, wanted: list[tuple[Session, str]], case: str, faulty: Sequence[Request] = ()
) -> list[Exchange]:
    """Rename at once, beside what is faulty; each is accepted, and answered with the id of its own session."""
    renames = [check.rename(session, name) for session, name in wanted]
    exchanges = check.at_once(*renames, *faulty)[: len(renames)]
    for (session, _), exchange in zip(wanted, exchanges, strict=True):
        if exchange.status != 200:
            check.fail(case, "status 200 to each of the renames", exchange)
        check.target.accepted += 1
        found = check.dialect.id_in(_answered(exchange))
        if check.dialect.answers_session and found is not None:
            check.expect_equal(session.id, found, f"{case}: the id in the answer", exchange)
    return exchanges


def _answered(exchange: Exchange) -> dict[str, object]:
    return members(exchange.answer.value) if exchange.answer else {}


def _still_renamable(check: CheckContext, *sessions: Session) -> None:
    for session in sessions:
        name = check.name()
        exchange = check.rename_and_expect(session, name, "a rename after renames at once")
        check.stored_if_readable(session, name, "a rename after renames at once", exchange)


@requirement("concurrent-same-session")
def test_two_renames_of_one_session_at_once(check: CheckContext) -> None:
    session = check.some_session()
    for number in range(1, ROUNDS + 1):
        case = f"two renames of one session at once (round {number})"
        sent = _nothing_in_common(check)
        exchanges = _at_once(check, [(session, name) for name in sent], case)
        stored = check.name_of(session) if check.readable() else None
        if check.readable() and stored not in sent:
            one, other = map(repr, sent)
            check.fail(
                f"{case}: the name read back is {stored!r}",
                f"one of the two, {one} or {other}, whole",
                exchanges[-1],
            )
        for own, other, exchange in zip(sent, reversed(sent), exchanges, strict=True):
            answered = check.dialect.name_in(_answered(exchange)) if check.dialect.answers_session else None
            # an answer may show the other name only where that came later, and so is the one that stays
            if answered not in {None, own} and not (answered == other and stored in {None, other}):
                check.expect_equal(own, answered, f"{case}: the name in the answer", exchange)
        answers = [check.dialect.name_in(_answered(exchange)) for exchange in exchanges]
        if check.dialect.answers_session and answers == [sent[1], sent[0]]:
            check.expect_equal(sent[0], answers[0], f"{case}: the names in the two answers, exchanged", exchanges[0])
    _still_renamable(check, session)
    check.require_name_observed()


def _is_refused(check: CheckContext, request: Request) -> bool:
    """Whether a faulty request is refused when it is alone: another requirement's affair."""
    return 400 <= check.send(request).status < 500


@requirement("concurrent-two-sessions")
def test_renames_of_two_sessions_at_once(check: CheckContext) -> None:
    one, other = check.sessions(2)
    faulty = [request for _, request in check.faulty(one, check.name())[:1] if _is_refused(check, request)]
    for number in range(1, ROUNDS + 1):
        case = f"renames of two sessions at once (round {number})"
        wanted = list(zip((one, other), _nothing_in_common(check), strict=True))
        exchanges = _at_once(check, wanted, case, faulty if number % 2 else ())
        for (session, name), exchange in zip(wanted, exchanges, strict=True):
            check.expect_answered(exchange, name, case)
            check.stored_if_readable(session, name, case, exchange)
    check.require_name_observed()
    _still_renamable(check, one, other)
