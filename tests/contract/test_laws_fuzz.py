"""The laws of the whole request space, generated from each vendored document."""

import pytest

from rename_tck.cases import names
from rename_tck.cases.drawn import Drawn
from rename_tck.cases.edges import edges
from rename_tck.cases.spaces import INVALID, NAMES, VALID
from rename_tck.checks.context import Bench
from rename_tck.checks.exploration import explore
from rename_tck.systems.dialect import Session

requirement = pytest.mark.requirement


@requirement("valid-space-accepted", per_edition=True)
def test_generated_valid_requests_are_accepted(bench: Bench) -> None:
    session = bench.some_session()

    def accepted(drawn: Drawn) -> None:
        assert isinstance(drawn.body, dict)
        body = bench.dialect.adapted(session, drawn.body)
        if not bench.dialect.asks_for_name(body):
            # a name is asked for by most of what is valid, and by few of the bodies that are drawn
            body = {**body, **bench.body(session)}
        _judge_valid(bench, session, body)

    def named(name: str) -> None:
        _judge_valid(bench, session, bench.dialect.body(session, name))

    edge = False
    for case, body in bench.cases(edges(bench.contract, bench.body(session))):
        if bench.contract.lifted(body):
            edge = True
            bench.accept(bench.dialect.rename(session, body), f"{case}, which {bench.contract.document_path} allows")
    explore(bench, VALID, accepted)

    def allowed(name: str) -> bool:
        return bench.allows(bench.dialect.body(session, name))

    explore(bench, NAMES, named, only=allowed)
    # a kept case at an edge is all that was sent: that it is accepted is what it is judged by
    if not (edge and bench.trail.narrowed):
        bench.needs_sight()


def _judge_valid(bench: Bench, session: Session, body: dict[str, object]) -> None:
    if not bench.dialect.asks_for_name(body):
        return
    name = body[bench.dialect.name_member]
    assert isinstance(name, str)
    request = bench.dialect.rename(session, body)
    case = f"a generated request with the name {name[:60]!r}"
    if names.is_reasonable(name):
        exchange = bench.accept(request, case)
        bench.expect_answered(exchange, name, case)
        bench.stored_if_readable(session, name, case, exchange)
    elif not names.is_blank(name) and not names.has_blanks_around(name):
        bench.keep_or_refuse(session, request, name, case)


@requirement("invalid-space-refused", per_edition=True)
def test_generated_invalid_requests_are_refused(bench: Bench) -> None:
    session = bench.some_session()
    twin = bench.rename(session, bench.name())
    bench.prove(twin)

    def refused(drawn: Drawn, what: str = "a generated request that is invalid") -> None:
        body = drawn.body
        if drawn.raw is None and isinstance(body, dict):
            # generated members stay: a valid user must be the session's own, or the fault would hide behind a 404
            body = {**body, **bench.dialect.scope(session)} if bench.dialect.scoped(body) else body
        if drawn.raw is None and any(not contract.request_errors(body) for contract in bench.target.contracts.values()):
            return  # valid, or valid in another chosen edition
        request = bench.dialect.rename(session, body, raw=drawn.raw)
        exchange = bench.send(request)
        why = "no JSON" if drawn.raw is not None else bench.told(bench.contract.request_errors(body)[0].message)
        bench.require_refusal(f"{what}: {why}", exchange)

    for case, body in bench.cases(edges(bench.contract, bench.body(session))):
        if bench.contract.request_errors(body):
            refused(Drawn(body, None, valid=False), f"{case}, which is invalid")
    explore(bench, INVALID, refused, valid=bench.body(session))
