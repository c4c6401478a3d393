"""`rename-tck serve`: the embedded servers for whoever wants to try them, and each of their faults."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from harness import ROOT, Judged, judge, plain_environment

from rename_tck.cli import main
from rename_tck.cli.serve import KEY, SYSTEMS
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.faults import faults
from rename_tck.reference.serving import serve
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems import NAMES

OTHER_MODE_KEY = "another-key"

#: The faults that are judged in full each time: one that fails one requirement, and one that fails several.
QUICK = {("agno", "other-users-session"), ("openhands", "unknown-id-accepted")}

FAULTS = [(system, fault) for system in SYSTEMS for fault in faults(system).values()]


def judged_in_full_or(select: str | None, system: str, fault: Any, folder: Path) -> Judged:
    """A run against a server with the fault, of all requirements or those that are selected."""
    app = fault.server(KEY, OTHER_MODE_KEY) if issubclass(fault.server, DifyServer) else fault.server(KEY)
    env = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}
    with serve(app) as url:
        return judge(url, folder, system=system, env=env, select=select, record_only=True)


@pytest.mark.parametrize(("system", "fault"), FAULTS, ids=[f"{system}-{fault.name}" for system, fault in FAULTS])
def test_the_requirement_of_a_fault_fails(system: str, fault: Any, tmp_path: Path) -> None:
    judged = judged_in_full_or(fault.requirement, system, fault, tmp_path)
    assert judged.status == 1, judged.output
    assert judged.with_verdict("fail") == {fault.requirement}
    assert Catalogue.load(system).requirement(fault.requirement).level == "MUST"


@pytest.mark.parametrize(
    ("system", "fault"),
    [
        pytest.param(
            system, fault, id=f"{system}-{fault.name}",
            marks=() if (system, fault.name) in QUICK else pytest.mark.slow,
        )
        for system, fault in FAULTS
    ],
)  # fmt: skip
def test_the_list_says_whether_a_fault_fails_more_than_one(system: str, fault: Any, tmp_path: Path, capfd: Any) -> None:
    judged = judged_in_full_or(None, system, fault, tmp_path)
    assert judged.status == 1, judged.output
    assert judged.with_verdict("error") == set()
    failing = judged.with_verdict("fail")
    assert fault.requirement in failing
    capfd.readouterr()
    main(["serve", system, "--list-faults"])
    said = re.search(rf"^  {fault.name}  .*\n +fails (.*)$", capfd.readouterr().out, re.MULTILINE)
    assert said is not None
    assert said[1] == f"{fault.requirement}{', among others' * (len(failing) > 1)}"


def test_there_are_a_handful_of_faults_for_each_system() -> None:
    assert tuple(SYSTEMS) == NAMES
    for system in SYSTEMS:
        assert 5 <= len(faults(system)) <= 7
        assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)+", name) for name in faults(system))
        assert all(fault.sentence.endswith(".") for fault in faults(system).values())


def test_the_faults_are_listed(capfd: Any) -> None:
    assert main(["serve", "--list-faults"]) == 0
    everything = capfd.readouterr().out
    assert main(["serve", "agno", "--list-faults"]) == 0
    one = capfd.readouterr().out
    assert one in everything
    for system, fault in FAULTS:
        assert f"  {fault.name} " in everything
        assert re.search(rf"fails {re.escape(fault.requirement)}(, among others)?\n", everything)
        assert (fault.requirement in one) == (system == "agno")


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`rename-tck serve` in a process of its own, and what it prints: URL, key, command."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rename_tck", "serve", *arguments],
        env=plain_environment() | {"PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(7)]
        text = "".join(lines)
        found = re.search(r"answers at (?P<url>\S+)\nits key: (?P<key>.*)\njudge it with\n\n    (?P<line>.*)\n", text)
        assert found is not None, text + (process.stderr.read() if process.stderr else "")
        yield process, found.groupdict()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted(number: signal.Signals) -> None:
    with served("dify") as (process, printed):
        assert printed["key"] == KEY
        headers = {"Authorization": f"Bearer {printed['key']}"}
        assert requests.get(f"{printed['url']}/info", headers=headers, timeout=10).status_code == 200
        assert requests.get(f"{printed['url']}/info", timeout=10).status_code == 401
        keys, _, line = printed["line"].partition(" rename-tck ")
        assert line == f"run --base-url={printed['url']} --system=dify"
        first, second = keys.split()
        assert first == f"RENAME_TCK_API_KEY={KEY}"
        other = {"Authorization": f"Bearer {second.removeprefix('RENAME_TCK_OTHER_MODE_KEY=')}"}
        answer = requests.get(f"{printed['url']}/info", headers=other, timeout=10)
        assert (answer.status_code, answer.json()["mode"]) == (200, "workflow")
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")


def test_a_port_is_had_again_at_once_and_not_twice(capfd: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(2):
        with served("openhands", f"--port={port}", "--api-key=") as (_, printed):
            url = f"http://127.0.0.1:{port}"
            assert printed["url"] == url
            assert printed["line"] == f"rename-tck run --base-url={url} --system=openhands"
            assert requests.get(f"{url}/api/conversations", timeout=10).status_code == 200
            assert main(["serve", "agno", f"--port={port}"]) == 2
            out, err = capfd.readouterr()
            assert out == ""
            assert err.startswith(f"rename-tck: port {port} of 127.0.0.1 cannot be had (Address already in use): ")
            assert err.endswith("give another with --port, or leave it out for a free one.\n")


def test_the_printed_line_judges_it(tmp_path: Path) -> None:
    """As a shell reads it, with a key that a shell would take apart."""
    with served("agno", "--fault=cut-at-100", "--api-key=it's$HOME;") as (_, printed):
        program = f"{sys.executable} -m rename_tck run"
        line = printed["line"].replace("rename-tck run", program) + " -q -k length-200-accepted"
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=plain_environment() | {"PYTHONPATH": str(ROOT / "src")},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL  agno.length-200-accepted (MUST)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["dfy"], "there is no server dfy, but dify, agno, openhands; did you mean dify?"),
        (["zzz"], "there is no server zzz, but dify, agno, openhands."),
        ([], "serve needs to know which server: dify, agno, openhands."),
        (["dify", "--fault=cut-at-10"], "the server of Dify has no fault cut-at-10; did you mean cut-at-100?"),
        (
            ["dify", "--fault=zzz"],
            "the server of Dify has no fault zzz: rename-tck serve dify --list-faults lists them.",
        ),
        (["dify", "--api-key=a b"], "--api-key has a character that no header can carry."),
        (["dify", "--prt=1"], "there is no option --prt; did you mean --port?"),
        (
            ["dify", "--port=x"],
            "invalid value for '--port': 'x' is not a valid integer range: rename-tck serve --help tells more.",
        ),
    ],
)
def test_what_cannot_be_served_is_said_in_one_sentence(arguments: list[str], sentence: str, capfd: Any) -> None:
    assert main(["serve", *arguments]) == 2
    assert capfd.readouterr() == ("", f"rename-tck: {sentence}\n")


def test_nothing_else_is_said_when_nobody_reads() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "rename_tck", "serve", "--list-faults"], stdout=write, stderr=subprocess.PIPE, text=True,
        env=plain_environment() | {"PYTHONPATH": str(ROOT / "src")}, timeout=60, check=False,
    )  # fmt: skip
    os.close(write)
    assert "Traceback" not in done.stderr
