"""OpenHands' conversations without a framework."""

from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass, field
from typing import Any

from servers_clock import now

from strangers.habits import Habits
from strangers.wire import App, Asked, Said


@dataclass
class _Conversation:
    id: str
    title: str
    theirs: bool = False
    created: str = field(default_factory=lambda: now().isoformat())
    updated: str = field(default_factory=lambda: now().isoformat())
    reads: int = 0


class OpenHandsApp(App):
    """The conversations of one owner."""

    def __init__(self, habits: Habits) -> None:
        super().__init__(habits)
        self._conversations: dict[str, _Conversation] = {}
        self._ticks = 0
        self._made = 0

    def stock(self, count: int) -> list[str]:
        """Conversations that are there already; their ids."""
        return [self._open().id for _ in range(count)]

    def error(self, status: int, message: str) -> Said:
        """A sentence, or nothing: the document describes no error but 422."""
        return Said(status) if self.habits.bare else Said(status, {"detail": message})

    def _invalid(self, message: str, *loc: str | int) -> Said:
        more = {"ctx": {"hint": "see the documents"}, "url": None} if self.habits.members == "more" else {}
        return Said(422, {"detail": [{"loc": ["body", *loc], "msg": message, "type": "invalid", **more}]})

    def answer(self, asked: Asked) -> Said:
        """Route a request."""
        habits = self.habits
        if habits.neighbours:
            self._live_on()
        methods: dict[str, Any] = {}
        match asked.parts:
            case ["api", "conversations", id_]:
                methods["PATCH"] = lambda: self._update(asked, id_)
                if habits.read and not habits.rename_only:
                    methods["GET"] = lambda: self._read(id_)
                if habits.delete and not habits.rename_only:
                    methods["DELETE"] = lambda: Said(200, self._conversations.pop(id_, None) is not None)
            case ["api", "conversations"] if not habits.rename_only:
                if habits.listing:
                    methods["GET"] = lambda: self._list(asked)
                if habits.create:
                    methods["POST"] = self._create
            case _:
                return self.error(habits.elsewhere, "Not Found")
        if asked.method not in methods:
            return self.error(habits.wrong_method, "Method Not Allowed")
        if habits.key is not None and asked.headers.get("x-session-api-key") != habits.key:
            refusal = self.error(habits.wrong_key, "Invalid or missing API key")
            return Said(refusal.status, refusal.value, (("www-authenticate", "APIKey"),))
        said: Said = methods[asked.method]()
        return said

    # -- the update

    def _update(self, asked: Asked, id_: str) -> Said:
        try:
            body = asked.json()
        except ValueError:
            return self._invalid("no JSON", 0)
        if not isinstance(body, dict):
            return self._invalid("no object")
        if "title" not in body:
            return self._invalid("missing", "title")
        others = sorted(body.keys() - {"title"})
        if others:
            return self._invalid("additional members", *(other for other in others if other.isascii()))
        title = body["title"]
        if not isinstance(title, str) or not 1 <= len(title) <= 200:
            return self._invalid("a title is a string of 1 to 200 characters", "title")
        objection = self.habits.objection(title)
        if objection:
            return self._invalid(objection, "title")
        conversation = self._conversations.get(id_)
        if conversation is None:
            return Said(200, False) if self.habits.unknown_false else self.error(404, "No such conversation")
        changed = conversation.title != title
        conversation.title = (title.strip() or title) if self.habits.trims else title
        if not self.habits.frozen_time:
            conversation.updated = now().isoformat()
        return Said(200, changed or not self.habits.unchanged_false)

    # -- what it takes to have conversations

    def _open(self, *, theirs: bool = False) -> _Conversation:
        id_ = f"conv.{len(self._conversations)}~{uuid.uuid4()}" if self.habits.ids == "odd" else uuid.uuid4().hex
        self._conversations[id_] = conversation = _Conversation(id_, f"Conversation {id_[:5]}", theirs)
        return conversation

    def _create(self) -> Said:
        if self.habits.quota is not None and self._made >= self.habits.quota:
            return self.error(self.habits.quota_status, "Too many conversations")
        self._made += 1
        return Said(200, {"status": "ok", "conversation_id": self._open().id, "message": None})

    def _members(self, conversation: _Conversation) -> dict[str, Any]:
        shown: dict[str, Any] = {"conversation_id": conversation.id, "title": conversation.title}
        if self.habits.members in {"all", "more"}:
            shown |= {
                "created_at": conversation.created,
                "last_updated_at": conversation.updated,
                "status": "STOPPED",
                "selected_repository": None,
                "trigger": "gui",
            }
        if self.habits.members == "more":
            shown |= {"url": f"/conversations/{conversation.id}", "preview": {"title": conversation.title}}
            shown["etag"] = f'W/"{zlib.crc32(str(conversation.title).encode(errors="replace")):x}"'
        if self.habits.no_updated_at:
            shown.pop("last_updated_at", None)
        if self.habits.restless:
            conversation.reads += 1
            shown |= {"status": ("RUNNING", "STOPPED")[conversation.reads % 2], "num_connections": conversation.reads}
        return shown

    def _read(self, id_: str) -> Said:
        conversation = self._conversations.get(id_)
        if conversation is None:
            return self.error(404, "No such conversation") if self.habits.bare else Said(200, None)
        return Said(200, self._members(conversation))

    def _list(self, asked: Asked) -> Said:
        query = asked.query
        limit, start = min(int(query.get("limit", "20")), self.habits.page), int(query.get("page_id") or "0")
        found = list(self._conversations.values())
        following = str(start + limit) if len(found) > start + limit else None
        results = [self._members(conversation) for conversation in found[start : start + limit]]
        return Said(200, {"results": results, "next_page_id": following})

    def _live_on(self) -> None:
        """Other people of the organisation update their conversations, start some and delete some."""
        self._ticks += 1
        others = [conversation for conversation in self._conversations.values() if conversation.theirs]
        if len(others) < 3:
            self._open(theirs=True)
        else:
            others[self._ticks % 3].title = f"Their title {self._ticks}"
        if self._ticks % 10 == 0 and others:
            del self._conversations[others[0].id]
