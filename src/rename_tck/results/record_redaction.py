"""Takes the user's secrets out of a record: everything is masked but what the suite says in its own words.

A member that nobody has thought of is masked. What is the suite's own stays: a key that is a word of it, such as
`string`, would ruin the text and betray itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rename_tck.requirements.catalogue import OWN

#: The members of the record that are the suite's own words: names from the outermost to the innermost, lists left out.
OWN_WORDS = frozenset({
    "schema_version", "suite_version", "profile", "level", "start", "end",
    "runs.system", "runs.target", "runs.chosen_editions", "runs.verdict", "runs.spec.sha256", "runs.spec.nearest",
    "runs.requirements.id", "runs.requirements.level", "runs.requirements.sentence", "runs.requirements.editions",
    "runs.requirements.verdict", "runs.requirements.by_edition.*", "runs.requirements.tests",
    "runs.requirements.gap", "runs.requirements.cause", "runs.requirements.edition",
    "runs.requirements.citations.edition", "runs.requirements.citations.file", "runs.requirements.citations.pointer",
    "runs.requirements.citations.quote", "runs.requirements.citations.source", "runs.requirements.citations.text",
    "runs.requirements.request.method", "runs.requirements.replay", "runs.requirements.steps.for",
    "runs.requirements.steps.method", "runs.requirements.known.expires",
    "runs.requirements.failing.others.edition", "runs.requirements.failing.others.replay",
    "runs.drift.differences.kind", "runs.drift.differences.requirements",
    "runs.coverage.values.dimension", "runs.observations.id", "runs.observations.question",
})  # fmt: skip

#: The members of a citation that are the user's where it is of the user's own document.
_QUOTED = frozenset({"file", "pointer", "quote"})

#: Members whose members' names are the target's or the user's, too.
_FREE = frozenset({"headers"})


def redacted(value: Any, redact: Callable[[str], str], own: frozenset[str], path: str = "") -> Any:
    """JSON without the secrets in its texts, but for the members in `own`."""
    if isinstance(value, str):
        within = f"{path.rpartition('.')[0]}.*"
        return value if path in own or within in own else redact(value)
    if isinstance(value, list):
        return [redacted(part, redact, own, path) for part in value]
    if not isinstance(value, dict):
        return value
    by_own = value.get("edition") == OWN and "quote" in value
    free = path.rpartition(".")[2] in _FREE
    return {
        (redact(name) if free else name): redacted(
            part, redact, frozenset() if by_own and name in _QUOTED else own, f"{path}.{name}" if path else name
        )
        for name, part in value.items()
    }
