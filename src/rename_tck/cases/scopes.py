"""The dimensions of kinds and scopes: of which kind a session is, and what a query says besides to find it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rename_tck.cases.dimensions import Value, by_lot
from rename_tck.systems.dialect import Dialect, Session, Storage


@dataclass(frozen=True)
class Kind(Value):
    """Of which kind a session is; None for the only one of a system without kinds."""

    kind: str | None
    is_default: bool = False


@dataclass(frozen=True)
class Scope(Value):
    """What the query of a rename names, each of it rightly."""

    #: Whether the query names the kind; it may be left out for the default one.
    names_kind: bool = True
    names_user: bool = False
    names_database: bool = False
    names_table: bool = False

    def fits(self, dialect: Dialect, session: Session, storage: Storage | None) -> bool:
        """Whether there is such a query for a session, in a place of which this much is known."""
        place = storage is not None and (storage.table is not None or not self.names_table)
        kind = self.names_kind or session.kind == dialect.kinds[0]
        return kind and (not self.names_user or session.owner is not None) and (not self.names_database or place)

    def query(self, dialect: Dialect, session: Session, storage: Storage | None = None) -> tuple[tuple[str, str], ...]:
        """The query of a rename of a session that fits."""
        query = dialect.query(session) if self.names_kind else ()
        if self.names_user:
            query += (("user_id", str(session.owner)),)
        if self.names_database:
            assert storage is not None
            query += dialect.placed(storage if self.names_table else Storage(storage.database))
        return query


_PLAIN_MISTAKE = "none: the one that is always tried"

#: The only one of a system without parameters.
PLAIN = Scope("an ordinary query", "ordinary", _PLAIN_MISTAKE)

_USER, _PLACE = "another user's scope taken, or an index over both missed", "a second store opened, or the type lost"

#: Every scope of a system that has types, users, databases and tables.
SCOPES = (
    PLAIN,
    Scope("the user_id in the query", "the user_id", _USER, names_user=True),
    Scope("the db_id in the query", "the db_id", _PLACE, names_database=True),
    Scope("the db_id and the table in the query", "the db_id", _PLACE, names_database=True, names_table=True),
    Scope(
        "the user_id, the db_id and the table in the query", "the db_id", _PLACE,
        names_user=True, names_database=True, names_table=True,
    ),
    Scope("no type in the query", "no type", "the default not known", names_kind=False),
    Scope(
        "no type in the query, and the user_id", "no type", "the default not known", names_kind=False, names_user=True
    ),
)  # fmt: skip


def of_case(seed: str, case: str, scopes: Sequence[Scope]) -> Scope:
    """What the query of a request names that is to be refused: something else for each case, and with each seed."""
    return scopes[by_lot(seed, f"{case}, scoped", len(scopes))]


def kinds(dialect: Dialect) -> tuple[Kind, ...]:
    """The kinds of a system's sessions, the default one first."""
    return tuple(
        Kind(
            "an ordinary session" if kind is None else f"a session of type {kind}",
            kind or "ordinary",
            "looked for among the default type's sessions" if kind != dialect.kinds[0] else _PLAIN_MISTAKE,
            kind,
            kind == dialect.kinds[0],
        )
        for kind in dialect.kinds
    )
