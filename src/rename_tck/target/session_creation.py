"""Creating sessions, so that each is known to be the run's own, and none is forgotten that may have been made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rename_tck.client.exchange import Exchange, Request, Trouble, decoded, encode_json, segment
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
        #: The sessions that there were before the run created any; and those before it created the last ones.
        self.first: Look | None = None
        self.before: Look | None = None
        #: What may have been made, and is looked for in the end.
        self.attempts: list[Attempt] = []
        #: The last answer to a creation.
        self.last: Exchange | None = None

    def look(self) -> None:
        """See which sessions there are before any is created: what is there already is not the run's."""
        self.before = self._others.look()
        self.first = self.first or self.before

    def requests(self, kind: str | None) -> tuple[list[Request], str]:
        """What creates the next session; else nothing, and why: the id that the suite has chosen for it is taken.

        Raises:
            Unjudgeable: no answer came.
            NotTested: the run is out of time or of requests.
        """
        requests = self._dialect.creations(kind, self._user, f"{self._token}-{self._made}")
        for chosen in {self._chosen(request) for request in requests} - {None}:
            assert chosen is not None
            found = self._found_under(chosen, kind)
            if found == chosen:
                return [], f"the id {chosen}, chosen by chance for a new session, is there already"
            if found is not None:
                # the target takes another one for it, and may overwrite that: it is to choose the id itself
                return [self._without_id(request) for request in requests], ""
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

    def _without_id(self, request: Request) -> Request:
        body = members(decoded(request.body))
        body.pop(self._dialect.id_member, None)
        return replace(request, body=encode_json(body))

    def _found_under(self, session_id: str, kind: str | None) -> str | None:
        """The id of the session that is there under the id that the suite has chosen; None where there is none.

        Creating a session under an id that is there overwrites it.
        """
        if self._was_there(session_id):
            return session_id
        request = self._dialect.reading(Session(session_id, "created", kind, self._dialect.owner(self._user)))
        if request is None:
            return None
        self._client.policy.allow_look(segment(session_id))
        answer = self._reader.ask(request).answer
        found = self._dialect.read(answer) if answer is not None else None
        return None if found is None else self._others.id_of(found) or session_id

    def _was_there(self, session_id: str) -> bool:
        before = self.before
        known = before is not None and any(there == session_id for _, there in before.names)
        return known or session_id in self._own

    def _may_have_made(self, kind: str | None, chosen: str | None, what: str) -> None:
        before = self.before
        complete = before is not None and before.why is None
        ids = frozenset(there for _, there in before.names) if complete and before is not None else None
        self.attempts.append(Attempt(kind, chosen, what, ids))
