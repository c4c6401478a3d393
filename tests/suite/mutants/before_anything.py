"""Faults of the first rename of a session: what it changes shows only to whoever has read the session before."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from mutants import mutant
from mutants.conditions import KnowingCreations, KnowingDefaults
from mutants.everywhere import LISTING, AnyServer, everywhere
from rename_tck.reference.agno import AgnoServer, Session
from rename_tck.reference.dify import Conversation as DifyConversation
from rename_tck.reference.openhands import Conversation

_OTHER = {"dify": "introduction", "agno": "created_at", "openhands": "trigger"}


class First(AnyServer):
    """Correct, and knows which sessions were renamed."""

    @cached_property
    def renamed(self) -> set[str]:
        return set()

    def store(self, session: Any, name: str) -> None:
        super().store(session, name)
        self.renamed.add(self.id_of(session))

    def is_renamed(self, session: Any) -> bool:
        """Whether a session was renamed."""
        return self.id_of(session) in self.renamed


@everywhere("session-untouched")
class UnpinsWhatItRenames(First):
    """The first rename of a session unpins it: a member that no document names is false from then on."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        return found | {"pinned": not self.is_renamed(session)}


@everywhere("session-untouched")
class ListsAnotherAfterTheFirst(First):
    """From a session's first rename on the listing shows another member of it in another way."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        if outlet == LISTING and self.is_renamed(session):
            return found | {_OTHER[self.system]: "2020-01-01T00:00:00Z"}
        return found


@mutant("dify.session-untouched")
class ClearsTheIntroductionOfADefault(KnowingDefaults):
    """The first rename of a conversation whose name was generated clears its introduction."""

    def store(self, conversation: DifyConversation, name: str) -> None:
        super().store(conversation, name)
        if conversation.id in self.named_here:
            conversation.introduction = ""


@mutant("agno.session-untouched")
class FillsWhatIsNotThere(AgnoServer):
    """The first rename of a session without state or metadata gives it an empty object."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        session.session_state = {} if session.session_state is None else session.session_state
        session.metadata = {} if session.metadata is None else session.metadata


@mutant("openhands.session-untouched")
class GivesUntitledOnesATrigger(KnowingCreations):
    """The first rename of a conversation that was created with null for a member changes its trigger."""

    renamed: tuple[str, ...] = ()

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title)
        self.renamed += (conversation.conversation_id,)

    def render(self, conversation: Conversation) -> dict[str, Any]:
        created = self.created_with[conversation.conversation_id]
        odd = conversation.conversation_id in self.renamed and bool(created)
        return super().render(conversation) | ({"trigger": "resolver"} if odd else {})
