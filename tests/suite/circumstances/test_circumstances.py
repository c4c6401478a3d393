"""A red is about the server, never about what happened to it: outages, lags, and sessions that change by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, Judged, judge, slow_but

from circumstances import KEYS, Answered, Before, broken, correct
from circumstances.servers import Circumstance, Lagging, ShownLate, TitledByAJob, UsedByOthers, made
from rename_tck.client import waiting
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES


def judged(app: Any, system: str, folder: Path, *options: str, **more: Any) -> Judged:
    """What the suite says of a server."""
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, *options, system=system, env=KEYS, record_only=True, **more)


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "BACKING_OFF", (0.01, 0.02, 0.03))


def _is_read(method: str, path: str, system: str) -> bool:
    return method == "GET" and (path.endswith("/conversations") if system == "dify" else "/" in path.strip("/"))


def _share_of_a_run(share: float, system: str, folder: Path) -> float:
    """That share of the requests that a run sends; a number from 1 is taken for that of a request."""
    if share >= 1:
        return share
    untouched = Before(correct(system), lambda *_: None)
    judged(untouched, system, folder)
    return share * untouched.requests


# -- what passes by itself


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("at", slow_but(60, of=(15, 31, 60, 90, 131, 400, 0.9)))
def test_one_503_on_a_call_that_is_not_under_test_changes_nothing(system: str, at: float, tmp_path: Path) -> None:
    at = _share_of_a_run(at, system, tmp_path)
    state = {"due": False, "over": False}

    def answer(method: str, path: str, number: int) -> Answered | None:
        state["due"] |= number >= at
        if state["due"] and not state["over"] and method == "GET":
            state["over"] = True
            return broken(503)
        return None

    found = judged(Before(correct(system), answer), system, tmp_path)
    assert found.status == 0, found.output
    assert state["over"]
    assert any("not available for a moment (503)" in note for note in found.run["notes"])


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("status", slow_but(503, of=(502, 503, 504)))
def test_a_gateway_that_fails_every_fortieth_reading_changes_nothing(system: str, status: int, tmp_path: Path) -> None:
    readings = []

    def answer(method: str, path: str, number: int) -> Answered | None:
        if method == "GET":
            readings.append(path)
        return broken(status) if method == "GET" and len(readings) % 40 == 0 else None

    found = judged(Before(correct(system), answer), system, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (0, set()), found.output


@pytest.mark.parametrize("system", NAMES)
def test_a_rename_that_is_asked_to_come_again_is_sent_again(system: str, tmp_path: Path) -> None:
    renames = []

    def answer(method: str, path: str, number: int) -> Answered | None:
        if method in {"POST", "PATCH"} and path.rstrip("/").count("/") > 1:
            renames.append(path)
            if len(renames) % 25 == 0:
                return broken(503, retry_after="0")
        return None

    found = judged(Before(correct(system), answer), system, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (0, set()), found.output


@pytest.mark.parametrize("system", NAMES)
def test_a_503_that_stays_cannot_be_judged(system: str, tmp_path: Path) -> None:
    def answer(method: str, path: str, number: int) -> Answered | None:
        return broken(503) if number > 120 else None

    found = judged(Before(correct(system), answer), system, tmp_path)
    assert (found.status, found.run["verdict"]) == (3, "could not judge"), found.output
    assert found.with_verdict("fail") == set()


# -- what is shown later


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("behind", slow_but(0.4, of=(0.1, 0.4, 0.9)))
def test_a_reading_may_lag_up_to_a_second(system: str, behind: float, tmp_path: Path) -> None:
    found = judged(made(system, Lagging, behind=behind), system, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (0, {f"{system}.shown-at-once"}), found.output


@pytest.mark.parametrize("system", NAMES)
def test_what_is_shown_later_than_a_second_is_not_stored(system: str, tmp_path: Path) -> None:
    found = judged(made(system, Lagging, behind=1.5), system, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (1, {f"{system}.name-stored"}), found.output


@pytest.mark.parametrize("system", NAMES)
def test_a_session_that_is_listed_a_moment_later_is_judged_in_full(system: str, tmp_path: Path) -> None:
    found = judged(made(system, ShownLate), system, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (0, set()), found.output
    assert f"{system}.name-stored" in found.with_verdict("pass")


# -- what changes by itself


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize(
    ("habit", "settings"),
    [
        (TitledByAJob, {"after": 0.005}),
        (TitledByAJob, {"after": 0.3}),
        (UsedByOthers, {}),
    ],
)
def test_a_session_that_changes_by_itself_is_nobodys_fault(
    system: str, habit: type[Circumstance], settings: dict[str, Any], tmp_path: Path
) -> None:
    select = "neighbours-untouched or session-untouched or rename-accepted or name-stored"
    found = judged(made(system, habit, **settings), system, tmp_path, select=select)
    untouched = {f"{system}.neighbours-untouched", f"{system}.session-untouched"}
    assert found.with_verdict("fail") & untouched == set(), found.output


# -- one cause, one red


def _renames(method: str, path: str) -> bool:
    return method == "PATCH" or (method == "POST" and path.endswith(("/name", "/rename")))


SET_UP_WRONGLY: dict[str, Callable[[str, str], bool]] = {
    "every rename": _renames,
    "every call on a session": lambda method, path: path.rstrip("/").count("/") > 2 or _renames(method, path),
}


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("what", SET_UP_WRONGLY)
def test_a_target_that_was_set_up_wrongly_is_one_red(system: str, what: str, tmp_path: Path) -> None:
    def answer(method: str, path: str, number: int) -> Answered | None:
        return broken() if SET_UP_WRONGLY[what](method, path) else None

    app = Before(correct(system), answer)
    found = judged(app, system, tmp_path)
    reds = {f"{system}.rename-accepted", f"{system}.no-server-error"}
    assert (found.status, found.with_verdict("fail")) == (1, reds), found.output
    assert found.with_verdict("error") == found.with_verdict("pass") == set()
    causes = {found.requirements[name]["cause"] for name in found.with_verdict("not tested")}
    assert causes <= {f"{system}.rename-accepted", None}
    assert "Is the target set up" in found.requirements[f"{system}.rename-accepted"]["after"]
    assert app.requests < 150  # a hopeless server is judged cheaply


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("after", slow_but(301, of=(150, 199, 301, 402, 503, 0.65, 0.8, 0.9)))
def test_a_database_that_is_gone_halfway_is_no_fault(system: str, after: float, tmp_path: Path) -> None:
    after = _share_of_a_run(after, system, tmp_path)

    def answer(method: str, path: str, number: int) -> Answered | None:
        return broken() if number > after else None

    found = judged(Before(correct(system), answer), system, tmp_path)
    assert (found.status, found.run["verdict"], found.with_verdict("fail")) == (3, "could not judge", set())
    assert "It worked until request" in found.run["reason"]


class Jammed(Before):
    """A session is of no use any more once it has got a certain text; every other one is."""

    def __init__(self, app: Any, text: bytes) -> None:
        super().__init__(app, lambda *_: None)
        self.text = text
        self.jammed: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request (ASGI)."""
        parts = scope["path"].strip("/").split("/")
        of_session = {part for part in parts if len(part) > 20}
        if of_session & self.jammed and scope["method"] != "DELETE":
            from circumstances import answer

            await answer(send, *broken())
            return

        async def noted() -> Any:
            event = await receive()
            if self.text in event.get("body", b""):
                self.jammed.update(of_session)
            return event

        await self.app(scope, noted, send)


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("text", ["\u202e".encode(), b"\\u0000", "\U0001f600".encode()], ids=["RLO", "NUL", "emoji"])
def test_a_session_that_is_jammed_is_not_ten_reds(system: str, text: bytes, tmp_path: Path) -> None:
    found = judged(Jammed(correct(system), text), system, tmp_path)
    assert found.status == 1
    reds = found.with_verdict("fail")
    assert f"{system}.no-server-error" in reds
    assert len(reds) <= 5, {name: found.requirements[name]["case"] for name in reds}
    assert found.with_verdict("error") == set()
    innocent = ("rename-accepted", "name-stored", "unknown-id-refused", "credential-missing", "neighbours-untouched")
    assert not reds & {f"{system}.{name}" for name in innocent}, found.output


@pytest.mark.parametrize("system", NAMES)
def test_a_500_that_comes_and_goes_is_told_once(system: str, tmp_path: Path) -> None:
    renames = []

    def answer(method: str, path: str, number: int) -> Answered | None:
        if _renames(method, path):
            renames.append(path)
        return broken() if _renames(method, path) and len(renames) % 15 == 0 else None

    found = judged(Before(correct(system), answer), system, tmp_path)
    assert found.status == 1
    assert found.with_verdict("fail") == {f"{system}.no-server-error"}, found.output
