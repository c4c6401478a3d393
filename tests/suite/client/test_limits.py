"""Kind to targets: rates, numbers, times, plans, and sessions that stay as they were."""

import re
import time
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from harness import KEY, OTHER_MODE_KEY, judge, slow_but
from uvicorn.protocols.http.h11_impl import H11Protocol

from rename_tck.client.limits import LimitReachedError, Limits, parse_duration, parse_rate
from rename_tck.interruption import INTERRUPTION
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES
from rename_tck.target.connection import all_editions

KEYS = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


@pytest.mark.parametrize(("text", "rate"), [("10/s", 10), ("10", 10), ("300/m", 5), ("1.5/s", 1.5), ("3600/h", 1)])
def test_a_rate_is_read(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["s", "0/s", "-1/s", "ten", "10/d", "10 per second", "1e3"])
def test_no_rate_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_rate(text)


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("60", 60), ("5m", 300), ("1h", 3600), ("0.5s", 0.5)])
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


def test_requests_take_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(INTERRUPTION, "pause", lambda seconds, **_: slept.append(seconds))
    monkeypatch.setattr("rename_tck.client.limits.time.monotonic", lambda: 100.0)
    limits = Limits(rate=10, started=100.0)
    for _ in range(4):
        limits.take()
    assert slept == pytest.approx([0.1, 0.2, 0.3])


def test_limits_end_a_run_but_not_its_tidying() -> None:
    limits = Limits(max_requests=2)
    limits.take()
    limits.take()
    with pytest.raises(LimitReachedError, match="out of requests: --max-requests gave 2"):
        limits.take()
    limits.take(closing=True)
    late = Limits(time_budget=1, started=time.monotonic() - 2)
    with pytest.raises(LimitReachedError, match="out of time: --time-budget gave 1 s"):
        late.take()


def test_what_a_run_does_not_get_to_is_not_tested(tmp_path: Path) -> None:
    server = AgnoServer(KEY)
    with serve(server) as url:
        judged = judge(url, tmp_path, "--max-requests=300", system="agno", env=KEYS)
    assert (judged.status, judged.run["verdict"]) == (3, "incomplete")
    reasons = {judged.requirements[name]["reason"] for name in judged.with_verdict("not tested")}
    assert "out of requests: --max-requests gave 300" in reasons
    for law in ("rename-accepted", "answer-name", "name-stored", "session-untouched"):
        reason = judged.requirements[f"agno.{law}"]["reason"]
        assert re.search(r"; [1-9] of its \d tests passed", reason), f"{law}: the most telling goes first"
    assert judged.requirements["agno.concurrent-same-session"]["evidence"]["sent"] == 0, "and what takes long later"
    assert server.sessions == {}, "what was made is deleted all the same"


def test_a_time_budget_holds(tmp_path: Path) -> None:
    with serve(AgnoServer(KEY)) as url:
        started = time.monotonic()
        judged = judge(url, tmp_path, "--time-budget=1s", "--rate-limit=20/s", system="agno", env=KEYS)
    assert time.monotonic() - started < 15
    assert judged.status == 3
    reasons = {judged.requirements[name]["reason"] for name in judged.with_verdict("not tested")}
    assert "out of time: --time-budget gave 1 s" in reasons


def test_the_rate_limit_is_kept(tmp_path: Path) -> None:
    times: list[float] = []

    class Noting(OpenHandsServer):
        """Notes when requests come."""

        def authenticate(self, request: Any) -> None:
            times.append(time.monotonic())
            super().authenticate(request)

    with serve(Noting(KEY)) as url:
        judge(url, tmp_path, "--rate-limit=50/s", system="openhands", env=KEYS, select="rename-again or title-required")
    assert len(times) > 12
    assert (len(times) - 1) / (times[-1] - times[0]) < 60


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
def test_a_plan_is_what_a_run_sends(system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = judge("http://192.0.2.1", tmp_path, "--plan", system=system, env=KEYS, seed=5)
    assert planned.status == 0
    assert f"{system} at http://192.0.2.1" in planned.output
    assert not (tmp_path / "conformance.json").exists()
    lines = re.findall(r"^ +(\d+)  ([A-Z]+) +(/\S*)$", planned.output, re.MULTILINE)
    plan = {(method, path): int(number) for number, method, path in lines}
    assert sum(plan.values()) == int(re.findall(r"(\d+)  in all", planned.output)[0])

    module = import_module(f"rename_tck.reference.{system}")
    app = module.application(KEY, OTHER_MODE_KEY, all_editions(system))
    heard: Counter[tuple[str, str]] = Counter()
    receive = H11Protocol.data_received

    def hear(protocol: H11Protocol, data: bytes) -> None:
        """Count what arrives, for not all of it gets as far as the application.

        A head may come behind the body of a request that was answered before its body was read.
        """
        for line in re.finditer(rb"(GET|POST|PATCH|DELETE) (/\S*) HTTP/1\.[01]\r\n", data):
            method, target = (part.decode("latin-1") for part in line.groups())
            heard[_call(method, target.removeprefix(getattr(app, "base_path", "")), plan)] += 1
        receive(protocol, data)

    monkeypatch.setattr(H11Protocol, "data_received", hear)
    with serve(app) as url:
        judged = judge(url, tmp_path, system=system, env=KEYS, seed=5)
    assert judged.status == 0
    assert heard == plan


def _call(method: str, target: str, plan: Mapping[tuple[str, str], int]) -> tuple[str, str]:
    """The planned call that a request is; the ids of odd ids may hold anything but a slash."""
    path = target.split("?", maxsplit=1)[0]
    for planned_method, template in plan:
        pattern = re.escape(template).replace(re.escape("{id}"), "[^/]+")
        if planned_method == method and re.fullmatch(pattern, path):
            return method, template
    return method, path


def test_a_plan_sends_nothing_not_even_to_find_out_the_system(tmp_path: Path) -> None:
    judged = judge("http://192.0.2.1", tmp_path, "--plan")
    assert judged.status == 4
    assert "--plan sends nothing" in judged.output


@pytest.mark.parametrize(
    "option", ["--rate-limit=fast", "--max-requests=0", "--max-requests=many", "--time-budget=soon", "--rate-limit=0/s"]
)
def test_a_bad_limit_is_one_sentence(tmp_path: Path, option: str) -> None:
    judged = judge("http://127.0.0.1:9", tmp_path, option, system="agno")
    assert judged.status == 4
    assert option.split("=", maxsplit=1)[0] in judged.output.strip().splitlines()[-1]


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
def test_a_session_that_the_run_does_not_use_is_the_same_after_it(tmp_path: Path, system: str) -> None:
    import copy

    keys = (KEY, OTHER_MODE_KEY) if system == "dify" else (KEY,)
    server: Any = {"dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer}[system](*keys)
    with serve(server) as url:
        import requests

        from rename_tck.systems import load

        dialect = load(system)
        header, form = dialect.key_header
        create = dialect.creations(dialect.kinds[0], "bystander", "bystander")[0]
        requests.request(
            create.method, url + create.target, data=create.body, timeout=10,
            headers={header: form.format(KEY), "Content-Type": "application/json"},
        )  # fmt: skip
        kept = server.sessions if system == "agno" else server.conversations
        before = copy.deepcopy(kept)
        assert len(before) == 1
        judged = judge(url, tmp_path, system=system, env=KEYS)
        assert judged.status == 0
        assert kept == before
