"""One session's judging: the run, which system the target is, and the targets that are open."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rename_tck.cases.prefetch import Ahead, orders
from rename_tck.cases.spaces import PROFILES
from rename_tck.checks.replay_case import Kept
from rename_tck.interruption import INTERRUPTION
from rename_tck.replay.store import load_all
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.results.run import Run, SystemRun
from rename_tck.settings.settings import BadOptionError, Settings
from rename_tck.systems import NAMES
from rename_tck.target.connection import Identity, Opening, all_editions, embedded_settings, identify, locate
from rename_tck.verdict import CouldNotJudge, NotTested

if TYPE_CHECKING:
    from rename_tck.openapi.custom_spec import Own


class Judging:
    """What the hooks of the plugin share.

    `worker` is what a worker of pytest-xdist was told, None without workers; `only` are the kept cases of a replay,
    which tries nothing else.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        seed: int,
        profile: str,
        worker: dict[str, Any] | None,
        only: Sequence[Kept] | None = None,
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.run = Run(settings.level, seed, profile, base_url=settings.base_url, known=settings.known)
        self.redact = settings.redactor()
        #: What was sent to each system, by call, once it is closed.
        self.sent: dict[str, Counter[tuple[str, str]]] = {}
        self.identity: Identity | None = (
            Identity(*worker["rename_tck_identity"]) if worker and worker["rename_tck_identity"] else None
        )
        #: The cases that an earlier run kept, once asked for, and what is wrong with their files.
        self._kept: tuple[list[Kept], dict[str, str]] | None = None if only is None else (list(only), {})
        #: Whether only kept cases are replayed: nothing is shown then of how the target's own document differs.
        self._replays = only is not None
        self._worker = worker
        #: What the controller found of the target's own document.
        self._told_drift: dict[str, Any] | None = worker["rename_tck_drift"] if worker else None
        self._ahead: Ahead | None = None
        self._openings: dict[str, Opening] = {}
        self._set_aside: dict[str, Opening] = {}

    def systems(self) -> tuple[str, ...]:
        """The systems that tests are collected for; narrowed to one when the target is known."""
        if self.identity is not None:
            return (self.identity.system,)
        if self.settings.spec is not None:
            return (self.settings.spec.system,)
        return (self.settings.system,) if self.settings.system else NAMES

    def catalogue(self, system: str) -> Catalogue:
        """What is required of a system, by the vendored documents or by the user's own."""
        spec = self.settings.spec
        return spec.catalogue if spec is not None and spec.system == system else Catalogue.load(system)

    def editions(self, system: str) -> tuple[str, ...]:
        """The editions that a system is judged by."""
        known = tuple(self.catalogue(system).editions)
        return tuple(edition for edition in known if edition in self.settings.editions) or known

    def look_at_target(self) -> None:
        """Find out which system the target is, and open it.

        Raises:
            BadOptionError: the user's document is of another system.
            CouldNotJudge: it cannot be reached, or offers nothing to judge.
        """
        settings = self.settings
        if self.identity is None:
            self.identity = locate(settings, settings.system) if settings.system else identify(settings)
        spec, system = settings.spec, self.identity.system
        if spec is not None and spec.system != system:
            raise BadOptionError(f"--spec={spec.file} is of {spec.system}, and the target is {system}.")
        known = all_editions(system)
        if settings.editions and not set(settings.editions) <= set(known):
            raise CouldNotJudge(f"--edition does not go with {self.identity.system}: its document has one edition only")
        self.system_run(self.identity.system)
        self.open(self.identity.system)

    def begin_drawing(self) -> Ahead | None:
        """Start a process that is to draw the cases of this run, once and where that is of use."""
        loaded = "schemathesis" in sys.modules  # the most of the time that is to be saved is spent already
        apart = self._worker is not None or self._replays or self.settings.spec is not None
        if loaded or apart or self._ahead is not None or self.run.profile not in PROFILES:
            return None
        with suppress(OSError):
            self._ahead = Ahead()
        return self._ahead

    def order_drawn(self, judged: Collection[tuple[str, str | None, str | None]]) -> None:
        """Say what is to be drawn, as soon as it is known which requirements, and editions, of a system are judged."""
        if self._ahead is not None:
            wanted = [
                order
                for system in self.systems()
                for order in orders(system, self.editions(system), run_seed=self.seed, profile=self.run.profile)
                if (system, order.requirement, order.edition) in judged
            ]
            self._ahead.order(wanted)

    def open(self, system: str) -> Opening:
        """The target of a system, opened when it is first asked for."""
        if system not in self._openings:
            opening = self._opened(self._openings, system)
            run = self.system_run(system)
            run.base_url = opening.base_url
            opening.target.profile, opening.target.ahead = self.run.profile, self._ahead
            asked = self.settings.base_url is not None or self.settings.plan
            if self._worker is None and asked and not self._replays:
                from rename_tck.target.published import ask  # here, for a run on an embedded server does without

                run.drift = ask(opening, self.settings.spec)
        return self._openings[system]

    def open_aside(self, system: str) -> Opening:
        """The same target with sessions of its own, for what may spoil them: the other tests do not get them.

        Raises:
            NotTested: no session could be had, or none that may be spoilt now.
        """
        if self._worker is not None and not self.settings.session_ids and self.borrows(system):
            # workers keep to the order of collecting, when it was not known that sessions can only be found
            raise NotTested("no session can be created, and those that are there are needed as they are")
        if system not in self._set_aside:
            try:
                self._opened(self._set_aside, system, beside=self.open(system))
            except CouldNotJudge as trouble:
                raise NotTested(trouble.reason) from None
        return self._set_aside[system]

    def close_aside(self) -> None:
        """Put back what was set aside, so that nothing of it shows (in a listing, say) while the others are tried."""
        for system, opening in self._set_aside.items():
            opening.close()
            self.system_run(system).notes += [self.redact(note) for note in opening.notes]
        self._set_aside.clear()

    def _opened(self, openings: dict[str, Opening], system: str, beside: Opening | None = None) -> Opening:
        """A target, known to `close` before it has a session to put back: an interruption may come at any point."""
        with INTERRUPTION.held():
            opening = openings[system] = self._open(system, beside)
        try:
            opening.prepare()
        except BaseException:
            opening.close()
            del openings[system]
            raise
        return opening

    def _open(self, system: str, beside: Opening | None = None) -> Opening:
        settings, worker, share = self.settings, "", (0, 1)
        if self.identity is not None:
            settings = replace(settings, base_url=self.identity.base_url)
        elif beside is not None:
            settings = replace(embedded_settings(settings), base_url=beside.base_url)
        if self._worker is not None:
            worker = self._worker["workerid"]
            share = number, count = int(worker.removeprefix("gw")), self._worker["workercount"]
            rate, most = settings.rate_limit, settings.max_requests
            settings = replace(
                settings,
                session_ids=settings.session_ids[number::count],
                rate_limit=rate and rate / count,
                max_requests=most and max(1, most // count),
            )
        limits = None
        if beside is not None:
            worker, limits = f"{worker}/aside", beside.sut.limits
        return Opening(
            settings, system, editions=self.editions(system), seed=self.seed, worker=worker, share=share, limits=limits
        )

    def borrows(self, system: str) -> bool:
        """Whether the target's sessions are not of the run's own making, so that all tests must share them."""
        return any(session.origin != "created" for session in self.open(system).pool.all)

    def kept(self, requirement: str, edition: str | None, test: str) -> list[Kept]:
        """The cases of a test that an earlier run kept: none for a plan, and none where they hold a secret.

        Nor any of a run that judged by another document, which may have failed what this one allows.
        """
        if self._kept is None:
            self._kept = ([], {}) if self.settings.plan else load_all(self.settings.report_dir)
        wanted = requirement, edition, test, self.settings.spec and self.settings.spec.sha256
        return [
            kept for kept in self._kept[0]
            if (kept.requirement, kept.edition, kept.test, kept.spec_sha256) == wanted and kept.again is not None
        ]  # fmt: skip

    def _complaints(self, system: str) -> list[str]:
        """What is wrong with kept files, without those of other systems."""
        complaints = {} if self._kept is None else self._kept[1]
        others = tuple(f"{name}." for name in NAMES if name != system)
        return [complaint for name, complaint in complaints.items() if not name.startswith(others)]

    def system_run(self, system: str) -> SystemRun:
        """What is found of a system, begun when it is first asked for."""
        if system not in self.run.systems:
            self.run.systems[system] = run = SystemRun(
                system, self.editions(system), embedded=self.settings.base_url is None, drift=self._told_drift
            )
            if (spec := self.settings.spec) is not None:
                run.spec, run.own, run.notes = _spec(spec), spec.catalogue, list(spec.notes)
            if self.identity is not None:
                run.base_url, run.identified_by = self.identity.base_url, self.identity.known_by
            elif run.embedded:
                run.identified_by = "embedded in the suite"
        return self.run.systems[system]

    def bare_run(self, system: str) -> SystemRun:
        """A run of the system without findings, to conclude one test by."""
        run = self.system_run(system)
        return SystemRun(system, run.editions, drift=run.drift, own=run.own)

    def drift(self) -> dict[str, Any] | None:
        """What was found of the target's own document, for the workers."""
        return next((run.drift for run in self.run.systems.values() if run.drift is not None), None)

    def give_up(self, trouble: CouldNotJudge) -> None:
        """Note why nothing could be judged."""
        self.run.trouble = self.redact(trouble.reason)
        system = self.identity.system if self.identity else self.settings.system
        if system is not None:
            run = self.system_run(system)
            run.trouble, run.base_url = self.run.trouble, run.base_url or self.settings.base_url

    def close(self) -> None:
        """Put everything back and take over what was learnt on the way."""
        with INTERRUPTION.held():
            self.close_aside()
            for system in list(self._openings):
                opening = self._openings.pop(system)
                target = opening.target
                opening.close()
                self.sent[system] = opening.sut.sent
                run = self.system_run(system)
                run.accepted += target.accepted
                run.observations.update(target.observations)
                run.notes += [self.redact(note) for note in opening.notes]
                run.notes += [self.redact(complaint) for complaint in self._complaints(system)]


def _spec(spec: Own) -> dict[str, str]:
    """The user's document as the record has it, so that a report by it is not taken for one by the vendored."""
    return {"file": spec.file, "sha256": spec.sha256, "nearest": spec.nearest}
