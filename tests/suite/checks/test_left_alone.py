"""Sessions that are left alone: how many, after what, by what they are seen, and what is no failure of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
import servers_clock
from circumstances import correct
from circumstances.servers import made
from circumstances.test_left_alone import Later, Tombstone
from harness import KEY

from rename_tck.checks import left_alone
from rename_tck.checks.context import CheckContext
from rename_tck.checks.left_alone import ACCEPTED, BOTH, CAUSES, GENERATED, LISTED, READ, REFUSED, UNKNOWN
from rename_tck.client.limits import LimitReachedError
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.settings.settings import Settings
from rename_tck.systems import NAMES
from rename_tck.target.connection import TargetConnection, all_editions


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with servers_clock.put_on_instead_of_waiting():
        yield


@contextlib.contextmanager
def checking(system: str, server: Any, **settings: Any) -> Iterator[CheckContext]:
    """A test's view of a server."""
    with serve(server) as url:
        made_of = Settings(base_url=url, system=system, api_key=KEY, **settings)
        connection = TargetConnection(made_of, system, editions=all_editions(system), seed=1, worker="", share=(0, 1))
        try:
            connection.prepare()
            requirement = connection.target.catalogue.by_id[f"{system}.name-stored"]
            yield CheckContext(connection.target, requirement)
        finally:
            connection.close()


@pytest.mark.parametrize("system", NAMES)
def test_a_few_sessions_are_left_alone_and_are_as_they_were_left(system: str) -> None:
    server = correct(system)
    with checking(system, server) as check:
        before = len(check.target.client.journal)
        left = left_alone.begin(check)
        assert [one.cause for one in left] == [one for one in CAUSES if system == "dify" or one != GENERATED]
        assert [one.session.kind for one in left] == [*check.dialect.kinds, *check.dialect.kinds * 3][: len(left)]
        assert len({one.name for one in left}) == len(left)
        assert left_alone.begin(check) is left
        assert not {one.session.id for one in left} & {one.id for one in check.target.pool.all}
        ahead = servers_clock.AHEAD.seconds
        seen = left_alone.read_again(check)
        assert 1 < servers_clock.AHEAD.seconds - ahead <= 2
        assert [one.is_good for one in seen] == [True] * len(left)
        assert {one.where for one in seen} == {READ if system == "dify" else BOTH}
        sent = len(check.target.client.journal) - before
        assert left_alone.read_again(check) is seen
        for one in seen:
            left_alone.judge(check, one)
        assert len(check.target.client.journal) - before == sent <= 34
        assert check.target.pool.notes == []
    assert not (server.sessions if isinstance(server, AgnoServer) else server.conversations)


def test_none_is_made_where_sessions_were_given_and_one_is_costly() -> None:
    server = OpenHandsServer(KEY)
    given = server.open()
    with checking("openhands", server, session_ids=(given.conversation_id,)) as check:
        assert left_alone.begin(check) == []
        assert left_alone.read_again(check) == []
    assert list(server.conversations) == [given.conversation_id]


def test_one_creation_is_tried_where_renames_are_refused() -> None:
    class Refuses(AgnoServer):
        async def apply(self, session: Any, name: str) -> None:
            raise Refusal(422, "refused", "Names cannot be changed.")

    server = Refuses(KEY)
    with checking("agno", server) as check:
        sessions = len(server.sessions)
        assert left_alone.begin(check) == []
        assert len(server.sessions) == sessions + 1


def _kept(server: AgnoServer, session_id: str) -> Any:
    """Under what the server keeps a session."""
    (key,) = (key for key in server.sessions if key[1] == session_id)
    return key


@pytest.mark.parametrize("cause", [ACCEPTED, REFUSED, UNKNOWN])
def test_a_session_that_is_no_longer_as_it_was_left_is_a_failure(cause: str) -> None:
    server = AgnoServer(KEY)
    with checking("agno", server) as check:
        (left,) = (one for one in left_alone.begin(check) if one.cause == cause)
        server.sessions[_kept(server, left.session.id)].session_name = ""
        (seen,) = (one for one in left_alone.read_again(check) if not one.is_good)
        assert (seen.left, seen.where, seen.name) == (left, BOTH, "")
        with pytest.raises(Nonconformance) as failed:
            left_alone.judge(check, seen)
        assert failed.value.case == f"a session that was left alone for 2 s or longer after {cause}: its name {BOTH}"
        assert failed.value.exchange is left.exchange


def test_a_session_that_is_gone_is_others_doing_where_the_next_one_stays() -> None:
    server = AgnoServer(KEY)
    with checking("agno", server) as check:
        one = left_alone.begin(check)[0].session.id
        del server.sessions[_kept(server, one)]
        assert all(seen.is_good for seen in left_alone.read_again(check))
        (note,) = check.target.pool.notes
    assert note.startswith(f"session {one}, which the run had left alone, was gone, and another one that it left alone")


def test_a_session_that_is_gone_each_time_is_missing() -> None:
    class Purges(Later):
        def store(self, session: Any, name: str) -> None:
            super().store(session, name)  # type: ignore[misc]
            kept: dict[Any, Any] = self.sessions_by_id()
            self.later(lambda: kept.__delitem__((session.type, session.session_id)))

    with checking("agno", made("agno", Purges)) as check:
        seen = next(one for one in left_alone.read_again(check) if not one.is_good)
        with pytest.raises(Nonconformance):
            left_alone.judge(check, seen)
        assert check.missing is seen.left.session


def test_what_comes_after_an_accepted_rename_is_not_told_of_other_requests_too() -> None:
    server = AgnoServer(KEY)
    with checking("agno", server) as check:
        left_alone.begin(check)
        for session in server.sessions.values():
            session.session_name = ""
        assert [one.left.cause for one in left_alone.read_again(check) if not one.is_good] == [ACCEPTED]


@pytest.mark.parametrize("listed", ["stale", "without it", "broken"])
def test_the_listing_counts_where_it_is_complete(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with checking("agno", AgnoServer(KEY)) as check:
        left = left_alone.begin(check)
        reader, of_the_one = check.target.reader, left[0].session
        whole = type(reader).listing

        def listing(kind: str | None = None, *purpose: Any, **more: Any) -> Any:
            found = whole(reader, kind, *purpose, **more)
            if kind == of_the_one.kind:
                items = [item for item in found.items if item["session_id"] != of_the_one.id]
                stale: list[dict[str, object]] = (
                    [{"session_id": of_the_one.id, "session_name": ""}] if listed == "stale" else []
                )
                found.items = items + stale
                if listed == "broken":
                    found.extent = type(found.extent).FAILED
            return found

        monkeypatch.setattr(reader, "listing", listing)
        bad = [one for one in left_alone.read_again(check) if not one.is_good]
        if listed == "broken":
            assert bad == []
            return
        assert [(one.left, one.where, one.is_gone) for one in bad] == [(left[0], LISTED, listed != "stale")]
        with pytest.raises(Nonconformance) as failed:
            left_alone.judge(check, bad[0])
        assert ("listed still" in failed.value.expected) is (listed == "without it")


def test_without_a_wait_it_is_said_that_they_were_read_at_once() -> None:
    with checking("agno", AgnoServer(KEY)) as check:
        check.target.settle = 0.0
        ahead = servers_clock.AHEAD.seconds
        seen = left_alone.read_again(check)
        assert servers_clock.AHEAD.seconds == ahead
        assert check.target.pool.notes == ["sessions that were left alone were read again at once: --settle=0"]
        seen[0].left.name = "another"
        with pytest.raises(Nonconformance, match="left alone until the end of the run after an accepted rename"):
            left_alone.judge(check, seen[0])


def test_no_time_is_waited_that_is_not_left() -> None:
    with checking("agno", AgnoServer(KEY), time_budget=50.0) as check:
        left_alone.begin(check)
        check.target.settle = 60.0
        began = time.monotonic()
        with pytest.raises(LimitReachedError, match=r"--time-budget gave 50 s, and (60|59) s more would be waited for"):
            left_alone.read_again(check)
        assert time.monotonic() - began < 5


def test_what_is_left_of_the_requests_holds() -> None:
    with checking("agno", AgnoServer(KEY), max_requests=20) as check:
        with pytest.raises(LimitReachedError, match="--max-requests gave 20"):
            left_alone.begin(check)
        assert len(check.target.client.journal) == 20


def test_a_fault_that_comes_again_is_nobody_elses() -> None:
    class Names(Tombstone):
        def rename_to(self, session: Any, name: str) -> None:
            super().rename_to(session, name or "Quarterly figures of the Lisbon office")

    with checking("agno", made("agno", Names)) as check:
        bad = [one for one in left_alone.read_again(check) if not one.is_good]
        assert [(one.left.cause, one.name) for one in bad] == [(UNKNOWN, "Quarterly figures of the Lisbon office")]
