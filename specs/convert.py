"""Makes the vendored OpenAPI files from the source pages: `python specs/convert.py specs/dify/source.en.txt`.

A page is Markdown with one fenced YAML block. Where the block is an OpenAPI document it is printed as it stands. Where
it is in the documentation site's internal form (`schemaArray`, `allOf` of one, `refIdentifier`, `requiredProperties`),
it is written as OpenAPI 3.0.1. Nothing is lost in silence: a key that the conversion does not know is an error.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

#: What the source does not state and OpenAPI demands. The version of OpenAPI is that of the sibling editions.
OPENAPI = "3.0.1"
UNSTATED_VERSION = "unstated"

_FENCE = re.compile(r"^````yaml [^\n]*\n(.*?)^````", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^# (.+)$", re.MULTILINE)
_SUMMARY = re.compile(r"^# .+\n+> (.+)$", re.MULTILINE)


class ConversionError(ValueError):
    """A page that cannot be converted; its text is a whole sentence."""


def converted(page: str) -> str:
    """The OpenAPI document of a source page, as YAML. Raises ConversionError."""
    block = extracted(page)
    source = yaml.safe_load(block)
    if not isinstance(source, dict):
        raise ConversionError("The YAML block of the page is no mapping.")
    if "openapi" in source:
        return block
    return _dumped(_document(source, _first(_HEADING, page, "heading"), _first(_SUMMARY, page, "quoted summary")))


def extracted(page: str) -> str:
    """The fenced YAML block of a source page, byte for byte. Raises ConversionError when there is none."""
    return _first(_FENCE, page, "fenced YAML block")


def _first(pattern: re.Pattern[str], page: str, what: str) -> str:
    found = pattern.search(page)
    if found is None:
        raise ConversionError(f"The page has no {what}.")
    return found.group(1)


class _Part:
    """A mapping of the source, whose every key must be taken."""

    def __init__(self, where: str, content: Any) -> None:
        if not isinstance(content, Mapping):
            raise ConversionError(f"{where} is no mapping.")
        self.where = where
        self._left = dict(content)

    def take(self, key: str, default: Any = None) -> Any:
        return self._left.pop(key, default)

    def need(self, key: str) -> Any:
        if key not in self._left:
            raise ConversionError(f"{self.where} lacks {key!r}.")
        return self._left.pop(key)

    def part(self, key: str) -> _Part:
        return _Part(f"{self.where}/{key}", self.need(key))

    def items(self) -> list[tuple[str, Any]]:
        """All that is left, taken."""
        left, self._left = list(self._left.items()), {}
        return left

    def expect(self, key: str, *values: Any) -> None:
        """Takes a key that carries nothing to convert, and holds it to the values known for it."""
        found = self.take(key, values[0])
        if found not in values:
            raise ConversionError(f"{self.where}/{key} is {found!r}, which this conversion does not know.")

    def done(self) -> None:
        if self._left:
            raise ConversionError(f"{self.where} has keys that this conversion does not know: {', '.join(self._left)}.")


def _only(where: str, items: Any) -> Any:
    """The single item of a list. The form writes single things as lists of one."""
    if not isinstance(items, Sequence) or isinstance(items, str) or len(items) != 1:
        raise ConversionError(f"{where} is no list of one.")
    return items[0]


def _document(source: dict[str, Any], heading: str, summary: str) -> dict[str, Any]:
    """The OpenAPI document of a block in the site's internal form."""
    top = _Part("", source)
    top.expect("components", {"schemas": {}})
    operation = top.part("paths")
    top.done()
    path, method = operation.need("path"), operation.need("method")
    operation.expect("type", "path")
    request = operation.part("request")
    schemas: dict[str, Any] = {}
    security, schemes = _security(request)
    parameters = _parameters(request.part("parameters"))
    body = _body(request.part("body"), schemas)
    request.done()
    document = {
        "openapi": OPENAPI,
        "info": {"title": heading, "version": UNSTATED_VERSION},
        "servers": [_server(item) for item in operation.need("servers")],
        "paths": {
            path: {
                method: {
                    "summary": heading,
                    "description": summary,
                    "deprecated": operation.need("deprecated"),
                    "parameters": parameters,
                    "requestBody": body,
                    "responses": _responses(operation.part("response"), schemas),
                    "security": security,
                }
            }
        },
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }
    operation.done()
    return document


def _server(item: Any) -> dict[str, Any]:
    """A server. OpenAPI has no `type` for a server's variable: it is a string always, as the source says."""
    server = _Part("servers", item)
    made = {"url": server.need("url"), "description": server.need("description"), "variables": {}}
    for name, content in server.part("variables").items():
        variable = _Part(f"servers/variables/{name}", content)
        variable.expect("type", "string")
        made["variables"][name] = {"default": variable.need("default"), "description": variable.need("description")}
        variable.done()
    server.done()
    return made


def _security(request: _Part) -> tuple[list[dict[str, list[str]]], dict[str, Any]]:
    """The operation's security requirement, one alternative an item, and the schemes that it names."""
    requirements: list[dict[str, list[str]]] = []
    schemes: dict[str, Any] = {}
    for item in request.need("security"):
        alternative = _Part("security", item)
        name = alternative.need("title")
        places = alternative.part("parameters")
        alternative.done()
        places.expect("query", {})
        places.expect("cookie", {})
        header = places.part("header")
        places.done()
        scheme = header.part("Authorization")
        header.done()
        schemes[name] = {key: scheme.need(key) for key in ("type", "scheme", "description")}
        scheme.done()
        requirements.append({name: []})
    return requirements, schemes


def _parameters(places: _Part) -> list[dict[str, Any]]:
    """The parameters; `required` and `description` belong to the parameter in OpenAPI, not to its schema."""
    for place in ("query", "header", "cookie"):
        places.expect(place, {})
    made = []
    for name, content in places.part("path").items():
        parameter = _Part(f"parameters/{name}", content)
        schema = _Part(parameter.where, _only(parameter.where, parameter.need("schema")))
        parameter.done()
        made.append(
            {
                "name": name,
                "in": "path",
                "required": schema.need("required"),
                "description": schema.need("description"),
                "schema": _keywords(schema),
            }
        )
    places.done()
    return made


def _body(body: _Part, schemas: dict[str, Any]) -> dict[str, Any]:
    """The request body; whether it is required stands in its schema in the source."""
    made: dict[str, Any] = {"content": {}}
    for media_type, content in body.items():
        media, required = _media(_Part(f"body/{media_type}", content), schemas)
        made = {"required": required, "content": {**made["content"], media_type: media}}
    return made


def _responses(response: _Part, schemas: dict[str, Any]) -> dict[str, Any]:
    """The responses; the description stands beside the schema in the source."""
    made = {}
    for status, content in response.items():
        media_type, inner = _only(f"response/{status}", list(_Part(f"response/{status}", content).items()))
        part = _Part(f"response/{status}/{media_type}", inner)
        description = part.need("description")
        made[status] = {"description": description, "content": {media_type: _media(part, schemas)[0]}}
    return made


def _media(media: _Part, schemas: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """A media type: its schema put under the component that `refIdentifier` names; and whether a body is required."""
    schema = _Part(media.where, _only(media.where, media.need("schemaArray")))
    reference = schema.need("refIdentifier")
    required = schema.take("required", False)
    name = reference.removeprefix("#/components/schemas/")
    schemas[name] = _keywords(schema)
    made = {"schema": {"$ref": reference}, "examples": media.need("examples")}
    media.done()
    return made, required


_KEYWORDS = ("type", "format", "nullable", "default", "additionalProperties", "description")


def _keywords(schema: _Part) -> dict[str, Any]:
    """A schema: keywords as they are, `requiredProperties` as `required`, each property's `allOf` of one unwrapped."""
    made = {key: value for key in _KEYWORDS if (value := schema.take(key)) is not None}
    required = schema.take("requiredProperties")
    if required is not None:
        made["required"] = required
    properties = schema.take("properties")
    if properties is not None:
        made["properties"] = {
            name: _property(_Part(f"{schema.where}/{name}", content))
            for name, content in _Part(schema.where, properties).items()
        }
    schema.done()
    return made


def _property(wrapped: _Part) -> dict[str, Any]:
    inner = _Part(wrapped.where, _only(wrapped.where, wrapped.need("allOf")))
    wrapped.done()
    return _keywords(inner)


class _Dumper(yaml.SafeDumper):
    """Indents the items of a list, as the sibling editions do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _dumped(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def main(arguments: Sequence[str]) -> int:
    """Prints the document of the one page named; exit status 2 and one sentence when that cannot be done."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python specs/convert.py PAGE\n")
        return 2
    try:
        text = converted(Path(arguments[0]).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ConversionError) as error:
        sys.stderr.write(f"{arguments[0]} cannot be converted: {error}\n")
        return 2
    sys.stdout.buffer.write(text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
