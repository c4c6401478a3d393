"""What a server does where no document says: recorded, never judged, so that two servers can be compared."""

import json
from collections.abc import Callable

import pytest

from rename_tck.checks.context import Bench
from rename_tck.checks.nonconformance import Nonconformance
from rename_tck.client.exchange import Credential, Exchange, Request
from rename_tck.systems.dialect import Session
from rename_tck.verdict import NotTested, Unjudgeable

Answer = tuple[str, str | None]


def _said(exchange: Exchange) -> str:
    if exchange.answer is None:
        return "no answer"
    word = "refused" if 400 <= exchange.status < 500 else "accepted" if exchange.status == 200 else "answered"
    return word if word == "accepted" else f"{word} with {exchange.status}"


def _kept(bench: Bench, session: Session, request: Request, name: str) -> Answer:
    """Whether a name is accepted, and what becomes of it."""
    exchange = bench.send(request)
    said = _said(exchange)
    if said != "accepted" or not bench.readable():
        return said, None
    stored = bench.name_of(session, exchange)
    if stored == name:
        return "accepted and kept", None
    return "accepted and altered", f"to {bench.redacted(json.dumps(stored, ensure_ascii=False))[:200]}"


def _of_length(length: int) -> Callable[[Bench, Session], Answer]:
    return lambda bench, session: _kept(bench, session, bench.rename(session, "x" * length), "x" * length)


def _named(name: str) -> Callable[[Bench, Session], Answer]:
    return lambda bench, session: _kept(bench, session, bench.rename(session, name), name)


def _blanks_trimmed(bench: Bench, session: Session) -> Answer:
    name = f"  {bench.name()}  "
    return _kept(bench, session, bench.rename(session, name), name)


def _sent_as(headers: tuple[tuple[str, str], ...]) -> Callable[[Bench, Session], Answer]:
    return lambda bench, session: (
        _said(bench.send(bench.dialect.rename(session, bench.body(session), headers=headers))),
        None,
    )


def _additional_members(bench: Bench, session: Session) -> Answer:
    return _said(bench.send(bench.dialect.rename(session, bench.body(session, undocumented="x")))), None


def _undocumented_query(bench: Bench, session: Session) -> Answer:
    query = (*bench.dialect.query(session), ("undocumented", "x"))
    return _said(bench.send(bench.dialect.rename(session, bench.body(session), query=query))), None


def _duplicate_members(bench: Bench, session: Session) -> Answer:
    first, last = bench.name(), bench.name()
    member = bench.dialect.name_member
    text = json.dumps(bench.body(session, first))
    raw = f"{text[:-1]}, {json.dumps(member)}: {json.dumps(last)}}}".encode()
    exchange = bench.send(bench.dialect.rename(session, None, raw=raw))
    if exchange.status != 200 or not bench.readable():
        return _said(exchange), None
    stored = bench.name_of(session, exchange)
    return {first: "accepted: the first value counts", last: "accepted: the last value counts"}.get(
        str(stored), "accepted"
    ), None


def _bearer_case(bench: Bench, session: Session) -> Answer:
    bench.needs(bench.target.sut.connection.key, "no API key given: set RENAME_TCK_API_KEY")
    request = bench.rename(session, bench.name()).with_credential(Credential.LOWER_CASE_SCHEME)
    return _said(bench.send(request)), None


def _empty_user(bench: Bench, session: Session) -> Answer:
    return _said(bench.send(bench.dialect.rename(session, bench.body(session, user="")))), None


def _null_without_auto(bench: Bench, session: Session) -> Answer:
    before = bench.name()
    bench.give(session, before, "a rename before the null")
    exchange = bench.send(bench.dialect.rename(session, bench.body(session, name=None)))
    if exchange.status != 200 or not bench.readable():
        return _said(exchange), None
    stored = bench.name_of(session, exchange)
    if stored == before:
        return "accepted: the name stays as it was", None
    return "accepted and altered", f"to {bench.redacted(json.dumps(stored, ensure_ascii=False))[:200]}"


QUESTIONS: dict[str, Callable[[Bench, Session], Answer]] = {
    "obs-length-255": _of_length(255),
    "obs-length-256": _of_length(256),
    "obs-length-1000": _of_length(1000),
    "obs-length-10000": _of_length(10_000),
    "obs-blank-name": _named("   "),
    "obs-blanks-trimmed": _blanks_trimmed,
    "obs-control-characters": _named("tab\tand\u0007bell"),
    "obs-additional-members": _additional_members,
    "obs-media-type-text": _sent_as((("Content-Type", "text/plain"),)),
    "obs-media-type-missing": _sent_as(()),
    "obs-duplicate-members": _duplicate_members,
    "obs-bearer-case": _bearer_case,
    "obs-undocumented-query": _undocumented_query,
    "obs-empty-user": _empty_user,
    "obs-name-null-without-auto": _null_without_auto,
}


@pytest.mark.observation
def test_what_no_document_settles(bench: Bench) -> None:
    session = bench.some_session()
    for observation in bench.catalogue.observations:
        try:
            answer = QUESTIONS[observation.id.split(".")[1]](bench, session)
        except (Nonconformance, NotTested, Unjudgeable) as trouble:
            answer = ("not asked", str(trouble))
        bench.target.observations[observation.id] = answer
