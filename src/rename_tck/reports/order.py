"""The order in which failing requirements are told: what hurts the users of a server most comes first."""

from __future__ import annotations

from collections.abc import Iterable

from rename_tck.results.record import Json

#: Requirements by what their failure means, the worst first: renaming fails, or names get lost; others' sessions are
#: touched; what must not be done is done; a name is changed; the same in odd circumstances; answers are not as
#: documented. What is not listed stands between the last two.
_GROUPS: tuple[tuple[str, ...], ...] = (
    ("rename-accepted", "name-stored"),
    ("neighbours-untouched", "session-untouched", "concurrent-two-sessions", "concurrent-same-session"),
    (
        "credential-missing", "credential-wrong", "user-scope-other", "user-scope-lookalike", "owner-only",
        "other-user-not-found", "other-app-not-found", "other-type-not-renamed",
    ),
    (
        "refusal-changes-nothing", "deleted-id-refused", "unknown-id-refused", "unknown-id-creates-nothing",
        "null-is-not-text",
    ),
    (
        "answer-name", "answer-id", "unicode-exact", "text-not-interpreted", "length-200-accepted", "never-altered",
        "rename-again", "same-name", "shown-at-once", "type-accepted", "type-default-agent", "user-scope-own",
        "auto-generate-false-uses-name", "auto-generate-default-false", "auto-generate-accepted",
        "auto-generate-gives-name", "auto-generate-stored", "auto-generate-ignores-name",
    ),
    ("no-server-error", "sequence-consistent", "valid-space-accepted", "odd-ids-safe"),
)  # fmt: skip
_LAST = frozenset({
    "answer-schema", "answer-media-type", "answer-json", "answer-shape-of-type", "answer-boolean", "answer-true",
    "answer-id-uuid", "timestamps-integer", "timestamps-date-time", "updated-at-monotonic", "updated-at-steady",
    "introduction-not-null", "status-normal", "credential-challenge", "bearer-any-case", "not-found-code",
    "error-400-shape", "error-401-shape", "error-404-shape", "error-422-shape", "error-422-detail",
    "error-status-matches", "refusal-422", "unknown-id-404", "blanks-kept",
})  # fmt: skip
_PLACES = {name: place for place, group in enumerate(_GROUPS) for name in group}


def most_telling_first(requirements: Iterable[Json]) -> list[Json]:
    """Failing requirements in the order in which they are told: MUST before SHOULD, then by what their failure means.

    Known failures come last. Within a group the catalogue's order holds.
    """

    def place(requirement: Json) -> tuple[bool, bool, int]:
        name = requirement["id"].partition(".")[2]
        within = len(_GROUPS) + 1 if name in _LAST else _PLACES.get(name, len(_GROUPS))
        return bool(requirement.get("known")), requirement["level"] != "MUST", within

    return sorted(requirements, key=place)
