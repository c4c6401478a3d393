"""The real Agno AgentOS 2.5.6 in memory and on JSON files, and with a session that was never given a name.

What is found is written down in a file for each (expected/); ``python tests/suite/real/outcome.py NAME`` makes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from harness import KEY, judge

from real import outcome
from real.outcome import SERVERS, Expected

AUTH = {"Authorization": f"Bearer {KEY}"}

#: SQLite is judged more closely in test_agno_2_5_6.py.
HERE = sorted(SERVERS.keys() - {"agno-2.5.6-sqlite"})


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
def test_what_is_found_is_what_is_written_down(name: str, tmp_path: Path) -> None:
    """A result that differs in either direction is an error."""
    server = SERVERS[name]
    with outcome.serve(server, tmp_path / "store", KEY) as url:
        env = {"RENAME_TCK_API_KEY": KEY}
        judged = judge(url, tmp_path / "report", *server.options, env=env, real_time=True)
        assert judged.run["system"] == "agno"
        left = [item for item in _listed(url) if item["session_id"] != (server.given or {}).get("session_id")]
    assert outcome.differences(outcome.load(name), judged.requirements) == []
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
    with outcome.serve(SERVERS[request.param], tmp_path_factory.mktemp("agno") / "store", KEY) as url:
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


# -- the files


@pytest.mark.parametrize("name", SERVERS)
def test_a_file_says_what_each_finding_is(name: str) -> None:
    for requirement, expected in outcome.load(name).items():
        assert expected.verdict in {"pass", "fail", "not tested", "error"}, requirement
        assert (expected.finding is None) is (expected.verdict == "pass"), requirement


def _found(verdict: str, **more: object) -> dict[str, Any]:
    return {"verdict": verdict, "case": "a case", "expected": "that", "answer": None, "reason": "so", **more}


def test_a_difference_in_either_direction_is_told() -> None:
    expected = {"a": Expected("fail", "It fails."), "b": Expected("pass"), "c": Expected("pass")}
    found = {"a": _found("pass"), "b": _found("fail"), "d": _found("pass")}
    told = outcome.differences(expected, found)
    assert [sentence.partition(":")[0] for sentence in told] == ["a", "b", "c", "d"]
    assert outcome.differences(expected, {"a": _found("fail"), "b": _found("pass"), "c": _found("pass")}) == []


def test_a_file_made_anew_keeps_the_sentences_that_are_still_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "FOLDER", tmp_path)
    was = {"a": Expected("fail", 'It is: so, and it\'s "thus" # always.'), "b": Expected("fail", "It failed.")}
    found = {"a": _found("fail"), "b": _found("pass"), "c": _found("not tested"), "d": _found("fail")}
    (tmp_path / "x.yaml").write_text(outcome.dump(was, found), encoding="utf-8")
    made = outcome.load("x")
    assert outcome.differences(made, found) == []
    assert made["a"] == was["a"]
    assert made["b"] == Expected("pass")
    assert made["c"] == Expected("not tested", "so")
    assert made["d"].finding
    assert made["d"].finding.startswith("a case: expected that")
