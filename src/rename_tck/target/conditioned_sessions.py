"""Sessions in a condition: made on demand, kept for the run by condition, kind and user, put back with all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rename_tck.cases.conditions import Condition, together
from rename_tck.systems.dialect import Session
from rename_tck.target.readback import SessionReader
from rename_tck.target.session_creation import SessionCreation, Wanted
from rename_tck.verdict import NotTested

#: The label of a condition, a kind and a user.
_Key = tuple[str, str | None, str | None]

#: Conditions that were refused one after the other, after which it is seen whether an ordinary session is made.
_IN_A_ROW = 2


@dataclass(frozen=True)
class Wish:
    """So many sessions in a condition, of a kind and a user's."""

    condition: Condition
    kind: str | None
    #: Whose they are; None for nobody's.
    owner: str | None
    count: int = 1

    @property
    def key(self) -> _Key:
        """What they are kept by."""
        return self.condition.label, self.kind, self.owner

    @property
    def least(self) -> int:
        """How many there have to be, for so many to be in the condition."""
        return max(self.count, self.condition.least)


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
        #: What each was made for, by its id.
        self._wishes: dict[str, Wish] = {}
        self._noted: set[str] = set()
        #: The classes of those parts of conditions that were refused, by their labels; and of those that were made.
        self._refused_parts: dict[str, str] = {}
        self._made_groups: set[str] = set()
        self._in_a_row = 0
        #: Why no session at all is made of a kind, once that was seen; empty where one was made.
        self._none: dict[str | None, str] = {}

    @property
    def in_use(self) -> list[Session]:
        """Every one that may still be renamed."""
        return [session for alike in self._in_use.values() for session in alike]

    def there(self, wish: Wish) -> int:
        """How many there are already."""
        return len(self._in_use.get(wish.key, []))

    def make_ready(self, wishes: Sequence[Wish]) -> None:
        """Make what is missing of all of these: each is read, and one listing shows all that are alike.

        What the target does not make is kept, and said when it is taken.

        Raises:
            Unjudgeable: no answer came.
        """
        wanted = [wish for wish in wishes if self._missing(wish) and wish.key not in self._refused]
        if wanted:
            self._creation.look_for(wish.owner for wish in wanted)
        most = {wish.key: wish for wish in sorted(wanted, key=self._missing)}
        made = self._reader.together([partial(self._made, wish, self._missing(wish)) for wish in most.values()])
        new: dict[_Key, list[Session]] = dict(zip(most, made, strict=True))
        twins = self._twins(wanted)
        found = self._reader.together([partial(self._made, twin, 1) for twin in twins])
        for twin, those in zip(twins, found, strict=True):
            new.setdefault(twin.key, []).extend(those)
        self._reader.see_first([session for alike in new.values() for session in alike])
        for key, alike in new.items():
            shown = [one for one in alike if not self._reader.way or one.first_read or one.first_listed]
            self._in_use.setdefault(key, []).extend(shown)
            if len(shown) < len(alike):
                self._refused[key] = "it was made, and neither its reading nor the listing shows it"

    def take(self, wish: Wish) -> list[Session]:
        """So many sessions in a condition, each of which was read before anything else was sent to it.

        Raises:
            NotTested: the target does not make so many; the reason says how it answered.
            Unjudgeable: no answer came.
        """
        self.make_ready([wish])
        alike = self._in_use.get(wish.key, [])
        if len(alike) < wish.least:
            raise NotTested(self._why_not(wish))
        return alike[: wish.count]

    def alike(self, session: Session) -> Session | None:
        """One in use that is in the condition of this one; None where this is none of these. Raises as `take`."""
        wish = self._wishes.get(session.id)
        return None if wish is None else self.take(wish)[0]

    def anew(self, session: Session) -> Session | None:
        """One more in the condition of this one, in no use; None where this is none of these, or none is made."""
        wish = self._wishes.get(session.id)
        return None if wish is None else next(iter(self._made(wish, 1)), None)

    def condition_of(self, session: Session) -> Condition | None:
        """The condition that a session was made in; None where it is none of these."""
        wish = self._wishes.get(session.id)
        return None if wish is None else wish.condition

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
        if not self._none.get(ordinary.kind):
            made, refusal = self._creation.make(ordinary, self.made)
            self._none[ordinary.kind] = "" if made is not None else refusal
        return self._none[ordinary.kind]

    def clear(self) -> None:
        """Forget them: they are put back."""
        self.made.clear()
        self._in_use.clear()
        self._wishes.clear()

    def _missing(self, wish: Wish) -> int:
        return max(0, wish.least - self.there(wish))

    def _twins(self, wishes: Sequence[Wish]) -> list[Wish]:
        """What is to be made besides, so that there are enough that are alike in a part of their conditions."""
        of_parts = {
            (part, wish.kind): Wish(replace(part, least=1), wish.kind, wish.owner)
            for wish in wishes
            for part in wish.condition.parts
            if part.least > 1 and not self._is_refused(part)
        }
        kept = [self._wishes[one.id] for one in self.made if one.id in self._wishes]
        return [
            twin
            for (part, kind), twin in of_parts.items()
            if sum(one.kind == kind and part.label in _labels(one.condition) for one in kept) < part.least
        ]

    def _made(self, wish: Wish, missing: int) -> list[Session]:
        """Sessions that are made now, until one cannot be."""
        new: list[Session] = []
        why = self._none.get(wish.kind, "")
        while not why and len(new) < missing:
            session, why = self._one(wish)
            if session is not None:
                new.append(session)
                self._wishes[session.id] = replace(wish, count=1)
        self._in_a_row = self._in_a_row + 1 if why else 0
        if why:
            self._refused[wish.key] = why
        return new

    def _one(self, wish: Wish) -> tuple[Session | None, str]:
        """A session in a condition, without that part of it that the target refuses; else None, and why."""
        parts = [one for one in wish.condition.parts if not self._is_refused(one)]
        condition = together(parts) if wish.condition.parts else wish.condition
        session, why = self._made_in(condition, wish)
        if not why or self._in_a_row >= _IN_A_ROW:
            return session, why
        for part in parts if len(parts) > 1 else ():
            session, _ = self._made_in(together([one for one in parts if one is not part]), wish)
            if session is not None:
                self._refused_parts[part.label] = part.group
                self._note(part.label, why)
                return session, ""
        return None, why

    def _made_in(self, condition: Condition, wish: Wish) -> tuple[Session | None, str]:
        wanted = Wanted(wish.kind, wish.owner, condition.contents)
        session, why = self._creation.make(wanted, self.made)
        if session is not None and not (why := self._creation.complete(session, wanted)):
            self._made_groups.update(one.group for one in condition.parts or (condition,))
        return (None if why else session), why

    def _is_refused(self, part: Condition) -> bool:
        """Whether a part of a condition is refused, or so many of its class that the others are not tried."""
        of_group = sum(group == part.group for group in self._refused_parts.values())
        hopeless = of_group >= _IN_A_ROW and part.group not in self._made_groups
        return hopeless or part.label in self._refused_parts

    def _note(self, label: str, why: str) -> None:
        if label not in self._noted:
            self._noted.add(label)
            self._notes.append(f"nothing was tried with {label}: {why}")

    def _why_not(self, wish: Wish) -> str:
        why, kind, label = self._refused[wish.key], wish.kind, wish.condition.label
        none = self._none.get(kind, "")
        if not none and self._in_a_row >= _IN_A_ROW:
            self._in_a_row = 0
            none = self.why_none(Wanted(kind, wish.owner))  # a quota that is used up is none of the condition's
        if not none:
            self._note(label, why)
        return f"{label} could not be had: {none or why}"


def _labels(condition: Condition) -> set[str]:
    return {condition.label, *(part.label for part in condition.parts)}
