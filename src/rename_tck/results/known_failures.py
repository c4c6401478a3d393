"""Known failures: a TOML file of requirements that may fail for a while, each with a reason, and its upkeep.

    [[known]]
    id = "dify.user-required"
    reason = "The gateway fills the user in."
    link = "https://tracker.example/123"
    expires = 2027-01-31

A known failure does not fail the run. One that no longer fails, has expired or names no requirement does.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rename_tck.results.record import Json
from rename_tck.systems import NAMES

#: For how many days the first file, which a command writes, excuses.
GRACE = 90

_MEMBERS = {"id", "reason", "link", "expires"}
_URL = re.compile(r"https?://[!-~]+")


class KnownFailuresError(ValueError):
    """The file of known failures cannot be used; the message is one whole sentence."""


@dataclass(frozen=True)
class KnownFailure:
    """One requirement that may fail, up to and with the day `expires`."""

    id: str
    reason: str
    link: str | None = None
    expires: date | None = None

    def record(self) -> Json:
        """What a record says of a failure that is known."""
        return {
            "reason": self.reason,
            "link": self.link,
            "expires": self.expires.isoformat() if self.expires else None,
        }


@dataclass(frozen=True)
class Applied:
    """Known failures held against a run: the failures that do not count, and what is wrong with the file."""

    excused: Mapping[str, KnownFailure] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()


def load(path: Path) -> tuple[KnownFailure, ...]:
    """The known failures of a file.

    Raises:
        KnownFailuresError: the file cannot be read, or something in it cannot be understood.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise KnownFailuresError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise KnownFailuresError(f"{path} is not UTF-8 text.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise KnownFailuresError(f"{path} is not TOML: {error}.") from None
    entries = content.pop("known", [])
    if content:
        raise KnownFailuresError(f"{path} holds {_names(content)}; it may hold [[known]] only.")
    if not isinstance(entries, list):
        raise KnownFailuresError(f"{path} has known as one table; write [[known]] above each entry.")
    known = tuple(_entry(entry, f"{path}, entry {number} of [[known]]") for number, entry in enumerate(entries, 1))
    twice = [name for name, times in Counter(entry.id for entry in known).items() if times > 1]
    if twice:
        raise KnownFailuresError(f"{path} names {twice[0]} more than once.")
    return known


def _names(members: Iterable[str]) -> str:
    return ", ".join(sorted(members))


def _entry(entry: Any, where: str) -> KnownFailure:
    if not isinstance(entry, dict):
        raise KnownFailuresError(f"{where}: it is no table.")
    if strange := set(entry) - _MEMBERS:
        raise KnownFailuresError(f"{where}: it holds {_names(strange)}; it may hold {_names(_MEMBERS)}.")
    for member in ("id", "reason"):
        if not isinstance(entry.get(member), str) or not entry[member].strip():
            raise KnownFailuresError(f"{where}: it needs {member}, a text that is not empty.")
    link, expires = entry.get("link"), entry.get("expires")
    if link is not None and (not isinstance(link, str) or not _URL.fullmatch(link)):
        raise KnownFailuresError(f"{where}: link is not an http or https URL.")
    if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
        raise KnownFailuresError(f"{where}: expires is a day without quotes and without a time, as 2027-01-31.")
    return KnownFailure(entry["id"].strip(), " ".join(entry["reason"].split()), link, expires)


def apply(record: Json, known: Iterable[KnownFailure], today: date) -> Applied:
    """Hold known failures against a record.

    Only systems that the record judged are looked at; what was not tested, or could not be judged, is no ground for a
    complaint, for it may fail still.
    """
    found = {requirement["id"]: requirement for run in record["runs"] for requirement in run["requirements"]}
    judged = {run["system"] for run in record["runs"] if run["requirements"]}
    excused, complaints = {}, []
    for entry in known:
        requirement = found.get(entry.id)
        system = entry.id.partition(".")[0]
        if requirement is None:
            if system in judged or system not in NAMES:
                complaints.append(f"The known failure {entry.id} names no requirement.")
        elif requirement["verdict"] == "pass":
            complaints.append(f"The known failure {entry.id} no longer fails: take it out of the file.")
        elif entry.expires is not None and entry.expires < today:
            complaints.append(f"The known failure {entry.id} expired on {entry.expires.isoformat()}.")
        elif requirement["verdict"] == "fail":
            excused[entry.id] = entry
    return Applied(excused, tuple(complaints))


def mark(record: Json, applied: Applied) -> Json:
    """The record with each excused failure marked as known, and with the complaints; the given one stays as it is."""
    runs = [
        {
            **run,
            "requirements": [
                {**requirement, "known": applied.excused[requirement["id"]].record()}
                if requirement["id"] in applied.excused
                else requirement
                for requirement in run["requirements"]
            ],
        }
        for run in record["runs"]
    ]
    return {**record, "runs": runs, "complaints": list(applied.complaints)}


def first_file(record: Json) -> str:
    """A file that makes every failure of the record known, for `GRACE` days from the day on which its run ended."""
    end = datetime.fromisoformat(record["end"]).date()
    expires = end + min(timedelta(days=GRACE), date.max - end)
    failed = {
        requirement["id"]: requirement
        for run in record["runs"]
        for requirement in run["requirements"]
        if requirement["verdict"] == "fail"
    }
    intro = "# Known failures do not fail a run until they expire. Say why each is known, and where work on it stands."
    return "\n\n".join([intro, *(_block(requirement, expires) for requirement in failed.values())]) + "\n"


def _block(requirement: Json, expires: date) -> str:
    """One entry; of a failure that was known already its reason, link and day are kept."""
    known = requirement.get("known") or {"link": None, "expires": expires.isoformat()}
    reason = known.get("reason") or f"{requirement['case']}: expected {requirement['expected']}"
    lines = [
        f"# {requirement['level']}: {_plain(requirement['sentence'])}",
        "[[known]]",
        f"id = {_quoted(requirement['id'])}",
        f"reason = {_quoted(reason)}",
        f"link = {_quoted(known['link'])}" if known["link"] else '# link = "https://..."',
        f"expires = {known['expires']}" if known["expires"] else "# expires = 2027-01-31",
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """The text on one line, without what TOML does not allow in a comment or a quoted text."""
    shown = re.sub("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", " ", text)
    return " ".join(shown.split())[:300]


def _quoted(text: str) -> str:
    return '"' + _plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
