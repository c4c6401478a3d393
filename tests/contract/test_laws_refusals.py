"""The laws of refusal: unknown and odd ids, credentials, bodies that are none; and that a refusal changes nothing."""

from urllib.parse import urlencode

import pytest

from rename_tck.cases import bodies, credentials, ids
from rename_tck.checks import server_clock
from rename_tck.checks.context import Bench
from rename_tck.client.exchange import Credential, Exchange, Request, encode_json
from rename_tck.systems.dialect import Session
from rename_tck.verdict import NotTested

requirement = pytest.mark.requirement


def _unknown(bench: Bench, number: int = 0, kind: str | None = None) -> Session:
    """A session that does not exist, under an id made up for this run."""
    made_up = bench.dialect.unknown_id(f"{bench.target.token}/{bench.requirement and bench.requirement.id}/{number}")
    bench.target.sut.guard.know(made_up)
    live = bench.some_session()
    return Session(made_up, live.origin, kind or live.kind, live.owner)


def _like_a_live_one(bench: Bench) -> Session | None:
    """A session that does not exist, under an id that looks as those of the target do; None where one might."""
    live = bench.some_session()
    if live.origin != "created":
        return None
    bench.target.sut.guard.know(ids.another(live.id))
    return Session(ids.another(live.id), live.origin, live.kind, live.owner)


def _rename_unknown(bench: Bench, session: Session) -> Exchange:
    return bench.send(bench.rename(session, bench.name()), live=False)


@requirement("unknown-id-refused")
def test_an_unknown_session_is_not_renamed(bench: Bench) -> None:
    for number, kind in bench.cases(enumerate((*bench.dialect.kinds, None))):
        exchange = _rename_unknown(bench, _unknown(bench, number, kind))
        if 400 <= exchange.status < 500:
            continue
        if bench.dialect.unknown_answers_false:
            if exchange.status == 200 and bench.json(exchange, "an unknown id") is False:
                bench.evidence.refused += 1
                continue
            bench.fail("an unknown id", "a 4xx status, or false", exchange)
        bench.fail("an unknown id", "a 4xx status", exchange)
    live = bench.some_session()
    before = bench.prepare(live)
    # next to a session that was lent or found, somebody else's may bear such an id
    nearby = ids.near_ids(live.id, text=bench.dialect.ids_are_text) if live.origin == "created" else ()
    for near in bench.cases(nearby):
        bench.target.sut.guard.know_segment(near.encoded)
        exchange = bench.send(bench.dialect.rename(live, bench.body(live), encoded_id=near.encoded), live=False)
        said_no = bench.dialect.unknown_answers_false and exchange.answer is not None and exchange.answer.value is False
        if not 400 <= exchange.status < 500 and not said_no:
            bench.fail(f"an id that no session has: {near.label}", "a 4xx status", exchange)
        bench.stored_if_readable(live, before, f"an id that no session has: {near.label}", exchange)


@requirement("unknown-id-404")
def test_an_unknown_session_is_answered_with_404(bench: Bench) -> None:
    unknown = [_unknown(bench, number, kind) for number, kind in enumerate((*bench.dialect.kinds, None))]
    for session in bench.cases((*unknown, _like_a_live_one(bench))):
        exchange = _rename_unknown(bench, session) if session is not None else None
        if exchange is not None and exchange.status != 404:
            bench.fail("an unknown id", "status 404", exchange)
    bench.prove(bench.rename(bench.some_session(), bench.name()))


@requirement("unknown-id-creates-nothing")
def test_renaming_an_unknown_session_creates_none(bench: Bench) -> None:
    bench.require_readable()
    pool = bench.target.pool
    for number, kind in bench.cases(enumerate(bench.dialect.kinds)):
        session = _unknown(bench, number, kind)
        exchange = _rename_unknown(bench, session)
        again = _rename_unknown(bench, session)
        if exchange.status != again.status:
            bench.fail("an unknown id, for the second time", f"status {exchange.status}, as the first time", again)
        for what, found in (("read back", pool.read(session)), ("listed", _listed(bench, session))):
            if found is not None:
                case = f"an unknown id, {what} after its rename was answered with {exchange.status}"
                bench.fail(case, "no such session", exchange)
    bench.prove(bench.rename(bench.some_session(), bench.name()))


def _listed(bench: Bench, session: Session) -> object:
    items = bench.target.pool.listing(session.kind) or []
    return next((item for item in items if bench.dialect.id_in(item) == session.id), None)


@requirement("odd-ids-safe")
def test_odd_ids_are_refused_in_good_order(bench: Bench) -> None:
    session = bench.some_session()
    for odd in bench.cases(ids.odd_ids(bench.target.token)):
        bench.target.sut.guard.know_segment(odd.encoded)
        if odd.generic and not bench.target.pool.lacks(odd.encoded, session.kind):
            continue
        request = bench.dialect.rename(session, bench.body(session), encoded_id=odd.encoded)
        if odd.may_leave_route:
            bench.target.astray.add(request.path)
        exchange = bench.send(request, live=False)
        case = f"an id with {odd.label}" if odd.may_leave_route else f"an id that is odd: {odd.label}"
        if exchange.status >= 500:
            bench.fail(case, "a 4xx status, never a 5xx", exchange)
        assert exchange.answer is not None
        if exchange.answer.is_page:
            bench.fail(case, "an answer for programs, never an HTML page", exchange)
        if odd.may_leave_route or (bench.dialect.unknown_answers_false and exchange.answer.value is False):
            continue
        if not 400 <= exchange.status < 500:
            bench.fail(case, "a 4xx status: no session has this id", exchange)
    bench.prove(bench.rename(session, bench.name()))


def _with_credential(bench: Bench, credential: Credential, case: str) -> None:
    session = bench.some_session()
    key = bench.target.sut.connection.key
    if key is None:
        raise NotTested("no API key given: set RENAME_TCK_API_KEY, so that its absence can be tried")
    if bench.dialect.is_right(key, credential):
        return
    before = bench.prepare(session)
    exchange = bench.send(bench.rename(session, bench.name()).with_credential(credential))
    # a scheme that is not known may be a request that is not understood (RFC 6750, section 3.1)
    malformed = {400} if credential is Credential.OTHER_SCHEME else set()
    wanted = sorted(bench.dialect.credential_refusals | malformed)
    if exchange.status not in wanted:
        bench.fail(case, f"status {' or '.join(map(str, wanted))}", exchange)
    bench.stored_if_readable(session, before, f"{case}, refused", exchange)


@requirement("credential-missing")
def test_a_rename_without_the_credential_is_refused(bench: Bench) -> None:
    for bad in bench.cases(credentials.MISSING):
        _with_credential(bench, bad.credential, bad.label)


@requirement("credential-wrong")
def test_a_rename_with_a_wrong_credential_is_refused(bench: Bench) -> None:
    for bad in bench.cases(credentials.WRONG):
        _with_credential(bench, bad.credential, bad.label)


def _refuse_bodies(bench: Bench, wrong: tuple[bodies.RawBody, ...]) -> None:
    session = bench.some_session()
    twin = bench.rename(session, bench.name())
    for body in bench.cases(wrong):
        bench.refuse(f"a body that is {body.label}", bench.dialect.rename(session, None, raw=body.raw), twin)


@requirement("body-json")
def test_a_body_that_is_not_json_is_refused(bench: Bench) -> None:
    session = bench.some_session()
    body = bench.body(session)
    _refuse_bodies(bench, (*bodies.NOT_JSON, *bodies.spoilt(encode_json(body))))
    form = urlencode({name: str(value) for name, value in body.items()}).encode()
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    faulty = bench.dialect.rename(session, None, raw=form, headers=headers)
    for _ in bench.cases([None]):
        bench.refuse("a form, sent as one", faulty, bench.dialect.rename(session, body))


@requirement("body-present")
def test_a_request_without_a_body_is_refused(bench: Bench) -> None:
    _refuse_bodies(bench, bodies.EMPTY)


@requirement("body-object")
def test_a_json_body_that_is_no_object_is_refused(bench: Bench) -> None:
    _refuse_bodies(bench, (*bodies.NOT_OBJECT, *bodies.disguised(bench.body(bench.some_session()))))


def _to_be_refused(bench: Bench, session: Session) -> list[tuple[str, Request]]:
    """Requests with a fault, and one with a wrong key where there is a right one."""
    requests = bench.faulty(session, bench.name())
    if bench.target.sut.connection.key is not None:
        requests.append(("a wrong key", bench.rename(session, bench.name()).with_credential(Credential.WRONG)))
    return requests


@requirement("refusal-changes-nothing", first=True)
def test_a_refused_rename_leaves_the_session_as_it_was(bench: Bench) -> None:
    bench.require_readable()
    session = bench.some_session()
    bench.prepare(session)
    requests = _to_be_refused(bench, session)
    first, before = bench.read(session), bench.read(session)
    fickle = {member for member in first if first[member] != before.get(member)}
    refused = 0
    for case, request in bench.cases(requests):
        exchange = bench.send(request)
        after = bench.read(session, exchange)
        if not 400 <= exchange.status < 500:
            before = after
            continue
        refused += 1
        for member in (bench.dialect.name_member, *bench.dialect.steady):
            if member not in fickle:
                what = f"{case}, refused with {exchange.status}: {member} read back"
                bench.expect_equal(before.get(member), after.get(member), what, exchange)
    bench.needs(refused, "the target refused none of the invalid requests")


@requirement("refusal-changes-nothing", last=2)
def test_a_refused_rename_is_no_update(bench: Bench) -> None:
    bench.require_readable()
    session, member = bench.some_session(), bench.dialect.updated_member
    shown = bench.read(session).get(member)
    server_clock.wait_past(bench, None, [shown])
    before = bench.read(session)
    if shown is None or before.get(member) != shown:
        return  # nothing says when a session was last updated, or something that moves by itself
    requests = _to_be_refused(bench, session)
    for case, request in bench.cases(requests):
        exchange = bench.send(request)
        after = bench.read(session, exchange)
        if 400 <= exchange.status < 500 and after.get(member) != before.get(member):
            # something else may have been at work, but not each time
            server_clock.wait_past(bench, None, [after.get(member)])
            before = bench.read(session, exchange)
            exchange = bench.send(request)
            if before.get(member) != after.get(member):
                return
            after = bench.read(session, exchange)
            what = f"{case}, refused with {exchange.status}: {member} read back"
            bench.expect_equal(before.get(member), after.get(member), what, exchange)
        before = after


@requirement("refusal-changes-nothing", last=True)
def test_no_refusal_of_the_run_changed_a_name(bench: Bench) -> None:
    for case, exchange, before, after in bench.target.undone:
        bench.expect_equal(before, after, f"{case}, refused with {exchange.status}: the name read back", exchange)
    bench.prove(bench.rename(bench.some_session(), bench.name()))
