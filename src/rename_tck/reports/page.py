"""What every HTML page of the suite is made of: no network, no server's text as markup, no script but its own."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from rename_tck.reports import facts
from rename_tck.reports.markup import Markup, el, join, text
from rename_tck.results.record import Json


def document(title: str, *body: Markup | None) -> str:
    """A whole page with that title; the body's parts one after the other."""
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
        el("title", f"{title} \u2013 rename-tck"),
        el("style", Markup(style)),
        el("script", Markup(script)),
    )
    return f"<!doctype html>\n{el('html', head, el('body', *body), lang='en')}\n"


@cache
def _asset(name: str) -> str:
    return files("rename_tck.reports").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def time(instant: str) -> Markup:
    """A moment of the record, to the second."""
    return el("time", f"{instant[:10]} {instant[11:19]} UTC", datetime=instant)


def verdict(word: str) -> Markup:
    """A verdict in its colour."""
    return el("span", word, class_="verdict", data_verdict=word)


def target(run: Json) -> Markup:
    """Where the system under test was, and whether it is one of the suite's own."""
    return join(
        el("code", run["base_url"] or "no address"), f" ({run['target']})" if run["target"] != "target" else None
    )


def fraction(counts: Json) -> str:
    """How many of a level passed, with the denominator, and what became of the others."""
    if not sum(counts.values()):
        return "none"
    rest = facts.remainder(counts)
    return facts.fraction(counts) + (f"; {rest}" if rest else "")


def prose(sentence: str) -> Markup:
    """A sentence of the catalogue: what stands between backticks is code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return text(sentence)
    return join(*(el("code", part) if place % 2 else text(part) for place, part in enumerate(parts)))


def reason(sentence: str) -> Markup:
    """A sentence of the record in which no option is broken at its hyphens."""
    parts = re.split(r"(--[a-z][a-z-]*)", sentence)
    return join(*(el("span", part, class_="option") if place % 2 else part for place, part in enumerate(parts)))


def table(columns: Iterable[str], rows: Iterable[Markup], kind: str, caption: str) -> Markup:
    """A table with a heading for each column; `caption` is for those who do not see the page."""
    return el(
        "table",
        el("caption", caption, class_="away"),
        el("thead", el("tr", *(el("th", name, scope="col") for name in columns))),
        el("tbody", *rows),
        class_=kind,
    )


def toolbar(choices: Iterable[tuple[str, int]]) -> Markup:
    """The bar that filters rows by one of the choices (the first is chosen, and shows all), and by words."""
    radios = [
        el(
            "label",
            el("input", type="radio", name="show", value=name, checked=not place),
            el("span", f"{name} ", el("span", str(count), class_="count")),
        )
        for place, (name, count) in enumerate(choices)
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
        class_="toolbar",
        aria_label="Filter the requirements",
    )


def row(
    name: str,
    *,
    worst: str,
    cells: Iterable[Markup],
    detail: Markup,
    sentence: str | None = None,
    kinds: Sequence[str] = (),
) -> Markup:
    """A requirement that opens; the script makes its button say so, for without one every row is open.

    `worst` is the verdict that tints it, `kinds` the toolbar's choices that show it besides `all`, where that is not
    this verdict alone. Its `sentence` is read without opening it.
    """
    columns = list(cells)
    line = el(
        "tr",
        el(
            "th",
            el("button", name),
            el("span", prose(sentence), class_="sentence") if sentence else None,
            scope="row",
        ),
        *columns,
        class_="row",
    )
    return el(
        "tbody",
        line,
        el("tr", el("td", detail, colspan=1 + len(columns)), class_="more"),
        id=name,
        class_="req",
        data_verdict=worst,
        data_show="|".join(kinds) if kinds else None,
    )


def mark(verdict: str) -> Markup:
    """A verdict as a sign of its own shape and colour; the word is there for those who listen, or search."""
    return el("i", verdict, class_="mark", data_verdict=verdict)


def marks(requirements: Iterable[Json], targets: Callable[[Json], str]) -> Markup:
    """One mark a requirement, each a link to where `targets` says."""
    links = (
        el("a", href=f"#{targets(one)}", data_verdict=one["verdict"], aria_label=f"{one['id']}: {one['verdict']}")
        for one in requirements
    )
    return el("nav", *links, class_="marks", aria_label="Every requirement at a glance")


def legend(counts: Mapping[str, int]) -> Markup:
    """What the marks mean, and how many there are of each."""
    found = ((name, count) for name, count in counts.items() if count)
    return el("p", *(el("span", f"{count} {name}", data_verdict=name) for name, count in found), class_="signs")


def links(requirements: Iterable[Json]) -> list[Markup]:
    """Requirements by their ids, each a link to its row."""
    return [
        join(", " if place else None, el("a", el("code", one["id"]), href=f"#{one['id']}"))
        for place, one in enumerate(requirements)
    ]


def breakable(name: str) -> Markup:
    """A name that may be broken behind a separator, and nowhere else."""
    parts = re.split(r"(?<=[/\\._:-])", name)
    return join(*(join(el("wbr") if place else None, part) for place, part in enumerate(parts)))


def none_left() -> Markup:
    """What stands in a table's place when the filter leaves none of its rows."""
    return el("p", "No requirement of this run matches.", class_="none quiet", hidden=True)
