"""Sessions of others: what they are called, and how one gets its name back that a request of the run has renamed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TypeGuard

from rename_tck.client.exchange import decoded, shown
from rename_tck.client.journal import Purpose
from rename_tck.client.transport import TargetClient
from rename_tck.interruption import INTERRUPTION
from rename_tck.systems.dialect import Dialect, Session, members
from rename_tck.target.id_forms import canonical, is_random
from rename_tck.target.readback import Listing, SessionReader, Snapshot

#: A session: its kind and its id.
Key = tuple[str | None, str]

#: Looks at the listing in which a session is given its name back, and those that this has renamed instead.
_ROUNDS = 3

#: Characters of a name that nobody else chooses just while the run is sending it.
_LONG = 20

#: In place of a name that no listing has shown.
UNKNOWN = object()


@dataclass
class Look:
    """The sessions of every kind, as the listing showed them, and what kept all of them from being seen."""

    names: dict[Key, object]
    #: How many requests had been sent by then.
    number: int
    #: Why not all of them were seen; None where all were.
    why: str | None = None


@dataclass
class Renamed:
    """A session of others that bears a name of the run's."""

    key: Key
    #: What it was called before; `UNKNOWN` where no listing has shown that.
    before: object
    now: object
    put_back: bool = False
    #: The status that giving the name back was answered with; 0 for none.
    status: int = 0


@dataclass
class Aftermath:
    """What the listing shows at the end of a run."""

    look: Look
    renamed: list[Renamed]


class OtherSessions:
    """What the listing has shown of sessions that are not the run's."""

    def __init__(
        self,
        client: TargetClient,
        dialect: Dialect,
        reader: SessionReader,
        *,
        user: str,
        token: str,
        in_use: Callable[[str], bool],
        alone: bool = True,
    ) -> None:
        self._client, self._dialect, self._reader = client, dialect, reader
        self._user, self._token, self._is_in_use = user, token, in_use
        #: Ids of sessions that the run has deleted, and has seen to be gone.
        self.gone: set[str] = set()
        #: Ids that only a request of the run can have made a session of, besides those in use.
        self._nobodys: set[str] = set()
        #: Whose sessions are listed, where a listing is of one user's, and whose each of them is.
        self._users = [user]
        self._owners: dict[Key, str] = {}
        #: Whether no other worker of the run sends the same names to sessions of its own.
        self._alone = alone
        #: The first name that each was seen with, and the last one that is not the run's.
        self._first: dict[Key, object] = {}
        self._last: dict[Key, object] = {}
        self._seen: Look | None = None
        #: Whether a request of the run was seen to have renamed a session of others.
        self._took_others = False
        reader.on_page = self._note

    def note_nobodys(self, session_id: str) -> None:
        """Take a session that the target shows under this id for none of others', if nobody else can come upon it.

        The id is that of a session that the run has deleted, or one that no session had when the run first sent it.
        """
        if is_random(session_id):
            self._nobodys.add(session_id)

    def is_own(self, session_id: str) -> bool:
        """Whether a session with this id is the run's, or of the run's making."""
        return self._is_in_use(session_id) or session_id in self._nobodys

    def watch(self, user: str | None) -> TypeGuard[str]:
        """List a further user's sessions as well from now on; whether that makes a difference."""
        if user is None or self._dialect.owner(user) is None or user in self._users:
            return False
        self._users.append(user)
        self._seen = None
        return True

    def is_of(self, key: Key, user: str | None) -> bool:
        """Whether a session that was listed may be of a user."""
        return user is None or self._dialect.owner(user) is None or self._owners.get(key, user) == user

    def _note(self, kind: str | None, user: str, items: list[Snapshot]) -> None:
        for item in items:
            if (session_id := self.id_of(item)) is not None:
                self._owners.setdefault((kind, session_id), user)
                name = self._dialect.name_in(item)
                self._first.setdefault((kind, session_id), name)
                if not self.of_the_run(name):
                    self._last[kind, session_id] = name

    def id_of(self, item: Snapshot) -> str | None:
        """The id in a session; a number in digits."""
        found = self._dialect.id_in(item)
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        return found if isinstance(found, str) and found else None

    def of_the_run(self, name: object) -> bool:
        """Whether a name is one that the run, or another with the same seed, has made."""
        return isinstance(name, str) and self._token in name

    @property
    def were_listed(self) -> bool:
        """Whether any listing of the run has shown a session."""
        return bool(self._first)

    def shown(self, session_id: str) -> bool:
        """Whether a listing has shown this id, and not as one of the run's own."""
        return not self.is_own(session_id) and any((kind, session_id) in self._first for kind in self._dialect.kinds)

    def bore(self, name: str) -> bool:
        """Whether a session that is not the run's was listed with a name."""
        return any(
            one == name for known in (self._first, self._last) for key, one in known.items() if not self.is_own(key[1])
        )

    def look(self, purpose: Purpose = Purpose.PROVISIONING, users: Sequence[str] | None = None) -> Look:
        """The sessions of every kind, and of these users, now: of every one who is watched when None."""
        look = Look({}, len(self._client.journal))
        silent = False

        def listed(kind: str | None, user: str) -> Listing | None:
            nonlocal silent
            if silent:
                return None  # nothing answers
            listing = self._reader.listing(kind, purpose, user, anew=False)
            silent = silent or not (listing.complete or listing.status)
            return listing

        asked = list(product(self._dialect.kinds, self._users if users is None else users))
        listings = self._client.together([partial(listed, *each) for each in asked])
        for (kind, _), listing in zip(asked, listings, strict=True):
            if listing is None:
                continue
            for item in listing.items:
                if (session_id := self.id_of(item)) is not None:
                    look.names[kind, session_id] = self._dialect.name_in(item)
            if listing.complete:
                continue
            if look.why is None:
                look.why = listing.not_all() if listing.why or listing.items else "the target has no listing"
        if users is None or set(users) >= set(self._users):
            self._seen = look
        return look

    def lately(self, lasts: int) -> Look:
        """What was seen of every user's sessions at most so many requests ago; looked for where it was not."""
        seen = self._seen
        if seen is None or len(self._client.journal) - seen.number > lasts:
            seen = self.look()
        return replace(seen, names=dict(seen.names))

    # -- giving a name back

    def give_back(self, sent: Collection[str], before: Look | None, answered: str | None) -> list[Renamed]:
        """Find sessions of others that were renamed by a request of the run, and give them their names back.

        `sent` are the names that it asked for, `before` what the listing had shown before it, `answered` the id in its
        answer.
        """
        found: dict[Key, Renamed] = {}
        names, last = set(sent), dict(self._last)  # what is listed from now on may bear names of the run's
        with _putting_back(self._client):
            for _ in range(_ROUNDS):
                look = self.look(Purpose.CLEANUP)
                for one in found.values():
                    one.put_back = look.names.get(one.key, one.now) == one.before
                seen = (
                    self._renamed(key, now, names, before, last=last, answered=answered)
                    for key, now in look.names.items()
                )
                wrong = [found.setdefault(one.key, one) for one in seen if one is not None]
                if not wrong:
                    break
                for one in wrong:
                    if isinstance(one.before, str):
                        self._rename_back(one, one.before)
                        names.add(one.before)
        self._last.update((one.key, one.before) for one in found.values() if one.before is not UNKNOWN)
        self._took_others |= bool(found)
        return list(found.values())

    def _renamed(
        self,
        key: Key,
        now: object,
        sent: Collection[str],
        before: Look | None,
        *,
        last: dict[Key, object],
        answered: str | None,
    ) -> Renamed | None:
        if self.is_own(key[1]):
            return None
        was = before.names.get(key, UNKNOWN) if before is not None else UNKNOWN
        if was is UNKNOWN or self.of_the_run(was):
            was = last.get(key, was)
        if was == now or not isinstance(now, str):
            return None
        asked_for = any(now == name or (canonical(name) and canonical(now) == canonical(name)) for name in sent)
        by_answer = answered == key[1] and was is not UNKNOWN
        return Renamed(key, was, now) if asked_for or by_answer else None

    def _rename_back(self, one: Renamed, name: str) -> None:
        kind, session_id = one.key
        session = Session(session_id, "listed", kind, self._dialect.owner(self._owners.get(one.key, self._user)), name)
        request = self._dialect.rename(session, self._dialect.body(session, name))
        self._client.policy.allow_exactly(request)
        try:
            one.status = self._client.send(request, Purpose.CLEANUP).status
        finally:
            self._client.policy.forbid_exactly(request)

    def look_for_renamed(self) -> Aftermath:
        """At the end of a run: sessions of others that bear a name which the run has sent.

        One with the run's token in its name, which had another when it was first seen, is given that back; where the
        target was seen to take one session for another, so is one with a long name of the run's. Any other name may be
        its owner's choice: it is reported and left alone.
        """
        sent, known = self._sent(), dict(self._last)
        takes_others = self._took_others or bool(self._reader.mistaken)
        with _putting_back(self._client):
            look = self.look(Purpose.CLEANUP)
            found = []
            for key, now in look.names.items():
                first = self._first.get(key, UNKNOWN)
                if (
                    self.is_own(key[1])
                    or not isinstance(now, str)
                    or now not in sent
                    or first == now
                    or first is UNKNOWN
                ):
                    continue
                if not self._alone and not self.of_the_run(now):
                    continue  # another worker may have sent it
                if self.of_the_run(first):
                    continue  # of another run with the same seed
                last = known.get(key, first)
                one = Renamed(key, first if isinstance(last, str) and last in sent else last, now)
                ours = self.of_the_run(now) or (takes_others and len(now) >= _LONG)
                if ours and isinstance(one.before, str):
                    self._rename_back(one, one.before)
                found.append(one)
            if any(one.status for one in found):
                names = self.look(Purpose.CLEANUP).names
                for one in found:
                    one.put_back = bool(one.status) and names.get(one.key) == one.before
        return Aftermath(look, found)

    def _sent(self) -> set[str]:
        """Every name that a rename of the run has asked for."""
        member = self._dialect.name_member
        entries = self._client.journal.renames()
        bodies = {entry.exchange.request.body for entry in entries if entry.purpose is not Purpose.CLEANUP}
        names = [members(decoded(body)).get(member) for body in bodies if body is not None and len(body) < 100_000]
        return {name for name in names if isinstance(name, str)}

    def asked_for(self, name: str, beside: str) -> bool:
        """Whether a rename of the run has asked for this name at another path than `beside`."""
        return any(
            entry.exchange.request.path != beside and self._dialect.name_asked(entry.exchange.request) == name
            for entry in self._client.journal.renames()
            if entry.exchange.request.body is not None and len(entry.exchange.request.body) < 100_000
        )

    def told(self, one: Renamed) -> str:
        """What happened to a session of others, in a sentence."""
        redact = self._client.connection.redact
        kind, session_id = one.key
        which = f"session {redact.shortened(session_id, 100)}" + (f" of type {kind}" if kind else "")
        verb = "had" if one.put_back and isinstance(one.before, str) else "has"
        was = f"{which}, which is not of this run, {verb} the name {shown(one.now, redact)}"
        if one.before is UNKNOWN:
            return f"{was}; what it was called before is not known: no listing has shown it"
        if not isinstance(one.before, str):
            return f"{was}; it had no name before ({shown(one.before, redact)}), which a rename cannot give back"
        old = shown(one.before, redact)
        if one.put_back:
            return f"{was}; it was given its old name {old} back, and is listed with it"
        if not one.status:
            return f"{was}, which this run has sent; when it was first listed it was called {old}"
        return f"{was}; it was called {old}, and giving that back was answered with {one.status}"


@contextmanager
def _putting_back(client: TargetClient) -> Iterator[None]:
    """No limit of the run and no interruption keeps a name from being given back."""
    with INTERRUPTION.held():
        client.closing += 1
        try:
            yield
        finally:
            client.closing -= 1
