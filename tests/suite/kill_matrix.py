"""The kill matrix: which mutant failed which requirement, as a run of test_mutants.py found it.

``pytest tests/suite/mutants/test_mutants.py --slow --mutants-in-full`` writes it to the report folder. ``python
tests/suite/kill_matrix.py [FOLDER]`` makes docs/kill-matrix.md from it, when it holds every mutant and none survived.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "kill-matrix.md"
JSON_NAME = "kill-matrix.json"
MARKDOWN_NAME = "kill-matrix.md"

#: Under this name a test hands its row to whoever gathers the rows.
PROPERTY = "kill matrix row"


@dataclass(frozen=True)
class Killer:
    """A test that failed: its function, the requirement that it judged, and the cases of it that a run keeps."""

    law: str
    requirement: str
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One mutant's row."""

    mutant: str
    system: str
    fault: str
    kills: str
    #: What fails besides, and what may by chance.
    also: tuple[str, ...]
    may: tuple[str, ...]
    #: What failed.
    failed: tuple[str, ...]
    #: What passed; the rest was not judged.
    passed: tuple[str, ...]
    options: tuple[str, ...] = ()
    #: Whether it was judged by every requirement.
    in_full: bool = True
    #: The tests that failed, each with the cases that were kept of it: what it was sent for, in words.
    by: tuple[Killer, ...] = ()

    @property
    def survived(self) -> bool:
        """Whether the requirement that the mutant breaks did not fail."""
        return self.kills not in self.failed

    @property
    def unexpected(self) -> tuple[str, ...]:
        """What failed and should not have."""
        return tuple(name for name in self.failed if name not in {self.kills, *self.also, *self.may})

    @property
    def stale(self) -> tuple[str, ...]:
        """What is said to fail besides, and did not."""
        return tuple(name for name in self.also if name not in self.failed)

    def mark(self, requirement: str) -> str:
        """The requirement's place in the grid."""
        if requirement in self.failed:
            return "#" if requirement == self.kills else "+"
        return "." if requirement in self.passed else " "

    def dump(self) -> str:
        """The row as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def load(cls, content: Mapping[str, object]) -> Row:
        """The row that `asdict` made, its lists tuples again."""
        by: Any = content.get("by", ())
        killers = tuple(Killer(one["law"], one["requirement"], tuple(one["cases"])) for one in by)
        flat = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
        return cls(**{**flat, "by": killers})  # type: ignore[arg-type]


def write(rows: Iterable[Row], folder: Path) -> None:
    """Write the rows of a run to its report folder, as JSON and as Markdown."""
    ordered = sorted(rows, key=lambda row: (row.system, row.mutant))
    folder.mkdir(parents=True, exist_ok=True)
    content = {"rows": [asdict(row) for row in ordered]}
    (folder / JSON_NAME).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / MARKDOWN_NAME).write_text(markdown(ordered), encoding="utf-8")


def read(folder: Path) -> list[Row]:
    """The rows that a run wrote. Raises OSError when there are none."""
    content = json.loads((folder / JSON_NAME).read_text(encoding="utf-8"))
    return [Row.load(row) for row in content["rows"]]


_ABOUT = (
    "Each mutant is a correct server with one fault (`tests/suite/mutants/`). The suite judges it, and must fail the",
    "requirement that the fault breaks (*kills*) and no other than those that the same fault breaks too (*also",
    "fails*); each of these, too, but for a few that fail by chance.",
    "A mutant is judged by all requirements, or (*in part*) by those that concern it and a core of the others: by all",
    "with `--mutants-in-full`.",
    "",
    "`pytest tests/suite/mutants/test_mutants.py --slow --mutants-in-full` writes this page to `reports/`, `python",
    "tests/suite/kill_matrix.py` puts it here.",
)


_LEGEND = (
    "The columns are the requirements by number: `#` its own, `+` also failed, `.` passed, blank where it was not "
    "judged."
)


def markdown(rows: Sequence[Row]) -> str:
    """The matrix as a page: for each system a table by requirement, one by mutant, and the grid of both."""
    survivors = [row.mutant for row in rows if row.survived]
    unexpected = [row.mutant for row in rows if row.unexpected]
    found = (
        f"{len(rows)} mutants, {len(survivors)} survived{_named(survivors)}, "
        f"{len(unexpected)} failed another requirement{_named(unexpected)}."
    )
    lines = ["# Kill matrix", "", *_ABOUT, "", found]
    for system in sorted({row.system for row in rows}):
        lines += ["", *_system(system, [row for row in rows if row.system == system])]
    return "\n".join(lines) + "\n"


def _named(mutants: Sequence[str]) -> str:
    return f" ({', '.join(mutants)})" if mutants else ""


def _system(system: str, rows: Sequence[Row]) -> list[str]:
    names = _requirements(system)
    short = {name: name.partition(".")[2] for name in names}
    number = {name: position for position, name in enumerate(names, 1)}
    lines = [f"## {system}", "", "| no. | requirement | killed by | also fails with |", "|---:|---|---|---:|"]
    for name in names:
        own = [row.mutant for row in rows if row.kills == name and not row.survived]
        more = sum(1 for row in rows if row.kills != name and name in row.failed)
        lines.append(f"| {number[name]} | `{name}` | {', '.join(own) or '**none**'} | {more} |")
    lines += ["", "| mutant | its fault | kills | also fails |", "|---|---|---|---|"]
    for row in rows:
        also = ", ".join(f"`{short[name]}`" for name in names if name in row.failed and name != row.kills)
        options = f" (`{' '.join(row.options)}`)" if row.options else ""
        verdict = " **survived**" if row.survived else ""
        part = "" if row.in_full else " (in part)"
        lines.append(f"| {row.mutant} | {cell(row.fault)}{options} | `{row.kills}`{verdict}{part} | {also} |")
    width = max(len(row.mutant) for row in rows)
    lines += ["", _LEGEND, "", "```text"]
    lines += [f"{'':{width}} {''.join(str(n // 10) if n % 10 == 0 else ' ' for n in number.values())}".rstrip()]
    lines += [f"{'':{width}} {''.join(str(n % 10) for n in number.values())}"]
    for row in rows:
        lines.append(f"{row.mutant:{width}} {''.join(map(row.mark, names))}".rstrip())
    return [*lines, "```"]


def _requirements(system: str) -> list[str]:
    from rename_tck.requirements.catalogue import Catalogue

    return [requirement.id for requirement in Catalogue.load(system).requirements]


def cell(text: str) -> str:
    """A text as a cell of the page."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def is_not_there(folder: Path) -> str:
    """What is said where `read` finds no run."""
    return f"{folder / JSON_NAME} is not there: run test_mutants.py first, with --slow."


def main(folder: Path = ROOT / "reports") -> str | None:
    """Make the page from the run whose reports are in `folder`; what is wrong with that run, if anything is."""
    from mutants import every

    try:
        rows = read(folder)
    except OSError:
        return is_not_there(folder)
    missing = {(mutant.system, mutant.name) for mutant in every()} ^ {(row.system, row.mutant) for row in rows}
    if missing:
        system, name = min(missing)
        return (
            f"The last run and the register differ in {len(missing)} mutants, {name} of {system} for one: "
            "run all of test_mutants.py again, with --slow."
        )
    bad = [row.mutant for row in rows if row.survived or row.unexpected or row.stale]
    if bad:
        return f"Not killed as it should be: {', '.join(bad)}."
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(markdown(rows), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    sys.exit(main(*map(Path, sys.argv[1:2])))
