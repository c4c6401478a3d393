"""`replay`: send one kept failure again, and say whether it still fails.

Any other option is passed on to pytest as it stands (--header, --insecure, --session-id, --user, ...); keys come from
the environment. Exit status 0: it passes now; 1: it still fails; 3: it could not be judged.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "replay", help="send a kept failure again", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("id", metavar="ID", help="the requirement, as in dify.user-required, or a file of a failure")
    parser.add_argument("--base-url", metavar="URL", help="the target [PYTEST_BASE_URL]")
    parser.add_argument(
        "--report-dir", type=Path, metavar="DIR", help="the reports of the run that failed [RENAME_TCK_REPORT_DIR]"
    )
    parser.add_argument(
        "--spec", metavar="FILE", help="the document of your own that the run judged by [RENAME_TCK_SPEC]"
    )
    parser.set_defaults(run=run, takes_more=True)


def run(arguments: argparse.Namespace) -> int:
    """Send it, and say what came of it."""
    from rename_tck.commands.resending import resend  # here, for pytest and all that judges come with it

    return resend(arguments)
