"""`matrix`: several records side by side on one HTML page."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="[NAME=]FILE...")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to, instead of standard output.")
def command(files: tuple[str, ...], output: Path | None) -> int:
    """Set records side by side on one HTML page, each FILE in a column that is called NAME.

    \b
      rename-tck matrix 2.5.6=old/conformance.json 3.1.10=new/conformance.json --output=matrix.html

    Without NAME a column is called by its file's path.
    """
    from rename_tck.cli.output import put, read, report_of
    from rename_tck.reports import matrix

    named = [_named(argument) for argument in files]
    page = matrix.render([(name, read(path)) for name, path in named], [report_of(path, output) for _, path in named])
    put(page, output)
    return 0


def _named(argument: str) -> tuple[str, Path]:
    """A column's name and its file; an argument that is a file as it stands is not split."""
    name, equals, path = argument.partition("=")
    if not equals or not name or Path(argument).exists():
        return argument.removesuffix("/conformance.json"), Path(argument)
    return name, Path(path)
