"""What changed between two records, as plain text for a terminal and as Markdown for a job's summary."""

from __future__ import annotations

from collections.abc import Sequence

from rename_tck.reports import commonmark as md
from rename_tck.reports import facts
from rename_tck.reports.changes import Change, Changes, musts_got_worse, musts_not_got_to
from rename_tck.reports.lines import COLUMNS
from rename_tck.results.record import LEVELS, Json
from rename_tck.text import one_line, pad, visible, width, wrap

_WIDEST_ID = 46
_MOST_LINES = 3


def closing(changes: Sequence[Changes]) -> str:
    """The sentence that decides: whether a MUST got worse, or was not looked at again."""
    number, missed = musts_got_worse(changes), musts_not_got_to(changes)
    said = f"{number} MUST got worse" if number else "No MUST got worse"
    if missed:
        verb = "was" if missed == 1 else "were"
        said += f"{', and' if number else ', but'} {missed} {verb} not got to: the second run is incomplete"
    return f"{said}."


def terminal(changes: Sequence[Changes], names: tuple[str, str]) -> str:
    """The whole text; `names` are what the two records are called."""
    lines = [line for system in changes for line in (*_system(system, names), "")]
    return "\n".join([*lines, closing(changes)]) + "\n"


def _system(changes: Changes, names: tuple[str, str]) -> list[str]:
    lines = [visible(changes.system)]
    for name, run in zip(names, (changes.before, changes.after), strict=True):
        lines += _indented(f"{name}: {_judged(run)}", 2)
    for remark in changes.remarks:
        lines += _indented(remark, 2)
    for heading, meaning, found in changes.groups:
        if found:
            lines += ["", f"  {heading} ({len(found)}): {meaning}", *_rows(found)]
    if changes.answered:
        lines += ["", f"  Observations with another answer ({len(changes.answered)})"]
        for answered in changes.answered:
            lines += _indented(answered.question, 2)
            lines += _indented(f"{answered.before} \u2192 {answered.after}", 6)
    return [*lines, "", f"  {_same(changes)}"]


def _same(changes: Changes) -> str:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in changes.same.items())
    return f"The same: {counts or 'none'}"


def _judged(run: Json) -> str:
    where = f"{run['base_url']} " if run["base_url"] else ""
    counts = "" if not run["requirements"] else "; " + ", ".join(facts.tally(lv, run["summary"][lv]) for lv in LEVELS)
    return f"{where}{run['verdict']}{'' if run['verdict'] == 'could not judge' else counts}"


def _rows(found: Sequence[Change]) -> list[str]:
    longest = min(_WIDEST_ID, max(width(visible(change.id)) for change in found))
    lines: list[str] = []
    for why in dict.fromkeys(change.why for change in found):
        for change in found:
            if change.why == why:
                name = pad(visible(change.id), longest)
                lines.append(f"  {name}  {pad(change.level, 6)}  {change.step}")
        lines += _indented(why, 6) if why else []
    return lines


def _indented(content: str, by: int) -> list[str]:
    lines = wrap(one_line(content), COLUMNS - by - 1)
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]}\u2026"]
    return [" " * by + line for line in lines]


def markdown(changes: Sequence[Changes], names: tuple[str, str]) -> str:
    """The same as Markdown, at most `commonmark.LIMIT` bytes."""
    page = md.Page(md.LIMIT - 512)
    page.add(f"## rename-tck: {md.text(closing(changes))}")
    room = (md.LIMIT - 1024) // max(1, len(changes))
    for system in changes:
        page.add(_section(system, names, room).rstrip("\n"))
    return str(page)


def _section(changes: Changes, names: tuple[str, str], room: int) -> str:
    page = md.Page(room - 512)
    page.add(f"### {md.text(changes.system)}")
    page.add(
        md.table(
            ("record", "target", "verdict", *LEVELS),
            [
                (md.cell(name), md.cell(run["base_url"] or "no address"), f"**{run['verdict']}**", *_fractions(run))
                for name, run in zip(names, (changes.before, changes.after), strict=True)
            ],
        )
    )
    for remark in changes.remarks:
        page.add(md.text(remark))
    left_out = 0
    for heading, meaning, found in changes.groups:
        if not found:
            continue
        page.add(f"#### {heading} ({len(found)})\n\n{meaning[0].upper()}{meaning[1:]}:")
        for change in found:
            why = f"\\\n  {md.text(change.why)}" if change.why else ""
            left_out += not page.add(f"- {md.code(change.id, 100)} {change.level}: {change.step}{why}")
    if changes.answered:
        page.add(f"#### Observations with another answer ({len(changes.answered)})")
        for answered in changes.answered:
            answers = f"{md.text(answered.before)} \u2192 {md.text(answered.after)}"
            left_out += not page.add(f"- {md.text(answered.question)}\\\n  {answers}")
    rest = f"{left_out} changes are left out for want of room. " if left_out else ""
    return f"{page}\n{rest}{_same(changes)}."


def _fractions(run: Json) -> list[str]:
    return [facts.fraction(run["summary"][lv]) for lv in LEVELS]
