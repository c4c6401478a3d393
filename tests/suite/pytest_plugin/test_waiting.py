"""`--wait`: a target that is not up yet is waited for, what waiting does not mend is not, and both are said."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import KEY, judge, judge_in_process
from starlette.types import ASGIApp, Receive, Scope, Send

from rename_tck.client import waiting
from rename_tck.interruption import INTERRUPTION
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.serving import serve
from rename_tck.settings.settings import Settings
from rename_tck.target.waiting import wait_until_up
from rename_tck.verdict import CouldNotJudge


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


class Starting:
    """Answers the first requests as a gateway does whose server is not up yet."""

    def __init__(self, app: ASGIApp, status: int, times: int) -> None:
        self.app, self.status, self.left = app, status, times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.left <= 0:
            await self.app(scope, receive, send)
            return
        self.left -= 1
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"via", b"1.1 gate")]})
        await send({"type": "http.response.body", "body": b"starting"})


@pytest.mark.parametrize("status", [502, 503])
@pytest.mark.parametrize("system", ["agno", None])
def test_a_gateway_that_says_so_is_waited_for(tmp_path: Path, status: int, system: str | None) -> None:
    with serve(Starting(AgnoServer(None), status, 3)) as url:
        judged = judge(url, tmp_path, "--wait=30s", system=system, select="agno.name-stored")
    assert judged.status == 0, judged.output
    assert f"waiting up to 30 s for {url}: it answers {status}" in judged.output
    (note,) = (note for note in judged.run["notes"] if "to be up (--wait)" in note)
    assert f"it answers {status}" in note


def test_a_port_at_which_nothing_listens_yet_is_waited_for(tmp_path: Path) -> None:
    port, asked, done = _free_port(), threading.Event(), threading.Event()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        asked.set()

    def start() -> None:
        asked.wait(30)
        with serve(AgnoServer(KEY), port):
            done.wait(30)

    thread = threading.Thread(target=start)
    thread.start()
    try:
        note = wait_until_up(Settings(base_url=f"http://127.0.0.1:{port}", wait=30.0), say)
    finally:
        done.set()
        thread.join(30)
    assert said == [f"waiting up to 30 s for http://127.0.0.1:{port}: connection refused: nothing listens there"]
    assert note is not None
    assert "connection refused" in note


@contextmanager
def _breaking() -> Iterator[str]:
    """Takes connections and breaks them off, as a container's port does whose server is not up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_none() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                connection.close()
        except OSError:
            pass

    thread = threading.Thread(target=serve_none, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def test_when_the_time_is_over_nothing_could_be_judged(tmp_path: Path) -> None:
    for system in ("agno", None):
        judged = judge("http://127.0.0.1:9", tmp_path, "--wait=1s", system=system)
        assert judged.status == 3
        sentence = "the target http://127.0.0.1:9 was not up within --wait=1s: connection refused: nothing listens"
        assert sentence in judged.output.strip().splitlines()[-1]
        assert sentence in judged.run["reason"]
        assert judged.run["verdict"] == "could not judge"
    with _breaking() as url:
        judged = judge(url, tmp_path, "--wait=1s", system="agno")
    assert judged.status == 3
    assert "was not up within --wait=1s: the connection broke" in judged.run["reason"]


def test_workers_do_not_start_without_it(tmp_path: Path) -> None:
    judged = judge_in_process("http://127.0.0.1:9", tmp_path, "-n2", "--wait=0.5s", system="agno")
    assert judged.status == 3
    assert "was not up within --wait=0.5s" in judged.output


def test_what_waiting_does_not_mend_is_not_waited_for() -> None:
    said: list[str] = []
    started = time.monotonic()
    assert wait_until_up(Settings(base_url="http://nosuchhost.invalid", wait=600.0), said.append) is None
    assert wait_until_up(Settings(wait=600.0), said.append) is None
    with serve(AgnoServer(KEY)) as url:  # refuses the key: it is up
        assert wait_until_up(Settings(base_url=url, wait=600.0), said.append) is None
        assert wait_until_up(Settings(base_url=f"{url}/elsewhere", wait=600.0), said.append) is None
        assert wait_until_up(Settings(base_url=url.replace("http:", "https:"), wait=600.0), said.append) is None
    assert said == []
    assert time.monotonic() - started < 300


def test_an_interruption_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def say(_: str) -> None:
        monkeypatch.setattr(INTERRUPTION, "came", True)

    with pytest.raises(KeyboardInterrupt):
        wait_until_up(Settings(base_url="http://127.0.0.1:9", wait=600.0), say)


def test_a_target_that_lets_wait_is_given_no_more_time_than_there_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections, and never answers
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(CouldNotJudge, match=r"was not up within --wait=0\.5s: no complete answer came"):
            wait_until_up(Settings(base_url=url, wait=0.5, request_timeout=3600.0), lambda _: None)


@pytest.mark.parametrize("value", ["soon", "0", "-1s", "1d"])
def test_what_is_no_time_is_said(tmp_path: Path, value: str) -> None:
    for judged in (
        judge(None, tmp_path, f"--wait={value}"),
        judge(None, tmp_path, env={"RENAME_TCK_WAIT": value}),
        judge(None, tmp_path, "-o", f"rename_tck_wait={value}"),
    ):
        assert judged.status == 4
        assert f"--wait is a time, as in 30s or 5m, not '{value}'" in judged.output


# -- what a target's answers point to


def _answering(status: int, headers: dict[str, str]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers everything with the same; `{path}` in a header is the path that was asked for."""

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("{path}", self.path))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.mark.parametrize("system", ["agno", "dify", "openhands", None])
@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (308, {"Location": "https://api.example{path}"}, "to https://api.example"),
        (308, {"Location": "https://api.example{path}"}, "(308): try --base-url=https://api.example"),
        (301, {"Location": "/under{path}"}, "/under"),
        (302, {"Location": "/login?next=x"}, "/login?next=x (302)"),
        (
            407,
            {"Proxy-Authenticate": 'Basic realm="g"'},
            'as a proxy does that asks for a credential (Basic realm="g")',
        ),
        (503, {"Via": "1.1 squid"}, "through a proxy (Via: 1.1 squid)"),
        (502, {"Via": "1.1 squid"}, "through a proxy (Via: 1.1 squid)"),
    ],
)
def test_a_redirect_and_a_proxy_that_shows_are_told(
    tmp_path: Path,
    system: str | None,
    status: int,
    headers: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "BACKING_OFF", ())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _answering(status, headers)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        judged = judge(f"http://127.0.0.1:{server.server_port}", tmp_path, system=system, select="name-stored")
        server.shutdown()
        thread.join(10)
    assert judged.status == 3
    assert words in judged.run["reason"] if system else words in judged.output
    if status == 302:
        assert "try --base-url=" not in judged.output
