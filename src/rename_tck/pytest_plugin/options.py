"""The options of a run as pytest has them: command line first, then variables, then the ini file, then the default."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rename_tck.cases.spaces import DEFAULT, PROFILES
from rename_tck.results.known_failures import KnownFailure, KnownFailuresError, load
from rename_tck.settings.options import OPTIONS, Option, settings_from
from rename_tck.settings.settings import BadOptionError, Settings


def add_options(parser: pytest.Parser) -> None:
    """Add every option, with its ini key."""
    group = parser.getgroup("rename-tck", "rename-tck: the system under test (its URL is --base-url)")
    for option in OPTIONS:
        what = f"{option.help} [{option.variable}]"
        if option.flag:
            group.addoption(f"--{option.name}", dest=option.dest, action="store_true", help=what)
        else:
            action = "append" if option.many else "store"
            group.addoption(f"--{option.name}", dest=option.dest, action=action, metavar=option.metavar, help=what)
        if option.many:
            parser.addini(option.dest, option.help, type="linelist")
        else:
            parser.addini(option.dest, option.help, type="string")


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
    values = {option.name: _value(option, config, environ) for option in OPTIONS}
    seed = config.getoption("--hypothesis-seed", None)
    if seed not in {None, ""} and not re.fullmatch(r"[0-9]{1,18}", str(seed)):
        raise BadOptionError(f"--hypothesis-seed is a whole number, not {seed!r}.")
    worker = hasattr(config, "workerinput")  # the controller has checked the user's own document
    return settings_from(values, _given_base_url(config), environ, check_spec=not worker)


def known_failures(settings: Settings) -> tuple[KnownFailure, ...]:
    """What the user's file of known failures holds; nothing where there is none.

    Raises:
        BadOptionError: the file cannot be used.
    """
    try:
        return load(settings.known_failures) if settings.known_failures is not None else ()
    except KnownFailuresError as error:
        raise BadOptionError(f"--known-failures: {error}") from None


def report_dir(config: Any, environ: Mapping[str, str] = os.environ) -> Path:
    """The report folder, whatever else is wrong with the options."""
    (option,) = (option for option in OPTIONS if option.name == "report-dir")
    return Path(next(iter(_value(option, config, environ)), "reports"))


def headers_given(config: Any, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Every --header as it was written, whether it can be used or not."""
    (option,) = (option for option in OPTIONS if option.name == "header")
    return _value(option, config, environ)


def _value(option: Option, config: Any, environ: Mapping[str, str]) -> list[str]:
    given = config.getoption(option.dest, None)
    if given not in (None, [], False):
        return list(given) if option.many else [str(given)]
    for source in (environ.get(option.variable), config.getini(option.dest)):
        if source:
            lines = source.splitlines() if isinstance(source, str) else list(source)
            texts = [line.strip() for line in lines if line.strip()] if option.many else [str(source).strip()]
            if option.flag:
                return texts if texts[0].lower() in {"1", "true", "yes", "on"} else []
            return texts
    return [option.default] if option.default is not None else []


def _given_base_url(config: Any) -> str | None:
    """pytest-base-url's option or ini key; it hands a worker an empty text for none."""
    given: str | None = config.getoption("base_url", None)
    if given is None or (not given and hasattr(config, "workerinput")):
        given = config.getini("base_url") or None
    return given
