"""The space of a system's renames: its dimensions, and which law a name's class belongs to."""

from __future__ import annotations

from collections.abc import Callable

from rename_tck.cases.client_forms import CLIENT_FORMS
from rename_tck.cases.constructed_names import NAMES
from rename_tck.cases.dimensions import Value
from rename_tck.cases.json_spellings import JSON_SPELLINGS
from rename_tck.cases.names import Group, Name, is_reasonable
from rename_tck.cases.places import PLACES
from rename_tck.cases.points import Dimension, Space
from rename_tck.cases.unreasonable_names import BLANKS, KEPT_OR_REFUSED
from rename_tck.systems.dialect import Dialect

PLACE, CLIENT, SPELLING, NAME, CONDITION, SCOPE, USER = (
    "place", "client", "JSON", "name", "session", "scope", "user",
)  # fmt: skip

_UNICODE = frozenset({Group.LETTERS, Group.BEYOND, Group.MARKS, Group.JOINED, Group.RIGHT_TO_LEFT})
_UNREASONABLE = frozenset({Group.TOO_LONG, Group.CONTROLS, Group.INVISIBLE, Group.NO_CHARACTERS})


def law_of(value: Value) -> str | None:
    """The requirement that a server breaks which does not keep a name of this class, without the system's name."""
    if value.group == Group.PLAIN:
        return None
    if value.group in _UNICODE:
        return "unicode-exact"
    if value.group in _UNREASONABLE:
        return "never-altered"
    if value.group == Group.BLANKS:
        return "blanks-kept"
    return "length-200-accepted" if value.group == Group.LONG else "text-not-interpreted"


def may_be_refused(name: Name) -> bool:
    """Whether a name is one that a server may refuse, if only it does not alter it."""
    return not is_reasonable(name.text)


def space_of(dialect: Dialect, allows: Callable[[str], bool], *, thorough: bool) -> Space:
    """The space of a system; `allows` says whether the document that is judged by allows a name."""

    def those(found: tuple[Name, ...]) -> tuple[Name, ...]:
        return tuple(name for name in found if allows(name.text) and (thorough or not name.thorough))

    return Space((
        Dimension(PLACE, PLACES, costly=True),
        Dimension(CLIENT, CLIENT_FORMS),
        Dimension(SPELLING, JSON_SPELLINGS),
        Dimension(NAME, (NAMES[0], *those(NAMES[1:])), those((*KEPT_OR_REFUSED, *BLANKS))),
    ))  # fmt: skip
