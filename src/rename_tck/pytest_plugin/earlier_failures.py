"""The failing cases that an earlier run left in the folder of reports, for this run to try first."""

from __future__ import annotations

from rename_tck.checks.replay_case import ReplayCase
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.replay.store import load_all
from rename_tck.systems import NAMES


class EarlierFailures:
    """Read when they are first asked for; of a replay they are what it was called for."""

    def __init__(self, session: ConformanceSession) -> None:
        self._session = session
        #: The cases, once asked for, and what is wrong with their files.
        self._loaded: tuple[list[ReplayCase], dict[str, str]] | None = None
        if session.replay is not None:
            self._loaded = list(session.replay.cases), {}

    def of(self, requirement: str, edition: str | None, test: str) -> list[ReplayCase]:
        """The cases of a test: none for a plan, and none where they hold a secret.

        Nor any of a run that judged by another document, which may have failed what this one allows.
        """
        settings = self._session.settings
        if self._loaded is None:
            self._loaded = ([], {}) if settings.plan else load_all(settings.report_dir)
        wanted = requirement, edition, test, settings.spec and settings.spec.sha256
        return [
            case for case in self._loaded[0]
            if (case.requirement, case.edition, case.test, case.spec_sha256) == wanted and case.again is not None
        ]  # fmt: skip

    def complaints(self, system: str) -> list[str]:
        """What is wrong with the files, without those of other systems."""
        complaints = {} if self._loaded is None else self._loaded[1]
        others = tuple(f"{name}." for name in NAMES if name != system)
        return [complaint for name, complaint in complaints.items() if not name.startswith(others)]
