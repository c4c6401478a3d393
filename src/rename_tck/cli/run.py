"""`run`: judge a server. It is pytest underneath, and takes pytest's options."""

from __future__ import annotations

import click

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
  --base-url=URL               the target; the embedded servers without it [PYTEST_BASE_URL]
  --system=NAME                dify, agno or openhands; found out by default [RENAME_TCK_SYSTEM]
  --user=NAME                  whose sessions they are; rename-tck by default [RENAME_TCK_USER]
  --session-id=ID              a session to use, repeatable; else created [RENAME_TCK_SESSION_ID]
  --request-timeout=SECONDS    for a whole response; 10 s by default [RENAME_TCK_REQUEST_TIMEOUT]
  --report-dir=DIR             where reports go; reports by default [RENAME_TCK_REPORT_DIR]
The key is taken from RENAME_TCK_API_KEY (Dify, an app of another mode: RENAME_TCK_OTHER_MODE_KEY).

Of the command: --all, --config=FILE (instead of ./rename-tck.toml), --help
Of the suite: --edition --spec --level --known-failures --history --header --ca-bundle --insecure
              --rate-limit --max-requests --time-budget --plan
Of pytest: -k EXPRESSION, -x, -n PROCESSES, -q, -v, --collect-only, --junitxml=FILE, --maxfail=N,
           --deselect=TEST, --hypothesis-seed=N, --hypothesis-profile=quick|ci|nightly, ...

Exit status: 0 conforms, 1 does not conform, 2 interrupted, 3 could not be judged, 4 an option
cannot be used, 5 no test was selected.
"""


class _Run(click.Command):
    """A command whose help is written out: most of its options are pytest's to parse."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The whole help."""
        formatter.write(HELP)


@click.command(cls=_Run, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--all", "every", is_flag=True, help="Judge every target of the configuration file.")
@click.option("--config", metavar="FILE", help="The configuration file, instead of ./rename-tck.toml.")
def command(arguments: tuple[str, ...], every: bool, config: str | None) -> int:
    """Judge a server."""
    from rename_tck.cli.targets import judge, judge_all  # here, for pytest and all that judges come with it

    return judge_all(list(arguments), config) if every else judge(list(arguments), config)
