"""Cases that only Agno has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from rename_tck.cases.conditions import DIFFERENT, ORDINARY, Condition, and_more, objects
from rename_tck.cases.dimensions import halves
from rename_tck.cases.queries import OddQuery
from rename_tck.cases.scopes import SCOPES, Scope
from rename_tck.cases.system_cases import SystemCases
from rename_tck.cases.users import User, once, plain, users
from rename_tck.client.exchange import Request
from rename_tck.systems.contents import Contents, texts
from rename_tck.systems.dialect import Session

_CONTENTS = ("session_name", "session_state", "metadata")

#: What a rename may come upon that was never given, or given as nothing.
_WITHOUT = (
    Condition("a session created without a state", "bare", "the state read without a look whether there is one",
              Contents(without=("session_state",))),
    Condition("a session created without metadata", "bare", "metadata read without a look whether there are any",
              Contents(without=("metadata",))),
    Condition("a session created without name, state and metadata", "bare", "a record that is not there is written to",
              Contents(without=_CONTENTS)),
    Condition("a session created with null for name, state and metadata", "bare", "null taken for an object",
              Contents(tuple((one, "null") for one in _CONTENTS)), thorough=True),
    Condition("a session created with nothing in it but its user", "bare", "a record that is not there is written to",
              Contents(without=("session_id", *_CONTENTS))),
)  # fmt: skip

_NAMES = (
    Condition("a session created without a name", "name", "the name is written into a record that is not there",
              Contents(without=("session_name",))),
    Condition("a session created with null for a name", "name", "null stored, or taken for text",
              Contents((("session_name", "null"),)), thorough=True),
    Condition("a session created with the name New session", "name", "the default title taken for none",
              Contents(texts(session_name="New session"))),
    Condition("a session created with an empty name", "name", "an empty name taken for none",
              Contents(texts(session_name=""))),
    Condition("a session created with blanks for a name", "name", "trimmed to nothing",
              Contents(texts(session_name="   ")), thorough=True),
    Condition("a session created with quotes, markup and an emoji in its name", "name", "escaped when it is compared",
              Contents(texts(session_name="It's <b>50%</b> \\ \"\u00e9\" \U0001f600"))),
    Condition("a session created with digits for a name", "name", "turned into a number",
              Contents(texts(session_name="007")), thorough=True),
    Condition("a session created with a name of 1,000 characters", "name", "the old name held in a narrow place",
              Contents(texts(session_name="What I asked first. " * 50))),
    Condition("a session created with a name that another has, too", "name", "found by its name, or names held unique",
              Contents(texts(session_name="Trip to Lisbon")), least=2),
)  # fmt: skip

_COMPONENTS = (
    Condition("a session created with the id of its agent, team or workflow", "component", "found by that id",
              Contents(texts(**{"$kind_id": "rename-tck"}))),
    Condition("a session created with an agent_id, a team_id and a workflow_id", "component",
              "its type guessed from the ids that it has",
              Contents(texts(agent_id="rename-tck", team_id="rename-tck", workflow_id="rename-tck"))),
)  # fmt: skip

_FORM, _ODD = "an id of another form", "an id with odd characters"

#: What may be in an id: what it is, the mistake, the text.
_IN_IDS = (
    ("blanks", "cut, trimmed or read as plus signs", "r t"),
    ("colons", "taken apart, or a scheme seen in it", "tck:agent:1"),
    ("a plus sign and an at sign", "a plus read as a blank", "a+b@c"),
    ("letters beyond ASCII", "an encoding guessed", "Zo\u00eb-\u4e1c\u4eac"),
    ("a percent sign", "decoded twice", "100%x"),
    ("a percent sign with digits behind", "decoded twice", "y%41z"),
    ("tildes and underscores", "a wildcard of SQL", "r_t~k"),
    ("an apostrophe", "pasted into a statement", "it's"),
)


def _packed_id(inside: Sequence[tuple[str, str, str]]) -> Condition:
    """A session whose id has all of these in it."""
    first, mistake, _ = inside[0]
    form = "-".join(("rename-tck", *(text for *_, text in inside), "$hex"))
    label = f"a session whose id has {and_more(first, len(inside) - 1)}"
    return Condition(label, _ODD, mistake, Contents(session_id=form), parts=halves(inside, _packed_id))


_IDS = (
    *(
        Condition(f"a session whose id {what}", group, mistake, Contents(session_id=form), thorough=thorough)
        for what, group, mistake, form, thorough in (
            ("is a UUID", _FORM, "rewritten in another spelling", "$uuid", True),
            ("is a UUID in capitals", _FORM, "compared in another case than it is stored", "$UUID", False),
            ("is 32 hexadecimal digits", _FORM, "given dashes", "$hex", False),
            ("is base64url", _FORM, "case lost, or decoded", "$base64", False),
            ("is 1 character", _FORM, "too short for a pattern", "$letter", False),
            ("is 64 characters", _FORM, "cut at the column's width", "$hex$hex", True),
            ("is 200 characters", _FORM, "cut at the column's width",
             "rename-t$hex$hex$hex$hex$hex$hex", False),
            ("is digits only", _FORM, "turned into a number", "$digits", True),
            ("is digits with zeros before", _FORM, "turned into a number", "00$digits", False),
            ("has capital letters", _ODD, "folded to one case", "Rename-TCK-$HEX", False),
            ("has dots", _ODD, "a pattern for slugs", "v1.2.rename-tck.$hex", True),
            ("ends as a file's name", _ODD, "the end taken for a format", "rename-tck-$hex.json", False),
        )
    ),
    _packed_id(_IN_IDS),
    *(replace(_packed_id([one]), thorough=True) for one in _IN_IDS),
)  # fmt: skip


class AgnoCases(SystemCases):
    """Faulty and odd requests in Agno's terms, and what sessions users have."""

    conditions: ClassVar[Mapping[str, tuple[Condition, ...]]] = {
        "session id": (ORDINARY, *_IDS),
        "session contents": (
            ORDINARY,
            *_WITHOUT,
            *objects("a session whose state and metadata are", "state and metadata", "session_state", "metadata"),
            Condition(
                "a session whose contents are unlike any other's", "state and metadata",
                "one session's written into another",
                Contents((("session_state", DIFFERENT), ("metadata", DIFFERENT))), least=2,
            ),
        ),
        "name before": (ORDINARY, *_NAMES),
        "component": (ORDINARY, *_COMPONENTS),
    }  # fmt: skip
    scopes: ClassVar[tuple[Scope, ...]] = SCOPES

    def users(self, user: str) -> tuple[User, ...]:
        nobody = User("a session without a user", "nobody", "an owner taken for granted", None)
        return once(plain(user), nobody, *users())

    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        return [
            ("no session_name", self.dialect.rename(session, {"name": name})),
            ("a session_name in an array", self.dialect.rename(session, {"session_name": [name]})),
            ("a session_name in an object", self.dialect.rename(session, {"session_name": {"text": name}})),
            (
                "a type that does not exist",
                self.dialect.rename(session, {"session_name": name}, query=(("type", "nosuchtype"),)),
            ),
        ]

    def beside(self, session: Session, other: Session | None, name: str) -> list[tuple[str, Request]]:
        body, query = self.dialect.body(session, name), self.dialect.query(session)
        scoped = (*query, ("user_id", f"{session.owner or 'rename-tck'}-someone-else"))
        found = [("another user's request", self.dialect.rename(session, body, query=scoped))]
        if other is not None:
            kind = next(one for one in self.dialect.kinds if one != other.kind)
            request = self.dialect.rename(other, self.dialect.body(other, name), query=(("type", str(kind)),))
            found.append(("a request for another session under another type", request))
        return found

    def odd_queries(self, session: Session) -> list[OddQuery]:
        query, kind = self.dialect.query(session), session.kind or "agent"
        return [
            *super().odd_queries(session),
            OddQuery((*query, ("db_id", "rename-tck-no-such-db")), "an unknown db_id", "an exception let through"),
            OddQuery((*query, ("table", "rename-tck-no-such-table")), "an unknown table", "an exception let through"),
            OddQuery((*query, ("table", "x'; --")), "a table's name that is SQL", "pasted into a statement"),
            OddQuery((*query, ("user_id", "u" * 3000)), "a very long user_id", "a column's width"),
            OddQuery((*query, ("user_id", "u\0")), "a user_id with a NUL", "refused by the database with an exception"),
            OddQuery((("type", "nosuchtype"),), "a type that does not exist", "looked up without a check"),
            OddQuery((("type", kind), ("type", "nosuchtype")), "the type twice", "one checked, the other used"),
        ]


CASES = AgnoCases
