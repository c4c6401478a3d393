"""Cleaning up takes one listing before and one after for sessions that are alike; what these do not settle is read."""

from collections.abc import Callable

import pytest
from harness import KEY
from starlette.requests import Request
from starlette.responses import Response
from target.test_leftovers import opened

from rename_tck.client.exchange import Request as Sent
from rename_tck.client.journal import Purpose
from rename_tck.reference.agno import AgnoServer, Scope, Session
from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve
from rename_tck.target.connection import TargetConnection
from rename_tck.verdict import Leftover

#: How many sessions a run makes here.
COUNT = 8


def cleaned_up(
    server: AgnoServer, meanwhile: Callable[[TargetConnection], None] = lambda _: None
) -> tuple[list[Sent], list[Leftover]]:
    """The requests by which a run that has made and renamed sessions cleans up, and what it leaves."""
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        dialect = connection.target.dialect
        for session in connection.pool.take(COUNT):
            connection.client.send(dialect.rename(session, dialect.body(session, f"Renamed {session.id}")))
        meanwhile(connection)
    sent = [entry.exchange.request for entry in connection.client.journal.since(0) if entry.purpose is Purpose.CLEANUP]
    return sent, connection.pool.leftovers


def singly(sent: list[Sent]) -> list[str]:
    """The paths of single readings."""
    return [request.path for request in sent if request.method == "GET" and request.path != "/sessions"]


def deleted(sent: list[Sent]) -> list[str]:
    return [request.path for request in sent if request.method == "DELETE"]


def test_what_two_listings_settle_is_not_read() -> None:
    server = AgnoServer(KEY)
    sent, left = cleaned_up(server)
    assert (len(deleted(sent)), len(singly(sent)), left) == (COUNT, 1, [])
    assert len(sent) == COUNT + 1 + len(("agent", "team", "workflow")) + 1
    assert not server.sessions


class Unlisted(AgnoServer):
    """There is no listing."""

    async def list_sessions(self, request: Request) -> Response:
        raise Refusal(404, "not_found", "no such route")


class Broken(AgnoServer):
    """The listing fails."""

    async def list_sessions(self, request: Request) -> Response:
        raise Refusal(500, "broken", "an index is broken")


class Hides(AgnoServer):
    """The listing shows no session that was renamed."""

    listing = False

    async def list_sessions(self, request: Request) -> Response:
        self.listing = True
        answer: Response = await super().list_sessions(request)
        self.listing = False
        return answer

    def visible(self, session: Session, scope: Scope) -> bool:
        renamed = session.session_name.startswith("Renamed")
        return not (self.listing and renamed) and super().visible(session, scope)


@pytest.mark.parametrize("server", [Unlisted(KEY), Broken(KEY), Hides(KEY)], ids=lambda one: type(one).__name__)
def test_where_the_listing_does_not_show_them_each_is_read_before_and_after(server: AgnoServer) -> None:
    sent, left = cleaned_up(server)
    assert (len(deleted(sent)), left) == (COUNT, [])
    before = [path for number, path in enumerate(singly(sent)) if number < COUNT]
    assert len(set(before)) == COUNT
    assert not server.sessions


class Archives(AgnoServer):
    """What is deleted is listed no more, and can be read still."""

    async def delete(self, request: Request) -> Response:
        kept = dict(self.sessions)
        answer: Response = await super().delete(request)
        self.gone = getattr(self, "gone", {}) | {key: one for key, one in kept.items() if key not in self.sessions}
        return answer

    async def read(self, request: Request) -> Response:
        listed = self.sessions
        self.sessions = {**getattr(self, "gone", {}), **listed}
        try:
            answer: Response = await super().read(request)
        finally:
            self.sessions = listed
        return answer


def test_what_is_deleted_and_listed_no_more_and_can_be_read_is_left() -> None:
    sent, left = cleaned_up(Archives(KEY))
    assert len(left) == COUNT
    assert all("and reading it still shows it" in one.what for one in left)
    assert len(deleted(sent)) == 2 * COUNT


def test_what_was_read_as_another_is_looked_at_again_and_stays() -> None:
    class Mistakes(AgnoServer):
        """The last session is shown for the first."""

        first = last = ""

        async def read(self, request: Request) -> Response:
            if self.last and request.path_params["session_id"] == self.first:
                request.path_params["session_id"] = self.last
            answer: Response = await super().read(request)
            return answer

    server = Mistakes(KEY)

    def meanwhile(connection: TargetConnection) -> None:
        sessions = connection.pool.all
        server.first, server.last = sessions[0].id, sessions[-1].id
        connection.target.reader.read(sessions[0])

    sent, left = cleaned_up(server, meanwhile)
    assert [one.id for one in left] == [server.first]
    assert "shows another session when it is asked for this one" in left[0].what
    assert len(deleted(sent)) == COUNT - 1


def test_what_others_have_deleted_meanwhile_is_not_deleted() -> None:
    server = AgnoServer(KEY)
    gone: list[str] = []

    def meanwhile(connection: TargetConnection) -> None:
        session = connection.pool.all[-1]
        del server.sessions[session.kind, session.id]  # type: ignore[arg-type]
        gone.append(session.id)

    sent, left = cleaned_up(server, meanwhile)
    assert (len(deleted(sent)), left) == (COUNT - 1, [])
    assert not [path for path in deleted(sent) if gone[0] in path]
