"""What only OpenHands' document states: the title of 1 to 200 characters, the boolean answer, the shape of a 422."""

import pytest

from rename_tck.cases import bodies, names
from rename_tck.checks import rename_series
from rename_tck.checks.context import Bench
from rename_tck.client.exchange import Request
from rename_tck.systems.dialect import Session

requirement = pytest.mark.requirement


@requirement("openhands.title-required")
def test_a_request_without_title_is_refused(bench: Bench) -> None:
    session = bench.session()
    twin = bench.rename(session, bench.name())
    for case, body in bench.cases(
        (("an empty object", {}), ("another member", {"name": "x"}), *bodies.misnamed(bench.body(session), "title"))
    ):
        bench.refuse(f"{case}, no title", bench.dialect.rename(session, body), twin)


@requirement("openhands.title-string")
def test_a_title_that_is_no_string_is_refused(bench: Bench) -> None:
    session = bench.session()
    twin = bench.rename(session, bench.name())
    for wrong in bench.cases(bodies.wrong_for("string")):
        bench.refuse(f"a title that is {wrong.label}", bench.dialect.rename(session, {"title": wrong.value}), twin)


@requirement("openhands.title-min-1")
def test_an_empty_title_is_refused_and_one_character_accepted(bench: Bench) -> None:
    session = bench.session()
    for text in bench.cases(("a", "é", "名", "😀")):
        case = f"a title of one character, {text!r}"
        exchange = bench.give(session, text, case)
        bench.stored_if_readable(session, text, case, exchange)
        bench.refuse("an empty title", bench.rename(session, ""), bench.rename(session, bench.name()))


@requirement("openhands.title-max-200")
def test_a_title_over_200_characters_is_refused(bench: Bench) -> None:
    session = bench.session()
    for name, fitting in bench.cases(zip(names.long_names(201), names.long_names(200), strict=True)):
        bench.refuse(f"a title of {name.label}", bench.rename(session, name.text), bench.rename(session, fitting.text))
    for _ in bench.cases([None]):
        quoted = bench.rename(session, 'a "quoted" \\ title\n' * 12)
        bench.refuse("a title of 240 characters, quotes and backslashes", quoted, bench.rename(session, bench.name()))
    for length in bench.cases((202, 255, 256, 257, 300, 1000, 10_000, 65_600)):
        bench.refuse(
            f"a title of {length} characters", bench.rename(session, "x" * length), bench.rename(session, bench.name())
        )


@requirement("openhands.additional-members-refused")
def test_a_member_besides_title_is_refused(bench: Bench) -> None:
    session = bench.session()
    others: tuple[tuple[str, object], ...] = (
        ("name", "x"), ("Title", "x"), ("conversation_id", session.id), ("selected_repository", None), ("", 1),
        ("settings", {"a": 1}), ("tags", []),
    )  # fmt: skip
    for member, value in bench.cases(others):
        body = bench.body(session)
        faulty = bench.dialect.rename(session, {**body, member: value})
        bench.refuse(f"a member {member!r} besides title", faulty, bench.dialect.rename(session, body))


@requirement("openhands.answer-boolean")
def test_the_answer_is_a_boolean(bench: Bench) -> None:
    steps = rename_series.run(bench).accepted()
    bench.needs(steps, "no rename was answered with 200")
    for step in steps:
        value = bench.json(step.exchange, step.case)
        if not isinstance(value, bool):
            bench.fail(step.case, "a JSON boolean, true or false", step.exchange)


@requirement("openhands.answer-true")
def test_a_rename_that_changed_the_title_answers_true(bench: Bench) -> None:
    steps = rename_series.run(bench).accepted()
    bench.needs(steps, "no rename was answered with 200")
    for step in steps:
        bench.expect_equal(True, bench.json(step.exchange, step.case), f"{step.case}: the answer", step.exchange)


def _invalid(bench: Bench, session: Session) -> list[tuple[str, Request]]:
    """JSON bodies that break the request schema, each in one way."""
    cases = [
        ("an empty object", bench.dialect.rename(session, {})),
        ("a title that is null", bench.dialect.rename(session, {"title": None})),
        ("a title that is a number", bench.dialect.rename(session, {"title": 5})),
        ("a title that is true", bench.dialect.rename(session, {"title": True})),
        ("a title that is an object", bench.dialect.rename(session, {"title": {"text": "x"}})),
        ("an empty title", bench.dialect.rename(session, {"title": ""})),
        *bench.system_cases.faulty(session, bench.name()),
        *(
            (f"a body that is {raw.label}", bench.dialect.rename(session, None, raw=raw.raw))
            for raw in bodies.NOT_OBJECT
        ),
    ]
    return [(case, request) for case, request in cases if not bench.lifts(request)]


def _not_json(bench: Bench, session: Session) -> list[tuple[str, Request]]:
    return [
        (f"a body that is {raw.label}", bench.dialect.rename(session, None, raw=raw.raw))
        for raw in (*bodies.NOT_JSON, *bodies.EMPTY)
    ]


@requirement("openhands.refusal-422")
def test_an_invalid_body_is_refused_with_422(bench: Bench) -> None:
    session = bench.session()
    twin = bench.rename(session, bench.name())
    for case, request in bench.cases(_invalid(bench, session)):
        bench.refuse(case, request, twin, statuses=(422,))


@requirement("openhands.refusal-422-not-json")
def test_a_body_that_is_not_json_is_refused_with_422(bench: Bench) -> None:
    session = bench.session()
    twin = bench.rename(session, bench.name())
    for case, request in bench.cases(_not_json(bench, session)):
        bench.refuse(case, request, twin, statuses=(422,))


@requirement("openhands.error-422-shape", last=True)
def test_every_422_has_the_documented_shape(bench: Bench) -> None:
    session = bench.session()
    if not bench.resend():
        numbers = bodies.strange(bench.body(session), "title")
        strange = [(raw.label, bench.dialect.rename(session, None, raw=raw.raw)) for raw in numbers]
        for _, request in (*_invalid(bench, session), *_not_json(bench, session), *strange):
            bench.send(request)
    found = bench.answered(422)
    for exchange in found:
        assert exchange.answer is not None
        if exchange.answer.media_type != "application/json":
            bench.fail("the content type of a 422 answer", "application/json", exchange)
        value = bench.json(exchange, "a 422 answer")
        for error in bench.contract.answer_errors(422, value):
            bench.fail("a 422 answer", f"the documented shape, but {error.message}", exchange)
        if not isinstance(value, dict) or not isinstance(value.get("detail"), list):
            bench.fail("a 422 answer", "a member detail, an array of errors", exchange)
    bench.needs(found, "no request of the run was answered with 422")
