"""The conclusion that a requirement is broken, with the exchange that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.client.exchange import Exchange
from rename_tck.verdict import Compared, Conclusion, Tried


@dataclass(repr=False)
class Nonconformance(Conclusion):
    """The system under test broke the requirement; `exchange` shows it."""

    case: str
    expected: str
    exchange: Exchange | None = None
    compared: Compared | None = None
    tried: Tried | None = None

    def __str__(self) -> str:
        return f"{self.case}: expected {self.expected}"
