"""`known-failures`: a first file of known failures, made of a record's failures."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to, instead of standard output.")
def command(file: Path, output: Path | None) -> int:
    """Write a file of known failures from FILE, the conformance.json of a run.

    \b
      rename-tck known-failures reports/conformance.json --output=known-failures.toml
      rename-tck run --base-url=http://localhost:7777 --known-failures=known-failures.toml

    Give each entry a reason, and an expiry date and a link if you like.
    """
    from rename_tck.cli.output import put, read
    from rename_tck.results import known_failures

    put(known_failures.first_file(read(file)), output)
    return 0
