"""Creating sessions, so that each is known to be the run's own, and none is forgotten that may have been made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from rename_tck.client.exchange import Exchange, Request, Trouble, decoded, encode_json
from rename_tck.client.transport import TargetClient
from rename_tck.interruption import INTERRUPTION
from rename_tck.systems.contents import Contents
from rename_tck.systems.dialect import Dialect, Session, members
from rename_tck.target.chosen_ids import ChosenIds, Refused
from rename_tck.target.others import Look, OtherSessions
from rename_tck.target.readback import SessionReader, summary
from rename_tck.verdict import Conclusion

#: Troubles by which it is sure that a request did not come to the target.
_NEVER_ARRIVED = frozenset({Trouble.REFUSED, Trouble.UNKNOWN_HOST, Trouble.TLS, Trouble.PROXY})

#: Requests for which a look at the listing is taken to show which sessions there are.
_LASTS = 50

#: Ids of a form that are tried, one after the other, until one is nobody's.
_TRIES = 4


@dataclass(frozen=True)
class Wanted:
    """A session that is to be made."""

    kind: str | None
    #: Whose it is; None for nobody's.
    user: str | None
    #: What is in it; None for the ordinary contents.
    contents: Contents | None = None


@dataclass
class Attempt:
    """A creation that may have made a session, though its answer does not show one."""

    kind: str | None
    user: str | None
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
        token: str,
        own: set[str],
    ) -> None:
        self._client, self._dialect, self._reader, self._others = client, dialect, reader, others
        self._token, self._own = token, own
        self._ids = ChosenIds(client, dialect, reader, others, own)
        self._begun = 0
        #: The sessions that there were before the run created any; and those before it created the last ones.
        self.first: Look | None = None
        self.before: Look | None = None
        #: What may have been made, and is looked for in the end.
        self.attempts: list[Attempt] = []
        #: The last answer to a creation.
        self.last: Exchange | None = None

    def look(self) -> None:
        """See which sessions there are before any is created: what is there already is not the run's.

        What was seen a moment ago will do.
        """
        self.before = self._others.lately(_LASTS)
        self.first = self.first or self.before

    def look_for(self, users: Iterable[str | None]) -> None:
        """The same before the first session for users whose sessions were not listed yet."""
        new = [user for user in dict.fromkeys(users) if self._others.watch(user)]
        if self.before is None:
            self.look()
        elif new:
            theirs = self._others.look(users=new)
            self.before = replace(
                self.before, names=self.before.names | theirs.names, why=self.before.why or theirs.why
            )

    def make(self, wanted: Wanted, kept: list[Session]) -> tuple[Session | None, str]:
        """A session that is made now, put among those that are kept; else None, and why there is none.

        It is for the caller to see it before anything else is sent to it.

        Raises:
            Unjudgeable: no answer came.
            NotTested: the run is out of time or of requests.
        """
        requests, refusal = self._requests(wanted)
        if not requests:
            return None, refusal
        with INTERRUPTION.held():  # or the target would have made a session that the run does not know of
            made, refusal = self._create(requests, wanted)
            if made is not None:
                kept.append(made)
        return made, refusal

    def complete(self, session: Session, wanted: Wanted) -> str:
        """Bring a new session into the condition that it was made for; why it is not in it, empty where it is.

        Raises:
            Unjudgeable: no answer came.
        """
        contents = wanted.contents
        if contents is None:
            return ""
        assert session.creation is not None
        chosen = self._chosen(session.creation.request)
        if contents.session_id and chosen != session.id:
            return f"the target made a session with the id {session.id} where {chosen} was asked for"
        for request in self._dialect.continuations(contents, session, f"{self._token}-{self._begun}"):
            exchange = self._reader.ask(request)
            if not 200 <= exchange.status < 300:
                said = summary(exchange.answer, self._client.connection.redact)
                return f"a further {request.method} {request.path} was answered {said}"
        return ""

    def _requests(self, wanted: Wanted) -> tuple[list[Request], str]:
        """What creates the next session; else nothing, and why: the id that the suite has chosen for it is taken."""
        refused: Refused | None = None
        form = wanted.contents.session_id if wanted.contents is not None else ""
        for _ in range(_TRIES if form else 1):
            requests = self._built(wanted)
            chosen = {self._chosen(request) for request in requests} - {None}
            found = (
                self._ids.refused(str(one), form=form, kind=wanted.kind, user=wanted.user, before=self.before)
                for one in chosen
            )
            refused = next((one for one in found if one is not None), None)
            if refused is None:
                return requests, ""
            if refused.shows_another and not form:
                # the target takes another one for it, and may overwrite that: it is to choose the id itself
                return [self._without_id(request) for request in requests], ""
        assert refused is not None
        return [], refused.why

    def _built(self, wanted: Wanted) -> list[Request]:
        token = f"{self._token}-{self._begun}"
        self._begun += 1  # at once: others may be made in flight with it
        if wanted.contents is None:
            return self._dialect.creations(wanted.kind, wanted.user, token)
        return [self._dialect.creation(wanted.contents, wanted.kind, wanted.user, token)]

    def _create(self, requests: list[Request], wanted: Wanted) -> tuple[Session | None, str]:
        """A new session, by the first of these requests that is not refused; else None, and why there is none.

        Raises:
            Unjudgeable: no answer came.
            NotTested: the run is out of time or of requests.
        """
        exchange, before = None, self.before  # what is listed meanwhile, in flight with it, may have the new one
        for request in requests:
            chosen = self._chosen(request)
            exchange = self._asked(request, wanted, chosen, before)
            assert exchange.answer is not None
            done = 200 <= exchange.status < 300
            session = self._dialect.created(exchange.answer, wanted.kind, wanted.user) if done else None
            if session is not None and self._ids.is_taken(session.id, before):
                return None, (
                    f"{request.method} {request.path} creates none (it answered {exchange.status} with the id of a "
                    "session that was there before)"
                )
            if session is not None:
                session.creation = exchange
                self._own.add(session.id)
                self._client.policy.allow_deletion(session.id)
                return session, ""
            if exchange.status < 300 or exchange.status >= 500:
                said = summary(exchange.answer, self._client.connection.redact)
                self._may_have_made(wanted, chosen, f"the creation was answered {said}", before)
            if exchange.status == 404 or exchange.status >= 500:
                break
        assert exchange is not None
        said = summary(exchange.answer, self._client.connection.redact)
        return None, f"{exchange.request.method} {exchange.request.path} creates none (it answered {said})"

    def _asked(self, request: Request, wanted: Wanted, chosen: str | None, before: Look | None) -> Exchange:
        broken, number = self._client.reconnected, len(self._client.journal)
        answered = self._client.waiting.again.total()
        # what alone is asked to wait is not waited for: there are sessions without it
        patience = None if wanted.contents is None else self._client.waiting.patience
        try:
            exchange = self.last = self._reader.ask(request, patience=patience)
        except Conclusion as trouble:
            sent = self._client.journal.since(number)
            if sent and sent[-1].exchange.trouble_kind not in _NEVER_ARRIVED:
                self._may_have_made(wanted, chosen, f"the creation got no answer ({trouble})", before)
            raise
        if self._client.reconnected > broken and chosen is None:
            twice = "the connection broke on a creation, which was then sent again"
            self._may_have_made(wanted, None, twice, before)
        if self._client.waiting.again.total() > answered and chosen is None:
            twice = "a creation was answered with a 5xx status, and was then sent again"
            self._may_have_made(wanted, None, twice, before)
        return exchange

    def _chosen(self, request: Request) -> str | None:
        found = members(decoded(request.body)).get(self._dialect.id_member)
        return found if isinstance(found, str) else None

    def _without_id(self, request: Request) -> Request:
        body = members(decoded(request.body))
        body.pop(self._dialect.id_member, None)
        return replace(request, body=encode_json(body))

    def _may_have_made(self, wanted: Wanted, chosen: str | None, what: str, before: Look | None) -> None:
        complete = before is not None and before.why is None
        ids = frozenset(there for _, there in before.names) if complete and before is not None else None
        self.attempts.append(Attempt(wanted.kind, wanted.user, chosen, what, ids))


def making_of(sessions: Iterable[Session], exchange: Exchange | None) -> tuple[Exchange, str] | None:
    """How that one of these sessions was made that an exchange is about, and its id; None where the run made none."""
    path = "" if exchange is None else unquote(exchange.request.path)
    made = [session for session in sessions if session.creation is not None]
    addressed = [session for session in made if session.id in path.split("/")]
    # or by an id that is made of its own, where that is long enough to be told
    near = [one for one in made if len(one.id) >= 8 and (one.id[:-1] in path or one.id[1:] in path)]
    session = next(iter(addressed or near), None)
    return None if session is None or session.creation is None else (session.creation, session.id)
