"""What a run leaves, or may leave, is looked for in the end and named with its id; only what was seen is said."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import KEY
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.settings.settings import Settings
from rename_tck.systems import NAMES
from rename_tck.target.connection import TargetConnection, all_editions
from rename_tck.verdict import CouldNotJudge, Leftover

SERVERS: dict[str, Callable[[str], Any]] = {"dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer}


class Mishap:
    """A server whose answers to one method differ from what it has done."""

    def __init__(
        self, server: ASGIApp, method: str, *, does: bool = True, says: int | None = None, of: int = 99
    ) -> None:
        self._server, self._method, self._does, self._says, self._left = server, method, does, says, of
        self.seen = 0
        self.base_path: str = getattr(server, "base_path", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hit = scope["type"] == "http" and scope["method"] == self._method and self._left > 0
        if not hit or scope["path"].endswith(("/rename", "/name")):
            await self._server(scope, receive, send)
            return
        self._left -= 1
        self.seen += 1

        async def nowhere(_: Message) -> None:
            """The real answer is lost."""

        if self._does:
            await self._server(scope, receive, nowhere)
        else:
            while (await receive()).get("more_body"):
                continue
        if self._says is None:  # and the answer breaks off
            start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]}
            await send(start)
            await send({"type": "http.response.body", "body": b"{"})
            return
        body = b"" if self._says == 204 else b'{"detail": "no"}'
        headers = [(b"content-type", b"application/json")] if body else []
        await send({"type": "http.response.start", "status": self._says, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _ids(server: Any) -> list[str]:
    kept = server.sessions if isinstance(server, AgnoServer) else server.conversations
    return [key[1] if isinstance(key, tuple) else str(key) for key in kept]


@contextlib.contextmanager
def opened(system: str, url: str, *session_ids: str) -> Iterator[TargetConnection]:
    settings = Settings(base_url=url, system=system, api_key=KEY, session_ids=session_ids)
    connection = TargetConnection(settings, system, editions=all_editions(system), seed=1, worker="", share=(0, 1))
    try:
        yield connection
    finally:
        connection.close()


def left_by(system: str, url: str, act: Callable[[TargetConnection], None] | None = None) -> list[Leftover]:
    """What a run leaves that comes by a session, does something, and closes."""
    with opened(system, url) as connection:
        with contextlib.suppress(CouldNotJudge):
            connection.prepare()
            if act is not None:
                act(connection)
        pool = connection.pool
    notes = connection.notes
    assert all(one.what in notes for one in pool.leftovers)
    return pool.leftovers


@pytest.mark.parametrize("says", [500, None], ids=["answered 500", "cut off"])
def test_a_creation_that_made_a_session_without_saying_so_is_undone_where_the_suite_chose_the_id(
    says: int | None,
) -> None:
    server = AgnoServer(KEY)
    with serve(Mishap(server, "POST", says=says)) as url:
        assert left_by("agno", url) == []
    assert not server.sessions


@pytest.mark.parametrize("system", ["dify", "openhands"])
@pytest.mark.parametrize("says", [500, None], ids=["answered 500", "cut off"])
def test_a_creation_that_may_have_made_a_session_is_named_with_what_the_listing_shows_since(
    system: str, says: int | None
) -> None:
    server = SERVERS[system](KEY)
    with serve(Mishap(server, "POST", says=says)) as url:
        found = left_by(system, url)
    assert _ids(server)
    assert {one.id for one in found} == set(_ids(server))
    assert all("may be of this run" in one.what and "did not show this session before" in one.what for one in found)
    assert ("answered with a 5xx status" in found[0].what) is (says == 500)


@pytest.mark.parametrize("system", NAMES)
def test_a_deletion_that_deletes_nothing_is_asked_for_once_more_and_named(system: str) -> None:
    server = SERVERS[system](KEY)
    mishap = Mishap(server, "DELETE", does=False, says=204)
    with serve(mishap) as url:
        found = left_by(system, url)
    assert mishap.seen == 2
    assert [one.id for one in found] == _ids(server)
    shows = "the listing" if system == "dify" else "reading it"
    assert f"DELETE was answered 204 with an empty body twice, and {shows} still shows it" in found[0].what


@pytest.mark.parametrize("system", NAMES)
def test_a_deletion_that_is_done_at_the_second_time_leaves_nothing(system: str) -> None:
    server = SERVERS[system](KEY)
    with serve(Mishap(server, "DELETE", does=False, says=204, of=1)) as url:
        assert left_by(system, url) == []
    assert not _ids(server)


@pytest.mark.parametrize("system", NAMES)
def test_a_deletion_that_is_done_and_answered_500_leaves_nothing(system: str) -> None:
    server = SERVERS[system](KEY)
    with serve(Mishap(server, "DELETE", says=500)) as url:
        assert left_by(system, url) == []
    assert not _ids(server)


@pytest.mark.parametrize("system", NAMES)
def test_a_deletion_that_is_refused_is_named(system: str) -> None:
    server = SERVERS[system](KEY)
    with serve(Mishap(server, "DELETE", does=False, says=403)) as url:
        found = left_by(system, url)
    assert [one.id for one in found] == _ids(server)
    assert "DELETE was answered 403" in found[0].what
    assert "still shows it" in found[0].what


@pytest.mark.parametrize("system", NAMES)
def test_what_may_be_left_at_a_target_that_died_is_named(system: str) -> None:
    server = SERVERS[system](KEY)
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serve(server))
        found = left_by(system, url, lambda _: stack.close())
    assert [one.id for one in found] == _ids(server)
    assert "may be left: DELETE got no answer: " in found[0].what
    assert "nothing answers any more" in found[0].what


def test_a_session_given_by_the_user_that_keeps_the_last_name_is_named() -> None:
    server = OpenHandsServer(KEY)
    given = server.open()
    with (
        serve(Mishap(server, "PATCH", does=False, says=500)) as url,
        opened("openhands", url, given.conversation_id) as connection,
    ):
        connection.prepare()
    (found,) = connection.pool.leftovers
    assert found.id == given.conversation_id
    assert "could not be given its old name back: 500" in found.what


def test_a_creation_that_answers_with_a_session_that_was_there_is_none_and_deletes_nothing() -> None:
    class Reuses(OpenHandsServer):
        """A creation hands out a conversation that is there."""

        def open(self) -> Any:
            return next(iter(self.conversations.values()), None) or super().open()

    server = Reuses(KEY)
    theirs = server.open().conversation_id
    with serve(server) as url, opened("openhands", url) as connection:
        connection.prepare()
        assert {session.origin for session in connection.pool.all} == {"listed"}
    assert _ids(server) == [theirs]


def test_an_id_that_was_chosen_for_a_new_session_and_is_there_already_is_not_created() -> None:
    """Agno overwrites a session when one is created under its id."""

    class Full(AgnoServer):
        """Every id has a session, a copy of the first."""

        def lookup(self, session_id: str, scope: Any) -> Any:
            first = next(iter(self.sessions.values()), None)
            return first and dataclasses.replace(first, session_id=session_id)

    server = Full(KEY)
    with serve(server) as url:
        import requests

        made = {"session_id": "theirs", "session_name": "Theirs"}
        requests.post(f"{url}/sessions?type=agent", json=made, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
        with opened("agno", url) as connection, contextlib.suppress(CouldNotJudge):
            connection.prepare()
        assert ("POST", "/sessions") not in connection.client.sent
    assert [session.session_name for session in server.sessions.values()] == ["Theirs"]
