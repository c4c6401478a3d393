"""Faults that a server of any system may have: one class each, made into a mutant of every system that it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from harness import KEY, OTHER_MODE_KEY, OTHER_USER_KEY
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mutants import mutant
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.service import Refusal, Service
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems import NAMES

BASES: dict[str, type[Any]] = {"dify": DifyServer, "agno": AgnoServer, "openhands": OpenHandsServer}


def conforming(system: str) -> Any:
    """The embedded server of a system, with the keys of the tests."""
    app = BASES[system](KEY, OTHER_MODE_KEY) if system == "dify" else BASES[system](KEY)
    app.other_user_key = OTHER_USER_KEY
    return app


#: Where a session is shown.
ANSWER, READING, LISTING = "answer", "reading", "listing"

_NAME = {"dify": "name", "agno": "session_name", "openhands": "title"}
_ID = {"dify": "conversation_id", "agno": "session_id", "openhands": "conversation_id"}
_UPDATED = {"dify": "updated_at", "agno": "updated_at", "openhands": "last_updated_at"}


class AnyServer(Service):
    """Correct, and speaks of sessions and names whatever the system calls them.

    It stands before a system's own server, so that a fault can be written once.
    """

    system: ClassVar[str]

    # the steps of a request that the servers have in common

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _OUTLET.set(READING)  # a connection's next request may come with what was set for the one before it
        self._do_what_is_due()
        await super().__call__(scope, receive, send)

    async def rename(self, request: Request) -> Response:
        _RENAMING.set(request)
        try:
            answer: Response = await super().rename(request)  # type: ignore[misc]
        except Refusal as refusal:
            self.was_refused(request, refusal)
            raise
        return answer

    def was_refused(self, request: Request, refusal: Refusal) -> None:
        """A rename was refused."""

    async def delete(self, request: Request) -> Response:
        answer: Response = await super().delete(request)  # type: ignore[misc]
        self.was_deleted(request)
        return answer

    def was_deleted(self, request: Request) -> None:
        """A session was deleted."""

    async def list_sessions(self, request: Request) -> Response:
        _OUTLET.set(LISTING)
        answer: Response = await super().list_sessions(request)  # type: ignore[misc]
        return answer

    async def list_conversations(self, request: Request) -> Response:
        _OUTLET.set(LISTING)
        answer: Response = await super().list_conversations(request)  # type: ignore[misc]
        return answer

    async def read_body(self, request: Request) -> bytes:
        body = await super().read_body(request)
        return self.received(request, body) if request is _RENAMING.get(None) else body

    def received(self, request: Request, body: bytes) -> bytes:
        """The body of a rename, as it was received."""
        return body

    async def apply(self, session: Any, name: str) -> None:
        await super().apply(session, self.kept(session, name))  # type: ignore[misc]

    def kept(self, session: Any, name: str) -> str:
        """The name that is kept of the one sent."""
        return name

    def store(self, session: Any, name: str) -> None:
        super().store(session, name)  # type: ignore[misc]

    def render(self, session: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().render(session)  # type: ignore[misc]
        return self.shown(session, found, _OUTLET.get(READING))

    def render_item(self, session: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().render_item(session)  # type: ignore[misc]
        return self.shown(session, found, LISTING) if _OUTLET.get(READING) == LISTING else found

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        """What an outlet shows of a session."""
        return found

    def answer_renamed(self, session: Any) -> Response:
        _OUTLET.set(ANSWER)
        answer: Response = super().answer_renamed(session)  # type: ignore[misc]
        return answer

    # time

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something when so much time is over, before the next request."""
        self.due.append((self.now() + timedelta(seconds=seconds), do))

    @cached_property
    def due(self) -> list[tuple[datetime, Callable[[], None]]]:
        """What is to be done, and when."""
        return []

    def _do_what_is_due(self) -> None:
        for when, do in list(self.due):
            if self.now() >= when:
                self.due.remove((when, do))
                do()

    # what they call differently

    @property
    def known(self) -> dict[Any, Any]:
        """The sessions."""
        found: dict[Any, Any] = self.sessions if self.system == "agno" else self.conversations  # type: ignore[attr-defined]
        return found

    @property
    def renaming(self) -> Request:
        """The rename that is being handled."""
        return _RENAMING.get()

    def asked_for(self, request: Request) -> Any:
        """The session whose id stands in the path; None where there is none."""
        session_id = request.path_params[_ID[self.system]]
        return next((one for one in self.known.values() if self.id_of(one) == session_id), None)

    def id_of(self, session: Any) -> str:
        """A session's id."""
        return str(getattr(session, "id" if self.system == "dify" else _ID[self.system]))

    def name_of(self, session: Any) -> str:
        """The name that a session bears."""
        return str(getattr(session, _NAME[self.system]))

    def put_name(self, session: Any, name: str) -> None:
        """Have a session bear a name."""
        setattr(session, _NAME[self.system], name)

    def put_updated(self, session: Any, moment: Any) -> None:
        """Set the time of a session's last update."""
        setattr(session, _UPDATED[self.system], moment)

    @property
    def name_member(self) -> str:
        """What the name is called in a body."""
        return _NAME[self.system]

    def bad_request(self, message: str = "Bad request.") -> Refusal:
        """A refusal that a proxy, or a framework, may come to."""
        return Refusal(400, "bad_request", message)


_RENAMING: ContextVar[Request] = ContextVar("the rename that is being handled")
_OUTLET: ContextVar[str] = ContextVar("where a session is shown")

S = TypeVar("S", bound=AnyServer)

#: Ids without their system; by system where they differ.
Ids = Iterable[str] | Mapping[str, Iterable[str]]


def everywhere(
    kills: str, also: Ids = (), may: Ids = (), beside: Ids = (), systems: Iterable[str] = NAMES
) -> Callable[[type[S]], type[S]]:
    """Register a fault as a mutant of each of these systems; ids that a system does not have are left out for it."""

    def register(fault: type[S]) -> type[S]:
        for system in systems:
            known = {one.id for one in Catalogue.load(system).requirements}

            def of(ids: Ids, system: str = system, known: set[str] = known) -> list[str]:
                wanted = ids.get(system, ()) if isinstance(ids, Mapping) else ids
                return [name for name in wanted if f"{system}.{name}" in known]

            made = type(fault.__name__, (fault, BASES[system]), {"__doc__": fault.__doc__, "system": system})
            mutant(f"{system}.{kills}", also=of(also), may=of(may), beside=of(beside))(made)
        return fault

    return register
