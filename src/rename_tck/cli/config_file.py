"""The configuration file of `rename-tck run`: `rename-tck.toml`.

Its keys are the suite's options. Those at the top have the lowest place: command line and variables go before. Those of
a target, `[targets.NAME]`, go before variables and the top's, and only the command line before them. Keys are named by
the variable that holds them, and are never in the file. Paths are relative to the file's folder.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rename_tck.cli.errors import suggestion
from rename_tck.client.exchange import KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE
from rename_tck.settings.options import OPTIONS, Option
from rename_tck.settings.settings import BadOptionError
from rename_tck.settings.sources import Given, Origins, choose
from rename_tck.settings.spec_source import is_asked_for
from rename_tck.settings.variables import BASE_URL_VARIABLES, NAMES, PREFIX

#: The file that is read when none is named.
NAME = "rename-tck.toml"

#: The variable that a run takes the file's base URL from: pytest-base-url's.
BASE_URL_VARIABLE = BASE_URL_VARIABLES[-1]

REPORT_DIR = "report-dir"
BASE_URL = "base-url"
_PROFILE = "hypothesis-profile"
_SPEC = "spec"
_TARGETS = "targets"

#: Keys that name a variable, and the variable that a run takes the secret from.
_SECRETS = {
    "api-key-env": KEY_VARIABLE,
    "other-mode-key-env": OTHER_MODE_KEY_VARIABLE,
    "other-user-key-env": OTHER_USER_KEY_VARIABLE,
}

_BY_NAME = {option.name: option for option in OPTIONS}

#: The variable of each key that has one.
_VARIABLES = {BASE_URL: BASE_URL_VARIABLE, **{option.name: option.variable for option in OPTIONS}}

#: Every key of a table.
KEYS = (*_VARIABLES, _PROFILE, *_SECRETS)

#: Keys whose value may be a number.
_NUMBERS = frozenset({"concurrency", "max-requests", "request-timeout", "settle"})

#: Keys whose value is a path, by what the help calls it.
_PATHS = frozenset(option.name for option in OPTIONS if option.metavar in {"FILE", "DIR", "FILE|URL"})

_TARGET_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ConfigFileError(ValueError):
    """The file, or what it is asked for, cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Choices:
    """What a run is to be given: variables of its environment, and options to put before the user's own.

    `without` are variables that it must not see; `origins` says where values are from, and what differs.
    """

    variables: Mapping[str, str]
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True)
class ConfigFile:
    """A file's values as texts: lists one item a line, booleans `true` or `false`, paths as seen from where we are."""

    path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Whether there is no such file.
    missing: bool = False

    def target(self, name: str) -> Mapping[str, str]:
        """The values of a target.

        Raises:
            ConfigFileError: there is none of this name.
        """
        if name in self.targets:
            return self.targets[name]
        if self.missing:
            raise ConfigFileError(f"there is no target {name}: there is no {self.path} here.")
        if not self.targets:
            raise ConfigFileError(f"there is no target {name}: {self.path} names no targets.")
        near = suggestion(name, self.targets) or "."
        named = ", ".join(self.targets)
        raise ConfigFileError(f"there is no target {name} in {self.path}, which names {named}{near}")

    def choices(self, target: str | None, environ: Mapping[str, str]) -> Choices:
        """What a run without a target, or on this one, is to be given.

        Raises:
            ConfigFileError: there is no such target, or a variable that is to hold a key holds none.
        """
        chosen = {} if target is None else self.target(target)
        variables: dict[str, str] = {}
        without = {name for name in self._named() if name.startswith(PREFIX) and name not in NAMES}
        origins = Origins(settled=frozenset() if target is None else frozenset({REPORT_DIR}))
        for key, variable in _VARIABLES.items():
            if key in chosen:
                where = f"{key} in [{_TARGETS}.{target}] of {self.path}"
                own, given = _place(key, where, chosen[key]), _places(key, variable, environ)
                variables[variable], origins.places[variable] = chosen[key], own.where
                _note(origins, key, [own, *given])
                without |= {BASE_URL_VARIABLES[0]} if key == BASE_URL else set()
            elif key in self.values:
                own, given = _place(key, f"{key} in {self.path}", self.values[key]), _places(key, variable, environ)
                if not _holds(key, given):
                    variables[variable], origins.places[variable] = self.values[key], own.where
                _note(origins, key, [*given, own])
        variables |= self._keys(chosen, environ, target, origins)
        profile = chosen.get(_PROFILE) or self.values.get(_PROFILE)
        options = (f"--{_PROFILE}={profile}",) if profile else ()
        return Choices(variables, options, tuple(sorted(without)), origins)

    def _keys(
        self, chosen: Mapping[str, str], environ: Mapping[str, str], target: str | None, origins: Origins
    ) -> dict[str, str]:
        """The variables of the secrets that the file names."""
        found: dict[str, str] = {}
        for key, variable in _SECRETS.items():
            own = environ.get(variable, "").strip()
            if key in chosen:
                found[variable] = self._secret(key, chosen[key], environ, target)
                if own not in {"", found[variable].strip()}:
                    origins.notes.append(f"The key in {chosen[key]} is used, and the one in {variable} is not.")
            elif key in self.values:
                if not own:
                    found[variable] = self._secret(key, self.values[key], environ, None)
                elif environ.get(self.values[key], own).strip() not in {"", own}:
                    origins.notes.append(f"The key in {variable} is used, and the one in {self.values[key]} is not.")
        return found

    def _named(self) -> set[str]:
        """The variables that the file names as those that hold a key."""
        tables = (self.values, *self.targets.values())
        return {table[key] for table in tables for key in _SECRETS if key in table}

    def source(self, key: str, target: str | None, environ: Mapping[str, str]) -> str | None:
        """Where in the file a run takes the value of a key from; None where it does not take it from the file."""
        if target is not None and key in self.targets[target]:
            return f"[{_TARGETS}.{target}] of {self.path}"
        name = variable(key)
        given = name is not None and _holds(key, _places(key, name, environ))
        return str(self.path) if key in self.values and not given else None

    def report_dir(self, environ: Mapping[str, str]) -> Path:
        """The folder of reports that no target has chosen."""
        given = environ.get(_VARIABLES[REPORT_DIR], "").strip()
        return Path(given or self.values.get(REPORT_DIR) or _BY_NAME[REPORT_DIR].default or "reports")

    def _secret(self, key: str, name: str, environ: Mapping[str, str], target: str | None) -> str:
        if not environ.get(name, "").strip():
            where = f"[{_TARGETS}.{target}] of {self.path}" if target else str(self.path)
            raise ConfigFileError(f"the variable {name}, which {key} in {where} names, is not set or is empty.")
        return environ[name]


def variable(key: str) -> str | None:
    """The variable that a run takes the value of a key from, if there is one."""
    return _SECRETS.get(key) or _VARIABLES.get(key)


def _place(key: str, where: str, text: str) -> Given:
    """A place in which a key is given: what can be given several times is one a line."""
    many = key in _BY_NAME and _BY_NAME[key].many
    return Given(where, tuple(text.splitlines()) if many else (text.strip(),))


def _places(key: str, variable: str, environ: Mapping[str, str]) -> list[Given]:
    """The variables that give a key."""
    names = BASE_URL_VARIABLES if key == BASE_URL else (variable,)
    return [_place(key, name, environ[name]) for name in names if name in environ]


def _holds(key: str, given: Sequence[Given]) -> bool:
    """Whether a variable is given. An empty one counts only for the URL, where the suite objects to it."""
    return bool(given) if key == BASE_URL else any(place.filled for place in given)


def _note(origins: Origins, key: str, places: Sequence[Given]) -> None:
    """Note each place whose value is not used, because an earlier one has another."""
    if key not in origins.settled:
        # of a value that cannot be used the run complains
        with suppress(BadOptionError):
            origins.notes += choose(_BY_NAME.get(key, Option(key, "")), [each for each in places if each.filled])[1]


def find(named: str | None) -> ConfigFile:
    """The file that is named, else `rename-tck.toml` where there is one; an empty one where there is none.

    Raises:
        ConfigFileError: it cannot be used.
    """
    if named is None and not Path(NAME).exists():
        return ConfigFile(Path(NAME), missing=True)
    return load(Path(NAME if named is None else named))


def load(path: Path) -> ConfigFile:
    """The file's content, checked.

    Raises:
        ConfigFileError: it cannot be read, or holds something that is no option of a run.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigFileError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise ConfigFileError(f"{path} is not TOML: it is not UTF-8 text.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigFileError(f"{path} is not TOML: {error or 'it is nested too deeply'}.") from None
    tables = content.pop(_TARGETS, {})
    if not isinstance(tables, dict):
        raise ConfigFileError(f"{_TARGETS} in {path} has to be tables, as in [{_TARGETS}.staging].")
    targets = {}
    for name, table in tables.items():
        where = f"[{_TARGETS}.{name}] of {path}"
        if not isinstance(table, dict):
            near = suggestion(name, KEYS) or "."
            raise ConfigFileError(f"{_TARGETS}.{name} in {path} has to be a table, as in [{_TARGETS}.staging]{near}")
        if not _TARGET_NAME.fullmatch(name):
            raise ConfigFileError(
                f"the target {name!r} in {path} has to be named with letters, digits, -, _ and ., as its reports are."
            )
        targets[name] = _texts(table, where, path.parent)
    return ConfigFile(path, _texts(content, str(path), path.parent, top=True), targets)


def _texts(table: Mapping[str, Any], where: str, folder: Path, *, top: bool = False) -> dict[str, str]:
    return {key: _text(key, value, where, folder, top=top) for key, value in table.items()}


def _text(key: str, value: object, where: str, folder: Path, *, top: bool) -> str:
    if f"{key}-env" in _SECRETS:
        raise ConfigFileError(
            f"{key} in {where} is not read, for no key belongs into a file: "
            f"name the variable that holds it with {key}-env."
        )
    if key not in KEYS:
        near = suggestion(key, (*KEYS, _TARGETS) if top else KEYS) or ": its keys are the options of rename-tck run."
        raise ConfigFileError(f"there is no key {key} for {where}{near}")
    option = _BY_NAME.get(key)
    if option is not None and option.flag:
        if not isinstance(value, bool):
            raise ConfigFileError(f"{key} in {where} has to be true or false.")
        return "true" if value else "false"
    if option is not None and option.many:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not items or not all(_is_line(item) for item in items):
            raise ConfigFileError(f"{key} in {where} has to be a list of texts, each of one line.")
        return "\n".join(items)
    if key in _NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not _is_line(value):
        raise ConfigFileError(f"{key} in {where} has to be a text of one line{' or a number' * (key in _NUMBERS)}.")
    text = str(value)
    if key in _SECRETS and not _VARIABLE_NAME.fullmatch(text):
        raise ConfigFileError(f"{key} in {where} has to be the name of a variable, not a key.")
    is_path = key in _PATHS and not (key == _SPEC and is_asked_for(text))
    return str(folder / text) if is_path else text


def _is_line(value: object) -> bool:
    """Whether it is a text that a variable can hold as one line."""
    return (
        isinstance(value, str) and bool(value.strip()) and not re.search("[\0\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", value)
    )
