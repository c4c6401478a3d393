"""Dify's embedded server with one fault each."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rename_tck.reference.dify import Conversation, DifyServer, Renaming
from rename_tck.reference.faults import Faults
from rename_tck.reference.service import Refusal

FAULTS = Faults()


@FAULTS.add("name-not-stored", "dify.name-stored", alone=True)
class NameNotStored(DifyServer):
    """The response shows the new name, and the old one is stored."""

    async def rename(self, request: Request) -> Response:
        """Rename, answer, and take the name back."""
        conversation = self.conversations.get(request.path_params["conversation_id"])
        before = conversation.name if conversation is not None else ""
        response = await super().rename(request)
        if conversation is not None:
            conversation.name = before
        return response


@FAULTS.add("cut-at-100", "dify.length-200-accepted")
class CutAt100(DifyServer):
    """A name is cut after 100 characters."""

    def normalise_name(self, name: str) -> str:
        """As much of it as fits."""
        return name[:100]


@FAULTS.add("missing-user-taken", "dify.user-required", alone=True)
class MissingUserTaken(DifyServer):
    """A request without `user` is taken for one of the conversation's own user."""

    def valid_user(self, members: Any) -> str:
        """An empty text, which no user is called, where none is named."""
        return super().valid_user(members) if "user" in members else ""

    def find(self, conversation_id: str, user: str) -> Conversation:
        """Any conversation, where no user is named."""
        found = self.conversations.get(conversation_id)
        return super().find(conversation_id, user) if found is None or user else found


@FAULTS.add("unknown-id-accepted", "dify.unknown-id-refused")
class UnknownIdAccepted(DifyServer):
    """A rename of a conversation that does not exist is answered with 200."""

    async def rename(self, request: Request) -> Response:
        """Say of every conversation that was not found that it was renamed."""
        try:
            return await super().rename(request)
        except Refusal as refusal:
            conversation_id = request.path_params["conversation_id"]
            if refusal.status != 404 or conversation_id in self.conversations:
                raise
            now = self.timestamp()
            return self.answer_renamed(Conversation(conversation_id, "", "Renamed", {}, "", now, now))


@FAULTS.add("error-page-for-404", "dify.error-404-shape")
class ErrorPageFor404(DifyServer):
    """A 404 is a page for people, in HTML, and no JSON."""

    def refuse(self, refusal: Refusal) -> Response:
        """A page where there is nothing."""
        return HTMLResponse("<h1>Not Found</h1>", 404) if refusal.status == 404 else super().refuse(refusal)


@FAULTS.add("auto-generate-ignored", "dify.auto-generate-ignores-name", alone=True)
class AutoGenerateIgnored(DifyServer):
    """A name that comes with `auto_generate: true` is used, where one is to be generated."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        """The name that was sent, if one was."""
        return super().new_name(conversation, asked) if asked.name is None else asked.name


@FAULTS.add("changes-another-session", "dify.neighbours-untouched", alone=True)
class ChangesAnotherSession(DifyServer):
    """A rename gives its name to the conversation that was renamed before it, too."""

    before: Conversation | None = None

    def store(self, conversation: Conversation, name: str) -> None:
        """Store it here and there."""
        super().store(self.before or conversation, name)
        super().store(conversation, name)
        self.before = conversation
