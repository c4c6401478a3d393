"""Sessions in a condition: made on demand, kept for the run by condition, kind and user, put back with all others."""

from __future__ import annotations

from rename_tck.cases.conditions import Condition
from rename_tck.systems.dialect import Session
from rename_tck.target.readback import SessionReader
from rename_tck.target.session_creation import SessionCreation, Wanted
from rename_tck.verdict import NotTested

#: The label of a condition, a kind and a user.
_Key = tuple[str, str | None, str | None]

#: Conditions that were refused one after the other, after which it is seen whether an ordinary session is made.
_IN_A_ROW = 2


class ConditionedSessions:
    """The sessions of one run that were made in a condition.

    A condition that the target does not create is no failure: it is asked for once, noted once, and not tested.
    """

    def __init__(self, creation: SessionCreation, reader: SessionReader, notes: list[str]) -> None:
        self._creation, self._reader, self._notes = creation, reader, notes
        #: Every one that was made, also those that are out of use.
        self.made: list[Session] = []
        self._in_use: dict[_Key, list[Session]] = {}
        self._refused: dict[_Key, str] = {}
        self._noted: set[str] = set()
        self._in_a_row = 0
        #: Why no session at all is made of a kind, once that was seen; empty where one was made.
        self._none: dict[str | None, str] = {}

    @property
    def in_use(self) -> list[Session]:
        """Every one that may still be renamed."""
        return [session for alike in self._in_use.values() for session in alike]

    def take(self, condition: Condition, wanted: Wanted, count: int) -> list[Session]:
        """That many sessions in a condition, each of which was read before anything else was sent to it.

        Raises:
            NotTested: the target does not make so many; the reason says how it answered.
            Unjudgeable: no answer came.
        """
        key = condition.label, wanted.kind, wanted.user
        alike = self._in_use.setdefault(key, [])
        missing = max(count, condition.least) - len(alike)
        if missing > 0:
            if key not in self._refused:
                self._creation.look_for(wanted.user)
                self._make(key, wanted, missing)
            if len(alike) < max(count, condition.least):
                raise NotTested(self._why_not(condition, key))
        return alike[:count]

    def retire(self, session: Session) -> bool:
        """Take a session out of use: another is made when one is asked for. False where it is none of these."""
        for alike in self._in_use.values():
            if session in alike:
                alike.remove(session)
                return True
        return False

    def forget(self, session: Session) -> None:
        """Leave out a session that was deleted."""
        self.retire(session)
        self.made.remove(session)

    def why_none(self, ordinary: Wanted) -> str:
        """Why not even an ordinary session is made; empty where one is.

        Raises:
            Unjudgeable: no answer came.
        """
        made, refusal = self._creation.make(ordinary, self.made)
        self._none[ordinary.kind] = "" if made is not None else refusal
        return self._none[ordinary.kind]

    def clear(self) -> None:
        """Forget them: they are put back."""
        self.made.clear()
        self._in_use.clear()

    def _make(self, key: _Key, wanted: Wanted, missing: int) -> None:
        """Make sessions until one cannot be made."""
        new: list[Session] = []
        why = self._none.get(wanted.kind, "")
        while not why and len(new) < missing:
            session, why = self._creation.make(wanted, self.made)
            if session is not None and not (why := self._creation.complete(session, wanted)):
                new.append(session)
        self._reader.see_first(new)
        shown = [
            one for one in new if not self._reader.way or one.first_read is not None or one.first_listed is not None
        ]
        self._in_use[key] += shown
        self._in_a_row = self._in_a_row + 1 if why else 0
        if len(shown) < len(new):
            why = "it was made, and neither its reading nor the listing shows it"
        if why:
            self._refused[key] = why

    def _why_not(self, condition: Condition, key: _Key) -> str:
        why = self._refused[key]
        _, kind, user = key
        none = self._none.get(kind, "")
        if not none and self._in_a_row >= _IN_A_ROW:
            self._in_a_row = 0
            none = self.why_none(Wanted(kind, user))  # a quota that is used up has nothing to do with the condition
        if not none and condition.label not in self._noted:
            self._noted.add(condition.label)
            self._notes.append(f"nothing was tried with {condition.label}: {why}")
        return f"{condition.label} could not be had: {none or why}"
