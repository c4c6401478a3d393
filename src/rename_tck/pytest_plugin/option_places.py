"""The places in which pytest's user gives an option: the command line first, then a variable, then the ini file."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rename_tck.settings.options import OPTIONS, Option
from rename_tck.settings.settings import BadOptionError
from rename_tck.settings.sources import Given, Origins, choose
from rename_tck.settings.variables import BASE_URL_VARIABLES, empty_keys

_BASE_URL = Option("base-url", "the URL of the target", "URL")


class _Last(argparse.Action):
    """Keeps the last value of an option, as argparse does, and all of them beside it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        setattr(namespace, self.dest, values)
        setattr(namespace, _all(self.dest), (*getattr(namespace, _all(self.dest), ()), values))


def _all(dest: str) -> str:
    return f"{dest}_all"


def add_options(parser: pytest.Parser) -> None:
    """Add every option, with its ini key."""
    group = parser.getgroup("rename-tck", "rename-tck: the system under test (its URL is --base-url)")
    action: Any  # pytest's own types know no class here
    for option in OPTIONS:
        what = f"{option.help} [{option.variable}]"
        if option.flag:
            group.addoption(f"--{option.name}", dest=option.dest, action="store_true", help=what)
        else:
            action = "append" if option.many else _Last
            group.addoption(f"--{option.name}", dest=option.dest, action=action, metavar=option.metavar, help=what)
        # None, so that a key that is there and empty is told from none
        if option.many:
            parser.addini(option.dest, option.help, type="linelist", default=None)
        else:
            parser.addini(option.dest, option.help, type="string", default=None)


def places(option: Option, config: Any, environ: Mapping[str, str]) -> list[Given]:
    """Where an option is given: an earlier place goes before a later one."""
    found = []
    given = config.getoption(option.dest, None)
    if option.flag:
        found += [Given(f"--{option.name}", ("1",))] if given else []
    elif given is not None:
        texts = given if option.many else getattr(config.option, _all(option.dest), (given,))
        found.append(Given(f"--{option.name}", tuple(map(str, texts))))
    if option.variable in environ:
        where = origins(config).places.get(option.variable, option.variable)
        found.append(Given(where, _texts(environ[option.variable], option)))
    ini = config.getini(option.dest)
    if ini is not None:
        found.append(Given(f"{option.dest} in the ini file", _texts(ini, option)))
    return found


def values(config: Any, environ: Mapping[str, str]) -> tuple[dict[str, list[str]], list[str]]:
    """The values of each option by its name, and what the user should know of how they were given.

    Raises:
        BadOptionError: an option is empty that must not be, or it is no value of a flag.
    """
    chosen, notes, settled = {}, list(origins(config).notes), origins(config).settled
    for option in OPTIONS:
        chosen[option.name], more = choose(option, places(option, config, environ))
        notes += [] if option.name in settled else more
    return chosen, notes + empty_keys(environ)


def base_url(config: Any, environ: Mapping[str, str]) -> tuple[str | None, list[str]]:
    """The URL of the target as it was given, and notes: the command line, then the suite's variable, then others.

    Raises:
        BadOptionError: it is given but empty.
    """
    if (worker := getattr(config, "workerinput", None)) is not None:
        return worker["rename_tck_base_url"], []
    found = []
    if typed := _typed(config, "--base-url", environ):
        found.append(Given("--base-url", tuple(typed)))
    for variable in BASE_URL_VARIABLES:
        if variable in environ:
            where = origins(config).places.get(variable, variable)
            found.append(Given(where, (environ[variable],)))
    option = config.getoption("base_url", None)
    if not found and option is not None:
        found.append(Given("--base-url", (option,)))  # a plugin or a conftest.py has set it
    overrides = [text.partition("=") for text in config.getoption("override_ini", None) or []]
    if chosen := [value for name, _, value in overrides if name.strip() == "base_url"]:
        found.append(Given("-o base_url", (chosen[-1],)))
    elif ini := _ini(config, "base_url"):
        found.append(Given("base_url in the ini file", (ini,)))
    if found and not found[0].filled:
        # an unset variable in a CI script must not turn into a green of the embedded servers
        pytests = found[0].where in {"--base-url", BASE_URL_VARIABLES[1]}
        named = f"--base-url (or {BASE_URL_VARIABLES[1]})" if pytests else found[0].where
        raise BadOptionError(f"{named} is given but empty.")
    urls, notes = choose(_BASE_URL, found)
    return (urls[-1] if urls else None), notes


def origins(config: Any) -> Origins:
    """What the command knows that started this pytest; nothing where it was no command."""
    plugins = config.pluginmanager.get_plugins()
    return next((plugin for plugin in plugins if isinstance(plugin, Origins)), Origins())


def _texts(source: str | Sequence[str], option: Option) -> tuple[str, ...]:
    """The values in a variable or an ini key; what can be given several times stands one a line."""
    if not option.many:
        return (str(source).strip(),)
    lines = source.splitlines() if isinstance(source, str) else source
    return tuple(line.strip() for line in lines if line.strip())


def _typed(config: Any, name: str, environ: Mapping[str, str]) -> list[str]:
    """What an option of another plugin is given on the command line, its default left out."""
    try:
        before = shlex.split(environ.get("PYTEST_ADDOPTS", ""))
    except ValueError:
        before = []
    words = [*(_ini(config, "addopts") or []), *before, *map(str, config.invocation_params.args)]
    found = []
    for number, word in enumerate(words):
        if word == name:
            found += words[number + 1 : number + 2]
        elif word.startswith(f"{name}="):
            found.append(word.partition("=")[2])
    return found


def _ini(config: Any, name: str) -> Any:
    """An ini key of another plugin, which may not be there."""
    try:
        return config.getini(name)
    except ValueError:
        return None
