"""The operation in one edition of its document: what a request and an answer must look like, and where that is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rename_tck.redaction import FAR
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.requirements.yaml_source import pointer_join, pointer_segments, read_yaml
from rename_tck.verdict import ObstacleError

_BASE = "urn:rename-tck:document"
#: Characters of a value in a message. It is cut by who shows it, after secrets are taken out: here it is only bounded.
_LONGEST_VALUE = FAR


class ContractError(ValueError):
    """A document that does not hold the operation; its text is a whole sentence."""


class MissingSchemaError(ObstacleError):
    """The user's own document has no schema that is the vendored one's of that name."""


@dataclass(frozen=True)
class SchemaError:
    """One place where a value breaks its schema."""

    pointer: str
    """JSON pointer into the value; empty for the whole of it."""
    message: str
    """What is wrong, in plain words that name the member."""
    schema_pointer: str
    """JSON pointer into the document, to the keyword that is broken."""
    value: object
    """What stands at `pointer`."""


class Contract:
    """The rename operation as one edition of its OpenAPI document has it."""

    def __init__(
        self,
        system: str,
        edition: str,
        document_path: Path | str,
        method: str,
        path: str,
        *,
        document: Mapping[str, Any] | None = None,
        nearest: Contract | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        """Read the document at the path, if it is not given.

        Of a document that is none of the vendored ones, `nearest` is the vendored one that the suite's own cases are
        made by, and `renamed` has the pointers of that one's component schemas. Raises ContractError when the document
        has no such operation, OSError when it cannot be read.
        """
        self.system = system
        self.edition = edition
        self.document_path = document_path
        self.method = method.upper()
        self.path = path
        """The path template, such as `/sessions/{session_id}/rename`."""
        self.document: Mapping[str, Any] = read_yaml(Path(document_path)) if document is None else document
        self.nearest = nearest
        self._renamed = renamed
        self.operation_pointer = pointer_join("/paths", path, method.lower())
        try:
            self.operation: Mapping[str, Any] = self._follow(self.operation_pointer)[1]
        except LookupError:
            raise ContractError(f"{document_path} has no operation {self.method} {path}.") from None
        self._validators: dict[str, Callable[[object], Iterator[Any]]] = {}

    @staticmethod
    def load(system: str, edition: str) -> Contract:
        """The vendored contract, read once. Raises UnknownNameError for an unknown system or edition."""
        return _load(system, edition)

    @cached_property
    def statuses(self) -> tuple[int, ...]:
        """The documented statuses, in the document's order."""
        return tuple(int(status) for status in self.operation["responses"] if str(status).isdecimal())

    @cached_property
    def request_schema_pointer(self) -> str:
        """Where the schema of the JSON body stands, references followed."""
        body = pointer_join(self.operation_pointer, "requestBody", "content", "application/json", "schema")
        return self._follow(body)[0]

    @cached_property
    def request_schema(self) -> Mapping[str, Any]:
        """The schema of the JSON body, references resolved at the top."""
        schema: Mapping[str, Any] = self._follow(self.request_schema_pointer)[1]
        return schema

    def media_type(self, status: int) -> str | None:
        """The documented media type of an answer; None where the document gives none."""
        content = self._response(status).get("content", {})
        return next(iter(content), None)

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema with a reference at its top replaced by what it names; keywords beside the reference are kept."""
        while "$ref" in schema:
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._follow(schema["$ref"].removeprefix("#"))[1], **beside}
        return schema

    def request_errors(self, body: object) -> list[SchemaError]:
        """Where a decoded JSON body breaks the request schema; empty when it is valid."""
        return self._errors(body, self.request_schema_pointer)

    def answer_errors(self, status: int, body: object, shape: str | None = None) -> list[SchemaError]:
        """Where a decoded JSON answer breaks the schema documented for its status.

        Empty when it is valid, and where the document gives no schema for that status. `shape` names a component
        schema to judge by instead, such as one branch of the documented `anyOf`.

        Raises:
            MissingSchemaError: the user's own document has none of that name.
        """
        if shape is not None:
            return self._errors(body, self._follow(self._component(shape))[0])
        media_type = self.media_type(status)
        if media_type is None or "schema" not in self._response(status)["content"][media_type]:
            return []
        pointer = pointer_join(self.operation_pointer, "responses", status, "content", media_type, "schema")
        return self._errors(body, self._follow(pointer)[0])

    def component(self, name: str) -> Mapping[str, Any]:
        """A component schema by its name in the vendored document. Raises MissingSchemaError when there is none."""
        schema: Mapping[str, Any] = self._follow(self._component(name))[1]
        return schema

    def _component(self, name: str) -> str:
        pointer = pointer_join("/components/schemas", name)
        if self._renamed is None:
            return pointer
        if name not in self._renamed:
            raise MissingSchemaError(f"{self.document_path} has no schema that is {name}")
        return self._renamed[name]

    def lifted(self, body: object) -> bool:
        """Whether the document allows a body that the vendored one forbids."""
        return self.nearest is not None and bool(self.nearest.request_errors(body)) and not self.request_errors(body)

    def forbidden(self, body: object) -> str | None:
        """Why the document forbids a body that the vendored one allows; None where it does not."""
        if self.nearest is None or self.nearest.request_errors(body):
            return None
        errors = self.request_errors(body)
        return errors[0].message if errors else None

    def _response(self, status: int) -> Mapping[str, Any]:
        responses = self.operation["responses"]
        return self.resolved(responses.get(str(status), responses.get("default", {})))

    def _follow(self, pointer: str) -> tuple[str, Any]:
        """What stands at a pointer, and where it really stands: references on the way, and at its end, are followed.

        Raises LookupError when the pointer leads nowhere.
        """
        at, node = "", self.document
        for segment in [*pointer_segments(pointer), None]:
            while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
                if segment in node or (segment is None and len(node) > 1):
                    break
                at, node = self._follow(node["$ref"].removeprefix("#"))
            if segment is not None:
                at, node = pointer_join(at, segment), _child(node, segment)
        return at, node

    def _errors(self, value: object, schema_pointer: str) -> list[SchemaError]:
        validate = self._validators.get(schema_pointer)
        if validate is None:
            validate = self._validators[schema_pointer] = _validator(self.document, schema_pointer)
        found: dict[tuple[str, str], SchemaError] = {}
        try:
            for error in validate(value):
                for made in self._translated(error, schema_pointer):
                    found.setdefault((made.pointer, made.schema_pointer), made)
        except RecursionError:  # the validator puts the broken value into its message, at any depth
            return [
                SchemaError(
                    "", "the body breaks its schema, and is nested too deeply to say where", schema_pointer, value
                )
            ]
        return list(found.values())

    def _translated(self, error: Any, schema_pointer: str) -> Iterator[SchemaError]:
        """The validator's error in our terms; a missing member is an error of its own, at its item of `required`."""
        pointer = pointer_join("", *error.absolute_path)
        keyword = self._follow(pointer_join(schema_pointer, *error.absolute_schema_path))[0]
        if error.validator == "required":
            for index, member in enumerate(error.validator_value):
                if member not in error.instance:
                    message = f"{_name(error)} has no member `{member}`, which is required"
                    yield SchemaError(pointer, message, pointer_join(keyword, index), error.instance)
        else:
            yield SchemaError(pointer, f"{_name(error)} {_fault(error)}", keyword, error.instance)


def _child(node: Any, segment: str) -> Any:
    """One step of a pointer. Raises LookupError when it leads nowhere."""
    if isinstance(node, Mapping):
        return node[segment]
    if isinstance(node, list) and segment.isdecimal():
        return node[int(segment)]
    raise LookupError(f"nothing at {segment!r}")


def _name(error: Any) -> str:
    return f"`{error.absolute_path[-1]}`" if error.absolute_path else "the body"


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)
_ARTICLES = {"array": "an array", "integer": "an integer", "object": "an object", "null": "null"}
_FORMATS = {"uuid": "a UUID", "date-time": "an RFC 3339 date-time", "int64": "a 64-bit integer"}


def _kind(value: object) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def _shown(value: object) -> str:
    """A value as JSON, cut only where no one looks; unpaired surrogates escaped, so that it can be printed."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _type_name(names: str | Sequence[str]) -> str:
    every = [names] if isinstance(names, str) else list(names)
    return " or ".join(_ARTICLES.get(name, f"a {name}") for name in every)


def _fault(error: Any) -> str:
    """What is wrong with a value, as the end of a sentence that begins with its name."""
    wanted, value = error.validator_value, error.instance
    match error.validator:
        case "type":
            return f"must be {_wanted(error)}, but is {_kind(value)}"
        case "format":
            return f"must be {_wanted(error)}, but is {_shown(value)}"
        case "enum":
            return f"must be one of {', '.join(map(_shown, wanted))}, but is {_shown(value)}"
        case "minLength":
            return f"must have at least {wanted} character{'s' * (wanted != 1)}, but has {len(value)}"
        case "maxLength":
            return f"must have at most {wanted} character{'s' * (wanted != 1)}, but has {len(value)}"
        case "additionalProperties" if wanted is False:
            unknown = [_shown(key) for key in value if key not in error.schema.get("properties", {})]
            return f"has members that the document does not allow: {', '.join(unknown)}"
        case "anyOf":
            return _of_none(error)
        case _:
            return f"breaks the rule `{error.validator}`: {_shown(value)}"


def _of_none(error: Any) -> str:
    """What is wrong with a value that fits no branch of an `anyOf`, by the first fault of each."""
    first: dict[object, Any] = {}
    for fault in error.context:
        first.setdefault(fault.schema_path[0], fault)
    faults = [*first.values()]
    if all(fault.validator in {"type", "format"} and not fault.path for fault in faults):
        wanted = (_wanted(fault) for fault in faults)
        by_format = any(fault.validator == "format" for fault in faults)
        return f"must be {' or '.join(wanted)}, but is {_shown(error.instance) if by_format else _kind(error.instance)}"
    return f"fits none of the documented forms: {'; '.join(dict.fromkeys(map(_branch, faults)))}"


def _wanted(fault: Any) -> str:
    """What a type or a format asks for."""
    wanted = fault.validator_value
    return _type_name(wanted) if fault.validator == "type" else str(_FORMATS.get(wanted, wanted))


def _branch(fault: Any) -> str:
    if fault.validator == "required":
        missing = [member for member in fault.validator_value if member not in fault.instance]
        return f"{_name(fault)} has no member {', '.join(f'`{member}`' for member in missing)}"
    return f"{_name(fault)} {_fault(fault)}"


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-]([0-9]{2}):([0-9]{2}))"
)
_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _is_uuid(value: object) -> bool:
    """RFC 9562, section 4: hexadecimal digits in groups of 8, 4, 4, 4 and 12, in either case."""
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None


def _is_date_time(value: object) -> bool:
    """RFC 3339, section 5.6 `date-time`: with a zone, and days, hours and leap seconds within section 5.7."""
    if not isinstance(value, str):
        return True
    found = _DATE_TIME.fullmatch(value)
    if found is None:
        return False
    year, month, day, hour, minute, second, zone_hour, zone_minute = (int(part or 0) for part in found.groups())
    if not 1 <= month <= 12 or not 1 <= day <= _MONTHS[month - 1]:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (month, day) == (2, 29) and not leap:
        return False
    return hour <= 23 and minute <= 59 and second <= 60 and zone_hour <= 23 and zone_minute <= 59


def _is_int64(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return -(2**63) <= value < 2**63


@cache
def _format_checker() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, rule in (("uuid", _is_uuid), ("date-time", _is_date_time), ("int64", _is_int64)):
        checker.checks(name)(rule)
    return checker


@cache
def _rules(openapi: str) -> Any:
    """The rules of a version of OpenAPI as a class of validators.

    3.1 is JSON Schema 2020-12. 3.0 is of its older kind, in which 1.0 is no integer, and has `nullable`, which "adds
    null to the allowed type specified by the type keyword" (Schema Object, 3.0.4). The library is imported here, so
    that a run that checks no schema does not pay for it.
    """
    from jsonschema.validators import Draft4Validator, Draft202012Validator, extend

    if not openapi.startswith("3.0"):
        return Draft202012Validator
    any_type: Any = Draft4Validator.VALIDATORS["type"]

    def nullable_type(validator: Any, types: Any, instance: object, schema: Mapping[str, Any]) -> Iterator[Any]:
        if instance is not None or schema.get("nullable") is not True:
            yield from any_type(validator, types, instance, schema)

    return extend(Draft4Validator, {"type": nullable_type})  # type: ignore[no-untyped-call]


def _validator(document: Mapping[str, Any], schema_pointer: str) -> Callable[[object], Iterator[Any]]:
    """A validator of the schema at a pointer, by the rules of the document's own version of OpenAPI."""
    from referencing import Registry, Resource

    registry: Any = Registry().with_resource(_BASE, Resource.opaque(document))
    schema = {"$ref": f"{_BASE}#{quote(schema_pointer)}"}
    validate: Callable[[object], Iterator[Any]] = _rules(str(document["openapi"]))(
        schema, registry=registry, format_checker=_format_checker()
    ).iter_errors
    return validate


@cache
def _load(system: str, edition: str) -> Contract:
    catalogue = Catalogue.load(system)
    operation = catalogue.operation
    return Contract(system, edition, catalogue.document(edition), operation.method, operation.path)
