"""The code keeps to ARCHITECTURE.md: its table of rooms says who may import from whom; modules stay small."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import ROOT

PACKAGE = ROOT / "src" / "rename_tck"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

#: What lies loose in the package: one room of its own.
GROUND = "the ground"
#: Loose, and no part of the ground.
DOORS = {"__init__", "__main__"}


@dataclass(frozen=True)
class Room:
    """A row of the page's table."""

    floor: int
    what: str
    imports: frozenset[str]


def _rooms() -> dict[str, Room]:
    rows = re.findall(r"^\| (\d+) \| ([\w ]+?) \| (.+?) \| (.*?) ?\|$", PAGE, re.MULTILINE)
    return {name: Room(int(floor), what, frozenset(imports.split(", ")) - {""}) for floor, name, what, imports in rows}


ROOMS = _rooms()


def _modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def _room(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) > 1 else GROUND


def _imported(path: Path) -> set[str]:
    """The modules of the package that a module imports: at its top, inside a function, or for types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("rename_tck.")} - {"rename_tck.__version__"}


def _rooms_imported(path: Path) -> set[str]:
    found = set()
    for name in _imported(path):
        first = name.split(".")[1]
        found.add(first if (PACKAGE / first).is_dir() else GROUND)
    return found - {_room(path.relative_to(PACKAGE).parts)}


IDS = {"ids": lambda path: str(path.relative_to(PACKAGE)), "argnames": "path"}


def test_every_room_is_on_the_page() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders | {GROUND} == set(ROOMS)
    loose = {path.stem for path in PACKAGE.glob("*.py")} - DOORS
    assert loose == set(re.findall(r"`(\w+)`", ROOMS[GROUND].what))


def test_rooms_import_downwards_only() -> None:
    for name, room in ROOMS.items():
        for imported in room.imports:
            assert ROOMS[imported].floor < room.floor, f"{name} may not import from {imported}"


@pytest.mark.parametrize(argvalues=_modules(), **IDS)  # type: ignore[arg-type]
def test_a_module_imports_from_its_rooms_only(path: Path) -> None:
    name = _room(path.relative_to(PACKAGE).parts)
    if path.stem not in DOORS or name != GROUND:
        assert _rooms_imported(path) <= ROOMS[name].imports


@pytest.mark.parametrize("name", [name for name in ROOMS if name != GROUND])
def test_a_room_says_what_it_imports_from_and_does(name: str) -> None:
    docstring = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8"))) or ""
    said = re.search(r"^Imports from: ([\w, ]+)\.$", docstring.replace(",\n", ", "), re.MULTILINE)
    assert said is not None, f"{name} does not say what it imports from"
    assert set(said[1].split(", ")) - {"nothing"} == ROOMS[name].imports
    used = {room for path in (PACKAGE / name).rglob("*.py") for room in _rooms_imported(path)}
    assert used == ROOMS[name].imports, "the page names rooms that it does not import from, or leaves some out"


@pytest.mark.parametrize(argvalues=_modules(), **IDS)  # type: ignore[arg-type]
def test_modules_fit_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize(argvalues=_modules(), **IDS)  # type: ignore[arg-type]
def test_no_module_needs_the_private_names_of_another(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rename_tck")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rename_tck"):
            assert [alias.name for alias in node.names if re.match(r"_(?!_)", alias.name)] == []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ours:
            assert not re.match(r"_(?!_)", node.attr), f"{path.name} uses {node.value.id}.{node.attr}"


def test_the_page_is_a_page() -> None:
    assert len(PAGE.splitlines()) <= 100


def test_what_the_page_names_is_there() -> None:
    """Dotted names of modules, and paths."""
    for room, module in re.findall(r"`(\w+)\.(?!yaml)(\w+)(?:\.\w+)?`", PAGE):
        if room in ROOMS:
            assert (PACKAGE / room / f"{module}.py").exists() or module == "NAMES", f"{room}.{module}"
    for path in re.findall(r"`((?:src|tests|specs)/[\w./]+)`", PAGE):
        assert (ROOT / path).exists(), path


def test_one_system_does_not_load_another() -> None:
    """A run on one system imports neither the others' dialects nor their servers."""
    code = (
        "import sys; from rename_tck import systems; import rename_tck.pytest_plugin; systems.load('agno');"
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
