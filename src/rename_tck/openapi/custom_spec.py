"""The user's own edition of a document (`--spec`): read, checked, and the requirements told that it states.

A requirement is stated by it where what the vendored document is quoted for stands in it as well. Words may be others
where they only say in words what the operation is; structure may not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import yaml

from rename_tck.openapi import drift
from rename_tck.openapi.contract import Contract
from rename_tck.openapi.drift import Comparison, Document, Source, UnreadableError
from rename_tck.openapi.drift.claims import Claims, Prose, of_requirement, within
from rename_tck.openapi.spec_file import SpecError, data_of, extract, read
from rename_tck.requirements.catalogue import OWN, Catalogue, Citation, Operation, Requirement, systems
from rename_tck.requirements.yaml_source import composed_text, folded, found_in, pointer_join

#: Requirements whose tests judge by the document's own schemas: they hold whatever those schemas are.
_BY_SCHEMA = re.compile(
    r"\w+\.(rename-accepted|answer-schema|valid-space-accepted|invalid-space-refused|answer-shape-of-type|error-\d+-shape)"
)

_COMPONENTS = "/components/"

#: Characters that are quoted of a document that has other words than the vendored one.
_QUOTED = 200

__all__ = ["CustomSpec", "SpecError", "load", "of_data"]


@dataclass(frozen=True, eq=False)
class CustomSpec:
    """The user's document, ready to judge by."""

    file: str
    """Its name as the user gave it, or the URL that it comes from."""
    data: bytes = field(repr=False)
    sha256: str
    system: str
    nearest: str
    """The vendored edition that most of it agrees with."""
    catalogue: Catalogue
    contract: Contract
    source: Source
    notes: tuple[str, ...]


def load(file: str, system: str | None, *, check: bool = True) -> CustomSpec:
    """The document in a file. `check` leaves out nothing but the check that it is valid OpenAPI.

    Raises:
        SpecError: it cannot be used; the message is one whole sentence.
    """
    return of_data(file, data_of(file), system, check=check)


def of_data(file: str, data: bytes, system: str | None, *, check: bool = True) -> CustomSpec:
    """The document that these bytes are, wherever they come from; else as `load`."""
    content, text = read(file, data)
    try:
        document = Document(content)
    except UnreadableError as error:
        raise SpecError(f"--spec={file} is no document of OpenAPI 3: {str(error)[:200]}.") from None
    try:
        name, path = _operation(file, document, system)
        vendored = Catalogue.load(name)
        kept = extract(file, document, vendored.operation.method, path, check=check)
        root = composed_text(text)
    except (RecursionError, yaml.YAMLError):
        raise SpecError(f"--spec={file} cannot be read: it is nested too deeply, or no plain YAML.") from None
    made = _Reading(file, vendored, Source(Document(kept), text, root))
    contract = Contract(
        name, OWN, file, vendored.operation.method, path, document=kept,
        nearest=Contract.load(name, made.nearest), renamed=made.renamed(),
    )  # fmt: skip
    return CustomSpec(
        file, data, hashlib.sha256(data).hexdigest(), name, made.nearest, made.catalogue(path), contract, made.source,
        made.notes(),
    )  # fmt: skip


def _operation(file: str, document: Document, system: str | None) -> tuple[str, str]:
    """Which system's rename operation the document holds, and at which path."""
    wanted = {name: Catalogue.load(name).operation for name in ([system] if system else systems())}
    found = {
        name: at[0]
        for name, operation in wanted.items()
        if (at := document.operation(operation.method, operation.path)) is not None
    }
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        raise SpecError(f"--spec={file} has the rename operations of {' and '.join(found)}: choose with --system.")
    looked = " or ".join(f"{operation.method.upper()} {operation.path}" for operation in wanted.values())
    raise SpecError(f"--spec={file} has no rename operation: no {looked} stands at /paths.")


class _Reading:
    """One reading of the user's document against every vendored edition."""

    def __init__(self, file: str, vendored: Catalogue, source: Source) -> None:
        self.file = file
        self.vendored = vendored
        self.source = source
        self.sources = {edition: drift.vendored(vendored, edition) for edition in vendored.editions}
        try:
            self.comparisons = {
                edition: drift.compare(vendored, edition, self.sources[edition], source.document)
                for edition in vendored.editions
            }
        except UnreadableError as error:
            raise SpecError(f"--spec={file} cannot be judged by: {error}.") from None
        #: Requirements that are held to words which the document has otherwise.
        self.reworded: dict[str, None] = {}
        apart = {edition: len(found.differences) + found.left_out for edition, found in self.comparisons.items()}
        self._order = sorted(apart, key=lambda edition: apart[edition])
        self.nearest = self._order[0]

    def catalogue(self, path: str) -> Catalogue:
        """What is required by the document."""
        operation = Operation(self.vendored.operation.method, path)
        editions = {OWN: Path(self.file)}
        return replace(self.vendored, operation=operation, editions=editions, requirements=self.requirements)

    def renamed(self) -> dict[str, str]:
        """The pointers of the schemas that are the vendored document's components, by their names there."""
        start = "/components/schemas/"
        partners = self.comparisons[self.nearest].partners
        return {
            at.removeprefix(start): there[-1] for at, there in partners.items() if re.fullmatch(f"{start}[^/]+", at)
        }

    def notes(self) -> tuple[str, ...]:
        """What the reader of the report should know."""
        silent = [
            rule.id for rule in self.requirements
            if OWN not in rule.editions and any(cite.edition for cite in rule.citations)
        ]  # fmt: skip
        notes = [f"judged by {self.file}, which was read against {self.vendored.file(self.nearest)}"]
        if silent:
            notes.append(f"{self.file} does not state: {', '.join(silent)}")
        if self.reworded:
            notes.append(f"{self.file} says in other words, taken to mean the same: {', '.join(self.reworded)}")
        return tuple(notes)

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every requirement, cited where the document states it; `reworded` is filled on the way."""
        return tuple(map(self._requirement, self.vendored.requirements))

    def _requirement(self, rule: Requirement) -> Requirement:
        """The requirement with the citations of the user's document, where it states it."""
        standards = tuple(cite for cite in rule.citations if cite.edition is None)
        for edition in self._order:
            if self._states(rule, edition):
                return replace(rule, citations=(*self._located(rule.citations, edition), *standards), contradicted=())
        for edition in self._order:
            if self._states(rule, edition, contrary=True):
                return replace(rule, contradicted=self._located(rule.contradicted, edition))
        return replace(rule, contradicted=())

    def _states(self, rule: Requirement, edition: str, *, contrary: bool = False) -> bool:
        """Whether everything that the edition is quoted for stands in the user's document as well."""
        claims = of_requirement(self.sources[edition], rule, edition, contrary=contrary)
        if not claims:
            return False
        comparison, free = self.comparisons[edition], _BY_SCHEMA.fullmatch(rule.id) is not None
        for difference in comparison.differences:
            beneath = free and any(within(difference.pointer, tree) for claim in claims for tree in claim.trees)
            if not beneath and any(claim.touched_by(difference) for claim in claims):
                return False
        lost = [prose for claim in claims for prose in claim.prose if not self._stands(prose, comparison)]
        # what only another edition states must stand word for word
        if lost and (edition != self.nearest or not all(self._is_plain(prose, claims) for prose in lost)):
            return False
        if lost:
            self.reworded[rule.id] = None
        return True

    def _stands(self, prose: Prose, comparison: Comparison) -> bool:
        _, texts = drift.words_for(prose, self.source.document, comparison.partners)
        return any(prose.stands_in(text) for text in texts)

    def _is_plain(self, prose: Prose, claims: list[Claims]) -> bool:
        """Whether quoted words only say in words what the operation is, or what structure says besides.

        Words with code in them, and words on a member that nothing else is quoted for, are a rule of their own.
        """
        if "`" in prose.words:
            return False
        operation = Contract.load(self.vendored.system, self.nearest).operation_pointer
        if prose.holder in {operation, pointer_join(operation, "responses", "200")}:
            return True
        return any(claim.points for claim in claims)

    def _located(self, citations: tuple[Citation, ...], edition: str) -> tuple[Citation, ...]:
        """An edition's citations as those of the user's document: its file, line and words."""
        found: dict[Citation, None] = {}
        partners = self.comparisons[edition].partners
        places = [(cite, *self._pointer(cite.pointer or "", partners)) for cite in citations if cite.edition == edition]
        # a part that the document has not is cited by what is around it only where there is nothing else to cite
        exact = any(there for _, _, there in places)
        for cite, pointer, there in places:
            if cite.quote is None or (exact and not there):
                continue
            line, text = self._passage(pointer)
            quoted = re.search(r"\s+".join(map(re.escape, cite.quote.split())), text)
            words = folded(quoted[0] if quoted else text[: 4 * _QUOTED])
            short = words if len(words) <= _QUOTED or quoted else words[:_QUOTED].rpartition(" ")[0] or words[:_QUOTED]
            found[replace(cite, edition=OWN, file=self.file, pointer=pointer, quote=short, at_line=line)] = None
        return tuple(found)

    def _pointer(self, pointer: str, partners: Mapping[str, list[str]]) -> tuple[str, bool]:
        """Where the same part stands in the user's document, or the nearest part around it; whether it is that part."""
        at, tail = pointer, ""
        while at:
            # a component is cited as a component, a reference to it as a reference
            inside = at.startswith(_COMPONENTS)
            found = sorted(partners.get(at, []), key=lambda to: (to != at, to.startswith(_COMPONENTS) != inside))
            for partner in found:
                if self._leads(partner + tail):
                    return partner + tail, True
            if at in partners:
                return partners[at][0], False
            at, _, last = at.rpartition("/")
            tail = f"/{last}{tail}"
        return "", False

    def _leads(self, pointer: str) -> bool:
        try:
            self.source.document.at(pointer)
        except LookupError:
            return False
        return True

    def _passage(self, pointer: str) -> tuple[int, str]:
        """The line on which a part of the user's file begins, and its text from there on."""
        text = self.source.text
        try:
            start, node = found_in(self.source.root, pointer)
        except LookupError:  # merged into its place (`<<`), or behind an alias
            start, node = 0, self.source.root
        return text.count("\n", 0, start) + 1, text[start : node.end_mark.index].rstrip()
