"""Requests and answers on a page: the sequence that a failure is part of, bodies decoded, what is wrong marked."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from rename_tck.reports import facts
from rename_tck.reports.bodies import is_spelled_oddly, members_apart, pretty, where
from rename_tck.reports.difference import compare
from rename_tck.reports.markup import Markup, el, join, text
from rename_tck.results.record import Json

#: A longer command is in the record only: nobody reads it, and it is most of a page.
_LONGEST_CURL = 4000

#: Members of two JSON values that are named.
_MEMBERS = 8

#: Lines that are always shown without scrolling.
_LINES = 15

#: What acts on the terminal that it is pasted into.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Wrong(NamedTuple):
    """A text that came where another one was expected."""

    expected: str
    actual: str

    @classmethod
    def of(cls, requirement: Json) -> Wrong | None:
        """That of a failing requirement; None where no two texts were compared."""
        compared = requirement["compared"]
        return None if compared is None else cls(compared["expected"], compared["actual"])


def sequence(requirement: Json, base_url: str | None, *, whole: bool) -> Markup | None:
    """The requests of a failure in order: each folded to a line but for the failing one, which is shown in full.

    Unless it is to be the `whole`, only the failing one.
    """
    steps = requirement.get("steps") if whole else None
    if not steps:
        return _failing(requirement)
    wrong = Wrong.of(requirement)
    items = (
        el("li", el("p", f"{step['for']}:"), _failing(requirement), class_="fails")
        if step["fails"]
        else el("li", _step(step, base_url, wrong))
        for step in steps
    )
    return el("ol", *items, class_="steps")


def _step(step: Json, base_url: str | None, wrong: Wrong | None) -> Markup:
    url = step["url"].removeprefix(base_url or "")
    came = "no answer" if step["status"] is None else f"{step['status']}, {step['elapsed_ms']} ms"
    sent, answer = step["body"], step["answer"]
    return el(
        "details",
        el(
            "summary", f"{step['for']}: ", el("code", f"{step['method']} {url}"), el("span", f" {came}", class_="quiet")
        ),
        _block(_body(sent), "Body of the request") if sent else None,
        _block(_body(answer, wrong), "Answer") if answer else None,
    )


def _failing(requirement: Json) -> Markup | None:
    request, answer = requirement["request"], requirement["answer"]
    if request is None and answer is None:
        return None
    return join(
        request_of(request) if request else None,
        _message(facts.status_line(answer), answer["headers"], answer["body"], "Answer", Wrong.of(requirement))
        if answer
        else el("p", facts.status_line(None)),
    )


def request_of(request: Json) -> Markup:
    """A request as it was sent, its body decoded."""
    body, wire = request["body"], request.get("wire")
    odd = body if body and is_spelled_oddly(body) else None
    return join(
        _message(f"{request['method']} {request['url']}", request["headers"], body, "Request"),
        el(
            "details",
            el("summary", "The body as it was sent"),
            _block(text(odd, keep="\n\t"), "The body as it was sent"),
        )
        if odd
        else None,
        el("p", f"On the wire: {'; '.join(wire)}.") if wire else None,
    )


def _message(first: str, headers: Json, body: str | None, label: str, wrong: Wrong | None = None) -> Markup:
    """A request or an answer as HTTP has it: the first line, the headers, the body."""
    lines = [el("b", first), *(text(f"{name}: {headers[name]}") for name in sorted(headers))]
    parts: list[str] = [Markup("\n".join(lines))]
    if body is not None:
        parts += ["\n\n" if headers else "\n", _body(body, wrong) if body else el("i", "(an empty body)")]
    return _block(Markup("".join(parts)), label)


def _block(content: Markup, label: str) -> Markup:
    """A text as it stands. What may have to be scrolled can be reached by the keyboard, and says what it is."""
    scrolls = content.count("\n") > _LINES or len(content) > 80 * _LINES
    return el("pre", content, tabindex=0 if scrolls else None, role="region" if scrolls else None,
              aria_label=label if scrolls else None)  # fmt: skip


def _body(body: str, wrong: Wrong | None = None) -> Markup:
    """A body, decoded and indented where it is JSON, as it came where it is not; the value that is wrong is marked."""
    parts = pretty(body)
    if parts is None:
        return text(body, keep="\n\t")
    marked = set(where(body, wrong.actual)) if wrong is not None and wrong.actual != wrong.expected else set()
    return Markup("".join(
        _marked(wrong) if wrong is not None and path and path in marked else text(part, keep="\n")
        for part, path in parts
    ))  # fmt: skip


def _marked(wrong: Wrong) -> Markup:
    """The value that is wrong, as JSON, its own characters marked."""
    parts = compare(wrong.expected, wrong.actual)
    # where something is missing the whole is marked: of nothing there is nothing to be seen
    pieces = (parts.before, parts.actual, parts.after) if parts.actual else ("", wrong.actual, "")
    before, own, after = (text(json.dumps(piece, ensure_ascii=False)[1:-1]) for piece in pieces)
    return join('"', before, el("ins", own), after, '"')


def difference(requirement: Json) -> Markup | None:
    """What was expected above what came, marked by character; of JSON the members that differ, by their paths."""
    wrong = Wrong.of(requirement)
    if wrong is None:
        return None
    apart = members_apart(*wrong)
    if apart:
        more = el("li", f"and {len(apart) - _MEMBERS} more members") if len(apart) > _MEMBERS else None
        return el("ul", *(_member(*one) for one in apart[:_MEMBERS]), more, class_="plain")
    parts = compare(*wrong)
    rows = (("expected", "del", parts.expected), ("came", "ins", parts.actual))
    answer = requirement["answer"]
    paths = where(answer["body"], wrong.actual) if answer and wrong.actual else []
    place = el("span", " In the answer it is the member ", *_codes(paths[:3]), ".") if paths else None
    return join(
        el("dl", *(_line(label, tag, parts.before, own, parts.after) for label, tag, own in rows), class_="compared"),
        el("p", parts.sentence, place, class_="quiet"),
    )


def _line(label: str, tag: str, before: str, own: str, after: str) -> Markup:
    return join(el("dt", label), el("dd", el("pre", before, el(tag, own) if own else None, after)))


def _member(path: str, expected: str, actual: str) -> Markup:
    return el(
        "li", "member ", el("code", path), ": expected ", el("del", el("code", expected)), ", came ",
        el("ins", el("code", actual)),
    )  # fmt: skip


def _codes(names: list[str]) -> list[Markup]:
    return [join(" or " if place else None, el("code", name)) for place, name in enumerate(names)]


def command(line: str, label: str) -> Markup:
    """A command and a button that copies it, but for one that could act on the terminal that it is pasted into."""
    shown = text(line, keep="\n\t")
    code = _block(shown, label)
    if _CONTROLS.search(line):
        return join(code, el("p", "It holds control characters: take it from conformance.json.", class_="quiet"))
    # what is shown can be copied as it is, unless a hidden character is shown by its name
    hidden = json.dumps(line) if 'class="hid"' in shown else True
    return el("div", code, el("button", "Copy", type="button", data_copy=hidden), class_="command")


def curl(line: str) -> Markup:
    """The curl of a case; one that is very long is in the record."""
    if len(line) > _LONGEST_CURL:
        return el("p", f"The curl command has {len(line):,} characters: it is in conformance.json.", class_="quiet")
    return el("details", el("summary", "curl"), command(line, "curl command"))
