"""Files: those that come with the package, and writing one as a whole."""

from __future__ import annotations

import secrets
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


def replace(path: Path, content: bytes) -> None:
    """Write a file as a whole, or leave what is there.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
