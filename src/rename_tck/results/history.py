"""The history of runs: a file with one JSON line a run, and what it tells of each requirement."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

#: Stands in every line, so that a foreign one is told apart.
VERSION = "1.0"

#: The verdicts that say something of the target; the others are gaps in a trend, not changes.
_JUDGED = ("pass", "fail")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


#: What a run writes into its report folder besides.
_REPORTS = frozenset({"conformance.json", "conformance.html", "conformance.md", "ctrf.json", "badge.json"})


class HistoryError(ValueError):
    """A file cannot be the history; the message says why, and follows its name."""


@dataclass(frozen=True)
class History:
    """The runs of a file, oldest first, and a sentence on each thing in it that was skipped."""

    entries: tuple[Json, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trend:
    """One requirement in the runs that judged the same target by the same document: (start, verdict), this run last."""

    runs: tuple[tuple[str, str], ...]

    @property
    def judged(self) -> tuple[tuple[str, str], ...]:
        """The runs that passed or failed it."""
        return tuple(run for run in self.runs if run[1] in _JUDGED)

    @property
    def failed(self) -> tuple[tuple[str, str], ...]:
        """The runs that failed it."""
        return tuple(run for run in self.runs if run[1] == "fail")

    @property
    def first_failing(self) -> str | None:
        """The start of the earliest run that failed it; None when none did."""
        return self.failed[0][0] if self.failed else None

    @property
    def since(self) -> str | None:
        """The start of the run since which every judging run gave the latest verdict; None when none judged it."""
        found = None
        for start, verdict in reversed(self.judged):
            if verdict != self.judged[-1][1]:
                break
            found = start
        return found

    @property
    def sentence(self) -> str:
        """The trend in words."""
        judged, failed = self.judged, self.failed
        if not judged:
            return f"No run of {len(self.runs)} judged it."
        if not failed:
            return f"Never failed in {_count(judged)} since {moment(judged[0][0])}."
        latest = {"fail": "Fails", "pass": "Passes"}[judged[-1][1]]
        if self.runs[-1][1] not in _JUDGED:
            latest = f"Not judged now; {latest.lower()}"
        return (
            f"{latest} since {moment(self.since or '')}; first seen failing {moment(failed[0][0])}; "
            f"failed in {len(failed)} of {_count(judged)}."
        )


def _count(runs: tuple[tuple[str, str], ...]) -> str:
    return f"{len(runs)} run{'s' * (len(runs) != 1)} that judged it"


def moment(instant: str) -> str:
    """A moment of the record to the minute, as people write it."""
    return f"{instant[:10]} {instant[11:16]} UTC"


def entry(record: Json) -> Json:
    """The line of a run: who was judged, and the verdict on each requirement."""
    return {
        "history_version": VERSION,
        "start": record["start"],
        "end": record["end"],
        "suite_version": record["suite_version"],
        "seed": record["seed"],
        "exit_status": record["exit_status"],
        "runs": [
            {
                "system": run["system"],
                "place": place(run),
                "editions": run["chosen_editions"],
                **({"spec": run["spec"]["sha256"]} if "spec" in run else {}),
                "verdict": run["verdict"],
                "requirements": {requirement["id"]: requirement["verdict"] for requirement in run["requirements"]},
            }
            for run in record["runs"]
        ],
    }


def place(run: Json) -> str:
    """What makes two runs' targets the same one: the base URL, but for the port of a server on this machine.

    A server that is started for a run often chooses its port anew.
    """
    if run["target"] != "target" or not run["base_url"]:
        return str(run["target"])
    try:
        parts = urlsplit(run["base_url"])
        host = parts.hostname
    except ValueError:
        return str(run["base_url"])
    return f"{parts.scheme}://{host}{parts.path}" if host in _LOOPBACK else str(run["base_url"])


def check(path: Path, report_dir: Path) -> None:
    """See before a run that its line can be added to the file, and that nothing but a history is added to.

    The folder of reports, which a run makes, need not be there yet.

    Raises:
        HistoryError: the file is another one, or cannot be written.
    """
    folder = path.parent
    if path.name in _REPORTS and folder.resolve() == report_dir.resolve():
        raise HistoryError("is a report that the run writes: name a file of its own.")
    try:
        if not path.exists():
            if not folder.is_dir():
                if folder.resolve() == report_dir.resolve():
                    return
                raise HistoryError(f"cannot be made: there is no folder {folder}.")
            if not os.access(folder, os.W_OK | os.X_OK):
                raise HistoryError(f"cannot be made: the folder {folder} cannot be written to.")
            return
        if path.is_dir():
            raise HistoryError("is a folder: name a file.")
        if not path.is_file():
            raise HistoryError("is no file that lines could be written to.")
        with path.open("r+b") as file:
            begun = _is_history(file)
    except OSError as error:
        raise HistoryError(f"cannot be written: {error.strerror or error}.") from None
    if not begun:
        raise HistoryError("is no history: none of its lines was written by a run. Name another file.")


def _is_history(lines: Iterable[bytes]) -> bool:
    """Whether these are lines of a history, of whatever version, or none at all."""
    empty = True
    for line in lines:
        if not line.strip():
            continue
        empty = False
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            # the first run's, broken off
            if not line.endswith(b"\n") and line.startswith(_BEGINNING):
                return True
            continue
        if isinstance(content, dict) and "history_version" in content:
            return True
    return empty


#: What a line begins with: its members are sorted.
_BEGINNING = b'{"end": "'


def append(record: Json, path: Path) -> None:
    """Add the run's line to the file, which is made if need be; a run whose line stands there last is not added again.

    Raises:
        OSError: the file cannot be made or written.
    """
    line = json.dumps(entry(record), sort_keys=True).encode()
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - len(line) - 2))
        tail = file.read()
        if tail.rstrip(b"\n").rpartition(b"\n")[2] == line:
            return
        # a line that was broken off spoils itself only
        file.write((b"" if not tail or tail.endswith(b"\n") else b"\n") + line + b"\n")


def load(path: Path) -> History:
    """The history of a file; a line that no run of this suite wrote is skipped, with a note.

    Raises:
        OSError: the file cannot be read.
    """
    entries, foreign = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        if _is_entry(content):
            entries.append(content)
        else:
            foreign.append(number)
    return History(tuple(entries), _notes(path, foreign))


def _notes(path: Path, foreign: list[int]) -> tuple[str, ...]:
    if not foreign:
        return ()
    if len(foreign) == 1:
        return (f"Line {foreign[0]} of {path} was skipped: no run of this suite wrote it.",)
    shown = ", ".join(map(str, foreign[:10])) + (f" and {len(foreign) - 10} more" if len(foreign) > 10 else "")
    return (f"Lines {shown} of {path} were skipped: no run of this suite wrote them.",)


def _is_entry(content: Any) -> bool:
    """Whether it is what `entry` makes, as far as a trend needs it."""
    return (
        isinstance(content, dict)
        and content.get("history_version") == VERSION
        and isinstance(content.get("start"), str)
        and len(content["start"]) >= len("2026-11-20T23:00:00Z")
        and isinstance(content.get("runs"), list)
        and all(_is_run(run) for run in content["runs"])
    )


def _is_run(run: Any) -> bool:
    return (
        isinstance(run, dict)
        and isinstance(run.get("system"), str | None)
        and isinstance(run.get("place"), str)
        and isinstance(run.get("spec"), str | None)
        and isinstance(run.get("requirements"), dict)
        and all(isinstance(verdict, str) for verdict in run["requirements"].values())
    )


def _what(run: Json) -> tuple[object, ...]:
    """What makes two runs of one trend: the system, where it is, and the user's own document, if it was judged by one.

    A line of old that has `own` for its edition does not say which: its document is no other line's.
    """
    document = run.get("spec") or (object() if run.get("editions") == ["own"] else None)
    return run["system"], run["place"], document


def trends(history: History, record: Json) -> list[dict[str, Trend]]:
    """For each run of the record the trend of each requirement, up to this run: what came after is left out."""
    own = entry(record)
    earlier = [line for line in history.entries if line != own and line["start"] <= own["start"]]
    return [_trends(earlier, own["start"], run) for run in own["runs"]]


def _trends(earlier: Iterable[Json], start: str, own: Json) -> dict[str, Trend]:
    before = [
        (line["start"], run["requirements"])
        for line in sorted(earlier, key=lambda line: str(line["start"]))
        for run in line["runs"]
        if _what(run) == _what(own)
    ]
    return {
        name: Trend((*((when, verdicts[name]) for when, verdicts in before if name in verdicts), (start, verdict)))
        for name, verdict in own["requirements"].items()
    }
