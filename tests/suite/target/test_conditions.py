"""Sessions in a condition are made on demand, seen before anything is sent to them, and put back with all others."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import requests
from harness import KEY
from starlette.requests import Request
from starlette.responses import Response
from target.test_leftovers import SERVERS, opened

from rename_tck.cases import system_cases
from rename_tck.cases.conditions import ORDINARY, Condition, together
from rename_tck.cases.rename_space import Chosen, space_of
from rename_tck.client.exchange import decoded
from rename_tck.reference.agno import SESSION_TYPES, AgnoServer, Scope, Session
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES, load
from rename_tck.systems.contents import Contents, texts
from rename_tck.systems.dialect import Storage, members
from rename_tck.target.connection import TargetConnection
from rename_tck.target.session_pool import SessionPool
from rename_tck.verdict import NotTested

BASES: dict[str, type[Any]] = {"dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer}

#: What the embedded servers refuse at a creation, as the real ones do.
REFUSED = {
    "a conversation whose id its client has chosen",
}

#: What a session shows of its creation's members, by the member of the reading.
SHOWN = {"session_name", "session_state", "metadata", "user_id", "session_id", "inputs", "agent_id"}


def cases(system: str) -> system_cases.SystemCases:
    return system_cases.load(load(system))


def conditions(system: str) -> list[Condition]:
    """Every one but the ordinary."""
    return [one for dimension in cases(system).conditions.values() for one in dimension[1:]]


def condition(system: str, words: str) -> Condition:
    (found,) = [one for one in conditions(system) if words in one.label]
    return found


def stored(server: Any) -> dict[str, Any]:
    kept: dict[Any, Any] = server.sessions if isinstance(server, AgnoServer) else server.conversations
    return {key[1] if isinstance(key, tuple) else str(key): session for key, session in kept.items()}


@pytest.mark.parametrize("system", NAMES)
def test_each_condition_makes_a_session_that_is_shown_as_it_was_made_and_deleted_in_the_end(system: str) -> None:
    server = SERVERS[system](KEY)
    refused = set()
    with serve(server) as url, opened(system, url) as connection:
        connection.prepare()
        for one in [ORDINARY, *conditions(system)]:
            try:
                (session,) = connection.pool.in_condition(one)
            except NotTested:
                refused.add(one.label)
                continue
            _is_as_it_was_made(connection, session, one)
            renamed = connection.client.send(
                connection.target.dialect.rename(session, connection.target.dialect.body(session, f"New {one.group}"))
            )
            assert connection.target.dialect.succeeded(renamed), one.label
            shown = connection.target.reader.read(session)
            assert shown is not None
            assert connection.target.dialect.name_in(shown) == f"New {one.group}", one.label
    assert refused == (REFUSED if system == "openhands" else set())
    assert connection.pool.leftovers == []
    assert not stored(server)


def _is_as_it_was_made(connection: TargetConnection, session: Any, one: Condition) -> None:
    """Both outlets show what the creation has asked for, where they show it at all."""
    dialect = connection.target.dialect
    assert session.first_listed is not None, one.label
    assert (session.first_read is not None) is connection.pool.reader.way.by_reading
    asked = members(decoded(session.creation.request.body))
    for shown in filter(None, (session.first_read, session.first_listed)):
        assert dialect.id_in(shown) == session.id
        assert dialect.name_in(shown) == session.first_name
        for member in SHOWN & asked.keys() & shown.keys():
            expected = "" if member == "session_name" and asked[member] is None else asked[member]
            assert json.dumps(shown[member]) == json.dumps(expected), (one.label, member)


@pytest.mark.parametrize("kind", ["agent", "team", "workflow"])
def test_a_condition_is_of_any_kind_and_kept_for_each(kind: str) -> None:
    server = AgnoServer(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        nameless = condition("agno", "created without a name")
        found = connection.pool.in_condition(nameless, kind, count=10)
        assert len({session.id for session in found}) == 10
        assert {(session.kind, session.first_name) for session in found} == {(kind, "")}
        sent = len(connection.client.journal)
        assert connection.pool.in_condition(nameless, kind, count=7) == found[:7]
        assert len(connection.client.journal) == sent
        creations = [
            entry for entry in connection.client.journal.since(0) if entry.exchange.request.path == "/sessions"
        ]
        assert len([one for one in creations if one.exchange.request.method == "POST"]) == 11
        # an id by chance is looked for once for each form; each new session is read; all are listed at once
        assert sent <= 11 * 2 + 12
    assert not stored(server)


def test_many_are_made_at_once_and_listed_at_once() -> None:
    with serve(AgnoServer(KEY)) as url, opened("agno", url) as connection:
        connection.prepare()
        pool, kinds = connection.pool, connection.target.dialect.kinds
        wishes = [(one, kind, None, 2) for one in conditions("agno") if one.group == "bare" for kind in kinds]
        sent = len(connection.client.journal)
        pool.make_ready(*wishes)
        made = len(connection.client.journal) - sent
        assert made <= len(wishes) * 2 * 2 + 2 * len(kinds)  # creation and reading; looking for an id, and the listing
        for condition, kind, _, count in wishes:
            found = pool.in_condition(condition, kind, count=count)
            assert [session.kind for session in found] == [kind] * 2
            assert all(session.first_read and session.first_listed for session in found)
        assert len(connection.client.journal) - sent == made


# -- several conditions at once


def several(system: str, *words: str) -> Condition:
    return together([condition(system, one) for one in words])


def test_a_session_is_in_several_conditions_at_once() -> None:
    server = AgnoServer(KEY)
    wanted = several(
        "agno", "is 32 hexadecimal", "are an empty object", "the name New session", "an agent_id, a team_id"
    )
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        (session,) = connection.pool.in_condition(wanted, "team")
        assert (len(session.id), session.first_name) == (32, "New session")
        made = server.sessions["team", session.id]
        assert (made.session_state, made.metadata) == ({}, {})
        assert connection.pool.conditioned.alike(session) is session
        assert connection.pool.notes == []
    assert not stored(server)


def test_conditions_that_touch_the_same_member_do_not_go_together() -> None:
    space = space_of(cases("agno"), "ann", lambda _: True, of=Chosen())
    for one, other in (("nothing in it but its user", "a UUID in capitals"), ("nothing in it", "an empty name")):
        values = {"session contents": condition("agno", one), "another": condition("agno", other)}
        assert not space.fit(values)
    assert space.fit(
        {"session id": condition("agno", "a UUID in capitals"), "name": condition("agno", "an empty name")}
    )


class NoCapitals(AgnoServer):
    """An id has no capital letters."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        body = await super().read_object(request)
        if str(body.get("session_id", "")).lower() != body.get("session_id", ""):
            raise Refusal(422, "invalid", "no capitals")
        return body


class OwnIds(AgnoServer):
    """The id that is sent is not heeded."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        return {name: value for name, value in (await super().read_object(request)).items() if name != "session_id"}


@pytest.mark.parametrize("server", [NoCapitals(KEY), OwnIds(KEY)], ids=lambda one: type(one).__name__)
def test_of_several_conditions_the_one_that_is_refused_is_left_out_and_noted_once(server: AgnoServer) -> None:
    wanted = several("agno", "a UUID in capitals", "are an empty object")
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        for _ in range(2):
            found = connection.pool.in_condition(wanted, count=3)
            assert [server.sessions["agent", one.id].session_state for one in found] == [{}] * 3
        (note,) = connection.pool.notes
        assert note.startswith("nothing was tried with a session whose id is a UUID in capitals: ")
    assert not stored(server)


def test_a_class_of_conditions_that_is_refused_is_not_tried_value_by_value() -> None:
    server = OwnIds(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        forms = [one for one in conditions("agno") if one.group == "an id of another form"]
        assert len(forms) > 6
        for one in forms:
            (session,) = connection.pool.in_condition(together([one, condition("agno", "are an empty object")]))
            assert server.sessions["agent", session.id].session_state == {}
        assert len(connection.pool.notes) == 2
        assert len(server.sessions) == 1 + len(forms) + 2
    assert not stored(server)


def test_there_are_as_many_that_are_alike_in_a_part_as_there_must_be() -> None:
    twins = condition("agno", "a name that another has, too")
    wishes = [together([twins, condition("agno", words)]) for words in ("are an empty object", "text beyond ASCII")]
    server = AgnoServer(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        connection.pool.make_ready(*((one, "agent", None, 1) for one in wishes), (wishes[0], "team", None, 1))
        of_kind = [key[0] for key, one in server.sessions.items() if one.session_name == "Trip to Lisbon"]
        assert of_kind == ["agent", "agent", "team", "team"]
        sent = len(connection.client.journal)
        assert connection.pool.in_condition(wishes[0], "team")
        assert len(connection.client.journal) == sent
    assert not stored(server)


def test_contents_differ_from_session_to_session() -> None:
    with serve(AgnoServer(KEY)) as url, opened("agno", url) as connection:
        connection.prepare()
        found = connection.pool.in_condition(condition("agno", "unlike any other's"), count=3)
        states = [json.dumps((session.first_read or {})["session_state"]) for session in found]
        assert len(set(states)) == 3


def test_an_ordinary_session_is_one_of_the_runs() -> None:
    with serve(AgnoServer(KEY)) as url, opened("agno", url) as connection:
        connection.prepare()
        (session,) = connection.pool.in_condition(ORDINARY)
        assert [session] == connection.pool.take(1)
        assert session.first_listed is not None
        assert session.first_read is not None


def test_a_session_that_is_out_of_use_is_made_anew_and_put_back() -> None:
    server = AgnoServer(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        digits = condition("agno", "is digits only")
        (session,) = connection.pool.in_condition(digits)
        assert connection.pool.retire(session)
        assert session not in connection.pool.in_use
        (another,) = connection.pool.in_condition(digits)
        assert another.id != session.id
        assert connection.target.session_at(f"/sessions/{another.id}/rename") is another
    assert not stored(server)


# -- what the target does not make


class Strict:
    """Creations have nothing but what is usual."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await super().read_object(request)  # type: ignore[misc]
        if "odd" in body:
            raise Refusal(400, "invalid_param", "odd")
        return body


class Full:
    """A quota of two sessions."""

    created = 0

    async def create(self, request: Request) -> Response:
        return await self._within(super().create, request)  # type: ignore[misc]

    async def chat(self, request: Request) -> Response:
        return await self._within(super().chat, request)  # type: ignore[misc]

    async def _within(self, make: Any, request: Request) -> Response:
        self.created += 1
        if self.created > 2:
            raise Refusal(403, "forbidden", "The quota is used up")
        answer: Response = await make(request)
        return answer


def with_habit(habit: type, system: str) -> Any:
    return type(habit.__name__, (habit, BASES[system]), {})(KEY)


@pytest.mark.parametrize("system", NAMES)
def test_a_condition_that_the_target_refuses_is_not_tested_and_noted_once(system: str) -> None:
    odd = Condition("an odd session", "odd", "none", Contents(texts(odd="$token")))
    with serve(with_habit(Strict, system)) as url, opened(system, url) as connection:
        connection.prepare()
        sent = len(connection.client.journal)
        for _ in range(3):
            with pytest.raises(NotTested, match=r"an odd session could not be had: POST .* creates none"):
                connection.pool.in_condition(odd)
        assert len(connection.client.journal) - sent <= 2
        (note,) = connection.pool.notes
        assert note.startswith("nothing was tried with an odd session: POST ")
    assert connection.pool.leftovers == []


@pytest.mark.parametrize("system", NAMES)
def test_a_target_that_makes_no_more_sessions_is_not_asked_for_each_condition(system: str) -> None:
    server = with_habit(Full, system)
    with serve(server) as url, opened(system, url) as connection:
        connection.prepare()
        server.created = 2
        for one in conditions(system):
            with pytest.raises(NotTested, match="could not be had"):
                connection.pool.in_condition(one)
        # two of each class, and an ordinary session, which Agno and Dify are asked for in two ways
        assert server.created <= 2 + 8
        assert len(connection.pool.notes) <= 2
    assert not stored(server)


def test_none_is_made_where_creating_is_costly_and_sessions_were_given() -> None:
    server = OpenHandsServer(KEY)
    given = server.open()
    with serve(server) as url, opened("openhands", url, given.conversation_id) as connection:
        connection.prepare()
        for one in conditions("openhands"):
            with pytest.raises(NotTested, match="something costly, and sessions were given"):
                connection.pool.in_condition(one)
        assert connection.pool.in_condition(ORDINARY)[0].id == given.conversation_id
        assert ("POST", "/api/conversations") not in connection.client.sent
        assert connection.pool.notes == []
    assert list(stored(server)) == [given.conversation_id]


def test_a_target_without_creation_is_asked_for_none_a_second_time() -> None:
    class ReadOnly(AgnoServer):
        """Sessions come from elsewhere."""

        async def create(self, request: Request) -> Response:
            raise Refusal(403, "forbidden", "not here")

    server = ReadOnly(KEY)
    for type_ in SESSION_TYPES:
        now, name = server.now(), f"theirs-{type_}"
        server.sessions[type_, name] = Session(type_, name, "Theirs", None, None, None, None, now, now)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        for one in conditions("agno"):
            for kind in connection.target.dialect.kinds:
                with pytest.raises(NotTested, match="could not be had: POST /sessions creates none"):
                    connection.pool.in_condition(one, kind)
        creations = [entry for entry in connection.client.journal.since(0) if entry.exchange.request.method == "POST"]
        assert len(creations) == 6
        assert connection.pool.notes == []
    assert {session.session_name for session in server.sessions.values()} == {"Theirs"}


def test_a_session_that_is_made_and_not_shown_is_none() -> None:
    class Hides(AgnoServer):
        """Sessions without a name are stored, and shown nowhere."""

        def visible(self, session: Session, scope: Scope) -> bool:
            return bool(session.session_name) and super().visible(session, scope)

    server = Hides(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        with pytest.raises(NotTested, match="neither its reading nor the listing shows it"):
            connection.pool.in_condition(condition("agno", "created without a name"))


def test_a_target_that_gives_ids_of_its_own_is_not_taken_for_one_that_lets_the_client_choose() -> None:
    server = OwnIds(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        with pytest.raises(NotTested, match="the target made a session with the id"):
            connection.pool.in_condition(condition("agno", "is base64url"))
        assert connection.pool.in_condition(condition("agno", "created without a name"))
    assert not stored(server)


def test_further_messages_are_sent_until_a_conversation_has_them() -> None:
    server = DifyServer(KEY)
    with serve(server) as url, opened("dify", url) as connection:
        connection.prepare()
        (session,) = connection.pool.in_condition(condition("dify", "three messages"))
        assert len(server.conversations[session.id].queries) == 3
    assert not stored(server)


# -- what is somebody's


def _make_theirs(url: str, session_id: str, kind: str = "agent") -> None:
    body = {"session_id": session_id, "session_name": "Theirs", "user_id": "somebody"}
    headers = {"Authorization": f"Bearer {KEY}"}
    requests.post(f"{url}/sessions?type={kind}", json=body, headers=headers, timeout=10).raise_for_status()


def theirs(server: AgnoServer) -> Iterator[Session]:
    return (session for session in server.sessions.values() if session.user_id == "somebody")


@pytest.mark.parametrize("kind", ["agent", "team", "workflow"])
def test_an_id_that_others_may_choose_is_used_only_where_nobody_has_it(kind: str) -> None:
    server = AgnoServer(KEY)
    short = condition("agno", "is 1 character")
    with serve(server) as url:
        for letter in "JKQVXZjkqvxz":
            _make_theirs(url, letter, kind)
        with opened("agno", url) as connection:
            connection.prepare()
            with pytest.raises(NotTested, match=r"is there already|may be taken for that of session"):
                connection.pool.in_condition(short)
        assert len(server.sessions) == 12
        assert {(session.session_name, session.type) for session in theirs(server)} == {("Theirs", kind)}


def test_an_id_that_others_may_choose_is_not_used_where_the_listing_does_not_show_it_all() -> None:
    class Unlisted(AgnoServer):
        """The listing fails for teams."""

        async def list_sessions(self, request: Request) -> Response:
            if request.query_params.get("type") == "team":
                return self.respond(500, {"detail": "oops"})
            return await super().list_sessions(request)

    server = Unlisted(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        for words in ("is 1 character", "is digits only"):
            with pytest.raises(NotTested, match="may be somebody's: reading the listing failed"):
                connection.pool.in_condition(condition("agno", words))
        assert connection.pool.in_condition(condition("agno", "is 64 characters"))
    assert not stored(server)


def test_a_session_with_an_id_that_others_may_choose_is_not_deleted_where_its_creation_did_not_show_it() -> None:
    class Vague(AgnoServer):
        """A creation under a short id is done, and answered 500."""

        async def create(self, request: Request) -> Response:
            answer = await super().create(request)
            made = json.loads(bytes(answer.body))
            return self.respond(500, {"detail": "oops"}) if len(made["session_id"]) == 1 else answer

    server = Vague(KEY)
    with serve(server) as url, opened("agno", url) as connection:
        connection.prepare()
        with pytest.raises(NotTested, match="it answered 500"):
            connection.pool.in_condition(condition("agno", "is 1 character"))
    (left,) = connection.pool.leftovers
    assert list(stored(server)) == [left.id]
    assert "may be of this run" in left.what


# -- users


@pytest.mark.parametrize("system", ["dify", "agno"])
def test_a_session_of_any_user_is_shown_renamed_and_deleted_and_that_users_others_are_left_alone(system: str) -> None:
    server = SERVERS[system](KEY)
    users = cases(system).users("rename-tck")
    with serve(server) as url:
        if system == "dify":
            kept = {server.open(user.user_id, "theirs", {}, False).id for user in users}
        else:
            for number in range(len(users)):
                _make_theirs(url, f"theirs-{number}-6e9b2f4c3d1a4c57")
            kept = set(stored(server))
        with opened(system, url) as connection:
            connection.prepare()
            for user in users:
                (session,) = connection.pool.in_condition(ORDINARY, user=user)
                assert session.owner == user.user_id
                assert session.first_listed is not None
                assert session.id not in kept
                request = connection.target.dialect.rename(session, connection.target.dialect.body(session, "New"))
                assert connection.client.send(request).status == 200
                assert connection.target.dialect.name_in(connection.target.reader.read(session) or {}) == "New"
            assert len(connection.target.reader.read_all(connection.pool.in_use)) >= len(users)
        assert connection.pool.leftovers == []
    assert set(stored(server)) == kept


def test_what_is_there_for_a_user_is_not_taken_for_what_a_creation_for_another_may_have_made() -> None:
    class Vague(DifyServer):
        """A message of the run's own user opens a conversation from the second on, and is answered 500."""

        async def chat(self, request: Request) -> Response:
            answer = await super().chat(request)
            alone = [one for one in self.conversations.values() if one.user == "rename-tck"]
            return self.respond(500, {"code": "internal_error"}) if len(alone) > 1 else answer

    server = Vague(KEY)
    user = cases("dify").users("rename-tck")[2]
    there = server.open(str(user.user_id), "theirs", {}, False).id
    with serve(server) as url, opened("dify", url) as connection:
        connection.prepare()
        assert connection.pool.fresh(None) is None
        pool: SessionPool = connection.pool
        with pytest.raises(NotTested):
            pool.in_condition(ORDINARY, user=user)
    assert there not in {one.id for one in connection.pool.leftovers}
    assert there in stored(server)


# -- scopes


def test_every_scope_is_accepted_of_a_session_where_the_target_says_that_it_is() -> None:
    with serve(AgnoServer(KEY)) as url, opened("agno", url) as connection:
        connection.prepare()
        dialect, pool = connection.target.dialect, connection.pool
        for kind, scope in product(dialect.kinds, cases("agno").scopes):
            (session,) = pool.in_condition(ORDINARY, kind)
            storage = pool.storage.of(session)
            if not scope.fits(dialect, session, storage):
                assert kind != "agent"
                continue
            assert storage == Storage("embedded-db", "agno_sessions")
            query = scope.query(dialect, session, storage)
            renamed = connection.client.send(dialect.rename(session, dialect.body(session, scope.label), query=query))
            assert renamed.status == 200, scope.label
            assert dialect.name_in(connection.target.reader.read(session) or {}) == scope.label
        asked = [entry for entry in connection.client.journal.since(0) if entry.exchange.request.path == "/config"]
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"databases": ["a", "embedded-db"]}, Storage("embedded-db")),
        ({"databases": ["a", 1], "session": {"dbs": [{"db_id": "b", "tables": ["c"]}]}}, None),
        (
            {"session": {"dbs": [{"db_id": "a", "tables": []}, {"db_id": "embedded-db", "tables": ["x", 1]}]}},
            Storage("embedded-db"),
        ),
        ({"databases": "embedded-db"}, None),
        ([], None),
    ],
)
def test_where_a_session_is_kept_is_what_its_reading_shows(answer: object, found: Storage | None) -> None:
    class Configured(AgnoServer):
        """It says something else of its databases."""

        def render_config(self) -> Any:
            return answer

    with serve(Configured(KEY)) as url, opened("agno", url) as connection:
        connection.prepare()
        assert connection.pool.storage.of(connection.pool.any()) == found


@pytest.mark.parametrize("system", ["dify", "openhands"])
def test_other_systems_name_no_place(system: str) -> None:
    with serve(SERVERS[system](KEY)) as url, opened(system, url) as connection:
        connection.prepare()
        sent = len(connection.client.journal)
        assert connection.pool.storage.of(connection.pool.any()) is None
        assert len(connection.client.journal) == sent
