"""Serve an ASGI application on a loopback socket for as long as a `with` block lasts."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

_TICK = 1.0
"""Seconds between two updates of the Date header field."""

_STOP_TIMEOUT = 10.0
"""Seconds that a server may take to stop before that is an error."""


@contextlib.contextmanager
def serve(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Run `app` on 127.0.0.1 in a thread of its own, and yield its base URL, without a trailing slash.

    Without a `port` it is a free one. The base URL ends in the application's `base_path`, if it has one. The server is
    stopped when the block is left, however it is left; requests still unanswered then are cut off. Raises OSError when
    the port cannot be had, RuntimeError when the server does not start, or does not stop because a request blocks its
    thread.
    """
    listener = _listen(port)
    server = _Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_keep_alive=60,
            h11_max_incomplete_event_size=1024 * 1024,
        )
    )
    thread = threading.Thread(target=server.run_until_stopped, args=(listener,), name="rename-tck server", daemon=True)
    thread.start()
    try:
        server.wait_until_ready()
        host, port = listener.getsockname()
        yield f"http://{host}:{port}{getattr(app, 'base_path', '')}"
    finally:
        server.stop()
        thread.join(_STOP_TIMEOUT)
        listener.close()
        if thread.is_alive():
            raise RuntimeError("the embedded server does not stop: a request blocks its thread")


def _listen(port: int) -> socket.socket:
    # Named as TCP, for asyncio sends without Nagle's delay only on sockets that are: 40 ms an answer otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if port and os.name == "posix":
            # a server that has just been stopped leaves connections behind, which would hold the port for a minute
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """uvicorn's server, started and stopped by events where the original polls every 100 ms."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settled = threading.Event()

    def run_until_stopped(self, listener: socket.socket) -> None:
        """Serve on `listener`; returns when the server was stopped."""
        try:
            self.run(sockets=[listener])
        finally:
            self._settled.set()

    def wait_until_ready(self) -> None:
        """Wait, in another thread, until requests are answered; RuntimeError when that will not be."""
        self._settled.wait()
        if not self.started:
            raise RuntimeError("the embedded server does not start")

    def stop(self) -> None:
        """Ask the server, from any thread, to stop."""
        self._settled.wait()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it stopped by itself
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def main_loop(self) -> None:
        """Wait until asked to stop."""
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        self._settled.set()
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK)
            await self.on_tick(0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every socket at once, also those of unanswered requests."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the transports close their sockets
