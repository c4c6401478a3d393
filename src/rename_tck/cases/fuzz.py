"""Requests generated from the vendored document itself: Schemathesis draws, the document's own schema decides.

Schemathesis is trusted to generate, not to judge: whether a drawn request is valid is asked of `Contract`, for its
generator has taken valid requests for invalid ones and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, partial
from operator import attrgetter
from typing import Any

from hypothesis import strategies as st

from rename_tck.cases.drawn import ACTS, Drawn, Move
from rename_tck.cases.names import REASONABLE_LENGTH, is_reasonable
from rename_tck.cases.spaces import BODIES, INVALID, MOVES, NAMES, QUERIES, TYPES, VALID, Space
from rename_tck.openapi.contract import Contract


@cache
def _bodies(document: str, *, valid: bool) -> st.SearchStrategy[Any]:
    """What Schemathesis draws for a document of one operation, in JSON; once for editions that agree on it."""
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    # an explicit configuration: a stray schemathesis.toml in the working folder would be loaded otherwise
    schema = schemathesis.openapi.from_dict(json.loads(document), config=SchemathesisConfig())
    mode = schemathesis.GenerationMode.POSITIVE if valid else schemathesis.GenerationMode.NEGATIVE
    return schema[_PATH]["POST"].as_strategy(generation_mode=mode)


#: Where the operation stands in a document that is made of its body.
_PATH = "/rename-tck"


def _body_alone(contract: Contract) -> str:
    """The contract's body as the whole of an operation, so that all that is drawn, and made invalid, is the body."""
    content = {"application/json": {"schema": _without_prose(contract.request_schema)}}
    operation = {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": ""}}}
    document = {
        "openapi": contract.document["openapi"],
        "info": {"title": "", "version": ""},
        "paths": {_PATH: {"post": operation}},
    }
    if '"$ref"' in json.dumps(content):
        document = {**contract.document, "paths": {**contract.document["paths"], **document["paths"]}}
    return json.dumps(document)


def _without_prose(part: Any) -> Any:
    """A schema without what people read in it, which is all that some editions differ in. Data is left as it is."""
    if isinstance(part, Mapping):
        return {
            name: inner if name in {"const", "default", "enum", "example", "examples"} else _without_prose(inner)
            for name, inner in part.items()
            if not (name in {"description", "title"} and isinstance(inner, str))
        }
    return [_without_prose(inner) for inner in part] if isinstance(part, list) else part


def _drawn(contract: Contract, case: Any) -> Drawn:
    body = case.body
    if isinstance(body, bytes):
        try:
            body = json.loads(body)
        except ValueError:
            return Drawn(None, case.body, valid=False)
    elif not _is_json(body):
        return Drawn(None, b"", valid=False)
    return Drawn(body, None, valid=not contract.request_errors(body))


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list | dict)


# Strategies are made once, and of named functions: Hypothesis looks each one over, and reads the source of a lambda.


@cache
def drawn_valid(contract: Contract) -> st.SearchStrategy[Drawn]:
    """Requests that Schemathesis draws as valid and the document's schema calls valid."""
    return _bodies(_body_alone(contract), valid=True).map(partial(_drawn, contract)).filter(attrgetter("valid"))


@cache
def drawn_invalid(contract: Contract) -> st.SearchStrategy[Drawn]:
    """Requests that Schemathesis draws as invalid and whose body the document's schema calls invalid."""
    return _bodies(_body_alone(contract), valid=False).map(partial(_drawn, contract)).filter(_is_invalid)


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
    return invalid.map(lambda body: Drawn(body, None, valid=False))


_ALPHABET = st.characters(categories=("L", "M", "N", "P", "S"), include_characters=" ")


@cache
def reasonable_names() -> st.SearchStrategy[str]:
    """Names that must be accepted: 1 to 200 printable characters without blanks around them."""
    short = st.text(_ALPHABET, min_size=1, max_size=24)
    long = st.text(_ALPHABET, min_size=150, max_size=REASONABLE_LENGTH)
    return st.one_of(short, short, long).filter(is_reasonable)


@cache
def query_values(near: str) -> st.SearchStrategy[str]:
    """Values of a query parameter: short texts without controls, mostly near one that means something there."""
    short = st.text(_ALPHABET, min_size=1, max_size=12)
    changed = st.tuples(st.integers(0, len(near)), short).map(lambda pair: near[: pair[0]] + pair[1] + near[pair[0] :])
    return st.one_of(short, changed)


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


def _needs_no_model(body: Mapping[str, object]) -> bool:
    return body.get("auto_generate") is not True


def _moves() -> st.SearchStrategy[list[Move]]:
    move = st.builds(Move, st.sampled_from(ACTS), st.integers(0, 2), reasonable_names(), st.integers(0, 50))
    return st.lists(move, min_size=3, max_size=12)


def strategy(space: Space, contract: Contract, valid: Mapping[str, object]) -> st.SearchStrategy[Any]:
    """What the cases of a space are drawn by; `valid` is the body of an ordinary rename."""
    if space == VALID:
        return drawn_valid(contract)
    if space == NAMES:
        return reasonable_names()
    if space == INVALID:
        return st.one_of(drawn_invalid(contract), near_invalid(contract, valid))
    if space == BODIES:
        # titles are generated by a language model: not for each of many odd bodies
        near = bodies_around(valid).filter(_needs_no_model)
        return st.one_of(any_json(), near, near)
    if space in QUERIES:
        return query_values(near="agent" if space == TYPES else "agno_sessions")
    assert space == MOVES
    return _moves()
