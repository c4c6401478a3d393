"""How the target's own OpenAPI document differs from the one that it was judged by, as part of a page."""

from __future__ import annotations

from rename_tck.reports import facts, page
from rename_tck.reports.commonmark import cell, code, table, text
from rename_tck.reports.markup import Markup, el, join
from rename_tck.results.record import Json
from rename_tck.text import cut

#: Differences that the Markdown page shows.
_MOST = 20
_WIDEST = 120


def section(run: Json, heading: str) -> Markup | None:
    """The section of the HTML page under a heading of that kind; None where there is nothing to say."""
    drift = run.get("drift")
    if drift is None:
        return None
    known = {requirement["id"] for requirement in run["requirements"]}
    rows = [_row(difference, known) for difference in drift["differences"]]
    columns = ("Place", "Document judged by", "Published", "Touches")
    published = drift["published"]
    return join(
        el(heading, f"Drift ({len(rows)})"),
        el("p", _sentence(drift)),
        el("p", f"Published as {published}. Recorded, never judged.", class_="quiet") if published else None,
        el("p", drift["note"], class_="quiet") if published and drift["note"] else None,
        page.table(columns, rows, "observations drift", "Differences of the published document") if rows else None,
    )


def _sentence(drift: Json) -> str:
    words = facts.drifted(drift)
    return f"{words[:1].upper()}{words[1:]}."


def _row(difference: Json, known: set[str]) -> Markup:
    names = difference["requirements"]
    links = (
        el("a", el("code", name, class_="line"), href=f"#{name}") if name in known else el("code", name, class_="line")
        for name in names
    )
    return el(
        "tr",
        el("th", el("code", difference["pointer"]), f" {difference['kind']}", scope="row"),
        el("td", _value(difference["vendored"]), data_label="Document judged by"),
        el("td", _value(difference["published"]), data_label="Published"),
        el("td", *links, *([] if names else ["no requirement"]), data_label="Touches"),
    )


def _value(value: str | None) -> Markup:
    return el("span", "absent", class_="quiet") if value is None else el("code", value)


def mark() -> Markup:
    """The word in a requirement's row that the published document says otherwise."""
    return el("span", "drift", class_="line quiet", title="the target's own document says otherwise")


def markdown(run: Json) -> str | None:
    """The section of the Markdown page; None where there is nothing to say."""
    drift = run.get("drift")
    if drift is None:
        return None
    parts = [f"#### Drift ({len(drift['differences'])})", text(_sentence(drift))]
    shown = drift["differences"][:_MOST]
    if shown:
        rows: list[tuple[str, ...]] = [
            (
                f"{code(difference['pointer'], _WIDEST)} {difference['kind']}",
                _cell(difference["vendored"]),
                _cell(difference["published"]),
                ", ".join(code(name, 100) for name in difference["requirements"][:_MOST]) or "no requirement",
            )
            for difference in shown
        ]
        parts.append(table(("place", "judged by", "published", "touches"), rows))
    more = len(drift["differences"]) - len(shown)
    if more:
        parts.append(f"{more} more differences are left out; they are in `conformance.html`.")
    return "\n\n".join(parts)


def _cell(value: str | None) -> str:
    return "absent" if value is None else cell(cut(value, _WIDEST))
