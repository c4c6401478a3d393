"""What a requirement's row on the HTML page opens to: why, what was sent, where it is stated, since when."""

from __future__ import annotations

from rename_tck.reports import facts, page, quoted
from rename_tck.reports.markup import Markup, el, join, text
from rename_tck.results.history import Trend, moment
from rename_tck.results.record import Json

#: How many runs a strip shows.
_SHOWN_RUNS = 30


def details(requirement: Json, number: int, trend: Trend | None = None) -> list[Markup]:
    """The rows that a requirement of the HTML page opens to; `number` is the run's."""
    failed = requirement["verdict"] == "fail"
    rows: list[tuple[str, Markup | str | None]] = [
        ("Failure", el("a", facts.finding(requirement), href=f"#fail:{requirement['id']}") if failed else None),
        ("Reason", page.reason(requirement["reason"]) if requirement["reason"] else None),
        ("Because of", el("a", el("code", cause), href=f"#{cause}") if (cause := requirement["cause"]) else None),
        ("Known", known(requirement)),
        ("Trend", join(strip(trend), el("p", trend.sentence)) if trend else None),
        ("Editions", facts.editions_apart(requirement)),
        ("Sent", facts.evidence(requirement)),
        ("Stated in", quoted.places(requirement["citations"], number)),
        ("Tests", None if requirement["verdict"] == "pass" else _tests(requirement["tests"])),
    ]
    return [join(el("dt", name), el("dd", value)) for name, value in rows if value]


def _tests(tests: list[str]) -> Markup | None:
    """The functions that judge it, each once: a test has a row for each requirement and edition."""
    names = dict.fromkeys(test.rpartition("::")[2].partition("[")[0] for test in tests)
    return el("code", ", ".join(names)) if names else None


def known(requirement: Json) -> Markup | None:
    """Why a failure is known and until when, with the link to where that is followed up."""
    said, entry = facts.known(requirement), requirement.get("known")
    if said is None or entry is None:
        return None
    if not entry["link"]:
        return text(said)
    link = el("a", entry["link"], href=entry["link"], rel="noreferrer")
    return join(said.removesuffix(f"({entry['link']})"), link)


def strip(trend: Trend) -> Markup:
    """The last runs as one small mark each, oldest first; the words are in the page besides."""
    shown = trend.runs[-_SHOWN_RUNS:]
    marks = (el("i", title=f"{moment(start)}: {verdict}", data_verdict=verdict) for start, verdict in shown)
    latest = f"{len(trend.failed)} of {len(trend.runs)} runs failed it"
    return el("span", *marks, class_="strip", role="img", aria_label=latest)
