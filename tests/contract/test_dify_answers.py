"""What only Dify's documents state of answers: the shape of errors, and the members of a conversation."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

import pytest

from rename_tck.cases import bodies, ids
from rename_tck.cases.conditions import ORDINARY
from rename_tck.cases.dify import another, generating, other_users, without
from rename_tck.cases.dimensions import by_lot
from rename_tck.cases.users import OtherUser
from rename_tck.checks import rename_series
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE, Credential, Exchange
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(3, spread=5)


# -- errors


def _refusals(check: CheckContext) -> list[tuple[str, Exchange]]:
    """Requests that are refused for many reasons, sent once and judged in several respects."""
    fresh = CheckContext(check.target, None)
    found: list[tuple[str, Exchange]] = check.shared("refusals", lambda: list(_refuse(fresh)))
    return found


def _refuse(check: CheckContext) -> Iterator[tuple[str, Exchange]]:
    """Requests that are refused for many reasons, of body, of id, of user."""
    session = check.session()
    for case, request in check.faulty(session, check.name()):
        yield case, check.once(request, gathered=True)
    for raw in (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY):
        yield f"a body that is {raw.label}", check.once(check.dialect.rename(session, None, raw=raw.raw), gathered=True)
    yield (
        "neither name nor auto_generate",
        check.once(check.dialect.rename(session, without(check.body(session), "name")), gathered=True),
    )
    yield "an empty name", check.once(check.rename(session, ""), gathered=True)
    yield (
        "an unknown id",
        check.once(check.rename(check.unknown_session(0, shared=True), check.name()), live=False, gathered=True),
    )
    for odd in ids.odd_ids(check.target.token):
        request = check.dialect.rename(session, check.body(session), encoded_id=odd.encoded)
        if odd.label in {"not a UUID", "300 characters"} and check.may_send(request, odd):
            yield f"an odd id: {odd.label}", check.once(request, live=False, gathered=True)
    other = check.body(session, user=_other_user(session))
    yield "another user", check.once(check.dialect.rename(session, other), gathered=True)


def _other_user(session: Session) -> str:
    return f"{session.owner}-someone-else"


def _error_shape(check: CheckContext, status: int) -> None:
    """Judge every answer of this status that the run has seen, whatever its cause."""
    if not check.looks_back_alone():
        _refusals(check)
    found = check.answered(status)
    for exchange in check.each(found):
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            check.fail(f"the content type of a {status} answer", "application/json", exchange)
        value = check.json(exchange, f"a {status} answer")
        if not isinstance(value, dict):
            check.fail(f"a {status} answer", "an object with status, code and message", exchange)
        for member, kind, what in check.each((
            ("status", int, "an integer"), ("code", str, "a string"), ("message", str, "a string"),
        )):  # fmt: skip
            member_found = value.get(member)
            if not isinstance(member_found, kind) or isinstance(member_found, bool):
                check.fail(f"a {status} answer", f"a member {member} that is {what}", exchange)
    check.needs(found, f"no request of the run was answered with {status}")


@requirement("dify.error-400-shape", last=True)
def test_every_400_has_the_documented_shape(check: CheckContext) -> None:
    _error_shape(check, 400)


@requirement("dify.error-404-shape", last=True)
def test_every_404_has_the_documented_shape(check: CheckContext) -> None:
    _error_shape(check, 404)


@requirement("dify.error-status-matches", last=True)
def test_the_status_in_the_body_is_that_of_the_answer(check: CheckContext) -> None:
    if not check.looks_back_alone():
        _refusals(check)
    seen = 0
    for exchange in check.each(check.answered(400, 404)):
        value = members(exchange.answer.value) if exchange.answer else {}
        if "status" in value:
            seen += 1
            check.expect_equal(
                exchange.status, value["status"], f"the status in the body of a {exchange.status}", exchange
            )
    check.needs(seen, "no 400 or 404 answer had a status in its body")


@requirement("dify.not-found-code")
def test_an_unknown_conversation_has_the_code_not_found(check: CheckContext) -> None:
    unknown = check.unknown_session("not-found-code")
    asking = generating(check.body(unknown))
    for case, body in check.cases((
        ("an unknown id", check.body(unknown)), ("an unknown id, auto_generate true", asking)
    )):  # fmt: skip
        exchange = check.send(check.dialect.rename(unknown, body), live=False)
        check.needs(exchange.status == 404, f"{case} was answered with {exchange.status}, not 404")
        value = check.json(exchange, case)
        check.expect_equal("not_found", members(value).get("code"), f"{case}: the code", exchange)


@requirement("dify.not-chat-app")
def test_the_key_of_another_mode_is_refused_as_not_chat_app(check: CheckContext) -> None:
    check.needs(
        check.target.client.connection.other_mode_key,
        f"no key of an app of another mode given: set {OTHER_MODE_KEY_VARIABLE} to that of a workflow app, say",
    )
    session = check.session()
    request = check.rename(session, check.name())
    exchange = check.send(request.with_credential(Credential.OTHER_MODE))
    if exchange.status != 400:
        check.fail("the key of an app of another mode", "status 400", exchange)
    value = check.json(exchange, "the key of an app of another mode")
    check.expect_equal(
        "not_chat_app", members(value).get("code"), "the key of an app of another mode: the code", exchange
    )
    check.require_control_accepted(request)


@requirement("dify.other-user-not-found")
def test_a_conversation_of_another_user_is_not_found(check: CheckContext) -> None:
    session, thorough = check.session(), check.target.profile == "nightly"
    user = str(session.owner)
    others = other_users(user, check.lot, thorough=thorough)
    for other in check.cases(others):
        # he is looked up wherever the name comes from
        form = by_lot(check.lot, other.label, _FORMS)
        _not_found_by(check, session, replace(other, refusable=True) if form == _GENERATES else other, form)
    for other in check.cases([replace(others[0], label="another user, auto_generate true", refusable=True)]):
        _not_found_by(check, session, other, _GENERATES)


@pytest.mark.order(7, spread=5)  # the newest conversation is the run's own user's while unknown ids are tried
@requirement("dify.other-user-not-found")
def test_a_conversation_of_a_user_of_a_longer_id_is_not_found(check: CheckContext) -> None:
    user = check.target.pool.user
    for case in check.cases(["the user, cut"]):
        (theirs,) = check.target.pool.in_condition(ORDINARY, None, another(user))
        _not_found_by(check, theirs, OtherUser(user, case, "compared as a prefix"))


#: The bodies that another user's request has: with a name; with a name, and auto_generate true, or false.
_FORMS = 3
_GENERATES, _FALSE = 1, 2


def _not_found_by(check: CheckContext, session: Session, other: OtherUser, form: int = 0) -> None:
    """Require that a rename on behalf of another user is answered with 404, or not accepted, and changes nothing."""
    before = check.prepare(session)
    body = check.body(session, user=other.user_id)
    sent = generating(body) if form == _GENERATES else {**body, "auto_generate": False} if form == _FALSE else body
    exchange = check.send(check.dialect.rename(session, sent))
    case = f"a rename by {other.label}"
    if other.refusable and exchange.status == 200:
        check.fail(case, "any status but 200: the conversation is not that user's", exchange)
    if not other.refusable and exchange.status != 404:
        check.fail(case, "status 404", exchange)
    check.unchanged(session, before, f"{case}, refused with {exchange.status}", exchange)


@requirement("dify.other-app-not-found")
def test_the_key_of_another_app_renames_nothing(check: CheckContext) -> None:
    check.needs(
        check.target.client.connection.other_user_key,
        f"no key of another app given: set {OTHER_USER_KEY_VARIABLE} to that of a second app of the same mode",
    )
    session = check.session()
    listing = check.dialect.listing(None, str(session.owner)).with_credential(Credential.OTHER_USER)
    shown = check.target.reader.ask(listing, Purpose.READING)
    page = check.dialect.page(listing, shown.answer) if shown.answer else None
    if page is None:
        raise NotTested(
            f"under the key in {OTHER_USER_KEY_VARIABLE} GET /conversations answers {shown.status}, no listing"
        )
    if any(check.dialect.id_in(item) == session.id for item in page.items):
        raise NotTested(f"the key in {OTHER_USER_KEY_VARIABLE} lists the same app's conversations: give another app's")
    before = check.prepare(session)
    exchange = check.send(check.rename(session, check.name()).with_credential(Credential.OTHER_USER))
    if not 400 <= exchange.status < 500:
        check.fail("the key of another app", "a 4xx status: the conversation is not that app's", exchange)
    case = f"the key of another app, answered with {exchange.status}"
    check.unchanged(session, before, case, exchange)


# -- the answer


def _answers(check: CheckContext, member: str) -> Iterator[tuple[rename_series.Step, object]]:
    """The member in every answer of the series that carries it; not tested where none does."""
    found = [(step, step.answered[member]) for step in rename_series.run(check).accepted() if member in step.answered]
    check.needs(found, f"no answer to an ordinary rename carried the member {member}")
    yield from check.each(found)


@requirement("dify.answer-id-uuid")
def test_the_id_in_the_answer_is_a_uuid(check: CheckContext) -> None:
    for step, found in _answers(check, "id"):
        try:
            right = isinstance(found, str) and len(found) == 36 and str(uuid.UUID(found)) == found.lower()
        except ValueError:
            right = False
        if not right:
            check.fail(f"{step.case}: the id in the answer", "a UUID (RFC 9562, section 4)", step.exchange)


@requirement("dify.timestamps-integer")
def test_timestamps_are_integers(check: CheckContext) -> None:
    steps = [
        step for step in rename_series.run(check).accepted() if {"created_at", "updated_at"} & step.answered.keys()
    ]
    check.needs(steps, "no answer to an ordinary rename carried created_at or updated_at")
    for step in check.each(steps):
        for member in check.each(("created_at", "updated_at")):
            found = step.answered.get(member, 0)
            if not isinstance(found, int) or isinstance(found, bool) or not -(2**63) <= found < 2**63:
                check.fail(f"{step.case}: {member} in the answer", "an integer of 64 bits", step.exchange)


#: By how many seconds the clocks of several nodes may differ.
_SLACK = 5


@dataclass(frozen=True)
class _Decline:
    """A time of a last update that is before an earlier one of the same session."""

    where: str
    seconds: int
    before: int
    exchange: Exchange

    @property
    def label(self) -> str:
        """What tells it from others."""
        return self.where

    def fail(self, check: CheckContext) -> NoReturn:
        """Conclude that the time went back."""
        check.fail(
            f"{self.where}: updated_at, {self.seconds} s before that of an earlier rename",
            f"at least {self.before}, as after the rename before",
            self.exchange,
            kind=f"{self.where.rpartition(', ')[2]}: updated_at goes back",
        )


def _declines(check: CheckContext) -> list[_Decline]:
    """Where updated_at goes back in the series, in answers or in the listing. Raises NotTested where none is seen."""
    latest: dict[tuple[str, str], int] = {}
    found = []
    for step in rename_series.run(check).accepted():
        for where, shown in (("answer", step.answered), ("list", step.after.get(step.session.id) or {})):
            now = shown.get("updated_at")
            if not isinstance(now, int) or isinstance(now, bool):
                continue
            before = latest.get((step.session.id, where), now)
            if now < before:
                found.append(_Decline(f"{step.case}, in the {where}", before - now, before, step.exchange))
            latest[step.session.id, where] = max(now, before)
    check.needs(latest, "no answer of the ordinary renames, and no listing after one, showed updated_at as an integer")
    return found


def _declines_of_the_run(check: CheckContext) -> list[_Decline]:
    """Where updated_at goes back in any 200 answer of the run."""
    latest: dict[str, tuple[float, int]] = {}
    found = []
    check.resend()
    for exchange in sorted(check.journal(), key=lambda exchange: exchange.at):
        value = members(exchange.answer.value) if exchange.answer and exchange.status == 200 else {}
        now, session = value.get("updated_at"), value.get("id")
        if not isinstance(now, int) or isinstance(now, bool) or not isinstance(session, str):
            continue
        ended, before = latest.get(session, (0.0, now))
        assert exchange.answer is not None
        # of renames that were in flight at once any may be the later one
        if now < before and ended <= exchange.at - exchange.answer.elapsed:
            found.append(_Decline("a 200 answer", before - now, before, exchange))
        latest[session] = (exchange.at, max(now, before))
    return found


@requirement("dify.updated-at-monotonic")
def test_updated_at_does_not_go_back_far(check: CheckContext) -> None:
    for decline in check.each(_declines(check)):
        if decline.seconds > _SLACK:
            decline.fail(check)


@requirement("dify.updated-at-monotonic", last=True)
def test_updated_at_does_not_go_back_far_in_the_run(check: CheckContext) -> None:
    for decline in check.each(_declines_of_the_run(check)):
        if decline.seconds > _SLACK:
            decline.fail(check)


@requirement("dify.updated-at-steady")
def test_updated_at_does_not_go_back(check: CheckContext) -> None:
    for decline in check.each(_declines(check)):
        decline.fail(check)


@requirement("dify.updated-at-steady", last=True)
def test_updated_at_does_not_go_back_in_the_run(check: CheckContext) -> None:
    for decline in check.each(_declines_of_the_run(check)):
        decline.fail(check)


@requirement("dify.introduction-not-null")
def test_the_introduction_is_not_null(check: CheckContext) -> None:
    for step, found in _answers(check, "introduction"):
        if found is None:
            check.fail(f"{step.case}: the introduction in the answer", "a string", step.exchange)


@requirement("dify.status-normal")
def test_the_status_of_an_active_conversation_is_normal(check: CheckContext) -> None:
    for step, found in _answers(check, "status"):
        check.expect_equal("normal", found, f"{step.case}: the status in the answer", step.exchange)


# -- laws of all systems, for what only Dify's body asks


@requirement("dify.unknown-id-refused")
def test_asking_for_the_title_of_an_unknown_conversation_is_refused(check: CheckContext) -> None:
    unknown = check.unknown_session("generate")
    exchange = check.send(check.dialect.rename(unknown, generating(check.body(unknown))), live=False)
    check.require_refusal("an unknown id, auto_generate true", exchange, live=False)


def _generate_without_key(check: CheckContext, credential: Credential, case: str) -> None:
    check.needs(
        check.target.client.connection.key, "no API key given: set RENAME_TCK_API_KEY, so that its absence can be tried"
    )
    session = check.session()
    request = check.dialect.rename(session, generating(check.body(session)))
    exchange = check.send(request.with_credential(credential))
    if exchange.status not in check.dialect.credential_refusals:
        wanted = " or ".join(map(str, sorted(check.dialect.credential_refusals)))
        check.fail(f"{case}, auto_generate true", f"status {wanted}", exchange)


@requirement("dify.credential-missing")
def test_asking_for_a_title_without_the_credential_is_refused(check: CheckContext) -> None:
    _generate_without_key(check, Credential.NONE, "no credential")


@requirement("dify.credential-wrong")
def test_asking_for_a_title_with_a_wrong_credential_is_refused(check: CheckContext) -> None:
    _generate_without_key(check, Credential.WRONG, "another key")


@requirement("dify.refusal-changes-nothing")
def test_a_rename_by_another_user_or_app_that_is_refused_changes_nothing(check: CheckContext) -> None:
    check.require_readable()
    session = check.session()
    requests = [("another user", check.dialect.rename(session, check.body(session, user=_other_user(session))))]
    if check.target.client.connection.other_mode_key:
        other_app = check.rename(session, check.name()).with_credential(Credential.OTHER_MODE)
        requests.append(("the key of an app of another mode", other_app))
    for case, request in check.cases(requests):
        before = check.prepare(session)
        exchange = check.send(request)
        if 400 <= exchange.status < 500:
            check.stored(session, before, f"{case}, refused with {exchange.status}", exchange)
