"""The conclusion that a requirement is broken, with the exchange that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.client.exchange import Exchange
from rename_tck.verdict import Compared, Conclusion, ReplayData


@dataclass(repr=False)
class Nonconformance(Conclusion):
    """The system under test broke the requirement; `exchange` shows it."""

    case: str
    expected: str
    exchange: Exchange | None = None
    compared: Compared | None = None
    replay_data: ReplayData | None = None

    def __str__(self) -> str:
        return f"{self.case}: expected {self.expected}"
