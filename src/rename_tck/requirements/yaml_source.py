"""YAML files, and the lines on which their parts stand; parts are named by JSON pointers (RFC 6901)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Passage(NamedTuple):
    """Where a pointed-to part of a YAML file stands: the line (from 1) of its key, and the raw text from there on."""

    line: int
    text: str


def parsed(text: str) -> Any:
    """The content of a YAML text. Raises yaml.YAMLError when it is no YAML."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, by its definition


def read_yaml(path: Path) -> Any:
    """The content of a YAML file."""
    return parsed(path.read_text(encoding="utf-8"))


def pointer_segments(pointer: str) -> list[str]:
    """The unescaped segments of a JSON pointer (RFC 6901). Raises ValueError when it is none."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"A JSON pointer starts with a slash: {pointer!r}.")
    return [segment.replace("~1", "/").replace("~0", "~") for segment in pointer[1:].split("/")]


def pointer_join(pointer: str, *segments: str | int) -> str:
    """The pointer lengthened by these segments, each escaped."""
    return pointer + "".join("/" + str(segment).replace("~", "~0").replace("/", "~1") for segment in segments)


@cache
def composed(path: Path) -> tuple[str, yaml.Node]:
    """The text of a YAML file and the tree of its nodes, whose marks tell where each one stands.

    Raises LookupError when the file is empty.
    """
    text = path.read_text(encoding="utf-8")
    try:
        return text, composed_text(text)
    except LookupError:
        raise LookupError(f"{path.name} is empty.") from None


def composed_text(text: str) -> yaml.Node:
    """The tree of a YAML text's nodes. Raises LookupError when it is empty, yaml.YAMLError when it is no YAML."""
    root: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    if root is None:
        raise LookupError("The text is empty.")
    return root


def node_at(path: Path, pointer: str) -> tuple[int, yaml.Node]:
    """The node that a JSON pointer names in a YAML file, and the offset where its key (or list item) begins.

    Raises LookupError when the pointer leads nowhere.
    """
    try:
        return found_in(composed(path)[1], pointer)
    except LookupError as error:
        raise LookupError(f"{path.name} has nothing at {pointer}: {error.args[0]}.") from None


def found_in(node: yaml.Node, pointer: str) -> tuple[int, yaml.Node]:
    """The node that a JSON pointer names beneath a root, and the offset where its key (or list item) begins.

    Raises LookupError when the pointer leads nowhere.
    """
    start = 0
    for segment in pointer_segments(pointer):
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == segment), None)
            if found is None:
                raise LookupError(f"no key {segment!r}")
            start, node = found[0].start_mark.index, found[1]
        elif isinstance(node, yaml.SequenceNode) and segment.isdecimal() and int(segment) < len(node.value):
            node = node.value[int(segment)]
            start = node.start_mark.index
        else:
            raise LookupError(f"no item {segment!r}")
    return start, node


def passage(path: Path, pointer: str) -> Passage:
    """Where `pointer` stands in a YAML file: from the start of the line of its key or list item to its value's end.

    Raises LookupError when the pointer leads nowhere.
    """
    text = composed(path)[0]
    start, node = node_at(path, pointer)
    line_start = text.rfind("\n", 0, start) + 1
    return Passage(text.count("\n", 0, start) + 1, text[line_start : node.end_mark.index].rstrip())


def folded(text: str) -> str:
    """The text with every run of white space as one blank: the form in which quotes are compared."""
    return " ".join(text.split())
