"""An option may be given in several places: which of them holds, and what the user should know of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rename_tck.settings.options import Option
from rename_tck.settings.settings import BadOptionError
from rename_tck.text import one_line

#: What a flag may be given as by a variable or an ini key.
FLAG_VALUES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

#: How much of a value a note shows.
_SHOWN = 80


@dataclass(frozen=True)
class Given:
    """What one place says of an option; without values that are not blank the place is empty.

    `where` is how a sentence calls the place: ``--system``, ``RENAME_TCK_SYSTEM``.
    """

    where: str
    values: tuple[str, ...]

    @property
    def filled(self) -> tuple[str, ...]:
        """The values that are not blank."""
        return tuple(value for value in self.values if value.strip())


@dataclass(eq=False)
class Origins:
    """What a command that sets variables for a run knows of them; it hands this to pytest as a plugin."""

    #: How a sentence calls the place from which the value of a variable was taken.
    places: dict[str, str] = field(default_factory=dict)
    #: Options of which two places may differ, for the command itself has chosen.
    settled: frozenset[str] = frozenset()
    #: What the user should know.
    notes: list[str] = field(default_factory=list)


def choose(option: Option, places: Sequence[Given]) -> tuple[list[str], list[str]]:
    """The values of an option by its places, of which an earlier one goes before a later one; and notes on the others.

    Raises:
        BadOptionError: the place that would hold is empty, and the option must not be; or it is no value of a flag.
    """
    notes: list[str] = []
    held: Given | None = None
    for place in places:
        if option.flag:
            place = _as_flag(place)  # noqa: PLW2901
        if held is not None:
            if place.filled and not _same(option, held, place):
                notes.append(f"{_shown(option, held)} is used, and {_shown(option, place)} is not.")
        elif not place.filled:
            if option.required:
                raise BadOptionError(f"{place.where} is given but empty.")
            notes.append(f"{place.where} is given but empty: the run is as without it.")
        else:
            held = place
            notes += _within(option, place)
    if held is None:
        return ([option.default] if option.default is not None else []), notes
    if option.flag:
        return (list(held.values) if FLAG_VALUES[held.values[0]] else []), notes
    return list(held.filled), notes


def _as_flag(place: Given) -> Given:
    words = [value.strip().lower() for value in place.values] or [""]
    if len(words) > 1 or words[0] not in FLAG_VALUES:
        said = one_line(" ".join(place.values))[:_SHOWN]
        raise BadOptionError(f"{place.where} is 1, 0, true, false, yes or no, not {said!r}.")
    return Given(place.where, tuple(words))


def _same(option: Option, one: Given, other: Given) -> bool:
    if option.flag:
        return FLAG_VALUES[one.values[0]] is FLAG_VALUES[other.values[0]]
    if option.many:
        return set(one.filled) == set(other.filled)
    return one.filled[-1].strip() == other.filled[-1].strip()


def _within(option: Option, place: Given) -> list[str]:
    """What is odd about the one place that holds."""
    notes = []
    if len(place.filled) < len(place.values):
        notes.append(f"{place.where} is given with an empty value, too: the run is as without that.")
    if not option.many and len(set(place.filled)) > 1:
        others = " and ".join(dict.fromkeys(one_line(value)[:_SHOWN] for value in place.filled[:-1]))
        notes.append(f"{_shown(option, place)} is used, and not {others}: {place.where} is given more than once.")
    return notes


def _shown(option: Option, place: Given) -> str:
    """The place with its value, where that is no secret."""
    if option.secret or not place.filled:
        return place.where
    values = place.filled if option.many else place.filled[-1:]
    value = one_line(",".join(values))[:_SHOWN]
    return f"{place.where} ({value})" if " " in place.where else f"{place.where}={value}"
