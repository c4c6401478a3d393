"""Requests generated from the vendored document itself: Schemathesis draws, the document's own schema decides.

Schemathesis is trusted to generate, not to judge: whether a drawn request is valid is asked of `Contract`, for its
generator has taken valid requests for invalid ones and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from operator import attrgetter
from typing import Any

from hypothesis import strategies as st

from rename_tck.cases.names import REASONABLE_LENGTH
from rename_tck.contract import Contract


@dataclass(frozen=True)
class Drawn:
    """A generated request: its body as JSON, or as bytes where it is none, and its query."""

    body: object
    raw: bytes | None
    query: tuple[tuple[str, str], ...]
    #: Whether the body, as the document's schema has it, is valid.
    valid: bool

    def __repr__(self) -> str:
        return f"body {self.raw!r}" if self.raw is not None else f"body {json.dumps(self.body)[:200]}"


@cache
def _operation(contract: Contract) -> Any:
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    # an explicit configuration: a stray schemathesis.toml in the working folder would be loaded otherwise
    schema = schemathesis.openapi.from_dict(dict(contract.document), config=SchemathesisConfig())
    return schema[contract.path][contract.method]


def _drawn(contract: Contract, case: Any) -> Drawn:
    query = tuple((str(name), _text(value)) for name, value in (case.query or {}).items())
    body = case.body
    if isinstance(body, bytes):
        try:
            body = json.loads(body)
        except ValueError:
            return Drawn(None, case.body, query, valid=False)
    elif not _is_json(body):
        return Drawn(None, b"", query, valid=False)
    return Drawn(body, None, query, valid=not contract.request_errors(body))


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list | dict)


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return value if isinstance(value, str) else json.dumps(value)


# Strategies are made once, and of named functions: Hypothesis looks each one over, and reads the source of a lambda.


@cache
def drawn_valid(contract: Contract) -> st.SearchStrategy[Drawn]:
    """Requests that Schemathesis draws as valid and the document's schema calls valid."""
    from schemathesis import GenerationMode

    strategy = _operation(contract).as_strategy(generation_mode=GenerationMode.POSITIVE)
    return strategy.map(partial(_drawn, contract)).filter(attrgetter("valid"))  # type: ignore[no-any-return]


@cache
def drawn_invalid(contract: Contract) -> st.SearchStrategy[Drawn]:
    """Requests that Schemathesis draws as invalid and whose body the document's schema calls invalid."""
    from schemathesis import GenerationMode

    strategy = _operation(contract).as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return strategy.map(partial(_drawn, contract)).filter(_is_invalid)  # type: ignore[no-any-return]


def _is_invalid(drawn: Drawn) -> bool:
    return not drawn.valid


def near_invalid(contract: Contract, valid: Mapping[str, object]) -> st.SearchStrategy[Drawn]:
    """Objects near a valid body that the document's schema calls invalid: mostly with one fault, which none hides."""
    properties: Mapping[str, Mapping[str, object]] = contract.request_schema.get("properties", {})
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    whole = {**defaults, **valid}
    member = st.sampled_from(sorted(whole))
    replaced = st.tuples(member, any_json()).map(lambda pair: {**whole, pair[0]: pair[1]})
    left_out = member.map(lambda name: {key: value for key, value in whole.items() if key != name})
    changed = st.one_of(replaced, replaced, replaced, left_out, bodies_around(whole))
    if contract.request_schema.get("additionalProperties") is False:
        more = st.dictionaries(st.text(max_size=8), any_json(), min_size=1, max_size=2)
        changed = st.one_of(changed, more.map(lambda members: {**members, **whole}))
    invalid = changed.filter(contract.request_errors)
    return invalid.map(lambda body: Drawn(body, None, (), valid=False))


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


_ALPHABET = st.characters(categories=("L", "M", "N", "P", "S"), include_characters=" ")


@cache
def reasonable_names() -> st.SearchStrategy[str]:
    """Names that must be accepted: 1 to 200 printable characters without blanks around them."""
    short = st.text(_ALPHABET, min_size=1, max_size=24)
    long = st.text(_ALPHABET, min_size=150, max_size=REASONABLE_LENGTH)
    from rename_tck.cases.names import is_reasonable

    return st.one_of(short, short, long).filter(is_reasonable)


@cache
def any_json() -> st.SearchStrategy[object]:
    """Any JSON value, unpaired surrogates and huge numbers among them."""
    leaves = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec=None), max_size=20)
    )  # fmt: skip
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    )


def bodies_around(valid: Mapping[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """Objects near a valid body: each member kept, left out, or replaced by any JSON value."""
    kept = {name: st.just(value) | any_json() for name, value in valid.items()}
    return st.fixed_dictionaries({}, optional=kept)
