"""Joins the suite to pytest: reads the options, and registers a plugin for each duty."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from rename_tck.pytest_plugin.collection import MARKS, Collection
from rename_tck.pytest_plugin.conclusion import RunConclusion
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.earlier_failures import EarlierFailures
from rename_tck.pytest_plugin.lifecycle import TargetLifecycle
from rename_tck.pytest_plugin.needed_plugins import load_needed
from rename_tck.pytest_plugin.open_targets import Targets
from rename_tck.pytest_plugin.option_places import add_options
from rename_tck.pytest_plugin.options import check_history, known_failures, look_up_profile, read, report_dir
from rename_tck.pytest_plugin.outcomes import Outcomes
from rename_tck.pytest_plugin.prefetching import Prefetching
from rename_tck.pytest_plugin.progress import Progress
from rename_tck.pytest_plugin.traceback_redaction import TracebackRedaction
from rename_tck.pytest_plugin.workers import Workers
from rename_tck.replay.single_case import Replay
from rename_tck.settings.settings import BadOptionError
from rename_tck.settings.variables import BASE_URL_VARIABLES


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add every option, with its ini key, and the plugins that a run needs where pytest has not loaded them."""
    load_needed(pluginmanager, parser)
    add_options(parser)


@pytest.hookimpl(tryfirst=True)  # before pytest-base-url makes an empty URL of none
def pytest_configure(config: pytest.Config) -> None:
    """Read the settings, and register what judges by them."""
    for mark in MARKS:
        config.addinivalue_line("markers", mark)
    config.pluginmanager.register(TracebackRedaction(config), "rename-tck-traceback-redaction")
    replay = Replay.of(config)
    try:
        look_up_profile(config)
        settings = read(config)
        known = known_failures(settings)
        if replay is None and not hasattr(config, "workerinput"):
            check_history(settings)
        settings = settings if replay is None else replay.settings(settings)
    except BadOptionError as error:
        if replay is None:
            from rename_tck.pytest_plugin.reporting import record_bad_option

            record_bad_option(report_dir(config), str(error))
        else:
            replay.complaint = str(error)
        raise pytest.UsageError(str(error)) from None
    if BASE_URL_VARIABLES[0] in os.environ and not hasattr(config, "workerinput"):
        config.option.base_url = settings.base_url  # of pytest-base-url, which does not know the suite's variable
    planned = settings.base_url if settings.plan else None
    # a plan is rehearsed on the embedded server
    settings = replace(settings, base_url=None) if settings.plan else settings
    session = ConformanceSession.of(config, settings, known, replay)
    session.planned_target = planned
    earlier, prefetching = EarlierFailures(session), Prefetching(session)
    progress = Progress(config, session)
    targets = Targets(session, earlier, prefetching, progress.say, progress.sent)
    conclusion = RunConclusion(config, session, targets)
    lifecycle = TargetLifecycle(config, session, targets, prefetching, conclude=conclusion.conclude, progress=progress)
    for name, plugin in (
        ("profile", VerboseProfile(config, session)),
        ("collection", Collection(config, session, earlier, prefetching)),
        ("lifecycle", lifecycle),
        ("progress", progress),
        ("outcomes", Outcomes(session, progress)),
        ("workers", Workers(config, session)),
        ("conclusion", conclusion),
    ):
        config.pluginmanager.register(plugin, f"rename-tck-{name}")


class VerboseProfile:
    """Has Hypothesis' own plugin, which tells its profile when it is asked to be verbose, tell the right one."""

    def __init__(self, config: pytest.Config, session: ConformanceSession) -> None:
        self._config = config
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_header(self) -> None:
        """Make the run's profile the current one."""
        if self._config.option.verbose > 0:
            from rename_tck.cases.drawing import use

            use(self._session.run.profile)
