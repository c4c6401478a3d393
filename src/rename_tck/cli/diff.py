"""`diff`: what changed from one record to another; exit status 1 when a MUST got worse, 3 when some were not tried."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("before", type=click.Path(path_type=Path), metavar="A.json")
@click.argument("after", type=click.Path(path_type=Path), metavar="B.json")
@click.option(
    "--format", "form", type=click.Choice(["text", "md"]), default="text", help="Text (the default) or Markdown."
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to, instead of standard output.")
def command(before: Path, after: Path, form: str, output: Path | None) -> int:
    """Say what changed from the record A.json to the later record B.json.

    \b
      rename-tck diff before/conformance.json after/conformance.json
      rename-tck diff last.json reports/conformance.json --format=md >> "$GITHUB_STEP_SUMMARY"

    Exit status 1 when a MUST got worse; 3 when none did, but the second run did not get to some; else 0.
    """
    from rename_tck.cli.errors import CommandError
    from rename_tck.cli.output import put, read
    from rename_tck.reports import changes, changes_text

    first, second = read(before), read(after)
    try:
        found = changes.compare(first, second)
    except changes.NothingInCommonError as error:
        raise CommandError(str(error)) from None
    render = changes_text.markdown if form == "md" else changes_text.terminal
    put(render(found, (str(before), str(after))), output)
    return 1 if changes.musts_got_worse(found) else 3 if changes.musts_not_got_to(found) else 0
