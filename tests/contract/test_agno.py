"""What only Agno's document states: session types, the scope of a user, databases and tables, the shape of errors."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from rename_tck.cases import bodies, ids
from rename_tck.cases.spaces import DATABASES, TABLES, TYPES, USERS
from rename_tck.cases.users import OtherUser, lookalikes, may_be, other_users
from rename_tck.checks import rename_series
from rename_tck.checks.context import CheckContext
from rename_tck.checks.exploration import explore
from rename_tck.client.exchange import Credential, Exchange, Request
from rename_tck.client.journal import Purpose
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.agno import SHAPES
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import Aspect, NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(2, spread=5)


def _of_each_type(check: CheckContext) -> Iterator[Session]:
    """A session of each type. After those that could be had, not tested if one could not."""
    missing = []
    for kind in check.dialect.kinds:
        try:
            yield check.session(kind)
        except NotTested as trouble:
            missing.append(str(trouble))
    check.needs(not missing, "; ".join(missing))


# -- the body


@requirement("agno.session-name-required")
def test_a_request_without_session_name_is_refused(check: CheckContext) -> None:
    session = check.some_session()
    control = check.rename(session, check.name())
    misnamed = bodies.misnamed(check.body(session), "session_name")
    for case, body in check.cases((("an empty object", {}), ("another member", {"name": "x"}), *misnamed)):
        faulty = check.dialect.rename(session, body)
        check.refuse(f"{case}, no session_name", faulty, control, statuses=(422,))
    query = (*check.dialect.query(session), ("session_name", "x"))
    for case in check.cases(["session_name in the query, none in the body"]):
        check.refuse(case, check.dialect.rename(session, {}, query=query), control, statuses=(422,))


@requirement("agno.session-name-string")
def test_a_session_name_that_is_no_string_is_refused(check: CheckContext) -> None:
    session = check.some_session()
    control = check.rename(session, check.name())
    for wrong in check.cases(bodies.wrong_for("string")):
        faulty = check.dialect.rename(session, {"session_name": wrong.value})
        check.refuse(f"a session_name that is {wrong.label}", faulty, control, statuses=(422,))


# -- type


@requirement("agno.type-accepted")
def test_sessions_of_each_type_can_be_renamed(check: CheckContext) -> None:
    for session in check.cases(_of_each_type(check)):
        name = check.name()
        case = f"a session of type {session.kind}"
        try:
            exchange = check.rename_and_expect(session, name, case)
            check.stored_if_readable(session, name, case, exchange)
        except Nonconformance as failure:
            if (failure.aspect, check.dialect.kinds[0]) not in check.target.causes:
                failure.aspect = Aspect.OTHER  # it is the type: sessions of another are renamed
            raise


@requirement("agno.type-validated")
def test_a_type_that_does_not_exist_is_refused_with_422(check: CheckContext) -> None:
    session = check.some_session()
    body = check.body(session)
    control = check.dialect.rename(session, body)
    for text in check.cases(("nosuchtype", "AGENT", "agents", "agent ", "null", "0", "user", "agent,team")):
        faulty = check.dialect.rename(session, body, query=(("type", text),))
        check.refuse(f"type={text!r}", faulty, control, statuses=(422,))
    for case in check.cases(["type='nosuchtype' beside a body without session_name"]):
        check.refuse(case, check.dialect.rename(session, {}, query=(("type", "nosuchtype"),)), control, statuses=(422,))
    if session.owner is not None:
        for case in check.cases(["type='nosuchtype' beside the session's own user_id"]):
            query = (("type", "nosuchtype"), ("user_id", session.owner))
            check.refuse(case, check.dialect.rename(session, body, query=query), control, statuses=(422,))


@requirement("agno.type-default-agent")
def test_the_type_defaults_to_agent(check: CheckContext) -> None:
    session = check.session("agent")
    for case in check.cases(["an agent session, type left out"]):
        name = check.name()
        exchange = check.accept(check.dialect.rename(session, check.body(session, name), query=()), case)
        answered = members(check.json(exchange, case)).get("session_id")
        check.expect_equal(session.id, answered, f"{case}: the id in the answer", exchange)
        check.stored_if_readable(session, name, case, exchange)


@requirement("agno.answer-shape-of-type")
def test_the_answer_has_the_shape_of_the_sessions_type(check: CheckContext) -> None:
    steps = rename_series.run(check).accepted()
    for step in check.each(steps, lambda step: f"a session of type {step.session.kind}"):
        _has_the_shape_of_its_type(check, step.session, step.case, step.exchange)
    for session in check.cases([check.session("agent")]):
        case = "a session of type agent, type left out"
        exchange = check.accept(check.dialect.rename(session, check.body(session), query=()), case)
        _has_the_shape_of_its_type(check, session, case, exchange)


def _has_the_shape_of_its_type(check: CheckContext, session: Session, case: str, exchange: Exchange) -> None:
    assert session.kind is not None
    for error in check.contract.answer_errors(200, check.json(exchange, case), SHAPES[session.kind]):
        check.fail(case, f"the shape of {SHAPES[session.kind]}, but {error.message}", exchange)


def _of_other_types(check: CheckContext) -> Iterator[tuple[str, Session, tuple[tuple[str, str], ...]]]:
    """A session of each type, and each query that names another one: what to call it, the session, the query.

    Only of those that the run has made: on some databases such a rename writes the members of the other type, too.
    """
    for session in check.one_of_each_kind():
        if session.origin != "created":
            continue
        for kind in check.dialect.kinds:
            if kind is not None and kind != session.kind:
                yield f"a session of type {session.kind} under type {kind}", session, (("type", kind),)
        if session.kind != "agent":
            yield f"a session of type {session.kind}, type left out, which is agent then", session, ()


@requirement("agno.other-type-not-renamed")
def test_a_session_is_not_renamed_under_another_type(check: CheckContext) -> None:
    others = list(_of_other_types(check))
    check.needs(others, "it is tried only on sessions that the run makes itself, and it could make none")
    for case, session, query in check.cases(others):
        before = check.prepare(session)
        exchange = check.send(check.dialect.rename(session, check.body(session), query=query))
        if not 400 <= exchange.status < 500:
            check.fail(case, "a 4xx status", exchange)
        check.unchanged(session, before, f"{case}, refused with {exchange.status}", exchange)


@requirement("agno.name-stored")
def test_a_rename_that_is_done_under_another_type_is_stored(check: CheckContext) -> None:
    check.require_readable()
    for case, session, query in check.cases(_of_other_types(check)):
        name = check.name()
        request = check.dialect.rename(session, check.body(session, name), query=query)
        if check.once(request).status == 200:
            exchange = check.send(request)
            check.stored(session, name, f"{case}, answered with 200", exchange)


# -- scope


_OWNERLESS = (
    "no user_id is known that one of the sessions belongs to: give one that is read back with a user_id, or let the "
    "suite create one"
)


@requirement("agno.user-scope-own")
def test_a_rename_scoped_to_the_sessions_own_user_is_accepted(check: CheckContext) -> None:
    sessions = [session for session in check.one_of_each_kind() if session.owner]
    check.needs(sessions, _OWNERLESS)
    for session in check.cases(sessions):
        name, case = check.name(), "the session's own user_id"
        query = (*check.dialect.query(session), ("user_id", str(session.owner)))
        exchange = check.accept(check.dialect.rename(session, check.body(session, name), query=query), case)
        check.expect_answered(exchange, name, case)
        check.stored_if_readable(session, name, case, exchange)


@requirement("agno.user-scope-other")
def test_a_rename_scoped_to_another_user_finds_nothing(check: CheckContext) -> None:
    sessions = [session for session in check.one_of_each_kind() if session.owner]
    check.needs(sessions, _OWNERLESS)
    for session in check.cases(sessions):
        others = other_users(str(session.owner))
        for other in check.cases(others if session is sessions[0] else others[:3]):
            _hidden_from(check, session, other)
        kind = next(str(one) for one in check.dialect.kinds if one != session.kind)
        for case in check.cases([f"another user's user_id under type {kind}"]):
            _hidden_from(check, session, replace(others[0], label=case), query=(("type", kind),))
        for _ in check.cases(["type left out"] if session.kind == "agent" else []):
            _hidden_from(check, session, replace(others[0], label=f"{others[0].label}, type left out"), query=())


@requirement("agno.user-scope-lookalike")
def test_a_rename_scoped_to_a_user_of_a_similar_id_finds_nothing(check: CheckContext) -> None:
    sessions = [session for session in check.one_of_each_kind() if session.owner]
    check.needs(sessions, _OWNERLESS)
    for number, session in enumerate(check.cases(sessions)):
        alike = lookalikes(str(session.owner))
        for other in check.cases(alike if session is sessions[0] else alike[number :: len(sessions)]):
            _hidden_from(check, session, replace(other, refusable=True))


def _hidden_from(
    check: CheckContext, session: Session, other: OtherUser, query: tuple[tuple[str, str], ...] | None = None
) -> None:
    """Require that a rename on behalf of another user is answered with 404, or not accepted, and changes nothing."""
    before = check.prepare(session)
    scoped = (*(check.dialect.query(session) if query is None else query), ("user_id", other.user_id))
    exchange = check.send(check.dialect.rename(session, check.body(session), query=scoped))
    if other.refusable and exchange.status == 200:
        check.fail(other.label, "any status but 200: the session is not that user's", exchange)
    if not other.refusable and exchange.status != 404:
        check.fail(other.label, "status 404: the session is not that user's", exchange)
    check.unchanged(session, before, f"{other.label}, answered with {exchange.status}", exchange)


def _database(check: CheckContext, session: Session) -> str | None:
    """The db_id of the session's database: the one that the target names under which it is renamed; None else."""
    found: str | None = check.shared(f"database of {session.id}", lambda: _find_database(check, session))
    return found


def _find_database(check: CheckContext, session: Session) -> str | None:
    request = Request("GET", "/config")
    answer = check.target.client.send(request, Purpose.PREPARATION).answer
    named = members(answer.value).get("databases") if answer is not None else None
    for db_id in (named if isinstance(named, list) else [])[:8]:
        if isinstance(db_id, str):
            query = (*check.dialect.query(session), ("db_id", db_id))
            exchange = check.send(
                check.dialect.rename(session, check.body(session), query=query), purpose=Purpose.PREPARATION
            )
            if check.dialect.succeeded(exchange):
                return db_id
    return None


def _require_documented_error(
    check: CheckContext, session: Session, case: str, more: tuple[tuple[str, str], ...]
) -> None:
    """Require that a query with these parameters is refused with a documented error, and changes nothing."""
    before = check.prepare(session)
    query = (*check.dialect.query(session), *more)
    exchange = check.send(check.dialect.rename(session, check.body(session), query=query))
    documented = [status for status in check.contract.statuses if 400 <= status < 500]
    if exchange.status not in documented:
        check.fail(case, f"a documented error: {', '.join(map(str, documented))}", exchange)
    check.unchanged(session, before, f"{case}, refused with {exchange.status}", exchange)


@requirement("agno.db-id-unknown")
def test_an_unknown_db_id_is_a_documented_error(check: CheckContext) -> None:
    session = check.some_session()
    for unknown in check.cases(("no-such-db",)):
        _require_documented_error(check, session, "an unknown db_id", (("db_id", f"{unknown}-{check.target.token}"),))
    known = _database(check, session)
    for case in check.cases(["the target's own db_id" if known else "no db_id"]):
        query = (*check.dialect.query(session), *((("db_id", known),) if known else ()))
        check.accept(check.dialect.rename(session, check.body(session), query=query), case)


@requirement("agno.table-unknown")
def test_an_unknown_table_is_a_documented_error(check: CheckContext) -> None:
    session = check.some_session()
    known = _database(check, session)
    table = f"no_such_table_{check.target.token}"
    queries: dict[str, tuple[tuple[str, str], ...]] = {"an unknown table": (("table", table),)}
    if known is not None:
        queries["an unknown table beside the right db_id"] = (("db_id", known), ("table", table))
    for case, query in check.cases(queries.items()):
        _require_documented_error(check, session, case, query)
    check.require_control_accepted(check.rename(session, check.name()))


@pytest.mark.order(9, spread=3)
@requirement("agno.type-validated", "agno.user-scope-other", "agno.db-id-unknown", "agno.table-unknown")
def test_drawn_values_of_a_parameter_are_refused(check: CheckContext) -> None:
    assert check.requirement is not None
    session = check.some_session()
    owner, known = session.owner or "", None
    if check.requirement.id == "agno.user-scope-other":
        check.needs(owner, _OWNERLESS)
    if check.requirement.id in {"agno.db-id-unknown", "agno.table-unknown"}:
        known = _database(check, session)
    beside = (("db_id", known),) if known else ()

    def refused_type(value: str) -> None:
        request = check.dialect.rename(session, check.body(session), query=(("type", value),))
        check.require_refusal(f"type={value!r}", check.send(request), (422,))

    def hidden(value: str) -> None:
        _hidden_from(check, session, OtherUser(value, f"user_id={value!r}", "drawn"))

    def unknown_database(value: str) -> None:
        _require_documented_error(check, session, f"db_id={value!r}", (("db_id", value),))

    def unknown_table(value: str) -> None:
        _require_documented_error(check, session, f"table={value!r}", (*beside, ("table", value)))

    check.require_control_accepted(check.rename(session, check.name()))
    match check.requirement.id:
        case "agno.type-validated":
            explore(check, TYPES, refused_type, only=lambda value: value not in SHAPES)
        case "agno.user-scope-other":
            explore(check, USERS, hidden, only=lambda value: not may_be(owner, value))
        case "agno.db-id-unknown":
            explore(check, DATABASES, unknown_database, only=lambda value: not may_be(known or "", value))
        case _:
            explore(check, TABLES, unknown_table, only=lambda value: not may_be("agno_sessions", value))


@requirement("agno.name-stored")
def test_the_listing_of_a_users_sessions_shows_the_name(check: CheckContext) -> None:
    check.require_readable()
    for session in check.cases([one for one in check.one_of_each_kind() if one.owner]):
        name, case = check.name(), f"a session of type {session.kind}"
        exchange = check.rename_and_expect(session, name, case)
        listing = check.dialect.listing(session.kind, "")
        request = replace(listing, query=(*listing.query, ("user_id", str(session.owner))))

        shown = check.settled(partial(_listed_name, check, session, request), {name, None}.__contains__)
        if shown is not None:
            what = f"{case}: the name in the listing of its user's sessions"
            check.expect_equal(name, shown, what, exchange, Aspect.STORED)


def _listed_name(check: CheckContext, session: Session, request: Request) -> object:
    """The name with which a listing shows a session on its first page; None where it does not."""
    answer = check.target.client.send(request, Purpose.READING).answer
    page = check.dialect.page(request, answer) if answer is not None else None
    items = page.items if page is not None else []
    return next((check.dialect.name_in(one) for one in items if check.dialect.id_in(one) == session.id), None)


# -- errors


def _refusals(check: CheckContext) -> list[tuple[str, Exchange]]:
    """Requests that are refused for many reasons, sent once and judged in several respects."""
    fresh = CheckContext(check.target, None)
    found: list[tuple[str, Exchange]] = check.shared("refusals", lambda: list(_refuse(fresh)))
    return found


def _refuse(check: CheckContext) -> Iterator[tuple[str, Exchange]]:
    """Requests that are refused for many reasons."""
    session = check.some_session()
    dialect = check.dialect
    for case, request in check.faulty(session, check.name()):
        yield case, check.once(request, gathered=True)
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY):
        yield f"a body that is {raw.label}", check.once(dialect.rename(session, None, raw=raw.raw), gathered=True)
    for odd_query in check.system_cases.odd_queries(session):
        request = dialect.rename(session, check.body(session), query=odd_query.query)
        yield odd_query.label, check.once(request, gathered=True)
    yield "an empty session_name", check.once(check.rename(session, ""), gathered=True)
    yield "a session_name with a NUL", check.once(check.rename(session, "nul\0"), gathered=True)
    if check.target.client.connection.key is not None:
        for credential in (Credential.NONE, Credential.WRONG):
            yield (
                f"{credential.name.lower()} credential",
                check.once(check.rename(session, check.name()).with_credential(credential), gathered=True),
            )
    made_up = check.unknown_session(0, shared=True).id
    for kind in dialect.kinds:
        yield (
            f"an unknown id, type {kind}",
            check.once(check.rename(Session(made_up, "listed", kind), check.name()), live=False, gathered=True),
        )
    for odd in ids.odd_ids(check.target.token):
        request = dialect.rename(session, check.body(session), encoded_id=odd.encoded)
        if odd.own and not odd.may_leave_route and (check.was_sent(request) or check.is_nobodys(odd)):
            yield f"an id that is odd: {odd.label}", check.once(request, live=False, gathered=True)


def _error_shape(check: CheckContext, status: int) -> None:
    """Judge every answer of this status that the run has seen, whatever its cause."""
    if not check.resend():
        _refusals(check)
    found = check.answered(status)
    for exchange in check.each(found):
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            check.fail(f"the content type of a {status} answer", "application/json", exchange)
        for error in check.contract.answer_errors(status, check.json(exchange, f"a {status} answer")):
            check.fail(f"a {status} answer", f"the documented shape, but {error.message}", exchange)
    needs_key = status == 401 and check.target.client.connection.key is None
    check.needs(not needs_key, "no API key given: set RENAME_TCK_API_KEY, so that its absence can be tried")
    check.needs(found, f"no answer of the run that can be judged has the status {status}")


@requirement("agno.error-400-shape", last=True)
def test_every_400_has_the_documented_shape(check: CheckContext) -> None:
    _error_shape(check, 400)


@requirement("agno.error-401-shape", last=True)
def test_every_401_has_the_documented_shape(check: CheckContext) -> None:
    _error_shape(check, 401)


@requirement("agno.error-404-shape", last=True)
def test_every_404_has_the_documented_shape(check: CheckContext) -> None:
    _error_shape(check, 404)


@requirement("agno.error-422-shape", last=True)
def test_every_422_has_the_documented_shape(check: CheckContext) -> None:
    _error_shape(check, 422)


# -- the answer

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


@requirement("agno.timestamps-date-time")
def test_timestamps_are_date_times_or_null(check: CheckContext) -> None:
    steps = [
        step for step in rename_series.run(check).accepted() if {"created_at", "updated_at"} & step.answered.keys()
    ]
    check.needs(steps, "no answer carried created_at or updated_at")
    for step in check.each(steps):
        for member in ("created_at", "updated_at"):
            found = step.answered.get(member)
            if found is not None and not (isinstance(found, str) and _DATE_TIME.fullmatch(found)):
                check.fail(
                    f"{step.case}: {member} in the answer",
                    "an RFC 3339 date-time with its offset, or null",
                    step.exchange,
                )
