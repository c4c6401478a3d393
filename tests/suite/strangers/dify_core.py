"""Dify's conversations without a framework."""

from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass, field
from typing import Any

from servers_clock import now

from strangers.habits import Habits
from strangers.wire import App, Asked, Said


@dataclass
class _Talk:
    id: str
    user: str
    name: str
    inputs: dict[str, Any]
    query: str
    created: float = field(default_factory=lambda: now().timestamp())
    updated: float = field(default_factory=lambda: now().timestamp())
    reads: int = 0


class DifyApp(App):
    """The service API of one chatflow app."""

    def __init__(self, habits: Habits) -> None:
        super().__init__(habits)
        self._talks: dict[str, _Talk] = {}
        self._ticks = 0
        self._made = 0

    @property
    def base(self) -> str:
        """What stands before the paths."""
        return self.habits.base

    def stock(self, user: str, count: int) -> list[str]:
        """Conversations that are there already; their ids."""
        return [self._open(user, f"Old talk {number}").id for number in range(count)]

    def error(self, status: int, message: str, code: str = "invalid_param") -> Said:
        """Status, code and message; nothing where the document is silent and so are we."""
        if self.habits.bare and status not in {400, 404}:
            return Said(status)
        return Said(status, {"status": status, "code": code, "message": message})

    def answer(self, asked: Asked) -> Said:
        """Route a request."""
        if self.habits.neighbours:
            self._live_on()
        base = self.base.strip("/").split("/") if self.base else []
        parts = asked.parts
        if parts[: len(base)] != base:
            return self._elsewhere()
        match parts[len(base) :]:
            case ["conversations", id_, "name"]:
                return self._authorised(asked, {"POST": lambda: self._rename(asked, id_)})
            case _ if self.habits.rename_only:
                return self._elsewhere()
            case ["chat-messages"] if self.habits.create:
                return self._authorised(asked, {"POST": lambda: self._say(asked)})
            case ["conversations"] if self.habits.listing:
                return self._authorised(asked, {"GET": lambda: self._list(asked)})
            case ["conversations", id_] if self.habits.delete:
                return self._authorised(asked, {"DELETE": lambda: self._delete(asked, id_)})
            case ["info"]:
                return self._authorised(asked, {"GET": lambda: Said(200, {"name": "Talks", "mode": "advanced-chat"})})
        return self._elsewhere()

    def _elsewhere(self) -> Said:
        return self.error(self.habits.elsewhere, "There is nothing here.", "not_found")

    def _authorised(self, asked: Asked, methods: dict[str, Any]) -> Said:
        if asked.method not in methods:
            refusal = self.error(self.habits.wrong_method, "Not with this method.", "method_not_allowed")
            return Said(refusal.status, refusal.value, (("Allow", ", ".join(methods)),))
        if self.habits.key is not None:
            scheme, _, key = asked.headers.get("authorization", "").partition(" ")
            if scheme.lower() == "bearer" and key == self.habits.other_key:
                return self.error(400, "Please check if your app mode matches the right API route.", "not_chat_app")
            if scheme.lower() != "bearer" or key != self.habits.key:
                refusal = self.error(self.habits.wrong_key, "Access token is invalid", "unauthorized")
                return Said(refusal.status, refusal.value, (("WWW-Authenticate", 'bearer realm="talks"'),))
        said: Said = methods[asked.method]()
        return said

    # -- the rename

    def _rename(self, asked: Asked, id_: str) -> Said:
        invalid = self.habits.invalid
        if self.habits.checks_ids and not _is_uuid(id_):
            return self.error(invalid, "conversation_id is no UUID.")
        try:
            body = asked.json()
        except ValueError:
            return self.error(invalid, "The body is no JSON.", "bad_request")
        if not isinstance(body, dict):
            return self.error(invalid, "The body is no object.", "bad_request")
        fault = self._fault(body)
        if fault:
            return self.error(invalid, fault)
        talk = self._talks.get(id_.lower())
        if talk is None or talk.user != body["user"]:
            return self.error(404, "Conversation Not Exists.", "not_found")
        talk.name = f"About: {talk.query}"[:40] if body.get("auto_generate") else body["name"]
        if self.habits.trims:
            talk.name = talk.name.strip() or talk.name
        if not self.habits.frozen_time:
            talk.updated = now().timestamp()
        return Said(200, self._members(talk))

    def _fault(self, body: dict[str, Any]) -> str | None:
        """What is wrong with a rename's body."""
        auto, name = body.get("auto_generate", False), body.get("name")
        if not isinstance(body.get("user"), str):
            return "user is missing."
        if not isinstance(auto, bool):
            return "auto_generate is no boolean."
        if name is not None and not isinstance(name, str):
            return "name is no string."
        if "name" in body and name is None and self.habits.no_null_names:
            return "name is null."
        if auto:
            return None
        return self.habits.objection(name) if name else "name is required when auto_generate is false."

    def _members(self, talk: _Talk) -> dict[str, Any]:
        habits = self.habits
        if habits.members == "none":
            return {}
        shown: dict[str, Any] = {"id": talk.id, "name": talk.name}
        if habits.members == "required":
            return shown
        shown |= {
            "inputs": talk.inputs,
            "status": "normal",
            "introduction": None if habits.null_introduction else "",
            # the one is rounded up, the other down
            "created_at": int(talk.created) + 1,
            "updated_at": int(talk.updated),
        }
        if habits.no_updated_at:
            del shown["updated_at"]
        if habits.members == "more":
            shown |= {"pinned": False, "from": {"user": talk.user, "name": talk.name}, "tags": [], "": None, "ünï": 1.5}
            shown["etag"] = f'W/"{zlib.crc32(str(talk.name).encode(errors="replace")):x}"'
        return shown

    # -- what it takes to have conversations

    def _open(self, user: str, query: str, inputs: dict[str, Any] | None = None) -> _Talk:
        id_ = str(uuid.uuid4())
        talk = _Talk(id_.upper() if self.habits.ids == "odd" else id_, user, "New conversation", inputs or {}, query)
        self._talks[id_] = talk
        return talk

    def _say(self, asked: Asked) -> Said:
        body = asked.json()
        if self.habits.quota is not None and self._made >= self.habits.quota:
            return self.error(self.habits.quota_status, "The quota is used up.", "provider_quota_exceeded")
        self._made += 1
        talk = self._open(body["user"], body["query"], body.get("inputs"))
        return Said(200, {"event": "message", "conversation_id": talk.id, "answer": "Well.", "mode": "advanced-chat"})

    def _list(self, asked: Asked) -> Said:
        query = asked.query
        limit = min(int(query.get("limit", "20")), self.habits.page)
        found = [talk for talk in self._talks.values() if talk.user == query.get("user")]
        last = query.get("last_id")
        if last:
            found = found[next(at for at, talk in enumerate(found) if talk.id == last) + 1 :]
        items = []
        for talk in found[:limit]:
            item = {"id": talk.id, "name": talk.name, **self._members(talk)}
            if self.habits.restless:
                talk.reads += 1
                item |= {"reads": talk.reads, "status": "normal" if talk.reads % 2 else "reading"}
            items.append(item)
        return Said(200, {"limit": limit, "has_more": len(found) > limit, "data": items})

    def _delete(self, asked: Asked, id_: str) -> Said:
        talk = self._talks.get(id_.lower())
        if talk is None or talk.user != asked.json().get("user"):
            return self.error(404, "Conversation Not Exists.", "not_found")
        del self._talks[id_.lower()]
        return Said(204)

    def _live_on(self) -> None:
        """The same user renames other conversations on another device, starts some and throws some away."""
        self._ticks += 1
        for user in {talk.user for talk in self._talks.values()}:
            others = [talk for talk in self._talks.values() if talk.user == user and talk.query == "elsewhere"]
            if len(others) < 3:
                self._open(user, "elsewhere")
            else:
                others[self._ticks % 3].name = f"Renamed on the phone {self._ticks}"
            if self._ticks % 10 == 0 and others:
                del self._talks[others[0].id.lower()]


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
