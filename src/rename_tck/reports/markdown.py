"""The record as Markdown for a CI job's summary: verdict first, bounded in length, no text able to leave its place."""

from __future__ import annotations

import re

from rename_tck.reports import facts
from rename_tck.reports.difference import compare
from rename_tck.reports.facts import LEVELS, VERDICTS, Json
from rename_tck.reports.text import cut, one_line, visible

#: The most that a page may take, in bytes of UTF-8.
LIMIT = 60 * 1024

_INLINE = 400
_BLOCK = 1200
_MOST_RUNS = 20
_MOST_NOTES = 10
_MOST_NAMES = 60
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&]")
#: Words that a forge makes links or calls of: addresses, @names, #numbers. They go into code, where it does not.
_LIVELY = r"\S*(?:@|://|www\.|#\d)\S*"
#: What becomes code: those, and what stands between two backticks.
_CODE = re.compile(rf"`([^`\s](?:[^`]*[^`\s])?)`|{_LIVELY}", re.IGNORECASE)


class _Page:
    """Blocks up to a number of bytes; what does not fit stays out."""

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._blocks: list[str] = []

    def add(self, block: str, keep: int = 0) -> bool:
        """Take the block in if `keep` bytes would still be left after it."""
        size = len(block.encode()) + 2
        if size > self._room - keep:
            return False
        self._room -= size
        self._blocks.append(block)
        return True

    def __str__(self) -> str:
        return "\n\n".join(self._blocks) + "\n"


def render(record: Json) -> str:
    """The whole page, at most `LIMIT` bytes."""
    runs = record["runs"]
    page = _Page(LIMIT - 512)
    page.add(f"## rename-tck: {_text(facts.title(record))}")
    reason = facts.own_reason(record)
    if reason:
        page.add(_text(reason))
    if runs:
        page.add(_overview(runs[:_MOST_RUNS]))
    if len(runs) > _MOST_RUNS:
        page.add(f"{len(runs) - _MOST_RUNS} more runs are left out; they are in `conformance.json`.")
    share = (LIMIT - 512 - len(str(page).encode())) // max(1, min(len(runs), _MOST_RUNS))
    for run in runs[:_MOST_RUNS]:
        page.add(_run(run, share - 2).rstrip("\n"))
    seed = "" if record["seed"] is None else f", seed {record['seed']}"
    settings = f"rename-tck {record['suite_version']}, profile {record['profile']}{seed}, level {record['level']}"
    return f"{page}\n{_text(cut(settings, 200))}. The whole record is in `conformance.json`.\n"


def _text(content: str, limit: int = _INLINE) -> str:
    """A text as inline Markdown that means just these characters."""
    content = cut(one_line(content), limit)
    shown, end = "", 0
    for match in _CODE.finditer(content):
        shown += _SPECIAL.sub(r"\\\g<0>", content[end : match.start()])
        # two pieces of code with nothing between them would read as one
        shown += (" " if shown.endswith("`") else "") + _code(match[1] or match[0])
        end = match.end()
    shown += _SPECIAL.sub(r"\\\g<0>", content[end:])
    return re.sub(r"^(\d*)([-+=:#.)])", r"\1\\\2", shown)


def _code(content: str, limit: int = _INLINE) -> str:
    """A text as inline code that no backtick within it can end."""
    content = cut(one_line(content), limit)
    ticks = "`" * (max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    blank = " " if content[:1] in "` " or content[-1:] in "` " else ""
    return f"{ticks}{blank}{content}{blank}{ticks}" if content else "(empty)"


def _cell(content: str) -> str:
    """A text as inline code in a table, where a vertical bar ends a cell even within code."""
    return _code(content, 200).replace("|", "\\|")


def _fence(content: str, kind: str = "text", limit: int = _BLOCK) -> str:
    """A text as a fenced block that no run of backticks within it can end."""
    content = cut(visible(content, keep="\n\t"), limit)
    ticks = "`" * max(3, max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    return f"{ticks}{kind}\n{content}\n{ticks}"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ("---",) * len(columns), *rows))


def _overview(runs: list[Json]) -> str:
    rows = [
        (
            _cell(facts.name_of_system(run)),
            _cell(run["base_url"] or "no address"),
            f"**{run['verdict']}**",
            *(_fraction(run["summary"][level]) for level in LEVELS),
        )
        for run in runs
    ]
    return _table(("system", "target", "verdict", *LEVELS), rows)


def _fraction(counts: Json) -> str:
    return f"{counts['pass']} of {facts.tested(counts)} tested pass"


def _run(run: Json, room: int) -> str:
    """One run's section in so many bytes: the failures first, a quarter kept for what was not tested."""
    page = _Page(room)
    page.add(f"### {_text(facts.headline(run))}")
    if run["reason"]:
        page.add(_text(run["reason"]))
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
    if run["notes"]:
        page.add("#### Notes\n\n" + "\n".join(f"- {_text(item)}" for item in run["notes"][:_MOST_NOTES]))
    return str(page)


def _counts(run: Json) -> str:
    order = ("pass", *VERDICTS[:-1])
    rows = []
    for level in LEVELS:
        counts = run["summary"][level]
        rows.append((level, *(str(counts[verdict]) for verdict in order), str(sum(counts.values()))))
    return _table(("level", *order, "all"), rows)


def _grouped(page: _Page, heading: str, requirements: list[Json], keep: int) -> None:
    groups = facts.by_reason(requirements)
    if not groups or not page.add(f"#### {heading} ({len(requirements)})", keep):
        return
    for place, (reason, members) in enumerate(groups.items()):
        names = ", ".join(_code(member["id"], 100) for member in members[:_MOST_NAMES])
        more = f" and {len(members) - _MOST_NAMES} more" if len(members) > _MOST_NAMES else ""
        if not page.add(f"- {_text(reason)}\\\n  {names}{more}", keep):
            page.add(f"{len(groups) - place} more reasons are left out for want of room.")
            return


def _failure(requirement: Json) -> str:
    place, words, edition = facts.cited(requirement["citations"][0])
    others = len(requirement["citations"]) - 1
    source = f"{_code(place)}" + (f" (edition {_text(edition)})" if edition else "")
    blocks = [
        f"##### {_code(requirement['id'], 100)} ({requirement['level']})",
        _text(requirement["sentence"]),
        f"> {_code(words) if edition else _text(words)}\\\n> {source}" + (f" and {others} more" if others else ""),
    ]
    contradiction = facts.contradiction(requirement)
    if contradiction:
        blocks.append(_text(contradiction))
    blocks.append(f"Case: {_text(requirement['case'])}\\\nExpected: {_text(requirement['expected'])}")
    if requirement["curl"]:
        blocks.append(_fence(requirement["curl"], "sh"))
    answer = requirement["answer"]
    blocks.append(f"Answer: {_text(facts.status_line(answer))}")
    if answer and answer["body"]:
        blocks.append(_fence(answer["body"]))
    if requirement["compared"]:
        parts = compare(requirement["compared"]["expected"], requirement["compared"]["actual"])
        values = f"expected: {parts.excerpt(parts.expected)}\nactual:   {parts.excerpt(parts.actual)}"
        blocks += [_fence(values), _text(parts.sentence)]
    return "\n\n".join(blocks)
