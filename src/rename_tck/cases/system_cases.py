"""Cases that only one system has: each system's own module in this room says which."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from rename_tck.cases.conditions import Condition
from rename_tck.cases.queries import OddQuery
from rename_tck.cases.scopes import PLAIN, Scope
from rename_tck.cases.users import User, plain
from rename_tck.client.exchange import Request
from rename_tck.systems.dialect import Dialect, Session


class SystemCases(ABC):
    """The cases of one system, made by its dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    @abstractmethod
    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        """Requests that carry an acceptable name and one fault that every edition calls invalid, with what it is."""

    #: Sessions as users have them: by the dimension's name, what they may be like in that respect, as ordinary first.
    conditions: ClassVar[Mapping[str, tuple[Condition, ...]]] = {}

    #: What a query may say to find a session, that of an ordinary rename first.
    scopes: ClassVar[tuple[Scope, ...]] = (PLAIN,)

    def users(self, user: str) -> tuple[User, ...]:
        """Users on whose behalf a session is renamed, the run's own first."""
        return (plain(user),)

    def odd_queries(self, session: Session) -> list[OddQuery]:
        """Queries to try that no document describes."""
        query = self.dialect.query(session)
        return [
            OddQuery((*query, ("unknown", "1")), "an unknown parameter", "parameters bound by reflection"),
            OddQuery((*query, ("x[]", "\0"), ("", "")), "odd names and a NUL", "a parser's exception let through"),
        ]

    def odd_scopes(self, session: Session, name: str) -> list[tuple[str, dict[str, object]]]:
        """Bodies whose scope is valid and odd, with what is odd about it."""
        return []

    def beside(self, session: Session, other: Session | None, name: str) -> list[tuple[str, Request]]:
        """Requests that do not rename a session, to be in flight while it is renamed, with what they are.

        `other` is a session of which it does not matter what becomes of it; None where there is none.
        """
        return []

    def generating(self, session: Session) -> Request | None:
        """The request for a name that the server makes itself; None where there is no such thing."""
        return None

    def ignoring(self, body: object) -> tuple[str, dict[str, object]] | None:
        """The requirement by which a member of this body is ignored, and the body without it; None where none is.

        In an edition that states the requirement it is left open whether the member may be wrong.
        """
        return None


def load(dialect: Dialect) -> SystemCases:
    """The cases of a dialect's system; only its own module is imported."""
    module = importlib.import_module(f"rename_tck.cases.{dialect.system}")
    cases: SystemCases = module.CASES(dialect)
    return cases
