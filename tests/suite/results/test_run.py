"""How findings become verdicts, verdicts an exit status, and a run a record."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from harness import judge, slow_but
from hypothesis import strategies as st

from rename_tck.cases import drawing
from rename_tck.checks.exploration import SHRINKS, Attempt, search
from rename_tck.client.limits import LimitReachedError
from rename_tck.redaction import Redactor
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.results.failing_cases import FailingCases
from rename_tck.results.finding import Finding, concluded, dump, load
from rename_tck.results.known_failures import KnownFailure
from rename_tck.results.left_out import ContractTest, LeftOut, left_out, why
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.results.record import validate
from rename_tck.results.run import Outcome, Run, SystemRun
from rename_tck.verdict import (
    Compared,
    CouldNotJudge,
    Evidence,
    Gap,
    NotTested,
    ReplayData,
    RunVerdict,
    Unjudgeable,
    Verdict,
)

RULE = "dify.user-required"


def _finding(verdict: str, name: str = RULE, *, sent: int = 1, edition: str | None = None) -> Finding:
    error: dict[str, Exception | None] = {
        "pass": None,
        "fail": Nonconformance("a case", "something else", None, Compared("a", "b")),
        "not tested": NotTested("for want of a session"),
        "error": Unjudgeable("no answer came"),
    }
    return concluded(
        error[verdict], requirement=name, edition=edition, test=f"test::{name}", evidence=Evidence(sent, sent, 0),
        redact=Redactor(),
    )  # fmt: skip


def _outcome(*findings: Finding, editions: tuple[str, ...] = ("en", "zh-Hans", "ja"), name: str = RULE) -> Outcome:
    run = SystemRun("dify", editions, findings=list(findings))
    return run.outcome(Catalogue.load("dify").requirement(name))


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (["pass"], "pass"),
        (["pass", "fail", "pass"], "fail"),
        (["error", "fail", "not tested"], "fail"),
        (["error", "pass", "not tested"], "error"),
        (["pass", "not tested"], "not tested"),
        ([], "not tested"),
    ],
)
def test_a_requirement_has_the_worst_of_its_findings(verdicts: list[str], worst: str) -> None:
    outcome = _outcome(*(_finding(verdict) for verdict in verdicts))
    assert str(outcome.verdict) == worst
    assert (outcome.failure is not None) == (worst == "fail")
    assert (outcome.reason is not None) == (worst in {"error", "not tested"})


@pytest.mark.parametrize(
    ("of_cause", "stands"),
    [(["pass"], True), ([], True), (["not tested"], True), (["fail"], False), (["error"], False)],
)
def test_what_another_requirement_is_blamed_for_that_does_not_fail_stands(of_cause: list[str], stands: bool) -> None:
    cause = "dify.no-server-error"
    blamed = NotTested("a 5xx came and went", Gap.CAUSE, cause, Nonconformance("a case", "something else"))
    found = concluded(
        blamed, requirement=RULE, edition=None, test="test::x", evidence=Evidence(1, 1, 0), redact=Redactor()
    )
    outcome = _outcome(load(dump(found)), *(_finding(verdict, cause) for verdict in of_cause))
    assert outcome.verdict is (Verdict.FAIL if stands else Verdict.NOT_TESTED)
    assert (outcome.failure is not None) is stands
    assert outcome.cause == (None if stands else cause)


def test_no_evidence_no_pass() -> None:
    outcome = _outcome(_finding("pass", sent=0))
    assert outcome.verdict is Verdict.NOT_TESTED
    assert outcome.reason == "nothing was sent that could have shown it"


def test_the_cells_show_each_edition() -> None:
    found = [_finding("pass", edition="en"), _finding("fail", edition="ja")]
    assert _outcome(*found).by_edition == {"en": "pass", "zh-Hans": "fail", "ja": "fail"}
    silent = _outcome(_finding("pass", "dify.auto-generate-ignores-name"), name="dify.auto-generate-ignores-name")
    assert silent.by_edition == {"en": "silent", "zh-Hans": "silent", "ja": "pass"}


def test_where_editions_contradict_each_other_nothing_is_counted() -> None:
    name = "dify.name-null-refused"
    outcome = _outcome(_finding("fail", name), name=name)
    assert outcome.verdict is Verdict.NOT_TESTED
    assert outcome.by_edition == {"en": "states the contrary", "zh-Hans": "states the contrary", "ja": "fail"}
    assert outcome.gap is Gap.TARGET
    assert outcome.reason == (
        "ja states this, and en and zh-Hans say the opposite, so it is not judged; "
        "the target does not do as ja says; --edition chooses one to judge by"
    )
    counterpart = _finding("pass", "dify.name-null-accepted")
    both = SystemRun("dify", ("en", "zh-Hans", "ja"), findings=[_finding("fail", name), counterpart])
    follows = both.outcome(Catalogue.load("dify").requirement(name)).reason or ""
    assert "the target does not do as ja says, but as en and zh-Hans say;" in follows
    assert _outcome(_finding("fail", name), name=name, editions=("ja",)).verdict is Verdict.FAIL
    assert _outcome(_finding("fail", name), name=name, editions=("en",)).reason == "en says the opposite"


def test_of_two_editions_only_what_was_seen_is_said() -> None:
    """An introduction that is no null does as every edition says: only a counterpart that passes shows the contrary."""
    name = "dify.introduction-not-null"
    passed, failed = (_outcome(_finding(verdict, name), name=name).reason or "" for verdict in ("pass", "fail"))
    assert "the target does as ja says" in passed
    assert "no server can follow both" not in passed
    assert "the target does not do as ja says;" in failed
    assert "but as en and zh-Hans say" not in failed


def _others(system: str, findings: Collection[Finding], verdict: str = "pass") -> list[Finding]:
    """A finding for each requirement that these are not of."""
    own = {finding.requirement for finding in findings}
    return [_finding(verdict, name) for name in Catalogue.load(system).by_id if name not in own]


def _status(
    findings: list[Finding],
    *,
    level: str = "must",
    accepted: int = 1,
    trouble: str | None = None,
    left_out: list[LeftOut] | None = None,
    whole: bool = True,
) -> tuple[int, str]:
    findings = [*findings, *(_others("dify", findings) if whole and trouble is None else [])]
    system = SystemRun("dify", ("en", "zh-Hans", "ja"), base_url="http://x", findings=findings, trouble=trouble)
    system.left_out = left_out or []
    system.accepted = accepted
    run = Run(level, 1, systems={"dify": system})
    record = run.record()
    validate(record)
    assert record["exit_status"] == run.exit_status()
    return run.exit_status(), record["runs"][0]["verdict"]


def test_the_exit_status() -> None:
    passed, failed, error = _finding("pass"), _finding("fail"), _finding("error", "dify.name-string")
    should = _finding("fail", "dify.blanks-kept")
    assert _status([passed]) == (0, "conforms")
    assert _status([failed]) == (1, "does not conform")
    assert _status([failed, error]) == (1, "does not conform")
    assert _status([passed, error]) == (3, "could not judge")
    assert _status([passed, should]) == (0, "conforms")
    assert _status([passed, should], level="should") == (1, "does not conform")
    assert _status([passed], accepted=0) == (3, "could not judge")
    assert _status([], trouble="the target is down") == (3, "could not judge")


def test_a_run_over_several_systems_is_as_good_as_its_worst() -> None:
    good = SystemRun("dify", ("ja",), findings=_others("dify", []), accepted=1)
    part = SystemRun("agno", ("2.5.6",), findings=[_finding("pass", "agno.type-validated")], accepted=1)
    bad = SystemRun("agno", ("2.5.6",), findings=[_finding("fail", "agno.type-validated")], accepted=1)
    silent = SystemRun("openhands", ("0.53.0",), trouble="down")
    assert Run(systems={"dify": good}).exit_status() == 0
    assert Run(systems={"dify": good, "openhands": silent}).exit_status() == 3
    assert Run(systems={"dify": good, "agno": bad, "openhands": silent}).exit_status() == 1
    assert Run(trouble="no such host").exit_status() == 3
    assert Run(systems={"dify": good, "agno": part}).exit_status() == 3
    part.left_out = _left_out("agno", {"agno.type-validated"})
    assert Run(systems={"dify": good, "agno": part}).exit_status() == 0, "the user chose, and what was chosen passed"
    assert Run(systems={"agno": part, "openhands": silent}).exit_status() == 3


def _left_out(system: str, run: set[str], gap: Gap = Gap.CHOICE) -> list[LeftOut]:
    names = (name for name in Catalogue.load(system).by_id if name not in run)
    return [LeftOut(ContractTest(name, "test_x.py", "test_x"), gap) for name in names]


def _untested(name: str, gap: Gap, cause: str | None = None) -> Finding:
    return concluded(
        NotTested("for a reason", gap, cause), requirement=name, edition=None, test=f"test::{name}",
        evidence=Evidence(), redact=Redactor(),
    )  # fmt: skip


def test_what_was_not_got_to_is_no_conformance() -> None:
    chosen, late = _left_out("dify", {RULE}), _left_out("dify", {RULE}, Gap.LIMIT)
    assert _status([_finding("pass")], whole=False, left_out=chosen) == (0, "incomplete")
    assert _status([_finding("pass")], whole=False, left_out=late) == (3, "incomplete")
    assert _status([_finding("pass")], whole=False, left_out=[*chosen[:-1], late[-1]]) == (3, "incomplete")
    assert _status([_finding("fail")], whole=False, left_out=chosen) == (1, "does not conform")
    assert _status([_finding("error")], whole=False, left_out=chosen) == (3, "could not judge")
    assert _status([_finding("pass")], whole=False, left_out=chosen, accepted=0) == (3, "could not judge")
    assert _status([_finding("pass")], whole=False, left_out=late, accepted=0) == (3, "incomplete")
    # nothing that was chosen has passed
    assert _status([_finding("not tested")], whole=False, left_out=chosen) == (3, "incomplete")
    assert _status([_finding("pass", sent=0)], whole=False, left_out=chosen) == (3, "incomplete")
    assert _status([], whole=False) == (3, "incomplete"), "nothing is known of any test"


def test_what_stands_in_the_way_of_conformance() -> None:
    must, should = "dify.name-string", "dify.blanks-kept"
    assert _status([_untested(must, Gap.TARGET)]) == (0, "conforms")
    assert _status([_untested(must, Gap.LIMIT)]) == (3, "incomplete")
    assert _status([_untested(must, Gap.CAUSE, should), _finding("fail", should)]) == (3, "incomplete")
    assert _status([_untested(should, Gap.LIMIT)]) == (0, "conforms")
    assert _status([_untested(should, Gap.LIMIT)], level="should") == (3, "incomplete")
    # a limit leaves no run as the user chose it
    left = _left_out("dify", {RULE, should})
    assert _status([_finding("pass"), _untested(should, Gap.LIMIT)], whole=False, left_out=left) == (3, "incomplete")


def test_what_an_excused_failure_keeps_from_being_tested_is_not_tested() -> None:
    findings = [_finding("fail"), _untested("dify.user-string", Gap.CAUSE, RULE)]
    system = SystemRun("dify", ("ja",), findings=[*findings, *_others("dify", findings)], accepted=1)
    assert Run(systems={"dify": system}, known=(KnownFailure(RULE, "why"),)).exit_status() == 3
    system.findings[1] = _finding("pass", "dify.user-string")
    assert Run(systems={"dify": system}, known=(KnownFailure(RULE, "why"),)).exit_status() == 0


def test_nothing_tested_is_no_conformance() -> None:
    findings = [_untested(name, Gap.TARGET) for name in Catalogue.load("dify").by_id]
    assert _status(findings) == (3, "incomplete")


@pytest.mark.parametrize("gap", [Gap.CHOICE, Gap.LIMIT])
def test_a_requirement_of_which_a_part_passed_is_not_passed(gap: Gap) -> None:
    left = LeftOut(ContractTest(RULE, "test_y.py", "test_another"), gap)
    run = SystemRun("dify", ("en", "ja"), findings=[_finding("pass"), *_others("dify", [_finding("pass")])], accepted=1)
    run.left_out = [left]
    outcome = run.outcome(Catalogue.load("dify").requirement(RULE))
    assert (outcome.verdict, outcome.gap) == (Verdict.NOT_TESTED, gap)
    assert outcome.by_edition == {"en": "not tested", "ja": "not tested"}
    assert outcome.reason == f"1 of its tests was not run: {why(gap)}; 1 of its 2 tests passed"
    verdict, reason = run.verdict("must")
    assert (verdict, run.is_as_chosen()) == (RunVerdict.INCOMPLETE, gap is Gap.CHOICE)
    assert str(reason).startswith("not every MUST was tested in full: 1 was not ")
    # a failure of the part that was run stands
    run.findings[0] = _finding("fail")
    assert run.outcome(Catalogue.load("dify").requirement(RULE)).verdict is Verdict.FAIL


def test_a_limit_that_ends_one_test_of_a_requirement_is_said_with_what_passed() -> None:
    late = concluded(
        LimitReachedError("out of requests: --max-requests gave 60"), requirement=RULE, edition=None, test="t::late",
        evidence=Evidence(3), redact=Redactor(),
    )  # fmt: skip
    outcome = _outcome(_finding("pass"), late)
    assert (outcome.verdict, outcome.gap) == (Verdict.NOT_TESTED, Gap.LIMIT)
    assert outcome.reason == "out of requests: --max-requests gave 60; 1 of its 2 tests passed"


def test_what_was_left_out_is_what_found_nothing() -> None:
    tests = [ContractTest(RULE, "t.py", "test_a", edition) for edition in ("en", "ja")]
    never = ContractTest(RULE, "u.py", "test_b")
    found = _finding("pass", edition="en")
    found.test = "somewhere/t.py::test_a[dify.user-required-en]"
    replay = replace(found, edition="ja", replayed=True)
    missing = left_out({*tests, never}, set(tests), [found, replay])
    assert [(left.test, left.gap) for left in missing] == [(tests[1], Gap.LIMIT), (never, Gap.CHOICE)]


# -- every failing case


def _failing(test: str, *kinds: str, edition: str | None = None, tried: int = 1, token: str = "0123456789") -> Finding:
    first, *more = (
        Nonconformance(f"case {kind}", f"the name tck-{token}-{kind}", kind=kind, replay_data=ReplayData([kind]))
        for kind in kinds
    )
    first.others, first.tried = more, tried
    return concluded(
        first, requirement=RULE, edition=edition, test=f"a/test_a.py::{test}[x]", evidence=Evidence(1, 1, 0),
        redact=Redactor(),
    )  # fmt: skip


def test_no_failing_case_hides_another() -> None:
    outcome = _outcome(_failing("test_a", "null", "empty", tried=9), _failing("test_b", "long", tried=8))
    assert outcome.failure is not None
    assert outcome.failure.case == "case null"
    failing = outcome.record()["failing"]
    assert (failing["classes"], failing["tried"]) == (3, 17)
    assert [(other["kind"], other["replay"]) for other in failing["others"]] == [
        ("empty", "replay/dify.user-required.2.json"), ("long", "replay/dify.user-required.3.json"),
    ]  # fmt: skip


def test_what_fails_alike_in_several_editions_is_one_class_and_said_once() -> None:
    outcome = _outcome(
        _failing("test_a", "null", "empty", edition="en", tried=9),
        _failing("test_a", "null", "long", edition="ja", tried=9, token="fedcba9876"),
    )
    content = outcome.record()
    assert content["edition"] == "en"
    failing = content["failing"]
    assert (failing["classes"], failing["tried"]) == (3, 9)
    assert [(other["kind"], other["edition"], other["replay"]) for other in failing["others"]] == [
        ("empty", "en", "replay/dify.user-required.en.2.json"), ("long", "ja", "replay/dify.user-required.ja.2.json"),
    ]  # fmt: skip
    # in each edition the clearest has the file of its name
    assert [case.file for case in outcome.failing.cases] == [
        "dify.user-required.en.json", "dify.user-required.en.2.json", "dify.user-required.ja.json",
        "dify.user-required.ja.2.json",
    ]  # fmt: skip


def test_what_an_earlier_run_left_comes_after_what_the_run_came_upon() -> None:
    earlier = replace(_failing("test_a", "null"), replayed=True)
    outcome = _outcome(earlier, _failing("test_a", "empty", tried=4))
    assert [case.failure.kind for case in outcome.failing.cases] == ["empty", "null"]
    again = _outcome(replace(_failing("test_a", "empty"), replayed=True), _failing("test_a", "empty", tried=4))
    assert len(again.failing.cases) == 1


def test_the_number_of_a_case_is_not_known_before_the_end() -> None:
    found = FailingCases.of(RULE, [_failing("test_a", "null", "empty")])
    assert [case.file for case in found.cases] == ["dify.user-required.json", "dify.user-required.2.json"]
    assert found.without_files().record()["others"][0]["replay"] is None


def test_the_clearest_case_is_the_shortest_one_that_was_not_drawn() -> None:
    def failing(test: str, kind: str, body: str, again: dict[str, object] | None = None) -> Finding:
        found = _failing(test, kind)
        assert found.failure is not None
        request: dict[str, object] = {"method": "POST", "url": "http://h/", "headers": {}, "body": body}
        return replace(found, failure=replace(found.failure, request=request, again=again))

    drawn = failing("test_a", "drawn", "{}", {"drawn": {}})
    long, short = failing("test_b", "long", "x" * 149), failing("test_c", "short", '{"name": "<"}')
    without = _failing("test_d", "none")
    for findings in ([drawn, long, short, without], [without, short, long, drawn]):
        cases = FailingCases.of(RULE, findings).cases
        assert [case.failure.kind for case in cases] == ["short", "long", "drawn", "none"]


def test_what_an_exception_means() -> None:
    def verdict(error: BaseException | None) -> tuple[str, str | None]:
        found = concluded(
            error, requirement=RULE, edition=None, test="t", evidence=Evidence(1), redact=Redactor(["s3cret-key"])
        )
        return str(found.verdict), found.reason

    assert verdict(None) == ("pass", None)
    assert verdict(NotTested("why s3cret-key")) == ("not tested", "why [secret]")
    assert verdict(Unjudgeable("why")) == ("error", "why")
    assert verdict(CouldNotJudge("why")) == ("error", "why")
    assert verdict(KeyError("s3cret-key")) == ("error", "the suite itself failed: KeyError: '[secret]'")


def test_a_finding_travels_whole() -> None:
    found = _finding("fail")
    found.reason = "half \ud83d"
    assert load(dump(found)) == found


# -- exploring


def test_exploring_raises_the_smallest_failure() -> None:
    def check(number: int) -> None:
        if number > 100:
            raise Nonconformance(f"{number}", "less")

    drawing.use("quick")
    with pytest.raises(Nonconformance) as caught:
        search(st.integers(0, 10_000), Attempt(check), seed="1/x", examples=25)
    assert caught.value.case == "101"


def test_exploring_raises_a_failure_that_comes_and_goes() -> None:
    calls = []

    def check(number: int) -> None:
        calls.append(number)
        if len(calls) == 15:
            raise Nonconformance("once", "never")

    drawing.use("quick")
    with pytest.raises(Nonconformance, match="once"):
        search(st.integers(), Attempt(check), seed="1/x", examples=25)


def test_exploring_ends_soon_after_a_failure() -> None:
    calls = []

    def check(text: str) -> None:
        calls.append(text)
        if len(text) > 3:
            raise Nonconformance(text, "short")

    drawing.use("quick")
    with pytest.raises(Nonconformance):
        search(st.text(min_size=100), Attempt(check), seed="1/x", examples=25)
    assert len(calls) <= 25 + SHRINKS + 1


def test_exploring_draws_the_same_for_the_same_seed() -> None:
    def drawn(seed: str) -> list[str]:
        found: list[str] = []
        search(st.text(), Attempt(found.append), seed=seed, examples=25)
        return found

    drawing.use("quick")
    assert drawn("1/a") == drawn("1/a") != drawn("1/b")


# -- the embedded servers


@pytest.mark.parametrize("seed", slow_but(2, of=(2, 3, 4)))
def test_the_embedded_servers_conform_whatever_the_seed(tmp_path: Path, seed: int) -> None:
    judged = judge(None, tmp_path, seed=seed)
    assert judged.status == 0, judged.output
    for run in judged.record["runs"]:
        assert run["verdict"] == "conforms"
        for requirement in run["requirements"]:
            # what no embedded server could lift: editions that contradict each other
            against = requirement["verdict"] == "not tested" and "so it is not judged" in requirement["reason"]
            assert requirement["verdict"] == "pass" or against, requirement["id"]
        assert run["notes"] == []
