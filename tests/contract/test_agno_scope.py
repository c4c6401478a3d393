"""What only Agno's document states of the scope of a rename: the user, the database, the table."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from rename_tck.cases.dimensions import by_lot
from rename_tck.cases.spaces import DATABASES, TABLES, TYPES, USERS
from rename_tck.cases.users import OtherUser, lookalikes, may_be, other_users
from rename_tck.checks.context import CheckContext
from rename_tck.checks.exploration import explore
from rename_tck.client.exchange import Request
from rename_tck.client.journal import Purpose
from rename_tck.systems.agno import SHAPES
from rename_tck.systems.dialect import Session
from rename_tck.verdict import Aspect

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(2, spread=5)


_OWNERLESS = (
    "no user_id is known that one of the sessions belongs to: give one that is read back with a user_id, or let the "
    "suite create one"
)


@requirement("agno.user-scope-own")
def test_a_rename_scoped_to_the_sessions_own_user_is_accepted(check: CheckContext) -> None:
    sessions = [session for session in check.one_of_each_kind() if session.owner]
    check.needs(sessions, _OWNERLESS)
    for session in check.cases(sessions):
        name, case = check.name(), "the session's own user_id"
        query = (*check.dialect.query(session), ("user_id", str(session.owner)))
        exchange = check.accept(check.dialect.rename(session, check.body(session, name), query=query), case)
        check.expect_answered(exchange, name, case)
        check.stored_if_readable(session, name, case, exchange)


@requirement("agno.user-scope-other")
def test_a_rename_scoped_to_another_user_finds_nothing(check: CheckContext) -> None:
    sessions = [session for session in check.one_of_each_kind() if session.owner]
    check.needs(sessions, _OWNERLESS)
    for session in check.cases(sessions):
        others = other_users(str(session.owner))
        for other in check.cases(_dealt(others, sessions.index(session), len(sessions), check.lot)):
            _hidden_from(check, session, other)
        kind = next(str(one) for one in check.dialect.kinds if one != session.kind)
        for case in check.cases([f"another user's user_id, and type {kind} for a session of type {session.kind}"]):
            _hidden_from(check, session, replace(others[0], label=case), query=(("type", kind),))
        for _ in check.cases(["type left out"] if session.kind == "agent" else []):
            _hidden_from(check, session, replace(others[0], label=f"{others[0].label}, type left out"), query=())


@requirement("agno.user-scope-lookalike")
def test_a_rename_scoped_to_a_user_of_a_similar_id_finds_nothing(check: CheckContext) -> None:
    sessions = [session for session in check.one_of_each_kind() if session.owner]
    check.needs(sessions, _OWNERLESS)
    for session in check.cases(sessions):
        others = lookalikes(str(session.owner))
        for other in check.cases(_dealt(others, sessions.index(session), len(sessions), check.lot)):
            _hidden_from(check, session, replace(other, refusable=True))


def _dealt(others: Sequence[OtherUser], number: int, count: int, seed: str) -> list[OtherUser]:
    """Which of other users, or lookalikes, are tried on one of so many sessions, the first of them on each.

    The seed says which session meets which.
    """
    shift = by_lot(seed, "users", count)
    dealt = (other for place, other in enumerate(others) if (place + shift) % count == number)
    return list(dict.fromkeys((others[0], *dealt)))


def _hidden_from(
    check: CheckContext, session: Session, other: OtherUser, query: tuple[tuple[str, str], ...] | None = None
) -> None:
    """Require that a rename on behalf of another user is answered with 404, or not accepted, and changes nothing."""
    before = check.prepare(session)
    scoped = (*(check.dialect.query(session) if query is None else query), ("user_id", other.user_id))
    exchange = check.send(check.dialect.rename(session, check.body(session), query=scoped))
    if other.refusable and exchange.status == 200:
        check.fail(other.label, "any status but 200: the session is not that user's", exchange)
    if not other.refusable and exchange.status != 404:
        check.fail(other.label, "status 404: the session is not that user's", exchange)
    check.unchanged(session, before, f"{other.label}, answered with {exchange.status}", exchange)


def _database(check: CheckContext, session: Session) -> str | None:
    """The db_id of the session's database: the one that the target names under which it is read; None else."""
    storage = check.target.pool.storage.of(session)
    return None if storage is None else storage.database


def _require_documented_error(
    check: CheckContext, session: Session, case: str, more: tuple[tuple[str, str], ...]
) -> None:
    """Require that a query with these parameters is refused with a documented error, and changes nothing."""
    before = check.prepare(session)
    query = (*check.dialect.query(session), *more)
    exchange = check.send(check.dialect.rename(session, check.body(session), query=query))
    documented = [status for status in check.contract.statuses if 400 <= status < 500]
    if exchange.status not in documented:
        check.fail(case, f"a documented error: {', '.join(map(str, documented))}", exchange)
    check.unchanged(session, before, f"{case}, refused with {exchange.status}", exchange)


@requirement("agno.db-id-unknown")
def test_an_unknown_db_id_is_a_documented_error(check: CheckContext) -> None:
    session = check.some_session()
    for unknown in check.cases(("no-such-db",)):
        _require_documented_error(check, session, "an unknown db_id", (("db_id", f"{unknown}-{check.target.token}"),))
    known = _database(check, session)
    for case in check.cases(["the target's own db_id" if known else "no db_id"]):
        query = (*check.dialect.query(session), *((("db_id", known),) if known else ()))
        check.accept(check.dialect.rename(session, check.body(session), query=query), case)


@requirement("agno.table-unknown")
def test_an_unknown_table_is_a_documented_error(check: CheckContext) -> None:
    session = check.some_session()
    known = _database(check, session)
    table = f"no_such_table_{check.target.token}"
    queries: dict[str, tuple[tuple[str, str], ...]] = {"an unknown table": (("table", table),)}
    if known is not None:
        queries["an unknown table beside the right db_id"] = (("db_id", known), ("table", table))
    for case, query in check.cases(queries.items()):
        _require_documented_error(check, session, case, query)
    check.require_control_accepted(check.rename(session, check.name()))


@pytest.mark.order(9, spread=3)
@requirement("agno.type-validated", "agno.user-scope-other", "agno.db-id-unknown", "agno.table-unknown")
def test_drawn_values_of_a_parameter_are_refused(check: CheckContext) -> None:
    assert check.requirement is not None
    session = check.some_session()
    owner, known = session.owner or "", None
    if check.requirement.id == "agno.user-scope-other":
        check.needs(owner, _OWNERLESS)
    if check.requirement.id in {"agno.db-id-unknown", "agno.table-unknown"}:
        known = _database(check, session)
    beside = (("db_id", known),) if known else ()

    def refused_type(value: str) -> None:
        request = check.dialect.rename(session, check.body(session), query=(("type", value),))
        check.require_refusal(f"type={value!r}", check.send(request), (422,))

    def hidden(value: str) -> None:
        _hidden_from(check, session, OtherUser(value, f"user_id={value!r}", "drawn"))

    def unknown_database(value: str) -> None:
        _require_documented_error(check, session, f"db_id={value!r}", (("db_id", value),))

    def unknown_table(value: str) -> None:
        _require_documented_error(check, session, f"table={value!r}", (*beside, ("table", value)))

    check.require_control_accepted(check.rename(session, check.name()))
    match check.requirement.id:
        case "agno.type-validated":
            explore(check, TYPES, refused_type, only=lambda value: value not in SHAPES)
        case "agno.user-scope-other":
            explore(check, USERS, hidden, only=lambda value: not may_be(owner, value))
        case "agno.db-id-unknown":
            explore(check, DATABASES, unknown_database, only=lambda value: not may_be(known or "", value))
        case _:
            explore(check, TABLES, unknown_table, only=lambda value: not may_be("agno_sessions", value))


@requirement("agno.name-stored")
def test_the_listing_of_a_users_sessions_shows_the_name(check: CheckContext) -> None:
    check.require_readable()
    for session in check.cases([one for one in check.one_of_each_kind() if one.owner]):
        case = f"a session of type {session.kind}"
        request, known = _listing_of_owner(check, session), check.granted_name(session)
        shown = _listed_name(check, session, request) if isinstance(known, str) else None
        if shown is not None and shown == known:
            continue
        name = check.name()
        exchange = check.rename_and_expect(session, name, case)
        shown = check.settled(partial(_listed_name, check, session, request), {name, None}.__contains__)
        if shown is None:
            _leaves_the_listing(check, session.kind)
        else:
            what = f"{case}: the name in the listing of its user's sessions"
            check.expect_equal(name, shown, what, exchange, Aspect.STORED)


def _leaves_the_listing(check: CheckContext, kind: str | None) -> None:
    """Require that a session which the listing of its user's sessions shows is shown there after a rename as well."""
    session = check.target.pool.fresh(kind)
    if session is None or session.owner is None:
        return
    request = _listing_of_owner(check, session)
    if _listed_name(check, session, request) is None:
        return  # it is not shown there anyway
    name, case = check.name(), f"a session of type {kind}"
    exchange = check.rename_and_expect(session, name, case)
    if check.settled(partial(_listed_name, check, session, request), lambda shown: shown is not None) is None:
        what = f"{case}: the listing of its user's sessions, which has shown it"
        check.fail(what, f"the session with its name, {name!r}", exchange, aspect=Aspect.STORED)


def _listing_of_owner(check: CheckContext, session: Session) -> Request:
    """What lists the sessions of a session's user."""
    listing = check.dialect.listing(session.kind, "")
    return replace(listing, query=(*listing.query, ("user_id", str(session.owner))))


def _listed_name(check: CheckContext, session: Session, request: Request) -> object:
    """The name with which a listing shows a session on its first page; None where it does not."""
    answer = check.target.client.send(request, Purpose.READING).answer
    page = check.dialect.page(request, answer) if answer is not None else None
    items = page.items if page is not None else []
    return next((check.dialect.name_in(one) for one in items if check.dialect.id_in(one) == session.id), None)
