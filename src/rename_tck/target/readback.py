"""Reading sessions back: each from its own resource, from the listing, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TypeVar

from rename_tck.client.exchange import Answer, Exchange, Request
from rename_tck.client.journal import Purpose
from rename_tck.client.transport import TargetClient
from rename_tck.redaction import Redactor
from rename_tck.systems.dialect import Dialect, Page, Session
from rename_tck.target.settling import Patience
from rename_tck.verdict import NotTested, Unjudgeable

T = TypeVar("T")

#: Pages of a listing that are followed before the suite stops looking.
PAGES = 30

Snapshot = dict[str, object]


@dataclass
class Readback:
    """How a session is read back at this target: from its own resource, from the listing, or not at all."""

    by_reading: bool = False
    by_listing: bool = False

    def __bool__(self) -> bool:
        return self.by_reading or self.by_listing


class Extent(Enum):
    """How much of a listing was seen."""

    COMPLETE = "complete"
    #: The suite stopped at `PAGES` pages: what was not among them may be there still.
    CUT = "cut off"
    #: A page was answered by something that is no listing, or by nothing.
    FAILED = "failed"
    #: There is no listing: not even its first page is one, and that not for a failure of the server's.
    ABSENT = "absent"


@dataclass
class Listing:
    """Sessions of a kind as the listing showed them, and how much of it was seen.

    That a session is not among them says that it is not there only where the listing is complete.
    """

    items: list[Snapshot]
    extent: Extent
    #: The answer that ended it before its end, in a few words, and its status (0: none came).
    why: str = ""
    status: int = 0
    #: The page that was answered so, where no listing of the run has come beyond it: the target is so by itself.
    never_beyond: int = 0

    @property
    def complete(self) -> bool:
        """Whether every session was seen."""
        return self.extent is Extent.COMPLETE

    def shown(self) -> list[Snapshot] | None:
        """The sessions, or None where not all were seen."""
        return self.items if self.complete else None

    @property
    def goes_on(self) -> bool:
        """Whether it goes on beyond what can be read at this target, at any time."""
        return self.extent is Extent.CUT or bool(self.never_beyond)

    def not_all(self) -> str:
        """Why not all of it was seen."""
        if self.extent is Extent.CUT:
            return f"the listing is longer than {PAGES} pages"
        if self.never_beyond:
            return f"page {self.never_beyond} of the listing could be read at no time so far ({self.why})"
        return f"reading the listing failed: {self.why}"

    def untold(self, *, was_shown: bool = False) -> NotTested | Unjudgeable:
        """What says that the listing does not show whether a session is there, and why it does not.

        `was_shown` says that it has shown the session before: what has become of it is a question that stays.
        """
        if self.goes_on:
            why = f"{self.not_all()}, and the session is not on the pages before"
            return Unjudgeable(why, self.status) if was_shown else NotTested(why)
        return Unjudgeable(self.not_all(), self.status)


class SessionReader:
    """Reads the sessions of one target."""

    def __init__(self, client: TargetClient, dialect: Dialect, user: str) -> None:
        self._client = client
        self._dialect = dialect
        self._user = user
        #: How sessions are read back here, once that is known.
        self.way = Readback()
        #: How long is waited for what is not shown at once.
        self.patience = Patience()
        #: What each session was called when it was first read, where that is a text.
        self.first_names: dict[str, str] = {}
        #: The last page of a listing that was ever read, and the ids that were looked for and found.
        self._pages_read = 0
        self._found: set[str] = set()
        #: The ids for which another session was shown.
        self.mistaken: set[str] = set()
        #: Shown each page of a listing: its kind, whose it is, and the sessions on it.
        self.on_page: Callable[[str | None, str, list[Snapshot]], None] | None = None
        #: Whether a listing was asked for in vain: there is none then.
        self.unlisted = False
        #: The number of the last reading of each session, and of each listing that was read to its end, with what it
        #: showed.
        self._last_read: dict[str, tuple[int, Snapshot | None]] = {}
        self._last_listed: dict[tuple[str | None, str], tuple[int, Listing]] = {}

    def how_to_read(self, session: Session) -> Readback:
        """How this session can be read back: a new one may be shown a moment later. Raises Unjudgeable as `ask`."""
        return self.patience.settled(lambda: self._how_now(session), bool, renamed=False)

    def _how_now(self, session: Session) -> Readback:
        request = self._dialect.reading(session)
        if request is not None:
            exchange = self.ask(request, Purpose.READING)
            if exchange.answer and self._dialect.read(exchange.answer) is not None:
                return Readback(by_reading=True)
        found, _ = self._search(session)
        return Readback(by_listing=found is not None)

    def ask(self, request: Request, purpose: Purpose = Purpose.PROVISIONING, patience: float | None = None) -> Exchange:
        """Send a provisioning request; with `patience` wait no longer than that where it is asked to.

        Raises Unjudgeable when no answer comes.
        """
        exchange = self._client.send(request, purpose, patience=patience)
        if exchange.answer is None:
            base_url = self._client.connection.base_url
            raise Unjudgeable(f"the target {base_url} cannot be reached: {exchange.trouble}")
        return exchange

    def read(self, session: Session, purpose: Purpose = Purpose.READING, *, anew: bool = True) -> Snapshot | None:
        """The session as the target shows it now, or None when it is not there.

        Where it need not be read `anew`, the last reading will do, if nothing but readings was sent since.

        Raises:
            NotTested: this target offers no way to read a session back.
            Unjudgeable: the reading itself failed.
        """
        if not self.way:
            raise NotTested(
                "no way to read a session back was found: neither its reading nor the listing, asked for in the "
                "beginning, showed it"
            )
        if not self.way.by_reading:
            return self.find(session, purpose)
        number, last = self._last_read.get(session.id, (None, None))
        if not anew and number is not None and self._client.journal.nothing_but_readings(number):
            return last
        request = self._dialect.reading(session)
        assert request is not None
        exchange = self._client.send(request, purpose)
        if exchange.answer is None or exchange.status >= 500 or exchange.status in {401, 403}:
            said = exchange.trouble or summary(exchange.answer, self._client.connection.redact)
            raise Unjudgeable(f"reading the session back failed: {said}", exchange.status)
        snapshot = self._dialect.read(exchange.answer)
        if snapshot is not None and str(self._dialect.id_in(snapshot)) != session.id:
            self.mistaken.add(session.id)
        self._last_read[session.id] = len(self._client.journal), snapshot
        return self._noted(session.id, snapshot)

    def _noted(self, session_id: str, snapshot: Snapshot | None) -> Snapshot | None:
        name = self._dialect.name_in(snapshot or {})
        if isinstance(name, str):
            self.first_names.setdefault(session_id, name)
        return snapshot

    def together(self, parts: Sequence[Callable[[], T]]) -> list[T]:
        """Do parts in flight together, as the client does."""
        return self._client.together(parts)

    def see_first(self, sessions: Sequence[Session]) -> None:
        """Read sessions that nothing was sent to yet, singly and in the listing, as far as they are shown.

        Once for each: what is kept of one stays as it was. What was just made may be shown up to a second later.
        """
        if self.way.by_reading:
            self.together([partial(self._read_first, session) for session in sessions if session.first_read is None])
        for group in self._alike([session for session in sessions if session.first_listed is None]):
            if self.unlisted:
                return
            if self.way.by_listing:
                self.patience.settled(partial(self._list_first, group), bool, renamed=False)
            else:
                self._list_first(group)

    def _read_first(self, session: Session) -> None:
        with suppress(Unjudgeable):
            shown = self.patience.settled(
                lambda: self.read(session, Purpose.PROVISIONING), lambda found: found is not None, renamed=False
            )
            self._keep_first(session, shown, listed=False)

    def _list_first(self, alike: Sequence[Session]) -> bool:
        """Keep what their listing shows of sessions; whether it has shown all of them."""
        shown, listing = self._shown(alike, Purpose.PROVISIONING)
        self.unlisted = listing.extent is Extent.ABSENT
        for session in alike:
            self._keep_first(session, shown.get(session.id), listed=True)
        return len(shown) == len(alike)

    def _keep_first(self, session: Session, shown: Snapshot | None, *, listed: bool) -> None:
        if shown is None:
            return
        if listed:
            session.first_listed = session.first_listed or shown
        else:
            session.first_read = shown
        name = self._dialect.name_in(shown)
        if session.first_name is None and isinstance(name, str):
            session.first_name = name

    def _alike(self, sessions: Sequence[Session]) -> list[list[Session]]:
        """Sessions that are in one listing."""
        groups: dict[tuple[str | None, str], list[Session]] = {}
        for session in sessions:
            groups.setdefault((session.kind, self._lister(session)), []).append(session)
        return list(groups.values())

    def _lister(self, session: Session) -> str:
        """The user in whose listing a session is."""
        return (self._dialect.owner(session.owner) if session.owner is not None else None) or self._user

    def _shown(
        self, alike: Sequence[Session], purpose: Purpose, *, anew: bool = True
    ) -> tuple[dict[str, Snapshot], Listing]:
        """What their listing shows of sessions; no page is read after the one that has the last of them."""
        wanted, found = {session.id for session in alike}, dict[str, Snapshot]()
        listing = Listing([], Extent.ABSENT)
        for listing in self._pages(alike[0].kind, purpose, self._lister(alike[0]), anew=anew):
            for item in listing.items:
                session_id = self._dialect.id_in(item)
                if isinstance(session_id, str) and session_id in wanted:
                    found[session_id] = item
            if len(found) == len(wanted):
                break
        self._found |= found.keys()
        for session_id, item in found.items():
            self._noted(session_id, item)
        return found, listing

    def read_all(self, sessions: Sequence[Session], *, anew: bool = True) -> dict[str, Snapshot | None]:
        """Several sessions by id, over a single listing for those alike where that is how this target is read.

        `anew` is as for `read`.

        Raises:
            NotTested: the listing does not show whether they are there, and cannot.
            Unjudgeable: the reading itself failed.
        """
        if self.way.by_reading or not sessions:
            read = self.together([partial(self.read, session, anew=anew) for session in sessions])
            return {session.id: snapshot for session, snapshot in zip(sessions, read, strict=True)}
        found: dict[str, Snapshot | None] = dict.fromkeys(session.id for session in sessions)
        for group in self._alike(sessions):
            shown, listing = self._shown(group, Purpose.READING, anew=anew)
            if len(shown) < len(group) and not listing.complete:
                was_shown = any(one.id in self._found for one in group if one.id not in shown)
                raise listing.untold(was_shown=was_shown)
            found |= shown
        return found

    def listed(self, sessions: Sequence[Session], *, anew: bool = True) -> dict[str, Snapshot]:
        """Those of several sessions that the listing shows; no page is read after the one with the last of them.

        `anew` is as for `read`.
        """
        found: dict[str, Snapshot] = {}
        for alike in self._alike(sessions):
            found |= self._shown(alike, Purpose.READING, anew=anew)[0]
        return found

    def read_some(self, sessions: Sequence[Session]) -> dict[str, Snapshot | None]:
        """Several sessions by id: over the listing, and those that it does not show by themselves.

        Raises:
            NotTested: the listing does not show whether they are there, and cannot.
            Unjudgeable: the reading itself failed.
        """
        found: dict[str, Snapshot | None] = {**self.listed(sessions)}
        return {one.id: found[one.id] if one.id in found else self.read(one) for one in sessions}

    def find(self, session: Session, purpose: Purpose = Purpose.READING) -> Snapshot | None:
        """The session as the listing shows it, or None where it does not; no page is read after the one that has it.

        Raises:
            NotTested: the listing does not show whether the session is there, and cannot.
            Unjudgeable: reading the listing failed.
        """
        found, listing = self._search(session, purpose)
        if found is None and not listing.complete:
            raise listing.untold(was_shown=session.id in self._found)
        return found

    def is_listed(self, session: Session) -> bool:
        """Whether the listing shows the session, as far as it can be seen."""
        return self._search(session, Purpose.PROVISIONING)[0] is not None

    def _search(self, session: Session, purpose: Purpose = Purpose.READING) -> tuple[Snapshot | None, Listing]:
        shown, listing = self._shown([session], purpose)
        return shown.get(session.id), listing

    def listing(
        self,
        kind: str | None = None,
        purpose: Purpose = Purpose.READING,
        user: str | None = None,
        *,
        anew: bool = True,
    ) -> Listing:
        """The sessions of a kind (the default one when None) that the target lists, over at most `PAGES` pages.

        They are those of a user, the run's own when None, where each has a listing of his own. `anew` is as for `read`.
        """
        items: list[Snapshot] = []
        listing = Listing([], Extent.ABSENT)
        for listing in self._pages(kind or self._dialect.kinds[0], purpose, user or self._user, anew=anew):
            items += listing.items
        return replace(listing, items=items)

    def last_listing(self, kind: str | None) -> Listing | None:
        """What the run's own user's listing has shown when it was last read to its end; None where it never was."""
        _, whole = self._last_listed.get((kind, self._user), (0, None))
        return whole

    def _is_news(self, number: int, exchange: Exchange) -> bool:
        """Whether a page behind the first was answered that was never read in the run."""
        return exchange.answer is not None and 1 < number > self._pages_read

    def _pages(self, kind: str | None, purpose: Purpose, user: str, *, anew: bool) -> Iterator[Listing]:
        """Each page by itself, with what is known of the listing's extent by then: cut off until it ends.

        A listing that was read to its end, and is not read anew, is one page.
        """
        number, whole = self._last_listed.get((kind, user), (0, None))
        if not anew and whole is not None and self._client.journal.nothing_but_readings(number):
            yield whole
            return
        items: list[Snapshot] = []
        following: Request | None = self._dialect.listing(kind, user)
        for number in range(1, PAGES + 1):
            if following is None:
                return
            exchange = self._client.send(following, purpose)
            page: Page | None = self._dialect.page(following, exchange.answer) if exchange.answer else None
            if page is None and self._is_news(number, exchange):  # a page may fail once
                exchange = self._client.send(following, purpose)
                page = self._dialect.page(following, exchange.answer) if exchange.answer else None
            if page is None:
                first = number == 1
                refused = first and 400 <= exchange.status < 500 and exchange.status not in {401, 403, 429}
                absent = first and exchange.answer is not None and (refused or exchange.status < 400)
                said = exchange.trouble or summary(exchange.answer, self._client.connection.redact)
                extent = Extent.ABSENT if absent else Extent.FAILED
                never = number if self._is_news(number, exchange) else 0
                yield Listing([], extent, said, exchange.status, never)
                return
            following = page.following
            self._pages_read = max(self._pages_read, number)
            if self.on_page is not None:
                self.on_page(kind, user, page.items)
            items += page.items
            if following is None:
                self._last_listed[kind, user] = len(self._client.journal), Listing(items, Extent.COMPLETE)
            yield Listing(page.items, Extent.COMPLETE if following is None else Extent.CUT)


def summary(answer: Answer | None, redact: Redactor) -> str:
    """An answer in a few words."""
    if answer is None:
        return "nothing"
    if answer.is_page:
        return f"{answer.status} with an HTML page: is the base URL right?"
    text = redact.on_one_line(answer.text, 120)
    return f"{answer.status}" + (f" {text}" if text else " with an empty body")
