"""The options of `rename-tck run`, as far as the command itself must know them: pytest parses them."""

from __future__ import annotations

from collections.abc import Sequence

from rename_tck.settings.options import OPTIONS

#: Of pytest and its plugins that take a value: those that are of use in a run.
_PYTEST_VALUES = (
    "--base-url", "--hypothesis-profile", "--hypothesis-seed", "--hypothesis-verbosity", "--junitxml", "--junit-xml",
    "--junitprefix", "--maxfail", "--tb", "--color", "--durations", "--durations-min", "--deselect", "--ignore",
    "--ignore-glob", "--capture", "--verbosity", "--numprocesses", "--maxprocesses", "--dist", "--tx",
    "--max-worker-restart", "--basetemp", "--rootdir", "--confcutdir", "--config-file", "--override-ini", "--log-level",
    "--log-file", "--log-cli-level", "--log-file-level", "--pythonwarnings", "--import-mode", "--code-highlight",
)  # fmt: skip
_PYTEST_FLAGS = (
    "--collect-only", "--co", "--exitfirst", "--quiet", "--verbose", "--no-header", "--no-summary", "--help",
    "--showlocals", "--full-trace", "--hypothesis-show-statistics", "--hypothesis-explain", "--setup-show", "--markers",
    "--fixtures", "--exitfirst", "--continue-on-collection-errors", "--strict-markers", "--debug", "--trace-config",
)  # fmt: skip

#: Of the command itself.
_OWN = ("--all", "--config")

#: What an option may have been meant to be.
LONG_OPTIONS = (*_OWN, *(f"--{option.name}" for option in OPTIONS), *_PYTEST_VALUES, *_PYTEST_FLAGS)

#: Those whose value may be the next word.
TAKE_A_VALUE = frozenset({
    *(f"--{option.name}" for option in OPTIONS if not option.flag), *_PYTEST_VALUES,
    "-k", "-m", "-n", "-p", "-c", "-o", "-r", "-W",
})  # fmt: skip


def last_value(arguments: Sequence[str], *names: str) -> str | None:
    """The value that an option is given, the last where it is given several times; None without."""
    found = None
    for number, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in names:
            following = arguments[number + 1] if number + 1 < len(arguments) else None
            found = value if equals else following
    return found


def positional(arguments: Sequence[str]) -> list[int]:
    """Which of the arguments are neither options nor values of options: their places."""
    places, is_value = [], False
    for place, word in enumerate(arguments):
        if not is_value and not word.startswith("-"):
            places.append(place)
        is_value = not is_value and word in TAKE_A_VALUE
    return places
