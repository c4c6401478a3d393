"""What is expected of a real server, written down in a file for each target, and how what was found differs from it.

A file has for each requirement the verdict by the vendored document; `published`, where the verdict by the document
that the server publishes itself is another one; and for what does not pass the finding in a sentence, `confirmed`,
which finding of findings.yaml has the curls that show it, and `issue`, where the vendor's tracker has it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from real import confirming
from real.description import HERE

#: Where the files are.
FOLDER = HERE / "expected"

#: No longer than that is what a new finding is said with.
_LONGEST = 240

#: What confirms a verdict that is no failure: what was not tested needs no curl.
_NEEDS_CURLS = frozenset({"fail"})

_WIDTH = 112


@dataclass(frozen=True)
class Expected:
    """What is expected of one requirement."""

    verdict: str
    published: str | None = None
    """The verdict by the server's own document, where it is another one."""
    finding: str | None = None
    """What the server does, where the requirement does not pass."""
    confirmed: str | None = None
    """The finding whose curls show it."""
    issue: str | None = None
    unsteady: tuple[str, ...] = ()
    """The other verdicts that a run may come to, for what shows on some runs only: a race, and what it breaks."""


@dataclass(frozen=True)
class Judged:
    """What was found of one target: its requirements by each document, and what its curls show."""

    vendored: Mapping[str, Mapping[str, Any]]
    published: Mapping[str, Mapping[str, Any]]
    seen: Mapping[str, Mapping[str, Any]]


def read(folder: Path) -> Judged:
    """What judging.py has written. Raises OSError when there is none."""
    content = {name: json.loads((folder / f"{name}.json").read_bytes()) for name in ("vendored", "published", "seen")}
    both = _requirements(content["vendored"]), _requirements(content["published"])
    return Judged(both[0], both[1], content["seen"]["findings"])


def _requirements(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The requirements of a record's only run, by id."""
    return {one["id"]: one for one in record["runs"][0]["requirements"]}


def load(name: str) -> dict[str, Expected]:
    """The file of a target, by requirement. Raises OSError when there is none."""
    content: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return {
        requirement: Expected(**one | {"unsteady": tuple(one.get("unsteady", ()))})
        for requirement, one in content.items()
    }


def differences(expected: Mapping[str, Expected], judged: Judged) -> list[str]:
    """Where what was found is not what is expected, a sentence for each requirement: worse, better, new or gone.

    The server's own document is left out where it was not judged by that.
    """
    said = []
    for name in sorted(expected.keys() | judged.vendored.keys()):
        was = expected.get(name)
        for by, found, wanted in (
            ("", judged.vendored, was and was.verdict),
            (" by its own document", judged.published, was and (was.published or was.verdict)),
        ):
            if by and not judged.published:
                continue
            now = str(found[name]["verdict"]) if name in found else "not in the record"
            if now != wanted and not (was and now in was.unsteady):
                # a log is read by anybody
                tells = name in found and not (now == "fail" and withholds(name, judged))
                more = f": {said_of(found[name])}" if tells else ""
                said.append(f"{name}: expected {wanted or 'nothing'}{by}, found {now}{more}")
    return said


def withholds(requirement: str, judged: Judged) -> bool:
    """Whether the vendor learns first what a requirement fails by."""
    system, _, name = requirement.partition(".")
    return any(
        finding.system == system and name in finding.requirements and is_withheld(judged, finding)
        for finding in confirming.load().values()
    )


def unconfirmed(expected: Mapping[str, Expected], judged: Judged) -> list[str]:
    """Failures that no curl confirms, or whose curls no longer show them, a sentence each."""
    said = []
    for name, was in expected.items():
        now = judged.vendored.get(name, {}).get("verdict")
        if was.verdict not in _NEEDS_CURLS or now != was.verdict or was.unsteady:
            continue
        if was.confirmed is None:
            said.append(f"{name}: no curl confirms that it fails: {was.finding}")
        elif was.confirmed not in confirming.load():
            said.append(f"{name}: {was.confirmed} is no finding of {confirming.FILE.name}")
        elif was.finding != confirming.load()[was.confirmed].sentence:
            said.append(f"{name}: its finding is not the sentence of {was.confirmed}: --accept writes it anew")
        elif was.confirmed not in seen_of(judged, name):
            said.append(f"{name}: the curls of {was.confirmed} do not show it any more")
    return said


def seen_of(judged: Judged, requirement: str) -> list[str]:
    """The findings that confirm a requirement's failure: by their curls, or where those are withheld by the verdict."""
    by_verdict = [
        finding.id
        for finding in confirming.load().values()
        if requirement.partition(".")[2] in finding.requirements
        and requirement.startswith(f"{finding.system}.") and is_withheld(judged, finding)
    ]  # fmt: skip
    return [*confirming.seen_of(judged.seen, requirement), *by_verdict]


def is_withheld(judged: Judged, finding: confirming.Finding) -> bool:
    """Whether a target has a finding whose curls are not told: what shows it fails, and no other finding's curls do."""
    return any(
        judged.vendored.get(name, {}).get("verdict") == "fail" and not confirming.seen_of(judged.seen, name)
        for name in (f"{finding.system}.{requirement}" for requirement in finding.shown_by)
    )


def accept(name: str, judged: Judged) -> None:
    """Write the file of a target anew, as it was found."""
    try:
        before = load(name)
    except OSError:
        before = {}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.yaml").write_text(dump(before, judged), encoding="utf-8")


def dump(before: Mapping[str, Expected], judged: Judged) -> str:
    """The file anew: what was written by hand stays where it is still so."""
    lines: list[str] = []
    for name, requirement in judged.vendored.items():
        one = _expected(name, requirement, judged, before.get(name))
        if one.verdict == "pass" and one.published is None and one.finding is None:
            lines.append(f"{name}: {{verdict: pass}}")
            continue
        lines += [f"{name}:", f"  verdict: {one.verdict}"]
        lines += [f"  published: {one.published}"] if one.published else []
        lines += [f"  unsteady: [{', '.join(one.unsteady)}]"] if one.unsteady else []
        if one.finding:
            indent = "    "
            lines += [
                "  finding: >-",
                *textwrap.wrap(one.finding, _WIDTH, initial_indent=indent, subsequent_indent=indent),
            ]
        lines += [f"  confirmed: {one.confirmed}"] if one.confirmed else []
        lines += [f"  issue: {one.issue}"] if one.issue else []
    return "\n".join(lines) + "\n"


def _expected(name: str, requirement: Mapping[str, Any], judged: Judged, before: Expected | None) -> Expected:
    verdict, other = str(requirement["verdict"]), str(judged.published.get(name, requirement)["verdict"])
    known = before if before and before.verdict == verdict else None
    if before and before.unsteady and {verdict, other} <= {before.verdict, *before.unsteady}:
        return before
    published = None if other == verdict else other
    unsteady = known.unsteady if known else ()
    if verdict == "pass":
        worse = said_of(judged.published[name]) if published in {"fail", "error"} else None
        return Expected(verdict, published, (known and known.finding) or worse, unsteady=unsteady)
    seen = seen_of(judged, name)
    if verdict not in _NEEDS_CURLS or not seen:
        finding = (known and known.finding) or said_of(requirement)
        confirmed, issue = (known.confirmed, known.issue) if known else (None, None)
        return Expected(verdict, published, finding, confirmed, issue, unsteady)
    chosen = known.confirmed if known and known.confirmed in seen else seen[0]
    told = confirming.load()[chosen]
    return Expected(verdict, published, told.sentence, chosen, told.issue, unsteady)


def said_of(requirement: Mapping[str, Any]) -> str:
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
