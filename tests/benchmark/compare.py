"""The benchmark: the suite beside `st run` and a bare loop of requests, against the same process of a server.

`python tests/benchmark/compare.py` prints the tables; `--write` puts them into docs/benchmark.md. Not a test: it takes
some minutes and wants an idle machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rename_tck.cases.spaces import PROFILES
from rename_tck.client.exchange import KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems import NAMES, load
from rename_tck.target.connection import EMBEDDED_KEY, EMBEDDED_OTHER_MODE_KEY

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "benchmark.md"

#: The heading of the page's last section, which tests/suite/kill_yield.py writes: it stays as it is.
YIELD = "## What requests find"

#: Seconds that the slow server takes for each answer, and the workers that are set on it.
SLOW, WORKERS = 0.08, 8


@dataclass
class Took:
    """What a command took: seconds by the clock, and seconds of processor time, of it and its children."""

    wall: float
    cpu: float
    status: int


@dataclass
class Server:
    """A server process, and what it was asked once it has stopped."""

    url: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def serving(system: str, delay: float = 0.0) -> Iterator[Server]:
    """The embedded server of a system in its own process."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), system, str(delay)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_environment(),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    server = Server(process.stdout.readline().strip())
    try:
        yield server
    finally:
        process.stdin.close()
        server.requests = process.stdout.read().splitlines()
        process.wait(30)


def _environment() -> dict[str, str]:
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("RENAME_TCK_", "PYTEST_", "SCHEMA"))
    }
    return ours | {
        "PYTHONPATH": str(ROOT / "src"),
        KEY_VARIABLE: EMBEDDED_KEY,
        OTHER_MODE_KEY_VARIABLE: EMBEDDED_OTHER_MODE_KEY,
    }


def took(command: Sequence[str], folder: Path = ROOT) -> Took:
    """Run a command in a folder to its end and say what it took."""
    before = os.times()
    started = time.perf_counter()
    status = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, check=False).returncode
    wall = time.perf_counter() - started
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(wall, cpu, status)


def suite(url: str, system: str, reports: str, *options: str) -> Took:
    """A run of the suite, which must find that the server conforms."""
    run = took([
        str(Path(sys.executable).with_name("pytest")), "-q", f"--base-url={url}", f"--system={system}",
        f"--report-dir={reports}", *options,
    ])  # fmt: skip
    if run.status:
        raise SystemExit(f"the run on {system} ended with status {run.status}: nothing is measured by it")
    return run


def schemathesis(url: str, system: str, folder: Path) -> Took:
    """`st run` on the system's vendored file, with its defaults and the key.

    In a folder of its own, without what it has kept there of earlier failures: it would begin with those, and end.
    """
    catalogue = Catalogue.load(system)
    name, form = load(system).key_header
    shutil.rmtree(folder / ".schemathesis", ignore_errors=True)
    run = took(
        [
            str(Path(sys.executable).with_name("st")), "run", str(next(iter(catalogue.editions.values()))),
            "--url", url, "--header", f"{name}: {form.format(EMBEDDED_KEY)}",
        ],
        folder,
    )  # fmt: skip
    if run.status not in {0, 1}:  # 1: it takes something for a failure
        raise SystemExit(f"st run on {system} ended with status {run.status}: nothing is measured by it")
    return run


def middle(values: Sequence[float]) -> str:
    """The median, with the least and the most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def beside_schemathesis(rounds: int, reports: str) -> list[str]:
    """Both in turn against one server process."""
    lines = [
        "| system | suite, s | `st run`, s | ratio of the medians |",
        "| --- | --- | --- | --- |",
    ]
    for system in NAMES:
        with serving(system) as server, tempfile.TemporaryDirectory() as folder:
            suite(server.url, system, reports)
            schemathesis(server.url, system, Path(folder))
            ours, theirs = [], []
            pauses = random.Random(system)
            for _ in range(rounds):
                # a run ends with the server's second where it waits for that: or all would begin at one point of it
                time.sleep(pauses.random())
                ours.append(suite(server.url, system, reports).wall)
                theirs.append(schemathesis(server.url, system, Path(folder)).wall)
        ratio = statistics.median(ours) / statistics.median(theirs)
        lines.append(f"| {system} | {middle(ours)} | {middle(theirs)} | {ratio:.2f} |")
    return lines


def beside_a_bare_loop(rounds: int, reports: str) -> list[str]:
    """Processor time a request, of the whole run and of what is left without the start, beside a bare loop's."""
    lines = [
        "| system | requests | suite, ms | start-up, ms | bare loop, ms | whole ÷ bare | without start-up ÷ bare |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for system in NAMES:
        with serving(system) as recorder:
            suite(recorder.url, system, reports)
        content = "\n".join(recorder.requests)
        number = len(recorder.requests)
        whole, start, bare = [], [], []
        with serving(system) as server:
            for _ in range(rounds):
                whole.append(suite(server.url, system, reports).cpu)
                start.append(suite(server.url, system, reports, "--collect-only").cpu)
                done = subprocess.run(
                    [sys.executable, str(HERE / "bare.py"), server.url],
                    input=content, capture_output=True, text=True, check=True, env=_environment(),
                )  # fmt: skip
                bare.append(float(done.stdout))
        each = [1000 * statistics.median(values) / number for values in (whole, start, bare)]
        lines.append(
            f"| {system} | {number} | {each[0]:.2f} | {each[1]:.2f} | {each[2]:.2f} | {each[0] / each[2]:.1f} | "
            f"{(each[0] - each[1]) / each[2]:.1f} |"
        )
    return lines


def with_workers(reports: str) -> list[str]:
    """Against a server that takes its time."""
    lines = [f"| system | alone, s | `-n {WORKERS}`, s | ratio |", "| --- | --- | --- | --- |"]
    for system in NAMES:
        with serving(system, SLOW) as server:
            alone = suite(server.url, system, reports).wall
            together = suite(server.url, system, reports, "-n", str(WORKERS)).wall
        lines.append(f"| {system} | {alone:.1f} | {together:.1f} | {together / alone:.2f} |")
    return lines


def profiles(reports: str) -> list[str]:
    """Requests and time of each profile."""
    lines = ["| system | profile | examples | requests | s |", "| --- | --- | --- | --- | --- |"]
    for system in NAMES:
        for profile in PROFILES:
            with serving(system) as server:
                run = suite(server.url, system, reports, f"--hypothesis-profile={profile}")
            lines.append(f"| {system} | {profile} | {PROFILES[profile]} | {len(server.requests)} | {run.wall:.1f} |")
    return lines


def machine() -> str:
    """What it was measured on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or "a processor of unknown make",
    )
    kilobytes = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return (
        f"{model}, {os.cpu_count()} cores, {kilobytes / 2**20:.0f} GiB; {platform.system()} {platform.machine()}; "
        f"Python {platform.python_version()}, pytest {version('pytest')}, Hypothesis {version('hypothesis')}, "
        f"Schemathesis {version('schemathesis')}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def main() -> None:
    """Measure, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="counted runs of each command (after one that is not)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--only", choices=["st", "bare", "workers", "profiles"], action="append")
    chosen = parser.parse_args()
    if chosen.write and chosen.only:
        parser.error("--write wants the whole page: leave --only out")
    with tempfile.TemporaryDirectory() as reports:
        parts: dict[str, Callable[[], list[str]]] = {
            "st": lambda: beside_schemathesis(chosen.rounds, reports),
            "bare": lambda: beside_a_bare_loop(chosen.rounds, reports),
            "workers": lambda: with_workers(reports),
            "profiles": lambda: profiles(reports),
        }
        page = (HERE / "page.md").read_text(encoding="utf-8")
        found = {name: "\n".join(part()) for name, part in parts.items() if not chosen.only or name in chosen.only}
    if chosen.write:
        found["machine"], found["rounds"] = machine(), str(chosen.rounds)
        found["yield"] = YIELD + PAGE.read_text(encoding="utf-8").partition(YIELD)[2].rstrip()
        for name, text in found.items():
            page = page.replace(f"{{{name}}}", text)
        PAGE.write_text(page, encoding="utf-8")
    else:
        sys.stdout.write("\n\n".join([machine(), *found.values()]) + "\n")


if __name__ == "__main__":
    main()
