"""The space of a system's renames: its dimensions, and which law a name's class belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rename_tck.cases.client_forms import FORMS
from rename_tck.cases.conditions import Condition
from rename_tck.cases.constructed_names import NAMES
from rename_tck.cases.dimensions import Value
from rename_tck.cases.json_spellings import SPELLINGS, UNNAMED, JsonSpelling
from rename_tck.cases.names import REASONABLE_LENGTH, UNCERTAIN, Group, Name, is_reasonable
from rename_tck.cases.places import PLACES
from rename_tck.cases.points import Cost, Dimension, Point, Space
from rename_tck.cases.scopes import Kind, Scope, kinds
from rename_tck.cases.system_cases import SystemCases
from rename_tck.cases.unreasonable_names import BLANKS, KEPT_OR_REFUSED
from rename_tck.cases.users import User
from rename_tck.systems.dialect import Session

NAME, CLIENT, SPELLING, SCOPE, KIND, USER, PLACE = (
    "name", "client form", "JSON spelling", "scope", "type", "user", "place",
)  # fmt: skip

_UNICODE = frozenset({Group.LETTERS, Group.BEYOND})


#: A dimension of up to so many values is a small one: a nightly run covers the pairs of its values.
SMALL = 20


#: Like the name that an ordinary rename is given when it is sent.
_PLAIN_NAME = "Renamed 0-0"


@dataclass(frozen=True)
class Chosen:
    """Which dimensions a run varies: what it has no law for, or no sessions, stays plain."""

    requests: bool = True
    kinds: bool = True
    sessions: bool = True
    #: Whether values are sent for which a quick run has no time.
    thorough: bool = False


def law_of(value: Value) -> str | None:
    """The requirement that a server breaks which does not keep a name of this class, without the system's name."""
    if value.group == Group.PLAIN:
        return None
    if value.group in _UNICODE:
        return "unicode-exact"
    if value.group in UNCERTAIN:
        return "never-altered"
    if value.group == Group.BLANKS:
        return "blanks-kept"
    return "length-200-accepted" if value.group == Group.LENGTHS else "text-not-interpreted"


#: The requirements that `law_of` knows.
LAWS_OF_NAMES = frozenset({
    "unicode-exact", "never-altered", "blanks-kept", "length-200-accepted", "text-not-interpreted",
})  # fmt: skip


def shows(name: Name, law: str) -> bool:
    """Whether a requirement of `LAWS_OF_NAMES` can be shown by a name: of its class, and as long as it says."""
    return law_of(name) == law and (name.group != Group.LENGTHS or len(name.text) == REASONABLE_LENGTH)


def law_of_scope(value: Scope | Kind) -> str | None:
    """The requirement that a server breaks which does not accept a rename in this scope, or of this type."""
    if isinstance(value, Kind):
        return None if value.kind is None else "type-accepted"
    return "user-scope-own" if value.names_user else "type-default-agent" if value.group == "no type" else None


def may_be_refused(name: Name) -> bool:
    """Whether a name is one that a server may refuse, if only it does not alter it."""
    return not is_reasonable(name.text)


def space_of(cases: SystemCases, user: str, allows: Callable[[dict[str, object]], bool], *, of: Chosen) -> Space:
    """The space of a system; `allows` says whether the document that is judged by allows a body's members.

    `user` is the run's own.
    """
    dialect = cases.dialect

    def names(found: Sequence[Name]) -> tuple[Name, ...]:
        wanted = (name for name in found if of.thorough or not name.thorough)
        return tuple(name for name in wanted if allows({dialect.name_member: name.text}))

    def dimension(name: str, values: Sequence[Value], known: int, *, odd: bool, **more: Any) -> Dimension:
        """A dimension of these values, or of the plain one alone; of so many that there are."""
        each = of.thorough and len(values) <= SMALL
        return Dimension(name, tuple(values) if odd else (values[0],), each=each, known=known, **more)

    session = Session("", "created", dialect.kinds[0], user)

    @cache
    def shows(spelling: JsonSpelling, name: Name) -> bool:
        """Whether a body with this name is spelt otherwise than usually: one without a slash has none escaped."""
        return spelling == SPELLINGS[0] or spelling.differs(dialect.body(session, name.text or _PLAIN_NAME))

    spellings = [
        one
        for one in SPELLINGS
        if (not one.additional or allows({UNNAMED: 1})) and any(shows(one, name) for name in NAMES)
    ]
    users = [one for one in cases.users(user) if of.thorough or not one.thorough]
    conditions = {
        name: ([one for one in values if of.thorough or not one.thorough], len(values))
        for name, values in (cases.conditions if of.sessions else {}).items()
    }
    of_kinds, has_own_listing = kinds(dialect), dialect.owner(user) is not None
    alone = (*KEPT_OR_REFUSED, *BLANKS)
    found = (
        Dimension(NAME, (NAMES[0], *names(NAMES[1:])), names(alone), known=len(NAMES) + len(alone)),
        dimension(CLIENT, FORMS, len(FORMS), odd=of.requests),
        dimension(SPELLING, spellings, len(spellings), odd=of.requests),
        dimension(SCOPE, cases.scopes, len(cases.scopes), odd=of.requests),
        dimension(KIND, of_kinds, len(of_kinds), odd=of.kinds, cost=Cost.SESSION, listed_apart=True),
        *(dimension(name, *values, odd=True, cost=Cost.SESSION) for name, values in conditions.items()),
        dimension(
            USER, users, len(cases.users(user)), odd=of.sessions, cost=Cost.SESSION, listed_apart=has_own_listing
        ),
        dimension(PLACE, PLACES, len(PLACES), odd=of.requests, cost=Cost.REQUEST),
    )

    def fit(values: Mapping[str, Value]) -> bool:
        name, spelling = values.get(NAME), values.get(SPELLING)
        spelt = not isinstance(name, Name) or not isinstance(spelling, JsonSpelling) or shows(spelling, name)
        return spelt and _scope_fits(values) and _conditions_fit(values, dialect.id_member)

    return Space(found, fit)


def largest(space: Space, body: Callable[[str], dict[str, object]]) -> Point:
    """The point with the longest body that must be accepted: a limit on bodies may come between it and others."""
    place, spelt = space.place(NAME), space.place(SPELLING)
    assert place is not None
    assert spelt is not None
    names = [one for one in space.dimensions[place].values if isinstance(one, Name)]
    name = max(names, key=lambda one: len(json.dumps(one.text)))
    spellings = [one for one in space.dimensions[spelt].values if isinstance(one, JsonSpelling) and not one.refusable]
    spelling = max(spellings, key=lambda one: len(one.spell(body(name.text))))
    return space.replaced(space.replaced(space.plain, place, name), spelt, spelling)


def _conditions_fit(values: Mapping[str, Value], id_member: str) -> bool:
    """Whether a session can be in all of these conditions: each is about other members of its creation."""
    contents = [value.contents for value in values.values() if isinstance(value, Condition) and value.contents]
    touched = [one.touched(id_member) for one in contents]
    return sum(map(len, touched)) == len(set().union(*touched))


def _scope_fits(values: Mapping[str, Value]) -> bool:
    """Whether a scope goes with the session's kind and user."""
    scope, kind, user = values.get(SCOPE), values.get(KIND), values.get(USER)
    if not isinstance(scope, Scope):
        return True
    of_default = not isinstance(kind, Kind) or kind.is_default or scope.names_kind
    return of_default and not (isinstance(user, User) and user.user_id is None and scope.names_user)
