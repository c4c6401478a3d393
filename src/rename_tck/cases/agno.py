"""Cases that only Agno has."""

from __future__ import annotations

from rename_tck.cases.queries import OddQuery
from rename_tck.cases.system_cases import SystemCases
from rename_tck.client.exchange import Request
from rename_tck.systems.dialect import Session


class AgnoCases(SystemCases):
    """Faulty and odd requests in Agno's terms."""

    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        return [
            ("no session_name", self.dialect.rename(session, {"name": name})),
            ("a session_name in an array", self.dialect.rename(session, {"session_name": [name]})),
            ("a session_name in an object", self.dialect.rename(session, {"session_name": {"text": name}})),
            (
                "a type that does not exist",
                self.dialect.rename(session, {"session_name": name}, query=(("type", "nosuchtype"),)),
            ),
        ]

    def odd_queries(self, session: Session) -> list[OddQuery]:
        query, kind = self.dialect.query(session), session.kind or "agent"
        return [
            *super().odd_queries(session),
            OddQuery((*query, ("db_id", "rename-tck-no-such-db")), "an unknown db_id", "an exception let through"),
            OddQuery((*query, ("table", "rename-tck-no-such-table")), "an unknown table", "an exception let through"),
            OddQuery((*query, ("table", "x'; --")), "a table's name that is SQL", "pasted into a statement"),
            OddQuery((*query, ("user_id", "u" * 3000)), "a very long user_id", "a column's width"),
            OddQuery((*query, ("user_id", "u\0")), "a user_id with a NUL", "refused by the database with an exception"),
            OddQuery((("type", "nosuchtype"),), "a type that does not exist", "looked up without a check"),
            OddQuery((("type", kind), ("type", "nosuchtype")), "the type twice", "one checked, the other used"),
        ]


CASES = AgnoCases
