"""What the suite must know of a system beyond its document: how to ask, how to read back, how to come by a session.

A dialect only builds requests and reads answers. It sends nothing and judges nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from rename_tck.client.exchange import (
    Answer,
    Credential,
    Exchange,
    Request,
    altered,
    decoded,
    encode_json,
    schemed,
    segment,
)
from rename_tck.client.request_policy import Route
from rename_tck.systems.contents import Contents

JSON_TYPE = (("Content-Type", "application/json"),)


@dataclass
class Session:
    """A session (Dify and OpenHands say conversation) that the run may rename."""

    id: str
    origin: Literal["fixture", "created", "listed"]
    kind: str | None = None
    #: The user it belongs to, where the system scopes sessions by user.
    owner: str | None = None
    #: What it was called before the run, where that can be read: it gets this name back.
    first_name: str | None = None
    #: How the run has made it; None where it has not.
    creation: Exchange | None = field(default=None, repr=False, compare=False)
    #: What its reading and the listing showed of it before anything was sent to it; None where they did not.
    first_read: dict[str, object] | None = field(default=None, repr=False, compare=False)
    first_listed: dict[str, object] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Storage:
    """Where a system keeps sessions, as it names the place itself."""

    database: str
    table: str | None = None


@dataclass
class Page:
    """One page of a listing: the members of each session, and the request for the next page."""

    items: list[dict[str, object]] = field(default_factory=list)
    following: Request | None = None


def members(value: object) -> dict[str, object]:
    """A JSON object as a dict; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def records(value: object) -> list[dict[str, object]]:
    """The objects in a JSON array; none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class Dialect(ABC):
    """One system's way of doing what all three do."""

    system: ClassVar[str]
    #: What a reader calls the system.
    title: ClassVar[str]
    method: ClassVar[str]
    rename_path: ClassVar[str]
    #: The body's member that carries the new name, and the one that carries it where a session is read back.
    name_member: ClassVar[str]
    id_member: ClassVar[str]
    key_header: ClassVar[tuple[str, str]]
    #: Kinds of session, the default one first; (None,) where there is only one kind.
    kinds: ClassVar[tuple[str | None, ...]] = (None,)
    #: Whether every 200 answer carries the name and the id, so that they can be compared.
    answers_session: ClassVar[bool] = True
    #: Whether an id is any text, so that another case is another id (a UUID's is not).
    ids_are_text: ClassVar[bool] = False
    #: Whether 200 with `false` is an answer to an unknown id.
    unknown_answers_false: ClassVar[bool] = False
    #: The statuses that refuse a credential: those that the document names; else 401, 403, and 404, by which a server
    #: may hide that the session is there (RFC 9110, section 15.5.4).
    credential_refusals: ClassVar[frozenset[int]] = frozenset({401, 403, 404})
    #: Creating starts something costly: never done when sessions are given.
    creating_is_costly: ClassVar[bool] = False
    #: The member that says when a session was last updated.
    updated_member: ClassVar[str] = "updated_at"
    #: Of those, the ones that hold a copy of the name somewhere.
    copies_name: ClassVar[frozenset[str]] = frozenset()
    #: Members of a session that a rename has no business with.
    immutable_members: ClassVar[tuple[str, ...]]
    #: Where the system publishes its own OpenAPI document; None where it does not.
    document_path: ClassVar[str | None] = None
    #: What to set so that the dialect's sessions can be found, for the sentences that ask for it.
    provisioning: ClassVar[tuple[Route, ...]]

    def owner(self, user: str) -> str | None:
        """The user whom a session belongs to that was not read yet; None where that is not known."""
        return None

    def canonical(self, session_id: str) -> str:
        """An id as the system itself spells it."""
        return session_id

    def whose(self, user: str) -> str:
        """Words on whose sessions the run looks for, where that decides what it finds."""
        return ""

    @property
    def operation(self) -> Route:
        """The operation under test."""
        return Route(self.method, self.rename_path, "known")

    def routes(self) -> tuple[Route, ...]:
        """Everything that may be sent to this system."""
        return (self.operation, *self.provisioning)

    # -- the operation

    @abstractmethod
    def body(self, session: Session, name: str) -> dict[str, object]:
        """The body of an ordinary rename."""

    def query(self, session: Session) -> tuple[tuple[str, str], ...]:
        """The query of an ordinary rename."""
        return ()

    def rename(
        self,
        session: Session,
        body: object,
        *,
        query: tuple[tuple[str, str], ...] | None = None,
        raw: bytes | None = None,
        headers: tuple[tuple[str, str], ...] = JSON_TYPE,
        encoded_id: str | None = None,
        credential: Credential = Credential.GIVEN,
    ) -> Request:
        """A request of the rename operation: `body` as JSON, or the bytes of `raw` as they are."""
        return Request(
            self.method,
            self.rename_path.replace("{id}", segment(session.id) if encoded_id is None else encoded_id),
            self.query(session) if query is None else query,
            encode_json(body) if raw is None else raw,
            headers,
            credential,
            self.timeout_factor_for(body),
        )

    def adapted(self, session: Session, body: dict[str, object]) -> dict[str, object]:
        """A generated body made to fit a live session (its user, say), with nothing but documented members."""
        return {name: value for name, value in body.items() if name == self.name_member}

    def asks_for_name(self, body: dict[str, object]) -> bool:
        """Whether a valid body asks for the name that it carries."""
        return isinstance(body.get(self.name_member), str)

    def scope(self, session: Session) -> dict[str, object]:
        """The members of the body without which a live session is not found."""
        return {}

    def scoped(self, body: dict[str, object]) -> bool:
        """Whether a body names, validly, whose session it means."""
        return False

    def is_right(self, key: str, credential: Credential) -> bool:
        """Whether a credential happens to be the right one after all: of a key without letters, say."""
        form = self.key_header[1]
        changed, alike = schemed(form, credential)
        return changed == form and credential not in {Credential.EMPTY, Credential.WRONG} and altered(key, alike) == key

    def timeout_factor_for(self, body: object) -> float:
        """How many times the usual time-out a request with this body may take."""
        return 1.0

    def succeeded(self, exchange: Exchange) -> bool:
        """Whether the answer says that the session was renamed."""
        return exchange.status == 200

    def name_in(self, item: Mapping[str, object]) -> object:
        """The name in a session that was read back or answered; None where it carries none."""
        return item.get(self.name_member)

    def name_asked(self, request: Request) -> object:
        """The name that the body of a rename asks for; None where it names none."""
        return self.name_in(members(decoded(request.body)))

    def id_in(self, item: Mapping[str, object]) -> object:
        """The id in a session that was read back, listed or answered."""
        return item.get(self.id_member)

    @abstractmethod
    def unknown_id(self, token: str) -> str:
        """An id, well-formed by the documents, that names no session; `token` makes it the run's own."""

    # -- coming by sessions

    @abstractmethod
    def creations(self, kind: str | None, user: str | None, token: str) -> list[Request]:
        """Requests that create a session, the preferred one first; a later one is tried when the earlier is refused.

        It belongs to nobody where `user` is None and the system has such sessions.
        """

    def creation(self, contents: Contents, kind: str | None, user: str | None, token: str) -> Request:
        """The request that creates a session with these contents in place of the ordinary ones."""
        ordinary = self.creations(kind, user, token)[-1]
        body = contents.body(members(decoded(ordinary.body)), self.id_member, kind=kind, token=token)
        return replace(ordinary, body=body)

    def continuations(self, contents: Contents, session: Session, token: str) -> list[Request]:
        """What is sent after the creation until a session has these contents."""
        return []

    @abstractmethod
    def created(self, answer: Answer, kind: str | None, user: str | None) -> Session | None:
        """The session that a creation answered with."""

    def storages(self) -> Request | None:
        """The request that asks where sessions are kept; None where a request cannot say which place it means."""
        return None

    def storages_in(self, answer: Answer) -> list[Storage]:
        """The places for sessions that the answer to `storages` names."""
        return []

    def placed(self, storage: Storage) -> tuple[tuple[str, str], ...]:
        """The parameters of a query that name a place."""
        return ()

    @abstractmethod
    def listing(self, kind: str | None, user: str) -> Request:
        """The request for the first page of the sessions there are."""

    @abstractmethod
    def page(self, request: Request, answer: Answer) -> Page | None:
        """A listing's answer, or None when it is no listing."""

    def reading(self, session: Session) -> Request | None:
        """The request that reads one session back; None where the system has none and the listing must serve."""
        return None

    def read(self, answer: Answer) -> dict[str, object] | None:
        """The session in the answer to `reading`, or None when the session is not there."""
        item = members(answer.value)
        return item if answer.status == 200 and self.id_in(item) is not None else None

    @abstractmethod
    def deletion(self, session: Session) -> Request:
        """The request that deletes a session of the run's own making."""

    # -- telling the systems apart

    def other_base(self, base_url: str) -> str | None:
        """Another base URL under which the API may stand when it is not found under the one given."""
        return None

    @abstractmethod
    def probes(self) -> list[Request]:
        """Harmless requests by whose answers the system is known."""

    @abstractmethod
    def recognises(self, request: Request, answer: Answer) -> str | None:
        """Why this answer to a probe shows that the target is this system; None when it does not."""

    def suggests(self, request: Request, answer: Answer) -> str | None:
        """Why this answer to a probe makes the system likely, where no target shows itself for certain."""
        return None
