"""How two editions of the rename operation differ, in terms of the requirements that rest on the difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from rename_tck.openapi.contract import Contract
from rename_tck.openapi.document import Document, UnreadableError, read_json
from rename_tck.openapi.drift.claims import Claims, Prose, Source, of_requirement
from rename_tck.openapi.drift.walk import Difference, Walk, shown
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.requirements.yaml_source import composed, pointer_join

__all__ = ["Comparison", "Difference", "Document", "Source", "UnreadableError", "compare", "read_json", "vendored"]

#: Differences that are told; a document with more is another one.
_MOST = 200


@dataclass
class Comparison:
    """What comparing found."""

    differences: list[Difference]
    """Those of structure, and of prose that a requirement quotes; each with the requirements it touches."""
    operation: str | None
    """The pointer to the published document's rename operation; None where it has none."""
    left_out: int = 0
    """Differences beyond those that are told."""
    partners: dict[str, list[str]] = field(default_factory=dict)


def vendored(catalogue: Catalogue, edition: str) -> Source:
    """A vendored document with its text, read once."""
    return _vendored(catalogue.system, edition)


@cache
def _vendored(system: str, edition: str) -> Source:
    text, root = composed(Catalogue.load(system).document(edition))
    return Source(Document(Contract.load(system, edition).document), text, root)


def compare(catalogue: Catalogue, edition: str, source: Source, published: Document) -> Comparison:
    """Compare an edition, of which `source` is the document, with a document from anywhere.

    Raises:
        UnreadableError: it is none that the suite can compare.
    """
    try:
        return _compare(catalogue, edition, source, published)
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None


def _compare(catalogue: Catalogue, edition: str, source: Source, published: Document) -> Comparison:
    operation = catalogue.operation
    ours = source.document.operation(operation.method, operation.path)
    if ours is None:
        raise UnreadableError("the document that it is compared with has no rename operation")
    theirs = published.operation(operation.method, operation.path)
    claims = [(rule.id, of_requirement(source, rule, edition)) for rule in catalogue.requirements]
    if theirs is None:
        touched = tuple(name for name, said in claims if said)
        gone = Difference(ours[1], "missing", f"{operation.method.upper()} {operation.path}", None, True, touched)
        return Comparison([gone], None)
    walk = Walk(source.document, published)
    walk.operation(ours[1], theirs[1], (ours[0], theirs[0]))
    found = [_with_requirements(difference, claims) for difference in dict.fromkeys(walk.differences)]
    found += _prose(source.document, published, walk.partners, claims)
    return Comparison(found[:_MOST], theirs[1], max(0, len(found) - _MOST), walk.partners)


def _with_requirements(difference: Difference, claims: Iterable[tuple[str, list[Claims]]]) -> Difference:
    names = (name for name, said in claims if any(claim.touched_by(difference) for claim in said))
    return replace(difference, requirements=tuple(names))


def _prose(
    ours: Document, theirs: Document, partners: dict[str, list[str]], claims: Iterable[tuple[str, list[Claims]]]
) -> list[Difference]:
    """The quoted words that no longer stand, one difference for each text."""
    gone: dict[str, tuple[object, list[str]]] = {}
    for name, said in claims:
        for prose in (prose for claim in said for prose in claim.prose):
            known, texts = words_for(prose, theirs, partners)
            if known and not any(prose.stands_in(text) for text in texts):
                names = gone.setdefault(prose.pointer, (next(iter(texts), None), []))[1]
                if name not in names:
                    names.append(name)
    return [
        Difference(pointer, "missing" if text is None else "changed", shown(ours.at(pointer)),
                   None if text is None else shown(text), False, tuple(names))
        for pointer, (text, names) in gone.items()
    ]  # fmt: skip


def words_for(prose: Prose, theirs: Document, partners: dict[str, list[str]]) -> tuple[bool, list[Any]]:
    """Whether theirs has the object that the words are on (else a difference says so), and the words there."""
    found, known = [], False
    for holder in partners.get(prose.holder, ()):
        known = True
        try:
            found.append(theirs.at(pointer_join(holder, *prose.tail)))
        except LookupError:
            continue
    return known, found
