"""The end of a run: its exit status, its reports, its closing lines."""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest

from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.open_targets import Targets
from rename_tck.pytest_plugin.outcomes import EXCUSED
from rename_tck.pytest_plugin.replay_command import replay_command
from rename_tck.results.record import Json
from rename_tck.text import visible

#: What pytest's -r is where nobody has given it.
_USUAL = frozenset({"fE", ""})
#: The names under which pytest counts the suite's failures.
_COUNTED_AS = ("failed", *(category for category, _, _ in EXCUSED.values()))


class RunConclusion:
    """Decides the exit status, and has the reports written; in the process that gathers the findings."""

    def __init__(self, config: pytest.Config, session: ConformanceSession, targets: Targets) -> None:
        self._config = config
        self._session = session
        self._targets = targets

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Decide the exit status, and write the reports after everything that pytest has to say."""
        ours, run = self._session.active and not self._config.option.collectonly, self._session.run
        if ours and "hypothesis" not in sys.modules and self._config.pluginmanager.has_plugin("hypothesispytest"):
            # it would be loaded to sum up that there is nothing to say of it
            self._config.pluginmanager.unregister(name="hypothesispytest")
        usual = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}
        concludes = ours and self._session.worker is None
        if concludes:
            if exitstatus == pytest.ExitCode.INTERRUPTED:
                run.trouble = run.trouble or "the run was broken off before its end"
                for system_run in run.systems.values():
                    system_run.broken_off = run.trouble
            self._session.note_left_out()
            if usual and (run.systems or run.trouble):
                session.exitstatus = run.exit_status()
                if self._session.foreign_failure:
                    session.exitstatus = session.exitstatus or 1
            if run.systems:
                self._note_for_junit()
        yield
        if concludes and (run.systems or run.trouble):
            session.exitstatus = self.conclude(int(session.exitstatus))

    def _note_for_junit(self) -> None:
        """Give the JUnit file each system's verdict: tests that were not chosen do not stand in it."""
        for plugin in self._config.pluginmanager.get_plugins():
            if hasattr(plugin, "add_global_property"):
                for system, run in self._session.run.systems.items():
                    verdict, reason = run.verdict(self._session.settings.level)
                    plugin.add_global_property(f"verdict of {system}", str(verdict))
                    if reason is not None:
                        plugin.add_global_property(f"reason of {system}", visible(self._session.redact(reason)))

    def conclude(self, exit_status: int) -> int:
        """Write the reports and say the closing lines; the exit status, changed if something could not be written."""
        from rename_tck.pytest_plugin.reporting import plan, save_failures, write_reports

        session = self._session
        if session.replay is not None:
            session.replay.run = session.run
            return exit_status
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        say = reporter.write_line if reporter else print
        verbosity = int(self._config.getoption("verbose", 0))
        if session.settings.plan:
            for note in session.settings.notes:
                say(f"note: {session.redact(note)}")
            for line in plan(self._targets.sent, session.planned_target):
                say(line)
            return 0
        trouble = save_failures(session.run, session.settings, session.redact, say)
        record = session.run.record(exit_status)
        return (
            write_reports(record, session.settings, session.redact, say, again=self._again(record), verbosity=verbosity)
            or trouble
        )

    def _again(self, record: Json) -> dict[str, str]:
        """The command that tries the clearest failing case again, by requirement; none where it was not saved."""
        session = self._session
        saved = [one["id"] for run in record["runs"] for one in run["requirements"] if one.get("replay") is not None]
        return {name: session.redact(replay_command(name, session.settings, self._config)) for name in saved}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """Leave the suite's failures to its own last screen, unless -v or -r asks for pytest's account of them."""
        option = self._config.option
        if option.verbose > 0 or option.reportchars not in _USUAL:
            return (yield)
        stats = terminalreporter.stats
        before = {name: stats.get(name, []) for name in _COUNTED_AS}
        for name, reports in before.items():
            if reports:
                stats[name] = [one for one in reports if getattr(one, "verdict", None) is None]
        try:
            return (yield)
        finally:
            stats.update({name: reports for name, reports in before.items() if reports})
