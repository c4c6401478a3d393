"""Which of pytest's items are contract tests, of which requirement, and in which order they run."""

from __future__ import annotations

from typing import Any

import pytest

from rename_tck.checks.replay_case import Kept
from rename_tck.pytest_plugin.conformance_session import Judging
from rename_tck.systems import NAMES

#: Files of tests, the most telling first. What needs several sessions is not the last: after it a session is left alone
#: for a while, and that its time stays as it is shows without a wait.
_TELLING = ("test_laws_answer", *(f"test_{name}" for name in NAMES), "test_laws_refusals", "test_laws_sequences",
            "test_laws_concurrency", "test_laws_names", "test_laws_fuzz")  # fmt: skip

#: Those with the most requests. A worker is given two tests at first: of eight, each has one lengthy test of these, and
#: then one that is not.
_LENGTHY = ("test_laws_answer", "test_laws_sequences", "test_laws_server_error", "test_laws_names", "test_laws_fuzz")


def parameters(judging: Judging, mark: pytest.Mark | None, law: str, *, replays: bool) -> list[Any]:
    """The runs of a contract test: one for each requirement, and edition, that it decides and each case kept of it.

    Without a mark it is one that observes. A replay has the kept cases alone.
    """
    found = []
    for system in judging.systems():
        if mark is None:
            found += [] if replays else [pytest.param((system, None, None, None), id=f"{system}-observations")]
            continue
        for name in mark.args:
            requirement = name if "." in name else f"{system}.{name}"
            if not requirement.startswith(f"{system}.") or requirement not in judging.catalogue(system).by_id:
                continue
            editions = judging.editions(system) if mark.kwargs.get("per_edition") else (None,)
            for edition in editions:
                suffix = f"-{edition}" if edition and len(editions) > 1 else ""
                for kept in (*judging.kept(requirement, edition, law), *(() if replays else (None,))):
                    called = f"{requirement}{suffix}{'' if kept is None else '-kept'}"
                    found.append(pytest.param((system, requirement, edition, kept), id=called))
    return found


def chosen_by(item: pytest.Item) -> tuple[str, str | None, str | None] | None:
    """System, requirement and edition of a contract test; None for any other test."""
    callspec = getattr(item, "callspec", None)
    param = callspec.params.get("bench") if callspec is not None else None
    return param[:3] if isinstance(param, tuple) else None


def kept_by(item: pytest.Item) -> Kept | None:
    """The case of an earlier run that alone the test tries; None for an ordinary test."""
    return item.callspec.params["bench"][3] if chosen_by(item) else None  # type: ignore[attr-defined]


def is_of_another_system(item: pytest.Item) -> bool:
    """Whether it is what pytest makes of a test that none of the chosen systems has a requirement for."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "bench" in callspec.params and not chosen_by(item)


def rank(item: pytest.Item, *, borrowed: bool = False, spread: bool = False) -> tuple[int, int, int]:
    """By system; first the cases that an earlier run kept, then what needs sessions that nothing was tried on.

    Last what looks back on the whole run, and after that what must let time pass; in between the most telling first,
    for a run may be out of time before its end. A kept case may spoil its session. It has one of its own where sessions
    can be created; where they are `borrowed`, lent or found, it must let what needs fresh ones go before. `spread` over
    workers, which do not see each other's answers, the lengthiest come first.
    """
    param, mark = chosen_by(item), item.get_closest_marker("requirement")
    assert param is not None
    options = mark.kwargs if mark else {}
    place = int(options.get("last", 0)) - 2 * int(bool(options.get("first")))
    if kept_by(item) is not None:
        place = -1 if borrowed else -3
    if spread:
        return NAMES.index(param[0]), min(place, 0), _place(item, _LENGTHY)
    return NAMES.index(param[0]), place, _place(item, _TELLING)


def _place(item: pytest.Item, files: tuple[str, ...]) -> int:
    return next((number for number, name in enumerate(files) if item.path.stem.startswith(name)), len(files))
