"""What the package imports it also asks for, and the script that tries the bounds knows its options."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from harness import ROOT

SCRIPT = ROOT / ".ci" / "lowest"


def _imported() -> set[str]:
    """The modules of other projects that the package and the contract tests import, at the top or inside a function."""
    found: set[str] = set()
    for folder in ("src/rename_tck", "tests/contract"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"rename_tck"}


def test_what_is_imported_is_a_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=!~;\[ ]", line)[0].lower() for line in project["dependencies"]}
    owners = packages_distributions()
    imported = _imported()
    assert {"pytest", "schemathesis", "xdist", "yaml"} <= imported
    assert not {name for name in imported if not {owner.lower() for owner in owners[name]} & declared}


@pytest.mark.parametrize("arguments", [["--oldest"], ["3.12", "3.13"], ["--newest", "--newest"]])
def test_the_script_that_tries_the_bounds_says_how_it_is_called(arguments: list[str]) -> None:
    done = subprocess.run(["bash", str(SCRIPT), *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: .ci/lowest [--newest] [PYTHON]\n")
