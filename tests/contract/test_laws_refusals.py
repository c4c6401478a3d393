"""The laws of refusal: unknown and odd ids, credentials, bodies that are none; and that a refusal changes nothing."""

from urllib.parse import urlencode

import pytest

from rename_tck.cases import bodies, ids
from rename_tck.checks import foreign_names, lost_sessions, server_clock
from rename_tck.checks.beside_others import further, made_by, session_apart
from rename_tck.checks.by_itself import Seen, expect_still
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Credential, Exchange, Request, encode_json
from rename_tck.systems.dialect import Session
from rename_tck.target.deleted import make_and_delete
from rename_tck.target.readback import Listing, Snapshot
from rename_tck.target.refused_renames import RenamedThough
from rename_tck.verdict import Aspect, Compared, Gap, NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(4, spread=5)


def _unknown(check: CheckContext, number: int = 0, kind: str | None = None, *, shared: bool = True) -> Session:
    """A session that does not exist, under an id made up for this run."""
    return check.unknown_session(number, kind, shared=shared)


def _like_a_live_one(check: CheckContext) -> Session | None:
    """A session that does not exist, under an id that looks as those of the target do; None where one might."""
    live = session_apart(check)
    if not check.is_nobodys(ids.like(live.id), live):
        return None
    return Session(ids.another(live.id), live.origin, live.kind, live.owner)


def _of_each_kind(*kinds: str | None) -> list[tuple[str, int, str | None]]:
    """What a case with an unknown id of each kind is called, its number, and the kind."""
    return [
        (f"an unknown id{'' if kind is None else f', type {kind}'}", number, kind) for number, kind in enumerate(kinds)
    ]


def _rename_unknown(check: CheckContext, session: Session, *, again: bool = True) -> Exchange:
    """The answer to a rename of an unknown session; with `again` false to one that was sent already."""
    request = check.rename(session, check.name())
    return check.send(request, live=False) if again else check.once(request, live=False)


def _says_no(check: CheckContext, exchange: Exchange) -> bool:
    """Whether the answer says that nothing was renamed: a 4xx status, or `false` where the system has that."""
    said_false = check.dialect.unknown_answers_false and exchange.answer is not None and exchange.answer.value is False
    if said_false and exchange.status == 200:
        check.evidence.refused += 1
        return True
    return 400 <= exchange.status < 500


def _must_not_succeed(check: CheckContext, case: str, exchange: Exchange) -> bool:
    """Require that the answer is no success; whether it says so. A 5xx, or a redirection, is judged elsewhere."""
    if _says_no(check, exchange):
        return True
    if 200 <= exchange.status < 300:
        refusal = "a 4xx status, or false" if check.dialect.unknown_answers_false else "a 4xx status"
        check.fail(case, f"{refusal}: no session has this id", exchange)
    return False


@requirement("unknown-id-refused")
def test_an_unknown_session_is_not_renamed(check: CheckContext) -> None:
    refused, last = 0, 0
    for _, number, kind in check.cases(_of_each_kind(*check.dialect.kinds, None)):
        exchange = _rename_unknown(check, _unknown(check, number, kind))
        refused, last = refused + _must_not_succeed(check, "an unknown id", exchange), exchange.status
    nobodys = _unknown(check)
    for body in check.cases((bodies.NOT_JSON[1], bodies.NOT_OBJECT[1])):
        exchange = check.send(check.dialect.rename(nobodys, None, raw=body.raw), live=False)
        _must_not_succeed(check, f"an unknown id, and a body that is {body.label}", exchange)
    live = session_apart(check)
    before = check.prepare(live)
    for near in check.cases(ids.near_ids(live.id, text=check.dialect.ids_are_text)):
        if not check.is_nobodys(near, live):
            continue
        exchange = check.send(check.dialect.rename(live, check.body(live), encoded_id=near.encoded), live=False)
        case = f"an id that no session has: {near.label}"
        refused, last = refused + _must_not_succeed(check, case, exchange), exchange.status
        check.unchanged(live, before, f"{case}, answered with {exchange.status}", exchange)
    if not refused and last:
        cause = f"{check.dialect.system}.no-server-error" if last >= 500 else None
        gap = Gap.CAUSE if cause else Gap.TARGET
        raise NotTested(f"no unknown id was refused or renamed: the last answer has status {last}", gap, cause)
    check.require_ids_tried()


@requirement("unknown-id-404")
def test_an_unknown_session_is_answered_with_404(check: CheckContext) -> None:
    unknown = [_unknown(check, number, kind) for number, kind in enumerate((*check.dialect.kinds, None))]
    for session in check.cases((*unknown, _like_a_live_one(check))):
        exchange = _rename_unknown(check, session, again=False) if session is not None else None
        if exchange is not None and exchange.status != 404:
            check.fail("an unknown id", "status 404", exchange)
    for case in check.cases(["a session that was deleted"]):
        try:
            session = _deleted(check)
        except NotTested:
            continue  # deleted-id-refused says so
        exchange = _rename_unknown(check, session)
        if exchange.status != 404:
            check.fail(case, "status 404", exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))


@requirement("unknown-id-creates-nothing")
def test_renaming_an_unknown_session_creates_none(check: CheckContext) -> None:
    check.require_readable()
    for _, number, kind in check.cases(_of_each_kind(*check.dialect.kinds)):
        session, name = _unknown(check, number, kind, shared=False), check.name()
        # what others have made since is told from what a rename makes
        reader = check.target.reader
        listed = reader.last_listing(session.kind) or reader.listing(session.kind)
        exchange = check.send(check.rename(session, name), live=False)
        # what is asked for twice may be made by the first
        again = _rename_unknown(check, session) if number == 0 else exchange
        if _says_no(check, exchange) and 200 <= again.status < 300 and not _says_no(check, again):
            check.fail("an unknown id, for the second time", "no success: no session has this id", again)
        _none_was_made(check, session, name, exchange, listed)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))


def _none_was_made(check: CheckContext, session: Session, name: str, exchange: Exchange, before: Listing) -> None:
    """Require that no session has the id, nor a further one the name that was sent for it, and that none comes."""
    case, answered = "an unknown id", f"after its rename was answered with {exchange.status}"
    if check.target.reader.read(session) is not None:
        check.fail(case, f"no session of this id, but it can be read {answered}", exchange)
    known = {check.dialect.id_in(item) for item in before.items}
    after = check.target.reader.listing(session.kind)
    for item in check.each(after.items, lambda _: "a listed session"):
        found = check.dialect.id_in(item)
        if found == session.id:
            check.fail(case, f"no session of this id, but it is listed {answered}", exchange)
        if before.complete and found not in known and check.dialect.name_in(item) == name:
            further_one = check.excerpt(str(found))
            check.fail(
                case, f"no further session, but a new one, {further_one}, is listed with the name sent", exchange
            )
    if further(check, before, after):
        made = made_by(check, session.kind, lambda: _rename_unknown(check, session))
        check.target.pool.made_up.ghosts |= made
        if made:
            each = f"{answered}, each time, and none after an ordinary rename"
            check.fail(
                case,
                f"no further session, but one is listed {each}: {check.excerpt(', '.join(sorted(made)))}",
                exchange,
            )


@requirement("neighbours-untouched", last=True)
def test_no_refused_rename_renamed_another_session(check: CheckContext) -> None:
    check.resend()
    made_up = check.target.pool.made_up
    made_up.look_after_refusals()
    for found in check.each([one for one in made_up.refused.found if _does_so_alone(check, one)]):
        case = f"a rename that was refused with {found.exchange.status}: the name of session {found.session_id}, listed"
        compared = Compared(found.before, found.now)
        check.fail(case, "no other session to have the name that was refused", found.exchange, compared, Aspect.OTHER)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))


def _does_so_alone(check: CheckContext, found: RenamedThough) -> bool:
    """Whether a refusal renames the other session also when nothing else is in flight, as far as that can be seen."""
    victim = next((one for one in check.target.pool.of_the_run if one.id == found.session_id), None)
    if victim is None or found.exchange.request not in check.target.at_once or not check.readable():
        return True
    name = check.name()
    check.send_beside(check.rename(victim, name))
    check.send_beside(found.exchange.request)
    return check.name_of(victim) != name


def _deleted(check: CheckContext) -> Session:
    """A session that the run made, and deleted. Raises NotTested where that cannot be had."""
    session: Session = check.shared("deleted", lambda: make_and_delete(check.target))
    return session


@requirement("deleted-id-refused")
def test_a_deleted_session_is_not_renamed(check: CheckContext) -> None:
    session, name = _deleted(check), check.name()
    exchange = check.send(check.rename(session, name), live=False)
    if _says_no(check, exchange):  # what is asked for twice may be brought back by the first
        exchange = check.send(check.rename(session, name), live=False)
    generating = check.system_cases.generating(session)
    if _says_no(check, exchange) and generating is not None:
        exchange = check.send(generating, live=False)
    if not _says_no(check, exchange):
        refusal = "a 4xx status, or false" if check.dialect.unknown_answers_false else "a 4xx status"
        check.fail("a session that was deleted", f"{refusal}, as for an id that never was", exchange)
    case, answered = "a session that was deleted", f"after its rename was answered with {exchange.status}"
    if check.target.reader.read(session) is not None:
        check.fail(case, f"no such session, but it can be read {answered}", exchange)
    for item in check.each(check.target.reader.listing(session.kind).items, lambda _: "a listed session"):
        if check.dialect.name_in(item) == name:
            check.fail(case, f"no session of this name, but one with the name sent is listed {answered}", exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))


@requirement("rename-accepted")
def test_the_name_of_a_deleted_session_is_free_again(check: CheckContext) -> None:
    case = "a rename to the name of a session that was deleted"
    try:
        deleted = _deleted(check)
    except NotTested:
        return  # one case more than the others of the requirement, where a session can be deleted
    session, name = check.some_session(), str(check.target.last_names[deleted.id])
    exchange = check.rename_and_expect(session, name, case)
    if not check.readable():
        return
    found = check.settled(lambda: check.name_of(session, exchange), lambda read: read == name)
    if found != name:
        check.target.not_stored.append((name, found, exchange))  # for name-stored to tell


def _odd(check: CheckContext, odd: ids.OddId) -> Exchange | None:
    """The answer to the rename of an odd id, sent once a run; None where a session may have it, or another path may.

    Of an id that a gateway may resolve to another path only an answer that shows itself as the operation's own is
    judged.
    """
    session = check.some_session()
    body = check.body(session, f"Renamed {check.target.token}, odd id")
    request = check.dialect.rename(session, body, encoded_id=odd.encoded)
    if not check.may_send(request, odd):
        return None
    if odd.may_leave_route:
        check.target.off_route_paths.add(request.path)
    exchange = check.once(request, live=False)
    return None if check.off_route(exchange) or check.in_doubt(exchange) else exchange


@requirement("odd-ids-safe")
def test_odd_ids_are_neither_renamed_nor_broken_by(check: CheckContext) -> None:
    for odd in check.cases(ids.odd_ids(check.target.token)):
        exchange = _odd(check, odd)
        if exchange is None:
            continue
        case = f"an odd id: {odd.label}"
        if exchange.status >= 500:
            check.fail(case, "any answer but a 5xx status", exchange)
        _must_not_succeed(check, case, exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))
    check.require_ids_tried()


@requirement("odd-ids-refused")
def test_odd_ids_are_refused_in_good_order(check: CheckContext) -> None:
    for odd in check.cases(ids.odd_ids(check.target.token)):
        exchange = _odd(check, odd)
        if (
            exchange is None
            or exchange.status >= 500
            or (exchange.status // 100 == 2 and not _says_no(check, exchange))
        ):
            continue  # odd-ids-safe judges a success and a 5xx
        case = f"an odd id: {odd.label}"
        assert exchange.answer is not None
        if exchange.answer.is_page:
            check.fail(case, "an answer for programs, not an HTML page", exchange)
        if not _says_no(check, exchange):
            check.fail(case, "a 4xx status: no session has this id", exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))
    check.require_ids_tried()


def _refuse_bodies(check: CheckContext, wrong: tuple[bodies.RawBody, ...]) -> None:
    for body in check.cases(wrong):
        session = check.session_for(body.label)
        faulty = check.dialect.rename(session, None, raw=body.raw)
        check.refuse(f"a body that is {body.label}", faulty, check.control_of(session))


@requirement("body-json")
def test_a_body_that_is_not_json_is_refused(check: CheckContext) -> None:
    session = check.some_session()
    body = check.body(session)
    _refuse_bodies(check, (*bodies.NOT_JSON, *bodies.spoilt(encode_json(body))))
    form = urlencode({name: str(value) for name, value in body.items()}).encode()
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    faulty = check.dialect.rename(session, None, raw=form, headers=headers)
    for case in check.cases(["a form, sent as one"]):
        check.refuse(case, faulty, check.dialect.rename(session, body))


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
    session, updated = check.some_session(), check.dialect.updated_member
    check.prepare(session)
    requests = _to_be_refused(check, session)
    first = check.read(session)
    server_clock.wait_past(check, None, [first.get(updated)])
    before = check.read(session)
    volatile_members = {member for member in first if not same(first[member], before.get(member))}
    shown = None if updated in volatile_members else before
    refused = 0
    for case, request in check.cases(requests):
        exchange = check.send(request)
        after = check.read(session, exchange)
        if not 400 <= exchange.status < 500:
            before, shown = after, shown and after
            continue
        refused += 1
        for member in check.each((check.dialect.name_member, *check.dialect.immutable_members)):
            if member not in volatile_members:
                what = f"{case}, refused with {exchange.status}: {member} read back"
                expect_still(check, session, Seen(session.id, before, after, session, exchange), member, what)
        shown = shown and _not_updated(check, Seen(session.id, shown, after, session, exchange), case)
    check.needs(refused, "the target answered none of the invalid requests with a 4xx status")


def _not_updated(check: CheckContext, seen: Seen, case: str) -> Snapshot | None:
    """Require that a refusal has not set the time of the last update; the session then, None where others set it."""
    member = check.dialect.updated_member
    if same(seen.after.get(member), seen.before.get(member)):
        return seen.after
    # something else may have been at work, but not each time
    server_clock.wait_past(check, None, [seen.after.get(member)])
    before = check.read(seen.renamed, seen.exchange)
    exchange = check.send(seen.exchange.request)
    if not same(before.get(member), seen.after.get(member)):
        return None
    after = check.read(seen.renamed, exchange)
    what = f"{case}, refused with {exchange.status}: {member} read back"
    check.expect_equal(before.get(member), after.get(member), what, exchange)
    return after


def _changes_again(check: CheckContext, exchange: Exchange) -> bool:
    """Whether a refused request, sent once more, changes the name of its session again."""
    session = check.target.session_at(exchange.request.path)
    if session is None or not check.working:
        return True
    before = check.prepare(session)
    return check.send(exchange.request).status < 500 and not same(before, check.name_of(session))


@requirement("refusal-changes-nothing", last=5)
def test_no_refusal_of_the_run_changed_a_name(check: CheckContext) -> None:
    for case, exchange, before, after in check.each(check.target.names_changed_by_refusals):
        if check.target.crossings and not _changes_again(check, exchange):
            continue  # what is sent for other sessions changes names here: neighbours-untouched tells that
        what = f"{case}, refused with {exchange.status}: the name read back"
        session = check.target.session_at(exchange.request.path)
        if session is None or not foreign_names.is_others_doing_beside(
            check, session, exchange, before=before, after=after, case=what
        ):
            check.expect_equal(before, after, what, exchange)
    for gone in check.each(check.target.gone_after_refusals):
        requests = [exchange.request for _, exchange in gone.refusals]
        if lost_sessions.comes_again(check, gone.session, requests):
            case, exchange = gone.refusals[lost_sessions.doer(check, gone.session, requests)]
            what = f"{case}, refused with {exchange.status}: the session read back"
            check.fail(what, "the session to be there still", exchange)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))
