"""The requirements of a system, read out of its vendored documents: `specs/<system>/requirements.yaml` as data.

Nothing is read before it is asked for, and a system's files are read once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from rename_tck.files import packaged
from rename_tck.requirements.yaml_source import passage, read_yaml

Level = Literal["MUST", "SHOULD"]
Stance = Literal["states", "implies", "silent", "states the contrary"]

#: The folder of the vendored documents.
SPECS = packaged("specs")

#: What the user's own edition of a document is called (`--spec`).
OWN = "own"


class UnknownNameError(KeyError):
    """A system, edition or requirement that the catalogue does not have; its text is a whole sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Citation:
    """Where a requirement is stated: words of a vendored file, or (edition None) a standard in our own words."""

    edition: str | None
    file: str | None
    """Path of the vendored file as seen from the repository's root, such as `specs/dify/openapi.en.yaml`."""
    pointer: str | None
    quote: str | None
    source: str | None
    text: str | None
    whole: bool = False
    """Whether every keyword beneath the cited schema is meant, as a check against that schema means it."""
    bare: bool = False
    """Whether it is meant that what the cited schema allows is allowed: a keyword added to it changes that."""
    implied: bool = False
    """Whether the edition only implies the rule: it is no MUST for what this edition says alone."""
    at_line: int | None = None
    """The line, where the file is none of the vendored ones."""

    @cached_property
    def line(self) -> int | None:
        """The line of the vendored file on which the cited part begins, from 1; None for a standard."""
        if self.file is None or self.pointer is None or self.at_line is not None:
            return self.at_line
        return passage(SPECS.parent / self.file, self.pointer).line


@dataclass(frozen=True)
class Requirement:
    """One rule that a server is held to."""

    id: str
    level: Level
    """The level where a chosen edition states the rule; see `level_for`."""
    sentence: str
    citations: tuple[Citation, ...]
    contradicted: tuple[Citation, ...]
    """Where an edition states the contrary."""

    @property
    def law(self) -> str:
        """The id without the system's name: of a law of every system the same for each."""
        return self.id.partition(".")[2]

    @cached_property
    def editions(self) -> tuple[str, ...]:
        """The editions that state the rule, in the catalogue's order."""
        return _editions_of(cite for cite in self.citations if not cite.implied)

    def stance(self, edition: str) -> Stance:
        """What this edition has to say on the rule."""
        if edition in self.editions:
            return "states"
        if edition in _editions_of(self.citations):
            return "implies"
        return "states the contrary" if edition in _editions_of(self.contradicted) else "silent"

    def level_for(self, chosen: Collection[str]) -> Level:
        """The level in a run that judges these editions: MUST only where one of them states the rule."""
        return self.level if any(edition in chosen for edition in self.editions) else "SHOULD"

    def is_contradicted(self, chosen: Collection[str]) -> bool:
        """Whether a chosen edition states the contrary: a server cannot be held to the rule then."""
        return any(edition in chosen for edition in _editions_of(self.contradicted))


@dataclass(frozen=True)
class Observation:
    """A question that no document settles: what the server does is recorded, never judged."""

    id: str
    question: str


@dataclass(frozen=True)
class Operation:
    """The operation under test: its method in lower case, and its path template."""

    method: str
    path: str


@dataclass(frozen=True)
class Catalogue:
    """All that is required of one system."""

    system: str
    operation: Operation
    editions: Mapping[str, Path]
    """The vendored document of each edition, in the catalogue's order."""
    requirements: tuple[Requirement, ...]
    observations: tuple[Observation, ...]

    @staticmethod
    def load(system: str) -> Catalogue:
        """The catalogue of a system, read once. Raises UnknownNameError when there is no such system."""
        return _load(system)

    @cached_property
    def by_id(self) -> Mapping[str, Requirement]:
        """The requirements by their ids."""
        return {requirement.id: requirement for requirement in self.requirements}

    def requirement(self, requirement_id: str) -> Requirement:
        """The requirement of this id. Raises UnknownNameError when there is none."""
        try:
            return self.by_id[requirement_id]
        except KeyError:
            raise UnknownNameError(f"The catalogue of {self.system} has no requirement {requirement_id!r}.") from None

    def document(self, edition: str) -> Path:
        """The vendored file of an edition. Raises UnknownNameError when there is no such edition."""
        try:
            return self.editions[edition]
        except KeyError:
            known = ", ".join(self.editions)
            raise UnknownNameError(f"{self.system} has no edition {edition!r}; its editions are: {known}.") from None

    def file(self, edition: str) -> str:
        """The vendored file of an edition as citations name it. Raises UnknownNameError as `document` does."""
        return _named(self.document(edition))


def systems() -> tuple[str, ...]:
    """The names of the systems that have a catalogue, sorted."""
    return tuple(sorted(file.parent.name for file in SPECS.glob("*/requirements.yaml")))


def _named(file: Path) -> str:
    """A vendored file as seen from the repository's root."""
    return file.relative_to(SPECS.parent).as_posix()


def _editions_of(citations: Iterable[Citation]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(citation.edition for citation in citations if citation.edition is not None))


@cache
def _load(system: str) -> Catalogue:
    if system not in systems():
        raise UnknownNameError(f"There is no system {system!r}; the systems are: {', '.join(systems())}.")
    folder = SPECS / system
    data = read_yaml(folder / "requirements.yaml")
    editions = {name: folder / file for name, file in data["editions"].items()}
    order = list(editions)

    def citations(items: list[dict[str, Any]]) -> tuple[Citation, ...]:
        """The citations in the editions' order, those of standards last."""
        made = [_citation(item, editions) for item in items]
        return tuple(sorted(made, key=lambda cite: len(order) if cite.edition is None else order.index(cite.edition)))

    requirements = tuple(
        Requirement(
            id=item["id"],
            level=item["level"],
            sentence=item["sentence"],
            citations=citations(item["cites"]),
            contradicted=citations(item.get("contradicted", [])),
        )
        for item in data["requirements"]
    )
    observations = tuple(Observation(item["id"], item["question"]) for item in data["observations"])
    return Catalogue(data["system"], Operation(**data["operation"]), editions, requirements, observations)


def _citation(item: dict[str, Any], editions: Mapping[str, Path]) -> Citation:
    edition = item.get("edition")
    if edition is None:
        return Citation(None, None, None, None, item["source"], item["text"])
    whole, bare, implied = (bool(item.get(word)) for word in ("whole", "bare", "implied"))
    return Citation(
        edition, _named(editions[edition]), item["pointer"], item["quote"], None, None, whole, bare, implied
    )
