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
            *(_fraction(run["summary"][level]) for level in LEVELS),
        )
        for run in runs
    ]
    return table(("system", "target", "verdict", *LEVELS), rows)


def _fraction(counts: Json) -> str:
    return f"{counts['pass']} of {facts.tested(counts)} tested pass"


def _run(run: Json, room: int) -> str:
    """One run's section in so many bytes: the failures first, a quarter kept for what was not tested."""
    page = Page(room)
    page.add(f"### {text(facts.headline(run))}")
    if run["reason"]:
        page.add(text(run["reason"]))
    if run["requirements"]:
        page.add(_counts(run))
    tail = min(room // 4, 12 * 1024)
    note = 256
    failures = facts.with_verdict(run, "fail")
    shown = 0
    if failures and page.add(f"#### Fail ({len(failures)})", tail + note):
        for failure in failures:
            if not page.add(_failure(failure), tail + note):
                break
            shown += 1
    left_out = len(failures) - shown
    if left_out:
        page.add(f"{left_out} more failures are left out for want of room; they are in `conformance.html`.")
    for heading, verdict in (("Could not be judged", "error"), ("Not tested", "not tested")):
        _grouped(page, heading, facts.with_verdict(run, verdict), note)
    if said := drift.markdown(run):
        page.add(said)
    if run["notes"]:
        page.add("#### Notes\n\n" + "\n".join(f"- {text(item)}" for item in run["notes"][:_MOST_NOTES]))
    return str(page)


def _counts(run: Json) -> str:
    order = ("pass", *VERDICTS[:-1])
    rows = []
    for level in LEVELS:
        counts = run["summary"][level]
        rows.append((level, *(str(counts[verdict]) for verdict in order), str(sum(counts.values()))))
    own = facts.document(run)
    return table(("level", *order, "all"), rows) + (f"\n\nJudged by {text(own)}." if own else "")


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


def _failure(requirement: Json) -> str:
    place, words, edition = facts.cited(requirement["citations"][0])
    others = len(requirement["citations"]) - 1
    source = f"{code(place)}" + (f" (edition {text(edition)})" if edition else "")
    blocks = [
        f"##### {code(requirement['id'], 100)} ({requirement['level']})",
        text(requirement["sentence"]),
        f"> {code(words) if edition else text(words)}\\\n> {source}" + (f" and {others} more" if others else ""),
    ]
    blocks += [text(said) for said in (facts.known(requirement), facts.contradiction(requirement)) if said]
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
    return "\n\n".join(blocks)
