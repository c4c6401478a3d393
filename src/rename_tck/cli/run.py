"""`run`: judge a server. It is pytest underneath, and takes pytest's options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rename_tck import __version__
from rename_tck.cli.errors import PROGRAM

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

HELP = """\
Usage: rename-tck run [TARGET] [OPTIONS] [TESTS]

Judge whether a server implements the rename operation as its OpenAPI document says:
  RENAME_TCK_API_KEY=app-... rename-tck run --base-url=https://dify.example/v1 --system=dify

The options that people use, with their variables:
  --base-url=URL             the server; default: the three embedded ones [RENAME_TCK_BASE_URL]
  --system=NAME              dify, agno or openhands; default: found out [RENAME_TCK_SYSTEM]
  --user=NAME                whose sessions are renamed; default: rename-tck [RENAME_TCK_USER]
  --session-id=ID            an existing session to rename, repeatable, which gets its name back;
                             default: sessions are created and deleted [RENAME_TCK_SESSION_ID]
  --hypothesis-profile=NAME  how many requests: smoke (up to 150), quick (some 900), ci (some 1,100)
                             or nightly (some 4,000); default: quick
  --report-dir=FOLDER        where reports are written; default: reports [RENAME_TCK_REPORT_DIR]
The keys, which no option takes:
  RENAME_TCK_API_KEY         the key of the server
  RENAME_TCK_OTHER_MODE_KEY  Dify: the key of an app of another mode, such as a workflow
  RENAME_TCK_OTHER_USER_KEY  OpenHands: the key of another user; Dify: of a second app

More examples:
  rename-tck run                      judge the embedded servers
  rename-tck run staging              judge [targets.staging] of rename-tck.toml
  rename-tck run --all                judge every target of that file, each into a folder of its own
  rename-tck run -k user-required -x  judge one requirement, and stop at its first failure

More options, which the page Options of the documentation explains:
  judged by    --spec=FILE  --edition=NAME  --level=must|should
  limits       --request-timeout=SECONDS (10)  --rate-limit=10/s  --concurrency=NUMBER (up to 8)
               --max-requests=NUMBER  --time-budget=5m  --wait=30s  --settle=SECONDS (2)
  connection   --header='Name: value'  --ca-bundle=FILE  --insecure
  over time    --known-failures=FILE  --history=FILE  --keep-failed
  before       --plan (what would be sent, with counts)  --collect-only  --config=FILE
  of pytest    -k EXPRESSION  -x  -n PROCESSES  -q  -v  --junitxml=FILE  --maxfail=NUMBER
               --deselect=TEST  --hypothesis-seed=NUMBER
Exit status: 0 conforms; 1 does not conform; 2 interrupted; 3 could not be judged, or only in part;
4 an option cannot be used; 5 no test was selected.
"""


class _Run(click.Command):
    """A command whose help is written out: most of its options are pytest's to parse."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options of the command itself."""
        # as words alone: Click would find the letters within those of pytest, too, as the h of -kauth
        return super().parse_args(ctx, [{"-h": "--help", "-V": "--version"}.get(word, word) for word in args])

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The whole help."""
        formatter.write(HELP)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The long options, those of pytest as well; else the targets."""
        if not incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem

        from rename_tck.cli.command_line import LONG_OPTIONS

        return [CompletionItem(name) for name in sorted({*LONG_OPTIONS, "--help"}) if name.startswith(incomplete)]


def _targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The targets of the configuration file, for the shell to complete."""
    from rename_tck.cli.config_file import ConfigFileError, find

    try:
        return [name for name in find(ctx.params.get("config")).targets if name.startswith(incomplete)]
    except ConfigFileError:
        return []


@click.command(cls=_Run, context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=_targets)
@click.option("--all", "every", is_flag=True, help="Judge every target of the configuration file.")
@click.option("--config", metavar="FILE", help="The configuration file, instead of ./rename-tck.toml.")
@click.version_option(__version__, message=f"{PROGRAM} %(version)s")
def command(arguments: tuple[str, ...], every: bool, config: str | None) -> int:
    """Judge a server."""
    from rename_tck.cli.run_targets import judge, judge_all  # here, for pytest and all that judges come with it

    return judge_all(list(arguments), config) if every else judge(list(arguments), config)
