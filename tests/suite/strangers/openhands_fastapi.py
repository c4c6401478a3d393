"""OpenHands' conversations on FastAPI, much as its own authors have them."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StrictStr
from servers_clock import now
from starlette.exceptions import HTTPException as RoutingError

from strangers.asgi import respond
from strangers.habits import Habits


class Update(BaseModel):
    """An update's body."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[StrictStr, Field(min_length=1, max_length=200)]


class Conversation(BaseModel):
    """A conversation as it is kept."""

    conversation_id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    title: str = "New conversation"
    selected_repository: str | None = None
    created_at: datetime = Field(default_factory=now)
    last_updated_at: datetime = Field(default_factory=now)


def application(habits: Habits) -> FastAPI:  # noqa: C901 - routes are functions within
    """The conversations of one owner."""
    app = FastAPI(openapi_url=None)
    kept: dict[str, Conversation] = {}

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        # the input is not echoed: it may hold what no answer can carry
        faults = [
            {
                "loc": [part if isinstance(part, int) else ascii(part) for part in fault["loc"]],
                "msg": fault["msg"],
                "type": fault["type"],
            }
            for fault in error.errors()
        ]
        return respond(habits, 422, {"detail": faults})

    @app.exception_handler(RoutingError)
    async def refused(_request: Request, error: RoutingError) -> Response:
        if error.status_code == 400 and "parsing the body" in str(error.detail):
            return respond(habits, 422, {"detail": [{"loc": ["body"], "msg": str(error.detail), "type": "no_json"}]})
        status = habits.wrong_method if error.status_code == 405 else error.status_code
        if not habits.bare:
            return respond(habits, status, {"detail": error.detail})
        return Response(status_code=status, headers={"www-authenticate": "APIKey"} if status == 401 else None)

    def authorised(request: Request) -> None:
        if habits.key is not None and request.headers.get("x-session-api-key") != habits.key:
            raise HTTPException(habits.wrong_key, "Unauthorized")

    route = "/api/conversations"

    @app.patch(route + "/{conversation_id}", dependencies=[Depends(authorised)])
    async def update(conversation_id: str, body: Update) -> Response:
        objection = habits.objection(body.title)
        if objection:
            raise HTTPException(400, objection)
        conversation = kept.get(conversation_id)
        if conversation is None:
            if habits.unknown_false:
                return respond(habits, 200, value=False)
            raise HTTPException(404, "Conversation not found")
        conversation.title = body.title
        conversation.last_updated_at = now()
        return respond(habits, 200, value=True)

    if habits.rename_only:
        return app

    def shown(conversation: Conversation) -> dict[str, Any]:
        only = {"conversation_id", "title"} if habits.members in {"required", "none"} else None
        more = {"status": "STOPPED", "tags": [conversation.title]} if habits.members == "more" else {}
        return conversation.model_dump(mode="json", include=only) | more

    @app.post(route, dependencies=[Depends(authorised)])
    async def create() -> Response:
        new = Conversation()
        kept[new.conversation_id] = new
        return respond(habits, 200, {"status": "ok", "conversation_id": new.conversation_id})

    @app.get(route, dependencies=[Depends(authorised)])
    async def conversations(limit: int = 20, page_id: str | None = None) -> Response:
        limit, ids = min(limit, habits.page), list(kept)
        start = ids.index(page_id) if page_id in kept else 0
        following = ids[start + limit] if len(ids) > start + limit else None
        found = [shown(kept[id_]) for id_ in ids[start : start + limit]]
        return respond(habits, 200, {"results": found, "next_page_id": following})

    @app.get(route + "/{conversation_id}", dependencies=[Depends(authorised)])
    async def read(conversation_id: str) -> Response:
        return respond(habits, 200, shown(kept[conversation_id]) if conversation_id in kept else None)

    @app.delete(route + "/{conversation_id}", dependencies=[Depends(authorised)])
    async def delete(conversation_id: str) -> Response:
        return respond(habits, 200, kept.pop(conversation_id, None) is not None)

    return app
