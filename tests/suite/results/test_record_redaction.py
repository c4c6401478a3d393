"""Everything of a record is masked but the suite's own words: by the schema, so that a new member is masked at once."""

from __future__ import annotations

import copy
from typing import Any

import sample_run

from rename_tck.redaction import MASK, Redactor
from rename_tck.replay.store import OWN_WORDS as OWN_OF_A_REPLAY
from rename_tck.requirements.catalogue import OWN
from rename_tck.results.record import schema
from rename_tck.results.record_redaction import OWN_WORDS, redacted

Json = dict[str, Any]

SECRET = "s3cret-of-the-target"


def _filled(part: Json) -> Any:
    """A value of the schema in which every string, also one that it would not allow, is the secret."""
    if "$ref" in part:
        return _filled(schema()["$defs"][part["$ref"].rpartition("/")[2]])
    if "oneOf" in part:
        return [_filled(choice) for choice in part["oneOf"] if choice != {"type": "null"}]
    kinds = part.get("type", "string")
    if "object" in kinds:
        members = {name: _filled(member) for name, member in part.get("properties", {}).items()}
        more = part.get("additionalProperties")
        return members | ({SECRET: _filled(more)} if isinstance(more, dict) else {})
    if "array" in kinds:
        return [_filled(part["items"])]
    return SECRET if "string" in kinds else None


def _strings(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, list):
        return [found for part in value for found in _strings(part, path)]
    if isinstance(value, dict):
        return [
            found
            for name, part in value.items()
            for found in _strings(part, f"{path}.{'*' if name in {SECRET, MASK} else name}".lstrip("."))
        ]
    return []


def test_every_string_of_the_schema_is_masked_but_the_suites_own_words() -> None:
    filled = _filled(schema())
    before = {path for path, _ in _strings(filled)}
    assert before >= OWN_WORDS, "a member that is none of the schema's"
    assert len(before) > 2 * len(OWN_WORDS)
    after = _strings(redacted(filled, Redactor([SECRET]), OWN_WORDS))
    for path, text in after:
        assert text == (SECRET if path in OWN_WORDS else MASK), path


def test_a_member_that_nobody_has_thought_of_is_masked() -> None:
    content = {"runs": [{"verdict": SECRET, "unheard_of": {"deep": [SECRET]}, "headers": {SECRET: SECRET}}]}
    assert redacted(content, Redactor([SECRET]), OWN_WORDS) == {
        "runs": [{"verdict": SECRET, "unheard_of": {"deep": [MASK]}, "headers": {MASK: MASK}}]
    }
    assert redacted({"unheard_of": SECRET, "test": "x"}, Redactor([SECRET]), OWN_OF_A_REPLAY) == {
        "unheard_of": MASK, "test": "x",
    }  # fmt: skip


def test_a_quotation_of_the_users_own_document_is_no_word_of_the_suite() -> None:
    content = sample_run.sample()
    requirement = content["runs"][0]["requirements"][0]
    own = copy.deepcopy(requirement["citations"][0]) | {"edition": OWN, "quote": f"example: {SECRET}"}
    requirement["citations"].append(own)
    masked = redacted(content, Redactor([SECRET]), OWN_WORDS)["runs"][0]["requirements"][0]["citations"]
    assert masked[-1]["quote"] == f"example: {MASK}"
    vendored = redacted(content, Redactor(["Conversation"]), OWN_WORDS)["runs"][0]["requirements"][0]["citations"]
    assert vendored[0] == requirement["citations"][0]
