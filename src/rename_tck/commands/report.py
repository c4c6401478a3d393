"""`report`: a record as one of the reports that a run leaves, made again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rename_tck.commands.files import CommandError, put, read
from rename_tck.reports.writing import REPORTS
from rename_tck.results import history
from rename_tck.text import one_line


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("report", help="make a report from a record", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="a conformance.json")
    formats = [name for name in REPORTS if name != "json"]
    parser.add_argument("--format", choices=formats, default="md", help="which report (md when not given)")
    parser.add_argument("--history", type=Path, metavar="FILE", help="a history, for the trend on the HTML page")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to, instead of standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the report."""
    record, runs = read(arguments.file), None
    if arguments.history is not None:
        try:
            runs = history.load(arguments.history)
        except OSError as error:
            raise CommandError(f"{arguments.history} cannot be read: {error.strerror or error}.") from None
        for note in runs.notes:
            sys.stderr.write(f"{one_line(note)}\n")
    put(REPORTS[arguments.format].render(record, runs), arguments.output)
    return 0
