"""Servers that show what they have stored, or made, a moment later; and sessions that change by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar

from harness import KEY, OTHER_MODE_KEY
from starlette.types import Receive, Scope, Send

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer

BASES: dict[str, type[Any]] = {"dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer}
_NAME = {"dify": "name", "agno": "session_name", "openhands": "title"}
_STORE = {"dify": "conversations", "agno": "sessions", "openhands": "conversations"}


def made(system: str, habit: type[Circumstance], **settings: Any) -> Any:
    """The embedded server of a system with a circumstance."""
    kind = type(f"{habit.__name__}{BASES[system].__name__}", (habit, BASES[system]), {"system": system, **settings})
    return kind(KEY, OTHER_MODE_KEY) if system == "dify" else kind(KEY)


class Circumstance:
    """Something that goes on beside a correct server: `within` is around every request."""

    system: ClassVar[str]
    now: Callable[[], datetime]

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        #: When each session was first seen, and its name then.
        self.born: dict[str, tuple[datetime, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        with self.within(scope["method"], scope["path"]):
            await super().__call__(scope, receive, send)  # type: ignore[misc]
        for session_id, session in self.sessions_by_id().items():
            self.born.setdefault(session_id, (self.now(), self.name_of(session)))

    def sessions_by_id(self) -> dict[str, Any]:
        """The sessions that the server has."""
        found: dict[str, Any] = getattr(self, _STORE[self.system])
        return found

    def name_of(self, session: Any) -> str:
        """The name that a session bears."""
        return str(getattr(session, _NAME[self.system]))

    def rename_to(self, session: Any, name: str) -> None:
        """Put a name into a session."""
        setattr(session, _NAME[self.system], name)

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """What is so while one request is handled."""
        yield


class Lagging(Circumstance):
    """Readings and listings come from a replica, which has a new name some seconds later."""

    behind: ClassVar[float] = 0.4

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.renamed: dict[int, tuple[datetime, str]] = {}

    def store(self, session: Any, name: str) -> None:
        """Store it, and remember until when the replica has the name before."""
        self.renamed[id(session)] = self.now() + timedelta(seconds=self.behind), self.name_of(session)
        super().store(session, name)  # type: ignore[misc]

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """A reading sees the replica."""
        stored = []
        for session in self.sessions_by_id().values() if method == "GET" else ():
            until, before = self.renamed.get(id(session), (self.now(), ""))
            if self.now() < until:
                stored.append((session, self.name_of(session)))
                self.rename_to(session, before)
        yield
        for session, name in stored:
            self.rename_to(session, name)


class ShownLate(Circumstance):
    """A new session is read and listed some seconds after it was made."""

    behind: ClassVar[float] = 0.4

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """A reading does not see what is younger."""
        sessions = self.sessions_by_id()
        whole = dict(sessions)
        for session_id in list(whole) if method == "GET" else ():
            when, _ = self.born.get(session_id, (self.now(), ""))
            if self.now() < when + timedelta(seconds=self.behind):
                del sessions[session_id]
        yield
        sessions.update({session_id: one for session_id, one in whole.items() if method == "GET"})


class TitledByAJob(Circumstance):
    """A job gives a session a title some seconds after it was made, where its user has not given it one."""

    after: ClassVar[float] = 0.01

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """The job has been at work before the request."""
        for session_id, session in self.sessions_by_id().items():
            when, first = self.born.get(session_id, (self.now(), ""))
            if self.name_of(session) == first and self.now() >= when + timedelta(seconds=self.after):
                self.rename_to(session, "What was talked about")
        yield


class UsedByOthers(Circumstance):
    """Every now and then somebody else gives one of the run's sessions a title of theirs, and takes it back."""

    every: ClassVar[int] = 97

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.requests = 0

    @contextmanager
    def within(self, method: str, path: str) -> Iterator[None]:
        """Between two requests somebody was there."""
        self.requests += 1
        yield
        if self.requests % self.every == 0:
            for session_id, session in list(self.sessions_by_id().items())[-1:]:
                self.born.setdefault(session_id, (self.now(), ""))
                self.rename_to(session, "A title of somebody else's")
