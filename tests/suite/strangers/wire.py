"""HTTP for the servers that use no framework: a request and an answer as data, over asyncio streams or http.server."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.server
import io
import json
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Generator, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from strangers.habits import CHATTER, Habits, Throttle

_NOTHING = object()


@dataclass(frozen=True)
class Asked:
    """A request. The names of its headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parts(self) -> list[str]:
        """The segments of the path, decoded; a lone empty one, which fits no route, where they are not UTF-8."""
        try:
            return [unquote(part, errors="strict") for part in self.target.partition("?")[0].split("/")[1:]]
        except UnicodeDecodeError:
            return [""]

    @property
    def query(self) -> dict[str, str]:
        """The query; the last of several values of one name."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON. Raises ValueError when it is none."""
        try:
            return json.loads(self.body.decode(), parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _parts_of_body(headers: Mapping[str, str]) -> Generator[int, bytes, bytes]:
    """Reads a body, in chunks or not (RFC 9112, section 7.1): yields how many bytes it asks for, 0 for a line."""
    if "chunked" not in headers.get("transfer-encoding", "").lower():
        return (yield length) if (length := int(headers.get("content-length") or 0)) else b""
    body = b""
    while size := int((yield 0).partition(b";")[0], 16):
        body += yield size
        yield 0
    while (yield 0).strip():  # a trailer
        pass
    return body


def read_body(reader: io.BufferedIOBase, headers: Mapping[str, str]) -> bytes:
    """The body of a request whose head has been read."""
    parts = _parts_of_body(headers)
    try:
        wanted = next(parts)
        while True:
            wanted = parts.send(reader.read(wanted) if wanted else reader.readline())
    except StopIteration as whole:
        return bytes(whole.value)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    parts = _parts_of_body(headers)
    try:
        wanted = next(parts)
        while True:
            wanted = parts.send(await (reader.readexactly(wanted) if wanted else reader.readuntil()))
    except StopIteration as whole:
        return bytes(whole.value)


@dataclass(frozen=True)
class Said:
    """An answer; without a value it has no body."""

    status: int
    value: object = _NOTHING
    headers: tuple[tuple[str, str], ...] = ()


class App(ABC):
    """A server's own part: a request in, an answer out."""

    def __init__(self, habits: Habits) -> None:
        self.habits = habits
        self.throttle = Throttle()
        self._lock = threading.Lock()

    @property
    def base(self) -> str:
        """The path under which the API stands."""
        return ""

    @abstractmethod
    def answer(self, asked: Asked) -> Said:
        """The answer to a request that is not too soon."""

    @abstractmethod
    def error(self, status: int, message: str) -> Said:
        """An error in the system's own shape."""

    def handle(self, asked: Asked) -> Said:
        """The answer to a request."""
        too_soon = self.habits.wait_for(self.throttle)
        if too_soon is not None:
            refusal = self.error(429, "Too many requests.")
            return Said(429, refusal.value, tuple(too_soon.items()))
        with self._lock:
            return self.answer(asked)

    def packed(self, said: Said) -> tuple[list[tuple[str, str]], bytes]:
        """Headers and body as they go over the wire."""
        habits = self.habits
        headers = [*said.headers, *(CHATTER if habits.chatty else ())]
        body = b""
        if said.value is not _NOTHING:
            body = habits.dumps(said.value)
            headers.append(("Content-Type", habits.content_type))
            if habits.gzip:
                body = gzip.compress(body)
                headers.append(("Content-Encoding", "gzip"))
        if habits.chunked and body:
            headers.append(("Transfer-Encoding", "chunked"))
            third = len(body) // 3 + 1
            pieces = [body[at : at + third] for at in range(0, len(body), third)]
            body = b"".join(b"%X;note=x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        elif not habits.http10 and said.status != 204:
            headers.append(("Content-Length", str(len(body))))
        if habits.close:
            headers.append(("Connection", "close"))
        if habits.case == "odd":
            headers = [(name.swapcase(), value) for name, value in headers]
        return headers, body


# -- bare asyncio streams


@contextlib.contextmanager
def serve_streams(app: App) -> Iterator[str]:
    """Serve on an event loop in a thread of its own; yields the base URL."""
    loop = asyncio.new_event_loop()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _converse(app, reader, writer)
        tasks.discard(task)
        writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    server = run(start())
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{app.base}"
    finally:
        run(stop(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _converse(app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    habits = app.habits
    answered = 0
    while head := await reader.readuntil(b"\r\n\r\n"):
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        asked = Asked(method, target, headers, await _read_body(reader, headers))
        said = await asyncio.to_thread(app.handle, asked)
        fields, content = app.packed(said)
        version = "HTTP/1.0" if habits.http10 else "HTTP/1.1"
        text = f"{version} {said.status} \r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        if habits.interim:
            writer.write(f"HTTP/1.1 {habits.interim} Wait\r\n\r\n".encode())
        writer.write(text.encode("latin-1") + content)
        await writer.drain()
        answered += 1
        if habits.close or habits.http10 or (habits.closes_silently and answered == 3):
            return


# -- http.server


class _Handler(http.server.BaseHTTPRequestHandler):
    """Every method of every path goes to the app."""

    app: App

    def _serve(self) -> None:
        headers = {name.lower(): value.strip() for name, value in self.headers.items()}
        self._say(self.app.handle(Asked(self.command, self.path, headers, read_body(self.rfile, headers))))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _say(self, said: Said) -> None:
        fields, content = self.app.packed(said)
        with contextlib.suppress(ValueError):
            self.send_response(said.status, HTTPStatus(said.status).phrase)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses: not as a page."""
        self.close_connection = True
        self._say(self.app.error(code, message or "The request cannot be read."))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing."""


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


@contextlib.contextmanager
def serve_plain(app: App) -> Iterator[str]:
    """Serve with http.server, a thread a connection; yields the base URL."""
    version = "HTTP/1.0" if app.habits.http10 else "HTTP/1.1"
    handler = type("Handler", (_Handler,), {"app": app, "protocol_version": version, "wbufsize": -1})
    server = _Server(("127.0.0.1", 0), handler)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{app.base}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
