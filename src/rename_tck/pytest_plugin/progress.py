"""How far a run is, while it goes on: on one line of a terminal, and every ten seconds in a log."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import pytest

from rename_tck.cases.requests_sent import requests_of, seconds_for, seconds_with_workers
from rename_tck.pytest_plugin.collection import chosen_by
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.text import visible

if TYPE_CHECKING:
    from rename_tck.client.transport import TargetClient

#: Seconds between two looks at the line of a terminal, and between two lines of a log.
_ON_A_TERMINAL, _IN_A_LOG = 0.2, 10.0
#: Workers that the first look tells of, and what they must save of the time to be worth a word.
_WORKERS, _WORTH = 8, 0.75
#: How many requests must have been answered before the rate says anything of the time that is left.
_ENOUGH = 20


class Progress:
    """Says what a run will take, and how far it is; nothing with -q, nor with -v, which has a line a test.

    `sent` is called by every thread that sends. With workers, who count for themselves, it goes by tests.
    """

    def __init__(self, config: pytest.Config, session: ConformanceSession) -> None:
        self._session = session
        self._config = config
        self._lock = threading.Lock()
        self._sent = self._tests = 0
        self._first = self._shown = time.monotonic()
        #: How wide the line is that stands on the terminal now.
        self._wide = 0
        self._collected: Callable[[], int | None] = lambda: None
        #: How many requests the run sends as a whole; None where that is not known.
        self.whole: int | None = None

    @property
    def shows(self) -> bool:
        """Whether this process tells how far the run is, in place of a letter a test."""
        session = self._session
        return session.active and self._verbosity == 0 and session.worker is None and session.replay is None

    @property
    def has_letters(self) -> bool:
        """Whether pytest shows its letter, or word, for each of the suite's tests: with -v alone."""
        return self._verbosity > 0

    @property
    def _verbosity(self) -> int:
        """pytest's; 0 where its plugin for terminals is not there."""
        return int(self._config.getoption("verbose", 0))

    def say(self, line: str) -> None:
        """Write a line to the terminal, while the run goes on."""
        self.clear()
        shown = visible(self._session.redact(line))
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            print(shown, flush=True)  # noqa: T201
        else:
            reporter.ensure_newline()
            reporter.write_line(shown, flush=True)

    def foretell(self, system: str, client: TargetClient) -> None:
        """Say what the run will take, as the first look at the target has measured its answers."""
        session, answer = self._session, client.quickest
        if not self._is_whole or session.settings.may_be_cut_short or not answer:
            return
        profile = session.run.profile
        self.whole = requests_of(system, profile)
        if not self.shows:
            return
        measured = f"an answer takes {_milliseconds(answer)}"
        workers = len(self._config.option.tx) if session.is_controller else 0
        if workers:
            took = seconds_with_workers(self.whole, profile, answer, workers)
            self.say(f"About {self.whole:,} requests from {workers} workers, {_about(took)}: {measured}.")
            return
        took = seconds_for(self.whole, profile, answer, client.in_flight)
        together = f", {client.in_flight} in flight together" if client.in_flight > 1 else ""
        said = f"About {self.whole:,} requests{together}, {_about(took)}: {measured}."
        shared = seconds_with_workers(self.whole, profile, answer, _WORKERS)
        if shared < took * _WORTH and importlib.util.find_spec("xdist") and not client.limits.rate:
            said += f" With -n {_WORKERS} {_about(shared)}."
        self.say(said)

    @property
    def _is_whole(self) -> bool:
        """Whether nothing is left out; a process that has workers collects nothing, and knows the options alone."""
        option = self._config.option
        if not self._session.is_controller:
            return self._session.has_chosen_all
        chosen = option.keyword or option.markexpr or option.deselect or getattr(option, "lf", False)
        return not chosen and not any("::" in name or name.endswith(".py") for name in self._config.args)

    def sent(self) -> None:
        """A request is sent."""
        with self._lock:
            self._sent += 1
        if not self._session.is_controller:
            self._show()

    @pytest.hookimpl
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Know where the number of tests stands, which workers tell it."""
        self._collected = lambda: session.testscollected or None

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Leave out the names of files where every test is one of the suite's."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        contract = [item for item in session.items if chosen_by(item)]
        if reporter is not None and contract and len(contract) == len(session.items) and not self._verbosity:
            reporter.showfspath = False
            reporter._show_progress_info = False  # pytest has an ini option alone for it

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Make room for what pytest says of a test that is none of the suite's; with workers, count their tests."""
        if not hasattr(report, "verdict") and report.when == "call":
            self.clear()
        if self._session.is_controller and report.when == "teardown":
            with self._lock:
                self._tests += 1
            self._show()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Take the line away before the last screen."""
        self.clear()
        return (yield)

    def clear(self) -> None:
        """Take the line off the terminal, for something else is to be written."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        with self._lock:
            if self._wide and reporter is not None:
                with self._uncaptured():
                    reporter.write(f"\r{' ' * self._wide}\r", flush=True)
            self._wide = 0

    def _show(self) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if not self.shows or reporter is None:
            return
        on_a_terminal = reporter.isatty
        with self._lock:
            now = time.monotonic()
            if now - self._shown < (_ON_A_TERMINAL if on_a_terminal else _IN_A_LOG):
                return
            self._shown = now
            line = self._line(now - self._first)
            with self._uncaptured():
                if on_a_terminal:
                    reporter.write(f"\r{line.ljust(self._wide)}", flush=True)
                    self._wide = len(line)
                else:
                    reporter.write_line(line, flush=True)

    def _uncaptured(self) -> AbstractContextManager[None]:
        """While it lasts, what is written reaches the terminal: within a test pytest captures it."""
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        return nullcontext() if capture is None else capture.global_and_fixture_disabled()

    def _line(self, took: float) -> str:
        if self._session.is_controller:
            return told(self._tests, self._collected(), took, "test")
        return told(self._sent, self.whole, took, "request")


def told(done: int, whole: int | None, took: float, what: str) -> str:
    """The line: how many of about how many, how many a second, how long it will still take."""
    rate = done / took if took > 0 else 0.0
    number = f"{done:,} of about {whole:,} {what}s" if whole and whole > done else f"{done:,} {what}{'s' * (done != 1)}"
    parts = [number, f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
    if whole and whole > done >= _ENOUGH and rate > 0:
        parts.append(f"{_about((whole - done) / rate)} left")
    return ", ".join(parts)


def _about(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.0095 else f"{seconds * 1000:.1f} ms"
