"""The nightly workflow: valid by the schema of workflows, and its steps do what they say."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sample_run
import yaml
from harness import ROOT

from rename_tck.results import record

WORKFLOW = ROOT / ".github" / "workflows" / "nightly.yml"
SCRIPT = ROOT / ".github" / "nightly.sh"
#: What it has in common with the action, tested in test_action.py.
SHARED = ROOT / ".github" / "action.sh"

#: Stands for the interpreter of .venv: "judges" by copying a record, and is itself for everything else.
PYTHON = """#!/bin/sh
if [ "$2" = pytest ]; then
  echo "$@" "$PYTEST_BASE_URL" >> judged
  [ -z "$RECORD" ] || { mkdir -p reports && cp "$RECORD" reports/conformance.json; }
  exit "$STATUS"
fi
PYTHONPATH={source} exec {python} "$@"
"""


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return loaded


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_workflow_is_valid_by_the_schema_of_workflows() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflow_may_do_no_more_than_read(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_no_value_from_outside_becomes_a_command(workflow: dict[Any, Any]) -> None:
    assert not [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")]


def test_every_job_ends_and_leaves_its_reports(workflow: dict[Any, Any]) -> None:
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= (300 if name == "suite" else 60)
        upload = job["steps"][-1]
        assert upload["uses"].startswith("actions/upload-artifact@")
        assert upload["if"] == "always()"


def test_only_first_party_actions_with_a_version(workflow: dict[Any, Any]) -> None:
    used = {step["uses"] for step in steps(workflow) if "uses" in step}
    assert all(re.fullmatch(r"actions/[a-z/-]+@v\d+", name) for name in used)


def test_every_run_is_a_line_or_the_script(workflow: dict[Any, Any]) -> None:
    """What the steps call is there, and is tested below."""
    modes = {step["run"].split()[1] for step in steps(workflow) if step.get("run", "").startswith(".github/nightly.sh")}
    assert modes == {"install", "judge", "judge-agno", "compare"}
    assert SCRIPT.stat().st_mode & stat.S_IXUSR
    assert (ROOT / "tests/suite/real/agno_app.py").exists()


def test_every_python_of_the_package_is_tried_with_the_lowest_and_the_newest_versions(workflow: dict[Any, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    job = workflow["jobs"]["versions"]
    assert job["strategy"]["matrix"]["python"] == claimed
    assert project["requires-python"] == f">={claimed[0]}"
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/lowest", ".ci/lowest --newest"]
    assert (ROOT / ".ci" / "lowest").stat().st_mode & stat.S_IXUSR


def test_every_real_server_is_judged(workflow: dict[Any, Any]) -> None:
    described = yaml.safe_load((ROOT / "tests/suite/real/targets.yaml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["real"]
    assert job["strategy"]["matrix"]["server"] == list(described["servers"])
    wanted = {server["python"] for server in described["servers"].values()}
    setup = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/setup-python@"))
    assert set(setup["with"]["python-version"].split()) == wanted
    installed = next(step["run"] for step in job["steps"] if "apt-get" in step.get("run", ""))
    assert {store["debian"] for store in described["stores"].values() if "debian" in store} <= set(installed.split())


def test_the_docs_name_what_is_to_be_set(workflow: dict[Any, Any]) -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    names = set(re.findall(r"(?:vars|secrets)\.(\w+)", text))
    assert len(names) == 7
    assert all(f"`{name}`" in page for name in names)


class Night:
    """A copy of the script in a folder of its own, where nights follow one another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary.md"
        (folder / ".github").mkdir()
        for script in (SCRIPT, SHARED):
            shutil.copy(script, folder / ".github")
        python = folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON.replace("{source}", str(ROOT / "src")).replace("{python}", sys.executable))
        python.chmod(0o755)

    def run(self, *arguments: str, content: dict[str, Any] | None = None, status: int = 0) -> tuple[int, str]:
        """One step; `content` and `status` are what the judging leaves behind."""
        source = self.folder / "tonight.json"
        if content is not None:
            source.write_text(record.dumps(content))
        done = subprocess.run(
            ["bash", ".github/nightly.sh", *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
            env={
                "PATH": os.environ["PATH"], "GITHUB_STEP_SUMMARY": str(self.summary), "STATUS": str(status),
                "RECORD": str(source) if content else "", "PYTEST_BASE_URL": "http://target.example",
            },
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def pass_by(self, content: dict[str, Any], status: int) -> tuple[int, int, str]:
        """A whole night: the statuses of its two steps, and what it adds to the summary."""
        self.summary.write_text("")
        judged, _ = self.run("judge", content={**content, "exit_status": status}, status=status)
        compared, _ = self.run("compare")
        return judged, compared, self.summary.read_text()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def dify(*, worse: bool = False) -> dict[str, Any]:
    content = sample_run.sample()
    del content["runs"][1:]
    if worse:
        requirements = content["runs"][0]["requirements"]
        requirements[0] |= {"verdict": "fail", **sample_run.rename_failure("{}", "status 200", None, "a plain name")}
        content["runs"][0]["summary"] = sample_run.summary(requirements)
    return content


def test_a_night_fails_only_on_what_got_worse(night: Night) -> None:
    first = night.pass_by(dify(), 1)
    assert first[:2] == (0, 0), "failures that have always been there"
    assert first[2].startswith("## rename-tck: dify does not conform")
    assert night.pass_by(dify(), 1)[:2] == (0, 0)
    judged, compared, summary = night.pass_by(dify(worse=True), 1)
    assert (judged, compared) == (0, 1)
    assert "## rename-tck: 1 MUST got worse." in summary
    assert night.pass_by(dify(worse=True), 1)[:2] == (0, 0), "the next night it is no news"
    assert night.pass_by(dify(), 1)[:2] == (0, 0)


def test_a_night_without_a_verdict_is_red_and_is_no_measure_for_the_next(night: Night) -> None:
    night.pass_by(dify(), 1)
    down = {**sample_run.could_not_start(), "reason": "Nothing answers."}
    judged, compared, summary = night.pass_by(down, 3)
    assert (judged, compared) == (3, 0)
    assert "Nothing answers." in summary
    assert night.pass_by(dify(worse=True), 1)[:2] == (0, 1), "measured by the last verdict"


@pytest.mark.parametrize("status", [0, 3])
def test_a_night_that_did_not_get_to_all_is_red_and_no_measure(status: int, night: Night) -> None:
    night.pass_by(dify(), 1)
    content = dify()
    content["runs"][0] |= {"verdict": "incomplete", "reason": "not every MUST was tested in full"}
    assert night.pass_by(content, status)[:2] == (3, 0)
    assert night.pass_by(dify(worse=True), 1)[:2] == (0, 1), "measured by the last verdict"


def test_a_night_that_left_no_record(night: Night) -> None:
    assert night.run("judge", status=4)[0] == 4
    assert night.run("compare") == (0, "No record was written.\n")
    assert night.summary.read_text() == "No record was written.\n"


def test_how_a_night_judges(night: Night) -> None:
    night.run("judge", content=dify(), status=1)
    said = (night.folder / "judged").read_text().split()
    assert said == [
        "-m",
        "pytest",
        "--hypothesis-profile=nightly",
        "--history=nights/history.jsonl",
        "http://target.example",
    ]


@pytest.mark.slow
def test_agno_is_started_and_stopped(night: Night) -> None:
    app = night.folder / "tests/suite/real/agno_app.py"
    app.parent.mkdir(parents=True)
    app.write_text(
        "import os, sys, time\nprint('INFO starting', flush=True)\nopen('pid', 'w').write(str(os.getpid()))\n"
        "print('http://127.0.0.1:12345', flush=True)\ntime.sleep(600)\n"
    )
    assert night.run("judge-agno", sys.executable, content=dify(), status=1)[0] == 0
    assert (night.folder / "judged").read_text().split()[-1] == "http://127.0.0.1:12345"
    pid = int((night.folder / "pid").read_text())
    subprocess.run(["tail", f"--pid={pid}", "-f", "/dev/null"], timeout=20, check=True)


#: Stands for the job's interpreter, for that of .venv, and for uv.
INSTALLS = """#!/bin/sh
echo "${0##*/} $*" >> "$RECORD"
if [ "$2" = venv ]; then mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/uv; fi
"""


def test_how_a_night_sets_up(night: Night) -> None:
    python = night.folder / "python3"
    python.write_text(INSTALLS)
    python.chmod(0o755)
    env = {
        "PATH": os.environ["PATH"],
        "RECORD": str(night.folder / "said"),
        "PYTHON": str(python),
    }
    subprocess.run(["bash", ".github/nightly.sh", "install"], cwd=night.folder, env=env, check=True)
    constraints = night.folder / "constraints.txt"
    assert (night.folder / "said").read_text().splitlines() == [
        "python3 -m venv .venv",
        f"python -m pip install --quiet --disable-pip-version-check --constraint {constraints} -- {night.folder}",
    ]


def test_script_says_how_it_is_used(night: Night) -> None:
    status, said = night.run("sleep")
    assert status == 2
    assert said.startswith("usage: ")
