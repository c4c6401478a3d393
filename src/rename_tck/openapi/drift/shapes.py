"""A schema in one form for all that mean the same: OpenAPI 3.0 or 3.1, by reference or in place.

Keywords that restrict nothing are left out, `nullable` and `anyOf` with null become a type, a list of one its member.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rename_tck.openapi.document import Document
from rename_tck.requirements.yaml_source import pointer_join

#: Keywords that restrict no value. `default` is none of them: it says what leaving out means.
ANNOTATIONS = frozenset({
    "title", "description", "summary", "example", "examples", "externalDocs", "xml", "discriminator", "$comment",
    "$schema", "$id", "$anchor", "$defs", "definitions", "deprecated", "readOnly", "writeOnly", "contentSchema",
})  # fmt: skip

#: What a keyword says when it is left out.
_SILENT: Mapping[str, tuple[object, ...]] = {
    "minLength": (0,), "minItems": (0,), "minProperties": (0,), "uniqueItems": (False,), "required": ([],),
    "nullable": (False,), "additionalProperties": (True, {}), "unevaluatedProperties": (True, {}),
    "unevaluatedItems": (True, {}), "propertyNames": (True, {}), "items": (True, {}), "properties": ({},),
    "patternProperties": ({},), "exclusiveMinimum": (False,), "exclusiveMaximum": (False,), "default": (None,),
    "allOf": ([],), "not": (False,),
}  # fmt: skip

#: How deep schemas are put into one another by lists of one and references.
_DEPTH = 24


def key(value: object) -> str:
    """A value as text that is equal for equal JSON values: 1 and 1.0 are, 1 and true are not."""

    def plain(part: object) -> object:
        if isinstance(part, float) and part.is_integer():
            return int(part)
        if isinstance(part, Mapping):
            return {str(name): plain(inner) for name, inner in part.items()}
        return [plain(inner) for inner in part] if isinstance(part, list) else part

    return json.dumps(plain(value), sort_keys=True, default=str)


@dataclass
class Shape:
    """A schema in that form."""

    pointer: str
    #: What restricts, by keyword: where it stands, and its value. `type` is a frozenset of names, or not there.
    keywords: dict[str, tuple[str, Any]] = field(default_factory=dict)
    #: Where the schema objects stand that are put together here.
    sources: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the component that it is, if it is one."""
        at = [source for source in self.sources if source.startswith("/components/schemas/")]
        return at[-1].removeprefix("/components/schemas/") if at else ""


def shape(document: Document, pointer: str, node: Any, spend: Callable[[], None], depth: int = 0) -> Shape:
    """The schema at a pointer. `spend` is called for each schema object on the way, and may raise."""
    if node is True or node is None:
        return Shape(pointer, {}, [pointer])
    made = Shape(pointer, {}, [])
    for at, part in document.chain(pointer, node):
        spend()
        made.pointer = at
        made.sources.append(at)
        if not isinstance(part, Mapping):
            made.keywords["not" if part is False else "a schema"] = at, part
            break
        for name, value in part.items():
            # what stands beside a reference comes before what it names
            if name not in made.keywords and _restricts(name, value):
                made.keywords[name] = pointer_join(at, name), value
    made.keywords = {
        name: found for name, found in made.keywords.items() if name != "$ref" or _dangles(document, found)
    }
    if depth < _DEPTH:
        _put_in(document, made, spend, depth)
    _settle(made)
    return made


def _restricts(name: str, value: object) -> bool:
    if name in ANNOTATIONS or not isinstance(name, str) or name.startswith("x-"):
        return False
    return not any(key(value) == key(silent) for silent in _SILENT.get(name, ()))


def _dangles(document: Document, found: tuple[str, Any]) -> bool:
    return document.target({"$ref": found[1]}) is None


def _put_in(document: Document, made: Shape, spend: Callable[[], None], depth: int) -> None:
    """Put in the place of a list of one its member, and of alternatives with null the one besides."""
    for name in ("allOf", "anyOf", "oneOf"):
        if name not in made.keywords:
            continue
        at, parts = made.keywords[name]
        if not isinstance(parts, list):
            continue
        shapes = [shape(document, pointer_join(at, place), part, spend, depth + 1) for place, part in enumerate(parts)]
        nulls = [part for part in shapes if _is_null(part)] if name != "allOf" else []
        others = [part for part in shapes if part not in nulls]
        if name == "anyOf" and "type" not in made.keywords and all(set(part.keywords) == {"type"} for part in shapes):
            del made.keywords[name]
            made.keywords["type"] = at, frozenset().union(*(part.keywords["type"][1] for part in shapes))
            continue
        if len(others) == 1 and not (nulls and name == "oneOf" and _allows_null(others[0])):
            (only,) = others
            if not (only.keywords.keys() & (made.keywords.keys() - {name})):
                del made.keywords[name]
                made.keywords |= only.keywords
                made.sources += only.sources
                if nulls:
                    _allow_null(made)


def _is_null(part: Shape) -> bool:
    names = part.keywords.get("type", ("", ()))[1]
    return set(part.keywords) == {"type"} and names == frozenset({"null"})


def _allows_null(part: Shape) -> bool:
    return "type" not in part.keywords or "null" in part.keywords["type"][1]


def _allow_null(made: Shape) -> None:
    if "type" in made.keywords:
        at, names = made.keywords["type"]
        made.keywords["type"] = at, _names(names) | {"null"}
    for name in ("enum", "const"):
        if name in made.keywords:
            at, values = made.keywords.pop(name)
            listed = values if name == "enum" and isinstance(values, list) else [values]
            made.keywords["enum"] = at, listed if None in listed else [*listed, None]


def _names(value: object) -> frozenset[str]:
    if isinstance(value, frozenset):
        return value
    return frozenset(str(name) for name in value) if isinstance(value, list) else frozenset({str(value)})


def _settle(made: Shape) -> None:
    """The keywords that are spelt differently in 3.0 and 3.1."""
    words = made.keywords
    if "type" in words:
        words["type"] = words["type"][0], _names(words["type"][1])
    if "nullable" in words:
        at, value = words.pop("nullable")
        if value is True and "type" in words:
            # where null alone is in question, the difference stands at `nullable`
            words["type"] = words["type"][0], words["type"][1] | {"null"}
            words["nullable"] = at, value
        elif value is True and isinstance(words.get("anyOf", ("", None))[1], list):
            place, parts = words["anyOf"]
            words["anyOf"] = place, [*parts, {"type": "null"}]
    if "const" in words:
        at, value = words.pop("const")
        words["enum"] = at, [value]
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if words.get(exclusive, ("", None))[1] is True:
            at, _ = words.pop(exclusive)
            if limit in words:
                words[exclusive] = at, words.pop(limit)[1]


def without_null(made: Shape) -> None:
    """Leave out that null is allowed, where a value cannot be null anyway."""
    words = made.keywords
    words.pop("nullable", None)
    if "type" in words and len(words["type"][1]) > 1:
        words["type"] = words["type"][0], words["type"][1] - {"null"}
    for name in ("enum", "anyOf", "oneOf"):
        if isinstance(words.get(name, ("", None))[1], list):
            at, parts = words[name]
            words[name] = at, [part for part in parts if part not in (None, {"type": "null"})]
