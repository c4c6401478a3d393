"""Keeps each failure's smallest case in a file of its own: for a reader, for the next run, for `replay`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from rename_tck.cases.drawn import UnknownValueError, from_json
from rename_tck.checks.replay_case import ReplayCase
from rename_tck.files import replace
from rename_tck.requirements.catalogue import OWN, Catalogue, systems
from rename_tck.results import record
from rename_tck.results.finding import Failure, Finding
from rename_tck.results.record import Json
from rename_tck.results.run import Outcome, Run, SystemRun
from rename_tck.text import cut
from rename_tck.verdict import Verdict

#: The version of the file's format.
REPLAY_VERSION = "1.0"

#: Where the files are, in the folder of reports.
FOLDER = "replay"

#: What a file says of the user's own document.
_SPEC = ("file", "sha256")

#: Members that hold a target's words or the user's. All others are the suite's own, and what tries the case again is
#: kept only where no secret stands in it: a header's value may well be a word of the suite's.
_OUTSIDE = ("case", "expected", "request", "answer", "compared", "curl")


class InvalidReplayError(ValueError):
    """A file that no run of this suite has kept, or only in part; the message is one whole sentence."""


def file_name(requirement: str, edition: str | None, *, own: bool = False) -> str:
    """The name of a failure's file; a test that runs once for each of several editions has a file for each.

    A failure by the user's `own` document is another one than that by the vendored.
    """
    if own:
        return f"{requirement}.{OWN}.json"
    several = edition is not None and len(Catalogue.load(requirement.partition(".")[0]).editions) > 1
    return f"{requirement}.{edition}.json" if several else f"{requirement}.json"


def save(run: Run, folder: Path, redact: Callable[[Any], Any]) -> None:
    """Write a file for each requirement that failed, and remove that of each whose replay case's own test passes.

    A run by the vendored documents and one by the user's own have files of their own, and leave the other's alone.

    What an embedded server passes removes nothing: the file is another target's.

    Raises:
        OSError: the folder cannot be made or written.
    """
    for system_run in run.systems.values():
        for requirement in system_run.catalogue.requirements:
            fails = system_run.outcome(requirement).verdict is Verdict.FAIL
            own = system_run.spec is not None
            by_name: dict[str, list[Finding]] = {}
            for finding in system_run.findings:
                if finding.requirement == requirement.id:
                    by_name.setdefault(file_name(requirement.id, finding.edition, own=own), []).append(finding)
            for name, found in by_name.items():
                # of several that fail the first is kept, as the report shows it: what this run came upon by itself
                # goes before what it was told by an earlier one
                failing = sorted(
                    (finding for finding in found if finding.failure), key=lambda finding: finding.replayed
                )
                path = folder / FOLDER / name
                if fails and failing:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    content = _content(run, system_run, failing[0])
                    content |= {member: redact(content[member]) for member in _OUTSIDE}
                    replace(path, record.dumps(content).encode())
                elif not system_run.embedded and _is_done_with(path, found, system_run):
                    path.unlink(missing_ok=True)


def _is_done_with(path: Path, found: list[Finding], system_run: SystemRun) -> bool:
    """Whether the very test that the file's case is of was run as a whole, and passes."""
    try:
        case = load(path)
    except InvalidReplayError:
        return False
    if case.spec_sha256 != (system_run.spec or {}).get("sha256"):
        return False
    wanted = case.edition, (case.module, case.test)
    own = [finding for finding in found if (finding.edition, _test(finding.test)) == wanted]
    requirement = system_run.catalogue.by_id.get(case.requirement)
    return requirement is not None and Outcome.of(requirement, own, system_run).verdict is Verdict.PASS


def _test(name: str) -> tuple[str, str]:
    """The module and the function of a test, which pytest names by its path from wherever it was called."""
    module, _, function = name.partition("::")
    return PurePosixPath(module).name, function.partition("[")[0]


def _content(run: Run, system_run: SystemRun, finding: Finding) -> Json:
    requirement = system_run.catalogue.requirement(finding.requirement)
    failure, spec = finding.failure, system_run.spec
    assert isinstance(failure, Failure)
    return {
        "replay_version": REPLAY_VERSION,
        "requirement": requirement.id,
        "level": requirement.level_for(system_run.editions),
        "sentence": requirement.sentence,
        "system": system_run.system,
        "edition": finding.edition,
        "editions": list(system_run.editions),
        "spec": spec and {member: spec[member] for member in _SPEC},
        "case": failure.case,
        "expected": failure.expected,
        "request": failure.request,
        "answer": failure.answer,
        "compared": failure.compared,
        "curl": failure.curl,
        "seed": run.seed,
        "profile": run.profile,
        "test": finding.test.replace("-kept]", "]"),
        "again": failure.again,
    }


def load(path: Path) -> ReplayCase:
    """The case in a file.

    Raises:
        InvalidReplayError: the file cannot be read, or no run of this suite has kept it.
    """
    try:
        content = record.read_json(path)
    except record.InvalidRecordError as error:
        raise InvalidReplayError(str(error)) from None
    version = content.get("replay_version") if isinstance(content, dict) else None
    if version is None:
        raise InvalidReplayError(f"{path} is JSON, but no failure that a run of this suite has kept.")
    if version != REPLAY_VERSION:
        shown = cut(repr(version), 40)
        raise InvalidReplayError(f"{path}: its replay_version is {shown}; this suite reads {REPLAY_VERSION!r}.")
    if (fault := _fault(content)) is not None:
        raise InvalidReplayError(f"{path} is not valid: {fault}.")
    module, test = _test(content["test"])
    spec_file, spec_sha256 = map((content.get("spec") or {}).get, _SPEC)
    return ReplayCase(
        requirement=content["requirement"],
        system=content["system"],
        edition=content["edition"],
        editions=tuple(content["editions"]),
        case=content["case"],
        test=test,
        module=module,
        again=content["again"],
        request=content["request"],
        spec_file=spec_file,
        spec_sha256=spec_sha256,
    )


def _fault(content: Json) -> str | None:
    """What is wrong with a file's members; None where nothing is."""
    for member, kinds, what in (
        ("requirement", str, "a text"),
        ("system", str, "a text"),
        ("case", str, "a text"),
        ("test", str, "a text"),
        ("edition", str | None, "a text or null"),
        ("editions", list, "a list of texts"),
        ("again", dict | None, "an object or null"),
        ("request", dict | None, "an object or null"),
    ):
        if member not in content or not isinstance(content[member], kinds):
            return f"{member} is not {what}"
    system, name = content["system"], content["requirement"]
    if system not in systems() or name not in Catalogue.load(system).by_id:
        return f"{cut(repr(name), 60)} is no requirement of this suite"
    chosen = [content["edition"]] if content["edition"] is not None else []
    spec = content.get("spec")
    if spec is not None and not (isinstance(spec, dict) and all(isinstance(spec.get(m), str) for m in _SPEC)):
        return f"spec is no object with {' and '.join(_SPEC)}"
    known = {OWN} if spec is not None else set(Catalogue.load(system).editions)
    if not {*map(str, content["editions"]), *chosen} <= known:
        return f"it names an edition that {system} does not have"
    return _fault_of_parts(content)


def _fault_of_parts(content: Json) -> str | None:
    again, request = content["again"], content["request"]
    if again is not None:
        keys = again.get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            return "again.keys is not a list of texts"
        if not isinstance(again.get("request", {}), dict):
            return "again.request is not an object"
        try:
            from_json(again.get("drawn", {"value": None}))
        except UnknownValueError as error:
            return f"again.drawn is no drawn value: {error}"
    if request is not None and not (
        isinstance(request.get("url"), str)
        and isinstance(request.get("headers"), dict)
        and isinstance(request.get("body"), str | None)
    ):
        return "request has no url, headers and body"
    return None


def load_all(folder: Path) -> tuple[list[ReplayCase], dict[str, str]]:
    """Every case that is kept in the folder of reports, and a sentence for each file, by its name, that is none."""
    found: list[ReplayCase] = []
    complaints: dict[str, str] = {}
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            case = load(path)
        except InvalidReplayError as error:
            complaints[path.name] = f"{error} It is left as it is, and nothing is sent first for it."
            continue
        if path.name == file_name(case.requirement, case.edition, own=case.spec_sha256 is not None):
            found.append(case)
        else:
            complaints[path.name] = f"{path} is not named after the failure in it, so nothing is sent first for it."
    return found, complaints
