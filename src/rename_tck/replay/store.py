"""Keeps each failure's smallest case in a file of its own: for a reader, for the next run, for `replay`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from rename_tck.cases.drawn import UnknownValueError, from_json
from rename_tck.checks.replay_case import ReplayCase
from rename_tck.files import replace
from rename_tck.requirements.catalogue import OWN, Catalogue, Requirement, systems
from rename_tck.results import record
from rename_tck.results.failing_cases import FOLDER, FailingCase, file_name, function_of
from rename_tck.results.finding import Finding
from rename_tck.results.record import Json
from rename_tck.results.record_redaction import redacted
from rename_tck.results.run import Outcome, Run, SystemRun
from rename_tck.text import cut
from rename_tck.verdict import Verdict

#: The version of the file's format.
REPLAY_VERSION = "1.0"

#: What tells the file of a further case from that of the clearest.
_NUMBER = re.compile(r"\.[2-9]\.json$|\.[1-9][0-9]+\.json$")

#: What a file says of the user's own document.
_SPEC = ("file", "sha256")

#: The members that are the suite's own words, as `record_redaction.redacted` takes them. What tries the case again is
#: kept only where no secret stands in it: a header's value may well be a word of the suite's.
OWN_WORDS = frozenset({
    "replay_version", "requirement", "level", "sentence", "system", "edition", "editions", "spec.sha256", "profile",
    "test", "again.keys", "request.method",
})  # fmt: skip


class InvalidReplayError(ValueError):
    """A file that no run of this suite has kept, or only in part; the message is one whole sentence."""


def save(run: Run, folder: Path, redact: Callable[[str], str]) -> None:
    """Write a file for each failing case, and remove those of each requirement whose clearest case's own test passes.

    The clearest case of a requirement, and edition, has the file of their names; those of other classes are numbered
    after it, and go when they do not fail any more or with the first.

    A run by the vendored documents and one by the user's own have files of their own, and leave the other's alone.
    What an embedded server passes removes nothing: the file is another target's.

    Raises:
        OSError: the folder cannot be made or written.
    """
    within = folder / FOLDER
    for system_run in run.systems.values():
        own = system_run.spec is not None
        for requirement in system_run.catalogue.requirements:
            outcome = system_run.outcome(requirement)
            for case in outcome.failing.cases:
                within.mkdir(parents=True, exist_ok=True)
                content = redacted(_content(run, system_run, requirement, case), redact, OWN_WORDS)
                replace(within / case.file, record.dumps(content).encode())
            by_name: dict[str, list[Finding]] = {}
            for finding in system_run.findings:
                if finding.requirement == requirement.id:
                    by_name.setdefault(file_name(requirement.id, finding.edition, own=own), []).append(finding)
            written = {case.file for case in outcome.failing.cases}
            for name, found in by_name.items():
                path = within / name
                if name in written or (not system_run.embedded and _is_done_with(path, found, system_run)):
                    for old in {path, *_numbered(path)}:
                        if old.name not in written:
                            old.unlink(missing_ok=True)


def _numbered(path: Path) -> list[Path]:
    """The files of the further cases beside that of the clearest."""
    return [other for other in path.parent.glob("*.json") if _clearest(other.name) == path.name != other.name]


def _clearest(name: str) -> str:
    """The name of the file of the clearest case, of a file of that or of a further one."""
    return _NUMBER.sub(".json", name)


def _is_done_with(path: Path, found: list[Finding], system_run: SystemRun) -> bool:
    """Whether the very test that the file's case is of was run as a whole, and passes."""
    try:
        case = load(path)
    except InvalidReplayError:
        return False
    if case.spec_sha256 != (system_run.spec or {}).get("sha256"):
        return False
    wanted = case.edition, (case.module, case.test)
    own = [finding for finding in found if (finding.edition, function_of(finding.test)) == wanted]
    requirement = system_run.catalogue.by_id.get(case.requirement)
    alone = dataclasses.replace(system_run, left_out=[])  # whatever became of the requirement's other tests
    return requirement is not None and Outcome.of(requirement, own, alone).verdict is Verdict.PASS


def _content(run: Run, system_run: SystemRun, requirement: Requirement, case: FailingCase) -> Json:
    failure, spec = case.failure, system_run.spec
    return {
        "replay_version": REPLAY_VERSION,
        "requirement": requirement.id,
        "level": requirement.level_for(system_run.editions),
        "sentence": requirement.sentence,
        "system": system_run.system,
        "edition": case.edition,
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
        "test": case.test.replace("-kept]", "]"),
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
        raise InvalidReplayError(f"{path} is JSON, but no failure that a run of this suite has saved.")
    if version != REPLAY_VERSION:
        shown = cut(repr(version), 40)
        raise InvalidReplayError(f"{path}: its replay_version is {shown}; this suite reads {REPLAY_VERSION!r}.")
    if (fault := _fault(content)) is not None:
        raise InvalidReplayError(f"{path} is not valid: {fault}.")
    module, test = function_of(content["test"])
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
        if not isinstance(again.get("lot", ""), str):
            return "again.lot is not a text"
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
    """The clearest case of each failure that is kept in the folder of reports, for the next run to try first.

    And a sentence for each file, by its name, that is none.
    """
    found: list[ReplayCase] = []
    complaints: dict[str, str] = {}
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            case = load(path)
        except InvalidReplayError as error:
            complaints[path.name] = f"{error} It is left as it is, and nothing is sent first for it."
            continue
        named = file_name(case.requirement, case.edition, own=case.spec_sha256 is not None)
        if path.name == named:
            found.append(case)
        elif _clearest(path.name) != named:
            complaints[path.name] = f"{path} is not named after the failure in it, so nothing is sent first for it."
    return found, complaints
