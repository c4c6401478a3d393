"""What Dify's documents and HTTP leave open is held against no server: each of these is correct in its own way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, OTHER_MODE_KEY, judge
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from rename_tck.reference.dify import Conversation, DifyServer, Renaming
from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve

KEYS = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


class PageForNotFound(DifyServer):
    """What does not exist is answered with 404 and a page: en and zh-Hans document no 404."""

    def refuse(self, refusal: Refusal) -> Response:
        return HTMLResponse("<h1>Not Found</h1>", 404) if refusal.status == 404 else super().refuse(refusal)


class BehindAGateway(DifyServer):
    """A gateway resolves dots and slashes in a path, and answers what then leads nowhere with a page of its own."""

    status = 502

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (".." in scope["path"] or "/./" in scope["path"] or "/slash" in scope["path"]):
            await HTMLResponse("<html><h1>No such host</h1></html>", self.status)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class ADirectoryBehindTheGateway(BehindAGateway):
    """The gateway resolves dots and slashes in a path, and finds a page there."""

    status = 200


class RefusesTheSecondTimeInAnotherWay(DifyServer):
    """Who asks again for what is not there is told so with 410."""

    def __init__(self, key: str, other_mode_key: str) -> None:
        super().__init__(key, other_mode_key)
        self.missed: set[str] = set()

    def find(self, conversation_id: str, user: str) -> Conversation:
        try:
            return super().find(conversation_id, user)
        except Refusal:
            if conversation_id in self.missed:
                raise Refusal(410, "gone", "Conversation Not Exists.") from None
            self.missed.add(conversation_id)
            raise


class LocksWhileItRenames(DifyServer):
    """Of renames of one conversation at once all but one are refused, with 409 and 423 in turn."""

    def __init__(self, key: str, other_mode_key: str) -> None:
        super().__init__(key, other_mode_key)
        self.busy: set[str] = set()
        self.refused = count()

    async def apply(self, conversation: Conversation, name: str) -> None:
        if conversation.id in self.busy:
            raise Refusal((409, 423)[next(self.refused) % 2], "conflict", "The conversation is being renamed.")
        self.busy.add(conversation.id)
        try:
            await asyncio.sleep(0.005)
            await super().apply(conversation, name)
        finally:
            self.busy.discard(conversation.id)


class AnswersWhatIsStoredThen(DifyServer):
    """The answer shows what is stored when it is written, which a rename at once may have changed."""

    async def apply(self, conversation: Conversation, name: str) -> None:
        await super().apply(conversation, name)
        await asyncio.sleep(0.005)


class HidesFromWrongKeys(DifyServer):
    """A missing or wrong key finds nothing."""

    def unauthorized(self) -> Refusal:
        return Refusal(404, "not_found", "There is nothing here.")


class CallsAKeyMalformed(DifyServer):
    """A header that is not of the form of the scheme is a bad request (RFC 6750, section 3.1)."""

    def authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization", "Bearer x")
        if not given.lower().startswith("bearer ") or not given.split(" ", 1)[1].strip():
            raise Refusal(400, "invalid_request", "The Authorization header is malformed.")
        super().authenticate(request)


class SeveralNodes(DifyServer):
    """Every other rename is made by a node whose clock is four seconds slow."""

    def touch(self, conversation: Conversation) -> None:
        now = self.timestamp()
        conversation.updated_at = now - 4 if conversation.updated_at >= now - 2 else now


class ModelDown(DifyServer):
    """The model that makes titles is down: the old name stays, and is answered."""

    def generate_title(self, conversation: Conversation, ignored: str | None) -> str:
        return conversation.name


class IgnoresTheNameUnseen(DifyServer):
    """Beside auto_generate true, the name is not even looked at."""

    def valid_name(self, body: dict[str, Any]) -> str | None:
        return None if body.get("auto_generate") is True else super().valid_name(body)


class NotFoundForUnreasonableNames(DifyServer):
    """A name with control characters is refused with 404, by a filter in front."""

    def check_name(self, name: str) -> None:
        try:
            super().check_name(name)
        except Refusal as refusal:
            raise Refusal(404, "not_found", refusal.message) from None


class NameIsOptional(DifyServer):
    """A request with neither a name nor auto_generate leaves the name: zh-Hans and en do not forbid it."""

    def check_name_or_auto_generate(self, name: str | None, auto_generate: bool) -> None:
        pass

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        return conversation.name if asked.name is None and not asked.auto_generate else super().new_name(
            conversation, asked
        )  # fmt: skip


#: Each with what is judged and by which editions: no MUST is broken, and of the SHOULDs these.
ALLOWED: list[tuple[Callable[[str, str], DifyServer], str, str, set[str]]] = [
    (PageForNotFound, "en", "odd-ids or unknown-id or deleted or error", {"odd-ids-refused", "error-404-shape"}),
    (PageForNotFound, "zh-Hans", "odd-ids or unknown-id", {"odd-ids-refused"}),
    (BehindAGateway, "ja", "odd-ids or no-server-error or shape or answer", set()),
    (ADirectoryBehindTheGateway, "ja", "odd-ids or no-server-error or shape or answer", set()),
    (RefusesTheSecondTimeInAnotherWay, "en", "unknown-id-creates", set()),
    (LocksWhileItRenames, "", "concurrent", set()),
    (AnswersWhatIsStoredThen, "", "concurrent", set()),
    (HidesFromWrongKeys, "", "credential or refusal-changes", set()),
    (CallsAKeyMalformed, "", "credential", set()),
    (SeveralNodes, "", "updated-at or answer", {"updated-at-steady"}),
    (ModelDown, "en", "auto-generate", {"auto-generate-gives-name"}),
    (IgnoresTheNameUnseen, "ja", "name or auto or invalid", set()),
    (NotFoundForUnreasonableNames, "en", "never-altered or valid-space", set()),
    (NameIsOptional, "zh-Hans", "name-or-auto or name-stored", {"name-or-auto-generate"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("server", "edition", "select", "breaks"),
    [pytest.param(*row, id=f"{row[0].__name__}-{row[1] or 'all'}") for row in ALLOWED],
)
def test_what_is_left_open_breaks_nothing(
    server: Callable[[str, str], DifyServer], edition: str, select: str, breaks: set[str], tmp_path: Path
) -> None:
    options = [f"--edition={edition}"] if edition else []
    with serve(server(KEY, OTHER_MODE_KEY)) as url:
        judged = judge(
            url, tmp_path, FEW_DRAWN, *options, system="dify", env=KEYS, select=select, record_only=True
        )  # fmt: skip
    failed = {
        name: (found["level"], found["case"], found["expected"])
        for name, found in judged.requirements.items()
        if found["verdict"] in {"fail", "error"}
    }
    assert {name.removeprefix("dify.") for name in failed} == breaks, json.dumps(failed, ensure_ascii=False, indent=1)
    assert all(level == "SHOULD" for level, *_ in failed.values())
    assert judged.run["verdict"] not in {"does not conform", "could not judge"}, judged.output


def test_without_a_model_the_name_is_not_said_to_be_given(tmp_path: Path) -> None:
    """Its name was ignored, and nothing was to be stored: only that no name is given is held against it."""
    with serve(ModelDown(KEY, OTHER_MODE_KEY)) as url:
        judged = judge(url, tmp_path, system="dify", env=KEYS, select="auto-generate", record_only=True)
    assert judged.with_verdict("fail") == {"dify.auto-generate-gives-name"}
    assert judged.requirements["dify.auto-generate-ignores-name"]["verdict"] == "pass"
    stored = judged.requirements["dify.auto-generate-stored"]
    assert stored["verdict"] == "not tested"
    assert "no name was generated" in stored["reason"]


class Lending(DifyServer):
    """A conversation that was opened without a message cannot be given a title."""

    def __init__(self, key: str, other_mode_key: str, *, shows: bool) -> None:
        self.shows = shows
        super().__init__(key, other_mode_key)
        self.empty = self.open("rename-tck", "", {}, auto_generate_name=False)
        self.empty.queries.clear()

    def routes(self) -> Any:
        return {**super().routes(), **({"/messages": {"GET": self.messages}} if self.shows else {})}

    async def messages(self, request: Request) -> Response:
        """The messages of a conversation."""
        queries = self.find(request.query_params["conversation_id"], request.query_params["user"]).queries
        return self.respond(200, {"limit": 1, "has_more": False, "data": [{"query": query} for query in queries]})

    def generate_title(self, conversation: Conversation, ignored: str | None) -> str:
        if not conversation.queries:
            raise Refusal(400, "message_not_exists", "There is no message.")
        return super().generate_title(conversation, ignored)


@pytest.mark.parametrize(
    ("shows", "words"), [(True, "has no message to make a name of"), (False, "cannot be seen whether it has a message")]
)
def test_a_conversation_without_a_message_is_given_no_name(shows: bool, words: str, tmp_path: Path) -> None:
    served = Lending(KEY, OTHER_MODE_KEY, shows=shows)
    routes = served.routes()
    assert ("/messages" in routes) is shows
    with serve(served) as url:
        judged = judge(
            url, tmp_path, f"--session-id={served.empty.id}", system="dify", env=KEYS, select="auto-generate-accepted",
            record_only=True,
        )  # fmt: skip
    found = judged.requirements["dify.auto-generate-accepted"]
    assert found["verdict"] == "not tested", judged.output
    assert words in found["reason"]
