"""The real Agno AgentOS with an agent, a team and a workflow on SQLite: no model is called, no network used.

Usage: python agno_app.py DATABASE-FILE. Prints its base URL, then serves. OS_SECURITY_KEY turns the key on.
"""

import socket
import sys

import uvicorn
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.os import AgentOS
from agno.team import Team
from agno.workflow import Workflow


def main() -> None:
    database = SqliteDb(db_file=sys.argv[1], id="real-db")
    agent = Agent(id="real-agent", name="Agent", db=database)
    team = Team(id="real-team", name="Team", members=[agent], db=database)
    workflow = Workflow(id="real-workflow", name="Workflow", db=database)
    app = AgentOS(agents=[agent], teams=[team], workflows=[workflow], telemetry=False).get_app()
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main()
