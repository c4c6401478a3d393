"""`python -m rename_tck`: what is done with the record of a run, or with what it kept. The run itself is pytest's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rename_tck import __version__
from rename_tck.commands import diff, known_failures, matrix, replay, report
from rename_tck.commands.files import CommandError
from rename_tck.text import one_line

COMMANDS = (report, diff, matrix, known_failures, replay)

#: A command cannot do what it was asked for; argparse gives the same status for arguments it does not understand.
CANNOT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m rename_tck", description="Work with what runs leave behind.")
    parser.add_argument("--version", action="version", version=f"rename-tck {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for command in COMMANDS:
        command.add(commands)
    chosen, more = parser.parse_known_args(arguments)
    if more and not getattr(chosen, "takes_more", False):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    chosen.more = more
    try:
        status: int = chosen.run(chosen)
    except CommandError as error:
        sys.stderr.write(f"{one_line(str(error))}\n")
        return CANNOT
    return status


if __name__ == "__main__":
    sys.exit(main())
