"""A server that does nothing never passes: not one that answers all alike, nor one that repeats what it hears."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, Judged, judge
from strangers import USER
from strangers.agno_core import AgnoApp
from strangers.dify_core import DifyApp
from strangers.habits import Habits
from strangers.openhands_core import OpenHandsApp

from hostile.behaviours import JSON
from hostile.server import Trap, Turn

SYSTEMS = ("dify", "agno", "openhands")

#: The same to everyone.
ALIKE: dict[str, tuple[int, bytes]] = {
    **{
        f"{status}": (status, b'{"detail":"no","status":%d,"code":"no","message":"no"}' % status)
        for status in (400, 404, 500, 501)
    },
    "401": (401, b'{"detail":"no key","error_code":"UNAUTHENTICATED"}'),
    "403": (403, b'{"detail":"forbidden"}'),
    "404 as a page": (404, b"<html><h1>Not found</h1></html>"),
    "422": (422, b'{"detail":[{"loc":["body"],"msg":"no","type":"no"}]}'),
    "503 with no body": (503, b""),
    "200 {}": (200, b"{}"),
    "200 []": (200, b"[]"),
    "200 true": (200, b"true"),
    "200 false": (200, b"false"),
    "200 null": (200, b"null"),
    "200 with no body": (200, b""),
    "204": (204, b""),
    "202": (202, b"{}"),
    "302": (302, b""),
}


def app(system: str) -> tuple[DifyApp | AgnoApp | OpenHandsApp, str]:
    """A correct server, and a session of it."""
    if system == "dify":
        dify = DifyApp(Habits())
        return dify, dify.stock(USER, 1)[0]
    if system == "agno":
        agno = AgnoApp(Habits())
        return agno, agno.stock(USER, 1, ("agent",))[0]
    openhands = OpenHandsApp(Habits())
    return openhands, openhands.stock(1)[0]


def run(system: str, behave: Callable[[Turn], object], report_dir: Path, *, whole: bool, lent: bool) -> Judged:
    """The suite's word on a server that is lazy on every route, or on the rename alone."""
    correct, session = app(system)
    with Trap(correct, behave, whole=whole).serve() as url:
        options = [f"--session-id={session}"] if lent else []
        return judge(
            url, report_dir, FEW_DRAWN, *options, system=system, env={"RENAME_TCK_API_KEY": KEY}, record_only=True
        )


def never_passes(found: Judged) -> None:
    """A verdict other than `conforms`, and one clear sentence."""
    assert found.status in {1, 3}, found.output[-1500:]
    verdicts = {1: {"does not conform"}, 3: {"could not judge", "incomplete"}}
    assert found.run["verdict"] in verdicts[found.status]
    assert not re.search(r"Traceback|INTERNALERROR|the suite itself failed", found.output)
    last = [line for line in found.output.splitlines() if line.startswith("rename-tck: ")]
    assert len(last) == 1
    if found.status == 3:
        reason = found.run["reason"]
        assert reason
        assert len(reason) < 400
        assert "\n" not in reason


def alike(status: int, body: bytes) -> Callable[[Turn], bool]:
    """The same answer to everything."""

    def behave(turn: Turn) -> bool:
        turn.answer(status, [JSON, ("Location", "/")], body)
        return True

    return behave


#: Every answer on every route of every system, with a session lent and without; on the rename alone, these in turn.
#: All but one on every route and one on the rename alone, of one system in turn, are slow.
CASES = [
    pytest.param(
        name,
        system,
        whole,
        lent,
        id=f"{name}-{system}-{'every-route' if whole else 'rename-only'}{'-lent' * lent}",
        marks=() if (row + column) % 3 == 0 and (not whole or row % 2 == lent) else pytest.mark.slow,
    )
    for row, name in enumerate(ALIKE)
    for column, system in enumerate(SYSTEMS)
    for whole in (True, False)
    for lent in (True, False)
    if whole or (row + column) % 2 == lent
]


@pytest.mark.parametrize(("name", "system", "whole", "lent"), CASES)
def test_one_answer_to_everything_never_passes(name: str, system: str, whole: bool, lent: bool, tmp_path: Path) -> None:
    found = run(system, alike(*ALIKE[name]), tmp_path, whole=whole, lent=lent)
    never_passes(found)
    if ALIKE[name][0] != 200:
        # nothing was ever renamed: only what is said of refusals can have been seen
        assert {id_ for id_ in found.with_verdict("pass") if "error" not in id_} == set()


# -- echoes

#: Everything that an answer may be read for.
MEMBERS = {
    "dify": ("id", "name"),
    "agno": ("session_id", "session_name", "agent_session_id"),
    "openhands": (),
}


def _answer_to(system: str, turn: Turn) -> Any:
    """What a server that stores nothing says: the very name and id that were sent."""
    if system == "openhands":
        return True
    try:
        body = turn.asked.json()
    except ValueError:
        body = {}
    sent = body if isinstance(body, dict) else {}
    parts = turn.asked.parts
    id_ = parts[-2] if len(parts) > 1 else ""
    name = sent.get("name", sent.get("session_name", ""))
    return {member: name if member.endswith("name") else id_ for member in MEMBERS[system]}


def echo(system: str) -> Callable[[Turn], bool]:
    """Accepts everything, repeats it, stores nothing."""

    def behave(turn: Turn) -> bool:
        turn.answer(200, [JSON], json.dumps(_answer_to(system, turn)).encode())
        return True

    return behave


def careful_echo() -> Callable[[Turn], bool]:
    """Refuses what a right server refuses, and repeats the rest; each rename is undone before it is answered."""

    def behave(turn: Turn) -> bool:
        status, headers, body = turn.right()
        if status == 200:
            _undo(turn)
        turn.answer(status, headers, body)
        return True

    return behave


def _undo(turn: Turn) -> None:
    """Give the session a name that no one asked for."""
    body = turn.asked.json()
    member = next(member for member in ("session_name", "title", "name", "auto_generate") if member in body)
    names_changed_by_refusals = {**body, member: "Old name"}
    turn.sends_instead(json.dumps(names_changed_by_refusals).encode())


@pytest.mark.parametrize("lent", [True, False], ids=["lent", "none-lent"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_an_echo_never_passes(system: str, lent: bool, tmp_path: Path) -> None:
    """With a read endpoint that shows the old name."""
    found = run(system, echo(system), tmp_path, whole=False, lent=lent)
    never_passes(found)
    assert found.status == 1
    assert found.requirements[f"{system}.name-stored"]["verdict"] == "fail"


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_echo_without_anything_to_read_never_passes(system: str, tmp_path: Path) -> None:
    found = run(system, echo(system), tmp_path, whole=True, lent=True)
    never_passes(found)


@pytest.mark.parametrize("lent", [True, False], ids=["lent", "none-lent"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_careful_echo_is_seen_through(system: str, lent: bool, tmp_path: Path) -> None:
    """All is as it should be, but for what is stored."""
    found = run(system, careful_echo(), tmp_path, whole=False, lent=lent)
    never_passes(found)
    assert found.status == 1
    assert found.requirements[f"{system}.name-stored"]["verdict"] == "fail"
    assert found.requirements[f"{system}.rename-accepted"]["verdict"] == "pass"
