"""The code keeps to ARCHITECTURE.md: imports go one way, modules stay small, what is claimed is there."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness import ROOT

PACKAGE = ROOT / "src" / "rename_tck"

#: The rows of ARCHITECTURE.md, from the data to what people read. A module imports from its own row or one above it.
ROWS: tuple[tuple[str, ...], ...] = (
    ("verdict", "redaction"),
    ("catalogue", "contract", "drift", "own", "convert"),
    ("exchange",),
    ("cases",),
    ("interruption", "guard", "limits", "wire", "transport"),
    ("systems",),
    ("provision",),
    ("ahead", "target", "trail", "kept", "sender", "check"),
    ("series", "clock", "explore"),
    ("known", "settings"),
    ("opening", "published"),
    ("finding", "run"),
    ("history",),
    ("reports",),
    ("keeping",),
    ("replay", "selection", "spreading", "telling", "judging", "discretion", "plugin"),
    ("commands",),
)
#: Stands apart: it knows nothing of the suite, and the suite asks it for a server only.
APART = "reference"


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _top(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


def _imports(path: Path) -> set[str]:
    """The rows that a module imports from, at its top or inside a function (but not for types alone)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rename_tck"):
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names]
                if node.module == "rename_tck"
                else [node.module]
            )
            found.update(_top(name) for name in names)
        elif isinstance(node, ast.Import):
            found.update(_top(alias.name) for alias in node.names if alias.name.startswith("rename_tck."))
    return found - {"", "__version__"}


def _row(name: str) -> int:
    return next(number for number, row in enumerate(ROWS) if name in row)


def test_every_module_has_a_row() -> None:
    names = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in _modules()}
    assert names - {"__init__", "__main__"} == {name for row in ROWS for name in row} | {APART}


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if name in {"__init__", "__main__"}:
        return
    for imported in _imports(path):
        if name == APART:
            assert imported == APART, f"{path.name} imports {imported}: the embedded servers know nothing of the suite"
        elif imported == APART:
            assert name == "opening"
        else:
            assert _row(imported) <= _row(name), f"{path.name} imports {imported}, which stands below it"


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_fit_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_page_draws_every_row() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for row in ROWS:
        for name in row:
            assert re.search(rf"\b{name}\b", page), f"ARCHITECTURE.md does not speak of {name}"


def test_one_system_does_not_load_another() -> None:
    """A run on one system imports neither the others' dialects nor their servers."""
    code = (
        "import sys; from rename_tck import systems; import rename_tck.pytest_plugin.plugin; systems.load('agno');"
        "bad = [m for m in sys.modules if m in {'rename_tck.systems.dify', 'rename_tck.systems.openhands',"
        "'rename_tck.reference.dify', 'schemathesis', 'starlette'}]; print(bad); sys.exit(bool(bad))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_observation_is_made() -> None:
    """The questions of the catalogues and the functions that answer them are the same."""
    from rename_tck.requirements.catalogue import Catalogue, systems

    tree = ast.parse((ROOT / "tests/contract/test_observations.py").read_text(encoding="utf-8"))
    (table,) = (
        node for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "QUESTIONS"
    )
    assert isinstance(table.value, ast.Dict)
    answered = {key.value for key in table.value.keys if isinstance(key, ast.Constant)}
    asked = {
        observation.id.split(".")[1] for system in systems() for observation in Catalogue.load(system).observations
    }
    assert answered == asked


def test_every_requirement_has_a_test_and_every_test_a_requirement() -> None:
    from rename_tck.requirements.catalogue import Catalogue, systems

    wanted = {requirement.id for system in systems() for requirement in Catalogue.load(system).requirements}
    laws = {name.split(".", 1)[1] for name in wanted}
    marked: set[str] = set()
    for path in sorted((ROOT / "tests/contract").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            marks = list(map(ast.unparse, node.decorator_list))
            names = [found for mark in marks for found in re.findall(r"requirement\('([^']+)'", mark)]
            assert names or "pytest.mark.observation" in marks, f"{path.name}::{node.name} decides no requirement"
            for name in names:
                assert name in wanted or name in laws, f"{path.name}::{node.name} names {name}, which no catalogue has"
                marked |= {name} if "." in name else {full for full in wanted if full.split(".", 1)[1] == name}
    assert wanted - marked == set(), "requirements that no test decides"
