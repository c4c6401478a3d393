"""What the FastAPI servers have in common: uvicorn in a thread, and habits as ASGI middleware."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from strangers.habits import CHATTER, Habits, Throttle

Next = Callable[[Request], Awaitable[Response]]


def respond(habits: Habits, status: int, value: object, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer, spelled in the server's way."""
    return Response(habits.dumps(value), status, headers, habits.content_type)


def add_habits(app: FastAPI, habits: Habits) -> None:
    """Middleware for pace and for the way over the wire."""
    throttle = Throttle()

    @app.middleware("http")
    async def ours(request: Request, call_next: Next) -> Response:
        too_soon = await asyncio.to_thread(habits.wait_for, throttle)
        if too_soon is not None:
            return respond(habits, 429, {"detail": "Too many requests"}, too_soon)
        response = await call_next(request)
        assert isinstance(response, StreamingResponse) or hasattr(response, "body_iterator")
        body = b"".join(
            [part if isinstance(part, bytes) else bytes(part, "utf-8") async for part in response.body_iterator]
        )
        headers = [(name, value) for name, value in response.headers.items() if name != "content-length"]
        if habits.gzip and body:
            body = gzip.compress(body)
            headers.append(("content-encoding", "gzip"))
        if habits.close:
            headers.append(("connection", "close"))
        if habits.chatty:
            headers += CHATTER
        if habits.chunked and body:
            final: Response = StreamingResponse(iter([body[:5], body[5:]]), response.status_code)
        else:
            final = Response(body, response.status_code)
        for name, value in headers:
            final.headers.append(name, value)
        return final


@contextlib.contextmanager
def serve_fastapi(app: FastAPI) -> Iterator[str]:
    """Serve with uvicorn; yields the base URL."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
