"""A user's file as a document of nothing but the rename operation, checked before it is judged by."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rename_tck.openapi.document import Document
from rename_tck.requirements.yaml_source import parsed, pointer_join, pointer_segments

#: The largest file that is read, and how many values it may come to when its aliases are followed.
_LARGEST = 16 * 1024 * 1024
_VALUES = 2_000_000
_DEPTH = 200

#: Members whose content is data: a `$ref` in it is no reference.
_DATA = frozenset({"example", "examples", "default", "enum", "const", "value"})


class SpecError(ValueError):
    """A file that cannot be judged by; the message is one whole sentence."""


def data_of(file: str) -> bytes:
    """The bytes of a file. Raises SpecError: it cannot be read."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise SpecError(f"--spec={file} cannot be read: {error.strerror}.") from None


def read(file: str, data: bytes) -> tuple[object, str]:
    """The content of YAML or JSON, and its text as YAML can be asked for lines; `file` is what it is called.

    Raises:
        SpecError: it cannot be read.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError(f"--spec={file} cannot be read: it is not UTF-8 text.") from None
    if len(data) > _LARGEST:
        raise SpecError(f"--spec={file} cannot be read: it is over {_LARGEST >> 20} MiB long.")
    try:
        if text.lstrip().startswith("{"):
            try:
                return _plain(json.loads(text), "", [0]), _as_yaml(text)
            except ValueError as error:
                if isinstance(error, SpecError):
                    raise
        return _plain(parsed(text), "", [0]), text
    except SpecError as error:
        raise SpecError(f"--spec={file} cannot be read: {error}.") from None
    except (RecursionError, ValueError):
        raise SpecError(f"--spec={file} cannot be read: it is nested too deeply, or no plain YAML.") from None
    except yaml.YAMLError as error:
        raise SpecError(f"--spec={file} is neither YAML nor JSON: {_fault(error)}.") from None


def _fault(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    return where + " ".join(str(problem or error).split())[:200]


def _as_yaml(text: str) -> str:
    """JSON with its lines and columns kept and nothing in it that a YAML reader refuses: tabs, halves of surrogates."""
    return re.sub(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}", r"\\u003f", text.replace("\t", " ")).replace("\\/", "//")


def _plain(value: Any, pointer: str, count: list[int]) -> Any:
    """The value as JSON has it: names are text, dates as they are written, nothing that JSON has not."""
    count[0] += 1
    if count[0] > _VALUES or pointer.count("/") > _DEPTH:
        raise SpecError("it is too large, or nested too deeply")
    if isinstance(value, dict):
        return {_name(name): _plain(inner, pointer_join(pointer, _name(name)), count) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, pointer_join(pointer, place), count) for place, inner in enumerate(value)]
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise SpecError(f"it holds a value that JSON has not, at {pointer}")


def _name(name: Any) -> str:
    return name if isinstance(name, str) else json.dumps(name) if isinstance(name, bool | int | float) else str(name)


def extract(file: str, document: Document, method: str, path: str, *, check: bool) -> Mapping[str, Any]:
    """The document with the one operation and what that refers to.

    Raises:
        SpecError: a reference leads nowhere or to another file, the operation takes no JSON, or it is not valid.
    """
    content = document.content
    item = content["paths"][path]
    if "$ref" not in item:
        shared = {"parameters", "servers", method}
        item = {name: value for name, value in item.items() if name in shared}
    kept: dict[str, Any] = {
        name: content[name] for name in ("openapi", "info", "servers", "security") if name in content
    }
    kept["paths"] = {path: item}
    schemes = content.get("components", {}).get("securitySchemes")
    components: dict[str, Any] = {"securitySchemes": schemes} if schemes else {}
    waiting: list[tuple[str, Any]] = [(pointer_join("/paths", path), item), ("/components/securitySchemes", schemes)]
    taken: set[str] = set()
    while waiting:
        at, node = waiting.pop()
        for pointer, reference in _references(at, node):
            target = document.target({"$ref": reference})
            segments = pointer_segments(target) if target else []
            if target is None or segments[:1] != ["components"] or len(segments) < 3:
                where = "not there" if reference.startswith("#") else "another document: bundle it first"
                raise SpecError(
                    f"--spec={file} cannot be used: {pointer} refers to {reference[:200]}, which is {where}."
                )
            place = pointer_join("", *segments[:3])
            if place not in taken:
                taken.add(place)
                components.setdefault(segments[1], {})[segments[2]] = document.at(place)
                waiting.append((place, document.at(place)))
    if components:
        kept["components"] = components
    if check:
        _validate(file, kept)
    _need_json(file, Document(kept), method, path)
    return kept


def _references(pointer: str, node: Any) -> list[tuple[str, str]]:
    """Every reference in a node, with where it stands."""
    found, waiting = [], [(pointer, node)]
    while waiting:
        at, part = waiting.pop()
        if isinstance(part, Mapping):
            if isinstance(part.get("$ref"), str):
                found.append((at, part["$ref"]))
            in_names = at.endswith("/properties")
            waiting += [
                (pointer_join(at, name), value) for name, value in part.items() if in_names or name not in _DATA
            ]
        elif isinstance(part, list):
            waiting += [(pointer_join(at, place), value) for place, value in enumerate(part)]
    return found


def _validate(file: str, content: Mapping[str, Any]) -> None:
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

    version = str(content["openapi"])
    if not version.startswith(("3.0", "3.1")):
        raise SpecError(f"--spec={file} is OpenAPI {version[:20]}: the suite reads 3.0 and 3.1.")
    kind: Any = OpenAPIV30SpecValidator if version.startswith("3.0") else OpenAPIV31SpecValidator
    try:
        # plain data: its own bookkeeping writes into what it is given
        error = next(kind(json.loads(json.dumps(content))).iter_errors(), None)
    except Exception as fault:  # noqa: BLE001 - whatever it stumbles over, it stumbled over the user's file
        words = " ".join(str(fault).split())[:200].rstrip(".")
        raise SpecError(f"--spec={file} is not valid OpenAPI: {words}.") from None
    if error is not None:
        deepest = error
        while deepest.context:
            deepest = max(deepest.context, key=lambda inner: len(inner.absolute_path))
        at = _place(content, pointer_join("", *deepest.absolute_path), deepest.instance)
        words = " ".join(deepest.message.partition("\n")[0].split())
        raise SpecError(f"--spec={file} is not valid OpenAPI at {at}: {words[:200].rstrip('.')}.")


def _place(content: Mapping[str, Any], pointer: str, value: Any) -> str:
    """Where an error is: the validator says where in a schema, and not always where that schema stands."""
    waiting: list[tuple[str, Any]] = [("", content)]
    while waiting:
        at, node = waiting.pop()
        if at.endswith(pointer) and node == value:
            return at or "its top"
        inner = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
        waiting += [(pointer_join(at, name), part) for name, part in inner]
    return pointer or "its top"


def _need_json(file: str, document: Document, method: str, path: str) -> None:
    """The suite sends JSON, so the operation must say of which kind."""
    _, item = document.follow(pointer_join("/paths", path), document.content["paths"][path])
    _, body = document.follow("", item[method].get("requestBody"))
    media = body.get("content") if isinstance(body, Mapping) else None
    entry = media.get("application/json") if isinstance(media, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(entry.get("schema"), Mapping):
        at = pointer_join("/paths", path, method, "requestBody")
        raise SpecError(f"--spec={file} cannot be used: {at} has no schema for application/json.")
    if not isinstance(item[method].get("responses"), Mapping):
        raise SpecError(f"--spec={file} cannot be used: {pointer_join('/paths', path, method)} has no responses.")
