"""Servers full of other people's sessions, whose ids are counted, begin alike, or are compared loosely."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from strangers.agno_core import TYPES, AgnoApp
from strangers.dify_core import DifyApp
from strangers.habits import Habits
from strangers.openhands_core import OpenHandsApp
from strangers.wire import App, Asked, Said, serve_streams

USER = "rename-tck"

#: How ids are made of a number that is counted upwards.
SPELLINGS: dict[str, Callable[[int], str]] = {
    "a number": str,
    "a word and a number": lambda number: f"chat-{number}",
    "a UUID that is counted": lambda number: str(uuid.UUID(int=number)),
    "random": lambda _: str(uuid.uuid4()),
}

#: Which session an id stands for: the id that was asked for, and all that there are, the oldest first.
Matching = Callable[[str, list[str]], str]


def exactly(asked: str, _known: list[str]) -> str:
    """The session that has it."""
    return asked


@dataclass
class Crowd:
    """What a crowded server is like."""

    spelling: str = "a number"
    matching: Matching = exactly
    #: Sessions of others before the run.
    others: int = 1200
    #: After how many requests others open another one; 0 for never.
    opens_every: int = 0
    #: Sessions that the listing does not show are opened by other users.
    user: str = USER


class Crowded(App):
    """Over an app: ids of its own, looked up in its own way."""

    crowd: Crowd
    store: dict[str, Any]
    id_member: str
    #: The path segment behind which an id stands.
    behind: str

    def enter(self, crowd: Crowd) -> None:
        """Take the ids over, and fill the store."""
        self.crowd, self.numbers, self.asked = crowd, itertools.count(1), 0
        for number in range(crowd.others):
            self.open_for_others(number)
        self.theirs = {key: dataclasses.asdict(session) for key, session in self.store.items()}

    def open_for_others(self, number: int) -> None:
        """Another user's session."""
        raise NotImplementedError

    def next_id(self) -> str:
        """The id of the next session."""
        return SPELLINGS[self.crowd.spelling](next(self.numbers))

    def touched(self) -> dict[str, tuple[Any, Any]]:
        """The sessions of others that are not as they were, before and after."""
        now = {key: dataclasses.asdict(session) for key, session in self.store.items()}
        return {key: (was, now.get(key)) for key, was in self.theirs.items() if now.get(key) != was}

    def answer(self, asked: Asked) -> Said:
        """As the app does, for the session that the id stands for."""
        self.asked += 1
        if self.crowd.opens_every and self.asked % self.crowd.opens_every == 0:
            before = set(self.store)
            self.open_for_others(self.asked)
            for key in set(self.store) - before:
                self.theirs[key] = dataclasses.asdict(self.store[key])
        path, mark, query = asked.target.partition("?")
        parts = path.split("/")
        at = parts.index(self.behind) + 1 if self.behind in parts else len(parts)
        if at < len(parts):
            found = self.crowd.matching(unquote(parts[at]), list(self.store))
            parts[at] = quote(found, safe="")
            asked = replace(asked, target="/".join(parts) + mark + query)
        said: Said = super().answer(asked)  # type: ignore[safe-super]
        return said


class CrowdedDify(Crowded, DifyApp):
    """Conversations of one user."""

    behind = "conversations"

    def open_for_others(self, number: int) -> None:
        talk = self._open(USER, "elsewhere", {"number": number})
        talk.name = f"Their conversation {number}"

    def _open(self, user: str, query: str, inputs: dict[str, Any] | None = None) -> Any:
        talk = super()._open(user, query, inputs)
        del self._talks[talk.id.lower()]
        talk.id = self.next_id()
        self._talks[talk.id] = talk
        return talk

    @property
    def store(self) -> dict[str, Any]:  # type: ignore[override]
        return self._talks


class CrowdedAgno(Crowded, AgnoApp):
    """Sessions of all types, each with the next id, whatever a creation asks for."""

    behind = "sessions"

    def open_for_others(self, number: int) -> None:
        self._open(TYPES[number % 3], None, f"Their session {number}", "somebody", session_state={"number": number})

    def _open(self, type_: str, id_: str | None = None, *other: Any, **more: Any) -> Any:
        session = super()._open(type_, None, *other, **more)
        del self._sessions[session.id]
        session.id = self.next_id()
        self._sessions[session.id] = session
        return session

    @property
    def store(self) -> dict[str, Any]:  # type: ignore[override]
        return self._sessions


class CrowdedOpenHands(Crowded, OpenHandsApp):
    """Conversations of one owner."""

    behind = "conversations"

    def open_for_others(self, number: int) -> None:
        self._open().title = f"Their conversation {number}"

    def _open(self, *, theirs: bool = False) -> Any:
        conversation = super()._open(theirs=theirs)
        del self._conversations[conversation.id]
        conversation.id = self.next_id()
        self._conversations[conversation.id] = conversation
        return conversation

    @property
    def store(self) -> dict[str, Any]:  # type: ignore[override]
        return self._conversations


_APPS: dict[str, Callable[[Habits], Crowded]] = {
    "dify": CrowdedDify,
    "agno": CrowdedAgno,
    "openhands": CrowdedOpenHands,
}


@contextlib.contextmanager
def serve(system: str, crowd: Crowd, habits: Habits | None = None) -> Iterator[tuple[str, Crowded]]:
    """Serve a crowded server; yields its base URL and the server."""
    app = _APPS[system](habits or Habits())
    app.enter(crowd)
    with serve_streams(app) as url:
        yield url, app
