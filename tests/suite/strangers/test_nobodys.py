"""What is not the run's own is left as it was, also where neither listing nor answer shows what a rename has done."""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from circumstances import KEYS, Answered, answer, broken, correct
from harness import FEW_DRAWN, Judged, judge
from starlette.types import Message, Receive, Scope, Send

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.agno import Session as AgnoSession
from rename_tck.reference.dify import Conversation as DifyConversation
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import Conversation as OpenHandsConversation
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES

NAME = {"dify": "name", "agno": "session_name", "openhands": "title"}
LISTINGS = {"/v1/conversations", "/sessions", "/api/conversations"}


class Among:
    """A correct server with sessions of others: `before` and `after` each request something may happen beside it.

    Before it, something may answer in its place.
    """

    def __init__(self, system: str, ids: list[str]) -> None:
        self.app: Any = correct(system)
        self.system, self.base_path, self.requests = system, self.app.base_path, 0
        self.asked_for: list[tuple[str, str]] = []
        self.theirs = dict(self.open(one, f"Their session {number}") for number, one in enumerate(ids))

    @property
    def store(self) -> dict[Any, Any]:
        """All sessions."""
        found: dict[Any, Any] = self.app.sessions if self.system == "agno" else self.app.conversations
        return found

    def open(self, id_: str, name: str) -> tuple[Any, str]:
        """A session of somebody else, or one more of the run's user; its key and its name."""
        now = self.app.now()
        key: Any = ("agent", id_) if self.system == "agno" else id_
        made: Any
        if self.system == "agno":
            made = AgnoSession("agent", id_, name, "rename-tck", None, None, None, now, now)
        elif self.system == "dify":
            made = DifyConversation(id_, "rename-tck", name, {}, "", 1, 1, queries=["a question"])
        else:
            made = OpenHandsConversation(id_, next(self.app._serials), name, now, now, "user")
        self.store[key] = made
        return key, name

    def name_of(self, key: Any) -> str:
        """What a session is called."""
        return str(getattr(self.store[key], NAME[self.system]))

    def touched(self) -> list[Any]:
        """The sessions of others that are called otherwise than before."""
        return [key for key, name in self.theirs.items() if self.name_of(key) != name]

    def before(self, method: str, path: str) -> Answered | None:
        """What happens before a request."""

    def after(self, method: str, path: str, status: int, body: bytes) -> None:
        """What happens after it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        self.requests += 1
        self.asked_for.append((scope["method"], scope["path"]))
        method, path, sent, status = scope["method"], scope["path"], bytearray(), 0
        query = scope["query_string"].decode()
        in_its_place = self.before(method, path + "?" + query)
        if in_its_place is not None:
            await answer(send, *in_its_place)
            return

        async def noted() -> Message:
            event = await receive()
            sent.extend(event.get("body", b""))
            return event

        async def answered(event: Message) -> None:
            nonlocal status
            status = event.get("status", status)
            if event["type"] == "http.response.body" and not event.get("more_body"):
                self.after(method, path, status, bytes(sent))
            await send(event)

        await self.app(scope, noted, answered)


def judged(app: Among, folder: Path, select: str | None = None) -> Judged:
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, system=app.system, env=KEYS, select=select, record_only=True)


def renames(method: str, path: str) -> bool:
    return method == "PATCH" or (method == "POST" and path.endswith(("/name", "/rename")))


def name_in(body: bytes, system: str) -> str | None:
    try:
        found = json.loads(body).get(NAME[system])
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


# -- ids that some stores keep for themselves


class Unlisted(Among):
    """The sessions of others stand under ids that clients send by mistake, and no listing shows them."""

    def before(self, method: str, path: str) -> Answered | None:
        self.hidden = {}
        if method == "GET" and path.partition("?")[0] in LISTINGS:
            self.hidden = {key: self.store.pop(key) for key in self.theirs}
        return None

    def after(self, method: str, path: str, status: int, body: bytes) -> None:
        self.store.update(self.hidden)


MISTAKES = ["0", "-1", "null", "undefined", "00000000-0000-0000-0000-000000000000", "..", ".", "9" * 30]


@pytest.mark.parametrize("system", NAMES)
def test_a_session_under_an_id_that_is_sent_by_mistake_is_nobodys_fault(system: str, tmp_path: Path) -> None:
    server = Unlisted(system, MISTAKES)
    found = judged(server, tmp_path)
    assert (found.status, found.with_verdict("fail"), found.with_verdict("error")) == (0, set(), set()), found.output
    if system != "dify":  # a single one can be read there
        assert (server.touched(), found.run["leftovers"]) == ([], [])
        return
    (touched,) = server.touched()
    (left,) = found.run["leftovers"]
    assert left["id"] == touched
    assert "was taken to be that of no session, and its rename was answered with 200" in left["what"]
    assert server.name_of(touched) in left["what"]
    assert "what it was called before is not known" in left["what"]
    assert {"dify.odd-ids-safe", "dify.odd-ids-refused"} <= found.with_verdict("not tested")
    assert any("odd-ids-safe: 7 of its made-up ids were not sent" in note for note in found.run["notes"])
    assert "was taken to be that of no session" in " ".join(found.output.split())


# -- a refusal that has renamed another session


class RenamesTheOldest(Among):
    """A rename that is answered with 404 gives its name to the oldest session."""

    def after(self, method: str, path: str, status: int, body: bytes) -> None:
        name = name_in(body, self.system)
        if renames(method, path) and status == 404 and name is not None and self.store:
            setattr(next(iter(self.store.values())), NAME[self.system], name)


@pytest.mark.parametrize("system", NAMES)
def test_a_refusal_that_renames_a_session_of_others_is_red_and_put_back(system: str, tmp_path: Path) -> None:
    server = RenamesTheOldest(system, [str(uuid.uuid4()) for _ in range(3)])
    found = judged(server, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (1, {f"{system}.neighbours-untouched"}), found.output
    red = found.requirements[f"{system}.neighbours-untouched"]
    assert re.match(r"a rename that was refused with 4\d\d: the name of session ", red["case"])
    assert "given its old name" in red["after"]
    assert server.touched() == []
    untested = found.requirements[f"{system}.odd-ids-safe"]
    assert (untested["verdict"], untested["cause"]) == ("not tested", f"{system}.neighbours-untouched")
    assert set(map(str, server.store)) == set(map(str, server.theirs))  # what the run made is deleted


@pytest.mark.parametrize("system", NAMES)
def test_a_refusal_that_renames_a_session_of_the_runs_is_red(system: str, tmp_path: Path) -> None:
    found = judged(RenamesTheOldest(system, []), tmp_path)
    assert found.status == 1, found.output
    assert f"{system}.unknown-id-refused" in found.with_verdict("fail"), found.output
    assert found.requirements[f"{system}.sequence-consistent"]["cause"] == f"{system}.unknown-id-refused"


# -- a refusal that makes another session


class MakesAnother(Among):
    """A rename that is answered with 404 opens a session of some other name, under an id of its own."""

    def after(self, method: str, path: str, status: int, body: bytes) -> None:
        if renames(method, path) and status == 404:
            self.open(str(uuid.uuid4()), "Ghost")


@pytest.mark.parametrize("system", NAMES)
def test_sessions_that_come_with_renames_of_unknown_ids_are_red_and_named(system: str, tmp_path: Path) -> None:
    server = MakesAnother(system, [])
    found = judged(server, tmp_path)
    assert (found.status, found.with_verdict("fail")) == (1, {f"{system}.unknown-id-creates-nothing"}), found.output
    assert "each time" in found.requirements[f"{system}.unknown-id-creates-nothing"]["expected"]
    left = {key[1] if isinstance(key, tuple) else key for key in server.store}
    assert {one["id"] for one in found.run["leftovers"]} == left
    assert any("is left: it came with the rename" in one["what"] for one in found.run["leftovers"])


class BusyOthers(Among):
    """Others open a session at every few requests."""

    every = 2

    def after(self, method: str, path: str, status: int, body: bytes) -> None:
        if self.requests % self.every == 0:
            self.theirs |= [self.open(str(uuid.uuid4()), f"Their session {self.requests}")]


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("every", [1, 2, 3, 4, 5, 7])
def test_sessions_that_others_open_meanwhile_are_no_fault(system: str, every: int, tmp_path: Path) -> None:
    server = BusyOthers(system, [])
    server.every = every
    found = judged(server, tmp_path, "unknown-id-creates-nothing")
    assert (found.status, found.with_verdict("fail")) == (0, set()), found.output
    assert server.touched() == []


# -- ids that are compared loosely


class FilePatterns(DifyServer):
    """An asterisk at the end of an id stands for any characters; new ids come in a row of the test's choice."""

    def __init__(self, *keys: str) -> None:
        super().__init__(*keys)
        self.starts = itertools.chain("123456", itertools.repeat("f"))

    def open(self, *asked: Any, **more: Any) -> Any:
        made = super().open(*asked, **more)
        del self.conversations[made.id]
        made.id = next(self.starts) + "e7c" + made.id[4:]
        self.conversations[made.id] = made
        return made

    def find(self, conversation_id: str, user: str) -> Any:
        if conversation_id.endswith("*"):
            alike = (known for known in self.conversations if known.startswith(conversation_id[:-1]))
            conversation_id = next(alike, conversation_id)
        return super().find(conversation_id, user)


def test_whether_ids_near_a_session_are_tried_does_not_hang_on_its_random_id(tmp_path: Path) -> None:
    """Numbers with zeros before them are near to ids that begin with a digit: one that does not is made for it."""
    server = Among("dify", [])
    server.app = FilePatterns(*KEYS.values())
    server.theirs = dict(server.open(f"{number:032x}", f"Their session {number}") for number in range(1, 10))
    found = judged(server, tmp_path, "unknown-id-refused")
    assert found.with_verdict("fail") == {"dify.unknown-id-refused"}, found.output
    assert "asterisk" in found.requirements["dify.unknown-id-refused"]["case"]
    assert server.touched() == []


class CutsTheFirst(AgnoServer):
    """The first letter of an id does not count where no session has the id."""

    def lookup(self, session_id: str, scope: Any) -> Any:
        exact = super().lookup(session_id, scope)
        alike = next((known for _, known in self.sessions if known[1:] == session_id[1:]), session_id)
        return exact or super().lookup(alike, scope)


def test_a_reading_that_answers_with_a_session_of_others_leaves_the_requirement_untested(tmp_path: Path) -> None:
    server = Among("agno", [])
    server.app = CutsTheFirst(KEYS["RENAME_TCK_API_KEY"])
    server.theirs = dict([server.open("xndefined", "Their session")])
    found = judged(server, tmp_path, "odd-ids-safe")
    untested = found.requirements["agno.odd-ids-safe"]
    assert (untested["verdict"], server.touched()) == ("not tested", []), found.output
    assert "asked for the id undefined, the target shows the session xndefined of others" in untested["reason"]


# -- creating where a fresh id shows somebody's session


class TakesTheFirst(AgnoServer):
    """An id that no session has means the first one, and a creation under it overwrites that."""

    def lookup(self, session_id: str, scope: Any) -> Any:
        own = super().lookup(session_id, scope)
        return own or next((one for one in self.sessions.values() if one.type == scope.type), None)


def test_where_a_fresh_id_shows_somebodys_session_the_target_chooses_the_id_of_a_new_one(tmp_path: Path) -> None:
    server = Among("agno", [])
    server.app = TakesTheFirst(KEYS["RENAME_TCK_API_KEY"])
    server.theirs = dict([server.open("theirs", "Their session")])
    found = judged(server, tmp_path, "name-stored or rename-again")
    assert server.touched() == []
    assert any(method == "POST" and path == "/sessions" for method, path in server.asked_for), "it has made one"
    assert "agno.rename-again" in found.with_verdict("pass"), found.output


# -- listings that cannot be read to their end


class BrokenPages(Among):
    """A page of the listing behind the first is answered with 500: `fails` says at which of the requests for one."""

    asked = 0

    def __init__(self, fails: Callable[[int], bool]) -> None:
        super().__init__("dify", [str(uuid.uuid4()) for _ in range(120)])
        self.fails = fails

    def before(self, method: str, path: str) -> Answered | None:
        of_listing, _, query = path.partition("?")
        if method == "GET" and of_listing in LISTINGS and ("last_id=" in query or "page_id=" in query):
            self.asked += 1
            return broken(500) if self.fails(self.asked) else None
        return None


UNTOLD = {"dify.unknown-id-creates-nothing", "dify.deleted-id-refused"}


def test_what_needs_pages_that_never_come_is_not_tested(tmp_path: Path) -> None:
    found = judged(BrokenPages(lambda _: True), tmp_path)
    assert (found.status, found.with_verdict("error"), found.with_verdict("fail")) == (0, set(), set()), found.output
    assert found.with_verdict("not tested") >= UNTOLD
    for name in UNTOLD:
        reason = found.requirements[name]["reason"]
        assert "page 2 of the listing could be read at no time so far (500 " in reason
        assert "not on the pages before" in reason
    assert "dify.name-stored" in found.with_verdict("pass")


def test_a_page_that_fails_once_keeps_nothing_from_being_tested(tmp_path: Path) -> None:
    found = judged(BrokenPages(lambda asked: asked == 1), tmp_path)
    assert (found.status, found.with_verdict("error"), found.with_verdict("fail")) == (0, set(), set()), found.output
    assert found.with_verdict("pass") >= UNTOLD


def test_a_page_that_could_be_read_and_no_longer_can_is_no_gap_of_the_target(tmp_path: Path) -> None:
    found = judged(BrokenPages(lambda asked: asked > 5), tmp_path, "unknown-id-creates-nothing or deleted-id-refused")
    assert found.status != 0, found.output


def test_a_listing_that_is_too_long_leaves_untested_what_needs_all_of_it(tmp_path: Path) -> None:
    server = Among("dify", [str(uuid.uuid4()) for _ in range(3100)])
    found = judged(server, tmp_path, "unknown-id-creates-nothing or deleted-id-refused or name-stored")
    assert (found.with_verdict("error"), found.with_verdict("fail")) == (set(), set()), found.output
    assert found.with_verdict("not tested") >= UNTOLD
    assert "longer than 30 pages" in found.requirements["dify.deleted-id-refused"]["reason"]
    assert "dify.name-stored" in found.with_verdict("pass")
