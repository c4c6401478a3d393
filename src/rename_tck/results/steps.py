"""The requests that led to a failure and came after it, as the record keeps them: few, short, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from rename_tck.client.exchange import Exchange, decoded
from rename_tck.client.journal import KEPT
from rename_tck.redaction import Redactor

#: Characters of a body that a step shows.
BODY = 600

#: Characters of a member that is shown of a long object.
_SHORT = 80

#: Characters before an id that are shown of an answer which is not JSON.
_BEFORE = 200

#: Characters at the end of an answer that the journal has cut: they may be the beginning of a secret.
_DOUBTFUL = 200


@dataclass(frozen=True)
class Step:
    """One request of a sequence: what it was for, in a phrase, and the ids of the sessions that it is looked at for."""

    what: str
    exchange: Exchange
    ids: tuple[str, ...] = ()
    #: Whether it is the request that the failure is of, which the record has in full besides.
    fails: bool = False

    def record(self, redact: Redactor) -> dict[str, object]:
        """The step in the record. Of a long answer it has the part that is about the sessions."""
        exchange, answer = self.exchange, self.exchange.answer
        body = exchange.request.body
        return {
            "for": self.what,
            "method": exchange.request.method,
            "url": redact.shortened(exchange.url, BODY),
            "body": None if body is None else redact.shortened(body.decode("utf-8", "backslashreplace"), BODY),
            "status": None if answer is None else answer.status,
            "elapsed_ms": None if answer is None else round(answer.elapsed * 1000),
            "answer": None if answer is None else self._excerpt(answer.body, redact),
            "fails": self.fails,
        }

    def _excerpt(self, body: bytes, redact: Redactor) -> str:
        text = body.decode("utf-8", "backslashreplace")
        if len(text) <= BODY:
            return redact(text)
        part = next((found for name in self.ids if (found := _about(decoded(body), name)) is not None), None)
        if part is not None:
            return redact.shortened(_dumped(part), BODY)
        text = redact(text[:-_DOUBTFUL] if len(body) >= KEPT else text)
        place = next((at for name in self.ids if (at := text.find(name)) >= 0), 0)
        start = max(0, place - _BEFORE)
        shown = text[start : start + BODY]
        return ("\u2026" if start else "") + shown + ("\u2026" if start + BODY < len(text) else "")


def _about(value: object, name: str) -> dict[str, object] | None:
    """The innermost object of a JSON value one of whose members is this id; None where there is none."""
    try:
        return next((found for found in _objects(value) if name in found.values()), None)
    except RecursionError:  # Python 3.13 and later read JSON that is nested deeper than this can follow
        return None


def _dumped(part: dict[str, object]) -> str:
    """An object as JSON; of one that is long the members that are short, and how many others there are."""
    whole = json.dumps(part, ensure_ascii=False)
    if len(whole) <= BODY:
        return whole
    short = {name: value for name, value in part.items() if len(json.dumps(value, ensure_ascii=False)) <= _SHORT}
    return json.dumps({**short, "\u2026": f"{len(part) - len(short)} longer members left out"}, ensure_ascii=False)


def _objects(value: object) -> Iterator[dict[str, object]]:
    """The objects within a JSON value, the inner before the outer."""
    if isinstance(value, dict):
        for part in value.values():
            yield from _objects(part)
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part)
