"""After the run: sessions are put back as they were."""

from __future__ import annotations

from rename_tck.client.journal import Purpose
from rename_tck.client.transport import TargetClient
from rename_tck.interruption import INTERRUPTION
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.readback import summary
from rename_tck.target.session_pool import SessionPool
from rename_tck.verdict import Unjudgeable


def put_back(client: TargetClient, dialect: Dialect, pool: SessionPool) -> None:
    """Delete what the run made; give what it was given or found its old name back. What fails becomes a note."""
    with INTERRUPTION.held():
        client.make_last_try()
        for session in pool.all:
            try:
                failed = pool.failed.get(session.id) if pool.keep_failed else None
                note = _left_over(session, failed) if failed else _put_back(client, dialect, session)
            except Unjudgeable as trouble:
                note = f"session {session.id} could not be put back: {trouble}"
            if note is not None:
                pool.notes.append(note)
        pool.clear()


def _left_over(session: Session, requirement: str) -> str:
    """What the user should know of a session that stays for its failure."""
    return (
        f"session {session.id}, made by this run, is left over at the target: {requirement} failed on it "
        "(--keep-failed); delete it when you are done"
    )


def _put_back(client: TargetClient, dialect: Dialect, session: Session) -> str | None:
    """Put one session back; what the user should know where that failed."""
    if session.origin == "created":
        exchange = client.send(dialect.deletion(session), Purpose.CLEANUP)
        if not 200 <= exchange.status < 300:
            said = exchange.trouble or summary(exchange.answer, client.connection.redact)
            return f"session {session.id}, made by this run, could not be deleted: {said}"
        return None
    if session.first_name is None:
        return f"session {session.id} keeps its last name: the one it had before could not be read"
    exchange = client.send(dialect.rename(session, dialect.body(session, session.first_name)), Purpose.CLEANUP)
    if exchange.status != 200:
        said = exchange.trouble or summary(exchange.answer, client.connection.redact)
        return f"session {session.id} could not be given its old name back: {said}"
    return None
