"""Several records side by side on one HTML page: requirements against targets, observations against targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rename_tck.reports import exchanges, facts, page
from rename_tck.reports.markup import Markup, el, join
from rename_tck.results.record import LEVELS, VERDICTS, Json

_ABSENT = "not in this record"

#: Requirements that one table holds; more are in two, side by side where the window is wide enough.
_ONE_TABLE = 20


@dataclass(frozen=True)
class Column:
    """One target: what it is called, its record, and its run there."""

    name: str
    record: Json
    run: Json
    #: Where its report is, or its record, as seen from this page; None where that is not known.
    report: str | None = None

    def title(self) -> Markup:
        """What it is called, as a link to its report."""
        name = page.breakable(self.name)
        return el("a", name, href=self.report) if self.report else name

    def find(self, kind: str) -> dict[str, Json]:
        """The requirements or the observations of the run, by id."""
        return {item["id"]: item for item in self.run[kind]}


def render(records: Sequence[tuple[str, Json]], reports: Sequence[str | None] = ()) -> str:
    """The whole page; each record with the name that its columns get, and the addresses of their reports or records."""
    pages = zip_longest(records, reports[: len(records)])
    columns = [Column(name, record, run, report) for (name, record), report in pages for run in record["runs"]]
    systems = dict.fromkeys(facts.name_of_system(column.run) for column in columns)
    of_system = {
        system: [column for column in columns if facts.name_of_system(column.run) == system] for system in systems
    }
    shown = {system: _ids(found, "requirements") for system, found in of_system.items()}
    rows = [_kinds(found, name) for system, found in of_system.items() for name in shown[system]]
    counted = [(kind, sum(kind in kinds for kinds in rows)) for kind in ("differ", *VERDICTS)]
    choices = [("all", len(rows)), *counted]
    return page.document(
        f"{', '.join(systems)}: {len(columns)} targets side by side",
        el(
            "header",
            el("h1", "Targets side by side"),
            *(_note(name, record) for name, record in records if facts.own_reason(record)),
            class_="page full",
        ),
        page.toolbar(choices) if rows else None,
        el("main", *(_system(system, found, shown[system]) for system, found in of_system.items())),
        el("footer", _footer(records), class_="page full"),
    )


def _note(name: str, record: Json) -> Markup:
    return el("p", f"{name}: {facts.own_reason(record)}", class_="reason")


def _footer(records: Sequence[tuple[str, Json]]) -> Markup:
    rows = [
        el(
            "tr",
            el("th", name, scope="row"),
            el("td", page.time(record["start"]), data_label="Run"),
            el("td", f"rename-tck {record['suite_version']}", data_label="Suite"),
            el("td", record["profile"], data_label="Profile"),
            el("td", "none" if record["seed"] is None else str(record["seed"]), data_label="Seed"),
        )
        for name, record in records
    ]
    return page.table(("Record", "Run", "Suite", "Profile", "Seed"), rows, "overview", "The records")


def _ids(columns: Sequence[Column], kind: str) -> list[str]:
    """Every id of that kind in the columns, in the order of the newest record, which is the last; the others after."""
    return list(dict.fromkeys(name for column in reversed(columns) for name in column.find(kind)))


def _latest(columns: Sequence[Column], kind: str, name: str) -> Json:
    return next(found[name] for column in reversed(columns) if name in (found := column.find(kind)))


def _kinds(columns: Sequence[Column], name: str) -> list[str]:
    """The toolbar's choices that show a requirement."""
    verdicts = {column.find("requirements").get(name, {}).get("verdict", _ABSENT) for column in columns}
    return [
        *(["differ"] if len(verdicts) > 1 else []),
        *(verdict for verdict in VERDICTS if verdict in verdicts),
    ]


def _system(system: str, columns: Sequence[Column], names: Sequence[str]) -> Markup:
    title = f"side-{system}"
    return el(
        "section",
        el("h2", system, id=title),
        _overview(columns),
        _requirements(columns, names) if names else None,
        _observations(columns),
        class_="run page full",
        aria_labelledby=title,
    )


def _overview(columns: Sequence[Column]) -> Markup:
    rows = [
        el(
            "tr",
            el("th", column.title(), scope="row"),
            el("td", page.verdict(column.run["verdict"]), data_label="Verdict"),
            *(el("td", page.fraction(column.run["summary"][level]), data_label=level) for level in LEVELS),
            el("td", page.target(column.run), data_label="Target"),
            el("td", *_judged_by(column.run), data_label="Judged by"),
        )
        for column in columns
    ]
    return page.table(("Target", "Verdict", "MUST", "SHOULD", "Address", "Judged by"), rows, "overview", "Verdicts")


def _judged_by(run: Json) -> list[Markup | str]:
    spec = run.get("spec")
    return [facts.judged_by(run), *([el("code", f"SHA-256 {spec['sha256']}", class_="line quiet")] if spec else [])]


def _heads(columns: Sequence[Column], *first: str) -> Markup:
    return el(
        "thead",
        el(
            "tr",
            *(el("th", name, scope="col") for name in first),
            *(el("th", column.title(), scope="col", class_="edition") for column in columns),
        ),
    )


def _requirements(columns: Sequence[Column], names: Sequence[str]) -> Markup:
    half = (len(names) + 1) // 2 if len(names) > _ONE_TABLE else len(names)
    return join(
        el("h3", f"Requirements ({len(names)})"),
        page.legend(_counts(columns)),
        _scrolling(
            el(
                "div",
                *(_table(columns, part) for part in (names[:half], names[half:]) if part),
                class_="halves",
            )
        ),
        page.none_left(),
    )


def _table(columns: Sequence[Column], names: Sequence[str]) -> Markup:
    return el(
        "table",
        el("caption", "Each requirement and its verdict at each target. A row opens.", class_="away"),
        _heads(columns, "Requirement", "Level"),
        *(_requirement(columns, name) for name in names),
        class_="matrix side",
    )


def _scrolling(table: Markup) -> Markup:
    """Room for a table of many columns, which scrolls by itself."""
    return el("div", table, class_="wide", tabindex=0, role="region", aria_label="Table, may scroll sideways")


def _counts(columns: Sequence[Column]) -> dict[str, int]:
    """How many verdicts there are of each kind at all targets together."""
    found = [one["verdict"] for column in columns for one in column.run["requirements"]]
    return {verdict: found.count(verdict) for verdict in VERDICTS}


def _requirement(columns: Sequence[Column], name: str) -> Markup:
    latest = _latest(columns, "requirements", name)
    found = [(column, column.find("requirements").get(name)) for column in columns]
    verdicts = {requirement["verdict"] for _, requirement in found if requirement}
    worst = next(verdict for verdict in VERDICTS if verdict in verdicts)
    level = el("td", latest["level"], class_="quiet")
    cells = (_cell(column.name, requirement, latest["level"]) for column, requirement in found)
    lines = (
        join(el("dt", column.title()), el("dd", *_finding(column, requirement)))
        for column, requirement in found
        if requirement is not None
    )
    detail = join(el("p", page.prose(latest["sentence"])), el("dl", *lines, class_="details"))
    return page.row(name, kinds=_kinds(columns, name), worst=worst, cells=[level, *cells], detail=detail)


def _cell(name: str, requirement: Json | None, level: str) -> Markup:
    """A verdict as its mark, and the level where it is another one for this target."""
    if requirement is None:
        return el("td", el("span", _ABSENT, class_="away"), class_="cell", data_label=name)
    other = f" {requirement['level']}" if requirement["level"] != level else None
    return el("td", page.mark(requirement["verdict"]), other, class_="cell", data_label=name)


def _finding(column: Column, requirement: Json) -> list[Markup | str | None]:
    """A verdict and its ground, what is known of it, and the request and the answer that showed it."""
    verdict = page.verdict(requirement["verdict"])
    said = facts.finding(requirement) or facts.evidence(requirement)
    lines: list[Markup | str | None] = [verdict, " ", said]
    lines += [
        el("span", more, class_="line quiet") for more in (facts.failing(requirement), facts.known(requirement)) if more
    ]
    if requirement["verdict"] != "fail":
        return lines
    request, curl, again = requirement["request"], requirement["curl"], facts.again(column.run, requirement)
    is_page = column.report is not None and column.report.endswith(".html")
    where = f"{column.report}#fail:{requirement['id']}" if is_page else None
    return [
        *lines,
        exchanges.request_of(request) if request else None,
        _answered(requirement),
        exchanges.curl(curl) if curl else None,
        exchanges.command(again, "Command that tries it again") if again else None,
        el("p", el("a", "The whole failure in its report", href=where)) if where else None,
    ]


def _answered(requirement: Json) -> Markup | None:
    """What came; None where the record shows no request, as of a case that its vendor learns first."""
    if requirement["answer"] is not None:
        return el("p", f"It answered {facts.status_line(requirement['answer'])}.")
    return el("p", "No answer came.") if requirement["request"] is not None else None


def _observations(columns: Sequence[Column]) -> Markup | None:
    names = _ids(columns, "observations")
    if not names:
        return None
    return join(
        el("h3", f"Observations ({len(names)})"),
        el("p", "What each server does where no document says what it should. Recorded, never judged.", class_="quiet"),
        _scrolling(
            el(
                "table",
                el("caption", "Each question and its answer at each target", class_="away"),
                _heads(columns, "Question"),
                el("tbody", *(_observation(columns, name) for name in names)),
                class_="observations side",
            )
        ),
    )


def _observation(columns: Sequence[Column], name: str) -> Markup:
    question = _latest(columns, "observations", name)["question"]
    answers = [column.find("observations").get(name) for column in columns]
    differ = len({answer["answer"] for answer in answers if answer}) > 1
    return el(
        "tr",
        el("th", question, el("code", name, class_="line quiet"), scope="row"),
        *(_answer(column.name, answer, differ) for column, answer in zip(columns, answers, strict=True)),
        id=name,
    )


def _answer(name: str, answer: Json | None, differ: bool) -> Markup:
    kind = "differs" if differ else None
    if answer is None:
        return el("td", el("span", _ABSENT, class_="quiet"), data_label=name)
    detail = el("span", answer["detail"], class_="line quiet") if answer["detail"] else None
    return el("td", answer["answer"], detail, data_label=name, class_=kind)
