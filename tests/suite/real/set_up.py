"""Sets up the environment of a real server that the tests judge only when it is there, and runs those tests.

Usage: python tests/suite/real/set_up.py agno-newest|openhands

Each goes into a virtual environment of its own below .venvs/, for their dependencies do not agree with the suite's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Environment:
    """What a real server needs: its packages, the Python they run on, the test that judges it."""

    packages: tuple[str, ...]
    test: str
    python: str | None = None

    @staticmethod
    def folder(name: str) -> Path:
        """Where it is set up."""
        return ROOT / ".venvs" / name


ENVIRONMENTS = {
    "agno-newest": Environment(
        (
            "agno==3.1.10",
            "fastapi",
            "python-multipart",
            "pyjwt",
            "uvicorn",
            "sqlalchemy",
            "greenlet",
            "aiosqlite",
            "openai",
        ),
        "test_agno_newest.py",
    ),
    # fastmcp 2.12 and later no longer take an argument that OpenHands 0.53.0 gives; 1.2 GB in all
    "openhands": Environment(("openhands-ai==0.53.0", "fastmcp==2.11.3"), "test_openhands.py", "python3.12"),
}


def python_of(name: str) -> Path:
    """The interpreter of an environment, whether it is set up or not."""
    return Environment.folder(name) / "bin" / "python"


def main() -> int:
    """Set the named environment up, and run its tests."""
    if len(sys.argv) != 2 or sys.argv[1] not in ENVIRONMENTS:
        sys.stderr.write(f"usage: python tests/suite/real/set_up.py {'|'.join(ENVIRONMENTS)}\n")
        return 2
    name = sys.argv[1]
    environment = ENVIRONMENTS[name]
    interpreter = shutil.which(environment.python) if environment.python else sys.executable
    if interpreter is None:
        sys.stderr.write(f"{name} needs {environment.python} on the path.\n")
        return 2
    subprocess.run([interpreter, "-m", "venv", Environment.folder(name)], check=True)
    subprocess.run([python_of(name), "-m", "pip", "install", "-q", *environment.packages], check=True)
    tests = Path(__file__).parent / environment.test
    return subprocess.run([sys.executable, "-m", "pytest", str(tests)], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
