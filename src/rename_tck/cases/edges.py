"""Objects at the edges of a user's own document: what draws find by luck is tried for sure."""

from __future__ import annotations

from collections.abc import Mapping

from rename_tck.openapi.contract import Contract


def edges(contract: Contract, valid: Mapping[str, object]) -> list[tuple[str, dict[str, object]]]:
    """Objects at the edges of a user's own document and of the vendored one that it is nearest to, each with a label.

    Each member left out, null, or as long as the limits allow and one character more or less; and one member more. What
    draws find by luck is found here for sure. Empty for a vendored document: the cases made by hand are its edges.
    """
    if contract.nearest is None:
        return []
    found: list[tuple[str, dict[str, object]]] = [("one member more", {**valid, "rename-tck": "one more"})]
    for name, value in valid.items():
        found.append((f"no `{name}`", {member: kept for member, kept in valid.items() if member != name}))
        found.append((f"a `{name}` that is null", {**valid, name: None}))
        lengths = {
            limit + step
            for document in (contract, contract.nearest)
            for limit in _limits(document, name)
            for step in (-1, 0, 1)
        }
        if isinstance(value, str):
            texts = {length: (value + "x" * length)[:length] for length in sorted(lengths) if 0 <= length <= _LONGEST}
            found += [(f"a `{name}` of {length} characters", {**valid, name: texts[length]}) for length in texts]
    return found


#: Characters of a name at the edge of a limit; a limit above that is none that a name comes near.
_LONGEST = 20_000


def _limits(contract: Contract, name: str) -> list[int]:
    schema = contract.request_schema.get("properties", {}).get(name, {})
    schema = contract.resolved(schema) if isinstance(schema, Mapping) else {}
    found = (schema.get(word) for word in ("minLength", "maxLength"))
    return [limit for limit in found if isinstance(limit, int)]
