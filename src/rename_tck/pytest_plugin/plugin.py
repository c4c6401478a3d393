"""Joins the suite to pytest: options, one test a requirement, verdicts for outcomes, reports at the end."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rename_tck.cases.spaces import DEFAULT, LAWS, seed_for
from rename_tck.checks.case_selector import Trail
from rename_tck.checks.context import Bench
from rename_tck.interruption import INTERRUPTION
from rename_tck.pytest_plugin.collection import chosen_by, is_of_another_system, kept_by, parameters, rank
from rename_tck.pytest_plugin.conformance_session import Judging
from rename_tck.pytest_plugin.traceback_redaction import Discreet, trace, without_frames
from rename_tck.replay.single_case import Replay, try_alone
from rename_tck.results import finding as findings
from rename_tck.results.run import COULD_NOT_JUDGE, Outcome
from rename_tck.settings.settings import (
    OPTIONS,
    BadOptionError,
    Settings,
    ensure_writable,
    look_up_profile,
    read,
    report_dir,
)
from rename_tck.systems import NAMES
from rename_tck.verdict import Conclusion, CouldNotJudge, Evidence

_EVIDENCE = pytest.StashKey[Evidence]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add every option, with its ini key."""
    group = parser.getgroup("rename-tck", "rename-tck: the system under test (its URL is --base-url)")
    for option in OPTIONS:
        what = f"{option.help} [{option.variable}]"
        if option.flag:
            group.addoption(f"--{option.name}", dest=option.dest, action="store_true", help=what)
        else:
            action = "append" if option.many else "store"
            group.addoption(f"--{option.name}", dest=option.dest, action=action, metavar=option.metavar, help=what)
        if option.many:
            parser.addini(option.dest, option.help, type="linelist")
        else:
            parser.addini(option.dest, option.help, type="string")


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register the judge."""
    config.addinivalue_line(
        "markers", "requirement(id): the requirement, or the law of every system, that a test decides"
    )
    config.addinivalue_line("markers", "observation: records what a system does where no document says; judges nothing")
    config.pluginmanager.register(Discreet(config), "rename-tck-discreet")
    replay = Replay.of(config)
    try:
        look_up_profile(config)
        settings = read(config)
        settings = settings if replay is None else replay.settings(settings)
    except BadOptionError as error:
        from rename_tck.pytest_plugin.outcomes import record_bad_option

        if replay is None:
            record_bad_option(report_dir(config), str(error))
        else:
            replay.complaint = str(error)
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(Judge(config, settings), "rename-tck-judge")


class Judge:
    """One pytest session's judging. Does nothing when the session holds no contract test."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        #: What is said of a target that --plan spares: the embedded server stands in for it.
        self.spared = settings.base_url if settings.plan else None
        settings = replace(settings, base_url=None) if settings.plan else settings
        self.settings = settings
        worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.worker = worker
        self.is_controller = worker is None and bool(
            getattr(config.option, "dist", "no") != "no" and getattr(config.option, "tx", None)
        )
        given = config.getoption("--hypothesis-seed", None)
        seed = (
            worker["rename_tck_seed"] if worker else int(given) if given not in (None, "") else secrets.randbelow(2**32)
        )
        profile = config.getoption("--hypothesis-profile", None) or DEFAULT
        #: What the session is for when it is no ordinary run.
        self.replay = Replay.of(config)
        only = None if self.replay is None else self.replay.kept
        self.judging = Judging(settings, seed=seed, profile=profile, worker=worker, only=only)
        self.run = self.judging.run
        self.redact = self.judging.redact
        self.active = False
        self.foreign_failure = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_header(self) -> None:
        """Have Hypothesis' own plugin, which tells its profile when it is asked to be verbose, tell the right one."""
        if self.config.option.verbose > 0:
            from rename_tck.cases.drawing import use

            use(self.run.profile)

    # -- collecting: one test a requirement

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the files of the systems that are not judged."""
        name = collection_path.stem.removeprefix("test_")
        is_contract = collection_path.parent.name == "contract" and collection_path.suffix == ".py"
        return True if is_contract and name in NAMES and name not in self.judging.systems() else None

    @pytest.hookimpl
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give a contract test one run for each requirement (and edition) that it decides."""
        mark = metafunc.definition.get_closest_marker("requirement")
        observing = metafunc.definition.get_closest_marker("observation")
        if "bench" not in metafunc.fixturenames or not (mark or observing):
            return
        if mark is not None and not LAWS.isdisjoint(mark.args):
            self._draw_ahead()
        params = parameters(self.judging, mark, metafunc.function.__name__, replays=self.replay is not None)
        metafunc.parametrize("bench", params, indirect=True, scope="function")

    def _draw_ahead(self) -> None:
        """Begin to draw the cases as soon as it is known that there are laws that need them, if none is left out."""
        option, verbosity = self.config.option, self.config.getoption("--hypothesis-verbosity", None)
        if not (self.is_controller or option.collectonly or option.keyword or option.markexpr or verbosity):
            ahead = self.judging.begin_drawing()
            if ahead is not None:
                self.config.add_cleanup(ahead.close)

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """One system after the other, in the order of `rank`."""
        contract = [item for item in items if chosen_by(item)]
        strangers = [item for item in items if is_of_another_system(item)]
        others = [item for item in items if not chosen_by(item) and item not in strangers]
        borrowed, spread = bool(self.settings.session_ids), self.worker is not None
        items[:] = others + sorted(contract, key=lambda item: rank(item, borrowed=borrowed, spread=spread))
        if strangers:
            self.config.hook.pytest_deselected(items=strangers)

    # -- running

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """With workers, the controller looks at the target first, so that they need not find out each for itself."""
        if self.is_controller and self.settings.plan:
            raise pytest.UsageError("--plan counts in one process: leave -n out.")
        if self.is_controller and self.settings.base_url is not None and not self.config.option.collectonly:
            ids, workers = self.settings.session_ids, len(self.config.option.tx)
            if ids and len(ids) < workers:
                raise pytest.UsageError(
                    f"{workers} workers need a lent session each: give {workers} --session-id, or fewer workers."
                )
            self.active = True
            self.config.add_cleanup(INTERRUPTION.heed())
            with without_frames():
                self._look_first()

    def _look_first(self) -> None:
        try:
            self.judging.look_at_target()
        except CouldNotJudge as trouble:
            self.judging.give_up(trouble)
            self._conclude(COULD_NOT_JUDGE)
            pytest.exit(self.redact(trouble.reason), returncode=COULD_NOT_JUDGE)
        except BadOptionError as error:
            self._refuse(error)
        finally:
            try:
                self.judging.close()
            finally:
                self.judging.close()  # an interruption may have come before the first began to hold it off

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker (pytest-xdist) what the controller knows."""
        node.workerinput["rename_tck_seed"] = self.judging.seed
        node.workerinput["rename_tck_drift"] = self.judging.drift()
        identity = self.judging.identity
        node.workerinput["rename_tck_identity"] = (
            (identity.system, identity.base_url, identity.known_by) if identity else None
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Spread the tests over workers so that they end at about the same time."""
        from rename_tck.pytest_plugin.scheduling import scheduler

        return scheduler(config, log)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Look at the target before the first test; put everything back after the last, also when interrupted."""
        with without_frames():
            return (yield from self._loop(session))

    def _loop(self, session: pytest.Session) -> Generator[None, object, object]:
        contract = [item for item in session.items if chosen_by(item)]
        self.active = self.active or bool(contract)
        try:
            if contract and not self.is_controller:
                # also when a CI that cancels a run terminates it
                self.config.add_cleanup(INTERRUPTION.heed())
            if contract and not self.config.option.collectonly and not self.is_controller:
                self._ensure_writable()
                try:
                    if self.settings.base_url is not None:
                        self.judging.look_at_target()
                        self._select(session)
                    self.judging.order_drawn({item for item in map(chosen_by, session.items) if item})
                except CouldNotJudge as trouble:
                    self.judging.give_up(trouble)
                    session.items[:] = [item for item in session.items if not chosen_by(item)]
                except BadOptionError as error:
                    self._refuse(error)
            return (yield)
        finally:
            try:
                self.judging.close()
            finally:
                self.judging.close()  # an interruption may have come before the first began to hold it off

    def _select(self, session: pytest.Session) -> None:
        """Leave out the other systems, and order the tests by what is known of the target now."""
        assert self.judging.identity is not None
        system = self.judging.identity.system
        items = [item for item in session.items if (chosen_by(item) or (system,))[0] == system]
        if self.worker is None and self.judging.borrows(system):
            # with workers the order of collecting holds; `Judging.open_aside` heeds that
            contract = [item for item in items if chosen_by(item)]
            items = [item for item in items if not chosen_by(item)]
            items += sorted(contract, key=lambda item: rank(item, borrowed=True))
        session.items[:] = items

    def _refuse(self, error: BadOptionError) -> NoReturn:
        """End the run as for any option that cannot be used."""
        from rename_tck.pytest_plugin.outcomes import record_bad_option

        self.active = False
        record_bad_option(self.settings.report_dir, str(error))
        raise pytest.UsageError(str(error))

    def _ensure_writable(self) -> None:
        if self.worker is None and self.replay is None:
            try:
                ensure_writable(self.settings.report_dir)
            except BadOptionError as error:
                raise pytest.UsageError(str(error)) from None

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> Bench:
        """What the test holds in its hands."""
        system, name, edition, kept = request.param
        requirement = self.judging.catalogue(system).requirement(name) if name else None
        evidence = Evidence()
        request.node.stash[_EVIDENCE] = evidence
        if kept is not None and self.replay is None:
            target = self.judging.open_aside(system).target
        else:
            self.judging.close_aside()
            target = self.judging.open(system).target
        trail = Trail(None if kept is None else kept.keys)
        seed = seed_for(self.judging.seed, name, edition)
        return Bench(target, requirement, edition, seed=seed, evidence=evidence, trail=trail, kept=kept)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Have the law of a kept case try that case alone."""
        kept = kept_by(pyfuncitem)
        if kept is None:
            return None
        try_alone(pyfuncitem.obj, pyfuncitem.funcargs["bench"], kept, self.replay)
        return True

    # -- concluding

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the outcome of a contract test into a finding, and say it in the suite's words."""
        chosen = chosen_by(item)
        error = call.excinfo.value if call.excinfo else None
        if chosen is not None:
            # spares the time of a traceback that nobody sees: the suite has its own words
            item.repr_failure = lambda *_, **__: ""  # type: ignore[method-assign]
        report = yield
        if chosen is not None:
            report.sections = []  # nothing that was captured is ours to show
        if chosen is None or isinstance(error, pytest.skip.Exception) or (call.when != "call" and error is None):
            return report
        system, name, edition = chosen
        requirement = self.judging.catalogue(system).by_id.get(name or "")
        if requirement is None:
            # an observation judges nothing: at worst it is not made
            report.outcome, report.longrepr = "passed", None
            if error is not None:
                note = self.redact(f"the observations were broken off: {error}")
                report.note = system, note  # type: ignore[attr-defined]
            return report
        found = findings.concluded(
            error, requirement=requirement.id, edition=edition, test=item.nodeid,
            evidence=item.stash.get(_EVIDENCE, Evidence()), redact=self.redact, kept=kept_by(item) is not None,
        )  # fmt: skip
        report.rename_tck = findings.dump(found)  # type: ignore[attr-defined]
        alone = replace(found, kept=False)  # what this one test says
        outcome = Outcome.of(requirement, [alone], self.judging.bare_run(system))
        of_the_suite = error is not None and not isinstance(error, Conclusion)
        from rename_tck.pytest_plugin.outcomes import tell

        tell(item, report, outcome, self.settings, self.redact(trace(error)) if of_the_suite and error else None)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """The suite's words for outcomes."""
        from rename_tck.pytest_plugin.outcomes import status

        return status(report)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the finding, from this process or from a worker."""
        content: str | None = getattr(report, "rename_tck", None)
        if content is not None:
            self.active = True
            found = findings.load(content)
            if self.replay is not None:
                self.replay.findings[found.edition] = found
            self.judging.system_run(found.requirement.split(".")[0]).findings.append(found)
        elif report.failed:
            self.foreign_failure = True
        if (note := getattr(report, "note", None)) is not None:
            self.judging.system_run(note[0]).notes.append(note[1])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Gather what a worker (pytest-xdist) knows besides its findings."""
        for system, known in node.workeroutput.get("rename_tck", {}).items():
            run = self.judging.system_run(system)
            run.base_url = run.base_url or known["base_url"]
            run.accepted += known["accepted"]
            run.observations.update({name: tuple(answer) for name, answer in known["observations"].items()})
            run.notes += known["notes"]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Decide the exit status, and write the reports after everything that pytest has to say."""
        ours = self.active and not self.config.option.collectonly
        if ours and "hypothesis" not in sys.modules:
            # it would be loaded to sum up that there is nothing to say of it
            self.config.pluginmanager.unregister(name="hypothesispytest")
        usual = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}
        if ours and self.worker is None:
            if exitstatus == pytest.ExitCode.INTERRUPTED:
                self.run.trouble = self.run.trouble or "the run was broken off before its end"
                for run in self.run.systems.values():
                    run.broken_off = self.run.trouble
            if usual and (self.run.systems or self.run.trouble):
                session.exitstatus = self.run.exit_status()
                if self.foreign_failure:
                    session.exitstatus = session.exitstatus or 1
        elif self.worker is not None:
            self.config.workeroutput["rename_tck"] = {  # type: ignore[attr-defined]
                system: {
                    "base_url": run.base_url,
                    "accepted": run.accepted,
                    "observations": run.observations,
                    "notes": run.notes,
                }
                for system, run in self.run.systems.items()
            }
        yield
        if ours and self.worker is None and (self.run.systems or self.run.trouble):
            session.exitstatus = self._conclude(int(session.exitstatus))

    def _conclude(self, exit_status: int) -> int:
        from rename_tck.pytest_plugin.outcomes import conclude, keep, plan

        if self.replay is not None:
            self.replay.run = self.run
            return exit_status
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        say = reporter.write_line if reporter else print
        if self.settings.plan:
            for line in plan(self.judging.sent, self.spared):
                say(line)
            return 0
        trouble = keep(self.run, self.settings, self.redact, say)
        return conclude(self.run.record(exit_status), self.settings, self.redact, say) or trouble
