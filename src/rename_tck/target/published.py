"""The OpenAPI document that the target itself publishes: asked for once, compared, and never judged."""

from __future__ import annotations

from typing import Any

from rename_tck.client.exchange import Answer, Request
from rename_tck.client.journal import Purpose
from rename_tck.client.transport import TargetClient
from rename_tck.openapi import drift
from rename_tck.openapi.custom_spec import CustomSpec
from rename_tck.openapi.drift import Comparison, Document, UnreadableError
from rename_tck.redaction import Redactor
from rename_tck.target.connection import TargetConnection
from rename_tck.verdict import ObstacleError, Unjudgeable

Json = dict[str, Any]

#: Characters that are shown of a pointer, a title or a reason, and of a value: some of them are the target's words.
_LONGEST, _VALUE = 300, 160


def ask(connection: TargetConnection, spec: CustomSpec | None) -> Json | None:
    """How the document that the target publishes differs from the one that it is judged by, as the record has it.

    None where the system publishes none, or the target answers that there is none (404). Whatever goes wrong is said in
    a note: it is no finding, and nothing that the run counts as evidence.
    """
    target = connection.target
    place = target.dialect.document_path
    if place is None:
        return None
    edition, redact = next(iter(target.contracts)), connection.client.connection.redact
    compared_with = spec.file if spec is not None else target.catalogue.file(edition)
    content: Json = {
        "source": place, "published": None, "compared_with": compared_with, "differences": [], "note": None,
    }  # fmt: skip
    answer, trouble = _fetch(connection, place)
    if answer is not None and answer.status == 404:
        return None
    if answer is None or answer.status != 200:
        return content | {
            "note": _cut(trouble or f"it is answered with status {answer.status if answer else 0}", redact)
        }
    try:
        document = Document(drift.read_json(answer.body))
        source = drift.vendored(target.catalogue, edition) if spec is None else spec.source
        found = drift.compare(target.catalogue, edition, source, document)
    except UnreadableError as error:
        return content | {"note": _cut(f"it is no OpenAPI document that the suite can read: {error}", redact)}
    except Exception as error:  # noqa: BLE001 - a document from anywhere never spoils a run
        return content | {"note": _cut(f"the suite failed to compare it: {type(error).__name__}: {error}", redact)}
    return content | {
        "published": _cut(document.title, redact),
        "differences": _differences(found, redact),
        "note": _note(found),
    }


def _fetch(connection: TargetConnection, place: str) -> tuple[Answer | None, str | None]:
    """One request on a connection of its own, so that what becomes of it leaves no trace in the run."""
    client = connection.client
    asker = TargetClient(client.connection, client.policy, client.limits, retries=False)
    try:
        exchange = asker.send(Request("GET", place), Purpose.DOCUMENT)
    except (ObstacleError, Unjudgeable) as trouble:
        return None, str(trouble)
    else:
        return exchange.answer, exchange.trouble
    finally:
        client.sent.update(asker.sent)
        asker.close()


def _differences(found: Comparison, redact: Redactor) -> list[Json]:
    return [
        {
            "pointer": _cut(difference.pointer, redact),
            "kind": difference.kind,
            "vendored": difference.vendored and _cut(difference.vendored, redact, _VALUE),
            "published": difference.published and _cut(difference.published, redact, _VALUE),
            "requirements": list(difference.requirements),
        }
        for difference in found.differences
    ]


def _note(found: Comparison) -> str | None:
    if found.operation is None:
        return "it has no rename operation"
    return f"{found.left_out} more differences are left out" if found.left_out else None


def _cut(text: str, redact: Redactor, most: int = _LONGEST) -> str:
    return redact.shortened(text.encode("utf-8", "backslashreplace").decode(), most)
