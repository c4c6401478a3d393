"""One dialect for each system: how to ask, read back, create, list and delete.

A dialect builds requests and reads answers. It sends nothing and judges nothing.

Imports from: client.
"""

from __future__ import annotations

import importlib

from rename_tck.systems.contents import Contents
from rename_tck.systems.dialect import Dialect, Page, Session, Storage

#: In the order in which a plain run judges them.
NAMES = ("dify", "agno", "openhands")

__all__ = ["NAMES", "Contents", "Dialect", "Page", "Session", "Storage", "load"]


def load(system: str) -> Dialect:
    """The dialect of a system; only its own module is imported."""
    module = importlib.import_module(f"rename_tck.systems.{system}")
    dialect: Dialect = module.DIALECT
    return dialect
