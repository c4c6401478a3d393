"""What is installed from the wheel judges a server without a clone: in a fresh environment, from an empty folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import ROOT, plain_environment
from test_cli import BROKEN

from rename_tck.cli.serve import KEY

pytestmark = pytest.mark.slow

#: Seconds for what downloads packages.
_LONG = 600


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the wheel in it."""

    wheel: Path
    sdist: Path
    environment: Path

    @property
    def env(self) -> dict[str, str]:
        """What a shell has in which that environment is active: nothing of this one, and nothing of the clone."""
        env = {
            name: value
            for name, value in plain_environment().items()
            if name not in {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"}
        }
        return env | {"PATH": os.pathsep.join([str(self.environment / "bin"), "/usr/bin", "/bin"])}

    @property
    def package(self) -> Path:
        """Where it was installed to."""
        (found,) = self.environment.glob("lib/python*/site-packages/rename_tck")
        return found

    def call(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A command of that environment, in the current folder."""
        return subprocess.run(
            command, env=self.env | env, capture_output=True, text=True, timeout=_LONG, check=False,
        )  # fmt: skip


def uv() -> str:
    """The program of the package `uv`."""
    found = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found is not None, "uv is not installed: it is one of the dependencies called dev"
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Builds the wheel from the sdist, and installs it."""
    dist, environment = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("environment")
    python = str(environment / "bin" / "python")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, timeout=_LONG, stdout=subprocess.DEVNULL)

    run(uv(), "build", "-q", f"--out-dir={dist}", str(ROOT))
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    run(sys.executable, "-m", "venv", str(environment))
    run(python, "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), str(wheel))
    return Installed(wheel, sdist, environment)


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that everything is called in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def served(installed: Installed) -> Iterator[Callable[..., str]]:
    """Serves an embedded server of the wheel, and gives its URL."""
    processes = []

    def serve(*arguments: str) -> str:
        process = subprocess.Popen(
            ["rename-tck", "serve", *arguments], env=installed.env, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        found = re.search(r"answers at (\S+)", process.stdout.readline())
        assert found is not None
        return found[1]

    yield serve
    for process in processes:
        process.terminate()
        assert process.wait(20) == 0


def failed(folder: str = "reports") -> set[str]:
    """The requirements that failed in the run that wrote its reports there."""
    record = json.loads(Path(folder, "conformance.json").read_bytes())
    requirements = [requirement for run in record["runs"] for requirement in run["requirements"]]
    return {requirement["id"] for requirement in requirements if requirement["verdict"] == "fail"}


def test_nothing_of_the_clone_is_in_the_way(installed: Installed) -> None:
    code = "import sys, rename_tck; print(rename_tck.__file__, *sys.path, sep='\\n')"
    done = installed.call("python", "-P", "-c", code)
    paths = done.stdout.split()
    assert paths[0] == str(installed.package / "__init__.py")
    assert not any(str(ROOT) in path for path in paths), paths


def test_the_archives_hold_what_a_run_and_the_suites_tests_need(installed: Installed) -> None:
    wheel = zipfile.ZipFile(installed.wheel).namelist()
    for folder, name in (("tests/contract", "conformance"), ("specs", "specs")):
        there = {path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        there = {path for path in there if "__pycache__" not in path}
        assert {f"rename_tck/{name}/{path}" for path in there} <= set(wheel)
    assert not [name for name in wheel if name.startswith("tests/") or "__pycache__" in name]
    with tarfile.open(installed.sdist) as sdist:
        within = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"README.md", "conftest.py", "constraints.txt", "docs/report.png", "tests/suite/cli/test_wheel.py"} <= within


def test_the_embedded_servers_are_judged_with_nothing_left_but_reports(installed: Installed, empty: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in installed.package.rglob("*")}
    done = installed.call("rename-tck", "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" conforms: ") == 3
    assert "collected " in done.stdout
    assert os.listdir() == ["reports"]
    assert {path: path.stat().st_mtime_ns for path in installed.package.rglob("*")} == before


def test_a_faulty_server_is_judged_and_its_records_worked_with(
    installed: Installed, served: Callable[..., str]
) -> None:
    good, bad = served("dify"), served("dify", "--fault=missing-user-taken")
    options = ["--system=dify", "-q", "-n", "2", "-k", "user-required or name-stored or answer-schema"]
    done = installed.call(
        "rename-tck", "run", f"--base-url={good}", "--report-dir=before", *options, RENAME_TCK_API_KEY=KEY
    )
    assert done.returncode == 0, done.stdout + done.stderr
    done = installed.call("rename-tck", "run", f"--base-url={bad}", *options, RENAME_TCK_API_KEY=KEY)
    assert done.returncode == 1, done.stdout + done.stderr
    assert failed() == {"dify.user-required"}
    record = json.loads(Path("reports/conformance.json").read_bytes())
    (test,) = (one for r in record["runs"][0]["requirements"] if r["verdict"] == "fail" for one in r["tests"])
    assert test.startswith("conformance/")
    done = installed.call(
        "rename-tck", "run", f"--base-url={bad}", "--report-dir=one", "--system=dify", test, RENAME_TCK_API_KEY=KEY
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert failed("one") == {"dify.user-required"}
    for url, status, verdict in ((bad, 1, "still fails"), (good, 0, "passes now")):
        done = installed.call("rename-tck", "replay", "dify.user-required", f"--base-url={url}", RENAME_TCK_API_KEY=KEY)
        assert done.returncode == status, done.stdout + done.stderr
        assert verdict in done.stdout
    records = ["before/conformance.json", "reports/conformance.json"]
    done = installed.call("rename-tck", "diff", *records)
    assert done.returncode == 1
    assert "1 MUST got worse." in done.stdout
    assert installed.call("rename-tck", "matrix", *records, "--output=matrix.html").returncode == 0
    for form in ("html", "md", "ctrf", "badge"):
        again = installed.call("rename-tck", "report", records[1], f"--format={form}", f"--output={form}")
        assert (again.returncode, again.stderr) == (0, "")
    assert Path("html").read_bytes() == Path("reports/conformance.html").read_bytes()
    assert installed.call("python", "-m", "rename_tck", "known-failures", records[1]).returncode == 0
    assert sorted(os.listdir()) == ["badge", "before", "ctrf", "html", "matrix.html", "md", "one", "reports"]


def test_the_targets_of_a_file_are_judged_and_a_failure_replayed(
    installed: Installed, served: Callable[..., str]
) -> None:
    good, bad = served("dify"), served("agno", "--fault=cut-at-100")
    tables = {"good": (good, "dify"), "bad": (bad, "agno")}
    Path("rename-tck.toml").write_text(
        "".join(
            f"[targets.{name}]\nbase-url = '{url}'\nsystem = '{system}'\napi-key-env = 'STAGING_KEY'\n"
            for name, (url, system) in tables.items()
        ),
        encoding="utf-8",
    )
    select = ["-q", "-k", "length-200-accepted"]
    done = installed.call("rename-tck", "run", "bad", *select, STAGING_KEY=KEY)
    assert done.returncode == 1, done.stdout + done.stderr
    assert failed("reports/bad") == {"agno.length-200-accepted"}
    (again,) = re.findall(r"^  again +(RENAME_TCK_API_KEY=\S+ rename-tck replay .*)$", done.stdout, re.MULTILINE)
    assert f"--base-url={bad} " in again
    done = installed.call("sh", "-c", again, STAGING_KEY=KEY)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "replay: agno.length-200-accepted still fails" in done.stdout
    done = installed.call("rename-tck", "run", "--all", *select, STAGING_KEY=KEY)
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    assert done.stdout.splitlines()[-3:] == [
        "good    incomplete        0            reports/good",
        "bad     does not conform  1            reports/bad",
        "matrix: reports/matrix.html",
    ]
    assert (failed("reports/good"), failed("reports/bad")) == (set(), {"agno.length-200-accepted"})


def test_what_is_in_the_folder_has_no_effect(installed: Installed, empty: Path) -> None:
    for name, content in BROKEN.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content, encoding="utf-8")
    before = sorted(map(str, empty.rglob("*")))
    done = installed.call("rename-tck", "run", "-n2", "-q", "-k", "agno", PYTEST_ADDOPTS="--no-such-option")
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree("reports")
    assert sorted(map(str, empty.rglob("*"))) == before


def test_it_is_a_plugin_for_ones_own_pytest(installed: Installed, served: Callable[..., str]) -> None:
    bad = served("agno", "--fault=cut-at-100")
    Path("test_mine.py").write_text("def test_mine():\n    assert True\n", encoding="utf-8")
    command = ["pytest", "-p", "rename_tck.pytest_plugin", "--pyargs", "rename_tck.conformance", "test_mine.py"]
    command += ["--system=agno", "-k", "length-200 or mine"]
    done = installed.call(*command, f"--base-url={bad}", RENAME_TCK_API_KEY=KEY)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert failed() == {"agno.length-200-accepted"}
    done = installed.call(*command, "--report-dir=embedded")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_uv_runs_the_tool_from_the_wheel(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> None:
    tools = str(tmp_path_factory.mktemp("tools"))
    command = [
        uv(), "tool", "run", "-q", f"--python={sys.executable}", f"--constraints={ROOT / 'constraints.txt'}",
        f"--from={installed.wheel}", "rename-tck", "run",
    ]  # fmt: skip
    done = installed.call(*command, "--help", UV_TOOL_DIR=tools)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: rename-tck run ")
    done = installed.call(*command, "-q", "-k", "name-stored", UV_TOOL_DIR=tools)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": incomplete, ") == 3
    assert os.listdir() == ["reports"]
