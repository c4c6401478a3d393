"""What a run leaves at its target, or may leave, with the ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leftover:
    """One thing that is left or may be left."""

    #: The id of the session; None where it is not known.
    id: str | None
    #: What was seen of it, in a sentence.
    what: str
