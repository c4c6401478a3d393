"""An OpenAPI document from anywhere: read without trust, its references followed inside it and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from rename_tck.requirements.yaml_source import pointer_join, pointer_segments

#: References on the way to one node; more than a chain of aliases ever needs.
_HOPS = 32

_PARAMETER = re.compile(r"\{[^{}/]*\}")


class UnreadableError(ValueError):
    """It is no OpenAPI document that the suite can read; the text ends the sentence that begins so."""


class Document:
    """A parsed document: nodes by pointer, references inside the document followed."""

    def __init__(self, content: object) -> None:
        """Raises UnreadableError when it is not of OpenAPI 3."""
        if not isinstance(content, Mapping):
            raise UnreadableError("it is no JSON object")
        version = content.get("openapi")
        if not isinstance(version, str) or not re.match(r"3\.\d", version):
            raise UnreadableError(f"its `openapi` is {_told(content.get('swagger') if version is None else version)}")
        if not isinstance(content.get("paths"), Mapping):
            raise UnreadableError("it has no `paths`")
        self.content: Mapping[str, Any] = content

    @property
    def title(self) -> str:
        """Its own title and version, as far as it has them."""
        info = self.content.get("info")
        parts = [info.get("title"), info.get("version")] if isinstance(info, Mapping) else []
        return " ".join(str(part) for part in parts if isinstance(part, str | int | float)) or "untitled"

    def at(self, pointer: str) -> Any:
        """What stands at a pointer. Raises LookupError when it leads nowhere."""
        node: Any = self.content
        for segment in pointer_segments(pointer):
            if isinstance(node, Mapping) and segment in node:
                node = node[segment]
            elif isinstance(node, list) and segment.isascii() and segment.isdigit() and int(segment) < len(node):
                node = node[int(segment)]
            else:
                raise LookupError(pointer)
        return node

    def target(self, node: object) -> str | None:
        """The pointer that a node's reference names; None where it has none that leads anywhere in this document."""
        reference = node.get("$ref") if isinstance(node, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return None
        pointer = unquote(reference[1:])
        try:
            self.at(pointer)
        except LookupError:
            return None
        return pointer

    def chain(self, pointer: str, node: Any) -> Iterator[tuple[str, Any]]:
        """A node and what its references lead to, one after the other, each with where it stands."""
        for _ in range(_HOPS):
            yield pointer, node
            found = self.target(node)
            if found is None:
                return
            pointer, node = found, self.at(found)

    def follow(self, pointer: str, node: Any) -> tuple[str, Any]:
        """The last of the `chain`: where it really stands, and what stands there."""
        return list(self.chain(pointer, node))[-1]

    def operation(self, method: str, template: str) -> tuple[str, str] | None:
        """The path of an operation as the document spells it, and the pointer to it.

        Parameters of the path may have other names, and the path may begin with the place where the service stands
        (`/v1/…`). Where that leaves a choice, the path with the least before it.
        """
        found = []
        for path, content in self.content["paths"].items():
            at, item = self.follow(pointer_join("/paths", path), content)
            if isinstance(item, Mapping) and isinstance(item.get(method), Mapping):
                before = self._before(path, template)
                if before is not None:
                    found.append((before, path, pointer_join(at, method)))
        if not found:
            return None
        _, path, pointer = min(found)
        return path, pointer

    def _before(self, path: str, template: str) -> int | None:
        """How many segments a path has before the template's; None when it is another path."""
        plain, wanted = _PARAMETER.sub("{}", path), _PARAMETER.sub("{}", template)
        if plain == wanted:
            return 0
        if plain.endswith(wanted):
            before = plain.removesuffix(wanted)
            return before.count("/") if "{" not in before else None
        # the other way round: the service's own address holds the beginning of the template
        if len(plain) > 1 and wanted.endswith(plain):
            before = wanted.removesuffix(plain)
            return before.count("/") if "{" not in before and before in self._addresses() else None
        return None

    def _addresses(self) -> set[str]:
        """The paths of the document's servers."""
        servers = self.content.get("servers")
        found = set()
        for server in servers if isinstance(servers, list) else ():
            url = server.get("url") if isinstance(server, Mapping) else None
            with suppress(ValueError):
                found.add(urlsplit(url).path.rstrip("/") if isinstance(url, str) else "")
        return found


def _told(version: object) -> str:
    """What is said of a version that is none. It is cut by who says it, after secrets are taken out."""
    if version is None:
        return "missing, not 3.x"
    return f"{version!r}, not 3.x" if isinstance(version, str | int | float) else "no text"


def read_json(content: bytes) -> object:
    """The JSON in an answer.

    Raises:
        UnreadableError: it is none.
    """

    def constant(name: str) -> NoReturn:
        raise UnreadableError(f"it holds {name}, which JSON has not")

    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=constant)
    except UnreadableError:
        raise
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise UnreadableError("it is not UTF-8 text") from None
    except ValueError:
        raise UnreadableError("it is not JSON") from None
