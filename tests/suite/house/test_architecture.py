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
#: The contract tests, which are a room of the package where that is installed from a wheel.
CONFORMANCE = ROOT / "tests" / "contract"
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
    return sorted(path for path in (*PACKAGE.rglob("*.py"), *CONFORMANCE.glob("*.py")))


def _name(path: Path) -> str:
    """The module as it is imported."""
    within = path.relative_to(PACKAGE) if PACKAGE in path.parents else Path("conformance", path.name)
    return ".".join(("rename_tck", *within.with_suffix("").parts)).removesuffix(".__init__")


def _room(name: str) -> str:
    """The room of a module, or of what is imported from one."""
    first = (*name.split("."), "")[1]
    return first if first == "conformance" or ((PACKAGE / first).is_dir() and first) else GROUND


def _imported(path: Path, *, at_once: bool = False) -> set[str]:
    """The modules of the package that a module imports: at its top, inside a function, for types alone, or by a name.

    `at_once` leaves out what is imported later, or never.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            # a name that is put together counts as far as it is written
            found |= {str(text.value) for text in ast.walk(node.args[0]) if isinstance(text, ast.Constant)}
    return {name for name in found if name.startswith("rename_tck.")} - {"rename_tck.__version__"}


def _rooms_imported(path: Path) -> set[str]:
    return {_room(name) for name in _imported(path)} - {_room(_name(path))}


EACH_MODULE = pytest.mark.parametrize("path", _modules(), ids=_name)


def test_every_room_is_on_the_page() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders | {GROUND, "conformance"} == set(ROOMS)
    loose = {path.stem for path in PACKAGE.glob("*.py")} - DOORS
    assert loose == set(re.findall(r"`(\w+)`", ROOMS[GROUND].what))


def test_rooms_import_downwards_only() -> None:
    for name, room in ROOMS.items():
        for imported in room.imports:
            assert ROOMS[imported].floor < room.floor, f"{name} may not import from {imported}"


@EACH_MODULE
def test_a_module_imports_from_its_rooms_only(path: Path) -> None:
    name = _room(_name(path))
    if path.stem not in DOORS or name != GROUND:
        assert _rooms_imported(path) <= ROOMS[name].imports


@pytest.mark.parametrize("name", [name for name in ROOMS if name != GROUND])
def test_a_room_says_what_it_imports_from_and_does(name: str) -> None:
    folder = CONFORMANCE if name == "conformance" else PACKAGE / name
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    said = re.search(r"^Imports from: ([\w, ]+)\.$", docstring.replace(",\n", ", "), re.MULTILINE)
    assert said is not None, f"{name} does not say what it imports from"
    assert set(said[1].split(", ")) - {"nothing"} == ROOMS[name].imports
    used = {room for path in folder.rglob("*.py") for room in _rooms_imported(path)}
    assert used == ROOMS[name].imports, "the page names rooms that it does not import from, or leaves some out"


def test_no_module_imports_itself_by_way_of_others() -> None:
    names = {_name(path) for path in _modules()}
    ahead = {
        _name(path): {next((n for n in (name, name.rpartition(".")[0]) if n in names), "") for name in found}
        for path in _modules()
        if (found := _imported(path, at_once=True))
    }
    left = {name: found - {"", name} for name, found in ahead.items()}
    while free := [name for name, found in left.items() if not found & left.keys()]:
        for name in free:
            del left[name]
    assert not left, "these import each other"


@EACH_MODULE
def test_modules_fit_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@EACH_MODULE
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


def test_no_class_uses_a_private_field_that_only_its_base_in_another_module_sets() -> None:
    """A class of two modules is one class in two files."""
    classes: dict[str, tuple[Path, ast.ClassDef]] = {}
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = path, node
    for path, node in classes.values():
        for base in (ast.unparse(base) for base in node.bases):
            if base in classes and classes[base][0] != path:
                private = _private(classes[base][1], own=True)
                assert not private & _private(node, own=False) - _private(node, own=True), f"{path.name}: {node.name}"


def _of_itself(node: ast.ClassDef) -> list[ast.Attribute]:
    attributes = (part for part in ast.walk(node) if isinstance(part, ast.Attribute))
    return [part for part in attributes if isinstance(part.value, ast.Name) and part.value.id == "self"]


def _private(node: ast.ClassDef, *, own: bool) -> set[str]:
    """The private names that a class defines, or those that it uses of itself."""
    if own:
        fields = {ast.unparse(part.target) for part in node.body if isinstance(part, ast.AnnAssign)}
        methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        found = fields | methods | {part.attr for part in _of_itself(node) if isinstance(part.ctx, ast.Store)}
    else:
        found = {part.attr for part in _of_itself(node)}
    return {name for name in found if re.match(r"_(?!_)", name)}


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
    tables = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in {"NAMES", "QUESTIONS"}
    ]
    keys = [key for table in tables if isinstance(table, ast.Dict) for key in table.keys]
    answered = {key.value for key in keys if isinstance(key, ast.Constant)}
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
            names = [
                ast.literal_eval(argument)
                for mark in node.decorator_list
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "requirement"
                for argument in mark.args
            ]
            assert names or "pytest.mark.observation" in marks, f"{path.name}::{node.name} decides no requirement"
            for name in names:
                assert name in wanted or name in laws, f"{path.name}::{node.name} names {name}, which no catalogue has"
                marked |= {name} if "." in name else {full for full in wanted if full.split(".", 1)[1] == name}
    assert wanted - marked == set(), "requirements that no test decides"
