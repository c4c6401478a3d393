"""Names that somebody else has given to a session of the run: they are made of nothing that the run has sent.

What a server makes of a name that was sent (cut, altered, emptied, the old one, another session's) is no such name,
however seldom it comes. Nor is any that comes again when the case is tried again, or that comes often.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, decoded, shown
from rename_tck.systems.dialect import Session, members

#: How often a run takes a name for somebody else's doing: what is more than that is the server's.
_MOST = 5

#: How much of a name, of 1, may be alike to the one that was sent; and letters of a word that the run has not sent.
_ALIKE, _WORD = 0.6, re.compile(r"[^\W\d_]{4,}")


def is_foreign(check: CheckContext, name: object, expected: object) -> bool:
    """Whether a name can be nothing that the server has made of one that the run has sent, or has seen before.

    `expected` is the one that should have been there.
    """
    if not isinstance(name, str) or not isinstance(expected, str):
        return False
    found, wanted, known = name.casefold(), expected.casefold(), _known(check)
    words = _WORD.findall(found)
    return (
        check.target.token.casefold() not in found
        and any(word not in known for word in words)
        and found not in wanted
        and not check.target.pool.others.bore(name)
        and SequenceMatcher(None, found, wanted, autojunk=False).ratio() < _ALIKE
    )


def is_others_doing(check: CheckContext, name: object, expected: object, case: str) -> bool:
    """Whether a name that did not come again is taken for somebody else's doing; then it is noted."""
    told: list[str] = check.target.cache.setdefault("names given by others", [])
    if not is_foreign(check, name, expected) or len(told) >= _MOST:
        return False
    told.append(case)
    check.target.pool.notes.append(
        f"{case}: a session of the run had the name {shown(name, check.redacted)}, which is made of nothing that the "
        "run has sent, and not when that was tried again: it is taken to have been renamed by others"
    )
    return True


def is_others_doing_beside(
    check: CheckContext, session: Session, exchange: Exchange, *, before: object, after: object, case: str
) -> bool:
    """Whether a name that a session bore after a refusal is somebody else's doing: the same refusal leaves it as it is.

    Raises as `CheckContext.prepare` and `name_of` do.
    """
    if not is_foreign(check, after, before):
        return False
    name = check.prepare(session)
    check.send_beside(exchange.request)
    return check.name_of(session) == name and is_others_doing(check, after, before, case)


def _known(check: CheckContext) -> str:
    """Every text that the run has sent, in renames or making a session, and what its sessions were called at first."""
    pool = check.target.pool
    made = [session.creation for session in pool.of_the_run if session.creation is not None]
    exchanges = [entry.exchange for entry in check.target.client.journal.renames()] + made
    texts = {name.casefold() for name in pool.reader.first_names.values()}
    for body in {exchange.request.body for exchange in exchanges}:
        if body is not None and len(body) < 100_000:
            texts.update(value.casefold() for value in members(decoded(body)).values() if isinstance(value, str))
    return "\n".join(texts)
