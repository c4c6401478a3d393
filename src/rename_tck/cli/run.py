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

  RENAME_TCK_API_KEY=app-... rename-tck run --base-url=https://dify.example/v1 --system=dify
  rename-tck run                        judge the three embedded servers
  rename-tck run staging                judge [targets.staging] of rename-tck.toml
  rename-tck run --all                  judge every target there, each with its own report folder
  rename-tck run -k user-required -x    judge one requirement, and stop at the first failure
  rename-tck run -n 4 --junitxml=junit.xml

Judge a server by the OpenAPI document that it claims to implement. Reports go to ./reports. Of the
folder that this is called in nothing is read but rename-tck.toml, no pytest configuration either.

Most used (the command line wins over variables, variables over rename-tck.toml):
  --base-url=URL               the target; the embedded servers without it [RENAME_TCK_BASE_URL]
  --system=NAME                dify, agno or openhands; found out by default [RENAME_TCK_SYSTEM]
  --user=NAME                  whose sessions they are; rename-tck by default [RENAME_TCK_USER]
  --session-id=ID              a session to use, repeatable; else created [RENAME_TCK_SESSION_ID]
  --request-timeout=SECONDS    for a whole response; 10 s by default [RENAME_TCK_REQUEST_TIMEOUT]
  --report-dir=DIR             where reports go; reports by default [RENAME_TCK_REPORT_DIR]
  --wait=TIME                  for a target that is not up yet, as in 30s [RENAME_TCK_WAIT]
The key is taken from RENAME_TCK_API_KEY (Dify, an app of another mode: RENAME_TCK_OTHER_MODE_KEY;
another user or a second app: RENAME_TCK_OTHER_USER_KEY).

Of the command: --all, --config=FILE (instead of ./rename-tck.toml), --help
Of the suite: --edition --spec --level --known-failures --history --header --ca-bundle --insecure
              --rate-limit --concurrency --max-requests --time-budget --settle --plan --keep-failed
Of pytest: -k EXPRESSION, -x, -n PROCESSES, -q, -v, --collect-only, --junitxml=FILE, --maxfail=N,
           --deselect=TEST, --hypothesis-seed=N, --hypothesis-profile=smoke|quick|ci|nightly

Exit status: 0 conforms, 1 does not conform, 2 interrupted, 3 could not be judged, 4 an option
cannot be used, 5 no test was selected.
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
