"""A plugin for pytest (`-p loaded`): writes the names of all modules that a run has imported to $LOADED."""

import os
import sys
from pathlib import Path


def pytest_unconfigure() -> None:
    Path(os.environ["LOADED"]).write_text("\n".join(sorted(sys.modules)), encoding="utf-8")
