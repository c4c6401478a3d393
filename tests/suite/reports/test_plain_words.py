"""The sentences that say what is wrong: of names that were changed, of answers that are not as documented."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from rename_tck.reports.name_changes import alike_but_for, change, shown, units
from rename_tck.reports.plain_words import case_of, wrong

#: Long enough that a sentence does not show the whole of it.
ODD = "\u00e9\u0301 <b> & \"c\" 'd' \\ %41 + \u4e16\u754c \U0001f600 \u200bx and more of it"


@pytest.mark.parametrize(
    ("what", "made"),
    [
        ("escaped as HTML", html.escape),
        ("escaped as HTML", lambda text: html.escape(text, quote=False)),
        ("normal form D (NFD)", lambda text: unicodedata.normalize("NFD", text)),
        ("lost the blanks at its ends", str.strip),
        ("in capital letters", str.upper),
        ("UTF-8 bytes read as Latin-1", lambda text: text.encode().decode("latin-1")),
        ("characters outside ASCII replaced", lambda text: text.encode("ascii", "replace").decode()),
        ("characters beyond U+FFFF", lambda text: text.replace("\U0001f600", "?")),
        ("zero-width and other format characters", lambda text: text.replace("\u200b", "")),
        ("quotation marks doubled, as SQL", lambda text: text.replace("'", "''")),
        ("backslashes doubled", lambda text: text.replace("\\", "\\\\")),
        ("percent-decoded", lambda text: text.replace("%41", "A")),
        ("is cut after 5 characters", lambda text: text[:5]),
        ('ends in "\u2026"', lambda text: text[:5] + "\u2026"),
        ("without its first", lambda text: text[5:]),
        ("before it", lambda text: f"Copy of {text}"),
        ("is empty", lambda _: ""),
        ("is as it was sent", lambda text: text),
        ('is "New conversation"', lambda _: "New conversation"),
        ('has "Q" in place of "&" at character 8', lambda text: text.replace("&", "Q") + ""),
    ],
)
def test_what_became_of_a_name_is_named(what: str, made: Callable[[str], str]) -> None:
    sent = f"  {ODD}  " if what.endswith("ends") else ODD
    assert what in change(sent, made(sent))


def test_a_narrow_change_is_preferred_to_a_wide_one() -> None:
    assert change("a\u200bb", "ab") == "has lost its zero-width and other format characters: U+200B is missing"
    assert change("a <b> x", "a &lt;b&gt; x") == 'is escaped as HTML: "<b>" became "&lt;b&gt;"'


def test_another_name_of_the_run_is_not_set_against_the_one_expected() -> None:
    said = change("Renamed 0123456789-1", "Step 0123456789-2")
    assert said.startswith('is "Step 0123456789-2", another name that was sent in this run; expected is "Renamed')


def test_the_units_that_servers_count() -> None:
    assert units("abc") == "3 characters"
    assert units("\U0001f600" * 200) == "200 characters (400 UTF-16 units, 800 bytes in UTF-8)"
    assert units("\ud800") == "1 character (3 bytes in UTF-8)"


def test_nothing_that_is_shown_acts_on_a_terminal() -> None:
    assert shown("a\x1b[2Jb") == '"a[ESC][2Jb"'
    assert "\x1b" not in change("plan", "\x1b[2J" * 50)


SAME = {"expected": "true", "actual": "true"}
VALID, INVALID = "status 200: the request is valid", "a 4xx status: the request is invalid"


def failing(
    name: str, case: str, expected: str, status: int | None = 200, body: str = "", **more: Any
) -> dict[str, Any]:
    """A failing requirement, as far as its sentences are made of it."""
    answer = None if status is None else {"status": status, "reason": "Reason", "body": body, "headers": {}}
    request = {"method": "POST", "url": "http://h/", "headers": {}, "body": more.pop("sent", '{"name": "x"}')}
    return {
        "id": name, "case": case, "expected": expected, "answer": answer, "request": request, "compared": None, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("requirement", "sentences"),
    [
        (
            failing("dify.rename-accepted", "x", VALID, 422, '{"detail": [{"msg": "no"}]}'),
            ["Sent: x. The server refuses it with 422 Reason, though the request is valid.", 'It says: "no"'],
        ),
        (
            failing("dify.user-required", "user left out", INVALID),
            ["Sent: user left out. The server accepts it with 200 Reason; expected is a refusal (4xx)."],
        ),
        (
            failing("dify.user-required", "user left out", INVALID, 500),
            ["Sent: user left out. The server fails with 500 Reason; expected is a refusal (4xx)."],
        ),
        (
            failing("dify.unknown-id-404", "an unknown id", "status 404", 400),
            ["Sent: a rename of an unknown id. The server answers 400 Reason; expected is status 404."],
        ),
        (
            failing("dify.no-server-error", "x", "any answer but a 5xx status", None),
            ["Sent: x. No whole answer came."],
        ),
        (
            failing("dify.answer-json", "a 200 answer: its body", "JSON in UTF-8, but it is empty"),
            ["The body of the 200 answer is not JSON in UTF-8: it is empty."],
        ),
        (
            failing("openhands.answer-boolean", "x", "a JSON boolean", 200, '"true"'),
            ['Sent: x. The server answers 200 Reason: "true"; expected is a JSON boolean.'],
        ),
        (
            failing("dify.auto-generate-gives-name", "y: the name in the answer", "a name", 200, '{"name": " "}'),
            ['The name in the answer is " "; expected is a name.'],
        ),
        (
            failing(
                "agno.session-untouched", "x: created_at in the listing", '"1"',
                compared={"expected": "1", "actual": "2"},
            ),
            [
                "A rename changed more of the session than its name.",
                'The member created_at in the listing is "2", and "1" is expected.',
            ],
        ),
        (
            failing("dify.answer-id", "x: the id in the answer", '"1"', compared={"expected": "1", "actual": "null"}),
            ['The id in the answer is null or missing, and "1" is expected.'],
        ),
        (
            failing("openhands.answer-true", "x: the answer", "true", 200, '"true"', compared=SAME),
            ['The answer is of another type: true is expected, and the answer is "true".'],
        ),
        (
            failing(
                "agno.text-not-interpreted", "x: the name in the answer", '"12"', 200, '{"session_name": 12}',
                compared={"expected": "12", "actual": "12"},
            ),
            ['The name in the answer is 12, which is no text; expected is "12".'],
        ),
        (
            failing(
                "dify.concurrent-same-session", "2 renames of one session at once (round 1): the name read back is 'c'",
                "'a' or 'b', whole", sent='{"name": "d"}', compared={"expected": "'a' or 'b', whole", "actual": "c"},
            ),
            ['After 2 renames of one session at once it is called "c"; expected is a name that was sent: "a" or "b".'],
        ),
        (
            failing(
                "agno.refusal-changes-nothing", "x, refused with 404: the name read back", '"a"', 404,
                sent='{"session_name": "b"}', compared={"expected": "a", "actual": "b"},
            ),
            [
                "A rename that was refused changed a session all the same.",
                'The name read back is "b", the name that this request sent; expected is "a".',
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_plain_words(requirement: dict[str, Any], sentences: list[str]) -> None:
    assert wrong(requirement) == sentences


def test_what_narrows_the_fault_down_is_said_on_top() -> None:
    found = failing(
        "agno.rename-accepted", "x \u00d7 y", VALID, 404, after="It fails only with y; it works without. So."
    )
    assert wrong(found)[-1] == "It fails only with y; it works without."
    assert wrong({**found, "after": "It failed twice."})[-1] == (
        "The server refuses it with 404 Reason, though the request is valid."
    )


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("caf\u00e9", "cafe\u0301", "their Unicode normal form"),
        ("Plan", "plan", "small and capital letters"),
        ("a b", "a\u00a0b", "blanks"),
        ("caf\u00e9", "cafe", "accents"),
        ("a", "b", None),
    ],
)
def test_names_that_look_alike_are_told_apart(one: str, other: str, apart: str | None) -> None:
    assert alike_but_for(one, other) == apart


@pytest.mark.parametrize(
    ("expected", "actual"),
    [('{}', '{"a": 1}'), ('{"a": {}}', '{"a": {"b": 1}}'), ('[1, 2, 3]', '[2, 3]'), ('{"": 1}', '{"": 2}')],
)  # fmt: skip
def test_objects_whose_paths_do_not_say_it_are_shown_as_they_are(expected: str, actual: str) -> None:
    compared = {"expected": expected, "actual": actual}
    found = wrong(failing("agno.session-untouched", "x: session_state in the listing", "it", compared=compared))
    assert " missing" not in found[1]
    assert " added" not in found[1]
    assert " not 1" not in found[1]


def test_a_name_that_is_json_is_a_name() -> None:
    compared = {"expected": '{"a":1}', "actual": '{"a":2}'}
    (found,) = wrong(failing("dify.text-not-interpreted", "x: the name read back", "it", compared=compared))
    assert found.startswith("The name read back is ")


def test_what_stands_in_the_query_is_a_name_only_where_a_name_is_looked_at() -> None:
    for what, told in (("the name read back", True), ("the id in the answer", False)):
        found = failing(
            "agno.name-stored", f"x: {what}", '"new"', sent='{"session_name": "new"}',
            compared={"expected": "new", "actual": "agent"},
        )  # fmt: skip
        found["request"]["url"] = "http://[broken/x?type=agent"
        assert any("stands in the query" in sentence for sentence in wrong(found)) == told


def test_the_request_before_is_said_once() -> None:
    found = wrong(failing("dify.rename-accepted", "an ordinary rename; the request before it was POST /x", VALID, 404))
    assert sum("the request before it was" in sentence.lower() for sentence in found) == 1


def test_no_sentence_ends_in_two_full_stops() -> None:
    found = wrong(failing("agno.rename-again", "x", "that it can be renamed. A rename is refused (a rename).", 409))
    assert found[0].endswith("(a rename).")


def test_its_and_it_are_said_in_full() -> None:
    media = failing("agno.answer-media-type", "a 200 answer: its content type", "application/json")
    media["answer"]["headers"] = {"Content-Type": "text/html"}
    assert wrong(media) == ["The content type of a 200 answer is text/html; expected is application/json."]
    page = failing("dify.odd-ids-refused", "an odd id: markup", "an answer for programs, not an HTML page", 404)
    assert wrong(page) == [
        "Sent: a rename of an odd id: markup. The server answers with an HTML page (404); expected is an error in JSON."
    ]


def test_a_long_name_that_is_refused_is_counted_in_every_unit() -> None:
    body = json.dumps({"name": "\U0001f600" * 200})
    found = wrong(failing("dify.length-200-accepted", "x", VALID, 400, sent=body))
    assert found[1].startswith("The name has 200 characters (400 UTF-16 units, 800 bytes in UTF-8)")
    plain = failing("dify.length-200-accepted", "x", VALID, 400, sent='{"name": "abc"}')
    assert wrong(plain) == ["Sent: x. The server refuses it with 400 Reason, though the request is valid."]


def test_a_case_of_many_parts_names_the_first_and_counts_the_rest() -> None:
    parts = " \u00d7 ".join(["a rename with the name 'x'", *(f"part {number}" for number in range(7))])
    found = case_of({"case": f"{parts}: the name read back"})
    assert found == "a rename with the name 'x', with part 0; part 1; part 2; part 3 and 3 more: the name read back"
    assert case_of({"case": f"a rename with the name '{'y' * 90}' (long)"}) == (
        f"a rename with the name '{'y' * 24}\u2026' (long)"
    )


def test_the_request_that_sent_a_name_which_came_instead_is_said() -> None:
    def step(name: str, url: str, *, fails: bool = False) -> dict[str, Any]:
        body = json.dumps({"session_name": name})
        return {"method": "POST", "url": url, "body": body, "status": 200, "fails": fails}

    compared = {"expected": "one after the other: second", "actual": "one after the other: first"}
    found = failing("agno.answer-name", "x: the name in the answer", '"second"', compared=compared)
    found["steps"] = [
        step(compared["actual"], "http://h/?type=agent"),
        step(compared["expected"], "http://h/", fails=True),
    ]
    assert " ".join(wrong(found)) == (
        f'The name in the answer is "{compared["actual"]}", the name that an earlier rename of this session sent '
        f'(status 200); expected is "{compared["expected"]}".'
    )
    found["steps"][0]["url"] = "http://h/2"
    assert "of another session sent" in wrong(found)[0]
    found["steps"] = found["steps"][1:]
    assert "the name that" not in wrong(found)[0]


def test_the_readings_say_where_a_wrong_name_comes_from() -> None:
    def reading(name: str) -> dict[str, Any]:
        answer = json.dumps({"session_id": "s1", "session_name": name})
        return {"method": "GET", "url": "http://h/s1", "body": None, "status": 200, "answer": answer, "fails": False}

    compared = {"expected": "new", "actual": "old"}
    found = failing("agno.answer-name", "x: the name in the answer", "new", compared=compared)
    found["request"]["url"] = "http://h/s1/rename?type=agent"
    sent = {**reading("new"), "method": "POST", "body": '{"session_name": "new"}', "fails": True}
    found["steps"] = [reading("old"), sent, reading("new")]
    assert wrong(found) == [
        'The name in the answer is "old", the name that the session had before; expected is "new".',
        "Read afterwards, the session has the new name: the answer alone is wrong.",
    ]
    found["steps"] = [reading("other"), sent, reading("old")]
    assert wrong(found)[1] == "Read afterwards, the session has that name, too."
    found["steps"] = [{**reading("old"), "answer": json.dumps({"session_id": "s2", "session_name": "old"})}, sent]
    assert len(wrong(found)) == 1, "a reading of another session says nothing"


@pytest.mark.parametrize(
    ("sent", "seen", "what"),
    [
        ("x" * 199 + "\U0001f600", "x" * 199, "is cut after 199 characters of 200"),
        ("Caf\u00e9", "Caf", "is cut after 3 characters of 4"),
        ("Plan  ", "Plan", "has lost the blanks at its end"),
        ("  Plan", "Plan", "has lost the blanks at its start"),
        ("A+B", "A B", "has + made a blank"),
        ("a\tb", "a b", "has its tabs made blanks"),
        ("Stra\u00dfe", "strasse", "is case-folded"),
    ],
)
def test_the_narrowest_change_is_named(sent: str, seen: str, what: str) -> None:
    assert change(sent, seen).startswith(what)


@pytest.mark.parametrize(
    ("requirement", "not_said"),
    [
        # the text None came, which is no null
        (
            failing("dify.null-is-not-text", "name null: the name in the answer", "no text made of the null",
                    body='{"name": "None"}', compared={"expected": "no text made of the null", "actual": "None"}),
            "missing",
        ),
        (failing("dify.rename-accepted", "x", VALID, 204), "refuses"),
        (failing("dify.credential-challenge", "a 401 answer", "a WWW-Authenticate header", 401), "Sent:"),
        (failing("dify.name-stored", "the session read back", "it to be readable as before, but 500"), "Sent:"),
        (failing("openhands.owner-only", "x: the name read back", "old", compared={"expected": "old", "actual": "n"}),
         "not refused"),
        (failing("dify.name-stored", "x: the name in the answer", "n", compared={"expected": "n", "actual": "o"}),
         "not stored"),
        (failing("agno.db-id-unknown", "an unknown db_id", "a documented error: 400, 404", 500), "Expected is a"),
    ],
)  # fmt: skip
def test_nothing_is_said_that_was_not_seen(requirement: dict[str, Any], not_said: str) -> None:
    assert not_said not in " ".join(wrong(requirement))


def test_odd_records_are_told_as_well() -> None:
    for body in ("[" * 5000, "\ud800", "\x00", "1e400", '{"name": 1}', ""):
        for status in (200, 404, 500):
            assert wrong(failing("dify.name-stored", "x", VALID, status, body))
    without = {**failing("dify.name-stored", "x", VALID), "request": None, "answer": None}
    assert wrong(without)


def test_of_an_object_the_members_that_differ_are_told() -> None:
    state = '{"topic": "0123456789 as the run has made it", "steps": [1, 2.5, 9007199254740993], '
    compared = {"expected": f'{state}"deep": null, "left": 1}}', "actual": f'{state}"deep": 7, "made": []}}'}
    found = wrong(failing("agno.session-untouched", "x: session_state in the listing", "it", compared=compared))
    assert found[1] == (
        "The member session_state in the listing: deep is 7, not null; left is missing; made was added, []."
    )


def test_a_long_value_that_is_no_name_is_shown_where_it_differs() -> None:
    text = "0123456789 as the run has made it, with more behind that nobody reads: "
    compared = {"expected": f"{text}null", "actual": f"{text}7"}
    found = wrong(failing("agno.session-untouched", "x: session_state in the listing", "it", compared=compared))
    assert "another name" not in found[1]
    assert found[1].endswith('reads: null" is expected.')


def test_a_session_that_was_left_alone_is_told_in_the_order_of_what_happened() -> None:
    case = "a session that was left alone for 2 s or longer after a rename of an unknown id: its name read back"
    found = failing("agno.name-stored", case, '"b"', 404, compared={"expected": "b", "actual": "a"})
    steps = [("GET", "a", False), ("POST", "", True), ("GET", "b", False), ("GET", "a", False)]
    found["steps"] = [
        {
            "method": method,
            "url": "u",
            "fails": fails,
            "status": 200,
            "body": None,
            "answer": f'{{"session_name": "{name}"}}',
        }
        for method, name, fails in steps
    ]
    assert wrong(found)[1] == (
        'A session was renamed to "b", and read with that name. Then came a rename of an unknown id, answered with '
        "404 Reason. Nothing was sent to it for 2 s or longer; after that its name read back is "
        '"a", the name that it had before.'
    )


def test_a_name_that_was_written_over_in_part_is_told_with_the_earlier_one() -> None:
    compared = {"expected": "short", "actual": "short name"}
    found = failing("dify.name-stored", "x: the name read back", "it", compared=compared, sent='{"name": "short"}')
    earlier = {"method": "POST", "fails": False, "status": 200, "body": '{"name": "a long name"}', "answer": None}
    found["steps"] = [earlier | {"url": found["request"]["url"]}]
    assert wrong(found)[1].endswith('is the expected one with " name" behind it.')
    found["steps"][0]["body"] = '{"name": "quite name"}'
    assert wrong(found)[1].endswith('with " name" behind it, the end of the earlier name "quite name".')


def test_what_was_read_is_not_said_twice() -> None:
    compared = {"expected": "one' or 'two", "actual": "old"}
    (found, *_) = wrong(failing("dify.same-name", "2 at once: the name read back is 'old'", "it", compared=compared))
    assert found.startswith('The name read back is "old", and ')
