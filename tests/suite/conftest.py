"""Fixtures of the suite's own tests, and the gathering of the kill matrix."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import kill_matrix
import pytest
from harness import ROOT

sys.path.append(str(ROOT / "specs"))  # the converter of the vendored documents


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of test_mutants.py."""
    parser.addoption("--mutants-in-full", action="store_true", help="judge every mutant by every requirement")


def pytest_configure(config: pytest.Config) -> None:
    """Gather the matrix where all reports come together: not in a worker of pytest-xdist."""
    config.addinivalue_line("markers", "slow: what needs much time, or much else; run with --slow only")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(KillMatrix(), "kill-matrix")


class KillMatrix:
    """Collects the rows that the mutants' tests hand over, and writes them at the end of the session."""

    def __init__(self) -> None:
        self.rows: list[kill_matrix.Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the row out of a test's report, from this process or from a worker."""
        if report.when == "call":
            for name, value in report.user_properties:
                if name == kill_matrix.PROPERTY:
                    self.rows.append(kill_matrix.Row.load(json.loads(str(value))))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the matrix, if a mutant was judged at all."""
        if self.rows:
            folder = session.config.getoption("rename_tck_report_dir", None)
            kill_matrix.write(self.rows, Path(folder) if folder else kill_matrix.ROOT / "reports")
