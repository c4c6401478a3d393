"""Has the cases of a run drawn by another process, ahead of the tests that send them.

Loading Hypothesis and Schemathesis and drawing take most of a second; meanwhile the first requirements are judged. What
is drawn is what would be drawn here. Where anything is amiss, `explore` draws for itself.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rename_tck
from rename_tck.cases.drawn import Drawn, from_json
from rename_tck.cases.spaces import PROFILES, SPACES, Space, seed_for
from rename_tck.systems import load
from rename_tck.systems.dialect import Session

#: Seconds to wait for a value, at most: the process draws hundreds a second.
VALUE_TIMEOUT = 30.0

#: The process's program: the package is found where this one is, after all else.
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from rename_tck.cases.drawing import main; main()"


@dataclass(frozen=True)
class GenerationRequest:
    """What is to be drawn for one test."""

    system: str
    requirement: str
    edition: str | None
    space: Space
    #: The edition whose document is drawn from.
    document: str
    seed: str
    examples: int
    #: The body of an ordinary rename, with a text that stands for that of each member.
    valid: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """As the other process is told it."""
        return {
            "system": self.system,
            "edition": self.document,
            "space": self.space.name,
            "seed": self.seed,
            "examples": self.examples,
            "valid": dict(self.valid),
        }

    def filled(self, value: Any, valid: Mapping[str, object]) -> Any:
        """A drawn value with what the body of an ordinary rename really holds where the request has its texts."""
        body = value.body if isinstance(value, Drawn) else value
        if not isinstance(body, dict):
            return value
        body = {name: valid.get(name, text) if text == self.valid.get(name) else text for name, text in body.items()}
        return Drawn(body, value.raw, valid=value.valid) if isinstance(value, Drawn) else body


def generation_requests(
    system: str, editions: Sequence[str], *, run_seed: int, profile: str
) -> list[GenerationRequest]:
    """What the tests of a system will want, in the order in which they do."""
    body = load(system).body(Session("", "created", owner="user"), "name")
    valid = {member: f"<{member}>" for member in body}
    wanted = []
    for space in SPACES:
        if space.system not in {None, system}:
            continue
        requirement, each = f"{system}.{space.law}", space.examples(PROFILES[profile], len(editions))
        for edition in editions if space.per_edition else [None]:
            seed = seed_for(run_seed, requirement, edition)
            wanted.append(
                GenerationRequest(system, requirement, edition, space, edition or editions[0], seed, each, valid)
            )
    return wanted


class NotPrefetchedError(Exception):
    """The process has no such request, or has failed at it."""


class Prefetch:
    """The process, and what it has drawn."""

    def __init__(self) -> None:
        """Start it; it draws nothing before `request`. Raises OSError when it cannot be started."""
        package = str(Path(rename_tck.__file__).resolve().parents[1])
        # it has no use for keys
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("RENAME_TCK_")}
        self._process = subprocess.Popen(  # noqa: S603 - a program of ours
            [sys.executable, "-P", "-c", _PROGRAM, package],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=surroundings,
            encoding="ascii", errors="replace",
        )  # fmt: skip
        self._arriving: list[queue.SimpleQueue[str]] = []
        self._requested: dict[tuple[str, str | None, Space], tuple[GenerationRequest, queue.SimpleQueue[str]]] = {}
        self._over = False
        threading.Thread(target=self._listen, name="rename-tck drawn cases", daemon=True).start()

    def request(self, wanted: Sequence[GenerationRequest]) -> None:
        """Say what is to be drawn, in which order. To be said once."""
        self._arriving = [queue.SimpleQueue() for _ in wanted]
        self._requested = {
            (request.system, request.edition, request.space): (request, arriving)
            for request, arriving in zip(wanted, self._arriving, strict=True)
        }
        if self._over:
            self._end()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(json.dumps([request.to_json() for request in wanted]) + "\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        """Sort what arrives by request."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                number, _, text = line.partition(" ")
                if number.isdecimal() and int(number) < len(self._arriving):  # else not a word of ours
                    self._arriving[int(number)].put(text)
        self._over = True
        self._end()

    def _end(self) -> None:
        """Say that nothing more will come: to a request that is fulfilled that makes no difference."""
        for arriving in self._arriving:
            arriving.put("")

    def take(self, system: str, edition: str | None, space: Space, valid: Mapping[str, object]) -> Iterator[Any]:
        """The values of a request, as they come. They can be had once.

        Raises:
            NotPrefetchedError: there is no such request, or the process has failed at it.
        """
        try:
            request, arriving = self._requested.pop((system, edition, space))
        except KeyError:
            raise NotPrefetchedError from None
        while True:
            try:
                content = json.loads(arriving.get(timeout=VALUE_TIMEOUT))
                if content is None:
                    return
                value = request.filled(from_json(content), valid)
            except (queue.Empty, ValueError):
                self._process.kill()  # one that hangs, or talks nonsense, is not waited for again
                raise NotPrefetchedError from None
            yield value

    def close(self) -> None:
        """Stop the process."""
        self._process.kill()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
