"""pytest as others have set it up: without plugins of its own accord, with some left out, with others that meddle."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import KEY, ROOT, judge, judge_in_process, plain_environment

from rename_tck.client.transport import TargetClient
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.serving import serve

KEYS = {"RENAME_TCK_API_KEY": KEY}


@pytest.fixture(scope="module")
def agno() -> Iterator[str]:
    with serve(AgnoServer(KEY)) as url:
        yield url


@pytest.mark.parametrize("options", [(), ("-n2",), ("-p", "pytest_base_url.plugin"), ("-p", "base_url", "-p", "xdist")])
def test_what_a_run_needs_is_loaded_where_pytest_loads_nothing(
    tmp_path: Path, agno: str, options: tuple[str, ...]
) -> None:
    env = KEYS | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    judged = judge_in_process(agno, tmp_path, *options, system="agno", env=env, select="name-stored", seed=7)
    assert judged.status == 0, judged.output
    assert judged.run["base_url"] == agno
    assert judged.record["seed"] == 7
    assert judged.requirements["agno.name-stored"]["verdict"] == "pass"


@pytest.mark.parametrize("autoload", [True, False])
def test_the_plugin_alone_is_enough_outside_of_the_clone(tmp_path: Path, agno: str, autoload: bool) -> None:
    env = plain_environment() | KEYS | {"PYTHONPATH": str(ROOT / "src")}
    env |= {} if autoload else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "rename_tck.pytest_plugin", "--noconftest", "-q", "-c", "pytest.ini",
         f"--base-url={agno}", "--system=agno", "-k", "name-stored", str(ROOT / "tests" / "contract")],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"agno at {agno}" in done.stdout


@pytest.mark.parametrize(
    "name", ["base_url", "hypothesispytest", "xdist", "junitxml", "logging", "capture", "warnings"]
)
def test_a_plugin_that_is_left_out_is_not_missed(tmp_path: Path, agno: str, name: str) -> None:
    env = KEYS | {"RENAME_TCK_BASE_URL": agno}
    judged = judge_in_process(
        None, tmp_path, "-p", f"no:{name}", system="agno", env=env, select="name-stored", seed=None
    )
    assert judged.status == 0, judged.output
    assert judged.run["base_url"] == agno


def test_without_pytest_base_url_its_option_is_there_all_the_same(tmp_path: Path, agno: str) -> None:
    judged = judge_in_process(agno, tmp_path, "-p", "no:base_url", system="agno", env=KEYS, select="name-stored")
    assert judged.status == 0, judged.output
    assert judged.run["base_url"] == agno
    empty = judge_in_process(None, tmp_path, "-p", "no:base_url", "--base-url=", system="agno")
    assert empty.status == 4
    assert "--base-url (or PYTEST_BASE_URL) is given but empty." in empty.output


def _ends(monkeypatch: pytest.MonkeyPatch, words: str, at: int) -> list[int]:
    """Have a plugin fail the test within its rename of this number, as one that sets a time-out does by a signal."""
    sent, send = [0], TargetClient.send

    def interrupted(self: TargetClient, *args: Any, **kwargs: Any) -> Any:
        if "PYTEST_CURRENT_TEST" in os.environ and "name-stored" in os.environ["PYTEST_CURRENT_TEST"]:
            sent[0] += 1
            if sent[0] == at:
                pytest.fail(words)
        return send(self, *args, **kwargs)

    monkeypatch.setattr(TargetClient, "send", interrupted)
    return sent


@pytest.mark.parametrize("words", ["Timeout (>1.0s) from pytest-timeout.", "memory limit of another plugin"])
@pytest.mark.parametrize("at", [1, 9])
def test_a_test_that_another_plugin_ends_says_so(
    tmp_path: Path, agno: str, monkeypatch: pytest.MonkeyPatch, words: str, at: int
) -> None:
    sent = _ends(monkeypatch, words, at)
    judged = judge(agno, tmp_path, system="agno", env=KEYS, select="name-stored or rename-accepted")
    assert sent[0] >= at
    stored = judged.requirements["agno.name-stored"]
    assert stored["verdict"] == "not tested", stored["reason"]
    assert stored["reason"].startswith(f"another plugin of pytest ended the test before its end: {words.rstrip('.')}")
    assert (judged.status, judged.run["verdict"]) == (3, "incomplete")
    assert judged.requirements["agno.rename-accepted"]["verdict"] == "pass"
    assert "the suite itself failed" not in judged.output


def test_so_does_one_that_ends_a_case_that_is_drawn(tmp_path: Path, agno: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, send = [0], TargetClient.send

    def interrupted(self: TargetClient, *args: Any, **kwargs: Any) -> Any:
        if "valid-space" in os.environ.get("PYTEST_CURRENT_TEST", ""):
            sent[0] += 1
            if sent[0] == 12:
                pytest.fail("Timeout (>1.0s) from pytest-timeout.")
        return send(self, *args, **kwargs)

    monkeypatch.setattr(TargetClient, "send", interrupted)
    judged = judge(agno, tmp_path, system="agno", env=KEYS, select="agno.valid-space")
    assert sent[0] >= 12
    found = judged.requirements["agno.valid-space-accepted"]
    assert (found["verdict"], "from pytest-timeout" in (found["reason"] or "")) == ("not tested", True), found["reason"]
