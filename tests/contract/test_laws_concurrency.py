"""The laws of concurrency: renames in flight at once are each answered for themselves, and break nothing."""

import pytest

from rename_tck.bench import Bench
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import Compared

requirement = pytest.mark.requirement

ROUNDS = 8


def _answers_are_their_own(bench: Bench, wanted: list[tuple[Session, str]], case: str) -> None:
    """Rename at once, and require of each answer what it says of its own request."""
    exchanges = bench.at_once(*(bench.rename(session, name) for session, name in wanted))
    for (session, name), exchange in zip(wanted, exchanges, strict=True):
        if exchange.status != 200:
            bench.fail(case, "status 200 to each of the renames", exchange)
        bench.target.accepted += 1
        bench.expect_answered(exchange, name, case)
        answer = exchange.answer
        found = bench.dialect.id_in(members(answer.value)) if answer is not None else None
        if bench.dialect.answers_session and found is not None:
            bench.expect_equal(session.id, found, f"{case}: the id in the answer", exchange)


@requirement("concurrent-same-session")
def test_two_renames_of_one_session_at_once(bench: Bench) -> None:
    session = bench.some_session()
    for number in range(1, ROUNDS + 1):
        case = f"two renames of one session at once (round {number})"
        first, second = bench.name(), bench.name()
        _answers_are_their_own(bench, [(session, first), (session, second)], case)
        if bench.readable():
            stored = bench.name_of(session)
            if stored not in {first, second}:
                bench.fail(
                    f"{case}: the name read back",
                    f"{first!r} or {second!r}",
                    None,
                    Compared(f"{first} | {second}", str(stored)),
                )
    name = bench.name()
    exchange = bench.give(session, name, "a rename after renames at once")
    bench.stored_if_readable(session, name, "a rename after renames at once", exchange)


@requirement("concurrent-two-sessions")
def test_renames_of_two_sessions_at_once(bench: Bench) -> None:
    one, other = bench.sessions(2)
    for number in range(1, ROUNDS + 1):
        case = f"renames of two sessions at once (round {number})"
        wanted = [(one, bench.name()), (other, bench.name())]
        _answers_are_their_own(bench, wanted, case)
        for session, name in wanted:
            bench.stored_if_readable(session, name, case)
    for session in (one, other):
        name = bench.name()
        exchange = bench.give(session, name, "a rename after renames at once")
        bench.stored_if_readable(session, name, "a rename after renames at once", exchange)
