"""The law that no input is answered with a 5xx status, over everything that the run has thought of."""

from collections.abc import Iterator

import pytest

from rename_tck.cases import bodies, ids, names
from rename_tck.cases.spaces import BODIES
from rename_tck.checks.context import CheckContext
from rename_tck.checks.exploration import explore
from rename_tck.checks.stopping import AFTER_ANOTHER, is_ordinary, odd_before
from rename_tck.client.exchange import Credential, Exchange, Request
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(9, spread=2)


@requirement("no-server-error", last=True)
def test_no_input_is_answered_with_a_server_error(check: CheckContext) -> None:
    session = check.some_session()
    check.resend()
    for case, exchange, _ in check.each(_seen(check), lambda seen: seen[2]):
        _judge(check, check.count(exchange), case)
    if not check.working:
        return
    for case, request, live in check.cases(_requests(check, session)):
        _judge(check, check.once(request, live=live), case)

    def generated(drawn: object) -> None:
        _judge(check, check.send(check.dialect.rename(session, drawn)), "a generated body")

    explore(check, BODIES, generated, valid=check.body(session))
    check.require_control_accepted(check.rename(session, check.name()))


def _judge(check: CheckContext, exchange: Exchange, case: str) -> None:
    if exchange.status >= 500 and not check.off_route(exchange):
        check.fail(case, "any answer but a 5xx status", exchange)


def _seen(check: CheckContext) -> list[tuple[str, Exchange, str]]:
    """Every 5xx of the run so far, with its class: one for each requirement and case that brought it and each status.

    Where what is answered otherwise at other times, as ordinary renames are, failed right after an odd request each
    time, that one is told: of all those one.
    """
    entries = check.entries()
    works = {entry.exchange.request for entry in entries if entry.exchange.status < 500}
    mine = check.requirement.id if check.requirement is not None else None
    broken = [entry for entry in entries if entry.exchange.status >= 500 and entry.requirement != mine]
    passing = [entry for entry in broken if entry.exchange.request in works or is_ordinary(check, entry)]
    before = {entry.number: odd_before(check, entry.exchange) for entry in passing}
    found: dict[str, tuple[str, Exchange, str]] = {}
    for entry in broken:
        case = f": {entry.case[-1]}" if entry.case else ""
        what = f"{'a request' if entry.purpose is Purpose.CASE else f'a {entry.purpose} request'}"
        words = f"{what} of {entry.requirement or 'what several requirements look at'}{case}"
        kind = f"{words}, {entry.exchange.status}"
        if entry.number in before and all(before.values()):
            words, kind = f"{words}; {before[entry.number]}", AFTER_ANOTHER
        found.setdefault(kind, (words, entry.exchange, kind))
    return list(found.values())


def _requests(check: CheckContext, session: Session) -> Iterator[tuple[str, Request, bool]]:
    dialect = check.dialect
    for name in (*names.UNREASONABLE, *names.BLANKS_AROUND, *names.UNICODE[::2], *names.LOOKALIKES[::3]):
        yield f"a name, {name.label}", check.rename(session, name.text), True
    for text in ("", " ", "\u3000"):
        yield f"the name {text!r}", check.rename(session, text), True
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY, *bodies.UNUSUAL):
        yield f"a body that is {raw.label}", dialect.rename(session, None, raw=raw.raw), True
    for member in check.body(session):
        for raw in bodies.strange(check.body(session), member):
            yield f"{member} is {raw.label}", dialect.rename(session, None, raw=raw.raw), True
        for wrong in bodies.wrong_for("string"):
            yield (
                f"{member} is {wrong.label}",
                dialect.rename(session, check.body(session, **{member: wrong.value})),
                True,
            )
    for case, request in check.faulty(session, check.name()):
        yield case, request, True
    for odd_query in check.system_cases.odd_queries(session):
        yield odd_query.label, dialect.rename(session, check.body(session), query=odd_query.query), True
    yield from _odd_headers(check, session)
    yield from _odd_ids(check, session)


def _odd_headers(check: CheckContext, session: Session) -> Iterator[tuple[str, Request, bool]]:
    dialect = check.dialect
    yield "no content type", dialect.rename(session, check.body(session), headers=()), True
    yield (
        "content type text/plain",
        dialect.rename(session, check.body(session), headers=(("Content-Type", "text/plain"),)),
        True,
    )
    headers = (("Content-Type", "application/json; charset=no-such-charset"),)
    yield "a charset that does not exist", dialect.rename(session, check.body(session), headers=headers), True
    for odd, body in check.system_cases.odd_scopes(session, check.name()):
        yield odd, dialect.rename(session, body), True
    if check.target.client.connection.key is not None:
        for label, odd_one in (
            ("a credential beyond ASCII", Credential.BEYOND_ASCII), ("a key without its scheme", Credential.NO_SCHEME)
        ):  # fmt: skip
            yield label, check.rename(session, check.name()).with_credential(odd_one), True
    yield "no credential", check.rename(session, check.name()).with_credential(Credential.NONE), True


def _odd_ids(check: CheckContext, session: Session) -> Iterator[tuple[str, Request, bool]]:
    for odd in ids.odd_ids(check.target.token):
        if check.is_nobodys(odd):
            request = check.dialect.rename(session, check.body(session), encoded_id=odd.encoded)
            if odd.may_leave_route:
                check.target.off_route_paths.add(request.path)
            yield f"an id, {odd.label}", request, False
