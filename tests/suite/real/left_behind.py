"""How many sessions lie in a store after a run, by what is in the store itself and not by what a server lists.

Usage: PYTHON left_behind.py STORE PLACE, with the interpreter of the server's environment. Prints the number; nothing
for a store that only its server can look into.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def count(store: str, place: str) -> int | None:
    """The sessions in a store; `place` as the server is given it."""
    if store == "json":
        files = Path(place).glob("*session*.json")
        return sum(len(json.loads(file.read_text(encoding="utf-8") or "[]")) for file in files)
    if store == "files":
        made = Path(place).glob("**/sessions/*/metadata.json")
        return sum(one.parent.name not in {"left-alone", "for-curls"} for one in made)
    if store == "redis":
        import redis

        keys = redis.Redis.from_url(place).scan_iter("*:sessions:*")
        return sum(b":index:" not in key for key in keys)
    if store in {"sqlite", "postgres", "mariadb"}:
        from sqlalchemy import create_engine, inspect, text

        url = f"sqlite:///{place}" if store == "sqlite" else place
        found = 0
        with create_engine(url).connect() as connection:
            looked = inspect(connection)
            for schema in looked.get_schema_names():
                for table in looked.get_table_names(schema=schema):
                    if table.endswith("_sessions") and "agno" in table:
                        quoted = looked.dialect.identifier_preparer.quote
                        rows = connection.execute(text(f"SELECT count(*) FROM {quoted(schema)}.{quoted(table)}"))
                        found += rows.scalar_one()
        return found
    return None


def main() -> None:
    number = count(sys.argv[1], sys.argv[2])
    sys.stdout.write("" if number is None else f"{number}\n")


main()
