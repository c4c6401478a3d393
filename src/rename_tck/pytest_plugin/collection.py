"""Which of pytest's items are contract tests, of which requirement, and in which order they run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rename_tck.cases.spaces import LAWS, SMOKE
from rename_tck.cases.telling import telling
from rename_tck.checks.replay_case import ReplayCase
from rename_tck.files import packaged
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.contract_tests import Declared, expected, in_file
from rename_tck.pytest_plugin.earlier_failures import EarlierFailures
from rename_tck.pytest_plugin.prefetching import Prefetching
from rename_tck.results.left_out import ContractTest
from rename_tck.systems import NAMES


def parameters(session: ConformanceSession, earlier: EarlierFailures, mark: pytest.Mark | None, law: str) -> list[Any]:
    """The runs of a contract test: one for each requirement, and edition, that it decides and each case that an earlier
    run left of it.

    Without a mark it is one that observes. A replay has the earlier cases alone.
    """
    found, replays = [], session.replay is not None
    for system in session.systems():
        if mark is None:
            found += [] if replays else [pytest.param((system, None, None, None), id=f"{system}-observations")]
            continue
        for name in mark.args:
            requirement = name if "." in name else f"{system}.{name}"
            if not requirement.startswith(f"{system}.") or requirement not in session.catalogue(system).by_id:
                continue
            editions = session.editions(system) if mark.kwargs.get("per_edition") else (None,)
            for edition in editions:
                suffix = f"-{edition}" if edition and len(editions) > 1 else ""
                for case in (*earlier.of(requirement, edition, law), *(() if replays else (None,))):
                    called = f"{requirement}{suffix}{'' if case is None else '-kept'}"
                    found.append(pytest.param((system, requirement, edition, case), id=called))
    return found


def chosen_by(item: pytest.Item) -> tuple[str, str | None, str | None] | None:
    """System, requirement and edition of a contract test; None for any other test."""
    callspec = getattr(item, "callspec", None)
    param = callspec.params.get("check") if callspec is not None else None
    return param[:3] if isinstance(param, tuple) else None


def replay_case_of(item: pytest.Item) -> ReplayCase | None:
    """The case of an earlier run that alone the test tries; None for an ordinary test."""
    return item.callspec.params["check"][3] if chosen_by(item) else None  # type: ignore[attr-defined]


#: Where the files stand in a run whose tests need sessions that nothing was tried on.
_FRESH = 0


def is_of_another_system(item: pytest.Item) -> bool:
    """Whether it is what pytest makes of a test that none of the chosen systems has a requirement for."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "check" in callspec.params and not chosen_by(item)


def rank(
    item: pytest.Item, *, borrowed: bool = False, spread: bool = False, hurried: bool = False
) -> tuple[int, int, int]:
    """By system; first the cases that an earlier run saved, then what needs sessions that nothing was tried on.

    Last what looks back on the whole run, and after that what must let time pass; in between the most telling first,
    for a run may be out of time before its end. A replay case may spoil its session. It has one of its own where
    sessions can be created; where they are `borrowed`, given or found, it must let what needs fresh ones go before.
    `spread` over workers, which do not see each other's answers, the lengthiest come first. Where a run is `hurried`,
    for it may be cut short, laws come in the order in which they tell most for their requests, as measured.
    """
    param, mark = chosen_by(item), item.get_closest_marker("requirement")
    assert param is not None
    options = mark.kwargs if mark else {}
    place = int(options.get("last", 0)) - 2 * int(bool(options.get("first")))
    if replay_case_of(item) is not None:
        place = -1 if borrowed else -3
    order = item.get_closest_marker("order")
    assert order is not None, f"{item.path.name} has no mark that says where its tests stand in a run"
    if spread:
        return NAMES.index(param[0]), min(place, 0), order.kwargs["spread"]
    if hurried and place == 0 and order.args[0] > _FRESH:
        laws = list(telling(param[0]))
        function = function_of(item)
        return NAMES.index(param[0]), place, _FRESH + 1 + (laws.index(function) if function in laws else len(laws))
    return NAMES.index(param[0]), place, order.args[0]


def telling_cases(item: pytest.Item, session: ConformanceSession) -> Sequence[str] | None:
    """The cases of a contract test that a smoke run tries; none named: all. None where it leaves the test out.

    A case that an earlier run saved is tried all the same.
    """
    chosen = chosen_by(item)
    if session.run.profile != SMOKE or chosen is None or replay_case_of(item) is not None:
        return ()
    return telling(chosen[0]).get(function_of(item))


def function_of(item: pytest.Item) -> str:
    """The name of a test's function."""
    return getattr(item, "originalname", None) or item.name.partition("[")[0]


def contract_test(item: pytest.Item) -> ContractTest | None:
    """What an item tests; None where it decides no requirement."""
    _, requirement, edition = chosen_by(item) or (None, None, None)
    if requirement is None:
        return None
    return ContractTest(requirement, item.path.name, function_of(item), edition)


#: What `addinivalue_line` is told of the marks of contract tests.
MARKS = (
    "requirement(id, per_edition, first, last): what a test decides, or the law of every system; and when it is run",
    "observation: records what a system does where no document says; judges nothing",
    "order(place, spread): where a file's tests stand in a run; and where with workers, given the lengthiest first",
)


class Collection:
    """Makes a test for each requirement, and puts them in order."""

    def __init__(
        self, config: pytest.Config, session: ConformanceSession, earlier: EarlierFailures, prefetching: Prefetching
    ) -> None:
        self._config = config
        self._session = session
        self._earlier = earlier
        self._prefetching = prefetching
        self._folder = packaged("conformance")
        #: The files of contract tests that were collected, by name.
        self._collected: set[str] = set()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the files of the systems that are not judged."""
        name = collection_path.stem.removeprefix("test_").partition("_")[0]
        is_contract = collection_path.suffix == ".py" and collection_path.parent.resolve() == self._folder
        return True if is_contract and name in NAMES and name not in self._session.systems() else None

    @pytest.hookimpl
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give a contract test one run for each requirement (and edition) that it decides."""
        mark = metafunc.definition.get_closest_marker("requirement")
        self._note_expected(metafunc, mark)
        observing = metafunc.definition.get_closest_marker("observation")
        if "check" not in metafunc.fixturenames or not (mark or observing):
            return
        if mark is not None and not LAWS.isdisjoint(mark.args) and self._session.run.profile != SMOKE:
            self._prefetch()
        params = parameters(self._session, self._earlier, mark, metafunc.function.__name__)
        metafunc.parametrize("check", params, indirect=True, scope="function")

    def _note_expected(self, metafunc: pytest.Metafunc, mark: pytest.Mark | None) -> None:
        """Note the tests that a function stands for, whether or not they are chosen later."""
        path = metafunc.definition.path
        if path.parent.resolve() == self._folder:
            self._collected.add(path.name)
            if mark is not None:
                found = Declared(metafunc.function.__name__, mark.args, bool(mark.kwargs.get("per_edition")))
                self._session.expected |= set(expected(self._session, path.name, found))

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which tests are to be run, and what the files hold that were not chosen."""
        contract = [(item, chosen) for item in session.items if (chosen := chosen_by(item)) is not None]
        if not contract:
            return
        ours = self._session
        ours.selected |= {test for item, _ in contract if (test := contract_test(item)) and not replay_case_of(item)}
        for path in sorted(self._folder.glob("test_*.py")):
            if path.name not in self._collected:
                ours.expected |= {test for found in in_file(path) for test in expected(ours, path.name, found)}

    def _prefetch(self) -> None:
        """Begin to draw the cases as soon as it is known that there are laws that need them, if none is left out."""
        option, verbosity = self._config.option, self._config.getoption("--hypothesis-verbosity", None)
        if not (self._session.is_controller or option.collectonly or option.keyword or option.markexpr or verbosity):
            process = self._prefetching.begin()
            if process is not None:
                self._config.add_cleanup(process.close)

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """One system after the other, in the order of `rank`."""
        session, settings = self._session, self._session.settings
        left_out = [item for item in items if is_of_another_system(item) or telling_cases(item, session) is None]
        contract = [item for item in items if chosen_by(item) and item not in left_out]
        others = [item for item in items if not chosen_by(item) and item not in left_out]
        borrowed, spread, hurried = bool(settings.session_ids), session.worker is not None, settings.may_be_cut_short
        items[:] = others + sorted(
            contract, key=lambda item: rank(item, borrowed=borrowed, spread=spread, hurried=hurried)
        )
        if left_out:
            session.not_in_profile |= set(filter(None, map(contract_test, left_out)))
            self._config.hook.pytest_deselected(items=left_out)
