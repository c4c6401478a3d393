"""Servers that are correct but for what happens to them while they are judged, or for one cause with many effects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from harness import KEY, OTHER_MODE_KEY
from starlette.types import ASGIApp, Receive, Scope, Send

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer

KEYS = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


def correct(system: str) -> DifyServer | AgnoServer | OpenHandsServer:
    """The embedded server of a system."""
    if system == "dify":
        return DifyServer(KEY, OTHER_MODE_KEY)
    return AgnoServer(KEY) if system == "agno" else OpenHandsServer(KEY)


#: What each server calls a session's name, and keeps its sessions in.
BASE_NAMES = {
    "dify": ("name", "conversations"), "agno": ("session_name", "sessions"), "openhands": ("title", "conversations"),
}  # fmt: skip

Answered = tuple[int, dict[str, str], bytes]


class Before:
    """A server behind something that may answer in its place: `answer` is asked before each request.

    It is given the method, the path and the number of the request, from 1, and returns status, headers and body, or
    None to let the server answer.
    """

    def __init__(self, app: Any, answer: Callable[[str, str, int], Answered | None]) -> None:
        self.app = app
        self.base_path = app.base_path
        self.requests = 0
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        self.requests += 1
        found = self._answer(scope["method"], scope["path"], self.requests)
        if found is None:
            await self.app(scope, receive, send)
            return
        await answer(send, *found)


async def answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    """Send an answer."""
    fields: Iterable[tuple[str, str]] = (headers | {"content-length": str(len(body))}).items()
    raw = [(name.encode(), value.encode()) for name, value in fields]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def broken(status: int = 500, **headers: str) -> Answered:
    """What a framework answers when something is wrong behind it."""
    body = json.dumps({"detail": "database is locked", "code": "internal_error", "message": "oops", "status": status})
    fields = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return status, fields, body.encode()


Server = ASGIApp
