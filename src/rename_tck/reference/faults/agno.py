"""Agno's embedded server with one fault each."""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rename_tck.reference.agno import AgnoServer, Session
from rename_tck.reference.faults import Faults
from rename_tck.reference.service import Refusal

FAULTS = Faults()


@FAULTS.add("name-not-stored", "agno.name-stored", alone=True)
class NameNotStored(AgnoServer):
    """The response shows the new name, and the old one is stored."""

    def answer_renamed(self, session: Session) -> Response:
        """Answer, and take the name back."""
        response = super().answer_renamed(session)
        session.session_name = self.before
        return response

    def store(self, session: Session, name: str) -> None:
        """Remember the old name until the response is made."""
        self.before = session.session_name
        super().store(session, name)


@FAULTS.add("cut-at-100", "agno.length-200-accepted")
class CutAt100(AgnoServer):
    """A name is cut after 100 characters."""

    def normalise_name(self, name: str) -> str:
        """As much of it as fits."""
        return name[:100]


@FAULTS.add("unknown-id-accepted", "agno.unknown-id-refused")
class UnknownIdAccepted(AgnoServer):
    """A rename of a session that does not exist is answered with 200."""

    async def rename(self, request: Request) -> Response:
        """Say of every session that was not found that it was renamed."""
        try:
            return await super().rename(request)
        except Refusal as refusal:
            session_id = request.path_params["session_id"]
            if refusal.loc != ("path", "session_id") or any(id_ == session_id for _, id_ in self.sessions):
                raise
            now = self.now()
            scope = self.valid_scope(request.query_params)
            session = Session(scope.type, session_id, "Renamed", scope.user_id, None, None, None, now, now)
            return self.respond(200, self.render(session))


@FAULTS.add("error-page-for-404", "agno.error-404-shape")
class ErrorPageFor404(AgnoServer):
    """A 404 is a page for people, in HTML, and no JSON."""

    def refuse(self, refusal: Refusal) -> Response:
        """A page where there is nothing."""
        return HTMLResponse("<h1>Not Found</h1>", 404) if refusal.status == 404 else super().refuse(refusal)


@FAULTS.add("key-not-checked", "agno.credential-missing")
class KeyNotChecked(AgnoServer):
    """Nobody needs a key."""

    def authenticate(self, request: Request) -> None:
        """Let everybody in."""


@FAULTS.add("other-users-session", "agno.user-scope-other")
class OtherUsersSession(AgnoServer):
    """The `user_id` of a request is ignored: the sessions of other users are renamed, too."""

    def valid_user_id(self, query: QueryParams) -> str | None:  # noqa: ARG002
        """Everybody's sessions."""
        return None


@FAULTS.add("changes-another-session", "agno.neighbours-untouched", alone=True)
class ChangesAnotherSession(AgnoServer):
    """A rename gives its name to the session that was renamed before it, too."""

    before: Session | None = None

    def store(self, session: Session, name: str) -> None:
        """Store it here and there."""
        super().store(self.before or session, name)
        super().store(session, name)
        self.before = session
