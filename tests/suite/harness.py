"""Runs the suite against a server the way a user does, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
import pytest
import schemathesis  # noqa: F401  (with it at hand a run draws for itself, which is quicker than a process for each)
import servers_clock

from rename_tck.reports.writing import REPORTS

ROOT = Path(__file__).resolve().parents[2]

#: For ``python -c``: as pytest is started from a shell, also where the suite's own tests run in the background or under
#: nohup, deaf to some signals.
LISTENING = (
    "import signal, sys, pytest; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "[signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)]; sys.exit(pytest.main())"
)

KEY = "key-for-the-tests-5d41402a"
OTHER_MODE_KEY = "other-mode-key-for-the-tests-7c9e"
OTHER_USER_KEY = "other-user-key-for-the-tests-1b6a"

#: The environment of a run that has all of these.
KEYS = {
    "RENAME_TCK_API_KEY": KEY,
    "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY,
    "RENAME_TCK_OTHER_USER_KEY": OTHER_USER_KEY,
}


#: Options for runs in this process: how much they draw, and no looking for a smaller case of what fails.
FEW_DRAWN, MANY_DRAWN = "--hypothesis-profile=few-drawn", "--hypothesis-profile=many-drawn"

for _name, _examples in (("few-drawn", 4), ("many-drawn", 25)):
    hypothesis.settings.register_profile(
        _name,
        hypothesis.settings(
            max_examples=_examples,
            database=None,
            deadline=None,
            print_blob=False,
            phases=(hypothesis.Phase.generate,),
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )


def slow_but(*quick: object, of: Iterable[object]) -> list[Any]:
    """Parameters of a test that shows much the same with each: all but a few are slow."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)), marks=() if value in quick else pytest.mark.slow
        )
        for value in of
    ]


@dataclass
class Judged:
    """What a run of the suite left behind."""

    status: int
    output: str
    record: dict[str, Any]
    #: The failing tests, by requirement: "function[requirement]".
    failed: tuple[str, ...] = ()

    @property
    def run(self) -> dict[str, Any]:
        """The record's only run."""
        (run,) = self.record["runs"]
        assert isinstance(run, dict)
        return run

    @property
    def requirements(self) -> dict[str, dict[str, Any]]:
        """The run's requirements by id."""
        return {requirement["id"]: requirement for requirement in self.run["requirements"]}

    def with_verdict(self, verdict: str) -> set[str]:
        """The ids of the requirements with this verdict."""
        return {name for name, requirement in self.requirements.items() if requirement["verdict"] == verdict}


class FailedTests:
    """Hears which tests of a run failed."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the name of a test that failed, be it only for what should be."""
        if report.failed or getattr(report, "wasxfail", None):
            self.names.append(report.nodeid.partition("::")[2])


def judge(
    base_url: str | None,
    report_dir: Path,
    *options: str,
    system: str | None = None,
    env: Mapping[str, str] | None = None,
    select: str | None = None,
    seed: int = 1,
    record_only: bool = False,
    real_time: bool = False,
    plugins: Sequence[object] = (),
) -> Judged:
    """Run the contract tests in this process; `select` is a ``-k`` expression, `env` what the environment holds.

    `record_only` leaves out the pages that are made of the record. `real_time` is for servers of another process, and
    others that do not tell time by `servers_clock`: the laws really wait then until the clock shows another time.
    """
    arguments = _arguments(base_url, report_dir, options, system, select, seed)
    output, failed = io.StringIO(), FailedTests()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(env or {}))
        stack.enter_context(contextlib.redirect_stdout(output))
        stack.enter_context(contextlib.redirect_stderr(output))
        if record_only:
            stack.enter_context(mock.patch.dict(REPORTS, {"json": REPORTS["json"]}, clear=True))
        if not real_time:
            stack.enter_context(servers_clock.put_on_instead_of_waiting())
        # it would collect garbage ten times after each run, over all that this process holds
        status = pytest.main(
            [*arguments, "-p", "no:cacheprovider", "-p", "no:unraisableexception"], plugins=[failed, *plugins]
        )
    return Judged(int(status), output.getvalue(), _record(report_dir), tuple(dict.fromkeys(failed.names)))


def judge_in_process(
    base_url: str | None,
    report_dir: Path,
    *options: str,
    system: str | None = None,
    env: Mapping[str, str] | None = None,
    select: str | None = None,
    seed: int | None = 1,
    timeout: float = 300,
) -> Judged:
    """The same in a process of its own, as a user's shell does it."""
    arguments = _arguments(base_url, report_dir, options, system, select, seed)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "-p", "no:cacheprovider"],
        cwd=ROOT, env=plain_environment() | dict(env or {}),
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Judged(done.returncode, done.stdout + done.stderr, _record(report_dir))


def _arguments(
    base_url: str | None,
    report_dir: Path,
    options: tuple[str, ...],
    system: str | None,
    select: str | None,
    seed: int | None,
) -> list[str]:
    return [
        str(ROOT / "tests" / "contract"), f"--rootdir={ROOT}", "-c", str(ROOT / "pyproject.toml"), "--no-header",
        f"--report-dir={report_dir}", *([] if seed is None else [f"--hypothesis-seed={seed}"]),
        *([f"--base-url={base_url}"] if base_url else []), *([f"--system={system}"] if system else []),
        *(["-k", select] if select else []), *options,
    ]  # fmt: skip


def _record(report_dir: Path) -> dict[str, Any]:
    path = report_dir / "conformance.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return record


#: What decides how a terminal's text looks: its width, its colours, how much of it a CI is shown.
_LOOKS = {"COLUMNS", "LINES", "CI", "BUILD_NUMBER", "NO_COLOR", "FORCE_COLOR", "PY_COLORS"}


def plain_environment() -> dict[str, str]:
    """The environment without what the suite and pytest read from it nor a proxy, for a terminal as it usually is."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RENAME_TCK_", "PYTEST_"))
        and not name.lower().endswith("_proxy")
        and name not in _LOOKS
    }
    return {**ours, "COLUMNS": "80"}


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before, ours = dict(os.environ), plain_environment()
    os.environ.clear()
    os.environ.update(ours | dict(env))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
