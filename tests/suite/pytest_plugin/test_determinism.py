"""The same seed gives the same requests, byte for byte and in the same order, but for the ids that sessions are given.

(Agno lets the client choose an id: it is drawn anew for each run, so that two runs with one seed never meet in a
session.)

Compared is what arrives at the embedded servers, from two processes that differ in all that must not matter: the seed
of hashes, the time zone, the language, the folder. What the laws of concurrency send at once may arrive in any order,
which is the network's affair: they are neighbours, and may be exchanged, but nothing else may be.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from harness import ROOT, plain_environment

from rename_tck.cases.ids import another
from rename_tck.client.exchange import segment
from rename_tck.systems import NAMES

#: What differs between two runs, and must not matter.
HERE = {"PYTHONHASHSEED": "1", "TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8"}
THERE = {"PYTHONHASHSEED": "4711", "TZ": "America/Los_Angeles", "LC_ALL": "POSIX", "COLUMNS": "40", "USER": "nobody"}

#: How often the laws of concurrency send some at once; and how many that are at the most, with what is beside them.
ROUNDS, AT_ONCE = 5, 20
#: How many renames are among them at the least; readings, a creation and a deletion may be beside them.
RENAMES_AT_ONCE = 5

#: An id of fewer characters may stand anywhere by accident.
SHORT = 8

#: Method, target, headers, body (as text: what is not UTF-8 stays apart from what is).
Sent = tuple[str, str, tuple[tuple[str, str], ...], str]


def _sent(folder: Path, surroundings: dict[str, str], seed: int, profile: str, *options: str) -> list[list[Sent]]:
    """Everything that a run sends to each embedded server, in the order in which it arrives, without ids."""
    folder.mkdir()
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests/suite'}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"{ROOT}/tests/contract", f"--rootdir={ROOT}", "-c", f"{ROOT}/pyproject.toml",
         "-q", "-p", "recording", f"--report-dir={folder}/reports", f"--hypothesis-seed={seed}",
         f"--hypothesis-profile={profile}", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**plain_environment(), **surroundings, "PYTHONPATH": paths, "RECORDING": f"{folder}/recording.json",
             "RENAME_TCK_EDITION": "ja"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return list(map(_without_ids, json.loads((folder / "recording.json").read_text(encoding="utf-8"))))


def _without_ids(heard: list[tuple[str, str, list[tuple[str, str]], str]]) -> list[Sent]:
    """The requests with a word for each session that the run has made, whatever is cut off its id or put to it."""
    words: dict[str, str] = {}
    deleted = [target.partition("?")[0].rpartition("/")[2] for method, target, *_ in heard if method == "DELETE"]
    short: dict[str, str] = {}
    for number, session_id in enumerate(map(unquote, deleted)):
        if len(session_id) < SHORT:
            short[session_id] = f"<{number}>"
            continue
        near = {
            session_id: f"<{number}>",
            session_id[:-1]: f"<{number}, cut>",
            session_id.swapcase(): f"<{number}, X>",
            another(session_id): f"<{number}, another>",
        }
        words |= near | {segment(text): word for text, word in near.items()}
        words[f"%25{ord(session_id[0]):02X}{segment(session_id[1:])}"] = f"<{number}, encoded twice>"
        for spelling in ("\\u{:04x}", "\\u{:04X}"):  # a name that is the id, in JSON's escapes
            words["".join(spelling.format(ord(char)) for char in session_id)] = f"<{number}, escaped>"
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    # such a one stands in many words: as a segment of a path, or the id of a creation, it is the id
    letters = "|".join(map(re.escape, short))
    alone = re.compile(rf'(?<=/)(?:{letters})(?=[/?]|$)|(?<="session_id": ")(?:{letters})(?=")')

    def aside(text: str) -> str:
        text = pattern.sub(lambda match: words[match[0]], text)
        return alone.sub(lambda match: short[match[0]], text) if short else text

    return [
        (
            method,
            aside(target),
            # the key of a request is made of it, and so of the session's id
            tuple((name, value) for name, value in headers if name not in {"host", "idempotency-key"}),
            aside(bytes.fromhex(body).decode("utf-8", "surrogateescape")),
        )
        for method, target, headers, body in heard
    ]


def _exchanged(one: list[Sent], other: list[Sent]) -> int:
    """How many times some neighbours are exchanged; nothing else may differ."""
    assert len(one) == len(other)
    exchanged = place = 0
    while place < len(one):
        size = 1
        if one[place] != other[place]:
            sizes = range(2, AT_ONCE + 1)
            size = next((n for n in sizes if sorted(one[place : place + n]) == sorted(other[place : place + n])), 0)
            assert size, (place, one[place], other[place])
            around = one[max(place - AT_ONCE, 0) : place + size + AT_ONCE]
            renames = sum(method in {"POST", "PATCH"} for method, *_ in around)
            assert renames >= RENAMES_AT_ONCE, "what is exchanged is in flight with renames"
            exchanged += 1
        place += size
    return exchanged


@pytest.mark.parametrize(
    ("profile", "alike", "systems"),
    [
        pytest.param("few-examples", 5, ("dify",), id="of one system, drawn by the run itself"),
        pytest.param("few-examples", 5, NAMES, id="drawn by the run itself", marks=pytest.mark.slow),
        pytest.param("quick", 10, NAMES, id="drawn ahead", marks=pytest.mark.slow),  # test_prefetch: what is drawn
    ],
)
def test_the_same_seed_gives_the_same_requests(
    tmp_path: Path, profile: str, alike: int, systems: tuple[str, ...]
) -> None:
    only = [f"--system={system}" for system in systems if len(systems) == 1]
    one = _sent(tmp_path / "one", HERE, 11, profile, *only)
    other = _sent(tmp_path / "other", THERE, 11, profile, *only)
    assert len(one) == len(other) == len(systems)
    for here, there in zip(one, other, strict=True):
        assert len(here) > 300
        assert _exchanged(here, there) <= 3 * ROUNDS
    select = ("--system=dify", "-k", "valid-space or invalid-space")
    (others,) = _sent(tmp_path / "another seed", HERE, 12, profile, *select)
    same = {body for *_, body in others} & {body for *_, body in one[0]}
    assert len({body for *_, body in others}) > 2 * alike
    # the simplest cases are drawn under any seed
    assert len(same - {"", "{}"}) < alike, same
