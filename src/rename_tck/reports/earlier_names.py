"""Where a name comes from that a session has instead of the expected one, by the other requests of the failure."""

from __future__ import annotations

import itertools
import json
from urllib.parse import parse_qsl

from rename_tck.results.record import Json

#: The members that carry a session's name.
NAMES = ("name", "session_name", "title")


def earlier(requirement: Json, name: str) -> str | None:
    """Where a name comes from that came instead: a reading before the request, or an earlier request."""
    request = requirement["request"]
    if request is None or name == requirement["compared"]["expected"]:
        return None
    if name_in(parsed(request["body"])) == name:
        return "this request sent"
    if name in [value for _, value in parse_qsl(request["url"].partition("?")[2])]:
        return "stands in the query of this request"
    before, _ = _readings(requirement)
    if name in before:
        return "the session had before"
    for own, sent, status in reversed(_earlier_renames(requirement)):
        if sent == name:
            answered = "no answer" if status is None else f"status {status}"
            return f"an earlier rename of {'this' if own else 'another'} session sent ({answered})"
    return None


def rest_of_earlier(requirement: Json, expected: str, actual: str) -> str | None:
    """An earlier name of the session whose end stands behind the expected one: it was written over in part."""
    if requirement["request"] is None or not (expected and actual.startswith(expected) and actual != expected):
        return None
    before, _ = _readings(requirement)
    earlier_ones = [*before, *(sent for own, sent, _ in _earlier_renames(requirement) if own)]
    return next((name for name in reversed(earlier_ones) if name[len(expected) :] == actual[len(expected) :]), None)


def _earlier_renames(requirement: Json) -> list[tuple[bool, str, int | None]]:
    """The renames before the failing request: whether each is of the same session, the name it sent, its status."""
    request, found = requirement["request"], []
    for step in itertools.takewhile(lambda step: not step["fails"], requirement.get("steps") or ()):
        name = name_in(parsed(step["body"]))
        if step["method"] == request["method"] and name is not None:
            own = step["url"].partition("?")[0] == request["url"].partition("?")[0]
            found.append((own, name, step["status"]))
    return found


def had_before(requirement: Json, expected: str, actual: str) -> bool:
    """Whether a session was read with this name at first, and then with the one that was expected."""
    names: dict[str, list[str | None]] = {}
    for step in requirement.get("steps") or ():
        if step["method"] == "GET":
            names.setdefault(step["url"], []).append(name_in(parsed(step["answer"])))
    return any(found[0] == actual and expected in found for found in names.values())


def read_afterwards(requirement: Json, compared: Json) -> str | None:
    """What the readings after the request show, of a failure that the answer alone shows."""
    _, after = _readings(requirement)
    if not requirement["case"].endswith(": the name in the answer") or not after:
        return None
    if after[0] == compared["expected"]:
        return "Read afterwards, the session has the new name: the answer alone is wrong."
    return "Read afterwards, the session has that name, too." if after[0] == compared["actual"] else None


def _readings(requirement: Json) -> tuple[list[str], list[str]]:
    """The names that the session of the failing request was read with, before that request and after it."""
    before: list[str] = []
    after: list[str] = []
    found, parts = before, requirement["request"]["url"].partition("?")[0].split("/")
    for step in requirement.get("steps") or ():
        if step["fails"]:
            found = after
        content = parsed(step["answer"]) if step["method"] == "GET" else None
        if isinstance(content, dict) and any(value in parts for value in content.values() if isinstance(value, str)):
            name = name_in(content)
            found += [] if name is None else [name]
    return before, after


def parsed(text: str | None) -> object:
    """A body as JSON; None where it is none."""
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def name_in(content: object) -> str | None:
    """The session's name in a body, a request's or an answer's; None where it has none."""
    if not isinstance(content, dict):
        return None
    return next((content[key] for key in NAMES if isinstance(content.get(key), str)), None)
