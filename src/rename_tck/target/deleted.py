"""A session that is no longer there: made by the run, deleted, and seen to be gone."""

from __future__ import annotations

from rename_tck.client.journal import Purpose
from rename_tck.interruption import INTERRUPTION
from rename_tck.systems.dialect import Session
from rename_tck.target.id_forms import is_random
from rename_tck.target.readback import summary
from rename_tck.target.target import Target
from rename_tck.verdict import NotTested, ObstacleError, Unjudgeable

#: How often, and with how many seconds between, it is looked whether the session is gone: a server may delete later.
LOOKS, BETWEEN = 9, 0.25


def make_and_delete(target: Target) -> Session:
    """Make a session, give it a name, delete it, and see that it is gone.

    Raises:
        NotTested: none can be made, it cannot be deleted, or it cannot be seen that it is gone.
        Unjudgeable: no answer came, or reading failed.
    """
    _need_to_see_it_gone(target)
    session = target.pool.spare()
    if target.pool.made_up.are_counted(session, since=0):
        raise NotTested("ids are counted here, and somebody may be given the one of a session that was deleted")
    name = target.fresh_name()
    named = target.reader.ask(target.dialect.rename(session, target.dialect.body(session, name)), Purpose.PREPARATION)
    if not target.dialect.succeeded(named):
        said = summary(named.answer, target.client.connection.redact)
        raise NotTested(f"the rename before the deletion is not accepted: it was answered {said}")
    target.last_names[session.id] = name
    shown = target.reader.read(session)
    if shown is None:
        raise NotTested("a session that was made for this is not there when it is read back")
    if takes_one_for_another(target) or target.dialect.id_in(shown) != session.id:
        raise NotTested(
            "the target takes one session for another here, so that none but the run's own might be deleted"
        )
    target.pool.set_aside(session)  # whatever the target shows under its id from now on may be somebody else's
    exchange = target.reader.ask(target.dialect.deletion(session), Purpose.PREPARATION)
    if not 200 <= exchange.status < 300:
        said = summary(exchange.answer, target.client.connection.redact)
        raise NotTested(f"the deletion of a session made for this was answered with {said}")
    for look in range(LOOKS):
        if look:
            INTERRUPTION.pause(BETWEEN)
        if target.reader.read(session) is None:
            target.pool.forget(session)
            target.pool.others.gone.add(session.id)
            return session
    # asked for once more, whoever has its id by now would lose theirs
    target.pool.leave(session, f"its deletion was answered with {exchange.status}, and reading its id shows a session")
    waited = BETWEEN * (LOOKS - 1)
    raise NotTested(f"its deletion was answered with {exchange.status}, and the session is there {waited:g} s later")


def delete_another(target: Target, kind: str | None) -> None:
    """Make a session and delete it, for what comes after that; nothing where none is made.

    Nothing else is sent to it, so it need not be read.
    """
    try:
        session = target.pool.spare(kind, seen=False)
    except (NotTested, ObstacleError, Unjudgeable):
        return
    if not reaches_itself(target, session):
        return
    target.pool.set_aside(session)
    exchange = target.client.send(target.dialect.deletion(session), Purpose.PREPARATION)
    if 200 <= exchange.status < 300:
        target.pool.forget(session)


def takes_one_for_another(target: Target) -> bool:
    """Whether the target was seen to take a session for another: a deletion might reach somebody's."""
    return target.pool.made_up.takes_others or bool(target.reader.mistaken)


def reaches_itself(target: Target, session: Session) -> bool:
    """Whether the deletion of a session that was not read by itself can be taken to reach that one.

    Its id is like no other, so that no way of comparing ids finds somebody's for it.
    """
    return is_random(session.id) and not takes_one_for_another(target)


def _need_to_see_it_gone(target: Target) -> None:
    """Raise as `make_and_delete` where it could not be seen whether a session is gone, or none is the run's own."""
    if not target.reader.way:
        raise NotTested("it cannot be seen whether a session is gone: sessions cannot be read back here")
    if target.pool.any().origin != "created":
        raise NotTested("the run renames sessions here that it did not make, and it deletes only what it made")
    if not target.reader.way.by_reading and not (listing := target.reader.listing()).complete:
        raise listing.untold()
