"""Renames that were refused: whether one has renamed a session all the same, and not the one that it was sent to."""

from __future__ import annotations

from dataclasses import dataclass, field

from rename_tck.client.exchange import Exchange, plain, segment
from rename_tck.target.others import UNKNOWN, Key, Look, OtherSessions, Renamed

#: How many refusals the run has had when the listing is looked at for their names: a few, and one look for them all.
_FIRST = 3

#: Refusals after which it is looked at at once, when one was seen to have renamed a session of others.
_LOOKS = 60


@dataclass(frozen=True)
class RenamedThough:
    """Another session that bears the name that was refused."""

    exchange: Exchange
    session_id: str
    before: str
    now: str


@dataclass
class RefusedRenames:
    """Keeps the names that were refused, until the listing is looked at for them."""

    others: OtherSessions
    own: set[str]
    found: list[RenamedThough] = field(default_factory=list)
    #: The status of the first that has renamed a session of others: no id of nobody is sent then.
    of_others: int | None = None
    #: The names, each with the rename that asked for it; of a name that was sent twice the first.
    _waiting: dict[str, Exchange] = field(default_factory=dict)
    _refused: int = 0
    _looks: int = 0

    def note(self, exchange: Exchange, names: list[str]) -> bool:
        """Keep what was refused; whether the listing is to be looked at at once.

        It is after the first few of the run, and after each that is like one that has renamed a session of others.
        """
        ours = [name for name in names if self.others.of_the_run(name)]
        for name in ours:
            self._waiting.setdefault(name, exchange)
        self._refused += bool(ours)
        again = exchange.status == self.of_others and self._looks < _LOOKS
        self._looks += again
        return bool(ours) and (again or self._refused == _FIRST)

    @property
    def waits(self) -> bool:
        """Whether there are names that the listing was not looked at for."""
        return bool(self._waiting)

    def compare(self, look: Look, before: Look | None) -> list[tuple[Exchange, Renamed]]:
        """Look for the names in a listing; what was renamed of others, each with what was done about it."""
        waiting, self._waiting = self._waiting, {}
        bearing = {key: waiting[now] for key, now in look.names.items() if isinstance(now, str) and now in waiting}
        names = {key: now for key in bearing if isinstance(now := look.names[key], str)}
        for key, exchange in bearing.items():
            elsewhere = segment(key[1]) not in exchange.request.path.split("/")
            if key[1] in self.own and elsewhere and not self.others.asked_for(names[key], exchange.request.path):
                self._add(exchange, key, before.names.get(key, UNKNOWN) if before else UNKNOWN, names[key])
        of_others = [name for key, name in names.items() if not self.others.is_own(key[1])]
        if not of_others:
            return []
        told = []
        for one in self.others.give_back(of_others, before, None):
            exchange = next((waiting[name] for name in of_others if name == one.now), waiting[of_others[0]])
            told.append((exchange, one))
            if one.before is UNKNOWN or self.others.of_the_run(one.before):
                continue  # it was not seen before, or another run with the same seed has named it
            self.of_others = self.of_others or exchange.status
            self._add(exchange, one.key, one.before, one.now)
        return told

    def _add(self, exchange: Exchange, key: Key, before: object, now: object) -> None:
        was = "another name" if before is UNKNOWN else plain(before)
        self.found.append(RenamedThough(exchange, key[1], was, plain(now)))
