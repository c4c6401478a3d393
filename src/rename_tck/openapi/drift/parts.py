"""The parts of an operation that stand by themselves: its parameters and the ways in, in one form for all spellings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rename_tck.openapi.document import Document
from rename_tck.openapi.drift.shapes import key
from rename_tck.requirements.yaml_source import pointer_join


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def media_type(name: str) -> str:
    """A media type without its parameters."""
    return name.partition(";")[0].strip().lower()


def style_of(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """How a parameter is written, by the defaults of OpenAPI."""
    style = parameter.get("style", "form" if parameter.get("in") in {"query", "cookie"} else "simple")
    return {"style": style, "explode": parameter.get("explode", style == "form")}


def parameters_of(document: Document, path: str, operation: str) -> dict[tuple[str, str], tuple[str, Any]]:
    """The parameters of the path and the operation, by place and name: those of the path by their order in it."""
    found: dict[tuple[str, str], tuple[str, Any]] = {}
    for holder in (operation.rpartition("/")[0], operation):
        listed = document.at(holder).get("parameters")
        for place, part in enumerate(listed if isinstance(listed, list) else ()):
            at = pointer_join(holder, "parameters", place)
            _, parameter = document.follow(at, part)
            if not isinstance(parameter, Mapping):
                continue
            kind, name = str(parameter.get("in")), str(parameter.get("name"))
            if kind == "path":
                # another name is no other parameter: only its place in the path counts
                name = str(path.find(f"{{{name}}}") >= 0 and path[: path.find(f"{{{name}}}")].count("{"))
            found[kind, name.lower() if kind == "header" else name] = (at, parameter)
    return found


def security_of(document: Document, operation: str) -> list[tuple[str, str, dict[str, str]]]:
    """The ways in: where each stands, its schemes as text that is equal for equal ones, where each scheme stands."""
    own = document.at(operation).get("security")
    holder, ways = (operation, own) if isinstance(own, list) else ("", document.content.get("security"))
    schemes = mapping(mapping(document.content.get("components")).get("securitySchemes"))
    found = []
    for place, way in enumerate(ways if isinstance(ways, list) else ()):
        named = {key(_scheme(document, schemes, name, scopes)): name for name, scopes in mapping(way).items()}
        text = json.dumps([json.loads(scheme) for scheme in sorted(named)])
        places = {scheme: pointer_join("/components/securitySchemes", name) for scheme, name in named.items()}
        found.append((pointer_join(holder, "security", place), text, places))
    return found


def _scheme(document: Document, schemes: Mapping[str, Any], name: str, scopes: Any) -> dict[str, Any]:
    at = pointer_join("/components/securitySchemes", name)
    _, scheme = document.follow(at, schemes.get(name))
    told = {
        word: value.lower() if word == "scheme" and isinstance(value, str) else value
        for word, value in mapping(scheme).items()
        if word in {"type", "scheme", "in", "name", "openIdConnectUrl"}
    }
    if told.get("in") == "header" and isinstance(told.get("name"), str):
        told["name"] = told["name"].lower()
    wanted = {"scopes": sorted(map(str, scopes))} if isinstance(scopes, list) and scopes else {}
    return (told or {"unknown": name}) | wanted
