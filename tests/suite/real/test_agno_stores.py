"""The real Agno AgentOS 2.5.6 in memory and on JSON files, and with a session that was never given a name.

What is found is written down in a file for each (expected/); ``results.py NAME --accept`` makes it anew.
These run in the environment of the suite's own tests; all other targets are judged by results.py alone.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from harness import KEY, judge

from real import description, outcome
from real.description import Target
from real.outcome import Judged
from real.serving import serving

AUTH = {"Authorization": f"Bearer {KEY}"}

TARGETS = description.load().targets

#: SQLite is judged more closely in test_agno_2_5_6.py.
HERE = [name for name, target in TARGETS.items() if target.in_ci and name != "agno-2.5.6-sqlite"]


@contextlib.contextmanager
def served(target: Target, path: Path) -> Iterator[str]:
    """A target of the suite's own environment, with the session that is given to the run; its base URL."""
    env = {**target.server.environment, target.server.key: KEY}
    with serving(sys.executable, target.server.app, target.store.name, str(path), env=env) as url:
        if target.provision is not None:
            made = requests.post(f"{url}/sessions?type=agent", json=target.provision, headers=AUTH, timeout=10)
            assert made.status_code == 201, made.text
        yield url


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
def test_what_is_found_is_what_is_written_down(name: str, tmp_path: Path) -> None:
    """A result that differs in either direction is an error."""
    target = TARGETS[name]
    with served(target, tmp_path / "store") as url:
        env, given = {"RENAME_TCK_API_KEY": KEY}, [f"--session-id={one}" for one in target.given]
        judged = judge(url, tmp_path / "report", *given, env=env, real_time=True)
        assert judged.run["system"] == "agno"
        left = [item for item in _listed(url) if item["session_id"] not in target.given]
    assert outcome.differences(outcome.load(name), Judged(judged.requirements, {}, {})) == []
    assert judged.status == 1
    assert left == []


def _listed(url: str) -> list[dict[str, Any]]:
    found = []
    for kind in ("agent", "team", "workflow"):
        answer = requests.get(f"{url}/sessions", params={"type": kind}, headers=AUTH, timeout=10)
        assert answer.status_code == 200
        found += answer.json()["data"]
    return found


@pytest.fixture(scope="module", params=["agno-2.5.6-memory", "agno-2.5.6-json"])
def agno(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(TARGETS[request.param], tmp_path_factory.mktemp("agno") / "store") as url:
        yield url


def _created(agno: str, **body: object) -> str:
    answer = requests.post(f"{agno}/sessions?type=agent", json={"session_id": "mine", **body}, headers=AUTH, timeout=10)
    assert answer.status_code == 201, answer.text
    return f"{agno}/sessions/mine/rename"


def _rename(url: str, body: object, **query: str) -> requests.Response:
    return requests.post(url, params={"type": "agent", **query}, json=body, headers=AUTH, timeout=10)


@pytest.mark.slow
def test_by_hand_a_session_without_a_name_cannot_be_renamed(agno: str) -> None:
    answer = _rename(_created(agno), {"session_name": "new"})
    assert answer.status_code == 500
    assert "NoneType" in answer.json()["detail"]


@pytest.mark.slow
def test_by_hand_the_detail_of_a_422_is_a_list(agno: str) -> None:
    answer = _rename(_created(agno, session_name="old"), {})
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], list)


@pytest.mark.slow
def test_by_hand_an_unpaired_surrogate_is_a_500_and_stored(agno: str) -> None:
    url = _created(agno, session_name="old")
    assert _rename(url, {"session_name": "\ud83d"}).status_code == 500
    read = requests.get(url.removesuffix("/rename"), params={"type": "agent"}, headers=AUTH, timeout=10)
    assert read.status_code == 500, "the name that was answered with 500 is stored, and the session unreadable"


@pytest.mark.slow
def test_by_hand_the_type_is_looked_at(agno: str) -> None:
    assert _rename(_created(agno, session_name="old"), {"session_name": "new"}, type="team").status_code == 404
