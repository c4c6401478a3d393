"""The record as Markdown for a CI job's summary: verdict first, bounded in length, no text able to leave its place."""

from __future__ import annotations

from rename_tck.reports import drift, facts
from rename_tck.reports.commonmark import LIMIT, Page, cell, code, fence, table, text
from rename_tck.reports.difference import compare
from rename_tck.results.record import LEVELS, VERDICTS, Json
from rename_tck.text import cut

_MOST_RUNS = 20
_MOST_NOTES = 10
_MOST_NAMES = 60
_MOST_OTHERS = 8


def render(record: Json) -> str:
    """The whole page, at most `LIMIT` bytes."""
    runs = record["runs"]
    page = Page(LIMIT - 512)
    page.add(f"## rename-tck: {text(facts.title(record))}")
    reason = facts.own_reason(record)
    if reason:
        page.add(text(reason))
    if complaints := record.get("complaints"):
        page.add("\n".join(f"- {text(complaint)}" for complaint in complaints[:_MOST_NOTES]))
    if runs:
        page.add(_overview(runs[:_MOST_RUNS]))
    if len(runs) > _MOST_RUNS:
        page.add(f"{len(runs) - _MOST_RUNS} more runs are left out; they are in `conformance.json`.")
    share = (LIMIT - 512 - len(str(page).encode())) // max(1, min(len(runs), _MOST_RUNS))
    for run in runs[:_MOST_RUNS]:
        page.add(_run(run, share - 2).rstrip("\n"))
    seed = "" if record["seed"] is None else f", seed {record['seed']}"
    settings = f"rename-tck {record['suite_version']}, profile {record['profile']}{seed}, level {record['level']}"
    return f"{page}\n{text(cut(settings, 200))}. The whole record is in `conformance.json`.\n"


def _overview(runs: list[Json]) -> str:
    rows = [
        (
            cell(facts.name_of_system(run)),
            cell(run["base_url"] or "no address"),
            f"**{run['verdict']}**",
            *(facts.fraction(run["summary"][level]) for level in LEVELS),
        )
        for run in runs
    ]
    return table(("system", "target", "verdict", *LEVELS), rows)


def _run(run: Json, room: int) -> str:
    """One run's section in so many bytes: the failures first, a quarter kept for what was not tested."""
    page = Page(room)
    page.add(f"### {text(facts.headline(run))}")
    if run["reason"]:
        page.add(text(run["reason"]))
    if run["requirements"]:
        page.add(_counts(run))
    for block in filter(None, (_coverage(run), _leftovers(run))):
        page.add(block)
    tail = min(room // 4, 12 * 1024)
    note = 256
    failures, causes = facts.with_verdict(run, "fail"), facts.because_of(run)
    shown = 0
    if failures and page.add(f"#### Fail ({len(failures)})", tail + note):
        for failure in failures:
            if not page.add(_failure(failure, causes.get(failure["id"], [])), tail + note):
                break
            shown += 1
    left_out = len(failures) - shown
    if left_out:
        page.add(f"{left_out} more failures are left out for want of room; they are in `conformance.html`.")
    _grouped(page, "Could not be judged", facts.with_verdict(run, "error"), note)
    _grouped(page, "Not tested", facts.not_tested_alone(run), note)
    if said := drift.markdown(run):
        page.add(said)
    if run["notes"]:
        page.add("#### Notes\n\n" + "\n".join(f"- {text(item)}" for item in run["notes"][:_MOST_NOTES]))
    return str(page)


def _coverage(run: Json) -> str:
    covered = facts.coverage(run)
    return f"Covered: {text(covered)}." if covered else ""


def _leftovers(run: Json) -> str:
    heading = facts.leftovers(run)
    if heading is None:
        return ""
    items = [f"- {text(left['what'])}" for left in run["leftovers"][:_MOST_NOTES]]
    return f"#### {text(heading)}\n\n" + "\n".join(items)


def _counts(run: Json) -> str:
    order = ("pass", *VERDICTS[:-1])
    rows = []
    for level in LEVELS:
        counts = run["summary"][level]
        rows.append((level, *(str(counts[verdict]) for verdict in order), str(sum(counts.values()))))
    own = facts.document(run)
    untestable = facts.untestable(run)
    said = [f"{text(untestable)}."] if untestable else []
    said += [f"Judged by {text(own)}."] if own else []
    return "\n\n".join([table(("level", *order, "all"), rows), *said])


def _grouped(page: Page, heading: str, requirements: list[Json], keep: int) -> None:
    groups = facts.by_reason(requirements)
    if not groups or not page.add(f"#### {heading} ({len(requirements)})", keep):
        return
    for place, (reason, members) in enumerate(groups.items()):
        names = ", ".join(code(member["id"], 100) for member in members[:_MOST_NAMES])
        more = f" and {len(members) - _MOST_NAMES} more" if len(members) > _MOST_NAMES else ""
        if not page.add(f"- {text(reason)}\\\n  {names}{more}", keep):
            page.add(f"{len(groups) - place} more reasons are left out for want of room.")
            return


def _failure(requirement: Json, because: list[Json]) -> str:
    place, words, edition = facts.cited(facts.broken_words(requirement)[0])
    others = len(requirement["citations"]) - 1
    source = f"{code(place)}" + (f" (edition {text(edition)})" if edition else "")
    blocks = [
        f"##### {code(requirement['id'], 100)} ({requirement['level']})",
        text(requirement["sentence"]),
        f"> {code(words) if edition else text(words)}\\\n> {source}" + (f" and {others} more" if others else ""),
    ]
    blocks += [text(said) for said in (facts.known(requirement), facts.editions_apart(requirement)) if said]
    blocks.append(f"Case: {text(requirement['case'])}\\\nExpected: {text(requirement['expected'])}")
    if requirement["curl"]:
        blocks.append(fence(requirement["curl"], "sh"))
    answer = requirement["answer"]
    blocks.append(f"Answer: {text(facts.status_line(answer))}")
    if answer and answer["body"]:
        blocks.append(fence(answer["body"]))
    if requirement["compared"]:
        parts = compare(requirement["compared"]["expected"], requirement["compared"]["actual"])
        values = f"expected: {parts.excerpt(parts.expected)}\nactual:   {parts.excerpt(parts.actual)}"
        blocks += [fence(values), text(parts.sentence)]
    blocks += [text(said) for said in (requirement["after"], facts.failing(requirement)) if said]
    others = requirement["failing"]["others"]
    if others:
        lines = [f"- {text(facts.other(other))}" for other in others[:_MOST_OTHERS]]
        more = len(others) - _MOST_OTHERS
        lines += [f"- {more} more: see `conformance.html`"] if more > 0 else []
        blocks.append("Fails as well:\n\n" + "\n".join(lines))
    blocks += [text(requirement["left_out"])] if requirement["left_out"] else []
    if because:
        names = ", ".join(code(member["id"], 100) for member in because[:_MOST_NAMES])
        more = len(because) - _MOST_NAMES
        blocks.append(f"{facts.because(because).capitalize()}: {names}" + (f" and {more} more" if more > 0 else ""))
    return "\n\n".join(blocks)
