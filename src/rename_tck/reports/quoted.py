"""The places of the documents that requirements rest on: each quoted once, and linked from wherever it is cited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rename_tck.reports import facts
from rename_tck.reports.markup import Markup, el, join
from rename_tck.results.record import Json


def anchor(number: int, citation: Json) -> str:
    """The id of a cited line on the page; `number` is the run's."""
    return f"{number}:{citation['edition']}:{citation['line']}"


def quotation(citation: Json, number: int) -> Markup:
    """The words of a citation, and where they stand."""
    place, words, edition = facts.cited(citation)
    language = edition if edition and not edition[0].isdigit() else None
    where: Markup = el("code", place)
    if edition:
        where = el("a", where, href=f"#{anchor(number, citation)}")
    return el(
        "figure",
        el("blockquote", words, lang=language, class_="quote" if edition else None),
        el("figcaption", where, f" (edition {edition})" if edition else None),
    )


def places(citations: Iterable[Json], number: int) -> Markup:
    """Where a requirement is stated: edition and lines, each a link to its quotation; a standard in its words."""
    parts: list[Markup] = []
    for found in _by_file(citations).values():
        links = [
            join(", " if place else " ", el("a", str(one["line"]), href=f"#{anchor(number, one)}"))
            for place, one in enumerate({one["line"]: one for one in found}.values())
        ]
        lines = "line" if len(links) == 1 else "lines"
        parts.append(join("; " if parts else None, f"{found[0]['edition']} {lines}", *links))
    standards = (one for one in citations if "source" in one)
    return join(*parts, *(el("span", f"{one['source']}: {one['text']}", class_="line") for one in standards))


def documents(run: Json, number: int, heading: str) -> Markup | None:
    """Each document with the lines that are cited of it; folded, a link to a line opens it."""
    cited = [citation for requirement in run["requirements"] for citation in requirement["citations"]]
    files = _by_file(cited)
    if not files:
        return None
    return join(
        el(heading, "Lines of the documents"),
        *(
            el(
                "details",
                el("summary", el("code", name), f" (edition {found[0]['edition']})"),
                el("dl", *_lines(found, number), class_="quoted"),
            )
            for name, found in files.items()
        ),
    )


def _by_file(citations: Iterable[Json]) -> dict[str, list[Json]]:
    files: dict[str, list[Json]] = {}
    for citation in citations:
        if "file" in citation:
            files.setdefault(citation["file"], []).append(citation)
    return files


def _lines(found: list[Json], number: int) -> Iterator[Markup]:
    by_line: dict[int, list[Json]] = {}
    for citation in found:
        by_line.setdefault(citation["line"], []).append(citation)
    for line, here in sorted(by_line.items()):
        quotes = dict.fromkeys(one["quote"] for one in here)
        yield join(
            el("dt", str(line), id=anchor(number, here[0])), *(el("dd", quote, class_="quote") for quote in quotes)
        )
