"""`replay`: send one failing case of an earlier run again, and say whether it still fails."""

from __future__ import annotations

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="ID [OPTIONS OF run]...")
@click.option("--base-url", metavar="URL", help="The target. [RENAME_TCK_BASE_URL, PYTEST_BASE_URL]")
@click.option(
    "--report-dir",
    metavar="DIR",
    help="The reports of the run that failed (default: reports). [RENAME_TCK_REPORT_DIR]",
)
@click.option(
    "--spec",
    metavar="FILE|URL",
    help="The document of your own that the run judged by, or `published`. [RENAME_TCK_SPEC]",
)
def command(arguments: tuple[str, ...], base_url: str | None, report_dir: str | None, spec: str | None) -> int:
    """Send the failing case of a requirement again. ID is the requirement, or the file of the case.

    \b
      rename-tck replay dify.user-required --base-url=https://dify.example/v1
      rename-tck replay reports/replay/dify.answer-schema.ja.json --base-url=https://dify.example/v1

    Whatever else the target asks for is given as to run (--header, --insecure, --session-id, --user, ...). The key is
    taken from RENAME_TCK_API_KEY.

    Exit status 0: it passes now; 1: it still fails; 3: it could not be judged; 2: it cannot be asked.
    """
    from rename_tck.cli.command_line import positional
    from rename_tck.cli.errors import CommandError

    places = positional(arguments)
    names = [arguments[place] for place in places]
    if not names:
        raise CommandError("replay needs the ID of a requirement, as in rename-tck replay dify.user-required.")
    if len(names) > 1:
        raise CommandError(f"replay sends the case of one requirement, not of {' and '.join(names)}: name one.")
    if spec is not None and not spec.strip():
        raise CommandError("--spec is given but empty.")
    more = (*arguments[: places[0]], *arguments[places[0] + 1 :])

    from rename_tck.cli.replaying import resend  # here, for pytest and all that judges come with it

    return resend(names[0], more, base_url=base_url, report_dir=report_dir, spec=spec)
