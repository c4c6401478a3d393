"""The laws of further renames: again, to a name that differs little, to the same name."""

import pytest

from rename_tck.cases import names
from rename_tck.checks import foreign_names, left_alone, rename_series
from rename_tck.checks.context import CheckContext
from rename_tck.checks.controls import works_again
from rename_tck.systems.dialect import Session
from rename_tck.target import settling

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(1, spread=0)


@pytest.mark.order(0, spread=0)  # before the sessions of the other laws are made, so that they are not the newest ones
@requirement("name-stored")
def test_sessions_are_left_alone_from_early_in_the_run(check: CheckContext) -> None:
    check.require_readable()
    left_alone.begin(check)  # a law in the end reads them again


@requirement("rename-again")
def test_a_renamed_session_can_be_renamed_again(check: CheckContext) -> None:
    steps = rename_series.run(check).steps
    kept = {step.session.id: number for number, step in reversed(list(enumerate(steps))) if step.kept(check.dialect)}
    if not kept:
        rename_series.require_ordinary(check)
    again = [step for number, step in enumerate(steps) if number > kept.get(step.session.id, number)]
    check.needs(again, "no session was renamed more than once")
    failed = {step.session.id for step in again if not step.shows_its_name(check.dialect)}
    for session in check.cases({step.session.id: step.session for step in again}.values()):
        if session.id not in failed:
            continue  # what failed may come and go, with whatever is renamed
        name = check.name()
        case = "a rename of a session that was renamed before"
        exchange = check.rename_and_expect(session, name, case)
        check.stored_if_readable(session, name, case, exchange)


#: Seconds without a request, after which connections, caches and workers may be put to sleep.
IDLE = 1.5

#: So many sessions that stopped working in a run, for whatever time, have not all met with an accident.
_SEVERAL = 3


@requirement("rename-again", last=5)
def test_no_session_stopped_being_renamable_in_the_run(check: CheckContext) -> None:
    check.resend()
    for jam in check.each(check.target.jams, kind=lambda jam: str(jam.aspect)):
        if not jam.seen_again and len(check.target.jams) < _SEVERAL and works_again(check, jam):
            continue  # what had happened to it was over by itself
        case = f"session {jam.session_id}, after what the run had sent to it by then"
        check.fail(case, f"that it can be renamed and read as before. {jam.sentence}", jam.exchange)


@requirement("name-stored", last=True)
def test_every_ordinary_rename_of_the_run_is_stored(check: CheckContext) -> None:
    check.require_readable()
    check.resend()
    _none_was_lost(check)


def _none_was_lost(check: CheckContext) -> None:
    crossed = [crossing.found for crossing in check.target.crossings]
    lost = [one for one in check.target.not_stored if one[1] not in crossed]
    for name, found, exchange in check.each(lost):
        case = f"a rename of the run, one of {len(lost)} that were not stored; {check.target.read_back} were"
        if not foreign_names.is_others_doing(check, found, name, case):
            check.expect_equal(name, found, f"{case}: the name read back", exchange)


@requirement("name-stored", last=3)
def test_a_rename_after_an_idle_second_is_kept(check: CheckContext) -> None:
    check.require_readable()
    idle = min(IDLE, check.target.settle)  # the user may have said that the run is not to wait
    if idle:
        check.target.client.limits.check_wait(idle)
        settling.pause(idle)
    session, name, case = check.some_session(), check.name(), f"a rename after {idle:g} s in which nothing was sent"
    exchange = check.rename_and_expect(session, name, case)
    check.stored_if_readable(session, name, case, exchange)


@requirement("name-stored", last=3)
def test_the_name_is_there_still_after_a_while(check: CheckContext) -> None:
    check.require_readable()
    _none_was_lost(check)  # since the law above
    for seen in check.each(left_alone.read_again(check), kind=lambda seen: seen.left.cause):
        left_alone.judge(check, seen)


@requirement("name-stored")
def test_the_name_is_that_of_the_body(check: CheckContext) -> None:
    session, name = check.some_session(), check.name()
    others = [(check.dialect.id_member, other.id) for other in check.target.pool.all if other.id != session.id]
    query = (*check.dialect.query(session), (check.dialect.name_member, check.name()), *others[:1])
    request = check.dialect.rename(session, check.body(session, name), query=query)
    exchange = check.send(request)
    if check.dialect.succeeded(exchange) and check.readable():
        check.stored(session, name, "another name, and id, in the query, where no document has them", exchange)


@requirement("rename-again")
def test_a_name_that_differs_little_from_the_one_before_is_stored(check: CheckContext) -> None:
    session = check.some_session()
    # each name is told from the one before it: the order is the case
    for name, difference in names.NEAR:
        if check.allows(check.body(session, name)):
            case = f"a name that differs from the one before in {difference}"
            exchange = check.rename_and_expect(session, name, case)
            check.stored_if_readable(session, name, case, exchange)


@requirement("same-name")
def test_a_session_can_be_renamed_to_the_name_that_it_bears(check: CheckContext) -> None:
    session = check.some_session()
    known = check.granted_name(session)
    name = known if isinstance(known, str) else check.name()
    first = () if name == known else ("a rename",)
    for case in (*first, "the same rename again", "the same rename a third time"):
        exchange = check.rename_and_expect(session, name, case)
        check.stored_if_readable(session, name, case, exchange)
    _and_back(check, session, name)
    check.require_name_observed()


def _and_back(check: CheckContext, session: Session, name: str) -> None:
    other = check.name()
    check.rename_and_expect(session, other, "a rename to another name")
    exchange = check.rename_and_expect(session, name, "a rename back to an earlier name")
    check.stored_if_readable(session, name, "a rename back to an earlier name", exchange)
