"""OpenHands' embedded server with one fault each."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rename_tck.reference.faults import Faults
from rename_tck.reference.openhands import Conversation, OpenHandsServer
from rename_tck.reference.service import Refusal

FAULTS = Faults()


@FAULTS.add("name-not-stored", "openhands.name-stored", alone=True)
class NameNotStored(OpenHandsServer):
    """The response is true, and the old title is stored."""

    def store(self, conversation: Conversation, title: str) -> None:
        """Do nothing."""


@FAULTS.add("cut-at-100", "openhands.length-200-accepted")
class CutAt100(OpenHandsServer):
    """A title is cut after 100 characters."""

    def normalise_title(self, title: str) -> str:
        """As much of it as fits."""
        return title[:100]


@FAULTS.add("counts-utf16-units", "openhands.length-200-accepted", alone=True)
class CountsUtf16Units(OpenHandsServer):
    """A title's length is counted in UTF-16 units, as JavaScript does: an emoji counts twice."""

    def length(self, title: str) -> int:
        """How many units it takes."""
        return len(title.encode("utf-16-le")) // 2


@FAULTS.add("unknown-id-accepted", "openhands.unknown-id-refused")
class UnknownIdAccepted(OpenHandsServer):
    """A rename of a conversation that does not exist is answered with 200 and true."""

    async def rename(self, request: Request) -> Response:
        """Say of every conversation that was not found that it was renamed."""
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            return self.respond(200, True)


@FAULTS.add("key-not-checked", "openhands.credential-missing")
class KeyNotChecked(OpenHandsServer):
    """Nobody needs a key."""

    def authenticate(self, request: Request) -> None:
        """Let everybody in."""


@FAULTS.add("more-members-taken", "openhands.additional-members-refused")
class MoreMembersTaken(OpenHandsServer):
    """A body with other members than `title` is taken."""

    def check_members(self, body: dict[str, Any]) -> None:
        """Overlook them."""


@FAULTS.add("server-error-for-long-names", "openhands.no-server-error")
class ServerErrorForLongNames(OpenHandsServer):
    """A title of more than 150 characters is answered with 500."""

    def normalise_title(self, title: str) -> str:
        """Fail where the column of the database is too small."""
        if len(title) > 150:
            raise RuntimeError("value too long for type character varying(150)")
        return title
