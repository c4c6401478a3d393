"""Which of pytest's items are contract tests, of which requirement, and in which order they run."""

from __future__ import annotations

import pytest

from rename_tck.systems import NAMES

#: Files of tests, the most telling first.
_TELLING = ("test_laws_answer", *(f"test_{name}" for name in NAMES), "test_laws_refusals", "test_laws_names",
            "test_laws_concurrency", "test_laws_sequences", "test_laws_fuzz")  # fmt: skip

#: Those with the most requests.
_LENGTHY = ("test_laws_sequences", "test_laws_server_error", "test_laws_fuzz", "test_laws_names")


def chosen_by(item: pytest.Item) -> tuple[str, str | None, str | None] | None:
    """System, requirement and edition of a contract test; None for any other test."""
    callspec = getattr(item, "callspec", None)
    param = callspec.params.get("bench") if callspec is not None else None
    return param if isinstance(param, tuple) else None


def is_of_another_system(item: pytest.Item) -> bool:
    """Whether it is what pytest makes of a test that none of the chosen systems has a requirement for."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "bench" in callspec.params and not chosen_by(item)


def rank(item: pytest.Item, *, spread: bool = False) -> tuple[int, int, int]:
    """By system; first what needs sessions that nothing was tried on, last what looks back on the whole run.

    In between the most telling first, for a run may be out of time before its end. Spread over workers, which do not
    see each other's answers, the lengthiest come first.
    """
    param, mark = chosen_by(item), item.get_closest_marker("requirement")
    assert param is not None
    options = mark.kwargs if mark else {}
    place = int(bool(options.get("last"))) - int(bool(options.get("first")))
    if spread:
        return NAMES.index(param[0]), _place(item, _LENGTHY), place
    return NAMES.index(param[0]), place, _place(item, _TELLING)


def _place(item: pytest.Item, files: tuple[str, ...]) -> int:
    return next((number for number, name in enumerate(files) if item.path.stem.startswith(name)), len(files))
