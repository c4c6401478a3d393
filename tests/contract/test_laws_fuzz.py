"""The laws of the whole request space, generated from each vendored document."""

import pytest

from rename_tck.cases import names
from rename_tck.cases.drawn import Drawn
from rename_tck.cases.edges import edges
from rename_tck.cases.spaces import INVALID, NAMES, VALID
from rename_tck.checks.context import CheckContext
from rename_tck.checks.exploration import explore
from rename_tck.systems.dialect import Session

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(8, spread=4)


@requirement("valid-space-accepted", per_edition=True)
def test_generated_valid_requests_are_accepted(check: CheckContext) -> None:
    session = check.some_session()

    def accepted(drawn: Drawn) -> None:
        session = check.some_session()
        assert isinstance(drawn.body, dict)
        body = check.dialect.adapted(session, drawn.body)
        if not check.dialect.asks_for_name(body):
            # a name is asked for by most of what is valid, and by few of the bodies that are drawn
            body = {**body, **check.body(session)}
        _judge_valid(check, session, body)

    def named(name: str) -> None:
        session = check.some_session()
        _judge_valid(check, session, check.dialect.body(session, name))

    edge = False
    for case, body in check.cases(edges(check.contract, check.body(session))):
        if check.contract.lifted(body):
            edge = True
            check.accept(check.dialect.rename(session, body), f"{case}, which {check.contract.document_path} allows")
    explore(check, VALID, accepted)

    def allowed(name: str) -> bool:
        return check.allows(check.dialect.body(session, name))

    explore(check, NAMES, named, only=allowed)
    # a kept case at an edge is all that was sent: that it is accepted is what it is judged by
    if not (edge and check.selector.narrowed):
        check.require_name_observed()


def _judge_valid(check: CheckContext, session: Session, body: dict[str, object]) -> None:
    if not check.dialect.asks_for_name(body):
        return
    name = body[check.dialect.name_member]
    assert isinstance(name, str)
    request = check.dialect.rename(session, body)
    case = f"a generated request with the name {name[:60]!r}"
    if names.is_reasonable(name):
        exchange = check.accept(request, case)
        check.expect_answered(exchange, name, case)
        check.stored_if_readable(session, name, case, exchange)
    elif not names.is_blank(name) and not names.has_blanks_around(name):
        check.keep_or_refuse(session, request, name, case)


@requirement("invalid-space-refused", per_edition=True)
def test_generated_invalid_requests_are_refused(check: CheckContext) -> None:
    session = check.some_session()
    control = check.rename(session, check.name())
    check.require_control_accepted(control)

    def refused(drawn: Drawn, what: str = "a generated request that is invalid") -> None:
        body, session = drawn.body, check.some_session()
        if drawn.raw is None and isinstance(body, dict):
            # generated members stay: a valid user must be the session's own, or the fault would hide behind a 404
            body = {**body, **check.dialect.scope(session)} if check.dialect.scoped(body) else body
        if drawn.raw is None and any(not contract.request_errors(body) for contract in check.target.contracts.values()):
            return  # valid, or valid in another chosen edition
        if drawn.raw is None and _is_left_open(check, body):
            return
        request = check.dialect.rename(session, body, raw=drawn.raw)
        exchange = check.send(request)
        why = "no JSON" if drawn.raw is not None else check.excerpt(check.contract.request_errors(body)[0].message)
        check.require_refusal(f"{what}: {why}", exchange)

    for case, body in check.cases(edges(check.contract, check.body(session))):
        if check.contract.request_errors(body):
            refused(Drawn(body, None, valid=False), f"{case}, which is invalid")
    explore(check, INVALID, refused, valid=check.body(session))


def _is_left_open(check: CheckContext, body: object) -> bool:
    """Whether all that is wrong with a body is in a member that a chosen edition says is ignored."""
    found = check.system_cases.ignoring(body)
    if found is None:
        return False
    rule, rest = found
    stating = [
        contract
        for edition, contract in check.target.contracts.items()
        if check.catalogue.requirement(rule).stance(edition) == "states"
    ]
    return any(not contract.request_errors(rest) for contract in stating)
