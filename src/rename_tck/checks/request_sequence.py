"""The sequence of requests that a failure is part of: what made its session, what came before it, what came after."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, segment
from rename_tck.client.journal import Entry, Purpose
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.results.steps import Step

#: How many requests are shown at most of those before a failing one, and of those after it.
BEFORE, AFTER = 3, 4


def sequence(check: CheckContext, failure: Nonconformance) -> tuple[Step, ...]:
    """The steps of a failure in the order in which they were sent; empty where its request alone tells all."""
    entries, exchange = check.target.client.journal.since(), failure.exchange
    place = next((index for index, entry in enumerate(entries) if entry.exchange is exchange), None)
    if exchange is None or place is None:
        return ()
    addressed = check.target.session_of(exchange.request.path, in_use=False)
    ids = tuple(dict.fromkeys([*([addressed.id] if addressed else []), *([failure.seen[0]] if failure.seen else [])]))
    if not ids:
        return ()
    steps = [
        *_before(entries[:place], ids),
        Step("the request that fails", exchange, ids, fails=True),
        *_after(entries[place + 1 :], ids, exchange),
    ]
    creation = addressed.creation if addressed else None
    if creation is not None and all(step.exchange is not creation for step in steps):
        steps.insert(0, Step("make the session", creation, ids))
    return tuple(steps) if len(steps) > 1 else ()


def _before(entries: Sequence[Entry], ids: Sequence[str]) -> list[Step]:
    """What was sent last about these sessions before the failing request."""
    about = (entry for entry in reversed(entries) if _is_about(entry, ids))
    found = [Step(_words(entry, ids), entry.exchange, tuple(ids)) for entry in islice(about, BEFORE)]
    return _without_repeats(found[::-1])


def _after(entries: Sequence[Entry], ids: Sequence[str], failing: Exchange) -> list[Step]:
    """What was sent about these sessions after it, up to the next case or the second ordinary rename.

    The same request once more is part of it.
    """
    found: list[Step] = []
    controls = 0
    for entry in entries:
        if len(found) == AFTER:
            break
        if entry.purpose is Purpose.CLEANUP or not _is_about(entry, ids):
            continue
        if entry.of_rename and entry.exchange.request.body != failing.request.body:
            controls += 1
            if entry.purpose is not Purpose.CONTROL or controls > 1:
                break
        again = entry.of_rename and entry.exchange.request.body == failing.request.body
        what = "the same request once more" if again else _words(entry, ids)
        found.append(Step(what, entry.exchange, tuple(ids)))
    return _without_repeats(found)


def _without_repeats(steps: list[Step]) -> list[Step]:
    """The steps without readings that show what the one before them shows."""
    return [
        step
        for place, step in enumerate(steps)
        if not place or step.exchange.request.method != "GET" or _shown(step) != _shown(steps[place - 1])
    ]


def _shown(step: Step) -> tuple[object, ...]:
    answer = step.exchange.answer
    return step.exchange.request, None if answer is None else (answer.status, answer.body)


def _is_about(entry: Entry, ids: Sequence[str]) -> bool:
    """Whether a request addresses one of the sessions, or reads what its answer shows of one."""
    request, answer = entry.exchange.request, entry.exchange.answer
    parts = request.path.split("/")
    if any(segment(name) in parts for name in ids):
        return True
    return request.method == "GET" and answer is not None and any(name.encode() in answer.body for name in ids)


def _words(entry: Entry, ids: Sequence[str]) -> str:
    """What a request was for."""
    request = entry.exchange.request
    if request.method == "GET":
        addressed = any(segment(name) in request.path.split("/") for name in ids)
        return "read the session" if addressed else "list the sessions"
    if not entry.of_rename:
        return "prepare the session"
    if entry.purpose is Purpose.CONTROL:
        return "an ordinary rename, to see whether the session works"
    if entry.purpose is Purpose.PREPARATION:
        return "an ordinary rename"
    return "a rename before it"
