"""What is published: the source distribution and the wheel, and the text that a package index shows."""

from __future__ import annotations

import email.message
import email.parser
import email.policy
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import ROOT

#: What lies about in a clone that was used, none of which is to be published.
LITTER = (
    "reports/conformance.json", "reports/replay/dify.name-stored.json", ".venv/bin/python", ".venvs/agno/bin/python",
    ".pytest_cache/README.md", ".hypothesis/examples/0", "src/rename_tck/__pycache__/x.cpython-311.pyc",
    "nights/last.json", "dist/old.whl", "rename-tck.toml", ".env", "tests/suite/__pycache__/x.pyc",
)  # fmt: skip

#: What must be there, however it is made sure.
IN_SDIST = (
    ".ci/run", ".github/action.sh", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md",
    "SECURITY.md", "action.yml", "conftest.py", "constraints.txt", "docs/report.png", "docs/options.md",
    "docs/site/mkdocs.yml", "pyproject.toml", "reports/README.md", "specs/agno/requirements.yaml",
    "specs/dify/openapi.zh-Hans.yaml", "specs/dify/source.ja.txt",
    "src/rename_tck/py.typed", "tests/contract/test_dify.py", "tests/suite/conftest.py",
)  # fmt: skip

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@dataclass(frozen=True)
class Built:
    """A source distribution and the wheel made from it."""

    sdist: Path
    wheel: Path
    #: The files of the copy that they were built from, but for the litter.
    sources: frozenset[str]

    def in_sdist(self) -> set[str]:
        """The names of its files, without the folder that all are in."""
        with tarfile.open(self.sdist) as archive:
            return {member.name.partition("/")[2] for member in archive if member.isfile()}

    def in_wheel(self) -> set[str]:
        """The names of its files."""
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())

    def metadata(self) -> email.message.EmailMessage:
        """The wheel's METADATA."""
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            return email.parser.BytesParser(email.message.EmailMessage, policy=email.policy.default).parsebytes(
                archive.read(name)
            )

    def text(self) -> str:
        """What an index shows."""
        text = self.metadata().get_payload(decode=True)
        assert isinstance(text, bytes)
        return text.decode()


def sources() -> list[str]:
    """The files of the clone: what git knows, and what it would take."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    clone, target = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("dist")
    files = sources()
    for name in files:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    for name in LITTER:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text("litter")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", target, clone], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return Built(sdist, wheel, frozenset(files))


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git lists what is to be published: this is no clone"),
]


def test_twine_finds_nothing(built: Built) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", built.sdist, built.wheel],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_sdist_is_the_clone(built: Built) -> None:
    assert built.in_sdist() == built.sources | {"PKG-INFO"}
    assert built.sources.isdisjoint(LITTER)
    assert [name for name in IN_SDIST if name not in built.in_sdist()] == []


def test_wheel_holds_the_package_and_nothing_beside_it(built: Built) -> None:
    names = built.in_wheel()
    assert {name.partition("/")[0] for name in names} == {"rename_tck", f"rename_tck-{PROJECT['version']}.dist-info"}
    assert f"rename_tck-{PROJECT['version']}.dist-info/licenses/LICENSE" in names
    package = {name.removeprefix("src/") for name in built.sources if name.startswith("src/")}
    documents = {f"rename_tck/{name}" for name in built.sources if name.startswith("specs/")}
    assert names >= package | documents
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_metadata(built: Built) -> None:
    metadata = built.metadata()
    assert metadata["Name"] == "rename-tck"
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert metadata["Requires-Python"] == ">=3.11"
    classifiers = metadata.get_all("Classifier", [])
    assert [name[-4:] for name in classifiers if ":: Python :: 3." in name] == ["3.11", "3.12", "3.13", "3.14"]
    # until the project has a home, there is none to name
    assert {name.lower() for name in metadata}.isdisjoint({"home-page", "project-url", "download-url"})


def test_text_of_an_index_leads_nowhere_that_is_not_there(built: Built) -> None:
    text, readme = built.text(), (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]*)\)|^\[[^\]]+\]: *(\S+)|(?:src|href)=[\"']([^\"']*)", text, re.MULTILINE)
    assert [target for found in targets for target in found if target and not target.startswith("https://")] == []
    assert "![" not in text or "](https://" in text
    # and says all that README.md says: without pictures, and with the words of links for the links
    words = re.sub(r"!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|\[", " ", readme)
    assert set(re.findall(r"\w+", words)) <= set(re.findall(r"\w+", text))


def test_sdist_holds_the_files_as_they_are(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        for member in archive:
            name, file = member.name.partition("/")[2], archive.extractfile(member)
            if name in built.sources and file is not None:
                assert file.read() == (ROOT / name).read_bytes(), name
