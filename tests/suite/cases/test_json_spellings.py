"""Each spelling of a body says the same to a reader of JSON, and is what its label says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rename_tck.cases.json_spellings import PLAIN, SPELLINGS, JsonSpelling
from rename_tck.client.exchange import encode_json
from rename_tck.systems import NAMES, Session, load

BODY: dict[str, Any] = {"user": "Zoë", "name": 'A/B "東京" \\n 😀 \n\x1f', "auto_generate": False}
EVERY = pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.label)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


def same(spelling: JsonSpelling, body: dict[str, Any]) -> None:
    """A reader finds the members of the body, and none but additional ones besides."""
    pairs = json.loads(spelling.spell(body), object_pairs_hook=list)
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names)
    read = json.loads(spelling.spell(body))
    assert {name: read[name] for name in body} == body
    assert (read.keys() != body.keys()) is spelling.additional


@EVERY
def test_the_members_are_the_same(spelling: JsonSpelling) -> None:
    same(spelling, BODY)
    same(spelling, {"name": "half a pair: \ud83d \ude00"})


@EVERY
@given(body=st.dictionaries(st.text(min_size=1).filter(lambda name: "_" not in name), JSON, min_size=1, max_size=4))
def test_the_members_are_the_same_whatever_they_are(spelling: JsonSpelling, body: dict[str, Any]) -> None:
    same(spelling, body)


@pytest.mark.parametrize("system", NAMES)
@EVERY
def test_the_members_of_a_rename_are_the_same(spelling: JsonSpelling, system: str) -> None:
    dialect = load(system)
    same(spelling, dialect.body(Session("x", "fixture", dialect.kinds[0], "u"), "a/b"))


#: What is in the text of each.
FOUND: dict[str, str] = {
    "escapes for all but ASCII": r'"Zo\\u00eb".*\\u6771\\u4eac.*\\ud83d\\ude00 \\n\\u001f"',
    "every character escaped, in lower case": r'"user":"\\u005a\\u006f\\u00eb".*\\ud83d\\ude00',
    "every character escaped, in capitals": r'"user":"\\u005A\\u006F\\u00EB".*\\uD83D\\uDE00',
    "every character escaped, in both cases": r'"user":"\\u005A\\u006F\\u00Eb".*\\uD83d\\uDE00',
    "\\u0022 and \\u005c for quotes and backslashes": r'"A/B \\u0022東京\\u0022 \\u005cn 😀 \\n\\u001f"',
    "\\u0022 and \\u005C for quotes and backslashes, in capitals": r"\\u0022東京\\u0022 \\u005Cn 😀",
    "\\/ for slashes": r'"A\\/B \\"',
    "a letter of each member's name escaped": r'^\{"u\\u0073er":.*"n\\u0061me":.*"a\\u0075to_generate":false\}$',
    "members' names escaped as a whole": r'^\{"\\u0075\\u0073\\u0065\\u0072":"Zoë",',
    "members in reverse order": r'^\{"auto_generate".*"name".*"user":"Zoë"\}$',
    "members in the order of the alphabet": r'^\{"auto_generate".*"name".*"user":"Zoë"\}$',
    "blanks around the object": r'^ \t\n\{"user":.*\} \n$',
    "blanks between all tokens": r'^ \{  "user"  :  "Zoë"  ,  "name"  :  ".*"auto_generate"  :  false  \} $',
    "tabs between all tokens": r'^\t\{\t"user"\t:\t"Zoë"\t,\t.*\tfalse\t\}\t$',
    "carriage returns between all tokens": r'^\r\{\r"user"\r:\r"Zoë"\r,\r.*\rfalse\r\}\r$',
    "white space of every kind between all tokens": r'^ \t\r\n\{\r\n \t\n\r"user"\r\n \t\n\r:',
    "8,000 blanks before the object": r"^ {8000}\{",
    "indented, over several lines": r'^\{\n    "user": "Zoë",\n    "name": ".*\n\}\n$',
    "indented with tabs, over lines that end in CRLF": r'^\{\r\n\t"user": "Zoë",\r\n\t"name": ".*\r\n\}\r\n$',
    "a number out of range in an additional member": r',"x_rename_tck":1e400\}$',
    "an integer of 400 digits in an additional member": r'^\{"x_rename_tck":-9{400},"user"',
    "an additional member nested 50 deep": r'^\{"x_rename_tck":\[{25}(?:\{"a":){25}null\}{25}\]{25},"user"',
    "an additional member of 10,000 characters": r',"x_rename_tck":"(?:long ){2000}"\}$',
    "an additional member whose name is empty": r',"":"x"\}$',
    "additional members with names that mean something to languages": r'^\{"__proto__":\{.*"\$ref":"#/x",.*"user"',
}


def test_each_is_as_its_label_says() -> None:
    assert FOUND.keys() == {spelling.label for spelling in SPELLINGS} - {PLAIN.label}
    for spelling in SPELLINGS[1:]:
        assert re.search(FOUND[spelling.label], spelling.spell(BODY).decode(), re.DOTALL), spelling.spell(BODY)
        assert spelling.differs(BODY)


def test_the_plain_one_is_first_and_those_with_more_members_are_last() -> None:
    assert PLAIN is SPELLINGS[0]
    assert PLAIN.spell(BODY) == encode_json(BODY)
    assert not PLAIN.differs(BODY)
    additional = [spelling.additional for spelling in SPELLINGS]
    assert additional == sorted(additional)
    assert all(spelling.refusable for spelling in SPELLINGS if spelling.additional)


def test_one_member_has_one_order() -> None:
    assert [spelling.label for spelling in SPELLINGS if not spelling.differs({"title": "t"})] == [
        PLAIN.label, "escapes for all but ASCII", "\\u0022 and \\u005c for quotes and backslashes",
        "\\u0022 and \\u005C for quotes and backslashes, in capitals", "\\/ for slashes", "members in reverse order",
        "members in the order of the alphabet",
    ]  # fmt: skip
