"""A correct server whose requests are noted, and in whose way a test may step: to interrupt the run, to say 429."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Heard:
    """A request as it arrived; header names in lower case, the body as bytes."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: str) -> bytes | None:
        """The value of a header."""
        return next((value for key, value in self.headers if key == name.encode()), None)


#: Looks at a request with its number, from 1; what it returns is waited for once the server has answered.
Step = Callable[[int, Heard], Awaitable[None] | None]


@dataclass
class Meddler:
    """The server behind an ear and, perhaps, a hand: `step` is called before the answer goes out, the work being done.

    Requests whose number is in `limited` are answered with 429 instead, for a minute.
    """

    app: ASGIApp
    step: Step | None = None
    limited: frozenset[int] = frozenset()
    heard: list[Heard] = field(default_factory=list)

    @property
    def base_path(self) -> str:
        """What the base URL ends in."""
        return str(getattr(self.app, "base_path", ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        heard = Heard(scope["method"], target, tuple(scope["headers"]), body)
        self.heard.append(heard)
        number = len(self.heard)
        if number in self.limited:
            headers = [(b"retry-after", b"60"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 429, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            await self._stepped(number, heard)
            return
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, keep)
        await self._stepped(number, heard)
        for message in answer:
            await send(message)

    async def _stepped(self, number: int, heard: Heard) -> None:
        waiting = self.step(number, heard) if self.step else None
        if waiting is not None:
            await waiting


async def a_moment() -> None:
    """Long enough for another process to act on a signal before it has its answer."""
    await asyncio.sleep(0.2)
