"""What of the space of renames a run has sent: values of each dimension, and pairs of their classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rename_tck.results.record import Json

#: Two classes of two dimensions, each by the dimension's name and its own.
Pair = tuple[str, str, str, str]


@dataclass
class Sent:
    """The values of one dimension that were sent, by what tells one from another; and how many there are."""

    values: set[str] = field(default_factory=set)
    known: int = 0


@dataclass
class Coverage:
    """What was sent, by one process or by several."""

    points: set[str] = field(default_factory=set)
    dimensions: dict[str, Sent] = field(default_factory=dict)
    pairs: set[Pair] = field(default_factory=set)
    #: How many pairs of classes go together.
    known_pairs: int = 0

    def add(self, other: Coverage) -> None:
        """Take over what another process, or another target of the same system, was sent."""
        self.points |= other.points
        self.pairs |= other.pairs
        self.known_pairs = max(self.known_pairs, other.known_pairs)
        for name, sent in other.dimensions.items():
            own = self.dimensions.setdefault(name, Sent())
            own.values |= sent.values
            own.known = max(own.known, sent.known)

    def record(self) -> Json:
        """The record's part of it: numbers alone."""
        return {
            "points": len(self.points),
            "values": [
                {"dimension": name, "sent": len(one.values), "of": one.known} for name, one in self.dimensions.items()
            ],
            "pairs": {"sent": len(self.pairs), "of": self.known_pairs},
        }

    def handed_over(self) -> dict[str, Any]:
        """What a worker tells the process that started it: of what execnet can send."""
        return {
            "points": sorted(self.points),
            "dimensions": {name: (sorted(one.values), one.known) for name, one in self.dimensions.items()},
            "pairs": sorted(self.pairs),
            "known_pairs": self.known_pairs,
        }

    @classmethod
    def taken_over(cls, told: dict[str, Any]) -> Coverage:
        """What a worker has told."""
        return cls(
            set(told["points"]),
            {name: Sent(set(values), known) for name, (values, known) in told["dimensions"].items()},
            {(one, first, other, second) for one, first, other, second in told["pairs"]},
            told["known_pairs"],
        )
