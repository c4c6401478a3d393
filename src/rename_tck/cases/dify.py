"""Cases that only Dify has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from rename_tck.cases.conditions import DIFFERENT, ORDINARY, Condition, objects
from rename_tck.cases.dimensions import by_lot
from rename_tck.cases.system_cases import SystemCases
from rename_tck.cases.users import OtherUser, User, lookalikes, once, plain, users
from rename_tck.cases.users import other_users as users_near
from rename_tck.client.exchange import Request
from rename_tck.systems.contents import Contents, texts
from rename_tck.systems.dialect import Session

#: Users whom a quick run has besides its own and what is made of its name. Dify makes an end user of each that it
#: sees, also of one that it refuses: in all there are fewer than ten.
ADDRESS = "Zo\u00eb.O'Brien+Tag@Example.org"
DIGITS = "007"

_DEFAULT = "the name made anew from the first message"

#: The name is left to the server, which makes one of the first message, or has a default.
_NAMED_BY_SERVER = ("auto_generate_name",)

_QUERIES = tuple(
    Condition(f"a conversation {what}", group, mistake, Contents(texts(query=query), without), thorough=thorough)
    for what, group, mistake, query, without, thorough in (
        ("whose first message has 2,000 characters", "message", "the message joined to it and cut",
         "Please remember this. " * 90 + "Thank you very much", (), False),
        ("whose first message has quotes, markup and an emoji", "message", "escaped, or read as code",
         "It's <b>50%</b> \\ \"\u00e9\" {{7*7}} \U0001f600", (), False),
        ("whose name is left to the server", "default name", _DEFAULT, "rename-tck $token", _NAMED_BY_SERVER, False),
        ("whose name the server makes of quotes, markup and an emoji", "default name", _DEFAULT,
         "It's <b>50%</b> \\ \"\u00e9\" \U0001f600", _NAMED_BY_SERVER, False),
        ("whose name the server makes of digits", "default name", "turned into a number", "007",
         _NAMED_BY_SERVER, True),
        ("whose name the server makes of a line break", "default name", _DEFAULT, "First\nSecond",
         _NAMED_BY_SERVER, True),
        ("whose name the server makes of a blank", "default name", "an empty name taken for none", " ",
         _NAMED_BY_SERVER, True),
    )
)  # fmt: skip


def without(body: dict[str, object], *names: str) -> dict[str, object]:
    """A body without these members."""
    return {name: value for name, value in body.items() if name not in names}


def generating(body: dict[str, object]) -> dict[str, object]:
    """The body of an ordinary rename made to ask for a generated name."""
    return {**without(body, "name"), "auto_generate": True}


#: Near spellings of the run's own user of which a quick run asks for so many: each is an end user more.
_NEAR = 2


def another(user: str) -> User:
    """Another user than the run's own, whose id begins with that: he has a conversation, too."""
    return User("a user whose id begins with another's", "near another", "compared as a prefix", f"{user}-someone-else")


def other_users(user: str, seed: str, *, thorough: bool = False) -> tuple[OtherUser, ...]:
    """Users who must not rename a conversation of the run's own user.

    Of near spellings a quick run has a few, other ones with another seed; `thorough` says that all are wanted.
    """
    other, folded = another(user), user.swapcase()
    known = (
        OtherUser(str(other.user_id), "another user", "the user not looked at, or compared as a prefix"),
        OtherUser(folded, "the user in the other case", "a collation without case"),
    )
    near = [
        replace(one, label=one.label.replace("user_id", "user"), refusable=True)
        for one in (*users_near(user), *lookalikes(user))
        if one.user_id not in {found.user_id for found in known}
    ]
    if thorough:
        return (*known, *near)
    telling = [one for one in near if one.label in _TELLING]
    first = by_lot(seed, "near spellings", len(telling) or 1)
    return (*known, *(telling[first:] + telling[:first])[:_NEAR])


#: Those by which the databases that are used most compare.
_TELLING = {
    "the user, ending in a wildcard", "the user with an accent", "the user in full-width characters",
    "the user, with a blank behind",
}  # fmt: skip


class DifyCases(SystemCases):
    """Faulty and odd requests in Dify's terms, and what conversations users have."""

    conditions: ClassVar[Mapping[str, tuple[Condition, ...]]] = {
        "inputs": (
            ORDINARY,
            *objects("a conversation whose inputs are", "inputs", "inputs"),
            Condition("a conversation whose inputs are unlike any other's", "inputs",
                      "one conversation's written into another", Contents((("inputs", DIFFERENT),)), least=2),
        ),
        "message": (
            ORDINARY,
            Condition("a conversation created with an empty conversation_id", "message", "nothing taken for an id",
                      Contents((("conversation_id", '""'),)), thorough=True),
            Condition("a conversation of three messages", "message", "a row a message, one of them renamed",
                      Contents(messages=3)),
            Condition("a conversation whose first message is another's, too", "message", "found by its message",
                      Contents(texts(query="Hello")), least=2),
            *_QUERIES,
        ),
    }  # fmt: skip

    def users(self, user: str) -> tuple[User, ...]:
        return once(
            plain(user),
            User("a user whose id is an address with a plus sign, capitals and more", "to be encoded",
                 "the plus read as a blank, the case folded, an encoding guessed", ADDRESS),
            User("a user whose id is digits with zeros before", "to be encoded", "turned into a number", DIGITS),
            # those of whom a refusal is asked anyway: they have conversations of their own, too
            User("a user whose id is another's in the other case", "near another", "a collation without case",
                 user.swapcase()),
            another(user),
            *users(thorough=True),
        )  # fmt: skip

    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        user = session.owner
        bodies: dict[str, dict[str, object]] = {
            "no user": {"name": name},
            "a user that is null": {"name": name, "user": None},
            "a user that is a number": {"name": name, "user": 42},
            "a user that is an object": {"name": name, "user": {"id": user}},
            "an auto_generate that is a string": {"name": name, "user": user, "auto_generate": "maybe"},
            "an auto_generate that is an array": {"name": name, "user": user, "auto_generate": []},
        }
        return [(case, self.dialect.rename(session, body)) for case, body in bodies.items()]

    def odd_scopes(self, session: Session, name: str) -> list[tuple[str, dict[str, object]]]:
        users = {
            "a user of 300 characters, the last of them a NUL": "u" * 299 + "\0", "a user beyond ASCII": ADDRESS,
            "a user of digits": DIGITS,
        }  # fmt: skip
        return [(case, {**self.dialect.body(session, name), "user": user}) for case, user in users.items()]

    def beside(self, session: Session, other: Session | None, name: str) -> list[tuple[str, Request]]:
        body = {**self.dialect.body(session, name), "user": f"{session.owner}-someone-else"}
        found = [("another user's request", self.dialect.rename(session, body))]
        if other is not None:
            request = self.dialect.rename(other, generating(self.dialect.body(other, name)))
            found.append(("a generated name for another conversation", request))
        return found

    def generating(self, session: Session) -> Request | None:
        return self.dialect.rename(session, generating(self.dialect.body(session, "")))

    def ignoring(self, body: object) -> tuple[str, dict[str, object]] | None:
        if not isinstance(body, dict) or body.get("auto_generate") is not True or "name" not in body:
            return None
        return "dify.auto-generate-ignores-name", without(body, "name")


CASES = DifyCases
