"""What only Dify's documents state: the user, auto_generate, null names, the shape of errors."""

from collections.abc import Callable
from functools import partial

import pytest

from rename_tck.cases import bodies
from rename_tck.cases.dify import generating, without
from rename_tck.checks import generated_names
from rename_tck.checks.context import CheckContext
from rename_tck.checks.generated_names import GeneratingStep
from rename_tck.client.exchange import Exchange
from rename_tck.client.journal import Purpose
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session, members
from rename_tck.systems.dify import DIALECT
from rename_tck.verdict import Aspect, Compared, Gap, NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(2, spread=5)

#: What languages write for their null.
_NULLS = frozenset({"null", "none", "nil", "undefined", "nullptr"})


# -- the members of the body


@requirement("dify.user-required")
def test_a_request_without_user_is_refused(check: CheckContext) -> None:
    session = check.session()
    for case, other in check.cases((("no user", {}), ("no user, auto_generate false", {"auto_generate": False}))):
        body = check.body(session, **other)
        check.refuse(case, check.dialect.rename(session, without(body, "user")), check.dialect.rename(session, body))
    control = check.body(session)
    asking = {**without(control, "name", "user"), "auto_generate": True}
    more = (("no user, auto_generate true", asking), *bodies.misnamed(control, "user"))
    for case, body in check.cases(more):
        check.refuse(case, check.dialect.rename(session, body), check.dialect.rename(session, control))
    for case in check.cases(["user in the query, none in the body"]):
        faulty = check.dialect.rename(session, without(control, "user"), query=(("user", str(session.owner)),))
        check.refuse(case, faulty, check.dialect.rename(session, control))


@requirement("dify.user-string")
def test_a_user_that_is_no_string_is_refused(check: CheckContext) -> None:
    session = check.session()
    control = check.body(session)
    for wrong in check.cases(bodies.wrong_for("string")):
        faulty = check.dialect.rename(session, {**control, "user": wrong.value})
        check.refuse(f"a user that is {wrong.label}", faulty, check.dialect.rename(session, control))
    for case in check.cases(["a user that is a number, and an auto_generate that is a string"]):
        faulty = check.dialect.rename(session, {**control, "user": 42, "auto_generate": "maybe"})
        check.refuse(case, faulty, check.dialect.rename(session, control))
    for case in check.cases(["a user that is null, auto_generate true"]):
        asking = check.dialect.rename(session, {"user": None, "auto_generate": True})
        check.refuse(case, asking, check.dialect.rename(session, control))


@requirement("dify.name-string")
def test_a_name_that_is_no_string_is_refused(check: CheckContext) -> None:
    session = check.session()
    control = check.body(session)
    for wrong in check.cases(bodies.wrong_for("string", nullable=True)):
        faulty = check.dialect.rename(session, {**control, "name": wrong.value})
        check.refuse(f"a name that is {wrong.label}", faulty, check.dialect.rename(session, control))
    for case in check.cases(["a name that is an array, and an auto_generate that is a string"]):
        faulty = check.dialect.rename(session, {**control, "name": ["x"], "auto_generate": "maybe"})
        check.refuse(case, faulty, check.dialect.rename(session, control))


@requirement("dify.auto-generate-boolean")
def test_an_auto_generate_that_is_no_boolean_is_refused(check: CheckContext) -> None:
    session = check.session()
    control = check.body(session, auto_generate=False)
    for wrong in check.cases((*bodies.wrong_for("boolean"), *bodies.TAKEN_FOR_TRUE)):
        faulty = check.dialect.rename(session, {**control, "auto_generate": wrong.value})
        check.refuse(f"an auto_generate that is {wrong.label}", faulty, check.dialect.rename(session, control))


@requirement("dify.name-or-auto-generate")
def test_neither_name_nor_auto_generate_is_refused(check: CheckContext) -> None:
    session = check.session()
    for case, other in check.cases((
        ("neither name nor auto_generate", {}),
        ("no name, auto_generate false", {"auto_generate": False}),
    )):  # fmt: skip
        body = check.body(session, **other)
        check.refuse(case, check.dialect.rename(session, without(body, "name")), check.dialect.rename(session, body))


@requirement("dify.name-null-accepted")
def test_a_null_name_beside_auto_generate_is_accepted(check: CheckContext) -> None:
    session = check.session()
    body = {**check.body(session, auto_generate=True), "name": None}
    check.accept(check.dialect.rename(session, body), "name null, auto_generate true")


@requirement("dify.name-null-refused")
def test_a_null_name_is_refused(check: CheckContext) -> None:
    session = check.session()
    control = check.body(session)
    for case, other in check.cases((
        ("name null", {}),
        ("name null, auto_generate false", {"auto_generate": False}),
    )):  # fmt: skip
        faulty = check.dialect.rename(session, {**control, **other, "name": None})
        check.refuse(case, faulty, check.dialect.rename(session, control))


@requirement("dify.null-is-not-text")
def test_a_null_name_does_not_become_text(check: CheckContext) -> None:
    session = check.session()
    check.prepare(session)
    seen = 0
    for case, other in check.cases((
        ("name null", {}), ("name null, auto_generate false", {"auto_generate": False}),
        ("name null, auto_generate true", {"auto_generate": True}),
    )):  # fmt: skip
        exchange = check.send(check.dialect.rename(session, {**check.body(session, **other), "name": None}))
        answered = _answered_name(exchange) if exchange.status == 200 else None
        stored = check.name_of(session, exchange) if check.readable() else None
        seen += answered is not None or stored is not None or 400 <= exchange.status < 500
        for where, name in check.each((("in the answer", answered), ("read back", stored))):
            if _is_null_as_text(name):
                compared = Compared("no text made of the null", str(name))
                check.fail(f"{case}: the name {where}", "no text made of the null", exchange, compared)
    check.needs(seen, "no answer and no reading showed a name after the null")


def _is_null_as_text(name: object) -> bool:
    """Whether a name is what a language writes for its null, in brackets or quotes or not."""
    return isinstance(name, str) and name.strip(" \t<>()[]{}\"'`").lower() in _NULLS


# -- auto_generate


def _generate(check: CheckContext, session: Session, case: str, **other: object) -> Exchange:
    """Ask for a generated name and require that it is accepted.

    Raises NotTested where the conversation has nothing to make a name of.
    """
    body = {**generating(check.body(session)), **other}
    try:
        return check.accept(check.dialect.rename(session, body), case)
    except Nonconformance:
        _needs_a_message(check, session)
        raise


def _needs_a_message(check: CheckContext, session: Session) -> None:
    """Raise NotTested unless it is seen that the conversation has a message, of which a name can be made."""
    if session.origin == "created":
        return  # by a message
    exchange = check.target.reader.ask(DIALECT.messages(session), Purpose.READING)
    found = members(exchange.answer.value if exchange.answer else None).get("data")
    if exchange.status == 200 and found == []:
        raise NotTested(f"conversation {session.id} has no message to make a name of: give one with --session-id")
    if exchange.status != 200 or not isinstance(found, list):
        raise NotTested(
            f"no name is generated for conversation {session.id}, and it cannot be seen whether it has a message to "
            f"make one of: GET /messages answers {exchange.status}"
        )


def _answered_name(exchange: Exchange) -> object:
    return members(exchange.answer.value).get("name") if exchange.answer else None


@requirement("dify.auto-generate-default-false")
def test_auto_generate_defaults_to_false(check: CheckContext) -> None:
    session = check.session()
    for case in check.cases(["auto_generate left out"]):
        name = check.name()
        body = without(check.body(session, name), "auto_generate")
        try:
            _uses_the_name(check, session, body, case)
        except Nonconformance as failure:
            if _does(check, session, auto_generate=False) and not _does(check, session):
                failure.aspect = Aspect.OTHER  # an ordinary rename fails alike, for it leaves the member out
            raise


def _uses_the_name(check: CheckContext, session: Session, body: dict[str, object], case: str) -> None:
    exchange = check.accept(check.dialect.rename(session, body), case)
    check.expect_answered(exchange, str(body["name"]), case)
    check.stored_if_readable(session, body["name"], case, exchange)


def _does(check: CheckContext, session: Session, **other: object) -> bool:
    """Whether the name is used, with `auto_generate` given or left out."""
    try:
        _uses_the_name(check, session, {**without(check.body(session), "auto_generate"), **other}, "an ordinary rename")
    except Nonconformance:
        return False
    return True


@requirement("dify.auto-generate-false-uses-name")
def test_auto_generate_false_uses_the_name(check: CheckContext) -> None:
    session = check.session()
    for case in check.cases(["auto_generate false"]):
        _uses_the_name(check, session, check.body(session, auto_generate=False), case)


@requirement("dify.auto-generate-accepted")
def test_auto_generate_without_a_name_is_accepted(check: CheckContext) -> None:
    _generate(check, check.session(), "auto_generate true, no name")


def _generated(check: CheckContext, session: Session, exchange: Exchange, before: object) -> object:
    """The name that is read back after one was generated, which may be shown late; None where none can be read."""
    if not check.readable():
        return None
    answered = _answered_name(exchange)
    return check.settled(
        lambda: check.name_of(session, exchange),
        lambda found: found == answered if isinstance(answered, str) else found != before,
    )


@requirement("dify.auto-generate-gives-name")
def test_auto_generate_gives_a_name(check: CheckContext) -> None:
    session = check.session()
    before = check.prepare(session)
    exchange = _generate(check, session, "auto_generate true, no name")
    answered = _answered_name(exchange)
    check.needs(
        answered is not None or check.readable(), "neither the answer nor a list endpoint shows the generated name"
    )
    for where, name in check.each((
        ("in the answer", answered), ("read back", _generated(check, session, exchange, before)),
    )):  # fmt: skip
        if name is None and (where == "in the answer" or not check.readable()):
            continue
        if name == before or not isinstance(name, str) or not name.strip():
            _needs_a_message(check, session)
        if not isinstance(name, str) or not name.strip():
            check.fail(f"auto_generate true: the name {where}", "a non-empty generated name", exchange)
        if name == before:
            check.fail(
                f"auto_generate true: the name {where}",
                f"a generated name, not {before!r}, which it had before",
                exchange,
                aspect=Aspect.ANSWERED if where == "in the answer" else None,
            )


@requirement("dify.auto-generate-stored")
def test_the_generated_name_is_stored(check: CheckContext) -> None:
    session = check.session()
    check.require_readable()
    before = check.prepare(session)
    exchange = _generate(check, session, "auto_generate true, no name")
    answered, stored = _answered_name(exchange), _generated(check, session, exchange, before)
    if answered is not None:
        case = "auto_generate true: the name read back, against the one answered"
        lost = answered != before and stored == before
        check.expect_equal(answered, stored, case, exchange, Aspect.STORED if lost else Aspect.ANSWERED)
    if stored == before:
        raise NotTested(
            f"no name was generated: the conversation is named {before!r} as before", Gap.CAUSE,
            "dify.auto-generate-gives-name",
        )  # fmt: skip


@requirement("dify.neighbours-untouched")
def test_a_generated_name_is_given_to_no_other_conversation(check: CheckContext) -> None:
    check.require_readable()
    session, *others = check.sessions(2)
    names = {other.id: check.name_of(other) for other in others}
    exchange = check.send(check.dialect.rename(session, generating(check.body(session))))
    for other in check.each(others):
        check.stored(other, names[other.id], "auto_generate true: another conversation", exchange)


@requirement("dify.auto-generate-ignores-name")
def test_auto_generate_ignores_the_name(check: CheckContext) -> None:
    session = check.session()
    before = check.prepare(session)
    sent = f"{check.name()}, a name of more than a few words"
    exchange = _generate(check, session, "auto_generate true, with a name", name=sent)
    answered = _answered_name(exchange)
    check.needs(answered is not None or check.readable(), "neither the answer nor a list endpoint shows the name")
    for where, name in check.each((
        ("in the answer", answered), ("read back", _generated(check, session, exchange, before)),
    )):  # fmt: skip
        if isinstance(name, str) and sent in name:
            check.fail(
                f"auto_generate true, with a name: the name {where}",
                f"another name than {sent!r}, which was sent",
                exchange,
            )


@requirement(
    "dify.auto-generate-default-false",
    "dify.auto-generate-false-uses-name",
    "dify.auto-generate-gives-name",
    "dify.auto-generate-stored",
    "dify.auto-generate-ignores-name",
    "dify.name-or-auto-generate",
)
def test_auto_generate_is_that_of_the_request_whatever_came_before(check: CheckContext) -> None:
    assert check.requirement is not None
    judge = _OF_A_STEP[check.requirement.law]
    for step in check.each(generated_names.steps(check), lambda step: step.case):
        check.count(step.exchange)
        judge(check, step)


def _shown(step: GeneratingStep) -> list[tuple[str, object]]:
    """The names that a step has shown, and where."""
    shown = (("in the answer", step.answered), ("read back", step.name_after))
    return [(where, name) for where, name in shown if name is not None and step.exchange.status == 200]


def _has_its_name(check: CheckContext, step: GeneratingStep, mode: bool | None) -> None:
    for where, name in check.each(_shown(step) if step.sent is not None and step.mode is mode else ()):
        aspect = Aspect.ANSWERED if where == "in the answer" else Aspect.STORED
        if (aspect, check.dialect.kinds[0]) in check.target.causes:
            continue  # no ordinary rename has it, either
        if aspect is Aspect.STORED and name != step.sent and _is_lost_at_random(check, step):
            check.target.not_stored.append((str(step.sent), name, step.exchange))
            continue
        check.expect_equal(step.sent, name, f"{step.case}: the name {where}", step.exchange, aspect)


def _is_lost_at_random(check: CheckContext, step: GeneratingStep) -> bool:
    """Whether the name of a step is lost now and then, whatever came before: name-stored tells that."""
    return check.target.is_judged("dify.name-stored") and generated_names.comes_and_goes(check, step)


def _has_a_generated_name(check: CheckContext, step: GeneratingStep) -> None:
    for where, name in check.each(_shown(step) if step.mode and step.sent is None else ()):
        empty = not isinstance(name, str) or not name.strip()
        if empty or (step.was_named and name == step.name_before):
            check.fail(f"{step.case}: the name {where}", "a generated name, which is not empty", step.exchange)


def _stays_generated(check: CheckContext, step: GeneratingStep) -> None:
    if step.mode and step.exchange.status == 200 and None not in (step.answered, step.name_after):
        case = f"{step.case}: the name read back, against the one answered"
        check.expect_equal(step.answered, step.name_after, case, step.exchange, Aspect.ANSWERED)


def _is_not_the_name_sent(check: CheckContext, step: GeneratingStep) -> None:
    for where, name in check.each(_shown(step) if step.mode and step.sent is not None else ()):
        if isinstance(name, str) and str(step.sent) in name:
            expected = f"another name than {step.sent!r}, which was sent"
            check.fail(f"{step.case}: the name {where}", expected, step.exchange)


def _is_refused(check: CheckContext, step: GeneratingStep) -> None:
    if not step.mode and step.sent is None:
        # a session that is not found, or a server that breaks down, now and then is no matter of the mode
        lost = step.exchange.status in {404, 405, 410} or step.exchange.status >= 500
        check.require_refusal(step.case, check.send(step.exchange.request) if lost else step.exchange)


_OF_A_STEP: dict[str, Callable[[CheckContext, GeneratingStep], None]] = {
    "auto-generate-default-false": partial(_has_its_name, mode=None),
    "auto-generate-false-uses-name": partial(_has_its_name, mode=False),
    "auto-generate-gives-name": _has_a_generated_name,
    "auto-generate-stored": _stays_generated,
    "auto-generate-ignores-name": _is_not_the_name_sent,
    "name-or-auto-generate": _is_refused,
}
