"""Files that come with the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

#: Where a clone has what an installed wheel has in the package.
_IN_A_CLONE = {"specs": Path("specs"), "conformance": Path("tests", "contract")}


def packaged(name: str) -> Path:
    """The folder of the vendored documents (`specs`) or of the contract tests (`conformance`).

    It is inside the package where that was installed from a wheel, else in the clone that the package is part of.
    """
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parents[1] / _IN_A_CLONE[name]
