"""When a target stops working in the middle of a run: since which request, and whether it was that request that did it.

A failure that follows stands only where a request of the run brought it about; else the run could not judge. The rule:

- The target worked until the last request that was answered as it should be. Where sessions can still be read, only
  answers of the operation under test count for that; where nothing works, every answer does. A 5xx is no such answer,
  nor is a refusal of an ordinary rename or of the right key; any other refusal is.
- An ordinary rename, to a name as plain as the run's own, breaks nothing that those before it have not broken. Any
  other request since the last ordinary rename that went well is a suspect, whatever it was sent for, unless one of its
  kind had been sent before. The doer is the last suspect that was answered well before the first request that was not;
  where there is none, that first request itself, where it is a suspect, too, and was not answered 502, 503 or 504.
- It is red only where ordinary renames are broken and the rest is not: sessions can still be read, and made.
- A target that answers ordinary renames with 502, 503 or 504, or not at all, says that it is not available: an outage,
  and the first request that met it a victim. One that refuses the right key has locked the run out. And one on which
  nothing works at all cannot be told from one whose database is gone. The run could not judge any of these, and says
  which request came last.
- Where the target works again after a moment, the case is tried once more (`every_case`): what stops it twice did it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rename_tck.cases import names
from rename_tck.checks.context import CheckContext
from rename_tck.checks.controls import Control
from rename_tck.checks.replay_case import replay_data
from rename_tck.client.exchange import Credential, Exchange, decoded, plain
from rename_tck.client.journal import Entry, Purpose
from rename_tck.client.waiting import PASSING
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import JSON_TYPE, members
from rename_tck.target.target import Stopped
from rename_tck.verdict import Aspect, NotTested, Unjudgeable

#: Statuses by which a target refuses the key, or whoever asks so much.
REFUSED = frozenset({401, 403, 429})

#: The right key, however its scheme is spelt.
_RIGHT = frozenset({Credential.GIVEN, Credential.LOWER_CASE_SCHEME, Credential.UPPER_CASE_SCHEME})

#: The class of what is answered with a 5xx after an odd request, and otherwise not.
AFTER_ANOTHER = "a request right after an odd one"

_HANDED_OVER = "what stopped the target"

#: The key of a case whose values are drawn: one of them is not of the kind of another.
_DRAWN = "drawn values"


@dataclass
class Account:
    """What is known of a target that has stopped working."""

    stopped: Stopped
    #: The first request that was not answered well.
    bad: Entry
    #: The request that did it, and what it is to be blamed for; None where nothing shows that one did.
    doer: Entry | None = None
    failure: Nonconformance | None = None


def account(check: CheckContext, own: Control, failing: Entry) -> Account:
    """What the journal tells of a target on which no ordinary rename works any more, though it did.

    `failing` is the exchange of the case that failed, and `own` the control after it.
    """
    reads = _still_reads(check, own)
    entries = _until_the_control(check, own)
    good, bad = _turn(check, [entry for entry in entries if _tells(check, entry, own, reads=reads)], failing)
    alike = [entry for entry in entries if _is_alike_in_sort(entry, own, reads=reads)]
    number = _none_is_well_since(check, alike, bad)
    good, bad = _turn_of_all(check, alike, number, good, bad)
    suspects = suspects_before(check, bad, good)
    doer = suspects[-1] if suspects else None
    if doer is None and bad.exchange.status not in PASSING and _is_suspect(check, bad):
        doer = bad
    sentence = f"It worked until request {good.number} of the run, which was {described(check, good)}; "
    sentence += f"since then an ordinary rename {own.what}"
    if doer is not None and own.status not in {0, *PASSING, *REFUSED} and reads and _still_makes(check, own):
        if doer is not good:
            sentence += f". Request {doer.number}, {described(check, doer)}, came between what worked and what does not"
        if len(suspects) > 1:
            sentence += f". It was the last of {len(suspects)} odd ones since the last ordinary rename that went well"
        stopped = Stopped(sentence, True, bad.number + (doer is bad))
        return Account(stopped, bad, doer, _failure(check, doer, own, sentence))
    return Account(Stopped(sentence + _doubt(check, own, good, doer), False, number), bad)


def _doubt(check: CheckContext, own: Control, good: Entry, doer: Entry | None) -> str:
    """What cannot be told of a target that has stopped, as the end of a sentence."""
    if own.status in REFUSED and is_after_wrong_keys(check):
        return ", after wrong keys of the run: it may lock out for a while whoever sends several of them"
    if doer is None or own.status in REFUSED:
        return ""
    which = "that request" if doer is good else f"request {doer.number}, {described(check, doer)},"
    return f". Whether {which} did it cannot be distinguished from an outage: start the target anew, and judge it again"


def since(check: CheckContext, own: Control, failing: Entry) -> int:
    """The number of the first rename that was not answered well, of those since the last that was."""
    told = [entry for entry in _until_the_control(check, own) if _tells(check, entry, own, reads=True)]
    return _none_is_well_since(check, told, _turn(check, told, failing)[1])


def suspects_before(check: CheckContext, bad: Entry, good: Entry) -> list[Entry]:
    """The requests before the first that failed, since the last ordinary rename that went well, that may have done it.

    `good` is the last request that shows that the target worked.
    """
    before = check.target.client.journal.since()[: bad.number - 1]
    ordinary = (one for one in reversed(before[: good.number]) if is_ordinary(check, one) and _is_well(check, one))
    last = next(ordinary, None)
    return [entry for entry in before[last.number if last is not None else 0 :] if _is_suspect(check, entry)]


def is_after_wrong_keys(check: CheckContext) -> bool:
    """Whether a request since the last ordinary rename that went well had another key than the right one."""
    for entry in reversed(check.target.client.journal.since()):
        if entry.of_rename and entry.exchange.request.credential is not Credential.GIVEN:
            return True
        if is_ordinary(check, entry) and _is_well(check, entry):
            return False
    return False


def _until_the_control(check: CheckContext, own: Control) -> list[Entry]:
    """What was sent up to the control; all of it where the control was accepted, and could not be read after that."""
    entries = check.target.client.journal.since()
    if own.broken is Aspect.READABLE:
        return entries
    return entries[: next((one.number for one in entries if one.exchange is own.exchange), None)]


def _tells(check: CheckContext, entry: Entry, own: Control, *, reads: bool) -> bool:
    """Whether an answer tells if what works no more did work then."""
    if check.off_route(entry.exchange):
        return False
    if own.broken is Aspect.READABLE:
        return not entry.of_rename and entry.purpose in {Purpose.READING, Purpose.CONTROL}
    if not entry.of_rename:
        return not reads
    session = check.target.session_at(entry.exchange.request.path)
    return session is None or session.kind == own.session.kind


def _turn(check: CheckContext, told: list[Entry], failing: Entry) -> tuple[Entry, Entry]:
    """The last request that was answered well, and the first after it that was not; `failing` where there is none."""
    position = next((at for at in reversed(range(len(told))) if _is_well(check, told[at])), -1)
    good = told[position] if position >= 0 else failing
    return good, told[position + 1] if position + 1 < len(told) else failing


def _turn_of_all(check: CheckContext, alike: list[Entry], number: int, good: Entry, bad: Entry) -> tuple[Entry, Entry]:
    """The turn where other types of session stopped with that of the control, and show it earlier."""
    if number == bad.number:
        return good, bad
    first = next(entry for entry in alike if entry.number == number)
    last = next((entry for entry in reversed(alike) if entry.number < number and _is_well(check, entry)), good)
    return max(good, last, key=lambda entry: entry.number), first


def _none_is_well_since(check: CheckContext, entries: list[Entry], bad: Entry) -> int:
    """The number of the first of these up to a bad one since which none was answered well, of whatever kind.

    What was answered while one that went well was in flight may have been answered after that one.
    """
    number, begun = bad.number, -math.inf
    for entry in reversed([one for one in entries if one.number < bad.number]):
        if entry.exchange.at <= begun:
            break
        if not _is_well(check, entry):
            number = entry.number
        elif entry.exchange.answer is not None:
            begun = max(begun, entry.exchange.at - entry.exchange.answer.elapsed)
    return number


def _is_alike_in_sort(entry: Entry, own: Control, *, reads: bool) -> bool:
    """Whether a request is a reading, where those work no more; a rename, where those alone do not; else any."""
    return not entry.of_rename if own.broken is Aspect.READABLE else entry.of_rename or not reads


def _is_well(check: CheckContext, entry: Entry) -> bool:
    """Whether a request was answered by something that works."""
    exchange = entry.exchange
    if exchange.answer is None or exchange.status >= 500:
        return False
    if is_ordinary(check, entry):
        return check.dialect.succeeded(exchange)
    return exchange.status not in REFUSED or exchange.request.credential not in _RIGHT


def _still_reads(check: CheckContext, own: Control) -> bool:
    """Whether a rename is still accepted, or a session can still be read."""
    if own.broken is not Aspect.ACCEPTED:
        return True
    try:
        return check.readable() and check.target.reader.read(own.session, Purpose.CONTROL) is not None
    except (NotTested, Unjudgeable):
        return False


def _still_makes(check: CheckContext, own: Control) -> bool:
    """Whether no session that was to be made since the control was not: a full disk takes no new ones, either."""
    entries = check.target.client.journal.since()
    since_then = [one for one in entries[len(_until_the_control(check, own)) :] if one.purpose is Purpose.PROVISIONING]
    return all(200 <= one.exchange.status < 300 for one in since_then if one.exchange.request.method != "GET")


def _failure(check: CheckContext, doer: Entry, own: Control, sentence: str) -> Nonconformance:
    """What a request is blamed for since which nothing works."""
    kind = " / ".join((*doer.case, "" if doer.purpose is Purpose.CASE else str(doer.purpose))).strip(" /")
    try:
        check.fail(
            f"a request since which an ordinary rename {own.what}: {described(check, doer)}",
            "ordinary renames to work after it as before it",
            doer.exchange,
            aspect=Aspect.OTHER,
            kind=kind or "what stops the target",
        )
    except Nonconformance as failure:
        failure.replay_data = replay_data(doer.case, doer.exchange, check.target, check.lot)
        failure.after = sentence
        return failure


def hand_over(check: CheckContext, failure: Nonconformance) -> None:
    """Keep what has stopped the target, for the requirement that looks back on every 5xx."""
    failure.replay_data = replay_data((), failure.exchange, check.target, check.lot)
    check.target.cache[_HANDED_OVER] = failure


def handed_over(check: CheckContext) -> Nonconformance | None:
    """What has stopped the target, where a test of another requirement has found it."""
    found = check.target.cache.get(_HANDED_OVER)
    return found if isinstance(found, Nonconformance) else None


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


def odd_before(check: CheckContext, exchange: Exchange) -> str | None:
    """The rename before an exchange, where it was no ordinary one, in a sentence; None: it was, or there is none.

    Nor is there one before a request that was in flight together with another.
    """
    renames = check.target.client.journal.renames()
    at = next((at for at, entry in enumerate(renames) if entry.exchange is exchange), 0)
    if at == 0 or exchange.answer is None or exchange.request in check.target.at_once:
        return None
    if is_ordinary(check, renames[at - 1]):
        return None
    if renames[at - 1].exchange.at > exchange.at - exchange.answer.elapsed:
        return None
    return f"the request before it was {described(check, renames[at - 1])}"


def described(check: CheckContext, entry: Entry) -> str:
    """A request of the run in a few words."""
    request = entry.exchange.request
    case = f" (case {' / '.join(entry.case)!r})" if entry.case else ""
    what = "a rename" if entry.purpose is Purpose.CASE else str(entry.purpose)
    purpose = f" of {entry.requirement}{case}" if entry.requirement else f" ({what})"
    name = check.dialect.name_asked(request) if entry.of_rename else None
    odd = isinstance(name, str) and not names.is_plain(name)
    named = f", with the name {check.excerpt(plain(name), 40)!r}" if odd else ""
    return f"{request.method} {check.excerpt(request.path, 80)}{purpose}{named}"


def _is_suspect(check: CheckContext, entry: Entry) -> bool:
    """Whether a request may have broken the target: it is no ordinary one, and the first of its kind."""
    if not entry.of_rename or entry.purpose is Purpose.CLEANUP or is_ordinary(check, entry):
        return False
    before = check.target.client.journal.since()[: entry.number - 1]
    return not any(one.of_rename and _is_alike(check, one, entry) for one in before)


def _is_alike(check: CheckContext, one: Entry, other: Entry) -> bool:
    """Whether two requests are of one kind: of the same case, or with the same body and key to sessions of the run."""
    cases = [(entry.requirement, entry.purpose, entry.case[-1:]) for entry in (one, other)]
    if one.case and cases[0] == cases[1] and not one.case[-1].startswith(_DRAWN):
        return True
    first, second = one.exchange.request, other.exchange.request
    if (first.body, first.credential) != (second.body, second.credential):
        return False
    return first.path == second.path or None not in map(check.target.session_at, (first.path, second.path))


def is_ordinary(check: CheckContext, entry: Entry) -> bool:
    """Whether a request is a rename to a plain name, with the right key and nothing that is not asked for."""
    request = entry.exchange.request
    session = check.target.session_at(request.path) if entry.of_rename else None
    if session is None or request.credential is not Credential.GIVEN or request.headers != JSON_TYPE:
        return False
    body, usual = members(decoded(request.body)), check.dialect.body(session, "")
    name = body.get(check.dialect.name_member)
    return (
        {**body, check.dialect.name_member: ""} == usual
        and request.query == check.dialect.query(session)
        and isinstance(name, str)
        and names.is_plain(name)
    )
