"""Sessions of the run that vanish: somebody else's doing is a note, the server's own stays red."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from harness import FEW_DRAWN, Judged, judge, slow_but

from circumstances import KEYS
from circumstances.servers import BASES, Circumstance, made
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES


def judged(app: Any, system: str, folder: Path) -> Judged:
    """What the suite says of a server."""
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, system=system, env=KEYS, record_only=True)


class Vanishing(Circumstance):
    """Sessions go."""

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.requests = 0

    def drop(self, session: Any) -> None:
        """Delete a session."""
        sessions = self.sessions_by_id()
        for key in [key for key, one in sessions.items() if one is session]:
            del sessions[key]


class DeletedByOthers(Vanishing):
    """At some requests somebody deletes one of the run's sessions."""

    at: ClassVar[tuple[int, ...]] = (30, 100, 400, 700)

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """Somebody was there before the request."""
        self.requests += 1
        sessions = list(self.sessions_by_id().values())
        if self.requests in self.at and sessions:
            self.drop(sessions[self.requests % len(sessions)])
        yield


class Retention(Vanishing):
    """A session is deleted some requests after it was made."""

    kept: ClassVar[int] = 250

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.since: dict[Any, int] = {}

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """A job was at work before the request."""
        self.requests += 1
        for key, session in list(self.sessions_by_id().items()):
            if self.requests - self.since.setdefault(key, self.requests) > self.kept:
                self.drop(session)
        yield


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("habit", slow_but(DeletedByOthers, of=(DeletedByOthers, Retention)))
def test_sessions_that_others_delete_are_no_failure(system: str, habit: type[Circumstance], tmp_path: Path) -> None:
    found = judged(made(system, habit), system, tmp_path)
    assert (found.status, found.with_verdict("fail"), found.with_verdict("error")) == (0, set(), set()), found.output
    assert any("of the run was gone, neither read nor listed" in note for note in found.run["notes"])


class RenameDeletes(Vanishing):
    """Some renames delete a session: `after` says which."""

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.renames = 0
        self.due: list[tuple[Any, Any]] = []
        self.last: Any = None

    def store(self, session: Any, name: str) -> None:
        """Store the name, and do what the server should not."""
        self.renames += 1
        super().store(session, name)  # type: ignore[misc]
        self.after(session, name)
        self.last = session

    def after(self, session: Any, name: str) -> None:
        """What it does after a rename."""

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """What is due is deleted before the request."""
        for when, session in list(self.due):
            if self.now() >= when:
                self.drop(session)
                self.due.remove((when, session))
        yield


class NowAndThen(RenameDeletes):
    """Every fortieth rename deletes the session."""

    def after(self, session: Any, name: str) -> None:
        if self.renames % 40 == 0:
            self.drop(session)


class AMomentLater(RenameDeletes):
    """A rename deletes the session half a second later."""

    def after(self, session: Any, name: str) -> None:
        self.due.append((self.now() + timedelta(seconds=0.5), session))


class TheOneBefore(RenameDeletes):
    """Every thirtieth rename deletes the session that was renamed, or made, last before it."""

    def after(self, session: Any, name: str) -> None:
        others = [one for one in self.sessions_by_id().values() if one is not session]
        if self.renames % 30 == 0 and others:
            self.drop(others[-1])


class OfAnEmoji(RenameDeletes):
    """A rename to a name with an emoji deletes the session."""

    def after(self, session: Any, name: str) -> None:
        if "\U0001f600" in name:
            self.drop(session)


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
@pytest.mark.parametrize("fault", [NowAndThen, AMomentLater, TheOneBefore, OfAnEmoji])
def test_a_rename_that_deletes_a_session_is_a_failure(system: str, fault: type[Circumstance], tmp_path: Path) -> None:
    found = judged(made(system, fault), system, tmp_path)
    assert found.status == 1, found.output
    assert found.with_verdict("fail"), found.output


def _on_refusal(system: str) -> Any:
    class OnRefusal(Vanishing):
        """A refused body deletes the session that it was sent to."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            status: list[int] = []

            async def noted(message: Any) -> None:
                if message["type"] == "http.response.start":
                    status.append(message["status"])
                await send(message)

            await super().__call__(scope, receive, noted)
            parts = scope["path"].split("/")
            if status[:1] in ([400], [422]) and scope["method"] in {"POST", "PATCH"}:
                for key, session in list(self.sessions_by_id().items()):
                    if (key[1] if isinstance(key, tuple) else key) in parts:
                        self.drop(session)

    assert system in BASES
    return made(system, OnRefusal)


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
def test_a_refusal_that_deletes_the_session_is_a_failure(system: str, tmp_path: Path) -> None:
    found = judged(_on_refusal(system), system, tmp_path)
    assert found.status == 1, found.output
