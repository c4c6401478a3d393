"""The failures of a run on its page: what is wrong, the rule, the requests, how to try it again; grouped by cause."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from rename_tck.reports import exchanges, facts, page, quoted
from rename_tck.reports.details import known
from rename_tck.reports.failures import Group, grouped
from rename_tck.reports.markup import Markup, el, join
from rename_tck.reports.plain_words import case_of, wrong
from rename_tck.results import history as runs_before
from rename_tck.results.history import Trend
from rename_tck.results.record import Json
from rename_tck.text import cut

#: Quotations that a failure shows; the others are in its row.
_QUOTES = 2

#: Failing cases of other classes that are listed, and characters of each.
_MOST_OTHERS = 20
_OTHER = 240


def anchor(requirement: Json) -> str:
    """The id of a failure on the page; its row in the matrix has the requirement's own."""
    return f"fail:{requirement['id']}"


@dataclass(frozen=True)
class Failures:
    """The failures of one run. `level` is that of their headings, `number` the run's."""

    run: Json
    trends: dict[str, Trend]
    number: int
    level: int

    def section(self) -> Markup | None:
        """All of them; None where nothing fails."""
        groups = grouped(self.run)
        if not groups:
            return None
        number = sum(len(group.failures) for group in groups)
        return el("div", el(f"h{self.level}", f"What fails ({number})"), *map(self._group, groups), class_="failures")

    def _group(self, group: Group) -> Markup:
        first, *others = group.failures
        return el(
            "section",
            el("p", f"{len(group.failures)} failures, probably of one cause: {group.shared}.", class_="cause")
            if group.shared
            else None,
            self._failure(first, first_of_group=True),
            *(self._failure(other, first_of_group=False) for other in others),
            self._blocked(group) if group.blocked else None,
            class_="group",
        )

    def _blocked(self, group: Group) -> Markup:
        reasons = facts.by_reason(group.blocked)
        return el(
            "details",
            el("summary", f"{facts.because(group.blocked)[:1].upper()}{facts.because(group.blocked)[1:]}"),
            *(
                el("p", el("span", reason, class_="quiet line"), *page.links(found))
                for reason, found in reasons.items()
            ),
            class_="blocked",
        )

    def _failure(self, requirement: Json, *, first_of_group: bool) -> Markup:
        sentences = wrong(requirement)
        heading = el(
            f"h{self.level + 1}",
            page.mark(requirement["verdict"]),
            " ",
            el("a", el("code", requirement["id"]), href=f"#{requirement['id']}"),
            el("span", f" {requirement['level']}", _since(self.trends.get(requirement["id"])), class_="quiet"),
        )
        said = el("p", *(join(" " if place else None, one) for place, one in enumerate(sentences)), class_="said")
        body = self._body(requirement, whole=first_of_group)
        content = (
            (heading, said, body)
            if first_of_group
            else (heading, said, el("details", el("summary", "Requests, rule, and how to try it again"), body))
        )
        return el("article", *content, id=anchor(requirement), class_="failure")

    def _body(self, requirement: Json, *, whole: bool) -> Markup:
        drifted, line = facts.aside(self.run.get("drift"), requirement), facts.again(self.run, requirement)
        rows: list[tuple[str, Markup | str | None]] = [
            ("Known", known(requirement)),
            ("Case", case_of(requirement)),
            ("Expected", requirement["expected"]),
            ("Difference", exchanges.difference(requirement)),
            ("Rule", self._rule(requirement)),
            ("Requests" if whole and requirement.get("steps") else "Request",
             exchanges.sequence(requirement, self.run["base_url"], whole=whole)),
            ("After it", requirement["after"]),
            ("Editions", facts.editions_apart(requirement)),
            ("Drift", drifted),
            ("Try again", join(
                exchanges.command(line, "Command that tries it again") if line else None,
                exchanges.curl(requirement["curl"]) if requirement["curl"] else None,
            )),
            ("Fails as well", _others(requirement)),
            ("Left out", requirement["left_out"]),
        ]  # fmt: skip
        return el("dl", *(join(el("dt", name), el("dd", value)) for name, value in rows if value), class_="details")

    def _rule(self, requirement: Json) -> Markup:
        stated = facts.stated_in(requirement)
        more = len(stated) - _QUOTES
        return join(
            el("p", page.prose(requirement["sentence"])),
            *(quoted.quotation(citation, self.number) for citation in stated[:_QUOTES]),
            el("p", f"and {more} more place{'s' * (more > 1)}", class_="quiet") if more > 0 else None,
        )


def _since(trend: Trend | None) -> str | None:
    """Since when it fails, for a failure that the run before had not or that has lasted."""
    if trend is None or len(trend.runs) < 2 or trend.since is None:
        return None
    new = trend.since == trend.runs[-1][0]
    return ", new in this run" if new else f", since {runs_before.moment(trend.since)}"


def _others(requirement: Json) -> Markup | None:
    """A failing case of each other class: a line and its file."""
    cases, said = requirement["failing"]["others"], facts.failing(requirement)
    if not cases:
        return join(said) if said else None
    items = (
        el(
            "li",
            cut(facts.other(case), _OTHER),
            el("code", PurePosixPath(case["replay"]).name, class_="line quiet") if case["replay"] else None,
        )
        for case in cases[:_MOST_OTHERS]
    )
    more = len(cases) - _MOST_OTHERS
    kept = any(case["replay"] for case in cases)
    return el(
        "details",
        el("summary", said or f"{len(cases)} more"),
        el("ul", *items, class_="plain others"),
        el("p", f"and {more} more: see conformance.json", class_="quiet") if more > 0 else None,
        el("p", "Each is in a file of the folder replay beside this page: rename-tck replay takes its path.",
           class_="quiet") if kept else None,
    )  # fmt: skip
