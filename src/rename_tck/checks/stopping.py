"""When a target stops working in the middle of a run: since which request, and whether it was that request that did it.

A failure that follows stands only where a request of the run brought it about; else the run could not judge.
"""

from __future__ import annotations

from rename_tck.cases import names
from rename_tck.checks.context import CheckContext
from rename_tck.checks.controls import Control
from rename_tck.client.exchange import Credential, decoded
from rename_tck.client.journal import Entry, Purpose
from rename_tck.systems.dialect import JSON_TYPE, members
from rename_tck.target.target import Stopped
from rename_tck.verdict import Aspect, Unjudgeable

#: What went well before must be no further back than so many requests, or nothing is known of the one in between.
_NEAR = 3


def stopped(check: CheckContext, own: Control, failing: Entry) -> Stopped:
    """What the journal tells of a target on which no ordinary rename works any more, though it did.

    `failing` is the exchange of the case that failed. That a request did it is shown only where the target still does
    something else: from one on which nothing works any more, an outage cannot be told.
    """
    entries = check.target.client.journal.since()[: failing.number]
    good = next((entry for entry in reversed(entries[:-1]) if _went_well(check, entry)), None)
    after = entries[good.number :] if good is not None else entries
    first = after[0] if after else failing
    # what was answered well may yet be what did it
    near = [entry for entry in (good, *after) if entry is not None and entry.of_rename]
    suspect = next((entry for entry in reversed(near) if _is_suspect(check, entry, entries)), None)
    if suspect is not None and failing.number - suspect.number <= _NEAR and _still_does_something(check, own):
        sentence = f"It worked until request {suspect.number} of the run, which was {described(check, suspect)}; "
        return Stopped(f"{sentence}since then an ordinary rename {own.what}", True, suspect.number + 1)
    sentence = f"It worked until request {first.number} of the run, which was {described(check, first)}; "
    sentence += f"since then an ordinary rename {own.what}"
    if suspect is not None:
        sentence += (
            f". Whether request {suspect.number}, {described(check, suspect)}, did it cannot be told from an outage: "
            "start the target anew, and judge it again"
        )
    return Stopped(sentence, False, first.number)


def since(check: CheckContext, failing: Entry) -> int:
    """The number of the first request, up to one that failed, since which nothing went well."""
    entries = check.target.client.journal.since()[: failing.number]
    good = next((entry for entry in reversed(entries[:-1]) if _went_well(check, entry)), None)
    return good.number + 1 if good is not None else 1


def _still_does_something(check: CheckContext, own: Control) -> bool:
    """Whether a rename is still accepted, or a session can still be read."""
    if own.broken is not Aspect.ACCEPTED:
        return True
    try:
        return check.readable() and check.target.reader.read(own.session, Purpose.CONTROL) is not None
    except Unjudgeable:
        return False


def last_odd(check: CheckContext, failing: Entry) -> str | None:
    """The last request with the path of a failing one, before it, that was no ordinary rename; None: there is none.

    What was accepted, and failed only when the session was read back, may itself be what did it.
    """
    last = failing.number - (not check.dialect.succeeded(failing.exchange))
    for entry in reversed(check.target.client.journal.since()[:last]):
        alike = entry.of_rename and entry.exchange.request.path == failing.exchange.request.path
        if alike and entry.purpose is Purpose.CASE and not is_ordinary(check, entry):
            return f"request {entry.number} of the run, {described(check, entry)}"
    return None


def described(check: CheckContext, entry: Entry) -> str:
    """A request of the run in a few words."""
    request = entry.exchange.request
    case = f" (case {' / '.join(entry.case)!r})" if entry.case else ""
    what = "an ordinary rename" if entry.purpose is Purpose.CASE else str(entry.purpose)
    purpose = f" of {entry.requirement}{case}" if entry.requirement else f" ({what})"
    return f"{request.method} {check.excerpt(request.path, 80)}{purpose}"


def _went_well(check: CheckContext, entry: Entry) -> bool:
    """Whether it shows that the target worked: a rename that was accepted, or a session that was read."""
    if entry.of_rename:
        return check.dialect.succeeded(entry.exchange)
    return entry.purpose is Purpose.READING and entry.exchange.status == 200


def _is_suspect(check: CheckContext, entry: Entry, before: list[Entry]) -> bool:
    """Whether a request may have broken the target: it is no ordinary one, and the first of its kind."""
    if entry.purpose is not Purpose.CASE or is_ordinary(check, entry):
        return False
    kind = entry.case[-1:]
    return not any(
        other.case[-1:] == kind or other.exchange.request.body == entry.exchange.request.body
        for other in before[: entry.number - 1]
        if other.of_rename and other.purpose is Purpose.CASE
    )


def is_ordinary(check: CheckContext, entry: Entry) -> bool:
    """Whether a request is a rename to a reasonable name and nothing else."""
    request = entry.exchange.request
    session = check.target.session_at(request.path)
    if session is None or request.credential is not Credential.GIVEN or request.headers != JSON_TYPE:
        return False
    body, plain = members(decoded(request.body)), check.dialect.body(session, "")
    name = body.get(check.dialect.name_member)
    return (
        {**body, check.dialect.name_member: ""} == plain
        and request.query == check.dialect.query(session)
        and isinstance(name, str)
        and names.is_plain(name)
    )
