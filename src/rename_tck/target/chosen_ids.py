"""Ids that the suite chooses for new sessions: creating one under an id that is somebody's would overwrite theirs."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.client.exchange import segment
from rename_tck.client.transport import TargetClient
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.id_forms import KnownIds, is_random
from rename_tck.target.others import Look, OtherSessions
from rename_tck.target.readback import SessionReader

#: Requests for which a look at the listing is taken to show whose ids are; each id is also looked for by itself.
_LASTS = 200


@dataclass(frozen=True)
class Refused:
    """Why an id may not be used; and whether the target shows another session under it."""

    why: str
    shows_another: bool = False


class ChosenIds:
    """Looks before each creation whether its id may be somebody's."""

    def __init__(
        self,
        client: TargetClient,
        dialect: Dialect,
        reader: SessionReader,
        others: OtherSessions,
        own: set[str],
    ) -> None:
        self._client, self._dialect, self._reader, self._others, self._own = client, dialect, reader, others, own
        #: Forms of ids that nobody can guess of which one was looked for in vain.
        self._looked: set[str] = set()

    def refused(
        self, session_id: str, *, form: str, kind: str | None, user: str | None, before: Look | None
    ) -> Refused | None:
        """Why an id of a form may not be used; None where it is nobody's.

        `before` is what the listing has shown. An id that nobody can guess is looked for once for each form: a target
        that has a session under any such id, whatever it is, shows that at the first.
        """
        if self.is_taken(session_id, before):
            return Refused(self._taken(session_id))
        if not is_random(session_id):
            return self._guessed(session_id, user)
        if form not in self._looked and (found := self._shown(session_id, kind, user)) is not None:
            return found
        self._looked.add(form)
        return None

    def is_taken(self, session_id: str, before: Look | None) -> bool:
        """Whether a session of the run has the id, or one that was listed before."""
        known = before is not None and any(there == session_id for _, there in before.names)
        return known or session_id in self._own

    def _taken(self, session_id: str) -> str:
        return f"the id {session_id}, chosen by chance for a new session, is there already"

    def _guessed(self, session_id: str, user: str | None) -> Refused | None:
        """Of an id that others may choose as well: all sessions must be seen, and none be like it, of any kind."""
        look = self._others.lately(_LASTS)
        if look.why is not None:
            return Refused(f"the id {session_id}, chosen for a new session, may be somebody's: {look.why}")
        hit = KnownIds(there for _, there in look.names if there not in self._own).hit_by(segment(session_id))
        if hit is not None:
            return Refused(f"the id {session_id}, chosen for a new session, may be taken for that of session {hit}")
        answers = (self._shown(session_id, kind, user) for kind in self._dialect.kinds)
        return next((found for found in answers if found is not None), None)

    def _shown(self, session_id: str, kind: str | None, user: str | None) -> Refused | None:
        """Why the reading of a single session speaks against an id."""
        owner = None if user is None else self._dialect.owner(user)
        request = self._dialect.reading(Session(session_id, "created", kind, owner))
        if request is None:
            return None
        self._client.policy.allow_look(segment(session_id))
        answer = self._reader.ask(request).answer
        found = self._dialect.read(answer) if answer is not None else None
        if found is None:
            return None
        shown = self._others.id_of(found) or session_id
        return Refused(self._taken(session_id), shows_another=shown != session_id)
