"""The dimension of scopes: the kind of a session, and what a query says besides to find it."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.cases.dimensions import Value
from rename_tck.systems.dialect import Dialect, Session, Storage


@dataclass(frozen=True)
class Scope(Value):
    """What the query of a rename names, each of it rightly."""

    kind: str | None
    #: Whether the query names the kind; it may be left out for the default one.
    names_kind: bool = True
    names_user: bool = False
    names_database: bool = False
    names_table: bool = False

    def fits(self, owner: str | None, storage: Storage | None) -> bool:
        """Whether there is such a query for a session of this owner, in a place of which this much is known."""
        place = storage is not None and (storage.table is not None or not self.names_table)
        return (not self.names_user or owner is not None) and (not self.names_database or place)

    def query(self, dialect: Dialect, session: Session, storage: Storage | None = None) -> tuple[tuple[str, str], ...]:
        """The query of a rename of a session of this kind that fits."""
        query = dialect.query(session) if self.names_kind else ()
        if self.names_user:
            query += (("user_id", str(session.owner)),)
        if self.names_database:
            assert storage is not None
            query += dialect.placed(storage if self.names_table else Storage(storage.database))
        return query


#: The only one of a system without kinds and parameters.
PLAIN = Scope("an ordinary query", "ordinary", "none: the one that is always tried", None)


def scopes(*kinds: str) -> tuple[Scope, ...]:
    """Every scope of sessions of these kinds, that of an ordinary rename first."""
    found = []
    for kind in kinds:
        of_kind = "looked for among the default type's sessions" if kind != kinds[0] else PLAIN.mistake
        user, place = (
            "another user's scope taken, or an index over both missed",
            "a second store opened, or the type lost",
        )
        found += [
            Scope(f"type {kind}", kind, of_kind, kind),
            Scope(f"type {kind} and the user_id", f"{kind}, user_id", user, kind, names_user=True),
            Scope(f"type {kind} and the db_id", f"{kind}, db_id", place, kind, names_database=True),
            Scope(
                f"type {kind}, the db_id and the table", f"{kind}, db_id", place, kind,
                names_database=True, names_table=True,
            ),
            Scope(
                f"type {kind}, the user_id, the db_id and the table", f"{kind}, db_id", place, kind,
                names_user=True, names_database=True, names_table=True,
            ),
        ]  # fmt: skip
    found += [
        Scope("no type", "no type", "the default not known", kinds[0], names_kind=False),
        Scope(
            "no type, and the user_id", "no type", "the default not known", kinds[0], names_kind=False, names_user=True
        ),
    ]
    return tuple(found)
