"""The options of the suite's own tests, what is left out without ``--slow``, and the gathering of the kill matrix."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import kill_matrix
import pytest
from harness import ROOT

sys.path.append(str(ROOT / "specs"))  # the converter of the vendored documents


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for slow tests, and that of test_mutants.py."""
    parser.addoption(
        "--slow", action="store_true", help="run the tests marked slow, too, and judge every stranger in full"
    )
    parser.addoption("--mutants-in-full", action="store_true", help="judge every mutant by every requirement")


def pytest_configure(config: pytest.Config) -> None:
    """Register what is below; the matrix is gathered where all reports meet, not in a worker of pytest-xdist."""
    # a proxy that the environment names is for servers elsewhere: those of these tests are on this machine
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    config.addinivalue_line(
        "markers",
        "slow: proves little beyond what quicker tests prove, for its time, or needs much (a browser, a real server); "
        "run with --slow only: by .ci/run what judges faulty and real servers, pages and the wheel, all of it by night",
    )
    config.pluginmanager.register(LeftOut(config), "left-out")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(KillMatrix(), "kill-matrix")


class LeftOut:
    """Leaves out the tests marked slow unless they are asked for, and says so at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.number = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Deselect what is slow."""
        if self.config.getoption("slow"):
            return
        slow = [item for item in items if item.get_closest_marker("slow")]
        self.number = len(slow)
        if slow:
            items[:] = [item for item in items if not item.get_closest_marker("slow")]
            self.config.hook.pytest_deselected(items=slow)

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        """Tell the controller (pytest-xdist), which collects nothing itself."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["left_out"] = self.number

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear it from a worker: each collects all tests."""
        self.number = max(self.number, getattr(node, "workeroutput", {}).get("left_out", 0))

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was left out, and how to run it."""
        if self.number:
            terminalreporter.write_line(f"{self.number} slow tests were left out: --slow runs them, too.")


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
