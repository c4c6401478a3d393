"""Parts of a run in flight together: the verdicts are those of one request after the other."""

from __future__ import annotations

import asyncio
import html
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, OTHER_MODE_KEY, Judged, judge
from mutants import every
from mutants.everywhere import BASES

from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES

ENV = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


def _made(kind: Any, system: str) -> Any:
    return kind(KEY, OTHER_MODE_KEY) if system == "dify" else kind(KEY)


class Watched:
    """Answers after a moment, and knows how many requests were under way at most, and the most of one session."""

    def __init__(self, app: Any, seconds: float = 0.0) -> None:
        self.app, self.seconds = app, seconds
        self.base_path: str = getattr(app, "base_path", "")
        self.under_way: list[str] = []
        self.most = 0
        self.order: dict[str, list[bytes]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Note the request, wait, and hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.under_way.append(scope["path"])
        self.most = max(self.most, len(self.under_way))
        try:
            await asyncio.sleep(self.seconds)
            await self.app(scope, receive, send)
        finally:
            self.under_way.remove(scope["path"])


def _judged(app: Any, system: str, folder: Path, *options: str) -> Judged:
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, *options, system=system, env=ENV, record_only=True)


#: Laws that are about requests at once, and send up to twenty of them.
_OTHERS = "not concurrent"


@pytest.mark.parametrize("system", NAMES)
def test_what_is_in_flight_together_is_judged_as_one_after_the_other(system: str, tmp_path: Path) -> None:
    alone = _judged(_made(BASES[system], system), system, tmp_path / "1", "--concurrency=1")
    watched = Watched(_made(BASES[system], system), 0.002)
    together = _judged(watched, system, tmp_path / "8", "--concurrency=8", "-k", _OTHERS)
    assert alone.status == together.status == 0, together.output
    verdicts = {name: one["verdict"] for name, one in alone.requirements.items() if "concurrent" not in name}
    assert {name: together.requirements[name]["verdict"] for name in verdicts} == verdicts
    assert 4 < watched.most <= 8
    assert not any("in flight" in note for note in together.run["notes"])


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_are_in_flight_than_is_asked_for(most: int, tmp_path: Path) -> None:
    watched = Watched(_made(BASES["openhands"], "openhands"), 0.002)
    judged = _judged(watched, "openhands", tmp_path, f"--concurrency={most}", "-k", _OTHERS)
    assert judged.status == 0, judged.output
    assert watched.most == most


def test_a_target_that_is_quick_is_asked_one_after_the_other(tmp_path: Path) -> None:
    watched = Watched(_made(BASES["dify"], "dify"))
    judged = _judged(watched, "dify", tmp_path, "-k", "name-stored or user-required or body-json")
    assert judged.status == 0, judged.output
    assert watched.most == 1


def test_a_target_that_is_slow_is_asked_by_several(tmp_path: Path) -> None:
    watched = Watched(_made(BASES["dify"], "dify"), 0.05)
    judged = _judged(watched, "dify", tmp_path, "-k", "user-required or body-json or user-string or credential")
    assert judged.status == 0, judged.output
    assert watched.most > 1


class _OneAtATime(Watched):
    """A server that keeps a request where all share it: a second one under way is answered with 500."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and self.under_way and scope["path"].endswith("/name"):
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await super().__call__(scope, receive, send)


def test_what_goes_wrong_in_flight_alone_is_held_against_no_server(tmp_path: Path) -> None:
    app = _OneAtATime(_made(BASES["dify"], "dify"), 0.002)
    judged = _judged(app, "dify", tmp_path, "--concurrency=8", "-k", f"{_OTHERS} and not observations")
    assert judged.with_verdict("fail") == set(), judged.output
    assert judged.status == 0
    assert sum("in flight together and did not go well" in note for note in judged.run["notes"]) == 2


class _TakesNumbers(BASES["openhands"]):  # type: ignore[name-defined, valid-type, misc]
    """A title that is a number is stored as the text of its digits."""

    def valid_title(self, body: dict[str, Any]) -> Any:
        title = body.get("title")
        return super().valid_title({**body, "title": str(title)} if isinstance(title, int) else body)


class _Escapes(BASES["agno"]):  # type: ignore[name-defined, valid-type, misc]
    """Markup in a name is stored escaped."""

    def store(self, session: Any, name: str) -> None:
        super().store(session, html.escape(name))


@pytest.mark.parametrize(("system", "server"), [("openhands", _TakesNumbers), ("agno", _Escapes)])
def test_a_fault_is_told_as_it_is_one_after_the_other(system: str, server: Any, tmp_path: Path) -> None:
    alone = _judged(_made(server, system), system, tmp_path / "1", "--concurrency=1")
    together = _judged(_made(server, system), system, tmp_path / "8", "--concurrency=8")
    assert alone.status == together.status == 1
    assert together.with_verdict("fail") == alone.with_verdict("fail") != set()
    assert together.with_verdict("error") == set()


def test_a_session_that_was_deleted_in_flight_and_is_brought_back_is_nobody_elses(tmp_path: Path) -> None:
    """Taken for somebody's, no session would be deleted any more, and the law that is about it not tested."""
    mutant = next(one for one in every() if (one.system, one.name) == ("dify", "NamesWhatWasDeleted"))
    judged = _judged(mutant.make(), "dify", tmp_path, "--concurrency=8", "-k", "test_dify or test_laws_refusals")
    assert judged.with_verdict("fail") == {"dify.deleted-id-refused"}
    assert not any("of others" in left["what"] for left in judged.run["leftovers"])


class _HasAQuota(BASES["dify"]):  # type: ignore[name-defined, valid-type, misc]
    """No more than eight conversations are created in an hour."""

    made = 0

    async def chat(self, request: Any) -> Any:
        self.made += 1
        if self.made > 8:
            return self.respond(403, {"status": 403, "code": "quota", "message": "No more conversations this hour."})
        return await super().chat(request)


def test_where_no_more_are_created_in_flight_those_of_others_are_left_alone(tmp_path: Path) -> None:
    server = _made(_HasAQuota, "dify")
    theirs = [server.open("rename-tck", f"Theirs {number}", {}, False) for number in range(5)]
    named = [one.name for one in theirs]
    judged = _judged(server, "dify", tmp_path, "--concurrency=8", "-k", "dify and not concurrent and not observations")
    assert [one.name for one in theirs] == named
    assert judged.with_verdict("fail") == set(), judged.output
