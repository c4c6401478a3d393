"""Faulty Agno servers."""

from __future__ import annotations

import ast
import asyncio
import codecs
import contextlib
import json
import re
import unicodedata
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from typing import Any

from circumstances.servers import Lagging
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from mutants import mutant
from rename_tck.reference.agno import SESSION_TYPES, AgnoServer, Scope, Session, SessionType
from rename_tck.reference.service import Refusal, bearer_token

# The answer


@mutant("agno.answer-media-type")
class AnswersAsPlainText(AgnoServer):
    """The answer to a rename is JSON, and calls itself text/plain."""

    def answer_renamed(self, session: Session) -> Response:
        return PlainTextResponse(self.encode(self.render(session)))


# two letters in Latin-1 can happen to be another one in UTF-8
@mutant("agno.answer-json")
class AnswersInLatin1(AgnoServer):
    """An answer whose name can be Latin-1 is, which shows only where it has letters beyond ASCII."""

    def answer_renamed(self, session: Session) -> Response:
        try:
            beyond_ascii = not session.session_name.encode("latin-1").isascii()
        except UnicodeEncodeError:
            beyond_ascii = False
        if not beyond_ascii:
            return super().answer_renamed(session)
        text = json.dumps(self.render(session), ensure_ascii=False)
        return Response(text.encode("latin-1", "replace"), media_type="application/json")


@mutant("agno.answer-json", also=("answer-schema", "type-default-agent", "answer-shape-of-type"))
class AnswersNotANumber(AgnoServer):
    """A count that is not known is answered as NaN, which JSON does not have."""

    def answer_renamed(self, session: Session) -> Response:
        body = json.dumps({**self.render(session), "total_tokens": float("nan")})
        return Response(body, media_type="application/json")


@mutant("agno.answer-schema", also=("type-default-agent", "answer-shape-of-type"))
class AnswersInAnEnvelope(AgnoServer):
    """The session stands in a member `data` of the answer."""

    def answer_renamed(self, session: Session) -> Response:
        return self.respond(200, {"data": self.render(session)})


@mutant("agno.answer-schema", also=("answer-shape-of-type",))
class AnswersMetadataAsText(AgnoServer):
    """The metadata is answered as the JSON text that the database holds."""

    def answer_renamed(self, session: Session) -> Response:
        return self.respond(200, {**self.render(session), "metadata": json.dumps(session.metadata)})


@mutant("agno.answer-name")
class AnswersTheOldName(AgnoServer):
    """The answer shows the session as it was before the rename."""

    async def apply(self, session: Session, name: str) -> None:
        self.before = session.session_name
        await super().apply(session, name)

    def answer_renamed(self, session: Session) -> Response:
        return self.respond(200, {**self.render(session), "session_name": self.before})


@mutant("agno.answer-id", also=("concurrent-same-session", "concurrent-two-sessions", "type-default-agent"))
class AnswersAnotherId(AgnoServer):
    """The answer's id is that of a record made for the rename, not that of the session."""

    def answer_renamed(self, session: Session) -> Response:
        return self.respond(200, {**self.render(session), "session_id": f"{session.session_id}-1"})


@mutant("agno.answer-id", also=("concurrent-same-session", "concurrent-two-sessions"))
class AnswersAnotherIdNowAndThen(AgnoServer):
    """Every fifteenth answer carries the id of the session that was renamed before."""

    renames = 0
    latest = ""

    def answer_renamed(self, session: Session) -> Response:
        self.renames += 1
        shown = self.latest if self.renames % 15 == 0 else session.session_id
        self.latest = f"{session.session_id}-{self.renames}"
        return self.respond(200, {**self.render(session), "session_id": shown})


@mutant("agno.answer-shape-of-type")
class AnswersInTheShapeOfATeam(AgnoServer):
    """Whatever its type, a session is answered in the shape of a team's session."""

    def answer_renamed(self, session: Session) -> Response:
        return self.respond(200, self.render_team(session))


@mutant("agno.answer-shape-of-type")
class AnswersInTheShapeOfATeamWithoutAType(AgnoServer):
    """When the type is left out, a session is answered in the shape of a team's session."""

    async def rename(self, request: Request) -> Response:
        answer = await super().rename(request)
        if answer.status_code != 200 or "type" in request.query_params:
            return answer
        return self.respond(200, self.render_team(self.find(request.path_params["session_id"], Scope("agent", None))))


@mutant("agno.answer-shape-of-type", also=("answer-schema",))
class WorkflowAnswersWithoutItsId(AgnoServer):
    """The answer for a workflow's session has no session_id."""

    def answer_renamed(self, session: Session) -> Response:
        answer = self.render(session)
        if session.type == "workflow":
            del answer["session_id"]
        return self.respond(200, answer)


@mutant("agno.timestamps-date-time", also=("answer-schema", "answer-shape-of-type"))
class TimesWithoutZone(AgnoServer):
    """The times of an answer have no zone."""

    def render_time(self, time: datetime) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S")


@mutant("agno.timestamps-date-time", also=("answer-schema", "answer-shape-of-type"))
class TimesWithABlank(AgnoServer):
    """The times of an answer are in the database's spelling, with a blank between date and time."""

    def render_time(self, time: datetime) -> str:
        return time.strftime("%Y-%m-%d %H:%M:%S+00:00")


@mutant("agno.timestamps-date-time", also=("answer-schema", "answer-shape-of-type"))
class WorkflowTimesAsEpoch(AgnoServer):
    """The answer for a workflow's session has its time of creation in seconds since 1970."""

    def answer_renamed(self, session: Session) -> Response:
        answer = self.render(session)
        if session.type == "workflow":
            answer["created_at"] = int(session.created_at.timestamp())
        return self.respond(200, answer)


# What is stored


@mutant("agno.name-stored")
class SaysRenamedAndStoresNothing(AgnoServer):
    """The answer carries the new name, and nothing is stored."""

    async def apply(self, session: Session, name: str) -> None:
        self.said = name

    def answer_renamed(self, session: Session) -> Response:
        return self.respond(200, {**self.render(session), "session_name": self.said})


@mutant("agno.name-stored")
class LosesEveryFifteenthRename(AgnoServer):
    """Every fifteenth rename is answered as done and lost."""

    renames = 0

    async def rename(self, request: Request) -> Response:
        self.renames += 1
        if self.renames % 15:
            return await super().rename(request)
        session = self.find(request.path_params["session_id"], self.valid_scope(request.query_params))
        before = session.session_name
        answer = await super().rename(request)
        self.store(session, before)
        return answer


@mutant("agno.type-accepted", also=("name-stored",))
class TeamNotStored(AgnoServer):
    """The rename of a team's session is answered as done and not stored."""

    async def rename(self, request: Request) -> Response:
        answer = await super().rename(request)
        if request.query_params.get("type") == "team":
            self.find(request.path_params["session_id"], Scope("team", None)).session_name = "Team session"
        return answer


@mutant("agno.neighbours-untouched")
class RenamesTheNeighbourToo(AgnoServer):
    """The session that was made last gets the name as well."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        next(reversed(self.sessions.values())).session_name = name


@mutant("agno.neighbours-untouched")
class RenamesEverySessionOfTheType(AgnoServer):
    """The statement that stores the name has no condition on the id."""

    def store(self, session: Session, name: str) -> None:
        for other in self.sessions.values():
            if other.type == session.type:
                super().store(other, name)


@mutant("agno.neighbours-untouched")
class TouchesTheOneRenamedBefore(AgnoServer):
    """A rename sets the time of the last update of the session that was renamed before, too."""

    before: Session | None = None

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        if self.before is not None:
            self.touch(self.before)
        self.before = session


@mutant("agno.neighbours-untouched")
class TouchesTheOthers(AgnoServer):
    """A rename sets the time of the last update of every session, in whole seconds."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        for each in self.sessions.values():
            self.touch(each)


@mutant("agno.session-untouched")
class WipesTheSessionState(AgnoServer):
    """A rename empties the session's state."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        session.session_state = {}


@mutant("agno.session-untouched")
class WorkflowLosesItsMetadata(AgnoServer):
    """The rename of a workflow's session drops its metadata."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        if session.type == "workflow":
            session.metadata = None


@mutant("agno.session-untouched")
class ResetsTheTimeOfCreation(AgnoServer):
    """A rename writes the session anew, with a new time of creation."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        session.created_at = self.now()


@mutant("agno.name-stored")
class QueryBeatsTheBody(AgnoServer):
    """A session_name in the query is stored in place of the body's."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        more = {name: value for name, value in request.query_params.items() if name == "session_name"}
        body = await super().read_object(request)
        return {**body, **more} if "session_name" in body else body


@mutant("agno.name-stored", also=("other-type-not-renamed",))
class DoneUnderAnotherType(AgnoServer):
    """A rename under a type that the session is not of is answered as done, and nothing is stored."""

    def find(self, session_id: str, scope: Scope) -> Session:
        for type_ in SESSION_TYPES:
            session = self.lookup(session_id, Scope(type_, scope.user_id))
            if session is not None:
                return session if type_ == scope.type else replace(session)
        return super().find(session_id, scope)


@mutant("agno.neighbours-untouched")
class TeamRenamesAnAgentToo(AgnoServer):
    """The rename of a team's session gives its name to the agents' session that was made first."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        if session.type == "team":
            agents = [other for other in self.sessions.values() if other.type == "agent"]
            for other in agents[:1]:
                super().store(other, name)


@mutant("agno.session-untouched")
class StateGainsTheName(AgnoServer):
    """A rename puts the new name into the session's state as well."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        session.session_state = {**(session.session_state or {}), "session_name": name}


@mutant("agno.session-untouched")
class MetadataLosesWhatIsEmpty(AgnoServer):
    """A rename drops the members of the metadata that are false, 0 or empty."""

    def store(self, session: Session, name: str) -> None:
        def full(value: Any) -> Any:
            return {key: full(inner) for key, inner in value.items() if inner} if isinstance(value, dict) else value

        super().store(session, name)
        session.metadata = full(session.metadata)


@mutant("agno.session-untouched")
class StateIsRounded(AgnoServer):
    """A rename rounds the integers of the session's state that a double does not hold."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        state = json.dumps(session.session_state)
        session.session_state = json.loads(state, parse_int=lambda digits: int(float(digits)))


@mutant("agno.session-untouched")
class TeamLosesItsId(AgnoServer):
    """The team_id of a team's session that was renamed is null."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        if session.type == "team":
            session.component_id = None


@mutant("agno.session-untouched")
class ListedTwice(AgnoServer):
    """A session that was renamed is listed twice."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.renamed: set[str] = set()

    def store(self, session: Session, name: str) -> None:
        super().store(session, name)
        self.renamed.add(session.session_id)

    async def list_sessions(self, request: Request) -> Response:
        content = json.loads(bytes((await super().list_sessions(request)).body))
        twice = [item for item in content["data"] if item["session_id"] in self.renamed]
        return self.respond(200, {**content, "data": [*content["data"], *twice]})


# Renaming again


# the names of the corpus are given to a session of each type
@mutant("agno.rename-accepted", may=("length-200-accepted",))
class NamesAreUnique(AgnoServer):
    """A name that another session bears is refused."""

    async def apply(self, session: Session, name: str) -> None:
        if any(other is not session and other.session_name == name for other in self.sessions.values()):
            raise Refusal(409, "conflict", "Another session has this name.")
        await super().apply(session, name)


@mutant("agno.rename-again", also=("rename-accepted", "concurrent-same-session", "concurrent-two-sessions"))
class RenamesOnlyThreeTimes(AgnoServer):
    """A session that was renamed three times keeps its name."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.counts: dict[str, int] = {}

    async def apply(self, session: Session, name: str) -> None:
        count = self.counts[session.session_id] = self.counts.get(session.session_id, 0) + 1
        if count > 3:
            raise Refusal(409, "conflict", "The session was renamed before.")
        await super().apply(session, name)


# one name is given in several spellings of the body, and drawn names come twice
@mutant("agno.same-name")
class RefusesTheSameName(AgnoServer):
    """A rename to the name that the session bears is refused, for there is nothing to update."""

    async def apply(self, session: Session, name: str) -> None:
        if session.session_name == name:
            raise Refusal(400, "bad_request", "The session has this name already.")
        await super().apply(session, name)


@mutant("agno.rename-again")
class KeepsTheCase(AgnoServer):
    """A name that differs from the old one only in the case of its letters is not stored."""

    def store(self, session: Session, name: str) -> None:
        if name.casefold() != session.session_name.casefold():
            super().store(session, name)


@mutant("agno.rename-again")
class KeepsTheNormalForm(AgnoServer):
    """A name that is the old one in another normal form is not stored."""

    def store(self, session: Session, name: str) -> None:
        if unicodedata.normalize("NFC", name) != unicodedata.normalize("NFC", session.session_name):
            super().store(session, name)


# names that are numbered may happen to be anagrams of each other
@mutant("agno.rename-again")
class KeepsAnAnagram(AgnoServer):
    """A name of the same letters as the old one, in whatever order, is not stored."""

    def store(self, session: Session, name: str) -> None:
        if sorted(name) != sorted(session.session_name):
            super().store(session, name)


@mutant("agno.rename-accepted")
class EscapedMemberIsUnknown(AgnoServer):
    """A member whose name is spelt with an escape is not known."""

    def decode(self, body: bytes) -> Any:
        return {} if re.search(rb'[{,]\s*"\w*\\u', body) else super().decode(body)


# Names


@mutant("agno.unicode-exact", also=("length-200-accepted", "sequence-consistent", "valid-space-accepted"))
class ReplacesBeyondTheBmp(AgnoServer):
    """Characters beyond the BMP become question marks, as in MySQL's three-byte utf8."""

    def normalise_name(self, name: str) -> str:
        return re.sub("[\U00010000-\U0010ffff]", "?", name)


@mutant("agno.unicode-exact", also=("rename-again", "never-altered"))
class NormalisesNames(AgnoServer):
    """Names are normalised to NFC."""

    def normalise_name(self, name: str) -> str:
        return unicodedata.normalize("NFC", name)


@mutant("agno.unicode-exact", also=("never-altered",))
class StripsZeroWidth(AgnoServer):
    """Characters without a width are dropped."""

    def normalise_name(self, name: str) -> str:
        return re.sub("[\u200b-\u200f\u2060\ufeff]", "", name)


@mutant("agno.text-not-interpreted", also=("length-200-accepted",))
class DoublesQuotes(AgnoServer):
    """The quotes that were doubled for the SQL statement stay doubled."""

    def normalise_name(self, name: str) -> str:
        return name.replace("'", "''")


@mutant("agno.text-not-interpreted")
class ReadsNamesAsJson(AgnoServer):
    """A name that happens to be JSON is decoded a second time: `null` is stored as None, `1e5` as 100000.0."""

    def normalise_name(self, name: str) -> str:
        try:
            return str(json.loads(name))
        except ValueError:
            return name


@mutant("agno.text-not-interpreted", also=("answer-schema", "valid-space-accepted"))
class AnswersDigitsAsANumber(AgnoServer):
    """A name of digits is stored as text, and answered as a number."""

    def answer_renamed(self, session: Session) -> Response:
        name = session.session_name
        return self.respond(200, {**self.render(session), "session_name": int(name) if name.isdecimal() else name})


@mutant("agno.length-200-accepted", also=("valid-space-accepted",))
class CutsAt100(AgnoServer):
    """A name is cut at 100 characters."""

    def normalise_name(self, name: str) -> str:
        return name[:100]


@mutant("agno.length-200-accepted")
class CountsUtf16Units(AgnoServer):
    """Names of more than 255 UTF-16 units are refused."""

    def check_name(self, name: str) -> None:
        super().check_name(name)
        if len(name.encode("utf-16-le")) > 2 * 255:
            raise Refusal(400, "bad_request", "The session name is too long.")


@mutant("agno.never-altered")
class CutsAt255(AgnoServer):
    """A name is cut at 255 characters, the width of the column."""

    def normalise_name(self, name: str) -> str:
        return name[:255]


@mutant("agno.never-altered", also=("sequence-consistent",))
class ReplacesSurrogates(AgnoServer):
    """An unpaired surrogate is stored as a question mark."""

    def decode(self, body: bytes) -> Any:
        try:
            return json.loads(json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return super().decode(body)


@mutant("agno.blanks-kept")
class TrimsNames(AgnoServer):
    """Blanks around a name are cut off."""

    def normalise_name(self, name: str) -> str:
        return name.strip()


@mutant("agno.never-altered")
class DropsIsolates(AgnoServer):
    """Characters that isolate the direction of a piece of text are dropped."""

    def normalise_name(self, name: str) -> str:
        return re.sub("[\u2066-\u2069]", "", name)


@mutant("agno.text-not-interpreted")
class MakesAnEllipsis(AgnoServer):
    """Three dots become an ellipsis."""

    def normalise_name(self, name: str) -> str:
        return re.sub(r"(?<!\.)\.{3}(?!\.)", "…", name)


@mutant("agno.text-not-interpreted")
class ReservesNamesOfDevices(AgnoServer):
    """A name that Windows reserves for a device is refused."""

    def check_name(self, name: str) -> None:
        super().check_name(name)
        if name.lower() in {"con", "prn", "aux", "nul"}:
            raise Refusal(400, "bad_request", "The session name is reserved.")


@mutant("agno.length-200-accepted")
class RefusesLongWords(AgnoServer):
    """A name with a word of more than 150 letters is refused."""

    def check_name(self, name: str) -> None:
        super().check_name(name)
        if re.search("[A-Za-z]{151}", name):
            raise Refusal(400, "bad_request", "The session name has a word that is too long.")


@mutant("agno.rename-accepted")
class BodiesUpTo2KiB(AgnoServer):
    """A body of more than 2 KiB is refused with 413, and so 200 emoji that are spelt with escapes."""

    max_body_bytes = 2048


@mutant("agno.never-altered")
class DropsDelete(AgnoServer):
    """The control character U+007F is dropped from a name."""

    def normalise_name(self, name: str) -> str:
        return name.replace("\x7f", "")


# Renames at once


# the first of two answers about one session may show the second name
@mutant("agno.concurrent-two-sessions", also=("answer-id",))
class AnswersTheSessionOfTheLatestRequest(AgnoServer):
    """The session to answer is kept on the server, where a second request in flight replaces it."""

    latest: Session

    async def apply(self, session: Session, name: str) -> None:
        await super().apply(session, name)
        self.latest = session
        await asyncio.sleep(0.01)

    def answer_renamed(self, session: Session) -> Response:
        return super().answer_renamed(self.latest)


@mutant("agno.concurrent-same-session", also=("no-server-error",), may=("concurrent-two-sessions",))
class DatabaseIsLocked(AgnoServer):
    """A rename that comes while another one is being written fails with 503."""

    writing = False

    async def apply(self, session: Session, name: str) -> None:
        if self.writing:
            raise Refusal(503, "unavailable", "database is locked")
        self.writing = True
        await asyncio.sleep(0.01)
        self.writing = False
        await super().apply(session, name)


@mutant("agno.concurrent-same-session")
class BothNamesLost(AgnoServer):
    """When two renames of a session overlap, each is answered as done, and the old name comes back."""

    lost: str | None = None

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.writing: set[str] = set()

    async def apply(self, session: Session, name: str) -> None:
        before, overlaps = session.session_name, session.session_id in self.writing
        self.writing.add(session.session_id)
        await asyncio.sleep(0.01)
        self.writing.discard(session.session_id)
        await super().apply(session, name)
        self.lost = before if overlaps else None

    def answer_renamed(self, session: Session) -> Response:
        answer = super().answer_renamed(session)
        if self.lost is not None:
            self.store(session, self.lost)
        return answer


@mutant("agno.concurrent-same-session")
class LeavesTheSessionLocked(AgnoServer):
    """When two renames of a session overlap, the lock of one stays, and the rename after them is refused."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.writing: set[str] = set()
        self.locked: set[str] = set()

    async def apply(self, session: Session, name: str) -> None:
        if session.session_id in self.locked:
            self.locked.remove(session.session_id)
            raise Refusal(423, "locked", "The session is locked.")
        if session.session_id in self.writing:
            self.locked.add(session.session_id)
        self.writing.add(session.session_id)
        await asyncio.sleep(0.01)
        self.writing.discard(session.session_id)
        await super().apply(session, name)


# both rename right after something that was not found
@mutant("agno.sequence-consistent", also=("name-stored", "concurrent-two-sessions"))
class LosesTheRenameAfterAnUnknownOne(AgnoServer):
    """The rename of an unknown session leaves a transaction open, in which the next rename is lost."""

    open_transaction = False

    def no_such_session(self) -> Refusal:
        self.open_transaction = True
        return super().no_such_session()

    def answer_renamed(self, session: Session) -> Response:
        answer = super().answer_renamed(session)
        if self.open_transaction:
            self.store(session, "Before the transaction")
        self.open_transaction = False
        return answer


@mutant("agno.concurrent-two-sessions")
class ErrorOfAnother(AgnoServer):
    """A rename that comes while another one is being refused gets the error of that one."""

    error: Refusal | None = None

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status == 422:
                self.error = refusal
                await asyncio.sleep(0.03)
                self.error = None
            raise

    async def apply(self, session: Session, name: str) -> None:
        await asyncio.sleep(0.01)
        if self.error is not None:
            raise Refusal(400, "bad_request", self.error.message)
        await super().apply(session, name)


# Ids


# a session of another type or of another user is not there either
@mutant(
    "agno.unknown-id-refused",
    also=(
        "name-stored",
        "unknown-id-404",
        "odd-ids-safe",
        "deleted-id-refused",
        "user-scope-other",
        "user-scope-lookalike",
        "other-type-not-renamed",
    ),
)
class RenamesWhatIsNotThere(AgnoServer):
    """The rename of a session that does not exist is answered as done."""

    async def rename(self, request: Request) -> Response:
        await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.loc != ("path", "session_id"):
                raise
            name = self.valid_session_name(await self.read_object(request))
            session_id = request.path_params["session_id"]
            return self.respond(200, {"agent_session_id": session_id, "session_id": session_id, "session_name": name})


@mutant("agno.unknown-id-404", also=("user-scope-other",))
class UnknownIdIsABadRequest(AgnoServer):
    """The rename of a session that does not exist is refused with 400."""

    def no_such_session(self) -> Refusal:
        return Refusal(400, "bad_request", "Session not found.", loc=("path", "session_id"))


# an odd id that was tried before is there when it is tried again
# so is one that was looked for under another type, and the rename is answered as done, with the old name kept
@mutant("agno.unknown-id-creates-nothing", also=("name-stored", "deleted-id-refused", "other-type-not-renamed"))
class CreatesWhatItDoesNotFind(AgnoServer):
    """A session that is not found is made, and then refused with 404."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.loc == ("path", "session_id"):
                scope, session_id, now = Scope("agent", None), request.path_params["session_id"], self.now()
                if self.lookup(session_id, scope) is None:
                    session = Session("agent", session_id, "New", None, None, None, None, now, now)
                    self.sessions["agent", session_id] = session
            raise


@mutant("agno.odd-ids-safe", also=("no-server-error",))
class BackslashInTheIdCrashes(AgnoServer):
    """An id with a backslash crashes the server."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        if "\\" in session_id:
            raise self.crashed()
        return super().lookup(session_id, scope)


@mutant("agno.odd-ids-refused", also=("rename-accepted", "error-404-shape"))
class OddIdsGetAPage(AgnoServer):
    """An id with characters that no id of the server's own has is answered with 404 and a page."""

    async def rename(self, request: Request) -> Response:
        if not re.fullmatch("[0-9a-z-]+", request.path_params["session_id"]):
            return HTMLResponse("<!doctype html><title>404</title><h1>Not Found</h1>", 404)
        return await super().rename(request)


@mutant("agno.unknown-id-refused")
class IdEndsAtItsNul(AgnoServer):
    """An id with a NUL finds the session whose id stands before it."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        return super().lookup(session_id.split("\0", maxsplit=1)[0], scope)


@mutant("agno.unknown-id-refused", also=("rename-accepted",))
class IdWithoutCase(AgnoServer):
    """Ids are compared without regard to case, as some databases' collations do."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        return super().lookup(session_id.lower(), scope)


@mutant("agno.unknown-id-refused")
class BlankBeforeTheIdIgnored(AgnoServer):
    """An id is found with blanks before it."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        return super().lookup(session_id.lstrip(" "), scope)


@mutant("agno.unknown-id-refused")
class FullStopIsAnyCharacter(AgnoServer):
    """An id is looked for as a regular expression in which only the full stop has a meaning."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        pattern = re.escape(session_id).replace(r"\.", ".")
        found = [known for type_, known in self.sessions if type_ == scope.type and re.fullmatch(pattern, known)]
        return super().lookup(found[0] if found else session_id, scope)


# odd ids come twice, too
@mutant("agno.unknown-id-creates-nothing", also=("deleted-id-refused",))
class CreatesWhatIsAskedForTwice(AgnoServer):
    """A session that is not found is refused with 404, and made when it is to be renamed again."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.missed: set[str] = set()

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            session_id, now = request.path_params["session_id"], self.now()
            if refusal.loc == ("path", "session_id") and session_id not in {known for _, known in self.sessions}:
                if session_id in self.missed:
                    type_ = self.valid_type(request.query_params)
                    self.sessions[type_, session_id] = Session(
                        type_, session_id, "New", None, None, None, None, now, now
                    )
                self.missed.add(session_id)
            raise


# The key


@mutant("agno.credential-missing", also=("credential-before-validation",))
class NoKeyNeeded(AgnoServer):
    """A rename without a key is made; only a wrong key is refused."""

    def authenticate(self, request: Request) -> None:
        if "authorization" in request.headers or request.method != "POST":
            super().authenticate(request)


@mutant("agno.credential-missing", also=("credential-wrong",))
class KeyRefusedWith403(AgnoServer):
    """A missing or wrong key is refused with 403, where the document has 401."""

    def unauthenticated(self) -> Refusal:
        return Refusal(403, "forbidden", "The key is missing or not valid.")


@mutant("agno.credential-missing", also=("credential-before-validation", "refusal-changes-nothing"))
class RenamesBeforeItRefusesTheKey(AgnoServer):
    """A rename without a key is refused with 401, and made."""

    async def rename(self, request: Request) -> Response:
        if "authorization" not in request.headers:
            scope = self.valid_scope(request.query_params)
            name = self.valid_session_name(await self.read_object(request))
            self.store(self.find(request.path_params["session_id"], scope), name)
        return await super().rename(request)


@mutant("agno.credential-wrong")
class KeyComparedUpToItsLength(AgnoServer):
    """A key that begins with the right one is taken for it."""

    def authenticate(self, request: Request) -> None:
        if not (bearer_token(request) or "").startswith(self.key or ""):
            raise self.unauthenticated()


@mutant("agno.credential-wrong")
class KeyWithoutCase(AgnoServer):
    """The key is compared without regard to case."""

    def authenticate(self, request: Request) -> None:
        if (bearer_token(request) or "").lower() != (self.key or "").lower():
            raise self.unauthenticated()


@mutant("agno.credential-wrong")
class LastCharacterOfTheKeyIgnored(AgnoServer):
    """A key of the right length is compared without its last character."""

    def authenticate(self, request: Request) -> None:
        token, key = bearer_token(request) or "", self.key or ""
        if len(token) != len(key) or token[:-1] != key[:-1]:
            raise self.unauthenticated()


# The body


@mutant("agno.body-json")
class ReadsPython(AgnoServer):
    """A body in Python's spelling is accepted: single quotes, None, True."""

    def decode(self, body: bytes) -> Any:
        try:
            return super().decode(body)
        except Refusal:
            if b"'" not in body:
                raise
            with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                return ast.literal_eval(body.decode())
            raise


@mutant("agno.body-json")
class ReadsLatin1(AgnoServer):
    """A body that is not UTF-8 is taken for Latin-1."""

    def decode(self, body: bytes) -> Any:
        try:
            body.decode()
        except UnicodeDecodeError:
            body = body.decode("latin-1").encode()
        return super().decode(body)


@mutant("agno.body-present")
class EmptyBodyKeepsTheName(AgnoServer):
    """A rename without a body is answered as done, the name unchanged."""

    async def rename(self, request: Request) -> Response:
        if not (await request.body()).strip():
            self.authenticate(request)
            return self.answer_renamed(
                self.find(request.path_params["session_id"], self.valid_scope(request.query_params))
            )
        return await super().rename(request)


@mutant("agno.body-object")
class TakesTheBodyForTheName(AgnoServer):
    """A body that is a string is taken for the name."""

    def require_object(self, value: Any) -> dict[str, Any]:
        return super().require_object({"session_name": value} if isinstance(value, str) else value)


@mutant("agno.no-server-error")
class LongUserIdCrashes(AgnoServer):
    """A user_id wider than its column crashes the server."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        if len(query.get("user_id", "")) > 255:
            raise self.crashed()
        return super().valid_user_id(query)


@mutant("agno.body-json")
class BodyEndsAtItsNul(AgnoServer):
    """A body is read up to its first NUL, as C strings are."""

    def decode(self, body: bytes) -> Any:
        end = body.find(b"\0")
        return super().decode(body[:end] if end > 0 else body)


@mutant("agno.body-object")
class PairsMakeAnObject(AgnoServer):
    """A body that is an array of pairs is made into an object."""

    def require_object(self, value: Any) -> dict[str, Any]:
        with contextlib.suppress(TypeError, ValueError):
            value = dict(value) if isinstance(value, list) and value else value
        return super().require_object(value)


@mutant("agno.no-server-error")
class DeepNestingCrashes(AgnoServer):
    """A body with more than a thousand objects within each other crashes the server."""

    def decode(self, body: bytes) -> Any:
        if body.count(b'{"a":{') > 1000 or body.count(b'{"a": {') > 1000:
            raise RecursionError
        return super().decode(body)


@mutant("agno.no-server-error")
class UnknownCharsetCrashes(AgnoServer):
    """A body in a charset that the server does not know crashes it."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        charset = re.search(r"charset=([\w-]+)", request.headers.get("content-type", ""))
        codecs.lookup(charset[1] if charset else "utf-8")
        return await super().read_object(request)


# session_name


@mutant("agno.session-name-required")
class MissingNameIsEmpty(AgnoServer):
    """A rename without session_name clears the name."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        return super().valid_session_name({"session_name": "", **body})


@mutant("agno.session-name-required")
class MissingNameIsABadRequest(AgnoServer):
    """A rename without session_name is refused with 400."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        if "session_name" not in body:
            raise Refusal(400, "bad_request", "session_name is required.")
        return super().valid_session_name(body)


@mutant("agno.session-name-string")
class WrongNameIsABadRequest(AgnoServer):
    """A session_name that is no string is refused with 400."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        if "session_name" in body and not isinstance(body["session_name"], str):
            raise Refusal(400, "bad_request", "session_name has to be a string.")
        return super().valid_session_name(body)


@mutant("agno.session-name-required")
class MembersWithoutCase(AgnoServer):
    """The members of the body are read without regard to case."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        return super().valid_session_name({member.lower(): value for member, value in body.items()})


@mutant("agno.session-name-string")
class NumbersAreNames(AgnoServer):
    """A session_name that is a number is stored as its digits."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        name = body.get("session_name")
        number = isinstance(name, int | float) and not isinstance(name, bool)
        return str(name) if number else super().valid_session_name(body)


@mutant("agno.session-name-string")
class NullKeepsTheName(AgnoServer):
    """A session_name that is null is answered as done, the name unchanged."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        if b"null" in body and self.decode(body) == {"session_name": None}:
            self.authenticate(request)
            return self.answer_renamed(
                self.find(request.path_params["session_id"], self.valid_scope(request.query_params))
            )
        return await super().rename(request)


@mutant("agno.valid-space-accepted", also=("unicode-exact", "length-200-accepted", "sequence-consistent"))
class KnowsOnlyUnicode32(AgnoServer):
    """Characters that Unicode 3.2 did not have are replaced, as a library with old tables does."""

    def normalise_name(self, name: str) -> str:
        old = unicodedata.ucd_3_2_0
        return "".join("\ufffd" if old.category(character) == "Cn" else character for character in name)


@mutant("agno.invalid-space-refused", also=("session-name-required", "session-name-string"))
class ValidatesNothing(AgnoServer):
    """A session_name that is no string, or is missing, is stored as its JSON text."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        name = body.get("session_name")
        return name if isinstance(name, str) else json.dumps(name)


@mutant("agno.session-name-required")
class NameInAnotherSpelling(AgnoServer):
    """A member sessionName is taken for session_name."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        return super().valid_session_name(
            {"session_name": body["sessionName"], **body} if "sessionName" in body else body
        )


@mutant("agno.session-name-required")
class NameInTheQuery(AgnoServer):
    """A session_name that is missing in the body is taken from the query."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        more = {name: value for name, value in request.query_params.items() if name == "session_name"}
        return {**more, **await super().read_object(request)}


# Refusals


# a sequence holds refused renames too
@mutant("agno.refusal-changes-nothing")
class StoresBeforeItValidates(AgnoServer):
    """A rename with an invalid type is refused, after the session's name was stored."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.loc == ("query", "type"):
                name = self.valid_session_name(await self.read_object(request))
                for type_ in SESSION_TYPES:
                    session = self.lookup(request.path_params["session_id"], Scope(type_, None))
                    if session is not None:
                        self.store(session, name)
            raise


@mutant("agno.refusal-changes-nothing", also=("session-untouched",))
class RefusalWipesTheState(AgnoServer):
    """A rename with an invalid body is refused, and leaves the session without its state."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status == 422:
                for session in self.sessions.values():
                    if session.session_id == request.path_params["session_id"]:
                        session.session_state = None
            raise


@mutant("agno.refusal-changes-nothing")
class RefusalIsAnUpdate(AgnoServer):
    """A rename that is refused with 422 sets the time of the session's last update."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status == 422:
                for session in self.sessions.values():
                    if session.session_id == request.path_params["session_id"]:
                        self.touch(session)
            raise


# type


@mutant("agno.type-validated")
class UnknownTypeIsAgent(AgnoServer):
    """A type that does not exist is taken for agent."""

    def valid_type(self, query: QueryParams) -> SessionType:
        try:
            return super().valid_type(query)
        except Refusal:
            return "agent"


@mutant("agno.type-validated")
class UnknownTypeIsABadRequest(AgnoServer):
    """A type that does not exist is refused with 400."""

    def valid_type(self, query: QueryParams) -> SessionType:
        try:
            return super().valid_type(query)
        except Refusal as refusal:
            raise Refusal(400, "bad_request", refusal.message, loc=refusal.loc) from None


@mutant("agno.type-validated")
class TypeWithoutCase(AgnoServer):
    """The type is read without regard to case."""

    def valid_type(self, query: QueryParams) -> SessionType:
        return super().valid_type(QueryParams({"type": query.get("type", "agent").lower()}))


@mutant("agno.type-default-agent", also=("answer-shape-of-type", "other-type-not-renamed"))
class TypeDefaultsToTeam(AgnoServer):
    """When the type is left out, the session is looked for among the teams' sessions."""

    def valid_type(self, query: QueryParams) -> SessionType:
        return super().valid_type(query) if "type" in query else "team"


@mutant("agno.other-type-not-renamed")
class TypeIgnored(AgnoServer):
    """The session of that id is renamed whatever type is named."""

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        found = (super(TypeIgnored, self).lookup(session_id, Scope(type_, scope.user_id)) for type_ in SESSION_TYPES)
        return next(filter(None, found), None)


@mutant("agno.type-validated")
class UserIdMakesUpForTheType(AgnoServer):
    """A type that does not exist is taken for agent where a user_id is given."""

    def valid_type(self, query: QueryParams) -> SessionType:
        try:
            return super().valid_type(query)
        except Refusal:
            if "user_id" not in query:
                raise
            return "agent"


@mutant("agno.other-type-not-renamed")
class NoTypeIsAnyType(AgnoServer):
    """When the type is left out, a session of any type is found."""

    def valid_type(self, query: QueryParams) -> SessionType:
        _ANY_TYPE.set("type" not in query)
        return super().valid_type(query)

    def lookup(self, session_id: str, scope: Scope) -> Session | None:
        types = SESSION_TYPES if _ANY_TYPE.get() else (scope.type,)
        found = (super(NoTypeIsAnyType, self).lookup(session_id, Scope(type_, scope.user_id)) for type_ in types)
        return next(filter(None, found), None)


_ANY_TYPE: ContextVar[bool] = ContextVar("whether this request leaves the type out", default=False)


# user_id, db_id, table


@mutant("agno.user-scope-other", also=("user-scope-lookalike",))
class UserIdIgnored(AgnoServer):
    """A rename that is scoped to another user is made."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        return None


@mutant("agno.user-scope-other")
class UserIdIsAPrefix(AgnoServer):
    """A user_id finds the sessions of every user whose id begins with it."""

    def visible(self, session: Session, scope: Scope) -> bool:
        return session.type == scope.type and (session.user_id or "").startswith(scope.user_id or "")


@mutant("agno.user-scope-other")
class OtherUsersAreForbidden(AgnoServer):
    """A session that is not the named user's is refused with 403."""

    def find(self, session_id: str, scope: Scope) -> Session:
        session = self.lookup(session_id, scope)
        if session is None and self.lookup(session_id, Scope(scope.type, None)) is not None:
            raise Refusal(403, "forbidden", "The session is another user's.")
        return super().find(session_id, scope)


@mutant("agno.user-scope-other", also=("rename-accepted",))
class UserIdWithoutAccents(AgnoServer):
    """User ids are compared without their accents."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        user_id = super().valid_user_id(query)
        if user_id is None:
            return None
        return "".join(char for char in unicodedata.normalize("NFD", user_id) if not unicodedata.combining(char))


@mutant("agno.user-scope-other")
class UserIdWithoutWidth(AgnoServer):
    """User ids are compared without regard to the width of their characters."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        user_id = super().valid_user_id(query)
        return None if user_id is None else unicodedata.normalize("NFKC", user_id)


@mutant("agno.user-scope-other")
class UserIdByItsEnd(AgnoServer):
    """A user_id finds the sessions of every user whose id ends in it."""

    def visible(self, session: Session, scope: Scope) -> bool:
        return session.type == scope.type and (session.user_id or "").endswith(scope.user_id or "")


@mutant("agno.user-scope-lookalike")
class UserIdWithoutCase(AgnoServer):
    """User ids are compared without regard to case."""

    def visible(self, session: Session, scope: Scope) -> bool:
        user_id = (session.user_id or "").lower()
        return session.type == scope.type and (scope.user_id is None or scope.user_id.lower() == user_id)


@mutant("agno.user-scope-own")
class OwnUserFindsNothing(AgnoServer):
    """A rename that is scoped to a user finds nothing, whose session it ever is."""

    def visible(self, session: Session, scope: Scope) -> bool:
        return session.type == scope.type and scope.user_id is None


@mutant("agno.db-id-unknown")
class UnknownDatabaseIgnored(AgnoServer):
    """A db_id that does not exist is passed over, and the rename made in another database."""

    def check_db_id(self, query: QueryParams) -> None:
        pass


@mutant("agno.db-id-unknown", also=("no-server-error",))
class UnknownDatabaseCrashes(AgnoServer):
    """A db_id that does not exist crashes the server."""

    def check_db_id(self, query: QueryParams) -> None:
        if query.get("db_id", self.db_id) != self.db_id:
            raise self.crashed()


@mutant("agno.table-unknown")
class UnknownTableIgnored(AgnoServer):
    """A table that does not exist is passed over, and the rename made in another one."""

    def check_table(self, query: QueryParams) -> None:
        pass


@mutant("agno.table-unknown")
class UnknownTableBesideADatabase(AgnoServer):
    """A table is looked for only where no db_id is given."""

    def check_table(self, query: QueryParams) -> None:
        if "db_id" not in query:
            super().check_table(query)


@mutant("agno.table-unknown")
class TableOfItsLetters(AgnoServer):
    """A table is found whose name has the letters of that which is there, in their order, among others."""

    def check_table(self, query: QueryParams) -> None:
        letters = iter(query.get("table", self.table))
        if not all(letter in letters for letter in self.table):
            super().check_table(query)


@mutant("agno.table-unknown", also=("no-server-error",))
class UnknownTableCrashes(AgnoServer):
    """A table that does not exist crashes the server."""

    def check_table(self, query: QueryParams) -> None:
        if query.get("table", self.table) != self.table:
            raise self.crashed()


@mutant("agno.user-scope-other")
class UserIdNeedsAType(AgnoServer):
    """The user_id is ignored when the type is left out."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        return super().valid_user_id(query) if "type" in query else None


@mutant("agno.user-scope-lookalike")
class BlankBehindTheUserIdIgnored(AgnoServer):
    """User ids are compared without the blanks behind them, as a column of fixed width does."""

    def visible(self, session: Session, scope: Scope) -> bool:
        user_id = None if scope.user_id is None else scope.user_id.rstrip(" ")
        return super().visible(session, Scope(scope.type, user_id))


@mutant("agno.user-scope-other")
class LongUserIdIsNoScope(AgnoServer):
    """A user_id of more than 255 characters is passed over."""

    def valid_user_id(self, query: QueryParams) -> str | None:
        user_id = super().valid_user_id(query)
        return None if user_id is not None and len(user_id) > 255 else user_id


class Storing(AgnoServer):
    """Refuses a rename for one parameter of its query, and stores the name all the same."""

    refused_for = ""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.loc == ("query", self.refused_for):
                name = self.valid_session_name(await self.read_object(request))
                scope = Scope(self.valid_type(request.query_params), None)
                self.store(self.find(request.path_params["session_id"], scope), name)
            raise


@mutant("agno.refusal-changes-nothing", beside=("db-id-unknown",))
class StoredInTheWrongDatabase(Storing):
    """A db_id that does not exist is refused with 404, and the name stored all the same."""

    refused_for = "db_id"


@mutant("agno.refusal-changes-nothing", beside=("table-unknown",))
class StoredInTheWrongTable(Storing):
    """A table that does not exist is refused with 404, and the name stored all the same."""

    refused_for = "table"


# The shape of errors


@mutant("agno.error-422-shape")
class DetailIsAList(AgnoServer):
    """The detail of a 422 is a list of faults, as FastAPI answers unless it is told otherwise."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        if refusal.status != 422:
            return super().render_error(refusal)
        return {"detail": [{"loc": list(refusal.loc), "msg": refusal.message, "type": refusal.code}]}


@mutant("agno.error-404-shape")
class NotFoundWithoutDetail(AgnoServer):
    """A 404 says what is wrong in `message` and has no detail."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return {"message": refusal.message} if refusal.status == 404 else super().render_error(refusal)


@mutant("agno.error-404-shape")
class ErrorCodeIsANumber(AgnoServer):
    """The error_code of a 404 is the number 404."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        error = super().render_error(refusal)
        return {**error, "error_code": 404} if refusal.status == 404 else error


@mutant("agno.error-404-shape")
class DatabaseNotFoundWithoutDetail(AgnoServer):
    """The 404 for a db_id that does not exist has another shape than that for a session."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return {"error": refusal.message} if refusal.loc == ("query", "db_id") else super().render_error(refusal)


@mutant("agno.error-401-shape")
class UnauthorizedWithoutDetail(AgnoServer):
    """A 401 has no body but an empty object."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return {} if refusal.status == 401 else super().render_error(refusal)


@mutant("agno.error-401-shape", also=("credential-challenge",))
class UnauthorizedInPlainText(AgnoServer):
    """A 401 comes as plain text from a proxy before the server."""

    def refuse(self, refusal: Refusal) -> Response:
        return PlainTextResponse("Unauthorized", 401) if refusal.status == 401 else super().refuse(refusal)


@mutant("agno.error-400-shape")
class BadRequestDetailIsAnObject(AgnoServer):
    """The 400 that refuses a name has an object as its detail."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return {"detail": {"message": refusal.message}} if refusal.status == 400 else super().render_error(refusal)


class Remembering(AgnoServer):
    """Correct, and remembers what was deleted."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.gone: dict[tuple[SessionType, str], Session] = {}

    async def delete(self, request: Request) -> Response:
        before = dict(self.sessions)
        answer = await super().delete(request)
        self.gone |= {known: session for known, session in before.items() if known not in self.sessions}
        return answer


@mutant("agno.deleted-id-refused", also=("unknown-id-404",))
class RenameRestoresWhatWasDeleted(Remembering):
    """A session that was deleted is found by a rename, which puts it back into the table."""

    async def apply(self, session: Session, name: str) -> None:
        await super().apply(session, name)
        self.sessions[session.type, session.session_id] = session

    async def rename(self, request: Request) -> Response:
        known = (self.valid_type(request.query_params), request.path_params["session_id"])
        if known in self.gone and known not in self.sessions:
            self.sessions[known] = self.gone[known]
        return await super().rename(request)


@mutant("agno.credential-before-validation")
class BodyBeforeTheKey(AgnoServer):
    """The body is looked at before the key: a broken one is refused with 422 also without a key."""

    async def rename(self, request: Request) -> Response:
        self.require_object(self.decode(await request.body()))
        return await super().rename(request)

    async def read_body(self, request: Request) -> bytes:
        return await request.body()


@mutant("agno.credential-challenge")
class UnauthorizedWithoutAChallenge(AgnoServer):
    """A 401 has no WWW-Authenticate header."""

    def unauthenticated(self) -> Refusal:
        return Refusal(401, "unauthenticated", "The key is missing or not valid.")


@mutant("agno.bearer-any-case")
class SchemeAsWritten(AgnoServer):
    """The scheme is understood as Bearer only."""

    def authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if given.lower().startswith("bearer ") and not given.startswith("Bearer "):
            raise self.unauthenticated()
        super().authenticate(request)


@mutant("agno.shown-at-once")
class ReadsFromAReplica(Lagging, AgnoServer):
    """What is read comes from a replica, which has a new name 0.4 s later."""

    system = "agno"
