"""Several records side by side on one HTML page: requirements against targets, observations against targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rename_tck.reports import facts, page
from rename_tck.reports.markup import Markup, el, join
from rename_tck.results.record import LEVELS, VERDICTS, Json

_ABSENT = "not in this record"


@dataclass(frozen=True)
class Column:
    """One target: what it is called, its record, and its run there."""

    name: str
    record: Json
    run: Json

    def find(self, kind: str) -> dict[str, Json]:
        """The requirements or the observations of the run, by id."""
        return {item["id"]: item for item in self.run[kind]}


def render(records: Sequence[tuple[str, Json]]) -> str:
    """The whole page; each record with the name that its columns get."""
    columns = [Column(name, record, run) for name, record in records for run in record["runs"]]
    systems = dict.fromkeys(facts.name_of_system(column.run) for column in columns)
    of_system = {
        system: [column for column in columns if facts.name_of_system(column.run) == system] for system in systems
    }
    shown = {system: _ids(found, "requirements") for system, found in of_system.items()}
    rows = [_kinds(found, name) for system, found in of_system.items() for name in shown[system]]
    choices = [(kind, sum(kind in kinds for kinds in rows)) for kind in ("all", "differ", *VERDICTS)]
    return page.document(
        f"{', '.join(systems)}: {len(columns)} targets side by side",
        el(
            "header",
            el("h1", "Targets side by side"),
            *(_note(name, record) for name, record in records if facts.own_reason(record)),
            class_="page",
        ),
        page.toolbar(choices) if rows else None,
        el("main", *(_system(system, found, shown[system]) for system, found in of_system.items())),
        el("footer", _footer(records), class_="page"),
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
        "all",
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
        class_="run page",
        aria_labelledby=title,
    )


def _overview(columns: Sequence[Column]) -> Markup:
    rows = [
        el(
            "tr",
            el("th", column.name, scope="row"),
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


def _heads(columns: Sequence[Column], first: str) -> Markup:
    return el(
        "thead",
        el(
            "tr",
            el("th", first, scope="col"),
            *(el("th", column.name, scope="col", class_="edition") for column in columns),
        ),
    )


def _requirements(columns: Sequence[Column], names: Sequence[str]) -> Markup:
    return join(
        el("h3", f"Requirements ({len(names)})"),
        _scrolling(
            el(
                "table",
                el("caption", "Each requirement and its verdict at each target. A row opens.", class_="away"),
                _heads(columns, "Requirement"),
                *(_requirement(columns, name) for name in names),
                class_="matrix side",
            ),
        ),
        page.none_left(),
    )


def _scrolling(table: Markup) -> Markup:
    """Room for a table of many columns, which scrolls by itself."""
    return el("div", table, class_="wide", tabindex=0, role="region", aria_label="Table, may scroll sideways")


def _requirement(columns: Sequence[Column], name: str) -> Markup:
    latest = _latest(columns, "requirements", name)
    found = [(column, column.find("requirements").get(name)) for column in columns]
    verdicts = {requirement["verdict"] for _, requirement in found if requirement}
    worst = next(verdict for verdict in VERDICTS if verdict in verdicts)
    cells = (_cell(column.name, requirement, latest["level"]) for column, requirement in found)
    lines = (
        join(el("dt", column.name), el("dd", *_finding(requirement)))
        for column, requirement in found
        if requirement is not None
    )
    detail = el("dl", *lines, el("dt", "Link"), el("dd", _link(name)), class_="details")
    sentence = f"{latest['level']}: {latest['sentence']}"
    kinds = _kinds(columns, name)
    return page.row(name, sentence, kinds=kinds, worst=worst, cells=cells, detail=detail)


def _link(name: str) -> Markup:
    return el("a", el("code", f"#{name}"), href=f"#{name}")


def _cell(name: str, requirement: Json | None, level: str) -> Markup:
    """A verdict, and the level where it is another one for this target."""
    if requirement is None:
        return el("td", el("span", _ABSENT), class_="cell", data_verdict="silent", data_label=name)
    other = f" ({requirement['level']})" if requirement["level"] != level else None
    verdict = requirement["verdict"]
    return el("td", el("span", verdict, other), class_="cell", data_verdict=verdict, data_label=name)


def _finding(requirement: Json) -> list[Markup | str]:
    """A verdict and its ground, what is known of it, and the answer that showed it."""
    verdict = page.verdict(requirement["verdict"])
    said = facts.finding(requirement) or facts.evidence(requirement)
    lines: list[Markup | str] = [verdict, " ", said]
    if requirement["verdict"] == "fail":
        lines.append(el("span", f"It answered {facts.status_line(requirement['answer'])}.", class_="line quiet"))
    if classes := facts.failing(requirement):
        lines.append(el("span", classes, class_="line quiet"))
    if known := facts.known(requirement):
        lines.append(el("span", known, class_="line quiet"))
    return lines


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
