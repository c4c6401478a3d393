"""The environment variables of the suite: a misspelt one must not turn into a run on something else."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from rename_tck.client.exchange import KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE
from rename_tck.settings.options import OPTIONS
from rename_tck.settings.settings import BadOptionError

PREFIX = "RENAME_TCK_"

#: The base URL, by the suite's own variable and by that of pytest-base-url. The first goes before the second.
BASE_URL_VARIABLES = ("RENAME_TCK_BASE_URL", "PYTEST_BASE_URL")

KEY_VARIABLES = (KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE)

#: With one of these and a header's name the printed curls are told the value of a `--header`.
_HEADERS = f"{PREFIX}HEADER_"

#: Of the command, and of the scripts of the GitHub Action.
_OTHERS = ("RENAME_TCK_DEBUG", "RENAME_TCK_VENV", "RENAME_TCK_COMMAND")

NAMES = (*(option.variable for option in OPTIONS), BASE_URL_VARIABLES[0], *KEY_VARIABLES, *_OTHERS)


def check(environ: Mapping[str, str]) -> None:
    """See that every variable that begins as the suite's do is one of them.

    Raises:
        BadOptionError: one is not; the sentence names the nearest that there is.
    """
    strange = sorted(name for name in environ if name.upper().startswith(PREFIX) and not _known(name))
    if strange:
        said = " and ".join(f"{name} (did you mean {nearest(name)}?)" for name in strange[:5])
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        are = "are no variables" if len(strange) > 1 else "is no variable"
        raise BadOptionError(f"{said}{more} {are} of the suite: correct the name, or unset it.")


def empty_keys(environ: Mapping[str, str]) -> list[str]:
    """A note on each key that is given but empty, as an unset secret of a CI is."""
    return [
        f"{name} is given but empty: the run is as without it."
        for name in KEY_VARIABLES
        if name in environ and not environ[name].strip()
    ]


def nearest(name: str) -> str:
    """The variable of the suite that was probably meant."""
    meant = name.upper()

    def likeness(known: str) -> tuple[int, float]:
        shared = set(_words(meant)) & set(_words(known))
        return len(shared), difflib.SequenceMatcher(None, meant, known).ratio()

    return max(NAMES, key=likeness)


def _words(name: str) -> Iterable[str]:
    return name.removeprefix(PREFIX).split("_")


def _known(name: str) -> bool:
    return name in NAMES or (name.startswith(_HEADERS) and len(name) > len(_HEADERS))
