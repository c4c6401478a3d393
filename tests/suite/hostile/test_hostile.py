"""Whatever a server does, a run ends in time, says what it met, and keeps its secrets.

Each behaviour is met once on every route and once on the rename alone, with another system each time; one of the two is
slow, of every second behaviour the one, of every other the other. With
``EVERY_HOSTILE`` set in the environment, those that keep a client waiting are met at the default time-out, too.
"""

import contextlib
import os
import re
import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, Judged, judge, judge_in_process
from strangers.agno_core import AgnoApp
from strangers.dify_core import DifyApp
from strangers.habits import Habits
from strangers.openhands_core import OpenHandsApp

from hostile.behaviours import BEHAVIOURS, BYTES, WAITING, redirect, spellings
from hostile.server import Behaviour, Recorder, Trap
from rename_tck.client import transport, waiting

APPS: dict[str, type[DifyApp | AgnoApp | OpenHandsApp]] = {"dify": DifyApp, "agno": AgnoApp, "openhands": OpenHandsApp}
SYSTEMS = tuple(APPS)

#: Faults that a second attempt on a fresh connection mends.
MENDED = {"resets every third request", "closes every second connection after the head"}

#: One requirement of each sort.
PART = "answer-json or unicode-exact or credential-wrong or concurrent or sequence or unknown-id or body-json"

#: A key that every encoding changes.
HARD_KEY = 'sk/ey+"q\\uo"&<%=-5d41402abc4b2a76'

GIBIBYTE = 1 << 30


def in_turn(behaviours: Sequence[object]) -> list[Any]:
    """Each on every route and on the rename alone; one of the two, in turn, is slow."""
    return [
        pytest.param(
            behaviour,
            whole,
            id=f"{behaviour}-{'every-route' if whole else 'rename-only'}",
            marks=pytest.mark.slow if number % 2 == whole else (),
        )
        for number, behaviour in enumerate(behaviours)
        for whole in (True, False)
    ]


@contextlib.contextmanager
def trapped(system: str, behave: Behaviour, *, whole: bool, key: str = KEY) -> Iterator[str]:
    """A hostile server; yields its base URL."""
    with Trap(APPS[system](Habits(key=key)), behave, whole=whole).serve() as url:
        yield url


def check(found: Judged, *, may_pass: bool = False) -> None:
    """A verdict or a clear error, in the suite's own words."""
    assert found.record, found.output[-3000:]
    assert found.status in ({0, 1, 3} if may_pass else {1, 3}), found.output[-3000:]
    assert found.record["exit_status"] == found.status
    trace = re.search(r"Traceback|INTERNALERROR|the suite itself failed|\.py:\d+: (in |\w+Error)", found.output)
    assert trace is None, found.output[max(0, trace.start() - 1500) :][:4000] if trace else ""
    # of a part of the tests, or of a run that the server's slowness ended, it is incomplete
    verdicts = {0: {"conforms", "incomplete"}, 1: {"does not conform"}, 3: {"could not judge", "incomplete"}}
    assert found.run["verdict"] in verdicts[found.status]
    assert re.search(rf"^rename-tck: .*{found.run['verdict']}", found.output, re.MULTILINE), found.output[-1000:]
    if found.status == 3:
        assert found.run["reason"]
    for requirement in found.requirements.values():
        assert requirement["verdict"] != "error" or requirement["reason"]
        assert "the suite itself failed" not in (requirement["reason"] or "")
    unprintable = re.findall(
        r"[^\n\t\x20-\x7e\xa0-\u200d\u2010-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\U0010ffff]", found.output
    )
    assert not unprintable, (set(unprintable), found.output[:3000])


def tame(report_dir: Path) -> None:
    """No page that was written holds markup or a control character of the server's."""
    page = (report_dir / "conformance.html").read_text(encoding="utf-8")
    for markup in ("<script>alert", "<img src=x", "<svg/onload", "\x1b", "\x07", "\x08", "\u202e"):
        assert markup not in page
    text = (report_dir / "conformance.md").read_text(encoding="utf-8")
    for character in ("\x1b", "\x07", "\x08", "\u202e"):
        assert character not in text
    # code is shown as it is: a fence of backticks to the next one that is as long, and spans of code
    prose = re.sub(r"^(`{3,})[^`\n]*\n.*?^\1`*$", "", text, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"\\.|(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", prose)  # an escaped character, or a span
    for markup in ("<script", "<img", "\n# heading", "](javascript:", "![]("):
        assert markup not in prose, prose[max(0, prose.index(markup) - 300) :][:600]


@pytest.mark.parametrize(("name", "whole"), in_turn(list(BEHAVIOURS)))
def test_a_run_survives(name: str, whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # as patient as by default, the run would take more than a minute
    monkeypatch.setattr(transport, "HANGING_LIMIT", 0.7)
    monkeypatch.setattr(waiting, "WAITING_LIMIT", 1.0)
    monkeypatch.setattr(waiting, "BACKING_OFF", (0.05, 0.1))
    seconds = 0.3 if name in WAITING else 2
    system = SYSTEMS[(list(BEHAVIOURS).index(name) + whole) % 3]
    started = time.monotonic()
    with trapped(system, BEHAVIOURS[name], whole=whole) as url:
        found = judge(
            url, tmp_path, FEW_DRAWN, f"--request-timeout={seconds}", system=system, env={"RENAME_TCK_API_KEY": KEY},
            select=PART if name in BYTES else None,
        )  # fmt: skip
    check(found, may_pass=name in MENDED)
    tame(tmp_path)
    assert time.monotonic() - started < 60


# -- secrets (see test_secrets for what a run leaves behind that tells all it can)

BETRAYERS = [name for name in BEHAVIOURS if "key" in name]


def betrayals(key: str, output: str, folder: Path) -> str:
    """Where a key is to be read, and in which spelling; empty where it is not."""
    texts = {"the terminal": output}
    for path in folder.rglob("*"):
        if path.is_file():
            texts[str(path.relative_to(folder))] = path.read_bytes().decode("utf-8", "replace")
    forms = spellings(key)
    # what base64 makes of the words before the key depends on nothing secret
    forms["base64 of the header"] = forms["base64 of the header"][12:]
    forms["base64 of user and key"] = forms["base64 of user and key"][6:]
    found = {
        form: [where for where, text in texts.items() if spelled.lower() in text.lower()]
        for form, spelled in forms.items()
    }
    return "; ".join(f"{form}: {', '.join(places)}" for form, places in found.items() if places)


@pytest.mark.parametrize(("name", "whole"), in_turn(BETRAYERS))
def test_no_key_is_told(name: str, whole: bool, tmp_path: Path) -> None:
    system = SYSTEMS[(BETRAYERS.index(name) + whole) % 3]
    with trapped(system, BEHAVIOURS[name], whole=whole, key=HARD_KEY) as url:
        found = judge(
            url, tmp_path, FEW_DRAWN, f"--junitxml={tmp_path}/junit.xml", "--request-timeout=2", system=system,
            env={"RENAME_TCK_API_KEY": HARD_KEY},
        )  # fmt: skip
    check(found)
    told = betrayals(HARD_KEY, found.output, tmp_path)
    assert not told, told


@pytest.mark.parametrize(("status", "whole"), in_turn([301, 302, 303, 307, 308]))
def test_no_redirect_is_followed(status: int, whole: bool, tmp_path: Path) -> None:
    recorder = Recorder()
    system = SYSTEMS[(status + whole) % 3]
    with recorder.serve() as elsewhere, trapped(system, redirect(status, elsewhere), whole=whole) as url:
        found = judge(url, tmp_path, FEW_DRAWN, "--request-timeout=2", system=system, env={"RENAME_TCK_API_KEY": KEY})
    check(found)
    assert not recorder.heard


# -- room and time


@pytest.mark.parametrize(
    "name",
    ["300 MB of JSON", "a gzip bomb of 1 GiB",
     *(pytest.param(name, marks=pytest.mark.slow)
       for name in ("a gzip bomb in a gzip bomb", "never ends a chunked body, fast", "200,000 nested objects"))],
)  # fmt: skip
def test_a_run_keeps_within_a_gibibyte(name: str, tmp_path: Path) -> None:
    """In a process of its own, whose peak memory is the greatest of all processes that ended so far."""
    system = SYSTEMS[list(BEHAVIOURS).index(name) % 3]
    started = time.monotonic()
    with trapped(system, BEHAVIOURS[name], whole=False) as url:
        found = judge_in_process(url, tmp_path, system=system, env={"RENAME_TCK_API_KEY": KEY})
    check(found)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < GIBIBYTE
    assert time.monotonic() - started < 120


@pytest.mark.skipif("EVERY_HOSTILE" not in os.environ, reason="takes two minutes each: set EVERY_HOSTILE")
@pytest.mark.parametrize("whole", [True, False], ids=["every-route", "rename-only"])
@pytest.mark.parametrize("name", [name for name in BEHAVIOURS if name in WAITING])
def test_a_run_ends_within_two_minutes(name: str, whole: bool, tmp_path: Path) -> None:
    system = SYSTEMS[(list(BEHAVIOURS).index(name) + whole) % 3]
    started = time.monotonic()
    with trapped(system, BEHAVIOURS[name], whole=whole) as url:
        found = judge(url, tmp_path, system=system, env={"RENAME_TCK_API_KEY": KEY})
    check(found, may_pass=name in MENDED)
    assert time.monotonic() - started < 120
