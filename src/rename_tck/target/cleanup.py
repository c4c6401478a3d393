"""After the run: sessions are put back as they were, and what is left, or may be, is looked for and named."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rename_tck.client.exchange import Exchange, segment
from rename_tck.client.journal import Purpose
from rename_tck.client.transport import TargetClient
from rename_tck.interruption import INTERRUPTION
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.id_forms import is_random
from rename_tck.target.others import Look
from rename_tck.target.readback import summary
from rename_tck.target.session_creation import Attempt
from rename_tck.target.session_pool import SessionPool
from rename_tck.verdict import Conclusion, Leftover, Unjudgeable

#: Seconds after which a session that was deleted is looked for a last time: a server may take a moment.
_MOMENT = 1.0

#: So many sessions that one listing shows are looked for in it, and fewer each by itself.
_MANY = 3

#: What a reading shows: the session itself, or another one in its place.
_SHOWN, _ANOTHER = "reading it", "another session"


def put_back(client: TargetClient, dialect: Dialect, pool: SessionPool) -> None:
    """Delete what the run made; give what it was given or found, and what it renamed of others, its old name back.

    What is left, or may be, goes to the pool's leftovers, and each of them becomes a note.
    """
    with INTERRUPTION.held():
        client.make_last_try()
        cleanup = _Cleanup(client, dialect, pool)
        cleanup.run()
        pool.leftovers += cleanup.found
        pool.notes += [one.what for one in cleanup.found]
        pool.clear()


@dataclass
class _Deleted:
    """A session that was to be deleted, and what the request for it was answered with."""

    session: Session
    said: str
    #: Whether the answer says that it is done.
    done: bool


class _Cleanup:
    """One time of putting back."""

    def __init__(self, client: TargetClient, dialect: Dialect, pool: SessionPool) -> None:
        self._client, self._dialect, self._pool = client, dialect, pool
        self.found: list[Leftover] = []
        #: Whether the last request got no answer: then nothing more is looked for.
        self._silent = False
        #: Whether sessions of others were renamed in place of the run's own.
        self._takes_others = False

    def run(self) -> None:
        """Put everything back that can be."""
        self.found += self._pool.made_up.touched
        for session in self._pool.of_the_run:
            if session.origin != "created":
                self._give_name_back(session)
        # what has renamed sessions of others in place of the run's own may delete them, too
        listed = self._look_at_others()
        made = [
            session for session in self._pool.of_the_run if session.origin == "created" and not self._stays(session)
        ]
        deleted = self._client.together([partial(self._delete_its_own, session, listed) for session in made])
        self._look_for_deleted([one for one in deleted if one is not None])
        for attempt in self._pool.creation.attempts:
            self._look_for_attempt(attempt)

    def _left(self, session_id: str | None, what: str) -> None:
        self.found.append(Leftover(session_id, what))

    def _said(self, exchange: Exchange) -> str:
        return exchange.trouble or summary(exchange.answer, self._client.connection.redact)

    # -- what was given or found

    def _give_name_back(self, session: Session) -> None:
        if session.first_name is None:
            self._left(
                session.id, f"session {session.id} keeps its last name: no name was seen of it before the run's own"
            )
            return
        request = self._dialect.rename(session, self._dialect.body(session, session.first_name))
        try:
            exchange = self._client.send(request, Purpose.CLEANUP)
        except Unjudgeable as trouble:
            self._left(session.id, f"session {session.id} could not be given its old name back: {trouble}")
            return
        self._silent = exchange.answer is None
        if exchange.status != 200:
            self._left(session.id, f"session {session.id} could not be given its old name back: {self._said(exchange)}")

    # -- what was made

    def _stays(self, session: Session) -> bool:
        """Whether the user wants to look at the session, for a requirement failed on it (--keep-failed)."""
        requirement = self._pool.failed.get(session.id) if self._pool.keep_failed else None
        if requirement:
            what = f"session {session.id}, made by this run, is left at the target: {requirement} failed on it"
            self._left(session.id, f"{what} (--keep-failed); delete it when you are done")
        return bool(requirement)

    def _may_be_deleted(self, session: Session, listed: Look | None) -> bool:
        """Whether a DELETE will reach the run's own session: it is there, and the target takes no other for it."""
        name = f"session {session.id}, made by this run,"
        if self._pool.made_up.takes_others or self._takes_others:
            self._left(
                session.id,
                f"{name} is left: the target has renamed a session of others in place of one of this run's, and may "
                "delete one likewise",
            )
            return False
        if self._silent:
            return True  # asked for once, whatever comes
        if self._pool.reader.way.by_reading and not self._is_listed_as_itself(session, listed):
            found = self._read(session)
            if found == _ANOTHER:
                self._left(
                    session.id, f"{name} is left: the target shows another session when it is asked for this one"
                )
            return found in {None, _SHOWN}
        return listed is None or listed.why is not None or any(one == session.id for _, one in listed.names)

    def _is_listed_as_itself(self, session: Session, listed: Look | None) -> bool:
        """Whether the listing shows a session that no reading of the run has taken for another."""
        shown = listed is not None and (session.kind, session.id) in listed.names
        return shown and session.first_read is not None and session.id not in self._pool.reader.mistaken

    def _delete_its_own(self, session: Session, listed: Look | None) -> _Deleted | None:
        """Delete a session where that reaches it."""
        return self._delete(session) if self._may_be_deleted(session, listed) else None

    def _delete(self, session: Session) -> _Deleted:
        try:
            exchange = self._client.send(self._dialect.deletion(session), Purpose.CLEANUP)
        except Unjudgeable as trouble:
            return _Deleted(session, f"DELETE was not sent: {trouble}", done=False)
        self._silent = exchange.answer is None
        if exchange.answer is None:
            return _Deleted(session, f"DELETE got no answer: {exchange.trouble}", done=False)
        return _Deleted(session, f"DELETE was answered {self._said(exchange)}", done=200 <= exchange.status < 300)

    def _look_for_deleted(self, deleted: list[_Deleted]) -> None:
        """See whether what was deleted is gone; where it is not, ask for it once more."""
        there = self._still_there(deleted)
        again = [one for one in deleted if there.get(one.session.id) not in {None, "", _ANOTHER} and one.done]
        if again:
            for one in again:
                self._delete(one.session)
            there |= self._still_there(again)
            if any(there.get(one.session.id) for one in again):
                INTERRUPTION.pause(_MOMENT, heed=False)
                there |= self._still_there(again)
        for one in deleted:
            self._conclude(one, there.get(one.session.id), twice=one in again)

    def _conclude(self, one: _Deleted, there: str | None, *, twice: bool) -> None:
        session_id = one.session.id
        name = f"session {session_id}, made by this run,"
        if there and there != _ANOTHER:
            self._left(session_id, f"{name} is left: {one.said}{' twice' if twice else ''}, and {there} still shows it")
        elif there is None and not one.done:
            nothing = "nothing answers any more" if self._silent else "nothing shows whether it is there"
            self._left(session_id, f"{name} may be left: {one.said}, and {nothing}")

    def _still_there(self, deleted: list[_Deleted]) -> dict[str, str | None]:
        """What still shows each session; empty where it is seen to be gone, None where that cannot be seen.

        What was deleted, as it was answered, and is listed no more is gone. One of those that are alike is read as
        well: where reading it shows it, the others are read, too.
        """
        found: dict[str, str | None] = {}
        together: dict[tuple[str | None, str | None], list[_Deleted]] = {}
        for one in deleted:
            together.setdefault((one.session.kind, self._lister(one.session.owner)), []).append(one)
        for alike, those in together.items():
            found |= self._those_still_there(those, self._listed_still(*alike, those))
        return found

    def _listed_still(self, kind: str | None, user: str | None, deleted: list[_Deleted]) -> dict[str, str | None]:
        """What their listing says of sessions that are alike; nothing where it is not asked for."""
        reader = self._pool.reader
        worth_it = reader.way.by_listing or (reader.way.by_reading and len(deleted) >= _MANY and not reader.unlisted)
        if self._silent or not worth_it:
            return {}
        return self._listed(kind, user, [one.session.id for one in deleted])

    def _those_still_there(self, deleted: list[_Deleted], listed: dict[str, str | None]) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        read: list[str | None] = []
        for one in deleted:
            off = self._is_off_the_list(one, listed)
            if self._silent:
                found[one.session.id] = None
            elif not self._pool.reader.way.by_reading or (off and read and not any(read)):
                found[one.session.id] = listed.get(one.session.id)
            else:
                found[one.session.id] = self._read(one.session)
                if off:
                    read.append(found[one.session.id])
        return found

    def _is_off_the_list(self, one: _Deleted, listed: dict[str, str | None]) -> bool:
        """Whether a listing that has shown a session does not any more, as its deletion says."""
        return one.done and one.session.first_listed is not None and listed.get(one.session.id) == ""

    def _read(self, session: Session) -> str | None:
        request = self._dialect.reading(session)
        assert request is not None
        try:
            exchange = self._client.send(request, Purpose.CLEANUP)
        except Unjudgeable:
            self._silent = True
            return None
        self._silent = exchange.answer is None
        if exchange.answer is None or exchange.status >= 500 or exchange.status in {401, 403, 429}:
            return None
        found = self._dialect.read(exchange.answer)
        if found is None:
            return ""
        # a target that takes one session for another must not be asked to delete it again
        return _SHOWN if self._pool.others.id_of(found) == session.id else _ANOTHER

    def _lister(self, owner: str | None) -> str | None:
        """The user in whose listing a session is; None where one listing has all."""
        return self._dialect.owner(owner) if owner is not None else None

    def _listed(self, kind: str | None, user: str | None, session_ids: list[str]) -> dict[str, str | None]:
        try:
            listing = self._pool.reader.listing(kind, Purpose.CLEANUP, user)
        except Unjudgeable:
            self._silent = True
            return {}
        self._silent = not listing.complete and not listing.status and bool(listing.why)
        ids = {self._pool.others.id_of(item) for item in listing.items}
        unseen = "" if listing.complete else None
        return {session_id: "the listing" if session_id in ids else unseen for session_id in session_ids}

    # -- what may have been made

    def _look_for_attempt(self, attempt: Attempt) -> None:
        if attempt.id is not None:
            self._look_for_chosen(attempt.id, attempt)
            return
        look = self._look()
        if look is None or look.why is not None or attempt.before is None:
            why = "nothing answers any more" if self._silent else "the listing does not show what it has made"
            self._left(None, f"a session of this run may be left: {attempt.what}, and {why}")
            return
        known = attempt.before | self._created()
        new = [
            session_id
            for kind, session_id in look.names
            if session_id not in known and self._pool.others.is_of((kind, session_id), attempt.user)
        ]
        for session_id in new:
            self._left(
                session_id,
                f"session {session_id} may be of this run: {attempt.what}, and the listing, which did not show this "
                "session before, now does",
            )

    def _created(self) -> set[str]:
        return {session.id for session in self._pool.of_the_run if session.origin == "created"}

    def _look_for_chosen(self, session_id: str, attempt: Attempt) -> None:
        """A session under an id that the suite has chosen by chance, and had looked for before: it is the run's."""
        if session_id in self._created():
            return  # a later request has made it, and it was deleted with the others
        session = Session(session_id, "created", attempt.kind, self._lister(attempt.user))
        self._client.policy.allow_look(segment(session_id))
        there = None if self._silent else self._read(session)
        if there is None and not self._silent:
            there = self._listed(attempt.kind, session.owner, [session_id]).get(session_id)
        if there in {"", _ANOTHER}:
            return
        if there is None:
            nothing = "nothing answers any more" if self._silent else "nothing shows whether it is there"
            self._left(session_id, f"session {session_id} of this run may be left: {attempt.what}, and {nothing}")
            return
        if not is_random(session_id):  # others may have chosen such an id meanwhile
            self._left(session_id, f"session {session_id} may be of this run: {attempt.what}, and {there} shows it now")
            return
        self._pool.own_ids.add(session_id)
        self._client.policy.allow_deletion(session_id)
        self._look_for_deleted([self._delete(session)])

    # -- sessions of others

    def _look(self) -> Look | None:
        if self._silent:
            return None
        try:
            return self._pool.others.look(Purpose.CLEANUP)
        except Unjudgeable:
            self._silent = True
            return None

    def _look_at_others(self) -> Look | None:
        """Sessions of others that bear a name of the run's, and sessions that a rename of a made-up id has made.

        What the listing has shown, if it was looked at.
        """
        others, made_up = self._pool.others, self._pool.made_up
        if self._silent or not others.were_listed or not self._client.journal.renames():
            return None
        try:
            found = others.look_for_renamed()
        except Conclusion as trouble:
            self._left(None, f"whether sessions of others have names of this run could not be seen: {trouble}")
            return None
        self._silent = not found.look.names and found.look.why is not None
        for one in found.renamed:
            self._takes_others |= bool(one.status)
            if one.put_back:
                self._pool.notes.append(others.told(one))
            else:
                self._left(one.key[1], others.told(one))
        for _, session_id in found.look.names:
            if segment(session_id) in made_up.sent and session_id not in self._pool.own_ids:
                self._left(
                    session_id, f"session {session_id} is left: a rename of this id, which no session had, made it"
                )
            elif session_id in others.gone:
                self._left(
                    session_id, f"session {session_id} is left: this run has made and deleted it, and it is back"
                )
        if made_up.ghosts:
            self._tell_ghosts(found.look)
        return found.look

    def _tell_ghosts(self, look: Look) -> None:
        """Name what renames of unknown ids have made, or may have: none is deleted, for others make some too."""
        made_up, before = self._pool.made_up, self._pool.creation.first
        for _, session_id in look.names:
            if session_id in made_up.ghosts:
                self._left(
                    session_id, f"session {session_id} is left: it came with the rename of an id that no session had"
                )
            elif (
                before is not None
                and before.why is None
                and session_id not in self._pool.own_ids
                and segment(session_id) not in made_up.sent
                and not any(one == session_id for _, one in before.names)
            ):
                what = "it was not listed before the run, in which renames of ids that no session had made sessions"
                self._left(session_id, f"session {session_id} may be left by this run: {what}")
