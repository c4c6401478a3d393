"""What changed from one record to another: worse, better, no longer judged, new, gone; system by system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rename_tck.reports import facts
from rename_tck.results.record import LEVELS, VERDICTS, Json


class NothingInCommonError(ValueError):
    """The records judge different systems, or none; the message is one sentence."""


@dataclass(frozen=True)
class Change:
    """One requirement in both records. None as a verdict: that record does not have it."""

    id: str
    level: str
    #: Its level in the first record, which judged by other editions perhaps.
    level_before: str
    before: str | None
    after: str | None
    #: Why it is as it is now: the failing case, or the reason; before, where it is gone.
    why: str

    @property
    def step(self) -> str:
        """From which verdict to which."""
        if self.before is None or self.after is None:
            return self.after or self.before or ""
        if self.level != self.level_before:
            return f"{self.before} ({self.level_before}) \u2192 {self.after} ({self.level})"
        return f"{self.before} \u2192 {self.after}"


@dataclass(frozen=True)
class Answered:
    """An observation whose answer is another one now."""

    id: str
    question: str
    before: str
    after: str


@dataclass(frozen=True)
class Changes:
    """What changed for one system."""

    system: str
    before: Json
    after: Json
    worse: tuple[Change, ...]
    better: tuple[Change, ...]
    unjudged: tuple[Change, ...]
    #: Passed or failed, and the second run did not get to them, by a limit or by the user's choice.
    not_got_to: tuple[Change, ...]
    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    #: How many have the verdict that they had, by verdict.
    same: dict[str, int]
    answered: tuple[Answered, ...]
    remarks: tuple[str, ...]

    @property
    def groups(self) -> tuple[tuple[str, str, tuple[Change, ...]], ...]:
        """The changes under their headings, each with its meaning, the gravest first."""
        return (
            ("Worse", "fails now, or passed and is not judged now", self.worse),
            ("Better", "passes now", self.better),
            ("Not got to", "passed or failed, and the second run did not try it", self.not_got_to),
            ("Not judged now", "did not pass before either", self.unjudged),
            ("New", "only the second record has it", self.new),
            ("Gone", "only the first record has it", self.gone),
        )


def compare(before: Json, after: Json) -> list[Changes]:
    """The changes of each system that the first record judged, then of those that the second alone did.

    Raises:
        NothingInCommonError: neither record judges a system, or both do, and none of them is the same.
    """
    old, new = _by_system(before), _by_system(after)
    if not old and not new:
        raise NothingInCommonError("Neither of the two records judges a system.")
    if old and new and not old.keys() & new.keys():
        raise NothingInCommonError(
            f"The two records have no system in common: the first judges {_names(old)}, the second {_names(new)}."
        )
    found = []
    for system in dict.fromkeys([*old, *new]):
        first, second = old.get(system), new.get(system)
        if first is not None and second is None and not new:
            second = _nothing_judged(first, after)
        found.append(_compare(system, first or _nothing(), second or _nothing(), _settings(before, after)))
    return found


def musts_got_worse(changes: Iterable[Changes]) -> int:
    """How many requirements that are a MUST got worse: what an exit status depends on."""
    return sum(change.level == "MUST" for system in changes for change in system.worse)


def musts_not_got_to(changes: Iterable[Changes]) -> int:
    """How many requirements that are a MUST the second run did not get to: of these nothing can be said."""
    return sum(change.level == "MUST" for system in changes for change in system.not_got_to)


def _by_system(record: Json) -> dict[str, Json]:
    return {run["system"]: run for run in record["runs"] if run["system"]}


def _names(runs: Iterable[str]) -> str:
    return " and ".join(runs)


def _nothing() -> Json:
    """Stands for a system that one record does not have."""
    counts = {level: dict.fromkeys(VERDICTS, 0) for level in LEVELS}
    return {
        "base_url": None, "verdict": "not in this record", "summary": counts, "requirements": [], "observations": [],
        "chosen_editions": [],
    }  # fmt: skip


def _nothing_judged(first: Json, record: Json) -> Json:
    """The run of a record that could not even tell the system, as a run in which nothing of it was tested."""
    reason = record["reason"] or next((run["reason"] for run in record["runs"]), None) or "nothing was judged"
    requirements = [
        {"id": r["id"], "level": r["level"], "sentence": r["sentence"], "verdict": "not tested", "reason": reason}
        for r in first["requirements"]
    ]
    found = {**_nothing(), "verdict": "could not judge", "requirements": requirements}
    return found | {member: first[member] for member in ("chosen_editions", "spec") if member in first}


def _settings(before: Json, after: Json) -> list[str]:
    """Differences between the runs that are none of the target's."""
    words = {"suite_version": "the suite's version", "profile": "the profile"}
    return [
        f"The first run had {before[member]} for {word}, the second {after[member]}."
        for member, word in words.items()
        if before[member] != after[member]
    ]


def _compare(system: str, before: Json, after: Json, remarks: list[str]) -> Changes:
    old = {requirement["id"]: requirement for requirement in before["requirements"]}
    new = {requirement["id"]: requirement for requirement in after["requirements"]}
    groups: dict[str, list[Change]] = {name: [] for name in ("worse", "better", "unjudged", "not got to", "same")}
    for name in new.keys() & old.keys():
        groups[_direction(old[name], new[name])].append(_change(old[name], new[name]))
    order = {name: place for place, name in enumerate(new)}
    found = {
        name: tuple(sorted(changes, key=lambda change: (change.level, order[change.id])))
        for name, changes in groups.items()
    }
    runs = before, after
    if all(run["chosen_editions"] for run in runs) and _judges(before) != _judges(after):
        first, second = map(_judged_by, runs)
        remarks = [*remarks, f"The first run judged by {first}, the second by {second}."]
    return Changes(
        system, before, after, found["worse"], found["better"], found["unjudged"], found["not got to"],
        tuple(_change(None, new[name]) for name in new if name not in old),
        tuple(_change(old[name], None) for name in old if name not in new),
        _count(found["same"]), _answered(before, after), tuple(remarks),
    )  # fmt: skip


def _judges(run: Json) -> object:
    """What tells by what a run judged: a document of the user's own by its bytes, whatever its name."""
    return run["spec"]["sha256"] if run.get("spec") else run["chosen_editions"]


def _judged_by(run: Json) -> str:
    """The same in words; of a SHA-256 as much as tells two documents of one name apart."""
    return facts.judged_by(run) + (f", SHA-256 {run['spec']['sha256'][:12]}\u2026" if run.get("spec") else "")


def _count(same: Iterable[Change]) -> dict[str, int]:
    verdicts = [change.after for change in same]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}


def _direction(old: Json, new: Json) -> str:
    """Into which group a requirement goes: without a pass or a fail there is no saying that it got better."""
    before, after = old["verdict"], new["verdict"]
    if after == "fail":
        graver = before != "fail" or (old["level"], new["level"]) == ("SHOULD", "MUST")
        return "worse" if graver else "same"
    if before == after:
        return "same"
    if new.get("gap") in {"limit", "choice"} and before in {"pass", "fail"}:
        return "not got to"
    if after == "pass":
        return "better"
    return "worse" if before == "pass" else "unjudged"


def _change(old: Json | None, new: Json | None) -> Change:
    latest = new or old
    assert latest is not None
    level_before = (old or latest)["level"]
    before, after = (requirement["verdict"] if requirement else None for requirement in (old, new))
    return Change(latest["id"], latest["level"], level_before, before, after, facts.finding(latest))


def _answered(before: Json, after: Json) -> tuple[Answered, ...]:
    old = {observation["id"]: observation["answer"] for observation in before["observations"]}
    return tuple(
        Answered(observation["id"], observation["question"], old[observation["id"]], observation["answer"])
        for observation in after["observations"]
        if old.get(observation["id"], observation["answer"]) != observation["answer"]
    )
