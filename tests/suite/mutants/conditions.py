"""Faults that only some sessions meet: records written back by an ORM, joins, jobs, columns of their own."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any

from mutants import mutant
from rename_tck.reference.agno import AgnoServer, Scope, Session
from rename_tck.reference.dify import Conversation as DifyConversation
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import Conversation, OpenHandsServer


def flat(value: Any, depth: int = 3) -> Any:
    """A value whose objects and lists below a depth are JSON text."""
    if isinstance(value, dict):
        return {name: flat(inner, depth - 1) for name, inner in value.items()} if depth else json.dumps(value)
    if isinstance(value, list):
        return [flat(inner, depth - 1) for inner in value] if depth else json.dumps(value)
    return value


# -- Dify


@mutant("dify.session-untouched")
class WritesTheInputsBackFlat(DifyServer):
    """A rename writes the inputs back, with what is nested deeply as text."""

    def store(self, conversation: DifyConversation, name: str) -> None:
        super().store(conversation, name)
        conversation.inputs = flat(conversation.inputs)


@mutant("dify.name-stored", also=("answer-name",))
class RenamesAMessage(DifyServer):
    """The name of a conversation of several messages is stored in the row of the last of them."""

    def store(self, conversation: DifyConversation, name: str) -> None:
        if len(conversation.queries) < 3:
            super().store(conversation, name)


class KnowingDefaults(DifyServer):
    """Correct, and knows the conversations whose first name it has made itself."""

    @cached_property
    def named_here(self) -> set[str]:
        return set()

    def open(self, user: str, query: str, inputs: dict[str, Any], auto_generate_name: bool) -> DifyConversation:
        conversation = super().open(user, query, inputs, auto_generate_name)
        if auto_generate_name:
            self.named_here.add(conversation.id)
        return conversation


@mutant("dify.name-stored", also=("answer-name",))
class KeepsTheWidthOfAGeneratedTitle(KnowingDefaults):
    """A conversation whose first name was generated keeps 60 characters of every later one."""

    def store(self, conversation: DifyConversation, name: str) -> None:
        super().store(conversation, name[:60] if conversation.id in self.named_here else name)


@mutant("dify.session-untouched")
class EscapesTheInputs(DifyServer):
    """A rename writes the inputs back in ASCII, and what is beyond it as question marks."""

    def store(self, conversation: DifyConversation, name: str) -> None:
        super().store(conversation, name)
        text = json.dumps(conversation.inputs, ensure_ascii=False)
        conversation.inputs = json.loads(text.encode("ascii", "replace"))


# -- Agno


@mutant("agno.session-untouched")
class WritesTheStateBackFlat(AgnoServer):
    """A rename writes the state back, with what is nested deeply as text."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        session.session_state = flat(session.session_state)


@mutant("agno.session-untouched")
class DropsOperators(AgnoServer):
    """A rename drops members of the metadata whose names a document store would take for operators or paths."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        for member in list(session.metadata or {}):
            if member.startswith("$") or "." in member:
                del (session.metadata or {})[member]


@mutant("agno.rename-accepted")
class JoinsByTheState(AgnoServer):
    """A session without a name, a state or metadata is not found when it is looked for with its user."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        found = super().lookup(session_id, scope)
        bare = found is not None and (not found.session_name or None in (found.session_state, found.metadata))
        return None if bare and scope.user_id is not None else found


# -- OpenHands


class KnowingCreations(OpenHandsServer):
    """Correct, takes a title with a creation, and knows what each conversation was created with."""

    @cached_property
    def created_with(self) -> dict[str, dict[str, Any]]:
        return {}

    def check_creation(self, body: dict[str, Any]) -> None:
        super().check_creation(
            {name: value for name, value in body.items() if name not in {"title", "selected_repository"}}
        )
        self._body = body

    def open(self) -> Conversation:
        conversation = super().open()
        self.created_with[conversation.conversation_id] = self._body
        conversation.title = self._body.get("title") or conversation.title
        return conversation


@mutant("openhands.session-untouched")
class WritesNullBackAsText(KnowingCreations):
    """A rename writes the repository back as the word None where it was created as null."""

    renamed: tuple[str, ...] = ()

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title)
        self.renamed += (conversation.conversation_id,)

    def render(self, conversation: Conversation) -> dict[str, Any]:
        members = self.created_with[conversation.conversation_id]
        null = conversation.conversation_id in self.renamed and members.get("repository", "") is None
        return super().render(conversation) | ({"selected_repository": "None"} if null else {})


@mutant("openhands.name-stored")
class KeepsTheTitleOfWhatHasNull(KnowingCreations):
    """The title of a conversation that was created with null for every member is never replaced."""

    def store(self, conversation: Conversation, title: str) -> None:
        if self.created_with[conversation.conversation_id].get("repository", "") is not None:
            super().store(conversation, title)


@mutant("openhands.name-stored")
class RewritesTheFileInAscii(KnowingCreations):
    """The file of a conversation that was created with null in it is rewritten without what is beyond the BMP."""

    def store(self, conversation: Conversation, title: str) -> None:
        null = None in self.created_with[conversation.conversation_id].values()
        super().store(conversation, re.sub("[^\0-\uffff]", "?", title) if null else title)
