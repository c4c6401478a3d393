"""The record as the last screen of a run: what fails and how to try it again, what was not tested, the counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rename_tck.reports import facts
from rename_tck.reports.failures import grouped
from rename_tck.reports.lines import COLUMNS, indented, labelled
from rename_tck.reports.plain_words import NARROWS, case_of, value_in, wrong
from rename_tck.results.record import LEVELS, Json
from rename_tck.text import HIDDEN, chop, one_line, pad, visible, width, wrap

_WIDEST_ID = 46
_LABEL = 8
_ROOM = COLUMNS - _LABEL - 3
#: A longer curl command fills the screen; the page has it.
_CURL = 400
#: Lines of one failing requirement.
_BLOCK = 12
#: So many lines at the top of one leave the case and the rule a line each.
_MANY = 4
#: Lines of the sentences at the top.
_TOP = 5
#: Headers that every request of the run has.
_USUAL_HEADERS = frozenset({"accept", "authorization", "x-session-api-key", "content-type", "content-length", "host"})
#: Characters of a kind of case that is named beside others.
_KIND = 48
#: How many sessions that may be left are named.
_LEFT = 5
#: How many of a list are named before the rest is counted.
_NAMED = 6

#: What is said after a failure that is no news, or stands in the sentences.
_REPEATED = ("It failed twice", *NARROWS)

#: Why a requirement is not tested that was left out, or a part of its tests.
_BY_CHOICE = "left out, all or in part, by the choice of tests"

#: The commands that try failing cases again, by requirement.
Commands = Mapping[str, str]


def table(record: Json, again: Commands | None = None, verbosity: int = 0) -> list[str]:
    """For each run what fails, the most telling first, and what was not tested and why.

    The closing words are `verdict_line`, one for each run. `verbosity` is pytest's: -1 leaves out requests and reasons,
    -2 has one line a failure, 1 has what passed and the counters behind it as well.
    """
    lines: list[str] = []
    for run in record["runs"]:
        if run["requirements"]:
            lines += [*_requirements(run, again or {}, verbosity), ""]
        drift = run.get("drift")
        if drift is not None and (drift["differences"] or drift["published"] is None) and verbosity > -2:
            lines += [*indented(facts.drifted(drift), 0, 12 if verbosity > 0 else 3), ""]
    reason, complaints = facts.own_reason(record), record.get("complaints", [])
    lines += [*indented(f"could not judge: {reason}", 0), ""] if reason else []
    return lines + [line for complaint in complaints for line in indented(complaint, 0)] + [""] * bool(complaints)


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


def paths_line(paths: Sequence[Path]) -> str:
    """Where the reports are: the page, and the folder with what else was written."""
    page = next((path for path in paths if path.suffix == ".html"), None)
    names = ", ".join(path.name for path in paths if path != page)
    if page is None:
        return f"reports: {', '.join(map(str, paths))}"
    return f"reports: {page} (beside it {names})"


def sent_line(record: Json) -> str | None:
    """How many requests the run sent, and how long it took: `sent: 912 requests in 6 s`; None where it sent none."""
    number = sum(run["requests"] for run in record["runs"])
    if not number:
        return None
    return f"sent: {number:,} request{'s' * (number != 1)} in {facts.took(record)}"


def leftovers(run: Json, verbosity: int = 0) -> list[str]:
    """What is or may be left at the target, a line or more for each; of many the first ones, but with -v."""
    heading, found = facts.leftovers(run), run["leftovers"]
    lines = [] if heading is None else [f"{heading}:"]
    shown = found if verbosity > 0 else found[:_LEFT]
    lines += [line for left in shown for line in indented(left["what"], 2, 4)]
    more = len(found) - len(shown)
    return lines + ([f"  and {more} more: conformance.json names each"] if more else [])


# -- one run


def _requirements(run: Json, again: Commands, verbosity: int) -> list[str]:
    requirements = run["requirements"]
    alone = facts.not_tested_alone(run)
    groups = facts.by_reason(alone)
    lines = _heading(run, verbosity)
    if len(groups) == 1 and len(alone) == len(requirements):
        return [*lines, f"Not tested: all {len(requirements)} requirements", *indented(next(iter(groups)), 2)]
    for group in grouped(run):
        for requirement in group.failures:
            because = group.blocked if requirement is group.failures[0] else ()
            # of failures of one cause the first has its whole block
            less = verbosity if requirement is group.failures[0] or verbosity > 0 else min(verbosity, -1)
            lines += _failure(requirement, run, because, again.get(requirement["id"]), less)
            lines += [""] if verbosity > -2 else []
    for requirement in facts.with_verdict(run, "error"):
        lines += [f"COULD NOT BE JUDGED  {_title(requirement)}", *indented(requirement["reason"], 2, 4), ""]
    if groups and verbosity > -2:
        lines += [*_not_tested(groups, verbosity), ""]
    if verbosity > 0 and (passed := facts.with_verdict(run, "pass")):
        longest = min(_WIDEST_ID, max(width(visible(requirement["id"])) for requirement in passed))
        lines += [f"Passed ({len(passed)})", *(line for one in passed for line in _row(one, longest)), ""]
    return lines[:-1] if lines and not lines[-1] else lines


def _heading(run: Json, verbosity: int) -> list[str]:
    if verbosity < -1:
        return []
    where = f" at {run['base_url']}" if run["base_url"] else ""
    known_by = f"; {run['identified_by']}" if run["identified_by"] else ""
    editions = "" if run.get("spec") else f"edition{'s' * (len(run['chosen_editions']) > 1)} "
    said = f"{facts.name_of_system(run)}{where}, judged by {editions}{facts.judged_by(run)}{known_by}"
    return [*wrap(one_line(said), COLUMNS), ""]


def _title(requirement: Json) -> str:
    return f"{visible(requirement['id'])} ({requirement['level']})"


def _row(requirement: Json, longest: int) -> list[str]:
    """A requirement that passed, and what stands behind it."""
    name = f"  {pad(visible(requirement['id']), longest)}  {pad(requirement['level'], 6)}"
    counters = facts.evidence(requirement)
    if width(f"{name}  {counters}") <= COLUMNS:
        return [f"{name}  {counters}"]
    return [*chop(name.rstrip(), COLUMNS), f"      {counters}"]


def _not_tested(groups: Mapping[str, list[Json]], verbosity: int) -> list[str]:
    """A line or two a reason, with the requirements that it holds for."""
    lines = [f"Not tested ({sum(map(len, groups.values()))})"]
    for reason, members in (groups if verbosity > 0 else _folded(groups)).items() if verbosity > -1 else ():
        named = _NAMED if verbosity < 1 else len(members)
        names = ", ".join(member["id"] for member in members[:named])
        more = f" and {len(members) - named} more" if len(members) > named else ""
        lines += indented(f"{reason.rstrip('.')}: {names}{more}", 2, 2 if verbosity < 1 else 12)
    return lines


def _folded(groups: Mapping[str, list[Json]]) -> dict[str, list[Json]]:
    """The same, what was left out by choice under one reason: it is known to who chose."""
    folded: dict[str, list[Json]] = {}
    for reason, members in groups.items():
        for member in members:
            folded.setdefault(_BY_CHOICE if member["gap"] == "choice" else reason, []).append(member)
    return folded


# -- one failing requirement


def _failure(requirement: Json, run: Json, because: Sequence[Json], again: str | None, verbosity: int) -> list[str]:
    """What is wrong, the rule, the request, what came back, how to try it again: at most twelve lines."""
    known = facts.known(requirement)
    title = f"{'FAIL' if not known else 'KNOWN FAILURE'}  {_title(requirement)}"
    sentences = wrong(requirement)
    if verbosity < -1:
        return chop(one_line(f"{title}: {sentences[0]}"), COLUMNS * 2)[:1]
    more = f"; {facts.because(because)}" if because else ""
    lines = [*chop(f"{title}{more}", COLUMNS)[:1], *_sentences(sentences)]
    aside = _field("drift", said, 1) if (said := facts.aside(run.get("drift"), requirement)) else []
    last = aside + (labelled("again", [one_line(again)], _LABEL) if again else [])
    if verbosity < 0:
        return lines + last
    most = 2 if len(lines) < _MANY else 1
    lines += [*(indented(known, 2, 1) if known else []), *_field("case", case_of(requirement), most)]
    lines += _rule(requirement, most)
    lines += _request(requirement, run["base_url"])
    sent = requirement["request"] or requirement["answer"]
    answer = _answer(requirement["answer"], _looked_at(requirement)) if sent else []
    said = requirement["after"]
    after = _field("then", said, 2) if said and not said.startswith(_REPEATED) else []
    most = _BLOCK - len(last)
    lines = lines[: most - 1] if answer else lines
    for extra in (answer, after):
        lines += extra[: max(0, most - len(lines))]
    return lines[:most] + _classes(requirement, min(2, most - len(lines))) + last


def _sentences(sentences: list[str]) -> list[str]:
    """At most five lines, every sentence on a line of its own."""
    lines = [line for sentence in sentences for line in indented(sentence, 2)]
    if len(lines) > _TOP:
        lines[_TOP - 1] = f"{chop(lines[_TOP - 1], COLUMNS - 1)[0]}\u2026"
    return lines[:_TOP]


def _field(label: str, content: str, most: int) -> list[str]:
    lines = wrap(one_line(content), _ROOM)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{chop(lines[most - 1], _ROOM - 1)[0]}\u2026"]
    return labelled(label, lines, _LABEL)


def _rule(requirement: Json, most: int) -> list[str]:
    places = [facts.cited(citation) for citation in facts.stated_in(requirement)]
    lines = _field("rule", requirement["sentence"], most)
    for place, words, edition in places[:1]:
        source = f"{place} (edition {edition})" if edition else place
        if width(source) > _ROOM - 20:
            lines += labelled("", [one_line(f"{source}:")], _LABEL)  # a path is never broken
        else:
            lines += _field("", f"{source}: {words}", 1)
    return lines


def _classes(requirement: Json, most: int) -> list[str]:
    """In how many other kinds of case it fails than the one that is shown, and which, as far as the lines have room."""
    failing = requirement.get("failing")
    if most < 1 or not failing or failing["classes"] < 2 or failing["tried"] < 2:
        return []
    said = f"fails in {failing['classes'] - 1} of the {failing['tried'] - 1} other kinds of case"
    kinds = [
        kind if len(kind) <= _KIND else f"{kind[:_KIND]}\u2026"
        for kind in dict.fromkeys(other["kind"] for other in requirement["failing"]["others"])
    ]
    for number in range(len(kinds), -1, -1):
        more = f" and {len(kinds) - number} more" if number < len(kinds) else ""
        lines = wrap(one_line(f"{said}: {'; '.join(kinds[:number])}{more}".rstrip(": ")), _ROOM)
        if len(lines) <= most:
            break
    return labelled("also", lines[:most], _LABEL)


def _request(requirement: Json, base_url: str | None) -> list[str]:
    """The curl on a line of its own, unbroken, so that it can be copied; the request in short where that is long."""
    curl, request = requirement["curl"], requirement["request"]
    if curl and len(curl) <= _CURL and not HIDDEN.search(curl):
        return labelled("request", [curl], _LABEL)
    if not request:
        return []
    path = request["url"].removeprefix(base_url or "")
    odd = [f"{name}: {value}" for name, value in request["headers"].items() if name.lower() not in _USUAL_HEADERS]
    odd += request.get("wire", [])
    lines = labelled("request", [one_line(f"{request['method']} {path}")], _LABEL)  # an address is never broken
    lines += _field("", f"with {', '.join(odd)}", 1) if odd else []
    return lines + (_cut(visible(request["body"])) if request["body"] else [])


def _looked_at(requirement: Json) -> str | None:
    """The value of the answer that is wrong, where it is known."""
    compared = requirement.get("compared")
    return compared["actual"] if compared else value_in(requirement["answer"], requirement["case"])


def _answer(answer: Json | None, around: str | None) -> list[str]:
    """Status, media type and time; then the body on one line, around what was compared."""
    if answer is None:
        return _field("answer", facts.status_line(None), 1)
    kind = facts.media_type(answer) or "no content type"
    body = answer["body"]
    lines = _field("answer", f"{facts.status_line(answer)}, {kind}{'' if body else ', an empty body'}", 1)
    return lines + (_cut(_excerpt(body, around)) if body else [])


def _cut(content: str) -> list[str]:
    """A line without a label, cut where it is full."""
    first, *rest = chop(content, _ROOM - 1)
    return labelled("", [first + "\u2026" * bool(rest)], _LABEL)


def _excerpt(body: str, around: str | None) -> str:
    """A body on one line: JSON with its escapes read, cut to the part around a value where it is too long."""
    try:
        found = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        found = body
    found = one_line(found)
    place = found.find(visible(around)) if around else -1
    if width(found) <= _ROOM or place < _ROOM // 2:
        return found
    start = found.rfind(" ", 0, place - _ROOM // 4) + 1
    return f"\u2026 {found[start:]}"
