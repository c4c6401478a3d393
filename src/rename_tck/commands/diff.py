"""`diff`: what got worse, better, new and gone from one record to another; exit status 1 when a MUST got worse."""

from __future__ import annotations

import argparse
from pathlib import Path

from rename_tck.commands.files import CommandError, put, read
from rename_tck.reports import changes, changes_text


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("diff", help="what changed between two records", description=__doc__)
    parser.add_argument("before", type=Path, metavar="A.json", help="the earlier record")
    parser.add_argument("after", type=Path, metavar="B.json", help="the later record")
    parser.add_argument("--format", choices=["text", "md"], default="text", help="text (the default) or Markdown")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to, instead of standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Say what changed."""
    before, after = read(arguments.before), read(arguments.after)
    try:
        found = changes.compare(before, after)
    except changes.NothingInCommonError as error:
        raise CommandError(str(error)) from None
    render = changes_text.markdown if arguments.format == "md" else changes_text.terminal
    put(render(found, (str(arguments.before), str(arguments.after))), arguments.output)
    return 1 if changes.musts_got_worse(found) else 0
