"""The law of sequences: whatever was sent, each session bears the last name that was accepted for it."""

import pytest

from rename_tck.cases import names
from rename_tck.cases.drawn import Move
from rename_tck.cases.spaces import MOVES
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.checks.exploration import explore
from rename_tck.client.exchange import Credential, Exchange, Request, plain
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Aspect, NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(5, spread=1)

#: After so many steps of a sequence every session is read.
EVERY = 3


@requirement("sequence-consistent")
def test_every_session_bears_the_last_name_accepted_for_it(check: CheckContext) -> None:
    check.require_readable()
    sessions = _sessions(check)
    for _ in check.cases(["the sequence that every run plays"]):
        _judge(check, sessions, _fixed(len(sessions)))


@requirement("sequence-consistent")
def test_every_session_bears_the_last_name_accepted_for_it_in_drawn_sequences(check: CheckContext) -> None:
    check.require_readable()

    def played(moves: list[Move]) -> None:
        _judge(check, _sessions(check), moves)

    explore(check, MOVES, played)


def _fixed(sessions: int) -> list[Move]:
    """Every act, and after each that must change nothing a rename of the other session.

    The points have one of the same session. The odd names are those that are known to break what comes after.
    """
    worst = [number for number, name in enumerate(names.UNREASONABLE) if name.label in {"unpaired surrogates", "NUL"}]
    moves = [(act, session) for session in range(sessions) for act in ("rename", "rename back", "same name")]
    for number, act in enumerate(("unknown", "faulty", "odd name", "no key")):
        one = number % sessions
        moves += [(act, one), ("rename", (one + 1) % sessions)]
    return [
        Move(act, session, f"Step {number}", worst[number % len(worst)] if act == "odd name" else number)
        for number, (act, session) in enumerate(moves)
    ]


def _sessions(check: CheckContext) -> list[Session]:
    for count in (2, 1):
        try:
            return check.sessions(count)
        except NotTested:
            continue
    return [check.some_session()]


def _judge(check: CheckContext, sessions: list[Session], moves: list[Move]) -> None:
    """Play a sequence; again with a reading after each step, where it is not plain which one did what was read."""
    granted = {session.id: check.granted_name(session) for session in sessions}
    known = {session_id: name for session_id, name in granted.items() if isinstance(name, str)}
    try:
        _play(check, sessions, moves, EVERY, known)
    except Nonconformance as failure:
        if failure.seen is None and check.missing is None:
            raise
        _play(check, sessions, moves, 1, {})
        if failure.compared is not None and failure.compared.expected in map(plain, known.values()):
            return  # a name of before the sequence, which was not read then: what has changed it is told by others
        raise


def _play(check: CheckContext, sessions: list[Session], moves: list[Move], every: int, known: dict[str, str]) -> None:
    """Play a sequence; `known` are names that sessions bear already, by id."""
    model: dict[str, object] = {}
    first: dict[str, Exchange] = {}
    for session in sessions:
        if session.id in known:
            model[session.id] = known[session.id]
            continue
        name = check.name()
        model[session.id] = name
        first[session.id] = check.rename_and_expect(session, name, "the first rename of a sequence")
    if every == 1:
        _expect(check, sessions, model, first, "the first renames of a sequence", first[sessions[-1].id])
        first.clear()
    past: list[str] = []
    for number, move in enumerate(moves, 1):
        session = sessions[move.session % len(sessions)]
        request, sent = _request(check, session, move, model[session.id], past)
        exchange = check.send(request)
        case = f"step {number} of a sequence ({move.act})"
        succeeded = check.dialect.succeeded(exchange)
        if succeeded:
            past.append(str(model[session.id]))
            # what should have been refused is judged elsewhere
            model[session.id] = check.name_of(session, exchange) if sent is None else sent
            first.pop(session.id, None)
        if number % every and number < len(moves) and not (succeeded and sent is None):
            continue
        _expect(check, sessions, model, first, case, exchange)
        first.clear()


def _expect(
    check: CheckContext,
    sessions: list[Session],
    model: dict[str, object],
    first: dict[str, Exchange],
    case: str,
    exchange: Exchange,
) -> None:
    """Require each session to bear its name; `first` are the renames whose names are read for the first time now."""
    for other, snapshot in _read(check, sessions, model, case, exchange).items():
        where = f"{case}: session {other} read back"
        session = next(one for one in sessions if one.id == other)
        if snapshot is None:
            check.fail_missing(session, where, "the session to be there, as before", exchange)
        where = f"{case}: the name of session {other} read back"
        found = check.dialect.name_in(snapshot)
        with check.shown(session, found):
            check.expect_equal(model[other], found, where, first.get(other, exchange), Aspect.STORED)


def _read(
    check: CheckContext, sessions: list[Session], model: dict[str, object], case: str, exchange: Exchange
) -> dict[str, Snapshot | None]:
    """Every session as it is read back, looked at again for up to a second where it is not as it should be."""
    return check.settled(
        lambda: check.read_some(sessions, case, exchange),
        lambda read: all(same(model[one], check.dialect.name_in(found or {})) for one, found in read.items()),
    )


def _request(
    check: CheckContext, session: Session, move: Move, current: object, past: list[str]
) -> tuple[Request, str | None]:
    """The request of a step, and the name that the session bears if it is accepted (None: it must not be)."""
    match move.act:
        case "rename back" if past:
            name = past[move.choice % len(past)]
        case "same name":
            name = str(current)
        case "odd name":
            name = names.UNREASONABLE[move.choice % len(names.UNREASONABLE)].text
        case "faulty":
            if faulty := check.faulty(session, move.name):
                return faulty[move.choice % len(faulty)][1], None
            name = move.name
        case "unknown":
            return check.rename(check.unknown_session("sequence", session.kind), check.name()), None
        case "no key" if check.target.client.connection.key is not None:
            return check.rename(session, move.name).with_credential(Credential.NONE), None
        case _:
            name = move.name
    return check.rename(session, name), name
