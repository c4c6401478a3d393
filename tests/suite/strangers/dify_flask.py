"""Dify's conversations on Flask, kept in SQLite, served by werkzeug's own threaded server."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from typing import Any, cast

import servers_clock
from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from strangers.habits import CHATTER, Habits, Throttle

_SCHEMA = """
    CREATE TABLE conversation (
        id TEXT PRIMARY KEY, user TEXT NOT NULL, name TEXT NOT NULL, inputs TEXT NOT NULL, query TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
    )
"""


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message


class _Strict(Request):
    """Reads JSON in UTF-8 only, without NaN, whatever the content type."""

    def object(self) -> dict[str, Any]:
        try:
            value = self.json_module.loads(self.get_data().decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise _Refused(0, "bad_request", "The body is no JSON.") from None
        if not isinstance(value, dict):
            raise _Refused(0, "bad_request", "The body is no object.")
        return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


class _Flask(Flask):
    request_class = _Strict


def application(habits: Habits) -> Flask:  # noqa: C901, PLR0915 - routes are functions within
    """The service API of one chatflow app."""
    app = _Flask(__name__)
    throttle = Throttle()
    lock = threading.Lock()
    database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute(_SCHEMA)

    def respond(status: int, value: object) -> Response:
        return Response(habits.dumps(value), status, content_type=habits.content_type)

    def body() -> dict[str, Any]:
        return cast("_Strict", request).object()

    def shown(row: sqlite3.Row) -> dict[str, Any]:
        if habits.members == "none":
            return {}
        members: dict[str, Any] = {"id": row["id"], "name": row["name"]}
        if habits.members != "required":
            members |= {
                "inputs": app.json.loads(row["inputs"]),
                "status": "normal",
                "introduction": None if habits.null_introduction else "Welcome!",
                "created_at": row["created_at"],
                "updated_at": row["updated_at"],
            }
        if habits.no_updated_at:
            members.pop("updated_at", None)
        if habits.members == "more":
            members |= {"app_id": str(uuid.uuid4()), "is_pinned": False, "display": {"title": row["name"]}}
        return members

    @app.before_request
    def at_the_door() -> Response | None:
        too_soon = habits.wait_for(throttle)
        if too_soon is not None:
            refusal = respond(429, {"status": 429, "code": "too_many_requests", "message": "Slow down."})
            refusal.headers.extend(too_soon)
            return refusal
        if request.url_rule is None or habits.key is None:
            return None
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key == habits.other_key:
            raise _Refused(400, "not_chat_app", "Please check if your app mode matches the right API route.")
        if scheme.lower() != "bearer" or key != habits.key:
            raise _Refused(habits.wrong_key, "unauthorized", "Access token is invalid")
        return None

    @app.errorhandler(_Refused)
    def refused(error: _Refused) -> Response:
        status = error.status or habits.invalid
        bare = habits.bare and status not in {400, 404}
        content = {"status": status, "code": error.code, "message": error.message}
        refusal = Response(status=status) if bare else respond(status, content)
        if status == 401:
            refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal

    @app.errorhandler(HTTPException)
    def not_routed(error: HTTPException) -> Response:
        status = habits.wrong_method if error.code == 405 else error.code or 400
        code = error.name.lower().replace(" ", "_")
        return respond(status, {"status": status, "code": code, "message": error.description})

    @app.after_request
    def in_our_way(response: Response) -> Response:
        if habits.gzip and response.content_length:
            response.set_data(gzip.compress(response.get_data()))
            response.headers["Content-Encoding"] = "gzip"
        if habits.chunked and response.content_length:
            content = response.get_data()
            response.headers.remove("Content-Length")
            response.response = iter([content[:7], content[7:]])
        if habits.close:
            response.headers["Connection"] = "close"
        if habits.chatty:
            response.headers.extend(CHATTER)
        return response

    @app.post(f"{habits.base}/conversations/<conversation_id>/name")
    def rename(conversation_id: str) -> Response:
        sent = body()
        user, name, auto = sent.get("user"), sent.get("name"), sent.get("auto_generate", False)
        if not isinstance(user, str) or not isinstance(auto, bool) or not isinstance(name, str | None):
            raise _Refused(0, "invalid_param", "user, name or auto_generate is not of its type.")
        if habits.no_null_names and "name" in sent and name is None:
            raise _Refused(0, "invalid_param", "name is null.")
        if not auto:
            if not name:
                raise _Refused(0, "invalid_param", "name is required when auto_generate is false.")
            objection = habits.objection(name)
            if objection:
                raise _Refused(0, "invalid_param", objection)
        with lock:
            try:
                row = database.execute(
                    "SELECT * FROM conversation WHERE id = ? AND user = ?", (conversation_id, user)
                ).fetchone()
            except UnicodeEncodeError:
                row = None
            if row is None:
                raise _Refused(404, "not_found", "Conversation Not Exists.")
            name = f"On {row['query']}" if auto else name
            updated = row["updated_at"] if habits.frozen_time else int(servers_clock.now().timestamp())
            database.execute(
                "UPDATE conversation SET name = ?, updated_at = ? WHERE id = ?", (name, updated, conversation_id)
            )
            renamed = database.execute("SELECT * FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
        return respond(200, shown(renamed))

    if habits.rename_only:
        return app

    @app.post(f"{habits.base}/chat-messages")
    def say() -> Response:
        sent = body()
        new = str(uuid.uuid4())
        now = int(servers_clock.now().timestamp())
        row = (new, sent["user"], "New chat", app.json.dumps(sent["inputs"]), sent["query"], now, now)
        with lock:
            database.execute("INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return respond(200, {"event": "message", "conversation_id": new, "answer": "…"})

    @app.get(f"{habits.base}/conversations")
    def conversations() -> Response:
        user, limit = request.args.get("user", ""), min(request.args.get("limit", 20, int), habits.page)
        last = request.args.get("last_id", "")
        with lock:
            rows = database.execute(
                "SELECT * FROM conversation WHERE user = ? AND rowid < coalesce("
                "(SELECT rowid FROM conversation WHERE id = ?), 9e15) ORDER BY rowid DESC LIMIT ?",
                (user, last, limit + 1),
            ).fetchall()
        data = [{"id": row["id"], "name": row["name"], **shown(row)} for row in rows[:limit]]
        return respond(200, {"limit": limit, "has_more": len(rows) > limit, "data": data})

    @app.delete(f"{habits.base}/conversations/<conversation_id>")
    def delete(conversation_id: str) -> Response:
        with lock:
            database.execute(
                "DELETE FROM conversation WHERE id = ? AND user = ?", (conversation_id, body().get("user"))
            )
        return Response(status=204)

    return app


@contextlib.contextmanager
def serve_flask(habits: Habits) -> Iterator[str]:
    """Serve in a thread; yields the base URL."""
    version = "HTTP/1.0" if habits.http10 else "HTTP/1.1"

    class Handler(WSGIRequestHandler):
        protocol_version = version

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
            """Log nothing."""

    server = make_server("127.0.0.1", 0, application(habits), threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{habits.base}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
