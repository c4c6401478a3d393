"""The record as one HTML page: no network, no server's text as markup, and no script but its own."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from rename_tck.reports import facts
from rename_tck.reports.details import details
from rename_tck.reports.facts import LEVELS, VERDICTS, Json
from rename_tck.reports.markup import Markup, el, join, text

_EXIT = {0: "conforms", 1: "does not conform"}
_NOT_PASSED = VERDICTS[:-1]
_LEGEND = (
    ("pass, fail", "the edition states the requirement, and the server met it or not"),
    ("silent", "the edition says nothing on it"),
    ("states the contrary", "the edition says the opposite"),
    ("not tested", "nothing exercised it; its row says why"),
    ("error", "the suite itself could not judge"),
)


def render(record: Json) -> str:
    """The whole page."""
    script, style = _asset("report.js"), _asset("report.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"{facts.title(record)} \u2013 rename-tck"),
        el("style", Markup(style)),
        el("script", Markup(script)),
    )
    runs = record["runs"]
    body = el(
        "body",
        el("header", el("h1", "Conformance report"), _about(record), _overview(runs), class_="page"),
        _toolbar(runs) if any(run["requirements"] for run in runs) else None,
        el("main", *(_run(run, number) for number, run in enumerate(runs, 1))),
        el("footer", _settings(record), class_="page"),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


@cache
def _asset(name: str) -> str:
    return files("rename_tck.reports").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _about(record: Json) -> Markup:
    return join(
        el("p", "rename-tck, ", _time(record["start"]), class_="quiet"),
        None if record["runs"] else el("h2", "Nothing was judged ", _verdict("could not judge")),
        el("p", facts.own_reason(record), class_="reason") if facts.own_reason(record) else None,
    )


def _time(instant: str) -> Markup:
    return el("time", f"{instant[:10]} {instant[11:19]} UTC", datetime=instant)


def _settings(record: Json) -> Markup:
    status = record["exit_status"]
    rows = (
        ("Suite", f"rename-tck {record['suite_version']}"),
        ("Run", join(_time(record["start"]), " to ", _time(record["end"]))),
        ("Profile", record["profile"]),
        ("Seed", "none" if record["seed"] is None else str(record["seed"])),
        ("Level", f"{record['level']} (the lowest level whose failures fail the run)"),
        ("Exit status", f"{status} ({_EXIT.get(status, 'could not judge')})"),
    )
    return el("dl", *(join(el("dt", name), el("dd", value)) for name, value in rows), class_="facts")


def _overview(runs: list[Json]) -> Markup | None:
    """One line a run; a single run says the same in its own heading."""
    if len(runs) < 2:
        return None
    rows = [
        el(
            "tr",
            el("th", el("a", facts.name_of_system(run), href=f"#run-{number}"), scope="row"),
            el("td", _verdict(run["verdict"]), data_label="Verdict"),
            *(el("td", _fraction(run["summary"][level]), data_label=level) for level in LEVELS),
            el("td", _target(run), data_label="Target"),
        )
        for number, run in enumerate(runs, 1)
    ]
    columns = ("System", "Verdict", "MUST", "SHOULD", "Target")
    return el(
        "table",
        el("caption", "Verdicts of this run"),
        el("thead", el("tr", *(el("th", name, scope="col") for name in columns))),
        el("tbody", *rows),
        class_="overview",
    )


def _target(run: Json) -> Markup:
    return join(
        el("code", run["base_url"] or "no address"), f" ({run['target']})" if run["target"] != "target" else None
    )


def _fraction(counts: Json) -> str:
    if not sum(counts.values()):
        return "none"
    rest = facts.remainder(counts)
    return f"{counts['pass']} of {facts.tested(counts)} tested pass" + (f"; {rest}" if rest else "")


def _verdict(verdict: str) -> Markup:
    return el("span", verdict, class_="verdict", data_verdict=verdict)


def _toolbar(runs: list[Json]) -> Markup:
    counts = {verdict: sum(len(facts.with_verdict(run, verdict)) for run in runs) for verdict in VERDICTS}
    choices = [("all", sum(counts.values())), *counts.items()]
    radios = [
        el(
            "label",
            el("input", type="radio", name="verdict", value=verdict, checked=verdict == "all"),
            el("span", f"{verdict} ", el("span", str(count), class_="count")),
        )
        for verdict, count in choices
    ]
    return el(
        "form",
        el("fieldset", el("legend", "Show"), *radios),
        el(
            "label",
            el("span", "Search ", class_="label"),
            el("input", type="search", name="search", autocomplete="off"),
        ),
        el(
            "span",
            el("button", "Open all", type="button", data_open="true"),
            " ",
            el("button", "Close all", type="button", data_open="false"),
        ),
        el("output", "", class_="quiet", role="status"),
        class_="toolbar page",
        aria_label="Filter the requirements",
    )


def _run(run: Json, number: int) -> Markup:
    return el(
        "section",
        el("h2", facts.name_of_system(run), " ", _verdict(run["verdict"]), id=f"run-{number}-title"),
        el("p", run["reason"], class_="reason") if run["reason"] else None,
        _identity(run),
        _counts(run) if run["requirements"] else None,
        _list_of("Fail", run, "fail"),
        _list_of("Could not be judged", run, "error"),
        _not_tested(run),
        _matrix(run) if run["requirements"] else None,
        _observations(run["observations"]),
        _notes(run["notes"]),
        id=f"run-{number}",
        class_="run page",
        aria_labelledby=f"run-{number}-title",
    )


def _identity(run: Json) -> Markup:
    rows: list[tuple[str, Markup | str | None]] = [
        ("Target", _target(run)),
        ("Identified", run["identified_by"]),
        ("Judged by", ", ".join(run["chosen_editions"]) or None),
    ]
    return el("dl", *(join(el("dt", name), el("dd", value)) for name, value in rows if value), class_="facts")


def _counts(run: Json) -> Markup:
    rows = []
    for level in LEVELS:
        counts = run["summary"][level]
        cells = (
            el("td", str(counts[verdict]), data_verdict=verdict if counts[verdict] else None, data_label=verdict)
            for verdict in _NOT_PASSED
        )
        ratio = f"{counts['pass']} of {facts.tested(counts)}"
        total = str(sum(counts.values()))
        rows.append(
            el(
                "tr",
                el("th", level, scope="row"),
                el("td", ratio, class_="ratio", data_label="pass of tested"),
                *cells,
                el("td", total, data_label="all"),
            )
        )
    columns = ("Level", "pass of tested", *_NOT_PASSED, "all")
    return el(
        "table",
        el("caption", "Requirements counted by level and verdict", class_="away"),
        el("thead", el("tr", *(el("th", name, scope="col") for name in columns))),
        el("tbody", *rows),
        class_="counts",
    )


def _link(requirement: Json) -> Markup:
    return el("a", el("code", requirement["id"]), href=f"#{requirement['id']}")


def _list_of(heading: str, run: Json, verdict: str) -> Markup | None:
    found = facts.with_verdict(run, verdict)
    if not found:
        return None
    items = (
        el(
            "li",
            _link(requirement),
            f" {requirement['level']} ",
            el("span", facts.finding(requirement), class_="quiet"),
        )
        for requirement in found
    )
    return join(el("h3", f"{heading} ({len(found)})"), el("ul", *items, class_="plain"))


def _not_tested(run: Json) -> Markup | None:
    found = facts.with_verdict(run, "not tested")
    if not found:
        return None
    items = []
    for reason, requirements in facts.by_reason(found).items():
        links = [join(", " if place else None, _link(requirement)) for place, requirement in enumerate(requirements)]
        items.append(el("li", reason, el("br"), el("span", *links, class_="quiet")))
    return join(el("h3", f"Not tested, and why ({len(found)})"), el("ul", *items, class_="plain"))


def _matrix(run: Json) -> Markup:
    editions = run["chosen_editions"]
    columns = [
        el("th", "Requirement", scope="col"),
        el("th", "Level", scope="col"),
        el("th", "Verdict", scope="col"),
        *(el("th", edition, scope="col", class_="edition") for edition in editions),
    ]
    present = {cell for requirement in run["requirements"] for cell in requirement["by_edition"].values()}
    legend = [join(el("dt", name), el("dd", meaning)) for name, meaning in _LEGEND if present & set(name.split(", "))]
    return join(
        el("h3", f"Requirements ({len(run['requirements'])})"),
        el(
            "table",
            el("caption", "Each requirement, its verdict, and what it is in each edition. A row opens.", class_="away"),
            el("thead", el("tr", *columns)),
            *(_requirement(requirement, editions) for requirement in run["requirements"]),
            class_="matrix",
        ),
        el("p", "No requirement of this run matches.", class_="none quiet", hidden=True),
        el("dl", *legend, class_="legend quiet"),
    )


def _requirement(requirement: Json, editions: list[str]) -> Markup:
    name = requirement["id"]
    more = f"{name}:more"
    row = el(
        "tr",
        el(
            "th",
            el("button", name, type="button", aria_expanded="false", aria_controls=more),
            el("span", *_prose(requirement["sentence"]), class_="sentence"),
            scope="row",
        ),
        el("td", requirement["level"], data_label="Level"),
        el("td", _verdict(requirement["verdict"]), data_label="Verdict"),
        *(_cell(requirement["by_edition"].get(edition, "silent"), edition) for edition in editions),
        class_="row",
    )
    detail = el("td", el("dl", *details(requirement), class_="details"), colspan=3 + len(editions))
    return el(
        "tbody",
        row,
        el("tr", detail, id=more, class_="more"),
        id=name,
        class_="req",
        data_verdict=requirement["verdict"],
    )


def _prose(sentence: str) -> list[Markup]:
    """A sentence of the catalogue: what stands between backticks is code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return [text(sentence)]
    return [el("code", part) if place % 2 else text(part) for place, part in enumerate(parts)]


def _cell(cell: str, edition: str) -> Markup:
    return el("td", el("span", cell), class_="cell", data_verdict=cell, data_label=edition)


def _observations(observations: list[Json]) -> Markup | None:
    if not observations:
        return None
    rows = (
        el(
            "tr",
            el("th", observation["question"], el("code", observation["id"], class_="line quiet"), scope="row"),
            el("td", observation["answer"], data_label="Answer"),
            el("td", observation["detail"] or "", data_label="Detail"),
            id=observation["id"],
        )
        for observation in observations
    )
    return join(
        el("h3", f"Observations ({len(observations)})"),
        el("p", "What the server did where no document says what it should. Recorded, never judged.", class_="quiet"),
        el(
            "table",
            el("thead", el("tr", *(el("th", name, scope="col") for name in ("Question", "Answer", "Detail")))),
            el("tbody", *rows),
            class_="observations",
        ),
    )


def _notes(notes: list[str]) -> Markup | None:
    return join(el("h3", "Notes"), el("ul", *(el("li", note) for note in notes))) if notes else None
