"""Each failure's smallest case is kept, sent first in the next run, and sent again by `rename-tck replay`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests
from harness import KEY, OTHER_MODE_KEY, ROOT, Judged, judge, judge_in_process, slow_but
from mutants import every
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rename_tck.cases import drawn
from rename_tck.cases.drawn import Drawn
from rename_tck.checks.case_selector import CaseSelector
from rename_tck.cli import main
from rename_tck.redaction import Redactor
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import Conversation, DifyServer, Renaming
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.replay import store
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.results import record
from rename_tck.results.finding import Finding, concluded
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.results.run import ONLY_REPLAY, Run, SystemRun
from rename_tck.verdict import Evidence, ReplayData

KEYS = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}
MUTANTS = {(mutant.system, mutant.name): mutant for mutant in every()}
RULE = "dify.user-required"
SECRET = "gateway-secret-51fa0c"

Sent = tuple[str, str, bytes]


class Recording:
    """A server that notes every request in front of another one; with `echo`, its answers show what they were sent."""

    def __init__(self, app: ASGIApp, *, echo: bool = False) -> None:
        self.app = app
        self.base_path = getattr(app, "base_path", "")
        self.sent: list[Sent] = []
        self._echo = echo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""

        async def heard() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        async def answered(message: MutableMapping[str, Any]) -> None:
            if self._echo and message["type"] == "http.response.start":
                told = b" ".join(value for _, value in scope["headers"])
                message = {**message, "headers": [*message["headers"], (b"x-you-sent", told)]}
            await send(message)

        try:
            await self.app(scope, heard, answered)
        finally:
            if scope["type"] == "http":
                self.sent.append((scope["method"], scope["path"], body))

    def renames(self) -> list[bytes]:
        """The bodies of the renames, in their order, without what each run makes up anew."""
        return [
            re.sub(rb"[0-9a-f]{10}\d?-\d+", b"NEW", body)
            for method, path, body in self.sent
            if path.endswith(("/name", "/rename")) or method == "PATCH"
        ]


def right(system: str) -> ASGIApp:
    """A correct server."""
    if system == "dify":
        return DifyServer(KEY, OTHER_MODE_KEY)
    return AgnoServer(KEY) if system == "agno" else OpenHandsServer(KEY)


def faulty(system: str, name: str) -> ASGIApp:
    """A mutant of the register."""
    return MUTANTS[system, name].make()


def judged(app: ASGIApp, folder: Path, *options: str, select: str | None, system: str = "dify", **more: Any) -> Judged:
    """A run against the server."""
    with serve(app) as base_url:
        return judge(base_url, folder, *options, system=system, env=KEYS, select=select, **more)


def all_files(folder: Path) -> dict[str, dict[str, Any]]:
    """What is kept, by the names of the files."""
    return {path.name: json.loads(path.read_bytes()) for path in sorted((folder / "replay").glob("*"))}


def files(folder: Path) -> dict[str, Any]:
    """Those of the clearest cases, by their names."""
    return {name: content for name, content in all_files(folder).items() if not re.search(r"\.\d+\.json$", name)}


def made_at(base_url: str) -> str:
    """The id of a new conversation."""
    content = {"query": "hello", "user": "rename-tck", "inputs": {}, "response_mode": "blocking"}
    answer = requests.post(
        f"{base_url}/chat-messages", json=content, headers={"Authorization": f"Bearer {KEY}"}, timeout=10
    )
    return str(answer.json()["conversation_id"])


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Callable[..., tuple[int, str, str]]:
    """Replays against a server or a URL; exit status, standard output and standard error."""
    for name in ("RENAME_TCK_REPORT_DIR", "PYTEST_BASE_URL", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    def run(target: ASGIApp | str | None, name: str, folder: Path, *options: str) -> tuple[int, str, str]:
        arguments = ["replay", name, f"--report-dir={folder}", *options]
        capfd.readouterr()
        if target is None or isinstance(target, str):
            status = main([*arguments, *([f"--base-url={target}"] if target else [])])
        else:
            with serve(target) as base_url:
                status = main([*arguments, f"--base-url={base_url}"])
        out, err = capfd.readouterr()
        return status, out, err

    return run


# -- what is kept, and replayed

#: What a replay sends for its session, whatever the case: the listing is looked at before (of each type, and by the id
#: that is chosen, where a system has these), the session is made, seen in it and read (twice where that is a call
#: of its own), and at the end the listing is looked at again, the session deleted, and looked for.
FRAME = {"dify": 7, "agno": 13, "openhands": 8}

#: The last number is how many requests the case itself takes.
CASES = [
    # a fixed case of a loop: the session is read before and after it, and the request is sent with its fault mended
    ("dify", "MissingUserTakenForDefault", "user-required", 4),
    # the case, and the session read back
    ("dify", "CutsAtACharacterBeyondTheBmp", "unicode-exact", 2),
    # the case, the same to the session itself, and the listing of each type before and at the end: nobody has the id
    ("agno", "OddIdsGetAPage", "odd-ids-refused", 8),
    # a drawn one and the session read back, in each of three editions
    ("dify", "KnowsOldCharactersOnly", "valid-space-accepted", 3 * 2),
    # an ordinary rename, and the case
    ("openhands", "OddMembersIgnored", "invalid-space-refused", 2),
    # what a law finds when it looks back: the one request, and a look for whose id it is
    ("agno", "DatabaseNotFoundWithoutDetail", "error-404-shape", 1),
    ("dify", "AnswersA404WithoutACode", "error-404-shape", 2),
    ("agno", "UnauthorizedInPlainText", "error-401-shape", 1),
    # the case, and an ordinary rename
    ("dify", "CrashesOnTextPlain", "no-server-error", 2),
    # the series, which is tried as a whole: twenty renames, all sessions read after each, and a session more
    ("dify", "AnswersTimesAsText", "timestamps-integer", 48),
    # moves: forty of them, most of them with a reading, and a session more; a look for names that were refused
    ("dify", "GivesARefusedNameToAnother", "sequence-consistent", 84),
]


#: One of each sort; the others are slow.
QUICK = {"MissingUserTakenForDefault", "KnowsOldCharactersOnly", "CrashesOnTextPlain", "AnswersTimesAsText",
         "GivesARefusedNameToAnother"}  # fmt: skip


@pytest.mark.parametrize(
    ("system", "name", "law", "own"),
    [pytest.param(*case, id=case[1], marks=() if case[1] in QUICK else pytest.mark.slow) for case in CASES],
)
def test_a_failure_is_kept_and_can_be_replayed(
    system: str, name: str, law: str, own: int, tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    rule = f"{system}.{law}"
    found = judged(
        Recording(faulty(system, name), echo=True), tmp_path, f"--header=X-Gateway: {SECRET}", select=law, system=system
    )
    assert found.with_verdict("fail") == {rule}, found.output
    assert re.search(rf"again +.*\breplay {re.escape(rule)} --base-url=http://", found.output)
    kept = files(tmp_path)
    assert kept
    for file, content in kept.items():
        text = (tmp_path / "replay" / file).read_text(encoding="utf-8")
        assert text == record.dumps(content)
        for secret in (KEY, SECRET, OTHER_MODE_KEY):
            assert secret not in text
        assert {"replay_version", "system", "edition", "sentence", "expected", "seed", "profile", "test"} <= set(
            content
        )
        assert (content["requirement"], content["seed"]) == (rule, 1)
    one = next(iter(kept.values()))
    shown = found.requirements[rule]
    for member in ("case", "expected", "request", "curl", "answer", "compared"):
        assert one[member] == shown[member]

    status, out, err = replay(faulty(system, name), rule, tmp_path)
    assert (status, err) == (1, "")
    assert out.startswith(f"{rule} (")
    assert one["sentence"].split()[0] in out
    assert "curl -sS" in out
    assert out.rstrip().endswith("still fails")

    server = Recording(right(system))
    status, out, err = replay(server, rule, tmp_path)
    assert (status, err) == (0, ""), out
    assert f"replay: {rule}" in out
    assert "passes now" in out
    assert "curl -sS" in out
    assert "  answer     " in out
    assert len(server.sent) <= FRAME[system] + own
    assert files(tmp_path) == kept, "a replay leaves the files as they are"


def test_a_replay_does_not_ask_for_the_targets_own_document(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    server = Recording(faulty("agno", "DatabaseNotFoundWithoutDetail"))
    judged(server, tmp_path, select="error-404-shape", system="agno")
    assert any(path == "/openapi.json" for _, path, _ in server.sent)
    server = Recording(right("agno"))
    assert replay(server, "agno.error-404-shape", tmp_path)[0] == 0
    assert server.sent
    assert not any(path == "/openapi.json" for _, path, _ in server.sent)


def test_each_edition_has_a_file_of_its_own(tmp_path: Path, replay: Callable[..., tuple[int, str, str]]) -> None:
    judged(faulty("dify", "KnowsOldCharactersOnly"), tmp_path, select="valid-space-accepted")
    assert set(files(tmp_path)) == {f"dify.valid-space-accepted.{name}.json" for name in ("en", "zh-Hans", "ja")}
    status, out, _ = replay(faulty("dify", "KnowsOldCharactersOnly"), "dify.valid-space-accepted", tmp_path)
    assert (status, out.count("still fails")) == (1, 3)
    one = str(tmp_path / "replay" / "dify.valid-space-accepted.ja.json")
    status, out, _ = replay(faulty("dify", "KnowsOldCharactersOnly"), one, tmp_path)
    assert out.rstrip().endswith("dify.valid-space-accepted (edition ja) still fails")
    assert out.count("still fails") == 1


class RefusesWith(DifyServer):
    """Notices that the user is missing, in a way that the document does not have."""

    status = 200

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        if "user" not in body:
            raise self.wrong()
        return super().valid_renaming(body)

    def wrong(self) -> Exception:
        from rename_tck.reference.service import Refusal

        return Refusal(self.status, "wrong", "Wrong in another way.")


@pytest.mark.parametrize("wrong", [500, 503, 404, 405, 301])
def test_another_wrong_answer_is_no_pass(
    wrong: int, tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    server = RefusesWith(KEY, OTHER_MODE_KEY)
    server.status = wrong
    status, out, _ = replay(server, RULE, tmp_path)
    assert (status, out.rstrip().splitlines()[-1]) == (1, f"replay: {RULE} still fails")


def test_a_server_that_refuses_everything_is_not_taken_for_mended(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    class RefusesAll(DifyServer):
        def valid_renaming(self, body: dict[str, Any]) -> Renaming:
            raise self.invalid("no")

    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    status, out, _ = replay(RefusesAll(KEY, OTHER_MODE_KEY), RULE, tmp_path)
    assert status == 3
    assert "was not tested: an ordinary rename is answered with 400 as well" in out


# -- the next run


def test_the_next_run_sends_the_kept_request_first(tmp_path: Path) -> None:
    select = "user-required or refusal-changes-nothing or name-stored"
    first = Recording(faulty("dify", "MissingUserTakenForDefault"))
    judged(first, tmp_path, select=select)
    again = Recording(faulty("dify", "MissingUserTakenForDefault"))
    found = judged(again, tmp_path, select=select)
    assert found.with_verdict("fail") == {RULE}
    assert found.status == 1
    assert any(test.endswith(f"[{RULE}-kept]") for test in found.requirements[RULE]["tests"])
    kept = files(tmp_path)[f"{RULE}.json"]
    assert kept["again"]["keys"] == ["no user"]
    # an ordinary rename before it, and one after it, show that it is the case that fails
    ordinary = first.renames()[0]
    assert [again.renames()[0], again.renames()[2]] == [ordinary, ordinary]
    assert json.loads(kept["request"]["body"]).keys() == json.loads(again.renames()[1]).keys() == {"name"}
    # what the ordinary tests send is what they send without a kept file
    assert again.renames()[3:] == first.renames()
    assert set(files(tmp_path)) == {f"{RULE}.json"}


def test_a_mended_server_passes_and_the_file_goes(tmp_path: Path) -> None:
    # enough is drawn for each edition to come upon it
    select, profile = "user-required or invalid-space", "--hypothesis-profile=nightly"
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, profile, select=select)
    assert len(files(tmp_path)) == 4
    found = judged(right("dify"), tmp_path, select="user-required")
    assert (found.status, found.with_verdict("pass")) == (0, {RULE})
    # what was not run stays
    assert set(files(tmp_path)) == {f"dify.invalid-space-refused.{name}.json" for name in ("en", "zh-Hans", "ja")}


def test_a_kept_case_that_passes_is_no_pass_of_the_requirement(tmp_path: Path) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    found = judged(right("dify"), tmp_path, select="user-required-kept")
    assert found.requirements[RULE]["verdict"] == "not tested"
    assert found.requirements[RULE]["reason"] == ONLY_REPLAY
    assert "1 passed" in found.output
    assert files(tmp_path)
    # that it fails is a failure
    found = judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required-kept")
    assert (found.status, found.with_verdict("fail")) == (1, {RULE})


@pytest.mark.parametrize("edition", [None, "ja"])
def test_each_failing_class_has_a_file_and_goes_with_the_first(edition: str | None, tmp_path: Path) -> None:
    rule = "dify.answer-schema" if edition else RULE
    base = f"{rule}.{edition}" if edition else rule

    def fails(*kinds: str) -> Finding:
        cases = [
            Nonconformance(f"case {kind} of s3cret", "a refusal", kind=kind, replay_data=ReplayData([kind]))
            for kind in kinds
        ]
        error = None if not cases else replace(cases[0], others=cases[1:], tried=9)
        return concluded(
            error, requirement=rule, edition=edition, test=f"tests/contract/test_dify.py::test_it[{rule}]",
            evidence=Evidence(1, 1), redact=Redactor(),
        )  # fmt: skip

    def saved(*kinds: str, embedded: bool = False) -> set[str]:
        run = SystemRun("dify", ("en", "ja"), findings=[fails(*kinds)], accepted=1, embedded=embedded)
        store.save(Run(systems={"dify": run}), tmp_path, Redactor(["s3cret"]))
        return set(all_files(tmp_path))

    (tmp_path / "replay").mkdir()
    (tmp_path / "replay" / "dify.name-stored.2.json").write_text("{}", encoding="utf-8")
    other = {"dify.name-stored.2.json"}
    assert saved("null", "empty", "long") == {f"{base}.json", f"{base}.2.json", f"{base}.3.json", *other}
    content = all_files(tmp_path)[f"{base}.3.json"]
    assert (content["case"], content["again"]) == ("case long of [secret]", {"keys": ["long"]})
    assert store.load(tmp_path / "replay" / f"{base}.3.json").keys == ("long",)
    # the next run tries the clearest first, and complains of none of the others
    cases, complaints = store.load_all(tmp_path)
    assert ([case.keys for case in cases], set(complaints)) == ([("null",)], other)
    assert saved("empty", "long") == {f"{base}.json", f"{base}.2.json", *other}
    assert all_files(tmp_path)[f"{base}.json"]["again"] == {"keys": ["empty"]}
    assert saved(embedded=True) == {f"{base}.json", f"{base}.2.json", *other}
    assert saved() == other


def test_every_kept_case_leads_back_to_itself(tmp_path: Path, replay: Callable[..., tuple[int, str, str]]) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    kept = all_files(tmp_path)
    assert len(kept) == 7
    for name, content in kept.items():
        # each class of case is known by its own words
        assert content["again"]["keys"] == [content["case"]]
        server = Recording(faulty("dify", "MissingUserTakenForDefault"))
        status, out, _ = replay(server, str(tmp_path / "replay" / name), tmp_path)
        assert (status, f"case       {content['case']}\n" in out) == (1, True), out
        # the case once, behind the same with its fault mended and before an ordinary rename: what has failed in an
        # earlier run is not tried twice
        mended, *sent = server.renames()
        assert json.loads(mended)["user"] == "rename-tck"
        anew = re.sub(r"[0-9a-f]{10}\d?-\d+", "NEW", content["request"]["body"])
        assert sent == [anew.encode(), b'{"name":"Renamed NEW","user":"rename-tck"}']


class LaxWhereSpelt(DifyServer):
    """Takes a missing user for the owner where there is a blank before the body."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        raw = await request.body()
        body = await super().read_object(request)
        return {"user": "rename-tck", **body} if raw[:1].isspace() else body


class LaxForTeams(AgnoServer):
    """Takes a missing name for one, of sessions of teams only."""

    async def read_object(self, request: Request) -> dict[str, Any]:
        body = await super().read_object(request)
        lax = request.query_params.get("type") == "team" and request.url.path.endswith("/rename")
        return {"session_name": "x", **body} if lax else body


@pytest.mark.parametrize(
    ("system", "make", "rule"),
    [
        ("dify", lambda: LaxWhereSpelt(KEY, OTHER_MODE_KEY), RULE),
        ("agno", lambda: LaxForTeams(KEY), "agno.session-name-required"),
    ],
    ids=["a spelling", "a type"],
)
def test_what_fails_as_it_is_sent_is_sent_alike_again(
    system: str, make: Callable[[], ASGIApp], rule: str, tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    """How a case is spelt, and to a session of which type it is sent, differs from run to run."""
    judged(make(), tmp_path, select=rule, system=system)
    kept = all_files(tmp_path)
    assert kept
    for name, content in kept.items():
        status, out, _ = replay(make(), str(tmp_path / "replay" / name), tmp_path)
        assert (status, f"case       {content['case']}\n" in re.sub(r"\n {13}", " ", out)) == (1, True), out
    # in a run with another seed the kept case comes first
    server = Recording(make())
    found = judged(server, tmp_path, select=f"{rule}-kept", system=system, seed=2)
    assert (found.status, found.with_verdict("fail")) == (1, {rule})
    body = re.sub(rb"[0-9a-f]{10}\d?-\d+", b"NEW", files(tmp_path)[f"{rule}.json"]["request"]["body"].encode())
    assert body in server.renames()


class NothingWorks(DifyServer):
    """Wrongly set up: answers every rename with 500."""

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        raise RuntimeError("not set up")


OF_THREE_LAWS = {
    "MissingUserTakenForDefault": "user-required", "CutsAtACharacterBeyondTheBmp": "unicode-exact",
    "KnowsOldCharactersOnly": "valid-space-accepted",
}  # fmt: skip


def test_kept_cases_are_not_red_where_no_rename_works(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    for name, law in OF_THREE_LAWS.items():
        judged(faulty("dify", name), tmp_path, select=law)
    kept = all_files(tmp_path)
    assert len(files(tmp_path)) == 1 + 1 + 3
    status, out, _ = replay(NothingWorks(KEY, OTHER_MODE_KEY), RULE, tmp_path)
    told = f"replay: {RULE} was not tested: an ordinary rename is answered with 500 as well"
    assert (status, out.rstrip().splitlines()[-1]) == (3, told)
    select = " or ".join((*OF_THREE_LAWS.values(), "rename-accepted"))
    found = judged(NothingWorks(KEY, OTHER_MODE_KEY), tmp_path, select=select)
    assert found.with_verdict("fail") == {"dify.rename-accepted"}
    assert {found.requirements[f"dify.{law}"]["cause"] for law in OF_THREE_LAWS.values()} == {"dify.rename-accepted"}
    assert {name: all_files(tmp_path)[name] for name in kept} == kept, "none of them was shown to pass"


class Stops(DifyServer):
    """A conversation answers every rename with 500 once it was sent one without a user, or a name beyond the BMP."""

    #: Whether the one that stops it is answered with 500 as well.
    at_once = True

    @cached_property
    def stopped(self) -> set[str]:
        return set()

    async def rename(self, request: Request) -> Response:
        conversation, body = request.path_params["conversation_id"], await request.body()
        if conversation in self.stopped:
            raise RuntimeError("stopped")
        if b'"user"' not in body or any(character > "\uffff" for character in body.decode()):
            self.stopped.add(conversation)
            if self.at_once:
                raise RuntimeError("stopped")
        return await super().rename(request)


@pytest.mark.parametrize(
    ("at_once", "select", "expected"),
    [
        # the first fails, and its session is not used any more
        (True, "user-required-kept or length-200-accepted-kept", ["user-required FAIL", "length-200-accepted PASS"]),
        # the first passes, and the second fails on its session, but not on another
        (False, "unicode-exact-kept or length-200-accepted-kept", ["unicode-exact PASS", "length-200-accepted PASS"]),
    ],
)
def test_a_session_that_a_kept_case_has_stopped_is_replaced_for_the_next(
    at_once: bool, select: str, expected: list[str], tmp_path: Path
) -> None:
    longest = next(mutant for mutant in MUTANTS.values() if mutant.kills == "dify.length-200-accepted")
    judged(longest.make(), tmp_path, select="length-200-accepted")
    # of what failed, a name that stops nothing here
    kept = tmp_path / "replay" / "dify.length-200-accepted.json"
    content = next(one for one in all_files(tmp_path).values() if max(one["request"]["body"]) <= "\uffff")
    kept.write_text(record.dumps(content), encoding="utf-8")
    for name in ("MissingUserTakenForDefault", "CutsAtACharacterBeyondTheBmp"):
        judged(faulty("dify", name), tmp_path, select=OF_THREE_LAWS[name])
    server = Stops(KEY, OTHER_MODE_KEY)
    server.at_once = at_once
    found = judged(server, tmp_path, "-vv", select=select)
    assert [" ".join(one) for one in re.findall(r"\[dify\.([\w-]+)-kept\] ([A-Z]+) ", found.output)] == expected


@pytest.mark.parametrize(
    ("name", "law", "classes"),
    slow_but(
        ("AnswersTimesAsText", "timestamps-integer", 2),
        of=[
            ("AnswersTimesAsText", "timestamps-integer", 2),  # of two members
            ("AnswersWithATrailingComma", "answer-json", 1),
            ("TouchesTheOneRenamedBefore", "neighbours-untouched", 1),
            ("LetsUpdatedAtGoBack", "updated-at-monotonic", 3),  # in the answer, in the list, in the run
        ],
    ),
)
def test_one_fault_of_every_ordinary_rename_is_one_class(name: str, law: str, classes: int, tmp_path: Path) -> None:
    """The name, the id, the number and the time that differ from one rename to the next tell no fault from another."""
    for seed in (1, 2):  # in the next run names, ids and times are others
        found = judged(faulty("dify", name), tmp_path, select=law, seed=seed)
        assert found.requirements[f"dify.{law}"]["failing"]["classes"] == classes, found.output
        assert len(all_files(tmp_path)) == classes


SEQUENCES = "dify.sequence-consistent"
FORGETTING = "ForgetsTheRenameAfterAnUnknownId"

#: Enough is drawn with it to come upon a fault of sequences.
MANY = "--hypothesis-profile=ci"


def test_of_two_tests_that_fail_the_first_is_kept(tmp_path: Path, replay: Callable[..., tuple[int, str, str]]) -> None:
    found = judged(faulty("dify", FORGETTING), tmp_path, MANY, select="sequence-consistent")
    assert "2 failed" in found.output
    assert set(all_files(tmp_path)) == {f"{SEQUENCES}.json", f"{SEQUENCES}.2.json"}
    content, second = (all_files(tmp_path)[f"{SEQUENCES}{number}.json"] for number in ("", ".2"))
    assert content["test"].endswith(f"::test_every_session_bears_the_last_name_accepted_for_it[{SEQUENCES}]")
    assert second["test"].endswith(f"_in_drawn_sequences[{SEQUENCES}]")
    again = re.findall(r"^  again +.*\breplay (\S+) --base-url=", found.output, re.MULTILINE)
    assert again == [SEQUENCES], "the clearest of the two"
    for server, status in ((faulty("dify", FORGETTING), 1), (right("dify"), 0)):
        done, out, _ = replay(server, str(tmp_path / "replay" / f"{SEQUENCES}.2.json"), tmp_path)
        assert done == status, out
    assert content["case"] == found.requirements[SEQUENCES]["case"]
    # and again where it is kept already
    judged(faulty("dify", FORGETTING), tmp_path, MANY, select="sequence-consistent")
    assert files(tmp_path)[f"{SEQUENCES}.json"]["test"] == content["test"]


@pytest.mark.parametrize(
    ("first", "then", "goes"),
    [
        ("not drawn", "drawn and not kept", False),
        ("not drawn", "drawn", False),
        ("not drawn", "kept", False),
        ("not drawn", "not drawn and not kept", True),
        ("not drawn", "not drawn", True),
        # as where a run is broken off between the two
        ("drawn", "not drawn and not kept", False),
        ("drawn", "drawn", True),
    ],
)
def test_a_file_goes_only_when_its_own_test_passes(first: str, then: str, goes: bool, tmp_path: Path) -> None:
    judged(faulty("dify", FORGETTING), tmp_path, MANY, select=f"sequence-consistent and {first}")
    before = files(tmp_path)
    assert list(before) == [f"{SEQUENCES}.json"]
    found = judged(right("dify"), tmp_path, select=f"sequence-consistent and {then}")
    # a kept case alone shows nothing
    assert found.status == (3 if then == "kept" else 0), found.output
    assert files(tmp_path) == ({} if goes else before)


@pytest.mark.slow
def test_with_workers(tmp_path: Path) -> None:
    select = "user-required or unicode-exact or valid-space"
    with serve(faulty("dify", "CutsAtACharacterBeyondTheBmp")) as base_url:
        for _ in range(2):
            found = judge_in_process(base_url, tmp_path, "-n2", system="dify", env=KEYS, select=select)
            assert found.with_verdict("fail") == {"dify.unicode-exact", "dify.valid-space-accepted"}, found.output
            assert len(files(tmp_path)) == 4
    assert any(test.endswith("-kept]") for test in found.requirements["dify.unicode-exact"]["tests"])
    with serve(right("dify")) as base_url:
        found = judge_in_process(base_url, tmp_path, "-n2", system="dify", env=KEYS, select=select)
    assert (found.status, files(tmp_path)) == (0, {})


def test_a_known_failure_is_kept_as_well(tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text(f'[[known]]\nid = "{RULE}"\nreason = "r"\n', encoding="utf-8")
    found = judged(
        faulty("dify", "MissingUserTakenForDefault"), tmp_path, f"--known-failures={known}",
        select="user-required or name-stored",
    )  # fmt: skip
    assert (found.status, set(files(tmp_path))) == (0, {f"{RULE}.json"})


def test_a_plan_and_a_listing_send_and_keep_nothing(tmp_path: Path) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    kept = files(tmp_path)
    server = Recording(right("dify"))
    planned = judged(server, tmp_path, "--plan", select="user-required")
    assert "kept" not in planned.output
    assert judged(server, tmp_path, "--collect-only", select="user-required").status == 0
    assert (files(tmp_path), server.sent) == (kept, [])


class SpoiltByAName(DifyServer):
    """Cannot list its conversations any more once one of them bears a name with a NUL."""

    def check_name(self, name: str) -> None:
        return

    def render(self, conversation: Conversation) -> dict[str, Any]:
        if "\0" in conversation.name:
            raise RuntimeError("spoilt")
        return super().render(conversation)


def test_a_kept_case_spoils_nothing_for_the_others(tmp_path: Path) -> None:
    judged(SpoiltByAName(KEY, OTHER_MODE_KEY), tmp_path, select="never-altered")
    assert set(files(tmp_path)) == {"dify.never-altered.json"}
    server = Recording(SpoiltByAName(KEY, OTHER_MODE_KEY))
    found = judged(server, tmp_path, select="never-altered-kept or user-required or same-name")
    assert found.with_verdict("fail") == {"dify.never-altered"}
    assert found.with_verdict("pass") == {"dify.user-required", "dify.same-name"}
    # it has sessions of its own, each of which is gone before the others begin
    renamed = [
        (number, path.removesuffix("/name"), b"\\u0000" in body)
        for number, (_, path, body) in enumerate(server.sent)
        if path.endswith("/name")
    ]
    assert renamed[0][2], "the kept case comes first"
    deleted = {path: number for number, (method, path, _) in enumerate(server.sent) if method == "DELETE"}
    gone = deleted[renamed[0][1]]
    own = {path for number, path, _ in renamed if number < gone}
    others = [(number, path) for number, path, _ in renamed if number > gone]
    assert {path for _, path, spoils in renamed if spoils} <= own
    assert own.isdisjoint(path for _, path in others)
    assert max(deleted[path] for path in own) < others[0][0]


def test_on_lent_sessions_kept_cases_let_go_before_what_needs_fresh_ones(tmp_path: Path) -> None:
    server = Recording(faulty("dify", "MissingUserTakenForDefault"))
    with serve(server) as base_url:
        options = (f"--session-id={made_at(base_url)}",)
        select = "user-required or refusal-changes-nothing"
        judge(base_url, tmp_path, *options, system="dify", env=KEYS, select="user-required")
        found = judge(base_url, tmp_path, *options, "-vv", system="dify", env=KEYS, select=select)
    order = re.findall(r"\[(dify[.\w-]+)\]", found.output)
    assert order.index("dify.refusal-changes-nothing") < order.index(f"{RULE}-kept") < order.index(RULE)
    assert found.with_verdict("fail") == {RULE}
    assert found.run["notes"] == []


# -- by a document of the user's own


def laxer(folder: Path, words: str = "") -> Path:
    """Dify's document without the rule that a user must be given; `words` make another document of it."""
    text = Catalogue.load("dify").document("en").read_text(encoding="utf-8")
    rule = "      required:\n        - user\n"
    assert rule in text
    path = folder / "own document.yaml"
    path.write_text(text.replace(rule, "", 1) + words, encoding="utf-8")
    return path


SPACE = "valid-space-accepted"


@pytest.mark.slow
def test_by_another_document_a_failure_is_kept_by_itself(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    spec = laxer(tmp_path)
    options = (f"--spec={spec}",)
    # the correct server by the vendored document is none by this one
    found = judged(right("dify"), tmp_path, *options, select=SPACE)
    assert found.with_verdict("fail") == {f"dify.{SPACE}"}
    again = re.search(rf"again +(.*\breplay dify\.{SPACE} --base-url=.*)", found.output)
    assert again is not None
    assert f"--spec={spec}" in shlex.split(again[1])
    kept = files(tmp_path)
    (name, content), *_ = kept.items()
    assert (name, len(kept)) == (f"dify.{SPACE}.own.json", 1)
    assert content["spec"] == {"file": str(spec), "sha256": hashlib.sha256(spec.read_bytes()).hexdigest()}
    assert content["editions"] == ["own"]

    # by where the document was, and by where it is said to be
    moved = tmp_path / "moved.yaml"
    moved.write_bytes(spec.read_bytes())
    for more in ((), options, (f"--spec={moved}",)):
        status, out, err = replay(right("dify"), f"dify.{SPACE}", tmp_path, *more)
        assert (status, err) == (1, ""), out
        assert out.rstrip().endswith(f"replay: dify.{SPACE} (by {spec}) still fails")
        server = Recording(faulty("dify", "MissingUserTakenForDefault"))
        status, out, err = replay(server, str(tmp_path / "replay" / name), tmp_path, *more)
        assert (status, err) == (0, ""), out
        assert len(server.sent) <= 8

    # first in the next run, and gone when it passes
    found = judged(right("dify"), tmp_path, *options, select=SPACE)
    assert any(test.endswith("-kept]") for test in found.requirements[f"dify.{SPACE}"]["tests"])
    found = judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, *options, select=SPACE)
    assert (found.status, files(tmp_path)) == (0, {}), found.output


@pytest.mark.parametrize(
    ("law", "broken", "mended", "key", "renames"),
    [
        (SPACE, right("dify"), faulty("dify", "MissingUserTakenForDefault"), "no `user`", 1),
        # and the same with the fault mended, which shows that the refusal is for the fault
        ("invalid-space-refused", faulty("dify", "AcceptsANullUser"), right("dify"), "a `user` that is null", 2),
    ],
    ids=["allowed", "forbidden"],
)
def test_of_the_edges_of_a_document_the_one_that_failed_is_tried_again(
    law: str, broken: ASGIApp, mended: ASGIApp, key: str, renames: int, tmp_path: Path,
    replay: Callable[..., tuple[int, str, str]],
) -> None:  # fmt: skip
    judged(broken, tmp_path, f"--spec={laxer(tmp_path)}", select=law)
    (content,) = files(tmp_path).values()
    assert content["again"]["keys"] == [key]
    assert content["case"].startswith(f"{key}, which ")
    server = Recording(mended)
    status, out, _ = replay(server, f"dify.{law}", tmp_path)
    assert (status, len(server.renames())) == (0, renames), out


def test_each_document_leaves_the_files_of_the_others_alone(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    spec = laxer(tmp_path)
    broken = "SaysRenamedStoresNothing"
    judged(faulty("dify", broken), tmp_path, select="name-stored")
    judged(faulty("dify", broken), tmp_path, f"--spec={spec}", select="name-stored")
    both = files(tmp_path)
    assert set(both) == {"dify.name-stored.json", "dify.name-stored.own.json"}
    # the vendored one by its id, the other with --spec, whose words may not be others
    status, out, _ = replay(faulty("dify", broken), "dify.name-stored", tmp_path)
    assert (status, out.rstrip().splitlines()[-1]) == (1, "replay: dify.name-stored still fails")
    status, out, _ = replay(faulty("dify", broken), "dify.name-stored", tmp_path, f"--spec={spec}")
    assert (status, out.rstrip().splitlines()[-1]) == (1, f"replay: dify.name-stored (by {spec}) still fails")

    def passes(*options: str) -> None:
        found = judged(right("dify"), tmp_path, "-vv", *options, select="name-stored")
        assert (found.status, found.with_verdict("pass")) == (0, {"dify.name-stored"}), found.output
        assert not any("replay" in note for note in found.run["notes"])
        tried.append(found.output.count("PASS"))

    tried: list[int] = []
    other = tmp_path / "other.yaml"
    other.write_bytes(spec.read_bytes() + b"\n# of another day\n")
    passes(f"--spec={other}")
    (tests,) = tried
    assert files(tmp_path) == both
    passes(f"--spec={spec}")
    assert (set(files(tmp_path)), tried) == ({"dify.name-stored.json"}, [tests, tests + 1])
    judged(faulty("dify", broken), tmp_path, f"--spec={spec}", select="name-stored and not kept")
    passes()
    assert (set(files(tmp_path)), tried) == ({"dify.name-stored.own.json"}, [tests, tests + 1, tests + 1])


def test_a_document_that_is_not_there_any_more(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = laxer(tmp_path)
    judged(faulty("dify", "SaysRenamedStoresNothing"), tmp_path, f"--spec={spec}", select="name-stored")
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    moved = spec.rename(tmp_path / "moved.yaml")
    server = Recording(right("dify"))
    vendored = str(tmp_path / "replay" / f"{RULE}.json")
    for name, more, words in (
        ("dify.name-stored", (), "it is not there as it was: give it with --spec=FILE."),
        ("dify.name-stored", (f"--spec={tmp_path / 'none.yaml'}",), "none.yaml is another one."),
        (vendored, (f"--spec={moved}",), "judged by the vendored document: leave --spec out."),
    ):
        status, out, err = replay(server, name, tmp_path, *more)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert words in err
    laxer(tmp_path, "\n# mended\n")
    status, out, err = replay(server, "dify.name-stored", tmp_path)
    assert (status, out) == (2, "")
    assert "is not there as it was" in err
    assert server.sent == []
    # from the environment, as a run takes it; there it is no mistake where a file is of a vendored document
    monkeypatch.setenv("RENAME_TCK_SPEC", str(moved))
    status, out, _ = replay(server, "dify.name-stored", tmp_path)
    assert (status, "passes now" in out) == (0, True), out
    status, out, _ = replay(server, RULE, tmp_path)
    assert (status, "passes now" in out) == (0, True), out


# -- files that are none


BROKEN: dict[str, Callable[[str], str | bytes]] = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "foreign": lambda _: '{"name": "x"}',
    "a list": lambda _: "[1, 2]",
    "of another version": lambda text: text.replace('"replay_version": "1.0"', '"replay_version": "9"'),
    "of no requirement": lambda text: text.replace(RULE, "dify.no-such-rule"),
    "by an own document": lambda text: text.replace('"spec": null', '"spec": {"file": "x.yaml"}'),
    "of the own edition": lambda text: text.replace('"en"', '"own"'),
    "without keys": lambda text: text.replace('"keys"', '"locks"'),
    "not UTF-8": lambda _: b"\xff\xfe{",
    "nested too deeply": lambda _: "[" * 100_000,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_left_alone_and_named(
    how: str, tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    path = tmp_path / "replay" / f"{RULE}.json"
    content = BROKEN[how](path.read_text(encoding="utf-8"))
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()

    status, out, err = replay(right("dify"), RULE, tmp_path)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(f"rename-tck: {path}")

    server = Recording(right("dify"))
    found = judged(server, tmp_path, select="user-required")
    assert (found.status, found.with_verdict("pass")) == (0, {RULE})
    (note,) = found.run["notes"]
    assert note.startswith(str(path))
    assert path.read_bytes() == before


def test_a_case_that_the_law_no_longer_has(tmp_path: Path, replay: Callable[..., tuple[int, str, str]]) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    path = tmp_path / "replay" / f"{RULE}.json"
    content = json.loads(path.read_bytes())
    content["again"]["keys"] = ["no shoes"]
    path.write_text(json.dumps(content), encoding="utf-8")
    for app, expected in ((right("dify"), 0), (faulty("dify", "MissingUserTakenForDefault"), 1)):
        status, out, _ = replay(app, RULE, tmp_path)
        assert status == expected
        assert "The suite no longer has this case, so all of the law's were tried." in out
    found = judged(right("dify"), tmp_path, select="user-required")
    assert (found.status, found.with_verdict("pass"), files(tmp_path)) == (0, {RULE}, {})


def test_a_drawn_value_that_the_law_does_not_take_fails_nothing(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    judged(faulty("openhands", "OddMembersIgnored"), tmp_path, select="invalid-space-refused", system="openhands")
    path = tmp_path / "replay" / "openhands.invalid-space-refused.json"
    content = json.loads(path.read_bytes())
    content["again"]["drawn"] = {"value": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    status, out, _ = replay(right("openhands"), "openhands.invalid-space-refused", tmp_path)
    assert status == 3
    assert "was not tested: the saved case cannot be tried again: AttributeError" in out
    found = judged(right("openhands"), tmp_path, select="invalid-space-refused", system="openhands")
    assert (found.status, found.with_verdict("pass")) == (0, {"openhands.invalid-space-refused"})


def test_a_broken_file_is_noted_where_it_belongs(tmp_path: Path) -> None:
    folder = tmp_path / "replay"
    folder.mkdir()
    (folder / "agno.user-scope-own.json").write_text("{", encoding="utf-8")
    (folder / "whatever.json").write_text("{}", encoding="utf-8")
    found = judge(None, tmp_path, select="name-string or session-name-string")
    notes = {run["system"]: len(run["notes"]) for run in found.record["runs"]}
    assert notes == {"dify": 1, "agno": 2}
    assert len(list(folder.glob("*.json"))) == 2


def test_the_embedded_servers_are_sent_kept_cases_too(tmp_path: Path) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    found = judge(None, tmp_path, "-vv", select="user-required")
    assert found.output.count("PASS") == 2
    assert found.status == 0
    assert list(files(tmp_path)) == ["dify.user-required.json"], "what failed at a target is not done with elsewhere"


def test_the_limits_of_a_run_hold_for_kept_cases_too(tmp_path: Path) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    server = Recording(right("dify"))
    found = judged(server, tmp_path, "--max-requests=9", select="user-required or name-stored")
    within, beyond = server.sent[:9], server.sent[9:]
    assert any(path.endswith("/name") for _, path, _ in within), "the kept case was sent first"
    # and what puts the sessions back: the kept case's own and the other; the listing is looked at before and after each
    assert [method for method, _, _ in beyond] == ["GET", "DELETE", "GET", "DELETE", "GET"]
    assert found.with_verdict("not tested") >= {"dify.name-stored"}


class CreatesNothing(DifyServer):
    """Correct, with conversations that only others can begin; takes a missing user for the owner."""

    begun = False

    async def chat(self, request: Request) -> Response:
        if self.begun:
            raise self.invalid("no")
        return await super().chat(request)

    def valid_renaming(self, body: dict[str, Any]) -> Renaming:
        return super().valid_renaming({"user": "rename-tck", **body})


def test_sessions_that_were_found_are_first_for_what_needs_them_fresh(tmp_path: Path) -> None:
    server = CreatesNothing(KEY, OTHER_MODE_KEY)
    select = "user-required or refusal-changes-nothing"
    with serve(server) as base_url:
        for _ in range(24):  # enough for each worker to find some of its own
            made_at(base_url)
        server.begun = True
        judge(base_url, tmp_path, system="dify", env=KEYS, select="user-required")
        found = judge(base_url, tmp_path, "-vv", system="dify", env=KEYS, select=select)
        order = re.findall(r"\[(dify[.\w-]+)\]", found.output)
        assert order.index("dify.refusal-changes-nothing") < order.index(f"{RULE}-kept") < order.index(RULE)
        assert found.with_verdict("fail") == {RULE}
        found = judge_in_process(base_url, tmp_path, "-n2", system="dify", env=KEYS, select=select)
        assert found.with_verdict("fail") == {RULE}
        assert found.with_verdict("pass") == {"dify.refusal-changes-nothing"}


def test_a_case_with_a_secret_in_it_is_shown_but_not_sent(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    options = ("--user=somebody-5d41", "--header=X-User: somebody-5d41")
    judged(faulty("dify", "AnswersA404WithoutACode"), tmp_path, *options, select="error-404-shape")
    (content,) = files(tmp_path).values()
    assert content["again"] is None
    assert "somebody-5d41" not in json.dumps(content)
    server = Recording(right("dify"))
    status, out, _ = replay(server, "dify.error-404-shape", tmp_path)
    assert (status, server.sent) == (3, [])
    assert "its case holds a secret, which no file keeps" in out
    found = judged(right("dify"), tmp_path, *options, select="error-404-shape")
    assert (found.with_verdict("pass"), found.run["notes"]) == ({"dify.error-404-shape"}, [])


@pytest.mark.parametrize(
    ("name", "law"),
    slow_but(
        ("AnswersTimesAsText", "timestamps-integer"),
        of=[("MissingUserTakenForDefault", "user-required"), ("KnowsOldCharactersOnly", "valid-space-accepted"),
            ("AnswersTimesAsText", "timestamps-integer")],
    ),
)  # fmt: skip
def test_headers_with_words_of_the_suites_own_spoil_no_file(
    name: str, law: str, tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    words = ("en", "1.0", "dify", "MUST", "1", "null", "part", "tests", law, f"dify.{law}", "no user at all", "drawn")
    options = [f"--header=X-Word-{number}: {word}" for number, word in enumerate(words)]
    judged(faulty("dify", name), tmp_path / "plain", select=law)
    judged(faulty("dify", name), tmp_path / "masked", *options, select=law)
    plain, masked = files(tmp_path / "plain"), files(tmp_path / "masked")
    assert plain.keys() == masked.keys()
    for file, content in masked.items():
        own = content.keys() - {"case", "expected", "request", "answer", "compared", "curl", "again"}
        assert {member: content[member] for member in own} == {member: plain[file][member] for member in own}
        assert content["again"]["keys"] == plain[file]["again"]["keys"]
        assert "[secret]" in json.dumps(content)
    told = replay(faulty("dify", name), f"dify.{law}", tmp_path / "masked", *options)
    assert told[::2] == (1, ""), told
    assert replay(right("dify"), f"dify.{law}", tmp_path / "masked", *options)[::2] == (0, "")


def test_a_request_to_somebody_elses_session_is_not_sent(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    judged(faulty("dify", "CrashesOnTextPlain"), tmp_path, select="no-server-error")
    path = tmp_path / "replay" / "dify.no-server-error.json"
    server = Recording(right("dify"))
    with serve(server) as base_url:
        session = made_at(base_url)
        for change in (
            {"path": f"/conversations/{session}/name"},
            {"path": f"/conversations/{session}", "method": "DELETE"},
            {"path": "/chat-messages"},
        ):
            content = json.loads(path.read_bytes())
            content["again"] = {
                "keys": [],
                "request": {
                    "method": "POST", "path": "", "query": [], "headers": [["Content-Type", "application/json"]],
                    "credential": "GIVEN", "token": "0123456789", "session": None,
                    "body": '{"name": "stolen", "user": "rename-tck"}', **change,
                },
            }  # fmt: skip
            path.write_text(json.dumps(content), encoding="utf-8")
            status, out, _ = replay(base_url, "dify.no-server-error", tmp_path)
            assert status == 3, out
    assert not any(b"stolen" in body for _, _, body in server.sent)


# -- the command's own mistakes


def test_what_cannot_be_replayed_is_said_in_one_sentence(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]]
) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    url = "http://127.0.0.1:9"
    for target, name, options, words in (
        (url, "dify.no-such-rule", (), "'dify.no-such-rule' is no requirement"),
        (url, "dify.name-stored", (), "no failure of dify.name-stored is saved in"),
        (url, str(tmp_path / "nothing.json"), (), "cannot be read: No such file"),
        (url, str(tmp_path / "conformance.json"), (), "no failure that a run of this suite has saved"),
        (None, RULE, (), "A replay needs a target"),
        (url, RULE, ("--plan", "--system=dify"), "--plan does not go with a replay"),
        (url, RULE, ("--system=agno",), "is a requirement of dify, not of agno"),
        (url, RULE, ("--no-such-option",), "there is no option --no-such-option"),
        (url, RULE, ("--header=x",), "--header is written 'Name: value'"),
    ):
        before = (tmp_path / "conformance.json").read_bytes()
        status, out, err = replay(target, name, tmp_path, *options)
        assert (status, out) == (2, ""), (name, options, out, err)
        assert words in err
        assert err.startswith("rename-tck: ")
        assert err.count("\n") == 1
        assert (tmp_path / "conformance.json").read_bytes() == before


def test_a_target_that_is_down_could_not_be_judged(tmp_path: Path, replay: Callable[..., tuple[int, str, str]]) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    status, out, err = replay("http://127.0.0.1:9", RULE, tmp_path)
    assert (status, err) == (3, "")
    assert "could not be judged: " in out
    assert "cannot be reached" in out.splitlines()[-1]


def test_the_target_and_the_folder_may_come_from_the_environment(
    tmp_path: Path, replay: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path, select="user-required")
    with serve(right("dify")) as base_url:
        monkeypatch.setenv("PYTEST_BASE_URL", base_url)
        monkeypatch.setenv("RENAME_TCK_REPORT_DIR", str(tmp_path))
        assert main(["replay", RULE, "--header", f"X-Gateway: {SECRET}"]) == 0
    assert SECRET not in capfd.readouterr().out


def test_from_another_folder(tmp_path: Path) -> None:
    """As a shell does it: the folder that one stands in has nothing to say, but for where the reports are."""
    judged(faulty("dify", "MissingUserTakenForDefault"), tmp_path / "reports", select="user-required")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), **KEYS}
    with serve(right("dify")) as base_url:
        done = subprocess.run(
            [sys.executable, "-m", "rename_tck", "replay", RULE, "--base-url", base_url],
            cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "passes now" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reports"]


# -- the parts


@pytest.mark.parametrize(
    "value",
    [
        "a name", "half \ud83d", None, 5, {"name": [1.5, None]}, [], [1],
        Drawn({"a": 1}, None, valid=True), Drawn(None, b"\xff", valid=False),
        [drawn.Move("rename", 0, "a", 3)],
    ],
)  # fmt: skip
def test_a_drawn_value_survives(value: object) -> None:
    assert drawn.from_json(json.loads(json.dumps(drawn.to_json(value)))) == value


@pytest.mark.parametrize(
    "content",
    [None, 5, {}, {"moves": []}, {"moves": [{"act": 1}]}, {"value": 1, "more": 2}, {"request": {"body": 1}},
     {"request": {"body": 1, "raw_base64": "?", "valid": True}},
     {"request": {"body": 1, "raw_base64": None, "valid": "yes"}}],
)  # fmt: skip
def test_what_is_no_drawn_value_is_refused(content: object) -> None:
    with pytest.raises(drawn.UnknownValueError):
        drawn.from_json(content)


def _walked(selector: CaseSelector) -> list[tuple[str, str]]:
    found = []
    for outer in selector.select(["a", "b", "a"]):
        for inner, _ in selector.select([("x", 1), ("y", 2)]):
            found.append(("/".join(selector.keys), outer + inner))
    return found


def test_a_trail_knows_its_case_and_finds_it_again() -> None:
    every_one = _walked(CaseSelector())
    assert [keys for keys, _ in every_one] == ["a/x", "a/y", "b/x", "b/y", "a #2/x", "a #2/y"]
    for keys, case in every_one:
        selector = CaseSelector(keys.split("/"))
        assert (_walked(selector), selector.met) == ([(keys, case)], True)
    assert [keys for keys, _ in _walked(CaseSelector(["b"]))] == ["b/x", "b/y"]
    for unknown in (["c"], ["a", "z"]):
        selector = CaseSelector(unknown)
        assert (_walked(selector), selector.met) == ([], False)
    # a failure outside every loop
    selector = CaseSelector([])
    assert (_walked(selector), selector.met) == ([], True)
