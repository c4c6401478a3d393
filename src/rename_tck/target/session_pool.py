"""Sessions to rename: given by the user, else created, else found."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

from rename_tck.cases.conditions import Condition
from rename_tck.cases.users import User
from rename_tck.client.exchange import KEY_VARIABLE, Exchange
from rename_tck.client.journal import Purpose
from rename_tck.client.transport import TargetClient
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.conditioned_sessions import ConditionedSessions, Wish
from rename_tck.target.kept_sessions import KeptSessions
from rename_tck.target.made_up_ids import MadeUpIds
from rename_tck.target.others import OtherSessions
from rename_tck.target.readback import PAGES, Extent, SessionReader, Snapshot, summary
from rename_tck.target.session_creation import SessionCreation, Wanted
from rename_tck.target.session_storage import SessionStorage
from rename_tck.verdict import CouldNotJudge, Leftover, NotTested, ObstacleError, Unjudgeable

#: Sessions that stopped working, and others were made in their place: more than that is another sort of fault.
_RETIRED = 60

#: Statuses of a valid rename by which a gateway or another service says that the operation is not there.
_WRONG_PLACE = frozenset({405, 501, 502, 503, 504})


class SessionPool:
    """The sessions of one run at one target."""

    def __init__(
        self,
        client: TargetClient,
        dialect: Dialect,
        *,
        user: str,
        fixture_ids: Sequence[str],
        token: str,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.client = client
        self.dialect = dialect
        self.user = user
        self.token = token
        self.reader = SessionReader(client, dialect, user)
        self.notes: list[str] = []
        #: What is left at the target, or may be, when the run is over.
        self.leftovers: list[Leftover] = []
        #: Every session that the run may rename, by id, also when it was put back.
        self.own_ids: set[str] = set()
        self.others = OtherSessions(
            client, dialect, self.reader, user=user, token=token, in_use=self.own_ids.__contains__, alone=share[1] == 1
        )
        self.made_up = MadeUpIds(client, dialect, self.others, self.own_ids, user, token)
        self.creation = SessionCreation(client, dialect, self.reader, self.others, token=token, own=self.own_ids)
        self.conditioned = ConditionedSessions(self.creation, self.reader, self.notes)
        self.storage = SessionStorage(dialect, self.reader)
        self._fixture_ids = [dialect.canonical(session_id) for session_id in fixture_ids]
        #: This worker's number and the number of workers: each uses its own part of the sessions that it finds.
        self._share = share
        self._kept = KeptSessions()
        self._retired: list[Session] = []
        #: Sessions that were made for something, and are left alone since then.
        self._aside: list[Session] = []
        self._exhausted: dict[str | None, str] = {}
        self._key_refused: str | None = None
        #: Whether sessions that a failure was seen on stay at the target, and the requirement that failed on each.
        self.keep_failed = False
        self.failed: dict[str, str] = {}

    # -- before the run

    def prepare(self) -> None:
        """Come by a first session and find out how sessions are read back.

        Raises:
            CouldNotJudge: the target is down, refuses the key, lacks a fixture session, or offers no way to a session.
        """
        try:
            for session_id in self._fixture_ids:
                self._sessions.append(self._take_in(session_id))
            for kind in self.dialect.kinds:
                if self._sessions:
                    break
                self._more(kind, 1)
            if self._sessions and not self._fixture_ids:
                self.reader.way = self.reader.how_to_read(self._sessions[0])
            self.reader.see_first(self._sessions)
        except (Unjudgeable, NotTested, ObstacleError) as trouble:
            raise CouldNotJudge(trouble.reason, getattr(trouble, "gap", None)) from None
        if not self._sessions:
            raise CouldNotJudge(
                self._key_refused or f"no session to rename could be had from {self._base}: {self._why_none()}"
            )

    @property
    def _sessions(self) -> list[Session]:
        return self._kept.here

    @property
    def _base(self) -> str:
        return self.client.connection.base_url

    def _why_none(self) -> str:
        return f"{self._exhausted[self.dialect.kinds[0]]}; give one with --session-id"

    def _take_in(self, session_id: str) -> Session:
        """A fixture session, with its kind and its name as far as they can be read."""
        self._allow(session_id)
        for kind in self._kinds_of(session_id):
            session = self._session(session_id, "fixture", kind)
            readback = self.reader.how_to_read(session)
            if readback:
                self.reader.way = readback
                snapshot = self.reader.read(session) or {}
                self._complete(session, snapshot)
                return session
        # nothing can be read: whether the session is there shows when it is renamed
        for kind in self.dialect.kinds:
            session = self._session(session_id, "fixture", kind)
            exchange = self.reader.ask(
                self.dialect.rename(session, self.dialect.body(session, f"rename-tck {self.token}")),
                Purpose.PREPARATION,
            )
            self._note_refused_key(exchange)
            if self._key_refused is not None:
                raise CouldNotJudge(self._key_refused)
            if exchange.status == 404 or (
                self.dialect.unknown_answers_false and exchange.answer and exchange.answer.value is False
            ):
                continue
            if exchange.answer is not None and (exchange.answer.is_page or exchange.status in _WRONG_PLACE):
                raise CouldNotJudge(
                    f"the target {self._base} has no rename of {self.dialect.title} to judge: it answered "
                    f"{exchange.request.method} {exchange.request.path} with {self._said(exchange)}"
                )
            return session
        raise CouldNotJudge(
            f"the session {session_id}, given with --session-id, is not there{self.dialect.whose(self.user)}: "
            f"its rename was answered with {self._said(exchange)}"
        )

    def _allow(self, session_id: str) -> None:
        self.client.borrows = True
        self.client.policy.allow(session_id)
        self.own_ids.add(session_id)

    def _session(self, session_id: str, origin: Literal["fixture", "created", "listed"], kind: str | None) -> Session:
        return Session(session_id, origin, kind, self.dialect.owner(self.user))

    def _kinds_of(self, session_id: str) -> list[str | None]:
        """The kinds that a fixture session may be of, the one under which it is listed first."""
        kinds = list(self.dialect.kinds)
        if len(kinds) > 1:
            listed = [kind for kind in kinds if self.reader.is_listed(self._session(session_id, "fixture", kind))]
            kinds = [*listed, *(kind for kind in kinds if kind not in listed)]
        return kinds

    def _complete(self, session: Session, snapshot: Snapshot) -> None:
        name = self.dialect.name_in(snapshot)
        session.first_name = name if isinstance(name, str) else None
        if "user_id" in snapshot:
            owner = snapshot["user_id"]
            session.owner = owner if isinstance(owner, str) else None

    def _note_refused_key(self, exchange: Exchange) -> None:
        if exchange.status not in {401, 403}:
            return
        what = f"answers {exchange.status} to {exchange.request.method} {exchange.request.path}"
        name = self.dialect.key_header[0]
        if self.client.connection.key is None:
            how = f"no key was given: if it asks for one, set {KEY_VARIABLE}, sent as {name}"
        else:
            how = f"the key in {KEY_VARIABLE} was sent as {name}"
        self._key_refused = f"the target {self._base} {what}; {how}"

    # -- sessions for a test

    def take(self, count: int = 1, kind: str | None = None) -> list[Session]:
        """That many sessions of one kind (the default kind when None).

        Raises:
            NotTested: the target does not yield so many; the reason says what to lend.
        """
        kind = kind or self.dialect.kinds[0]
        if len(self._of(kind)) < count:
            self._more(kind, count)
        found = self._of(kind)
        if len(found) < count:
            what = "session" if kind is None else f"{kind} session"
            need = f"needs a {what}" if count == 1 else f"needs {count} {what}s"
            raise NotTested(f"{need}: {self._exhausted.get(kind, 'none could be had')}; give more with --session-id")
        return found[:count]

    def like(self, session: Session) -> Session:
        """A session in use that is as this one: its kind, its user, its condition. Raises as `in_condition`."""
        return self.conditioned.alike(session) or self.take(1, session.kind)[0]

    def retire(self, session: Session) -> bool:
        """Take a session that does not work out of use; it is put back in the end all the same.

        False where it stays in use, for there is no other: none can be made, or too many were in vain.
        """
        if session not in self._kept.everywhere:
            return self.conditioned.retire(session)
        made = None if len(self._retired) >= _RETIRED else self.fresh(session.kind)
        if made is None and len(self._of(session.kind)) == 1:
            return False
        self._kept.drop(session)
        self._retired.append(session)
        return True

    def spare(self, kind: str | None = None, *, seen: bool = True) -> Session:
        """A further session of a kind (the default one when None), made for this; deleted in the end if not before.

        It is read before it is handed out, unless it need not be `seen`.

        Raises:
            NotTested: none is made, because sessions were given and making one is costly, or the target makes none.
        """
        self._forbid_a_costly_creation()
        made, refusal = self._make(kind or self.dialect.kinds[0])
        if made is None:
            raise NotTested(refusal)
        if seen:
            self.reader.see_first([made])
        return made

    def in_condition(
        self, condition: Condition, kind: str | None = None, user: User | None = None, count: int = 1
    ) -> list[Session]:
        """Sessions in a condition: of a kind (the default one when None), of a user's (the run's own when None).

        Made when they are first asked for, and kept: the same ones are given again. Ordinary ones of the run's own user
        are those of `take`.

        Raises:
            NotTested: the target does not make so many, or none is made, as `spare` says.
            Unjudgeable: no answer came.
        """
        wish = self._wish(condition, kind, user, count)
        if self._is_ordinary(wish):
            return self.take(wish.least, wish.kind)[:count]
        self._forbid_a_costly_creation()
        if why := self._why_not_made(wish.kind):
            raise NotTested(f"{condition.label} could not be had: {why}")
        return self.conditioned.take(wish)

    def there(self, condition: Condition, kind: str | None, user: User) -> int:
        """How many sessions `in_condition` has already."""
        wish = self._wish(condition, kind, user, 1)
        return len(self._of(wish.kind)) if self._is_ordinary(wish) else self.conditioned.there(wish)

    def make_ready(self, *wishes: tuple[Condition, str | None, User | None, int]) -> None:
        """Make sessions for many at once, as `in_condition` gives them later: one listing shows all that are alike.

        What is not made is said by `in_condition`.

        Raises:
            Unjudgeable: no answer came.
        """
        wanted = [wish for wish in (self._wish(*one) for one in wishes) if not self._is_ordinary(wish)]
        if not (self._fixture_ids and self.dialect.creating_is_costly):
            self.conditioned.make_ready([wish for wish in wanted if not self._why_not_made(wish.kind)])

    def _wish(self, condition: Condition, kind: str | None, user: User | None, count: int) -> Wish:
        owner = self.user if user is None else user.user_id
        return Wish(condition, kind or self.dialect.kinds[0], owner, count)

    def _is_ordinary(self, wish: Wish) -> bool:
        """Whether the ordinary sessions of the run are such."""
        return wish.condition.contents is None and wish.owner == self.user

    def _why_not_made(self, kind: str | None) -> str:
        """Why no session of a kind is made here, where the run has made none yet; empty where one is."""
        if any(session.origin == "created" for session in self.of_the_run):
            return ""
        return self._exhausted.get(kind) or self.conditioned.why_none(Wanted(kind, self.user))

    def _forbid_a_costly_creation(self) -> None:
        if self._fixture_ids and self.dialect.creating_is_costly:
            raise NotTested("creating a session here starts something costly, and sessions were given")

    def _make(self, kind: str | None) -> tuple[Session | None, str]:
        """A session that is made now, when it is shown; else None, and why there is none."""
        return self.creation.make(Wanted(kind, self.user), self._sessions)

    def fresh(self, kind: str | None, *, seen: bool = True) -> Session | None:
        """As `spare`, or None where none is made."""
        try:
            return self.spare(kind, seen=seen)
        except (NotTested, ObstacleError, Unjudgeable):
            return None

    def set_aside(self, session: Session) -> None:
        """Leave a session that was made for this to itself until the end."""
        self._kept.drop(session)
        self._aside.append(session)

    def set_apart_aside(self) -> None:
        """The same of all sessions of what was in flight together."""
        self._aside += self._kept.give_up_apart()

    def forget(self, session: Session, *, deleted: bool = True) -> None:
        """Leave out a session that was deleted, or to which nothing is to be sent any more."""
        if session in self.conditioned.made:
            self.conditioned.forget(session)
        if not self._kept.drop(session) and session in self._aside:
            self._aside.remove(session)
        self.own_ids.discard(session.id)
        if deleted and session.origin == "created":
            self.others.note_nobodys(session.id)

    def leave(self, session: Session, why: str) -> None:
        """Send nothing more to a session, and name it as left: what has its id may be somebody else's."""
        self.forget(session, deleted=False)
        self.leftovers.append(Leftover(session.id, f"session {session.id}, made by this run, may be left: {why}"))

    def any(self) -> Session:
        """Some live session, whatever its kind."""
        return (self._sessions or self._kept.everywhere)[0]

    @property
    def all(self) -> list[Session]:
        """Every ordinary session that the run may rename."""
        return list(self._sessions)

    @property
    def in_use(self) -> list[Session]:
        """Every session that the run may rename, also those that were made in a condition."""
        return [*self._kept.everywhere, *self.conditioned.in_use]

    @property
    def of_the_run(self) -> list[Session]:
        """Every session of the run, also those that are out of use."""
        return [*self._kept.everywhere, *self._retired, *self._aside, *self.conditioned.made]

    def _of(self, kind: str | None) -> list[Session]:
        return [session for session in self._sessions if session.kind == kind]

    def _more(self, kind: str | None, count: int) -> None:
        """Create sessions up to `count`; where none can be created and none was given, use those that are there."""
        if kind in self._exhausted:
            return
        if self._fixture_ids and self.dialect.creating_is_costly:
            spoilt = sum(session.id in self._fixture_ids for session in self._retired)
            few = f"{spoilt} of those given can no longer be renamed" if spoilt else "too few were given"
            self._exhausted[kind] = f"{few}, and creating one here starts something costly"
            return
        self.creation.look()
        new, refusal = list[Session](), "no creation was tried"
        while len(self._of(kind)) < count:
            made, refusal = self._make(kind)
            if made is None:
                if self.creation.last is not None:
                    self._note_refused_key(self.creation.last)
                break
            new.append(made)
        self.reader.see_first(new)
        if len(self._of(kind)) >= count:
            return
        if not self._fixture_ids and not any(session.origin == "created" for session in self.of_the_run):
            refusal += f", and {self._find_some(kind, count)}"
        self._exhausted[kind] = refusal

    def _find_some(self, kind: str | None, count: int) -> str:
        """Use sessions that the listing shows, up to `count`; what it showed, in a few words."""
        listing = self.reader.listing(kind, Purpose.PROVISIONING)
        for item in listing.items:
            found = self.dialect.id_in(item)
            if isinstance(found, str) and found and found not in self.own_ids and self._is_mine(found):
                session = self._session(found, "listed", kind)
                self._complete(session, item)
                self._allow(found)
                self._sessions.append(session)
            if len(self._of(kind)) >= count:
                break
        if not listing.complete and listing.extent is not Extent.CUT:
            return f"the listing was answered {listing.why}"
        shown = "the listing" if listing.complete else f"the first {PAGES} pages of the listing"
        verb = "shows" if listing.complete else "show"
        return f"{shown} {verb} {'no more' if self._of(kind) else 'none'}"

    def _is_mine(self, session_id: str) -> bool:
        number, count = self._share
        return zlib.crc32(session_id.encode("utf-8", "surrogatepass")) % count == number

    def _said(self, exchange: Exchange) -> str:
        return summary(exchange.answer, self.client.connection.redact)

    def clear(self) -> None:
        """Forget the sessions: they are put back."""
        self._sessions.clear()
        self._kept.give_up_apart()
        self._retired.clear()
        self.conditioned.clear()
        self._aside.clear()
