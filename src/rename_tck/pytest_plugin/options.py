"""The options of a run as pytest has them: command line first, then variables, then the ini file, then the default."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rename_tck.cases.spaces import DEFAULT, PROFILES
from rename_tck.pytest_plugin import option_places
from rename_tck.results import history
from rename_tck.results.known_failures import KnownFailure, KnownFailuresError, load
from rename_tck.settings import variables
from rename_tck.settings.options import OPTIONS, settings_from
from rename_tck.settings.settings import BadOptionError, Settings


def look_up_profile(config: Any) -> None:
    """Make the profiles known before Hypothesis' own plugin looks for the chosen one, as pytest calls it after this.

    Raises:
        BadOptionError: there is none of that name.
    """
    name = config.getoption("--hypothesis-profile", None)
    if name is not None or config.getoption("--hypothesis-verbosity", None) is not None:
        from rename_tck.cases import drawing

        if name is None:
            drawing.use(DEFAULT)  # whose verbosity is changed
        elif not drawing.is_profile(name):
            raise BadOptionError(f"--hypothesis-profile={name} is none of {', '.join(PROFILES)}.")


def read(config: Any, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a pytest run.

    Raises:
        BadOptionError: a value cannot be used.
    """
    variables.check(environ)
    values, notes = option_places.values(config, environ)
    base_url, more = option_places.base_url(config, environ)
    seed = config.getoption("--hypothesis-seed", None)
    if seed not in {None, ""} and not re.fullmatch(r"[0-9]{1,18}", str(seed)):
        raise BadOptionError(f"--hypothesis-seed is a whole number, not {seed!r}.")
    # every process judges by the very same document: a file may change, and what is asked for, too
    handed_over = getattr(config, "workerinput", {}).get("rename_tck_spec")
    return settings_from(values, base_url, environ, handed_over=handed_over, notes=(*notes, *more))


def known_failures(settings: Settings) -> tuple[KnownFailure, ...]:
    """What the user's file of known failures holds; nothing where there is none.

    Raises:
        BadOptionError: the file cannot be used.
    """
    try:
        return load(settings.known_failures) if settings.known_failures is not None else ()
    except KnownFailuresError as error:
        raise BadOptionError(f"--known-failures: {error}") from None


def check_history(settings: Settings) -> None:
    """See that the history can be written, and is one.

    Raises:
        BadOptionError: it cannot, or is not.
    """
    if settings.history is not None:
        try:
            history.check(settings.history, settings.report_dir)
        except history.HistoryError as error:
            raise BadOptionError(f"--history={settings.history} {error}") from None


def report_dir(config: Any, environ: Mapping[str, str] = os.environ) -> Path:
    """The report folder, whatever else is wrong with the options."""
    given = _first("report-dir", config, environ)
    return Path(given[-1] if given else "reports")


def headers_given(config: Any, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Every --header as it was written, whether it can be used or not."""
    (option,) = (option for option in OPTIONS if option.name == "header")
    return [text for place in option_places.places(option, config, environ) for text in place.values]


def _first(name: str, config: Any, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of an option in the first place that has any."""
    (option,) = (option for option in OPTIONS if option.name == name)
    found = (place.filled for place in option_places.places(option, config, environ))
    return next((values for values in found if values), ())
