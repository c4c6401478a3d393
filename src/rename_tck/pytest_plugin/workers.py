"""What passes between a run and its workers (pytest-xdist)."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest

from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.results.coverage import Coverage
from rename_tck.results.left_out import ContractTest
from rename_tck.verdict import Leftover

#: What a session knows of the tests that there are.
_TESTS = ("expected", "selected")


class Workers:
    """Tells workers what the controller knows, and takes over what they know besides their findings."""

    def __init__(self, config: pytest.Config, session: ConformanceSession) -> None:
        self._config = config
        self._session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker what the controller knows."""
        node.workerinput["rename_tck_seed"] = self._session.seed
        node.workerinput["rename_tck_base_url"] = self._session.settings.base_url
        spec = self._session.settings.spec
        node.workerinput["rename_tck_spec"] = (spec.file, spec.data, spec.system) if spec is not None else None
        node.workerinput["rename_tck_drift"] = self._session.drift()
        identity = self._session.identity
        node.workerinput["rename_tck_identity"] = (
            (identity.system, identity.base_url, identity.known_by) if identity else None
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Spread the tests over workers so that they end at about the same time."""
        from rename_tck.pytest_plugin.scheduling import scheduler

        return scheduler(config, log)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker knows besides its findings."""
        for system, known in node.workeroutput.get("rename_tck", {}).items():
            run = self._session.system_run(system)
            run.base_url = run.base_url or known["base_url"]
            run.accepted += known["accepted"]
            run.observations.update({name: tuple(answer) for name, answer in known["observations"].items()})
            run.notes += known["notes"]
            run.broken_off = run.broken_off or known["broken_off"]
            run.requests += known["requests"]
            run.leftovers += [Leftover(*left) for left in known["leftovers"]]
            run.coverage.add(Coverage.taken_over(known["coverage"]))
        for name, found in ((name, getattr(self._session, name)) for name in _TESTS):
            found.update(ContractTest(*test) for test in node.workeroutput.get(f"rename_tck_{name}", ()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Hand over what this worker knows besides its findings."""
        if self._session.worker is not None:
            self._config.workeroutput["rename_tck"] = {  # type: ignore[attr-defined]
                system: {
                    "base_url": run.base_url,
                    "accepted": run.accepted,
                    "observations": run.observations,
                    "notes": run.notes,
                    "broken_off": run.broken_off,
                    "requests": run.requests,
                    "leftovers": [(left.id, left.what) for left in run.leftovers],
                    "coverage": run.coverage.handed_over(),
                }
                for system, run in self._session.run.systems.items()
            }
            for name in _TESTS:
                tests = [astuple(test) for test in sorted(getattr(self._session, name), key=str)]
                self._config.workeroutput[f"rename_tck_{name}"] = tests  # type: ignore[attr-defined]
