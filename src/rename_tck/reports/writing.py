"""The files that a run leaves in its folder of reports, made from its record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rename_tck.files import replace
from rename_tck.reports import badge, ctrf, html, markdown
from rename_tck.results.history import History
from rename_tck.results.record import Json, dumps


@dataclass(frozen=True)
class Report:
    """One of the files that a run leaves: its name in the folder of reports, and how it is made."""

    name: str
    render: Callable[[Json, History | None], str]


#: The record itself first, so that it is written even if another one cannot be.
REPORTS = {
    "json": Report("conformance.json", lambda record, _: dumps(record)),
    "html": Report("conformance.html", html.render),
    "md": Report("conformance.md", lambda record, _: markdown.render(record)),
    "ctrf": Report("ctrf.json", lambda record, _: dumps(ctrf.build(record))),
    "badge": Report("badge.json", lambda record, _: dumps(badge.build(record))),
}


def write(record: Json, directory: Path, history: History | None = None) -> list[Path]:
    """Write every report into the folder, which is made if need be; returns their paths, `conformance.json` first.

    Each file is replaced as a whole: an interrupted run leaves the old one or the new one.

    Raises:
        OSError: the folder cannot be made or written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for report in REPORTS.values():
        path = directory / report.name
        replace(path, report.render(record, history).encode())
        written.append(path)
    return written
