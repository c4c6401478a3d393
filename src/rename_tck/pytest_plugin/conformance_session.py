"""What the hooks of the plugin share: the user's settings, this process's part in the run, and the run's results."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from rename_tck.cases.spaces import DEFAULT
from rename_tck.replay.single_case import Replay
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.results.known_failures import KnownFailure
from rename_tck.results.left_out import ContractTest, left_out
from rename_tck.results.run import Run, SystemRun
from rename_tck.settings.settings import Settings
from rename_tck.systems import NAMES
from rename_tck.target.detection import Identity
from rename_tck.verdict import CouldNotJudge, Gap

if TYPE_CHECKING:  # most runs are by the vendored documents, and do not load it
    from rename_tck.openapi.custom_spec import CustomSpec


class ConformanceSession:
    """One pytest session's judging.

    `worker` is what a worker of pytest-xdist was told, None without workers; `replay` is what a session does that tries
    nothing but cases of an earlier run.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        seed: int,
        profile: str = DEFAULT,
        known: tuple[KnownFailure, ...] = (),
        worker: dict[str, Any] | None = None,
        is_controller: bool = False,
        replay: Replay | None = None,
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.worker = worker
        #: Whether it has workers of pytest-xdist, and judges nothing itself.
        self.is_controller = is_controller
        self.replay = replay
        self.run = Run(settings.level, seed, profile, base_url=settings.base_url, known=known)
        self.redact = settings.redactor()
        #: The target that --plan spares: the embedded server stands in for it.
        self.planned_target: str | None = None
        #: Whether it holds a contract test: without one the plugin stays out of the way.
        self.active = False
        #: Whether a test that is none of the suite's failed.
        self.foreign_failure = False
        #: All contract tests of the systems that may be judged, and those of them that are to be run.
        self.expected: set[ContractTest] = set()
        self.selected: set[ContractTest] = set()
        #: Those that the profile leaves out.
        self.not_in_profile: set[ContractTest] = set()
        identity = worker["rename_tck_identity"] if worker else None
        #: Which system the target is, once that is known.
        self.identity: Identity | None = Identity(*identity) if identity else None
        #: What the controller found of the target's own document.
        self._controllers_drift: dict[str, Any] | None = worker["rename_tck_drift"] if worker else None

    @classmethod
    def of(
        cls, config: pytest.Config, settings: Settings, known: tuple[KnownFailure, ...], replay: Replay | None
    ) -> ConformanceSession:
        """The session that pytest's own options ask for."""
        worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        with_workers = getattr(config.option, "dist", "no") != "no" and getattr(config.option, "tx", None)
        given = config.getoption("--hypothesis-seed", None)
        seed = int(given) if given not in (None, "") else secrets.randbelow(2**32)
        return cls(
            settings,
            seed=worker["rename_tck_seed"] if worker else seed,
            profile=config.getoption("--hypothesis-profile", None) or DEFAULT,
            known=known,
            worker=worker,
            is_controller=worker is None and bool(with_workers),
            replay=replay,
        )

    # -- what is judged

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

    @property
    def has_chosen_all(self) -> bool:
        """Whether every contract test of the systems that are judged is to be run that the profile has."""
        return bool(self.selected) and self.expected - self.not_in_profile <= self.selected

    # -- what is found

    def system_run(self, system: str) -> SystemRun:
        """What is found of a system, begun when it is first asked for."""
        if system not in self.run.systems:
            self.run.systems[system] = run = SystemRun(
                system, self.editions(system), embedded=self.settings.base_url is None, drift=self._controllers_drift
            )
            if self.worker is None:
                run.notes += map(self.redact, self.settings.notes)
            if (spec := self.settings.spec) is not None:
                run.spec, run.own, run.notes = _described(spec), spec.catalogue, [*run.notes, *spec.notes]
            if self.identity is not None:
                run.base_url, run.identified_by = self.identity.base_url, self.identity.known_by
            elif run.embedded:
                run.identified_by = "embedded in the suite"
        return self.run.systems[system]

    def note_left_out(self) -> None:
        """Note of each system which of its tests were not run: at the end, when the findings are all there."""
        for system, run in self.run.systems.items():
            expected, selected = (
                {test for test in tests if test.requirement.startswith(f"{system}.")}
                for tests in (self.expected, self.selected)
            )
            run.left_out = left_out(expected, selected, run.findings)

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
            run.is_cut_short = trouble.gap is Gap.LIMIT
            run.trouble, run.base_url = self.run.trouble, run.base_url or self.settings.base_url


def _described(spec: CustomSpec) -> dict[str, str]:
    """The user's document as the record has it, so that a report by it is not taken for one by the vendored."""
    return {"file": spec.file, "sha256": spec.sha256, "nearest": spec.nearest}
