"""The catalogue is held to the documents: what it cites stands there, and what stands there it cites or leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from rename_tck.requirements.catalogue import SPECS, Catalogue, Citation, Requirement, UnknownNameError, systems
from rename_tck.requirements.yaml_source import (
    composed,
    folded,
    node_at,
    passage,
    pointer_join,
    pointer_segments,
    read_yaml,
)

SYSTEMS = ("agno", "dify", "openhands")
EDITIONS = [(system, edition) for system in SYSTEMS for edition in Catalogue.load(system).editions]
SNAPSHOT = Path(__file__).parent / "snapshots" / "requirement_ids.txt"
#: Keywords that describe a value without restricting it: no check against a schema notices them.
ANNOTATIONS = {"title", "description", "summary", "default", "example", "examples"}
#: Mappings whose keys are statements themselves: a path, a method, a documented status, a media type.
STATING_KEYS = re.compile(r"/paths(/[^/]+)?|.*/responses|.*/content")


@dataclass(frozen=True)
class Statement:
    """One thing that a document says, and where: the offsets of its words in the file."""

    pointer: str
    start: int
    end: int
    is_text: bool

    def __str__(self) -> str:
        return self.pointer


@dataclass(frozen=True)
class Exclusion:
    """A statement, or all beneath a pointer, that no requirement cites."""

    edition: str
    pointer: str
    reason: str
    quote: str | None = None


def raw(system: str) -> Any:
    return read_yaml(SPECS / system / "requirements.yaml")


def exclusions(system: str) -> list[Exclusion]:
    return [Exclusion(**item) for item in raw(system)["excluded"]]


def statements(path: Path) -> list[Statement]:
    """Every keyword, status, example, sentence … of a document."""
    text, root = composed(path)
    return list(_walk(root, "", text))


def _walk(node: yaml.Node, pointer: str, text: str) -> Iterator[Statement]:
    start, end = node.start_mark.index, node.end_mark.index
    end = start + len(text[start:end].rstrip())
    segments = pointer_segments(pointer)
    last = segments[-1] if segments else ""
    is_property = len(segments) > 1 and segments[-2] == "properties"
    is_example = (last == "example" and not is_property) or (len(segments) > 2 and segments[-3] == "examples")
    if isinstance(node, yaml.ScalarNode) and last in {"description", "summary"} and not is_property:
        for found in re.finditer(r".+?(?:(?<=[.。!?])(?=\s|\*\*$)|(?<=。)|$)", text[start:end], re.DOTALL):
            if found.group().strip(" \n'>-*"):
                yield Statement(pointer, start + found.start(), start + found.end(), is_text=True)
    elif isinstance(node, yaml.ScalarNode) or not node.value or (is_example and last != "summary"):
        yield Statement(pointer, start, end, is_text=is_example)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, pointer_join(pointer, index), text)
    else:
        for key, value in node.value:
            inner = pointer_join(pointer, key.value)
            if STATING_KEYS.fullmatch(pointer):
                yield Statement(inner, key.start_mark.index, key.end_mark.index, is_text=False)
            yield from _walk(value, inner, text)


def quote_span(path: Path, pointer: str, quote: str) -> tuple[int, int] | None:
    """The offsets of a quote within the passage that its pointer names; None when it is not there."""
    text = composed(path)[0]
    start, node = node_at(path, pointer)
    line_start = text.rfind("\n", 0, start) + 1
    words = list(re.finditer(r"\S+", text[line_start : node.end_mark.index]))
    # every folded character's offset in the file; a blank takes that of the word before it
    offsets = [line_start + offset for word in words for offset in [*range(*word.span()), word.end() - 1]]
    at = " ".join(word.group() for word in words).find(folded(quote))
    return None if at < 0 else (offsets[at], offsets[at + len(folded(quote)) - 1] + 1)


def meant(statement: Statement, span: tuple[int, int] | None) -> bool:
    """Whether quoted words mean a statement: they hold a keyword's value whole, or part of a sentence or an example."""
    if span is None:
        return False
    if statement.is_text:
        return span[0] < statement.end and statement.start < span[1]
    return span[0] <= statement.start and statement.end <= span[1]


@dataclass(frozen=True)
class Cite:
    """A citation as the coverage needs it."""

    pointer: str
    span: tuple[int, int] | None
    whole: bool

    def covers(self, statement: Statement) -> bool:
        beneath = statement.pointer == self.pointer or statement.pointer.startswith(self.pointer + "/")
        if not beneath:
            return False
        keyword = [part for part in pointer_segments(statement.pointer) if not part.isdecimal()][-1]
        return meant(statement, self.span) or (self.whole and keyword not in ANNOTATIONS)


def cites(system: str, edition: str, without: Iterable[str] = ()) -> list[Cite]:
    """What the requirements of a system cite of an edition, leaving out those of these ids."""
    path = Catalogue.load(system).document(edition)
    return [
        Cite(item["pointer"], quote_span(path, item["pointer"], item["quote"]), item.get("whole", False))
        for requirement in raw(system)["requirements"]
        if requirement["id"] not in without
        for item in [*requirement["cites"], *requirement.get("contradicted", [])]
        if item.get("edition") == edition
    ]


def excludes(path: Path, exclusion: Exclusion, statement: Statement) -> bool:
    wanted, found = pointer_segments(exclusion.pointer), pointer_segments(statement.pointer)
    if len(found) < len(wanted) or any(a not in {"*", b} for a, b in zip(wanted, found, strict=False)):
        return False
    return exclusion.quote is None or meant(statement, quote_span(path, exclusion.pointer, exclusion.quote))


def uncovered(system: str, edition: str, without: Iterable[str] = ()) -> list[str]:
    """The statements of an edition that no requirement cites and no exclusion names."""
    path = Catalogue.load(system).document(edition)
    left = [item for item in exclusions(system) if item.edition == edition]
    used = cites(system, edition, without)
    return [
        statement.pointer
        for statement in statements(path)
        if not any(cite.covers(statement) for cite in used)
        and not any(excludes(path, exclusion, statement) for exclusion in left)
    ]


@cache
def every_requirement() -> tuple[Requirement, ...]:
    return tuple(requirement for system in SYSTEMS for requirement in Catalogue.load(system).requirements)


# --- what the catalogue says of the documents


def test_every_quote_stands_at_its_pointer() -> None:
    faults = [
        f"{requirement.id}: {citation.file} has not {citation.quote!r} at {citation.pointer}"
        for requirement in every_requirement()
        for citation in requirement.citations + requirement.contradicted
        if citation.edition is not None and not quoted_there(citation)
    ]
    assert faults == []


def quoted_there(citation: Citation) -> bool:
    assert citation.file is not None
    assert citation.pointer is not None
    assert citation.quote
    found = passage(SPECS.parent / citation.file, citation.pointer)
    return folded(citation.quote) in folded(found.text)


def test_a_wrong_quote_and_a_dead_pointer_are_noticed() -> None:
    citation = Catalogue.load("openhands").requirement("openhands.title-max-200").citations[0]
    assert quoted_there(citation)
    assert not quoted_there(replace(citation, quote="maxLength: 201"))
    with pytest.raises(LookupError):
        quoted_there(replace(citation, pointer=f"{citation.pointer}/nothing"))


def test_lines_are_those_of_the_files() -> None:
    citation = Catalogue.load("dify").requirement("dify.user-required").citations[0]
    assert citation.file == "specs/dify/openapi.en.yaml"
    assert citation.line is not None
    lines = (SPECS / "dify" / "openapi.en.yaml").read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in lines[citation.line - 1 : citation.line + 1]] == ["required:", "- user"]


@pytest.mark.parametrize(("system", "edition"), EDITIONS)
def test_every_statement_is_cited_or_excluded(system: str, edition: str) -> None:
    assert uncovered(system, edition) == []


@pytest.mark.parametrize(("system", "edition"), EDITIONS)
def test_no_statement_is_both_cited_and_excluded(system: str, edition: str) -> None:
    path = Catalogue.load(system).document(edition)
    used = cites(system, edition)
    both = [
        f"{statement} by {exclusion.pointer}"
        for exclusion in exclusions(system)
        if exclusion.edition == edition
        for statement in statements(path)
        if excludes(path, exclusion, statement) and any(cite.covers(statement) for cite in used)
    ]
    assert both == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_exclusion_names_a_statement_and_a_reason(system: str) -> None:
    editions = Catalogue.load(system).editions
    for exclusion in exclusions(system):
        path = editions[exclusion.edition]
        assert any(excludes(path, exclusion, statement) for statement in statements(path)), exclusion
        assert exclusion.reason.endswith("."), exclusion


@pytest.mark.parametrize("system", SYSTEMS)
def test_only_a_check_against_a_whole_schema_cites_a_whole_schema(system: str) -> None:
    for requirement in raw(system)["requirements"]:
        for item in requirement["cites"]:
            if item.get("whole"):
                assert requirement["id"] == f"{system}.answer-schema"
                assert re.fullmatch(r"/components/schemas/\w+", item["pointer"])


def test_the_walk_sees_keywords_items_statuses_sentences_and_examples() -> None:
    found = [str(statement) for statement in statements(Catalogue.load("openhands").document("0.53.0"))]
    operation = "/paths/~1api~1conversations~1{conversation_id}/patch"
    assert found.count(f"{operation}/description") == 3
    for pointer in (
        operation,
        f"{operation}/responses/422",
        f"{operation}/responses/200/content/application~1json",
        f"{operation}/security/0/APIKeyHeader",
        "/components/schemas/UpdateConversationRequest/additionalProperties",
        "/components/schemas/UpdateConversationRequest/required/0",
        "/components/schemas/ValidationError/properties/loc/items/anyOf/1/type",
        "/components/schemas/ValidationError/properties/type/type",
        "/servers/1/url",
    ):
        assert found.count(pointer) == 1, pointer
    dify = [str(statement) for statement in statements(Catalogue.load("dify").document("ja"))]
    example = (
        "/paths/~1conversations~1{conversation_id}~1name/post/responses/404/content/application~1json"
        "/examples/conversation_not_exists"
    )
    assert dify.count(f"{example}/value") == 1
    assert dify.count(f"{example}/summary") == 1
    assert dify.count("/components/schemas/ConversationRenameRequest/properties/auto_generate/description") == 2


def test_a_statement_that_is_no_longer_cited_is_noticed() -> None:
    schema = "/components/schemas/UpdateConversationRequest"
    assert uncovered("openhands", "0.53.0", without={"openhands.body-present"}) == [
        "/paths/~1api~1conversations~1{conversation_id}/patch/requestBody/required"
    ]
    everything = {requirement.id for requirement in every_requirement()}
    left = uncovered("openhands", "0.53.0", without=everything)
    assert {f"{schema}/required/0", f"{schema}/properties/title/maxLength"} < set(left)
    words = "/components/schemas/ConversationRenameRequest/properties/auto_generate/description"
    ignoring = {"dify.auto-generate-ignores-name", "dify.auto-generate-accepted"}
    assert uncovered("dify", "ja", without=ignoring) == [words]


# --- the catalogue itself


def test_ids_are_those_of_the_snapshot() -> None:
    """An id that reports, known failures and links name must not change or vanish unnoticed."""
    assert [requirement.id for requirement in every_requirement()] == SNAPSHOT.read_text(encoding="utf-8").split()


def test_ids_are_unique_and_bear_their_system() -> None:
    for system in SYSTEMS:
        catalogue = Catalogue.load(system)
        ids = [*(item.id for item in catalogue.requirements), *(item.id for item in catalogue.observations)]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(rf"{system}\.[a-z0-9]+(-[a-z0-9]+)*", one) for one in ids)
        assert all(item.id.startswith(f"{system}.obs-") for item in catalogue.observations)
        assert all(item.question.endswith("?") for item in catalogue.observations)
        assert not any(item.id.startswith(f"{system}.obs-") for item in catalogue.requirements)


@pytest.mark.parametrize("requirement", every_requirement(), ids=lambda requirement: requirement.id)
def test_a_requirement_is_one_sentence_of_its_level(requirement: Requirement) -> None:
    words = re.findall(r"\b(?:MUST|SHALL|SHOULD|MAY|REQUIRED|RECOMMENDED|OPTIONAL)\b(?: NOT\b)?", requirement.sentence)
    assert words in ([requirement.level], [f"{requirement.level} NOT"])
    assert re.fullmatch(r"[A-Z`].*\.", requirement.sentence)
    assert requirement.level in {"MUST", "SHOULD"}
    assert requirement.citations
    for citation in requirement.citations + requirement.contradicted:
        sourced = citation.source is not None and citation.text is not None
        assert sourced != (citation.edition is not None and citation.line is not None)
    stated, contrary = set(requirement.editions), {citation.edition for citation in requirement.contradicted}
    assert not stated & contrary
    assert stated or requirement.level == "SHOULD", "what no edition states is no MUST"


def test_files_say_nothing_that_is_not_read() -> None:
    for system in SYSTEMS:
        data = raw(system)
        assert set(data) == {"system", "operation", "editions", "requirements", "excluded", "observations"}
        assert data["system"] == system
        for item in data["requirements"]:
            assert (
                {"id", "level", "sentence", "cites"}
                <= set(item)
                <= {"id", "level", "sentence", "cites", "contradicted"}
            )
            for cite in [*item["cites"], *item.get("contradicted", [])]:
                assert set(cite) - {"whole", "bare", "implied"} in ({"edition", "pointer", "quote"}, {"source", "text"})


def test_systems_are_the_folders_that_have_a_catalogue() -> None:
    assert systems() == SYSTEMS
    with pytest.raises(UnknownNameError, match="There is no system 'nothing'; the systems are: agno, dify, openhands"):
        Catalogue.load("nothing")
    with pytest.raises(UnknownNameError, match="dify has no edition 'de'; its editions are: en, zh-Hans, ja"):
        Catalogue.load("dify").document("de")
    with pytest.raises(UnknownNameError, match=r"has no requirement 'dify\.nothing'"):
        Catalogue.load("dify").requirement("dify.nothing")


def test_a_catalogue_is_read_once() -> None:
    assert Catalogue.load("dify") is Catalogue.load("dify")
    assert list(Catalogue.load("dify").editions) == ["en", "zh-Hans", "ja"]
    assert Catalogue.load("openhands").operation.method == "patch"
    assert Catalogue.load("openhands").operation.path == "/api/conversations/{conversation_id}"


def test_the_level_is_a_must_only_where_a_chosen_edition_states_it() -> None:
    rule = Catalogue.load("dify").requirement("dify.auto-generate-ignores-name")
    assert rule.editions == ("ja",)
    assert rule.level_for(["en", "zh-Hans", "ja"]) == "MUST"
    assert rule.level_for(["en", "zh-Hans"]) == "SHOULD"
    assert [rule.stance(edition) for edition in ("en", "ja")] == ["silent", "states"]
    never = Catalogue.load("dify").requirement("dify.other-user-not-found")
    assert never.editions == ()
    assert never.level_for(["en", "zh-Hans", "ja"]) == "SHOULD"
    assert Catalogue.load("dify").requirement("dify.blanks-kept").level_for(["en"]) == "SHOULD"


@pytest.mark.parametrize(
    ("name", "edition"),
    [("name-or-auto-generate", "zh-Hans"), ("auto-generate-gives-name", "en"), ("auto-generate-stored", "en")],
)
def test_an_edition_that_only_implies_a_rule_makes_no_must_of_it(name: str, edition: str) -> None:
    rule = Catalogue.load("dify").requirement(f"dify.{name}")
    assert edition not in rule.editions
    assert rule.stance(edition) == "implies"
    assert rule.level_for([edition]) == "SHOULD"
    assert rule.level_for([edition, "ja"]) == "MUST"
    assert any(cite.implied and cite.edition == edition for cite in rule.citations)


@pytest.mark.parametrize("edition", ["en", "zh-Hans"])
@pytest.mark.parametrize("name", ["odd-ids-refused", "unknown-id-404", "not-found-code", "error-404-shape"])
def test_what_an_edition_does_not_say_of_errors_is_no_must_there(name: str, edition: str) -> None:
    rule = Catalogue.load("dify").requirement(f"dify.{name}")
    assert rule.level_for([edition]) == "SHOULD"
    assert rule.level_for(["ja"]) == "MUST"


@pytest.mark.parametrize(
    ("chosen", "accepted", "refused"),
    [
        (["en", "zh-Hans", "ja"], True, True),
        (["en", "ja"], True, True),
        (["en", "zh-Hans"], False, True),
        (["ja"], True, False),
        ([], False, False),
    ],
)
def test_a_rule_is_contradicted_where_a_chosen_edition_states_the_contrary(
    chosen: list[str], accepted: bool, refused: bool
) -> None:
    catalogue = Catalogue.load("dify")
    assert catalogue.requirement("dify.name-null-accepted").is_contradicted(chosen) is accepted
    assert catalogue.requirement("dify.name-null-refused").is_contradicted(chosen) is refused
    assert catalogue.requirement("dify.name-null-accepted").stance("ja") == "states the contrary"
    assert not catalogue.requirement("dify.user-required").is_contradicted(chosen)
