"""What a run says while it goes on, and before it begins of what it will take."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness import KEY, KEYS, ROOT, judge, judge_in_process, plain_environment
from starlette.types import ASGIApp, Receive, Scope, Send

from rename_tck.cases.requests_sent import requests_of, seconds_for, seconds_with_workers
from rename_tck.cases.spaces import PROFILES
from rename_tck.pytest_plugin.progress import told
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES


@pytest.mark.parametrize(
    ("done", "whole", "took", "line"),
    [
        (0, 915, 1.0, "0 of about 915 requests, 0.0/s"),
        (1, None, 1.0, "1 request, 1.0/s"),
        (312, 915, 13.0, "312 of about 915 requests, 24/s, about 25 s left"),
        (100, 1915, 13.0, "100 of about 1,915 requests, 7.7/s, about 4 min left"),
        (950, 915, 13.0, "950 requests, 73/s"),
    ],
)
def test_the_line(done: int, whole: int | None, took: float, line: str) -> None:
    assert told(done, whole, took, "request") == line


def test_what_a_run_takes_grows_with_the_time_of_an_answer_and_falls_with_what_is_in_flight() -> None:
    for system in NAMES:
        counts = [requests_of(system, profile) for profile in PROFILES]
        assert counts == sorted(counts)
    number = requests_of("dify", "quick")
    assert requests_of("dify", "a user's own") == number
    slow = [seconds_for(number, "quick", answer, 1) for answer in (0.001, 0.02, 0.08)]
    assert slow == sorted(slow)
    assert seconds_for(number, "quick", 0.08, 8) < slow[-1] / 2
    assert seconds_with_workers(number, "quick", 0.08, 8) < seconds_for(number, "quick", 0.08, 8)
    assert seconds_for(number, "nightly", 0.08, 8) > 60


def test_the_first_look_says_what_the_run_will_take(tmp_path: Path) -> None:
    with serve(AgnoServer(KEY)) as url:
        whole = judge(url, tmp_path, "--hypothesis-profile=smoke", system="agno", env=KEYS)
        chosen = judge(url, tmp_path, system="agno", env=KEYS, select="name-stored")
        quiet = judge(url, tmp_path, "-q", "--hypothesis-profile=smoke", system="agno", env=KEYS)
    assert re.search(r"^About 148 requests, about \d+ s: an answer takes \d+(\.\d)? ms\.$", whole.output, re.MULTILINE)
    assert "About" not in chosen.output, "how much of it is chosen is not known"
    assert "About" not in quiet.output
    for judged in (whole, chosen, quiet):
        assert judged.status == 0, judged.output
        assert not re.search(r"^[.F-]+", judged.output, re.MULTILINE), "no letters"


class Counting:
    """Counts the requests that a server gets."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.seen = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.seen += 1
        await self.app(scope, receive, send)


def test_the_number_of_requests_is_that_of_the_server(tmp_path: Path) -> None:
    counting = Counting(AgnoServer(KEY))
    with serve(counting) as url:
        judged = judge(url, tmp_path, "--hypothesis-profile=smoke", system="agno", env=KEYS)
    (told_number,) = re.findall(r"^sent: (\d+) requests in ", judged.output, re.MULTILINE)
    assert judged.run["requests"] == int(told_number)
    assert abs(counting.seen - int(told_number)) <= 1, "but for the one for the published document"


def test_workers_are_told_of_and_counted_by_tests(tmp_path: Path) -> None:
    with serve(AgnoServer(KEY)) as url:
        judged = judge_in_process(url, tmp_path, "-n2", "--hypothesis-profile=smoke", system="agno", env=KEYS)
    assert judged.status == 0, judged.output
    assert "requests from 2 workers" in judged.output


def test_on_a_terminal_one_line_says_how_far_the_run_is(tmp_path: Path) -> None:
    """Also within a test, whose output pytest captures."""
    master, slave = pty.openpty()
    with serve(AgnoServer(KEY)) as url:
        command = [sys.executable, "-m", "pytest", f"--base-url={url}", "--system=agno", f"--report-dir={tmp_path}",
                   "--hypothesis-profile=smoke", "-p", "no:cacheprovider"]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, env=plain_environment() | KEYS, stdout=slave, stderr=slave)
        os.close(slave)
        said = b""
        # the end of a terminal's output is an error on Linux
        with contextlib.suppress(OSError):
            while block := os.read(master, 65_536):
                said += block
        os.close(master)
        assert process.wait() == 0, said.decode()
    assert re.search(rb"\r\d+ of about 148 requests, \d+(\.\d)?/s", said), said.decode()
    assert b"\rrename-tck" not in said.replace(b"\r\n", b"\n"), "the line is taken away before the last screen"
