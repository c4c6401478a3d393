"""What the suite is expected to find of a real server, written down in a file for each: a verdict for each requirement.

Usage: python tests/suite/real/outcome.py NAME. Judges the real server, and prints its file anew: the sentences of the
findings that are still so are kept, a new one says which case fails and what came back, to be confirmed by hand.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).parent

#: Where the files are.
FOLDER = _HERE / "expected"

APP = _HERE / "agno_app.py"

#: No longer than that is what a new finding is said with.
_LONGEST = 240


@dataclass(frozen=True)
class Server:
    """One real server to judge: Agno on a database, and a session that is made first and given to the run."""

    store: str
    given: Mapping[str, Any] | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """What the run is given."""
        return () if self.given is None else (f"--session-id={self.given['session_id']}",)


#: Every server that is judged, by the name of its file.
SERVERS = {
    "agno-2.5.6-sqlite": Server("sqlite"),
    "agno-2.5.6-memory": Server("memory"),
    "agno-2.5.6-json": Server("json"),
    # as users have them: a session that was never given a name
    "agno-2.5.6-json-nameless": Server("json", {"session_id": "never-named", "user_id": "someone"}),
}


@dataclass(frozen=True)
class Expected:
    """What is expected of one requirement; `finding` says in a sentence what the server does where it does not pass."""

    verdict: str
    finding: str | None = None


def load(name: str) -> dict[str, Expected]:
    """The file of a server, by requirement. Raises OSError when there is none."""
    content: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return {requirement: Expected(one["verdict"], one.get("finding")) for requirement, one in content.items()}


def differences(expected: Mapping[str, Expected], found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where what was found is not what is expected, a sentence for each requirement: worse, better, new or gone."""
    told = []
    for name in sorted(expected.keys() | found.keys()):
        was = expected[name].verdict if name in expected else "not in the file"
        now = str(found[name]["verdict"]) if name in found else "not in the record"
        if was != now:
            told.append(f"{name}: expected {was}, found {now}{f': {_said(found[name])}' if name in found else ''}")
    return told


def dump(expected: Mapping[str, Expected], found: Mapping[str, Mapping[str, Any]]) -> str:
    """The file anew, as it was found."""
    lines = []
    for name, requirement in found.items():
        verdict = str(requirement["verdict"])
        lines.append(f"{name}: {{verdict: {verdict}}}" if verdict == "pass" else f"{name}:\n  verdict: {verdict}")
        if verdict != "pass":
            known = expected.get(name)
            finding = known.finding if known and known.verdict == verdict and known.finding else _said(requirement)
            lines += ["  finding: >-", *textwrap.wrap(finding, 112, initial_indent="    ", subsequent_indent="    ")]
    return "\n".join(lines) + "\n"


def _said(requirement: Mapping[str, Any]) -> str:
    """What a record says of a requirement that does not pass, in one sentence."""
    if requirement["verdict"] != "fail":
        return " ".join(str(requirement.get("reason") or "no reason given").split())[:_LONGEST]
    answer = requirement.get("answer") or {}
    compared = requirement.get("compared")
    came = (
        f"the answer is {answer.get('status')} {answer.get('body')!r}"
        if not compared
        else f"it is {compared['actual']!r}"
    )
    return " ".join(f"{requirement['case']}: expected {requirement['expected']}, but {came}".split())[:_LONGEST]


@contextlib.contextmanager
def serve(server: Server, path: Path, key: str) -> Iterator[str]:
    """The real server, with the session that is given to the run; its base URL."""
    import requests

    from real.serving import serving

    env = {"AGNO_TELEMETRY": "false", "OS_SECURITY_KEY": key}
    with serving(sys.executable, APP, server.store, str(path), env=env) as url:
        if server.given is not None:
            headers = {"Authorization": f"Bearer {key}"}
            answer = requests.post(f"{url}/sessions?type=agent", json=server.given, headers=headers, timeout=10)
            assert answer.status_code == 201, answer.text
        yield url


def main() -> int:
    """Judge the named server, and print its file."""
    if len(sys.argv) != 2 or sys.argv[1] not in SERVERS:
        sys.stderr.write(f"usage: python tests/suite/real/outcome.py {'|'.join(SERVERS)}\n")
        return 2
    sys.path[:0] = [str(_HERE.parent), str(_HERE.parents[2] / "src")]
    from harness import KEY, judge

    name, server, expected = sys.argv[1], SERVERS[sys.argv[1]], dict[str, Expected]()
    with contextlib.suppress(OSError):
        expected = load(name)
    with tempfile.TemporaryDirectory() as folder, serve(server, Path(folder) / "store", KEY) as url:
        env = {"RENAME_TCK_API_KEY": KEY}
        judged = judge(url, Path(folder) / "report", *server.options, env=env, real_time=True)
    for difference in differences(expected, judged.requirements):
        sys.stderr.write(f"{difference}\n")
    sys.stdout.write(dump(expected, judged.requirements))
    return 0


if __name__ == "__main__":
    sys.exit(main())
