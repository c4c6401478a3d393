"""Faults that only some writers of JSON meet: home-made parsers, proxies that look into a body, generated readers."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.requests import Request

from mutants.everywhere import AnyServer, everywhere


@everywhere("name-stored", systems=("openhands",))
class KeepsTheBackslashOfASlash(AnyServer):
    r"""The escape \/ is left as it is, for nobody needs it."""

    def received(self, request: Request, body: bytes) -> bytes:
        return body.replace(b"\\/", b"\\\\/")


@everywhere("name-stored", also=("answer-name",))
class LosesEscapedPairs(AnyServer):
    r"""Two escapes that spell one character beyond the BMP become question marks."""

    def received(self, request: Request, body: bytes) -> bytes:
        return re.sub(rb"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})", b"?", body)


@everywhere("rename-accepted")
class ReadsTheFirstBuffer(AnyServer):
    """Of a body that begins with white space the first 200 bytes are read."""

    def received(self, request: Request, body: bytes) -> bytes:
        return body if body.startswith(b"{") else body[:200]


@everywhere("rename-accepted")
class LooksForTheMemberInTheText(AnyServer):
    """A proxy looks for the name's member in the text of a body, and answers with 400 where it is not there."""

    def received(self, request: Request, body: bytes) -> bytes:
        if f'"{self.name_member}"'.encode() not in body and isinstance(_member(body, self.name_member), str):
            raise self.bad_request()
        return body


@everywhere("rename-accepted")
class ReadsShortLines(AnyServer):
    """Of each line of a body of several the first 72 bytes are read."""

    def received(self, request: Request, body: bytes) -> bytes:
        lines = body.splitlines(keepends=True)
        return body if len(lines) < 3 else b"\n".join(line[:72] for line in lines)


def _member(body: bytes, name: str) -> Any:
    try:
        return json.loads(body).get(name)
    except (ValueError, AttributeError, RecursionError):
        return None
