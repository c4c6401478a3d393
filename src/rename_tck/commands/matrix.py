"""`matrix`: several records side by side on one HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path

from rename_tck.commands.files import put, read
from rename_tck.reports import matrix


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("matrix", help="several records side by side", description=__doc__)
    parser.add_argument(
        "files",
        nargs="+",
        metavar="[NAME=]FILE",
        help="a conformance.json, and what its column is called (its path when not given)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to, instead of standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the page."""
    named = [_named(argument) for argument in arguments.files]
    put(matrix.render([(name, read(path)) for name, path in named]), arguments.output)
    return 0


def _named(argument: str) -> tuple[str, Path]:
    """A column's name and its file; an argument that is a file as it stands is not split."""
    name, equals, path = argument.partition("=")
    if not equals or not name or Path(argument).exists():
        return argument.removesuffix("/conformance.json"), Path(argument)
    return name, Path(path)
