"""A target that stops working: what stopped it is told where that was seen, and an outage is nobody's fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import servers_clock
from harness import FEW_DRAWN, Judged, judge, slow_but

from circumstances import KEYS, Answered, answer, broken, correct
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES

_NAME = {"dify": "name", "agno": "session_name", "openhands": "title"}


class Seen:
    """A request as a server sees it that may break."""

    def __init__(self, system: str, scope: Any, body: bytes) -> None:
        self.method, self.path, self.body = scope["method"], scope["path"], body
        self.is_rename = self.method == "PATCH" or (self.method == "POST" and self.path.endswith(("/name", "/rename")))
        self.id = self.path.split("/")[3 if system != "agno" else 2] if self.is_rename else ""
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = None
        self.is_json = value is not None or body == b"null"
        name = value.get(_NAME[system]) if isinstance(value, dict) else None
        self.name = name if isinstance(name, str) else ""
        headers = dict(scope["headers"])
        self.has_key = KEYS["RENAME_TCK_API_KEY"].encode() in (
            *headers.get(b"authorization", b"").split(b" ")[1:], headers.get(b"x-session-api-key")
        )  # fmt: skip


class Breaking:
    """A correct server: `before` may answer in its place, and `after` sees what was asked and the status."""

    def __init__(
        self,
        system: str,
        before: Callable[[Breaking, Seen], Answered | None],
        after: Callable[[Breaking, Seen, int], None] = lambda *_: None,
    ) -> None:
        self.app, self.system, self.before, self.after = correct(system), system, before, after
        self.base_path = self.app.base_path
        self.requests = 0
        self.is_broken = False
        self.wrong_keys = 0
        #: How long three wrong keys lock everybody out, and until when they have.
        self.lock, self.locked_until = 8.0, 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request (ASGI)."""
        self.requests += 1
        event = await receive()
        while event.get("more_body"):  # in several segments
            further = await receive()
            event = {**further, "body": event.get("body", b"") + further.get("body", b"")}
        seen, status = Seen(self.system, scope, event.get("body", b"")), 0

        async def once() -> Any:
            return event

        async def noted(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        found = self.before(self, seen)
        if found is not None:
            await answer(send, *found)
            return
        await self.app(scope, once, noted)
        self.after(self, seen, status)


def judged(app: Breaking, folder: Path, **more: Any) -> Judged:
    """What the suite says of it."""
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, system=app.system, env=KEYS, record_only=True, **more)


def renames_break(app: Breaking, seen: Seen) -> Answered | None:
    """Every rename is answered with 500 once the server is broken."""
    return broken() if app.is_broken and seen.is_rename else None


def everything_breaks(app: Breaking, seen: Seen) -> Answered | None:
    """Everything is."""
    return broken() if app.is_broken else None


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("number", slow_but(300, of=(150, 300, 301, 302, 477, 640)))
def test_an_outage_of_renames_is_no_fault_of_what_met_it_first(system: str, number: int, tmp_path: Path) -> None:
    def out(app: Breaking, seen: Seen) -> Answered | None:
        return broken(503) if app.requests >= number and seen.is_rename else None

    found = judged(Breaking(system, out), tmp_path)
    assert (found.status, found.run["verdict"], found.with_verdict("fail")) == (3, "could not judge", set())
    assert "It worked until request" in found.run["reason"]


def _breaks_at_a_quote(app: Breaking, seen: Seen, status: int) -> None:
    app.is_broken |= "'" in seen.name and status == 200


@pytest.mark.parametrize("system", NAMES)
def test_an_odd_name_since_which_nothing_is_renamed_is_the_only_red(system: str, tmp_path: Path) -> None:
    found = judged(Breaking(system, renames_break, _breaks_at_a_quote), tmp_path)
    assert found.status == 1
    assert found.with_verdict("error") == set()
    (red,) = found.with_verdict("fail")
    told = found.requirements[red]
    assert "since which an ordinary rename is answered with 500" in told["case"]
    assert "'" in json.loads(told["request"]["body"])[_NAME[system]]
    causes = {found.requirements[name]["cause"] for name in found.with_verdict("not tested")}
    assert causes <= {red, None}


@pytest.mark.parametrize("system", NAMES)
def test_a_should_that_shows_it_is_not_all_that_is_red(system: str, tmp_path: Path) -> None:
    def breaks(app: Breaking, seen: Seen, status: int) -> None:
        app.is_broken |= seen.is_rename and seen.body == b"" and not seen.has_key

    found = judged(Breaking(system, renames_break, breaks), tmp_path)
    assert found.status == 1, found.output
    (red,) = found.with_verdict("fail")
    assert found.requirements[red]["level"] == "MUST"
    assert "empty" in found.requirements[red]["case"]


@pytest.mark.parametrize("system", NAMES)
def test_the_last_request_before_nothing_worked_is_named(system: str, tmp_path: Path) -> None:
    def breaks(app: Breaking, seen: Seen, status: int) -> None:
        app.is_broken |= len(seen.id) >= 200

    found = judged(Breaking(system, everything_breaks, breaks), tmp_path)
    assert (found.status, found.with_verdict("fail")) == (3, set())
    assert "(case '300 characters'); since then an ordinary rename is answered with 500" in found.run["reason"]
    assert "Whether that request did it cannot be distinguished from an outage" in found.run["reason"]


def _counts_wrong_keys(app: Breaking, seen: Seen, status: int) -> None:
    app.wrong_keys += status == 401
    if app.wrong_keys >= 3:
        app.wrong_keys, app.locked_until = 0, servers_clock.AHEAD.seconds + app.lock


def _is_locked(app: Breaking, seen: Seen) -> Answered | None:
    refused = seen.is_rename and seen.has_key and servers_clock.AHEAD.seconds < app.locked_until
    return broken(401, www_authenticate="Bearer") if refused else None


def test_a_lock_after_wrong_keys_is_waited_for(tmp_path: Path) -> None:
    found = judged(Breaking("agno", _is_locked, _counts_wrong_keys), tmp_path, select="credential")
    assert found.with_verdict("fail") == found.with_verdict("error") == set(), found.output


def test_a_lock_that_stays_is_told_with_what_came_before_it(tmp_path: Path) -> None:
    app = Breaking("openhands", _is_locked, _counts_wrong_keys)
    app.lock = 1e6
    found = judged(app, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (3, set())
    assert "after wrong keys of the run" in found.run["reason"]


@pytest.mark.parametrize("system", NAMES)
def test_what_alone_is_asked_to_wait_for_ever_is_told_after_a_moment(system: str, tmp_path: Path) -> None:
    def wait(app: Breaking, seen: Seen) -> Answered | None:
        return broken(503, retry_after="0") if "%" in seen.name else None

    app = Breaking(system, wait)
    found = judged(app, tmp_path, select="text-not-interpreted or rename-accepted or sequence or same-name")
    assert (found.status, found.with_verdict("fail")) == (1, {f"{system}.text-not-interpreted"}), found.output
    assert found.with_verdict("error") == set()
    assert "%" in found.requirements[f"{system}.text-not-interpreted"]["case"]


@pytest.mark.parametrize("system", NAMES)
def test_a_5xx_that_comes_of_the_request_before_it_is_told_once(system: str, tmp_path: Path) -> None:
    def next_one(app: Breaking, seen: Seen) -> Answered | None:
        was, app.is_broken = app.is_broken, app.is_broken and not seen.is_rename
        if seen.is_rename and was:
            return broken()
        app.is_broken |= seen.is_rename and not seen.is_json
        return None

    found = judged(Breaking(system, next_one), tmp_path)
    red = f"{system}.no-server-error"
    assert (found.status, found.with_verdict("fail"), found.with_verdict("error")) == (1, {red}, set()), found.output
    assert "the request before it was" in found.requirements[red]["case"]
