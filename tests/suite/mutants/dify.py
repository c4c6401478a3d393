"""Faulty Dify servers."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
import unicodedata
from collections import Counter
from contextvars import ContextVar
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus

from circumstances.servers import Lagging
from harness import OTHER_USER_KEY
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mutants import mutant
from rename_tck.reference.dify import Conversation, DifyServer, Renaming
from rename_tck.reference.service import Refusal, bearer_token, has_control_characters

OWNER = "rename-tck"
"""The user on whose behalf the suite asks by default."""


class Counting(DifyServer):
    """Correct, and knows which rename is each fifteenth."""

    renames = 0

    def fifteenth(self) -> bool:
        """Count one rename; whether its number is a multiple of 15."""
        self.renames += 1
        return self.renames % 15 == 0


class Showing(DifyServer):
    """Correct, with the answer to a rename in a method of its own."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        """What the answer to a rename shows."""
        return self.render(conversation)

    def answer_renamed(self, conversation: Conversation) -> Response:
        return self.respond(200, self.shown(conversation))


class Claiming(Showing):
    """The answer to a rename shows the new name, whatever was stored."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        name = super().new_name(conversation, asked)
        _NEW_NAME.set(name)
        return name

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | {"name": _NEW_NAME.get()}


_NEW_NAME: ContextVar[str] = ContextVar("the new name that this request gives")


class Japanese(DifyServer):
    """Correct by the Japanese edition alone: a name must not be null."""

    def __init__(self, key: str, other_mode_key: str) -> None:
        super().__init__(key, other_mode_key, null_names=False)


def asks_to_generate(body: bytes) -> bool:
    """Whether the body of a request says that the name shall be generated."""
    return re.search(rb'"auto_generate":\s*true', body) is not None


class Obeying(DifyServer):
    """Correct, and can store the name of a request all the same."""

    def obey(self, request: Request, body: bytes) -> None:
        """Store the name that the body holds, if it holds one and the conversation exists."""
        sent = json.loads(body)
        found = self.conversations.get(request.path_params["conversation_id"])
        if found is not None and isinstance(sent, dict) and isinstance(sent.get("name"), str):
            found.name = sent["name"]


class Knowing(Showing):
    """Correct, and knows when it answers whether the name was generated."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        _GENERATED.set(asked.auto_generate)
        return super().new_name(conversation, asked)


_GENERATED: ContextVar[bool] = ContextVar("whether this request has its name generated")


# -- the answer


@mutant("dify.rename-accepted")
class AnswersWith201(DifyServer):
    """A rename is answered with 201."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return self.respond(201, self.render(conversation))


@mutant("dify.no-server-error")
class FailsEveryFifteenthRename(Counting):
    """Every 15th valid rename is answered with 500."""

    async def apply(self, conversation: Conversation, name: str) -> None:
        if self.fifteenth():
            raise RuntimeError
        await super().apply(conversation, name)


@mutant("dify.answer-schema")
class AnswersTheInputsAsText(Showing):
    """The answer holds the inputs as a JSON text within the JSON."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | {"inputs": json.dumps(conversation.inputs)}


@mutant("dify.answer-schema", also=("status-normal",))
class AnswersAStatusNumber(Showing):
    """The status in the answer is a number."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | {"status": 1}


@mutant("dify.answer-schema")
class AnswersAnArray(DifyServer):
    """The answer is an array that holds the conversation."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return self.respond(200, [self.render(conversation)])


@mutant("dify.answer-media-type")
class AnswersAsPlainText(DifyServer):
    """The JSON of the answer is sent as text/plain."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return Response(self.encode(self.render(conversation)), media_type="text/plain")


@mutant("dify.answer-media-type")
class AnswersAsHtml(DifyServer):
    """The JSON of the answer is sent as text/html."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return HTMLResponse(self.encode(self.render(conversation)))


@mutant("dify.answer-json", also=("answer-schema",))
class AnswersWithATrailingComma(DifyServer):
    """The answer's JSON has a comma before its closing brace."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        body = self.encode(self.render(conversation))
        return Response(body.removesuffix(b"}") + b",}", media_type="application/json")


@mutant("dify.answer-json", also=("answer-schema",))
class AnswersNaN(DifyServer):
    """The answer holds NaN, which JSON does not have."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        body = json.dumps(self.render(conversation) | {"score": float("nan")})
        return Response(body, media_type="application/json")


@mutant("dify.answer-json")
class AnswersEveryFifteenthInLatin1(Counting):
    """Every 15th answer is encoded in Latin-1, with an introduction that is not ASCII."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        if not self.fifteenth():
            return super().answer_renamed(conversation)
        text = json.dumps(self.render(conversation) | {"introduction": "¡Hola!"}, ensure_ascii=False)
        return Response(text.encode("latin-1", "replace"), media_type="application/json")


@mutant("dify.answer-json", also=("answer-schema",))
class AnswersNothing(DifyServer):
    """A rename is answered with 200 and an empty body."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return Response(media_type="application/json")


@mutant("dify.answer-name", also=("auto-generate-gives-name", "auto-generate-stored"))
class AnswersTheOldName(Showing):
    """The rename is stored, and the answer shows the name that it replaced."""

    def store(self, conversation: Conversation, name: str) -> None:
        self.old = conversation.name
        conversation.name = name

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | {"name": self.old}


@mutant("dify.answer-id", also=("concurrent-same-session", "concurrent-two-sessions"))
class AnswersTheIdOfTheNewest(Showing):
    """The answer shows the id of the conversation that was opened last."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | {"id": list(self.conversations)[-1]}


@mutant("dify.answer-id", also=("concurrent-two-sessions",), may=("concurrent-same-session",))
class AnswersEveryFifteenthWithAnotherId(Counting, Showing):
    """Every 15th answer shows an id that no conversation has."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        other = {"id": "5b0b3f1e-6a5e-4c5f-9a52-0b8f6d0f6a11"} if self.fifteenth() else {}
        return self.render(conversation) | other


@mutant(
    "dify.answer-id-uuid", also=("answer-schema", "answer-id", "concurrent-same-session", "concurrent-two-sessions")
)
class AnswersAnIdWithoutDashes(Showing):
    """The id in the answer has no dashes."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | {"id": conversation.id.replace("-", "")}


@mutant("dify.timestamps-integer", also=("answer-schema",))
class AnswersTimesAsText(Showing):
    """created_at and updated_at of the answer are ISO date-times."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        def text(stamp: int) -> str:
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stamp))

        times = {"created_at": text(conversation.created_at), "updated_at": text(conversation.updated_at)}
        return self.render(conversation) | times


@mutant("dify.timestamps-integer", also=("answer-schema",))
class AnswersTimesAsFractions(Showing):
    """updated_at of the answer is in seconds with a fraction."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | {"updated_at": conversation.updated_at + 0.25}


@mutant("dify.updated-at-monotonic", also=("updated-at-steady",))
class LetsUpdatedAtGoBack(DifyServer):
    """Each second rename sets updated_at to a time in the past."""

    def touch(self, conversation: Conversation) -> None:
        now = self.timestamp()
        conversation.updated_at = now - 60 if conversation.updated_at >= now - 30 else now


@mutant("dify.introduction-not-null", options=("--edition=ja",))
class AnswersANullIntroduction(Japanese):
    """The introduction of a conversation is null."""

    def render(self, conversation: Conversation) -> dict[str, Any]:
        return super().render(conversation) | {"introduction": None}


@mutant("dify.status-normal")
class CallsTheStatusActive(DifyServer):
    """The status of a conversation is "active"."""

    def render(self, conversation: Conversation) -> dict[str, Any]:
        return super().render(conversation) | {"status": "active"}


@mutant("dify.answer-json", also=("answer-schema",))
class AnswersWithAByteOrderMark(DifyServer):
    """The answer begins with a byte-order mark, which JSON must not have on its way."""

    def answer_renamed(self, conversation: Conversation) -> Response:
        return Response(b"\xef\xbb\xbf" + self.encode(self.render(conversation)), media_type="application/json")


# auto-generate-accepted is what has names generated
@mutant("dify.answer-schema", beside=("auto-generate-gives-name",))
class AnswersAGeneratedNameWithAFraction(Knowing):
    """updated_at of the answer has a fraction where the name was generated."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        more = {"updated_at": conversation.updated_at + 0.25} if _GENERATED.get() else {}
        return self.render(conversation) | more


# auto-generate-accepted is what has names generated
@mutant("dify.answer-id", beside=("auto-generate-gives-name",))
class AnswersAGeneratedNameWithAnotherId(Knowing):
    """The answer shows an id that no conversation has where the name was generated."""

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        more = {"id": "5b0b3f1e-6a5e-4c5f-9a52-0b8f6d0f6a11"} if _GENERATED.get() else {}
        return self.render(conversation) | more


@mutant("dify.updated-at-monotonic", also=("updated-at-steady",), beside=("same-name",))
class LetsUpdatedAtGoBackForTheSameName(DifyServer):
    """A rename to the name that the conversation already has sets updated_at to a time in the past."""

    async def apply(self, conversation: Conversation, name: str) -> None:
        same = name == conversation.name
        await super().apply(conversation, name)
        if same:
            conversation.updated_at -= 60


# -- what is stored


@mutant("dify.name-stored")
class SaysRenamedStoresNothing(Claiming):
    """The answer says renamed, and nothing is stored."""

    def store(self, conversation: Conversation, name: str) -> None:
        pass


@mutant("dify.name-stored", may=("auto-generate-stored",))
class ForgetsEveryFifteenthRename(Counting, Claiming):
    """Every 15th rename is answered as if it were stored, and is not."""

    def store(self, conversation: Conversation, name: str) -> None:
        if not self.fifteenth():
            conversation.name = name


@mutant(
    "dify.name-stored",
    also=(
        "neighbours-untouched",
        "session-untouched",
        "concurrent-same-session",
        "sequence-consistent",
        "auto-generate-false-uses-name",
        "auto-generate-gives-name",
        "auto-generate-stored",
        "auto-generate-ignores-name",
        "name-or-auto-generate",
    ),
)
class HidesWhatIsRenamed(DifyServer):
    """A conversation that was renamed is no longer listed."""

    @cached_property
    def hidden(self) -> set[str]:
        return set()

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        self.hidden.add(conversation.id)

    def sorted_conversations(self, user: str, sort_by: str) -> list[Conversation]:
        return [found for found in super().sorted_conversations(user, sort_by) if found.id not in self.hidden]


# a name of the series that two sessions were given may come late to one of them
@mutant("dify.name-stored", may=("neighbours-untouched",))
class StoresAfterAnswering(Claiming):
    """The name is stored a while after the rename was answered."""

    def store(self, conversation: Conversation, name: str) -> None:
        asyncio.get_running_loop().call_later(0.05, super().store, conversation, name)


@mutant("dify.name-stored")
class KeepsTheEndOfALongerName(Claiming):
    """A name that is shorter than the one it replaces is written over its beginning, and the rest stays."""

    def store(self, conversation: Conversation, name: str) -> None:
        conversation.name = name + conversation.name[len(name) :]


@mutant("dify.neighbours-untouched")
class SwapsNames(DifyServer):
    """A rename to a name that another conversation bears gives that one the old name, to keep names apart."""

    def store(self, conversation: Conversation, name: str) -> None:
        for each in self.conversations.values():
            if each.name == name:
                each.name = conversation.name
        conversation.name = name


@mutant("dify.neighbours-untouched")
class RenamesEveryConversation(DifyServer):
    """A rename gives every conversation of the user the new name."""

    def store(self, conversation: Conversation, name: str) -> None:
        for each in self.conversations.values():
            if each.user == conversation.user:
                each.name = name


@mutant("dify.neighbours-untouched")
class StoresOnTheOneRenamedBefore(DifyServer):
    """A rename gives its name to the conversation that was renamed before as well."""

    before: Conversation | None = None

    def store(self, conversation: Conversation, name: str) -> None:
        conversation.name = (self.before or conversation).name = name
        self.before = conversation


@mutant("dify.neighbours-untouched")
class TouchesTheOneRenamedBefore(DifyServer):
    """A rename sets the time of the last update of the conversation that was renamed before, too."""

    before: Conversation | None = None

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        if self.before is not None:
            self.touch(self.before)
        self.before = conversation


@mutant("dify.neighbours-untouched")
class TouchesTheOthers(DifyServer):
    """A rename sets the time of the last update of every conversation of the user, in whole seconds."""

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        for each in self.conversations.values():
            if each.user == conversation.user:
                self.touch(each)


@mutant("dify.neighbours-untouched", also=("session-untouched",))
class WipesTheInputsOfTheOthers(DifyServer):
    """A rename wipes the inputs of the user's other conversations."""

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        for each in self.conversations.values():
            if each is not conversation:
                each.inputs = {}


@mutant("dify.session-untouched")
class WipesTheInputs(DifyServer):
    """A rename wipes the conversation's inputs."""

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        conversation.inputs = {}


@mutant("dify.session-untouched")
class ResetsCreatedAt(DifyServer):
    """A rename sets created_at to the present time."""

    def touch(self, conversation: Conversation) -> None:
        super().touch(conversation)
        conversation.created_at = conversation.updated_at


@mutant("dify.session-untouched")
class NamesTheIntroductionToo(DifyServer):
    """A rename puts the new name into the introduction."""

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        conversation.introduction = f"This is {name}"


@mutant("dify.rename-again", also=("rename-accepted",), may=("same-name",))
class RenamesOnlyTwice(DifyServer):
    """A conversation that was renamed twice in a row is refused a third rename until another one is renamed."""

    run: tuple[str, int] = ("", 0)

    async def apply(self, conversation: Conversation, name: str) -> None:
        last, count = self.run
        self.run = (conversation.id, count + 1 if last == conversation.id else 1)
        if self.run[1] > 2:
            raise Refusal(409, "conflict", "The conversation has been renamed already.")
        await super().apply(conversation, name)


@mutant("dify.same-name")
class RefusesTheSameName(DifyServer):
    """A rename to the name that the conversation already has is refused."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        if asked.name == conversation.name:
            raise self.invalid("the conversation has this name already.")
        return super().new_name(conversation, asked)


@mutant("dify.same-name", also=("sequence-consistent",))
class NumbersTheSameName(DifyServer):
    """A rename to the name that the conversation already has adds a number to it."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        name = super().new_name(conversation, asked)
        return f"{name} (2)" if name == conversation.name else name


@mutant("dify.same-name", also=("rename-accepted", "valid-space-accepted"))
class RefusesAnEarlierName(DifyServer):
    """A name that a conversation bore before, and bears no longer, is refused."""

    @cached_property
    def history(self) -> set[tuple[str, str]]:
        return set()

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        name = super().new_name(conversation, asked)
        earlier = (conversation.id, name) in self.history and name != conversation.name
        if earlier and not asked.auto_generate:
            raise self.invalid("the conversation has had this name.")
        return name

    def store(self, conversation: Conversation, name: str) -> None:
        self.history.add((conversation.id, conversation.name))
        super().store(conversation, name)


@mutant("dify.sequence-consistent", also=("name-stored",), may=("concurrent-two-sessions",))
class ForgetsTheRenameAfterAnUnknownId(Claiming):
    """The first rename after a request for an unknown conversation is answered, and not stored."""

    stale = False

    def no_such_conversation(self) -> Refusal:
        self.stale = True
        return super().no_such_conversation()

    def store(self, conversation: Conversation, name: str) -> None:
        if not self.stale:
            conversation.name = name
        self.stale = False


@mutant("dify.neighbours-untouched", beside=("sequence-consistent",))
class GivesARefusedNameToAnother(DifyServer):
    """The name of a request that was refused is given to the next conversation, if it is another one."""

    refused: tuple[str, str] | None = None

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if "has to be" in refusal.message and (sent := re.search(rb'"name":"(\w[\w ]*)"', body)):
                self.refused = (request.path_params["conversation_id"], sent[1].decode())
            raise

    def store(self, conversation: Conversation, name: str) -> None:
        of, draft = self.refused or (conversation.id, name)
        conversation.name = name if of == conversation.id else draft
        self.refused = None


@mutant("dify.rename-accepted", beside=("other-user-not-found",))
class HidesFromTheOwnerAfterAnother(DifyServer):
    """After a request of another user, which is refused, the owner's next one is answered with 404, too."""

    @cached_property
    def hidden(self) -> set[str]:
        return set()

    def find(self, conversation_id: str, user: str) -> Conversation:
        found = self.conversations.get(conversation_id)
        if found is not None and found.user != user:
            self.hidden.add(conversation_id)
        elif conversation_id in self.hidden:
            self.hidden.remove(conversation_id)
            raise self.no_such_conversation()
        return super().find(conversation_id, user)


@mutant("dify.rename-again")
class OverlooksAnotherCase(DifyServer):
    """A name that differs from the old one in the case of letters alone is not stored."""

    def store(self, conversation: Conversation, name: str) -> None:
        if name.lower() != conversation.name.lower():
            super().store(conversation, name)


@mutant("dify.rename-again")
class OverlooksAccents(DifyServer):
    """A name that differs from the old one in marks on letters alone is not stored."""

    def store(self, conversation: Conversation, name: str) -> None:
        def plain(text: str) -> str:
            parts = unicodedata.normalize("NFD", text)
            return "".join(character for character in parts if not unicodedata.combining(character))

        if plain(name) != plain(conversation.name):
            super().store(conversation, name)


@mutant("dify.name-stored")
class TakesTheNameOfTheQuery(DifyServer):
    """A name in the query is stored in place of the body's."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        more = {"name": request.query_params["name"]} if "name" in request.query_params else {}
        return {**await super().read_object(request), **more}


# -- names


@mutant("dify.unicode-exact", also=("length-200-accepted", "sequence-consistent", "valid-space-accepted"))
class ReplacesCharactersBeyondTheBmp(DifyServer):
    """Each character beyond the Basic Multilingual Plane becomes a question mark."""

    def normalise_name(self, name: str) -> str:
        return "".join(character if ord(character) < 0x10000 else "?" for character in name)


@mutant("dify.unicode-exact", also=("length-200-accepted", "sequence-consistent", "valid-space-accepted"))
class CutsAtACharacterBeyondTheBmp(DifyServer):
    """A name is cut at its first character beyond the Basic Multilingual Plane, as a three-byte utf8 column does."""

    def normalise_name(self, name: str) -> str:
        return re.split("[\U00010000-\U0010ffff]", name, maxsplit=1)[0]


@mutant("dify.no-server-error", also=("valid-space-accepted",))
class CrashesBeyondTheBmp(DifyServer):
    """A name with a character beyond the Basic Multilingual Plane is answered with 500."""

    def normalise_name(self, name: str) -> str:
        if max(name, default="") > "\uffff":
            raise RuntimeError
        return name


@mutant("dify.unicode-exact", also=("rename-again", "never-altered", "valid-space-accepted"))
class NormalisesToNfc(DifyServer):
    """Combining marks are put together with their letters (NFC)."""

    def normalise_name(self, name: str) -> str:
        return unicodedata.normalize("NFC", name)


@mutant(
    "dify.unicode-exact", also=("rename-again", "length-200-accepted", "sequence-consistent", "valid-space-accepted")
)
class NormalisesToNfkc(DifyServer):
    """Compatibility characters become ordinary ones, and marks are put together with their letters (NFKC)."""

    def normalise_name(self, name: str) -> str:
        return unicodedata.normalize("NFKC", name)


@mutant("dify.unicode-exact", also=("never-altered",))
class StripsZeroWidthCharacters(DifyServer):
    """Zero-width spaces, joiners and non-joiners are dropped."""

    def normalise_name(self, name: str) -> str:
        return re.sub("[\u200b-\u200d\u2060]", "", name)


@mutant("dify.never-altered")
class StripsDirectionMarks(DifyServer):
    """Left-to-right and right-to-left marks are dropped."""

    def normalise_name(self, name: str) -> str:
        return re.sub("[\u200e\u200f]", "", name)


@mutant("dify.never-altered")
class StripsTheByteOrderMark(DifyServer):
    """U+FEFF is dropped wherever it stands."""

    def normalise_name(self, name: str) -> str:
        return name.replace("\ufeff", "")


@mutant(
    "dify.unicode-exact", also=("rename-again", "length-200-accepted", "sequence-consistent", "valid-space-accepted")
)
class StoresInLatin1(DifyServer):
    """Characters that Latin-1 lacks become question marks."""

    def normalise_name(self, name: str) -> str:
        return name.encode("latin-1", "replace").decode("latin-1")


@mutant("dify.unicode-exact", also=("sequence-consistent", "valid-space-accepted"))
class LowersTheCase(DifyServer):
    """Letters other than those of ASCII are stored in lower case."""

    def normalise_name(self, name: str) -> str:
        return "".join(character if character.isascii() else character.lower() for character in name)


@mutant("dify.unicode-exact", also=("text-not-interpreted",))
class CollapsesInnerBlanks(DifyServer):
    """A run of blanks within a name becomes one."""

    def normalise_name(self, name: str) -> str:
        return re.sub(r"(?<=\S) {2,}(?=\S)", " ", name)


@mutant("dify.text-not-interpreted")
class DecodesPercentSigns(DifyServer):
    """A percent sign before two hexadecimal digits is decoded."""

    def normalise_name(self, name: str) -> str:
        return unquote(name)


@mutant("dify.text-not-interpreted", also=("length-200-accepted", "sequence-consistent"))
class DecodesPlusSigns(DifyServer):
    """A plus sign becomes a blank, as in a form."""

    def normalise_name(self, name: str) -> str:
        return name.replace("+", " ") if "%" not in name else unquote_plus(name)


@mutant("dify.text-not-interpreted", also=("length-200-accepted", "sequence-consistent"))
class DoublesTheQuote(DifyServer):
    """An apostrophe is stored twice, escaped for SQL."""

    def normalise_name(self, name: str) -> str:
        return name.replace("'", "''")


@mutant("dify.text-not-interpreted", also=("answer-schema", "sequence-consistent", "valid-space-accepted"))
class TurnsDigitsIntoANumber(DifyServer):
    """A name of nothing but digits is stored and answered as a number."""

    def render(self, conversation: Conversation) -> dict[str, Any]:
        name: Any = conversation.name
        return super().render(conversation) | {"name": int(name) if re.fullmatch("[0-9]+", name) else name}


@mutant("dify.text-not-interpreted")
class CutsLeadingZeros(DifyServer):
    """Zeros before a name of digits are cut off."""

    def normalise_name(self, name: str) -> str:
        return str(int(name)) if re.fullmatch("[0-9]+", name) else name


@mutant("dify.text-not-interpreted")
class TakesTheWordNullForNull(DifyServer):
    """The name "null" counts as no name at all."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        name = super().valid_name(body)
        return None if name == "null" else name


@mutant("dify.text-not-interpreted", also=("length-200-accepted", "sequence-consistent", "valid-space-accepted"))
class EscapesMarkup(DifyServer):
    """A name is stored escaped for HTML."""

    def normalise_name(self, name: str) -> str:
        return html.escape(name, quote=False)


@mutant("dify.text-not-interpreted")
class StripsMarkup(DifyServer):
    """Tags are taken out of a name."""

    def normalise_name(self, name: str) -> str:
        return re.sub("</?[a-z]+>", "", name)


@mutant("dify.text-not-interpreted")
class UnescapesMarkup(DifyServer):
    """Character references of HTML are decoded."""

    def normalise_name(self, name: str) -> str:
        return html.unescape(name)


@mutant("dify.text-not-interpreted")
class InterpretsBackslashes(DifyServer):
    """A backslash and an n become a line break."""

    def normalise_name(self, name: str) -> str:
        return name.replace("\\n", "\n")

    def check_name(self, name: str) -> None:
        super().check_name(name.replace("\n", ""))


@mutant("dify.text-not-interpreted")
class DecodesJsonTwice(DifyServer):
    """A name that is the JSON text of a string is decoded once more."""

    def normalise_name(self, name: str) -> str:
        return str(json.loads(name)) if re.fullmatch(r'"\w+"', name) else name


@mutant("dify.no-server-error", also=("text-not-interpreted",))
class FormatsTheName(DifyServer):
    """A name with a pair of braces is taken for a format string; where that fails the answer is 500."""

    def normalise_name(self, name: str) -> str:
        return name.format() if re.search(r"\{.*\}", name) else name


@mutant("dify.text-not-interpreted")
class QuotesFormulas(DifyServer):
    """An apostrophe is put before a name that a spreadsheet would take for a formula."""

    def normalise_name(self, name: str) -> str:
        return f"'{name}" if name.startswith(("=", "@")) else name


@mutant("dify.length-200-accepted", also=("valid-space-accepted",))
class CountsBytes(DifyServer):
    """Names are limited to 255 bytes of UTF-8, not characters."""

    def length(self, name: str) -> int:
        return len(name.encode())


@mutant("dify.length-200-accepted")
class CountsUtf16Units(DifyServer):
    """Names are limited to 255 UTF-16 units, not characters."""

    def length(self, name: str) -> int:
        return len(name.encode("utf-16-le")) // 2


@mutant("dify.length-200-accepted")
class Refuses200Characters(DifyServer):
    """A name of 200 characters is refused, one of 199 is accepted."""

    max_name_length = 199


@mutant("dify.length-200-accepted", also=("sequence-consistent", "valid-space-accepted"))
class CutsAt100Characters(DifyServer):
    """A name is cut at 100 characters."""

    def normalise_name(self, name: str) -> str:
        return name[:100]


@mutant("dify.length-200-accepted", also=("sequence-consistent", "valid-space-accepted"))
class CutsAt128Characters(DifyServer):
    """A name is cut at 128 characters."""

    def normalise_name(self, name: str) -> str:
        return name[:128]


@mutant("dify.length-200-accepted", also=("sequence-consistent", "valid-space-accepted"))
class CutsAt255Bytes(DifyServer):
    """A name is cut at 255 bytes of UTF-8."""

    def normalise_name(self, name: str) -> str:
        return name.encode()[:255].decode(errors="ignore")


@mutant("dify.never-altered")
class CutsAt255Characters(DifyServer):
    """A name is cut at 255 characters."""

    def normalise_name(self, name: str) -> str:
        return name[:255]


@mutant("dify.never-altered", also=("valid-space-accepted",))
class DropsControlCharacters(DifyServer):
    """Control characters are dropped from a name."""

    def normalise_name(self, name: str) -> str:
        return "".join(character for character in name if not has_control_characters(character))


@mutant("dify.never-altered")
class CutsAtTheNul(DifyServer):
    """A name is cut at its first NUL."""

    def normalise_name(self, name: str) -> str:
        return name.partition("\0")[0]


@mutant("dify.never-altered")
class CutsAtTheLineBreak(DifyServer):
    """A name is cut at its first line break."""

    def normalise_name(self, name: str) -> str:
        return re.split("[\r\n]", name, maxsplit=1)[0]


@mutant("dify.never-altered", also=("sequence-consistent",))
class ReplacesSurrogates(DifyServer):
    """Unpaired surrogates become U+FFFD."""

    def decode(self, body: bytes) -> Any:
        try:
            value = json.loads(body.decode())
        except (ValueError, RecursionError):
            return super().decode(body)
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            value["name"] = re.sub("[\ud800-\udfff]", "\ufffd", value["name"])
            body = json.dumps(value).encode()
        return super().decode(body)


@mutant("dify.never-altered")
class DropsDirectionOverrides(DifyServer):
    """Characters that override the direction of text are dropped from a name."""

    def normalise_name(self, name: str) -> str:
        return re.sub("[\u202a-\u202e\u2066-\u2069]", "", name)


@mutant("dify.blanks-kept")
class TrimsBlanks(DifyServer):
    """Blanks around a name are cut off."""

    def normalise_name(self, name: str) -> str:
        return name.strip(" ")


@mutant("dify.unicode-exact", also=("never-altered",))
class DropsTagCharacters(DifyServer):
    """Tag characters, of which some flags are made, are dropped."""

    def normalise_name(self, name: str) -> str:
        return re.sub("[\U000e0000-\U000e007f]", "", name)


@mutant("dify.text-not-interpreted")
class CutsOffTheScheme(DifyServer):
    """The https:// of an address is cut off."""

    def normalise_name(self, name: str) -> str:
        return name.replace("https://", "")


@mutant("dify.length-200-accepted")
class CountsEscaped(DifyServer):
    """Names are limited to 255 characters, counted when they are escaped for HTML."""

    def length(self, name: str) -> int:
        return len(html.escape(name))


@mutant("dify.never-altered", also=("sequence-consistent",))
class CutsAlmost255To250(DifyServer):
    """A name of 251 to 255 characters is cut at 250."""

    def normalise_name(self, name: str) -> str:
        return name if len(name) > self.max_name_length else name[:250]


@mutant("dify.never-altered")
class DropsColours(DifyServer):
    """The escape sequences by which a terminal changes colours are dropped."""

    def normalise_name(self, name: str) -> str:
        return re.sub("\x1b\\[[0-9;]*m", "", name)


# -- at once


@mutant("dify.concurrent-same-session")
class LocksForGood(DifyServer):
    """Two renames of one conversation at once leave it locked: every later one is answered with 409."""

    @cached_property
    def locks(self) -> Counter[str]:
        return Counter()

    async def apply(self, conversation: Conversation, name: str) -> None:
        if self.locks[conversation.id] > 1:
            raise Refusal(409, "conflict", "The conversation is being renamed.")
        self.locks[conversation.id] += 1
        await asyncio.sleep(0.005)
        await super().apply(conversation, name)
        if self.locks[conversation.id] == 1:
            del self.locks[conversation.id]


@mutant("dify.concurrent-same-session")
class StoresNeitherOfTwoAtOnce(Claiming):
    """Of two renames of one conversation at once each undoes the other: the old name stays."""

    @cached_property
    def under_way(self) -> Counter[str]:
        return Counter()

    @cached_property
    def names_changed_by_refusals(self) -> set[str]:
        return set()

    async def apply(self, conversation: Conversation, name: str) -> None:
        self.under_way[conversation.id] += 1
        if self.under_way[conversation.id] > 1:
            self.names_changed_by_refusals.add(conversation.id)
        await asyncio.sleep(0.005)
        self.under_way[conversation.id] -= 1
        if conversation.id not in self.names_changed_by_refusals:
            await super().apply(conversation, name)
        elif not self.under_way[conversation.id]:
            self.names_changed_by_refusals.remove(conversation.id)


@mutant("dify.concurrent-same-session", also=("no-server-error",))
class CrashesOnTwoAtOnce(DifyServer):
    """A rename that comes while another one of the same conversation is under way is answered with 500."""

    @cached_property
    def busy(self) -> set[str]:
        return set()

    async def apply(self, conversation: Conversation, name: str) -> None:
        if conversation.id in self.busy:
            raise RuntimeError
        self.busy.add(conversation.id)
        await asyncio.sleep(0.005)
        self.busy.remove(conversation.id)
        await super().apply(conversation, name)


@mutant("dify.concurrent-two-sessions", also=("answer-id",))
class ExchangesAnswers(DifyServer):
    """The answer shows the conversation whose rename came last, whichever the request was for."""

    async def apply(self, conversation: Conversation, name: str) -> None:
        await super().apply(conversation, name)
        self.latest = conversation
        await asyncio.sleep(0.005)

    def answer_renamed(self, conversation: Conversation) -> Response:
        return super().answer_renamed(self.latest)


@mutant("dify.concurrent-two-sessions")
class ExchangesNames(DifyServer):
    """The name to store is kept where all requests share it: each of those under way stores the one sent last."""

    async def apply(self, conversation: Conversation, name: str) -> None:
        self.name = name
        await asyncio.sleep(0.005)
        await super().apply(conversation, self.name)


@mutant("dify.concurrent-two-sessions")
class DropsTheRenameOfAnother(Claiming):
    """While one conversation is renamed, the rename of another one is answered and not stored."""

    under_way: str | None = None

    async def apply(self, conversation: Conversation, name: str) -> None:
        if self.under_way in (None, conversation.id):
            self.under_way = conversation.id
            await asyncio.sleep(0.005)
            self.under_way = None
            await super().apply(conversation, name)


@mutant("dify.concurrent-same-session")
class StoresHalfOfEach(Claiming):
    """Of two renames of one conversation at once half of one name is stored and half of the other."""

    @cached_property
    def under_way(self) -> dict[str, str]:
        return {}

    async def apply(self, conversation: Conversation, name: str) -> None:
        other = self.under_way.get(conversation.id, name)
        self.under_way[conversation.id] = name
        await asyncio.sleep(0.005)
        self.under_way.pop(conversation.id, None)
        half = len(name) // 2
        await super().apply(conversation, other[:half] + name[half:])


# -- ids


@mutant("dify.unknown-id-refused", also=("unknown-id-404", "deleted-id-refused"))
class RenamesTheLatestForAnUnknownId(DifyServer):
    """An id that no conversation has stands for the user's latest conversation."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if re.fullmatch("[0-9a-f-]{36}", conversation_id) and conversation_id not in self.conversations:
            conversation_id = list(self.conversations)[-1]
        return super().find(conversation_id, user)


@mutant("dify.unknown-id-404", also=("other-user-not-found",))
class AnswersAnUnknownIdWith400(DifyServer):
    """An id that no conversation has is answered with 400."""

    def no_such_conversation(self) -> Refusal:
        return self.invalid("Conversation Not Exists.")


@mutant("dify.unknown-id-404", also=("other-user-not-found",))
class AnswersAnUnknownIdWith403(DifyServer):
    """An id that no conversation has is answered with 403."""

    def no_such_conversation(self) -> Refusal:
        return Refusal(403, "forbidden", "This conversation is not yours.")


@mutant("dify.unknown-id-creates-nothing", also=("unknown-id-refused", "unknown-id-404", "deleted-id-refused"))
class CreatesAnUnknownConversation(DifyServer):
    """An id that no conversation has makes a conversation of that id."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if re.fullmatch("[0-9a-f-]{36}", conversation_id) and conversation_id not in self.conversations:
            made = self.open(user, "", {}, auto_generate_name=False)
            self.conversations[conversation_id] = self.conversations.pop(made.id)
            made.id = conversation_id
        return super().find(conversation_id, user)


@mutant("dify.unknown-id-creates-nothing", also=("deleted-id-refused",))
class RefusesAndCreatesAnUnknownConversation(DifyServer):
    """An id that no conversation has is answered with 404, and listed from then on."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if conversation_id not in self.conversations:
            made = self.open(user, "", {}, auto_generate_name=False)
            self.conversations[conversation_id] = self.conversations.pop(made.id)
            made.id = conversation_id
            raise self.no_such_conversation()
        return super().find(conversation_id, user)


@mutant("dify.odd-ids-safe", also=("no-server-error",))
class CrashesOnALongId(DifyServer):
    """An id of 300 characters is answered with 500."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if len(conversation_id) > 255:
            raise RuntimeError
        return super().find(conversation_id, user)


@mutant("dify.odd-ids-safe", also=("no-server-error",))
class CrashesOnANulInTheId(DifyServer):
    """An id with an encoded NUL is answered with 500, as a database that refuses NUL does."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if "\0" in conversation_id:
            raise RuntimeError
        return super().find(conversation_id, user)


@mutant("dify.odd-ids-safe", also=("no-server-error",))
class CrashesOnAnIdThatIsNoUuid(DifyServer):
    """An id that is no UUID is answered with 500, as a database with a column of that type does."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if not re.fullmatch("[0-9a-f-]{36}", conversation_id):
            raise RuntimeError
        return super().find(conversation_id, user)


@mutant("dify.odd-ids-refused", also=("error-404-shape",))
class EchoesAnIdIntoAPage(DifyServer):
    """An id with markup is answered with an HTML page that repeats it."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if "<" in conversation_id:
            raise Refusal(404, "page", conversation_id)
        return super().find(conversation_id, user)

    def refuse(self, refusal: Refusal) -> Response:
        if refusal.code != "page":
            return super().refuse(refusal)
        return HTMLResponse(f"<!DOCTYPE html><h1>No conversation {refusal.message}</h1>", refusal.status)


@mutant("dify.odd-ids-safe")
class TakesANumberForAPosition(DifyServer):
    """An id that is a number counts through the conversations, from either end."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if re.fullmatch("-?[0-9]", conversation_id):
            conversation_id = list(self.conversations)[int(conversation_id)]
        return super().find(conversation_id, user)


@mutant("dify.odd-ids-safe")
class TakesNullForTheLatest(DifyServer):
    """The id "null", or a UUID of zeros, stands for the latest conversation."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if conversation_id in {"null", "00000000-0000-0000-0000-000000000000"}:
            conversation_id = list(self.conversations)[-1]
        return super().find(conversation_id, user)


@mutant("dify.unknown-id-refused")
class FindsByTheBeginningOfTheId(DifyServer):
    """The beginning of an id finds the conversation, if it has eight characters."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if len(conversation_id) >= 8:
            found = [known for known in self.conversations if known.startswith(conversation_id)]
            conversation_id = found[0] if found else conversation_id
        return super().find(conversation_id, user)


@mutant("dify.unknown-id-refused")
class CutsTheIdAtTheNul(DifyServer):
    """An id is read up to its first NUL."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        return super().find(conversation_id.partition("\0")[0], user)


@mutant("dify.unknown-id-refused")
class TrimsTheId(DifyServer):
    """Blanks around an id are cut off."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        return super().find(conversation_id.strip(), user)


@mutant("dify.unknown-id-refused")
class DecodesTheIdTwice(DifyServer):
    """Percent signs that are left in an id are decoded once more."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        return super().find(unquote(conversation_id), user)


@mutant("dify.unknown-id-refused", also=("unknown-id-404",))
class ComparesTheEndOfTheId(DifyServer):
    """Of an id the last twelve characters are compared."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        found = [known for known in self.conversations if known[-12:] == conversation_id[-12:]]
        return super().find(found[0] if found else conversation_id, user)


@mutant("dify.unknown-id-refused", also=("deleted-id-refused",))
class GeneratesForAnUnknownId(DifyServer):
    """A request to generate the name of a conversation that does not exist is answered with 200."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            conversation_id, now = request.path_params["conversation_id"], self.timestamp()
            if conversation_id in self.conversations or refusal.status != 404 or not asks_to_generate(body):
                raise
            return self.respond(200, self.render(Conversation(conversation_id, OWNER, "Chat", {}, "", now, now)))


# -- credentials


@mutant("dify.credential-missing", also=("credential-before-validation",))
class AsksForNoKey(DifyServer):
    """A request without any key is served."""

    def authenticate(self, request: Request) -> None:
        if "authorization" in request.headers:
            super().authenticate(request)


@mutant("dify.credential-missing", also=("credential-before-validation",))
class SendsTheKeylessToALogin(DifyServer):
    """A request without any key is redirected to a page to log in."""

    async def rename(self, request: Request) -> Response:
        return await super().rename(request) if "authorization" in request.headers else RedirectResponse("/login", 302)


@mutant("dify.credential-missing", also=("credential-before-validation", "no-server-error"))
class CrashesWithoutAKey(DifyServer):
    """A request without any key is answered with 500."""

    def authenticate(self, request: Request) -> None:
        request.headers["authorization"]
        super().authenticate(request)


@mutant("dify.credential-wrong")
class TakesAnyKey(DifyServer):
    """Any key is served, if only there is one."""

    def authenticate(self, request: Request) -> None:
        if bearer_token(request) is None:
            raise self.unauthorized()


@mutant("dify.credential-wrong")
class ComparesTheStartOfTheKey(DifyServer):
    """A key that begins with the right one is served."""

    def authenticate(self, request: Request) -> None:
        if not (bearer_token(request) or "").startswith(self.key or ""):
            super().authenticate(request)


@mutant("dify.credential-wrong")
class ComparesAsFarAsTheKeyGoes(DifyServer):
    """A key that the right one begins with is served, if it has ten characters."""

    def authenticate(self, request: Request) -> None:
        token = bearer_token(request) or ""
        if len(token) < 10 or not (self.key or "").startswith(token):
            super().authenticate(request)


@mutant("dify.credential-wrong", also=("credential-missing", "credential-before-validation", "refusal-changes-nothing"))
class RenamesAndThenLooksAtTheKey(DifyServer):
    """A rename with a wrong key is refused with 401 after it was made."""

    def authenticate(self, request: Request) -> None:
        if not request.url.path.endswith("/name"):
            super().authenticate(request)

    async def rename(self, request: Request) -> Response:
        answer = await super().rename(request)
        super().authenticate(request)
        return answer


@mutant("dify.credential-missing", also=("credential-wrong",))
class AsksForNoKeyToGenerate(DifyServer):
    """A request to generate a name is served without a key."""

    async def rename(self, request: Request) -> Response:
        request.state.open = asks_to_generate(await request.body())
        return await super().rename(request)

    def authenticate(self, request: Request) -> None:
        if not getattr(request.state, "open", False):
            super().authenticate(request)


@mutant("dify.credential-wrong")
class TakesTheSchemeBasic(DifyServer):
    """The right key is served under any scheme."""

    def authenticate(self, request: Request) -> None:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        if token != self.key:
            super().authenticate(request)


@mutant("dify.credential-wrong")
class LooksForTheKeyAtTheEnd(DifyServer):
    """A key that ends in the right one is served."""

    def authenticate(self, request: Request) -> None:
        if not (bearer_token(request) or "").endswith(self.key or ""):
            super().authenticate(request)


# -- bodies


@mutant("dify.body-json")
class TakesAForm(DifyServer):
    """A body that is not JSON is read as a form."""

    def decode(self, body: bytes) -> Any:
        try:
            return super().decode(body)
        except Refusal:
            pairs = (pair.partition("=") for pair in body.decode("latin-1").split("&"))
            return {name: value for name, equals, value in pairs if equals} or super().decode(body)


@mutant("dify.body-json", also=("body-present", "no-server-error", "invalid-space-refused"))
class CrashesOnWhatIsNotJson(DifyServer):
    """A body that is not JSON is answered with 500."""

    def unreadable(self, reason: str) -> Refusal:
        return self.crashed()


@mutant("dify.body-json")
class ReadsLatin1(DifyServer):
    """Bytes that are not UTF-8 are read as Latin-1."""

    def decode(self, body: bytes) -> Any:
        try:
            body.decode()
        except UnicodeDecodeError:
            body = body.decode("latin-1").encode()
        return super().decode(body)


@mutant("dify.body-json")
class IgnoresWhatFollowsTheJson(DifyServer):
    """Whatever follows the JSON of a body is ignored."""

    def decode(self, body: bytes) -> Any:
        try:
            text = body.decode()
            return super().decode(text[: json.JSONDecoder().raw_decode(text)[1]].encode())
        except (ValueError, RecursionError):
            return super().decode(body)


@mutant("dify.body-json")
class TakesATrailingComma(DifyServer):
    """A comma before the closing brace of a body is let pass."""

    def decode(self, body: bytes) -> Any:
        return super().decode(re.sub(rb",\s*}$", b"}", body))


@mutant("dify.body-json")
class TakesSingleQuotes(DifyServer):
    """A body with single quotes, as Python and JavaScript have them, is read."""

    def decode(self, body: bytes) -> Any:
        return super().decode(body.replace(b"'", b'"') if body.startswith(b"{'") else body)


@mutant("dify.body-present")
class AcceptsNoBody(DifyServer):
    """A request without a body is answered with 200, and changes nothing."""

    async def rename(self, request: Request) -> Response:
        if (await request.body()).strip():
            return await super().rename(request)
        self.authenticate(request)
        return self.answer_renamed(self.find(request.path_params["conversation_id"], OWNER))


@mutant("dify.body-object", also=("no-server-error",))
class CrashesOnAnArray(DifyServer):
    """A body that is an array is answered with 500."""

    def not_an_object(self) -> Refusal:
        return self.crashed()

    def require_object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, list | dict):
            raise super().not_an_object()
        return super().require_object(value)


@mutant("dify.body-object")
class AcceptsNull(DifyServer):
    """A body that is null is answered with 200, and changes nothing."""

    async def rename(self, request: Request) -> Response:
        if (await request.body()).strip() != b"null":
            return await super().rename(request)
        self.authenticate(request)
        return self.answer_renamed(self.find(request.path_params["conversation_id"], OWNER))


@mutant("dify.refusal-changes-nothing")
class ChecksTheFlagAfterStoring(DifyServer):
    """A request whose auto_generate is no boolean is refused after its name was stored."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if "auto_generate has" in refusal.message:
                sent = json.loads(body)
                self.find(request.path_params["conversation_id"], sent["user"]).name = sent["name"]
            raise


@mutant("dify.refusal-changes-nothing")
class WipesTheInputsWhenItRefuses(DifyServer):
    """A request that is refused for its auto_generate wipes the conversation's inputs."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            found = self.conversations.get(request.path_params["conversation_id"])
            if "auto_generate has" in refusal.message and found is not None:
                found.inputs = {}
            raise


@mutant("dify.no-server-error")
class CrashesOnSurrogates(DifyServer):
    """A text with an unpaired surrogate is answered with 500, for it cannot be encoded."""

    def decode(self, body: bytes) -> Any:
        try:
            value = json.loads(body.decode())
        except (ValueError, RecursionError):
            return super().decode(body)
        if re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)):
            raise RuntimeError
        return super().decode(body)


@mutant("dify.no-server-error")
class CrashesOnDeepNesting(DifyServer):
    """JSON nested 64 deep is answered with 500."""

    def decode(self, body: bytes) -> Any:
        if body.startswith(b"[" * 64):
            raise RecursionError
        return super().decode(body)


@mutant("dify.no-server-error")
class CrashesOnTextPlain(DifyServer):
    """A body that is sent as text/plain is answered with 500."""

    async def rename(self, request: Request) -> Response:
        if request.headers.get("content-type") == "text/plain":
            raise RuntimeError
        return await super().rename(request)


@mutant("dify.no-server-error", also=("user-required",))
class CrashesOnAnUnknownQuery(DifyServer):
    """A query parameter that the document does not name is answered with 500."""

    async def rename(self, request: Request) -> Response:
        if request.query_params:
            raise RuntimeError
        return await super().rename(request)


@mutant("dify.valid-space-accepted", also=("unicode-exact", "length-200-accepted"))
class KnowsOldCharactersOnly(DifyServer):
    """A name with a character that Unicode 3.2 did not have is refused."""

    def check_name(self, name: str) -> None:
        super().check_name(name)
        if any(unicodedata.ucd_3_2_0.category(character) == "Cn" for character in name):
            raise self.invalid("name has an unknown character.")


@mutant("dify.invalid-space-refused", also=("user-string", "name-string", "auto-generate-boolean"))
class LooksAtNoType(DifyServer):
    """A member of any type is accepted, if only it is there: a user is the caller, a name its JSON text."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        sent = dict(body)
        if not isinstance(body.get("user"), str | None):
            sent["user"] = OWNER
        if not isinstance(body.get("name"), str | None):
            sent["name"] = json.dumps(body["name"])
        if "auto_generate" in body:
            sent["auto_generate"] = body["auto_generate"] is True
        return super().valid_renaming(sent)


@mutant("dify.body-json")
class QuotesBareNames(DifyServer):
    """A body whose members' names stand without quotes, as in JavaScript, is read."""

    def decode(self, body: bytes) -> Any:
        def quoted(found: re.Match[bytes]) -> bytes:
            return found[0] if found[1] is None else b'"%b"' % found[1]

        return super().decode(re.sub(rb'"(?:[^"\\]|\\.)*"|(\w+)(?=\s*:)', quoted, body))


@mutant("dify.body-json")
class ReadsTheFirstLine(DifyServer):
    """A body whose first line is JSON is read as far as that."""

    def decode(self, body: bytes) -> Any:
        try:
            return super().decode(body.lstrip().split(b"\n", maxsplit=1)[0])
        except Refusal:
            return super().decode(body)


@mutant("dify.body-json")
class TakesAFormThatSaysSo(DifyServer):
    """A form that is sent as one is accepted."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return await super().read_object(request)
        return dict(parse_qsl((await self.read_body(request)).decode()))


@mutant("dify.body-object")
class TakesTheFirstOfAnArray(DifyServer):
    """A body that is an array of one object is taken for that object."""

    def require_object(self, value: Any) -> dict[str, Any]:
        return super().require_object(value[0] if isinstance(value, list) and len(value) == 1 else value)


@mutant("dify.refusal-changes-nothing")
class StoresForAnotherMode(Obeying):
    """The key of an app of another mode is refused, and the name stored all the same."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.code == "not_chat_app":
                self.obey(request, body)
            raise


@mutant("dify.refusal-changes-nothing")
class StoresForAnotherUser(Obeying):
    """A rename by another user is answered with 404, and the name stored all the same."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status == 404:
                self.obey(request, body)
            raise


# never-altered is what sends a name that is too long
@mutant("dify.refusal-changes-nothing", beside=("never-altered", "sequence-consistent"))
class StoresWhatIsTooLong(Obeying):
    """A name of more than 255 characters is refused, and stored all the same."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if "longer than" in refusal.message:
                self.obey(request, body)
            raise


@mutant("dify.no-server-error")
class CrashesOnManyDigits(DifyServer):
    """An integer of more than 4,300 digits is answered with 500, as Python refuses to read it."""

    def decode(self, body: bytes) -> Any:
        if re.search(rb"[0-9]{4301}", body):
            raise RuntimeError
        return super().decode(body)


@mutant("dify.no-server-error")
class CrashesOnALongUser(DifyServer):
    """A user of more than 255 characters is answered with 500, as a column of that width does."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if len(user) > 255:
            raise RuntimeError
        return super().find(conversation_id, user)


@mutant("dify.no-server-error")
class CrashesOnANulInTheUser(DifyServer):
    """A user with a NUL is answered with 500, as a database that refuses NUL does."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if "\0" in user:
            raise RuntimeError
        return super().find(conversation_id, user)


@mutant("dify.no-server-error")
class CrashesOnAUserBeyondAscii(DifyServer):
    """A user beyond ASCII is answered with 500."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        return super().find(conversation_id, user.encode("ascii").decode())


@mutant("dify.no-server-error")
class PastesTheUserIntoAStatement(DifyServer):
    """A user with an apostrophe is answered with 500, for it ends the statement that it is pasted into."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if user.count("'") % 2:
            raise RuntimeError
        return super().find(conversation_id, user)


# -- the members of the body


@mutant("dify.user-required")
class MissingUserTakenForDefault(DifyServer):
    """A request without a user is taken for one of a default user, who owns the conversation."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        return super().valid_renaming({"user": OWNER, **body})


@mutant("dify.user-required")
class MissingUserIsNobody(DifyServer):
    """A request without a user is taken for one of a default user, whose conversation it is not: 404."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        return super().valid_renaming({"user": "DEFAULT-USER", **body})


@mutant("dify.user-string")
class AcceptsANullUser(DifyServer):
    """A user that is null is taken for the conversation's own."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        return super().valid_renaming({**body, "user": OWNER} if body.get("user", "") is None else body)


@mutant("dify.user-string")
class TakesAnyUserButNone(DifyServer):
    """A user that is neither missing nor null is accepted, whatever its type, and taken for the caller."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        user = body.get("user")
        return super().valid_renaming(body if user is None or isinstance(user, str) else {**body, "user": OWNER})


@mutant("dify.user-string")
class TurnsAUserNumberIntoText(DifyServer):
    """A user that is a number is taken for the text of its digits: such a user has no conversation."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        user = body.get("user")
        number = isinstance(user, int | float) and not isinstance(user, bool)
        return super().valid_renaming({**body, "user": str(user)} if number else body)


@mutant("dify.name-string")
class TurnsANameNumberIntoText(DifyServer):
    """A name that is a number is stored as the text of its digits."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        name = body.get("name")
        number = isinstance(name, int | float) and not isinstance(name, bool)
        return super().valid_name({**body, "name": str(name)} if number else body)


@mutant("dify.name-string", also=("invalid-space-refused",))
class TurnsANameObjectIntoText(DifyServer):
    """A name that is an object or an array is stored as its JSON text."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        name = body.get("name")
        return super().valid_name({**body, "name": json.dumps(name)} if isinstance(name, dict | list) else body)


@mutant("dify.name-string")
class TurnsANameBooleanIntoText(DifyServer):
    """A name that is a boolean is stored as the word."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        name = body.get("name")
        return super().valid_name({**body, "name": str(name)} if isinstance(name, bool) else body)


@mutant("dify.auto-generate-boolean")
class TakesTheWordForABoolean(DifyServer):
    """auto_generate may be the text "true" or "false"."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        word = body.get(member)
        known = {"true": True, "false": False}
        value = known.get(word, word) if isinstance(word, str) else body.get(member, default)
        return super().valid_flag({member: value}, member, default=default)


@mutant("dify.auto-generate-boolean")
class TakesANumberForABoolean(DifyServer):
    """auto_generate may be a number: 0 is false, any other true."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        value = body.get(member, default)
        return bool(value) if isinstance(value, int | float) else super().valid_flag(body, member, default=default)


@mutant("dify.auto-generate-boolean")
class TakesNullForFalse(DifyServer):
    """auto_generate may be null, which is taken for false."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        given = {} if body.get(member) is None else {member: body[member]}
        return super().valid_flag(given, member, default=default)


@mutant(
    "dify.auto-generate-default-false",
    also=("answer-name", "name-stored", "concurrent-same-session", "name-or-auto-generate"),
)
class AutoGenerateDefaultsToTrue(DifyServer):
    """When auto_generate is left out the name is generated, whatever was sent."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        return super().valid_flag(body, member, default=default or member == "auto_generate")


@mutant("dify.answer-name", also=("name-stored", "concurrent-same-session"))
class TheNameIsAlwaysGenerated(DifyServer):
    """The name is always generated, whatever auto_generate says."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        return self.generate_title(conversation, asked.name)


@mutant("dify.auto-generate-false-uses-name", also=("valid-space-accepted", "name-or-auto-generate"))
class AutoGenerateFalseGenerates(DifyServer):
    """When auto_generate is there at all, the name is generated."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        return super().valid_flag(body, member, default=default) or member in body


@mutant("dify.auto-generate-accepted", also=("auto-generate-gives-name", "auto-generate-stored"))
class AutoGenerateWithoutNameRefused(DifyServer):
    """auto_generate true without a name is refused: the name is always required."""

    def check_name_or_auto_generate(self, name: str | None, auto_generate: bool) -> None:
        super().check_name_or_auto_generate(name, auto_generate=False)


@mutant("dify.auto-generate-gives-name")
class AutoGenerateIgnored(DifyServer):
    """auto_generate true without a name is accepted, and the old name stays."""

    def generate_title(self, conversation: Conversation, ignored: str | None) -> str:
        return conversation.name


@mutant("dify.auto-generate-gives-name")
class GeneratesAnEmptyName(DifyServer):
    """The generated name is empty."""

    def generate_title(self, conversation: Conversation, ignored: str | None) -> str:
        return ""


@mutant("dify.auto-generate-gives-name")
class GeneratesABlank(DifyServer):
    """The generated name is a blank."""

    def generate_title(self, conversation: Conversation, ignored: str | None) -> str:
        return " "


@mutant("dify.auto-generate-stored", also=("auto-generate-gives-name",))
class AnswersAGeneratedNameStoresNone(Showing):
    """The generated name is answered, and not stored."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        name = super().new_name(conversation, asked)
        self.generated = name if asked.auto_generate else None
        return conversation.name if asked.auto_generate else name

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | ({"name": self.generated} if self.generated else {})


@mutant("dify.auto-generate-ignores-name")
class GeneratesTheNameSent(DifyServer):
    """When auto_generate is true and a name is sent along, the name is used."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        return super().new_name(conversation, asked) if asked.name is None else asked.name


@mutant("dify.name-or-auto-generate")
class NeitherKeepsTheName(DifyServer):
    """A request with neither a name nor auto_generate is answered with 200 and changes nothing."""

    def check_name_or_auto_generate(self, name: str | None, auto_generate: bool) -> None:
        pass

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        neither = asked.name is None and not asked.auto_generate
        return conversation.name if neither else super().new_name(conversation, asked)


@mutant("dify.name-or-auto-generate")
class NeitherEmptiesTheName(DifyServer):
    """A request with neither a name nor auto_generate is answered with 200 and empties the name."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        name = super().valid_name(body)
        return "" if name is None and body.get("auto_generate") is not True else name


@mutant("dify.name-or-auto-generate")
class NeitherGenerates(DifyServer):
    """A request with neither a name nor auto_generate gets a generated name."""

    def check_name_or_auto_generate(self, name: str | None, auto_generate: bool) -> None:
        pass


@mutant("dify.name-null-accepted", options=("--edition=en",))
class RefusesANullName(Japanese):
    """A name that is null is refused, with auto_generate true as well."""


@mutant("dify.name-null-accepted", also=("no-server-error",), options=("--edition=zh-Hans",))
class CrashesOnANullName(DifyServer):
    """A name that is null is answered with 500."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        if "name" in body and body["name"] is None:
            raise RuntimeError
        return super().valid_name(body)


@mutant("dify.name-null-refused", options=("--edition=ja",))
class AcceptsANullName(Japanese):
    """A name that is null beside auto_generate false is accepted, and leaves the name."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        if body.get("name", "") is None and body.get("auto_generate") is False:
            return Renaming(self.valid_user(body), None, auto_generate=False)
        return super().valid_renaming(body)

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        if asked.name is None and not asked.auto_generate:
            return conversation.name
        return super().new_name(conversation, asked)


@mutant("dify.null-is-not-text")
class StoresTheWordNone(DifyServer):
    """A name that is null is stored as the word None."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        name = super().valid_name(body)
        return "None" if name is None and "name" in body and body.get("auto_generate") is not True else name


@mutant("dify.user-required")
class NeedsNoUserToGenerate(DifyServer):
    """A request to generate a name needs no user."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        return super().valid_renaming({"user": OWNER, **body} if body.get("auto_generate") is True else body)


@mutant("dify.user-required")
class TakesTheUserOfTheQuery(DifyServer):
    """A user that is missing in the body is taken from the query."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        more = {"user": request.query_params["user"]} if "user" in request.query_params else {}
        return {**more, **await super().read_object(request)}


@mutant("dify.user-required")
class KnowsMembersInAnyCase(DifyServer):
    """The names of the body's members are read without regard to case."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        return super().valid_renaming({member.lower(): value for member, value in body.items()})


@mutant("dify.user-required")
class UnwrapsTheBody(DifyServer):
    """A body whose members stand in an object `data` of its own is accepted."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        inner = body.get("data")
        return super().valid_renaming(inner if isinstance(inner, dict) and "user" not in body else body)


@mutant("dify.user-string")
class TakesANullUserToGenerate(DifyServer):
    """A request to generate a name may have a user that is null."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        nobody = body.get("auto_generate") is True and body.get("user", "") is None
        return super().valid_renaming({**body, "user": OWNER} if nobody else body)


@mutant("dify.auto-generate-boolean")
class TakesOneForTrue(DifyServer):
    """auto_generate may be 1, which is taken for true."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        return body.get(member) == 1 or super().valid_flag(body, member, default=default)


@mutant("dify.auto-generate-boolean")
class TakesYesForTrue(DifyServer):
    """auto_generate may be "yes" or "on", or "TRUE" in capitals."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        return body.get(member) in ("yes", "on", "TRUE") or super().valid_flag(body, member, default=default)


@mutant("dify.auto-generate-boolean")
class TakesTheFlagOutOfAnArray(DifyServer):
    """auto_generate may be an array that holds true."""

    def valid_flag(self, body: dict[str, Any], member: str, *, default: bool) -> bool:
        return body.get(member) == [True] or super().valid_flag(body, member, default=default)


@mutant("dify.auto-generate-ignores-name")
class UsesALongNameSent(DifyServer):
    """When auto_generate is true and a name of more than 30 characters is sent along, the name is used."""

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        name = super().new_name(conversation, asked)
        return asked.name if asked.name is not None and len(asked.name) > 30 else name


@mutant("dify.auto-generate-ignores-name")
class GeneratesBehindTheNameSent(DifyServer):
    """When auto_generate is true and a name is sent along, the generated one is put behind it."""

    def generate_title(self, conversation: Conversation, ignored: str | None) -> str:
        title = super().generate_title(conversation, ignored)
        return title if ignored is None else f"{ignored}: {title}"


# -- errors


@mutant("dify.not-found-code")
class CallsNotFoundByAnotherCode(DifyServer):
    """A 404 has the code conversation_not_exists."""

    def no_such_conversation(self) -> Refusal:
        return Refusal(404, "conversation_not_exists", "Conversation Not Exists.")


@mutant("dify.error-404-shape", also=("not-found-code",))
class AnswersA404WithoutACode(DifyServer):
    """A 404 has no code."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        error = super().render_error(refusal)
        if refusal.status == 404:
            del error["code"]
        return error


@mutant("dify.error-404-shape")
class AnswersA404OfTheFramework(DifyServer):
    """An id of 300 characters is answered with the bare 404 of a framework, in plain text."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if len(conversation_id) > 255:
            raise Refusal(404, "framework", "Not Found")
        return super().find(conversation_id, user)

    def refuse(self, refusal: Refusal) -> Response:
        if refusal.code != "framework":
            return super().refuse(refusal)
        return Response(refusal.message, refusal.status, media_type="text/plain")


@mutant("dify.error-400-shape", also=("error-status-matches",))
class AnswersA400WithAStatusText(DifyServer):
    """The status in the body of a 400 is a text."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return super().render_error(refusal) | ({"status": "400"} if refusal.status == 400 else {})


@mutant("dify.error-400-shape", also=("not-chat-app",))
class AnswersA400AsAnArray(DifyServer):
    """The body of a 400 is an array of errors."""

    def render_error(self, refusal: Refusal) -> Any:
        error = super().render_error(refusal)
        return [error] if refusal.status == 400 else error


@mutant("dify.error-400-shape")
class ExplainsBadJsonInPlainText(DifyServer):
    """A body that is not JSON is answered with a 400 in plain text."""

    def unreadable(self, reason: str) -> Refusal:
        return Refusal(400, "plain", reason)

    def refuse(self, refusal: Refusal) -> Response:
        if refusal.code != "plain":
            return super().refuse(refusal)
        return Response(str(refusal), refusal.status, media_type="text/plain")


@mutant("dify.error-status-matches")
class SaysStatus400InA404(DifyServer):
    """The status in the body of a 404 is 400."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return super().render_error(refusal) | ({"status": 400} if refusal.status == 404 else {})


@mutant("dify.error-status-matches")
class SaysStatus200InA400(DifyServer):
    """The status in the body of a 400 is 200."""

    def render_error(self, refusal: Refusal) -> dict[str, Any]:
        return super().render_error(refusal) | ({"status": 200} if refusal.status == 400 else {})


@mutant("dify.not-chat-app")
class CallsAnotherModeUnauthorized(DifyServer):
    """The key of an app of another mode is answered with 401."""

    def not_chat_app(self) -> Refusal:
        return self.unauthorized()


@mutant("dify.not-chat-app")
class CallsAnotherModeByAnotherCode(DifyServer):
    """The key of an app of another mode is answered with 400 and the code app_unavailable."""

    def not_chat_app(self) -> Refusal:
        return Refusal(400, "app_unavailable", "App unavailable.")


@mutant("dify.not-chat-app")
class ServesAnotherMode(DifyServer):
    """The key of an app of another mode renames the chat app's conversations."""

    def check_mode(self, request: Request) -> None:
        pass


@mutant("dify.other-user-not-found")
class RenamesAnotherUsersConversation(DifyServer):
    """Any user may rename any conversation."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        found = self.conversations.get(conversation_id)
        return super().find(conversation_id, found.user if found else user)


@mutant("dify.other-user-not-found")
class ComparesUsersWithoutCase(DifyServer):
    """Two users whose names differ in the case of letters alone are one."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        found = self.conversations.get(conversation_id)
        same = found is not None and found.user.lower() == user.lower()
        return found if found is not None and same else super().find(conversation_id, user)


@mutant("dify.other-user-not-found")
class ComparesTheStartOfTheUser(DifyServer):
    """A user whose name begins with that of the conversation's user may rename it."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        found = self.conversations.get(conversation_id)
        return super().find(conversation_id, found.user if found and user.startswith(found.user) else user)


@mutant("dify.not-found-code")
class CallsNotFoundByAnotherCodeToGenerate(DifyServer):
    """A 404 has the code conversation_not_exists where a name was to be generated."""

    async def rename(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status == 404 and asks_to_generate(body):
                refusal.code = "conversation_not_exists"
            raise


# -- what later reviews found


@mutant("dify.other-app-not-found")
class FindsTheConversationsOfAnotherApp(DifyServer):
    """The key of any app renames the conversations of all."""

    other_user_key = OTHER_USER_KEY

    def check_app(self, request: Request, conversation: Conversation) -> None:
        pass


@mutant("dify.deleted-id-refused", also=("unknown-id-404",))
class RenamesWhatWasDeleted(DifyServer):
    """A conversation that was deleted is no longer listed, and can be renamed."""

    def __init__(self, key: str, other_mode_key: str) -> None:
        super().__init__(key, other_mode_key)
        self.gone: dict[str, Conversation] = {}

    async def delete(self, request: Request) -> Response:
        found = self.conversations.get(request.path_params["conversation_id"])
        answer = await super().delete(request)
        if found is not None:
            self.gone[found.id] = found
        return answer

    def find(self, conversation_id: str, user: str) -> Conversation:
        return self.gone.get(conversation_id) or super().find(conversation_id, user)


@mutant("dify.deleted-id-refused")
class RefusesAndRestoresWhatWasDeleted(RenamesWhatWasDeleted):
    """The rename of a conversation that was deleted is answered with 404, and brings it back."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if conversation_id in self.gone:
            self.conversations[conversation_id] = self.gone[conversation_id]
            raise self.no_such_conversation()
        return super().find(conversation_id, user)


@mutant("dify.deleted-id-refused", also=("unknown-id-404", "no-server-error"))
class CrashesOnWhatWasDeleted(RenamesWhatWasDeleted):
    """The rename of a conversation that was deleted is answered with 500."""

    def find(self, conversation_id: str, user: str) -> Conversation:
        if conversation_id in self.gone:
            raise RuntimeError
        return super().find(conversation_id, user)


@mutant("dify.unknown-id-creates-nothing", also=("deleted-id-refused",))
class CreatesOneUnderAnIdOfItsOwn(DifyServer):
    """An id that no conversation has is answered with 404, and a new conversation of another id has the name."""

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status == 404:
                asked = self.valid_renaming(await self.read_object(request))
                self.open(asked.user, "", {}, auto_generate_name=False).name = asked.name or ""
            raise

    async def read_body(self, request: Request) -> bytes:
        return await request.body()


@mutant("dify.credential-before-validation")
class LooksAtTheBodyBeforeTheKey(DifyServer):
    """The body is looked at before the key: a broken one is refused with 400 also without a key."""

    async def rename(self, request: Request) -> Response:
        self.require_object(self.decode(await request.body()))
        return await super().rename(request)

    async def read_body(self, request: Request) -> bytes:
        return await request.body()


@mutant("dify.credential-challenge")
class SaysNotWhichCredential(DifyServer):
    """A 401 has no WWW-Authenticate header."""

    def unauthorized(self) -> Refusal:
        return Refusal(401, "unauthorized", "The API key is missing or not valid.")


@mutant("dify.bearer-any-case")
class TakesBearerAsWritten(DifyServer):
    """The scheme is understood as Bearer and bearer, not as BEARER."""

    def authenticate(self, request: Request) -> None:
        if request.headers.get("authorization", "").startswith("BEARER"):
            raise self.unauthorized()
        super().authenticate(request)


@mutant("dify.updated-at-steady")
class LetsUpdatedAtGoBackALittle(DifyServer):
    """Each second rename is of a node whose clock is three seconds slow."""

    def touch(self, conversation: Conversation) -> None:
        now = self.timestamp()
        conversation.updated_at = now - 3 if conversation.updated_at >= now - 2 else now


@mutant("dify.session-untouched")
class TurnsTrueInTheInputsInto1(DifyServer):
    """A rename turns the booleans within the inputs into numbers."""

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        conversation.inputs = {
            key: int(value) if isinstance(value, bool) else value for key, value in conversation.inputs.items()
        }


@mutant("dify.session-untouched")
class TurnsNumbersInTheInputsIntoFractions(DifyServer):
    """A rename turns the whole numbers within the inputs into fractions."""

    def store(self, conversation: Conversation, name: str) -> None:
        super().store(conversation, name)
        conversation.inputs = {
            key: float(value) if type(value) is int else value for key, value in conversation.inputs.items()
        }


@mutant("dify.null-is-not-text")
class AnswersNilInBrackets(Showing):
    """A name that is null leaves the name as it is, and is answered as <nil>."""

    def check_name_or_auto_generate(self, name: str | None, auto_generate: bool) -> None:
        pass

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        _GENERATED.set(asked.name is None and not asked.auto_generate)
        return conversation.name if _GENERATED.get() else super().new_name(conversation, asked)

    def valid_name(self, body: dict[str, Any]) -> str | None:
        if "name" not in body and body.get("auto_generate") is not True:
            raise self.invalid("name is required unless auto_generate is true.")
        return super().valid_name(body)

    def shown(self, conversation: Conversation) -> dict[str, Any]:
        return self.render(conversation) | ({"name": "<nil>"} if _GENERATED.get() else {})


@mutant("dify.shown-at-once")
class ReadsFromAReplica(Lagging, DifyServer):
    """What is read comes from a replica, which has a new name 0.4 s later."""

    system = "dify"
