"""The vendored documents are what their pages hold, and the contract made from them tells valid from invalid."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from convert import ConversionError, converted, extracted, main
from openapi_spec_validator import validate

from rename_tck.openapi.contract import Contract, ContractError, SchemaError
from rename_tck.requirements.catalogue import SPECS, UnknownNameError
from rename_tck.requirements.yaml_source import passage, read_yaml
from rename_tck.systems import NAMES

PAGES = {
    "dify/source.en.txt": "dify/openapi.en.yaml",
    "dify/source.zh-Hans.txt": "dify/openapi.zh-Hans.yaml",
    "dify/source.ja.txt": "dify/openapi.ja.yaml",
    "agno/source.txt": "agno/openapi.yaml",
    "openhands/source.txt": "openhands/openapi.yaml",
}
CHINESE = (SPECS / "dify" / "source.zh-Hans.txt").read_text(encoding="utf-8")
DIFY = ("en", "zh-Hans", "ja")
CONTRACTS = [("dify", edition) for edition in DIFY] + [("agno", "2.5.6"), ("openhands", "0.53.0")]
UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


# --- files


@pytest.mark.parametrize(("page", "document"), PAGES.items())
def test_converting_again_gives_the_same_bytes(page: str, document: str) -> None:
    text = (SPECS / page).read_bytes().decode()
    assert converted(text).encode() == (SPECS / document).read_bytes()


@pytest.mark.parametrize(("page", "document"), [pair for pair in PAGES.items() if "zh-Hans" not in pair[0]])
def test_the_block_of_a_page_is_vendored_as_it_stands(page: str, document: str) -> None:
    text = (SPECS / page).read_bytes().decode()
    assert extracted(text).encode() == (SPECS / document).read_bytes()
    assert (SPECS / document).read_bytes() in (SPECS / page).read_bytes()


@pytest.mark.parametrize("document", PAGES.values())
def test_every_document_is_valid_openapi(document: str) -> None:
    validate(read_yaml(SPECS / document))


def test_the_provenance_table_holds_the_files() -> None:
    table = (SPECS / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", table, re.MULTILINE))
    assert set(listed) == {*PAGES, *PAGES.values()}
    for name, digest in listed.items():
        assert hashlib.sha256((SPECS / name).read_bytes()).hexdigest() == digest, name
    folders = [SPECS / system for system in NAMES]
    vendored = {file.relative_to(SPECS).as_posix() for folder in folders for file in folder.iterdir()}
    assert vendored == {*listed, *(f"{system}/requirements.yaml" for system in NAMES)}
    # whatever Python leaves beside the converter is no document
    assert {path.name for path in SPECS.iterdir() if path.is_dir()} - {"__pycache__"} == set(NAMES)


@pytest.mark.parametrize("page", PAGES)
def test_the_provenance_table_says_what_the_page_says(page: str) -> None:
    table = (SPECS / "README.md").read_text(encoding="utf-8")
    text = (SPECS / page).read_text(encoding="utf-8")
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    fence = re.search(r"^````yaml (\S+) ", text, re.MULTILINE)
    assert heading is not None
    assert fence is not None
    [row] = [line for line in table.splitlines() if f"| `{fence[1]}` |" in line]
    assert f"| {heading[1]} |" in row
    address = re.search(r"https://\S+/llms\.txt", text)
    assert (f"<{address[0]}>" if address else "none printed") in row
    version = yaml.safe_load(extracted(text)).get("info", {}).get("version")
    assert (version or "none printed") in row


# --- the converter


def scalars(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for value in node.values():
            yield from scalars(value)
    elif isinstance(node, list):
        for value in node:
            yield from scalars(value)
    else:
        yield node


def test_every_value_of_the_chinese_page_is_in_its_document_and_nothing_else() -> None:
    source = Counter(map(repr, scalars(yaml.safe_load(extracted(CHINESE)))))
    made = Counter(map(repr, scalars(yaml.safe_load(converted(CHINESE)))))
    became_keys = ["/conversations/{conversation_id}/name", "post", "ApiKeyAuth"]
    type_of_a_server_variable = "string"
    headings = ["会话重命名", "会话重命名", "对会话进行重命名。"]
    assert source - made == Counter(map(repr, [*became_keys, type_of_a_server_variable]))
    assert made - source == Counter(map(repr, ["3.0.1", "unstated", "conversation_id", *headings]))


def test_the_chinese_document_keeps_what_the_page_says() -> None:
    document = yaml.safe_load(converted(CHINESE))
    operation = document["paths"]["/conversations/{conversation_id}/name"]["post"]
    assert "security" not in document
    assert operation["security"] == [{"ApiKeyAuth": []}]
    assert operation["parameters"][0]["schema"] == {"type": "string", "format": "uuid"}
    request = document["components"]["schemas"]["ConversationRenameRequestCn"]
    assert request["required"] == ["user"]
    assert request["properties"]["name"]["nullable"] is True
    assert request["properties"]["auto_generate"]["default"] is False


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("nullable: true", "nullable: true\n                    pattern: x", "keys that this conversion does not know"),
        ("deprecated: false", "deprecated: false\n  callbacks: {}", "keys that this conversion does not know"),
        ("      cookie: {}\n    body", "      cookie:\n        a: {}\n    body", "which this conversion does not know"),
        ("  method: post\n", "", "lacks 'method'"),
        ("        schemaArray:\n", "        schemaArray:\n          - type: string\n", "is no list of one"),
        ("````yaml", "```yaml", "The page has no fenced YAML block"),
        ("# 会话重命名", "会话重命名", "The page has no heading"),
    ],
)
def test_a_page_of_another_form_is_refused(old: str, new: str, words: str) -> None:
    assert CHINESE.count(old) >= 1
    with pytest.raises(ConversionError, match=words):
        converted(CHINESE.replace(old, new, 1))


def test_the_command_prints_the_document_in_any_locale() -> None:
    page = SPECS / "dify" / "source.zh-Hans.txt"
    command = [sys.executable, str(SPECS / "convert.py"), str(page)]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    assert done.stdout == (SPECS / "dify" / "openapi.zh-Hans.yaml").read_bytes()


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.txt"
    page.write_text("# Nothing\n", encoding="utf-8")
    for arguments in ([str(page)], [str(tmp_path / "missing.txt")], []):
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.splitlines()) == 1


# --- the contract


def request_faults(system: str, edition: str, body: object) -> list[tuple[str, str]]:
    return [(error.pointer, error.message) for error in Contract.load(system, edition).request_errors(body)]


@pytest.mark.parametrize("edition", DIFY)
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"user": "u", "name": "n"}, None),
        ({"user": "u", "name": "n", "auto_generate": True}, None),
        ({"user": "u", "auto_generate": True}, None),
        ({"user": "u", "name": "n", "more": [1, None]}, None),
        ({"user": ""}, None),
        ({"name": "n"}, ""),
        ({}, ""),
        ({"user": None, "name": "n"}, "/user"),
        ({"user": 7, "name": "n"}, "/user"),
        ({"user": "u", "name": 7}, "/name"),
        ({"user": "u", "name": ["n"]}, "/name"),
        ({"user": "u", "name": "n", "auto_generate": "true"}, "/auto_generate"),
        ({"user": "u", "name": "n", "auto_generate": 1}, "/auto_generate"),
        ({"user": "u", "name": "n", "auto_generate": None}, "/auto_generate"),
        ([], ""),
        (None, ""),
        ("text", ""),
    ],
)
def test_dify_requests(edition: str, body: object, pointer: str | None) -> None:
    assert [at for at, _ in request_faults("dify", edition, body)] == ([] if pointer is None else [pointer])


@pytest.mark.parametrize(("edition", "valid"), [("en", True), ("zh-Hans", True), ("ja", False)])
def test_dify_names_may_be_null_in_two_editions(edition: str, valid: bool) -> None:
    faults = request_faults("dify", edition, {"user": "u", "name": None, "auto_generate": True})
    assert faults == ([] if valid else [("/name", "`name` must be a string, but is null")])


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"session_name": "n"}, []),
        ({"session_name": "n", "more": 1}, []),
        ({"session_name": None}, [("/session_name", "`session_name` must be a string, but is null")]),
        ({"session_name": True}, [("/session_name", "`session_name` must be a string, but is a boolean")]),
        ({}, [("", "the body has no member `session_name`, which is required")]),
        ([{}], [("", "the body must be an object, but is an array")]),
    ],
)
def test_agno_requests(body: object, faults: list[tuple[str, str]]) -> None:
    assert request_faults("agno", "2.5.6", body) == faults


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"title": "t"}, []),
        ({"title": "𝄞" * 200}, []),
        ({"title": ""}, [("/title", "`title` must have at least 1 character, but has 0")]),
        ({"title": "𝄞" * 201}, [("/title", "`title` must have at most 200 characters, but has 201")]),
        ({"title": 1.5}, [("/title", "`title` must be a string, but is a number")]),
        ({"title": "t", "b": 1}, [("", 'the body has members that the document does not allow: "b"')]),
        ({}, [("", "the body has no member `title`, which is required")]),
    ],
)
def test_openhands_requests(body: object, faults: list[tuple[str, str]]) -> None:
    assert request_faults("openhands", "0.53.0", body) == faults


@pytest.mark.parametrize("edition", DIFY)
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, None),
        ({"id": UUID, "name": "n", "inputs": {"a": 1}, "status": "normal", "created_at": 1, "updated_at": 2}, None),
        ({"id": UUID.upper(), "more": None}, None),
        ({"id": "7"}, "/id"),
        ({"id": UUID.replace("-", "")}, "/id"),
        ({"id": f"{{{UUID}}}"}, "/id"),
        ({"id": f"{UUID}\n"}, "/id"),
        ({"inputs": []}, "/inputs"),
        ({"created_at": True}, "/created_at"),
        ({"created_at": "1705407629"}, "/created_at"),
        ({"created_at": 1.0}, "/created_at"),
        ({"created_at": 1.5}, "/created_at"),
        ({"created_at": 2**63 - 1}, None),
        ({"created_at": 2**63}, "/created_at"),
        ({"created_at": -(2**63)}, None),
        ({"created_at": -(2**63) - 1}, "/created_at"),
        ({"name": None}, "/name"),
        (True, ""),
        (None, ""),
    ],
)
def test_dify_answers(edition: str, body: object, pointer: str | None) -> None:
    found = {error.pointer for error in Contract.load("dify", edition).answer_errors(200, body)}
    assert found == (set() if pointer is None else {pointer})


@pytest.mark.parametrize(("edition", "valid"), [("en", True), ("zh-Hans", True), ("ja", False)])
def test_dify_introduction_may_be_null_in_two_editions(edition: str, valid: bool) -> None:
    errors = Contract.load("dify", edition).answer_errors(200, {"introduction": None})
    assert [error.message for error in errors] == ([] if valid else ["`introduction` must be a string, but is null"])


def session(**members: object) -> dict[str, object]:
    return {"session_id": "s", "session_name": "n", **members}


@pytest.mark.parametrize(
    ("stamp", "valid"),
    [
        (None, True),
        ("2025-09-05T16:02:09Z", True),
        ("2025-09-05t16:02:09z", True),
        ("2025-09-05T16:02:09.123456+05:30", True),
        ("2024-02-29T00:00:00-00:00", True),
        ("2016-12-31T23:59:60Z", True),
        ("2025-09-05T16:02:09", False),
        ("2025-09-05 16:02:09Z", False),
        ("2025-09-05T16:02Z", False),
        ("2025-02-29T00:00:00Z", False),
        ("1900-02-29T00:00:00Z", False),
        ("2025-13-01T00:00:00Z", False),
        ("2025-00-01T00:00:00Z", False),
        ("2025-04-31T00:00:00Z", False),
        ("2025-09-05T24:00:00Z", False),
        ("2025-09-05T16:60:09Z", False),
        ("2025-09-05T16:02:09+24:00", False),
        ("2025-09-05T16:02:09Z\n", False),
        ("٢٠٢٥-09-05T16:02:09Z", False),
        ("2025-09-05", False),
        ("", False),
        (1757088129, False),
        (True, False),
    ],
)
def test_agno_date_times(stamp: object, valid: bool) -> None:
    contract = Contract.load("agno", "2.5.6")
    assert (contract.answer_errors(200, session(created_at=stamp), "TeamSessionDetailSchema") == []) is valid
    assert (contract.answer_errors(200, session(updated_at=stamp)) == []) is valid


def test_agno_answers_are_judged_by_any_form_or_by_one() -> None:
    contract = Contract.load("agno", "2.5.6")
    assert contract.answer_errors(200, session()) == []
    [missing] = contract.answer_errors(200, session(), shape="AgentSessionDetailSchema")
    assert missing == SchemaError(
        "",
        "the body has no member `agent_session_id`, which is required",
        "/components/schemas/AgentSessionDetailSchema/required/0",
        session(),
    )
    [error] = contract.answer_errors(200, {"session_id": "s"})
    assert error.message.startswith("the body fits none of the documented forms: the body has no member")
    assert error.schema_pointer.endswith("/responses/200/content/application~1json/schema/anyOf")
    with pytest.raises(LookupError):
        contract.answer_errors(200, session(), shape="NoSuchSchema")


def test_an_integer_may_be_written_with_a_fraction_of_zero_in_openapi_3_1_alone() -> None:
    """JSON Schema draft 5, of OpenAPI 3.0, takes 1.0 for a number; draft 2020-12, of 3.1, for an integer."""
    contract = Contract.load("agno", "2.5.6")
    for tokens, valid in ((1, True), (1.0, True), (1.5, False), (True, False), (None, True), ("1", False)):
        assert (contract.answer_errors(200, session(total_tokens=tokens), "TeamSessionDetailSchema") == []) is valid
    assert Contract.load("dify", "en").answer_errors(200, {"updated_at": 1.0}) != []


@pytest.mark.parametrize("status", [400, 401, 404, 422])
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"detail": "d"}, None),
        ({"detail": "d", "error_code": None}, None),
        ({"detail": "d", "error_code": "E", "more": 1}, None),
        ({"detail": None}, "/detail"),
        ({"detail": [{"msg": "m"}]}, "/detail"),
        ({"detail": "d", "error_code": 404}, "/error_code"),
        ({"message": "m"}, ""),
        ([], ""),
    ],
)
def test_agno_errors(status: int, body: object, pointer: str | None) -> None:
    errors = Contract.load("agno", "2.5.6").answer_errors(status, body)
    assert {error.pointer for error in errors} == (set() if pointer is None else {pointer})


@pytest.mark.parametrize(
    ("status", "body", "pointer"),
    [
        (200, True, None),
        (200, False, None),
        (200, 1, ""),
        (200, None, ""),
        (200, {"status": True}, ""),
        (422, {"detail": [{"loc": ["body", 0], "msg": "m", "type": "t", "ctx": {}}]}, None),
        (422, {}, None),
        (422, {"detail": "d"}, "/detail"),
        (422, {"detail": [{"loc": ["body"], "msg": "m"}]}, "/detail/0"),
        (422, {"detail": [{"loc": [None], "msg": "m", "type": "t"}]}, "/detail/0/loc/0"),
        (404, {"anything": 1}, None),
    ],
)
def test_openhands_answers(status: int, body: object, pointer: str | None) -> None:
    errors = Contract.load("openhands", "0.53.0").answer_errors(status, body)
    assert [error.pointer for error in errors] == ([] if pointer is None else [pointer])


def test_no_value_breaks_the_check_itself() -> None:
    deep: object = None
    for _ in range(900):
        deep = [deep]
    contract = Contract.load("dify", "en")
    for value in (deep, {"user": deep}, {"user": float("nan")}, {"user": 10**400}):
        assert len(contract.request_errors(value)) == 1
    assert contract.answer_errors(200, {"inputs": {"deep": deep}}) == []
    [error] = contract.answer_errors(200, {"id": "\ud800" + "x" * 500})
    error.message.encode()
    assert error.message.endswith(f'{"x" * 500}"'), "whole: half a secret could not be masked"
    [error] = contract.answer_errors(200, {"id": "x" * 1_000_000})
    assert len(error.message) < 30_000


def test_an_error_names_its_keyword_through_every_reference() -> None:
    contract = Contract.load("openhands", "0.53.0")
    [error] = contract.answer_errors(422, {"detail": [{"loc": [], "msg": 1, "type": "t"}]})
    assert error.schema_pointer == "/components/schemas/ValidationError/properties/msg/type"
    assert passage(Path(contract.document_path), error.schema_pointer).text.strip() == "type: string"
    [dify] = Contract.load("dify", "en").answer_errors(200, {"id": 1})
    assert dify.schema_pointer == "/components/schemas/ConversationListItem/properties/id/type"
    [missing] = Contract.load("dify", "en").request_errors({})
    assert missing.schema_pointer == "/components/schemas/ConversationRenameRequest/required/0"


@pytest.mark.parametrize(
    ("system", "edition", "statuses"),
    [
        ("dify", "en", (200,)),
        ("dify", "zh-Hans", (200,)),
        ("dify", "ja", (200, 400, 404)),
        ("agno", "2.5.6", (200, 400, 401, 404, 422, 500)),
        ("openhands", "0.53.0", (200, 422)),
    ],
)
def test_documented_statuses(system: str, edition: str, statuses: tuple[int, ...]) -> None:
    contract = Contract.load(system, edition)
    assert contract.statuses == statuses
    assert {contract.media_type(status) for status in statuses} == {"application/json"}
    assert contract.media_type(418) is None
    assert contract.answer_errors(418, None) == []


def test_the_japanese_errors_have_an_example_and_no_schema() -> None:
    contract = Contract.load("dify", "ja")
    assert contract.answer_errors(404, {"anything": 1}) == []
    assert contract.answer_errors(400, []) == []


@pytest.mark.parametrize(("system", "edition"), CONTRACTS)
def test_a_contract_is_loaded_once_and_knows_its_operation(system: str, edition: str) -> None:
    contract = Contract.load(system, edition)
    assert contract is Contract.load(system, edition)
    assert contract.method == ("PATCH" if system == "openhands" else "POST")
    assert contract.path in contract.document["paths"]
    assert contract.request_schema["type"] == "object"
    assert passage(Path(contract.document_path), contract.operation_pointer).line > 1
    assert Path(contract.document_path).is_file()


@pytest.mark.parametrize(("system", "edition"), CONTRACTS)
def test_the_documents_own_examples_are_valid(system: str, edition: str) -> None:
    contract = Contract.load(system, edition)
    body = contract.operation["requestBody"]["content"]["application/json"]
    answer = contract.operation["responses"]["200"]["content"]["application/json"]
    for example in body.get("examples", {}).values():
        assert contract.request_errors(example["value"]) == []
    for example in answer.get("examples", {}).values():
        assert contract.answer_errors(200, example["value"]) == []


def test_an_unknown_system_edition_or_operation_is_one_clear_error() -> None:
    with pytest.raises(UnknownNameError, match="no system 'nothing'"):
        Contract.load("nothing", "en")
    with pytest.raises(UnknownNameError, match=r"agno has no edition 'en'; its editions are: 2\.5\.6\."):
        Contract.load("agno", "en")
    with pytest.raises(ContractError, match="has no operation POST /nothing"):
        Contract("dify", "en", SPECS / "dify" / "openapi.en.yaml", "post", "/nothing")


def test_loading_one_system_reads_no_other_and_no_validator() -> None:
    """Start-up is paid for by every run: what a run does not need is not read and not imported."""
    code = (
        "import json, pathlib, sys\n"
        "read, text = [], pathlib.Path.read_text\n"
        "pathlib.Path.read_text = lambda self, *a, **k: (read.append(self.name), text(self, *a, **k))[1]\n"
        "from rename_tck.openapi.contract import Contract\n"
        "Contract.load('openhands', '0.53.0')\n"
        "heavy = [name for name in ('jsonschema', 'openapi_schema_validator') if name in sys.modules]\n"
        "print(json.dumps([read, heavy]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert json.loads(done.stdout) == [["requirements.yaml", "openapi.yaml"], []]
