"""A run that is interrupted, at whatever point and however often, gives back what it was lent and deletes what it made.

The server itself sends the signal, when it has done what the N-th request asks for and has not answered yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from harness import KEY, LISTENING, ROOT, judge, plain_environment
from meddling import Heard, Meddler, a_moment
from mutants import every
from starlette.requests import Request
from starlette.responses import Response

from rename_tck.interruption import INTERRUPTION, Interruption
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.earlier_failures import EarlierFailures
from rename_tck.pytest_plugin.open_targets import Targets
from rename_tck.pytest_plugin.prefetching import Prefetching
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.settings.settings import Settings
from rename_tck.systems import load

SERVERS: dict[str, Any] = {"dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer}
CHANCE = random.Random(20)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    """This process heeds the signals, also where whoever started it had them ignored (nohup, a script's background)."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@dataclass
class Trial:
    """A server with sessions, a run against it in a process group of its own, and the signals that it gets."""

    system: str
    lent: int = 0
    signals: tuple[signal.Signals, ...] = (signal.SIGINT,)
    #: The request that interrupts: its number, or the first with this method after everything else.
    at: int | str = 1
    #: Signals for each DELETE and each rename that puts back, after the first interruption.
    again: tuple[signal.Signals, ...] = ()
    everyone: bool = False
    limited: bool = False
    options: tuple[str, ...] = ()
    interrupted: int | None = None
    _process: subprocess.Popen[str] | None = None
    _started: threading.Event = field(default_factory=threading.Event)

    def run(self, folder: Path) -> list[Heard]:
        """Run and interrupt; what was heard after the interruption."""
        server = SERVERS[self.system](KEY)
        ids = [_open(server, number) for number in range(self.lent + 1)]
        lent, before = ids[:-1], {name: _shown(server, name) for name in ids}
        meddler = Meddler(server, self._step, frozenset({self.at} if self.limited else ()))  # type: ignore[arg-type]
        with serve(meddler) as url:
            self._process = subprocess.Popen(
                [sys.executable, "-c", LISTENING, str(ROOT / "tests/contract"), "-q", f"--system={self.system}",
                 f"--base-url={url}", f"--report-dir={folder}", "--hypothesis-seed=7", "-p", "no:cacheprovider",
                 *(f"--session-id={name}" for name in lent), *self.options],
                cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                start_new_session=True,
            )  # fmt: skip
            self._started.set()
            started = time.monotonic()
            try:
                output, _ = self._process.communicate(timeout=100)
            finally:
                self._process.kill()
            assert self.interrupted is not None, output
            assert self._process.returncode == 2, output
            assert "Traceback" not in output
            assert time.monotonic() - started < 60
            assert {name: _shown(server, name) for name in _ids(server)} == before, output
        record = json.loads((folder / "conformance.json").read_text(encoding="utf-8"))
        assert record["runs"][0]["verdict"] == "could not judge"
        assert not record["runs"][0]["leftovers"], "nothing that could not be put back"
        return meddler.heard[self.interrupted :]

    def _step(self, number: int, heard: Heard) -> Awaitable[None] | None:
        assert self._started.wait(60)
        if self.interrupted is None:
            if self.at in {number, heard.method}:
                self.interrupted = number
                self._send(*self.signals)
                return a_moment()
        elif self.again:
            self._send(*self.again)
            return a_moment()
        return None

    def _send(self, *signals: signal.Signals) -> None:
        assert self._process is not None
        for number in signals:
            (os.killpg if self.everyone else os.kill)(self._process.pid, number)


def _open(server: Any, number: int) -> str:
    """A session that is there before the run, by the server's own hands."""
    if isinstance(server, DifyServer):
        conversation = server.open("rename-tck", f"question {number}", {"city": "Rome"}, False)
        conversation.name = f"name {number}"
        return str(conversation.id)
    import requests

    dialect = load("agno" if isinstance(server, AgnoServer) else "openhands")
    kind = dialect.kinds[0]
    with serve(server) as url:
        create = dialect.creations(kind, "somebody", f"before {number}")[0]
        header, form = dialect.key_header
        headers = {header: form.format(KEY), "Content-Type": "application/json"}
        answer = requests.request("POST", url + create.target, data=create.body, headers=headers, timeout=10)
    return str(answer.json()[dialect.id_member])


def _kept(server: Any) -> dict[Any, Any]:
    kept: dict[Any, Any] = server.sessions if isinstance(server, AgnoServer) else server.conversations
    return kept


def _ids(server: Any) -> list[str]:
    return [key[1] if isinstance(key, tuple) else str(key) for key in _kept(server)]


def _shown(server: Any, session_id: str) -> dict[str, Any]:
    """What a user sees of a session, but for the moment of its last change."""
    (found,) = (value for key, value in _kept(server).items() if session_id in {str(key), str(key[1])})
    return {name: value for name, value in vars(found).items() if "updated" not in name}


def _environment() -> dict[str, str]:
    return {**plain_environment(), "RENAME_TCK_API_KEY": KEY, "PYTHONPATH": str(ROOT / "src")}


def _puts_back(heard: Heard) -> bool:
    return heard.method == "DELETE" or b'"name ' in heard.body or b"rename-tck before" in heard.body


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(Trial("dify", at="POST"), id="while the first session is made, by dify itself"),
        pytest.param(Trial("agno", at=CHANCE.randint(2, 9)), id="agno, at the beginning", marks=pytest.mark.slow),
        pytest.param(
            Trial("agno", 2, (signal.SIGTERM,), CHANCE.randint(40, 400)), id="agno, lent, terminated",
            marks=pytest.mark.slow,
        ),
        pytest.param(Trial("dify", 1, (signal.SIGHUP,), CHANCE.randint(40, 400)), id="dify, lent, terminal closed"),
        pytest.param(
            Trial("dify", 2, at=CHANCE.randint(30, 200), again=(signal.SIGINT, signal.SIGTERM)),
            id="dify, lent, and again and again while putting back",
        ),
        pytest.param(
            Trial("agno", at="DELETE", again=(signal.SIGINT,), options=("-k", "name-stored or credential-missing")),
            id="agno, while putting back after the last test",
        ),
        pytest.param(
            Trial("dify", 1, at=CHANCE.randint(30, 60), limited=True), id="dify, while a 429 is waited out"
        ),
        pytest.param(
            Trial("agno", 2, at=60, options=("-k", "concurrent")), id="agno, while renames are in flight at once",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            Trial("openhands", 1, at=CHANCE.randint(10, 200)), id="openhands, lent", marks=pytest.mark.slow
        ),
        pytest.param(
            Trial("agno", at=CHANCE.randint(40, 200), everyone=True, options=("-n2",)), id="agno, two workers, Ctrl-C"
        ),
        pytest.param(
            Trial("dify", 2, (signal.SIGTERM,), CHANCE.randint(60, 200), options=("-n2",)),
            id="dify, two workers, lent, the controller terminated", marks=pytest.mark.slow,
        ),
    ],
)  # fmt: skip
def test_everything_is_put_back(trial: Trial, tmp_path: Path) -> None:
    later = trial.run(tmp_path)
    if "-n2" not in trial.options:
        # what is to be deleted is looked at before and behind, and the listing once
        looks = [heard for heard in later if heard.method == "GET"]
        others = [heard for heard in later if not _puts_back(heard) and heard not in looks]
        assert len(others) <= 2, "what was in flight, and no more"
        assert len(looks) <= 3 * len(load(trial.system).kinds) + 2 * sum(_puts_back(heard) for heard in later) + 2


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(Trial("agno", at=4), id="agno, at the beginning", marks=pytest.mark.slow),
        pytest.param(Trial("agno", at=CHANCE.randint(14, 21)), id="agno, about the kept case"),
        pytest.param(
            Trial("agno", 2, (signal.SIGTERM,), CHANCE.randint(8, 20)),
            id="agno, lent, terminated",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_run_with_kept_cases_puts_everything_back_and_keeps_them(trial: Trial, tmp_path: Path) -> None:
    faulty = next(mutant for mutant in every() if mutant.system == "agno" and mutant.name == "OddIdsGetAPage")
    with serve(faulty.make()) as url:
        judge(url, tmp_path, system="agno", env={"RENAME_TCK_API_KEY": KEY}, select="odd-ids-refused")
    kept = {path: path.read_bytes() for path in (tmp_path / "replay").iterdir()}
    assert kept
    trial.run(tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / "replay").iterdir()} == kept


@contextlib.contextmanager
def _signal_at(line: int) -> Iterator[list[str]]:
    """A signal before the n-th line of opening and closing that is executed; the lines so far."""
    lines: list[str] = []

    def trace(frame: types.FrameType, event: str, _: object) -> Any:
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}"
        if not place.startswith(_LINES):
            return None
        if event == "line":
            lines.append(f"{place}:{frame.f_lineno}")
            if len(lines) == line:
                signal.raise_signal(signal.SIGTERM)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


_LINES = ("open_targets.py:open", "open_targets.py:_prepared", "open_targets.py:_connected", "open_targets.py:close",
          "connection.py:__init__", "connection.py:prepare", "connection.py:close", "interruption.py:held",
          "session_pool.py:prepare", "session_pool.py:_more", "cleanup.py:put_back")  # fmt: skip


def _targets(settings: Settings) -> Targets:
    session = ConformanceSession(settings, seed=1, profile="x")
    return Targets(session, EarlierFailures(session), Prefetching(session))


def _opened_and_closed(url: str, line: int) -> list[str]:
    """The lines that were executed, with a signal before that one."""
    targets = _targets(Settings(base_url=url, system="agno", api_key=KEY, concurrency=1))
    undo = INTERRUPTION.heed()
    lines: list[str] = []
    try:
        with contextlib.suppress(KeyboardInterrupt), _signal_at(line) as lines:
            try:
                targets.look_at_target()
                targets.open_for_replay("agno")
            finally:  # as the plugin does
                try:
                    targets.close()
                finally:
                    targets.close()
    finally:
        undo()
    return lines


def test_a_signal_at_any_line_of_opening_and_closing_leaves_nothing_behind() -> None:
    server = AgnoServer(KEY)
    with serve(server) as url:
        lines = _opened_and_closed(url, 0)
        assert len(set(lines)) > 60
        first = {line: number for number, line in reversed([*enumerate(lines, 1)])}
        last = {line: number for number, line in enumerate(lines, 1)}
        for number in sorted({*first.values(), *last.values()}):
            line = lines[number - 1]
            assert _opened_and_closed(url, number)[number - 1] == line
            assert not server.sessions, line


def test_a_target_that_hangs_while_it_is_opened_can_be_interrupted() -> None:
    class Hanging(AgnoServer):
        async def read(self, request: Request) -> Response:
            hangs.set()
            while not over.is_set():
                await asyncio.sleep(0.05)
            return await super().read(request)

    server, hangs, over = Hanging(KEY), threading.Event(), threading.Event()

    def interrupt() -> None:
        assert hangs.wait(20)
        os.kill(os.getpid(), signal.SIGTERM)

    undo = INTERRUPTION.heed()
    thread = threading.Thread(target=interrupt)
    try:
        with serve(server) as url:
            settings = Settings(base_url=url, system="agno", api_key=KEY, request_timeout=15)
            targets = _targets(settings)
            thread.start()
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                targets.look_at_target()
            targets.close()
            assert time.monotonic() - began < 10
            assert not server.sessions
            over.set()
    finally:
        undo()
        thread.join()


def test_only_the_first_signal_interrupts() -> None:
    interruption = Interruption()
    undo = interruption.heed()
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
        with pytest.raises(KeyboardInterrupt):
            interruption.pause(60)
        interruption.pause(0.01, heed=False)
    finally:
        undo()
    interruption.check()


def test_a_signal_waits_for_what_is_held() -> None:
    interruption = Interruption()
    undo = interruption.heed()
    done = []

    def work() -> None:
        with interruption.held():
            with interruption.held():
                signal.raise_signal(signal.SIGINT)
                done.append(1)
            done.append(2)

    try:
        with pytest.raises(KeyboardInterrupt):
            work()
        with interruption.held():
            done.append(3)
    finally:
        undo()
    assert done == [1, 2, 3]


def test_what_is_handled_outside_of_python_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {number: None if number is signal.SIGTERM else signal.getsignal(number) for number in signal.Signals}
    real = signal.getsignal(signal.SIGTERM)
    interruption = Interruption()
    with monkeypatch.context() as patched:
        patched.setattr(signal, "getsignal", found.get)
        undo = interruption.heed()
    try:
        assert signal.getsignal(signal.SIGTERM) is real
        assert signal.getsignal(signal.SIGINT) == interruption._note
    finally:
        undo()
    assert signal.getsignal(signal.SIGINT) is found[signal.SIGINT]


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interruption = Interruption()
    undo = interruption.heed()
    try:
        signal.raise_signal(signal.SIGHUP)
        assert not interruption.came
    finally:
        undo()
        signal.signal(signal.SIGHUP, before)
