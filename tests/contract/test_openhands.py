"""What only OpenHands' document states: the title of 1 to 200 characters, the boolean answer, the shape of a 422."""

import pytest

from rename_tck.cases import bodies, names
from rename_tck.checks import rename_series
from rename_tck.checks.context import CheckContext
from rename_tck.checks.stopping import is_ordinary
from rename_tck.client.exchange import OTHER_USER_KEY_VARIABLE, Credential, Exchange, Request, decoded
from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import Aspect

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(2, spread=5)


@requirement("openhands.title-required")
def test_a_request_without_title_is_refused(check: CheckContext) -> None:
    session = check.session()
    control = check.rename(session, check.name())
    for case, body in check.cases(
        (("an empty object", {}), ("another member", {"name": "x"}), *bodies.misnamed(check.body(session), "title"))
    ):
        check.refuse(f"{case}, no title", check.dialect.rename(session, body), control)


@requirement("openhands.title-string")
def test_a_title_that_is_no_string_is_refused(check: CheckContext) -> None:
    session = check.session()
    control = check.rename(session, check.name())
    for wrong in check.cases(bodies.wrong_for("string")):
        check.refuse(f"a title that is {wrong.label}", check.dialect.rename(session, {"title": wrong.value}), control)
    for case in check.cases(["a title that is a number, and a member besides it"]):
        check.refuse(case, check.dialect.rename(session, {"title": 5, "name": "x"}), control)


@requirement("openhands.title-min-1")
def test_an_empty_title_is_refused_and_one_character_accepted(check: CheckContext) -> None:
    session = check.session()
    for text in check.cases(("a", "é", "名", "😀")):
        case = f"a title of one character, {text!r}"
        exchange = check.rename_and_expect(session, text, case)
        check.stored_if_readable(session, text, case, exchange)
    for case in check.cases(["an empty title"]):
        check.refuse(case, check.rename(session, ""), check.rename(session, check.name()))


@requirement("openhands.title-max-200")
def test_a_title_over_200_characters_is_refused(check: CheckContext) -> None:
    session = check.session()
    for name, fitting in check.cases(zip(names.long_names(201), names.long_names(200), strict=True)):
        check.refuse(f"a title of {name.label}", check.rename(session, name.text), check.rename(session, fitting.text))
    for case in check.cases(["a title of 240 characters, quotes and backslashes"]):
        quoted = check.rename(session, 'a "quoted" \\ title\n' * 12)
        check.refuse(case, quoted, check.rename(session, check.name()))
    lengths = (202, 255, 256, 257, 300, 1000, 10_000, 65_600)
    for case, length in check.cases([(f"a title of {length} characters", length) for length in lengths]):
        check.refuse(case, check.rename(session, "x" * length), check.rename(session, check.name()))
    for case in check.cases(["a title of 201 characters, and a member besides it"]):
        faulty = check.dialect.rename(session, {"title": "x" * 201, "name": "x"})
        check.refuse(case, faulty, check.rename(session, check.name()))


@requirement("openhands.additional-members-refused")
def test_a_member_besides_title_is_refused(check: CheckContext) -> None:
    session = check.session()
    others: tuple[tuple[str, object], ...] = (
        ("name", "x"), ("Title", "x"), ("conversation_id", session.id), ("selected_repository", None), ("", 1),
        ("settings", {"a": 1}), ("tags", []),
    )  # fmt: skip
    for member, value in check.cases(others):
        body = check.body(session)
        faulty = check.dialect.rename(session, {**body, member: value})
        check.refuse(f"a member {member!r} besides title", faulty, check.dialect.rename(session, body))


@requirement("openhands.answer-boolean")
def test_the_answer_is_a_boolean(check: CheckContext) -> None:
    steps = rename_series.run(check).accepted()
    check.needs(steps, "no rename of the ordinary series was answered with 200")
    for step in check.each(steps):
        value = check.json(step.exchange, step.case)
        if not isinstance(value, bool):
            check.fail(step.case, "a JSON boolean, true or false", step.exchange)


@requirement("openhands.answer-boolean", last=True)
def test_every_answer_of_the_run_is_a_boolean(check: CheckContext) -> None:
    if not check.resend():
        rename_series.run(check)
    for exchange in check.each(check.answered(200)):
        if not isinstance(check.json(exchange, "a 200 answer"), bool):
            check.fail("a 200 answer", "a JSON boolean, true or false", exchange)


@requirement("openhands.answer-true")
def test_a_rename_that_changed_the_title_answers_true(check: CheckContext) -> None:
    steps = rename_series.run(check).accepted()
    check.needs(steps, "no rename of the ordinary series was answered with 200")
    for step in check.each(steps):
        check.expect_equal(True, check.json(step.exchange, step.case), f"{step.case}: the answer", step.exchange)


def _answered_with_false(check: CheckContext) -> list[Exchange]:
    """Ordinary renames that were, though the session bore another name: of one to its own name no document says."""
    found: list[Exchange] = []
    borne: dict[str, object] = {}
    for entry in check.entries():
        exchange, path = entry.exchange, entry.exchange.request.path
        name = members(decoded(exchange.request.body)).get(check.dialect.name_member)
        if exchange.request in check.target.at_once:
            borne.pop(path, None)  # until the next one it is not known
        elif check.dialect.succeeded(exchange):
            borne[path] = name
        elif is_ordinary(check, entry) and exchange.status == 200 and borne.get(path, name) != name:
            found.append(exchange)
    return found


@requirement("openhands.answer-true", last=5)
def test_no_ordinary_rename_of_the_run_was_answered_with_false(check: CheckContext) -> None:
    check.resend()
    seen = [entry.exchange for entry in check.entries() if is_ordinary(check, entry) and entry.exchange.status == 200]
    said_no = _answered_with_false(check)
    for exchange in check.each(said_no):
        session = check.target.session_at(exchange.request.path)
        if session is not None and check.readable() and check.target.reader.read(session) is None:
            continue  # others have deleted it
        case = f"an ordinary rename, one of {len(said_no)} of {len(seen)} in the run: the answer"
        check.expect_equal(True, check.json(exchange, case), case, exchange, Aspect.ANSWERED)
    check.require_control_accepted(check.rename(check.some_session(), check.name()))


def _invalid(check: CheckContext, session: Session) -> list[tuple[str, Request]]:
    """JSON bodies that break the request schema, each in one way."""
    cases = [
        ("an empty object", check.dialect.rename(session, {})),
        ("a title that is null", check.dialect.rename(session, {"title": None})),
        ("a title that is a number", check.dialect.rename(session, {"title": 5})),
        ("a title that is true", check.dialect.rename(session, {"title": True})),
        ("a title that is an object", check.dialect.rename(session, {"title": {"text": "x"}})),
        ("an empty title", check.dialect.rename(session, {"title": ""})),
        *check.system_cases.faulty(session, check.name()),
        *(
            (f"a body that is {raw.label}", check.dialect.rename(session, None, raw=raw.raw))
            for raw in bodies.NOT_OBJECT
        ),
    ]
    return [(case, request) for case, request in cases if not check.lifts(request)]


@requirement("openhands.refusal-422")
def test_an_invalid_body_is_refused_with_422(check: CheckContext) -> None:
    session = check.session()
    control = check.rename(session, check.name())
    for case, request in check.cases(_invalid(check, session)):
        check.refuse(case, request, control, statuses=(422,))


def _answers_422(check: CheckContext) -> list[Exchange]:
    """Every answer of the run with 422, after such requests as are mostly answered so."""
    if not check.looks_back_alone():
        check.shared("invalid bodies", lambda: _send_invalid(CheckContext(check.target, None)))
    return check.answered(422)


def _send_invalid(check: CheckContext) -> bool:
    session = check.session()
    for raw in (*bodies.NOT_JSON, *bodies.EMPTY, *bodies.strange(check.body(session), "title")):
        check.once(check.dialect.rename(session, None, raw=raw.raw))
    for _, request in _invalid(check, session):
        check.once(request)
    return True


@requirement("openhands.error-422-shape", last=True)
def test_every_422_has_the_documented_shape(check: CheckContext) -> None:
    found = _answers_422(check)
    for exchange in check.each(found):
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            check.fail("the content type of a 422 answer", "application/json", exchange)
        for error in check.contract.answer_errors(422, check.json(exchange, "a 422 answer")):
            check.fail("a 422 answer", f"the documented shape, but {error.message}", exchange)
    check.needs(found, "no answer of the run that can be judged has the status 422")


@requirement("openhands.error-422-detail", last=True)
def test_every_422_says_what_is_wrong(check: CheckContext) -> None:
    objects = 0
    for exchange in check.each(_answers_422(check)):
        value = exchange.answer.value if exchange.answer else None
        objects += isinstance(value, dict)
        if isinstance(value, dict) and "detail" not in value:
            check.fail("a 422 answer", "a member detail", exchange)
    check.needs(objects, "no answer of the run that can be judged has the status 422 and is a JSON object")


# -- ids and owners


@requirement("openhands.owner-only")
def test_another_user_cannot_rename(check: CheckContext) -> None:
    connection = check.target.client.connection
    key = connection.other_user_key
    check.needs(
        key,
        f"no key of another user given: set {OTHER_USER_KEY_VARIABLE} to that of a user who does not own the session",
    )
    check.needs(key != connection.key, f"{OTHER_USER_KEY_VARIABLE} holds the key of the sessions' own user")
    session = check.session()
    # a key that is refused as such shows nothing of who may rename what
    listing = check.dialect.listing(session.kind, check.target.pool.user).with_credential(Credential.OTHER_USER)
    listed = check.target.client.send(listing, Purpose.PREPARATION)
    said = f"answered with {listed.status}" if listed.answer else "not answered"
    what = f"{listing.method} {listing.path} with it was {said}"
    check.needs(listed.status == 200, f"the key in {OTHER_USER_KEY_VARIABLE} is not shown to be valid: {what}")
    for case in check.cases(("another user's key", "another user's key, once more")):
        before = check.prepare(session)
        exchange = check.send(check.rename(session, check.name()).with_credential(Credential.OTHER_USER))
        if check.dialect.succeeded(exchange):
            check.fail(case, "no success: only the owner can update the conversation", exchange)
        check.evidence.refused += exchange.status == 200
        check.unchanged(session, before, f"{case}, answered with {exchange.status}", exchange)
