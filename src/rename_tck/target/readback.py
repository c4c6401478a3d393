"""Reading sessions back: each from its own resource, from the listing, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rename_tck.client.exchange import Answer, Exchange, Request
from rename_tck.client.transport import TargetClient
from rename_tck.redaction import Redactor
from rename_tck.systems.dialect import Dialect, Page, Session
from rename_tck.verdict import NotTested, Unjudgeable

#: Pages of a listing that are followed before the suite stops looking.
_PAGES = 30

Snapshot = dict[str, object]


@dataclass
class Readback:
    """How a session is read back at this target: from its own resource, from the listing, or not at all."""

    by_reading: bool = False
    by_listing: bool = False

    def __bool__(self) -> bool:
        return self.by_reading or self.by_listing


class SessionReader:
    """Reads the sessions of one target."""

    def __init__(self, client: TargetClient, dialect: Dialect, user: str) -> None:
        self._client = client
        self._dialect = dialect
        self._user = user
        #: How sessions are read back here, once that is known.
        self.way = Readback()

    def how_to_read(self, session: Session) -> Readback:
        """How this session can be read back. Raises Unjudgeable when no answer comes."""
        request = self._dialect.reading(session)
        if request is not None:
            exchange = self.ask(request)
            if exchange.answer and self._dialect.read(exchange.answer) is not None:
                return Readback(by_reading=True)
        return Readback(by_listing=self.find(session) is not None)

    def ask(self, request: Request) -> Exchange:
        """Send a provisioning request. Raises Unjudgeable when no answer comes."""
        exchange = self._client.send(request)
        if exchange.answer is None:
            base_url = self._client.connection.base_url
            raise Unjudgeable(f"the target {base_url} cannot be reached: {exchange.trouble}")
        return exchange

    def read(self, session: Session) -> Snapshot | None:
        """The session as the target shows it now, or None when it is not there.

        Raises:
            NotTested: this target offers no way to read a session back.
            Unjudgeable: the reading itself failed.
        """
        if not self.way:
            raise NotTested(
                "the target offers no way to read a session back (neither a read nor a list endpoint answers)"
            )
        if not self.way.by_reading:
            return self.find(session)
        request = self._dialect.reading(session)
        assert request is not None
        exchange = self._client.send(request)
        if exchange.answer is None or exchange.status >= 500 or exchange.status in {401, 403}:
            said = exchange.trouble or summary(exchange.answer, self._client.connection.redact)
            raise Unjudgeable(f"reading the session back failed: {said}", exchange.status)
        return self._dialect.read(exchange.answer)

    def lacks(self, session_id: str, kind: str | None) -> bool:
        """Whether it can be seen that no session has this id: nobody's session is renamed by guessing."""
        if not self.way:
            return False
        return self.read(Session(session_id, "listed", kind, self._dialect.owner(self._user))) is None

    def read_all(self, sessions: Sequence[Session]) -> dict[str, Snapshot | None]:
        """Several sessions of one kind by id, over a single listing where that is how this target is read."""
        if self.way.by_reading or not sessions:
            return {session.id: self.read(session) for session in sessions}
        wanted: dict[str, Snapshot | None] = dict.fromkeys(session.id for session in sessions)
        for item in self.items(sessions[0].kind):
            found = self._dialect.id_in(item)
            if isinstance(found, str) and found in wanted:
                wanted[found] = item
        return wanted

    def listing(self, kind: str | None = None) -> list[Snapshot] | None:
        """Every session that the target lists, or None when it has no listing."""
        first = self._dialect.listing(kind or self._dialect.kinds[0], self._user)
        exchange = self._client.send(first)
        if exchange.answer is None or self._dialect.page(first, exchange.answer) is None:
            return None
        return list(self.items(kind or self._dialect.kinds[0]))

    def find(self, session: Session) -> Snapshot | None:
        """The session as the listing shows it, or None where it does not."""
        return next((item for item in self.items(session.kind) if self._dialect.id_in(item) == session.id), None)

    def items(self, kind: str | None) -> list[Snapshot]:
        """The sessions of a kind that the listing shows, over its first pages."""
        following: Request | None = self._dialect.listing(kind, self._user)
        items: list[Snapshot] = []
        for _ in range(_PAGES):
            if following is None:
                break
            answer = self.ask(following).answer
            page: Page | None = self._dialect.page(following, answer) if answer else None
            if page is None:
                break
            items += page.items
            following = page.following
        return items


def summary(answer: Answer | None, redact: Redactor) -> str:
    """An answer in a few words."""
    if answer is None:
        return "nothing"
    if answer.is_page:
        return f"{answer.status} with an HTML page: is the base URL right?"
    text = redact.on_one_line(answer.text, 120)
    return f"{answer.status}" + (f" {text}" if text else " with an empty body")
