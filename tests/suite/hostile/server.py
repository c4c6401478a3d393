"""A server on bare sockets that answers as an app does, or misbehaves, on every route or on the rename alone."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from strangers.wire import App, Asked, read_body

RENAME = re.compile(r"/conversations/[^/]+/name|/sessions/[^/]+/rename|/api/conversations/[^/]+")


class _GoneError(Exception):
    """The client is gone, or the server is to stop."""


@dataclass
class Turn:
    """One request, and the ways to answer it. `number` counts those that met the behaviour, from 1."""

    number: int
    asked: Asked
    _app: App
    _connection: socket.socket
    _stopping: threading.Event

    def right(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of the right answer."""
        said = self._app.handle(self.asked)
        headers, body = self._app.packed(said)
        return said.status, [pair for pair in headers if pair[0] != "Content-Length"], body

    def sends_instead(self, body: bytes) -> None:
        """Do to the app what the request would with another body."""
        self._app.handle(replace(self.asked, body=body))

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes, reason: str = "Well") -> None:
        """Send a whole answer, with its length."""
        head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("utf-8", "surrogateescape") + body)

    def answer_right(self) -> None:
        """Send the right answer."""
        self.answer(*self.right())

    def send(self, content: bytes) -> None:
        """Send bytes. Raises when no one reads them any longer."""
        try:
            self._connection.sendall(content)
        except OSError:
            raise _GoneError from None
        if self._stopping.is_set():
            raise _GoneError

    def wait(self, seconds: float) -> None:
        """Do nothing. Raises when no one waits any longer."""
        if self._stopping.wait(seconds):
            raise _GoneError
        self._connection.setblocking(False)
        try:
            if not self._connection.recv(1, socket.MSG_PEEK):
                raise _GoneError
        except BlockingIOError:
            pass
        except OSError:
            raise _GoneError from None
        finally:
            self._connection.setblocking(True)

    def hang(self) -> None:
        """Do nothing for as long as someone waits."""
        while True:
            self.wait(0.1)

    def reset(self) -> None:
        """Break the connection off with a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


#: Answers a turn; the connection stays open when it returns True.
Behaviour = Callable[[Turn], object]


@dataclass
class Trap:
    """The server. `whole` says whether it misbehaves on every route, or only when a session is to be renamed."""

    app: App
    behave: Behaviour
    whole: bool = False
    requests: int = 0
    _met: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def serve(self) -> Iterator[str]:
        """Serve in threads; yields the base URL."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{self.app.base}"
        finally:
            self._stopping.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(10)

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader, contextlib.suppress(_GoneError, OSError):
            while (asked := _read(reader)) is not None:
                with self._lock:
                    self.requests += 1
                    hostile = self.whole or _renames(asked)
                    self._met += hostile
                    turn = Turn(self._met, asked, self.app, connection, self._stopping)
                if hostile:
                    if self.behave(turn) is not True:
                        return
                else:
                    turn.answer_right()


def _renames(asked: Asked) -> bool:
    path = asked.target.partition("?")[0]
    return asked.method in {"POST", "PATCH"} and RENAME.search(path) is not None


def _read(reader: io.BufferedReader) -> Asked | None:
    """A request; None at the end."""
    first = reader.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Asked(first[0], first[1], headers, read_body(reader, headers))


@dataclass
class Recorder:
    """A server that has no business with the run: keeps what reaches it, and says that all is well."""

    heard: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    @contextlib.contextmanager
    def serve(self) -> Iterator[str]:
        """Serve under another host name than the target's; yields the base URL."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://localhost:{listener.getsockname()[1]}"
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(10)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                asked = _read(connection.makefile("rb"))
                if asked is not None:
                    self.heard.append((asked.target, asked.headers, asked.body))
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue"
                    )
