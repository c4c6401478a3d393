"""The real OpenHands 0.53.0 (from PyPI, on files), judged over its socket; what is found is written down here.

Opt-in, for it needs Python 3.12 and 1.2 GB: ``python tests/suite/real/set_up.py openhands``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from harness import KEY, Judged, judge

from real.serving import serving
from real.set_up import python_of

PYTHON = python_of("openhands")
APP = Path(__file__).parent / "openhands_app.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.exists(), reason="OpenHands is not set up: python tests/suite/real/set_up.py openhands"
    ),
]

#: What the suite finds on every run, each confirmed by hand with the curl of the report and again below.
FINDINGS = {
    # a name with an unpaired surrogate: 500
    "openhands.never-altered",
    "openhands.no-server-error",
    # the id becomes a file's name: 300 characters are too many for the file system, 500
    "openhands.odd-ids-safe",
    # SHOULD: blanks around a title are cut off
    "openhands.blanks-kept",
}
#: A race, which shows on most runs: one of two renames at once reads the file while the other writes it, 500.
SOMETIMES = {"openhands.concurrent-same-session"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openhands")


@pytest.fixture(scope="module")
def openhands(folder: Path) -> Iterator[str]:
    with serving(PYTHON, APP, str(folder), env={"SESSION_API_KEY": KEY}) as url:
        yield url


@pytest.fixture(scope="module")
def judged(openhands: str, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    lent = ("--session-id=lent-1", "--session-id=lent-2")
    return judge(openhands, tmp_path_factory.mktemp("report"), *lent, env={"RENAME_TCK_API_KEY": KEY}, real_time=True)


def test_it_is_recognised_without_being_named(judged: Judged) -> None:
    assert judged.run["system"] == "openhands"


def test_every_requirement_has_a_verdict(judged: Judged) -> None:
    assert judged.with_verdict("fail") - SOMETIMES == FINDINGS
    assert judged.with_verdict("error") == set()
    # every user of this server has the one key
    assert judged.with_verdict("not tested") == {"openhands.owner-only"}
    assert judged.status == 1


def test_its_limit_of_requests_was_waited_out(judged: Judged) -> None:
    for requirement in judged.requirements.values():
        assert (requirement.get("answer") or {}).get("status") != 429


def test_names_are_put_back_and_nothing_else_is_touched(openhands: str, judged: Judged) -> None:
    assert judged.status == 1
    for name in ("lent-1", "lent-2", "left-alone"):
        answer = requests.get(f"{openhands}/api/conversations/{name}", headers={"X-Session-API-Key": KEY}, timeout=10)
        assert answer.json()["title"] == f"title of {name}"


def _patch(openhands: str, name: str, body: bytes) -> requests.Response:
    headers = {"X-Session-API-Key": KEY, "Content-Type": "application/json"}
    return requests.patch(f"{openhands}/api/conversations/{name}", data=body, headers=headers, timeout=10)


def test_by_hand_an_unpaired_surrogate_is_a_500(openhands: str) -> None:
    assert _patch(openhands, "lent-1", b'{"title": "\\ud83d"}').status_code == 500


def test_by_hand_an_id_of_300_characters_is_a_500(openhands: str) -> None:
    answer = _patch(openhands, "x" * 300, b'{"title": "new"}')
    assert answer.status_code == 500
    assert "File name too long" in answer.text


def test_by_hand_blanks_around_a_title_are_cut_off(openhands: str) -> None:
    assert _patch(openhands, "lent-1", b'{"title": "  both  "}').json() is True
    answer = requests.get(f"{openhands}/api/conversations/lent-1", headers={"X-Session-API-Key": KEY}, timeout=10)
    assert answer.json()["title"] == "both"


def test_a_body_that_is_not_utf8_is_a_400_which_no_document_forbids(openhands: str, judged: Judged) -> None:
    assert _patch(openhands, "lent-1", b"\xff\xfe\x00").status_code == 400
    seen = {one["id"]: one for one in judged.run["observations"]}["openhands.obs-not-json-status"]
    assert seen["answer"] == "answered with 422"
    assert "400 for bytes that are not UTF-8" in seen["detail"]
