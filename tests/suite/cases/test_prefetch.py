"""Cases are drawn ahead by another process: the same for the same seed, and nothing hangs on it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from harness import KEY, LISTENING, OTHER_MODE_KEY, ROOT, judge_in_process, plain_environment, slow_but
from mutants import Mutant, every

from rename_tck.cases import drawing, prefetch
from rename_tck.cases.drawn import Drawn, from_text, to_text
from rename_tck.cases.fuzz import strategy
from rename_tck.cases.names import is_reasonable
from rename_tck.cases.prefetch import NotPrefetchedError, Prefetch, generation_requests
from rename_tck.cases.spaces import BODIES, INVALID, MOVES, NAMES, PROFILES, SPACES, VALID, Space
from rename_tck.checks.context import CheckContext
from rename_tck.checks.exploration import MORE, SHRINKS, explore
from rename_tck.openapi.contract import Contract
from rename_tck.reference.openhands import Conversation, OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems import NAMES as SYSTEMS
from rename_tck.target.connection import all_editions
from rename_tck.verdict import NotTested

ENV = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}
VALID_BODIES = {
    "dify": {"name": "My name", "user": "abc-123"},
    "agno": {"session_name": "My name"},
    "openhands": {"title": "My name"},
}


@contextmanager
def _prefetch(system: str, seed: int = 1, profile: str = "quick") -> Iterator[Prefetch]:
    process = Prefetch()
    try:
        process.request(generation_requests(system, all_editions(system), run_seed=seed, profile=profile))
        yield process
    finally:
        process.close()


def _spaces(system: str) -> list[Space]:
    return [space for space in SPACES if space.system in {None, system}]


def _everything(system: str, seed: int = 1) -> dict[str, list[Any]]:
    with _prefetch(system, seed) as process:
        return {
            f"{space.name} {edition}": list(process.take(system, edition, space, VALID_BODIES[system]))
            for space in reversed(_spaces(system))  # in whatever order they are wanted
            for edition in (all_editions(system) if space.per_edition else [None])
        }


@pytest.mark.parametrize("system", slow_but("dify", of=SYSTEMS))
def test_what_is_drawn_is_of_the_space(system: str) -> None:
    valid = VALID_BODIES[system]
    editions = all_editions(system)
    everything = _everything(system)
    whole = 0
    for edition in editions:
        contract = Contract.load(system, edition)
        requests = cast("list[Drawn]", everything[f"{VALID.name} {edition}"])
        assert all(one.valid and not contract.request_errors(one.body) for one in requests)
        faulty = cast("list[Drawn]", everything[f"{INVALID.name} {edition}"])
        assert all(not one.valid for one in faulty)
        assert all(one.raw is not None or contract.request_errors(one.body) for one in faulty)
        texts = {json.dumps(one.body) for one in faulty}
        assert not any(f"<{member}>" in text for text in texts for member in valid), "the order's own texts"
        objects = [one.body for one in faulty if isinstance(one.body, dict)]
        whole += sum(text in body.values() for text in valid.values() for body in objects)
        assert all(map(is_reasonable, everything[f"{NAMES.name} {edition}"]))
    # Dify needs two members, of which one can be left as it is
    assert whole or len(valid) == 1
    for space in _spaces(system):
        most = space.examples(PROFILES["quick"], len(editions))
        for judged_by in editions if space.per_edition else [None]:
            values = list(map(to_text, everything[f"{space.name} {judged_by}"]))
            assert len(values) == most
            assert len(set(values)) == most, "nothing is drawn twice"


@pytest.mark.slow
def test_the_same_seed_draws_the_same_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    one = _everything("agno")
    monkeypatch.setenv("PYTHONHASHSEED", "4711")
    assert _everything("agno") == one
    other = _everything("agno", seed=2)
    assert all(other[name] != values for name, values in one.items())


@pytest.mark.parametrize(("system", "seed"), slow_but(("agno", 4), of=[("dify", 3), ("agno", 4), ("openhands", 5)]))
def test_what_is_drawn_ahead_is_what_a_run_draws_by_itself(system: str, seed: int) -> None:
    """So that a seed repeats a run also with `-k` or workers, and a failure that was drawn is come by again."""
    drawing.use("quick")
    valid = VALID_BODIES[system]
    with _prefetch(system, seed) as process:
        for request in generation_requests(system, all_editions(system), run_seed=seed, profile="quick"):
            here: list[str] = []
            cases = strategy(request.space, Contract.load(system, request.document), valid)
            drawing.draw(cases, here.append, seed=request.seed, examples=request.examples)
            ahead_of_it = list(process.take(system, request.edition, request.space, valid))
            assert ahead_of_it == list(map(from_text, here)), request.space


def test_the_values_of_an_order_can_be_had_once() -> None:
    with _prefetch("openhands") as process:
        assert list(process.take("openhands", None, MOVES, {}))
        with pytest.raises(NotPrefetchedError):
            next(process.take("openhands", None, MOVES, {}))
        with pytest.raises(NotPrefetchedError):
            next(process.take("dify", None, MOVES, {}))


def test_the_process_knows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []
    popen: Any = subprocess.Popen

    def recorded(*arguments: Any, **options: Any) -> Any:
        given.append(options["env"])
        return popen(*arguments, **options)

    monkeypatch.setattr("subprocess.Popen", recorded)
    monkeypatch.setenv("RENAME_TCK_API_KEY", KEY)
    with _prefetch("openhands"):
        assert KEY not in json.dumps(given)


def _bench(process: Prefetch | None, edition: str | None = None) -> CheckContext:
    """A check without a server: cases are drawn and checked, and nothing is sent."""

    class Dialect:
        system = "openhands"

    class Target:
        dialect, prefetch, profile = Dialect(), process, "ci"

    target = cast("Any", Target())
    target.contracts = {"0.53.0": Contract.load("openhands", "0.53.0")}
    check = CheckContext(target, None, seed="1/openhands.valid-space-accepted/None")
    check.edition = edition
    return check


def _explored(process: Prefetch | None, space: Space = NAMES, edition: str | None = "0.53.0") -> list[Any]:
    checked: list[Any] = []
    explore(_bench(process, edition), space, checked.append, valid=VALID_BODIES["openhands"])
    return checked


def test_what_was_drawn_ahead_is_checked_and_nothing_else() -> None:
    with _prefetch("openhands", profile="ci") as process, _prefetch("openhands", profile="ci") as same:
        drawn = list(same.take("openhands", "0.53.0", NAMES, {}))
        assert _explored(process) == drawn


def _killed(process: Prefetch) -> None:
    process._process.kill()
    process._process.wait()


@pytest.mark.slow  # one that says nonsense, or hangs, is done without in the same way
@pytest.mark.parametrize("when", ["before it is ordered", "while it draws", "after it has drawn some"])
def test_a_process_that_dies_is_done_without(when: str) -> None:
    process = Prefetch()
    try:
        if when == "before it is ordered":
            _killed(process)
        process.request(generation_requests("openhands", ("0.53.0",), run_seed=1, profile="nightly"))
        if when == "while it draws":
            _killed(process)
        checked: list[Any] = []
        check = _bench(process)

        def judge(value: Any) -> None:
            if when.startswith("after") and not checked:
                _killed(process)
            checked.append(value)

        explore(check, BODIES, judge, valid=VALID_BODIES["openhands"])
        # how many had come before it died is chance, and what comes twice is checked once
        assert all(value in checked for value in _explored(None, BODIES, None)), "drawn here, as the profile says"
    finally:
        process.close()


def _speaking(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Prefetch:
    """A process that is a shell script."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\nread orders\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", str(program))
        return Prefetch()


@pytest.mark.parametrize(
    "nonsense", ["0 nonsense", '0 {"x": 1}', "0 5", "0 []", "0 ", "0", "nonsense", "9 9", "-1 null", "é ü", "\\377"]
)
def test_a_process_that_says_nonsense_is_done_without(
    nonsense: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = _speaking(f"echo '0 {{\"value\": 1}}'; printf '{nonsense}\\n'", tmp_path, monkeypatch)
    try:
        process.request(generation_requests("openhands", ("0.53.0",), run_seed=1, profile="ci"))
        checked: list[Any] = []
        explore(_bench(process), MOVES, checked.append)
        assert checked[0] == 1
        assert len(checked) > 5, "drawn here, after what was drawn there"
    finally:
        process.close()


def test_a_process_that_hangs_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "VALUE_TIMEOUT", 0.3)
    process = _speaking("exec sleep 100", tmp_path, monkeypatch)
    try:
        process.request(generation_requests("openhands", ("0.53.0",), run_seed=1, profile="ci"))
        with pytest.raises(NotPrefetchedError):
            next(process.take("openhands", None, MOVES, {}))
        monkeypatch.setattr(prefetch, "VALUE_TIMEOUT", 100.0)
        with pytest.raises(NotPrefetchedError):
            next(process.take("openhands", None, BODIES, {}))
    finally:
        process.close()


def test_a_failure_is_made_small_here() -> None:
    calls: list[str] = []

    def judge(name: str) -> None:
        calls.append(name)
        if len(name) > 3:
            raise Nonconformance(name, "short")

    with _prefetch("openhands", profile="ci") as process, _prefetch("openhands", profile="ci") as same:
        drawn = list(same.take("openhands", "0.53.0", NAMES, {}))
        with pytest.raises(Nonconformance) as caught:
            explore(_bench(process, "0.53.0"), NAMES, judge)
    assert len(caught.value.case) == 4
    failed = next(number for number, name in enumerate(drawn) if len(name) > 3)
    ahead = drawn[: failed + MORE]
    assert calls[: len(ahead) + 1] == [*ahead, drawn[failed]], "what had passed is not sent again"
    assert len(calls) <= len(ahead) + 1 + SHRINKS


#: How many names are drawn for it: the last of them is no other than those before.
LAST = NAMES.examples(PROFILES["ci"], 1)


@pytest.mark.parametrize("time", slow_but(10, of=[1, 10, LAST]))
def test_a_failure_that_comes_and_goes_is_raised_all_the_same(time: int) -> None:
    calls: list[str] = []

    def judge(name: str) -> None:
        calls.append(name)
        if len(calls) == time:
            raise Nonconformance("once", "never")

    with _prefetch("openhands", profile="ci") as process, pytest.raises(Nonconformance, match="once"):
        explore(_bench(process, "0.53.0"), NAMES, judge)
    assert len(calls) <= time + SHRINKS


@pytest.mark.parametrize("trouble", [NotTested("out of time"), RuntimeError("a strategy that is none")])
def test_a_failure_in_hand_stays_whatever_comes_of_looking_for_less(trouble: Exception) -> None:
    calls: list[str] = []

    def judge(name: str) -> None:
        calls.append(name)
        if len(calls) == 5:
            raise Nonconformance("the fifth", "never")
        if len(calls) > 5:
            raise trouble

    with _prefetch("openhands", profile="ci") as process, pytest.raises(Nonconformance, match="the fifth"):
        explore(_bench(process, "0.53.0"), NAMES, judge)


# -- whole runs


class ForgetsLongTitles(OpenHandsServer):
    """A title of 151 to 198 characters is cut: no case made by hand has such a length."""

    def store(self, conversation: Conversation, title: str) -> None:
        super().store(conversation, title if not 150 < len(title) < 199 else title[:150])


@pytest.mark.slow
def test_a_fault_that_only_drawn_cases_find_is_found_and_made_small(tmp_path: Path) -> None:
    with serve(ForgetsLongTitles(KEY)) as url:
        judged = judge_in_process(url, tmp_path, system="openhands", env=ENV)
    assert judged.status == 1, judged.output
    assert "openhands.valid-space-accepted" in judged.with_verdict("fail")
    title = judged.requirements["openhands.valid-space-accepted"]["compared"]["expected"]
    assert 150 < len(title) < 160, title
    assert set(title) == {"0"}, title


@pytest.mark.parametrize("system", slow_but("openhands", of=SYSTEMS))
def test_a_run_that_passes_loads_neither_hypothesis_nor_schemathesis(system: str, tmp_path: Path) -> None:
    env = {"LOADED": str(tmp_path / "loaded"), "PYTHONPATH": f"{ROOT / 'tests' / 'suite'}"}
    judged = judge_in_process(None, tmp_path / "reports", "-p", "loaded", system=system, env=env, seed=None)
    assert judged.status == 0, judged.output
    assert not {"hypothesis", "schemathesis"} & set((tmp_path / "loaded").read_text(encoding="utf-8").splitlines())


#: Mutants that are found by what is drawn.
DRAWN = [mutant for mutant in every() if mutant.kills.endswith((VALID.law, INVALID.law))]


@pytest.mark.slow  # see above for one, and test_mutants for these where the run itself draws
@pytest.mark.parametrize("mutant", DRAWN, ids=lambda mutant: f"{mutant.system}-{mutant.name}")
def test_a_mutant_that_drawn_cases_find_is_killed(mutant: Mutant, tmp_path: Path) -> None:
    with serve(mutant.make()) as url:
        judged = judge_in_process(url, tmp_path, *mutant.options, system=mutant.system, env=ENV)
    assert judged.status == 1, judged.output
    assert mutant.kills in judged.with_verdict("fail")


def _status(process: int) -> list[str]:
    """What /proc tells of a process, from its state on; its state is X where it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ["X", "0"]


def _children(parent: int) -> list[int]:
    processes = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [process for process in processes if int(_status(process)[1]) == parent]


def _running(process: int) -> bool:
    """Whether a process is there, and no zombie."""
    return _status(process)[0] not in {"X", "Z"}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to see processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_process_ends_with_the_run_whatever_ends_that(number: signal.Signals, tmp_path: Path) -> None:
    asked = threading.Event()

    class Watched(OpenHandsServer):
        def store(self, conversation: Conversation, title: str) -> None:
            super().store(conversation, title)
            asked.set()  # so the target is known, and the process has its orders

    with serve(Watched(KEY)) as url:
        command = [
            sys.executable, "-c", LISTENING, "-q", f"--report-dir={tmp_path}", f"--base-url={url}",
            "--system=openhands", "--hypothesis-profile=nightly",
        ]  # fmt: skip
        env, nowhere = plain_environment() | ENV, subprocess.DEVNULL
        run = subprocess.Popen(command, cwd=ROOT, env=env, stdout=nowhere, stderr=nowhere)
        try:
            assert asked.wait(60)
            children = _children(run.pid)
            assert len(children) == 1
            run.send_signal(number)
            run.wait(30)
            deadline = time.monotonic() + 30
            while any(map(_running, children)):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            run.kill()
            run.wait()
