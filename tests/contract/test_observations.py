"""What a server does where no document says: recorded, never judged, so that two servers can be compared."""

import json
from collections import Counter
from collections.abc import Callable

import pytest

from rename_tck.cases import bodies
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, decoded
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import NotTested, Unjudgeable

pytestmark = pytest.mark.order(9, spread=5)

Answer = tuple[str, str | None]

#: What keeps a question from being asked.
TROUBLES = (Nonconformance, NotTested, Unjudgeable)

#: How often two renames of one session are sent at once, where no other law has done so.
_ROUNDS = 4


def _said(exchange: Exchange) -> str:
    if exchange.answer is None:
        return "no answer"
    if exchange.status == 200 and exchange.answer.value is False:
        return "answered with false"
    # that a session which is there is not found, or may not be renamed by whoever asks, is no word on the request
    refused = 400 <= exchange.status < 500 and exchange.status not in {401, 403, 404, 405, 410, 429}
    word = "refused" if refused else "accepted" if exchange.status == 200 else "answered"
    return word if word == "accepted" else f"{word} with {exchange.status}"


def _kept(check: CheckContext, names: dict[str, str]) -> dict[str, Answer]:
    """Whether each name is accepted, and what becomes of it: as many as there are sessions are read together."""
    first = check.some_session()
    sessions = [session for session in check.target.pool.all if session.kind == first.kind]
    found: dict[str, Answer] = {}
    waiting = list(names.items())
    while waiting:
        some, waiting = waiting[: len(sessions)], waiting[len(sessions) :]
        sent = {label: (session, name) for session, (label, name) in zip(sessions, some, strict=False)}
        accepted = []
        for label, (session, name) in sent.items():
            try:
                said = _said(check.send(check.rename(session, name)))
            except TROUBLES as trouble:
                found[label] = ("not asked", str(trouble))
                continue
            found[label] = said, None
            if said == "accepted" and check.readable():
                accepted.append(label)
        found |= _stored(check, {label: sent[label] for label in accepted})
    return found


def _stored(check: CheckContext, accepted: dict[str, tuple[Session, str]]) -> dict[str, Answer]:
    """What became of names that were accepted."""
    found: dict[str, Answer] = {}
    reader = check.target.reader
    try:
        listed = reader.listed([session for session, _ in accepted.values()]) if len(accepted) > 1 else {}
        for label, (session, name) in accepted.items():
            stored = check.dialect.name_in(listed.get(session.id, {}))
            if stored != name:  # a listing may show less of it
                stored = check.name_of(session)
            altered = f"to {check.redacted(json.dumps(stored, ensure_ascii=False))[:200]}"
            found[label] = ("accepted and stored", None) if stored == name else ("accepted and altered", altered)
    except TROUBLES as trouble:
        found |= dict.fromkeys(accepted.keys() - found.keys(), ("not asked", str(trouble)))
    return found


def _sent_as(headers: tuple[tuple[str, str], ...]) -> Callable[[CheckContext, Session], Answer]:
    return lambda check, session: (
        _said(check.once(check.dialect.rename(session, check.body(session), headers=headers))),
        None,
    )


def _additional_members(check: CheckContext, session: Session) -> Answer:
    return _said(check.once(check.dialect.rename(session, check.body(session, undocumented="x")))), None


def _undocumented_query(check: CheckContext, session: Session) -> Answer:
    query = (*check.dialect.query(session), ("undocumented", "x"))
    return _said(check.once(check.dialect.rename(session, check.body(session), query=query))), None


def _duplicate_members(check: CheckContext, session: Session) -> Answer:
    first, last = check.name(), check.name()
    member = check.dialect.name_member
    text = json.dumps(check.body(session, first))
    raw = f"{text[:-1]}, {json.dumps(member)}: {json.dumps(last)}}}".encode()
    exchange = check.send(check.dialect.rename(session, None, raw=raw))
    if not check.dialect.succeeded(exchange) or not check.readable():
        return _said(exchange), None
    stored = check.name_of(session, exchange)
    return {first: "accepted: the first value counts", last: "accepted: the last value counts"}.get(
        str(stored), "accepted"
    ), None


def _empty_user(check: CheckContext, session: Session) -> Answer:
    return _said(check.once(check.dialect.rename(session, check.body(session, user="")))), None


def _null_without_auto(check: CheckContext, session: Session) -> Answer:
    before = check.name()
    check.rename_and_expect(session, before, "a rename before the null")
    exchange = check.send(check.dialect.rename(session, check.body(session, name=None)))
    if exchange.status != 200 or not check.readable():
        return _said(exchange), None
    stored = check.name_of(session, exchange)
    if stored == before:
        return "accepted: the name stays as it was", None
    return "accepted and altered", f"to {check.redacted(json.dumps(stored, ensure_ascii=False))[:200]}"


def _not_json(check: CheckContext, session: Session) -> Answer:
    statuses = {
        raw.label: check.once(check.dialect.rename(check.session_for(raw.label), None, raw=raw.raw)).status
        for raw in (*bodies.NOT_JSON, *bodies.EMPTY)
    }
    most = Counter(statuses.values()).most_common(1)[0][0]
    others = "; ".join(f"{status} for {label}" for label, status in statuses.items() if status != most)
    return f"answered with {most}", f"but {others}" if others else None


def _null_with_auto(check: CheckContext, session: Session) -> Answer:
    before = check.name()
    check.rename_and_expect(session, before, "a rename before the null")
    said = {}
    for label, name in (("null", None), ("a number", 42)):
        exchange = check.send(check.dialect.rename(session, {**check.body(session, auto_generate=True), "name": name}))
        said[label] = _said(exchange)
        if exchange.status == 200 and check.readable():
            stored = check.name_of(session, exchange)
            said[label] += ": the name stays as it was" if stored == before else ": the name is another one"
    answers = set(said.values())
    return answers.pop() if len(answers) == 1 else "; ".join(f"{label} {what}" for label, what in said.items()), None


def _answer_of_another(check: CheckContext, session: Session) -> Answer:
    broken = f"{check.dialect.system}.concurrent-same-session"
    check.needs(broken not in check.target.failed, f"{broken} fails: renames at once break something here")
    path = check.rename(session, "").path
    if not (rounds := _rounds(check, path)):
        for _ in range(_ROUNDS):
            check.at_once(*(check.rename(session, check.name()) for _ in range(2)))
        rounds = _rounds(check, path)
    own = others = 0
    for exchange in rounds:
        answered = check.dialect.name_in(members(exchange.answer.value if exchange.answer else None))
        sent = check.dialect.name_in(members(decoded(exchange.request.body)))
        own, others = own + (answered == sent), others + (answered not in {None, sent})
    return f"in {others} of {own + others} answers", f"renames of one session at once, {len(rounds)} in the run"


def _rounds(check: CheckContext, path: str) -> list[Exchange]:
    """The renames of a session in the run that were accepted, and in flight with others of it."""
    sent = (one for one in check.journal() if one.request in check.target.at_once and one.request.path == path)
    named = (one for one in sent if check.dialect.asks_for_name(members(decoded(one.request.body))))
    return [one for one in named if check.dialect.succeeded(one)]


#: Names of which it is observed whether they are accepted, and what becomes of them; made of one of the run's own.
NAMES: dict[str, Callable[[str], str]] = {
    "obs-length-255": lambda _: "x" * 255,
    "obs-length-256": lambda _: "x" * 256,
    "obs-length-1000": lambda _: "x" * 1000,
    "obs-length-10000": lambda _: "x" * 10_000,
    "obs-blank-name": lambda _: "   ",
    "obs-blanks-trimmed": lambda name: f"  {name}  ",
    "obs-control-characters": lambda _: "tab\tand\u0007bell",
}

#: All other questions.
QUESTIONS: dict[str, Callable[[CheckContext, Session], Answer]] = {
    "obs-additional-members": _additional_members,
    "obs-media-type-text": _sent_as((("Content-Type", "text/plain"),)),
    "obs-media-type-missing": _sent_as(()),
    "obs-duplicate-members": _duplicate_members,
    "obs-undocumented-query": _undocumented_query,
    "obs-not-json-status": _not_json,
    "obs-empty-user": _empty_user,
    "obs-name-null-without-auto": _null_without_auto,
    "obs-name-null-with-auto": _null_with_auto,
    "obs-answer-of-another": _answer_of_another,
}


@pytest.mark.observation
def test_what_no_document_settles(check: CheckContext) -> None:
    session = check.some_session()
    asked = {observation.id.split(".")[1]: observation.id for observation in check.catalogue.observations}
    names = {label: make(check.name()) for label, make in NAMES.items() if label in asked}
    for label, answer in _kept(check, names).items():
        check.target.observations[asked[label]] = answer
    for label in [one for one in asked if one in QUESTIONS]:
        try:
            answer = QUESTIONS[label](check, session)
        except TROUBLES as trouble:
            answer = ("not asked", str(trouble))
        check.target.observations[asked[label]] = answer
