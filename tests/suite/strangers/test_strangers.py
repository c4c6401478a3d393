"""Correct servers that are not the embedded ones are never failed.

Every stranger is judged once, each under a seed of its own: the first of each build by all requirements, so that none
is red on any framework, the others by the series of renames and the credentials, which meet every habit; with --slow,
every one by all (of the drawn cases, the others get few). With ``EVERY_SEED`` set to a number in the environment, every
stranger is judged under that many seeds; after the first one by the requirements that draw their cases, for the others
send the same in every run.
"""

import os
from pathlib import Path

import pytest
from harness import FEW_DRAWN, KEY, OTHER_MODE_KEY, Judged, judge

from strangers import QUICK, SERVERS, STRANGERS, Stranger

SEEDS = int(os.environ.get("EVERY_SEED", "1"))

#: What the seed makes a difference to.
DRAWING = "valid-space-accepted or invalid-space-refused or sequence-consistent or no-server-error"

#: The first stranger of each build.
FIRST = {(stranger.system, stranger.built_on): stranger for stranger in reversed(STRANGERS)}


def judged(stranger: Stranger, report_dir: Path, *options: str, seed: int, select: str | None = None) -> Judged:
    """What the suite says of a stranger; `select` where it asks for nothing narrower itself."""
    env = {}
    if stranger.habits.key is not None:
        env["RENAME_TCK_API_KEY"] = KEY
        if stranger.system == "dify":
            env["RENAME_TCK_OTHER_MODE_KEY"] = OTHER_MODE_KEY
    with stranger.open() as (url, ids):
        lent = [f"--session-id={id_}" for id_ in ids] if stranger.lent else []
        system = stranger.system if stranger.named else None
        return judge(
            url,
            report_dir,
            *options,
            *stranger.options,
            *lent,
            system=system,
            env=env,
            select=stranger.select or select,
            seed=seed,
            record_only=True,
        )


def complaints(stranger: Stranger, found: Judged, *, in_full: bool = True) -> list[str]:
    """Everything that the suite wrongly holds against a stranger; what it should have come to by a full run only."""
    if not found.record:
        return [f"no record, exit status {found.status}: {found.output[-2000:]}"]
    said = [
        f"{requirement['id']} ({requirement['level']}), {requirement['verdict']}: {requirement['reason']}; "
        f"{requirement.get('case')}: expected {requirement.get('expected')}; {requirement.get('curl')}; "
        f"{requirement.get('answer')}"[:900]
        for requirement in found.requirements.values()
        if requirement["verdict"] in {"fail", "error"} and requirement["id"] not in stranger.breaks
    ]
    chosen = any(requirement["gap"] == "choice" for requirement in found.requirements.values())
    if found.status != 0 or found.run["verdict"] != ("incomplete" if chosen else "conforms"):
        said.append(f"exit status {found.status}, {found.run['verdict']}: {found.run['reason']}")
    if "Traceback" in found.output:
        said.append(f"a traceback: {found.output[-2000:]}")
    if not in_full:
        return said
    passed = len(found.with_verdict("pass"))
    if passed < stranger.passes:
        untested = sorted(found.with_verdict("not tested"))
        said.append(f"only {passed} requirements passed; not tested: {', '.join(untested)}")
    missing = {name for name in stranger.breaks if found.requirements[name]["verdict"] != "fail"}
    said += [f"{name} is not seen to be broken" for name in missing]
    return said


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize(
    "stranger",
    [
        # those that take their time take ours; those that limit the rate are waited for by default, too
        pytest.param(
            stranger,
            id=stranger.id,
            marks=pytest.mark.slow if stranger.habits.delay or stranger.habits.retry_after == "date" else (),
        )
        for stranger in STRANGERS
    ],
)
def test_a_stranger_conforms(stranger: Stranger, seed: int, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    slow, first = bool(pytestconfig.getoption("slow")), stranger is FIRST[stranger.system, stranger.built_on]
    in_full = not seed and (slow or first)
    select = None if in_full else DRAWING if seed else QUICK
    options = () if seed or (slow and first) else (FEW_DRAWN,)
    found = judged(stranger, tmp_path, *options, seed=seed * 1000 + STRANGERS.index(stranger), select=select)
    said = complaints(stranger, found, in_full=in_full)
    assert not said, "\n".join(said)


def test_every_system_has_strangers_of_three_builds() -> None:
    for system, servers in SERVERS.items():
        own = [stranger for stranger in STRANGERS if stranger.system == system]
        assert {stranger.built_on for stranger in own} == servers.keys()
        assert len(servers) >= 3
        assert len(own) >= 20


def test_the_names_of_strangers_differ() -> None:
    assert len({stranger.id for stranger in STRANGERS}) == len(STRANGERS)
