"""The laws of concurrency: renames in flight at once are each answered for themselves, and break nothing."""

from collections.abc import Sequence

import pytest

from rename_tck.checks.context import Bench
from rename_tck.client.exchange import Exchange, Request
from rename_tck.systems.dialect import Session, members

requirement = pytest.mark.requirement

ROUNDS = 8


def _nothing_in_common(bench: Bench) -> list[str]:
    """Two names of one length that are alike at hardly a place, so that a mixture of them is neither."""
    return [f"{bench.name():.<40}", f"{bench.name():->40}"]


def _at_once(
    bench: Bench, wanted: list[tuple[Session, str]], case: str, faulty: Sequence[Request] = ()
) -> list[Exchange]:
    """Rename at once, beside what is faulty; each is accepted, and answered with the id of its own session."""
    renames = [bench.rename(session, name) for session, name in wanted]
    exchanges = bench.at_once(*renames, *faulty)[: len(renames)]
    for (session, _), exchange in zip(wanted, exchanges, strict=True):
        if exchange.status != 200:
            bench.fail(case, "status 200 to each of the renames", exchange)
        bench.target.accepted += 1
        found = bench.dialect.id_in(_answered(exchange))
        if bench.dialect.answers_session and found is not None:
            bench.expect_equal(session.id, found, f"{case}: the id in the answer", exchange)
    return exchanges


def _answered(exchange: Exchange) -> dict[str, object]:
    return members(exchange.answer.value) if exchange.answer else {}


def _still_renamable(bench: Bench, *sessions: Session) -> None:
    for session in sessions:
        name = bench.name()
        exchange = bench.give(session, name, "a rename after renames at once")
        bench.stored_if_readable(session, name, "a rename after renames at once", exchange)


@requirement("concurrent-same-session")
def test_two_renames_of_one_session_at_once(bench: Bench) -> None:
    session = bench.some_session()
    for number in range(1, ROUNDS + 1):
        case = f"two renames of one session at once (round {number})"
        sent = _nothing_in_common(bench)
        exchanges = _at_once(bench, [(session, name) for name in sent], case)
        stored = bench.name_of(session) if bench.readable() else None
        if bench.readable() and stored not in sent:
            one, other = map(repr, sent)
            bench.fail(
                f"{case}: the name read back is {stored!r}",
                f"one of the two, {one} or {other}, whole",
                exchanges[-1],
            )
        for own, other, exchange in zip(sent, reversed(sent), exchanges, strict=True):
            answered = bench.dialect.name_in(_answered(exchange)) if bench.dialect.answers_session else None
            # an answer may show the other name only where that came later, and so is the one that stays
            if answered not in {None, own} and not (answered == other and stored in {None, other}):
                bench.expect_equal(own, answered, f"{case}: the name in the answer", exchange)
        answers = [bench.dialect.name_in(_answered(exchange)) for exchange in exchanges]
        if bench.dialect.answers_session and answers == [sent[1], sent[0]]:
            bench.expect_equal(sent[0], answers[0], f"{case}: the names in the two answers, exchanged", exchanges[0])
    _still_renamable(bench, session)
    bench.needs_sight()


def _is_refused(bench: Bench, request: Request) -> bool:
    """Whether a faulty request is refused when it is alone: another requirement's affair."""
    return 400 <= bench.send(request).status < 500


@requirement("concurrent-two-sessions")
def test_renames_of_two_sessions_at_once(bench: Bench) -> None:
    one, other = bench.sessions(2)
    faulty = [request for _, request in bench.faulty(one, bench.name())[:1] if _is_refused(bench, request)]
    for number in range(1, ROUNDS + 1):
        case = f"renames of two sessions at once (round {number})"
        wanted = list(zip((one, other), _nothing_in_common(bench), strict=True))
        exchanges = _at_once(bench, wanted, case, faulty if number % 2 else ())
        for (session, name), exchange in zip(wanted, exchanges, strict=True):
            bench.expect_answered(exchange, name, case)
            bench.stored_if_readable(session, name, case, exchange)
    bench.needs_sight()
    _still_renamable(bench, one, other)
