"""How findings become verdicts, verdicts an exit status, and a run a record."""

from pathlib import Path

import pytest
from harness import judge, slow_but
from hypothesis import strategies as st

from rename_tck.cases import drawing
from rename_tck.checks.exploration import SHRINKS, Attempt, search
from rename_tck.redaction import Redactor
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.results.finding import Finding, concluded, dump, load
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.results.record import validate
from rename_tck.results.run import Outcome, Run, SystemRun
from rename_tck.verdict import Compared, CouldNotJudge, Evidence, NotTested, Unjudgeable, Verdict

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
    assert "the target follows en and zh-Hans" in (outcome.reason or "")
    assert _outcome(_finding("fail", name), name=name, editions=("ja",)).verdict is Verdict.FAIL
    assert _outcome(_finding("fail", name), name=name, editions=("en",)).reason == "en states the contrary"


def _status(
    findings: list[Finding], *, level: str = "must", accepted: int = 1, trouble: str | None = None
) -> tuple[int, str]:
    system = SystemRun("dify", ("en", "zh-Hans", "ja"), base_url="http://x", findings=findings, trouble=trouble)
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
    good = SystemRun("dify", ("ja",), findings=[_finding("pass")], accepted=1)
    bad = SystemRun("agno", ("2.5.6",), findings=[_finding("fail", "agno.type-validated")], accepted=1)
    silent = SystemRun("openhands", ("0.53.0",), trouble="down")
    assert Run(systems={"dify": good}).exit_status() == 0
    assert Run(systems={"dify": good, "openhands": silent}).exit_status() == 3
    assert Run(systems={"dify": good, "agno": bad, "openhands": silent}).exit_status() == 1
    assert Run(trouble="no such host").exit_status() == 3


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
            against = requirement["verdict"] == "not tested" and "no server can follow both" in requirement["reason"]
            assert requirement["verdict"] == "pass" or against, requirement["id"]
        assert run["notes"] == []
