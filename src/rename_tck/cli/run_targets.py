"""What `run` does: which target is meant, what it is given, and several of them in turn."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rename_tck.cli import config_file, pytest_run
from rename_tck.cli.command_line import JUNIT, last_value, positional
from rename_tck.cli.config_file import REPORT_DIR, Choices, ConfigFile, ConfigFileError
from rename_tck.cli.errors import PROGRAM, BadOption, complain, suggestion
from rename_tck.cli.output import report_of
from rename_tck.files import packaged, replace
from rename_tck.pytest_plugin.reporting import record_bad_option
from rename_tck.reports import matrix
from rename_tck.requirements.catalogue import Catalogue, systems
from rename_tck.results import record as records
from rename_tck.results.run import DOES_NOT_CONFORM
from rename_tck.settings.variables import BASE_URL_VARIABLES
from rename_tck.text import pad, width

_REPORT_DIR = f"--{REPORT_DIR}"
_INTERRUPTED, _NOTHING_SELECTED = 2, 5

#: The folders of the contract tests as a run prints them: in a wheel, in a clone, or left out.
_FOLDERS = frozenset({"conformance", "tests/contract", "."})

#: What is said of an exit status where no record tells more.
_WORDS = {0: "nothing judged", 2: "interrupted", 3: "could not judge", 4: "could not begin", 5: "no test selected"}


def judge(arguments: list[str], config: str | None) -> int:
    """Judge the target that is named among the arguments, or the one that they describe; the exit status.

    Raises:
        BadOption: an argument, a variable or the configuration file cannot be used.
    """
    target, words = _target(arguments)
    file = _file(config)
    if target is None:
        with _as_bad_usage():
            choices = file.choices(None, os.environ)
        with _naming_the_file(file, None, words):
            return _run([*choices.options, *words], choices)
    if target not in file.targets and (meant := _meant(target)):
        raise BadOption(f"there is no target {target}: {meant}")
    with _as_bad_usage():
        file.target(target)
    return _judge(file, target, words, last_value(words, _REPORT_DIR))


def judge_all(arguments: list[str], config: str | None) -> int:
    """Judge every target of the file in turn, and set their records side by side; the worst exit status.

    Raises:
        BadOption: an argument or the configuration file cannot be used.
    """
    target, words = _target(arguments)
    file = _file(config)
    if target is not None:
        raise BadOption(f"--all judges every target: leave {target} out, or --all.")
    if not file.targets:
        none = f"there is no {file.path} here" if file.missing else f"{file.path} names none"
        raise BadOption(f"--all judges the targets of a file, and {none}.")
    given = last_value(words, _REPORT_DIR)
    base = Path(given) if given else file.report_dir(os.environ)
    folders = {name: _folder(file, name, base, chosen=bool(given)) for name in file.targets}
    if len({folder.resolve() for folder in folders.values()}) < len(folders):
        raise BadOption(f"two targets of {file.path} have the same {REPORT_DIR}: give each its own.")
    judged: list[_Judged] = []
    for name, folder in folders.items():
        _say(f"\n=== {name} ===\n")
        before = _stamp(folder)
        try:
            status = _judge(file, name, _for_target(words, name), str(folder))
        except BadOption as error:
            complain(str(error))
            status = error.status
        judged.append(_Judged(name, folder, status, _record(folder) if _stamp(folder) != before else None))
        if status == _INTERRUPTED:
            break
    _say("")
    for line in _table(judged):
        _say(line)
    if any(each.record for each in judged):
        _say(f"matrix: {_write_matrix(judged, base)}")
    return _worst([each.status for each in judged])


@dataclass(frozen=True)
class _Judged:
    """One target of several, as it was judged."""

    name: str
    folder: Path
    status: int
    #: None where the run wrote none.
    record: dict[str, Any] | None

    @property
    def verdict(self) -> str:
        """In a word or two."""
        runs = [] if self.record is None else self.record["runs"]
        return str(runs[0]["verdict"]) if runs else _WORDS.get(self.status, "does not conform")


def _judge(file: ConfigFile, target: str, words: list[str], folder: str | None) -> int:
    """Judge one target. Its reports go to the folder, where one is given, else where the file says."""
    chosen = folder or str(_folder(file, target, file.report_dir(os.environ), chosen=False))
    try:
        choices = _choices(file, target, words)
    except ConfigFileError as error:
        # the record of an earlier run must not be taken for this one's
        record_bad_option(Path(chosen), str(error))
        raise BadOption(str(error)) from None
    with _naming_the_file(file, target, words):
        return _run([*choices.options, *words, f"{_REPORT_DIR}={chosen}"], choices)


def _run(words: list[str], choices: Choices) -> int:
    """Have pytest run; the exit status.

    Raises:
        BadOption: it cannot use an argument.
    """
    try:
        status = pytest_run.judge(words, choices.variables, [choices.origins], choices.without)
    except BadOption as error:
        if not str(error).startswith("not found: "):
            raise
        _check_names(words)
        named = " and ".join(words[place].rpartition("::")[2] for place in positional(words) if "::" in words[place])
        raise BadOption(
            f"{named} cannot be run with these options, which leave it out: {PROGRAM} run --collect-only -q with the "
            f"same options lists what can."
        ) from None
    if status == _NOTHING_SELECTED:
        _check_names(words)
    return status


def _check_names(words: list[str]) -> None:
    """See that the tests exist that are named one by one, when pytest has found none.

    Raises:
        BadOption: one does not.
    """
    for word in (words[place] for place in positional(words)):
        path, colons, name = word.partition("::")
        if not colons:
            continue
        known = pytest_run.listed(path)
        if not any(each == name or each.startswith(f"{name}[") for each in known):
            near = suggestion(name, known) or f": {PROGRAM} run --collect-only -q lists them."
            raise BadOption(f"there is no test {name} in {Path(path).name}{near}")


def _choices(file: ConfigFile, target: str, words: list[str]) -> Choices:
    choices = file.choices(target, os.environ)
    given = {*choices.variables, *os.environ}.intersection(BASE_URL_VARIABLES)
    if not given and last_value(words, "--base-url") is None:
        # the embedded servers, which would be judged, are not what the target's name promises
        raise ConfigFileError(f"the target {target} of {file.path} has no base-url.")
    return choices


def _folder(file: ConfigFile, target: str, base: Path, *, chosen: bool) -> Path:
    """A target's folder of reports: its own choice, unless the command line has `chosen`, else one within the base."""
    own = file.targets[target].get(REPORT_DIR)
    return Path(own) if own and not chosen else base / target


def _target(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The target that is named, and the arguments for pytest: contract tests by their paths, all of them without one.

    Raises:
        BadOption: there are two targets, or there is no such contract test.
    """
    target, tests, words = None, False, list(arguments)
    places = positional(arguments)
    for place in places:
        word = arguments[place]
        found = _contract_test(word)
        if found is not None:
            tests, words[place] = True, found
        elif "::" in word or "/" in word or os.sep in word or word.endswith(".py"):
            raise BadOption(f"there is no contract test {word}: {PROGRAM} run --collect-only -q lists them.")
        elif target is not None:
            raise BadOption(f"{target} and {word} cannot be judged together: name one, or use --all.")
        else:
            target = word
    if target is not None:
        words.pop(next(place for place in places if arguments[place] == target))
    # at the front, where it is no value of an option that lacks one
    return target, words if tests else [str(packaged("conformance")), *words]


def _contract_test(word: str) -> str | None:
    """The path (and what follows) of a contract test as a run prints it, or as a path; None where it is none."""
    path, colons, rest = word.partition("::")
    folder, shown = packaged("conformance"), PurePosixPath(path.replace(os.sep, "/"))
    within = str(shown.parent) in _FOLDERS and shown.name.startswith("test_") and (folder / shown.name).is_file()
    if within:
        return f"{folder / shown.name}{colons}{rest}"
    there = Path(path).resolve()
    return f"{there}{colons}{rest}" if there.exists() and (there == folder or folder in there.parents) else None


def _for_target(words: list[str], target: str) -> list[str]:
    """The arguments with a JUnit file of the target's own: junit.xml becomes junit-staging.xml."""
    made, follows = [], False
    for word in words:
        name, equals, value = word.partition("=")
        if follows or (name in JUNIT and equals):
            path = Path(word if follows else value)
            path = path.with_name(f"{path.stem}-{target}{path.suffix}")
            made.append(str(path) if follows else f"{name}={path}")
        else:
            made.append(word)
        follows = not follows and word in JUNIT
    return made


def _file(named: str | None) -> ConfigFile:
    if named == "":
        raise BadOption("--config is given but empty.")
    with _as_bad_usage():
        return config_file.find(named)


@contextlib.contextmanager
def _as_bad_usage() -> Iterator[None]:
    """What is wrong with the configuration file ends the run as any option does that cannot be used."""
    try:
        yield
    except ConfigFileError as error:
        raise BadOption(str(error)) from None


@contextlib.contextmanager
def _naming_the_file(file: ConfigFile, target: str | None, words: list[str]) -> Iterator[None]:
    """A complaint about the value of an option says where in the file it stands, if it is the file's."""
    try:
        yield
    except BadOption as error:
        for key in config_file.KEYS:
            named = re.search(rf"(--{key}|\b{config_file.variable(key)})(?![\w-])", str(error))
            if named and last_value(words, f"--{key}") is None and (source := file.source(key, target, os.environ)):
                raise BadOption(f"{str(error).rstrip('.')} ({key} in {source}).") from None
        raise


def _meant(word: str) -> str | None:
    """What to write where a word is no target, but has a meaning elsewhere on the command line."""
    if word in systems():
        return f"the system is named with --system={word}."
    system, _, rest = word.partition(".")
    if system in systems() and word in Catalogue.load(system).by_id:
        return f"it is a requirement, and {PROGRAM} run -k {rest} judges it."
    return None


def _stamp(folder: Path) -> tuple[int, int] | None:
    """What changes when the record in a folder is written."""
    try:
        found = (folder / "conformance.json").stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        return records.load(folder / "conformance.json")
    except records.InvalidRecordError:
        return None


def _write_matrix(judged: list[_Judged], base: Path) -> str:
    path = base / "matrix.html"
    found = [(each.name, each.record, each.folder) for each in judged if each.record is not None]
    reports = [report_of(folder / "conformance.json", path) for _, _, folder in found]
    page = matrix.render([(name, record) for name, record, _ in found], reports)
    try:
        base.mkdir(parents=True, exist_ok=True)
        replace(path, page.encode())
    except OSError as error:
        return f"{path} cannot be written: {error.strerror or error}"
    return str(path)


def _table(judged: list[_Judged]) -> list[str]:
    """A line for each target: its name, its verdict, its exit status, where its reports are."""
    rows = [("target", "verdict", "exit status", "reports")]
    rows += [(each.name, each.verdict, str(each.status), str(each.folder) if each.record else "-") for each in judged]
    wide = [max(width(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*map(pad, row[:3], wide), row[3]]).rstrip() for row in rows]


def _worst(statuses: list[int]) -> int:
    if _INTERRUPTED in statuses:
        return _INTERRUPTED
    return DOES_NOT_CONFORM if DOES_NOT_CONFORM in statuses else max(statuses)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
