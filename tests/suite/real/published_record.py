"""A record as it is published: without what only this run or this machine has, and what its vendor is told first."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from real import confirming
from real.description import Target
from real.outcome import Judged, is_withheld, withholds
from rename_tck.results.record import validate

#: Where each system listens by default, for the port that a server had in the run.
_PORTS = {"agno": 7777, "openhands": 3000}

_UUID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE
)

#: What a run notes of connections that broke, which is another number each time.
_AGAIN = re.compile(r"(\d+) requests were sent again because the connection broke without an answer")

#: Of a requirement whose case is withheld: members that say nothing of the case, and those that a failure must have.
_SHOWN = (
    "id", "level", "sentence", "editions", "verdict", "reason", "by_edition", "evidence", "citations", "tests", "gap",
    "cause", "edition",
)  # fmt: skip
_EMPTY = ("request", "answer", "curl", "compared", "after", "left_out")

_WITHHELD = "the vendor learns it first"


class UnfitError(Exception):
    """A record holds what must not be published; the message is one whole sentence."""


def published(record: Mapping[str, Any], target: Target, judged: Judged, secrets: tuple[str, ...]) -> dict[str, Any]:
    """The record as it is published.

    Ids that are drawn anew for every run are numbered in the order in which they come, the port is the system's usual
    one, requests that were sent again because a connection broke are not counted, no file of a failing case is named,
    and of findings that only their vendor is told there is no more than the verdict.

    Raises:
        UnfitError: it holds a secret or a path of this machine.
    """
    text = json.dumps(record, ensure_ascii=False)
    host = str(record["runs"][0]["base_url"]).removeprefix("http://")
    text = text.replace(host, f"127.0.0.1:{_PORTS[target.server.system]}")
    numbers: dict[str, int] = {}
    text = _UUID.sub(lambda found: _numbered(found[0], numbers), text)
    content: dict[str, Any] = json.loads(text)
    run = content["runs"][0]
    again = [found for note in run["notes"] if (found := _AGAIN.fullmatch(note))]
    run["notes"] = [note for note in run["notes"] if not _AGAIN.fullmatch(note)]
    run["requests"] -= sum(int(found[1]) for found in again)
    run["requirements"] = [_told(requirement, judged) for requirement in run["requirements"]]
    if any(is_withheld(judged, finding) for finding in confirming.load().values()):
        run["notes"] = [note for note in run["notes"] if not note.startswith("nothing was tried with")]
    validate(content)
    _check(target.name, json.dumps(content, ensure_ascii=False), secrets)
    return content


def _numbered(drawn: str, numbers: dict[str, int]) -> str:
    """An id in the place of one that was drawn: the same for the same, in the same letters' case."""
    number = numbers.setdefault(drawn.lower().replace("-", ""), len(numbers) + 1)
    made = f"aaaaaaaa-aaaa-4aaa-8aaa-{number:012d}"
    made = made if "-" in drawn else made.replace("-", "")
    return made if drawn == drawn.lower() else made.upper()


def _told(requirement: dict[str, Any], judged: Judged) -> dict[str, Any]:
    """A requirement, without its case where that is withheld."""
    if requirement["verdict"] != "fail":
        return requirement
    if not withholds(requirement["id"], judged):
        # the files of its cases are not published
        others = [other | {"replay": None} for other in requirement["failing"]["others"]]
        return requirement | {"replay": None, "failing": requirement["failing"] | {"others": others}}
    shown = {name: requirement[name] for name in _SHOWN}
    said = {"case": _WITHHELD, "expected": _WITHHELD, "failing": requirement["failing"] | {"others": []}}
    return shown | said | dict.fromkeys(_EMPTY)


def _check(name: str, text: str, secrets: tuple[str, ...]) -> None:
    """Raises UnfitError where a secret or a path of this machine is in the text."""
    paths = {str(Path.home()), str(Path(__file__).resolve().parents[3]), "/tmp/", "site-packages"}
    for word in (*secrets, *paths):
        if word in text:
            shown = "a secret" if word in secrets else word
            raise UnfitError(f"the record of {name} holds {shown}, which is not to be published.")
