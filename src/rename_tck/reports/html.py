"""The record as one HTML page."""

from __future__ import annotations

from rename_tck.reports import drift, facts, page
from rename_tck.reports.details import details, known, strip
from rename_tck.reports.markup import Markup, el, join
from rename_tck.results import history as runs_before
from rename_tck.results.history import History, Trend
from rename_tck.results.record import LEVELS, VERDICTS, Json

_EXIT = {0: "conforms", 1: "does not conform"}
_NOT_PASSED = VERDICTS[:-1]
_LEGEND = (
    ("pass, fail", "the edition states the requirement, and the server met it or not"),
    ("silent", "the edition says nothing on it"),
    ("implies", "the edition implies it, and does not say so"),
    ("states the contrary", "the edition says the opposite"),
    ("not tested", "nothing exercised it in full; its row says why"),
    ("error", "the suite itself could not judge"),
)

Trends = dict[str, Trend]


def render(record: Json, history: History | None = None) -> str:
    """The whole page; with a history, each requirement shows since when it fails or passes."""
    runs = record["runs"]
    trends = runs_before.trends(history, record) if history is not None else [{} for _ in runs]
    counts = {verdict: sum(len(facts.with_verdict(run, verdict)) for run in runs) for verdict in VERDICTS}
    sections = (_run(run, trends[number - 1], number) for number, run in enumerate(runs, 1))
    return page.document(
        facts.title(record),
        el("header", el("h1", "Conformance report"), _about(record), _overview(runs), class_="page"),
        page.toolbar([("all", sum(counts.values())), *counts.items()]) if sum(counts.values()) else None,
        el("main", *sections),
        el("footer", _settings(record), _notes(list(history.notes) if history else []), class_="page"),
    )


def _about(record: Json) -> Markup:
    reason, complaints = facts.own_reason(record), record.get("complaints")
    return join(
        el("p", "rename-tck, ", page.time(record["start"]), class_="quiet"),
        None if record["runs"] else el("h2", "Nothing was judged ", page.verdict("could not judge")),
        el("p", reason, class_="reason") if reason else None,
        el("ul", *(el("li", complaint) for complaint in complaints), class_="reason plain") if complaints else None,
    )


def _settings(record: Json) -> Markup:
    status = record["exit_status"]
    rows = (
        ("Suite", f"rename-tck {record['suite_version']}"),
        ("Run", join(page.time(record["start"]), " to ", page.time(record["end"]))),
        ("Profile", record["profile"]),
        ("Seed", "none" if record["seed"] is None else str(record["seed"])),
        ("Level", f"{record['level']} (the lowest level whose failures fail the run)"),
        ("Exit status", f"{status} ({_status(record)})"),
    )
    return el("dl", *(join(el("dt", name), el("dd", value)) for name, value in rows), class_="facts")


def _status(record: Json) -> str:
    """The exit status in words."""
    status, verdicts = record["exit_status"], [run["verdict"] for run in record["runs"]]
    if status == 0 and "does not conform" in verdicts:
        return "every failure is known"
    if status == 1 and record.get("complaints"):
        return "the file of known failures is not up to date" if "does not conform" not in verdicts else _EXIT[1]
    if "incomplete" in verdicts and status in {0, 3} and "could not judge" not in verdicts:
        return "the chosen tests pass, and others were left out" if status == 0 else "not all could be tested"
    return _EXIT.get(status, "could not judge")


def _overview(runs: list[Json]) -> Markup | None:
    """One line a run; a single run says the same in its own heading."""
    if len(runs) < 2:
        return None
    rows = [
        el(
            "tr",
            el("th", el("a", facts.name_of_system(run), href=f"#run-{number}"), scope="row"),
            el("td", page.verdict(run["verdict"]), data_label="Verdict"),
            *(el("td", page.fraction(run["summary"][level]), data_label=level) for level in LEVELS),
            el("td", page.target(run), data_label="Target"),
        )
        for number, run in enumerate(runs, 1)
    ]
    return page.table(("System", "Verdict", "MUST", "SHOULD", "Target"), rows, "overview", "Verdicts of this run")


def _run(run: Json, trends: Trends, number: int) -> Markup:
    return el(
        "section",
        el("h2", facts.name_of_system(run), " ", page.verdict(run["verdict"]), id=f"run-{number}-title"),
        el("p", run["reason"], class_="reason") if run["reason"] else None,
        _identity(run),
        _counts(run) if run["requirements"] else None,
        el("p", untestable, ".", class_="quiet") if (untestable := facts.untestable(run)) else None,
        _leftovers(run),
        _list_of("Fail", run, "fail", trends),
        _list_of("Could not be judged", run, "error", trends),
        _not_tested(run),
        _trend(run, trends),
        _matrix(run, trends) if run["requirements"] else None,
        drift.section(run),
        _observations(run["observations"]),
        _notes(run["notes"]),
        id=f"run-{number}",
        class_="run page",
        aria_labelledby=f"run-{number}-title",
    )


def _identity(run: Json) -> Markup:
    rows: list[tuple[str, Markup | str | None]] = [
        ("Target", page.target(run)),
        ("Identified", run["identified_by"]),
        ("Judged by", facts.judged_by(run) or None),
        ("SHA-256", el("code", run["spec"]["sha256"]) if "spec" in run else None),
        ("Requests", f"{run['requests']:,}" if run["requests"] else None),
        ("Covered", facts.coverage(run)),
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
        ratio = f"{counts['pass']} of {facts.tested(counts)}" if facts.tested(counts) else "none"
        rows.append(
            el(
                "tr",
                el("th", level, scope="row"),
                el("td", ratio, class_="ratio", data_label="pass of tested"),
                *cells,
                el("td", str(sum(counts.values())), data_label="all"),
            )
        )
    columns = ("Level", "pass of tested", *_NOT_PASSED, "all")
    return page.table(columns, rows, "counts", "Requirements counted by level and verdict")


def _link(requirement: Json) -> Markup:
    return el("a", el("code", requirement["id"]), href=f"#{requirement['id']}")


def _links(requirements: list[Json]) -> list[Markup]:
    return [join(", " if place else None, _link(requirement)) for place, requirement in enumerate(requirements)]


def _leftovers(run: Json) -> Markup | None:
    heading = facts.leftovers(run)
    if heading is None:
        return None
    items = (el("li", left["what"]) for left in run["leftovers"])
    return join(el("h3", heading), el("ul", *items, class_="plain"))


def _list_of(heading: str, run: Json, verdict: str, trends: Trends) -> Markup | None:
    found, causes = facts.with_verdict(run, verdict), facts.because_of(run)
    if not found:
        return None
    items = (
        el(
            "li",
            _link(requirement),
            f" {requirement['level']}",
            _since(trends.get(requirement["id"])) if verdict == "fail" else None,
            " ",
            el("span", facts.finding(requirement), class_="quiet"),
            el("span", said, class_="line quiet") if (said := facts.failing(requirement)) else None,
            el("span", known(requirement), class_="line") if "known" in requirement else None,
            el("span", f"{facts.because(because)}: ", *_links(because), class_="line quiet")
            if (because := causes.get(requirement["id"]))
            else None,
        )
        for requirement in found
    )
    return join(el("h3", f"{heading} ({len(found)})"), el("ul", *items, class_="plain"))


def _since(trend: Trend | None) -> Markup | None:
    """Since when it fails, for a failure that the run before had not or that has lasted."""
    if trend is None or len(trend.runs) < 2 or trend.since is None:
        return None
    new = trend.since == trend.runs[-1][0]
    return join(", new in this run:" if new else f", since {runs_before.moment(trend.since)}:")


def _not_tested(run: Json) -> Markup | None:
    found = facts.not_tested_alone(run)
    if not found:
        return None
    items = [
        el("li", reason, el("br"), el("span", *_links(requirements), class_="quiet"))
        for reason, requirements in facts.by_reason(found).items()
    ]
    return join(el("h3", f"Not tested, and why ({len(found)})"), el("ul", *items, class_="plain"))


def _trend(run: Json, trends: Trends) -> Markup | None:
    """Of each requirement that failed in any run: its last runs, when it was first seen failing, and since when."""
    if not trends:
        return None
    length = max(len(trend.runs) for trend in trends.values())
    rows = [
        el(
            "tr",
            el("th", _link(requirement), scope="row"),
            el("td", strip(trend), data_label="Last runs"),
            el("td", runs_before.moment(trend.first_failing), data_label="First seen failing"),
            el("td", el("span", trend.sentence.partition(";")[0]), data_label="Now"),
        )
        for requirement in run["requirements"]
        if (trend := trends[requirement["id"]]).first_failing is not None
    ]
    columns = ("Requirement", "Last runs", "First seen failing", "Now")
    words = f"{length} run{'s' * (length != 1)} of this target. "
    return join(
        el("h3", "Trend"),
        el("p", words + ("Requirements that failed in any of them:" if rows else "None failed."), class_="quiet"),
        page.table(columns, rows, "trends", "Requirements that failed in any run") if rows else None,
    )


def _matrix(run: Json, trends: Trends) -> Markup:
    editions = run["chosen_editions"]
    columns = [
        *(el("th", name, scope="col") for name in ("Requirement", "Level", "Verdict")),
        *(el("th", edition, scope="col", class_="edition") for edition in editions),
    ]
    present = {cell for requirement in run["requirements"] for cell in requirement["by_edition"].values()}
    legend = [join(el("dt", name), el("dd", meaning)) for name, meaning in _LEGEND if present & set(name.split(", "))]
    rows = (
        _requirement(requirement, editions, trends.get(requirement["id"]), run.get("drift"))
        for requirement in run["requirements"]
    )
    return join(
        el("h3", f"Requirements ({len(run['requirements'])})"),
        el(
            "table",
            el("caption", "Each requirement, its verdict, and what it is in each edition. A row opens.", class_="away"),
            el("thead", el("tr", *columns)),
            *rows,
            class_="matrix",
        ),
        page.none_left(),
        el("dl", *legend, class_="legend quiet"),
    )


def _requirement(requirement: Json, editions: list[str], trend: Trend | None, drifted: Json | None) -> Markup:
    verdict, said = requirement["verdict"], facts.aside(drifted, requirement)
    cells = (
        el("td", requirement["level"], data_label="Level"),
        el("td", page.verdict(verdict), drift.mark() if said else None, data_label="Verdict"),
        *(_cell(requirement["by_edition"].get(edition, "silent"), edition) for edition in editions),
    )
    first = join(el("dt", "Drift"), el("dd", said)) if said else None
    detail = el("dl", first, *details(requirement, trend), class_="details")
    kinds = ("all", verdict)
    return page.row(requirement["id"], requirement["sentence"], kinds=kinds, worst=verdict, cells=cells, detail=detail)


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
        page.table(("Question", "Answer", "Detail"), rows, "observations", "Observations"),
    )


def _notes(notes: list[str]) -> Markup | None:
    return join(el("h3", "Notes"), el("ul", *(el("li", note) for note in notes))) if notes else None
