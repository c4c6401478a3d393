"""One fault of a server is one red, of the requirement that it breaks, however many laws meet with it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, Judged, judge, slow_but

from circumstances import BASE_NAMES, KEYS, answer, broken, correct
from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES

Renaming = Callable[[Any, Any], Awaitable[tuple[int, dict[str, str], bytes] | None]]


class Renamed:
    """A rename that is under way: what was asked for, and the server that does it."""

    def __init__(self, server: Faulty, scope: Any, body: bytes, send: Any) -> None:
        self.server, self.scope, self.body, self.send = server, scope, body, send
        #: What was sent for it; None until it was done.
        self.answer: list[Any] | None = None
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        self.name = content.get(server.member) if isinstance(content, dict) else None
        parts = scope["path"].strip("/").split("/")
        self.session = next((one for key, one in server.sessions().items() if key in parts), None)

    async def done(self) -> int:
        """Have the server do it; the status of its answer."""
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def keep(message: Any) -> None:
            sent.append(message)

        await self.server.app(self.scope, receive, keep)
        self.answer = sent
        return int(sent[0]["status"])


class Faulty:
    """A correct server whose renames go through `habit`: it returns an answer of its own, or None for the server's."""

    def __init__(self, system: str, habit: Renaming) -> None:
        self.app = correct(system)
        self.base_path = self.app.base_path
        self.member, self._store = BASE_NAMES[system]
        self.requests = self.count = 0
        self.kept: set[Any] = set()
        self._habit = habit

    def sessions(self) -> dict[str, Any]:
        """The server's sessions by id."""
        return {key if isinstance(key, str) else key[1]: one for key, one in getattr(self.app, self._store).items()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request (ASGI)."""
        self.requests += 1
        creates = scope["path"].rstrip("/").rpartition("/")[2] in {"chat-messages", "sessions", "conversations"}
        if scope["method"] not in {"POST", "PATCH"} or creates:
            await self.app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        rename = Renamed(self, scope, body, send)
        found = await self._habit(self, rename)
        if found is not None:
            await answer(send, *found)
        elif rename.answer is None:
            await rename.done()
        if found is None:
            for message in rename.answer or []:
                await send(message)


async def _lost(server: Faulty, rename: Renamed, every: int, keep: int = 0) -> None:
    old = getattr(rename.session, server.member, None)
    if await rename.done() == 200 and rename.session is not None and isinstance(rename.name, str):
        server.count += 1
        if server.count % every == 0:
            setattr(rename.session, server.member, rename.name[:-1] if keep else old)


async def every_seventh_is_lost(server: Faulty, rename: Renamed) -> None:
    await _lost(server, rename, 7)


async def every_fifteenth_is_cut(server: Faulty, rename: Renamed) -> None:
    await _lost(server, rename, 15, keep=1)


async def every_seventh_is_500(server: Faulty, rename: Renamed) -> Any:
    server.count += 1
    return broken() if server.count % 7 == 0 else None


async def one_is_503(server: Faulty, rename: Renamed) -> Any:
    server.count += 1
    return broken(503) if server.count == 20 else None


async def every_seventh_is_404(server: Faulty, rename: Renamed) -> Any:
    if rename.session is None:
        return None
    server.count += 1
    answered = {"status": 404, "code": "not_found", "message": "not found", "detail": "not found"}
    body = json.dumps(answered).encode()
    return (404, {"content-type": "application/json"}, body) if server.count % 7 == 0 else None


def _rename_neighbour(server: Faulty, rename: Renamed, name: Any) -> None:
    for one in list(server.sessions().values())[::-1]:
        if one is not rename.session and isinstance(name, str):
            setattr(one, server.member, name)
            return


async def each_renames_a_neighbour(server: Faulty, rename: Renamed) -> None:
    if await rename.done() == 200:
        _rename_neighbour(server, rename, rename.name)


async def a_refusal_renames_a_neighbour(server: Faulty, rename: Renamed) -> None:
    if 400 <= await rename.done() < 500 and rename.session is not None:
        _rename_neighbour(server, rename, "Untitled")


async def an_emoji_jams_its_session(server: Faulty, rename: Renamed) -> Any:
    if id(rename.session) in server.kept:
        return broken()
    if await rename.done() == 200 and any(ord(char) > 0xFFFF for char in rename.name or ""):
        server.kept.add(id(rename.session))
    return None


async def markup_is_not_answered(server: Faulty, rename: Renamed) -> Any:
    if isinstance(rename.name, str) and "<" in rename.name:
        rename.send.__self__.transport.abort()
        rename.answer = []
    return None


async def a_refusal_is_done(server: Faulty, rename: Renamed) -> None:
    name = rename.name
    if (
        400 <= await rename.done() < 500
        and rename.session is not None
        and isinstance(name, str)
        and 0 < len(name) < 200
        and name.encode(errors="ignore").decode() == name  # of unpaired surrogates no reading could be answered
    ):
        setattr(rename.session, server.member, name)


async def a_charset_jams_its_session(server: Faulty, rename: Renamed) -> Any:
    """What only the requirement that looks back on every 5xx sends."""
    if id(rename.session) in server.kept:
        return broken()
    content_type = dict(rename.scope["headers"]).get(b"content-type", b"")
    if b"no-such" not in content_type or rename.session is None:
        return None
    server.kept.add(id(rename.session))
    refusal = {"status": 415, "code": "charset", "message": "no", "detail": "no"}
    return (415, {"content-type": "application/json"}, json.dumps(refusal).encode())


async def an_emoji_keeps_its_session_busy(server: Faulty, rename: Renamed) -> Any:
    """For forty requests, and then no more."""
    if (id(rename.session), server.requests // 40) in server.kept:
        refusal = {"status": 409, "code": "busy", "message": "no", "detail": "no"}
        return (409, {"content-type": "application/json"}, json.dumps(refusal).encode())
    if await rename.done() == 200 and any(ord(char) > 0xFFFF for char in rename.name or ""):
        now = server.requests // 40
        server.kept |= {(id(rename.session), now), (id(rename.session), now + 1)}
    return None


async def every_37th_says_no(server: Faulty, rename: Renamed) -> Any:
    """And does nothing: `false` of a rename to a plain name."""
    name = str(rename.name)
    if rename.session is None or not (name.startswith("Renamed") and name.isascii()):
        return None
    server.count += 1
    return (200, {"content-type": "application/json"}, b"false") if server.count % 37 == 0 else None


async def what_is_no_json_breaks_readings(server: Faulty, rename: Renamed) -> None:
    if await rename.done() in {400, 422} and rename.session is not None:
        try:
            json.loads(rename.body)
        except (ValueError, RecursionError):
            server.kept.add("no reading")


class Unreadable(Faulty):
    """A server whose readings are a 500 each once something is kept."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "GET" and self.kept:
            await answer(send, *broken())
        else:
            await super().__call__(scope, receive, send)


def judged(app: Any, system: str, folder: Path, **more: Any) -> Judged:
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, system=system, env=KEYS, record_only=True, **more)


JAMMED = {"rename-again", "no-server-error"}

#: What each does wrong, and the requirements of level MUST that are red.
FAULTS: dict[str, tuple[Renaming, set[str]]] = {
    "lost": (every_seventh_is_lost, {"name-stored"}),
    "cut": (every_fifteenth_is_cut, {"name-stored"}),
    "500": (every_seventh_is_500, {"no-server-error"}),
    "503": (one_is_503, {"no-server-error"}),
    "404": (every_seventh_is_404, {"rename-accepted"}),
    "neighbour": (each_renames_a_neighbour, {"neighbours-untouched"}),
    "neighbour of a refused one": (a_refusal_renames_a_neighbour, {"neighbours-untouched"}),
    "jam": (an_emoji_jams_its_session, JAMMED),
    "jam by what looks back": (a_charset_jams_its_session, {"no-server-error"}),
    "busy for a while": (an_emoji_keeps_its_session_busy, {"rename-again"}),
    "no answer": (markup_is_not_answered, {"no-server-error"}),
}


@pytest.mark.parametrize(
    ("system", "fault"),
    slow_but(
        ("openhands", "cut"), ("dify", "lost"), ("agno", "500"), ("openhands", "503"), ("dify", "404"),
        ("agno", "neighbour"), ("openhands", "neighbour of a refused one"), ("openhands", "jam"), ("dify", "no answer"),
        ("openhands", "jam by what looks back"), ("dify", "busy for a while"),
        of=[(system, fault) for system in NAMES for fault in FAULTS],
    ),
)  # fmt: skip
def test_a_fault_is_the_red_of_what_it_breaks(system: str, fault: str, tmp_path: Path) -> None:
    habit, reds = FAULTS[fault]
    app = Faulty(system, habit)
    found = judged(app, system, tmp_path)
    failed = {name.partition(".")[2] for name in found.with_verdict("fail")}
    said = {name: found.requirements[f"{system}.{name}"]["case"] for name in failed}
    must = {name for name in failed if found.requirements[f"{system}.{name}"]["level"] == "MUST"}
    assert (found.status, must, found.with_verdict("error")) == (1, reds, set()), said or found.run["reason"]
    causes = {found.requirements[name]["cause"] for name in found.with_verdict("not tested")} - {None}
    assert causes <= {f"{system}.{name}" for name in reds}
    assert app.requests < 3500  # also where a law was tried again as a whole


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
def test_a_refusal_that_is_done_is_one_red_beside_those_of_credentials(system: str, tmp_path: Path) -> None:
    found = judged(Faulty(system, a_refusal_is_done), system, tmp_path)
    must = {name for name in found.with_verdict("fail") if found.requirements[name]["level"] == "MUST"}
    security = {"credential-missing", "credential-wrong", "user-scope-other"}
    assert f"{system}.refusal-changes-nothing" in must
    assert must <= {f"{system}.{name}" for name in {"refusal-changes-nothing", *security}}


def test_what_says_no_now_and_then_is_red(tmp_path: Path) -> None:
    found = judged(Faulty("openhands", every_37th_says_no), "openhands", tmp_path)
    assert "openhands.answer-true" in found.with_verdict("fail"), found.output


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
def test_a_request_that_breaks_readings_is_red(system: str, tmp_path: Path) -> None:
    found = judged(Unreadable(system, what_is_no_json_breaks_readings), system, tmp_path)
    red = found.with_verdict("fail")
    assert found.status == 1, found.run["reason"]
    causes = {found.requirements[name]["cause"] for name in found.with_verdict("not tested")} - {None}
    assert causes <= red


@pytest.mark.parametrize("system", slow_but("openhands", of=NAMES))
def test_how_often_it_was_seen_is_said(system: str, tmp_path: Path) -> None:
    found = judged(Faulty(system, every_seventh_is_500), system, tmp_path)
    red = found.requirements[f"{system}.no-server-error"]
    told = [red["case"], *(other["case"] for other in red["failing"]["others"])]
    assert any("a rename like others that are accepted, of which" in case and "failed so" in case for case in told), (
        told
    )


async def busy_is_500(server: Faulty, rename: Renamed) -> Any:
    import asyncio

    if server.kept:
        return broken()
    server.kept.add("busy")
    await asyncio.sleep(0.01)
    server.kept.clear()
    return None


async def mixes_what_is_in_flight(server: Faulty, rename: Renamed) -> None:
    import asyncio

    server.kept = {rename.name} if isinstance(rename.name, str) else set()
    await asyncio.sleep(0.01)
    if isinstance(rename.name, str) and server.kept and rename.name not in server.kept:
        rename.body = rename.body.replace(json.dumps(rename.name)[1:-1].encode(), next(iter(server.kept)).encode())


@pytest.mark.parametrize("system", slow_but("agno", of=NAMES))
@pytest.mark.parametrize("habit", [busy_is_500, mixes_what_is_in_flight])
def test_what_only_renames_at_once_bring_about_is_theirs(system: str, habit: Renaming, tmp_path: Path) -> None:
    found = judged(Faulty(system, habit), system, tmp_path)
    failed = found.with_verdict("fail")
    assert f"{system}.concurrent-two-sessions" in failed, found.output
    assert not failed & {f"{system}.{name}" for name in ("name-stored", "neighbours-untouched", "rename-accepted")}
