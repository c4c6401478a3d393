"""The environments that real servers run in: made by uv below .venvs/, and kept from one time to the next."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from real.description import Server

ROOT = Path(__file__).resolve().parents[3]

#: Where the environments are, one for each server; not part of the repository.
FOLDER = ROOT / ".venvs"

#: Written into an environment when all of it is there.
_COMPLETE = "complete.json"

#: Seconds in which an interpreter says its version, and in which packages are installed.
_LOOK, _INSTALL = 30, 1800


class EnvironmentFailure(Exception):
    """The environment of a server cannot be made; the message is one whole sentence."""


def python_of(server: Server, folder: Path = FOLDER) -> Path:
    """The interpreter of a server's environment, whether it is there or not."""
    return folder / server.name / "bin" / "python"


def ready(server: Server, say: Callable[[str], object], folder: Path = FOLDER) -> Path:
    """The interpreter of a server's environment, which is made where it is not there, or not whole.

    Raises:
        EnvironmentFailure: it cannot be made.
    """
    place, python = folder / server.name, python_of(server, folder)
    wanted: dict[str, object] = {"python": server.python, "packages": list(server.packages)}
    wanted |= {"as_of": server.as_of} if server.as_of else {}
    if place.exists():
        if _is_complete(place, wanted) and version_of(python) == server.python:
            return python
        say(f"the environment {place.name} is half made, or of another description: it is made anew")
        shutil.rmtree(place)
    uv = _uv()
    interpreter = find_python(server.python)
    folder.mkdir(parents=True, exist_ok=True)
    _run(uv, server, "venv", "-q", "--python", str(interpreter), str(place))
    until = ("--exclude-newer", server.as_of) if server.as_of else ()
    said = _run(uv, server, "pip", "install", "--python", str(python), *until, *server.packages)
    if yanked := re.search(r"`([^`]+)` is yanked(?: \(reason: (.*?)\))?", said):
        reason = f" ({yanked[2].strip(chr(34))})" if yanked[2] else ""
        raise EnvironmentFailure(
            f"{server.name}: {yanked[1]} was yanked from the package index{reason}: "
            "name another release in targets.yaml."
        )
    (place / _COMPLETE).write_text(json.dumps(wanted), encoding="utf-8")
    return python


def versions(server: Server, python: Path) -> dict[str, str]:
    """The versions that are installed of the packages which the description names."""
    names = [re.split(r"[\[=<>]", package)[0] for package in server.packages]
    code = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    done = subprocess.run([python, "-c", code, *names], capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def find_python(version: str) -> Path:
    """An interpreter of that version that runs.

    What only has its name is passed over, such as a shim of pyenv for a version that is not chosen.

    Raises:
        EnvironmentFailure: there is none.
    """
    broken = []
    for candidate in dict.fromkeys(_candidates(version)):
        if version_of(candidate) == version:
            return candidate
        broken.append(candidate)
    shims = f": {broken[0].name} on the path is none, or only a shim that does not run" if broken else " on the path"
    raise EnvironmentFailure(f"there is no Python {version}{shims}.")


def version_of(python: Path) -> str | None:
    """The version that an interpreter says of itself, as in ``3.12``; None where it does not run."""
    try:
        done = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, timeout=_LOOK, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _is_complete(place: Path, wanted: dict[str, object]) -> bool:
    """Whether all of an environment is there, as the description has it."""
    try:
        return bool(json.loads((place / _COMPLETE).read_text(encoding="utf-8")) == wanted)
    except (OSError, ValueError):
        return False


def _candidates(version: str) -> Iterator[Path]:
    """What may be an interpreter of that version: this one, those on the path, those that pyenv has installed."""
    if "{}.{}".format(*sys.version_info) == version:
        yield Path(sys.executable).resolve()
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in (f"python{version}", "python3"):
            if (found := Path(folder) / name).is_file():
                yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"))


def _uv() -> str:
    """The program uv: on the path, or beside this interpreter, where the extra `dev` puts it."""
    beside = Path(sysconfig.get_path("scripts")) / "uv"
    found = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise EnvironmentFailure("there is no uv: pip install uv, or install the suite with its extra dev.")
    return found


def _run(uv: str, server: Server, *arguments: str) -> str:
    """What uv says. It never fetches an interpreter: only those that are there are used."""
    try:
        done = subprocess.run(
            [uv, *arguments], env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"}, capture_output=True, text=True,
            timeout=_INSTALL, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFailure(f"{server.name}: uv failed: {error}.") from None
    if done.returncode:
        lines = " ".join(done.stderr.split())[-300:].rstrip(".")
        raise EnvironmentFailure(f"{server.name}: its environment could not be made: {lines}.")
    return done.stderr
