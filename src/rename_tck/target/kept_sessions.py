"""The ordinary sessions of a run: shared by its tests, but each of those in flight together has sessions of its own."""

from __future__ import annotations

from rename_tck import in_flight
from rename_tck.systems.dialect import Session


class KeptSessions:
    """Sessions in use, those of whoever asks apart from those of others in flight."""

    def __init__(self) -> None:
        self._shared: list[Session] = []
        self._apart: dict[int, list[Session]] = {}

    @property
    def here(self) -> list[Session]:
        """Those that the caller uses: to be changed in place."""
        place = in_flight.place()
        return self._shared if place is None else self._apart.setdefault(place, [])

    @property
    def everywhere(self) -> list[Session]:
        """All of them."""
        return [*self._shared, *(session for apart in self._apart.values() for session in apart)]

    def drop(self, session: Session) -> bool:
        """Use a session no more, whoever has used it; whether anybody has."""
        for kept in (self._shared, *self._apart.values()):
            if session in kept:
                kept.remove(session)
                return True
        return False

    def give_up_apart(self) -> list[Session]:
        """Those of what was in flight, which are in use no more."""
        given = [session for apart in self._apart.values() for session in apart]
        self._apart.clear()
        return given
