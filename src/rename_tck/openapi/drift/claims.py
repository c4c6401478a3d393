"""What a citation says: the parts of the document that its quote covers, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from rename_tck.openapi.document import Document
from rename_tck.openapi.drift.walk import Difference
from rename_tck.requirements.catalogue import Citation, Requirement
from rename_tck.requirements.yaml_source import folded, found_in, pointer_join, pointer_segments

#: Members whose words describe: they are compared where a quote is of them.
_PROSE = frozenset({"description", "summary", "title", "example", "examples"})


@dataclass(frozen=True)
class Prose:
    """Quoted words of a description or an example."""

    holder: str
    """The pointer of the object that has the description."""
    tail: tuple[str, ...]
    words: str

    @property
    def pointer(self) -> str:
        """Where the words stand."""
        return pointer_join(self.holder, *self.tail)

    def stands_in(self, text: object) -> bool:
        """Whether the words are still there."""
        return text is not None and folded(self.words) in folded(str(text))


@dataclass
class Claims:
    """What one citation says."""

    #: Keys and values that are quoted.
    points: set[str] = field(default_factory=set)
    #: What a quoted reference leads to, and schemas that are meant as a whole: everything beneath.
    trees: set[str] = field(default_factory=set)
    #: Schemas of which the citation says that what they allow is allowed.
    bare: set[str] = field(default_factory=set)
    prose: list[Prose] = field(default_factory=list)

    def touched_by(self, difference: Difference) -> bool:
        """Whether the difference changes what the citation says."""
        return (
            any(within(point, difference.pointer) for point in self.points)
            or any(within(tree, difference.pointer) or within(difference.pointer, tree) for tree in self.trees)
            or (difference.narrows and any(within(difference.pointer, schema) for schema in self.bare))
        )


def within(pointer: str, place: str) -> bool:
    """Whether the pointer is at the place or beneath it."""
    return pointer == place or pointer.startswith(place + "/")


@dataclass(frozen=True, eq=False)
class Source:
    """A document with its text: what is quoted, and where it stands."""

    document: Document
    text: str
    root: yaml.Node


@lru_cache(maxsize=2048)
def claims_of(source: Source, citation: Citation) -> Claims:
    """What a citation of this document says. Nothing, where the quote does not stand."""
    made = Claims()
    if citation.pointer is None or citation.quote is None:
        return made
    found = _span(source, citation.pointer, citation.quote)
    if found is None:
        return made
    start, end, node, is_key = found
    if citation.bare:
        # what is no narrower allows it still
        schema, _, keyword = citation.pointer.rpartition("/")
        made.bare.add(schema if keyword == "type" else citation.pointer)
        made.points |= made.bare
        return made
    if is_key:
        made.points.add(citation.pointer)
    for pointer, part in _covered(node, citation.pointer, start, end):
        _claim(source, made, pointer, part, (start, end))
    if citation.whole:
        made.trees |= _reached(source.document, citation.pointer)
    return made


def _span(source: Source, pointer: str, quote: str) -> tuple[int, int, yaml.Node, bool] | None:
    """Where a quote begins and ends, the node it is of, and whether it holds that node's key."""
    try:
        begin, node = found_in(source.root, pointer)
    except LookupError:
        return None
    line = source.text.rfind("\n", 0, begin) + 1
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    found = re.compile(pattern).search(source.text, line, node.end_mark.index)
    return (*found.span(), node, found.start() <= begin < found.end()) if found else None


def _covered(node: yaml.Node, pointer: str, start: int, end: int) -> Iterator[tuple[str, yaml.Node | None]]:
    """The values, and the keys without values, that begin or go on within the span."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            inner = pointer_join(pointer, name.value)
            if start <= name.start_mark.index < end:
                yield inner, None
            yield from _covered(value, inner, start, end)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from _covered(value, pointer_join(pointer, place), start, end)
    elif node.start_mark.index < end and start < node.end_mark.index:
        yield pointer, node


def _claim(source: Source, made: Claims, pointer: str, node: yaml.Node | None, span: tuple[int, int]) -> None:
    start, end = span
    segments = pointer_segments(pointer)
    place = _prose_at(segments)
    if place is not None:
        if node is not None:
            raw = source.text[max(start, node.start_mark.index) : min(end, node.end_mark.index)]
            whole = start <= node.start_mark.index and node.end_mark.index <= end
            words = node.value if whole else raw.lstrip(">|-'\" \n").rstrip()
            made.prose.append(Prose(pointer_join("", *segments[:place]), tuple(segments[place:]), words))
        return
    if segments and segments[-1] == "$ref":
        target = source.document.target(source.document.at(pointer_join("", *segments[:-1])))
        if target is not None:
            made.trees |= _reached(source.document, target)
    made.points.add(pointer)


def _prose_at(segments: list[str]) -> int | None:
    """The place in a pointer where prose begins; a property may bear such a name."""
    for place, segment in enumerate(segments):
        if segment in _PROSE and (not place or segments[place - 1] != "properties"):
            return place
    return None


def _reached(document: Document, pointer: str) -> set[str]:
    """A node and the components that its references lead to, directly or not."""
    found: set[str] = set()
    waiting: list[str] = [pointer]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting += [target for node in _nodes(document.at(at)) if (target := document.target(node)) is not None]
    return found


def _nodes(node: Any) -> Iterator[Any]:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def of_requirement(source: Source, requirement: Requirement, edition: str, *, contrary: bool = False) -> list[Claims]:
    """What a requirement's citations of an edition say; those of the contrary on demand."""
    cited = requirement.contradicted if contrary else requirement.citations
    return [claims_of(source, cite) for cite in cited if cite.edition == edition]
