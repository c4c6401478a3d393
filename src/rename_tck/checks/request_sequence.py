"""The sequence of requests that a failure is part of: what made its session, what came before it, what came after."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, encode_json, segment
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
    pool = check.target.pool
    # the session that is wrong may be another one, which the reading or the words of the case name
    named = [one.id for one in [*pool.in_use, *pool.of_the_run] if len(one.id) >= 8 and one.id in failure.case]
    seen = [failure.seen[0]] if failure.seen else []
    ids = tuple(dict.fromkeys([*([addressed.id] if addressed else []), *named, *seen]))
    if not ids:
        return ()
    after = _after(entries[place + 1 :], ids, entries[place])
    steps = [
        *_before(entries[:place], ids),
        Step("the request that fails", exchange, ids, fails=True),
        *after,
    ]
    if failure.compared is not None and not any(_shows(step.exchange, failure.compared.actual) for step in after):
        steps += _revealing(entries[place + 1 :], ids, failure.compared.actual)
    creation = addressed.creation if addressed else None
    if creation is not None and all(step.exchange is not creation for step in steps):
        steps.insert(0, Step("make the session", creation, ids))
    return tuple(steps) if len(steps) > 1 else ()


def _before(entries: Sequence[Entry], ids: Sequence[str]) -> list[Step]:
    """What was sent last about these sessions before the failing request."""
    found: list[Step] = []
    for entry in reversed(entries):
        if len(found) == BEFORE:
            break
        step = Step(_words(entry, ids), entry.exchange, tuple(ids))
        if _is_about(entry, ids) and not (found and _shows_the_same(step, found[-1])):
            found.append(step)
    return found[::-1]


def _after(entries: Sequence[Entry], ids: Sequence[str], failing: Entry) -> list[Step]:
    """What was sent about these sessions after it, up to the next case or the second ordinary rename.

    The same request once more is part of it, and so is what the same case sends besides, to whichever session.
    """
    found: list[Step] = []
    controls = 0
    for entry in entries:
        if len(found) == AFTER:
            break
        of_the_case = bool(entry.case) and (entry.case, entry.requirement) == (failing.case, failing.requirement)
        if entry.purpose is Purpose.CLEANUP or not (_is_about(entry, ids) or of_the_case):
            continue
        again = entry.of_rename and entry.exchange.request.body == failing.exchange.request.body
        if entry.of_rename and not again and not (of_the_case and entry.purpose is Purpose.CASE):
            controls += 1
            if entry.purpose is not Purpose.CONTROL or controls > 1:
                break
        beside = "another request of the same case" if entry.purpose is Purpose.CASE else _words(entry, ids)
        # of a listing that shows several the one that is wrong
        step = Step("the same request once more" if again else beside, entry.exchange, tuple(ids[::-1]))
        if not (found and _shows_the_same(step, found[-1])):
            found.append(step)
    return found


def _revealing(entries: Sequence[Entry], ids: Sequence[str], actual: str) -> list[Step]:
    """The first reading after the failing request that shows the text which is wrong, where there is one."""
    readings = (entry for entry in entries if entry.exchange.request.method == "GET" and _is_about(entry, ids))
    found = next((entry for entry in readings if _shows(entry.exchange, actual)), None)
    return [] if found is None else [Step(_words(found, ids), found.exchange, tuple(ids[::-1]))]


def _shows(exchange: Exchange, text: str) -> bool:
    """Whether an answer has a text, in any of the spellings of JSON."""
    body = exchange.answer.body if exchange.answer is not None else b""
    spellings = {encode_json(text)[1:-1], json.dumps(text)[1:-1].encode()}
    return bool(text) and any(spelling in body for spelling in spellings)


def _shows_the_same(step: Step, other: Step) -> bool:
    """Whether two steps are readings with the same answer: one of them tells all."""
    return step.exchange.request.method == "GET" and _shown(step) == _shown(other)


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
    """What a request was for; the first of the ids is that of the session that the failing request addresses."""
    request = entry.exchange.request
    if request.method == "GET":
        read = next((name for name in ids if segment(name) in request.path.split("/")), None)
        return "list the sessions" if read is None else "read the session" if read == ids[0] else "read another session"
    if not entry.of_rename:
        return "prepare the session"
    if entry.purpose is Purpose.CONTROL:
        accepted = entry.exchange.answer is not None and entry.exchange.answer.status < 300
        return "an ordinary rename, to see whether the session works" if accepted else "a request beside it"
    if entry.purpose is Purpose.PREPARATION:
        return "an ordinary rename"
    return "a rename before it"
