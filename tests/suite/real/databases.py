"""The databases that real servers keep sessions in: each started on loopback in a folder of its own, and stopped."""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real.description import Store

#: Seconds in which a database is up, and in which it has stopped.
_UP, _DOWN = 60, 30

#: A program and its arguments.
Command = Sequence[str | Path]

#: Where Debian puts programs that are not on everybody's path.
_ELSEWHERE = ("/usr/sbin", "/usr/bin", "/usr/lib/postgresql/*/bin")


class DatabaseFailure(Exception):
    """A database cannot be had; the message is one whole sentence."""


@dataclass(frozen=True)
class Place:
    """Where a server finds its sessions' database: a path or a URL; `version` is the database's own."""

    address: str
    version: str | None = None


@contextlib.contextmanager
def running(store: Store, folder: Path) -> Iterator[Place]:
    """The database of a store, while it runs; of files and memory, what stands for it.

    Raises:
        DatabaseFailure: it is not installed, or does not start.
    """
    start = {"postgres": _postgres, "mariadb": _mariadb, "redis": _redis}.get(store.name)
    if start is None:
        yield Place(str(folder / "store"))
        return
    # under a short name, for a socket's path has 107 bytes at most; not below `folder`, which others may not enter
    with tempfile.TemporaryDirectory(prefix="rename-tck-") as own:
        os.chmod(own, 0o755)
        with start(store, Path(own)) as place:
            yield place


def free_port() -> int:
    """A port of loopback that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextlib.contextmanager
def _postgres(store: Store, folder: Path) -> Iterator[Place]:
    initdb, server, ready = (_program(store, name) for name in ("initdb", "postgres", "pg_isready"))
    user, port, data = _unprivileged("postgres"), free_port(), folder / "data"
    _hand_over(folder, user)
    _once(store, [initdb, "-D", data, "-U", "tck", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], user)
    command: Command = [server, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F"]
    up: Command = [ready, "-q", "-h", folder, "-p", str(port)]
    with _process(store, command, up, port, folder, user, signal.SIGINT):
        yield Place(f"postgresql+psycopg://tck@127.0.0.1:{port}/postgres", _version(server))


@contextlib.contextmanager
def _mariadb(store: Store, folder: Path) -> Iterator[Place]:
    install, server, client = (_program(store, name) for name in ("mariadb-install-db", "mariadbd", "mariadb"))
    user, port, data, own = _unprivileged("mysql"), free_port(), folder / "data", folder / "socket"
    _hand_over(folder, user)
    _once(
        store,
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db",
         *([f"--user={user}"] if user else [])],
    )  # fmt: skip
    command: Command = [
        server, "--no-defaults", f"--datadir={data}", f"--socket={own}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--pid-file={folder / 'pid'}", f"--tmpdir={folder}",
    ]  # fmt: skip
    ask: Command = [client, "--no-defaults", f"--socket={own}", "--user=root", "--execute"]
    with _process(store, command, [*ask, "SELECT 1"], port, folder, user, signal.SIGTERM):
        # as its users have it: the character set and the collation are the server's own
        _once(store, [*ask, "CREATE DATABASE tck"])
        yield Place(f"mysql+pymysql://root@127.0.0.1:{port}/tck", _version(server))


@contextlib.contextmanager
def _redis(store: Store, folder: Path) -> Iterator[Place]:
    server, client = (_program(store, name) for name in ("redis-server", "redis-cli"))
    user, port, own = _unprivileged("redis"), free_port(), folder / "socket"
    _hand_over(folder, user)
    command: Command = [
        server, "--bind", "127.0.0.1", "--port", str(port), "--unixsocket", own, "--dir", folder, "--save", "",
        "--appendonly", "no",
    ]  # fmt: skip
    with _process(store, command, [client, "-s", own, "ping"], port, folder, user, signal.SIGTERM):
        yield Place(f"redis://127.0.0.1:{port}/0", _version(server))


@contextlib.contextmanager
def _process(
    store: Store, command: Command, up: Command, port: int, folder: Path, user: str | None,
    stop: signal.Signals,
) -> Iterator[None]:  # fmt: skip
    """A database's process until the end of the block; `up` is a command that succeeds once it answers."""
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **_as(user))
    try:
        end = time.monotonic() + _UP
        while subprocess.run(up, capture_output=True, check=False, timeout=_UP).returncode:
            if process.poll() is not None or time.monotonic() > end:
                raise DatabaseFailure(f"{store.title} did not start: {_why(log, port)}.")
            time.sleep(0.1)
        if process.poll() is not None:
            raise DatabaseFailure(f"{store.title} did not start: {_why(log, port)}.")
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(_DOWN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _why(log: Path, port: int) -> str:
    """Why a database did not start, by what it wrote."""
    said = log.read_text(encoding="utf-8", errors="replace")
    if "in use" in said:
        return f"its port {port} is in use"
    return " ".join(said.split())[-300:].rstrip(".") or "it said nothing"


def _program(store: Store, name: str) -> Path:
    """A database's program, also where it is not on the path; the newest where there are several."""
    for folder in (*os.environ.get("PATH", "").split(os.pathsep), *_ELSEWHERE):
        found = [path for path in sorted(glob.glob(f"{folder}/{name}"), reverse=True) if os.access(path, os.X_OK)]
        if found:
            return Path(found[0])
    raise DatabaseFailure(f"{store.title} is not installed: apt-get install {store.debian}.")


def _unprivileged(name: str) -> str | None:
    """The user that a database runs as, for some refuse the superuser: its own where that is there, else nobody."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(name)
    except KeyError:
        return "nobody"
    return name


def _hand_over(folder: Path, user: str | None) -> None:
    if user is not None:
        shutil.chown(folder, user)


def _as(user: str | None) -> dict[str, Any]:
    """What makes a process another user's."""
    if user is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": ()}


def _once(store: Store, command: Command, user: str | None = None) -> None:
    """Run a command to its end."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_UP, check=False, **_as(user))
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).split())[-300:].rstrip(".")
        raise DatabaseFailure(f"{store.title} could not be set up: {Path(command[0]).name} says: {said}.")


def _version(program: Path) -> str:
    """The version that a program says of itself."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_UP, check=True)
    words = done.stdout.replace("=", " ").replace("-", " ").split()
    return next(word for word in words if word[:1].isdigit() and "." in word)
