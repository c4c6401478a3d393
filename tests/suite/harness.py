"""Runs the suite against a server the way a user does, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis  # noqa: F401  (with it at hand a run draws for itself, which is quicker than a process for each)

ROOT = Path(__file__).resolve().parents[2]

KEY = "key-for-the-tests-5d41402a"
OTHER_MODE_KEY = "other-mode-key-for-the-tests-7c9e"


@dataclass
class Judged:
    """What a run of the suite left behind."""

    status: int
    output: str
    record: dict[str, Any]

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


def judge(
    base_url: str | None,
    report_dir: Path,
    *options: str,
    system: str | None = None,
    env: Mapping[str, str] | None = None,
    select: str | None = None,
    seed: int = 1,
) -> Judged:
    """Run the contract tests in this process; `select` is a ``-k`` expression, `env` what the environment holds."""
    arguments = _arguments(base_url, report_dir, options, system, select, seed)
    output = io.StringIO()
    with _environment(env or {}), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        # it would collect garbage ten times after each run, over all that this process holds
        status = pytest.main([*arguments, "-p", "no:cacheprovider", "-p", "no:unraisableexception"])
    return Judged(int(status), output.getvalue(), _record(report_dir))


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
        str(ROOT / "tests" / "contract"), f"--rootdir={ROOT}", "-c", str(ROOT / "pyproject.toml"), "-q", "--no-header",
        f"--report-dir={report_dir}", *([] if seed is None else [f"--hypothesis-seed={seed}"]),
        *([f"--base-url={base_url}"] if base_url else []), *([f"--system={system}"] if system else []),
        *(["-k", select] if select else []), *options,
    ]  # fmt: skip


def _record(report_dir: Path) -> dict[str, Any]:
    path = report_dir / "conformance.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return record


def plain_environment() -> dict[str, str]:
    """The environment without what the suite and pytest read from it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("RENAME_TCK_", "PYTEST_"))}


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
