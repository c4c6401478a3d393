"""What a requirement's row on the HTML page opens to: reasons, quotes, evidence, and the failing exchange."""

from __future__ import annotations

import json
import re

from rename_tck.reports import facts
from rename_tck.reports.difference import compare
from rename_tck.reports.markup import Markup, el, join, text
from rename_tck.results.history import Trend, moment
from rename_tck.results.record import Json

#: How many runs a strip shows.
_SHOWN_RUNS = 30


def details(requirement: Json, trend: Trend | None = None) -> list[Markup]:
    """The rows that a requirement of the HTML page opens to: why, where it is stated, what failed, since when."""
    rows: list[tuple[str, Markup | str | None]] = [
        ("Reason", requirement["reason"]),
        ("Because of", el("a", el("code", cause), href=f"#{cause}") if (cause := requirement["cause"]) else None),
        ("Known", known(requirement)),
        ("Trend", join(strip(trend), el("p", trend.sentence)) if trend else None),
        ("Editions", facts.editions_apart(requirement)),
    ]
    if requirement["verdict"] == "fail":
        rows += _failure(requirement)
    rows += [
        ("Stated in", join(*map(_citation, _citations(requirement)))),
        ("Evidence", f"{facts.evidence(requirement)} (cases sent, cases that addressed a live session, refusals seen)"),
        ("Tests", join(*(el("code", test, class_="line") for test in requirement["tests"])) or "none"),
        ("Link", el("a", el("code", f"#{requirement['id']}"), href=f"#{requirement['id']}")),
    ]
    return [join(el("dt", name), el("dd", value)) for name, value in rows if value]


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


def _citations(requirement: Json) -> list[Json]:
    """Where it is stated; of a failure the words that are broken first."""
    if requirement["verdict"] == "fail":
        return facts.broken_words(requirement)
    cites: list[Json] = requirement["citations"]
    return cites


def _citation(citation: Json) -> Markup:
    place, words, edition = facts.cited(citation)
    language = edition if edition and not edition[0].isdigit() else None
    return el(
        "figure",
        el("blockquote", words, lang=language, class_="quote" if language or edition else None),
        el("figcaption", el("code", place), f" (edition {edition})" if edition else None),
    )


def _failure(requirement: Json) -> list[tuple[str, Markup | str | None]]:
    request, answer, curl = requirement["request"], requirement["answer"], requirement["curl"]
    return [
        ("Failing case", requirement["case"]),
        ("Classes", facts.failing(requirement)),
        ("Expected", requirement["expected"]),
        ("Compared", _compared(requirement["compared"])),
        ("Request", _request(request) if request else None),
        ("Answer", _answer(answer)),
        ("Send it again", _curl(curl) if curl else None),
        ("After it", requirement["after"]),
        ("Fails as well", _others(requirement["failing"]["others"])),
        ("Left out", requirement["left_out"]),
    ]


def _others(cases: list[Json]) -> Markup | None:
    """A failing case of each other class: a line, its curl, and how to send it again."""
    if not cases:
        return None
    items = (
        el(
            "li",
            facts.other(case),
            el("code", f"rename-tck replay {case['replay']} --base-url=\u2026", class_="line quiet")
            if case["replay"]
            else None,
            el("details", el("summary", "curl"), _curl(case["curl"])) if case["curl"] else None,
        )
        for case in cases
    )
    return join(
        el("ul", *items, class_="plain others"),
        el("p", "The files are in the folder of this report.", class_="quiet")
        if any(case["replay"] for case in cases)
        else None,
    )


def _compared(compared: Json | None) -> Markup | None:
    if compared is None:
        return None
    parts = compare(compared["expected"], compared["actual"])
    rows = (("expected", "del", parts.expected), ("actual", "ins", parts.actual))
    return join(
        *(
            el(
                "div",
                el("span", label, class_="label"),
                el("pre", parts.before, el(tag, own) if own else None, parts.after),
            )
            for label, tag, own in rows
        ),
        el("p", parts.sentence, class_="quiet"),
    )


def _message(first: str, headers: Json, body: str | None, label: str) -> Markup:
    lines = "\n".join(text(f"{name}: {headers[name]}") for name in sorted(headers))
    content = [el("b", first), "\n", Markup(lines)]
    if body is not None:
        content += ["\n\n" if headers else "\n", text(body, keep="\n\t") if body else el("i", "(an empty body)")]
    return el(
        "pre", *(part if isinstance(part, Markup) else Markup(part) for part in content), tabindex=0, aria_label=label
    )


def _request(request: Json) -> Markup:
    shown = _message(f"{request['method']} {request['url']}", request["headers"], request["body"], "Request")
    wire = request.get("wire")
    return join(shown, el("p", f"On the wire: {'; '.join(wire)}.")) if wire else shown


def _answer(answer: Json | None) -> Markup:
    if answer is None:
        return el("p", facts.status_line(answer))
    return _message(facts.status_line(answer), answer["headers"], answer["body"], "Answer")


def _curl(curl: str) -> Markup:
    """The command and a button that copies it, but for one that could act on the terminal it is pasted into."""
    code = el("pre", text(curl, keep="\n\t"), tabindex=0, aria_label="curl command")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", curl):
        return join(code, el("p", "It holds control characters: take it from conformance.json.", class_="quiet"))
    return join(
        code, el("button", "Copy", type="button", class_="copy", data_copy=json.dumps(curl), aria_live="polite")
    )
