"""Drift: what the target's own OpenAPI document says otherwise, and which requirements rest on that."""

from __future__ import annotations

import contextlib
import copy
import http.server
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import KEY, judge, judge_in_process
from starlette.requests import Request
from starlette.responses import Response

from rename_tck.openapi import drift
from rename_tck.openapi.drift import Comparison, Difference, Document, UnreadableError
from rename_tck.openapi.drift.claims import claims_of
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.service import Routes
from rename_tck.reference.serving import serve
from rename_tck.requirements.catalogue import Catalogue, systems
from rename_tck.requirements.yaml_source import pointer_join, pointer_segments, read_yaml
from rename_tck.results.record import validate

KEYS = {"RENAME_TCK_API_KEY": KEY}
EDITIONS = [(system, edition) for system in systems() for edition in Catalogue.load(system).editions]

Json = dict[str, Any]
Edit = Callable[[Json], object]

AGNO = "/sessions/{session_id}/rename"
SCHEMA_DRIVEN = {"agno.rename-accepted", "agno.valid-space-accepted", "agno.invalid-space-refused"}


def document(system: str, edition: str) -> Json:
    found: Json = json.loads(json.dumps(read_yaml(Catalogue.load(system).document(edition)), default=str))
    return found


def compared(system: str, edition: str, published: object) -> Comparison:
    catalogue = Catalogue.load(system)
    return drift.compare(catalogue, edition, drift.vendored(catalogue, edition), Document(published))


def agno(edit: Edit) -> list[Difference]:
    published = document("agno", "2.5.6")
    edit(published)
    return compared("agno", "2.5.6", published).differences


def touched(differences: list[Difference]) -> set[str]:
    return {name for difference in differences for name in difference.requirements}


def operation(published: Json) -> Json:
    found: Json = published["paths"][AGNO]["post"]
    return found


def schemas(published: Json) -> Json:
    found: Json = published["components"]["schemas"]
    return found


def name_schema(published: Json) -> Json:
    found: Json = schemas(published)["Body_rename_session"]["properties"]["session_name"]
    return found


# --- the same document


@pytest.mark.parametrize(("system", "edition"), EDITIONS)
def test_the_document_itself_does_not_differ(system: str, edition: str) -> None:
    assert compared(system, edition, document(system, edition)).differences == []


@pytest.mark.parametrize(("system", "edition"), EDITIONS)
def test_every_citation_says_something(system: str, edition: str) -> None:
    catalogue = Catalogue.load(system)
    source = drift.vendored(catalogue, edition)
    for requirement in catalogue.requirements:
        for cite in (*requirement.citations, *requirement.contradicted):
            if cite.edition == edition:
                said = claims_of(source, cite)
                assert said.points or said.prose, (requirement.id, cite.pointer, cite.quote)


# --- what a change touches


NAME_LAWS = {"agno.unicode-exact", "agno.text-not-interpreted", "agno.length-200-accepted"}
OF_404 = {
    "agno.unknown-id-refused", "agno.unknown-id-404", "agno.unknown-id-creates-nothing", "agno.odd-ids-safe",
    "agno.odd-ids-refused", "agno.deleted-id-refused", "agno.user-scope-other", "agno.error-404-shape",
}  # fmt: skip
OF_DESCRIPTION = {
    "agno.answer-name", "agno.name-stored", "agno.neighbours-untouched", "agno.session-untouched", "agno.rename-again",
    "agno.same-name", "agno.concurrent-same-session", "agno.concurrent-two-sessions", "agno.sequence-consistent",
    "agno.unknown-id-refused", "agno.unknown-id-creates-nothing", "agno.deleted-id-refused",
}  # fmt: skip

BODY = "/components/schemas/Body_rename_session"
POST = "/paths/~1sessions~1{session_id}~1rename/post"


@pytest.mark.parametrize(
    ("edit", "pointer", "kind", "ids"),
    [
        pytest.param(
            lambda d: name_schema(d).update(maxLength=50), f"{BODY}/properties/session_name/maxLength", "added",
            SCHEMA_DRIVEN | NAME_LAWS, id="a limit of length",
        ),
        pytest.param(
            lambda d: (
                schemas(d)["Body_rename_session"]["required"].append("reason"),
                schemas(d)["Body_rename_session"]["properties"].update(reason={"type": "string"}),
            ),
            f"{BODY}/required/1", "added", SCHEMA_DRIVEN, id="a new required member",
        ),
        pytest.param(
            lambda d: schemas(d)["Body_rename_session"].pop("required"), f"{BODY}/required/0", "missing",
            SCHEMA_DRIVEN | {"agno.session-name-required"}, id="the name is optional",
        ),
        pytest.param(
            lambda d: name_schema(d).update(type=["string", "null"]), f"{BODY}/properties/session_name/type", "changed",
            SCHEMA_DRIVEN | {
                "agno.session-name-string", "agno.never-altered", "agno.blanks-kept",}, id="the name may be null",
        ),
        pytest.param(
            lambda d: operation(d)["responses"].pop("404"), f"{POST}/responses/404", "missing", OF_404, id="no 404",
        ),
        pytest.param(
            lambda d: operation(d)["responses"].update({"409": {"description": "Conflict"}}), f"{POST}/responses/409",
            "added", set(), id="one more status",
        ),
        pytest.param(
            lambda d: schemas(d)["WorkflowSessionDetailSchema"]["properties"]["session_id"].update(type="integer"),
            "/components/schemas/WorkflowSessionDetailSchema/properties/session_id/type", "changed",
            {"agno.answer-schema", "agno.answer-shape-of-type", "agno.answer-id"}, id="a member of the answer",
        ),
        pytest.param(
            lambda d: schemas(d)["SessionType"]["enum"].append("user"), "/components/schemas/SessionType/enum",
            "changed", {"agno.type-accepted", "agno.type-validated"}, id="one more type",
        ),
        pytest.param(
            lambda d: operation(d)["parameters"].pop(2), f"{POST}/parameters/2", "missing",
            {"agno.user-scope-own", "agno.user-scope-other", "agno.user-scope-lookalike"}, id="a parameter is gone",
        ),
        pytest.param(
            lambda d: operation(d)["parameters"][3].update(required=True), f"{POST}/parameters/3/required", "changed",
            {"agno.db-id-unknown"}, id="a parameter is required",
        ),
        pytest.param(
            lambda d: operation(d)["parameters"][1]["schema"].pop("default"), f"{POST}/parameters/1/schema/default",
            "missing", {"agno.type-default-agent"}, id="no default",
        ),
        pytest.param(
            lambda d: operation(d).update(security=[]), f"{POST}/security/0", "missing",
            {"agno.credential-missing", "agno.credential-wrong"}, id="no key",
        ),
        pytest.param(
            lambda d: d["components"].update(
                securitySchemes={"HTTPBearer": {"type": "apiKey", "in": "header", "name": "X-Key"}}
            ),
            f"{POST}/security/0", "changed", {"agno.credential-missing", "agno.credential-wrong"}, id="another key",
        ),
        pytest.param(
            lambda d: operation(d)["requestBody"].update(required=False), f"{POST}/requestBody/required", "changed",
            {"agno.body-present"}, id="the body is optional",
        ),
        pytest.param(
            lambda d: operation(d)["responses"]["200"].update(content={"text/plain": {}}),
            f"{POST}/responses/200/content/application~1json", "missing",
            {"agno.answer-media-type", "agno.answer-json", "agno.answer-schema", "agno.answer-shape-of-type"},
            id="another media type",
        ),
        pytest.param(
            lambda d: operation(d).update(description="Give it a new name."), f"{POST}/description", "changed",
            OF_DESCRIPTION, id="other words",
        ),
        pytest.param(
            lambda d: operation(d)["responses"]["404"].update(description="Nothing there"),
            f"{POST}/responses/404/description", "changed", OF_404, id="other words on a status",
        ),
    ],
)  # fmt: skip
def test_a_change_touches_what_rests_on_it_and_nothing_else(edit: Edit, pointer: str, kind: str, ids: set[str]) -> None:
    found = agno(edit)
    assert (pointer, kind) in {(difference.pointer, difference.kind) for difference in found}
    assert touched(found) == ids


def test_words_around_a_quote_may_change() -> None:
    def edit(published: Json) -> None:
        operation(published)["description"] = "Update the  name\nof an existing session. Or do not."

    assert agno(edit) == []


def test_an_operation_that_is_gone_touches_all_that_the_document_states() -> None:
    published = document("agno", "2.5.6")
    published["paths"] = {"/sessions": published["paths"][AGNO]}
    found = compared("agno", "2.5.6", published)
    assert found.operation is None
    assert [difference.kind for difference in found.differences] == ["missing"]
    stating = {rule.id for rule in Catalogue.load("agno").requirements if "2.5.6" in rule.editions}
    assert touched(found.differences) == stating


# --- equal by meaning


def _nullable(published: Json) -> None:
    published["openapi"] = "3.0.3"
    for part in (*schemas(published).values(), *operation(published)["parameters"]):
        for schema in [*part.get("properties", {}).values(), part.get("schema", {})]:
            if "anyOf" in schema and schema["anyOf"][-1] == {"type": "null"}:
                schema.update(schema.pop("anyOf")[0], nullable=True)


def _types_in_lists(published: Json) -> None:
    for part in schemas(published).values():
        for schema in part.get("properties", {}).values():
            if "anyOf" in schema and "type" in schema["anyOf"][0]:
                first = schema.pop("anyOf")[0]
                schema.update(first, type=[first["type"], "null"])


def _renamed(published: Json) -> None:
    text = json.dumps(published).replace("#/components/schemas/", "#/components/schemas/Own")
    published.clear()
    published.update(json.loads(text))
    published["components"]["schemas"] = {f"Own{name}": part for name, part in schemas(published).items()}


def _in_place(published: Json) -> None:
    """Every reference replaced by what it names."""

    def placed(node: Any) -> Any:
        if isinstance(node, list):
            return [placed(part) for part in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            beside = {name: part for name, part in node.items() if name != "$ref"}
            return placed(schemas(published)[node["$ref"].rpartition("/")[2]]) | beside
        return {name: placed(part) for name, part in node.items()}

    published["paths"] = placed(published["paths"])


def _defaults(published: Json) -> None:
    for parameter in operation(published)["parameters"]:
        parameter |= {"deprecated": False, "style": "simple" if parameter["in"] == "path" else "form"}
        parameter["explode"] = parameter["in"] == "query"
        if not parameter["required"]:
            del parameter["required"]
    for schema in schemas(published).values():
        if "enum" not in schema:
            schema.update(additionalProperties=True, minProperties=0, deprecated=False)
    name_schema(published)["minLength"] = 0


def _shuffled(published: Json) -> None:
    for schema in schemas(published).values():
        schema["required"] = schema.get("required", [])[::-1]
        schema["properties"] = dict(reversed(schema.get("properties", {}).items()))
        if "enum" in schema:
            schema["enum"].reverse()
    operation(published)["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"].reverse()
    operation(published)["parameters"].reverse()


def _moved_up(published: Json) -> None:
    """Parameters on the path, security on the document, the media type with a parameter, a list of one."""
    item = published["paths"][AGNO]
    item["parameters"] = item["post"].pop("parameters")
    published["security"] = item["post"].pop("security")
    body = item["post"]["requestBody"]["content"]
    body["application/json; charset=utf-8"] = {"schema": {"allOf": [body.pop("application/json")["schema"]]}}


def _beside_the_operation(published: Json) -> None:
    published |= {"info": {"title": "Mine", "version": "9"}, "servers": [{"url": "https://x"}], "x-mine": [1]}
    operation(published).update(operationId="other", tags=["T"], externalDocs={"url": "x"}, summary="Rename Session")
    operation(published)["x-own"] = {"$ref": "https://elsewhere.example/x"}
    name_schema(published).update(title="Another", examples=["x"], example="y")
    published["paths"]["/other"] = {"get": {"responses": {}}}


def _under_a_prefix(published: Json) -> None:
    item = published["paths"].pop(AGNO)
    item["post"]["parameters"][0]["name"] = "id"
    published["paths"]["/v1/sessions/{id}/rename"] = item


def _behind_a_reference(published: Json) -> None:
    published["components"]["pathItems"] = {"Rename": published["paths"].pop(AGNO)}
    published["paths"]["/sessions/{id}/rename"] = {"$ref": "#/components/pathItems/Rename"}
    published["components"]["pathItems"]["Rename"]["post"]["parameters"][0]["name"] = "id"


def _spelt_otherwise(published: Json) -> None:
    scheme = published["components"]["securitySchemes"].pop("HTTPBearer")
    published["components"]["securitySchemes"]["Key"] = scheme | {"scheme": "Bearer", "bearerFormat": "opaque"}
    operation(published)["security"] = [{"Key": []}]
    schemas(published)["SessionType"].update(type=["string"])
    operation(published)["parameters"][2]["schema"] = {"type": "string"}  # a query cannot be null


@pytest.mark.parametrize(
    "edit",
    [_nullable, _types_in_lists, _renamed, _in_place, _defaults, _shuffled, _moved_up, _beside_the_operation,
     _under_a_prefix, _behind_a_reference, _spelt_otherwise],
)  # fmt: skip
def test_what_means_the_same_is_the_same(edit: Edit) -> None:
    assert agno(edit) == []


def test_an_address_of_the_service_may_hold_the_beginning_of_the_path() -> None:
    published = document("openhands", "0.53.0")
    published["paths"] = {"/conversations/{id}": published["paths"].popitem()[1]}
    published["paths"]["/conversations/{id}"]["patch"]["parameters"][0]["name"] = "id"
    assert compared("openhands", "0.53.0", published).operation is None
    published["servers"] = [{"url": "https://app.example/api/"}]
    assert compared("openhands", "0.53.0", published).differences == []


# --- what would be unnoticed, and what would be noticed wrongly


#: Statements that a requirement may rest on in no way that a machine sees: changing them is no difference.
UNNOTICED = {
    "openapi", "info", "servers", "tags", "operationId", "title", "example", "examples", "description", "summary",
    "bearerFormat",
}  # fmt: skip


def _leaves(node: Any, pointer: str = "") -> Iterator[str]:
    if isinstance(node, dict) and node:
        for name, part in node.items():
            yield from _leaves(part, pointer_join(pointer, name))
    elif isinstance(node, list) and node:
        for place, part in enumerate(node):
            yield from _leaves(part, pointer_join(pointer, place))
    else:
        yield pointer


def _without(published: Json, pointer: str) -> Json:
    made = copy.deepcopy(published)
    *way, last = pointer_segments(pointer)
    node: Any = made
    for segment in way:
        node = node[int(segment)] if isinstance(node, list) else node[segment]
    del node[int(last) if isinstance(node, list) else last]
    return made


@pytest.mark.parametrize(("system", "edition"), EDITIONS)
def test_no_statement_is_lost_unnoticed_but_those_listed(system: str, edition: str) -> None:
    """Each leaf of each vendored document is taken away in turn."""
    published = document(system, edition)
    unnoticed = []
    for pointer in _leaves(published):
        try:
            differences = compared(system, edition, _without(published, pointer)).differences
        except UnreadableError:
            continue
        segments = pointer_segments(pointer)
        listed = any(
            segment in UNNOTICED and (not place or segments[place - 1] != "properties")
            for place, segment in enumerate(segments)
        )
        if not differences and not listed:
            unnoticed.append(pointer)
    # what says no more than leaving it out does
    silent = [
        at
        for at in unnoticed
        if not at.endswith(("/additionalProperties", "/required", "/default", "/security", "/deprecated"))
    ]
    of_queries = "/schema/anyOf/"
    assert [at for at in silent if of_queries not in at and not at.endswith("/0/ApiKeyAuth")] == []


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda d: operation(d).update(callbacks={"x": {}}), id="callbacks"),
        pytest.param(lambda d: operation(d)["responses"]["200"].update(headers={"X-A": {}}), id="headers of answers"),
        pytest.param(lambda d: operation(d).update(deprecated=True), id="deprecation"),
        pytest.param(lambda d: name_schema(d).update(readOnly=True), id="a name that is only read"),
        pytest.param(
            lambda d: name_schema(d).update(description="New name for the session, at most 5 characters long."),
            id="a rule in words besides the quote",
        ),
    ],
)  # fmt: skip
def test_drift_that_stays_unnoticed(edit: Edit) -> None:
    """Known limits: what no requirement speaks of, and rules that are added in words."""
    assert agno(edit) == []


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda d: name_schema(d).update(pattern="^(?s:.*)$"), id="a pattern that allows everything"),
        pytest.param(
            lambda d: schemas(d)["SessionType"].update(
                {"oneOf": [{"const": name} for name in schemas(d)["SessionType"].pop("enum")]}
            ),
            id="an enum as alternatives",
        ),
        pytest.param(
            lambda d: d["paths"][AGNO]["post"]["responses"].update(
                {"4XX": d["paths"][AGNO]["post"]["responses"].pop("404")}
            ),
            id="a range of statuses",
        ),
        pytest.param(
            lambda d: schemas(d).update(
                Body_rename_session={"allOf": [{"type": "object"}, schemas(d)["Body_rename_session"]]}
            ),
            id="a conjunction of two",
        ),
    ],
)  # fmt: skip
def test_right_documents_that_are_called_different(edit: Edit) -> None:
    """Known limits: equality that takes logic to see. It costs a reader a look, and no server a verdict."""
    assert agno(edit) != []


# --- documents from anywhere


def _nested(depth: int) -> Json:
    node: Json = {"type": "string"}
    for _ in range(depth):
        node = {"type": "object", "properties": {"a": node}}
    return node


def _with_name(schema: Any) -> Json:
    published = document("agno", "2.5.6")
    schemas(published)["Body_rename_session"]["properties"]["session_name"] = schema
    return published


@pytest.mark.parametrize(
    ("published", "words"),
    [
        (None, "no JSON object"),
        ([], "no JSON object"),
        ("openapi", "no JSON object"),
        ({}, "`openapi` is missing"),
        ({"swagger": "2.0", "paths": {}}, "'2.0'"),
        ({"openapi": 3.1, "paths": {}}, "3.1"),
        ({"openapi": "3.1.0"}, "no `paths`"),
        ({"openapi": "3.1.0", "paths": []}, "no `paths`"),
    ],
)
def test_what_is_no_document_is_said(published: object, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        compared("agno", "2.5.6", published)


JUNK: tuple[object, ...] = (None, True, 0, 1.5, "x", [], [[]], {}, {"$ref": "#"}, {"$ref": ["x"]}, {"$ref": 5})


@pytest.mark.parametrize(
    ("system", "junk"),
    [
        # in the document of one system in turn, of the others when there is time
        pytest.param(system, junk, marks=() if (row + column) % 3 == 0 else pytest.mark.slow)
        for row, system in enumerate(("agno", "openhands", "dify"))
        for column, junk in enumerate(JUNK)
    ],
)
def test_junk_anywhere_is_a_difference_or_none_and_never_an_error(system: str, junk: object) -> None:
    edition = next(iter(Catalogue.load(system).editions))
    published = document(system, edition)
    operation_of = next(iter(next(iter(published["paths"].values())).values()))
    for answer in operation_of["responses"].values():
        answer.get("content", {}).get("application/json", {}).pop("examples", None)
    places = {pointer.rpartition("/")[0] for pointer in _leaves(published)} | set(_leaves(published))
    ways = sorted({"/".join(pointer.split("/")[:n]) for pointer in places for n in range(2, 14)} - {""})
    for place in ways if system != "agno" else ways[::4]:
        if "/example" in place:
            continue
        made = copy.deepcopy(published)
        *way, last = pointer_segments(place)
        node: Any = made
        for segment in way:
            node = node[int(segment)] if isinstance(node, list) else node[segment]
        node[int(last) if isinstance(node, list) else last] = junk
        with contextlib.suppress(UnreadableError):
            compared(system, edition, made)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Body_rename_session"},
        {"$ref": "#/components/schemas/Body_rename_session/properties/session_name"},
        {"$ref": "https://elsewhere.example/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#/nowhere"},
        {"allOf": [{"$ref": "#/components/schemas/Body_rename_session/properties/session_name"}]},
        {"anyOf": [{"$ref": "#/components/schemas/Body_rename_session/properties/session_name"}] * 3},
        {"type": "string", "enum": [f"{number}" for number in range(100_000)]},
        {"type": ["string", {"a": 1}], "required": {"a": 1}, "properties": [1]},
        _nested(300),
        {"type": "string\x1b[2J", "format": "<script>alert(1)</script>\u202e"},
        {"type": "string", "maxLength": float("nan"), "minimum": float("inf")},
    ],
)
def test_hostile_schemas_are_compared_or_refused_in_bounded_time(schema: Any) -> None:
    started = time.monotonic()
    try:
        found = compared("agno", "2.5.6", _with_name(schema))
    except UnreadableError:
        pass
    else:
        assert found.differences
        assert all(len(difference.published or "") <= 40_000 for difference in found.differences)
    assert time.monotonic() - started < 5


def test_alternatives_of_alternatives_do_not_take_for_ever() -> None:
    published = document("agno", "2.5.6")
    many = [{"anyOf": [{"anyOf": [{"type": "object", "minProperties": n * m} for n in range(60)]} for m in range(60)]}]
    answer = operation(published)["responses"]["200"]["content"]["application/json"]["schema"]
    answer["anyOf"] = many * 60
    started = time.monotonic()
    with pytest.raises(UnreadableError, match="too large"):
        compared("agno", "2.5.6", published)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!doctype html>", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"openapi": "3.1.0"', "not JSON"),
    ],
)
def test_bytes_that_are_no_json_are_said(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        drift.read_json(content)


# --- a run


class Publishing(AgnoServer):
    """Publishes a document of its own."""

    document: bytes = b""
    status = 200

    def routes(self) -> Routes:
        return {**super().routes(), "/openapi.json": {"GET": self.publish}}

    async def publish(self, request: Request) -> Response:
        self.authenticate(request)
        self.asked = getattr(self, "asked", 0) + 1
        return Response(self.document, self.status, media_type="application/json")


class WrongName(Publishing):
    """Answers with another name, and accepts any type."""

    def render(self, session: Any) -> dict[str, Any]:
        return {**super().render(session), "session_name": "another"}


def _drifted() -> bytes:
    published = document("agno", "2.5.6")
    published["info"] = {"title": "Mine \x1b[31m<b>|", "version": f"of {KEY}"}
    properties = schemas(published)["AgentSessionDetailSchema"]["properties"]
    properties["session_name"]["type"] = ["string", "null"]
    schemas(published)["BadRequestResponse"]["properties"]["<script>\x1b"] = {
        "type": "string",
        "enum": ["`|*\u202e", KEY],
    }
    return json.dumps(published).encode()


def test_a_drifted_document_is_in_every_report(tmp_path: Path) -> None:
    server = WrongName(KEY)
    server.document = _drifted()
    with serve(server) as url:
        judged = judge(url, tmp_path, system="agno", env=KEYS, select="answer-name or error-400 or name-stored")
    assert server.asked == 1
    validate(judged.record)
    found = judged.run["drift"]
    assert found["source"] == "/openapi.json"
    assert found["compared_with"] == "specs/agno/openapi.yaml"
    assert found["note"] is None
    assert {name for difference in found["differences"] for name in difference["requirements"]} == {
        "agno.answer-name", "agno.answer-schema", "agno.answer-shape-of-type", "agno.error-400-shape",
    }  # fmt: skip
    # verdicts are what they were
    assert judged.status == 1
    assert "agno.answer-name" in judged.with_verdict("fail")
    assert "differs from specs/agno/openapi.yaml in 2 places, which touch" in " ".join(judged.output.split())
    assert re.search("^  drift +the target's own /openapi.json says otherwise at", judged.output, re.MULTILINE)
    html = (tmp_path / "conformance.html").read_text(encoding="utf-8")
    markdown = (tmp_path / "conformance.md").read_text(encoding="utf-8")
    assert "Drift (2)" in html
    assert "#### Drift (2)" in markdown
    for text in (html, markdown, judged.output, json.dumps(judged.record)):
        assert KEY not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script>\x1b" not in html
    assert "&lt;script&gt;" in html
    assert "<b>|" not in html


def test_the_same_document_is_said_to_be_the_same(tmp_path: Path) -> None:
    server = Publishing(KEY)
    server.document = json.dumps(document("agno", "2.5.6")).encode()
    with serve(server) as url:
        judged = judge(url, tmp_path, system="agno", env=KEYS, select="name-stored")
    assert judged.status == 0
    assert judged.run["drift"]["differences"] == []
    assert "differs" not in judged.output
    assert "says of the rename what specs/agno/openapi.yaml says" in (tmp_path / "conformance.html").read_text("utf-8")


def test_without_a_document_nothing_is_said(tmp_path: Path) -> None:
    for server, system in ((AgnoServer(KEY), "agno"), (OpenHandsServer(KEY), "openhands")):
        with serve(server) as url:
            judged = judge(url, tmp_path, system=system, env=KEYS, select="name-stored or same-name")
        assert judged.status == 0
        assert "drift" not in judged.run


@pytest.mark.parametrize(
    ("content", "status", "note"),
    [
        (b"<!doctype html><title>App</title>", 200, "it is not JSON"),
        (b"{}", 200, "its `openapi` is missing"),
        (b"[" * 100_000, 200, "nested too deeply"),
        (b"{}", 500, "status 500"),
        (b"", 429, "status 429"),
        (b'{"openapi": "3.1.0", "paths": {}}', 200, "it has no rename operation"),
    ],
)
def test_a_document_that_cannot_be_had_spoils_nothing(tmp_path: Path, content: bytes, status: int, note: str) -> None:
    server = Publishing(KEY)
    server.document, server.status = content, status
    with serve(server) as url:
        judged = judge(url, tmp_path, system="agno", env=KEYS, select="name-stored or media-type")
    assert judged.status == 0
    assert judged.run["verdict"] == "incomplete", "by the choice of one test"
    assert note in judged.run["drift"]["note"]
    validate(judged.record)


@contextlib.contextmanager
def _hanging(url: str, document: str) -> Iterator[tuple[str, list[float]]]:
    """A proxy before a server that never answers for the document."""
    import requests

    asked: list[float] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path == document:
                asked.append(time.monotonic())
                time.sleep(4)
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = requests.request(self.command, url + self.path, data=body, headers=headers, timeout=10)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("content-type", ""))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_DELETE = _pass

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_document_that_hangs_costs_one_time_out_and_no_verdict(tmp_path: Path) -> None:
    with serve(AgnoServer(KEY)) as url, _hanging(url, "/openapi.json") as (proxy, asked):
        judged = judge(proxy, tmp_path, "--request-timeout=1", system="agno", env=KEYS, select="name-stored")
    assert len(asked) == 1
    assert judged.status == 0
    assert "no complete answer came within 1 s" in judged.run["drift"]["note"]


def test_workers_know_what_the_controller_asked(tmp_path: Path) -> None:
    server = WrongName(KEY)
    server.document = _drifted()
    with serve(server) as url:
        judged = judge_in_process(url, tmp_path, "-n2", system="agno", env=KEYS, select="answer-name or name-stored")
    assert server.asked == 1
    assert len(judged.run["drift"]["differences"]) == 2
    assert re.search("^  drift +the target's own /openapi.json says otherwise at", judged.output, re.MULTILINE)


def test_a_plan_counts_the_request(tmp_path: Path) -> None:
    judged = judge("http://127.0.0.1:9", tmp_path, "--plan", system="agno", select="name-stored")
    assert judged.status == 0
    assert "       1  GET    /openapi.json" in judged.output
    assert "/openapi.json" not in judge("http://127.0.0.1:9", tmp_path, "--plan", system="dify", select="stored").output
