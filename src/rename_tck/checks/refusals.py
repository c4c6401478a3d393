"""Refusals that must have changed nothing: many are sent, and then the session is read once.

Where it has another name then, each is sent again by itself, to see which of them does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from rename_tck.client.exchange import Exchange, Request
from rename_tck.systems.dialect import Session

#: In place of a name that could not be read, and of that of a session that is not there.
UNSEEN, GONE = object(), object()

#: Refusals of a session after which it is read at the latest.
MOST = 12


@dataclass(frozen=True)
class Refusal:
    """A refused request to a session, and the case that it was sent for."""

    case: str
    exchange: Exchange
    #: The keys of the case in its law.
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changed:
    """A refusal after which a session bore another name than before, or was not there any more."""

    session: Session
    #: Where the session is gone, the last of all that were sent since it was read: each of them may have done it.
    refusal: Refusal
    before: object
    after: object
    earlier: tuple[Refusal, ...] = ()


@dataclass
class _Pending:
    session: Session
    #: The name that the session bears while nothing but refused requests is sent to it.
    name: object
    #: Whether that was not read, but taken for granted after a rename that was accepted.
    granted: bool = False
    refusals: list[Refusal] = field(default_factory=list)


class Refusals:
    """The refusals of one test after which their session was not read yet."""

    def __init__(
        self,
        name_of: Callable[[Session], object],
        rename: Callable[[Session], object],
        send: Callable[[Request], Exchange],
    ) -> None:
        #: Reads a name, or gives `UNSEEN` or `GONE`; renames a session and gives its new name, or `UNSEEN`; sends a
        #: request.
        self._name_of, self._rename, self._send = name_of, rename, send
        self._pending: dict[str, _Pending] = {}

    def expected(self, session: Session) -> object:
        """The name that a session bears if none of its refusals has changed it; `UNSEEN` where none is pending."""
        found = self._pending.get(session.id)
        return UNSEEN if found is None else found.name

    def add(self, session: Session, name: object, refusal: Refusal, *, granted: bool = False) -> Iterator[Changed]:
        """Keep a refusal; those that changed the name, once it is time to read the session.

        `granted` says that the name was not read before the refusal, and may never have been stored.
        """
        pending = self._pending.setdefault(session.id, _Pending(session, name, granted))
        pending.refusals.append(refusal)
        if len(pending.refusals) >= MOST:
            yield from self.settle(session)

    def forget(self, session: Session) -> None:
        """Leave out the refusals of a session whose name has been changed by something else."""
        self._pending.pop(session.id, None)

    def settle(self, session: Session | None = None) -> Iterator[Changed]:
        """Read the session, or every one, and find the refusals that changed its name."""
        for name in list(self._pending) if session is None else [session.id]:
            if (pending := self._pending.pop(name, None)) is not None:
                yield from self._changed(pending)

    def _changed(self, pending: _Pending) -> Iterator[Changed]:
        after = self._name_of(pending.session)
        if after is UNSEEN or after == pending.name:
            return
        if after is GONE or (len(pending.refusals) == 1 and not pending.granted):
            *earlier, last = pending.refusals
            yield Changed(pending.session, last, pending.name, after, tuple(earlier))
            return
        for refusal in pending.refusals:
            before = self._rename(pending.session)
            if before is UNSEEN:
                return
            again = self._send(refusal.exchange.request)
            after = self._name_of(pending.session)
            if again.status == refusal.exchange.status and after not in (before, UNSEEN):
                yield Changed(pending.session, replace(refusal, exchange=again), before, after)
