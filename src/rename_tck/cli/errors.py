"""How a command says that it cannot do what it was asked for, and the name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: Exit status of a command that cannot do what it was asked for.
CANNOT = 2

#: Exit status of a run whose options, variables or configuration file cannot be used.
BAD_OPTION = 4


class CommandError(Exception):
    """A command cannot do what it was asked for; the message is one whole sentence. Exit status 2."""


class BadUsage(Exception):
    """A command was called wrongly; the message is one sentence, which is printed after the program's name.

    `status` is the exit status.
    """

    def __init__(self, message: str, status: int = CANNOT) -> None:
        super().__init__(message)
        self.status = status


def suggestion(name: str, names: Iterable[str]) -> str:
    """`; did you mean NAME?` where one of the names is near, else nothing: to be put behind a sentence."""
    by_word = {known.lstrip("-"): known for known in names}
    near = difflib.get_close_matches(name.lstrip("-"), by_word, n=1)
    return f"; did you mean {by_word[near[0]]}?" if near else ""
