"""Every case of a law is judged: a failing one hides neither another case nor another fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, OTHER_MODE_KEY, Judged, judge
from mutants.agno import UserIdByItsEnd
from starlette.responses import Response

from rename_tck.checks.case_selector import CaseSelector
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import Conversation, DifyServer, Renaming
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve

KEYS = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


def judged(app: Any, system: str, folder: Path, *options: str, select: str | None = None) -> Judged:
    with serve(app) as url:
        return judge(url, folder, FEW_DRAWN, *options, system=system, env=KEYS, select=select, record_only=True)


# -- which cases are tried when a law is run again


class _Fails(Exception):
    """What a law ends with."""


def _law(selector: CaseSelector, bad: set[object], tried: list[object]) -> None:
    for outer in selector.select(["a", "b", "a"]):
        for inner in selector.select(["x", "y", "z"]):
            tried.append((outer, inner))
            if selector.keys in bad:
                raise _Fails
    for number in selector.select(["one", "two"]):
        tried.append(number)
        if selector.keys in bad:
            raise _Fails
    for seen in selector.look_back([1, 2, 3, 4], lambda one: "odd" if one % 2 else "even"):
        tried.append(seen)
        if seen in bad:
            raise _Fails
    if "end" in bad:
        raise _Fails


@pytest.mark.parametrize(
    "bad",
    [
        set(),
        {("a", "x")},
        {("a", "z"), ("b", "x")},
        {("a", "y"), ("a #2", "x"), ("a #2", "z"), ("two",), 2, 3},
        {("a #2", "z"), ("one",), ("two",), 4},
        {1, 2, 3, 4},
    ],
)
def test_a_law_that_is_run_again_goes_on_behind_the_case_that_failed(bad: set[object]) -> None:
    selector, failed = CaseSelector(), 0
    tried: list[object] = []
    while True:
        try:
            _law(selector, bad, tried)
            break
        except _Fails:
            failed += 1
            assert selector.resume()
    assert failed == len(bad)
    pairs = [(outer, inner) for outer in "aba" for inner in "xyz"]
    assert tried == [*pairs, "one", "two", 1, 2, 3, 4]
    classes = {("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("b", "y"), ("b", "z"), ("one",), ("two",)}
    assert set(selector.tried) == classes | {("odd",), ("even",)}


def test_the_same_case_can_be_tried_once_more() -> None:
    selector = CaseSelector()
    tried: list[object] = []
    with pytest.raises(_Fails):
        _law(selector, {("b", "y")}, tried)
    assert selector.left_at == ("b", "y")
    assert selector.resume(again=True)
    del tried[:]
    _law(selector, set(), tried)
    assert tried[:3] == [("b", "y"), ("b", "z"), ("a", "x")]


def test_a_case_that_is_not_come_by_any_more_was_not_tried_again() -> None:
    selector = CaseSelector()
    for items, met in ((["a", "b"], True), (["a", "c"], False)):
        for item in selector.select(items):
            if item == "b":
                break
        assert selector.met_again == met
        selector.resume(again=True)


def test_a_law_that_was_left_outside_of_every_loop_does_not_go_on() -> None:
    selector: CaseSelector = CaseSelector()
    with pytest.raises(_Fails):
        _law(selector, {"end"}, [])
    assert not selector.resume()


# -- several faults in one law


class LongUserCrashes(DifyServer):
    """The 5xx for a user of 300 characters stands behind the one for a name with a NUL."""

    def valid_user(self, body: Any) -> str:
        user = super().valid_user(body)
        if len(user) > 255:
            raise RuntimeError("value too long for type character varying(255)")
        return user

    def new_name(self, conversation: Conversation, asked: Renaming) -> str:
        if asked.name is not None and "\0" in asked.name:
            raise RuntimeError("A string literal cannot contain NUL (0x00) characters.")
        return super().new_name(conversation, asked)


def test_one_5xx_does_not_hide_another(tmp_path: Path) -> None:
    found = judged(LongUserCrashes(KEY, OTHER_MODE_KEY), "dify", tmp_path).requirements["dify.no-server-error"]
    told = [found["case"], *(other["case"] for other in found["failing"]["others"])]
    assert any("a user of 300 characters" in case for case in told), told
    assert any("NUL" in case for case in told), told
    assert found["failing"]["classes"] == len(told)
    assert all(other["status"] == 500 for other in found["failing"]["others"])


class TakesSomeFaults(OpenHandsServer):
    """Numbers and booleans are taken for titles."""

    def valid_title(self, body: dict[str, Any]) -> str:
        title = body.get("title")
        return super().valid_title(body | {"title": str(title)} if isinstance(title, int | float) else body)


def test_every_class_that_fails_is_told_with_its_number(tmp_path: Path) -> None:
    found = judged(TakesSomeFaults(KEY), "openhands", tmp_path, select="title-string")
    failing = found.requirements["openhands.title-string"]["failing"]
    assert 3 <= failing["classes"] < failing["tried"]
    assert failing["classes"] == 1 + len(failing["others"])
    said = f"fails in {failing['classes'] - 1} of the {failing['tried'] - 1} other kinds"
    assert said in " ".join(found.output.split())
    for other in failing["others"]:
        assert (tmp_path / other["replay"]).exists()


class Alters(AgnoServer):
    """Emoji are left out, and what is right-to-left is turned round."""

    def store(self, session: Any, name: str) -> None:
        turned = name[::-1] if any("\u0590" <= char <= "\u08ff" for char in name) else name
        super().store(session, "".join(char for char in turned if char < "\U0001f000"))


def test_two_faults_of_names_are_both_told(tmp_path: Path) -> None:
    found = judged(Alters(KEY), "agno", tmp_path, select="unicode-exact").requirements["agno.unicode-exact"]
    kinds = " ".join([found["case"], *(other["kind"] for other in found["failing"]["others"])]).lower()
    assert "u+1f" in kinds or "emoji" in kinds or "beyond the bmp" in kinds, kinds
    assert "right to left" in kinds, kinds


class RefusesNothing(OpenHandsServer):
    """Whatever is sent is accepted."""

    async def rename(self, request: Any) -> Response:
        self.authenticate(request)
        return self.respond(200, True)


def test_what_fails_on_one_kind_of_session_is_tried_again_on_that_kind(tmp_path: Path) -> None:
    # other users are dealt among the kinds: a later kind has others than the first, also when it is tried once more
    found = judged(UserIdByItsEnd(KEY), "agno", tmp_path, select="user-scope-other").requirements[
        "agno.user-scope-other"
    ]
    assert found["verdict"] == "fail"
    assert "comes and goes" not in (found["after"] or "")


def test_a_hopeless_server_is_judged_cheaply_and_what_was_left_out_is_said(tmp_path: Path) -> None:
    found = judged(RefusesNothing(KEY), "openhands", tmp_path)
    assert found.status == 1
    assert found.run["requests"] < 3500
    left_out = [one["left_out"] for one in found.requirements.values() if one["verdict"] == "fail" and one["left_out"]]
    assert left_out
    assert all("100" in sentence and "1,000" in sentence for sentence in left_out)
