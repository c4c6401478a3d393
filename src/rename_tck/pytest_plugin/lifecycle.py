"""A target's life in a run: looked at before the first test, handed to each test, put back after the last."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import NoReturn

import pytest

from rename_tck.cases.spaces import seed_for
from rename_tck.checks.case_selector import CaseSelector
from rename_tck.checks.context import CheckContext
from rename_tck.checks.every_case import judge
from rename_tck.interruption import INTERRUPTION
from rename_tck.pytest_plugin.ahead import Ahead
from rename_tck.pytest_plugin.collection import chosen_by, rank, replay_case_of, telling_cases
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.open_targets import Targets
from rename_tck.pytest_plugin.outcomes import EVIDENCE
from rename_tck.pytest_plugin.prefetching import Prefetching
from rename_tck.pytest_plugin.progress import Progress
from rename_tck.pytest_plugin.traceback_redaction import without_frames
from rename_tck.replay.single_case import try_alone
from rename_tck.results.run import COULD_NOT_JUDGE
from rename_tck.settings.settings import BadOptionError, ensure_writable
from rename_tck.verdict import CouldNotJudge, Evidence


class TargetLifecycle:
    """Opens the target when the tests are collected, and closes it when they are done, also when interrupted."""

    def __init__(
        self,
        config: pytest.Config,
        session: ConformanceSession,
        targets: Targets,
        prefetching: Prefetching,
        *,
        conclude: Callable[[int], int],
        progress: Progress,
    ) -> None:
        self._config = config
        self._session = session
        self._targets = targets
        self._prefetching = prefetching
        self._conclude = conclude
        self._progress = progress
        #: The requirements that tests of this session decide.
        self._judged: frozenset[str] = frozenset()
        self._ahead = Ahead(hurried=session.settings.may_be_cut_short)

    # -- before the first test

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """With workers, the controller looks at the target first, so that they need not find out each for itself."""
        session = self._session
        if session.settings.spec_source is not None and session.settings.spec is None:
            with without_frames():
                self._begin(self._targets.take_document)
        settings = session.settings
        if session.is_controller and settings.plan:
            raise pytest.UsageError("--plan counts in one process: leave -n out.")
        if session.is_controller and settings.base_url is not None and not self._config.option.collectonly:
            ids, workers = settings.session_ids, len(self._config.option.tx)
            if ids and len(ids) < workers:
                raise pytest.UsageError(
                    f"{workers} workers need a session each: give {workers} --session-id, or fewer workers."
                )
            self._ensure_writable()
            self._config.add_cleanup(INTERRUPTION.heed())
            with without_frames():
                self._begin(self._look_and_foretell)

    def _begin(self, first: Callable[[], None]) -> None:
        """Do what comes before the tests are collected; where it cannot be done, the run ends with it."""
        self._session.active = True
        try:
            first()
        except CouldNotJudge as trouble:
            self._session.give_up(trouble)
            self._conclude(COULD_NOT_JUDGE)
            pytest.exit(self._session.redact(trouble.reason), returncode=COULD_NOT_JUDGE)
        except BadOptionError as error:
            self._refuse(error)
        finally:
            self._close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Look at the target before the first test; put everything back after the last, also when interrupted."""
        with without_frames():
            return (yield from self._loop(session))

    def _loop(self, session: pytest.Session) -> Generator[None, object, object]:
        contract = [item for item in session.items if chosen_by(item)]
        self._session.active = self._session.active or bool(contract)
        try:
            if contract and not self._session.is_controller:
                # also when a CI that cancels a run terminates it
                self._config.add_cleanup(INTERRUPTION.heed())
                if not self._config.option.collectonly:
                    self._look(session)
            chosen = filter(None, map(chosen_by, session.items))
            self._judged = frozenset(requirement for _, requirement, _ in chosen if requirement is not None)
            return (yield)
        finally:
            self._close()

    def _look(self, session: pytest.Session) -> None:
        """Open the target, and say what is to be drawn for it; without one, leave the contract tests out."""
        self._ensure_writable()
        try:
            if self._session.settings.base_url is not None:
                self._targets.look_at_target()
                self._select(session)
                self._foretell()
            self._prefetching.request({item for item in map(chosen_by, session.items) if item})
        except CouldNotJudge as trouble:
            self._session.give_up(trouble)
            session.items[:] = [item for item in session.items if not chosen_by(item)]
        except BadOptionError as error:
            self._refuse(error)

    def _look_and_foretell(self) -> None:
        self._targets.look_at_target()
        self._foretell()

    def _foretell(self) -> None:
        """Say what the run will take."""
        assert self._session.identity is not None
        system = self._session.identity.system
        self._progress.foretell(system, self._targets.open(system).client)

    def _select(self, session: pytest.Session) -> None:
        """Leave out the other systems, and order the tests by what is known of the target now."""
        assert self._session.identity is not None
        system = self._session.identity.system
        items = [item for item in session.items if (chosen_by(item) or (system,))[0] == system]
        if self._session.worker is None and self._targets.borrows(system):
            # with workers the order of collecting holds; `Targets.open_for_replay` heeds that
            contract = [item for item in items if chosen_by(item)]
            items = [item for item in items if not chosen_by(item)]
            hurried = self._session.settings.may_be_cut_short
            items += sorted(contract, key=lambda item: rank(item, borrowed=True, hurried=hurried))
        session.items[:] = items

    def _refuse(self, error: BadOptionError) -> NoReturn:
        """End the run as for any option that cannot be used."""
        from rename_tck.pytest_plugin.reporting import record_bad_option

        self._session.active = False
        if self._session.replay is None:
            record_bad_option(self._session.settings.report_dir, str(error))
        else:
            self._session.replay.complaint = str(error)
        raise pytest.UsageError(str(error))

    def _ensure_writable(self) -> None:
        if self._session.worker is None and self._session.replay is None:
            try:
                ensure_writable(self._session.settings.report_dir)
            except BadOptionError as error:
                raise pytest.UsageError(str(error)) from None

    # -- in each test

    @pytest.fixture
    def check(self, request: pytest.FixtureRequest) -> CheckContext:
        """What the test holds in its hands."""
        request.node.stash[EVIDENCE] = Evidence()
        if self._session.worker is None and self._session.replay is None:
            self._ahead.look(request.node, self._made)
        check = self._ahead.passed(request.node) or self._made(request.node)
        request.node.stash[EVIDENCE] = check.evidence
        return check

    def _made(self, item: pytest.Item) -> CheckContext:
        """A test's view of its target."""
        system, name, edition, case = item.callspec.params["check"]  # type: ignore[attr-defined]
        requirement = self._session.catalogue(system).requirement(name) if name else None
        if case is not None and self._session.replay is None:
            target = self._targets.open_for_replay(system).target
        else:
            self._targets.close_for_replay()
            target = self._targets.open(system).target
        # what looks back on the run sees what this process has sent, and only where it is chosen
        alone = self._session.worker is None and self._session.replay is None
        target.judged = self._judged if alone else frozenset()
        selector = CaseSelector(None if case is None else case.keys, telling_cases(item, self._session) or ())
        seed = seed_for(self._session.seed, name, edition)
        return CheckContext(target, requirement, edition, seed=seed, selector=selector, replay_case=case)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Have a contract test judge all of its cases, or the one of an earlier run alone."""
        if chosen_by(pyfuncitem) is None:
            return None
        case, check = replay_case_of(pyfuncitem), pyfuncitem.funcargs["check"]
        assert isinstance(check, CheckContext)
        if self._ahead.passed(pyfuncitem) is check:
            if check.requirement is not None:
                check.target.passed.add(check.requirement.id)
        elif case is not None:
            try_alone(pyfuncitem.obj, check, case, self._session.replay)
        else:
            judge(partial(pyfuncitem.obj, check=check), check)
        return True

    # -- after the last

    def _close(self) -> None:
        try:
            self._targets.close()
        finally:
            self._targets.close()  # an interruption may have come before the first began to hold it off
