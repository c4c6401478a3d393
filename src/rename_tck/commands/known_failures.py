"""`known-failures`: a first file of known failures, made of a record's failures."""

from __future__ import annotations

import argparse
from pathlib import Path

from rename_tck.commands.files import put, read
from rename_tck.results import known_failures


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("known-failures", help="write a file of known failures", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="a conformance.json")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to, instead of standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file."""
    put(known_failures.first_file(read(arguments.file)), arguments.output)
    return 0
