"""Judges real servers, compares what is found with what is expected, and writes the results' pages.

Usage: python tests/suite/real/results.py [NAME...] [--jobs N] [--curls] [--write] [--accept] [--list]

    NAME      a target (agno-2.5.6-redis), a server (agno-3.1), a store (redis) or a system; all where none is given
    --jobs N  so many targets at once (1)
    --curls   send the curls of findings.yaml alone, and leave the records of the last runs as they are
    --write   write docs/results/ anew, of these targets and of those that were judged before
    --accept  write the files of expected outcomes anew: the sentences are those of the findings that curls confirm
    --list    name the targets, and send nothing

Each target is judged in a process of its own, which is stopped with this one. Exit status 0: all is as expected; 1: a
result differs, in either direction, or no curl confirms it; 2: a target could not be judged, or a name is none.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(HERE.parents[2] / "src")]

from real import description, outcome  # noqa: E402
from real.description import DescriptionError, Target  # noqa: E402
from real.environments import FOLDER as ENVIRONMENTS  # noqa: E402

#: What was found of each target the last time that it was judged; not part of the repository.
FOUND = ENVIRONMENTS / "found"

#: Exit statuses.
_DIFFERS, _NOT_JUDGED = 1, 2


#: Each target when it is judged, with what kept it from that, and the seconds that it took.
Progress = Generator[tuple[Target, str | None, float], None, None]


class Judging:
    """The processes that judge, each of one target."""

    def __init__(self, judge: Path = HERE / "judging.py", found: Path = FOUND, *, curls_only: bool = False) -> None:
        self._judge = judge
        self.found = found
        self._curls_only = curls_only
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def one(self, target: Target) -> str | None:
        """Judge a target; what kept it from being judged, in one sentence. What was found before stays until then."""
        if self._stopped:
            return "the judging was broken off."
        self.found.mkdir(parents=True, exist_ok=True)
        place, more = self.found / target.name, []
        with tempfile.TemporaryDirectory(dir=self.found) as folder:
            if self._curls_only:
                if not (place / "seen.json").is_file():
                    return f"{target.name} was not judged yet: leave --curls out."
                shutil.copytree(place, folder, dirs_exist_ok=True)
                more = ["curls"]
            command = [sys.executable, str(self._judge), target.name, folder, *more]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            self._running.add(process)
            try:
                _, said = process.communicate()
            finally:
                self._running.discard(process)
            if process.returncode:
                lines = [line.strip() for line in said.splitlines() if line.strip()]
                return lines[-1] if lines else f"{target.name}: its process ended with {process.returncode}."
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(folder, place)
        return None

    def stop(self) -> None:
        """End what is running; each process stops its server and its database."""
        self._stopped = True
        for process in list(self._running):
            process.send_signal(signal.SIGTERM)


def judge_all(targets: Sequence[Target], judging: Judging, jobs: int = 1) -> Progress:
    """Each target when it is judged, with what kept it from that, and the seconds that it took."""

    def timed(target: Target) -> tuple[str | None, float]:
        started = time.monotonic()
        return judging.one(target), time.monotonic() - started

    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(timed, target): target for target in targets}
        try:
            for done in as_completed(waiting):
                yield (waiting[done], *done.result())
        except BaseException:
            judging.stop()
            raise


def compare(target: Target, found: Path) -> list[str]:
    """Where what was found of a target is not what is expected, a sentence each."""
    judged = outcome.read(found / target.name)
    try:
        expected = outcome.load(target.name)
    except OSError:
        return ["there is no file of expected outcomes: --accept writes one"]
    return [*outcome.differences(expected, judged), *outcome.unconfirmed(expected, judged)]


def main(arguments: Sequence[str] | None = None, judging: Judging | None = None) -> int:
    """Judge the named targets; the exit status."""
    parser = argparse.ArgumentParser(usage=(__doc__ or "").partition("Usage: ")[2])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=1)
    for flag in ("--curls", "--write", "--accept", "--list"):
        parser.add_argument(flag, action="store_true")
    given = parser.parse_args(arguments)
    try:
        described = description.load()
        targets = described.chosen(given.names)
    except DescriptionError as error:
        sys.stderr.write(f"{error}\n")
        return _NOT_JUDGED
    if given.list:
        for target in targets:
            sys.stdout.write(f"{target.name:28} {target.title}\n")
        for sentence in described.absent.values():
            sys.stdout.write(f"{'':28} {sentence}\n")
        return 0
    judging = judging or Judging(curls_only=given.curls)
    status = _judge(targets, judging, given.jobs, accept=given.accept)
    if given.write:
        from real import page
        from real.published_record import UnfitError

        try:
            page.write(judging.found)
        except UnfitError as error:
            sys.stderr.write(f"{error}\n")
            return _NOT_JUDGED
    return status


def _judge(targets: Sequence[Target], judging: Judging, jobs: int, *, accept: bool) -> int:
    """Judge, and say how it went, a line for each target when it is done."""
    started, statuses = time.monotonic(), {0}
    with contextlib.closing(judge_all(targets, judging, jobs)) as done:
        for number, (target, trouble, seconds) in enumerate(done, 1):
            if trouble is not None:
                statuses.add(_NOT_JUDGED)
                said = [trouble]
            else:
                if accept:
                    outcome.accept(target.name, outcome.read(judging.found / target.name))
                said = compare(target, judging.found)
                statuses |= {_DIFFERS} if said else set()
            verdict = "not judged" if trouble else "differs" if said else "as expected"
            sys.stdout.write(f"[{number}/{len(targets)}] {target.name}: {verdict} ({seconds:.0f} s)\n")
            sys.stdout.writelines(f"    {sentence}\n" for sentence in said)
            sys.stdout.flush()
    sys.stdout.write(f"{len(targets)} targets in {time.monotonic() - started:.0f} s\n")
    return max(statuses)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
