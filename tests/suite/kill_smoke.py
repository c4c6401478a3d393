"""Which cases a smoke run tries: the most telling ones, by what killed which mutant.

``pytest tests/suite/mutants/test_mutants.py --slow --mutants-in-full`` writes what is needed to the report folder.
``python tests/suite/kill_smoke.py [FOLDER]`` chooses, prints what it has chosen, and how many mutants a smoke run kills
with that; with ``--write`` it goes into the suite. It judges every mutant twice, which takes some minutes.

Laws that look back on what others have sent cost nothing, and the points are planned by themselves: what these kill in
a smoke run is measured first. Of the other laws those cases are taken that kill most, for their requests, of the rest.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from unittest import mock

import kill_matrix
from kill_matrix import ROOT, Row
from kill_yield import POINTS, asked, requests_by_law

FOLDER = ROOT / "src" / "rename_tck" / "cases" / "telling"

#: Requests that the cases of a system may come to, with what a law sends beside its cases: a smoke run has 150 in all,
#: of which it needs the rest to come by sessions, for the points, and to put back.
BUDGET = {"dify": 34, "agno": 20, "openhands": 40}

#: Requests of a law beside its cases: the rename that it begins with, and the reading that it ends with; of one that
#: needs a session of its own more.
_BESIDE = 2
_SESSIONS = {"test_a_deleted_session_is_not_renamed": 12, "test_an_unknown_session_is_answered_with_404": 9}

#: How the names of laws begin that send what is missing and look back on all: in a smoke run they look back alone.
LOOK_BACK = "test_every_4"

#: In place of cases: a law that looks back on what others have sent tries none of its own.
NONE = ""

#: Laws that let time pass, which a smoke run does not.
TAKE_TIME = frozenset({
    "test_the_name_is_there_still_after_a_while", "test_a_rename_after_an_idle_second_is_kept",
    "test_no_other_session_changes", "test_nothing_else_of_the_session_changes",
})  # fmt: skip

#: Cases by law, as `rename_tck.cases.telling` has them.
Telling = dict[str, list[str]]


def looking_back(rows: Iterable[Row], requests: Mapping[str, int]) -> Telling:
    """The points, and the laws that send nothing themselves."""
    laws = {killer.law for row in rows for killer in row.by} - TAKE_TIME - {POINTS}
    free = sorted(law for law in laws if not requests.get(law) or law.startswith(LOOK_BACK))
    return {POINTS: []} | {law: [NONE] for law in free}


def chosen(rows: Iterable[Row], free: Telling, dead: set[str], requests: Mapping[str, int], budget: int) -> Telling:
    """The laws in the order in which they tell most, each with its cases; all of them where none is named.

    `dead` are the mutants that the laws which cost nothing kill.
    """
    left: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for killer in row.by:
            for case in killer.cases or ("",):
                if killer.law not in free and killer.law not in TAKE_TIME and "drawn " not in case:
                    left.setdefault((killer.law, case), set()).add(row.mutant)
    found: Telling = {}
    while left:
        unit = max(left, key=lambda one: (len(left[one] - dead) / _cost(one, found, requests), one))
        kills, cost = left.pop(unit), _cost(unit, found, requests)
        if kills - dead and cost <= budget:
            law, case = unit
            found.setdefault(law, []).extend([case] if case else [])
            budget, dead = budget - cost, dead | kills
    return {**found, **free}


def _cost(unit: tuple[str, str], found: Mapping[str, object], requests: Mapping[str, int]) -> int:
    """What a case costs: with the law's own requests where it has no cases, or none of them is tried yet."""
    law, case = unit
    if not case or law in _SESSIONS:
        return max(requests[law], _SESSIONS.get(law, 0))
    return 1 if law in found else 1 + _BESIDE


def killed(telling: Mapping[str, Telling]) -> dict[str, set[str]]:
    """The mutants of each system that a smoke run kills which tries these cases."""
    from harness import KEYS, judge
    from mutants import every

    from rename_tck.pytest_plugin import collection
    from rename_tck.reference.serving import serve

    found: dict[str, set[str]] = {system: set() for system in telling}
    with mock.patch.object(collection, "telling", telling.__getitem__):
        for mutant in every():
            options = ("--hypothesis-profile=smoke", *mutant.options)
            with tempfile.TemporaryDirectory() as folder, serve(mutant.make()) as url:
                judged = judge(url, Path(folder), *options, system=mutant.system, env=KEYS, record_only=True)
            if judged.status == 1 or any(one["verdict"] == "fail" for one in judged.requirements.values()):
                found[mutant.system].add(mutant.name)
    return found


def main(arguments: Sequence[str] | None = None) -> str | None:
    """Print what a smoke run is to try, or write it; what is wrong with the run that it is made of, if anything is."""
    options = asked(arguments, __doc__, FOLDER)
    try:
        rows = kill_matrix.read(options.folder)
    except OSError:
        return kill_matrix.is_not_there(options.folder)
    own = {system: [row for row in rows if row.system == system] for system in BUDGET}
    requests = {system: requests_by_law(system) for system in BUDGET}
    free = {system: looking_back(own[system], requests[system]) for system in BUDGET}
    dead = killed(free)
    telling = {
        system: chosen(own[system], free[system], dead[system], requests[system], budget)
        for system, budget in BUDGET.items()
    }
    for system, laws in telling.items():
        text = json.dumps(laws, ensure_ascii=True, indent=1) + "\n"
        if options.write:
            (FOLDER / f"{system}.json").write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(f"{system}: {text}")
    for system, found in killed(telling).items():
        share = len(found) / len(own[system])
        sys.stdout.write(f"{system}: a smoke run kills {len(found)} of {len(own[system])} mutants, {share:.0%}\n")
    return None


if __name__ == "__main__":
    raise SystemExit(main())
