"""What the page says first and how: order and groups of failures, the requests of one, bodies, headings."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import sample_run
from test_reports import RECORDS, Page, entry, other_dify, sample_with, two_nights

from rename_tck.reports import facts, html, matrix
from rename_tck.reports.bodies import is_spelled_oddly, members_apart, pretty, where
from rename_tck.reports.failures import EFFECTS, grouped, most_telling_first
from rename_tck.requirements.catalogue import Catalogue, systems
from rename_tck.results import record

Json = dict[str, Any]

PAGES: dict[str, Callable[[], str]] = {
    **{name: lambda make=make: html.render(make(), two_nights()) for name, make in RECORDS.items()},  # type: ignore[misc]
    "one run": lambda: html.render({**sample_run.sample(), "runs": [sample_run.dify()]}),
    "matrix": lambda: matrix.render([("before", sample_run.sample()), ("after", other_dify())]),
}


def words(source: str) -> str:
    """The text of a page."""
    shown = re.sub(r"<(style|script)>.*?</\1>", "", source, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", shown).split())


@pytest.mark.parametrize("name", PAGES)
def test_headings_are_in_order_and_none_is_skipped(name: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(PAGES[name]()).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_verdict_comes_first_then_the_failures_then_the_rest() -> None:
    source = html.render({**sample_run.sample(), "runs": [sample_run.dify()]})
    places = [source.index(part) for part in ("<h1>", 'class="marks"', "What fails (4)", ">Requirements (13)")]
    assert places == sorted(places)
    assert re.search(r"<h1><span data-verdict=\"does not conform\">dify does not conform</span></h1>", source)


def test_a_run_that_judged_nothing_is_told_in_a_few_lines() -> None:
    content = {**sample_run.sample(), "runs": [sample_run.openhands()], "exit_status": 3}
    source = html.render(content)
    assert len(words(source)) < 700
    assert "<table" not in source
    assert words(source).count("No session to rename: lend one with") == 1
    assert 'id="openhands.title-max-200"' in source, "a link to a requirement leads somewhere"


def test_what_was_sent_is_told_as_a_sentence() -> None:
    def told(sent: int, live: int, refused: int) -> str:
        return facts.evidence({"evidence": {"sent": sent, "live": live, "refused": refused}})

    assert told(28, 28, 0) == "28 requests, all to a session that exists, none refused"
    assert told(1200, 3, 1200) == "1,200 requests, 3 to a session that exists, all refused"
    assert told(2, 0, 1) == "2 requests, none to a session that exists, 1 refused"
    assert told(1, 1, 0) == "1 request, to a session that exists, not refused"
    assert told(1, 0, 1) == "1 request, to no session that exists, refused"
    assert told(0, 0, 0) == "no request"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("2026-11-20T23:00:00Z", "less than 1 s"),
        ("2026-11-20T23:00:59.6Z", "1 min 0 s"),
        ("2026-11-20T23:03:20Z", "3 min 20 s"),
        ("2026-11-21T00:05:59Z", "1 h 5 min"),
    ],
)
def test_how_long_a_run_took(end: str, words: str) -> None:
    assert facts.took({"start": "2026-11-20T23:00:00Z", "end": end}) == words


# Order and groups


def test_every_requirement_has_its_place_in_the_order() -> None:
    listed = [name for _, names in EFFECTS for name in names]
    known = {one.id.partition(".")[2] for system in systems() for one in Catalogue.load(system).requirements}
    assert len(listed) == len(set(listed))
    assert set(listed) == known


def failing(name: str, **members: object) -> Json:
    """A failing requirement of the sample under another id."""
    return {**entry("dify.not-found-shape"), "id": name, "compared": None, "answer": None, **members}


def test_the_most_telling_failure_comes_first() -> None:
    told = [
        failing("dify.error-404-shape"),
        failing("dify.name-stored", known={"reason": "x", "link": None, "expires": None}),
        failing("dify.blanks-kept", level="SHOULD"),
        failing("dify.of-another-time"),
        failing("dify.user-required"),
        failing("dify.shown-at-once"),
        failing("dify.rename-accepted"),
    ]
    assert [one["id"].partition(".")[2] for one in most_telling_first(told)] == [
        "rename-accepted", "shown-at-once", "user-required", "error-404-shape", "of-another-time", "blanks-kept",
        "name-stored",
    ]  # fmt: skip


def test_failures_of_one_cause_are_together() -> None:
    page = {"status": 404, "reason": "", "headers": {}, "body": "<h1>Not Found</h1>", "elapsed_ms": 1}
    lost = {"expected": "a<b", "actual": "a&lt;b"}
    run = {
        "requirements": [
            failing("dify.error-404-shape", answer=page),
            failing("dify.not-found-code", answer=page),
            failing("dify.text-not-interpreted", compared=lost),
            failing("dify.valid-space-accepted", compared={"expected": "<", "actual": "&lt;"}),
            failing("dify.credential-missing"),
            failing("dify.credential-wrong"),
            failing("dify.name-stored", compared={"expected": "Plan1", "actual": "Other"}),
            failing("dify.same-name", compared={"expected": "Plan1", "actual": "Other"}),
            {**entry("dify.user-string"), "id": "dify.null-is-not-text", "cause": "dify.credential-wrong"},
        ]
    }
    groups = [([one["id"].partition(".")[2] for one in group.failures], group.shared) for group in grouped(run)]
    assert groups == [
        (["name-stored"], None),
        (["credential-missing", "credential-wrong"], "each is about how the credential is checked"),
        (["text-not-interpreted", "valid-space-accepted"], 'in each, "<" was expected and "&lt;" came back'),
        (["same-name"], None),
        (["not-found-code", "error-404-shape"], "each was answered with status 404 and the same body"),
    ], "a whole name that is another one may have any cause"
    assert [one["id"] for group in grouped(run) for one in group.blocked] == ["dify.null-is-not-text"]


# One failure


def test_a_failure_shows_its_requests_in_order_and_how_long_each_took() -> None:
    source = html.render(sample_run.sample())
    failure = re.search(r'<article id="fail:dify\.user-required".*?</article>', source, re.DOTALL)
    assert failure is not None
    text = words(failure[0])
    parts = ["make the session:", "POST /chat-messages", "200, 7 ms", "the request that fails:", "200 OK, after 3 ms",
             "list the sessions:", "GET /conversations"]  # fmt: skip
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "rename-tck replay dify.user-required --base-url=http://127.0.0.1:5001/v1" in text
    assert '"name": "Quarterly plan"' in text


def test_a_record_from_before_there_were_steps_has_its_page() -> None:
    content = sample_run.sample()
    for run in content["runs"]:
        for requirement in run["requirements"]:
            requirement.pop("steps", None)
            requirement.pop("replay", None)
    record.validate(content)
    text = words(html.render(content))
    assert "POST http://127.0.0.1:5001/v1/conversations/" in text
    assert "rename-tck replay dify.user-required --base-url=http://127.0.0.1:5001/v1" in text


def test_the_command_that_tries_it_again() -> None:
    run, failure = sample_run.dify(), entry("dify.user-required")
    assert facts.again(run, failure) == "rename-tck replay dify.user-required --base-url=http://127.0.0.1:5001/v1"
    assert facts.again(run, {**failure, "replay": None}) == (
        "rename-tck run --base-url=http://127.0.0.1:5001/v1 -k dify.user-required"
    ), "no file holds a case with a secret in it"
    assert facts.again({**run, "base_url": "http://x/'; reboot"}, failure) == (
        "rename-tck replay dify.user-required '--base-url=http://x/'\"'\"'; reboot'"
    )
    assert facts.again({**run, "target": "embedded server"}, failure) == (
        "rename-tck run --system=dify -k dify.user-required"
    )
    spec = {"spec": {"file": "my api.yaml", "sha256": "0" * 64, "nearest": "en"}}
    assert str(facts.again({**run, **spec}, failure)).endswith(" '--spec=my api.yaml'")


def test_the_member_that_is_wrong_is_named_and_marked() -> None:
    source = html.render(sample_run.sample())
    assert '"name": "Caf<ins>e\u0301</ins> \u5b63\u5ea6\u8ba1\u5212"' in source, "in the answer"
    assert "In the answer it is the member <code>name</code>." in source


def test_members_of_two_json_values_are_set_against_each_other() -> None:
    failure = entry("dify.name-exact")
    failure["compared"] = {
        "expected": '{"a":{"b":[1,2]},"c":"x","same":null}',
        "actual": '{"a":{"b":[1,"2"]},"same":null,"d":true}',
    }
    text = words(html.render(sample_with(failure)))
    assert 'member a.b.1 : expected 2 , came "2"' in text
    assert 'member c : expected "x" , came absent' in text
    assert "member d : expected absent , came true" in text
    assert "member same" not in text


def test_long_lists_are_cut_and_say_so() -> None:
    failure = entry("dify.user-required")
    case = failure["failing"]["others"][0]
    failure["failing"] = {"classes": 41, "tried": 41, "others": [{**case, "kind": f"class {n}"} for n in range(40)]}
    failure["curl"] = "curl " + "x" * 5000
    text = words(html.render(sample_with(failure)))
    assert "class 19" in text
    assert "class 20" not in text
    assert "and 20 more: see conformance.json" in text
    assert "The curl command has 5,005 characters: it is in conformance.json." in text


def test_each_quoted_line_stands_on_the_page_once_and_every_link_finds_it() -> None:
    for make in PAGES.values():
        page = Page(make())
        ids = [str(found["id"]) for _, found in page.elements if "id" in found]
        links = {str(link["href"])[1:] for link in page.all("a") if str(link["href"]).startswith("#")}
        assert links <= set(ids)
        assert len(ids) == len(set(ids))


def test_each_mark_is_a_link_that_says_what_it_is() -> None:
    page = Page(html.render(sample_run.sample()))
    marks = [link for link in page.all("a") if "data-verdict" in link]
    told = [r for run in sample_run.sample()["runs"][:2] for r in run["requirements"]]
    assert [mark["aria-label"] for mark in marks] == [f"{one['id']}: {one['verdict']}" for one in told]


# Bodies


def test_a_body_is_decoded_and_indented() -> None:
    def text(body: str) -> str:
        return "".join(part for part, _ in pretty(body) or [])

    assert text('{"a":"\\u00e9\\n","b":[1.50,{}],"c":[],"a":null}') == (
        '{\n  "a": "\u00e9\\n",\n  "b": [\n    1.50,\n    {}\n  ],\n  "c": [],\n  "a": null\n}'
    ), "numbers as they are spelled, and a member that stands there twice"
    for other in ("", "true", '"text"', "<h1>", '{"a":', "[]", "[" * 100_000):
        assert pretty(other) is None
    assert pretty('{"a":NaN}') is not None, "what is no JSON in one respect is shown all the same"


@pytest.mark.parametrize(
    ("body", "odd"),
    [
        ('{"name":"x","n":1.0}', False),
        ('{"name": "x y"}', False),
        ('{"name":"\u00e9"}', False),
        ('{"n\\u0061me":"x"}', True),
        ('{"name":"a\\/b"}', True),
        ('\t{"name":"x"}', True),
        ('{"name":\n"x"}', True),
        ("no JSON", False),
    ],
)
def test_a_body_that_is_spelled_oddly_is_shown_as_it_was_sent_besides(body: str, odd: bool) -> None:
    assert is_spelled_oddly(body) is odd
    failure = entry("dify.user-required")
    failure["request"]["body"] = body
    assert ("The body as it was sent" in html.render(sample_with(failure))) is odd


def test_where_a_text_stands_in_a_body() -> None:
    assert where('{"data":[{"name":"x"},{"name":"y"}],"x":"y"}', "y") == ["data.1.name", "x"]
    assert where('{"a":1}', "1") == []
    assert where("y", "y") == []
    assert members_apart("no JSON", "{}") == members_apart('{"a":1}', '{"a":1}') == []
    assert members_apart('{"a":1}', '{"a":"1"}') == [("a", "1", '"1"')]
