"""OpenHands 0.53.0, as far as renaming a conversation needs it: `PATCH /api/conversations/{conversation_id}`."""

import itertools
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from rename_tck.reference.service import Refusal, Routes, Service, parse_natural, same_secret


@dataclass
class Conversation:
    """A conversation. `serial` counts up in the order of creation, `owner` is the user who opened it."""

    conversation_id: str
    serial: int
    title: str
    created_at: datetime
    last_updated_at: datetime
    owner: str = ""


class OpenHandsServer(Service):
    """The server; without `key` no credential is asked for."""

    min_title_length: ClassVar[int] = 1
    max_title_length: ClassVar[int] = 200
    """Characters (code points), as the schema's minLength and maxLength count them."""

    creation_members: ClassVar[dict[str, type]] = {
        "repository": str, "git_provider": str, "selected_branch": str, "initial_user_msg": str, "image_urls": list,
        "replay_json": str, "suggested_task": dict, "create_microagent": dict, "conversation_instructions": str,
        "mcp_config": dict,
    }  # fmt: skip
    """What a conversation may be created with, each of it or null."""

    def __init__(self, key: str | None = None) -> None:
        self.key = key
        self.conversations: dict[str, Conversation] = {}
        self._serials = itertools.count(1)
        super().__init__()

    def routes(self) -> Routes:
        """The rename, and what it takes to have and to see a conversation."""
        return {
            "/api/conversations/{conversation_id}": {"PATCH": self.rename, "GET": self.read, "DELETE": self.delete},
            "/api/conversations": {"GET": self.list_conversations, "POST": self.create},
        }

    # The operations

    async def rename(self, request: Request) -> Response:
        """Give a conversation the title sent."""
        self.authenticate(request)
        title = self.valid_title(await self.read_object(request))
        conversation = self.find(request.path_params["conversation_id"])
        self.check_owner(request, conversation)
        await self.apply(conversation, self.normalise_title(title))
        return self.answer_renamed(conversation)

    async def create(self, request: Request) -> Response:
        """Open a conversation; what the body says about its agent is not acted upon."""
        self.authenticate(request)
        self.check_creation(await self.read_object(request))
        conversation = self.open()
        conversation.owner = self.user(request)
        return self.respond(200, {"status": "ok", "conversation_id": conversation.conversation_id})

    async def read(self, request: Request) -> Response:
        """The conversation, or null when there is none of that id."""
        self.authenticate(request)
        conversation = self.lookup(request.path_params["conversation_id"])
        shown = conversation is not None and conversation.owner == self.user(request)
        return self.respond(200, self.render(conversation) if shown and conversation is not None else None)

    async def list_conversations(self, request: Request) -> Response:
        """A page of the conversations, the newest first; `page_id` is the serial of the page's first."""
        self.authenticate(request)
        limit = self.valid_limit(request.query_params.get("limit", "20"))
        user = self.user(request)
        found = [conversation for conversation in reversed(self.conversations.values()) if conversation.owner == user]
        page_id = request.query_params.get("page_id")
        if page_id is not None:
            first = self.valid_page_id(page_id)
            found = [conversation for conversation in found if conversation.serial <= first]
        return self.respond(
            200,
            {
                "results": [self.render(conversation) for conversation in found[:limit]],
                "next_page_id": str(found[limit].serial) if len(found) > limit else None,
            },
        )

    async def delete(self, request: Request) -> Response:
        """True when there was something to delete."""
        self.authenticate(request)
        conversation = self.lookup(request.path_params["conversation_id"])
        if conversation is None or conversation.owner != self.user(request):
            return self.respond(200, False)
        del self.conversations[conversation.conversation_id]
        return self.respond(200, True)

    # Who may

    def authenticate(self, request: Request) -> None:
        """Refuse a request without a key."""
        given = request.headers.get("X-Session-API-Key")
        if self.key is not None and not same_secret(given, self.key) and not self.is_other_user(request):
            raise self.unauthenticated()

    def is_other_user(self, request: Request) -> bool:
        """Whether it comes with the second user's key."""
        given = request.headers.get("X-Session-API-Key")
        return self.other_user_key is not None and same_secret(given, self.other_user_key)

    def user(self, request: Request) -> str:
        """The user whose key it comes with."""
        return "other-user" if self.is_other_user(request) else "user"

    def check_owner(self, request: Request, conversation: Conversation) -> None:
        """Refuse what only the owner of a conversation may do."""
        if conversation.owner != self.user(request):
            raise self.no_such_conversation()

    # What a request may hold

    def valid_title(self, body: dict[str, Any]) -> str:
        """The title that a rename's body holds."""
        if "title" not in body:
            raise self.invalid("missing", "title is required.", ("body", "title"))
        self.check_members(body)
        title = body["title"]
        if not isinstance(title, str):
            raise self.invalid("string_type", "title has to be a string.", ("body", "title"))
        self.check_length(title)
        return title

    def check_creation(self, body: dict[str, Any]) -> None:
        """Refuse what no conversation is created with: a title, an id, a member of a wrong type."""
        for member, value in body.items():
            type_ = self.creation_members.get(member)
            if type_ is None:
                raise self.invalid("extra_forbidden", "A creation has no such member.", ("body", member))
            if value is not None and not isinstance(value, type_):
                raise self.invalid("type_error", f"{member} has to be a {type_.__name__} or null.", ("body", member))

    def check_members(self, body: dict[str, Any]) -> None:
        """Refuse a body that has other members than `title`."""
        for member in body:
            if member != "title":
                raise self.invalid("extra_forbidden", "The body may have no other member.", ("body", member))

    def check_length(self, title: str) -> None:
        """Refuse a title that is too short or too long."""
        if self.length(title) < self.min_title_length:
            raise self.invalid("string_too_short", "title is empty.", ("body", "title"))
        if self.length(title) > self.max_title_length:
            message = f"title is longer than {self.max_title_length} characters."
            raise self.invalid("string_too_long", message, ("body", "title"))

    def length(self, title: str) -> int:
        """How many characters (code points) the title has."""
        return len(title)

    def valid_limit(self, text: str) -> int:
        """How many conversations a page may have."""
        limit = parse_natural(text)
        if not limit:
            raise self.invalid("limit_type", "limit has to be a number from 1 on.", ("query", "limit"))
        return limit

    def valid_page_id(self, text: str) -> int:
        """The serial of a page's first conversation."""
        serial = parse_natural(text)
        if serial is None:
            raise self.invalid("page_id_type", "page_id is not one that the server gave.", ("query", "page_id"))
        return serial

    # The conversations

    def find(self, conversation_id: str) -> Conversation:
        """The conversation of that id, else a refusal."""
        conversation = self.lookup(conversation_id)
        if conversation is None:
            raise self.no_such_conversation()
        return conversation

    def lookup(self, conversation_id: str) -> Conversation | None:
        """The conversation of that id, None when there is none."""
        return self.conversations.get(conversation_id)

    def open(self) -> Conversation:
        """A new conversation, kept."""
        conversation_id = uuid.uuid4().hex
        now = self.now()
        conversation = Conversation(
            conversation_id=conversation_id,
            serial=next(self._serials),
            title=f"Conversation {conversation_id[:5]}",
            created_at=now,
            last_updated_at=now,
            owner="user",
        )
        self.conversations[conversation_id] = conversation
        return conversation

    def normalise_title(self, title: str) -> str:
        """A title is kept as it was sent, character for character."""
        return title

    async def apply(self, conversation: Conversation, title: str) -> None:
        """Make the rename, in one step that no other request can see half done."""
        self.store(conversation, title)
        self.touch(conversation)

    def store(self, conversation: Conversation, title: str) -> None:
        """Put the title into the conversation."""
        conversation.title = title

    def touch(self, conversation: Conversation) -> None:
        """Set the time of the last update, which never goes back."""
        conversation.last_updated_at = max(conversation.last_updated_at, self.now())

    # What is answered

    def answer_renamed(self, conversation: Conversation) -> Response:  # noqa: ARG002 - a faulty server may look at it
        """The answer to a rename that was made: always true, also when the title was the same before."""
        return self.respond(200, True)

    def render(self, conversation: Conversation) -> dict[str, Any]:
        """The conversation as reading and listing show it."""
        return {
            "conversation_id": conversation.conversation_id,
            "title": conversation.title,
            "created_at": conversation.created_at.isoformat(),
            "last_updated_at": conversation.last_updated_at.isoformat(),
            "status": "STOPPED",
            "runtime_status": None,
            "selected_repository": None,
            "selected_branch": None,
            "git_provider": None,
            "trigger": "gui",
            "num_connections": 0,
            "url": None,
            "session_api_key": None,
            "pr_number": [],
        }

    # What is refused

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        """A 422 lists its fault as the document says; no other error has a documented shape."""
        if refusal.status == 422:
            return {"detail": [{"loc": list(refusal.loc), "msg": refusal.message, "type": refusal.code}]}
        return {"detail": refusal.message}

    def invalid(self, type_: str, message: str, loc: tuple[str | int, ...]) -> Refusal:
        """The refusal of a request that breaks the contract; `type_` says how, `loc` where."""
        return Refusal(422, type_, message, loc=loc)

    def unreadable(self, reason: str) -> Refusal:
        """The refusal of a body that is not JSON."""
        return self.invalid("json_invalid", reason, ("body",))

    def not_an_object(self) -> Refusal:
        """The refusal of a JSON body that is not an object."""
        return self.invalid("object_type", "The request body has to be a JSON object.", ("body",))

    def unauthenticated(self) -> Refusal:
        """The refusal of a missing or wrong key."""
        return Refusal(
            401,
            "unauthenticated",
            "The key is missing or not valid.",
            loc=("header", "X-Session-API-Key"),
            headers={"WWW-Authenticate": "APIKey"},
        )

    def no_such_conversation(self) -> Refusal:
        """The refusal of an id that no conversation has."""
        return Refusal(404, "not_found", "Conversation not found.", loc=("path", "conversation_id"))


def application(key: str, other_mode_key: str, editions: Collection[str]) -> OpenHandsServer:  # noqa: ARG001
    """The server that the suite embeds."""
    return OpenHandsServer(key)
