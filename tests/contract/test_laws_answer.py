"""The laws of an ordinary rename: it is accepted, answered as documented, stored, and touches nothing else."""

import pytest

from rename_tck.checks import neighbours, rename_series, server_clock
from rename_tck.checks.by_itself import Seen, expect_still, expect_unchanged, look_at
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.checks.points_of_run import points_were_sent
from rename_tck.checks.stopping import odd_before
from rename_tck.client.exchange import Exchange, NotJsonError
from rename_tck.systems.dialect import Session, members
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Compared, Gap, NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(0, spread=0)


@requirement("rename-accepted")
def test_a_valid_rename_is_answered_with_200(check: CheckContext) -> None:
    steps = rename_series.run(check).steps
    for step in check.each(steps):
        if not step.accepted and not (check.is_told_as_5xx(step.exchange) and _is_ever_renamed(check, step, steps)):
            check.fail(step.case, "status 200: the request is valid", step.exchange)
    _none_came_and_went(check, [step.exchange for step in steps])


def _is_ever_renamed(check: CheckContext, step: rename_series.Step, steps: list[rename_series.Step]) -> bool:
    """Whether another ordinary rename of a step's session is accepted: one of the series, or one more."""
    return any(one.accepted and one.session.id == step.session.id for one in steps) or _is_renamed(check, step.session)


def _is_renamed(check: CheckContext, session: Session) -> bool:
    """Whether an ordinary rename of a session is accepted."""
    return check.dialect.succeeded(check.send_beside(check.rename(session, check.name())))


def _was_renamed(check: CheckContext, exchange: Exchange) -> bool:
    """Whether a rename with the path of another one was accepted."""
    renames = (entry.exchange for entry in check.target.client.journal.renames())
    return any(one.request.path == exchange.request.path and check.dialect.succeeded(one) for one in renames)


@requirement("rename-accepted", last=5)
def test_every_ordinary_rename_of_the_run_is_accepted(check: CheckContext) -> None:
    check.resend()
    refused = check.target.refused_renames
    for exchange in check.each(refused):
        session = check.target.session_at(exchange.request.path)
        told = check.working and check.is_told_as_5xx(exchange)
        if not (told and (_was_renamed(check, exchange) or (session and _is_renamed(check, session)))):
            before = odd_before(check, exchange) if all(odd_before(check, one) for one in refused) else None
            case = f"an ordinary rename, sent for another requirement ({len(refused)} in the run were refused)"
            case = f"{case}; {before}" if before else case
            check.fail(case, "status 200: the request is valid", exchange)
    if check.working:
        check.require_control_accepted(check.rename(check.some_session(), check.name()))
    _none_came_and_went(check, refused)


def _none_came_and_went(check: CheckContext, exchanges: list[Exchange]) -> None:
    """Raise NotTested where a rename was answered with a 5xx status, and others were accepted."""
    if any(check.is_told_as_5xx(exchange) for exchange in exchanges):
        cause = f"{check.dialect.system}.no-server-error"
        raise NotTested("ordinary renames are answered with a 5xx status now and then", Gap.CAUSE, cause)


@requirement("answer-schema", per_edition=True)
def test_the_answer_matches_the_documented_schema(check: CheckContext) -> None:
    steps = rename_series.run(check).accepted()
    check.needs(steps, "no rename was answered with 200")
    for step in check.each(steps):
        _require_schema(check, step.case, step.exchange, check.json(step.exchange, step.case))


@requirement("answer-schema", per_edition=True, last=True)
def test_every_answer_of_the_run_matches_the_documented_schema(check: CheckContext) -> None:
    by_shape: dict[object, Exchange] = {}
    for exchange in _every_200(check):
        if exchange.answer is not None and exchange.answer.value is not None:
            by_shape.setdefault(_shape(exchange.answer.value), exchange)
    for exchange in check.each(by_shape.values()):
        _require_schema(check, "a 200 answer", exchange, exchange.answer.value if exchange.answer else None)


def _require_schema(check: CheckContext, case: str, exchange: Exchange, value: object) -> None:
    for error in check.each(check.contract.answer_errors(200, value), lambda error: error.pointer):
        # where editions differ over null, a requirement of its own decides
        if not (error.pointer == "/introduction" and error.value is None):
            check.fail(case, f"the documented schema, but {error.message}", exchange)


def _shape(value: object) -> object:
    """What a value is made of: of answers that are made of the same, the schema is asked once."""
    if isinstance(value, dict):
        return frozenset((name, _shape(inner)) for name, inner in value.items())
    return (list, *map(_shape, value)) if isinstance(value, list) else type(value)


def _every_200(check: CheckContext) -> list[Exchange]:
    """Every 200 answer of the run so far: what only odd input brings out is among them."""
    if not check.resend():
        rename_series.run(check)
    found = [exchange for exchange in check.journal() if exchange.status == 200]
    check.needs(found, "no rename was answered with 200")
    return found


@requirement("answer-media-type", last=True)
def test_the_answer_is_sent_as_json(check: CheckContext) -> None:
    for exchange in check.each(_every_200(check)):
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            found = exchange.answer.header("content-type") or "(none)"
            compared = Compared("application/json", found)
            check.fail("a 200 answer: its content type", "application/json", exchange, compared)


@requirement("answer-json", last=True)
def test_the_answer_is_well_formed_json(check: CheckContext) -> None:
    for exchange in check.each(_every_200(check)):
        assert exchange.answer is not None
        try:
            exchange.answer.json()
        except NotJsonError as error:
            check.fail("a 200 answer: its body", f"JSON in UTF-8, but {error}", exchange)


@requirement("answer-name")
def test_the_answer_carries_the_new_name(check: CheckContext) -> None:
    steps = [step for step in rename_series.run(check).accepted() if check.dialect.name_in(step.answered) is not None]
    check.needs(steps, "no answer to an ordinary rename carried a name")
    for step in check.each(steps):
        check.expect_equal(
            step.name, check.dialect.name_in(step.answered), f"{step.case}: the name in the answer", step.exchange
        )


@requirement("answer-id")
def test_the_answer_carries_the_id_asked_for(check: CheckContext) -> None:
    steps = [step for step in rename_series.run(check).accepted() if check.dialect.id_in(step.answered) is not None]
    check.needs(steps, "no answer to an ordinary rename carried an id")
    for step in check.each(steps):
        check.expect_equal(
            step.session.id, check.dialect.id_in(step.answered), f"{step.case}: the id in the answer", step.exchange
        )


@requirement("answer-id", last=True)
def test_every_answer_of_the_run_carries_the_id_asked_for(check: CheckContext) -> None:
    asked = {check.rename(session, "").path: session.id for session in check.target.pool.all}
    for exchange in check.each(_every_200(check)):
        found = check.dialect.id_in(members(exchange.answer.value if exchange.answer else None))
        if found is not None and exchange.request.path in asked:
            check.expect_equal(asked[exchange.request.path], found, "a 200 answer: the id in it", exchange)


@requirement("name-stored")
def test_the_new_name_is_there_when_read_back(check: CheckContext) -> None:
    accepted = rename_series.run(check).accepted()
    # where others are answered with true, false says that nothing was renamed: answer-true judges that
    steps = [step for step in accepted if check.dialect.succeeded(step.exchange)] or accepted
    check.require_readable()
    check.needs(steps, "no rename was answered with 200")
    for number, step in check.each(list(enumerate(steps))):
        # of a fault that comes and goes, the numbers say so
        kept = sum(_shows_its_name(check, earlier) for earlier in steps[:number])
        case = f"{step.case}, number {number + 1} of a series" + (f" ({kept} stored before it)" if number else "")
        after = step.after.get(step.session.id)
        if after is None:
            check.fail(f"{case}: the session read back", "the session to be there still", step.exchange)
        check.expect_equal(step.name, check.dialect.name_in(after), f"{case}: the name read back", step.exchange)


def _shows_its_name(check: CheckContext, step: rename_series.Step) -> bool:
    """Whether the session was read back with the name of the step."""
    return check.dialect.name_in(step.after.get(step.session.id) or {}) == step.name


@requirement("shown-at-once", last=True)
def test_the_new_name_is_shown_at_once(check: CheckContext) -> None:
    steps = rename_series.run(check).accepted()
    check.require_readable()
    check.needs(steps, "no rename was answered with 200")
    lags = check.target.patience.lags
    if lags:
        case = f"{len(lags)} readings of the run, the slowest of which showed it within {max(lags):.2g} s"
        check.fail(f"the name read back: {case}", "the new name as soon as the rename is answered", steps[-1].exchange)


@requirement("session-untouched", last=2)
def test_nothing_else_of_the_session_changes(check: CheckContext) -> None:
    run = rename_series.run(check)
    compared = 0
    answered: dict[str, tuple[str, Snapshot]] = {}
    _each_is_listed_as_before(check, run)
    for step in check.each(run.accepted()):
        before, after = step.before.get(step.session.id), step.after.get(step.session.id)
        if before is not None and after is not None:
            compared += _same_but_name(check, run, step, before, after, "read back")
        if step.session.id in answered:
            _, earlier = answered[step.session.id]
            compared += _same_but_name(check, run, step, earlier, step.answered, "in the answer")
        answered[step.session.id] = (step.name, step.answered)
    firsts = {step.session.kind: step for step in reversed(run.accepted()) if step.session in check.target.pool.all}
    if points_were_sent(check):  # the points are renames well after the first of every other kind
        firsts = {kind: first for kind, first in firsts.items() if kind == check.dialect.kinds[0]}
    for first in check.each(firsts.values()):
        session, before = first.session, first.before.get(first.session.id)
        seen = (before or {}, first.after.get(session.id) or {}, first.answered)
        server_clock.wait_since(
            first.exchange.at,
            [
                read.get(member)
                for read in seen
                for member in check.dialect.immutable_members
                if member != check.dialect.id_member
            ],
        )
        name = check.name()
        late = rename_series.Step(
            session, name, check.rename_and_expect(session, name, "a rename well after the first")
        )
        if before is not None:
            compared += _same_but_name(check, run, late, before, check.read(session, late.exchange), "read back")
        compared += _same_but_name(check, run, late, first.answered, late.answered, "in the answer")
    check.needs(
        compared,
        "nothing but the name is seen of a session: its answers carry no more, and it cannot be read back",
    )


def _each_is_listed_as_before(check: CheckContext, run: rename_series.Series) -> None:
    """A session that was listed before the renames is listed after them, and once."""
    for kind, before in check.each(run.listed_before.items()):
        now = [check.dialect.id_in(item) for item in run.listed_after.get(kind) or []]
        if before is None or run.listed_after.get(kind) is None:
            continue
        of_kind = {step.session.id: step for step in run.accepted() if step.session.kind == kind}
        for step in check.each(of_kind.values()):
            times = [check.dialect.id_in(item) for item in before].count(step.session.id)
            if times == 1 and now.count(step.session.id) != 1:
                # the order may have changed between two pages
                again = [check.dialect.id_in(item) for item in check.target.reader.listing(kind).items]
                case = f"{step.case}: how often it is listed"
                check.expect_equal(1, again.count(step.session.id), case, step.exchange)


def _same_but_name(
    check: CheckContext,
    run: rename_series.Series,
    step: rename_series.Step,
    before: Snapshot,
    after: Snapshot,
    where: str,
) -> int:
    """Require that the immutable members are as they were; how many were compared."""
    dialect = check.dialect
    volatile_members = run.volatile_members.get(step.session.id, set()) if where == "read back" else set()
    compared = 0
    for member in check.each(dialect.immutable_members):
        if member in volatile_members or (member not in before and member not in after) or member == dialect.id_member:
            continue
        if where == "in the answer" and (member not in before or member not in after):
            continue
        compared += 1
        case = f"{step.case}: {member} {where}"
        seen = Seen(step.session.id, before, after, step.session, step.exchange)
        expect_unchanged(check, seen, member, case, look_at(dialect, member))
    return compared


@requirement("neighbours-untouched", last=2)
def test_no_other_session_changes(check: CheckContext) -> None:
    run = rename_series.run(check)
    check.needs(run.accepted(), "no rename was answered with 200")
    looked = False
    for step in check.each(run.steps):
        for other, before in check.each(step.before.items(), lambda _: "another session"):
            after = step.after.get(other)
            if other == step.session.id or before is None or other not in step.after:
                continue
            looked = True
            if after is None:
                check.fail(f"{step.case}: another session", f"session {other} to be there still", step.exchange)
            for member in check.each((check.dialect.name_member, *check.dialect.immutable_members)):
                if member not in run.volatile_members[other]:
                    case = f"{step.case}: {member} of another session, {other}"
                    expect_unchanged(check, Seen(other, before, after, step.session, step.exchange), member, case)
    looked |= _bystanders_keep_their_names(check, run)
    neighbours.stay_as_they_are(check, run)
    check.require_readable()
    check.needs(looked, "no session but the renamed one was seen before and after: give more with --session-id")


def _bystanders_keep_their_names(check: CheckContext, run: rename_series.Series) -> bool:
    """Sessions that only the listing shows may be renamed by others at any time, but not to a name of this run."""
    own = {session.id for session in check.target.pool.of_the_run}
    names = {step.name: step for step in run.steps}
    looked = False
    for kind, before in check.each(run.listed_before.items()):
        known = {check.dialect.id_in(item): check.dialect.name_in(item) for item in before or []}
        for item in check.each(run.listed_after.get(kind) or [], lambda _: "a listed session"):
            found, name = check.dialect.id_in(item), check.dialect.name_in(item)
            if found in own:
                continue
            looked |= found in known
            if isinstance(name, str) and name in names and name != known.get(found):
                check.fail(
                    f"{names[name].case}: a session that was not renamed, {found}", "its own name",
                    names[name].exchange, Compared(str(known.get(found)), name),
                )  # fmt: skip
    return looked


@requirement("session-untouched")
def test_members_that_a_rename_has_no_business_with_are_not_taken(check: CheckContext) -> None:
    check.require_readable()
    session = check.some_session()
    if session.origin != "created":
        return  # what is lent is not put at risk
    first, before = check.read(session), check.read(session)
    body = check.body(session)
    foreign = {member: "rename-tck" for member in check.dialect.immutable_members if member not in body}
    for case, more in check.cases((
        ("members of a session in the body", foreign),
        ("another id in the body", {check.dialect.id_member: "rename-tck"}),
    )):  # fmt: skip
        exchange = check.send(check.dialect.rename(session, {**check.body(session), **more}))
        after = check.read(session, exchange)
        for member in check.each(check.dialect.immutable_members):
            if same(first.get(member), before.get(member)) and member not in check.dialect.copies_name:
                seen = Seen(session.id, before, after, session, exchange)
                expect_still(check, session, seen, member, f"{case}: {member} read back")
