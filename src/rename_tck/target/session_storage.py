"""Where a target keeps a session, by its own words: the place that a query may name rightly."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from rename_tck.client.journal import Purpose
from rename_tck.systems.dialect import Dialect, Session, Storage
from rename_tck.target.readback import SessionReader
from rename_tck.verdict import Unjudgeable

#: Places that are looked into for a session, where a target names several.
_PLACES = 8


class SessionStorage:
    """Finds out where sessions are: asked for once for each kind."""

    def __init__(self, dialect: Dialect, reader: SessionReader) -> None:
        self._dialect, self._reader = dialect, reader
        self._named: list[Storage] | None = None
        self._found: dict[str | None, Storage | None] = {}

    def of(self, session: Session) -> Storage | None:
        """The place under which the reading of a session shows it; None where none is named, or none shows it."""
        if session.kind not in self._found:
            self._found[session.kind] = self._look_for(session)
        return self._found[session.kind]

    def _look_for(self, session: Session) -> Storage | None:
        if self._named is None:
            self._named = self._ask()
        reading = self._dialect.reading(session)
        if reading is None or not self._reader.way.by_reading:
            # nothing shows which of several it is
            return self._named[0] if len({one.database for one in self._named}) == 1 else None
        for storage in self._named[:_PLACES]:
            placed = replace(reading, query=(*reading.query, *self._dialect.placed(storage)))
            with suppress(Unjudgeable):
                answer = self._reader.ask(placed, Purpose.PREPARATION).answer
                shown = self._dialect.read(answer) if answer is not None else None
                if shown is not None and self._dialect.id_in(shown) == session.id:
                    return storage
        return None

    def _ask(self) -> list[Storage]:
        request = self._dialect.storages()
        if request is None:
            return []
        answer = self._reader.ask(request, Purpose.PREPARATION).answer
        return self._dialect.storages_in(answer) if answer is not None and answer.status == 200 else []
