"""The laws of refusal: unknown and odd ids, credentials, bodies that are none; and that a refusal changes nothing."""

from urllib.parse import urlencode

import pytest

from rename_tck.cases import bodies, credentials, ids
from rename_tck.checks import server_clock
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Credential, Exchange, Request, encode_json
from rename_tck.systems.dialect import Session
from rename_tck.verdict import NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(4, spread=5)


def _unknown(check: CheckContext, number: int = 0, kind: str | None = None) -> Session:
    """A session that does not exist, under an id made up for this run."""
    return check.unknown_session(number, kind)


def _like_a_live_one(check: CheckContext) -> Session | None:
    """A session that does not exist, under an id that looks as those of the target do; None where one might."""
    live = check.some_session()
    if not check.is_nobodys(ids.like(live.id), live):
        return None
    return Session(ids.another(live.id), live.origin, live.kind, live.owner)


def _rename_unknown(check: CheckContext, session: Session) -> Exchange:
    return check.send(check.rename(session, check.name()), live=False)


@requirement("unknown-id-refused")
def test_an_unknown_session_is_not_renamed(check: CheckContext) -> None:
    for number, kind in check.cases(enumerate((*check.dialect.kinds, None))):
        exchange = _rename_unknown(check, _unknown(check, number, kind))
        if 400 <= exchange.status < 500:
            continue
        if check.dialect.unknown_answers_false:
            if exchange.status == 200 and check.json(exchange, "an unknown id") is False:
                check.evidence.refused += 1
                continue
            check.fail("an unknown id", "a 4xx status, or false", exchange)
        check.fail("an unknown id", "a 4xx status", exchange)
    live = check.some_session()
    before = check.prepare(live)
    for near in check.cases(ids.near_ids(live.id, text=check.dialect.ids_are_text)):
        if not check.is_nobodys(near, live):
            continue
        exchange = check.send(check.dialect.rename(live, check.body(live), encoded_id=near.encoded), live=False)
        said_no = check.dialect.unknown_answers_false and exchange.answer is not None and exchange.answer.value is False
        if not 400 <= exchange.status < 500 and not said_no:
            check.fail(f"an id that no session has: {near.label}", "a 4xx status", exchange)
        check.stored_if_readable(live, before, f"an id that no session has: {near.label}", exchange)


@requirement("unknown-id-404")
def test_an_unknown_session_is_answered_with_404(check: CheckContext) -> None:
    unknown = [_unknown(check, number, kind) for number, kind in enumerate((*check.dialect.kinds, None))]
    for session in check.cases((*unknown, _like_a_live_one(check))):
        exchange = _rename_unknown(check, session) if session is not None else None
        if exchange is not None and exchange.status != 404:
            check.fail("an unknown id", "status 404", exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))


@requirement("unknown-id-creates-nothing")
def test_renaming_an_unknown_session_creates_none(check: CheckContext) -> None:
    check.require_readable()
    for number, kind in check.cases(enumerate(check.dialect.kinds)):
        session = _unknown(check, number, kind)
        exchange = _rename_unknown(check, session)
        again = _rename_unknown(check, session)
        if exchange.status != again.status:
            check.fail("an unknown id, for the second time", f"status {exchange.status}, as the first time", again)
        for what, found in (("read back", check.target.reader.read(session)), ("listed", _listed(check, session))):
            if found is not None:
                case = f"an unknown id, {what} after its rename was answered with {exchange.status}"
                check.fail(case, "no such session", exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))


def _listed(check: CheckContext, session: Session) -> object:
    items = check.target.reader.listing(session.kind).items
    return next((item for item in items if check.dialect.id_in(item) == session.id), None)


@requirement("odd-ids-safe")
def test_odd_ids_are_refused_in_good_order(check: CheckContext) -> None:
    session = check.some_session()
    for odd in check.cases(ids.odd_ids(check.target.token)):
        if not check.is_nobodys(odd):
            continue
        request = check.dialect.rename(session, check.body(session), encoded_id=odd.encoded)
        if odd.may_leave_route:
            check.target.off_route_paths.add(request.path)
        exchange = check.send(request, live=False)
        case = f"an id with {odd.label}" if odd.may_leave_route else f"an id that is odd: {odd.label}"
        if exchange.status >= 500:
            check.fail(case, "a 4xx status, never a 5xx", exchange)
        assert exchange.answer is not None
        if exchange.answer.is_page:
            check.fail(case, "an answer for programs, never an HTML page", exchange)
        if odd.may_leave_route or (check.dialect.unknown_answers_false and exchange.answer.value is False):
            continue
        if not 400 <= exchange.status < 500:
            check.fail(case, "a 4xx status: no session has this id", exchange)
    check.require_control_accepted(check.rename(session, check.name()))


def _with_credential(check: CheckContext, credential: Credential, case: str) -> None:
    session = check.some_session()
    key = check.target.client.connection.key
    if key is None:
        raise NotTested("no API key given: set RENAME_TCK_API_KEY, so that its absence can be tried")
    if check.dialect.is_right(key, credential):
        return
    before = check.prepare(session)
    exchange = check.send(check.rename(session, check.name()).with_credential(credential))
    # a scheme that is not known may be a request that is not understood (RFC 6750, section 3.1)
    malformed = {400} if credential is Credential.OTHER_SCHEME else set()
    wanted = sorted(check.dialect.credential_refusals | malformed)
    if exchange.status not in wanted:
        check.fail(case, f"status {' or '.join(map(str, wanted))}", exchange)
    check.stored_if_readable(session, before, f"{case}, refused", exchange)


@requirement("credential-missing")
def test_a_rename_without_the_credential_is_refused(check: CheckContext) -> None:
    for bad in check.cases(credentials.MISSING):
        _with_credential(check, bad.credential, bad.label)


@requirement("credential-wrong")
def test_a_rename_with_a_wrong_credential_is_refused(check: CheckContext) -> None:
    for bad in check.cases(credentials.WRONG):
        _with_credential(check, bad.credential, bad.label)


def _refuse_bodies(check: CheckContext, wrong: tuple[bodies.RawBody, ...]) -> None:
    session = check.some_session()
    control = check.rename(session, check.name())
    for body in check.cases(wrong):
        check.refuse(f"a body that is {body.label}", check.dialect.rename(session, None, raw=body.raw), control)


@requirement("body-json")
def test_a_body_that_is_not_json_is_refused(check: CheckContext) -> None:
    session = check.some_session()
    body = check.body(session)
    _refuse_bodies(check, (*bodies.NOT_JSON, *bodies.spoilt(encode_json(body))))
    form = urlencode({name: str(value) for name, value in body.items()}).encode()
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    faulty = check.dialect.rename(session, None, raw=form, headers=headers)
    for _ in check.cases([None]):
        check.refuse("a form, sent as one", faulty, check.dialect.rename(session, body))


@requirement("body-present")
def test_a_request_without_a_body_is_refused(check: CheckContext) -> None:
    _refuse_bodies(check, bodies.EMPTY)


@requirement("body-object")
def test_a_json_body_that_is_no_object_is_refused(check: CheckContext) -> None:
    _refuse_bodies(check, (*bodies.NOT_OBJECT, *bodies.disguised(check.body(check.some_session()))))


def _to_be_refused(check: CheckContext, session: Session) -> list[tuple[str, Request]]:
    """Requests with a fault, and one with a wrong key where there is a right one."""
    requests = check.faulty(session, check.name())
    if check.target.client.connection.key is not None:
        requests.append(("a wrong key", check.rename(session, check.name()).with_credential(Credential.WRONG)))
    return requests


@requirement("refusal-changes-nothing", first=True)
def test_a_refused_rename_leaves_the_session_as_it_was(check: CheckContext) -> None:
    check.require_readable()
    session = check.some_session()
    check.prepare(session)
    requests = _to_be_refused(check, session)
    first, before = check.read(session), check.read(session)
    volatile_members = {member for member in first if first[member] != before.get(member)}
    refused = 0
    for case, request in check.cases(requests):
        exchange = check.send(request)
        after = check.read(session, exchange)
        if not 400 <= exchange.status < 500:
            before = after
            continue
        refused += 1
        for member in (check.dialect.name_member, *check.dialect.immutable_members):
            if member not in volatile_members:
                what = f"{case}, refused with {exchange.status}: {member} read back"
                check.expect_equal(before.get(member), after.get(member), what, exchange)
    check.needs(refused, "the target refused none of the invalid requests")


@requirement("refusal-changes-nothing", last=2)
def test_a_refused_rename_is_no_update(check: CheckContext) -> None:
    check.require_readable()
    session, member = check.some_session(), check.dialect.updated_member
    shown = check.read(session).get(member)
    server_clock.wait_past(check, None, [shown])
    before = check.read(session)
    if shown is None or before.get(member) != shown:
        return  # nothing says when a session was last updated, or something that moves by itself
    requests = _to_be_refused(check, session)
    for case, request in check.cases(requests):
        exchange = check.send(request)
        after = check.read(session, exchange)
        if 400 <= exchange.status < 500 and after.get(member) != before.get(member):
            # something else may have been at work, but not each time
            server_clock.wait_past(check, None, [after.get(member)])
            before = check.read(session, exchange)
            exchange = check.send(request)
            if before.get(member) != after.get(member):
                return
            after = check.read(session, exchange)
            what = f"{case}, refused with {exchange.status}: {member} read back"
            check.expect_equal(before.get(member), after.get(member), what, exchange)
        before = after


@requirement("refusal-changes-nothing", last=True)
def test_no_refusal_of_the_run_changed_a_name(check: CheckContext) -> None:
    for case, exchange, before, after in check.target.names_changed_by_refusals:
        check.expect_equal(before, after, f"{case}, refused with {exchange.status}: the name read back", exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))
