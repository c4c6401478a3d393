"""The dimension of users: on whose behalf a session is renamed, as its owner and as another who must not.

What an owner's id looks like is a value of the dimension; what a way of comparing text takes for it is an `OtherUser`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rename_tck.cases.dimensions import Value, halves
from rename_tck.client.exchange import segment


@dataclass(frozen=True)
class User(Value):
    """An owner of sessions."""

    #: None for sessions of nobody's.
    user_id: str | None
    #: Sent in nightly runs only: some systems keep every user that they have seen.
    thorough: bool = False
    #: Users with fewer oddities in their ids each.
    parts: tuple[User, ...] = ()


def plain(user_id: str) -> User:
    """The user of an ordinary rename."""
    return User("an ordinary user", "ordinary", "none: the one that is always tried", user_id)


_ENCODED = "to be encoded"

#: What an id is or has, its class, the mistake, the id.
_USERS = (
    ("is an address with a plus sign and capitals", _ENCODED, "the plus read as a blank, or the case folded",
     "Ann.Other+tag@Example.org"),
    ("has letters beyond ASCII", _ENCODED, "an encoding guessed, or a collation without accents",
     "Zo\u00eb Gro\u00df"),
    ("has Chinese characters", _ENCODED, "an encoding guessed", "\u4e1c\u4eac"),
    ("is digits", "like something else", "turned into a number", "12345"),
    ("is digits with zeros before", "like something else", "turned into a number", "007"),
    ("has a blank inside", _ENCODED, "cut at the blank, or read as a plus sign", "Ann Other"),
    ("has an apostrophe", _ENCODED, "pasted into a statement", "O'Brien"),
    ("has a slash, a percent sign and an ampersand", _ENCODED, "taken apart, or decoded twice",
     "a/b%41&c=d?e#f"),
    ("begins with a plus sign", _ENCODED, "read as a blank, and trimmed", "+49+30"),
    ("is a UUID", "like something else", "written in another spelling", "6E9B2F4C-3D1A-4C57-9B8E-0F2D4A6C8E10"),
    ("is a URL", "like something else", "taken apart as a path or a query", "https://login.example.org/users/ann?tenant=a|b"),
    ("is zero", "like something else", "taken for false, or for nobody", "0"),
    ("is the word null", "like something else", "taken for nobody", "null"),
    ("has 200 characters", "like something else", "cut at the column's width", "Ann Other " * 19 + "0123456789"),
)  # fmt: skip


#: Such as another of a quick run stands for.
_ALIKE = frozenset({"is digits", "is a UUID", "is a URL"})


def users(*, thorough: bool = False) -> tuple[User, ...]:
    """Users with ids of many forms; `thorough` says that nightly runs alone have them.

    Of what is to be encoded it has one that has all of it, which is taken apart when it fails.
    """
    encoded = [one for one in _USERS if one[1] == _ENCODED]
    singles = (
        User(f"a user whose id {what}", group, mistake, user_id, thorough or group == _ENCODED or what in _ALIKE)
        for what, group, mistake, user_id in _USERS
    )
    return (replace(_packed(encoded), thorough=thorough), *singles)


def _packed(inside: Sequence[tuple[str, str, str, str]]) -> User:
    """A user whose id has all of these in it."""
    first, group, mistake, _ = inside[0]
    user_id = " ".join(user_id for *_, user_id in reversed(inside))
    more = f" and has {len(inside) - 1} other odd things" if len(inside) > 1 else ""
    return User(f"a user whose id {first}{more}", group, mistake, user_id, parts=halves(inside, _packed))


def once(*found: User) -> tuple[User, ...]:
    """Each user once, the first of those with one id."""
    by_id = {user.user_id: user for user in reversed(found)}
    return tuple(reversed(by_id.values()))


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

#: Letters that a collation takes for others, beside those with accents.
_FOLDED = {"\u00df": "ss", "\u00e6": "ae", "\u00f8": "o", "\u0131": "i", "\u0142": "l", "\u4e1c": "\u6771"}


def other_users(owner: str) -> tuple[OtherUser, ...]:
    """Users who are not the owner by any way of comparing text but a mistaken one."""
    return _but(owner, (*_near(owner), *_numbers(owner), *_addresses(owner), *_long(owner)))


def _near(owner: str) -> Iterator[OtherUser]:
    accented = next((i + 1 for i, char in enumerate(owner) if char in "aeiouAEIOU"), len(owner))
    middle = len(owner) // 2
    yield OtherUser(f"{owner}-someone-else", "another user's user_id", "the scope ignored, or compared as a prefix")
    yield OtherUser(owner[:-1], "the user_id, cut by a character", "compared as a prefix")
    yield OtherUser(owner[1:], "the user_id without its first character", "compared from the end")
    yield OtherUser(f"{owner[:-1]}%", "the user_id, ending in a wildcard", "an SQL LIKE")
    yield OtherUser(f"{owner[:-1]}_", "the user_id, ending in a wildcard for one character", "an SQL LIKE")
    yield OtherUser(f"{owner[:-1]}*", "the user_id, ending in an asterisk", "a file pattern")
    yield OtherUser(f"{owner[:-1]}.", "the user_id, ending in a full stop", "a regular expression")
    yield OtherUser(f"{owner}\0", "the user_id, with a NUL behind", "cut at the NUL, as C strings are", True)
    yield OtherUser(
        unicodedata.normalize("NFC", owner[:accented] + _ACUTE + owner[accented:]),
        "the user_id with an accent", "a collation without accents",
    )  # fmt: skip
    yield OtherUser(_bare(owner), "the user_id without its accents", "a collation without accents")
    folded = "".join(_FOLDED.get(char, char) for char in owner)
    yield OtherUser(folded, "the user_id with other letters", "a collation's equal letters")
    yield OtherUser(owner.translate(_WIDE), "the user_id in full-width characters", "a collation without width")
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        text = unicodedata.normalize(form, owner)
        yield OtherUser(text, f"the user_id in the normal form {form}", "normalised before it is compared")
    for name, char in (("a soft hyphen", "\u00ad"), ("a zero-width blank", "\u200b")):
        text = owner[:middle] + char + owner[middle:]
        yield OtherUser(text, f"the user_id with {name} in it", "a collation that ignores what is not seen", True)


def _numbers(owner: str) -> Iterator[OtherUser]:
    """What is the same number as an owner of digits."""
    if not (owner.isascii() and owner.isdigit()):
        return
    for text in (str(int(owner)), f"0{owner}", f"{int(owner)}.0", f"+{int(owner)}", f"{int(owner):#x}"):
        yield OtherUser(text, f"the user_id as a number, spelt {text}", "compared as numbers")


def _addresses(owner: str) -> Iterator[OtherUser]:
    """What a client's or a server's second encoding or decoding makes of an owner, and a mail server of an address."""
    yield OtherUser(segment(owner), "the user_id, encoded twice", "decoded twice")
    yield OtherUser(owner.replace("+", " "), "the user_id with blanks for its plus signs", "decoded twice")
    yield OtherUser(owner.replace(" ", "+"), "the user_id with plus signs for its blanks", "decoded twice")
    yield OtherUser(owner.replace("'", "''"), "the user_id with its apostrophes doubled", "pasted into a statement")
    yield OtherUser(owner.replace(" ", "\u00a0"), "the user_id with other blanks", "a collation's equal blanks")
    if re.fullmatch(r"[0-9A-Fa-f-]{36}", owner):
        yield OtherUser(owner.replace("-", ""), "the user_id without its dashes", "compared as UUIDs")
    name, at, host = owner.partition("@")
    if at and " " not in owner:
        tagless = name.partition("+")[0]
        yield OtherUser(f"{tagless}@{host}", "the address without its tag", "taken for one mailbox")
        yield OtherUser(f"{name.replace('.', '')}@{host}", "the address without its dots", "taken for one mailbox")
        yield OtherUser(name, "the address without its host", "compared by the name alone")


def _long(owner: str) -> Iterator[OtherUser]:
    yield OtherUser(f"{owner}{'u' * 300}"[:300], "a user_id of 300 characters", "cut at the column's width", True)
    yield OtherUser(f"{owner}{'u' * 3000}"[:3000], "a user_id of 3,000 characters", "cut at a buffer's width", True)


def lookalikes(owner: str) -> tuple[OtherUser, ...]:
    """Users whose id differs from the owner's in case alone, or in blanks around it: some take them for one."""
    swapped = "".join(char.swapcase() if char.isascii() else char for char in owner)
    folded = "".join(char if char.isascii() or len(char.swapcase()) > 1 else char.swapcase() for char in owner)
    found = (
        OtherUser(swapped, "the user_id in the other case", "a collation without case"),
        OtherUser(folded, "the user_id with its letters beyond ASCII in the other case", "a collation without case"),
        OtherUser(f"{owner} ", "the user_id, with a blank behind", "trimmed, or padded as CHAR is"),
        OtherUser(f" {owner}", "the user_id, with a blank before", "trimmed"),
        OtherUser(f"{owner}\t", "the user_id, with a tab behind", "trimmed"),
        OtherUser(
            f"{owner}\n", "the user_id, with a line break behind", "trimmed, or a pattern ending in a dollar sign"
        ),
        OtherUser(f"{owner}\u00a0", "the user_id, with a no-break space behind", "trimmed"),
        OtherUser(f"{owner}\u3000", "the user_id, with an ideographic space behind", "trimmed"),
    )
    return _but(owner, found)


def _bare(text: str) -> str:
    """A text without its marks."""
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def _but(owner: str, found: tuple[OtherUser, ...]) -> tuple[OtherUser, ...]:
    """Each user once, and not the owner."""
    by_id = {user.user_id: user for user in reversed(found) if user.user_id not in {"", owner}}
    return tuple(reversed(by_id.values()))


def may_be(owner: str, user_id: str) -> bool:
    """Whether a way of comparing text that is in use takes a drawn user for the owner."""
    alike = (unicodedata.normalize("NFKD", text).casefold().strip() for text in (owner, user_id))
    return len(set(alike)) == 1
