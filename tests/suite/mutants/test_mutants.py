"""Each mutant is killed by the requirement that it breaks, and turns none red but those listed beside it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import kill_matrix
import pytest
from harness import FEW_DRAWN, KEYS, MANY_DRAWN, Judged, judge, judge_in_process
from kill_matrix import Killer, Row

from mutants import Mutant, every
from rename_tck.reference.serving import serve
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems import NAMES

MUTANTS = every()
FEWEST = 120

#: The first mutant of each requirement in the register.
FIRST = {mutant.kills: mutant for mutant in reversed(MUTANTS)}

#: What every mutant is judged by, of the requirements that the system has: the outcome of ordinary renames, of names,
#: and of each kind of refusal.
CORE = (
    "rename-accepted", "answer-schema", "answer-media-type", "answer-json", "answer-name", "answer-id", "answer-true",
    "name-stored", "neighbours-untouched", "rename-again", "same-name", "length-200-accepted",
    "unknown-id-refused", "unknown-id-creates-nothing", "credential-missing", "body-json", "body-object",
    "refusal-changes-nothing", "user-required", "session-name-required", "title-required",
)  # fmt: skip

#: The requirements that draw their cases at random.
DRAWING = ("valid-space-accepted", "invalid-space-refused", "sequence-consistent", "no-server-error")


#: Seeds under which a mutant is judged in full until each requirement that it breaks by chance was red once.
SEEDS = (1, 2, 3, 4, 5, 6)


def _selection(mutant: Mutant, options: pytest.Config) -> str | None:
    """The requirements to judge a mutant by, as a ``-k`` expression; None for all of them."""
    if options.getoption("mutants_in_full", default=False):
        return None
    with_core = options.getoption("slow", default=False) and mutant is FIRST[mutant.kills]
    names = CORE if with_core else ("rename-accepted",)
    core = {f"{mutant.system}.{name}" for name in names}
    known = {requirement.id for requirement in Catalogue.load(mutant.system).requirements}
    return " or ".join(sorted({mutant.kills} | ((mutant.also | mutant.may | mutant.beside | core) & known)))


def _profile(mutant: Mutant) -> str:
    return MANY_DRAWN if mutant.kills.split(".")[1] in DRAWING else FEW_DRAWN


def _judged(mutant: Mutant, folder: Path, select: str | None, *options: str, seed: int = 1) -> Judged:
    with serve(mutant.make()) as base_url:
        judged = judge(
            base_url, folder, _profile(mutant), *mutant.options, *options,
            system=mutant.system, env=KEYS, select=select, record_only=True, seed=seed,
        )  # fmt: skip
    assert judged.record, judged.output
    return judged


def _row(mutant: Mutant, judged: Judged, folder: Path, *, in_full: bool) -> Row:
    return Row(
        mutant.name,
        mutant.system,
        mutant.fault,
        mutant.kills,
        also=tuple(sorted(mutant.also)),
        may=tuple(sorted(mutant.may)),
        failed=tuple(sorted(judged.with_verdict("fail"))),
        passed=tuple(sorted(judged.with_verdict("pass"))),
        options=mutant.options,
        in_full=in_full,
        by=_killers(judged, folder),
    )


def _killers(judged: Judged, folder: Path) -> tuple[Killer, ...]:
    """The tests that failed, with the cases that the run has kept of them.

    Of a requirement that is red only for what its tests have left to one that then passed, its tests.
    """
    kept: dict[str, list[str]] = {}
    for file in sorted((folder / "replay").glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        kept.setdefault(found["test"].partition("::")[2], []).append(" / ".join(found["again"].get("keys", ())))
    names = [name for name in judged.failed if "[" in name]
    late = [one for one in judged.with_verdict("fail") if not any(f"[{one}" in name for name in names)]
    names += [test.partition("::")[2] for one in late for test in judged.requirements[one]["tests"]]
    pairs = ((name, *name.removesuffix("]").split("[", 1)) for name in names)
    return tuple(Killer(law, requirement, tuple(kept.get(name, ()))) for name, law, requirement in pairs)


def _survival(mutant: Mutant, judged: Judged) -> list[str]:
    found = judged.requirements[mutant.kills]
    if found["verdict"] == "fail":
        return []
    return [f"survived: {mutant.kills} has the verdict {found['verdict']} ({found['reason']}), {found['evidence']}"]


def _failing(judged: Judged, name: str) -> str:
    """A requirement's failing case as the record has it, for whoever must decide whether the fault breaks it too."""
    found = judged.requirements[name]
    answer = found["answer"] or {}
    return "\n  ".join(
        (
            f"{name}, {found['case']}",
            f"expected {found['expected']}",
            f"compared {found['compared']}" if found["compared"] else f"sent {found['curl']}",
            f"answered {answer.get('status')} {str(answer.get('body'))[:300]}",
        )
    )


def _complaints(mutant: Mutant, judged: Judged, row: Row) -> list[str]:
    """What is wrong with what the suite says of a mutant."""
    complaints = [
        *_survival(mutant, judged),
        *(f"unexpectedly red: {_failing(judged, name)}" for name in row.unexpected),
        *(f"error: {name}: {judged.requirements[name]['reason']}" for name in judged.with_verdict("error")),
    ]
    if row.in_full:
        complaints += [f"listed beside it as red, and is not: {name}" for name in row.stale]
    must = any(judged.requirements[name]["level"] == "MUST" for name in row.failed)
    # a run of chosen requirements of which only a SHOULD fails is incomplete, with status 0
    if judged.status != int(must):
        complaints.append(f"exit status {judged.status}, not {int(must)}: {judged.run['reason']}")
    return complaints


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(
            mutant,
            id=f"{mutant.system}-{mutant.name}",
            marks=() if mutant is FIRST[mutant.kills] else pytest.mark.slow,
        )
        for mutant in MUTANTS
    ],
)
def test_the_mutant_is_killed(
    mutant: Mutant,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    pytestconfig: pytest.Config,
) -> None:
    """Each requirement is killed by its first mutant; further ones are variations on its theme, and slow.

    A mutant is judged by the requirement it kills, those listed beside it and rename-accepted, without which nothing
    conforms; with --slow the first of each requirement by a core of the others as well, with --mutants-in-full every
    one by all of them, so that any unexpected red shows, and one that is listed and not red. Where no requirement that
    draws its cases is to kill the mutant, few cases are drawn, for the others are the same in every run. What a smaller
    failing case would be is no question here, so none is looked for.
    """
    select = _selection(mutant, pytestconfig)
    judged = _judged(mutant, tmp_path / "must", select)
    row = _row(mutant, judged, tmp_path / "must", in_full=select is None)
    record_property(kill_matrix.PROPERTY, row.dump())
    complaints = _complaints(mutant, judged, row)
    if not complaints and not any(judged.requirements[name]["level"] == "MUST" for name in row.failed):
        strict = _judged(mutant, tmp_path / "should", mutant.kills, "--level=should")
        if strict.status != 1:
            complaints.append(f"exit status {strict.status} with --level=should, not 1: {strict.output}")
    if select is None and not complaints:
        complaints += _never_red(mutant, set(row.failed), tmp_path)
    assert not complaints, "\n\n".join([f"{mutant.name}: {mutant.fault}", *complaints])


def _never_red(mutant: Mutant, failed: set[str], folder: Path) -> list[str]:
    """What the mutant is said to break by chance, and never breaks."""
    for seed in SEEDS[1:]:
        if mutant.may <= failed:
            break
        failed |= _judged(mutant, folder / str(seed), None, seed=seed).with_verdict("fail")
    return [f"listed beside it as red by chance, and never is: {name}" for name in sorted(mutant.may - failed)]


#: Of each system one whose cases are drawn, and one whose fault shows in the series: a run of a user's starts a process
#: that draws for it, and loads the rest as it goes, which a run in this process does not.
AS_A_USER = {
    "dify": ("valid-space-accepted", "name-stored"),
    "agno": ("sequence-consistent", "neighbours-untouched"),
    "openhands": ("invalid-space-refused", "no-server-error"),
}


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(FIRST[f"{system}.{name}"], id=f"{system}-{name}", marks=pytest.mark.slow if number else ())
        for system, laws in AS_A_USER.items()
        for number, name in enumerate(laws)
    ],
)
def test_the_mutant_is_killed_by_a_run_as_a_user_starts_it(mutant: Mutant, tmp_path: Path) -> None:
    with serve(mutant.make()) as base_url:
        judged = judge_in_process(base_url, tmp_path, *mutant.options, system=mutant.system, env=KEYS)
    assert judged.record, judged.output
    row = _row(mutant, judged, tmp_path, in_full=True)
    assert not row.survived, judged.output
    assert row.unexpected == ()
    assert judged.status == 1
    assert judged.run["verdict"] == "does not conform"


@pytest.mark.parametrize("system", NAMES)
def test_every_requirement_is_killed(system: str) -> None:
    killed = {mutant.kills for mutant in MUTANTS}
    assert [requirement.id for requirement in Catalogue.load(system).requirements if requirement.id not in killed] == []


def test_the_requirements_of_the_mutants_exist() -> None:
    known = {requirement.id for system in NAMES for requirement in Catalogue.load(system).requirements}
    for mutant in MUTANTS:
        assert {mutant.kills, *mutant.also, *mutant.may, *mutant.beside} <= known, mutant.name
        assert {name.partition(".")[0] for name in mutant.also | mutant.may} <= {mutant.system}, mutant.name


def test_there_are_enough_mutants() -> None:
    assert len(MUTANTS) >= FEWEST


def test_names_are_unique_and_faults_said() -> None:
    assert [
        name for name, count in Counter((mutant.system, mutant.name) for mutant in MUTANTS).items() if count > 1
    ] == []
    assert [
        fault for fault, count in Counter((mutant.system, mutant.fault) for mutant in MUTANTS).items() if count > 1
    ] == []
    for mutant in MUTANTS:
        assert mutant.fault.endswith("."), mutant.name


def test_the_page_is_in_step_with_the_register() -> None:
    """docs/kill-matrix.md names each mutant once, with its fault and what it kills; kill_matrix.py makes it anew."""
    page = kill_matrix.PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (\w+) \| (.*?)(?: \(`.*`\))? \| `([\w.-]+)`", page, re.MULTILINE))
    assert listed == {(mutant.name, kill_matrix.cell(mutant.fault), mutant.kills) for mutant in MUTANTS}
    assert " 0 survived, 0 failed another requirement." in page
