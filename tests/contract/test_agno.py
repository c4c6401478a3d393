"""What only Agno's document states: session types, the scope of a user, databases and tables, the shape of errors."""

import re
from collections.abc import Iterator

import pytest

from rename_tck.cases import bodies, ids
from rename_tck.checks import rename_series
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Credential, Exchange, Request
from rename_tck.systems.agno import SHAPES
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import NotTested

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
        check.refuse(f"{case}, no session_name", check.dialect.rename(session, body), control)
    query = (*check.dialect.query(session), ("session_name", "x"))
    for _ in check.cases([None]):
        case = "session_name in the query, none in the body"
        check.refuse(case, check.dialect.rename(session, {}, query=query), control)


@requirement("agno.session-name-string")
def test_a_session_name_that_is_no_string_is_refused(check: CheckContext) -> None:
    session = check.some_session()
    control = check.rename(session, check.name())
    for wrong in check.cases(bodies.wrong_for("string")):
        faulty = check.dialect.rename(session, {"session_name": wrong.value})
        check.refuse(f"a session_name that is {wrong.label}", faulty, control)


# -- type


@requirement("agno.type-accepted")
def test_sessions_of_each_type_can_be_renamed(check: CheckContext) -> None:
    for session in check.cases(_of_each_type(check)):
        name = check.name()
        case = f"a session of type {session.kind}"
        exchange = check.rename_and_expect(session, name, case)
        check.stored_if_readable(session, name, case, exchange)


@requirement("agno.type-validated")
def test_a_type_that_does_not_exist_is_refused_with_422(check: CheckContext) -> None:
    session = check.some_session()
    body = check.body(session)
    control = check.dialect.rename(session, body)
    for text in check.cases(("nosuchtype", "AGENT", "agents", "agent ", "null", "0", "user", "agent,team")):
        faulty = check.dialect.rename(session, body, query=(("type", text),))
        check.refuse(f"type={text!r}", faulty, control, statuses=(422,))
    if session.owner is not None:
        for _ in check.cases([None]):
            query = (("type", "nosuchtype"), ("user_id", session.owner))
            case = "type='nosuchtype' beside the session's own user_id"
            check.refuse(case, check.dialect.rename(session, body, query=query), control, statuses=(422,))


@requirement("agno.type-default-agent")
def test_the_type_defaults_to_agent(check: CheckContext) -> None:
    session = check.session("agent")
    for _ in check.cases(range(2)):
        name = check.name()
        exchange = check.accept(
            check.dialect.rename(session, check.body(session, name), query=()), "an agent session, type left out"
        )
        value = check.json(exchange, "an agent session, type left out")
        for error in check.contract.answer_errors(200, value, SHAPES["agent"]):
            check.fail(
                "an agent session, type left out", f"the shape of an agent session, but {error.message}", exchange
            )
        check.expect_equal(
            session.id, members(value).get("session_id"), "an agent session, type left out: the id", exchange
        )
        check.stored_if_readable(session, name, "an agent session, type left out", exchange)


@requirement("agno.answer-shape-of-type")
def test_the_answer_has_the_shape_of_the_sessions_type(check: CheckContext) -> None:
    for session in check.cases(_of_each_type(check)):
        assert session.kind is not None
        case = f"a session of type {session.kind}"
        exchange = check.accept(check.rename(session, check.name()), case)
        value = check.json(exchange, case)
        for error in check.contract.answer_errors(200, value, SHAPES[session.kind]):
            check.fail(case, f"the shape of {SHAPES[session.kind]}, but {error.message}", exchange)
        # additional members are no fault, but those of another type in place of its own make it another shape
        of_types = {kind: members(value).keys() & own for kind, own in _own_members(check).items()}
        foreign = sorted(kind for kind, found in of_types.items() if found and kind != session.kind)
        if foreign and not of_types[session.kind]:
            check.fail(
                case, f"the shape of {SHAPES[session.kind]}, not members that only {SHAPES[foreign[0]]} has", exchange
            )


def _own_members(check: CheckContext) -> dict[str, set[str]]:
    """The members that only one type of session has, by the document's schemas."""
    named = {kind: set(check.contract.component(shape).get("properties", ())) for kind, shape in SHAPES.items()}
    return {kind: own - set().union(*(named[other] for other in named if other != kind)) for kind, own in named.items()}


@requirement("agno.other-type-not-renamed")
def test_a_session_is_not_renamed_under_another_type(check: CheckContext) -> None:
    session = check.some_session()
    before = check.prepare(session)
    for kind in check.cases(check.dialect.kinds):
        if kind is None or kind == session.kind:
            continue
        exchange = check.send(check.dialect.rename(session, check.body(session), query=(("type", kind),)))
        if not 400 <= exchange.status < 500:
            check.fail(f"a session of type {session.kind} under type {kind}", "a 4xx status", exchange)
        check.stored_if_readable(session, before, f"a session of type {session.kind} under type {kind}", exchange)
    for other in check.cases(check.one_of_each_kind()):
        if other.kind == "agent":
            continue
        before = check.prepare(other)
        exchange = check.send(check.dialect.rename(other, check.body(other), query=()))
        case = f"a session of type {other.kind}, type left out, which is agent then"
        if not 400 <= exchange.status < 500:
            check.fail(case, "a 4xx status", exchange)
        check.stored_if_readable(other, before, case, exchange)


# -- scope


@requirement("agno.user-scope-own")
def test_a_rename_scoped_to_the_sessions_own_user_is_accepted(check: CheckContext) -> None:
    session = check.some_session()
    check.needs(session.owner, "the session belongs to no user: lend one that does, or let the suite create one")
    name = check.name()
    query = (*check.dialect.query(session), ("user_id", str(session.owner)))
    exchange = check.accept(
        check.dialect.rename(session, check.body(session, name), query=query), "the session's own user_id"
    )
    check.expect_answered(exchange, name, "the session's own user_id")
    check.stored_if_readable(session, name, "the session's own user_id", exchange)


@requirement("agno.user-scope-other")
def test_a_rename_scoped_to_another_user_finds_nothing(check: CheckContext) -> None:
    sessions = [session for session in check.one_of_each_kind() if session.owner]
    check.needs(sessions, "the session belongs to no user: lend one that does, or let the suite create one")
    for session in check.cases(sessions):
        _hidden_from_others(check, session)


def _hidden_from_others(check: CheckContext, session: Session) -> None:
    before = check.prepare(session)
    owner = str(session.owner)
    others = {
        "another user's user_id": f"{owner}-someone-else",
        "the user_id, cut by a character": owner[:-1],
        "the user_id in the other case": owner.swapcase(),
        "the user_id, ending in a wildcard": f"{owner[:-1]}%",
        "the user_id, ending in a wildcard for one character": f"{owner[:-1]}_",
        "the user_id, with a blank behind": f"{owner} ",
        "a user_id of 3,000 characters": f"{owner}{'u' * 3000}"[:3000],
        "another user's user_id, type left out": f"{owner}-someone-else",
    }
    for case, other in check.cases(others.items()):
        if other in {"", owner}:
            continue
        query = (*(() if "left out" in case else check.dialect.query(session)), ("user_id", other))
        exchange = check.send(check.dialect.rename(session, check.body(session), query=query))
        if not 400 <= exchange.status < 500:
            check.fail(case, "a 4xx status (404): the user has no such session", exchange)
        check.stored_if_readable(session, before, f"{case}, refused", exchange)


def _database(check: CheckContext) -> tuple[tuple[str, str], ...]:
    """The query that names the target's only database; empty where it has several, or does not say."""
    answer = check.target.client.send(Request("GET", "/config")).answer
    found = members(answer.value).get("databases") if answer is not None else None
    only = found[0] if isinstance(found, list) and len(found) == 1 else None
    return (("db_id", only),) if isinstance(only, str) else ()


@requirement("agno.db-id-unknown")
def test_an_unknown_db_id_is_a_documented_error(check: CheckContext) -> None:
    session = check.some_session()
    before = check.prepare(session)
    body = check.body(session)
    query = (*check.dialect.query(session), ("db_id", f"no-such-db-{check.target.token}"))
    exchange = check.send(check.dialect.rename(session, body, query=query))
    documented = [status for status in check.contract.statuses if 400 <= status < 500]
    if exchange.status not in documented:
        check.fail("an unknown db_id", f"a documented error: {', '.join(map(str, documented))}", exchange)
    check.stored_if_readable(session, before, "an unknown db_id, refused", exchange)
    check.require_control_accepted(check.dialect.rename(session, body))
    known = _database(check)
    case = f"the target's own db_id, {known[0][1]!r}" if known else "no db_id"
    check.accept(check.dialect.rename(session, body, query=(*check.dialect.query(session), *known)), case)


@requirement("agno.table-unknown")
def test_an_unknown_table_is_a_documented_error(check: CheckContext) -> None:
    session = check.some_session()
    before = check.prepare(session)
    body = check.body(session)
    query = (*check.dialect.query(session), ("table", f"no_such_table_{check.target.token}"))
    exchange = check.send(check.dialect.rename(session, body, query=query))
    documented = [status for status in check.contract.statuses if 400 <= status < 500]
    if exchange.status not in documented:
        check.fail("an unknown table", f"a documented error: {', '.join(map(str, documented))}", exchange)
    check.stored_if_readable(session, before, "an unknown table, refused", exchange)
    check.require_control_accepted(check.dialect.rename(session, body))


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
        yield case, check.send(request)
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY):
        yield f"a body that is {raw.label}", check.send(dialect.rename(session, None, raw=raw.raw))
    for odd_query in check.system_cases.odd_queries(session):
        request = dialect.rename(session, check.body(session), query=odd_query.query)
        yield odd_query.label, check.send(request)
    yield "an empty session_name", check.send(check.rename(session, ""))
    yield "a session_name with a NUL", check.send(check.rename(session, "nul\0"))
    if check.target.client.connection.key is not None:
        for credential in (Credential.NONE, Credential.WRONG):
            yield (
                f"{credential.name.lower()} credential",
                check.send(check.rename(session, check.name()).with_credential(credential)),
            )
    made_up = check.unknown_session("errors").id
    for kind in dialect.kinds:
        yield (
            f"an unknown id, type {kind}",
            check.send(check.rename(Session(made_up, "listed", kind), check.name()), live=False),
        )
    for odd in ids.odd_ids(check.target.token):
        if odd.own and not odd.may_leave_route and check.is_nobodys(odd):
            request = dialect.rename(session, check.body(session), encoded_id=odd.encoded)
            yield f"an id that is odd: {odd.label}", check.send(request, live=False)


def _error_shape(check: CheckContext, status: int) -> None:
    """Judge every answer of this status that the run has seen, whatever its cause."""
    if not check.resend():
        _refusals(check)
    found = check.answered(status)
    for exchange in found:
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            check.fail(f"the content type of a {status} answer", "application/json", exchange)
        for error in check.contract.answer_errors(status, check.json(exchange, f"a {status} answer")):
            check.fail(f"a {status} answer", f"the documented shape, but {error.message}", exchange)
    needs_key = status == 401 and check.target.client.connection.key is None
    check.needs(not needs_key, "no API key given: set RENAME_TCK_API_KEY, so that its absence can be tried")
    check.needs(found, f"no request of the run was answered with {status}")


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
    for step in steps:
        for member in ("created_at", "updated_at"):
            found = step.answered.get(member)
            if found is not None and not (isinstance(found, str) and _DATE_TIME.fullmatch(found)):
                check.fail(
                    f"{step.case}: {member} in the answer",
                    "an RFC 3339 date-time with its offset, or null",
                    step.exchange,
                )
