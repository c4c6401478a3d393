"""Two editions of one operation, walked in step: where they differ, and which part of one is which of the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rename_tck.openapi.document import Document, UnreadableError
from rename_tck.openapi.drift.parts import mapping, media_type, parameters_of, security_of, style_of
from rename_tck.openapi.drift.shapes import Shape, key, shape, without_null
from rename_tck.requirements.yaml_source import pointer_join

Kind = Literal["changed", "added", "missing"]

#: Schema objects and members that a comparison looks at before it gives up: some thousand times an honest operation.
BUDGET = 50_000
#: How deep two schemas are followed.
_DEPTH = 60
#: Characters that are kept of a value: more than is shown, for what is shown is cut after secrets are taken out.
_KEPT = 40_000

#: Steps that one try to find an equal alternative may take.
_TRIAL = 2_000

_ABSENT: Any = object()

#: Something of a document: where it stands, and what it is.
Part = tuple[str, Any]

#: Keywords whose values are schemas by name, a list of schemas, and one schema.
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_ONE = frozenset({
    "items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else", "unevaluatedItems",
    "unevaluatedProperties",
})  # fmt: skip
#: Keywords whose larger value restricts less, and those whose smaller value does.
_WIDER_ABOVE = frozenset({"maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties", "maxContains"})
_WIDER_BELOW = frozenset({"minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties", "minContains"})


@dataclass(frozen=True)
class Difference:
    """One place where the published document says something else than the vendored one."""

    pointer: str
    """Where it stands in the vendored document, references followed; where it would stand, when it was added."""
    kind: Kind
    vendored: str | None
    published: str | None
    narrows: bool = True
    """Whether what the vendored document allows may be forbidden by the published one."""
    requirements: tuple[str, ...] = ()


def shown(value: object) -> str | None:
    """A value as JSON; None for what is not there."""
    if value is _ABSENT:
        return None
    if isinstance(value, frozenset):
        value = sorted(value) if len(value) > 1 else next(iter(value), "")
    text = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace").decode()
    return text[:_KEPT]


@dataclass
class Walk:
    """A walk over the vendored (`ours`) and the published (`theirs`) operation."""

    ours: Document
    theirs: Document
    differences: list[Difference] = field(default_factory=list)
    #: For each object of ours, where the objects stand that are the same part of theirs.
    partners: dict[str, list[str]] = field(default_factory=dict)
    left: int = BUDGET
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def spend(self) -> None:
        """Count one step. Raises UnreadableError when there were too many."""
        self.left -= 1
        if self.left < 0:
            raise UnreadableError("its rename operation is too large to be compared")

    # -- what is told

    def _tell(self, pointer: str, ours: object, theirs: object, *, narrows: bool = True) -> None:
        kind: Kind = "missing" if theirs is _ABSENT else "added" if ours is _ABSENT else "changed"
        self.differences.append(Difference(pointer, kind, shown(ours), shown(theirs), narrows))

    def _same(self, pointer: str, ours: object, theirs: object) -> None:
        """Two values that are equal or not, None being what is left out."""
        if key(ours) != key(theirs):
            self._tell(pointer, _ABSENT if ours is None else ours, _ABSENT if theirs is None else theirs)

    def _partner(self, ours: str, theirs: str) -> None:
        found = self.partners.setdefault(ours, [])
        if theirs not in found:
            found.append(theirs)

    def _both(self, ours: Part, theirs: Part) -> tuple[Part, Part]:
        """What two references lead to, noted as partners on the way."""
        chains = list(self.ours.chain(*ours)), list(self.theirs.chain(*theirs))
        for at, _ in chains[0]:
            for other, _ in chains[1]:
                self._partner(at, other)
        return chains[0][-1], chains[1][-1]

    # -- the operation

    def operation(self, ours: str, theirs: str, paths: tuple[str, str]) -> None:
        """Compare the operations at these pointers, which the documents have at these paths."""
        self._partner(ours.rpartition("/")[0], theirs.rpartition("/")[0])
        self._partner(ours, theirs)
        one, other = self.ours.at(ours), self.theirs.at(theirs)
        self._parameters(ours, theirs, paths)
        self._body(ours, one.get("requestBody"), theirs, other.get("requestBody"))
        self._responses(pointer_join(ours, "responses"), mapping(one.get("responses")),
                        pointer_join(theirs, "responses"), mapping(other.get("responses")))  # fmt: skip
        self._security(ours, theirs)

    def _parameters(self, ours: str, theirs: str, paths: tuple[str, str]) -> None:
        mine, others = parameters_of(self.ours, paths[0], ours), parameters_of(self.theirs, paths[1], theirs)
        for name, (pointer, entry) in mine.items():
            self.spend()
            if name not in others:
                self._tell(pointer, entry.get("name"), _ABSENT)
                continue
            place = others[name][0]
            (at, one), (there, other) = self._both((pointer, self.ours.at(pointer)), (place, self.theirs.at(place)))
            for word, default in (("required", False), ("allowEmptyValue", False), ("allowReserved", False)):
                self._same(pointer_join(at, word), one.get(word, default), other.get(word, default))
            for word in ("style", "explode"):
                self._same(pointer_join(at, word), style_of(one)[word], style_of(other)[word])
            if "schema" in one or "schema" in other:
                self._schema(
                    (pointer_join(at, "schema"), one.get("schema", {})),
                    (pointer_join(there, "schema"), other.get("schema", {})),
                    as_text=True,
                )
            self._content(at, one, there, other)
        for name, (_, other) in others.items():
            if name not in mine:
                self.spend()
                place = pointer_join(ours, "parameters", len(mine))
                self._tell(place, _ABSENT, {word: other.get(word) for word in ("name", "in", "required")},
                           narrows=other.get("required") is True)  # fmt: skip

    def _body(self, ours: str, one: Any, theirs: str, other: Any) -> None:
        at, there = pointer_join(ours, "requestBody"), pointer_join(theirs, "requestBody")
        if not isinstance(one, Mapping) or not isinstance(other, Mapping):
            if isinstance(one, Mapping) or isinstance(other, Mapping):
                self._tell(at, "a body" if one else _ABSENT, "a body" if other else _ABSENT)
            return
        (at, one), (there, other) = self._both((at, one), (there, other))
        self._same(pointer_join(at, "required"), one.get("required", False), other.get("required", False))
        self._content(at, one, there, other)

    def _responses(self, at: str, ours: Mapping[str, Any], there: str, theirs: Mapping[str, Any]) -> None:
        self._partner(at, there)
        for status in [*ours, *(status for status in theirs if status not in ours)]:
            self.spend()
            pointer = pointer_join(at, status)
            if status not in theirs or status not in ours:
                known, found = ours.get(status, _ABSENT), theirs.get(status, _ABSENT)
                self._tell(pointer, _words(known), _words(found), narrows=False)
                continue
            mine, other = self._both((pointer, ours[status]), (pointer_join(there, status), theirs[status]))
            if isinstance(mine[1], Mapping) and isinstance(other[1], Mapping):
                self._content(*mine, *other)

    def _content(self, at: str, one: Mapping[str, Any], there: str, other: Mapping[str, Any]) -> None:
        """The media types of a body, an answer or a parameter."""
        place, opposite = pointer_join(at, "content"), pointer_join(there, "content")
        ours, theirs = mapping(one.get("content")), mapping(other.get("content"))
        self._partner(place, opposite)
        spelt = {media_type(name): name for name in theirs}
        for name in ours:
            self.spend()
            pointer = pointer_join(place, name)
            if media_type(name) not in spelt:
                self._tell(pointer, name, _ABSENT)
                continue
            target = pointer_join(opposite, spelt[media_type(name)])
            self._partner(pointer, target)
            mine, others = mapping(ours[name]), mapping(theirs[spelt[media_type(name)]])
            self._schema(
                (pointer_join(pointer, "schema"), mine.get("schema", {})),
                (pointer_join(target, "schema"), others.get("schema", {})),
            )
        known = {media_type(name) for name in ours}
        for name in theirs:
            if media_type(name) not in known:
                self._tell(pointer_join(place, name), _ABSENT, name, narrows=False)

    def _security(self, ours: str, theirs: str) -> None:
        """Each way in that the operation names, by what its schemes are and not by what they are called."""
        mine, others = security_of(self.ours, ours), security_of(self.theirs, theirs)
        wanted, offered = [way for _, way, _ in mine], [way for _, way, _ in others]
        for pointer, way, schemes in mine:
            self.spend()
            for at, other, named in others:
                if other == way:
                    self._partner(pointer, at)
                    for scheme, place in schemes.items():
                        self._partner(place, named[scheme])
            if way not in offered:
                instead = [json.loads(other) for other in offered if other not in wanted]
                self._tell(pointer, json.loads(way), instead or _ABSENT)
        # what stands in another's place is told there
        more = [way for way in offered if way not in wanted] if all(way in offered for way in wanted) else []
        for number, way in enumerate(more):
            self.spend()
            self._tell(pointer_join(ours, "security", len(mine) + number), _ABSENT, json.loads(way))

    # -- schemas

    def _schema(self, ours: Part, theirs: Part, depth: int = 0, *, as_text: bool = False) -> None:
        """Compare two schemas; `as_text` are those of parameters, which cannot be null in a path or a query."""
        mine = shape(self.ours, *ours, self.spend)
        yours = shape(self.theirs, *theirs, self.spend)
        if as_text:
            without_null(mine)
            without_null(yours)
        for source in mine.sources:
            for target in yours.sources:
                self._partner(source, target)
        if (ours[0], theirs[0]) in self._seen:
            return
        if depth > _DEPTH:
            raise UnreadableError("its schemas are nested too deeply")
        self._seen.add((ours[0], theirs[0]))
        for word in [*mine.keywords, *(word for word in yours.keywords if word not in mine.keywords)]:
            self.spend()
            one = mine.keywords.get(word, (pointer_join(mine.pointer, word), _ABSENT))
            other = yours.keywords.get(word, (pointer_join(yours.pointer, word), _ABSENT))
            if word == "type":
                self._type(mine, one, other[1])
            elif word != "nullable":  # told at `type`
                self._keyword(word, one, other, depth)

    def _keyword(self, word: str, ours: Part, theirs: Part, depth: int) -> None:
        (at, value), (_, found) = ours, theirs
        lists = isinstance(value, list) and isinstance(found, list)
        if word == "required":
            self._required(at, _list(value), _list(found))
        elif word == "enum" and lists:
            before, now = set(map(key, value)), set(map(key, found))
            if before != now:
                self._tell(at, value, found, narrows=not before <= now)
        elif word in _BY_NAME and _mappings(value, found):
            self._by_name(ours, theirs, depth)
        elif word in _LISTS and lists:
            self._alternatives(word, ours, theirs, depth)
        elif word in _ONE and isinstance(value, Mapping) and isinstance(found, Mapping):
            self._schema(ours, theirs, depth + 1)
        elif value is _ABSENT or found is _ABSENT or key(value) != key(found):
            self._tell(at, value, found, narrows=_narrows(word, value, found))

    def _type(self, mine: Shape, ours: Part, found: Any) -> None:
        at, value = ours
        if value == found:
            return
        if value is _ABSENT or found is _ABSENT:
            self._tell(at, value, found, narrows=value is _ABSENT)
        elif "nullable" in mine.keywords and value - {"null"} == found - {"null"}:
            self._tell(mine.keywords["nullable"][0], True, _ABSENT)
        else:
            wider = found | {"integer"} if "number" in found else found
            self._tell(at, value, found, narrows=not value <= wider)

    def _required(self, at: str, ours: list[Any], theirs: list[Any]) -> None:
        listed, wanted = set(map(key, theirs)), set(map(key, ours))
        for place, member in enumerate(ours):
            if key(member) not in listed:
                self._tell(pointer_join(at, place), member, _ABSENT, narrows=False)
        for number, member in enumerate(member for member in theirs if key(member) not in wanted):
            self.spend()
            self._tell(pointer_join(at, len(ours) + number), _ABSENT, member)

    def _by_name(self, ours: Part, theirs: Part, depth: int) -> None:
        (at, mine), (there, yours) = (ours[0], mapping(ours[1])), (theirs[0], mapping(theirs[1]))
        self._partner(at, there)
        for name in [*mine, *(name for name in yours if name not in mine)]:
            self.spend()
            pointer = pointer_join(at, name)
            if name in mine and name in yours:
                self._schema((pointer, mine[name]), (pointer_join(there, name), yours[name]), depth + 1)
            else:
                known, found = mine.get(name, _ABSENT), yours.get(name, _ABSENT)
                # a schema allows what it does not name, so one more member or one less forbids little
                self._tell(pointer, _without_prose(known), _without_prose(found), narrows=name in yours)

    def _alternatives(self, word: str, ours: Part, theirs: Part, depth: int) -> None:
        """Alternatives in any order: first those that are equal, then those of one name, then as they come."""
        mine = [(pointer_join(ours[0], place), part) for place, part in enumerate(ours[1])]
        free = [(pointer_join(theirs[0], place), part) for place, part in enumerate(theirs[1])]
        pairs: dict[str, Part] = {}
        tests = [self._equal, self._namesakes, lambda *_: True] if word != "prefixItems" else [lambda *_: True]
        for test in tests:
            for part in mine:
                if part[0] in pairs:
                    continue
                for other in free:
                    self.spend()
                    if test(part, other):
                        pairs[part[0]] = other
                        free.remove(other)
                        break
        for part in mine:
            if part[0] in pairs:
                self._schema(part, pairs[part[0]], depth + 1)
            else:
                self._tell(part[0], _without_prose(part[1]), _ABSENT, narrows=word != "allOf")
        for number, other in enumerate(free):
            place = pointer_join(ours[0], len(mine) + number)
            self._tell(place, _ABSENT, _without_prose(other[1]), narrows=word == "allOf")

    def _equal(self, ours: Part, theirs: Part) -> bool:
        trial = Walk(self.ours, self.theirs, left=min(self.left, _TRIAL))
        before = trial.left
        try:
            trial._schema(ours, theirs)
        except UnreadableError:
            return False
        finally:
            self.left -= before - max(trial.left, 0)
        return not trial.differences

    def _namesakes(self, ours: Part, theirs: Part) -> bool:
        mine, yours = shape(self.ours, *ours, self.spend), shape(self.theirs, *theirs, self.spend)
        return bool(mine.name) and mine.name == yours.name


def _narrows(word: str, ours: Any, theirs: Any) -> bool:
    """Whether a keyword forbids more than it did."""
    if theirs is _ABSENT or word == "default":
        return False
    numbers = isinstance(ours, int | float) and isinstance(theirs, int | float)
    if numbers and word in _WIDER_ABOVE:
        return bool(theirs < ours)
    return bool(theirs > ours) if numbers and word in _WIDER_BELOW else True


def _mappings(*values: Any) -> bool:
    return all(value is _ABSENT or isinstance(value, Mapping) for value in values)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(answer: Any) -> Any:
    """An answer in short: what it is for."""
    return answer if answer is _ABSENT else mapping(answer).get("description", "an answer")


def _without_prose(node: Any) -> Any:
    """A schema in short, without the words on it."""
    if not isinstance(node, Mapping):
        return node
    return {name: value for name, value in node.items() if name not in {"title", "description", "example", "examples"}}
