"""Judges one real server, from its database to its curls, and writes down what was found.

Usage: python tests/suite/real/judging.py TARGET FOLDER [curls], which results.py calls for each target. With `curls`
only the curls of findings.yaml are sent, and FOLDER holds the rest from before. FOLDER gets

    vendored.json   the record of a run by the vendored document
    published.json  the record of a run by the document that the server publishes itself
    seen.json       versions, what was left behind, which findings the curls of findings.yaml show

Exit status 0 where all that is there; else 1, and a sentence on standard error says why.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(HERE.parents[2] / "src")]

import requests  # noqa: E402

from real import confirming, databases, description, environments  # noqa: E402
from real.databases import DatabaseFailure, Place  # noqa: E402
from real.description import Target  # noqa: E402
from real.environments import ROOT, EnvironmentFailure  # noqa: E402
from real.serving import StartFailure, serving  # noqa: E402

#: The servers' key; they listen on loopback for the length of a run.
KEY = "key-of-the-results"

#: The seed of every run, so that it can be repeated.
SEED = 1

#: Seconds for one run of the suite, before the target is given up.
_RUN = 900

#: By which document each record is; the option that has the suite judge by it.
DOCUMENTS = {"vendored": (), "published": ("--spec=published",)}


class JudgingFailure(Exception):
    """A target could not be judged; the message is one whole sentence."""


def judge(target: Target, folder: Path, *, curls_only: bool = False) -> None:
    """Judge a target, and write down what was found; with `curls_only` leave the records as they are.

    Raises:
        EnvironmentFailure, DatabaseFailure, StartFailure, JudgingFailure: it cannot be.
    """
    python = environments.ready(target.server, _say)
    seen: dict[str, Any] = {"versions": environments.versions(target.server, python)}
    if curls_only:
        seen |= {"runs": json.loads((folder / "seen.json").read_bytes())["runs"]}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own:
        for document, options in () if curls_only else DOCUMENTS.items():
            # each on a server and a store of its own: a run may spoil the sessions that it is given for good
            with _served(target, python, Path(own) / document) as (url, place):
                started = time.monotonic()
                record = _run(target, url, Path(own) / document / "run", options)
                seconds = round(time.monotonic() - started, 1)
                left = _left(target, python, place.address, url)
            text = json.dumps(record).replace(own, "/folder")
            (folder / f"{document}.json").write_text(text, encoding="utf-8")
            seen.setdefault("runs", {})[document] = {"left": left, "seconds": seconds}
        with _served(target, python, Path(own) / "curls") as (url, place):
            seen["database"] = place.version
            seen["findings"] = confirming.confirm(target, url, KEY, own)
    (folder / "seen.json").write_text(json.dumps(seen), encoding="utf-8")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _served(target: Target, python: Path, folder: Path) -> Iterator[tuple[str, Place]]:
    """The server on a store that is empty but for what is made first: its base URL, and where its sessions are."""
    folder.mkdir()
    with databases.running(target.store, folder) as place:
        environment = {**target.server.environment, target.server.key: KEY}
        arguments = [target.store.name, place.address, *target.server.sessions]
        with serving(python, target.server.app, *arguments, env=environment) as url:
            _provision(target, url)
            yield url, place


def _provision(target: Target, url: str) -> None:
    """Make the session that is given to the run."""
    if target.provision is not None:
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = requests.post(f"{url}/sessions?type=agent", json=target.provision, headers=headers, timeout=30)
        if answer.status_code != 201:
            raise JudgingFailure(f"{target.name}: its session was not made: {answer.status_code} {answer.text[:200]}.")


def _run(target: Target, url: str, folder: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """The record of a run of the suite, as a user's shell does it: in a folder of its own, with nothing of ours."""
    folder.mkdir()
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "RENAME_TCK_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), ours.get("PATH", "")])
    command = [
        sys.executable, "-m", "rename_tck", "run", f"--base-url={url}", f"--system={target.server.system}",
        f"--hypothesis-seed={SEED}", "--concurrency=1", *(f"--session-id={one}" for one in target.given), *options,
    ]  # fmt: skip
    env = {**ours, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "80", "RENAME_TCK_API_KEY": KEY}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=_RUN, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise JudgingFailure(f"{target.name}: the run did not end within {_RUN} s.") from None
    record = folder / "reports" / "conformance.json"
    if not record.is_file():
        raise JudgingFailure(f"{target.name}: the run left no record: {' '.join(done.stdout.split())[-300:]}.")
    found: dict[str, Any] = json.loads(record.read_bytes())
    if not found["runs"]:
        raise JudgingFailure(f"{target.name}: {found['reason']}")
    return found


def _left(target: Target, python: Path, where: str, url: str) -> int | None:
    """The sessions that lie in the store, those left out that were made for the run; None where none can look."""
    done = subprocess.run(
        [python, HERE / "left_behind.py", target.store.name, where],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.returncode:
        raise JudgingFailure(f"{target.name}: its sessions could not be counted: {done.stderr.strip()[-200:]}.")
    found = int(done.stdout) if done.stdout.strip() else _listed(url)
    return None if found is None else found - len(target.given)


def _listed(url: str) -> int | None:
    """The sessions that the server itself lists, of a store that nobody else can look into; None where it fails."""
    found = 0
    for kind in ("agent", "team", "workflow"):
        headers, query = {"Authorization": f"Bearer {KEY}"}, {"type": kind, "limit": 100}
        answer = requests.get(f"{url}/sessions", params=query, headers=headers, timeout=30)
        if answer.status_code != 200:
            return None
        found += len(answer.json()["data"])
    return found


def main() -> int:
    """Judge the named target."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name, folder, *more = sys.argv[1:]
    try:
        judge(description.load().targets[name], Path(folder), curls_only=more == ["curls"])
    except (EnvironmentFailure, DatabaseFailure, StartFailure, JudgingFailure) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except (subprocess.SubprocessError, requests.RequestException, OSError, ValueError) as error:
        # a program that hangs or is not there, a server that went away, an answer that is no JSON
        said = " ".join(str(error).replace(KEY, "[secret]").split()).rstrip(".")
        sys.stderr.write(f"{name}: it could not be judged: {said}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
