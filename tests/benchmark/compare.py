"""The benchmark: the suite beside `st run` and a bare loop of requests, against the same process of a server.

`python tests/benchmark/compare.py` prints the tables; `--write` puts them into docs/benchmark.md, with `--only` those
parts of it. Not a test: it takes half an hour and wants an idle machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
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

#: A part of the page.
PART = re.compile(r"<!-- (?P<name>[a-z]+) -->\n(?P<text>.*?)\n<!-- end -->", re.DOTALL)

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


#: What `st` takes for failures of a server that conforms: statuses, requests and methods that the documents do not
#: name, and which its own schema of a request allows.
MISFIRING = (
    "status_code_conformance", "positive_data_acceptance", "allow_header_conformance", "unsupported_method",
)  # fmt: skip


def schemathesis(url: str, system: str, folder: Path, *options: str) -> Took:
    """`st run` on the system's vendored file, with the key.

    In a folder of its own, without what it has kept there of earlier failures: it would begin with those, and end.
    """
    catalogue = Catalogue.load(system)
    name, form = load(system).key_header
    shutil.rmtree(folder / ".schemathesis", ignore_errors=True)
    run = took(
        [
            str(Path(sys.executable).with_name("st")), "run", str(next(iter(catalogue.editions.values()))),
            "--url", url, "--header", f"{name}: {form.format(EMBEDDED_KEY)}", *options,
        ],
        folder,
    )  # fmt: skip
    if run.status not in {0, 1}:  # 1: it takes something for a failure
        raise SystemExit(f"st run on {system} ended with status {run.status}: nothing is measured by it")
    return run


def middle(values: Sequence[float]) -> str:
    """The median, with the least and the most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def beside_schemathesis(rounds: int, reports: str, delay: float = 0.0) -> list[str]:
    """All in turn against one server process, which takes so many seconds for each answer."""
    lines = [
        "| system | `quick`, s | `smoke`, s | `st run` but misfiring, s | `st run`, s | quick ÷ st | smoke ÷ st |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    passing = f"--exclude-checks={','.join(MISFIRING)}"
    for system in NAMES:
        with serving(system, delay) as server, tempfile.TemporaryDirectory() as folder:
            of_st = Path(folder)
            commands: tuple[Callable[[], Took], ...] = (
                partial(suite, server.url, system, reports),
                partial(suite, server.url, system, reports, "--hypothesis-profile=smoke"),
                partial(schemathesis, server.url, system, of_st, passing),
                partial(schemathesis, server.url, system, of_st),
            )
            for command in commands if rounds > 1 else ():
                command()
            pauses, found = random.Random(system), [list[float]() for _ in commands]
            for _ in range(rounds):
                # a run ends with the server's second where it waits for that: or all would begin at one point of it
                time.sleep(pauses.random())
                for walls, command in zip(found, commands, strict=True):
                    walls.append(command().wall)
        quick, smoke, st, _ = map(statistics.median, found)
        lines.append(f"| {system} | {' | '.join(map(middle, found))} | {quick / st:.2f} | {smoke / st:.2f} |")
    return lines


#: What the time of a quick run grows with: seconds of an answer, and requests in flight together.
DELAYS, IN_FLIGHT = (0.0, 0.02, 0.08), (1, 2, 4, 8)


def growth(reports: str) -> list[str]:
    """How the time of a quick run grows with the time of an answer, and shrinks with what is in flight together."""
    lines = [
        f"| an answer takes, ms | requests | {' | '.join(f'`--concurrency={each}`, s' for each in IN_FLIGHT)} |",
        f"| --- | --- |{' --- |' * len(IN_FLIGHT)}",
    ]
    for delay in DELAYS:
        walls, sent = [], []
        for each in IN_FLIGHT:
            with serving("dify", delay) as server:
                walls.append(f"{suite(server.url, 'dify', reports, f'--concurrency={each}').wall:.1f}")
            sent.append(len(server.requests))
        lines.append(f"| {1000 * delay:g} | {min(sent)}–{max(sent)} | {' | '.join(walls)} |")
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
    lines = [
        f"| system | no option, s | `-n {WORKERS}`, s | processor time of these, s |",
        "| --- | --- | --- | --- |",
    ]
    for system in NAMES:
        with serving(system, SLOW) as server:
            found = [suite(server.url, system, reports, *options) for options in ((), ("-n", str(WORKERS)))]
        walls, times = (" | ".join(f"{one.wall:.1f}" for one in found), ", ".join(f"{one.cpu:.1f}" for one in found))
        lines.append(f"| {system} | {walls} | {times} |")
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


def _parts_of(page: str) -> dict[str, str]:
    """What was measured before, by part."""
    return {found["name"]: found["text"] for found in PART.finditer(page)}


def _head_of(page: str) -> dict[str, str]:
    """What the whole page was measured on, and in how many rounds; empty where it does not say."""
    found = re.search(
        r"medians of (?P<rounds>\d+) .*?^Measured on: (?P<machine>[^\n]*)\.$", page, re.MULTILINE | re.DOTALL
    )
    return found.groupdict() if found else {}


def main() -> None:
    """Measure, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="counted runs of each command (after one that is not)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    names = ["st", "slow", "growth", "bare", "workers", "profiles"]
    parser.add_argument("--only", choices=names, action="append", help="measure this part alone, or these")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as reports:
        parts: dict[str, Callable[[], list[str]]] = {
            "st": lambda: beside_schemathesis(chosen.rounds, reports),
            "slow": lambda: beside_schemathesis(1, reports, SLOW),
            "growth": lambda: growth(reports),
            "bare": lambda: beside_a_bare_loop(chosen.rounds, reports),
            "workers": lambda: with_workers(reports),
            "profiles": lambda: profiles(reports),
        }
        page = (HERE / "page.md").read_text(encoding="utf-8")
        found = {name: "\n".join(part()) for name, part in parts.items() if not chosen.only or name in chosen.only}
    if chosen.write:
        before = PAGE.read_text(encoding="utf-8")
        whole = {"machine": machine(), "rounds": str(chosen.rounds)}
        if chosen.only:
            # the head of the page is of all of its parts
            apart = f"\n\nMeasured apart, on: {machine()}."
            found = {name: text + apart for name, text in found.items()}
            whole = _head_of(before) or whole
        found = _parts_of(before) | found | whole
        found["yield"] = YIELD + before.partition(YIELD)[2].rstrip()
        for name, text in found.items():
            page = page.replace(f"{{{name}}}", text)
        PAGE.write_text(page, encoding="utf-8")
    else:
        sys.stdout.write("\n\n".join([machine(), *found.values()]) + "\n")


if __name__ == "__main__":
    main()
