"""The embedded server of a system in a process of its own: `python tests/benchmark/server.py SYSTEM [SECONDS]`.

Prints its base URL, answers each request after that many seconds, and stops when its standard input ends; then it
prints, as JSON lines, the requests that it has had.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from importlib import import_module
from typing import Any

from rename_tck.reference.serving import serve
from rename_tck.target.connection import EMBEDDED_KEY, EMBEDDED_OTHER_MODE_KEY, all_editions


class Recording:
    """An application that keeps what it is asked, and takes its time."""

    def __init__(self, app: Any, delay: float) -> None:
        self.app = app
        self.base_path: str = getattr(app, "base_path", "")
        self.delay = delay
        self.had: list[dict[str, object]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Keep the request, wait, and hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = bytearray()

        async def kept() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        if self.delay:
            await asyncio.sleep(self.delay)
        await self.app(scope, kept, send)
        target = scope["raw_path"].decode("latin-1") + (
            "?" + scope["query_string"].decode() if scope["query_string"] else ""
        )
        self.had.append({
            "method": scope["method"],
            "target": target.removeprefix(self.base_path),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "body": base64.b64encode(bytes(body)).decode(),
        })  # fmt: skip


def main() -> None:
    """Serve until the standard input ends."""
    system, delay = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    module = import_module(f"rename_tck.reference.{system}")
    app = Recording(module.application(EMBEDDED_KEY, EMBEDDED_OTHER_MODE_KEY, all_editions(system)), delay)
    with serve(app) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()
    for request in app.had:
        sys.stdout.write(json.dumps(request) + "\n")


if __name__ == "__main__":
    main()
