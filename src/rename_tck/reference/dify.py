"""Dify's service API for a chatflow, as far as renaming a conversation needs it.

`POST /v1/conversations/{conversation_id}/name` follows all three editions of the document at once: where they differ it
does what satisfies each, save that `name: null` is accepted (en, zh-Hans) unless the server is told otherwise (ja).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from rename_tck.reference.service import (
    Refusal,
    Routes,
    Service,
    bearer_token,
    has_control_characters,
    parse_natural,
    same_secret,
)


@dataclass
class Conversation:
    """A conversation of one user. Times are Unix timestamps in whole seconds."""

    id: str
    user: str
    name: str
    inputs: dict[str, Any]
    introduction: str
    created_at: int
    updated_at: int
    status: str = "normal"
    in_other_app: bool = False
    """Whether it is the second app's."""
    queries: list[str] = field(default_factory=list)
    """What the user asked, oldest first; never empty."""


@dataclass(frozen=True)
class Renaming:
    """A valid request to rename a conversation."""

    user: str
    name: str | None
    auto_generate: bool


class DifyServer(Service):
    """The app that `key` opens; `other_mode_key` is the key of an app that is no chat app.

    Without `key` no credential is asked for. `null_names` says whether a `name` may be null.
    """

    base_path: ClassVar[str] = "/v1"
    max_name_length: ClassVar[int] = 255
    """Characters (code points) that a name may have."""

    max_title_length: ClassVar[int] = 60
    """Characters of the query that a generated title keeps."""

    def __init__(self, key: str | None = None, other_mode_key: str | None = None, *, null_names: bool = True) -> None:
        self.key = key
        self.other_mode_key = other_mode_key
        self.null_names = null_names
        self.conversations: dict[str, Conversation] = {}
        super().__init__()

    def routes(self) -> Routes:
        """The rename, and what it takes to have and to see a conversation."""
        return {
            "/conversations/{conversation_id}/name": {"POST": self.rename},
            "/conversations/{conversation_id}": {"DELETE": self.delete},
            "/conversations": {"GET": self.list_conversations},
            "/chat-messages": {"POST": self.chat},
            "/info": {"GET": self.info},
        }

    # The operations

    async def rename(self, request: Request) -> Response:
        """Give a conversation the name sent, or a generated one."""
        self.authenticate(request)
        self.check_mode(request)
        asked = self.valid_renaming(await self.read_object(request))
        conversation = self.find(request.path_params["conversation_id"], asked.user)
        self.check_app(request, conversation)
        await self.apply(conversation, self.new_name(conversation, asked))
        return self.answer_renamed(conversation)

    async def chat(self, request: Request) -> Response:
        """Take a message and answer it; without `conversation_id` it opens a conversation."""
        self.authenticate(request)
        self.check_mode(request)
        body = await self.read_object(request)
        query = self.valid_query(body)
        user = self.valid_user(body)
        inputs = self.valid_inputs(body)
        self.check_response_mode(body)
        auto_generate_name = self.valid_flag(body, "auto_generate_name", default=True)
        continued = self.valid_optional_text(body, "conversation_id")
        if continued:
            conversation = self.find(continued, user)
            conversation.queries.append(query)
            self.touch(conversation)
        else:
            conversation = self.open(user, query, inputs, auto_generate_name)
            conversation.in_other_app = self.is_other_app(request)
        return self.respond(200, self.render_message(conversation))

    async def list_conversations(self, request: Request) -> Response:
        """A page of the user's conversations."""
        self.authenticate(request)
        self.check_mode(request)
        query = request.query_params
        user = self.valid_user(query)
        limit = self.valid_limit(query.get("limit", "20"))
        found = self.sorted_conversations(user, query.get("sort_by", "-updated_at"))
        found = [conversation for conversation in found if conversation.in_other_app == self.is_other_app(request)]
        page, has_more = self.page(found, query.get("last_id", ""), limit)
        data = [self.render(conversation) for conversation in page]
        return self.respond(200, {"limit": limit, "has_more": has_more, "data": data})

    async def delete(self, request: Request) -> Response:
        """Delete a conversation of the user."""
        self.authenticate(request)
        self.check_mode(request)
        user = self.valid_user(await self.read_object(request))
        conversation = self.find(request.path_params["conversation_id"], user)
        self.check_app(request, conversation)
        del self.conversations[conversation.id]
        return self.respond_empty()

    async def info(self, request: Request) -> Response:
        """What kind of app the key belongs to."""
        self.authenticate(request)
        mode = "workflow" if self.is_other_mode(request) else "advanced-chat"
        content = {"name": "Embedded app", "description": "", "tags": [], "mode": mode, "author_name": "rename-tck"}
        return self.respond(200, content)

    # Who may

    def authenticate(self, request: Request) -> None:
        """Refuse a request without a key that the server knows."""
        known = self.is_other_mode(request) or self.is_other_app(request)
        if self.key is not None and not same_secret(bearer_token(request), self.key) and not known:
            raise self.unauthorized()

    def is_other_mode(self, request: Request) -> bool:
        """Whether the request bears the key of the app that is no chat app."""
        return self.other_mode_key is not None and same_secret(bearer_token(request), self.other_mode_key)

    def is_other_app(self, request: Request) -> bool:
        """Whether the request bears the key of the second chat app, which has conversations of its own."""
        return self.other_user_key is not None and same_secret(bearer_token(request), self.other_user_key)

    def check_app(self, request: Request, conversation: Conversation) -> None:
        """Refuse a conversation of another app than the key's."""
        if conversation.in_other_app != self.is_other_app(request):
            raise self.no_such_conversation()

    def check_mode(self, request: Request) -> None:
        """Refuse the key of an app that is no chat app."""
        if self.is_other_mode(request):
            raise self.not_chat_app()

    # What a request may hold

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        """What a rename's body asks for."""
        user = self.valid_user(body)
        name = self.valid_name(body)
        auto_generate = self.valid_flag(body, "auto_generate", default=False)
        self.check_name_or_auto_generate(name, auto_generate)
        return Renaming(user, name, auto_generate)

    def valid_user(self, members: Any) -> str:
        """The user that a body's or a query's members name."""
        user = members.get("user")
        if not isinstance(user, str):
            raise self.invalid("user is required and has to be a string.")
        return user

    def valid_name(self, body: dict[str, Any]) -> str | None:
        """The name sent; None when it is null or left out."""
        name = body.get("name")
        if name is None and "name" in body and not self.null_names:
            raise self.invalid("name has to be a string.")
        if name is not None and not isinstance(name, str):
            raise self.invalid("name has to be a string or null.")
        return name

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        """The boolean `member`, `default` when it is left out."""
        flag = body.get(member, default)
        if not isinstance(flag, bool):
            raise self.invalid(f"{member} has to be a boolean.")
        return flag

    def check_name_or_auto_generate(self, name: str | None, auto_generate: bool) -> None:
        """Refuse a rename that says in no way what the name shall be."""
        if name is None and not auto_generate:
            raise self.invalid("name is required unless auto_generate is true.")

    def check_name(self, name: str) -> None:
        """Refuse what is no title: too long, or with control characters."""
        if self.length(name) > self.max_name_length:
            raise self.invalid(f"name is longer than {self.max_name_length} characters.")
        if has_control_characters(name):
            raise self.invalid("name has control characters.")

    def length(self, name: str) -> int:
        """How many characters (code points) the name has."""
        return len(name)

    def valid_query(self, body: dict[str, Any]) -> str:
        """What the user says."""
        query = body.get("query")
        if not isinstance(query, str):
            raise self.invalid("query is required and has to be a string.")
        return query

    def valid_inputs(self, body: dict[str, Any]) -> dict[str, Any]:
        """The app's variables for a conversation."""
        inputs = body.get("inputs")
        if not isinstance(inputs, dict):
            raise self.invalid("inputs is required and has to be an object.")
        return inputs

    def valid_optional_text(self, body: dict[str, Any], member: str) -> str | None:
        """The string `member`; None when it is null or left out."""
        text = body.get(member)
        if text is not None and not isinstance(text, str):
            raise self.invalid(f"{member} has to be a string.")
        return text

    def check_response_mode(self, body: dict[str, Any]) -> None:
        """Refuse any way of answering but the blocking one."""
        if body.get("response_mode") != "blocking":
            raise self.invalid("response_mode has to be blocking.")

    def valid_limit(self, text: str) -> int:
        """How many conversations a page may have."""
        limit = parse_natural(text)
        if limit is None or not 1 <= limit <= 100:
            raise self.invalid("limit has to be a number from 1 to 100.")
        return limit

    # The conversations

    def find(self, conversation_id: str, user: str) -> Conversation:
        """The conversation of that id, if it is the user's own."""
        conversation = self.conversations.get(conversation_id)
        if conversation is None or conversation.user != user:
            raise self.no_such_conversation()
        return conversation

    def open(self, user: str, query: str, inputs: dict[str, Any], auto_generate_name: bool) -> Conversation:
        """A new conversation, kept."""
        now = self.timestamp()
        conversation = Conversation(
            id=str(uuid.uuid4()),
            user=user,
            name="New conversation",
            inputs=inputs,
            introduction="Hello! How can I help you today?",
            created_at=now,
            updated_at=now,
            queries=[query],
        )
        if auto_generate_name:
            conversation.name = self.generate_title(conversation, None)
        self.conversations[conversation.id] = conversation
        return conversation

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        """The name that a valid request gives the conversation."""
        if asked.auto_generate or asked.name is None:
            return self.generate_title(conversation, asked.name)
        self.check_name(name := self.normalise_name(asked.name))
        return name

    def normalise_name(self, name: str) -> str:
        """A name is kept as it was sent, character for character."""
        return name

    def generate_title(self, conversation: Conversation, ignored: str | None) -> str:
        """A title made from the first query: neither the name that it replaces nor the one that was sent along."""
        words = " ".join(conversation.queries[0].split())
        title = "".join(character for character in words if not has_control_characters(character))
        title = title[: self.max_title_length].strip() or "Conversation"
        numbered = (title if number == 1 else f"{title} ({number})" for number in range(1, 4))
        return next(candidate for candidate in numbered if candidate not in (conversation.name, ignored))

    async def apply(self, conversation: Conversation, name: str) -> None:
        """Make the rename, in one step that no other request can see half done."""
        self.store(conversation, name)
        self.touch(conversation)

    def store(self, conversation: Conversation, name: str) -> None:
        """Put the name into the conversation."""
        conversation.name = name

    def touch(self, conversation: Conversation) -> None:
        """Set the time of the last update, which never goes back."""
        conversation.updated_at = max(conversation.updated_at, self.timestamp())

    def timestamp(self) -> int:
        """The present time as a Unix timestamp in whole seconds."""
        return int(self.now().timestamp())

    def sorted_conversations(self, user: str, sort_by: str) -> list[Conversation]:
        """The user's conversations in the order asked for; of those with equal times the one opened last is newest."""
        member = sort_by.removeprefix("-")
        if member not in ("created_at", "updated_at"):
            raise self.invalid("sort_by has to be created_at or updated_at, with or without a minus sign.")
        own = [conversation for conversation in self.conversations.values() if conversation.user == user]
        own.sort(key=lambda one: int(getattr(one, member)))
        return own[::-1] if sort_by.startswith("-") else own

    def page(self, found: list[Conversation], last_id: str, limit: int) -> tuple[list[Conversation], bool]:
        """Up to `limit` of `found` after the one of id `last_id` (from the start if empty), and whether more follow."""
        start = 0
        if last_id:
            ids = [conversation.id for conversation in found]
            if last_id not in ids:
                raise Refusal(404, "not_found", "Last Conversation Not Exists.")
            start = ids.index(last_id) + 1
        return found[start : start + limit], len(found) > start + limit

    # What is answered

    def answer_renamed(self, conversation: Conversation) -> Response:
        """The answer to a rename that was made."""
        return self.respond(200, self.render(conversation))

    def render(self, conversation: Conversation) -> dict[str, Any]:
        """The conversation as the documents show it."""
        members = ("id", "name", "inputs", "status", "introduction", "created_at", "updated_at")
        return {member: getattr(conversation, member) for member in members}

    def render_message(self, conversation: Conversation) -> dict[str, Any]:
        """The answer to a message: it repeats what the user said."""
        message_id = str(uuid.uuid4())
        return {
            "event": "message",
            "task_id": str(uuid.uuid4()),
            "id": message_id,
            "message_id": message_id,
            "conversation_id": conversation.id,
            "mode": "advanced-chat",
            "answer": conversation.queries[-1],
            "metadata": {},
            "created_at": self.timestamp(),
        }

    # What is refused

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        """The error in the shape of the Japanese edition's examples."""
        return {"status": refusal.status, "code": refusal.code, "message": refusal.message}

    def invalid(self, message: str) -> Refusal:
        """The refusal of a request that breaks the contract."""
        return Refusal(400, "invalid_param", message)

    def unreadable(self, reason: str) -> Refusal:
        """The refusal of a body that is not JSON."""
        return self.invalid(reason)

    def not_an_object(self) -> Refusal:
        """The refusal of a JSON body that is not an object."""
        return self.invalid("The request body has to be a JSON object.")

    def unauthorized(self) -> Refusal:
        """The refusal of a missing or wrong key."""
        challenge = {"WWW-Authenticate": "Bearer"}
        return Refusal(401, "unauthorized", "The API key is missing or not valid.", headers=challenge)

    def not_chat_app(self) -> Refusal:
        """The refusal of another kind of app's key, in the documents' words."""
        return Refusal(400, "not_chat_app", "Please check if your app mode matches the right API route.")

    def no_such_conversation(self) -> Refusal:
        """The refusal of an id that is not one of the user's conversations, in the documents' words."""
        return Refusal(404, "not_found", "Conversation Not Exists.", loc=("path", "conversation_id"))


def application(key: str, other_mode_key: str, editions: Collection[str]) -> DifyServer:
    """The server that the suite embeds, for a run that judges by these editions."""
    return DifyServer(key, other_mode_key, null_names=set(editions) != {"ja"})
