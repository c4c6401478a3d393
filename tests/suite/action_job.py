"""A job that uses the GitHub Action: runs the steps of action.yml as a runner does, in a bare environment."""

from __future__ import annotations

import functools
import itertools
import json
import operator
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from harness import ROOT

ACTION = ROOT / "action.yml"

DEFINITION: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = DEFINITION["runs"]["steps"]

#: Stands for the interpreter of the environment that `install` makes.
PYTHON = f"""#!/bin/sh
PYTHONPATH={ROOT / "src"} exec {sys.executable} "$@"
"""
#: Stands for its `rename-tck`: the one of this environment.
JUDGES = f"""#!/bin/sh
exec {sys.executable} -m rename_tck "$@"
"""
#: Or writes down how it was called, and ends with the status and the records that the test has put there.
RECORDS = f"""#!{sys.executable}
import json, os, pathlib, shutil, sys
pathlib.Path(os.environ["CALLED"]).write_text(json.dumps([sys.argv[1:], dict(os.environ)]))
print("::error::said by a server")
if os.path.isdir("prepared"):
    (folder,) = (word[len("--report-dir="):] for word in sys.argv if word.startswith("--report-dir="))
    shutil.copytree("prepared", folder, dirs_exist_ok=True)
sys.exit(int(os.environ["STATUS"]))
"""


@dataclass
class Job:
    """A job that uses the action, in folders of its own and with nothing in its environment but what a runner sets."""

    folder: Path
    #: What the job itself has set.
    env: dict[str, str] = field(default_factory=dict)
    status: int = 0
    #: The output of the last step.
    said: str = ""

    def __post_init__(self) -> None:
        self.workspace.mkdir()
        self.bin.mkdir(parents=True)
        self.put("python", PYTHON)
        self.put("rename-tck", RECORDS)

    @property
    def workspace(self) -> Path:
        """Where the steps run."""
        return self.folder / "workspace"

    @property
    def bin(self) -> Path:
        """Of the environment that judges."""
        return self.folder / "temp" / "rename-tck" / "bin"

    def put(self, name: str, text: str, folder: Path | None = None) -> Path:
        """A program, in the environment that judges if not elsewhere."""
        path = (folder or self.bin) / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def step(self, name: str, **inputs: str) -> int:
        """Run the step of this name; underscores stand for hyphens in `inputs`."""
        (step,) = (step for step in STEPS if step.get("name") == name)
        given = {name: str(each.get("default", "")) for name, each in DEFINITION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        python = str(self.folder / "python")

        def value(match: re.Match[str]) -> str:
            return python if match[1] == "steps.python.outputs.python-path" else given[match[1].removeprefix("inputs.")]

        env = {name: re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace, capture_output=True, text=True, check=False, timeout=300,
            env={
                "PATH": os.environ["PATH"], "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_ENV": str(self.folder / "env"), "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"), "RUNNER_TEMP": str(self.folder / "temp"),
                "CALLED": str(self.folder / "called"), "STATUS": str(self.status),
                **self.env, **env,
            },
        )  # fmt: skip
        self.said = done.stdout + done.stderr
        return done.returncode

    def judge(self, **inputs: str) -> int:
        """The step that judges; some server is named where the test names none."""
        return self.step("Judge", **{"base_url": "http://target.example"} | inputs)

    def outputs(self) -> dict[str, str]:
        """The outputs of the action, by what the step that judges has put out."""
        found = self._put_out()
        return {name: self._judge_output(each["value"], found) for name, each in DEFINITION["outputs"].items()}

    def uploaded(self) -> list[str]:
        """The files that the upload finds, as seen from the workspace; a folder means all in it."""
        lines = self._judge_output(STEPS[-1]["with"]["path"], self._put_out()).splitlines()
        paths = [self.workspace / line for line in lines]
        files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
        return sorted(str(file.relative_to(self.workspace)) for file in files)

    @staticmethod
    def _judge_output(expression: str, found: dict[str, str]) -> str:
        match = re.fullmatch(r"\$\{\{ steps\.judge\.outputs\.(\w+) \}\}", expression)
        assert match, expression
        return found[match[1]]

    def _put_out(self) -> dict[str, str]:
        """Read as a runner reads it."""
        lines = iter((self.folder / "output").read_text().split("\n"))
        found = {}
        for line in lines:
            if line:
                name, _, end = line.partition("<<")
                found[name] = "\n".join(itertools.takewhile(functools.partial(operator.ne, end), lines))
        return found

    def summary(self) -> str:
        """The job's summary, once the step for it has run."""
        assert self.step("Write the summary") == 0, self.said
        return (self.folder / "summary").read_text()

    def called(self) -> tuple[list[str], dict[str, str]]:
        """The arguments and the environment that `rename-tck` was called with."""
        arguments, environment = json.loads((self.folder / "called").read_text())
        return arguments, environment
