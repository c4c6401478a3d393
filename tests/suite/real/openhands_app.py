"""The real OpenHands server on a folder of files, without its front end and without a container.

Usage: python openhands_app.py files FOLDER ID.... Prints its base URL, then serves. SESSION_API_KEY turns the key on.
The conversations of these ids are there to be given to a run, for creating one over HTTP would start an agent; beside
them there are `left-alone` and, for what is tried by hand, `for-curls`.
"""

import json
import os
import socket
import sys
from pathlib import Path


def main() -> None:
    folder = Path(sys.argv[2])
    os.environ.update(FILE_STORE="local", FILE_STORE_PATH=str(folder), RUNTIME="cli", SERVE_FRONTEND="false")
    for name in (*sys.argv[3:], "left-alone", "for-curls"):
        conversation = folder / "sessions" / name
        conversation.mkdir(parents=True)
        content = {
            "conversation_id": name,
            "selected_repository": None,
            "created_at": "2026-01-01T00:00:00+00:00",
            "title": f"title of {name}",
        }
        (conversation / "metadata.json").write_text(json.dumps(content), encoding="utf-8")
    listener = socket.create_server(("127.0.0.1", 0))
    import uvicorn
    from openhands.server.listen import app

    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main()
