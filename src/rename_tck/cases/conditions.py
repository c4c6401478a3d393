"""The dimension of session conditions: sessions as users have them, each made on demand.

This is what the systems have in common; the conditions of one system are in its own module of this room. A label says
how a session was created: what the target has made of it is read back before anything else is sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rename_tck.cases.dimensions import Value, halves
from rename_tck.systems.contents import Contents

#: Members of an object that a user may keep with a session, as JSON text: what it is, the mistake, the text.
_OBJECTS: tuple[tuple[str, str, str], ...] = (
    ("nested objects and lists", "flattened, or read to a certain depth",
     '{"a": {"b": [[], [{"c": {"d": [1, [2, [3, {"e": {}}]]]}}]]}}'),
    (
        "numbers in every spelling",
        "digits lost beyond 2^53, or 1.0 written back as 1",
        '{"one": 1, "real": 1.0, "power": 1e3, "small": 1.5E-7, "long": 9007199254740993, "tenth": 0.1, "minus": -2}',
    ),
    (
        "true, false, null and empty values",
        "what is false, null or empty left out when it is written back",
        '{"yes": true, "no": false, "nothing": null, "zero": 0, "text": "", "list": [], "object": {}}',
    ),
    (
        "text beyond ASCII",
        "a narrow character set, escapes or a normal form when it is written back",
        '{"citt\u00e0": "\u6771\u4eac \U0001f600", "e\u0301": "Zoe\u0308", "\u05e9\u05dc": "\\u00fc \\ud83d\\ude80"}',
    ),
    (
        "text that looks like something else",
        "decoded a second time, or escaped",
        json.dumps({
            "date": "2024-02-30", "digits": "007", "json": '{"a": [1]}', "markup": "<b>&amp;</b> it's",
            "escape": "\\u0041", "percent": "100%41", "template": "{{7*7}} ${x} %s",
        }),
    ),
    (
        "members called as the session's own",
        "a rename looks for the name among them, or writes it there",
        '{"session_name": "not this", "name": "nor it", "title": "nor this", "id": 0, "type": "team", "user_id": ""}',
    ),
    (
        "members with dots, dollar signs or nothing for a name",
        "taken for a path or for an operator of the store",
        '{"a.b": {"c.d": 1}, "$set": {"x": 1}, "": "empty", "0": "zero", "__proto__": {"x": 1}, "a b/c": 1}',
    ),
    ("an empty object", "taken for none at all", "{}"),
    (
        "30,000 characters long",
        "cut at a buffer's width when it is written back",
        json.dumps({"turns": [{"number": number, "text": "lorem ipsum dolor " * 13} for number in range(115)]}),
    ),
)  # fmt: skip

#: What is not what it is beside something else.
_WHOLE = frozenset({"an empty object", "30,000 characters long"})

#: Sessions whose contents are unlike those of any other: as JSON text with what `Contents` puts into it.
DIFFERENT = '{"session": "$token", "step": $number, "path": [$number, {"of": "$token"}]}'


@dataclass(frozen=True)
class Condition(Value):
    """How a session is made: the ordinary one with `contents` in place of its own."""

    #: None for an ordinary session.
    contents: Contents | None = None
    #: How many sessions of this condition there must be at the least: others that are alike, or are not.
    least: int = 1
    #: Sent in nightly runs only: some are costly to make, or much like another.
    thorough: bool = False
    #: The conditions that it is made of, where there are several.
    parts: tuple[Condition, ...] = ()


#: The plain one, of every system.
ORDINARY = Condition("an ordinary session", "ordinary", "none: the one that is always tried")


def together(conditions: Sequence[Condition]) -> Condition:
    """A session that is in several conditions, which go together.

    How many there must be of one of them is not how many there must be of them all.
    """
    odd = tuple(one for one in conditions if one.contents is not None)
    if len(odd) < 2:
        return odd[0] if odd else ORDINARY
    contents = Contents()
    for one in odd:
        assert one.contents is not None
        contents = contents.joined(one.contents)
    label = " and ".join(one.label for one in odd)
    return Condition(label, odd[0].group, odd[0].mistake, contents, parts=odd)


def objects(made: str, group: str, *members: str) -> tuple[Condition, ...]:
    """Sessions in whose `members` an odd object is; `made` begins the label of each, as "a session created with".

    Those that can be in one object are so in a quick run, and are taken apart when it fails.
    """
    whole = [one for one in _OBJECTS if one[0] in _WHOLE]
    inside = [one for one in _OBJECTS if one[0] not in _WHOLE]
    return (
        _packed(made, group, members, inside),
        *(_packed(made, group, members, [one]) for one in whole),
        *(replace(_packed(made, group, members, [one]), thorough=True) for one in inside),
    )


def _packed(made: str, group: str, members: tuple[str, ...], inside: Sequence[tuple[str, str, str]]) -> Condition:
    """A session in whose members an object is that has all of these in it."""
    first, mistake, _ = inside[0]
    text = "{" + ", ".join(text[1:-1] for *_, text in inside) + "}"
    parts = halves(inside, partial(_packed, made, group, members))
    contents = Contents(tuple((member, text) for member in members))
    return Condition(f"{made} {and_more(first, len(inside) - 1)}", group, mistake, contents, parts=parts)


def and_more(first: str, more: int) -> str:
    """The first of several odd things, and how many more there are."""
    return f"{first} and {more} other odd things" if more else first
