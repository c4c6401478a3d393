"""The profiles: what is drawn at random, by which law, how much of it; and how long sessions are left alone.

Nothing is drawn here, and Hypothesis is not needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: The profiles, from the least to the most, each with the cases that it draws of a space.
PROFILES = {"smoke": 1, "quick": 25, "ci": 100, "nightly": 1000}
DEFAULT = "quick"

#: The profile of which a run tries the most telling cases alone, and draws none.
SMOKE = "smoke"

#: Seconds for which sessions are left alone at least, by profile.
SETTLE = {"smoke": 0.0, "quick": 2.0, "ci": 5.0, "nightly": 60.0}


def settle_by(profile: str) -> float:
    """Seconds for which sessions are left alone at least, by a profile; a user's own is as the default one."""
    return SETTLE.get(profile, SETTLE[DEFAULT])


@dataclass(frozen=True)
class Space:
    """A set of cases that a law draws from."""

    name: str
    #: The requirement that is judged by it, without the system's name.
    law: str
    #: How many cases are drawn, as a part of what the profile says.
    share: float = 1.0
    #: Whether the law is judged once for each edition of the document, so that the cases are divided among them.
    per_edition: bool = False
    #: The only system that has it; None for a space of every system.
    system: str | None = None

    def examples(self, most: int, editions: int) -> int:
        """How many cases are drawn where the profile says `most` and that many editions are judged by."""
        return max(2, round(most * self.share / (editions if self.per_edition else 1)))


def seed_for(run: int, requirement: str | None, edition: str | None) -> str:
    """What the cases of a test are drawn by: the run's seed and the requirement alone."""
    return f"{run}/{requirement}/{edition}"


VALID = Space("valid requests", "valid-space-accepted", share=0.24, per_edition=True)
NAMES = Space("reasonable names", "valid-space-accepted", share=0.12, per_edition=True)
INVALID = Space("invalid requests", "invalid-space-refused", share=0.24, per_edition=True)
MOVES = Space("sequences", "sequence-consistent", share=0.08)
BODIES = Space("bodies", "no-server-error", share=0.08)
#: Values of Agno's query parameters.
TYPES = Space("values of type", "type-validated", share=0.08, system="agno")
USERS = Space("values of user_id", "user-scope-other", share=0.08, system="agno")
DATABASES = Space("values of db_id", "db-id-unknown", share=0.08, system="agno")
TABLES = Space("values of table", "table-unknown", share=0.08, system="agno")
QUERIES = (TYPES, USERS, DATABASES, TABLES)

#: In the order in which a run comes to them.
SPACES: Sequence[Space] = (MOVES, VALID, NAMES, INVALID, *QUERIES, BODIES)

#: The requirements whose cases are drawn, without the system's name.
LAWS = frozenset(space.law for space in SPACES)
