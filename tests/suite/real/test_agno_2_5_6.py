"""The real Agno AgentOS 2.5.6 (from PyPI, on SQLite), judged over its socket.

What is found is written down in expected/agno-2.5.6-sqlite.yaml, each finding confirmed by hand below.
"""

import importlib.metadata
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from harness import KEY, Judged, judge

from real import outcome
from real.serving import serving

# the strangers are quicker to start, and show by default that correct servers of other builds are not failed
pytestmark = pytest.mark.slow

APP = Path(__file__).parent / "agno_app.py"

KINDS = ("agent", "team", "workflow")

#: Sessions that are there before the suite comes and that it has no business with: three of each type, one with a
#: conversation in it, one of the suite's own user, one whose id and name look like the suite's own.
BYSTANDERS = [
    {"session_id": f"{session_id}-{kind}", "session_name": name, "user_id": user, f"{kind}_id": f"real-{kind}"}
    | {"session_state": {"count": 3, "list": [1, {"deep": None}]}, "metadata": {"owner": "someone"}}
    for kind in KINDS
    for session_id, name, user in (
        ("a-conversation", "What I asked yesterday \U0001f600", "someone"),
        ("0", "rename-tck", "rename-tck"),
        ("rename-tck-00000000-0000-4000-8000-000000000000", "Renamed by hand", None),
    )
]
LENT = [f"lent-{number}" for number in range(2)]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agno") / "sessions.db"


@pytest.fixture(scope="module")
def agno(database: Path) -> Iterator[str]:
    env = {"AGNO_TELEMETRY": "false", "OS_SECURITY_KEY": KEY}
    with serving(sys.executable, APP, "sqlite", str(database), env=env) as url:
        for body in BYSTANDERS:
            _create(url, body, _kind(body["session_id"]))
        run = {
            "run_id": "run-1", "agent_id": "real-agent", "session_id": "a-conversation-agent", "status": "COMPLETED",
            "content": "The answer.", "content_type": "str", "created_at": 1_700_000_000,
            "messages": [
                {"id": "m-1", "role": "user", "content": "The question?", "created_at": 1_700_000_000},
                {"id": "m-2", "role": "assistant", "content": "The answer.", "created_at": 1_700_000_001},
            ],
        }  # fmt: skip
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute(
                "UPDATE agno_sessions SET runs = ?, updated_at = 1700000001 WHERE session_id = ?",
                (json.dumps([run]), "a-conversation-agent"),
            )
        yield url


def _kind(session_id: object) -> str:
    return str(session_id).rpartition("-")[2]


def _create(url: str, body: dict[str, Any], kind: str) -> None:
    answer = requests.post(f"{url}/sessions", params={"type": kind}, json=body, headers=_auth(), timeout=10)
    assert answer.status_code == 201, answer.text


def _rows(database: Path, *, but: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Every session as it lies in the database, each of its columns."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM agno_sessions ORDER BY session_id").fetchall()
    return [dict(row) for row in rows if row["session_id"] not in but]


def _read(url: str) -> list[Any]:
    """Every bystander as it is read over HTTP, with its runs."""
    found = []
    for body in BYSTANDERS:
        for path in ("", "/runs"):
            answer = requests.get(
                f"{url}/sessions/{body['session_id']}{path}", params={"type": _kind(body["session_id"])},
                headers=_auth(), timeout=10,
            )  # fmt: skip
            found.append((answer.status_code, answer.json()))
    return found


@pytest.fixture(scope="module")
def before(agno: str, database: Path) -> tuple[list[dict[str, Any]], list[Any]]:
    """The bystanders, before the suite comes."""
    return _rows(database), _read(agno)


@pytest.fixture(scope="module")
def judged(agno: str, before: object, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    assert before
    return judge(agno, tmp_path_factory.mktemp("report"), env={"RENAME_TCK_API_KEY": KEY})


def test_it_is_the_version_of_the_document() -> None:
    assert importlib.metadata.version("agno") == "2.5.6"


def test_it_is_recognised_without_being_named(judged: Judged) -> None:
    assert judged.run["system"] == "agno"
    assert "GET /config" in judged.run["identified_by"]


def test_every_requirement_has_a_verdict(judged: Judged) -> None:
    expected = outcome.load("agno-2.5.6-sqlite")
    assert outcome.differences(expected, outcome.Judged(judged.requirements, {}, {})) == []
    assert judged.status == 1
    assert judged.run["verdict"] == "does not conform"


def test_its_own_document_says_what_the_vendored_one_says(judged: Judged) -> None:
    assert judged.run["drift"]["published"] == "Agno AgentOS 1.0.0"
    assert judged.run["drift"]["differences"] == []


def _other_notes(judged: Judged) -> list[str]:
    """What is told beside ids that may be one of the others' and are not sent, and calls that failed and were repeated.

    While the name with an unpaired surrogate is stored, no listing is answered.
    """
    said = ("sent again", "made-up ids were not sent", "asked again")
    return [note for note in judged.run["notes"] if not any(words in note for words in said)]


def test_nothing_is_left_behind_and_no_other_session_is_touched(
    agno: str, database: Path, before: tuple[list[dict[str, Any]], list[Any]], judged: Judged
) -> None:
    assert judged.run["leftovers"] == []
    assert _other_notes(judged) == []
    rows, read = before
    assert len(rows) == len(BYSTANDERS)
    assert any(row["runs"] and "The answer." in row["runs"] for row in rows)
    assert all(status == 200 for status, _ in read[::2])
    assert "The answer." in str(read)
    assert _rows(database) == rows
    assert _read(agno) == read


def test_lent_sessions_get_their_names_back_and_no_other_session_is_touched(
    agno: str, database: Path, before: tuple[list[dict[str, Any]], list[Any]], tmp_path: Path
) -> None:
    rows, read = before
    for lent in LENT:
        _create(agno, {"session_id": lent, "session_name": f"name of {lent}", "user_id": "someone"}, "agent")
    mine = [row for row in _rows(database) if row["session_id"] in LENT]
    options = [f"--session-id={lent}" for lent in LENT]
    select = "rename-accepted or name-stored or neighbours or unicode-exact or concurrent or unknown-id or credential"
    judged = judge(agno, tmp_path, *options, env={"RENAME_TCK_API_KEY": KEY}, select=select, real_time=True)
    assert judged.status == 0, judged.output
    assert judged.run["leftovers"] == []
    assert _other_notes(judged) == []
    assert _rows(database, but=tuple(LENT)) == rows
    assert _read(agno) == read
    again = [row for row in _rows(database) if row["session_id"] in LENT]
    assert [row | {"updated_at": None} for row in again] == [row | {"updated_at": None} for row in mine]
    assert all(f"name of {row['session_id']}" in row["session_data"] for row in again)


def _auth() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def session(agno: str) -> str:
    body = {"session_id": "by-hand", "session_name": "old", "user_id": "someone"}
    assert requests.post(f"{agno}/sessions?type=agent", json=body, headers=_auth(), timeout=10).status_code == 201
    return f"{agno}/sessions/by-hand/rename"


def test_by_hand_the_detail_of_a_422_is_a_list(session: str) -> None:
    answer = requests.post(session, params={"type": "agent"}, json={}, headers=_auth(), timeout=10)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], list)


def test_by_hand_an_unpaired_surrogate_is_a_500(session: str) -> None:
    headers = {**_auth(), "Content-Type": "application/json"}
    answer = requests.post(session, data=b'{"session_name": "\\ud83d"}', headers=headers, timeout=10)
    assert answer.status_code == 500
    assert "surrogates not allowed" in answer.text
    read = requests.get(session.removesuffix("/rename"), params={"type": "agent"}, headers=_auth(), timeout=10)
    assert read.status_code == 500, "the name that was answered with 500 is stored, and the session unreadable"


def test_by_hand_the_type_is_not_looked_at(session: str) -> None:
    answer = requests.post(session, params={"type": "team"}, json={"session_name": "new"}, headers=_auth(), timeout=10)
    assert answer.status_code == 200
    assert answer.json()["session_name"] == "new"
