"""Faulty OpenHands servers."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import html
import json
import re
import unicodedata
from collections import Counter
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote

from circumstances.servers import Lagging
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from mutants import mutant
from rename_tck.reference.openhands import Conversation, OpenHandsServer
from rename_tck.reference.service import Refusal

# The answer


@mutant("openhands.answer-media-type")
class AnswersAsAPage(OpenHandsServer):
    """The answer to a rename is JSON, and calls itself text/html."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return HTMLResponse(self.encode(True))


@mutant("openhands.answer-media-type")
class AnswersTitlesBeyondAsciiAsText(OpenHandsServer):
    """The answer to the rename to a title beyond ASCII calls itself text/plain."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        answer = super().answer_renamed(conversation)
        return answer if conversation.title.isascii() else PlainTextResponse(answer.body)


@mutant("openhands.answer-json", also=("answer-schema", "answer-boolean", "answer-true"))
class AnswersInPython(OpenHandsServer):
    """The answer to a rename is `True`, as Python spells it."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return Response("True", media_type="application/json")


@mutant("openhands.answer-boolean", also=("answer-schema", "answer-true"))
class AnswersAWord(OpenHandsServer):
    """The answer to a rename is the string "true"."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return self.respond(200, "true")


@mutant("openhands.answer-boolean")
class AnswersNullNowAndThen(OpenHandsServer):
    """The answer to every fifteenth rename is null."""

    renames = 0

    def answer_renamed(self, conversation: Conversation) -> Response:
        self.renames += 1
        return self.respond(200, True if self.renames % 15 else None)


@mutant("openhands.answer-schema", also=("answer-boolean", "answer-true"))
class AnswersAStatus(OpenHandsServer):
    """The answer to a rename is an object that says ok."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return self.respond(200, {"status": "ok"})


# false says that nothing was renamed, and the new title is there
@mutant("openhands.answer-true")
class AnswersFalse(OpenHandsServer):
    """The answer to a rename that was made is false."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return self.respond(200, False)


@mutant("openhands.answer-schema", also=("answer-boolean",), beside=("same-name",))
class AnswersTheSameTitleWithAnObject(OpenHandsServer):
    """The answer to a rename to the title that the conversation has is an object that says so."""

    async def apply(self, conversation: Conversation, title: str) -> None:
        self.same = title == conversation.title
        await super().apply(conversation, title)

    def answer_renamed(self, conversation: Conversation) -> Response:
        return self.respond(200, {"changed": False}) if self.same else super().answer_renamed(conversation)


# What is stored


@mutant("openhands.name-stored", also=("rename-again",))
class StoresEverySecondTitle(OpenHandsServer):
    """Of the renames of a conversation every second one is answered as done and lost."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.renames: dict[str, int] = {}

    def store(self, conversation: Conversation, title: str) -> None:
        count = self.renames[conversation.conversation_id] = self.renames.get(conversation.conversation_id, 0) + 1
        if count % 2:
            super().store(conversation, title)


@mutant("openhands.name-stored")
class ReadsFromACache(OpenHandsServer):
    """A title read back is the one before the last: the cache is filled before the rename is stored."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.cache: dict[str, str] = {}

    def store(self, conversation: Conversation, title: str) -> None:
        self.cache[conversation.conversation_id] = conversation.title
        super().store(conversation, title)

    def render(self, conversation: Conversation) -> dict[str, Any]:
        title = self.cache.get(conversation.conversation_id, conversation.title)
        return {**super().render(conversation), "title": title}


@mutant("openhands.neighbours-untouched")
class StoresOnTheNewestConversation(OpenHandsServer):
    """The newest conversation gets the title too."""

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title)
        super().store(next(reversed(self.conversations.values())), title)


@mutant("openhands.neighbours-untouched")
class TouchesTheOneRenamedBefore(OpenHandsServer):
    """A rename sets the time of the last update of the conversation that was renamed before, too."""

    before: Conversation | None = None

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title)
        if self.before is not None:
            self.touch(self.before)
        self.before = conversation


@mutant("openhands.neighbours-untouched")
class TouchesTheOthers(OpenHandsServer):
    """A rename sets the time of the last update of every conversation."""

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title)
        for each in self.conversations.values():
            self.touch(each)


@mutant("openhands.neighbours-untouched")
class SwapsTitles(OpenHandsServer):
    """A conversation that bears the title already gets the other one's old title, to keep titles apart."""

    def store(self, conversation: Conversation, title: str) -> None:
        for other in self.conversations.values():
            if other.title == title:
                other.title = conversation.title
        super().store(conversation, title)


class Remembering(OpenHandsServer):
    """Knows which conversations were renamed."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.renamed: set[str] = set()

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title)
        self.renamed.add(conversation.conversation_id)


@mutant("openhands.session-untouched")
class ChangesTheRepository(Remembering):
    """The repository of a conversation that was renamed is an empty string where it was null."""

    def render(self, conversation: Conversation) -> dict[str, Any]:
        shown = super().render(conversation)
        return {**shown, "selected_repository": ""} if conversation.conversation_id in self.renamed else shown


@mutant("openhands.session-untouched")
class CountsTheVersion(OpenHandsServer):
    """The conversation_version of a conversation counts up with each rename."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.versions: Counter[str] = Counter()

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title)
        self.versions[conversation.conversation_id] += 1

    def render(self, conversation: Conversation) -> dict[str, Any]:
        version = f"V{self.versions[conversation.conversation_id]}"
        return {**super().render(conversation), "conversation_version": version}


@mutant("openhands.session-untouched")
class GoneFromTheList(Remembering):
    """A conversation that was renamed is there, and no longer listed."""

    async def list_conversations(self, request: Request) -> Response:
        content = json.loads(bytes((await super().list_conversations(request)).body))
        left = [item for item in content["results"] if item["conversation_id"] not in self.renamed]
        return self.respond(200, {**content, "results": left})


# Renaming again


# whichever gives the fifteenth title
@mutant("openhands.rename-accepted")
class EveryFifteenthRenameFails(OpenHandsServer):
    """Every fifteenth rename is refused with 404."""

    renames = 0

    async def apply(self, conversation: Conversation, title: str) -> None:
        self.renames += 1
        if self.renames % 15 == 0:
            raise Refusal(404, "not_found", "Not found.")
        await super().apply(conversation, title)


@mutant("openhands.rename-again", also=("rename-accepted",))
class RenamesOnlyWhatHasNoTitle(OpenHandsServer):
    """A conversation whose title was set by its user keeps it."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.titled: set[str] = set()

    async def apply(self, conversation: Conversation, title: str) -> None:
        if conversation.conversation_id in self.titled:
            raise Refusal(409, "conflict", "The conversation has a title.")
        self.titled.add(conversation.conversation_id)
        await super().apply(conversation, title)


# some titles come up in several tests, and drawn ones come twice
@mutant("openhands.same-name", also=("sequence-consistent", "valid-space-accepted"))
class KeepsNoTitleTwice(OpenHandsServer):
    """A rename back to a title that the conversation bore before is answered as done and not stored."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.borne: set[tuple[str, str]] = set()

    def store(self, conversation: Conversation, title: str) -> None:
        if (conversation.conversation_id, title) not in self.borne:
            super().store(conversation, title)
        self.borne.add((conversation.conversation_id, title))


@mutant("openhands.rename-again")
class KeepsTheCase(OpenHandsServer):
    """A title that differs from the old one only in the case of its letters is not stored."""

    def store(self, conversation: Conversation, title: str) -> None:
        if title.lower() != conversation.title.lower():
            super().store(conversation, title)


# ordinary titles that are numbered at their end may begin alike, too
@mutant("openhands.rename-again", also=("concurrent-two-sessions",))
class KeepsTheFirst32(OpenHandsServer):
    """A title whose first 32 characters are those of the old one is not stored."""

    def store(self, conversation: Conversation, title: str) -> None:
        if len(title) < 32 or title[:32] != conversation.title[:32]:
            super().store(conversation, title)


@mutant("openhands.name-stored", also=("rename-accepted",))
class CapitalDigitsAreNoEscape(OpenHandsServer):
    """An escape with capital hexadecimal digits is left as it is."""

    def decode(self, body: bytes) -> Any:
        return super().decode(re.sub(rb"(?<!\\)(\\u(?![0-9a-f]{4})[0-9a-fA-F]{4})", rb"\\\1", body))


# Titles


# the title of one emoji is stored empty
@mutant(
    "openhands.unicode-exact",
    also=("length-200-accepted", "sequence-consistent", "valid-space-accepted", "title-min-1"),
)
class CutsBeforeBeyondTheBmp(OpenHandsServer):
    """A title is cut before its first character beyond the BMP."""

    def normalise_title(self, title: str) -> str:
        return re.split("[\U00010000-\U0010ffff]", title)[0]


@mutant("openhands.unicode-exact", also=("text-not-interpreted", "never-altered"))
class CollapsesBlanks(OpenHandsServer):
    """Runs of blanks within a title become one blank."""

    def normalise_title(self, title: str) -> str:
        return re.sub("(?<=\\S)\\s+(?=\\S)", " ", title)


@mutant("openhands.unicode-exact", also=("sequence-consistent", "valid-space-accepted"))
class FoldsCase(OpenHandsServer):
    """Letters beyond ASCII are folded to lower case, as an index of titles would."""

    def normalise_title(self, title: str) -> str:
        return "".join(character if character.isascii() else character.lower() for character in title)


@mutant(
    "openhands.unicode-exact",
    also=("rename-again", "sequence-consistent", "valid-space-accepted"),
    may=("length-200-accepted",),
)
class TakesLigaturesApart(OpenHandsServer):
    """Titles are normalised to NFKC."""

    def normalise_title(self, title: str) -> str:
        return unicodedata.normalize("NFKC", title)


@mutant("openhands.name-stored", also=("rename-accepted", "never-altered", "sequence-consistent"))
class TakesSurrogatePairsApart(OpenHandsServer):
    """The two escapes that spell a character beyond the BMP in JSON are read as two characters that are none."""

    def decode(self, body: bytes) -> Any:
        return super().decode(re.sub(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}", rb"\\ufffd", body))


@mutant("openhands.text-not-interpreted", also=("length-200-accepted", "sequence-consistent", "valid-space-accepted"))
class EscapesMarkup(OpenHandsServer):
    """A title is stored escaped for HTML."""

    def normalise_title(self, title: str) -> str:
        return html.escape(title)


@mutant("openhands.text-not-interpreted")
class DropsTags(OpenHandsServer):
    """What looks like a tag is dropped from a title."""

    def normalise_title(self, title: str) -> str:
        return re.sub("</?[a-z]+>", "", title)


@mutant("openhands.text-not-interpreted")
class DecodesPercentSigns(OpenHandsServer):
    """A title is percent-decoded."""

    def normalise_title(self, title: str) -> str:
        return unquote(title)


@mutant("openhands.text-not-interpreted")
class ReadsTitlesAsNumbers(OpenHandsServer):
    """A title of digits is stored as a number, without its leading zeros."""

    def normalise_title(self, title: str) -> str:
        return str(int(title)) if title.isdecimal() else title


@mutant("openhands.text-not-interpreted")
class TakesNullForNoTitle(OpenHandsServer):
    """The titles null, None and undefined are taken for none, and a title is made up."""

    def normalise_title(self, title: str) -> str:
        return "Conversation" if title in {"null", "None", "undefined"} else title


@mutant("openhands.text-not-interpreted")
class InterpretsBackslashes(OpenHandsServer):
    """Escapes in a title are interpreted."""

    def normalise_title(self, title: str) -> str:
        return title.replace("\\n", "\n").replace("\\\\", "\\")


@mutant("openhands.length-200-accepted", also=("valid-space-accepted",))
class CountsBytes(OpenHandsServer):
    """The 200 characters of a title are counted in bytes."""

    def length(self, title: str) -> int:
        return len(title.encode())


@mutant("openhands.length-200-accepted")
class CountsUtf16Units(OpenHandsServer):
    """The 200 characters of a title are counted in UTF-16 units."""

    def length(self, title: str) -> int:
        return len(title.encode("utf-16-le")) // 2


@mutant("openhands.length-200-accepted")
class LongestIs199(OpenHandsServer):
    """A title of 200 characters is refused."""

    max_title_length: ClassVar[int] = 199


@mutant("openhands.title-max-200", also=("refusal-422",))
class LongestIs255(OpenHandsServer):
    """A title of up to 255 characters is accepted."""

    max_title_length: ClassVar[int] = 255


@mutant("openhands.title-max-200", also=("refusal-422",))
class CutsAt200(OpenHandsServer):
    """A title of more than 200 characters is cut and stored."""

    def check_length(self, title: str) -> None:
        super().check_length(title[:200])

    def normalise_title(self, title: str) -> str:
        return title[:200]


@mutant("openhands.title-max-200")
class CountsWithoutMarks(OpenHandsServer):
    """Combining marks are not counted, so that a title of more than 200 characters is accepted."""

    def length(self, title: str) -> int:
        return sum(1 for character in title if not unicodedata.combining(character))


@mutant("openhands.title-max-200")
class CountsInAByte(OpenHandsServer):
    """The length of a title is counted in eight bits, so that one of 257 characters has one."""

    def length(self, title: str) -> int:
        return len(title) % 256


@mutant("openhands.title-min-1", also=("refusal-422",))
class EmptyTitleAccepted(OpenHandsServer):
    """An empty title is accepted."""

    min_title_length: ClassVar[int] = 0


@mutant("openhands.title-min-1", also=("unicode-exact", "text-not-interpreted", "valid-space-accepted"))
class ShortestIsTwo(OpenHandsServer):
    """A title of one character is refused."""

    min_title_length: ClassVar[int] = 2


@mutant("openhands.never-altered")
class CutsAtNul(OpenHandsServer):
    """A title is stored up to its first NUL."""

    def normalise_title(self, title: str) -> str:
        return title.split("\0", maxsplit=1)[0]


@mutant("openhands.never-altered", also=("sequence-consistent", "valid-space-accepted"))
class DropsControlCharacters(OpenHandsServer):
    """Control characters are dropped from a title."""

    def normalise_title(self, title: str) -> str:
        return "".join(character for character in title if unicodedata.category(character) != "Cc")


@mutant("openhands.never-altered")
class KeepsTheFirstLine(OpenHandsServer):
    """A title is cut at its first line break."""

    def normalise_title(self, title: str) -> str:
        return title.split("\n", maxsplit=1)[0]


@mutant("openhands.blanks-kept")
class TrimsTitles(OpenHandsServer):
    """Blanks around a title are cut off, of whatever script."""

    def normalise_title(self, title: str) -> str:
        return title.strip()


@mutant("openhands.valid-space-accepted", also=("unicode-exact",))
class RefusesHistoricScripts(OpenHandsServer):
    """A title with a character of U+10000 to U+1D3FF, where the historic scripts are, is refused."""

    def check_length(self, title: str) -> None:
        super().check_length(title)
        if re.search("[\U00010000-\U0001d3ff]", title):
            raise self.invalid("string_pattern", "title has to be in a living script.", ("body", "title"))


@mutant("openhands.unicode-exact")
class NormalisesSigns(OpenHandsServer):
    """The signs for ohm, kelvin and angstrom become the letters that they look like."""

    def normalise_title(self, title: str) -> str:
        return title.translate({0x2126: "\u03a9", 0x212A: "K", 0x212B: "\u00c5"})


@mutant("openhands.text-not-interpreted")
class ReplacesShortNamesOfEmoji(OpenHandsServer):
    """The short name of an emoji is replaced by the emoji."""

    def normalise_title(self, title: str) -> str:
        return title.replace(":tada:", "\U0001f389").replace(":smile:", "\U0001f604")


# Renames at once


@mutant("openhands.concurrent-two-sessions")
class StoresTheLatestTitle(OpenHandsServer):
    """The title is kept on the server until it is stored, where a second request in flight replaces it."""

    latest = ""

    async def apply(self, conversation: Conversation, title: str) -> None:
        self.latest = title
        await asyncio.sleep(0.01)
        await super().apply(conversation, self.latest)


@mutant("openhands.concurrent-same-session")
class MixesTheTitles(OpenHandsServer):
    """When two renames of a conversation overlap, the title becomes a mixture of both."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.writing: dict[str, str] = {}

    async def apply(self, conversation: Conversation, title: str) -> None:
        other = self.writing.get(conversation.conversation_id)
        self.writing[conversation.conversation_id] = title
        await asyncio.sleep(0.01)
        self.writing.pop(conversation.conversation_id, None)
        await super().apply(conversation, title if other is None else other[: len(other) // 2] + title)


@mutant("openhands.concurrent-same-session")
class LeavesTheTitleStuck(OpenHandsServer):
    """After two renames of a conversation overlapped, the next three are answered as done and not stored."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.writing: set[str] = set()
        self.stuck: dict[str, int] = {}

    async def apply(self, conversation: Conversation, title: str) -> None:
        if conversation.conversation_id in self.writing:
            self.stuck[conversation.conversation_id] = 4
        self.writing.add(conversation.conversation_id)
        await asyncio.sleep(0.01)
        self.writing.discard(conversation.conversation_id)
        await super().apply(conversation, title)

    def store(self, conversation: Conversation, title: str) -> None:
        left = self.stuck.get(conversation.conversation_id, 0)
        self.stuck[conversation.conversation_id] = max(0, left - 1)
        if left in {0, 4}:
            super().store(conversation, title)


@mutant("openhands.name-stored", may=("concurrent-two-sessions",))
class RefusedTitleComesBack(OpenHandsServer):
    """A title that was refused is stored by the next rename but one, as a task that is tried again."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.tasks: list[str] = []

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal:
            self.tasks = ["", "Tried again"]
            raise

    def store(self, conversation: Conversation, title: str) -> None:
        task = self.tasks.pop(0) if self.tasks else ""
        super().store(conversation, task or title)


# Ids


@mutant("openhands.unknown-id-refused", also=("deleted-id-refused", "odd-ids-safe", "owner-only"))
class UnknownIdAnswersTrue(OpenHandsServer):
    """The rename of a conversation that does not exist is answered with true."""

    def no_such_conversation(self) -> Refusal:
        return Refusal(200, "ok", "", loc=("path", "conversation_id"))

    def render_error(self, refusal: Refusal) -> Any:
        return True if refusal.status == 200 else super().render_error(refusal)


@mutant("openhands.unknown-id-refused")
class IdIsAPattern(OpenHandsServer):
    """An id of two characters or more finds the conversation whose id begins with it, as a file pattern does."""

    def find(self, conversation_id: str) -> Conversation:
        start = conversation_id.rstrip("*")
        found = (known for known in self.conversations if len(start) > 1 and known.startswith(start))
        return super().find(next(found, ""))


@mutant("openhands.unknown-id-creates-nothing", also=("deleted-id-refused",))
class CreatesWhatItDoesNotFind(OpenHandsServer):
    """A conversation that is not found is made, and the rename refused with 404."""

    def find(self, conversation_id: str) -> Conversation:
        if conversation_id not in self.conversations:
            made = self.open()
            self.conversations[conversation_id] = self.conversations.pop(made.conversation_id)
            made.conversation_id = conversation_id
            raise self.no_such_conversation()
        return super().find(conversation_id)


@mutant("openhands.odd-ids-safe", also=("no-server-error",))
class LongIdCrashes(OpenHandsServer):
    """An id that is too long for a file name crashes the server."""

    def lookup(self, conversation_id: str) -> Conversation | None:
        if len(conversation_id.encode()) > 255:
            raise self.crashed()
        return super().lookup(conversation_id)


@mutant("openhands.odd-ids-safe", also=("no-server-error",))
class NulInTheIdCrashes(OpenHandsServer):
    """An id with a NUL makes no file name, and crashes the server."""

    def lookup(self, conversation_id: str) -> Conversation | None:
        if "\0" in conversation_id:
            raise self.crashed()
        return super().lookup(conversation_id)


@mutant("openhands.unknown-id-refused")
class LineBreakBehindTheIdIgnored(OpenHandsServer):
    """An id is found with a line break behind it, as a pattern that ends in a dollar sign does."""

    def lookup(self, conversation_id: str) -> Conversation | None:
        return super().lookup(conversation_id.removesuffix("\n"))


@mutant("openhands.unknown-id-refused")
class FirstOfAListOfIds(OpenHandsServer):
    """An id that is a list, with commas between, stands for the first of it."""

    def lookup(self, conversation_id: str) -> Conversation | None:
        return super().lookup(conversation_id.split(",", maxsplit=1)[0])


# The key


@mutant("openhands.credential-missing", also=("credential-before-validation",))
class NoKeyNeeded(OpenHandsServer):
    """A rename without a key is made; only a wrong key is refused."""

    def authenticate(self, request: Request) -> None:
        if "X-Session-API-Key" in request.headers:
            super().authenticate(request)


@mutant("openhands.credential-wrong")
class AnyKeyWillDo(OpenHandsServer):
    """Every key is as good as the right one."""

    def authenticate(self, request: Request) -> None:
        if "X-Session-API-Key" not in request.headers:
            raise self.unauthenticated()


@mutant("openhands.credential-wrong")
class KeyComparedUpToTheGivenLength(OpenHandsServer):
    """A key is compared only as far as the one given goes."""

    def authenticate(self, request: Request) -> None:
        given, key = request.headers.get("X-Session-API-Key", ""), self.key or ""
        if not given or not hmac.compare_digest(given.encode(), key[: len(given)].encode()):
            raise self.unauthenticated()


@mutant("openhands.credential-wrong")
class LastFourOfTheKey(OpenHandsServer):
    """Of a key the last four characters are compared."""

    def authenticate(self, request: Request) -> None:
        if request.headers.get("X-Session-API-Key", "")[-4:] != (self.key or "")[-4:]:
            raise self.unauthenticated()


@mutant("openhands.no-server-error")
class KeyBeyondAsciiCrashes(OpenHandsServer):
    """A key beyond ASCII crashes the server, which compares texts as if they were bytes."""

    def authenticate(self, request: Request) -> None:
        if not hmac.compare_digest(request.headers.get("X-Session-API-Key", ""), self.key or ""):
            raise self.unauthenticated()


# The body


@mutant("openhands.body-json")
class ReadsForms(OpenHandsServer):
    """A body that is not JSON is read as a form."""

    def decode(self, body: bytes) -> Any:
        try:
            return super().decode(body)
        except Refusal:
            if not body.startswith(b"name="):
                raise
            return {name: value for name, value in parse_qsl(body.decode()) if name == "title"}


# the server calls an unpaired surrogate no JSON
@mutant("openhands.body-json", also=("body-present", "no-server-error", "invalid-space-refused"))
class NotJsonCrashes(OpenHandsServer):
    """A body that is not JSON crashes the server."""

    def unreadable(self, reason: str) -> Refusal:
        return self.crashed()


@mutant("openhands.body-present", also=("no-server-error",))
class EmptyBodyCrashes(OpenHandsServer):
    """A rename without a body crashes the server."""

    def decode(self, body: bytes) -> Any:
        if not body:
            raise self.crashed()
        return super().decode(body)


@mutant("openhands.body-object", also=("no-server-error", "refusal-422"))
class ArrayCrashes(OpenHandsServer):
    """A body that is an array with the word title is indexed as an object, and crashes the server."""

    def require_object(self, value: Any) -> dict[str, Any]:
        if isinstance(value, list) and "title" in value:
            raise self.crashed()
        return super().require_object(value)


@mutant("openhands.no-server-error")
class NestingCrashes(OpenHandsServer):
    """A body nested more than 64 deep crashes the server."""

    def decode(self, body: bytes) -> Any:
        if body.startswith(b"[" * 65):
            raise self.crashed()
        return super().decode(body)


@mutant("openhands.no-server-error")
class SurrogatesCrash(OpenHandsServer):
    """A title with an unpaired surrogate crashes the server when it is encoded."""

    def decode(self, body: bytes) -> Any:
        try:
            return super().decode(body)
        except Refusal:
            if b"\\ud" in body:
                raise self.crashed() from None
            raise


@mutant("openhands.body-json")
class LineBreaksInStrings(OpenHandsServer):
    """Control characters stand in the strings of a body as they are."""

    def decode(self, body: bytes) -> Any:
        with contextlib.suppress(ValueError, RecursionError):
            body = json.dumps(json.loads(body.decode(), strict=False)).encode()
        return super().decode(body)


@mutant("openhands.body-json")
class UnknownEscapesAreLetters(OpenHandsServer):
    """An escape that JSON does not have stands for the letter behind the backslash."""

    def decode(self, body: bytes) -> Any:
        return super().decode(re.sub(rb"(\\[\"\\/bfnrtu])|\\", lambda found: found[1] or b"", body))


@mutant("openhands.body-json")
class DropsWhatIsNotUtf8(OpenHandsServer):
    """Bytes of a body that are not UTF-8 are dropped."""

    def decode(self, body: bytes) -> Any:
        return super().decode(body.decode(errors="ignore").encode())


@mutant("openhands.body-json")
class ReadsFormsThatSaySo(OpenHandsServer):
    """A form that is sent as one is accepted."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return await super().read_object(request)
        return dict(parse_qsl((await self.read_body(request)).decode()))


@mutant("openhands.body-object")
class DecodesAStringAgain(OpenHandsServer):
    """A body that is a string with JSON in it is decoded again."""

    def require_object(self, value: Any) -> dict[str, Any]:
        return super().require_object(self.decode(value.encode()) if isinstance(value, str) else value)


@mutant("openhands.no-server-error")
class NumberOutOfRangeCrashes(OpenHandsServer):
    """A title that is a number out of a double's range crashes the server, which makes an integer of it."""

    def decode(self, body: bytes) -> Any:
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(body, parse_constant=int)
            if isinstance(value, dict) and [*value] == ["title"] and isinstance(value["title"], float):
                int(value["title"])
        return super().decode(body)


# title


@mutant("openhands.title-required", also=("refusal-422",))
class MissingTitleKeepsTheOldOne(OpenHandsServer):
    """A rename without title is answered with true, the title unchanged."""

    async def rename(self, request: Request) -> Response:
        if (await request.body()).strip() == b"{}":
            self.authenticate(request)
            return self.answer_renamed(self.find(request.path_params["conversation_id"]))
        return await super().rename(request)


@mutant("openhands.title-string", also=("refusal-422",))
class NumbersAreTitles(OpenHandsServer):
    """A title that is a number is stored as its digits."""

    def valid_title(self, body: dict[str, Any]) -> str:
        title = body.get("title")
        number = isinstance(title, int | float) and not isinstance(title, bool)
        return super().valid_title({**body, "title": str(title)} if number else body)


@mutant("openhands.title-string", also=("refusal-422",))
class NullIsATitle(OpenHandsServer):
    """A title that is null is stored as the word None."""

    def valid_title(self, body: dict[str, Any]) -> str:
        return super().valid_title({member: str(value) if value is None else value for member, value in body.items()})


@mutant("openhands.title-string", also=("refusal-422",))
class FirstOfAnArrayIsTheTitle(OpenHandsServer):
    """A title that is an array is unpacked."""

    def valid_title(self, body: dict[str, Any]) -> str:
        title = body.get("title")
        return super().valid_title({**body, "title": title[0]} if isinstance(title, list) and title else body)


@mutant("openhands.additional-members-refused", also=("refusal-422",))
class OtherMembersIgnored(OpenHandsServer):
    """Members besides title are passed over."""

    def check_members(self, body: dict[str, Any]) -> None:
        pass


@mutant("openhands.additional-members-refused")
class NullMembersIgnored(OpenHandsServer):
    """Members besides title are passed over when they are null."""

    def check_members(self, body: dict[str, Any]) -> None:
        super().check_members({member: value for member, value in body.items() if value is not None})


@mutant("openhands.invalid-space-refused")
class OddMembersIgnored(OpenHandsServer):
    """Members besides title are passed over unless their names are made of letters."""

    def check_members(self, body: dict[str, Any]) -> None:
        super().check_members({member: value for member, value in body.items() if re.fullmatch("[A-Za-z_]*", member)})


@mutant("openhands.title-required")
class TrimsTheNamesOfMembers(OpenHandsServer):
    """Blanks around the name of a member are cut off."""

    def valid_title(self, body: dict[str, Any]) -> str:
        return super().valid_title({member.strip(): value for member, value in body.items()})


@mutant("openhands.additional-members-refused")
class ObjectsAndArraysIgnored(OpenHandsServer):
    """Members besides title are passed over when they are objects or arrays."""

    def check_members(self, body: dict[str, Any]) -> None:
        super().check_members({member: value for member, value in body.items() if not isinstance(value, dict | list)})


# Refusals


# a sequence holds refused renames too
@mutant("openhands.refusal-changes-nothing")
class StoresBeforeItRefuses(OpenHandsServer):
    """A title of more than 200 characters is refused, and its first 200 are stored."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            conversation = self.lookup(request.path_params["conversation_id"])
            if refusal.code == "string_too_long" and conversation is not None:
                self.store(conversation, self.decode(body)["title"][:200])
            raise


@mutant("openhands.refusal-changes-nothing", also=("credential-before-validation",))
class OtherMembersStoredAllTheSame(OpenHandsServer):
    """A body with another member is refused, after its title was stored."""

    async def rename(self, request: Request) -> Response:
        body = self.decode(await request.body() or b"null")
        conversation = self.lookup(request.path_params["conversation_id"])
        if isinstance(body, dict) and isinstance(body.get("title"), str) and len(body) > 1 and conversation:
            self.authenticate(request)
            self.store(conversation, body["title"])
        return await super().rename(request)


@mutant("openhands.refusal-422")
class InvalidBodyIsABadRequest(OpenHandsServer):
    """A JSON body that breaks the schema is refused with 400."""

    def invalid(self, type_: str, message: str, loc: tuple[str | int, ...]) -> Refusal:
        return Refusal(422 if type_ == "json_invalid" else 400, type_, message, loc=loc)


@mutant("openhands.refusal-422")
class EmptyTitleIsABadRequest(OpenHandsServer):
    """An empty title is refused with 400."""

    def invalid(self, type_: str, message: str, loc: tuple[str | int, ...]) -> Refusal:
        return Refusal(400 if type_ == "string_too_short" else 422, type_, message, loc=loc)


@mutant("openhands.refusal-changes-nothing")
class WrongKeyIsAnUpdate(OpenHandsServer):
    """A rename whose key is refused sets the time of the conversation's last update."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            conversation = self.lookup(request.path_params["conversation_id"])
            if refusal.status == 401 and conversation is not None:
                self.touch(conversation)
            raise


# title-min-1 is what sends an empty title
@mutant("openhands.refusal-changes-nothing", beside=("title-min-1",))
class StoresTheEmptyTitle(OpenHandsServer):
    """An empty title is refused, and stored."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            conversation = self.lookup(request.path_params["conversation_id"])
            if refusal.code == "string_too_short" and conversation is not None:
                self.store(conversation, "")
            raise


@mutant("openhands.refusal-422")
class ObjectAsTitleIsABadRequest(OpenHandsServer):
    """A title that is an object is refused with 400."""

    def valid_title(self, body: dict[str, Any]) -> str:
        if isinstance(body.get("title"), dict):
            raise Refusal(400, "bad_request", "title has to be a string.")
        return super().valid_title(body)


# The shape of errors


@mutant("openhands.error-422-shape")
class DetailIsASentence(OpenHandsServer):
    """The detail of a 422 is a sentence."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return {"detail": refusal.message}


@mutant("openhands.error-422-shape")
class PlaceIsAnObject(OpenHandsServer):
    """The loc of a 422 holds objects."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        if refusal.status != 422:
            return super().render_error(refusal)
        places = [{"at": place} for place in refusal.loc]
        return {"detail": [{"loc": places, "msg": refusal.message, "type": refusal.code}]}


@mutant("openhands.error-422-shape")
class NoMessageForOtherMembers(OpenHandsServer):
    """The 422 that refuses another member has no msg."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        if refusal.code != "extra_forbidden":
            return super().render_error(refusal)
        return {"detail": [{"loc": list(refusal.loc), "type": refusal.code}]}


@mutant("openhands.error-422-shape")
class NotJsonRefusedInPlainText(OpenHandsServer):
    """The 422 that refuses a body that is not JSON is plain text."""

    def refuse(self, refusal: Refusal) -> Response:
        if refusal.code == "json_invalid":
            return PlainTextResponse(refusal.message, refusal.status)
        return super().refuse(refusal)


# title-max-200 is what sends a title with quotes that is too long
@mutant("openhands.error-422-shape", beside=("title-max-200",))
class PastesTheTitleIntoTheError(OpenHandsServer):
    """The 422 that refuses a title as too long repeats it, without escapes."""

    def check_length(self, title: str) -> None:
        if self.length(title) > self.max_title_length:
            raise Refusal(422, "string_too_long", title, loc=("body", "title"))
        super().check_length(title)

    def refuse(self, refusal: Refusal) -> Response:
        if refusal.code != "string_too_long":
            return super().refuse(refusal)
        text = f'{{"detail": [{{"loc": ["body", "title"], "msg": "too long: {refusal}", "type": "too_long"}}]}}'
        return Response(text, refusal.status, media_type="application/json")


@mutant("openhands.error-422-detail")
class NothingSaidOfA422(OpenHandsServer):
    """A 422 is an empty object."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return {} if refusal.status == 422 else super().render_error(refusal)


# Ids and owners


@mutant("openhands.odd-ids-refused")
class PageForAnUnknownId(OpenHandsServer):
    """A conversation that does not exist is answered with 404 and a page."""

    def refuse(self, refusal: Refusal) -> Response:
        return HTMLResponse("<h1>Not Found</h1>", 404) if refusal.status == 404 else super().refuse(refusal)


@mutant("openhands.owner-only")
class EveryUserOwnsAll(OpenHandsServer):
    """Whoever has a key updates the conversations of everybody."""

    def check_owner(self, request: Request, conversation: Conversation) -> None:
        pass


@mutant("openhands.owner-only", also=("refusal-changes-nothing",))
class OwnerLookedAtTooLate(OpenHandsServer):
    """Another user's update is refused when it is made already."""

    async def rename(self, request: Request) -> Response:
        if self.is_other_user(request):
            title = self.valid_title(await self.read_object(request))
            self.store(self.find(request.path_params["conversation_id"]), title)
            raise Refusal(403, "forbidden", "Only the owner can update the conversation.")
        return await super().rename(request)


@mutant("openhands.deleted-id-refused", also=("no-server-error",))
class CrashesOnWhatWasDeleted(OpenHandsServer):
    """The rename of a conversation that was deleted crashes on the folder that is no longer there."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.gone: set[str] = set()

    async def delete(self, request: Request) -> Response:
        answer = await super().delete(request)
        self.gone.add(request.path_params["conversation_id"])
        return answer

    def find(self, conversation_id: str) -> Conversation:
        if conversation_id in self.gone:
            raise self.crashed()
        return super().find(conversation_id)


@mutant("openhands.credential-before-validation")
class BodyBeforeTheKey(OpenHandsServer):
    """The body is looked at before the key: a broken one is refused with 422 also without a key."""

    async def rename(self, request: Request) -> Response:
        self.require_object(self.decode(await request.body()))
        return await super().rename(request)

    async def read_body(self, request: Request) -> bytes:
        return await request.body()


@mutant("openhands.credential-challenge")
class UnauthorizedWithoutAChallenge(OpenHandsServer):
    """A 401 has no WWW-Authenticate header."""

    def unauthenticated(self) -> Refusal:
        return Refusal(401, "unauthenticated", "The key is missing or not valid.")


@mutant("openhands.shown-at-once")
class ReadsFromAReplica(Lagging, OpenHandsServer):
    """What is read comes from a replica, which has a new name 0.4 s later."""

    system = "openhands"
