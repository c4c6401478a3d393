"""Starts a real server in a process of its own, on a loopback port that it chooses, and stops it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Seconds until a server that prints nothing is taken for broken; a slow start is no reason to skip a test.
START_TIMEOUT = 180.0


class StartFailure(AssertionError):
    """A server did not start; the message is one whole sentence."""


@contextlib.contextmanager
def serving(python: str | Path, script: Path, *arguments: str, env: Mapping[str, str]) -> Iterator[str]:
    """Run ``python script arguments`` and yield the base URL that it prints on a line of its own."""
    process = subprocess.Popen(
        [str(python), str(script), *arguments],
        env={**_outside(), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    errors = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
    errors.start()
    watchdog = threading.Timer(START_TIMEOUT, process.kill)
    watchdog.start()
    try:
        url = next((line.strip() for line in process.stdout if line.startswith("http://127.0.0.1:")), None)
        watchdog.cancel()
        if url is None:
            process.wait()
            errors.join(5)
            last = " ".join("".join(said[-3:]).split())[-300:].rstrip(".")
            raise StartFailure(f"the server {script.name} did not start: {last or 'it said nothing'}.")
        rest = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
        rest.start()
        yield url
    finally:
        watchdog.cancel()
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        errors.join(5)


def _outside() -> dict[str, str]:
    """The environment without what belongs to this test run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "RENAME_TCK_"))}
