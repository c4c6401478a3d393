"""Which failure is told first, and which failures probably have one cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rename_tck.reports import facts
from rename_tck.reports.difference import compare, points
from rename_tck.results.record import Json

#: Requirements by the effect that breaking them has on users, the gravest first; without the system's name. Within one
#: effect what is plain comes before what is drawn at random.
EFFECTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("nothing can be renamed", ("rename-accepted",)),
    (
        "the new name is lost",
        (
            "name-stored", "shown-at-once", "auto-generate-stored", "auto-generate-gives-name",
        ),
    ),
    (
        "what belongs to others is changed or open to all",
        (
            "credential-missing", "credential-wrong", "owner-only", "other-user-not-found", "other-app-not-found",
            "user-scope-other", "user-scope-lookalike", "neighbours-untouched", "other-type-not-renamed",
            "unknown-id-creates-nothing", "odd-ids-safe", "refusal-changes-nothing", "session-untouched",
        ),
    ),
    (
        "another name is stored than was sent",
        (
            "text-not-interpreted", "unicode-exact", "blanks-kept", "never-altered", "null-is-not-text",
            "auto-generate-ignores-name", "auto-generate-false-uses-name", "concurrent-same-session",
            "concurrent-two-sessions", "rename-again", "same-name", "sequence-consistent",
        ),
    ),
    (
        "a valid rename is refused, or breaks the server",
        (
            "no-server-error", "length-200-accepted", "type-accepted", "type-default-agent", "user-scope-own",
            "auto-generate-accepted", "auto-generate-default-false", "name-null-accepted", "bearer-any-case",
            "valid-space-accepted",
        ),
    ),
    (
        "the answer says something untrue or cannot be read",
        (
            "answer-name", "answer-id", "answer-true", "answer-boolean", "answer-json", "answer-media-type",
            "answer-schema", "answer-shape-of-type",
        ),
    ),
    (
        "what is invalid is accepted",
        (
            "unknown-id-refused", "deleted-id-refused", "user-required", "session-name-required", "title-required",
            "name-or-auto-generate", "user-string", "name-string", "session-name-string", "title-string",
            "auto-generate-boolean", "name-null-refused", "title-min-1", "title-max-200", "type-validated",
            "additional-members-refused", "body-present", "body-json", "body-object", "db-id-unknown", "table-unknown",
            "odd-ids-refused", "invalid-space-refused",
        ),
    ),
    (
        "a refusal, or a detail of an answer, is not as documented",
        (
            "unknown-id-404", "credential-before-validation", "credential-challenge", "refusal-422", "not-found-code",
            "not-chat-app", "error-400-shape", "error-401-shape", "error-404-shape", "error-422-shape",
            "error-422-detail", "error-status-matches", "answer-id-uuid", "status-normal", "introduction-not-null",
            "timestamps-integer", "timestamps-date-time", "updated-at-monotonic", "updated-at-steady",
        ),
    ),
)  # fmt: skip

_PLACES = {name: place for place, name in enumerate(name for _, names in EFFECTS for name in names)}

#: Characters of a difference by which two failures are taken for one: more is a whole name.
_SHORT = 40


def most_telling_first(requirements: Iterable[Json]) -> list[Json]:
    """Failing requirements in the order in which they are told.

    What nobody knows of yet before known failures, MUST before SHOULD, then by the effect on users. Those that the list
    of effects does not have come last, in the order in which they came.
    """

    def order(requirement: Json) -> tuple[bool, bool, int]:
        law = requirement["id"].partition(".")[2]
        return "known" in requirement, requirement["level"] != "MUST", _PLACES.get(law, len(_PLACES))

    return sorted(requirements, key=order)


@dataclass(frozen=True)
class Group:
    """Failures that probably have one cause, the most telling first, and what they keep from being tested."""

    failures: tuple[Json, ...]
    #: What they have in common, in a phrase; None of a single one.
    shared: str | None
    blocked: tuple[Json, ...]


def grouped(run: Json) -> list[Group]:
    """The failures of a run, grouped, the most telling group first."""
    groups: dict[tuple[str, ...], list[Json]] = {}
    for requirement in most_telling_first(facts.with_verdict(run, "fail")):
        # one that is known is told apart from those that count
        groups.setdefault((str("known" in requirement), *_cause(requirement)), []).append(requirement)
    causes = facts.because_of(run)
    return [
        Group(
            tuple(found),
            _shared(found) if len(found) > 1 else None,
            tuple(blocked for requirement in found for blocked in causes.get(requirement["id"], ())),
        )
        for found in groups.values()
    ]


def _cause(requirement: Json) -> tuple[str, ...]:
    """What two failures of probably one cause have in common: how the name changed, the error, or what they are of."""
    compared, answer = requirement["compared"], requirement["answer"]
    if compared is not None:
        parts = compare(compared["expected"], compared["actual"])
        if parts.actual and len(parts.expected) <= _SHORT and len(parts.actual) <= _SHORT and _is_a_part(parts):
            return "difference", parts.expected, parts.actual
    law = requirement["id"].partition(".")[2]
    if law.startswith("credential-"):
        return ("credential",)
    if answer is not None and answer["status"] >= 400 and answer["body"]:
        return "answer", str(answer["status"]), answer["body"]
    return "alone", requirement["id"]


def _is_a_part(parts: Sequence[str]) -> bool:
    """Whether the difference is within a name, or of characters that no name of the run's own is made of."""
    before, expected, actual, after = parts
    return bool(before or after) or not (expected.isalnum() and actual.isalnum())


def _shared(found: Sequence[Json]) -> str:
    kind, *parts = _cause(found[0])
    if kind == "difference":
        return f"in each, {points(parts[0])} was expected and {points(parts[1])} came back"
    if kind == "answer":
        return f"each was answered with status {parts[0]} and the same body"
    return "each is about how the credential is checked"
