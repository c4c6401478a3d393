"""docs/statements.md has every sentence that the suite can say of a target, and what each rests on."""

from __future__ import annotations

import re

import pytest
import statements
from statements import ROOT

PAGE = ROOT / "docs" / "statements.md"
#: The words that a row may begin with, as the page explains them.
WORDS = r"rule|request|answer|reading|listing|before|run|control|made up|option|document|transport|file"


def rows() -> dict[str, str]:
    """The page's sentences, with what they rest on."""
    table = PAGE.read_text(encoding="utf-8").partition("| sentence | rests on |\n|---|---|\n")[2]
    found = re.findall(r"^\| (.*) \| (.*) \|$", table, re.MULTILINE)
    assert len(found) == len(table.splitlines())
    return dict(found)


def test_the_page_has_every_sentence() -> None:
    known = rows()
    missing = {
        statements.row(text, "(what it rests on)"): sorted(modules)
        for text, modules in statements.sentences().items()
        if statements.cell(text) not in known
    }
    said = "\n".join(f"{row}\n    said in {', '.join(modules)}" for row, modules in sorted(missing.items()))
    assert not missing, f"Add to docs/statements.md, each with what is known when it is said:\n{said}"


def test_the_page_has_no_sentence_that_is_no_longer_said() -> None:
    said = set(map(statements.cell, statements.sentences()))
    assert [row for row in rows() if row not in said] == [], "take out of docs/statements.md"


def test_every_sentence_rests_on_something() -> None:
    begins = re.compile(rf"(?:{WORDS})\b")
    assert [text for text, rests_on in rows().items() if not begins.match(rests_on)] == []


def test_the_rows_are_in_order_and_different() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("| sentence | rests on |\n|---|---|\n")[2].splitlines()
    listed = [re.sub(r" \| .*", "", row) for row in page]
    assert len(set(listed)) == len(listed)
    assert listed == sorted(listed, key=str.lower)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("check.fail('a case', f'status {one}', exchange)", {"a case", "status …"}),
        ("raise NotTested('why' if one else f'{two}: else')", {"why", "…: else"}),
        ("case = 'a' if one else 'b'\n    check.fail(case, wanted)", {"a", "b"}),
        ("check.needs(seen, 'not seen')\n    other('nothing said')", {"not seen"}),
        ("check.fail('one ' + kind, expected='another')", {"one …", "another"}),
        ("raise Unjudgeable(trouble)", set()),
    ],
)
def test_sentences_are_found(source: str, said: set[str]) -> None:
    assert statements.of_source(f"def test():\n    {source}\n") == said
