"""What only Agno's document states: session types, the scope of a user, databases and tables, the shape of errors."""

import re
from collections.abc import Iterator

import pytest

from rename_tck.cases import bodies, ids
from rename_tck.checks import controls, rename_series
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Credential, Exchange
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
    misnamed = bodies.misnamed(check.body(session), "session_name")
    for case, body in check.cases((("an empty object", {}), ("another member", {"name": "x"}), *misnamed)):
        of_a_type = check.session_for(case)
        faulty = check.dialect.rename(of_a_type, body)
        check.refuse(f"{case}, no session_name", faulty, check.control_of(of_a_type), statuses=(422,))
    control = check.control_of(session)
    query = (*check.dialect.query(session), ("session_name", "x"))
    for case in check.cases(["session_name in the query, none in the body"]):
        check.refuse(case, check.dialect.rename(session, {}, query=query), control, statuses=(422,))


@requirement("agno.session-name-string")
def test_a_session_name_that_is_no_string_is_refused(check: CheckContext) -> None:
    for wrong in check.cases(bodies.wrong_for("string")):
        session = check.session_for(wrong.label)
        control = check.control_of(session)
        faulty = check.dialect.rename(session, {"session_name": wrong.value})
        check.refuse(f"a session_name that is {wrong.label}", faulty, control, statuses=(422,))


# -- type


@requirement("agno.type-accepted")
def test_sessions_of_each_type_can_be_renamed(check: CheckContext) -> None:
    shown = {step.session.kind for step in rename_series.run(check).steps if step.shows_its_name(check.dialect)}
    for session in check.cases(_of_each_type(check)):
        if session.kind in shown:
            continue  # whatever becomes of others
        name = check.name()
        case = f"a session of type {session.kind}"
        try:
            exchange = check.rename_and_expect(session, name, case)
            check.stored_if_readable(session, name, case, exchange)
        except Nonconformance as failure:
            of_all = (failure.aspect, check.dialect.kinds[0]) in check.target.causes
            if not of_all and not controls.control(check, session).works:
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
            yield f"a session of type {session.kind}, with type left out (agent is the default)", session, ()


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
        request = dialect.rename(check.session_for(raw.label), None, raw=raw.raw)
        yield f"a body that is {raw.label}", check.once(request, gathered=True)
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
        if odd.own and not odd.may_leave_route and check.may_send(request, odd):
            yield f"an odd id: {odd.label}", check.once(request, live=False, gathered=True)


def _error_shape(check: CheckContext, status: int) -> None:
    """Judge every answer of this status that the run has seen, whatever its cause."""
    if not check.looks_back_alone():
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
