"""Why a point fails: a problem of it with as few odd values as it takes, and what else has it, or may have done it."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.cases.dimensions import Value
from rename_tck.cases.names import Name
from rename_tck.cases.packing import Packed
from rename_tck.cases.points import Point
from rename_tck.checks.context import CheckContext
from rename_tck.checks.point_groups import Outcome
from rename_tck.checks.point_verdicts import Problem
from rename_tck.client.exchange import Exchange


@dataclass
class Failure:
    """A problem of a point, made as small as it went."""

    problem: Problem
    #: The point with the fewest values that still has the problem, and what was seen of it, or of one that has these.
    point: Point
    outcome: Outcome
    #: Whether it was made smaller; whether it did not come again when the point was sent again.
    reduced: bool = False
    comes_and_goes: bool = False
    #: Whether its name alone does it, which was not taken apart.
    rough: bool = False
    #: Whether its name fails as a whole, and none of the parts that it is packed of.
    whole: bool = False

    @property
    def said(self) -> str | None:
        """What a report says of the values that it takes; None where that was not seen."""
        odd = self.point.odd
        if self.comes_and_goes or not self.reduced or not odd:
            return None
        values = [self.point.values[place].words for place in odd]
        words = " and ".join(values)
        if self.outcome.point != self.point:
            return f"It fails with {words} alone, too."
        if len(odd) == 1:
            return f"It fails only with {words}; without it the same rename works."
        numbered = ", ".join(f"({number}) {value}" for number, value in enumerate(values, 1))
        return f"It fails only with all of {numbered}; where one of them was left out the rename worked."

    def is_in(self, point: Point) -> bool:
        """Whether a point has all of its odd values, too, or has them packed in its name."""
        values = ((self.point.values[place], point.values[place]) for place in self.point.odd)
        return all(one == other or _is_packed_in(one, other) for one, other in values)

    def crossed_by(self, check: CheckContext) -> Exchange | None:
        """What gave a session another's name, or one that is known to cross over, where that was not seen of it alone.

        A name that the session bore, or was given, before is its own still, though another may be called so, too, and
        one that is cut from the name that it was given is that, unless names are seen to cross over.
        """
        name, outcome = self.problem.name, self.outcome
        if self.reduced or not isinstance(name, str):
            return None
        before = (outcome.read_before, outcome.listed_before)
        cut = outcome.name.startswith(name) or outcome.name.endswith(name)
        own = any(check.dialect.name_in(one or {}) == name for one in before) or _was_given(check, outcome, name)
        if (own or cut) and not check.target.crossings:
            return None
        known = outcome.exchange if name in check.target.names_by_crossing else None
        meanwhile = _sent_meanwhile(check, outcome)
        return next((one for one in meanwhile if check.dialect.name_asked(one.request) == name), known)


def is_of_nobody(check: CheckContext, sent: Exchange) -> bool:
    """Whether a rename was sent for an id that no session of the run has."""
    return all(check.dialect.rename(one, None).path != sent.request.path for one in check.target.pool.of_the_run)


def _was_given(check: CheckContext, outcome: Outcome, name: str) -> bool:
    """Whether the session of a point was asked to bear a name before."""
    for entry in check.target.client.journal.renames():
        request = entry.exchange.request
        if entry.exchange is outcome.exchange:
            return False
        if request.path == outcome.exchange.request.path and check.dialect.name_asked(request) == name:
            return True
    return False


def _sent_meanwhile(check: CheckContext, outcome: Outcome) -> list[Exchange]:
    """The renames of other sessions from the beginning of that of a point to the reading of its group."""
    renames = [entry.exchange for entry in check.target.client.journal.renames()]
    of_group = {id(one.exchange) for one in (outcome, *outcome.beside)}
    last = max((number for number, one in enumerate(renames) if id(one) in of_group), default=-1)
    path, took = outcome.exchange.request.path, outcome.exchange.answer.elapsed if outcome.exchange.answer else 0.0
    first = next((number for number, one in enumerate(renames) if one.at >= outcome.exchange.at - took), last)
    return [one for one in renames[first : last + 1] if one.request.path != path]


def _is_packed_in(thing: Value, other: Value) -> bool:
    """Whether a name of one odd thing has it in common with another name."""
    if not isinstance(thing, Packed) or not isinstance(other, Name):
        return False
    atoms = [atom for atom in (thing.lead, *thing.inside, thing.trail) if atom]
    return len(atoms) == 1 and atoms[0] in other.text
