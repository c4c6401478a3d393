"""One failing requirement in full, as plain text: what pytest shows of a failing test, and JUnit files hold."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from rename_tck.reports import facts
from rename_tck.reports.difference import compare
from rename_tck.reports.lines import COLUMNS, indented, labelled
from rename_tck.results.record import Json
from rename_tck.text import chop, cut, one_line, pad, visible, width, wrap

_BODY = 600
_BODY_LINES = 8
_CURL = 3000
_LABEL = 10
#: How many of a list are named before the rest is counted.
_OTHERS = 8
_ROOM = COLUMNS - _LABEL - 3


def failure_text(requirement: Json, drift: Json | None = None, report_dir: str = "reports") -> str:
    """What a failing test prints: the rule and where it stands, the request, what was expected, what came back.

    Then a line for each further class of case that fails, with its file in the folder of reports, where that is known.
    """
    lines = [f"{visible(requirement['id'])} ({requirement['level']})", *indented(requirement["sentence"], 2, 6)]
    places = [facts.cited(citation) for citation in facts.stated_in(requirement)]
    for place, words, edition in places[:3]:
        source = f"{place} (edition {edition})" if edition else place
        lines += _field("stated in", f"{source}: {cut(one_line(words), 240)}")
    if len(places) > 3:
        lines += _field("", f"and {len(places) - 3} more place{'s' * (len(places) > 4)}")
    if said := facts.aside(drift, requirement):
        lines += _field("drift", cut(said, 600))
    if requirement.get("reason"):
        lines += _field("reason", cut(requirement["reason"], 600))
    lines += _field("case", cut(requirement["case"], 600))
    lines += _request(requirement)
    lines += _field("expected", cut(requirement["expected"], 600))
    if requirement["request"] or requirement["answer"]:
        lines += _answer(requirement["answer"])
    if requirement.get("compared"):
        lines += _compared(requirement["compared"])
    if requirement.get("after"):
        lines += _field("after it", cut(requirement["after"], 600))
    lines += _others(requirement, report_dir)
    return "\n".join(lines)


def _others(requirement: Json, report_dir: str) -> list[str]:
    """The other classes of case that fail, and what was left out; the record has all of them."""
    cases, said = requirement.get("failing"), facts.failing(requirement)
    if not cases:
        return []
    lines, others = _field("classes", said) if said else [], cases["others"]
    for number, other in enumerate(others[:_OTHERS]):
        file = f" [{PurePosixPath(other['replay']).name}]" if other["replay"] else ""
        shown = one_line(facts.other(other))
        room = _ROOM - width(file)
        shown = shown if width(shown) <= room else f"{chop(shown, room - 1)[0]}\u2026"
        lines += labelled("also" if not number else "", [shown + file], _LABEL)
    if len(others) > _OTHERS:
        lines += _field("", f"and {len(others) - _OTHERS} more: see conformance.html")
    if any(other["replay"] for other in others):
        command = f"rename-tck replay {shlex.quote(f'{report_dir}/replay/')}[FILE]"
        lines += labelled("each again", [one_line(command)], _LABEL)
    return lines + (_field("left out", requirement["left_out"]) if requirement["left_out"] else [])


def replay_text(requirement: Json) -> str:
    """What is shown of a kept case that was tried again: where it fails, the same as in a run; else what came back."""
    if requirement["verdict"] == "fail":
        return failure_text(requirement)
    lines = [f"{visible(requirement['id'])} ({requirement['level']})", *indented(requirement["sentence"], 2, 6)]
    lines += _field("case", cut(requirement["case"], 600))
    if requirement["request"] is not None:
        lines += [*_request(requirement), *_answer(requirement["answer"])]
    return "\n".join(lines)


def _field(label: str, content: str) -> list[str]:
    """A label and its prose, wrapped, later lines under the first."""
    return labelled(label, wrap(one_line(content), _ROOM), _LABEL)


def _exact(label: str, content: str) -> list[str]:
    """A label and a text whose every blank counts, cut where a line is full."""
    return labelled(label, [piece for line in content.split("\n") for piece in chop(line, _ROOM)], _LABEL)


def _request(requirement: Json) -> list[str]:
    """The curl on a line of its own, unbroken, so that it can be copied; a very long one is in the record."""
    curl, request = requirement.get("curl"), requirement.get("request")
    if curl and len(curl) <= _CURL:
        shown = visible(curl, keep="\n\t")
        lines = [f"  {pad('request', _LABEL)} {shown}"]
        if shown != curl:
            lines += _field("", "(it holds characters that are shown here by name: take it from conformance.json)")
        return lines
    if curl:
        return _field("request", f"{cut(curl, 200)} The whole is in conformance.json.")
    if request:
        return _field("request", cut(f"{request['method']} {request['url']}", 600))
    return []


def _answer(answer: Json | None) -> list[str]:
    if answer is None:
        return _field("answer", facts.status_line(None))
    kind = facts.media_type(answer) or "no content type"
    lines = _field("answer", cut(f"{facts.status_line(answer)}, {kind}", 300))
    body = answer["body"]
    if not body:
        return lines + _field("", "(an empty body)")
    start = "\n".join(body[:_BODY].split("\n")[:_BODY_LINES])
    lines += _exact("", visible(start, keep="\n\t").replace("\t", "    "))
    beyond = len(body) - len(start)
    return lines + (_field("", f"({beyond:,} more characters: see conformance.json)") if beyond else [])


def _compared(compared: Json) -> list[str]:
    parts = compare(compared["expected"], compared["actual"])
    lines = _exact("compared", f'expected "{visible(parts.excerpt(parts.expected))}"')
    lines += _exact("", f'actual   "{visible(parts.excerpt(parts.actual))}"')
    return lines + _field("", parts.sentence)
