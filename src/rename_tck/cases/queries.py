"""Queries that no document describes, each with the mistake that it stands for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OddQuery:
    """A query to try: what it does must not be a 5xx status."""

    query: tuple[tuple[str, str], ...]
    label: str
    mistake: str
