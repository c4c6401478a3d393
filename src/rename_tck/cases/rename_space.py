"""The space of a system's renames that must be accepted: its dimensions, and the law of a name's class."""

from __future__ import annotations

from rename_tck.cases import names
from rename_tck.cases.client_forms import CLIENT_FORMS
from rename_tck.cases.dimensions import Value
from rename_tck.cases.json_spellings import JSON_SPELLINGS
from rename_tck.cases.places import PLACES
from rename_tck.cases.points import Dimension, Space
from rename_tck.systems.dialect import Dialect

CLIENT, SPELLING, NAME, PLACE, CONDITION, SCOPE, USER = (
    "client", "JSON", "name", "place", "session", "scope", "user",
)  # fmt: skip


def space_of(dialect: Dialect) -> Space:
    """The space of a system."""
    return Space((
        Dimension(PLACE, PLACES),
        Dimension(CLIENT, CLIENT_FORMS),
        Dimension(SPELLING, JSON_SPELLINGS),
        Dimension(NAME, NAMES),
    ))  # fmt: skip


def law_of(value: Value) -> str | None:
    return None
NAMES=()
