"""What only Dify's documents state: the user, auto_generate, null names, the shape of errors."""

import uuid
from collections.abc import Iterator

import pytest

from rename_tck.cases import bodies
from rename_tck.checks import rename_series
from rename_tck.checks.context import Bench
from rename_tck.client.exchange import OTHER_MODE_KEY_VARIABLE, Credential, Exchange
from rename_tck.systems.dialect import Session, members

requirement = pytest.mark.requirement


def _without(body: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in body.items() if name not in names}


# -- the members of the body


@requirement("dify.user-required")
def test_a_request_without_user_is_refused(bench: Bench) -> None:
    session = bench.session()
    for case, other in bench.cases((("no user", {}), ("no user, auto_generate false", {"auto_generate": False}))):
        body = bench.body(session, **other)
        bench.refuse(case, bench.dialect.rename(session, _without(body, "user")), bench.dialect.rename(session, body))
    twin = bench.body(session)
    generating = {**_without(twin, "name", "user"), "auto_generate": True}
    more = (("no user, auto_generate true", generating), *bodies.misnamed(twin, "user"))
    for case, body in bench.cases(more):
        bench.refuse(case, bench.dialect.rename(session, body), bench.dialect.rename(session, twin))
    for _ in bench.cases([None]):
        faulty = bench.dialect.rename(session, _without(twin, "user"), query=(("user", str(session.owner)),))
        bench.refuse("user in the query, none in the body", faulty, bench.dialect.rename(session, twin))


@requirement("dify.user-string")
def test_a_user_that_is_no_string_is_refused(bench: Bench) -> None:
    session = bench.session()
    twin = bench.body(session)
    for wrong in bench.cases(bodies.wrong_for("string")):
        faulty = bench.dialect.rename(session, {**twin, "user": wrong.value})
        bench.refuse(f"a user that is {wrong.label}", faulty, bench.dialect.rename(session, twin))
    for _ in bench.cases([None]):
        generating = bench.dialect.rename(session, {"user": None, "auto_generate": True})
        bench.refuse("a user that is null, auto_generate true", generating, bench.dialect.rename(session, twin))


@requirement("dify.name-string")
def test_a_name_that_is_no_string_is_refused(bench: Bench) -> None:
    session = bench.session()
    twin = bench.body(session)
    for wrong in bench.cases(bodies.wrong_for("string", nullable=True)):
        faulty = bench.dialect.rename(session, {**twin, "name": wrong.value})
        bench.refuse(f"a name that is {wrong.label}", faulty, bench.dialect.rename(session, twin))


@requirement("dify.auto-generate-boolean")
def test_an_auto_generate_that_is_no_boolean_is_refused(bench: Bench) -> None:
    session = bench.session()
    twin = bench.body(session, auto_generate=False)
    for wrong in bench.cases((*bodies.wrong_for("boolean"), *bodies.TAKEN_FOR_TRUE)):
        faulty = bench.dialect.rename(session, {**twin, "auto_generate": wrong.value})
        bench.refuse(f"an auto_generate that is {wrong.label}", faulty, bench.dialect.rename(session, twin))


@requirement("dify.name-or-auto-generate")
def test_neither_name_nor_auto_generate_is_refused(bench: Bench) -> None:
    session = bench.session()
    for case, other in bench.cases((
        ("neither name nor auto_generate", {}),
        ("no name, auto_generate false", {"auto_generate": False}),
    )):  # fmt: skip
        body = bench.body(session, **other)
        bench.refuse(case, bench.dialect.rename(session, _without(body, "name")), bench.dialect.rename(session, body))


@requirement("dify.name-null-accepted")
def test_a_null_name_beside_auto_generate_is_accepted(bench: Bench) -> None:
    session = bench.session()
    body = {**bench.body(session, auto_generate=True), "name": None}
    bench.accept(bench.dialect.rename(session, body), "name null, auto_generate true")


@requirement("dify.name-null-refused")
def test_a_null_name_is_refused(bench: Bench) -> None:
    session = bench.session()
    twin = bench.body(session)
    for case, other in bench.cases((
        ("name null", {}),
        ("name null, auto_generate false", {"auto_generate": False}),
        ("name null, auto_generate true", {"auto_generate": True}),
    )):  # fmt: skip
        faulty = bench.dialect.rename(session, {**twin, **other, "name": None})
        bench.refuse(case, faulty, bench.dialect.rename(session, twin))


@requirement("dify.null-is-not-text")
def test_a_null_name_does_not_become_text(bench: Bench) -> None:
    session = bench.session()
    bench.require_readable()
    bench.prepare(session)
    for case, other in bench.cases((("name null", {}), ("name null, auto_generate false", {"auto_generate": False}))):
        exchange = bench.send(bench.dialect.rename(session, {**bench.body(session, **other), "name": None}))
        stored = bench.name_of(session, exchange)
        if isinstance(stored, str) and stored.strip().lower() in {"null", "none", "nil", "undefined"}:
            bench.fail(f"{case}: the name read back", "no text made of the null", exchange)


# -- auto_generate


def _generating(bench: Bench, session: Session) -> dict[str, object]:
    """The body that asks for a generated name, and has none."""
    return {**_without(bench.body(session), "name"), "auto_generate": True}


def _generate(bench: Bench, session: Session, case: str, **other: object) -> Exchange:
    body = {**_generating(bench, session), **other}
    return bench.accept(bench.dialect.rename(session, body), case)


def _answered_name(exchange: Exchange) -> object:
    return members(exchange.answer.value).get("name") if exchange.answer else None


@requirement("dify.auto-generate-default-false")
def test_auto_generate_defaults_to_false(bench: Bench) -> None:
    session = bench.session()
    for _ in bench.cases(range(3)):
        name = bench.name()
        body = _without(bench.body(session, name), "auto_generate")
        exchange = bench.accept(bench.dialect.rename(session, body), "auto_generate left out")
        bench.expect_answered(exchange, name, "auto_generate left out")
        bench.stored_if_readable(session, name, "auto_generate left out", exchange)


@requirement("dify.auto-generate-false-uses-name")
def test_auto_generate_false_uses_the_name(bench: Bench) -> None:
    session = bench.session()
    for _ in bench.cases(range(3)):
        name = bench.name()
        exchange = bench.accept(
            bench.dialect.rename(session, bench.body(session, name, auto_generate=False)), "auto_generate false"
        )
        bench.expect_answered(exchange, name, "auto_generate false")
        bench.stored_if_readable(session, name, "auto_generate false", exchange)


@requirement("dify.auto-generate-accepted")
def test_auto_generate_without_a_name_is_accepted(bench: Bench) -> None:
    _generate(bench, bench.session(), "auto_generate true, no name")


@requirement("dify.auto-generate-gives-name")
def test_auto_generate_gives_a_name(bench: Bench) -> None:
    session = bench.session()
    before = bench.prepare(session)
    exchange = _generate(bench, session, "auto_generate true, no name")
    answered = _answered_name(exchange)
    bench.needs(
        answered is not None or bench.readable(), "neither the answer nor a list endpoint shows the generated name"
    )
    for where, name in (
        ("in the answer", answered),
        ("read back", bench.name_of(session) if bench.readable() else None),
    ):
        if name is None and (where == "in the answer" or not bench.readable()):
            continue
        if not isinstance(name, str) or not name.strip():
            bench.fail(f"auto_generate true: the name {where}", "a non-empty generated name", exchange)
        if name == before:
            bench.fail(
                f"auto_generate true: the name {where}",
                f"a generated name, not {before!r}, which it bore before",
                exchange,
            )


@requirement("dify.auto-generate-stored")
def test_the_generated_name_is_stored(bench: Bench) -> None:
    session = bench.session()
    bench.require_readable()
    before = bench.prepare(session)
    others = {other.id: bench.name_of(other) for other in bench.target.pool.all if other.id != session.id}
    exchange = _generate(bench, session, "auto_generate true, no name")
    for other in bench.target.pool.all:
        if other.id in others:
            bench.stored(other, others[other.id], "auto_generate true: another conversation", exchange)
    answered, stored = _answered_name(exchange), bench.name_of(session, exchange)
    if answered is not None:
        bench.expect_equal(
            answered, stored, "auto_generate true: the name read back, against the one answered", exchange
        )
    if stored == before:
        bench.fail("auto_generate true: the name read back", f"the generated name, not {before!r}", exchange)


@requirement("dify.auto-generate-ignores-name")
def test_auto_generate_ignores_the_name(bench: Bench) -> None:
    session = bench.session()
    before = bench.prepare(session)
    sent = f"{bench.name()}, a name of more than a few words"
    exchange = _generate(bench, session, "auto_generate true, with a name", name=sent)
    answered = _answered_name(exchange)
    bench.needs(answered is not None or bench.readable(), "neither the answer nor a list endpoint shows the name")
    for where, name in (
        ("in the answer", answered),
        ("read back", bench.name_of(session) if bench.readable() else None),
    ):
        if name == before:
            what = f"a generated name, not {before!r}, which it bore before"
            bench.fail(f"auto_generate true, with a name: the name {where}", what, exchange)
        if isinstance(name, str) and sent in name:
            bench.fail(
                f"auto_generate true, with a name: the name {where}",
                f"a generated name, not {sent!r}, which was sent",
                exchange,
            )


# -- errors


def _refusals(bench: Bench) -> list[tuple[str, Exchange]]:
    """Requests that are refused for many reasons, sent once and judged in several respects."""
    fresh = Bench(bench.target, None)
    found: list[tuple[str, Exchange]] = bench.shared("refusals", lambda: list(_refuse(fresh)))
    return found


def _refuse(bench: Bench) -> Iterator[tuple[str, Exchange]]:
    """Requests that are refused for many reasons, of body, of id, of user."""
    session = bench.session()
    for case, request in bench.faulty(session, bench.name()):
        yield case, bench.send(request)
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY):
        yield f"a body that is {raw.label}", bench.send(bench.dialect.rename(session, None, raw=raw.raw))
    yield (
        "neither name nor auto_generate",
        bench.send(bench.dialect.rename(session, _without(bench.body(session), "name"))),
    )
    yield "an empty name", bench.send(bench.rename(session, ""))
    for number, made_up in enumerate(
        (_unknown(bench), f"not-a-uuid-{bench.target.token}", f"{bench.target.token}{'x' * 300}")
    ):
        bench.target.sut.guard.know(made_up)
        case = ("an unknown id", "an id that is no UUID", "an id of 300 characters")[number]
        yield case, bench.send(bench.rename(Session(made_up, "listed", None, session.owner), bench.name()), live=False)
    other = bench.body(session, user=_other_user(session))
    yield "another user", bench.send(bench.dialect.rename(session, other))


def _unknown(bench: Bench) -> str:
    return bench.dialect.unknown_id(f"{bench.target.token}/errors")


def _other_user(session: Session) -> str:
    return f"{session.owner}-someone-else"


def _error_shape(bench: Bench, status: int) -> None:
    """Judge every answer of this status that the run has seen, whatever its cause."""
    if not bench.resend():
        _refusals(bench)
    found = bench.answered(status)
    for exchange in found:
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            bench.fail(f"the content type of a {status} answer", "application/json", exchange)
        value = bench.json(exchange, f"a {status} answer")
        if not isinstance(value, dict):
            bench.fail(f"a {status} answer", "an object with status, code and message", exchange)
        for member, kind, what in (
            ("status", int, "an integer"),
            ("code", str, "a string"),
            ("message", str, "a string"),
        ):
            member_found = value.get(member)
            if not isinstance(member_found, kind) or isinstance(member_found, bool):
                bench.fail(f"a {status} answer", f"a member {member} that is {what}", exchange)
    bench.needs(found, f"no request of the run was answered with {status}")


@requirement("dify.error-400-shape", last=True)
def test_every_400_has_the_documented_shape(bench: Bench) -> None:
    _error_shape(bench, 400)


@requirement("dify.error-404-shape", last=True)
def test_every_404_has_the_documented_shape(bench: Bench) -> None:
    _error_shape(bench, 404)


@requirement("dify.error-status-matches", last=True)
def test_the_status_in_the_body_is_that_of_the_answer(bench: Bench) -> None:
    if not bench.resend():
        _refusals(bench)
    seen = 0
    for exchange in bench.answered(400, 404):
        value = members(exchange.answer.value) if exchange.answer else {}
        if "status" in value:
            seen += 1
            bench.expect_equal(
                exchange.status, value["status"], f"the status in the body of a {exchange.status}", exchange
            )
    bench.needs(seen, "no 400 or 404 answer had a status in its body")


@requirement("dify.not-found-code")
def test_an_unknown_conversation_has_the_code_not_found(bench: Bench) -> None:
    session = bench.session()
    made_up = _unknown(bench)
    bench.target.sut.guard.know(made_up)
    unknown = Session(made_up, "listed", None, session.owner)
    generating = _generating(bench, unknown)
    for case, body in bench.cases((
        ("an unknown id", bench.body(unknown)), ("an unknown id, auto_generate true", generating)
    )):  # fmt: skip
        exchange = bench.send(bench.dialect.rename(unknown, body), live=False)
        bench.needs(exchange.status == 404, f"{case} was answered with {exchange.status}, not 404")
        value = bench.json(exchange, case)
        bench.expect_equal("not_found", members(value).get("code"), f"{case}: the code", exchange)


@requirement("dify.not-chat-app")
def test_the_key_of_another_mode_is_refused_as_not_chat_app(bench: Bench) -> None:
    bench.needs(
        bench.target.sut.connection.other_mode_key,
        f"no key of an app of another mode given: set {OTHER_MODE_KEY_VARIABLE} to that of a workflow app, say",
    )
    session = bench.session()
    request = bench.rename(session, bench.name())
    exchange = bench.send(request.with_credential(Credential.OTHER_MODE))
    if exchange.status != 400:
        bench.fail("the key of an app of another mode", "status 400", exchange)
    value = bench.json(exchange, "the key of an app of another mode")
    bench.expect_equal(
        "not_chat_app", members(value).get("code"), "the key of an app of another mode: the code", exchange
    )
    bench.prove(request)


@requirement("dify.other-user-not-found")
def test_a_conversation_of_another_user_is_not_found(bench: Bench) -> None:
    session = bench.session()
    before = bench.prepare(session)
    owner = str(session.owner)
    others = {
        "another user": _other_user(session),
        "the user, cut by a character": owner[:-1],
        "the user in the other case": owner.swapcase(),
        "the user, ending in a wildcard": f"{owner[:-1]}%",
    }
    for case, other in bench.cases(others.items()):
        if other in {"", owner}:
            continue
        exchange = bench.send(bench.dialect.rename(session, bench.body(session, user=other)))
        if exchange.status != 404:
            bench.fail(f"a rename by {case}", "status 404", exchange)
        bench.stored_if_readable(session, before, f"a rename by {case}, refused", exchange)


# -- the answer


def _answers(bench: Bench, member: str) -> Iterator[tuple[rename_series.Step, object]]:
    """The member in every answer of the series that carries it; not tested where none does."""
    found = [(step, step.answered[member]) for step in rename_series.run(bench).accepted() if member in step.answered]
    bench.needs(found, f"no answer carried the member {member}")
    yield from found


@requirement("dify.answer-id-uuid")
def test_the_id_in_the_answer_is_a_uuid(bench: Bench) -> None:
    for step, found in _answers(bench, "id"):
        try:
            right = isinstance(found, str) and len(found) == 36 and str(uuid.UUID(found)) == found.lower()
        except ValueError:
            right = False
        if not right:
            bench.fail(f"{step.case}: the id in the answer", "a UUID (RFC 9562, section 4)", step.exchange)


@requirement("dify.timestamps-integer")
def test_timestamps_are_integers(bench: Bench) -> None:
    steps = [
        step for step in rename_series.run(bench).accepted() if {"created_at", "updated_at"} & step.answered.keys()
    ]
    bench.needs(steps, "no answer carried created_at or updated_at")
    for step in steps:
        for member in ("created_at", "updated_at"):
            found = step.answered.get(member, 0)
            if not isinstance(found, int) or isinstance(found, bool) or not -(2**63) <= found < 2**63:
                bench.fail(f"{step.case}: {member} in the answer", "an integer of 64 bits", step.exchange)


@requirement("dify.updated-at-monotonic")
def test_updated_at_never_goes_back(bench: Bench) -> None:
    latest: dict[tuple[str, str], int] = {}
    for step in rename_series.run(bench).accepted():
        for where, found in (("answer", step.answered), ("list", step.after.get(step.session.id) or {})):
            now = found.get("updated_at")
            if not isinstance(now, int):
                continue
            key = (step.session.id, where)
            if now < latest.get(key, now):
                bench.fail(
                    f"{step.case}: updated_at in the {where}",
                    f"at least {latest[key]}, as after the rename before",
                    step.exchange,
                )
            latest[key] = now
    bench.needs(latest, "neither answers nor the listing carry updated_at")


@requirement("dify.introduction-not-null")
def test_the_introduction_is_not_null(bench: Bench) -> None:
    for step, found in _answers(bench, "introduction"):
        if found is None:
            bench.fail(f"{step.case}: the introduction in the answer", "a string", step.exchange)


@requirement("dify.status-normal")
def test_the_status_of_an_active_conversation_is_normal(bench: Bench) -> None:
    for step, found in _answers(bench, "status"):
        bench.expect_equal("normal", found, f"{step.case}: the status in the answer", step.exchange)


# -- laws of all systems, for what only Dify's body asks


@requirement("dify.unknown-id-refused")
def test_asking_for_the_title_of_an_unknown_conversation_is_refused(bench: Bench) -> None:
    session = bench.session()
    made_up = bench.dialect.unknown_id(f"{bench.target.token}/generate")
    bench.target.sut.guard.know(made_up)
    unknown = Session(made_up, "listed", None, session.owner)
    exchange = bench.send(bench.dialect.rename(unknown, _generating(bench, unknown)), live=False)
    bench.require_refusal("an unknown id, auto_generate true", exchange, live=False)


def _generate_without_key(bench: Bench, credential: Credential, case: str) -> None:
    bench.needs(
        bench.target.sut.connection.key, "no API key given: set RENAME_TCK_API_KEY, so that its absence can be tried"
    )
    session = bench.session()
    request = bench.dialect.rename(session, _generating(bench, session))
    exchange = bench.send(request.with_credential(credential))
    if exchange.status not in bench.dialect.credential_refusals:
        wanted = " or ".join(map(str, sorted(bench.dialect.credential_refusals)))
        bench.fail(f"{case}, auto_generate true", f"status {wanted}", exchange)


@requirement("dify.credential-missing")
def test_asking_for_a_title_without_the_credential_is_refused(bench: Bench) -> None:
    _generate_without_key(bench, Credential.NONE, "no credential")


@requirement("dify.credential-wrong")
def test_asking_for_a_title_with_a_wrong_credential_is_refused(bench: Bench) -> None:
    _generate_without_key(bench, Credential.WRONG, "another key")


@requirement("dify.refusal-changes-nothing")
def test_a_rename_by_another_user_or_app_that_is_refused_changes_nothing(bench: Bench) -> None:
    bench.require_readable()
    session = bench.session()
    requests = [("another user", bench.dialect.rename(session, bench.body(session, user=_other_user(session))))]
    if bench.target.sut.connection.other_mode_key:
        other_app = bench.rename(session, bench.name()).with_credential(Credential.OTHER_MODE)
        requests.append(("the key of an app of another mode", other_app))
    for case, request in bench.cases(requests):
        before = bench.prepare(session)
        exchange = bench.send(request)
        if 400 <= exchange.status < 500:
            bench.stored(session, before, f"{case}, refused with {exchange.status}", exchange)


@requirement("dify.updated-at-monotonic", last=True)
def test_updated_at_never_goes_back_in_the_run(bench: Bench) -> None:
    latest: dict[str, tuple[float, int]] = {}
    bench.resend()
    for exchange in sorted(bench.journal(), key=lambda exchange: exchange.at):
        value = members(exchange.answer.value) if exchange.answer and exchange.status == 200 else {}
        now, session = value.get("updated_at"), value.get("id")
        if not isinstance(now, int) or not isinstance(session, str):
            continue
        ended, before = latest.get(session, (0.0, now))
        assert exchange.answer is not None
        # of renames that were in flight at once any may be the later one
        if now < before and ended <= exchange.at - exchange.answer.elapsed:
            bench.fail("a 200 answer: updated_at", f"at least {before}, as after a rename before", exchange)
        latest[session] = (exchange.at, max(now, before))
