"""The law that no input is answered with a 5xx status, over everything that the run has thought of."""

from collections.abc import Iterator

import pytest

from rename_tck.cases import bodies, ids, names
from rename_tck.cases.spaces import BODIES
from rename_tck.checks.context import Bench
from rename_tck.checks.exploration import explore
from rename_tck.client.exchange import Credential, Exchange, Request
from rename_tck.systems.dialect import Session

requirement = pytest.mark.requirement


@requirement("no-server-error", last=True)
def test_no_input_is_answered_with_a_server_error(bench: Bench) -> None:
    session = bench.some_session()
    bench.resend()
    for exchange in bench.journal():
        if exchange.status >= 500:
            _judge(bench, bench.count(exchange), "a request of another requirement")
    for case, request, live in bench.cases(_requests(bench, session)):
        _judge(bench, bench.once(request, live=live), case)

    def generated(drawn: object) -> None:
        _judge(bench, bench.send(bench.dialect.rename(session, drawn)), "a generated body")

    explore(bench, BODIES, generated, valid=bench.body(session))
    bench.prove(bench.rename(session, bench.name()))


def _judge(bench: Bench, exchange: Exchange, case: str) -> None:
    if exchange.status >= 500:
        bench.fail(case, "any answer but a 5xx status", exchange)


def _requests(bench: Bench, session: Session) -> Iterator[tuple[str, Request, bool]]:
    dialect = bench.dialect
    for name in (*names.UNREASONABLE, *names.BLANKS_AROUND, *names.UNICODE[::2], *names.LOOKALIKES[::3]):
        yield f"a name, {name.label}", bench.rename(session, name.text), True
    for text in ("", " ", "\u3000"):
        yield f"the name {text!r}", bench.rename(session, text), True
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY, *bodies.UNUSUAL):
        yield f"a body that is {raw.label}", dialect.rename(session, None, raw=raw.raw), True
    for member in bench.body(session):
        for raw in bodies.strange(bench.body(session), member):
            yield f"{member} is {raw.label}", dialect.rename(session, None, raw=raw.raw), True
        for wrong in bodies.wrong_for("string"):
            yield (
                f"{member} is {wrong.label}",
                dialect.rename(session, bench.body(session, **{member: wrong.value})),
                True,
            )
    for case, request in bench.faulty(session, bench.name()):
        yield case, request, True
    for odd_query in bench.system_cases.odd_queries(session):
        yield odd_query.label, dialect.rename(session, bench.body(session), query=odd_query.query), True
    yield from _odd_headers(bench, session)
    yield from _odd_ids(bench, session)


def _odd_headers(bench: Bench, session: Session) -> Iterator[tuple[str, Request, bool]]:
    dialect = bench.dialect
    yield "no content type", dialect.rename(session, bench.body(session), headers=()), True
    yield (
        "content type text/plain",
        dialect.rename(session, bench.body(session), headers=(("Content-Type", "text/plain"),)),
        True,
    )
    headers = (("Content-Type", "application/json; charset=no-such-charset"),)
    yield "a charset that does not exist", dialect.rename(session, bench.body(session), headers=headers), True
    for odd, body in bench.system_cases.odd_scopes(session, bench.name()):
        yield odd, dialect.rename(session, body), True
    if bench.target.sut.connection.key is not None:
        for label, odd_one in (
            ("a credential beyond ASCII", Credential.BEYOND_ASCII), ("a key without its scheme", Credential.NO_SCHEME)
        ):  # fmt: skip
            yield label, bench.rename(session, bench.name()).with_credential(odd_one), True
    yield "no credential", bench.rename(session, bench.name()).with_credential(Credential.NONE), True


def _odd_ids(bench: Bench, session: Session) -> Iterator[tuple[str, Request, bool]]:
    for odd in ids.odd_ids(bench.target.token):
        if not odd.generic:
            bench.target.sut.guard.know_segment(odd.encoded)
            request = bench.dialect.rename(session, bench.body(session), encoded_id=odd.encoded)
            if odd.may_leave_route:
                bench.target.astray.add(request.path)
            yield f"an id, {odd.label}", request, False
