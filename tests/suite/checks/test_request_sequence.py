"""The sequence of requests that a failure is part of: what the record and the page have of real runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, KEYS, OTHER_MODE_KEY, OTHER_USER_KEY, Judged, judge

from rename_tck.client.exchange import Answer, Exchange, Request
from rename_tck.client.journal import KEPT
from rename_tck.redaction import MASK, Redactor
from rename_tck.reference.faults import faults
from rename_tck.reference.faults.dify import AutoGenerateIgnored, ErrorPageFor404, MissingUserTaken
from rename_tck.reference.serving import serve
from rename_tck.results import record
from rename_tck.results.steps import BODY, Step

#: Bytes that the page of a run with some failures may have.
PAGE = 150_000


class WrongInThreeRespects(MissingUserTaken, ErrorPageFor404, AutoGenerateIgnored):
    """Takes a rename without `user`, sends a page for people with a 404, and uses a name that is to be ignored."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Judged, Path]:
    """A run on a server that is wrong in three respects, and the folder of its reports."""
    folder = tmp_path_factory.mktemp("three")
    with serve(WrongInThreeRespects(KEY, OTHER_MODE_KEY)) as base_url:
        found = judge(base_url, folder, FEW_DRAWN, system="dify", env=KEYS)
    assert found.status == 1, found.output
    return found, folder


def steps_of(judged: Judged, name: str) -> list[dict[str, Any]]:
    """The steps of a failing requirement."""
    found: list[dict[str, Any]] = judged.requirements[name]["steps"]
    return found


def test_the_record_has_what_led_to_a_failure_and_what_came_after(judged: tuple[Judged, Path]) -> None:
    found, _ = judged
    record.validate({**found.record, "profile": "quick"})  # the run has one of the tests' own
    failure = found.requirements["dify.auto-generate-ignores-name"]
    steps = failure["steps"]
    assert steps[0]["for"] == "make the session"
    assert steps[0]["url"].endswith("/chat-messages")
    place = next(number for number, step in enumerate(steps) if step["fails"])
    assert sum(step["fails"] for step in steps) == 1
    assert steps[place]["url"] == failure["request"]["url"]
    assert steps[place]["status"] == failure["answer"]["status"]
    assert all(step["elapsed_ms"] >= 0 for step in steps)
    after = [step["for"] for step in steps[place + 1 :]]
    assert "an ordinary rename, to see whether the session works" in after
    listed = next(step for step in steps[place + 1 :] if step["for"] == "list the sessions")
    shown = json.loads(listed["answer"])
    assert shown["id"] in failure["request"]["url"], "of a long listing the part about the session"


def test_steps_are_few_short_and_without_secrets(judged: tuple[Judged, Path]) -> None:
    found, _ = judged
    told = [one for one in found.requirements.values() if one["verdict"] == "fail"]
    assert any("steps" in one for one in told)
    for one in told:
        steps = one.get("steps", [])
        assert len(steps) <= 10
        for step in steps:
            assert all(len(step[part] or "") <= BODY + 1 for part in ("url", "body", "answer"))
        assert not any(key in json.dumps(steps) for key in (KEY, OTHER_MODE_KEY, OTHER_USER_KEY))


def test_an_id_of_no_session_has_no_sequence(judged: tuple[Judged, Path]) -> None:
    found, _ = judged
    assert "steps" not in found.requirements["dify.not-found-code"], "its request alone tells all"


def test_the_page_of_such_a_run_is_not_too_large(judged: tuple[Judged, Path]) -> None:
    found, folder = judged
    assert len(found.with_verdict("fail")) >= 3
    page = (folder / "conformance.html").read_bytes()
    assert len(page) < PAGE
    assert KEY.encode() not in page
    assert b"an ordinary rename, to see whether the session works" in page


def failing_by(fault: str, name: str, folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the record has of a requirement that an embedded Agno server with a fault fails, and its steps."""
    server = faults("agno")[fault].server(KEY)  # type: ignore[call-arg]
    with serve(server) as base_url:
        found = judge(base_url, folder, FEW_DRAWN, system="agno", env=KEYS, select=name, record_only=True)
    return found.requirements[name], steps_of(found, name)


def test_a_name_that_is_not_stored_is_read_in_the_sequence(tmp_path: Path) -> None:
    failure, steps = failing_by("name-not-stored", "agno.name-stored", tmp_path)
    place = next(number for number, step in enumerate(steps) if step["fails"])
    reading = next(step for step in steps[place + 1 :] if step["for"] == "read the session")
    assert reading["method"] == "GET"
    assert json.loads(reading["answer"])["session_name"] == failure["compared"]["actual"]


def step_of(body: bytes, *ids: str) -> str:
    """What a step shows of an answer with that body."""
    exchange = Exchange(Request("GET", "/x"), "http://x", Answer(200, "OK", (), body))
    shown = Step("read the session", exchange, ids).record(Redactor([KEY]))["answer"]
    assert isinstance(shown, str)
    return shown


def test_what_is_shown_of_an_answer() -> None:
    assert step_of(b'{"a":1}', "s1") == '{"a":1}'
    items = [{"id": f"s{number}", "name": "x" * 50, "in": {"id": "other"}} for number in range(50)]
    assert json.loads(step_of(json.dumps({"data": items}).encode(), "s7")) == items[7]
    page = b"<p>" + b"y" * 2000 + b"s7 here" + b"z" * 2000
    assert "s7 here" in step_of(page, "s7")
    assert len(step_of(page, "s7")) <= BODY + 2
    assert len(step_of(b"w" * 5000, "s7")) <= BODY + 2


def test_no_part_of_a_secret_is_shown_of_an_answer() -> None:
    for filler in range(BODY - len(KEY) - 2, BODY + 2):
        shown = step_of(b"-" * filler + KEY.encode() + b"-" * 3000, "s7")
        assert KEY[:8] not in shown
        assert MASK[:4] in shown or filler >= BODY - 4
    whole = b"-" * (KEPT - 10) + KEY.encode()[:10]
    assert KEY[:8] not in step_of(whole, "s7"), "the journal has cut it"


def test_the_reading_that_shows_what_is_wrong_is_in_the_sequence(tmp_path: Path) -> None:
    failure, steps = failing_by("changes-another-session", "agno.neighbours-untouched", tmp_path)
    place = next(number for number, step in enumerate(steps) if step["fails"])
    others = [step for step in steps[place + 1 :] if step["method"] == "GET" and step["answer"]]
    other = next(json.loads(step["answer"]) for step in others if failure["compared"]["actual"] in step["answer"])
    assert other["session_id"] not in failure["request"]["url"], "of another session than was renamed"
