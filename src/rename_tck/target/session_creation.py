"""Creating sessions, so that each is known to be the run's own, and none is forgotten that may have been made."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.client.exchange import Exchange, Request, Trouble, decoded, segment
from rename_tck.client.transport import TargetClient
from rename_tck.systems.dialect import Dialect, Session, members
from rename_tck.target.others import Look, OtherSessions
from rename_tck.target.readback import SessionReader, summary
from rename_tck.verdict import Conclusion

#: Troubles by which it is sure that a request did not come to the target.
_NEVER_ARRIVED = frozenset({Trouble.REFUSED, Trouble.UNKNOWN_HOST, Trouble.TLS, Trouble.PROXY})


@dataclass
class Attempt:
    """A creation that may have made a session, though its answer does not show one."""

    kind: str | None
    #: The id that the suite has chosen for it, where the system lets it choose.
    id: str | None
    #: What became of the request, in a few words.
    what: str
    #: The ids that were listed before it; None where not all could be seen.
    before: frozenset[str] | None


class SessionCreation:
    """Creates the sessions of one run."""

    def __init__(
        self,
        client: TargetClient,
        dialect: Dialect,
        reader: SessionReader,
        others: OtherSessions,
        *,
        user: str,
        token: str,
        own: set[str],
    ) -> None:
        self._client, self._dialect, self._reader, self._others = client, dialect, reader, others
        self._user, self._token, self._own = user, token, own
        self._made = 0
        self._before: Look | None = None
        #: What may have been made, and is looked for in the end.
        self.attempts: list[Attempt] = []
        #: The last answer to a creation.
        self.last: Exchange | None = None

    def look(self) -> None:
        """See which sessions there are before any is created: what is there already is not the run's."""
        self._before = self._others.look()

    def requests(self, kind: str | None) -> tuple[list[Request], str]:
        """What creates the next session; else nothing, and why: the id that the suite has chosen for it is taken.

        Raises:
            Unjudgeable: no answer came.
            NotTested: the run is out of time or of requests.
        """
        requests = self._dialect.creations(kind, self._user, f"{self._token}-{self._made}")
        for chosen in {self._chosen(request) for request in requests} - {None}:
            assert chosen is not None
            if (why := self._taken(chosen, kind)) is not None:
                return [], why
        return requests, ""

    def create(self, requests: list[Request], kind: str | None) -> tuple[Session | None, str]:
        """A new session, by the first of these requests that is not refused; else None, and why there is none.

        Raises:
            Unjudgeable: no answer came.
            NotTested: the run is out of time or of requests.
        """
        exchange = None
        for request in requests:
            chosen = self._chosen(request)
            exchange = self._asked(request, kind, chosen)
            assert exchange.answer is not None
            session = self._dialect.created(exchange.answer, kind, self._user) if 200 <= exchange.status < 300 else None
            if session is not None and self._was_there(session.id):
                return None, (
                    f"{request.method} {request.path} creates none (it answered {exchange.status} with the id of a "
                    "session that was there before)"
                )
            if session is not None:
                self._made += 1
                session.creation = exchange
                self._own.add(session.id)
                self._client.policy.allow_deletion(session.id)
                return session, ""
            if exchange.status < 300 or exchange.status >= 500:
                said = summary(exchange.answer, self._client.connection.redact)
                self._may_have_made(kind, chosen, f"the creation was answered {said}")
            if exchange.status == 404 or exchange.status >= 500:
                break
        assert exchange is not None
        said = summary(exchange.answer, self._client.connection.redact)
        return None, f"{exchange.request.method} {exchange.request.path} creates none (it answered {said})"

    def _asked(self, request: Request, kind: str | None, chosen: str | None) -> Exchange:
        broken, number = self._client.reconnected, len(self._client.journal)
        answered = self._client.waiting.again.total()
        try:
            exchange = self.last = self._reader.ask(request)
        except Conclusion as trouble:
            sent = self._client.journal.since(number)
            if sent and sent[-1].exchange.trouble_kind not in _NEVER_ARRIVED:
                self._may_have_made(kind, chosen, f"the creation got no answer ({trouble})")
            raise
        if self._client.reconnected > broken and chosen is None:
            self._may_have_made(kind, None, "the connection broke on a creation, which was then sent again")
        if self._client.waiting.again.total() > answered and chosen is None:
            self._may_have_made(kind, None, "a creation was answered with a 5xx status, and was then sent again")
        return exchange

    def _chosen(self, request: Request) -> str | None:
        found = members(decoded(request.body)).get(self._dialect.id_member)
        return found if isinstance(found, str) else None

    def _taken(self, session_id: str, kind: str | None) -> str | None:
        """Why the id that the suite has chosen may not be used: creating with one that is there overwrites it."""
        session = Session(session_id, "created", kind, self._dialect.owner(self._user))
        request = self._dialect.reading(session)
        there = self._was_there(session_id)
        if request is not None and not there:
            self._client.policy.allow_look(segment(session_id))
            answer = self._reader.ask(request).answer
            there = answer is not None and self._dialect.read(answer) is not None
        return f"the id {session_id}, chosen by chance for a new session, is there already" if there else None

    def _was_there(self, session_id: str) -> bool:
        before = self._before
        known = before is not None and any(there == session_id for _, there in before.names)
        return known or session_id in self._own

    def _may_have_made(self, kind: str | None, chosen: str | None, what: str) -> None:
        before = self._before
        complete = before is not None and before.why is None
        ids = frozenset(there for _, there in before.names) if complete and before is not None else None
        self.attempts.append(Attempt(kind, chosen, what, ids))
