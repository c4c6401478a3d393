"""The law that no input is answered with a 5xx status, over everything that the run has thought of."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest

from rename_tck.cases import bodies, ids, names
from rename_tck.cases.client_forms import ODD_QUERIES
from rename_tck.cases.spaces import BODIES
from rename_tck.checks.context import CheckContext
from rename_tck.checks.exploration import DRAWN, explore
from rename_tck.checks.points_of_run import points_were_sent
from rename_tck.checks.stopping import AFTER_ANOTHER, handed_over, is_ordinary, odd_before
from rename_tck.client.exchange import Credential, Exchange, Request, decoded
from rename_tck.client.journal import Entry, Purpose
from rename_tck.client.wire import USUAL
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(9, spread=2)


@requirement("no-server-error", last=True)
def test_no_input_is_answered_with_a_server_error(check: CheckContext) -> None:
    if not check.working:
        return  # the law below has what stopped it
    check.resend()
    session = check.some_session()
    for case, request, live in check.cases(_requests(check, session)):
        _judge(check, check.once(request, live=live), case)

    def generated(drawn: object) -> None:
        _judge(check, check.send(check.dialect.rename(session, drawn)), "a generated body")

    explore(check, BODIES, generated, valid=check.body(session))
    check.require_control_accepted(check.rename(session, check.name()))


@requirement("no-server-error", last=5)
def test_no_request_of_the_run_was_answered_with_a_server_error(check: CheckContext) -> None:
    check.resend()
    if (stopped := handed_over(check)) is not None and stopped.exchange is not None:
        check.count(stopped.exchange)
        raise stopped
    for seen in check.each(_seen(check), lambda seen: seen.kind):
        _judge(check, check.count(seen.exchange), seen.case, seen.after)
    for case, _, exchange in check.each(check.target.unanswered, lambda one: one[1]):
        check.fail(case, "an HTTP answer", exchange)
    if check.working:
        check.require_control_accepted(check.rename(check.some_session(), check.name()))


def _judge(check: CheckContext, exchange: Exchange, case: str, after: str | None = None) -> None:
    if exchange.status >= 500 and not check.off_route(exchange):
        try:
            check.fail(case, "any answer but a 5xx status", exchange)
        except Nonconformance as failure:
            failure.after = after
            raise


class _Seen(NamedTuple):
    """An answer with a 5xx status, its case and the class of that, and what was seen of what it takes."""

    case: str
    exchange: Exchange
    kind: str
    after: str | None = None


def _seen(check: CheckContext) -> list[_Seen]:
    """Every 5xx of the run so far, with its class: one for each requirement and case that brought it and each status.

    Those to renames that were accepted at another time, or others like them, are one class, with their number. Where
    what works otherwise failed right after an odd request each time, that one is told. Of points of which one was made
    as small as it went that one is told, and of a case not what was sent beside it.
    """
    entries = check.entries()
    mine = check.requirement.id if check.requirement is not None else None
    allowed = set(map(id, check.target.refused_for_form))
    broken = [entry for entry in entries if entry.exchange.status >= 500 and id(entry.exchange) not in allowed]
    works = {entry.exchange.request for entry in entries if entry.exchange.status < 500}
    passing = [entry for entry in broken if entry.exchange.request in works or _is_plain(check, entry)]
    before = {entry.number: odd_before(check, entry.exchange) for entry in passing if entry.requirement != mine}
    accepted = {_sort(check, entry) for entry in entries if check.dialect.succeeded(entry.exchange)}
    plain = [entry for entry in entries if _is_plain(check, entry) or _sort(check, entry) in accepted]
    times = Counter(entry.exchange.status for entry in plain)
    others = {entry.number for entry in plain} if len(times) > 1 else set()
    found: dict[str, _Seen] = {}
    smallest, larger = _made_small(check, broken)
    of_cases = {(entry.requirement, entry.exchange.status) for entry in broken if entry.case and entry.requirement}
    for entry in broken:
        is_beside = not entry.case and not _is_plain(check, entry)
        if is_beside and (entry.requirement, entry.exchange.status) in of_cases:
            continue
        label, after = _label(entry) if entry.requirement is None else "", None
        what = "a request" if entry.purpose is Purpose.CASE else "a request beside a case"
        sent_for = f"sent for {entry.requirement or 'every requirement on valid renames'}"
        words = f"{what} {sent_for}"
        if entry.case:
            beside = "" if entry.purpose is Purpose.CASE else "a request beside it, "
            words = f"{entry.case[-1]} ({beside}{sent_for})"
        kind = f"{words}, {entry.exchange.status}"
        if entry.number in before and all(before.values()):
            words, kind = f"{words}; {before[entry.number]}", AFTER_ANOTHER
        elif entry.number in others:
            kind = f"a rename of a sort that is accepted otherwise, {entry.exchange.status}"
            share = f"{times[entry.exchange.status]} of {len(plain)}"
            words = f"a rename like others that are accepted, of which {share} failed so in this run"
        elif entry.requirement == mine and mine in check.target.failed:
            continue  # told with its own case
        elif label in smallest:
            words, kind, after = f"a rename with {label}", f"{label}, {entry.exchange.status}", smallest[label]
        elif label in larger:
            continue
        is_first = kind == AFTER_ANOTHER or _label(entry).startswith(DRAWN)
        if kind not in found or (not is_first and _length(entry.exchange) < _length(found[kind].exchange)):
            found[kind] = _Seen(words, entry.exchange, kind, after)
    return list(found.values())


def _length(exchange: Exchange) -> int:
    """How much there is to read in a request: of one case several forms are sent, the plain one among them."""
    request = exchange.request
    return len(request.body or b"") + sum(len(name) + len(value) for name, value in request.headers)


def _made_small(check: CheckContext, broken: Sequence[Entry]) -> tuple[dict[str, str | None], set[str]]:
    """Of the points that were answered with a 5xx the smallest, with what was seen of each, and those made smaller.

    Both by their labels. A smallest one that was answered otherwise when it was sent is none.
    """
    there = {_label(entry) for entry in broken if entry.requirement is None}
    points = [point for point in check.target.broken_points if point.smallest in there]
    smallest = {point.smallest: point.said for point in reversed(points)}
    on_the_way = check.target.on_the_way if points else set()
    return smallest, ({point.label for point in points} | on_the_way) - smallest.keys()


def _label(entry: Entry) -> str:
    """The case that a request was sent for, or beside; of a point its label."""
    return entry.case[-1] if entry.case else ""


def _is_plain(check: CheckContext, entry: Entry) -> bool:
    """Whether a request is an ordinary rename, sent as the suite itself does."""
    return is_ordinary(check, entry) and entry.exchange.request.wire == USUAL


def _sort(check: CheckContext, entry: Entry) -> object:
    """What a rename has in common with others that are tried for the same; of one that is like no other, itself."""
    name = check.dialect.name_in(members(decoded(entry.exchange.request.body)))
    if not entry.case or entry.case[-1].startswith(DRAWN) or not isinstance(name, str):
        return entry.exchange.request
    request = entry.exchange.request
    return entry.requirement, entry.case, names.is_reasonable(name), request.credential, request.headers, request.wire


def _requests(check: CheckContext, session: Session) -> Iterator[tuple[str, Request, bool]]:
    dialect = check.dialect
    if not points_were_sent(check):
        for name in (*names.UNREASONABLE, *names.BLANKS_AROUND, *names.UNICODE[::2], *names.LOOKALIKES[::3]):
            yield f"a name, {name.label}", check.rename(session, name.text), True
    for text in ("", " ", "\u3000"):
        yield f"the name {text!r}", check.rename(session, text), True
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY, *bodies.UNUSUAL):
        yield f"a body that is {raw.label}", dialect.rename(check.session_for(raw.label), None, raw=raw.raw), True
    for member in check.body(session):
        for raw in bodies.strange(check.body(session), member):
            yield f"{member} is {raw.label}", dialect.rename(check.session_for(raw.label), None, raw=raw.raw), True
        for wrong in bodies.wrong_for("string"):
            one = check.session_for(wrong.label)
            body = check.body(one, **{member: wrong.value})
            yield f"{member} is {wrong.label}", dialect.rename(one, body), True
    for case, request in check.faulty(session, check.name()):
        yield case, request, True
    for odd_query in check.system_cases.odd_queries(session):
        yield odd_query.label, dialect.rename(session, check.body(session), query=odd_query.query), True
    yield from ((form.label, form.apply(check.rename(session, check.name())), True) for form in ODD_QUERIES)
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
        request = check.dialect.rename(session, check.body(session), encoded_id=odd.encoded)
        if check.may_send(request, odd):
            if odd.may_leave_route:
                check.target.off_route_paths.add(request.path)
            yield f"an id, {odd.label}", request, False
