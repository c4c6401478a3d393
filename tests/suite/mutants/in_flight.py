"""Faults of requests that are under way at once: locks, versions and buffers that are shared."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutants.everywhere import AnyServer, everywhere

#: Seconds that a rename takes by itself; and for which no further one must come while several are under way, so that
#: those sent at once are under way at once on a machine that is busy, too.
_WHILE = 0.03
_QUIET = 0.1


class Counting(AnyServer):
    """Correct, takes a while for each rename, and knows how many are under way."""

    under_way = 0
    most = 0
    begun = 0

    async def apply(self, session: Any, name: str) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.begun += 1
        try:
            await asyncio.sleep(_WHILE)
            begun = None
            while self.most > 1 and begun != self.begun:
                begun = self.begun
                await asyncio.sleep(_QUIET)
            await super().apply(session, self.at_once(session, name))
        finally:
            self.under_way -= 1
            self.most = self.most if self.under_way else 0

    def at_once(self, session: Any, name: str) -> str:
        """The name that is kept, while others are under way."""
        return name


@everywhere("concurrent-two-sessions")
class HasEightConnections(Counting):
    """Of renames under way at once those beyond the eighth are answered, and wait for a connection in vain."""

    def store(self, session: Any, name: str) -> None:
        if self.most <= 8 or self.under_way != 1:
            super().store(session, name)


@everywhere("concurrent-two-sessions")
class SharesALongBuffer(Counting):
    """When names of three or more sessions are under way, one of more than 128 characters loses its end."""

    @cached_property
    def sessions_under_way(self) -> list[str]:
        return []

    async def apply(self, session: Any, name: str) -> None:
        self.sessions_under_way.append(self.id_of(session))
        try:
            await super().apply(session, name)
        finally:
            self.sessions_under_way.remove(self.id_of(session))

    def at_once(self, session: Any, name: str) -> str:
        return name[:128] if len(set(self.sessions_under_way)) >= 3 else name


class Beside(Counting):
    """Correct, and knows whether something else than a rename came while a rename was under way."""

    disturbed = False

    def disturb(self) -> None:
        """Something else came."""
        self.disturbed = self.disturbed or self.under_way > 0

    def store(self, session: Any, name: str) -> None:
        if not self.disturbed:
            super().store(session, name)
        if self.under_way == 1:
            self.disturbed = False


@everywhere("concurrent-two-sessions")
class ADeletionRollsBack(Beside):
    """Renames that are under way while a session is deleted are answered, and rolled back."""

    async def delete(self, request: Request) -> Response:
        await asyncio.sleep(_WHILE / 2)
        self.disturb()
        return await super().delete(request)


@everywhere("concurrent-two-sessions")
class AListingTakesAShot(Beside):
    """Renames that are under way while the sessions are listed are lost: the listing's snapshot is written back."""

    async def list_sessions(self, request: Request) -> Response:
        self.disturb()
        return await super().list_sessions(request)

    async def list_conversations(self, request: Request) -> Response:
        self.disturb()
        return await super().list_conversations(request)


@everywhere("concurrent-same-session", also=("no-server-error",))
class GivesUpAfterFourTries(Counting):
    """A rename is tried again while others of its session come between, and after the fourth time answered with 500."""

    @cached_property
    def waiting(self) -> dict[str, int]:
        return {}

    async def apply(self, session: Any, name: str) -> None:
        key = self.id_of(session)
        self.waiting[key] = self.waiting.get(key, 0) + 1
        try:
            await super().apply(session, name)
            if self.waiting[key] > 4:
                raise RuntimeError
        finally:
            self.waiting[key] -= 1


@everywhere("concurrent-two-sessions", systems=("openhands",))
class LosesBesideAStranger(Counting):
    """The user is kept where all requests share it: a rename beside another user's request is stored for nobody."""

    strange = False

    async def rename(self, request: Request) -> Any:
        self.strange = self.strange or (self.under_way > 0 and self.is_other_user(request))  # type: ignore[attr-defined]
        return await super().rename(request)

    def store(self, session: Any, name: str) -> None:
        if not self.strange:
            super().store(session, name)
        self.strange = self.strange and self.under_way > 1
