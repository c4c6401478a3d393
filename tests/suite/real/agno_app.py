"""The real Agno AgentOS with an agent, a team and a workflow on one database: no model is called, no network used.

Usage: python agno_app.py sqlite|memory|json|postgres|mariadb|redis PLACE. PLACE is the file of SQLite's database, the
folder of JSON files, or a database's URL.
Prints its base URL, then serves. OS_SECURITY_KEY turns the key on.
"""

import socket
import sys
from typing import Any

import uvicorn
from agno.agent import Agent
from agno.os import AgentOS
from agno.team import Team
from agno.workflow import Workflow


def database_of(store: str, place: str) -> Any:
    """The database; what another store needs need not be installed."""
    if store == "memory":
        from agno.db.in_memory import InMemoryDb

        untyped: Any = InMemoryDb
        made = untyped()
        made.id = "real-db"
        return made
    if store == "json":
        from agno.db.json import JsonDb

        return JsonDb(db_path=place, id="real-db")
    if store == "postgres":
        from agno.db.postgres import PostgresDb

        return PostgresDb(db_url=place, id="real-db")
    if store == "mariadb":
        from agno.db.mysql import MySQLDb

        return MySQLDb(db_url=place, id="real-db")
    if store == "redis":
        from agno.db.redis import RedisDb

        return RedisDb(db_url=place, id="real-db")
    from agno.db.sqlite import SqliteDb

    return SqliteDb(db_file=place, id="real-db")


def main() -> None:
    database = database_of(sys.argv[1], sys.argv[2])
    agent = Agent(id="real-agent", name="Agent", db=database)
    team = Team(id="real-team", name="Team", members=[agent], db=database)
    workflow = Workflow(id="real-workflow", name="Workflow", db=database)
    app = AgentOS(agents=[agent], teams=[team], workflows=[workflow], telemetry=False).get_app()
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main()
