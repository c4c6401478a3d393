"""What every HTML page of the suite is made of: no network, no server's text as markup, no script but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
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
        class_="toolbar page",
        aria_label="Filter the requirements",
    )


def row(
    name: str, sentence: str, *, kinds: Iterable[str], worst: str, cells: Iterable[Markup], detail: Markup
) -> Markup:
    """A requirement that opens: `kinds` are the toolbar's choices that show it, `worst` the verdict that tints it."""
    more, columns = f"{name}:more", list(cells)
    line = el(
        "tr",
        el(
            "th",
            el("button", name, type="button", aria_expanded="false", aria_controls=more),
            el("span", prose(sentence), class_="sentence"),
            scope="row",
        ),
        *columns,
        class_="row",
    )
    return el(
        "tbody",
        line,
        el("tr", el("td", detail, colspan=1 + len(columns)), id=more, class_="more"),
        id=name,
        class_="req",
        data_verdict=worst,
        data_show="|".join(kinds),
    )


def none_left() -> Markup:
    """What stands in a table's place when the filter leaves none of its rows."""
    return el("p", "No requirement of this run matches.", class_="none quiet", hidden=True)
