"""The command line of `rename-tck run`, as far as the command itself must know it: pytest parses it."""

from __future__ import annotations

from collections.abc import Sequence

from rename_tck.settings.options import OPTIONS

# Of pytest and the plugins that a run has. A test holds these lists to the parser of the pytest that is installed.
_PYTEST_VALUES = (
    "--assert", "--base-url", "--basetemp", "--capture", "--code-highlight", "--color", "--confcutdir", "--config-file",
    "--debug", "--deselect", "--dist", "--doctest-glob", "--doctest-report", "--durations", "--durations-min",
    "--hypothesis-profile", "--hypothesis-seed", "--hypothesis-verbosity", "--ignore", "--ignore-glob", "--import-mode",
    "--junit-prefix", "--junit-xml", "--junitprefix", "--junitxml", "--log-auto-indent", "--log-cli-date-format",
    "--log-cli-format", "--log-cli-level", "--log-date-format", "--log-disable", "--log-file", "--log-file-date-format",
    "--log-file-format", "--log-file-level", "--log-file-mode", "--log-format", "--log-level", "--max-warnings",
    "--max-worker-restart", "--maxfail", "--maxprocesses", "--maxschedchunk", "--numprocesses", "--override-ini",
    "--pastebin", "--pdbcls", "--px", "--pythonwarnings", "--report-chars", "--rootdir", "--rsyncdir", "--rsyncignore",
    "--show-capture", "--tb", "--testrunuid", "--tx", "--verbosity",
)  # fmt: skip
_PYTEST_FLAGS = (
    "--co", "--collect-in-virtualenv", "--collect-only", "--continue-on-collection-errors",
    "--disable-plugin-autoload", "--disable-pytest-warnings", "--disable-warnings", "--doctest-continue-on-failure",
    "--doctest-ignore-import-errors", "--doctest-modules", "--exitfirst", "--fixtures", "--fixtures-per-test",
    "--force-short-summary", "--full-trace", "--funcargs", "--help", "--hypothesis-explain",
    "--hypothesis-show-statistics", "--keep-duplicates", "--loadscope-reorder", "--looponfail", "--markers",
    "--no-fold-skipped", "--no-header", "--no-loadscope-reorder", "--no-showlocals", "--no-summary", "--noconftest",
    "--pdb", "--pyargs", "--quiet", "--runxfail", "--setup-only", "--setup-plan", "--setup-show", "--showlocals",
    "--strict", "--strict-config", "--strict-markers", "--trace", "--trace-config", "--verbose", "--verify-base-url",
    "--version", "--xfail-tb",
)  # fmt: skip

#: The letters of short options: those that take a value, and those that take none.
VALUE_LETTERS = "cWkmnopr"
FLAG_LETTERS = "Vdfhlqsvx"

#: The options that name the JUnit file.
JUNIT = ("--junitxml", "--junit-xml")

#: Of the command itself.
OWN = ("--all", "--config")

#: What an option may have been meant to be.
LONG_OPTIONS = (*OWN, *(f"--{option.name}" for option in OPTIONS), *_PYTEST_VALUES, *_PYTEST_FLAGS)

#: The long options whose value may be the next word.
LONG_WITH_VALUE = frozenset({"--config", *(f"--{option.name}" for option in OPTIONS if not option.flag)}).union(
    _PYTEST_VALUES
)


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
    """Which of the arguments are neither options nor values of options: their places.

    What follows an option that is not known is taken for its value: pytest's complaint is then about the option.
    """
    places, is_value = [], False
    for place, word in enumerate(arguments):
        if is_value:
            is_value = False
        elif word.startswith("-") and len(word) > 1:
            is_value = _takes_next(word)
        else:
            places.append(place)
    return places


def _takes_next(option: str) -> bool:
    """Whether the word behind an option is its value; several letters may be in one word, as in `-xk`."""
    if option.startswith("--"):
        return option in LONG_WITH_VALUE or (option not in LONG_OPTIONS and "=" not in option)
    for place, letter in enumerate(option[1:], start=1):
        if letter not in FLAG_LETTERS:
            # the rest of the word is the value, if there is a rest
            return place == len(option) - 1
    return False
