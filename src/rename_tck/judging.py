"""One session's judging: the run, which system the target is, and the targets that are open."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from rename_tck.interruption import INTERRUPTION
from rename_tck.opening import Identity, Opening, all_editions, identify, locate
from rename_tck.run import Run, SystemRun
from rename_tck.settings import Settings
from rename_tck.systems import NAMES
from rename_tck.verdict import CouldNotJudge


class Judging:
    """What the hooks of the plugin share. `worker` is what a worker of pytest-xdist was told, None without workers."""

    def __init__(self, settings: Settings, *, seed: int, profile: str, worker: dict[str, Any] | None) -> None:
        self.settings = settings
        self.seed = seed
        self.run = Run(settings.level, seed, profile, base_url=settings.base_url, known=settings.known)
        self.redact = settings.redactor()
        #: What was sent to each system, by call, once it is closed.
        self.sent: dict[str, Counter[tuple[str, str]]] = {}
        self.identity: Identity | None = (
            Identity(*worker["rename_tck_identity"]) if worker and worker["rename_tck_identity"] else None
        )
        self._worker = worker
        self._openings: dict[str, Opening] = {}

    def systems(self) -> tuple[str, ...]:
        """The systems that tests are collected for; narrowed to one when the target is known."""
        if self.identity is not None:
            return (self.identity.system,)
        return (self.settings.system,) if self.settings.system else NAMES

    def editions(self, system: str) -> tuple[str, ...]:
        """The editions that a system is judged by."""
        known = all_editions(system)
        return tuple(edition for edition in known if edition in self.settings.editions) or known

    def look_at_target(self) -> None:
        """Find out which system the target is, and open it.

        Raises:
            CouldNotJudge: it cannot be reached, or offers nothing to judge.
        """
        settings = self.settings
        if self.identity is None:
            self.identity = locate(settings, settings.system) if settings.system else identify(settings)
        known = all_editions(self.identity.system)
        if settings.editions and not set(settings.editions) <= set(known):
            raise CouldNotJudge(f"--edition does not go with {self.identity.system}: its document has one edition only")
        self.system_run(self.identity.system)
        self.open(self.identity.system)

    def open(self, system: str) -> Opening:
        """The target of a system, opened when it is first asked for."""
        if system not in self._openings:
            settings, worker, share = self.settings, "", (0, 1)
            if self.identity is not None:
                settings = replace(settings, base_url=self.identity.base_url)
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
            opening = Opening(
                settings, system, editions=self.editions(system), seed=self.seed, worker=worker, share=share
            )
            self._openings[system] = opening
            self.system_run(system).base_url = opening.base_url
        return self._openings[system]

    def system_run(self, system: str) -> SystemRun:
        """What is found of a system, begun when it is first asked for."""
        if system not in self.run.systems:
            self.run.systems[system] = run = SystemRun(
                system, self.editions(system), embedded=self.settings.base_url is None
            )
            if self.identity is not None:
                run.base_url, run.identified_by = self.identity.base_url, self.identity.known_by
            elif run.embedded:
                run.identified_by = "embedded in the suite"
        return self.run.systems[system]

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
            for system, opening in self._openings.items():
                target = opening.target
                opening.close()
                self.sent[system] = opening.sut.sent
                run = self.system_run(system)
                run.accepted += target.accepted
                run.observations.update(target.observations)
                run.notes += [self.redact(note) for note in opening.notes]
            self._openings.clear()
