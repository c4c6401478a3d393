"""The words of the suite's output: those of the field, and none that only its makers use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from harness import ROOT

#: Words of ours, for which the field has others: given, created, saved, stored, has, says, that exists, the opposite.
OURS = re.compile(
    r"\b(?:lent|lends?|lending|borne|bears?|bore|bearing|kept|a live|live one|mended|told|fickle|twins?|borrow(?:s|ed)"
    r"|gave back|given up|judged by en|part at|the contrary|nobody's|astray)\b",
    re.IGNORECASE,
)
#: A value that stands in records, which have their format; reports show it in other words.
OF_THE_RECORD = "states the contrary"

SOURCES = sorted([*(ROOT / "src" / "rename_tck").rglob("*.py"), *(ROOT / "tests" / "contract").glob("*.py")])
CATALOGUES = sorted((ROOT / "specs").glob("*/requirements.yaml"))


def texts(source: str) -> Iterator[str]:
    """The texts of a module that are more than a word, without docstrings."""
    tree = ast.parse(source)
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in silent else None
        if isinstance(text, str) and " " in text and text != OF_THE_RECORD:
            yield text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_the_suite_says_is_in_the_words_of_the_field(path: Path) -> None:
    assert [text for text in texts(path.read_text(encoding="utf-8")) if OURS.search(text)] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.name)
def test_requirements_are_in_the_words_of_the_field(path: Path) -> None:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    sentences = [
        one.get("sentence") or one.get("question") for part in ("requirements", "observations") for one in found[part]
    ]
    assert len(sentences) > 50
    assert [text for text in sentences if OURS.search(text)] == []


@pytest.mark.parametrize(
    ("source", "said"), [("x = 'a kept one'", 1), ("'a kept one'", 0), ("f'{x} bears the name'", 1)]
)
def test_such_words_are_found(source: str, said: int) -> None:
    assert len([text for text in texts(source) if OURS.search(text)]) == said
