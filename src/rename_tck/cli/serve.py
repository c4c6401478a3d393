"""`serve`: run an embedded server, correct or with a fault, until it is interrupted."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

import click

from rename_tck.cli.errors import PROGRAM, CommandError, suggestion

if TYPE_CHECKING:
    from rename_tck.reference.service import Service

#: The systems that have an embedded server, and what each is called.
SYSTEMS = {"dify": "Dify", "agno": "Agno", "openhands": "OpenHands"}

#: The key that a server asks for when none is given. It opens nothing but that server, on this machine.
KEY = "local-key"
_OTHER_MODE_KEY = "local-key-of-another-mode"


def _systems(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The systems, for the shell to complete."""
    return [name for name in SYSTEMS if name.startswith(incomplete)]


def _faults(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The faults of the system that is named, else of all, for the shell to complete."""
    from rename_tck.reference.faults import faults

    # an option without its value yet leaves the words as they are
    named = [word for word in (ctx.params.get("system"), *ctx.args) if word in SYSTEMS]
    names = dict.fromkeys(name for system in named or SYSTEMS for name in faults(system))
    return [name for name in names if name.startswith(incomplete)]


@click.command()
@click.argument("system", required=False, metavar=f"[{'|'.join(SYSTEMS)}]", shell_complete=_systems)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port (default: a free one).")
@click.option(
    "--api-key", default=KEY, metavar="KEY", help=f"The key to ask for (default: {KEY}); empty, none is asked for."
)
@click.option("--fault", metavar="NAME", help="Serve with this fault.", shell_complete=_faults)
@click.option("--list-faults", is_flag=True, help="List the faults, and a requirement that finds each.")
def command(system: str | None, port: int, api_key: str, fault: str | None, list_faults: bool) -> int:
    """Run an embedded server on 127.0.0.1 until Ctrl-C, and print the command that judges it.

    \b
      rename-tck serve dify                               a correct server, to try a client against
      rename-tck serve dify --fault=missing-user-taken    see what a failure looks like
      rename-tck serve agno --port=7777 --api-key=secret
      rename-tck serve openhands --list-faults
    """
    if system is not None and system not in SYSTEMS:
        raise CommandError(f"there is no server {system}, but {', '.join(SYSTEMS)}{suggestion(system, SYSTEMS) or '.'}")
    if list_faults:
        _list([system] if system is not None else list(SYSTEMS))
        return 0
    if system is None:
        raise CommandError(f"serve needs to know which server: {', '.join(SYSTEMS)}.")
    if not api_key.isascii() or any(not 33 <= ord(char) < 127 for char in api_key):
        raise CommandError("--api-key has a character that no header can carry.")
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
            raise CommandError(f"the server of {SYSTEMS[system]} has no fault {fault}{near}")
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
                raise CommandError(
                    f"port {port} of 127.0.0.1 cannot be had ({why}): give another with --port, "
                    f"or leave it out for a free one."
                ) from None
            keys = {"RENAME_TCK_API_KEY": key} if key else {}
            if key and system == "dify":
                keys["RENAME_TCK_OTHER_MODE_KEY"] = _OTHER_MODE_KEY
            variables = "".join(f"{name}={shlex.quote(value)} " for name, value in keys.items())
            sys.stdout.write(
                f"{what} answers at {url}\n"
                f"its key: {key or '(it asks for none)'}\n"
                f"judge it with\n\n"
                f"    {variables}{PROGRAM} run --base-url={url} --system={system}\n\n"
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
            others = "" if fault.alone else ", among others"
            lines += [f"  {fault.name:{wide}}  {fault.sentence}", f"  {'':{wide}}  fails {fault.requirement}{others}"]
        lines += [""]
    put("\n".join(lines[:-1]) + "\n", None)
