"""Has the drawn cases of a run prefetched by a process beside it, where that is of use."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import suppress

from rename_tck.cases.prefetch import Prefetch, generation_requests
from rename_tck.cases.spaces import PROFILES
from rename_tck.pytest_plugin.conformance_session import ConformanceSession


class Prefetching:
    """The process, once it was begun."""

    def __init__(self, session: ConformanceSession) -> None:
        self._session = session
        self.process: Prefetch | None = None

    def begin(self) -> Prefetch | None:
        """Start the process, once and where it is of use; the one that was started now."""
        session = self._session
        loaded = "schemathesis" in sys.modules  # the most of the time that is to be saved is spent already
        apart = session.worker is not None or session.replay is not None or session.settings.spec is not None
        if loaded or apart or self.process is not None or session.run.profile not in PROFILES:
            return None
        with suppress(OSError):
            self.process = Prefetch()
        return self.process

    def request(self, judged: Collection[tuple[str, str | None, str | None]]) -> None:
        """Say what is to be drawn, as soon as it is known which requirements, and editions, of a system are judged."""
        if self.process is not None:
            session = self._session
            self.process.request(
                [
                    wanted
                    for system in session.systems()
                    for wanted in generation_requests(
                        system, session.editions(system), run_seed=session.seed, profile=session.run.profile
                    )
                    if (system, wanted.requirement, wanted.edition) in judged
                ]
            )
