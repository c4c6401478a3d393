"""Whether two JSON values are the same: by type as well, however deep."""

from __future__ import annotations


def same(one: object, other: object) -> bool:
    """Whether two JSON values are the same.

    Other than with `==`, `true` is not `1` and `1` is not `1.0`, in whatever depth. The order of an object's members
    means nothing (RFC 8259, section 4), that of an array's elements does.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def without(value: object, name: object) -> object:
    """A value without every member, however deep, that repeats the session's name."""
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if not isinstance(inner, str) or inner != name}
        return {key: without(inner, name) for key, inner in kept.items()}
    return [without(inner, name) for inner in value] if isinstance(value, list) else value


def repeats(was: object, now: object, names: tuple[object, object]) -> bool:
    """Whether two values are the same, but that the later repeats the new name where the earlier repeats the old one.

    `names` are the session's two names; None where it has none.
    """
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(repeats(value, now[name], names) for name, value in was.items())
    if isinstance(was, list) and isinstance(now, list):
        return len(was) == len(now) and all(repeats(one, other, names) for one, other in zip(was, now, strict=True))
    return same(was, now) or (same(was, names[0]) and same(now, names[1]))


def marked(value: object, name: object) -> object:
    """A value in which each repetition of the session's name, however deep, is the same for every name."""
    if isinstance(value, dict):
        return {key: marked(inner, name) for key, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, name) for inner in value]
    return ("the name",) if isinstance(value, str) and value == name else value
