"""What the FastAPI servers have in common: uvicorn in a thread, and answers spelled in the server's way."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from strangers.habits import CHATTER, Habits


def respond(habits: Habits, status: int, value: object) -> Response:
    """A JSON answer, spelled in the server's way."""
    body = habits.dumps(value)
    if habits.gzip:
        body = gzip.compress(body)
    if habits.chunked:
        answer: Response = StreamingResponse(iter([body[:5], body[5:]]), status, media_type=habits.content_type)
    else:
        answer = Response(body, status, media_type=habits.content_type)
    if habits.gzip:
        answer.headers["content-encoding"] = "gzip"
    if status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    if habits.close:
        answer.headers["connection"] = "close"
    for name, text in CHATTER if habits.chatty else ():
        answer.headers.append(name, text)
    return answer


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
