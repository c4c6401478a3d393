"""What requests find: which law, and which value of a dimension, killed which mutant, and at how many requests.

``pytest tests/suite/mutants/test_mutants.py --slow --mutants-in-full`` writes what is needed to the report folder.
``python tests/suite/kill_yield.py [FOLDER]`` prints the tables, with ``--write`` into docs/benchmark.md. What a law
sends is counted in a quick run against the embedded servers: a law that looks back on what others have sent sends
nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import kill_matrix
from kill_matrix import ROOT, Row

PAGE = ROOT / "docs" / "benchmark.md"

#: The heading of the page's last section, which this tool writes.
HEADING = "## What requests find"

#: The law whose cases are points.
POINTS = "test_every_valid_rename_is_accepted_and_kept"

#: A law that is not in a run against a conforming server, and requests beside those of a law.
_OTHER = "(beside the laws)"


@dataclass(frozen=True)
class Step:
    """One law of the greedy cover, and what was found with it."""

    law: str
    requests: int
    #: The mutants that it kills, those of them that no law before it does, and those that no other law does at all.
    kills: frozenset[str]
    new: frozenset[str]
    alone: frozenset[str]


def by_law(rows: Iterable[Row]) -> dict[str, frozenset[str]]:
    """The mutants that each law kills, by its function."""
    return _grouped((killer.law, row.mutant) for row in rows for killer in row.by)


def by_requirement(rows: Iterable[Row]) -> dict[str, frozenset[str]]:
    """The mutants that each requirement is red for."""
    return _grouped((name, row.mutant) for row in rows for name in row.failed)


def by_value(rows: Iterable[Row], values: Mapping[str, tuple[str, str]], between: str) -> dict[str, frozenset[str]]:
    """The mutants whose failing points have a value in them, by the value; each point is as small as it went."""
    return _grouped(
        (value, row.mutant)
        for row in rows
        for killer in row.by
        if killer.law == POINTS
        for label in killer.cases
        for value in label.split(between)
        if value in values
    )


def in_pairs(rows: Iterable[Row], between: str) -> dict[str, frozenset[str]]:
    """The mutants that a point of two values kills, by the two, in words."""
    return _grouped(
        (label, row.mutant)
        for row in rows
        for killer in row.by
        if killer.law == POINTS
        for label in killer.cases
        if label.count(between) == 1
    )


def alone(kills: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The mutants that one alone kills, for each."""
    times = Counter(mutant for found in kills.values() for mutant in found)
    return {name: frozenset(one for one in found if times[one] == 1) for name, found in kills.items()}


def cover(kills: Mapping[str, frozenset[str]], requests: Mapping[str, int]) -> list[Step]:
    """The laws in the order of the greedy cover: each the one that kills most for its requests of what is still alive.

    Those that kill nothing new come last, the dearest first: they are what a run could do without.
    """
    only, left, dead, steps = alone(kills), set(kills) | set(requests), set[str](), list[Step]()
    while left:
        new = {law: kills.get(law, frozenset()) - dead for law in left}
        law = max(left, key=lambda one: _worth(one, len(new[one]), requests.get(one, 0)))
        found = kills.get(law, frozenset())
        steps.append(Step(law, requests.get(law, 0), found, new[law], only.get(law, frozenset())))
        dead |= found
        left.remove(law)
    return steps


def _worth(law: str, new: int, requests: int) -> tuple[float, int, str]:
    """By what a law comes before others: what it kills for its requests; where that is nothing, what it costs."""
    return new / max(requests, 1), new or requests, law


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, mutant in pairs:
        found.setdefault(name, set()).add(mutant)
    return {name: frozenset(mutants) for name, mutants in found.items()}


# -- the tables


def section(rows: Sequence[Row], requests: Mapping[str, Mapping[str, int]]) -> str:
    """The page's section: for each system a table by law, by requirement and by dimension; `requests` is by system."""
    lines = [HEADING, "", *_ABOUT]
    for system in sorted({row.system for row in rows}):
        own = [row for row in rows if row.system == system]
        lines += ["", f"### {system}", "", *_laws(own, requests.get(system, {}))]
        lines += ["", *_requirements(own), "", *_dimensions(system, own)]
    return "\n".join(lines) + "\n"


_ABOUT = (
    "Made by `python tests/suite/kill_yield.py --write` of a run of all mutants. Laws are in the order of the greedy",
    "cover: each kills most, for its requests, of the mutants that those above it leave alive. *Only* counts the",
    "mutants that nothing else kills. Requests are those of a quick run against the embedded server, at the law that",
    "sent them first. Behind its first failing cases a law sends no more, so what it kills by a value is at least what",
    "is said.",
)


def _laws(rows: Sequence[Row], requests: Mapping[str, int]) -> list[str]:
    lines = ["| law | requests | in all | kills | new | in all | only |", "|---|---:|---:|---:|---:|---:|---:|"]
    sent = dead = 0
    for step in cover(by_law(rows), requests):
        sent, dead = sent + step.requests, dead + len(step.new)
        counts = (step.requests, sent, len(step.kills), len(step.new), dead, len(step.alone))
        lines.append(f"| {step.law.removeprefix('test_').replace('_', ' ')} | {' | '.join(map(str, counts))} |")
    return lines


def _requirements(rows: Sequence[Row]) -> list[str]:
    kills = by_requirement(rows)
    only = alone(kills)
    ordered = sorted(kills, key=lambda name: (-len(kills[name]), name))
    return [
        "| requirement | red for | only |",
        "|---|---:|---:|",
        *(f"| `{name}` | {len(kills[name])} | {len(only[name])} |" for name in ordered),
    ]


def _dimensions(system: str, rows: Sequence[Row]) -> list[str]:
    values, between = _values(system)
    kills = by_value(rows, values, between)
    only, pairs = alone(kills), in_pairs(rows, between)
    classes: dict[tuple[str, str], list[str]] = {}
    for words, place in values.items():
        classes.setdefault(place, []).append(words)
    lines = ["| dimension | class | values | of which kill | mutants | only |", "|---|---|---:|---:|---:|---:|"]
    for (dimension, group), found in classes.items():
        telling = [words for words in found if words in kills]
        dead = {mutant for words in telling for mutant in kills[words]}
        own = {mutant for words in telling for mutant in only[words]}
        counts = (len(found), len(telling), len(dead), len(own))
        lines.append(f"| {dimension} | {group} | {' | '.join(map(str, counts))} |")
    mutants = {mutant for found in pairs.values() for mutant in found}
    return [*lines, "", f"By points of two values: {len(mutants)} mutants ({', '.join(sorted(mutants)) or 'none'})."]


def _values(system: str) -> tuple[dict[str, tuple[str, str]], str]:
    """The values of a quick run, each with its dimension and class; and what stands between two in a label."""
    from rename_tck.cases import system_cases
    from rename_tck.cases.points import AND
    from rename_tck.cases.rename_space import Chosen, space_of
    from rename_tck.systems import load

    space = space_of(system_cases.load(load(system)), "rename-tck", lambda _: True, of=Chosen())
    found = {
        value.words: (dimension.name, value.group)
        for dimension in space.dimensions
        for value in (*dimension.values[1:], *dimension.alone)
    }
    return found, AND


# -- the requests of a conforming run


def requests_by_law(system: str) -> dict[str, int]:
    """How many requests each law sends in a quick run against the embedded server."""
    from unittest import mock

    import pytest
    from harness import KEYS, judge
    from mutants.everywhere import conforming

    from rename_tck.client.journal import Journal
    from rename_tck.reference.serving import serve

    sent, law = Counter[str](), [_OTHER]
    add = Journal.add

    class Laws:
        def pytest_runtest_logstart(self, nodeid: str) -> None:
            law[0] = nodeid.partition("::")[2].partition("[")[0]

        def pytest_sessionfinish(self) -> None:
            law[0] = _OTHER

    def counted(self: Journal, *args: object, **more: object) -> object:
        sent[law[0]] += 1
        return add(self, *args, **more)  # type: ignore[arg-type]

    counting, app = mock.patch.object(Journal, "add", counted), conforming(system)
    with tempfile.TemporaryDirectory() as folder, serve(app) as url, counting:
        judged = judge(url, Path(folder), system=system, env=KEYS, record_only=True, plugins=[Laws()])
    if judged.status != pytest.ExitCode.OK:
        raise SystemExit(f"The embedded server of {system} does not conform: {judged.output}")
    return dict(sent)


def written(page: str, text: str) -> str:
    """The page with this section in the place of the one it had."""
    before = page.partition(HEADING)[0].rstrip()
    return f"{before}\n\n{text}"


def asked(arguments: Sequence[str] | None, about: str | None, written: Path) -> argparse.Namespace:
    """What a tool is asked that is made of such a run: the run's `folder`, and whether it is to `write`."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "reports", help="where the run's reports are")
    parser.add_argument("--write", action="store_true", help=f"write {written.relative_to(ROOT)}")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> str | None:
    """Print the tables, or write them; what is wrong with the run that they are made of, if anything is."""
    from rename_tck.systems import NAMES

    chosen = asked(arguments, __doc__, PAGE)
    try:
        rows = kill_matrix.read(chosen.folder)
    except OSError:
        return kill_matrix.is_not_there(chosen.folder)
    unknown = [row.mutant for row in rows if row.failed and not row.by]
    if unknown:
        return f"The run does not say which tests failed for {unknown[0]} and {len(unknown) - 1} more: run it again."
    text = section(rows, {system: requests_by_law(system) for system in NAMES})
    if chosen.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        sys.stdout.write(text)
    return None


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    sys.exit(main())
