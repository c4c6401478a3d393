"""The pages that people read: links and paths lead somewhere, options are those of the code, words are plain."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
import yaml
from harness import ROOT

from rename_tck.settings.options import OPTIONS
from rename_tck.settings.variables import BASE_URL_VARIABLES, KEY_VARIABLES, NAMES, PREFIX

PACKAGE = ROOT / "src" / "rename_tck"
SITE = ROOT / "docs" / "site" / "mkdocs.yml"
DOCS = tuple(sorted((ROOT / "docs").glob("*.md")))
#: Every page that somebody wrote for people to read, and those that the suite's tools make.
PAGES = tuple(
    ROOT / name
    for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "specs/README.md",
                 "reports/README.md")
) + DOCS  # fmt: skip
MADE = ("kill-matrix.md", "generators.md", "statements.md", "benchmark.md")
WRITTEN = tuple(page for page in PAGES if page.name not in MADE)

#: Variables of the scripts of the GitHub Action, which no user sets.
OF_SCRIPTS = {"RENAME_TCK_VENV", "RENAME_TCK_COMMAND"}


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def _prose(page: Path) -> str:
    """The page without its code."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", _text(page), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(?:\A|(?<=\n\n))(?: {4}.*\n|\n(?= {4}))+", "", text)
    return re.sub(r"`[^`\n]+`", "``", text)


def links(page: Path) -> list[str]:
    """The targets of the page's links and pictures that are in the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", _prose(page))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of the page's headings, as the host of the repository makes them."""
    without_code = re.sub(r"^(`{3,}).*?^\1$", "", _text(page), flags=re.MULTILINE | re.DOTALL)
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} +(.+?) *$", without_code, re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w -]", "", words).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            wrong.append(target)
    assert wrong == []


#: The beginnings of what can only be a path in the repository.
_FOLDERS = ("src", "tests", "specs", "docs", r"\.ci", r"\.github")
_PATH = re.compile(rf"(?<![\w./:-])(?:{'|'.join(_FOLDERS)})/[\w./*<>-]*[\w*>/]")
#: A module, named as it is from the package's folder, or by itself.
_MODULE = re.compile(r"`((?:\w+/)*\w+\.py)`")


def paths(text: str) -> set[str]:
    """What looks like a path of the repository."""
    return set(_PATH.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_path_that_is_named_is_there(page: Path) -> None:
    named = {re.sub(r"<\w+>", "*", path).removesuffix("/") for path in paths(_text(page))}
    assert sorted(path for path in named if not list(ROOT.glob(path))) == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_module_that_is_named_is_there(page: Path) -> None:
    known = {path.relative_to(folder).as_posix()
             for folder in (ROOT, PACKAGE) for place in (PACKAGE, ROOT / "tests", ROOT / "specs", ROOT / "docs")
             for path in place.rglob("*.py") if path.is_relative_to(folder)}  # fmt: skip
    known |= {PurePosixPath(name).name for name in known}
    assert sorted(name for name in _MODULE.findall(_text(page)) if name not in known) == []


def test_what_looks_like_a_path_or_a_link_is_found() -> None:
    """And the tests above would see one that leads nowhere."""
    assert paths("see `tests/none.py`, `specs/<system>/x.yaml` and docs/none.md.") == {
        "tests/none.py", "specs/<system>/x.yaml", "docs/none.md",
    }  # fmt: skip
    assert paths("https://host.example/docs/x and `conformance/tests/x`") == set()
    assert _MODULE.findall("`client/none.py`, `none.py` and none.py") == ["client/none.py", "none.py"]
    assert "made-up-ids" in anchors(ROOT / "docs" / "safety.md")
    assert "safety.md#limits" in links(ROOT / "docs" / "options.md")
    assert sum(len(links(page)) for page in PAGES) > 60


def test_readme_is_short_and_leads_to_every_page() -> None:
    readme = ROOT / "README.md"
    assert len(_text(readme).splitlines()) <= 100
    assert {f"docs/{page.name}" for page in DOCS if page.name not in {"index.md", *MADE}} <= set(links(readme))


def test_the_index_leads_to_every_page() -> None:
    """Those that the suite's tools make have a page that explains them."""
    reached = {target.partition("#")[0] for name in ("index.md", "proof.md") for target in links(ROOT / "docs" / name)}
    assert {page.name for page in DOCS} - {"index.md"} <= reached


def test_the_glossary_is_short() -> None:
    terms = re.findall(r"^\| (?!-|term \|)(.+?) \|", _text(ROOT / "docs" / "glossary.md"), re.MULTILINE)
    assert 5 <= len(terms) <= 15
    assert len(set(terms)) == len(terms)


# -- options


def _rows() -> list[list[str]]:
    """The rows of the tables of the options page, a list of cells each."""
    text = _text(ROOT / "docs" / "options.md").partition("## Where a value comes from")[0]
    return [line.strip("| ").split(" | ") for line in text.splitlines() if re.match(r"\| `", line)]


def _options() -> list[list[str]]:
    return [cells for cells in _rows() if cells[0].startswith("`--")]


def test_the_page_has_every_option_with_its_ini_key_and_variable_and_no_other() -> None:
    listed = {
        (re.findall(r"[\w-]+", cells[0])[0], *re.findall(r"\w+", cells[1].replace("<br>", " "))) for cells in _options()
    }
    expected = {(f"--{option.name}", option.variable, option.dest) for option in OPTIONS}
    assert listed == expected | {("--base-url", *BASE_URL_VARIABLES, "base_url")}


def test_the_page_says_which_options_are_flags_and_what_the_defaults_are() -> None:
    cells = {re.findall(r"--([\w-]+)", row[0])[0]: row for row in _options()}
    for option in OPTIONS:
        assert ("=" in cells[option.name][0]) != option.flag, option.name
        assert ("repeatable" in cells[option.name][2]) == option.many, option.name
        assert option.default is None or option.default in cells[option.name][2], option.name


def test_the_page_has_every_variable_and_no_other() -> None:
    listed = {name for cells in _rows() for name in re.findall(r"\b(?:RENAME_TCK|PYTEST)_\w+", " ".join(cells[:2]))}
    assert listed == {*NAMES, *BASE_URL_VARIABLES} - OF_SCRIPTS
    without_option = {cells[0].strip("`") for cells in _rows() if cells not in _options()}
    assert without_option == {*KEY_VARIABLES, "RENAME_TCK_DEBUG"}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_page_names_a_variable_that_does_not_exist(page: Path) -> None:
    named = set(re.findall(rf"\b{PREFIX}\w+", _text(page))) - {PREFIX}
    assert sorted(name for name in named if name not in NAMES and not name.startswith(f"{PREFIX}HEADER_")) == []


# -- words and numbers

#: Metaphors. Plain words for them are: given, created, saved, stored, restored, "that exists", says, has, fixed.
METAPHORS = (
    r"lent", r"lends?", r"lend(?:ing|er)", r"puts? back", r"putting back", r"kept cases?", r"live sessions?", r"borne",
    r"bears?", r"bore", r"bearing", r"told", r"tells?", r"mended", r"redden(?:s|ed)?", r"judged by en", r"nobody's",
    r"states? the contrary", r"contrary things", r"part at", r"at the desk", r"given up",
)  # fmt: skip


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_words_are_plain(page: Path) -> None:
    prose = _prose(page)
    assert re.findall(rf"\b(?:{'|'.join(METAPHORS)})\b", prose, re.IGNORECASE) == []


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_numbers_and_units_are_written_alike(page: Path) -> None:
    """`2 s`, `1,207` and `150 KB`: a unit is an abbreviation behind a space, and thousands have a comma."""
    prose = re.sub(r"\]\([^)]*\)|\d{4}-\d\d-\d\d|RFC \d+", "", _prose(page))
    assert (
        re.findall(r"\d+(?:s|ms|min|KB|MB|GB|KiB|MiB|GiB)\b|\d+ (?:seconds?|milliseconds?|minutes?|kB)\b", prose) == []
    )
    assert re.findall(r"(?<![\d.,-])\d{4,}(?![\d.-])", prose) == []


# -- the site


def test_the_site_has_every_page_once_and_checks_links() -> None:
    """`.ci/run` builds it. A warning ends the build, and `validation` makes each of these a warning."""
    site = yaml.safe_load(SITE.read_text(encoding="utf-8"))
    listed = re.findall(r"[\w./-]+\.md", repr(site["nav"]))
    elsewhere = {_name(page) for page in PAGES} - {"README.md", "reports/README.md"} | {"results/index.md"}
    assert sorted(listed) == sorted(name.removeprefix("docs/") for name in elsewhere)
    said = {value for part in site["validation"].values() for value in part.values()}
    assert said == {"warn"}
    assert {"not_found", "anchors"} <= set(site["validation"]["links"])
    assert site["theme"]["font"] is False
    assert (SITE.parent / site["site_dir"]).resolve() == ROOT / "build" / "site"


#: Not --quiet: MkDocs then sees no warning, and --strict does nothing.
BUILD = ("mkdocs", "build", "--strict", "--config-file", "docs/site/mkdocs.yml")


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a copy of the repository's pages."""
    return subprocess.run(
        [sys.executable, "-m", *BUILD], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_build_ends_at_a_link_an_anchor_and_a_resource_from_elsewhere(tmp_path: Path) -> None:
    for page in PAGES:
        (tmp_path / _name(page)).parent.mkdir(parents=True, exist_ok=True)
        # the long tables take most of the time, and no link leads into them
        text = f"# {page.stem}\n" if page.name in MADE[:3] else _text(page)
        (tmp_path / _name(page)).write_text(text, encoding="utf-8")
    (tmp_path / "docs" / "results").mkdir()
    (tmp_path / "docs" / "results" / "index.md").write_text("# Results\n", encoding="utf-8")
    shutil.copytree(SITE.parent, tmp_path / "docs" / "site")
    shutil.copy(ROOT / "docs" / "report.png", tmp_path / "docs")
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    html = {path.relative_to(tmp_path / "build" / "site").as_posix() for path in tmp_path.glob("build/site/**/*.html")}
    assert {"index.html", "options.html", "CONTRIBUTING.html", "specs/index.html"} <= html
    with (tmp_path / "docs" / "ci.md").open("a", encoding="utf-8") as file:
        file.write("[a](options.md#none) [b](../pyproject.toml)\n\n<img src='https://host.example/x.png'>\n")
    with (tmp_path / "CONTRIBUTING.md").open("a", encoding="utf-8") as file:
        file.write("[c](docs/none.md)\n")
    done = build(tmp_path)
    assert done.returncode == 1
    for said in ("does not contain an anchor '#none'", "pyproject.toml, which is no page of the site",
                 "would load https://host.example/x.png", "link 'none.md'"):  # fmt: skip
        assert said in done.stderr


def test_the_same_command_builds_it_everywhere() -> None:
    command = f"NO_MKDOCS_2_WARNING=1 .venv/bin/{' '.join(BUILD)}"
    assert command in _text(ROOT / ".ci" / "run").splitlines()
    workflow = yaml.safe_load(_text(ROOT / ".github" / "workflows" / "docs.yml"))
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]
    assert command in [step.get("run") for step in build["steps"]]
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in build
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert build["steps"][0]["with"]["persist-credentials"] is False
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == ["actions/deploy-pages"]
