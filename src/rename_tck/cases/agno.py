"""Cases that only Agno has."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rename_tck.cases.queries import OddQuery
from rename_tck.cases.system_cases import SystemCases
from rename_tck.client.exchange import Request
from rename_tck.systems.dialect import Session


@dataclass(frozen=True)
class OtherUser:
    """A user whose id is not the session's own, with the mistake by which it is taken for that one."""

    user_id: str
    label: str
    mistake: str
    #: Whether a server may refuse it for itself, whoever's the session is: no certain status is asked for then.
    refusable: bool = False


#: What a letter becomes in another width, and with an accent.
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_ACUTE = "\u0301"


def other_users(owner: str) -> tuple[OtherUser, ...]:
    """Users who are not the owner by any way of comparing text but a mistaken one."""
    accented = next((i + 1 for i, char in enumerate(owner) if char in "aeiouAEIOU"), len(owner))
    forms = {form: unicodedata.normalize(form, owner) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    found = (
        OtherUser(f"{owner}-someone-else", "another user's user_id", "the scope ignored, or compared as a prefix"),
        OtherUser(owner[:-1], "the user_id, cut by a character", "compared as a prefix"),
        OtherUser(owner[1:], "the user_id without its first character", "compared from the end"),
        OtherUser(f"{owner[:-1]}%", "the user_id, ending in a wildcard", "an SQL LIKE"),
        OtherUser(f"{owner[:-1]}_", "the user_id, ending in a wildcard for one character", "an SQL LIKE"),
        OtherUser(f"{owner[:-1]}*", "the user_id, ending in an asterisk", "a file pattern"),
        OtherUser(f"{owner[:-1]}.", "the user_id, ending in a full stop", "a regular expression"),
        OtherUser(f"{owner}\0", "the user_id, with a NUL behind", "cut at the NUL, as C strings are", True),
        OtherUser(
            unicodedata.normalize("NFC", owner[:accented] + _ACUTE + owner[accented:]),
            "the user_id with an accent", "a collation without accents",
        ),
        OtherUser(owner.translate(_WIDE), "the user_id in full-width characters", "a collation without width"),
        *(
            OtherUser(text, f"the user_id in the normal form {form}", "normalised before it is compared")
            for form, text in forms.items()
        ),
        OtherUser(f"{owner}{'u' * 300}"[:300], "a user_id of 300 characters", "cut at the column's width", True),
        OtherUser(f"{owner}{'u' * 3000}"[:3000], "a user_id of 3,000 characters", "cut at a buffer's width", True),
    )  # fmt: skip
    return _but(owner, found)


def lookalikes(owner: str) -> tuple[OtherUser, ...]:
    """Users whose id differs from the owner's in ASCII case alone, or in blanks around it: some take them for one."""
    swapped = "".join(char.swapcase() if char.isascii() else char for char in owner)
    found = (
        OtherUser(swapped, "the user_id in the other case", "a collation without case"),
        OtherUser(f"{owner} ", "the user_id, with a blank behind", "trimmed, or padded as CHAR is"),
        OtherUser(f" {owner}", "the user_id, with a blank before", "trimmed"),
        OtherUser(f"{owner}\t", "the user_id, with a tab behind", "trimmed"),
    )
    return _but(owner, found)


def _but(owner: str, users: tuple[OtherUser, ...]) -> tuple[OtherUser, ...]:
    """Each user once, and not the owner."""
    by_id = {user.user_id: user for user in reversed(users) if user.user_id not in {"", owner}}
    return tuple(reversed(by_id.values()))


def may_be(owner: str, user_id: str) -> bool:
    """Whether a way of comparing text that is in use takes a drawn user for the owner."""
    alike = (unicodedata.normalize("NFKD", text).casefold().strip() for text in (owner, user_id))
    return len(set(alike)) == 1


class AgnoCases(SystemCases):
    """Faulty and odd requests in Agno's terms."""

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
