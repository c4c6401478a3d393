"""What only Agno's document states: session types, the scope of a user, databases and tables, the shape of errors."""

import re
from collections.abc import Iterator

import pytest

from rename_tck.cases import bodies, ids
from rename_tck.checks import rename_series
from rename_tck.checks.context import Bench
from rename_tck.client.exchange import Credential, Exchange, Request
from rename_tck.systems.agno import SHAPES
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import NotTested

requirement = pytest.mark.requirement


def _of_each_type(bench: Bench) -> Iterator[Session]:
    """A session of each type. After those that could be had, not tested if one could not."""
    missing = []
    for kind in bench.dialect.kinds:
        try:
            yield bench.session(kind)
        except NotTested as trouble:
            missing.append(str(trouble))
    bench.needs(not missing, "; ".join(missing))


# -- the body


@requirement("agno.session-name-required")
def test_a_request_without_session_name_is_refused(bench: Bench) -> None:
    session = bench.some_session()
    twin = bench.rename(session, bench.name())
    misnamed = bodies.misnamed(bench.body(session), "session_name")
    for case, body in bench.cases((("an empty object", {}), ("another member", {"name": "x"}), *misnamed)):
        bench.refuse(f"{case}, no session_name", bench.dialect.rename(session, body), twin)
    query = (*bench.dialect.query(session), ("session_name", "x"))
    for _ in bench.cases([None]):
        case = "session_name in the query, none in the body"
        bench.refuse(case, bench.dialect.rename(session, {}, query=query), twin)


@requirement("agno.session-name-string")
def test_a_session_name_that_is_no_string_is_refused(bench: Bench) -> None:
    session = bench.some_session()
    twin = bench.rename(session, bench.name())
    for wrong in bench.cases(bodies.wrong_for("string")):
        faulty = bench.dialect.rename(session, {"session_name": wrong.value})
        bench.refuse(f"a session_name that is {wrong.label}", faulty, twin)


# -- type


@requirement("agno.type-accepted")
def test_sessions_of_each_type_can_be_renamed(bench: Bench) -> None:
    for session in bench.cases(_of_each_type(bench)):
        name = bench.name()
        case = f"a session of type {session.kind}"
        exchange = bench.give(session, name, case)
        bench.stored_if_readable(session, name, case, exchange)


@requirement("agno.type-validated")
def test_a_type_that_does_not_exist_is_refused_with_422(bench: Bench) -> None:
    session = bench.some_session()
    body = bench.body(session)
    twin = bench.dialect.rename(session, body)
    for text in bench.cases(("nosuchtype", "AGENT", "agents", "agent ", "null", "0", "user", "agent,team")):
        faulty = bench.dialect.rename(session, body, query=(("type", text),))
        bench.refuse(f"type={text!r}", faulty, twin, statuses=(422,))
    if session.owner is not None:
        for _ in bench.cases([None]):
            query = (("type", "nosuchtype"), ("user_id", session.owner))
            case = "type='nosuchtype' beside the session's own user_id"
            bench.refuse(case, bench.dialect.rename(session, body, query=query), twin, statuses=(422,))


@requirement("agno.type-default-agent")
def test_the_type_defaults_to_agent(bench: Bench) -> None:
    session = bench.session("agent")
    for _ in bench.cases(range(2)):
        name = bench.name()
        exchange = bench.accept(
            bench.dialect.rename(session, bench.body(session, name), query=()), "an agent session, type left out"
        )
        value = bench.json(exchange, "an agent session, type left out")
        for error in bench.contract.answer_errors(200, value, SHAPES["agent"]):
            bench.fail(
                "an agent session, type left out", f"the shape of an agent session, but {error.message}", exchange
            )
        bench.expect_equal(
            session.id, members(value).get("session_id"), "an agent session, type left out: the id", exchange
        )
        bench.stored_if_readable(session, name, "an agent session, type left out", exchange)


@requirement("agno.answer-shape-of-type")
def test_the_answer_has_the_shape_of_the_sessions_type(bench: Bench) -> None:
    for session in bench.cases(_of_each_type(bench)):
        assert session.kind is not None
        case = f"a session of type {session.kind}"
        exchange = bench.accept(bench.rename(session, bench.name()), case)
        value = bench.json(exchange, case)
        for error in bench.contract.answer_errors(200, value, SHAPES[session.kind]):
            bench.fail(case, f"the shape of {SHAPES[session.kind]}, but {error.message}", exchange)
        # additional members are no fault, but those of another type in place of its own make it another shape
        of_types = {kind: members(value).keys() & own for kind, own in _own_members(bench).items()}
        foreign = sorted(kind for kind, found in of_types.items() if found and kind != session.kind)
        if foreign and not of_types[session.kind]:
            bench.fail(
                case, f"the shape of {SHAPES[session.kind]}, not members that only {SHAPES[foreign[0]]} has", exchange
            )


def _own_members(bench: Bench) -> dict[str, set[str]]:
    """The members that only one type of session has, by the document's schemas."""
    named = {kind: set(bench.contract.component(shape).get("properties", ())) for kind, shape in SHAPES.items()}
    return {kind: own - set().union(*(named[other] for other in named if other != kind)) for kind, own in named.items()}


@requirement("agno.other-type-not-renamed")
def test_a_session_is_not_renamed_under_another_type(bench: Bench) -> None:
    session = bench.some_session()
    before = bench.prepare(session)
    for kind in bench.cases(bench.dialect.kinds):
        if kind is None or kind == session.kind:
            continue
        exchange = bench.send(bench.dialect.rename(session, bench.body(session), query=(("type", kind),)))
        if not 400 <= exchange.status < 500:
            bench.fail(f"a session of type {session.kind} under type {kind}", "a 4xx status", exchange)
        bench.stored_if_readable(session, before, f"a session of type {session.kind} under type {kind}", exchange)
    for other in bench.cases(bench.one_of_each_kind()):
        if other.kind == "agent":
            continue
        before = bench.prepare(other)
        exchange = bench.send(bench.dialect.rename(other, bench.body(other), query=()))
        case = f"a session of type {other.kind}, type left out, which is agent then"
        if not 400 <= exchange.status < 500:
            bench.fail(case, "a 4xx status", exchange)
        bench.stored_if_readable(other, before, case, exchange)


# -- scope


@requirement("agno.user-scope-own")
def test_a_rename_scoped_to_the_sessions_own_user_is_accepted(bench: Bench) -> None:
    session = bench.some_session()
    bench.needs(session.owner, "the session belongs to no user: lend one that does, or let the suite create one")
    name = bench.name()
    query = (*bench.dialect.query(session), ("user_id", str(session.owner)))
    exchange = bench.accept(
        bench.dialect.rename(session, bench.body(session, name), query=query), "the session's own user_id"
    )
    bench.expect_answered(exchange, name, "the session's own user_id")
    bench.stored_if_readable(session, name, "the session's own user_id", exchange)


@requirement("agno.user-scope-other")
def test_a_rename_scoped_to_another_user_finds_nothing(bench: Bench) -> None:
    sessions = [session for session in bench.one_of_each_kind() if session.owner]
    bench.needs(sessions, "the session belongs to no user: lend one that does, or let the suite create one")
    for session in bench.cases(sessions):
        _hidden_from_others(bench, session)


def _hidden_from_others(bench: Bench, session: Session) -> None:
    before = bench.prepare(session)
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
    for case, other in bench.cases(others.items()):
        if other in {"", owner}:
            continue
        query = (*(() if "left out" in case else bench.dialect.query(session)), ("user_id", other))
        exchange = bench.send(bench.dialect.rename(session, bench.body(session), query=query))
        if not 400 <= exchange.status < 500:
            bench.fail(case, "a 4xx status (404): the user has no such session", exchange)
        bench.stored_if_readable(session, before, f"{case}, refused", exchange)


def _database(bench: Bench) -> tuple[tuple[str, str], ...]:
    """The query that names the target's only database; empty where it has several, or does not say."""
    answer = bench.target.sut.send(Request("GET", "/config")).answer
    found = members(answer.value).get("databases") if answer is not None else None
    only = found[0] if isinstance(found, list) and len(found) == 1 else None
    return (("db_id", only),) if isinstance(only, str) else ()


@requirement("agno.db-id-unknown")
def test_an_unknown_db_id_is_a_documented_error(bench: Bench) -> None:
    session = bench.some_session()
    before = bench.prepare(session)
    body = bench.body(session)
    query = (*bench.dialect.query(session), ("db_id", f"no-such-db-{bench.target.token}"))
    exchange = bench.send(bench.dialect.rename(session, body, query=query))
    documented = [status for status in bench.contract.statuses if 400 <= status < 500]
    if exchange.status not in documented:
        bench.fail("an unknown db_id", f"a documented error: {', '.join(map(str, documented))}", exchange)
    bench.stored_if_readable(session, before, "an unknown db_id, refused", exchange)
    bench.prove(bench.dialect.rename(session, body))
    known = _database(bench)
    case = f"the target's own db_id, {known[0][1]!r}" if known else "no db_id"
    bench.accept(bench.dialect.rename(session, body, query=(*bench.dialect.query(session), *known)), case)


@requirement("agno.table-unknown")
def test_an_unknown_table_is_a_documented_error(bench: Bench) -> None:
    session = bench.some_session()
    before = bench.prepare(session)
    body = bench.body(session)
    query = (*bench.dialect.query(session), ("table", f"no_such_table_{bench.target.token}"))
    exchange = bench.send(bench.dialect.rename(session, body, query=query))
    documented = [status for status in bench.contract.statuses if 400 <= status < 500]
    if exchange.status not in documented:
        bench.fail("an unknown table", f"a documented error: {', '.join(map(str, documented))}", exchange)
    bench.stored_if_readable(session, before, "an unknown table, refused", exchange)
    bench.prove(bench.dialect.rename(session, body))


# -- errors


def _refusals(bench: Bench) -> list[tuple[str, Exchange]]:
    """Requests that are refused for many reasons, sent once and judged in several respects."""
    fresh = Bench(bench.target, None)
    found: list[tuple[str, Exchange]] = bench.shared("refusals", lambda: list(_refuse(fresh)))
    return found


def _refuse(bench: Bench) -> Iterator[tuple[str, Exchange]]:
    """Requests that are refused for many reasons."""
    session = bench.some_session()
    dialect = bench.dialect
    for case, request in bench.faulty(session, bench.name()):
        yield case, bench.send(request)
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY):
        yield f"a body that is {raw.label}", bench.send(dialect.rename(session, None, raw=raw.raw))
    for odd_query in bench.system_cases.odd_queries(session):
        request = dialect.rename(session, bench.body(session), query=odd_query.query)
        yield odd_query.label, bench.send(request)
    yield "an empty session_name", bench.send(bench.rename(session, ""))
    yield "a session_name with a NUL", bench.send(bench.rename(session, "nul\0"))
    if bench.target.sut.connection.key is not None:
        for credential in (Credential.NONE, Credential.WRONG):
            yield (
                f"{credential.name.lower()} credential",
                bench.send(bench.rename(session, bench.name()).with_credential(credential)),
            )
    made_up = bench.dialect.unknown_id(f"{bench.target.token}/errors")
    bench.target.sut.guard.know(made_up)
    for kind in dialect.kinds:
        yield (
            f"an unknown id, type {kind}",
            bench.send(bench.rename(Session(made_up, "listed", kind), bench.name()), live=False),
        )
    for odd in ids.odd_ids(bench.target.token):
        if not odd.generic and not odd.may_leave_route:
            bench.target.sut.guard.know_segment(odd.encoded)
            request = dialect.rename(session, bench.body(session), encoded_id=odd.encoded)
            yield f"an id that is odd: {odd.label}", bench.send(request, live=False)


def _error_shape(bench: Bench, status: int) -> None:
    """Judge every answer of this status that the run has seen, whatever its cause."""
    if not bench.resend():
        _refusals(bench)
    found = bench.answered(status)
    for exchange in found:
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            bench.fail(f"the content type of a {status} answer", "application/json", exchange)
        for error in bench.contract.answer_errors(status, bench.json(exchange, f"a {status} answer")):
            bench.fail(f"a {status} answer", f"the documented shape, but {error.message}", exchange)
    needs_key = status == 401 and bench.target.sut.connection.key is None
    bench.needs(not needs_key, "no API key given: set RENAME_TCK_API_KEY, so that its absence can be tried")
    bench.needs(found, f"no request of the run was answered with {status}")


@requirement("agno.error-400-shape", last=True)
def test_every_400_has_the_documented_shape(bench: Bench) -> None:
    _error_shape(bench, 400)


@requirement("agno.error-401-shape", last=True)
def test_every_401_has_the_documented_shape(bench: Bench) -> None:
    _error_shape(bench, 401)


@requirement("agno.error-404-shape", last=True)
def test_every_404_has_the_documented_shape(bench: Bench) -> None:
    _error_shape(bench, 404)


@requirement("agno.error-422-shape", last=True)
def test_every_422_has_the_documented_shape(bench: Bench) -> None:
    _error_shape(bench, 422)


# -- the answer

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


@requirement("agno.timestamps-date-time")
def test_timestamps_are_date_times_or_null(bench: Bench) -> None:
    steps = [
        step for step in rename_series.run(bench).accepted() if {"created_at", "updated_at"} & step.answered.keys()
    ]
    bench.needs(steps, "no answer carried created_at or updated_at")
    for step in steps:
        for member in ("created_at", "updated_at"):
            found = step.answered.get(member)
            if found is not None and not (isinstance(found, str) and _DATE_TIME.fullmatch(found)):
                bench.fail(
                    f"{step.case}: {member} in the answer",
                    "an RFC 3339 date-time with its offset, or null",
                    step.exchange,
                )
