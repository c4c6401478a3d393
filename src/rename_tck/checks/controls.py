"""Controls: ordinary renames and readings after a failing case, which tell a broken request from a broken target."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session, members
from rename_tck.target import settling
from rename_tck.target.target import Jam
from rename_tck.verdict import Aspect, NotTested, Unjudgeable

#: Seconds between further controls at a target that has stopped working: it may be back after a moment.
PAUSES = (0.2, 0.5, 1.0, 1.5)

#: The same of one that refuses the right key after wrong ones: it may lock out for a while whoever sends those.
LONGER = (3.0, 6.0, 9.0)

#: Outages of a run after which such a lock is not waited for any longer than another.
LOCKS = 8


@dataclass(frozen=True)
class Control:
    """What an ordinary rename of a session, and the reading after it, came to."""

    session: Session
    exchange: Exchange | None
    #: The first respect in which it failed; None where all went well.
    broken: Aspect | None
    #: What came back where it failed, in a few words.
    said: str = ""
    #: The status of the answer in which it failed; 0 where none came.
    status: int = 200

    @property
    def works(self) -> bool:
        """Whether the session was renamed, and shown so."""
        return self.broken is None

    @property
    def what(self) -> str:
        """Its failure as the end of a sentence on an ordinary rename."""
        return {
            None: "is accepted and stored",
            Aspect.ACCEPTED: self.said,
            Aspect.ANSWERED: f"is answered with {self.said}",
            Aspect.READABLE: f"is accepted, and then {self.said}",
            Aspect.STORED: f"is accepted, and the session read back has {self.said}",
        }[self.broken]


def control(check: CheckContext, session: Session) -> Control:
    """Rename a session, and read it back. Counts as no evidence; raises what the sending itself raises."""
    dialect, name = check.dialect, check.name()
    exchange = check.send_beside(check.rename(session, name))
    if exchange.status != 200:
        said = f"is answered with {exchange.status}" if exchange.answer else f"gets no answer ({exchange.trouble})"
        return Control(session, exchange, Aspect.ACCEPTED, said, exchange.status)
    said_no = not dialect.succeeded(exchange)
    if said_no and not check.readable():
        return Control(session, exchange, Aspect.ANSWERED, "false")
    answered = dialect.name_in(members(exchange.answer.value)) if dialect.answers_session and exchange.answer else None
    if answered not in {None, name} or not isinstance(answered, str | None):
        return Control(session, exchange, Aspect.ANSWERED, "another name")
    if not said_no:
        check.target.worked.add((Aspect.ACCEPTED, session.kind))
        check.target.renamed.add(session.id)
    if not check.readable():
        return Control(session, exchange, None)
    try:
        read = check.settled(
            lambda: check.target.reader.read(session, Purpose.CONTROL),
            lambda found: found is not None and dialect.name_in(found) == name,
        )
    except (NotTested, Unjudgeable) as trouble:
        return Control(session, exchange, Aspect.READABLE, str(trouble), getattr(trouble, "status", 0))
    if read is None:
        return Control(session, exchange, Aspect.READABLE, "it is not there when it is read back")
    if dialect.name_in(read) != name:
        return Control(session, exchange, Aspect.STORED, "another name")
    if said_no:
        return Control(session, exchange, Aspect.ANSWERED, "false, though the name is stored")
    check.target.worked |= {(Aspect.READABLE, session.kind), (Aspect.STORED, session.kind)}
    return Control(session, exchange, None)


def another(check: CheckContext, session: Session) -> Session | None:
    """Another session of the same kind, or of another kind where there is none; None where there is none at all."""
    try:
        alike = check.sessions(2, session.kind)
    except NotTested:
        alike = []
    return next((one for one in (*alike, *check.target.pool.all) if one.id != session.id), None)


def of_a_fresh_one(check: CheckContext, kind: str | None) -> Control | None:
    """The control of a session that is made for it; None where none can be made."""
    made = check.target.pool.fresh(kind)
    return None if made is None else control(check, made)


def works_again(check: CheckContext, jam: Jam) -> bool:
    """Whether a session that had stopped working works by now."""
    session = next((one for one in check.target.pool.of_the_run if one.id == jam.session_id), None)
    try:
        return session is not None and control(check, session).works
    except (NotTested, Unjudgeable):
        return False


def after_a_moment(check: CheckContext, first: Control, *, longer: bool = False) -> Control:
    """The control again, a few times with pauses, until it works; with `longer` pauses after those."""
    found = first
    for seconds in (*PAUSES, *(LONGER if longer else ())):
        settling.pause(seconds)
        found = control(check, first.session)
        if found.works:
            break
    return found
