"""What a run does not need it does not import: every run pays for its start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from harness import KEY, OTHER_MODE_KEY, ROOT, judge_in_process

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES

SERVERS = {"dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer}


@pytest.mark.parametrize("system", NAMES)
def test_a_run_imports_nothing_that_only_another_system_or_the_embedded_servers_need(
    system: str, tmp_path: Path
) -> None:
    written = tmp_path / "loaded"
    env = {
        "LOADED": str(written),
        "PYTHONPATH": f"{ROOT / 'tests' / 'suite'}",
        "RENAME_TCK_API_KEY": KEY,
        "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY,
    }
    with serve(SERVERS[system](KEY)) as url:
        judged = judge_in_process(
            url, tmp_path / "reports", "-p", "loaded", system=system, env=env, select=f"{system}.rename-accepted"
        )
    assert judged.status == 0, judged.output
    loaded = set(written.read_text(encoding="utf-8").splitlines())
    assert f"rename_tck.systems.{system}" in loaded
    for other in NAMES:
        assert other == system or not {name for name in loaded if name.endswith((f"systems.{other}", f"test_{other}"))}
    # an embedded server, generated requests and the look at a document are for other runs
    assert not loaded & {"rename_tck.reference", "starlette", "uvicorn", "schemathesis", "openapi_spec_validator"}


HEAVY = {"pytest", "_pytest", "requests", "urllib3", "hypothesis", "schemathesis", "starlette", "jsonschema", "yaml"}


@pytest.mark.parametrize(
    "arguments", ["--version", "--help", "run --help", "serve --help", "diff --help", "replay --help"]
)
def test_the_command_imports_little_to_say_what_it_can(arguments: str) -> None:
    code = (
        f"import sys; from rename_tck.cli import main; main({arguments.split()}); print(*{HEAVY} & sys.modules.keys())"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, ""), done.stdout + done.stderr


def test_the_commands_on_records_import_nothing_that_only_a_run_needs() -> None:
    modules = [f"rename_tck.cli.{name}" for name in ("report", "diff", "matrix", "known_failures", "output")]
    code = f"import sys, {', '.join(modules)}; print(*{{'pytest', 'requests', 'hypothesis'}} & sys.modules.keys())"
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stdout + done.stderr
