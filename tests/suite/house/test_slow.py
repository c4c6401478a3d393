"""What is left out without --slow is said, with workers and without."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from harness import ROOT, plain_environment


def _collected(*options: str) -> tuple[int, str]:
    """A run of a module whose tests are all slow: exit status and output."""
    command = [sys.executable, "-m", "pytest", "tests/suite/real/test_agno_2_5_6.py", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def test_slow_tests_are_left_out_and_that_is_said() -> None:
    status, output = _collected("--slow", "--collect-only")
    assert status == pytest.ExitCode.OK, output
    assert "left out" not in output
    number = re.findall(r"^(\d+) tests collected", output, re.MULTILINE)[0]
    for options in ((), ("-n1",)):
        status, output = _collected(*options)
        assert status == pytest.ExitCode.NO_TESTS_COLLECTED, output
        assert f"{number} slow tests were left out: --slow runs them, too." in output.splitlines()
