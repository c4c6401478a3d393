"""What is drawn at random; as JSON and back, for another process to draw it and for a later run to try it again."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Drawn:
    """A generated request's body as JSON, or as bytes where it is none."""

    body: object
    raw: bytes | None
    #: Whether the body, as the document's schema has it, is valid.
    valid: bool

    def __repr__(self) -> str:
        return f"body {self.raw!r}" if self.raw is not None else f"body {json.dumps(self.body)[:200]}"


@dataclass(frozen=True)
class Move:
    """One step of a sequence: what to do, to which of the sessions, with which drawn name or choice."""

    act: str
    session: int
    name: str
    choice: int


#: What a step of a sequence may do.
ACTS = ("rename", "rename", "rename back", "same name", "faulty", "unknown", "odd name", "no key")


class UnknownValueError(ValueError):
    """JSON that stands for no drawn value."""


def to_json(value: object) -> dict[str, object]:
    """A drawn name, JSON body, request or sequence as JSON."""
    if isinstance(value, Drawn):
        raw = None if value.raw is None else base64.b64encode(value.raw).decode()
        return {"request": {"body": value.body, "raw_base64": raw, "valid": value.valid}}
    if isinstance(value, list) and value and all(isinstance(move, Move) for move in value):
        return {"moves": [asdict(move) for move in value]}
    return {"value": value}


def from_json(content: object) -> Any:
    """The drawn value again.

    Raises:
        UnknownValueError: it is none.
    """
    match content:
        case {"value": value, **rest} if not rest:
            return value
        case {"moves": [*moves]} if moves:
            return [_move(move) for move in moves]
        case {"request": {"body": body, "raw_base64": raw, "valid": bool(valid)}}:
            return Drawn(body, None if raw is None else _bytes(raw), valid=valid)
    raise UnknownValueError("it holds no drawn value that this suite knows")


def to_text(value: object) -> str:
    """A drawn value as a line of JSON."""
    return json.dumps(to_json(value))


def from_text(text: str) -> Any:
    """The drawn value again: not quite what was written, for JSON joins two unpaired surrogates that make a pair.

    Raises:
        UnknownValueError: it is none.
        ValueError: it is no JSON.
    """
    return from_json(json.loads(text))


def _move(content: object) -> Move:
    match content:
        case {"act": str(act), "session": int(session), "name": str(name), "choice": int(choice)}:
            return Move(act, session, name, choice)
    raise UnknownValueError("it holds a step of a sequence that this suite does not know")


def _bytes(content: object) -> bytes:
    try:
        return base64.b64decode(str(content), validate=True)
    except (binascii.Error, ValueError):
        raise UnknownValueError("it holds bytes that are not in base64") from None
