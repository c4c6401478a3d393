"""A body as people read it: its JSON decoded and indented, with the member that is wrong marked; else as it came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

#: Two blanks a level, as wide as a page on a telephone can have them.
_INDENT = "  "


class _Number(str):
    """A number, true, false or null, spelled as it came."""

    __slots__ = ()


#: What stands for the value of a member that one of two objects has not.
ABSENT = "absent"


class _Members(list[tuple[str, Any]]):
    """The members of an object in their order, a name that stands there twice included."""


#: A part of a decoded body: a text, and the path of the member that it is the value of (empty for what stands between).
Part = tuple[str, str]


def parse(body: str) -> Any:
    """The JSON of a body with nothing of it lost: numbers as spelled, members in order.

    Raises:
        ValueError: it is no JSON, or is nested too deeply.
    """
    try:
        return json.loads(
            body, object_pairs_hook=_Members, parse_int=_Number, parse_float=_Number, parse_constant=_Number
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def pretty(body: str) -> list[Part] | None:
    """The parts of a body that holds a JSON object or array, decoded and indented; None where it holds none."""
    try:
        value = parse(body)
        return list(_parts(value, "", "")) if isinstance(value, list) and value else None
    except (ValueError, RecursionError):
        return None


def is_spelled_oddly(body: str) -> bool:
    """Whether a JSON body is written with escapes or blanks that its decoded form does not show."""
    parts = pretty(body)
    if parts is None:
        return False
    shown = "".join(text for text, _ in parts)
    return bool(re.search(r"[\t\r\n]", body)) or body != body.strip() or _dense(shown) != _dense(body)


def _dense(text: str) -> str:
    return re.sub(r"\s", "", text)


def where(body: str, value: str) -> list[str]:
    """The paths of the members of a JSON body that have this text as their value."""
    try:
        return [path for path, found in _paths(parse(body), "") if found == value and not isinstance(found, _Number)]
    except (ValueError, RecursionError):
        return []


def members_apart(expected: str, actual: str) -> list[tuple[str, str, str]]:
    """By path, the members in which two JSON objects or arrays differ, with both values; `absent` where one has none.

    Empty where one of the two is no JSON object or array, or they do not differ.
    """
    try:
        one, other = parse(expected), parse(actual)
        if not (isinstance(one, list) and isinstance(other, list)):
            return []
        left, right = dict(_paths(one, "")), dict(_paths(other, ""))
    except (ValueError, RecursionError):
        return []
    return [
        (path, _spelled(left.get(path)), _spelled(right.get(path)))
        for path in dict.fromkeys([*left, *right])
        if _spelled(left.get(path)) != _spelled(right.get(path))
    ]


def _spelled(value: str | None) -> str:
    if value is None:
        return ABSENT
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _parts(value: Any, path: str, indent: str) -> Iterator[Part]:
    if not isinstance(value, list) or not value:
        yield _leaf(value), path
        return
    is_object, deeper = isinstance(value, _Members), indent + _INDENT
    yield "{\n" if is_object else "[\n", ""
    for place, item in enumerate(value):
        name, part = item if is_object else (str(place), item)
        yield f"{deeper}{json.dumps(name, ensure_ascii=False)}: " if is_object else deeper, ""
        yield from _parts(part, f"{path}.{name}" if path else name, deeper)
        yield ",\n" if place < len(value) - 1 else "\n", ""
    yield f"{indent}{'}' if is_object else ']'}", ""


def _leaf(value: Any) -> str:
    if isinstance(value, _Number):
        return value
    if isinstance(value, list):
        return "{}" if isinstance(value, _Members) else "[]"
    return json.dumps(value, ensure_ascii=False)


def _paths(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each member that holds no further ones, by its path."""
    if isinstance(value, list) and value:
        for place, item in enumerate(value):
            name, part = item if isinstance(value, _Members) else (str(place), item)
            yield from _paths(part, f"{path}.{name}" if path else name)
    elif isinstance(value, str):
        yield path, value
    else:
        yield path, _Number(_leaf(value))
