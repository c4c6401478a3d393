"""`report`: a record as one of the reports that a run leaves, made again."""

from __future__ import annotations

from pathlib import Path

import click

#: The formats; `reports.record.REPORTS` has what makes each.
FORMATS = ("html", "md", "ctrf", "badge")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="md", help="Which report (default: md).")
@click.option(
    "--history", type=click.Path(path_type=Path), metavar="FILE", help="A history, for the trend on the HTML page."
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to, instead of standard output.")
def command(file: Path, form: str, history: Path | None, output: Path | None) -> int:
    """Make a report from FILE, the conformance.json of a run.

    \b
      rename-tck report reports/conformance.json >> "$GITHUB_STEP_SUMMARY"
      rename-tck report reports/conformance.json --format=html --history=nights.jsonl > page.html
    """
    from rename_tck.cli.errors import CommandError, complain
    from rename_tck.cli.output import put, read
    from rename_tck.reports.writing import REPORTS
    from rename_tck.results import history as histories

    record, runs = read(file), None
    if history is not None:
        try:
            runs = histories.load(history)
        except OSError as error:
            raise CommandError(f"{history} cannot be read: {error.strerror or error}.") from None
        for note in runs.notes:
            complain(note)
    put(REPORTS[form].render(record, runs), output)
    return 0
