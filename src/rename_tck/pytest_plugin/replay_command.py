"""The shell command that tries a failing case again, from where the user is and as the user called the suite."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from rename_tck.cases.spaces import DEFAULT, settle_by
from rename_tck.client.exchange import (
    KEY_VARIABLE,
    OTHER_MODE_KEY_VARIABLE,
    OTHER_USER_KEY_VARIABLE,
    header_variable,
)
from rename_tck.settings.settings import Settings

_PROGRAM = "rename-tck"


def replay_command(requirement: str, settings: Settings, config: pytest.Config) -> str:
    """The command, quoted for a shell; keys and values of headers come from variables of the environment.

    What was found of an embedded server is tried again by a run of the requirement.
    """
    worker: dict[str, object] = getattr(config, "workerinput", {})
    called = worker.get("mainargv", sys.argv)
    # what is in the user's own environment will be there again
    of_the_run: frozenset[str] = getattr(config, "rename_tck_variables", frozenset())
    headers_stay = "RENAME_TCK_HEADER" not in of_the_run and bool(os.environ.get("RENAME_TCK_HEADER", "").strip())
    arguments = [
        *_options(settings),
        *_settle(requirement, settings, config),
        *(() if headers_stay else _headers(settings)),
    ]
    words = [*_keys(settings, os.environ), *_program(called if isinstance(called, list) else [])]
    if settings.base_url is None:
        # a replay needs a target, and the embedded server is gone with the run
        system = requirement.partition(".")[0]
        return " ".join([*words, "run", f"--system={system}", "-k", shlex.quote(requirement), *arguments])
    return " ".join([*words, "replay", shlex.quote(requirement), *arguments])


def _program(called: Sequence[str]) -> list[str]:
    """The command that is `rename-tck` here, by what the user called; each word quoted."""
    given = str(called[0]) if called else ""
    installed = shutil.which(_PROGRAM)
    own = Path(sys.executable).parent
    if Path(given).name == _PROGRAM:
        return [_PROGRAM if installed == given else shlex.quote(_from_here(given))]
    if not given.endswith(str(Path("rename_tck", "__main__.py"))) and installed and Path(installed).parent == own:
        return [_PROGRAM]
    return [*_search_path(), _python(), "-m", "rename_tck"]


def _python() -> str:
    """The interpreter, by the shortest name that a shell has for it here."""
    for name in ("python", "python3"):
        if shutil.which(name) == sys.executable:
            return name
    return shlex.quote(_from_here(sys.executable))


def _search_path() -> list[str]:
    """What a fresh interpreter has to be told to find the suite: in a clone that is not installed, where it stands."""
    package = str(Path(__file__).resolve().parents[2])
    known = {str(Path(entry).resolve()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    if package in known:
        return []
    try:
        importlib.metadata.distribution(_PROGRAM)
    except importlib.metadata.PackageNotFoundError:
        return [f"PYTHONPATH={shlex.quote(_from_here(package))}"]
    return []


def _from_here(path: str) -> str:
    """A path as it is seen from the current folder, where it is below that."""
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return path


def _keys(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """The keys that the run took from a variable of another name, which `rename-tck.toml` may name."""
    for variable, key in (
        (KEY_VARIABLE, settings.api_key),
        (OTHER_MODE_KEY_VARIABLE, settings.other_mode_key),
        (OTHER_USER_KEY_VARIABLE, settings.other_user_key),
    ):
        others = (name for name, value in environ.items() if value.strip() == key and name != variable)
        named = [name for name in others if re.fullmatch(r"[A-Za-z_]\w*", name) and not name.startswith("RENAME_TCK_")]
        if key and named:
            yield f'{variable}="${min(named)}"'


def _options(settings: Settings) -> Iterator[str]:
    """What the target needs, each option quoted."""
    given: list[tuple[str, object]] = [
        ("base-url", settings.base_url),
        ("report-dir", settings.report_dir),
        ("spec", settings.spec_source or (settings.spec and settings.spec.file)),
        ("user", settings.user if settings.user != Settings.user else None),
        *(("session-id", session_id) for session_id in settings.session_ids),
        ("ca-bundle", settings.ca_bundle),
        ("rate-limit", None if settings.rate_limit is None else f"{settings.rate_limit:g}/s"),
        ("request-timeout", f"{settings.request_timeout:g}" if settings.request_timeout != 10 else None),
    ]
    yield from (shlex.quote(f"--{name}={value}") for name, value in given if value is not None)
    if settings.insecure:
        yield "--insecure"


def _settle(requirement: str, settings: Settings, config: pytest.Config) -> Iterator[str]:
    """How long sessions are left alone, where a replay of the requirement that needs it would not do so by itself."""
    if requirement.endswith(".name-stored"):
        profile = config.getoption("--hypothesis-profile", None) or DEFAULT
        seconds = settle_by(profile) if settings.settle is None else settings.settle
        if seconds != settle_by(DEFAULT):
            yield f"--settle={seconds:g}"


def _headers(settings: Settings) -> Iterator[str]:
    """The headers that go with every request, each with the variable that a curl takes its value from, too."""
    for name, value in settings.headers:
        shown = f"${{{header_variable(name)}:?}}" if value else ""
        plain = re.fullmatch(r"[\w-]+", name)
        yield f'--header="{name}: {shown}"' if plain else f'--header={shlex.quote(f"{name}: ")}"{shown}"'
