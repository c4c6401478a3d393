"""What requests and urllib3 lack: forms of sending, deadlines for whole answers, interim answers."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import requests
import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import wait_for_read

from rename_tck.client.wire import USUAL, Wire

#: Seconds between two segments: enough for a server to see the first alone, unless it says something before.
BETWEEN_SEGMENTS = 0.02

#: Seconds for a server to ask for a body that waits to be asked for, as curl has it.
ASKING_FOR_BODY = 1.0

_IN_USE = threading.local()

# it would log what a server sends in place of a header, the key that it echoes included
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class _Head:
    """A file that notices its end while the head of an answer is read from it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.ended = False

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._file.readline(limit)
        self.ended = self.ended or not line
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Response(http.client.HTTPResponse):
    """An HTTP answer. Interim ones before it are skipped (RFC 9110, section 15.2), of which http.client skips only 100.

    A head that breaks off is no answer: http.client would take the end of the connection for the end of the head.
    """

    def begin(self) -> None:
        head = _Head(self.fp)
        file, self.fp = self.fp, head  # type: ignore[assignment]
        try:
            super().begin()
        finally:
            if self.fp is head:  # type: ignore[comparison-overlap]
                self.fp = file
        if head.ended:
            self.close()
            raise ConnectionResetError("the answer broke off in its head")

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        while 101 < status < 200:
            http.client.parse_headers(self.fp)
            version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, status, reason


class _Noting:
    """Notes which connection the current thread is using, so that a deadline can cut it."""

    response_class: Any = _Response
    _held: list[bytes] | None = None

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        _IN_USE.connection = self
        # urllib3 has put percent-encodings into upper case, which a server may take for another path
        asked = getattr(_IN_USE, "url", "")
        if asked.lower().endswith(url.lower()):
            url = asked[-len(url) :]
        self._held = []
        try:
            super().request(method, url, *args, **kwargs)  # type: ignore[misc]
            whole = b"".join(self._held)
        finally:
            self._held = None
        wire: Wire = getattr(_IN_USE, "wire", USUAL)
        # head and body in one piece, unless it is to be otherwise: a server would be woken up for each
        first, *others = [whole] if wire is USUAL else wire.pieces(whole)
        self.send(first)
        for piece in others:
            sock: socket.socket = self.sock  # type: ignore[attr-defined]
            wait_for_read(sock, ASKING_FOR_BODY if wire.waits else BETWEEN_SEGMENTS)
            self.send(piece)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held.append(data)

    def getresponse(self) -> Any:
        # a server that sends head and body apart waits for our acknowledgement, which Linux holds back for 40 ms
        sock = getattr(self, "sock", None)
        if sock is not None and hasattr(socket, "TCP_QUICKACK"):
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return super().getresponse()  # type: ignore[misc]


class _Plain(_Noting, HTTPConnection):
    pass


class _Secure(_Noting, HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class Prepared(requests.PreparedRequest):
    """A request of which is known how it goes over the wire."""

    wire: Wire = USUAL


class Adapter(requests.adapters.HTTPAdapter):
    """requests' own, over connections that can be cut and that skip interim answers."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, to the letter, what was asked."""
        _IN_USE.url = request.url
        _IN_USE.wire = getattr(request, "wire", USUAL)
        return super().send(request, *args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of our own connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(_POOLS)

    def proxy_manager_for(self, proxy: Any, **proxy_kwargs: Any) -> Any:
        """The pools of connections through a proxy: our own, too, but for SOCKS, which has connections of its own."""
        made = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if made and not str(proxy).lower().startswith("socks"):
            manager.pool_classes_by_scheme = dict(_POOLS)
        return manager


class Deadlines:
    """One thread that shuts down the connection of a request whose time is up, however the answer drips in."""

    def __init__(self) -> None:
        self._due: dict[int, _Holder] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[threading.Event]:
        """Cut the calling thread's connection after that many seconds; the event says that it happened."""
        me = threading.get_ident()
        holder = _Holder(time.monotonic() + seconds, _IN_USE.__dict__, threading.Event())
        with self._lock:
            self._due[me] = holder
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="rename-tck deadlines", daemon=True)
                self._thread.start()
        try:
            yield holder.happened
        finally:
            with self._lock:
                self._due.pop(me, None)

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()

    def _watch(self) -> None:
        # coarse on purpose: waking up for each request would cost more than the request
        while not self._closed.wait(0.2):
            now = time.monotonic()
            with self._lock:
                for me, holder in list(self._due.items()):
                    if holder.due <= now:
                        del self._due[me]
                        holder.cut()


@dataclass
class _Holder:
    due: float
    in_use: dict[str, Any]
    happened: threading.Event

    def cut(self) -> None:
        self.happened.set()
        sock = getattr(self.in_use.get("connection"), "sock", None)
        if sock is not None:
            with suppress(OSError, ValueError):
                sock.shutdown(socket.SHUT_RDWR)
