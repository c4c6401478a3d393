"""The command itself: its sub-commands, loaded when they are called, and how their errors are said."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from rename_tck import __version__
from rename_tck.cli.errors import CANNOT, PROGRAM, BadOption, CommandError, complain, suggestion
from rename_tck.cli.output import outlasting_readers


class _SubCommand(NamedTuple):
    module: str
    summary: str


#: In the order of the help.
SUB_COMMANDS = {
    "run": _SubCommand("run", "Judge a server, or without --base-url the embedded ones."),
    "serve": _SubCommand("serve", "Run an embedded server, with a fault if you like, to try things on."),
    "replay": _SubCommand("replay", "Send a failing case of an earlier run again."),
    "report": _SubCommand("report", "Make a report from a record: HTML, Markdown, CTRF or a badge."),
    "diff": _SubCommand("diff", "Say what changed between two records."),
    "matrix": _SubCommand("matrix", "Set several records side by side on one HTML page."),
    "known-failures": _SubCommand("known_failures", "Write a file of known failures from a record."),
}

#: A variable: with it what is unexpected is shown with its traceback.
_DEBUG = "RENAME_TCK_DEBUG"

#: Columns of the help texts, at most.
_COLUMNS = 100

_EPILOG = """\b
Each command has its own --help. Completion in the shell (bash; or zsh_source, fish_source):
  eval "$(_RENAME_TCK_COMPLETE=bash_source rename-tck)"
"""


class SubCommands(click.Group):
    """The sub-commands by name. The modules are imported when they are called, and for no help but their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Their names."""
        return list(SUB_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The one of this name."""
        if cmd_name not in SUB_COMMANDS:
            return None
        command = importlib.import_module(f"{__package__}.{SUB_COMMANDS[cmd_name].module}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The one that is called, and what it is called with."""
        name = args[0]
        if name not in SUB_COMMANDS and not name.startswith("-"):
            near = suggestion(name, SUB_COMMANDS) or f": there are {', '.join(SUB_COMMANDS)}."
            raise CommandError(f"there is no command {name}{near}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of the help, without an import of any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.summary) for name, each in SUB_COMMANDS.items()])


@click.command(
    cls=SubCommands,
    invoke_without_command=True,
    context_settings={"max_content_width": _COLUMNS, "help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)
@click.version_option(__version__, message=f"{PROGRAM} %(version)s")
@click.pass_context
def _command(ctx: click.Context) -> None:
    """Judge whether a server implements the rename operation of Dify, Agno AgentOS or OpenHands.

    \b
      rename-tck run                               see it work: judge the embedded servers
      rename-tck run --base-url=http://localhost:7777 --system=agno
      rename-tck run staging                       judge a target that rename-tck.toml names
      rename-tck serve dify --fault=missing-user-taken    a server to see a failure with
      rename-tck replay dify.user-required --base-url=http://localhost:5001/v1
      rename-tck diff before/conformance.json after/conformance.json

    The key of the server under test is taken from the variable RENAME_TCK_API_KEY.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(CANNOT)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    with outlasting_readers():
        try:
            status: Any = _command.main(args=words, prog_name=PROGRAM, standalone_mode=False)
        except CommandError as error:
            complain(str(error))
            return error.status
        except click.UsageError as error:
            wrong = _wrong_usage(error, words)
            complain(str(wrong))
            return wrong.status
        except click.Abort:  # Ctrl-C
            return CANNOT
        except Exception as error:  # noqa: BLE001
            return _unexpected(error)
    return status if isinstance(status, int) else 0


def _wrong_usage(error: click.UsageError, words: Sequence[str]) -> CommandError:
    """What Click has to say, as one sentence."""
    name = f"{PROGRAM} {words[0]}" if words and words[0] in SUB_COMMANDS else PROGRAM
    if isinstance(error, click.NoSuchOption):
        near = f"; did you mean {error.possibilities[0]}?" if error.possibilities else f": {name} --help lists them."
        text = f"there is no option {error.option_name}{near}"
    else:
        said = error.format_message().strip().rstrip(".")
        text = f"{said[:1].lower()}{said[1:]}: {name} --help tells more."
    return BadOption(text) if name == f"{PROGRAM} run" else CommandError(text)


def _unexpected(error: Exception) -> int:
    """Say what no one has thought of, without what might hold a secret; the exit status."""
    from rename_tck.results.run import COULD_NOT_JUDGE

    if os.environ.get(_DEBUG):
        traceback.print_exception(error)
    what = str(error) if isinstance(error, OSError) else type(error).__name__
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}, line {place.lineno}"
    complain(
        f"something unexpected happened ({what}; {where}): {_DEBUG}=1 in the environment shows where it comes from."
    )
    return COULD_NOT_JUDGE
