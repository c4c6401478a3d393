"""The record as one HTML page: the verdict, what fails and why, then every requirement."""

from __future__ import annotations

from rename_tck.reports import drift, facts, page, quoted
from rename_tck.reports.details import details, strip
from rename_tck.reports.failing import Failures, anchor
from rename_tck.reports.failures import most_telling_first
from rename_tck.reports.markup import Markup, el, join
from rename_tck.results import history as runs_before
from rename_tck.results.history import History, Trend
from rename_tck.results.record import LEVELS, VERDICTS, Json

_EXIT = {0: "conforms", 1: "does not conform"}
_LEGEND = (
    ("pass, fail", "the edition states the requirement, and the server met it or not"),
    ("silent", "the edition says nothing on it"),
    ("implies", "the edition implies it, and does not say so"),
    ("states the contrary", "the edition states what the requirement excludes"),
    ("not tested", "nothing exercised it in full; its row says why"),
    ("error", "the suite itself could not judge"),
)
#: Cells that are shown in other words than the record has them.
_WORDS = {"states the contrary": "says the opposite"}

Trends = dict[str, Trend]


def render(record: Json, history: History | None = None) -> str:
    """The whole page; with a history, each requirement shows since when it fails or passes."""
    runs = record["runs"]
    trends = runs_before.trends(history, record) if history is not None else [{} for _ in runs]
    judged = [run for run in runs if _is_judged(run)]
    counts = {verdict: sum(len(facts.with_verdict(run, verdict)) for run in judged) for verdict in VERDICTS}
    bar = page.toolbar([("all", sum(counts.values())), *counts.items()]) if judged else None
    alone = len(runs) == 1
    sections = (
        _run(run, trends[number - 1], number, alone=alone, bar=bar if alone else None)
        for number, run in enumerate(runs, 1)
    )
    return page.document(
        facts.title(record),
        el("header", _headline(record), _about(record), _overview(runs), class_="page"),
        None if alone else bar,
        el("main", *sections),
        el("footer", _settings(record), _notes(list(history.notes) if history else []), class_="page"),
    )


def _is_judged(run: Json) -> bool:
    """Whether anything came of a requirement: a run in which nothing did is told in a few lines."""
    return any(requirement["verdict"] != "not tested" for requirement in run["requirements"])


def _headline(record: Json) -> Markup:
    """The verdict, the largest thing on the page."""
    runs = record["runs"]
    said = [
        join(", " if place else None, el("span", facts.headline(run), data_verdict=run["verdict"]))
        for place, run in enumerate(runs)
    ]
    return el("h1", *(said or [el("span", "Nothing could be judged", data_verdict="could not judge")]))


def _about(record: Json) -> Markup:
    reason, complaints = facts.own_reason(record), record.get("complaints")
    requests = sum(run["requests"] for run in record["runs"])
    sent = f", {requests:,} requests" if requests else ""
    return join(
        el("p", "Conformance report of rename-tck, ", page.time(record["start"]), f", took {facts.took(record)}{sent}",
           class_="quiet"),
        el("p", page.reason(reason), class_="reason") if reason else None,
        el("ul", *(el("li", complaint) for complaint in complaints), class_="reason plain") if complaints else None,
    )  # fmt: skip


def _settings(record: Json) -> Markup:
    status = record["exit_status"]
    rows = (
        ("Suite", f"rename-tck {record['suite_version']}"),
        ("Run", join(page.time(record["start"]), " to ", page.time(record["end"]), f" ({facts.took(record)})")),
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
    """One line a run; a single run says the same by itself."""
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


def _run(run: Json, trends: Trends, number: int, *, alone: bool, bar: Markup | None) -> Markup:
    """The section of a run; one that is alone on its page has its title in the page's own, and the toolbar."""
    level = 2 if alone else 3
    heading = f"h{level}"
    title = None if alone else el("h2", facts.name_of_system(run), " ", page.verdict(run["verdict"]))
    reason = el("p", page.reason(run["reason"]), class_="reason") if run["reason"] else None
    attributes = {"id": f"run-{number}", "class_": "run page"}
    if not _is_judged(run):
        return el("section", title, reason, _identity(run), _leftovers(run, heading), _nothing(run),
                  _notes(run["notes"], heading), **attributes)  # fmt: skip
    return el(
        "section",
        title,
        reason,
        _counts(run),
        _glance(run),
        _leftovers(run, heading),
        Failures(run, trends, number, level).section(),
        _unjudged(run, heading),
        _not_tested(run, heading),
        _trend(run, trends, heading),
        el(heading, f"Requirements ({len(run['requirements'])})"),
        bar,
        _matrix(run, trends, number),
        quoted.documents(run, number, heading),
        drift.section(run, heading),
        _observations(run["observations"], heading),
        _notes(run["notes"], heading),
        el(heading, "The target"),
        _identity(run),
        **attributes,
    )


def _nothing(run: Json) -> Markup | None:
    """The requirements of a run in which none was tested, by the reason, folded."""
    groups = facts.by_reason(run["requirements"])
    return join(
        *(
            el(
                "details",
                el("summary", f"{len(found)} requirement{'s' * (len(found) != 1)} not tested"),
                el("p", reason, class_="quiet") if reason != run["reason"] else None,
                el("ul", *(el("li", el("code", one["id"]), id=one["id"]) for one in found), class_="names"),
            )
            for reason, found in groups.items()
        )
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
    """How many of each level passed of those that were tested, and the target."""
    rows: list[tuple[str, Markup | str]] = [
        (level, page.fraction(run["summary"][level])) for level in LEVELS if sum(run["summary"][level].values())
    ]
    if untestable := facts.untestable(run):
        rows.append(("", f"{untestable}."))
    rows.append(("Target", join(page.target(run), f", judged by {facts.judged_by(run)}")))
    return el("dl", *(join(el("dt", name), el("dd", value)) for name, value in rows), class_="facts counts")


def _glance(run: Json) -> Markup:
    """One mark a requirement, and how many of each there are."""
    counts = {verdict: len(facts.with_verdict(run, verdict)) for verdict in VERDICTS}
    targets = [anchor(one) if one["verdict"] == "fail" else one["id"] for one in run["requirements"]]
    where = dict(zip((one["id"] for one in run["requirements"]), targets, strict=True))
    return join(page.marks(run["requirements"], lambda one: where[one["id"]]), page.legend(counts))


def _leftovers(run: Json, heading: str) -> Markup | None:
    said = facts.leftovers(run)
    if said is None:
        return None
    items = (el("li", left["what"]) for left in run["leftovers"])
    return join(el(heading, said), el("ul", *items, class_="plain"))


def _unjudged(run: Json, heading: str) -> Markup | None:
    found = facts.with_verdict(run, "error")
    if not found:
        return None
    items = (
        el("li", *page.links([one]), f" {one['level']} ", el("span", one["reason"], class_="quiet")) for one in found
    )
    return join(el(heading, f"Could not be judged ({len(found)})"), el("ul", *items, class_="plain"))


def _not_tested(run: Json, heading: str) -> Markup | None:
    found = facts.not_tested_alone(run)
    if not found:
        return None
    items = [
        el("li", page.reason(reason), el("br"), el("span", *page.links(requirements), class_="quiet"))
        for reason, requirements in facts.by_reason(found).items()
    ]
    return join(el(heading, f"Not tested, and why ({len(found)})"), el("ul", *items, class_="plain"))


def _trend(run: Json, trends: Trends, heading: str) -> Markup | None:
    """Of each requirement that failed in any run: its last runs, when it was first seen failing, and since when."""
    if not trends:
        return None
    length = max(len(trend.runs) for trend in trends.values())
    rows = [
        el(
            "tr",
            el("th", *page.links([requirement]), scope="row"),
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
        el(heading, "Trend"),
        el("p", words + ("Requirements that failed in any of them:" if rows else "None failed."), class_="quiet"),
        page.table(columns, rows, "trends", "Requirements that failed in any run") if rows else None,
    )


def _matrix(run: Json, trends: Trends, number: int) -> Markup:
    """Every requirement, those that passed folded."""
    # of one edition the verdict says the same
    editions = run["chosen_editions"] if len(run["chosen_editions"]) > 1 else []
    order = [one for verdict in VERDICTS for one in _ordered(facts.with_verdict(run, verdict), verdict)]
    rows = {one["id"]: _requirement(one, editions, number, trends.get(one["id"]), run.get("drift")) for one in order}
    passed = [one for one in order if one["verdict"] == "pass"]
    others = [one for one in order if one["verdict"] != "pass"]
    present = {cell for one in run["requirements"] for cell in one["by_edition"].values()} if editions else set()
    legend = [join(el("dt", _WORDS.get(name, name)), el("dd", meaning))
              for name, meaning in _LEGEND if present & set(name.split(", "))]  # fmt: skip
    return join(
        _table(editions, [rows[one["id"]] for one in others]) if others else None,
        el(
            "details",
            el("summary", f"{len(passed)} passed"),
            _table(editions, [rows[one["id"]] for one in passed]),
            class_="passed",
        )
        if passed
        else None,
        page.none_left(),
        el("dl", *legend, class_="legend quiet") if legend else None,
    )


def _ordered(requirements: list[Json], verdict: str) -> list[Json]:
    return most_telling_first(requirements) if verdict == "fail" else requirements


def _table(editions: list[str], rows: list[Markup]) -> Markup:
    columns = [
        *(el("th", name, scope="col") for name in ("Requirement", "Level", "Verdict")),
        *(el("th", edition, scope="col", class_="edition") for edition in editions),
    ]
    caption = "Each requirement, its verdict, and what it is in each edition. A row opens."
    return el("table", el("caption", caption, class_="away"), el("thead", el("tr", *columns)), *rows, class_="matrix")


def _requirement(
    requirement: Json, editions: list[str], number: int, trend: Trend | None, drifted: Json | None
) -> Markup:
    verdict, said = requirement["verdict"], facts.aside(drifted, requirement)
    cells = (
        el("td", requirement["level"]),
        el("td", page.verdict(verdict), drift.mark() if said else None),
        *(_cell(requirement["by_edition"].get(edition, "silent"), edition) for edition in editions),
    )
    first = join(el("dt", "Drift"), el("dd", said)) if said else None
    detail = el("dl", first, *details(requirement, number, trend), class_="details")
    name, sentence = requirement["id"], requirement["sentence"]
    return page.row(name, sentence=sentence, worst=verdict, cells=cells, detail=detail)


def _cell(cell: str, edition: str) -> Markup:
    return el("td", _WORDS.get(cell, cell), class_="cell", data_verdict=cell, data_label=edition)


def _observations(observations: list[Json], heading: str) -> Markup | None:
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
        el(heading, f"Observations ({len(observations)})"),
        el("p", "What the server did where no document says what it should. Recorded, never judged.", class_="quiet"),
        page.table(("Question", "Answer", "Detail"), rows, "observations", "Observations"),
    )


def _notes(notes: list[str], heading: str = "h2") -> Markup | None:
    return join(el(heading, "Notes"), el("ul", *(el("li", note) for note in notes))) if notes else None
