"""Turns the way in which a test ended into a finding: plain, JSON-ready, without secrets."""

from __future__ import annotations

import json
import traceback
from dataclasses import asdict, dataclass, field
from typing import Any

from rename_tck.client.curl import curl, curl_of_new_session
from rename_tck.client.exchange import BODY_LIMIT, Exchange
from rename_tck.redaction import MASK, Redactor
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.verdict import CouldNotJudge, Evidence, Gap, NotTested, ObstacleError, ReplayData, Unjudgeable, Verdict

#: Longer texts are cut in the record: it is read by people.
_TEXT_LIMIT = 12_000


@dataclass
class Failure:
    """A failing case as the record keeps it: plain text, secrets already taken out."""

    case: str
    expected: str
    request: dict[str, object] | None = None
    answer: dict[str, object] | None = None
    curl: str | None = None
    compared: dict[str, str] | None = None
    #: What it takes to try just this case again; None where that holds a secret, which is never kept.
    again: dict[str, object] | None = None
    #: The class of the case.
    kind: str = ""
    #: What the requests sent after it showed of the target, in a sentence.
    after: str | None = None
    #: The requests that led to it and came after it, as the record has them.
    steps: list[dict[str, object]] = field(default_factory=list)


@dataclass
class Finding:
    """What one test concluded of one requirement."""

    requirement: str
    verdict: Verdict
    test: str
    edition: str | None = None
    reason: str | None = None
    evidence: Evidence = field(default_factory=Evidence)
    #: The clearest of the failing cases, and one of each other class that fails; of a finding that is not tested for a
    #: cause elsewhere, what it would have failed by.
    failure: Failure | None = None
    others: list[Failure] = field(default_factory=list)
    #: How many classes of case the test tried, and what it did not try any more after the first failure.
    tried: int = 1
    left_out: str | None = None
    #: Why it is not tested, and the requirement whose failure stands in the way.
    gap: Gap | None = None
    cause: str | None = None
    #: Whether only the case was tried that an earlier run saved: that it passes proves nothing of the rest.
    replayed: bool = False


def concluded(
    error: BaseException | None,
    *,
    requirement: str,
    edition: str | None,
    test: str,
    evidence: Evidence,
    redact: Redactor,
    replayed: bool = False,
) -> Finding:
    """The finding of a test that ended with this exception, or without one."""
    finding = Finding(requirement, Verdict.PASS, test, edition, None, evidence, replayed=replayed)
    match error:
        case None:
            pass
        case Nonconformance():
            finding.verdict = Verdict.FAIL
            _keep(finding, error, redact)
        case NotTested():
            finding.verdict, finding.reason = Verdict.NOT_TESTED, redact(error.reason)
            finding.gap, finding.cause = error.gap, error.cause
            if isinstance(error.kept, Nonconformance):
                _keep(finding, error.kept, redact)
        case ObstacleError():
            finding.verdict, finding.reason, finding.gap = Verdict.NOT_TESTED, redact(error.reason), error.gap
        case Unjudgeable() | CouldNotJudge():
            finding.verdict, finding.reason = Verdict.ERROR, redact(error.reason)
        case _:
            summary = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
            finding.verdict, finding.reason = Verdict.ERROR, redact(f"the suite itself failed: {summary}")[:500]
    return finding


def _keep(finding: Finding, error: Nonconformance, redact: Redactor) -> None:
    """Keep every failing case with a finding."""
    finding.failure = failure(error, redact)
    finding.others = [failure(other, redact) for other in error.others]
    finding.tried, finding.left_out = error.tried, error.left_out


def failure(error: Nonconformance, redact: Redactor) -> Failure:
    """The failing case as the record keeps it."""
    exchange = error.exchange
    compared = error.compared
    return Failure(
        case=redact(error.case),
        expected=_cut(redact(error.expected)),
        request=None if exchange is None else _request(exchange, redact),
        answer=None if exchange is None else _answer(exchange, redact),
        curl=None if exchange is None else redact(_curl(exchange, error.made)),
        compared=None
        if compared is None
        else {"expected": _cut(redact(compared.expected)), "actual": _cut(redact(compared.actual))},
        again=_again(error.replay_data, redact),
        kind=redact(error.kind),
        after=None if error.after is None else redact(error.after),
        steps=[step.record(redact) for step in error.steps],
    )


def _curl(exchange: Exchange, made: tuple[Exchange, str] | None) -> str:
    return curl(exchange) if made is None else curl_of_new_session(exchange, *made)


def _again(data: ReplayData | None, redact: Redactor) -> dict[str, object] | None:
    """What it takes to try the case again; nothing where a secret stands in it, for without that it is another case."""
    if data is None:
        return None
    content = {name: value for name, value in asdict(data).items() if value is not None}
    # the keys are the suite's own words
    outside = {name: value for name, value in content.items() if name != "keys"}
    return content if redact.within(outside) == outside else None


def dump(finding: Finding) -> str:
    """A finding as JSON in ASCII, to travel from a worker: a text may hold what no encoding carries."""
    return json.dumps(asdict(finding))


def load(text: str) -> Finding:
    """A finding that has travelled."""
    content: dict[str, Any] = json.loads(text)
    found, gap = content["failure"], content["gap"]
    return Finding(
        **content
        | {
            "verdict": Verdict(content["verdict"]),
            "evidence": Evidence(**content["evidence"]),
            "failure": None if found is None else Failure(**found),
            "others": [Failure(**other) for other in content["others"]],
            "gap": None if gap is None else Gap(gap),
        }
    )


def _request(exchange: Exchange, redact: Redactor) -> dict[str, object]:
    body = exchange.request.body
    wire = exchange.request.wire.in_words(len(body or b""))
    return {
        "method": exchange.request.method,
        "url": redact(exchange.url),
        "headers": {name: redact(value) for name, value in exchange.shown_headers().items()},
        "body": None if body is None else _cut(redact(body.decode("utf-8", "backslashreplace"))),
        **({"wire": list(map(redact, wire))} if wire else {}),
    }


def _answer(exchange: Exchange, redact: Redactor) -> dict[str, object] | None:
    answer = exchange.answer
    if answer is None:
        return None
    # masked before it is cut: half a secret is still a secret
    text = redact(answer.body[: 64 * BODY_LIMIT].decode("utf-8", "backslashreplace"))
    if len(answer.body) > 64 * BODY_LIMIT and len(text) <= 2 * BODY_LIMIT:
        text = text.rpartition(MASK)[0]  # the rest may be the beginning of a secret
    more = len(answer.body) - BODY_LIMIT
    return {
        "status": answer.status,
        "reason": redact(answer.reason)[:200],
        "headers": {redact(name): redact(value)[:500] for name, value in answer.headers[:40]},
        "body": text if len(text) <= BODY_LIMIT else f"{text[:BODY_LIMIT]}… (about {more} bytes more)",
        "elapsed_ms": round(answer.elapsed * 1000),
    }


def _cut(text: str) -> str:
    if len(text) <= _TEXT_LIMIT:
        return text
    return f"{text[:_TEXT_LIMIT]}… ({len(text) - _TEXT_LIMIT} characters more)"
