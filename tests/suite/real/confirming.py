"""What findings.yaml says can be seen with two curls, looked for at a running server with those very curls."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from real.description import HERE, Target

FILE = HERE / "findings.yaml"

#: Seconds for one curl, and characters that are shown of an answer's body.
_CURL, _SHOWN = 30, 240


@dataclass(frozen=True)
class Step:
    """One curl, and what its answer is like where the finding is so. `$URL` and the key are variables in it."""

    say: str
    curl: str
    status: tuple[int, ...] = ()
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def is_so(self, status: int, text: str) -> bool:
        """Whether an answer, its head and its body, is like that."""
        return (
            (not self.status or status in self.status)
            and all(word in text for word in self.holds)
            and not any(word in text for word in self.lacks)
        )


@dataclass(frozen=True)
class Finding:
    """What servers of one system do that the document does not allow."""

    id: str
    system: str
    title: str
    requirements: tuple[str, ...]
    """The requirements that fail by it, without the system's name, the one that says it best first."""
    sentence: str
    quote: str
    """The document's own words."""
    where: str
    """Where they stand."""
    expected: str
    mends: str
    steps: tuple[Step, ...]
    after: str | None = None
    """A curl that takes away what the steps have made."""
    also: str | None = None
    """What else there is to know."""
    issue: str | None = None
    shown_by: tuple[str, ...] = ()
    """Of a matter of security, which is told in general terms only, without steps and answers: the requirements whose
    failure shows it, where no curl of another finding does."""

    @property
    def is_security(self) -> bool:
        """Whether it lets a user into what is another's."""
        return bool(self.shown_by)


@cache
def load(file: Path = FILE) -> dict[str, Finding]:
    """Every finding by its id, in the file's order."""
    content: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: _finding(name, one) for name, one in content.items()}


def _finding(name: str, one: Mapping[str, Any]) -> Finding:
    steps = tuple(
        Step(
            step["say"], " ".join(step["curl"].split("\n")).strip(), _several(step.get("status")),
            _several(step.get("holds")), _several(step.get("lacks")),
        )
        for step in one["steps"]
    )  # fmt: skip
    return Finding(
        name, one["system"], one["title"], tuple(one["requirements"]), _folded(one["sentence"]), _folded(one["quote"]),
        one["where"], _folded(one["expected"]), _folded(one["mends"]), steps, one.get("after"),
        _folded(one["also"]) if one.get("also") else None, one.get("issue"), tuple(one.get("security", ())),
    )  # fmt: skip


def _several(value: Any) -> tuple[Any, ...]:
    return () if value is None else tuple(value) if isinstance(value, list) else (value,)


def _folded(text: str) -> str:
    return " ".join(text.split())


def confirm(target: Target, url: str, key: str, folder: str = "") -> dict[str, dict[str, Any]]:
    """Each finding of the target's system: whether its curls show it there, and what the last of them was answered.

    `folder` is that of the server's own files, which is not shown.
    """
    return {
        finding.id: _look(finding, url, key, folder)
        for finding in load().values()
        if finding.system == target.server.system and not finding.is_security
    }


def _look(finding: Finding, url: str, key: str, folder: str) -> dict[str, Any]:
    is_so, status, text = True, 0, ""
    for step in finding.steps:
        status, text = curl(step.curl, url, key)
        is_so = is_so and step.is_so(status, text)
        if not is_so:
            break
    if finding.after:
        curl(finding.after, url, key)
    return {
        "seen": is_so,
        "status": status,
        "body": _shown(text.replace(folder, "/folder") if folder else text, url, key),
    }


def curl(command: str, url: str, key: str) -> tuple[int, str]:
    """The status of the last answer to a shell's line, and all that came; 0 where nothing did."""
    env = {"PATH": os.environ.get("PATH", ""), "URL": url, "RENAME_TCK_API_KEY": key}
    done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, timeout=_CURL, check=False)
    text = done.stdout.decode("utf-8", "replace")
    statuses = re.findall(r"HTTP/1\.[01] (\d{3}) ", text)
    return int(statuses[-1]) if statuses else 0, text + _compact(text)


def _compact(text: str) -> str:
    """The last body once more, where it is JSON, as it is spelt without blanks: servers differ in that."""
    body = re.split(r"\r?\n\r?\n", text)[-1]
    try:
        return "\r\n\r\n" + json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return ""


def _shown(text: str, url: str, key: str) -> str:
    """The body of an answer, on one line, without the key."""
    body = re.split(r"\r?\n\r?\n", text)[-1]
    return " ".join(body.replace(key, "[secret]").replace(url, "$URL").split())[:_SHOWN]


def seen_of(found: Mapping[str, Mapping[str, Any]], requirement: str) -> Sequence[str]:
    """The findings seen at a target that a requirement fails by, in the order of the file."""
    name = requirement.partition(".")[2]
    return [
        finding.id
        for finding in load().values()
        if name in finding.requirements and found.get(finding.id, {}).get("seen")
    ]
