"""The `again` line of a failure, run by a shell as it is printed, tries the case again and finds the same."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from harness import KEY, ROOT, judge, plain_environment
from mutants import Mutant, every

from rename_tck.pytest_plugin import replay_command
from rename_tck.reference.serving import serve
from rename_tck.settings.settings import Settings

CUT = next(mutant for mutant in every() if (mutant.system, mutant.name) == ("agno", "CutsAt255"))
CRASHES = next(mutant for mutant in every() if (mutant.system, mutant.name) == ("openhands", "NotJsonCrashes"))

PYTEST = ("-m", "pytest", "tests/contract", "-q", "-p", "no:cacheprovider")
RUN = ("-m", "rename_tck", "run", "-q")


def again_lines(output: str) -> list[str]:
    return re.findall(r"^  again +(.*)$", output, re.MULTILINE)


@pytest.mark.parametrize(
    ("mutant", "called", "more"),
    [
        pytest.param(CUT, PYTEST, ("--user=it's me",), id="pytest"),
        pytest.param(CRASHES, RUN, ("--header=X-Gate: way", "--request-timeout=7.5"), id="run"),
        pytest.param(CUT, (*PYTEST, "-n2"), (), id="pytest with workers", marks=pytest.mark.slow),
    ],
)
def test_the_line_works_as_printed(mutant: Mutant, called: Sequence[str], more: Sequence[str], tmp_path: Path) -> None:
    folder, rule = tmp_path / "it's $HOME", mutant.kills
    env = plain_environment() | {"RENAME_TCK_API_KEY": KEY}
    with serve(mutant.make()) as url:
        arguments = [*called, f"--base-url={url}", f"--report-dir={folder}", "--hypothesis-seed=1", "-k", rule, *more]
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        (line,) = set(again_lines(done.stdout))
        assert KEY not in line
        assert "way" not in line
        variables = {"RENAME_TCK_HEADER_X_GATE": "way"} if "X-Gate" in line else {}
        again = subprocess.run(
            ["bash", "-c", line],
            cwd=ROOT,
            env=env | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert again.returncode == 1, line + again.stdout + again.stderr
    assert f"replay: {rule} still fails" in again.stdout


@pytest.mark.slow
def test_the_embedded_server_is_tried_again_by_a_run(tmp_path: Path) -> None:
    """It is correct by the vendored document, and not by another one."""
    text = (ROOT / "specs/openhands/openapi.yaml").read_text(encoding="utf-8")
    assert text.count("maxLength: 200") == 1
    spec = tmp_path / "my spec.yaml"
    spec.write_text(text.replace("maxLength: 200", "maxLength: 100"), encoding="utf-8")
    arguments = [*PYTEST, f"--spec={spec}", "-k", "invalid-space-refused", f"--report-dir={tmp_path}"]
    done = _call(sys.executable, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = again_lines(done.stdout)
    again = _call("bash", "-c", line)
    assert again.returncode == 1, line + again.stdout + again.stderr
    assert again_lines(again.stdout)


def _call(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = plain_environment()
    return subprocess.run(arguments, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


def _config(called: Sequence[str]) -> Any:
    return SimpleNamespace(workerinput={"mainargv": list(called)})


@pytest.mark.parametrize(
    ("called", "which", "program"),
    [
        ("{bin}/rename-tck", "{bin}/rename-tck", "rename-tck"),
        ("{bin}/rename-tck", None, "{bin}/rename-tck"),
        ("{here}/venv/bin/rename-tck", None, "venv/bin/rename-tck"),
        ("{bin}/pytest", "{bin}/rename-tck", "rename-tck"),
        ("{bin}/pytest", "/elsewhere/rename-tck", "{python} -m rename_tck"),
        ("{bin}/pytest", None, "{python} -m rename_tck"),
        ("/lib/rename_tck/__main__.py", "{bin}/rename-tck", "{python} -m rename_tck"),
    ],
)
def test_the_program_is_the_one_that_was_called(
    called: str, which: str | None, program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", "/opt/my python/bin/python")
    monkeypatch.setattr(replay_command, "_search_path", list)
    names = {"bin": "/opt/my python/bin", "python": "'/opt/my python/bin/python'", "here": str(tmp_path)}
    found = which and which.format(**names)
    monkeypatch.setattr("shutil.which", lambda name: found if name == "rename-tck" else None)
    line = replay_command.replay_command("agno.x", Settings(base_url="http://h"), _config([called.format(**names)]))
    expected = program.format(**names)
    expected = f"'{expected}'" if expected.startswith("/opt") else expected
    assert line == f"{expected} replay agno.x --base-url=http://h --report-dir=reports"


def test_a_key_of_another_variable_is_taken_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_KEY", "my-secret-key")
    line = replay_command.replay_command("agno.x", Settings(api_key="my-secret-key"), _config(["/bin/rename-tck"]))
    assert line.startswith('RENAME_TCK_API_KEY="$STAGING_KEY" ')
    assert "my-secret-key" not in line


@pytest.mark.parametrize("header", [("X-Gate", "way"), ("$odd.name", "way"), ("X-Empty", "")])
def test_a_header_is_quoted_and_its_value_left_to_a_variable(
    header: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RENAME_TCK_HEADER", raising=False)
    line = replay_command.replay_command("agno.x", Settings(headers=(header,)), _config(["/bin/rename-tck"]))
    word = line.rpartition(" --header=")[2]
    variable = f"RENAME_TCK_HEADER_{re.sub('[^A-Z0-9]', '_', header[0].upper())}"
    script = f"printf %s {word}"
    said = subprocess.run(["bash", "-c", script], env={variable: "way"}, capture_output=True, text=True, check=True)
    assert said.stdout == f"{header[0]}: {header[1]}"
    if header[1]:
        done = subprocess.run(["bash", "-c", script], env={}, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert variable in done.stderr


@pytest.mark.parametrize(
    ("profile", "settle", "told"),
    [(None, None, ""), ("quick", 2.0, ""), (None, 0.0, "--settle=0"), (None, 7.5, "--settle=7.5"),
     ("nightly", None, "--settle=60"), ("ci", None, "--settle=5"), ("ci", 2.0, "")],
)  # fmt: skip
def test_sessions_are_left_alone_as_long(profile: str | None, settle: float | None, told: str) -> None:
    config: Any = SimpleNamespace(workerinput={"mainargv": []}, getoption=lambda *_: profile)
    settings = Settings(base_url="http://h", settle=settle)
    line = replay_command.replay_command("agno.name-stored", settings, config)
    assert line.partition("--settle")[1:] == told.partition("--settle")[1:]
    assert "--settle" not in replay_command.replay_command("agno.rename-again", settings, config)


def test_with_keep_failed_the_session_stays_and_the_request_alone_is_shown(tmp_path: Path) -> None:
    app: Any = CUT.make()
    with serve(app) as url:
        env = {"RENAME_TCK_API_KEY": KEY}
        judged = judge(url, tmp_path, "--keep-failed", system="agno", env=env, select=CUT.kills, record_only=True)
        assert judged.with_verdict("fail") == {CUT.kills}
        curl = judged.requirements[CUT.kills]["curl"]
        assert "\n" not in curl
        # each session that a case failed on, also of the classes beside the clearest, and no other
        others = [other["curl"] for other in judged.requirements[CUT.kills]["failing"]["others"]]
        left = {session_id for _, session_id in app.sessions}
        assert left == {one for one in left if any(one in shown for shown in (curl, *others))}
        assert all(any(one in shown for one in left) for shown in (curl, *others))
        assert len(left) > 1, "cases of several classes fail"
        for one in left:
            assert any(one in note and CUT.kills in note and "--keep-failed" in note for note in judged.run["notes"])
        judged = judge(url, tmp_path, system="agno", env=env, select=CUT.kills, record_only=True)
        assert judged.requirements[CUT.kills]["curl"].count("\n") == 1
        assert judged.run["notes"] == []
        assert {session_id for _, session_id in app.sessions} == left
