"""How a command says that it cannot do what it was asked for, and the name that was probably meant."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable

from rename_tck.text import one_line

#: What the command is called, and what every sentence of its errors begins with.
PROGRAM = "rename-tck"

#: Exit status of a command that cannot do what it was asked for.
CANNOT = 2


class CommandError(Exception):
    """A command cannot do what it was asked for, or was called wrongly; the message is one sentence."""

    @property
    def status(self) -> int:
        """The exit status."""
        return CANNOT


class BadOption(CommandError):
    """An option, a variable or the configuration file of a run cannot be used."""

    @property
    def status(self) -> int:
        """The exit status: that of a run whose options cannot be used."""
        from rename_tck.results.run import BAD_OPTION  # here, for the help of a command does without

        return BAD_OPTION


def complain(sentence: str) -> None:
    """Say on standard error what is wrong."""
    if sys.stderr is not None:  # it is closed where the shell was asked to close it
        sys.stderr.write(f"{PROGRAM}: {one_line(sentence)}\n")


def suggestion(name: str, names: Iterable[str]) -> str:
    """`; did you mean NAME?` where one of the names is near, else nothing: to be put behind a sentence."""
    by_word = {known.lstrip("-"): known for known in names}
    near = difflib.get_close_matches(name.lstrip("-"), by_word, n=1)
    return f"; did you mean {by_word[near[0]]}?" if near else ""
