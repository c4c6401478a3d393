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
