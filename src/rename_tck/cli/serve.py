"""`serve`: run an embedded server, correct or with a fault, until it is interrupted."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

import click

from rename_tck.cli import PROGRAM
from rename_tck.cli.errors import BadUsage, suggestion

if TYPE_CHECKING:
    from rename_tck.reference.service import Service

#: The systems that have an embedded server, and what each is called.
SYSTEMS = {"dify": "Dify", "agno": "Agno", "openhands": "OpenHands"}

#: The key that a server asks for when none is given. It opens nothing but that server, on this machine.
KEY = "local-key"
_OTHER_MODE_KEY = "local-key-of-another-mode"


@click.command()
@click.argument("system", required=False, metavar=f"[{'|'.join(SYSTEMS)}]")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port (default: a free one).")
@click.option(
    "--api-key", default=KEY, metavar="KEY", help=f"The key to ask for (default: {KEY}); empty, none is asked for."
)
@click.option("--fault", metavar="NAME", help="Serve with this fault.")
@click.option("--list-faults", is_flag=True, help="List the faults, and the requirement that finds each.")
def command(system: str | None, port: int, api_key: str, fault: str | None, list_faults: bool) -> int:
    """Run an embedded server on 127.0.0.1 until Ctrl-C, and print the command that judges it.

    \b
      rename-tck serve dify                            a correct server, to try a client against
      rename-tck serve dify --fault=name-not-stored    see what a failure looks like
      rename-tck serve agno --port=7777 --api-key=secret
      rename-tck serve openhands --list-faults
    """
    if system is not None and system not in SYSTEMS:
        raise BadUsage(f"there is no server {system}, but {', '.join(SYSTEMS)}{suggestion(system, SYSTEMS) or '.'}")
    if list_faults:
        _list([system] if system is not None else list(SYSTEMS))
        return 0
    if system is None:
        raise BadUsage(f"serve needs to know which server: {', '.join(SYSTEMS)}.")
    if not api_key.isascii() or any(not 33 <= ord(char) < 127 for char in api_key):
        raise BadUsage("--api-key has a character that no header can carry.")
    app = _application(system, api_key or None, fault)
    what = f"the embedded {SYSTEMS[system]} server{f' with the fault {fault}' if fault else ''}"
    _serve(app, port, what, system, api_key)
    return 0


def _application(system: str, key: str | None, fault: str | None) -> Service:
    """The server, with the fault if there is to be one."""
    from rename_tck.reference.agno import AgnoServer
    from rename_tck.reference.dify import DifyServer
    from rename_tck.reference.faults import faults
    from rename_tck.reference.openhands import OpenHandsServer

    correct: dict[str, type[DifyServer | AgnoServer | OpenHandsServer]] = {
        "dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer,
    }  # fmt: skip
    server = correct[system]
    if fault is not None:
        known = faults(system)
        if fault not in known:
            near = suggestion(fault, known) or f": {PROGRAM} serve {system} --list-faults lists them."
            raise BadUsage(f"the server of {SYSTEMS[system]} has no fault {fault}{near}")
        found = known[fault].server
        assert issubclass(found, server)
        server = found
    return server(key, _OTHER_MODE_KEY) if issubclass(server, DifyServer) else server(key)


def _serve(app: Service, port: int, what: str, system: str, key: str) -> None:
    """Serve until a signal ends it."""
    from rename_tck.reference.serving import serve

    _heed_signals()
    try:
        with contextlib.ExitStack() as stack:
            try:
                url = stack.enter_context(serve(app, port))
            except OSError as error:
                why = error.strerror or str(error)
                raise BadUsage(
                    f"port {port} of 127.0.0.1 cannot be had ({why}): give another with --port, "
                    f"or leave it out for a free one."
                ) from None
            variable = f"RENAME_TCK_API_KEY={shlex.quote(key)} " if key else ""
            sys.stdout.write(
                f"{what} answers at {url}\n"
                f"its key: {key or '(it asks for none)'}\n"
                f"judge it with\n\n"
                f"    {variable}{PROGRAM} run --base-url={url} --system={system}\n\n"
                f"Ctrl-C stops it.\n"
            )
            sys.stdout.flush()
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass


def _heed_signals() -> None:
    """Have SIGTERM end it as Ctrl-C does. What the process was started to ignore it ignores."""

    def stop(*_: object) -> NoReturn:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)  # once is enough
        raise KeyboardInterrupt

    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
    for number in numbers:
        signal.signal(number, stop)


def _list(systems: list[str]) -> None:
    from rename_tck.cli.output import put
    from rename_tck.reference.faults import faults

    lines = []
    for system in systems:
        known = faults(system).values()
        lines += [f"{SYSTEMS[system]} ({PROGRAM} serve {system} --fault=NAME)"]
        wide = max(len(fault.name) for fault in known)
        for fault in known:
            lines += [f"  {fault.name:{wide}}  {fault.sentence}", f"  {'':{wide}}  fails {fault.requirement}"]
        lines += [""]
    put("\n".join(lines[:-1]) + "\n", None)
