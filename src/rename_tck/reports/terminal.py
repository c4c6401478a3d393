"""The record, and one failing requirement, as plain text. Nothing that a server sent can act on the terminal."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from rename_tck.reports import facts
from rename_tck.reports.difference import compare
from rename_tck.results.record import LEVELS, VERDICTS, Json
from rename_tck.text import chop, cut, one_line, pad, visible, width, wrap

#: How wide the table and the text of a failure are, but for addresses and curl commands, which are never broken.
COLUMNS = 100

_WIDEST_ID = 46
_BODY = 600
_BODY_LINES = 8
_CURL = 3000
_LABEL = 10
#: How many of a list are named before the rest is counted.
_OTHERS = 8
_ROOM = COLUMNS - _LABEL - 3
_HEADINGS = {"fail": "Fail", "error": "Could not be judged", "not tested": "Not tested", "pass": "Pass"}


def table(record: Json) -> list[str]:
    """For each run its requirements, the worst first. The closing words are `verdict_line`, one for each run."""
    lines: list[str] = []
    for run in record["runs"]:
        if run["requirements"]:
            lines += [*_requirements(run), ""]
        drift = run.get("drift")
        if drift is not None and (drift["differences"] or drift["published"] is None):
            lines += [*_indented(facts.drifted(drift), 2, 12), ""]
    reason, complaints = facts.own_reason(record), record.get("complaints", [])
    lines += [*_indented(f"could not judge: {reason}", 2), ""] if reason else []
    return lines + [line for complaint in complaints for line in _indented(complaint, 2)] + [""] * bool(complaints)


def verdict_line(run: Json) -> str:
    """One line, such as `rename-tck: dify at http://... conforms: 54 of 54 MUST tested pass (3 not tested), ...`."""
    who = f"{facts.name_of_system(run)} at {run['base_url']}" if run["base_url"] else facts.name_of_system(run)
    counts = ", ".join(facts.tally(level, run["summary"][level]) for level in LEVELS)
    if run["verdict"] == "incomplete":
        return one_line(f"rename-tck: incomplete, {who} was judged in part: {run['reason']}; {counts}")
    if run["verdict"] == "could not judge":
        return one_line(f"rename-tck: could not judge {who}: {run['reason'] or 'no reason given'}")
    untestable = facts.untestable(run)
    return one_line(
        f"rename-tck: {who} {run['verdict']}: {counts}"
        + (f"; {untestable}" if untestable else "")
        + facts.known_count(run)
    )


def leftovers(run: Json) -> list[str]:
    """What is or may be left at the target, a line or more for each."""
    heading = facts.leftovers(run)
    lines = [] if heading is None else [f"{heading}:"]
    return lines + [line for left in run["leftovers"] for line in _indented(left["what"], 2, 4)]


def _requirements(run: Json) -> list[str]:
    requirements = run["requirements"]
    longest = min(_WIDEST_ID, max(width(visible(requirement["id"])) for requirement in requirements))
    editions = facts.judged_by(run)
    where = f" at {run['base_url']}" if run["base_url"] else ""
    lines = wrap(one_line(f"{facts.name_of_system(run)}{where}, judged by {editions}"), COLUMNS)
    if run["identified_by"]:
        lines += _indented(run["identified_by"], 2)
    alone, causes = facts.not_tested_alone(run), facts.because_of(run)
    groups = facts.by_reason(alone)
    if len(groups) == 1 and len(*groups.values()) == len(requirements):
        return [*lines, "", f"  Not tested: all {len(requirements)} requirements", *_indented(next(iter(groups)), 6)]
    for verdict in VERDICTS:
        found = alone if verdict == "not tested" else facts.with_verdict(run, verdict)
        if not found:
            continue
        lines += ["", f"  {_HEADINGS[verdict]} ({len(found)})"]
        if verdict == "not tested":
            for reason, members in groups.items():
                lines += [line for member in members for line in _row(member, longest)]
                lines += _indented(reason, 6)
            continue
        for requirement in found:
            lines += _row(requirement, longest)
            for said in (facts.finding(requirement), _classes(requirement), facts.known(requirement)):
                lines += _indented(said, 6) if said else []
            if because := causes.get(requirement["id"]):
                lines += _indented(f"{facts.because(because)}: {_names(because)}", 6, 4)
    return lines


def _classes(requirement: Json) -> str | None:
    """In how many classes of case it fails, and which besides the one that is shown."""
    said = facts.failing(requirement)
    if said is None:
        return None
    kinds = list(dict.fromkeys(other["kind"] for other in requirement["failing"]["others"]))
    more = f" and {len(kinds) - _OTHERS} more" if len(kinds) > _OTHERS else ""
    return said + (f"; also: {', '.join(cut(kind, 80) for kind in kinds[:_OTHERS])}{more}" if kinds else "")


def _names(requirements: list[Json]) -> str:
    more = f" and {len(requirements) - _OTHERS} more" if len(requirements) > _OTHERS else ""
    return ", ".join(requirement["id"] for requirement in requirements[:_OTHERS]) + more


def _row(requirement: Json, longest: int) -> list[str]:
    """A requirement on one line, or its counters on a second one where the first would be too wide."""
    name = pad(visible(requirement["id"]), longest)
    cells = f"  {name}  {pad(requirement['level'], 6)}  {pad(requirement['verdict'], 10)}"
    counters = facts.evidence(requirement)
    if width(f"{cells}  {counters}") <= COLUMNS:
        return [f"{cells}  {counters}"]
    return [*chop(cells.rstrip(), COLUMNS), f"      {counters}"]


def _indented(content: str, by: int, most: int = 3) -> list[str]:
    lines = wrap(one_line(content), COLUMNS - by - 1)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]}\u2026"]
    return [" " * by + line for line in lines]


def failure_text(
    requirement: Json, drift: Json | None = None, report_dir: str = "reports", again: str | None = None
) -> str:
    """What a failing test prints: the rule and where it stands, the request, what was expected, what came back.

    Then a line for each further class of case that fails, with its file in the folder of reports; `again` is the
    command that tries one of them again, with `[FILE]` in the file's place.
    """
    lines = [f"{visible(requirement['id'])} ({requirement['level']})", *_indented(requirement["sentence"], 2, 6)]
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
    lines += _others(requirement, report_dir, again)
    return "\n".join(lines)


def _others(requirement: Json, report_dir: str, again: str | None) -> list[str]:
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
        lines += _labelled("also" if not number else "", [shown + file])
    if len(others) > _OTHERS:
        lines += _field("", f"and {len(others) - _OTHERS} more: see conformance.html")
    if any(other["replay"] for other in others):
        command = again or f"rename-tck replay {shlex.quote(f'{report_dir}/replay/')}[FILE]"
        lines += _labelled("each again", [one_line(command)])
    return lines + (_field("left out", requirement["left_out"]) if requirement["left_out"] else [])


def replay_text(requirement: Json) -> str:
    """What is shown of a kept case that was tried again: where it fails, the same as in a run; else what came back."""
    if requirement["verdict"] == "fail":
        return failure_text(requirement)
    lines = [f"{visible(requirement['id'])} ({requirement['level']})", *_indented(requirement["sentence"], 2, 6)]
    lines += _field("case", cut(requirement["case"], 600))
    if requirement["request"] is not None:
        lines += [*_request(requirement), *_answer(requirement["answer"])]
    return "\n".join(lines)


def again_line(command: str) -> str:
    """The last line of what a failing test prints: the shell command that sends the case again."""
    return f"  {pad('again', _LABEL)} {one_line(command)}"


def _field(label: str, content: str) -> list[str]:
    """A label and its prose, wrapped, later lines under the first."""
    return _labelled(label, wrap(one_line(content), _ROOM))


def _exact(label: str, content: str) -> list[str]:
    """A label and a text whose every blank counts, cut where a line is full."""
    return _labelled(label, [piece for line in content.split("\n") for piece in chop(line, _ROOM)])


def _labelled(label: str, lines: list[str]) -> list[str]:
    return [f"  {pad(label if not number else '', _LABEL)} {line}".rstrip(" ") for number, line in enumerate(lines)]


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
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    kind = headers.get("content-type", "no content type")
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
