"""The laws of the sessions beside the renamed one: what is sent for one session reaches no other."""

import pytest

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session
from rename_tck.target.names_sent import Source, origin
from rename_tck.target.target import Crossing

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(0, spread=0)


#: How many of the sessions that were made last are looked at after a refusal.
_MOST_LATELY = 3


@requirement("neighbours-untouched")
def test_the_session_is_that_of_the_path_and_not_of_the_body(check: CheckContext) -> None:
    check.require_readable()
    session, other = check.sessions(2)
    if {session.origin, other.origin} != {"created"}:
        return  # what is lent is not put at risk
    # those that are used most lately are the likeliest to be taken for it
    others = [one for one in check.target.pool.all if one.id not in {session.id, other.id}][-_MOST_LATELY:]
    before = {one.id: _name_of(check, one) for one in (other, *others)}
    body = {**check.body(session), check.dialect.id_member: other.id}
    sent = [("another session's id in the body", check.send(check.dialect.rename(session, body)))]
    for case, request in check.cases(check.faulty(session, check.name())[:1]):
        exchange = check.send(request)
        sent.append((f"{case}, answered with {exchange.status}", exchange))
    try:
        _keep_their_names(check, [other, *others], before, sent)
    except Nonconformance as failure:
        if failure.seen is None or origin(check.target, *failure.seen).source is Source.OTHER:
            raise
        # a name that was taken for granted may never have been stored
        before = {one.id: _name_given(check, one) for one in (other, *others)}
        sent = [(case, check.send(exchange.request)) for case, exchange in sent]
        _keep_their_names(check, [other, *others], before, sent)


def _keep_their_names(
    check: CheckContext, others: list[Session], before: dict[str, object], sent: list[tuple[str, Exchange]]
) -> None:
    """Require that other sessions bear the names from before what was sent for one; the first one's id was in it."""
    for number, one in enumerate(others):
        # what is wrong after one of them is so after the first of them at which it is seen
        case, exchange = sent[-1 if number else 0]
        check.stored(one, before[one.id], f"{case}: another session", exchange)


def _name_given(check: CheckContext, session: Session) -> object:
    """The name that a session is read with after an ordinary rename."""
    check.send_beside(check.rename(session, check.name()))
    return check.name_of(session)


def _name_of(check: CheckContext, session: Session) -> object:
    """The name that a session bears: the one that was accepted for it last, or the one that it is read with."""
    granted = check.granted_name(session)
    return granted if isinstance(granted, str) else check.name_of(session)


@requirement("neighbours-untouched", last=4)
def test_no_session_bears_what_was_sent_for_another(check: CheckContext) -> None:
    check.require_readable()
    if check.resend():
        for session in check.target.pool.all:
            if (found := origin(check.target, session.id, check.name_of(session))).source is Source.OTHER:
                assert found.exchange is not None
                crossing = Crossing(session.id, "its own name", check.name_of(session), found.exchange)
                check.target.crossings.append(crossing)
    for crossing in check.each(check.target.crossings):
        case = f"what was sent for another session: the name of session {crossing.session_id} read back"
        check.expect_equal(crossing.expected, crossing.found, case, crossing.exchange)
