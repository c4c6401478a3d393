"""Others rename the run's sessions, nodes are behind, readings fail for a moment: notes; the server's doing is red."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from harness import FEW_DRAWN, KEY, Judged, judge, slow_but

from circumstances import KEYS, Answered, Before, broken, correct
from circumstances.servers import Circumstance, Lagging, made
from rename_tck.client import waiting
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES


def judged(app: Any, system: str, folder: Path, **more: Any) -> Judged:
    """What the suite says of a server."""
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, system=system, env=KEYS, record_only=True, **more)


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "ASKING_AGAIN", (0.01, 0.02, 0.03))


# -- what is not under test fails for a moment


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("every", slow_but(40, of=(7, 40)))
def test_a_reading_that_fails_now_and_then_is_asked_again(system: str, every: int, tmp_path: Path) -> None:
    readings = []

    def answer(method: str, path: str, number: int) -> Answered | None:
        if method == "GET":
            readings.append(path)
        return broken() if method == "GET" and len(readings) % every == 0 else None

    found = judged(Before(correct(system), answer), system, tmp_path)
    assert (found.status, found.with_verdict("fail"), found.with_verdict("error")) == (0, set(), set()), found.output
    assert any("answered with 500 and asked again" in note for note in found.run["notes"])


def test_a_creation_that_was_asked_again_may_have_made_two(tmp_path: Path) -> None:
    failed: list[str] = []

    def answer(method: str, path: str, number: int) -> Answered | None:
        if method == "POST" and path.endswith("/conversations") and not failed:
            failed.append(path)
            return broken()
        return None

    found = judged(Before(correct("openhands"), answer), "openhands", tmp_path, select="name-stored")
    assert (found.status, failed != []) == (0, True), found.output


def test_readings_that_fail_for_good_are_not_asked_again_for_long(tmp_path: Path) -> None:
    asked = []

    def answer(method: str, path: str, number: int) -> Answered | None:
        if method == "GET" and number > 40:
            asked.append(path)
            return broken()
        return None

    found = judged(Before(correct("agno"), answer), "agno", tmp_path)
    again = sum(
        int(note.rpartition("asked again, ")[2].split()[0]) for note in found.run["notes"] if "asked again, " in note
    )
    assert 0 < again <= 4 * len(waiting.ASKING_AGAIN)


# -- names


class RenamedByOthers(Circumstance):
    """At some requests somebody gives one of the run's sessions a name."""

    at: ClassVar[tuple[int, ...]] = (37, 150, 350, 800)

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.requests = 0

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """Somebody was there before the request."""
        self.requests += 1
        sessions = list(self.sessions_by_id().values())
        if self.requests in self.at and sessions:
            self.rename_to(sessions[self.requests % len(sessions)], "renamed by a colleague")
        yield


@pytest.mark.parametrize("system", NAMES)
def test_a_session_that_others_rename_is_no_failure(system: str, tmp_path: Path) -> None:
    found = judged(made(system, RenamedByOthers), system, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (0, set()), found.output


class StoresSomethingElse(Circumstance):
    """Every fifteenth rename stores another name than was sent."""

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.renames = 0

    def store(self, session: Any, name: str) -> None:
        """Store it, or what the server makes of it."""
        self.renames += 1
        before = self.name_of(session)
        super().store(session, self.instead(name, before) if self.renames % 15 == 0 else name)  # type: ignore[misc]

    def instead(self, name: str, before: str) -> str:
        """What is stored in place of a name."""
        raise NotImplementedError


class Default(StoresSomethingElse):
    """A fixed title."""

    def instead(self, name: str, before: str) -> str:
        return "Unnamed discussion"


class Old(StoresSomethingElse):
    """The name before."""

    def instead(self, name: str, before: str) -> str:
        return before


class CutShort(StoresSomethingElse):
    """All but the last character."""

    def instead(self, name: str, before: str) -> str:
        return name[:-1]


class Shouted(StoresSomethingElse):
    """In capital letters."""

    def instead(self, name: str, before: str) -> str:
        return name.upper() + "!"


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
@pytest.mark.parametrize("fault", [Default, Old, CutShort, Shouted])
def test_what_a_server_makes_of_a_name_is_a_failure(system: str, fault: type[Circumstance], tmp_path: Path) -> None:
    found = judged(made(system, fault), system, tmp_path)
    assert found.status == 1, found.output
    assert found.with_verdict("fail"), found.output


# -- nodes, and what comes later


class EveryOtherNodeIsBehind(Lagging):
    """Every other reading comes from a node that is behind."""

    behind = 0.6

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.readings = 0

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """A reading sees one of the nodes."""
        self.readings += method == "GET"
        with super().within("GET" if method == "GET" and self.readings % 2 else "POST", path):
            yield


@pytest.mark.parametrize("system", NAMES)
def test_a_node_that_is_behind_is_no_failure(system: str, tmp_path: Path) -> None:
    found = judged(made(system, EveryOtherNodeIsBehind), system, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (0, {f"{system}.shown-at-once"}), found.output


class LosesStateLater(AgnoServer):
    """A moment after a rename the state of the session is emptied."""

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.due: list[tuple[datetime, Any]] = []

    def store(self, session: Any, name: str) -> None:
        super().store(session, name)
        self.due.append((self.now() + timedelta(seconds=0.3), session))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        for when, session in list(self.due):
            if self.now() >= when:
                session.session_state = {}
                self.due.remove((when, session))
        await super().__call__(scope, receive, send)


def test_what_a_rename_does_a_moment_later_is_its_doing(tmp_path: Path) -> None:
    found = judged(LosesStateLater(KEY), "agno", tmp_path, select="session-untouched or rename-accepted")
    assert "agno.session-untouched" in found.with_verdict("fail"), found.output


class StateMovesNowAndThen(AgnoServer):
    """A job puts the time into the state of every session, every three seconds."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        for session in self.sessions.values():
            session.session_state = {**(session.session_state or {}), "beat": int(self.now().timestamp() / 3)}
        await super().__call__(scope, receive, send)


def test_what_moves_by_itself_now_and_then_is_nobodys_doing(tmp_path: Path) -> None:
    found = judged(StateMovesNowAndThen(KEY), "agno", tmp_path, select="untouched or rename-accepted")
    assert found.with_verdict("fail") == set(), found.output
