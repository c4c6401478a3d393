"""The targets of a session: found out, opened when they are first asked for, closed whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from rename_tck.cases.spaces import settle_by
from rename_tck.checks.points_of_run import coverage_of
from rename_tck.interruption import INTERRUPTION
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.earlier_failures import EarlierFailures
from rename_tck.pytest_plugin.prefetching import Prefetching
from rename_tck.settings.settings import BadOptionError
from rename_tck.settings.spec_source import PUBLISHED
from rename_tck.target.connection import TargetConnection, all_editions, embedded_settings
from rename_tck.target.detection import identify, locate
from rename_tck.target.waiting import wait_until_up
from rename_tck.verdict import CouldNotJudge, Leftover, NotTested


class Targets:
    """The open targets, one for each system, and beside it one with sessions of its own for cases of earlier runs."""

    def __init__(
        self,
        session: ConformanceSession,
        earlier: EarlierFailures,
        prefetching: Prefetching,
        say: Callable[[str], object] = print,
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        self._session = session
        self._say = say
        self._on_sent = on_sent
        self._earlier = earlier
        self._prefetching = prefetching
        #: What was sent to each system, by call, once it is closed.
        self.sent: dict[str, Counter[tuple[str, str]]] = {}
        self._open: dict[str, TargetConnection] = {}
        self._for_replay: dict[str, TargetConnection] = {}
        #: What the target was waited for.
        self._waited: str | None = None

    def take_document(self) -> None:
        """Ask for the document to judge by, where it is no file: before the tests are collected, for it decides which.

        Raises:
            BadOptionError: there is none, or none that can be judged by.
            CouldNotJudge: the target cannot be reached, or it is not clear which system it is.
        """
        from rename_tck.target import asked_document  # here, for most runs are by the vendored documents

        session, settings = self._session, self._session.settings
        assert settings.spec_source is not None
        if settings.spec_source == PUBLISHED:
            self._identify()
            assert session.identity is not None
            spec = asked_document.of_target(settings, session.identity)
        else:
            spec = asked_document.at_url(settings, settings.spec_source, settings.system)
        # without a target the embedded server of the document's system is judged
        system = spec.system if settings.base_url is None else settings.system
        session.settings = replace(settings, spec=spec, system=system)
        if session.replay is not None:
            session.replay.take_document(spec.sha256, spec.catalogue, settings.spec_source)

    def _identify(self) -> None:
        """Find out which system the target is, once, and when it is up."""
        session, settings = self._session, self._session.settings
        if session.identity is None:
            self._waited = wait_until_up(settings, self._say)
            session.identity = locate(settings, settings.system) if settings.system else identify(settings)

    def look_at_target(self) -> None:
        """Find out which system the target is, and open it.

        Raises:
            BadOptionError: the user's document is of another system.
            CouldNotJudge: it cannot be reached, or offers nothing to judge.
        """
        session, settings = self._session, self._session.settings
        self._identify()
        assert session.identity is not None
        spec, system = settings.spec, session.identity.system
        if spec is not None and spec.system != system:
            raise BadOptionError(f"--spec={spec.file} is of {spec.system}, and the target is {system}.")
        known = all_editions(system)
        if settings.editions and not set(settings.editions) <= set(known):
            raise CouldNotJudge(f"--edition does not go with {system}: its document has one edition only")
        run = session.system_run(system)
        run.notes += [session.redact(self._waited)] if self._waited else []
        self.open(system)

    def open(self, system: str) -> TargetConnection:
        """The target of a system, opened when it is first asked for."""
        if system not in self._open:
            session = self._session
            opened = self._prepared(self._open, system)
            run = session.system_run(system)
            run.base_url = opened.base_url
            opened.target.prefetch = self._prefetching.process
            asked = session.settings.base_url is not None or session.settings.plan
            # what is judged by already differs from itself in nothing
            asked = asked and session.settings.spec_source != PUBLISHED
            if session.worker is None and asked and session.replay is None:
                from rename_tck.target.published import ask  # here, for a run on an embedded server does without

                run.drift = ask(opened, session.settings.spec)
        return self._open[system]

    def open_for_replay(self, system: str) -> TargetConnection:
        """The same target with sessions of its own, for what may spoil them: the other tests do not get them.

        Raises:
            NotTested: no session could be had, or none that may be spoilt now.
        """
        if self._session.worker is not None and not self._session.settings.session_ids and self.borrows(system):
            # workers keep to the order of collecting, when it was not known that sessions can only be found
            raise NotTested("no session can be created, and those that are there are needed as they are")
        if system not in self._for_replay:
            try:
                self._prepared(self._for_replay, system, beside=self.open(system))
            except CouldNotJudge as trouble:
                raise NotTested(trouble.reason) from None
        return self._for_replay[system]

    def close_for_replay(self) -> None:
        """Put back the sessions of the cases of earlier runs, so that nothing of them shows while others are tried."""
        for system, opened in self._for_replay.items():
            opened.close()
            self._take_over(system, opened)
        self._for_replay.clear()

    def _take_over(self, system: str, opened: TargetConnection) -> None:
        """Note what a target that is closed has to tell besides the verdicts."""
        session, run = self._session, self._session.system_run(system)
        run.requests += opened.client.sent.total()
        if (covered := coverage_of(opened.target)) is not None:
            run.coverage.add(covered)
        run.notes += [session.redact(note) for note in opened.notes]
        run.leftovers += [
            Leftover(left.id and session.redact(left.id), session.redact(left.what)) for left in opened.pool.leftovers
        ]

    def borrows(self, system: str) -> bool:
        """Whether the target's sessions are not of the run's own making, so that all tests must share them."""
        return any(session.origin != "created" for session in self.open(system).pool.all)

    def close(self) -> None:
        """Put everything back and take over what was learnt on the way."""
        with INTERRUPTION.held():
            self.close_for_replay()
            session = self._session
            for system in list(self._open):
                opened = self._open.pop(system)
                target = opened.target
                opened.close()
                self.sent[system] = opened.client.sent
                run = session.system_run(system)
                run.accepted += target.accepted
                if target.stopped is not None and not target.stopped.by_the_request:
                    run.broken_off = run.broken_off or session.redact(target.stopped.sentence)
                run.observations.update(target.observations)
                self._take_over(system, opened)
                run.notes += [session.redact(complaint) for complaint in self._earlier.complaints(system)]

    def _prepared(
        self, targets: dict[str, TargetConnection], system: str, beside: TargetConnection | None = None
    ) -> TargetConnection:
        """A target, known to `close` before it has a session to put back: an interruption may come at any point."""
        with INTERRUPTION.held():
            opened = targets[system] = self._connected(system, beside)
        try:
            opened.prepare()
        except BaseException:
            opened.close()
            del targets[system]
            self._take_over(system, opened)
            raise
        return opened

    def _connected(self, system: str, beside: TargetConnection | None = None) -> TargetConnection:
        session = self._session
        settings, worker, share = session.settings, "", (0, 1)
        if session.identity is not None:
            settings = replace(settings, base_url=session.identity.base_url)
        elif beside is not None:
            settings = replace(embedded_settings(settings), base_url=beside.base_url)
        if session.worker is not None:
            worker = session.worker["workerid"]
            share = number, count = int(worker.removeprefix("gw")), session.worker["workercount"]
            rate, most = settings.rate_limit, settings.max_requests
            settings = replace(
                settings,
                session_ids=settings.session_ids[number::count],
                rate_limit=rate and rate / count,
                max_requests=most and max(1, most // count),
            )
        limits = None
        if beside is not None:
            worker, limits = f"{worker}/aside", beside.client.limits
        opened = TargetConnection(
            settings, system, editions=session.editions(system), seed=session.seed, worker=worker, share=share,
            limits=limits,
        )  # fmt: skip
        opened.target.profile = session.run.profile
        opened.client.concurrency = settings.concurrency
        opened.client.limits.on_taken = self._on_sent
        if settings.plan:
            opened.target.settle = 0.0  # a rehearsal shows what is sent, and waits for nothing
        else:
            opened.target.settle = settle_by(session.run.profile) if settings.settle is None else settings.settle
        return opened
