"""Planted secrets are looked for in everything that a run leaves behind, whatever the target does with them.

Keys and what ``--header`` carries, in every spelling that `planted` knows. Each run is a process of its own that was
told to say all it can.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import ROOT, plain_environment
from hostile.server import Behaviour, Trap
from mutants.dify import TakesAnyKey
from planted import (
    BETRAYERS,
    ENVIRONMENT,
    GATEWAY,
    KEY,
    OTHER_MODE_KEY,
    SECRETS,
    SHORT,
    betrayed,
    by_character,
    echoes,
    left_behind,
)  # fmt: skip
from strangers.agno_core import AgnoApp
from strangers.dify_core import DifyApp
from strangers.habits import Habits
from strangers.openhands_core import OpenHandsApp

from rename_tck.redaction import MASK, Redactor
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.serving import serve

#: One requirement of each sort.
PART = (
    "rename-accepted or no-server-error or answer-json or credential-wrong or concurrent-two or unknown-id-refused "
    "or body-object or name-stored"
)

#: Those that judge by schemas, whose messages hold values.
SHAPES = "schema or shape or timestamps or answer-id or introduction or error-"

TALKATIVE = (
    "-v", "-rA", "--tb=long", "--showlocals", "--full-trace", "--durations=5", "--setup-show",
    "-o", "log_cli=true", "--log-level=DEBUG", "--log-cli-level=DEBUG", "--log-file-level=DEBUG",
    "-o", "junit_logging=all",
)  # fmt: skip


def _run(url: str, system: str, folder: Path, *options: str, crash: str = "") -> tuple[int, str]:
    """Run as a user does, in a folder of its own; the exit status and what was said."""
    (folder / "tmp").mkdir(parents=True)
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests/suite'}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"{ROOT}/tests/contract", f"--rootdir={ROOT}", "-c", f"{ROOT}/pyproject.toml",
         f"--base-url={url}", f"--system={system}", f"--report-dir={folder}/reports",
         f"--history={folder}/history.jsonl", f"--junitxml={folder}/junit.xml", f"--log-file={folder}/run.log",
         "-o", f"cache_dir={folder}/cache",
         f"--debug={folder}/debug.log", "--hypothesis-seed=3", "--request-timeout=2", *TALKATIVE, *options,
         *(("-p", "crashing") if crash else ())],
        cwd=folder,
        env={**plain_environment(), **ENVIRONMENT, "PYTHONPATH": paths, "TMPDIR": f"{folder}/tmp", "CRASH": crash},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    output = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
    (folder / "terminal.txt").write_text(output, encoding="utf-8", errors="backslashreplace")
    return done.returncode, output


@contextmanager
def _hostile(system: str, behave: Behaviour, *, whole: bool) -> Iterator[str]:
    apps: dict[str, type[DifyApp | AgnoApp | OpenHandsApp]] = {
        "dify": DifyApp,
        "agno": AgnoApp,
        "openhands": OpenHandsApp,
    }
    with Trap(apps[system](Habits(key=KEY)), behave, whole=whole).serve() as url:
        yield url


def _clean(folder: Path, *, failed: bool = False) -> dict[str, str]:
    """Require that nothing is betrayed, nor overlooked; what was looked through."""
    texts = left_behind(folder)
    reports = {f"reports/conformance.{kind}" for kind in ("json", "md", "html")} | {"reports/ctrf.json"}
    assert {"terminal.txt", "junit.xml", "run.log", "history.jsonl", *reports} <= texts.keys()
    assert any(name.startswith("reports/replay/") for name in texts) is failed
    assert betrayed(texts) == []
    return texts


def test_a_target_that_conforms_two_workers(tmp_path: Path) -> None:
    with serve(DifyServer(KEY, OTHER_MODE_KEY)) as url:
        status, output = _run(url, "dify", tmp_path, "-n2", "-k", f"{PART} or not-chat-app")
    assert status == 0, output
    _clean(tmp_path)


def test_a_target_that_does_not(tmp_path: Path) -> None:
    with serve(TakesAnyKey(KEY, OTHER_MODE_KEY)) as url:
        status, output = _run(url, "dify", tmp_path, "-k", PART)
    assert status == 1, output
    assert "$RENAME_TCK_HEADER_X_GATEWAY" in output
    _clean(tmp_path, failed=True)


@pytest.mark.parametrize(
    ("name", "system", "whole"),
    [("errors", "dify", False), ("edges", "agno", False), ("sessions", "agno", True), ("elsewhere", "openhands", False),
     ("framing", "openhands", False)],
)  # fmt: skip
def test_a_target_that_tells_what_it_was_sent(name: str, system: str, whole: bool, tmp_path: Path) -> None:
    with _hostile(system, BETRAYERS[name], whole=whole) as url:
        status, output = _run(url, system, tmp_path, "-k", PART)
    assert status in {1, 3}, output
    # what cannot be read as HTTP is not told, with or without the key
    assert name == "framing" or any(MASK in text for text in left_behind(tmp_path).values())
    _clean(tmp_path, failed=status == 1)


@pytest.mark.parametrize(("system", "fails"), [("agno", "answer-shape-of-type"), ("dify", "answer-schema.en")])
def test_a_target_whose_answers_break_their_schemas_with_what_it_was_sent(
    system: str, fails: str, tmp_path: Path
) -> None:
    with _hostile(system, BETRAYERS["members"], whole=False) as url:
        status, output = _run(url, system, tmp_path, "-k", SHAPES)
    assert status == 1, output
    kept = json.loads(_clean(tmp_path, failed=True)[f"reports/replay/{system}.{fails}.json"].partition("\n")[2])
    assert f"{'.' * 55}{MASK}" in kept["expected"]


@pytest.mark.parametrize("name", ["versions", "documents"])
def test_a_target_whose_document_tells_what_it_was_sent(name: str, tmp_path: Path) -> None:
    with _hostile("agno", BETRAYERS[name], whole=True) as url:
        status, output = _run(url, "agno", tmp_path, "-k", "name-stored or answer-schema")
    assert status == 0, output
    record = json.loads(_clean(tmp_path)["reports/conformance.json"].partition("\n")[2])
    drift = record["runs"][0]["drift"]
    assert MASK in json.dumps(drift)
    assert (len(drift["differences"]) > 40) is (name == "documents")


@pytest.mark.parametrize("crash", ["a law", "the settings", "a hook", "an interruption"])
def test_a_suite_that_breaks(crash: str, tmp_path: Path) -> None:
    with serve(DifyServer(KEY, OTHER_MODE_KEY)) as url:
        status, output = _run(url, "dify", tmp_path, "-k", "name-stored or credential-missing", crash=crash)
    assert status in {1, 2, 3}, output
    assert "RuntimeError" in output or crash == "an interruption"
    assert betrayed(left_behind(tmp_path)) == []


# -- the redactor by itself


@pytest.mark.parametrize("secret", SECRETS)
def test_every_spelling_is_masked(secret: str) -> None:
    redact = Redactor(SECRETS)
    for form in echoes(secret):
        for text in (form, f"before {form} after", json.dumps({"a": form}), f"key={form}&x=1"):
            masked = redact(text)
            assert MASK in masked, form
            assert betrayed({"text": masked}) == [], form


def test_a_short_secret_is_masked_as_a_word() -> None:
    redact = Redactor([SHORT])
    for pieces in by_character(SHORT).values():
        for before in ("", " ", "=", "%20", "\\u0020", "\\n", '"'):
            assert redact(f"{before}{''.join(pieces)} ") == f"{before}{MASK} ", pieces
    assert redact(f"x{SHORT}") == f"x{SHORT}", "or every word with these letters would be taken apart"


@pytest.mark.parametrize("length", [26, 700, 2500])
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(length: int) -> None:
    secret = "".join(f"{number:x}Z" for number in range(length))[:length]
    redact = Redactor([secret])
    for before in range(0, 60, 7):
        for text in ("." * before + secret, (secret + "." * before) * 100, "." * (19_990 - before) + secret):
            shown = redact.shortened(text, 300)
            assert secret[:6] not in shown
            assert len(shown) <= 301
    assert redact.shortened("x" * 300, 300) == "x" * 300
    assert redact.shortened("x" * 301, 300) == "x" * 300 + "…"


def test_a_text_without_secrets_stays_as_it_is() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert Redactor([*SECRETS, SHORT])(page) == page
    assert GATEWAY not in page
