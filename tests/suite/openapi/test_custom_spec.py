"""--spec: the user's own edition of a document judges in the place of the vendored one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import KEY, Judged, judge, judge_in_process
from starlette.requests import Request

from rename_tck.openapi import custom_spec
from rename_tck.reference.agno import AgnoServer, Session
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve
from rename_tck.requirements.catalogue import Catalogue, systems
from rename_tck.requirements.yaml_source import read_yaml
from rename_tck.results.record import validate

KEYS = {"RENAME_TCK_API_KEY": KEY}
EDITIONS = [(system, edition) for system in systems() for edition in Catalogue.load(system).editions]
AGNO = Catalogue.load("agno").document("2.5.6")
DIFY = Catalogue.load("dify").document("en")


def edited(folder: Path, source: Path, *edits: tuple[str, str]) -> Path:
    """A copy of a document with these texts replaced."""
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / f"edited-{source.name}"
    path.write_text(text, encoding="utf-8")
    return path


def at_most_50(folder: Path) -> Path:
    return edited(
        folder, AGNO, ("          title: Session Name\n", "          title: Session Name\n          maxLength: 50\n")
    )


def without_user(folder: Path) -> Path:
    return edited(folder, DIFY, ("      required:\n        - user\n", ""))


class AtMost50(AgnoServer):
    """Follows a document that limits names to 50 characters."""

    def valid_session_name(self, body: dict[str, Any]) -> str:
        name = super().valid_session_name(body)
        if len(name) > 50:
            raise self.invalid("session_name is too long.", ("body", "session_name"))
        return name


class CutsAt31(AtMost50):
    """Follows it, and keeps 31 characters."""

    def store(self, session: Session, name: str) -> None:
        super().store(session, name[:31])


class NeedsNoUser(DifyServer):
    """Follows a document that asks for no user: without one, the conversation is its owner's."""

    async def rename(self, request: Request) -> Any:
        content = await self.read_body(request)
        with contextlib.suppress(ValueError, RecursionError):
            body = json.loads(content)
            if isinstance(body, dict) and "user" not in body:
                content = json.dumps({**body, "user": self.owner_of(request.path_params["conversation_id"])}).encode()
        request._body = content
        return await super().rename(request)

    def owner_of(self, wanted: str) -> str:
        return next((found.user for found in self.conversations.values() if str(found.id) == wanted), "nobody")


# --- what the document states


@pytest.mark.parametrize(("system", "edition"), EDITIONS)
def test_the_vendored_document_states_what_it_states(system: str, edition: str) -> None:
    catalogue = Catalogue.load(system)
    read = custom_spec.load(str(catalogue.document(edition)), system)
    assert (read.system, read.nearest) == (system, edition)
    for requirement in catalogue.requirements:
        mine = read.catalogue.requirement(requirement.id)
        assert mine.stance("own") == requirement.stance(edition), requirement.id
        if requirement.stance(edition) == "states":
            theirs = [(c.pointer, c.line, c.quote) for c in requirement.citations if c.edition in {edition, None}]
            found = [(c.pointer, c.line, c.quote) for c in mine.citations]
            assert list(dict.fromkeys(found)) == list(dict.fromkeys(theirs))


@pytest.mark.parametrize(("system", "edition"), EDITIONS)
def test_json_states_the_same_as_yaml(tmp_path: Path, system: str, edition: str) -> None:
    content = read_yaml(Catalogue.load(system).document(edition))
    for name, text in (
        ("one-line.json", json.dumps(content, ensure_ascii=False, default=str)),
        ("tabs.json", json.dumps(content, indent="\t", default=str)),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        read = custom_spec.load(str(path), None)
        for requirement in Catalogue.load(system).requirements:
            mine = read.catalogue.requirement(requirement.id)
            assert mine.stance("own") == requirement.stance(edition), requirement.id
            for cite in mine.citations:
                if cite.edition == "own":
                    assert cite.line is not None
                    assert cite.quote


def test_statuses_may_be_numbers_and_dates_may_be_dates(tmp_path: Path) -> None:
    text = re.sub(r"'(\d{3})':", r"\1:", AGNO.read_text(encoding="utf-8"))
    path = tmp_path / "numbers.yaml"
    path.write_text(text, encoding="utf-8")
    read = custom_spec.load(str(path), "agno")
    assert set(read.contract.statuses) == {200, 400, 401, 404, 422, 500}
    assert read.catalogue.requirement("agno.error-404-shape").stance("own") == "states"


def test_words_that_mean_the_same_are_taken_so_and_listed(tmp_path: Path) -> None:
    path = edited(tmp_path, AGNO, ("Update the name of an existing session.", "Give the session another name."))
    read = custom_spec.load(str(path), "agno")
    assert read.catalogue.requirement("agno.name-stored").stance("own") == "states"
    assert any("in other words" in note and "agno.name-stored" in note for note in read.notes)


def test_a_rule_in_words_must_stand_word_for_word(tmp_path: Path) -> None:
    ja = Catalogue.load("dify").document("ja")
    words = "`auto_generate` が `false` の場合は必須です。"
    read = custom_spec.load(str(edited(tmp_path, ja, (words, "`auto_generate` は任意です。"))), "dify")
    assert read.catalogue.requirement("dify.name-or-auto-generate").stance("own") == "silent"
    assert any("does not state: " in note and "dify.name-or-auto-generate" in note for note in read.notes)


def test_a_stricter_and_a_laxer_document_are_not_mistaken(tmp_path: Path) -> None:
    read = custom_spec.load(str(at_most_50(tmp_path)), None)
    stances = {rule.id: rule.stance("own") for rule in read.catalogue.requirements}
    # what only standards say is stated by no edition
    stated = {rule.id for rule in Catalogue.load("agno").requirements if rule.editions}
    silent = {name for name, stance in stances.items() if stance != "states"} & stated
    assert silent - {"agno.other-type-not-renamed"} == {
        "agno.unicode-exact", "agno.text-not-interpreted", "agno.length-200-accepted",
    }  # fmt: skip
    read = custom_spec.load(str(without_user(tmp_path)), None)
    assert read.nearest == "en"
    assert read.catalogue.requirement("dify.user-required").stance("own") == "silent"
    assert read.catalogue.requirement("dify.user-string").stance("own") == "states"


# --- runs


def _run(url: str | None, folder: Path, spec: Path | None, system: str, select: str | None = None) -> Judged:
    options = [f"--spec={spec}"] if spec else []
    judged = judge(url, folder / "report", *options, system=system, env=KEYS, select=select)
    validate(judged.record)
    return judged


def test_a_server_is_judged_by_the_document_it_follows(tmp_path: Path) -> None:
    spec = at_most_50(tmp_path)
    with serve(AtMost50(KEY)) as url:
        assert _run(url, tmp_path, None, "agno").with_verdict("fail") >= {"agno.length-200-accepted"}
        judged = _run(url, tmp_path, spec, "agno")
    assert judged.status == 0, judged.output
    assert judged.with_verdict("fail") == set()
    assert judged.with_verdict("error") == set()
    assert judged.with_verdict("not tested") == {"agno.length-200-accepted"}
    with serve(AgnoServer(KEY)) as url:
        assert _run(url, tmp_path, None, "agno").status == 0
        judged = _run(url, tmp_path, spec, "agno")
    assert judged.status == 1
    assert judged.with_verdict("fail") == {"agno.invalid-space-refused"}
    assert f"{spec}:" in "".join(judged.output.split())  # however the terminal wraps a long path
    assert "`session_name` must have at most 50 characters" in " ".join(judged.output.split())


def test_a_server_is_judged_by_the_lengths_that_its_document_allows(tmp_path: Path) -> None:
    with serve(CutsAt31(KEY)) as url:
        judged = _run(url, tmp_path, at_most_50(tmp_path), "agno", "length-200-accepted")
    assert judged.with_verdict("fail") == {"agno.length-200-accepted"}
    assert len(judged.requirements["agno.length-200-accepted"]["compared"]["actual"]) == 31


def test_the_record_says_which_document_it_was(tmp_path: Path) -> None:
    spec = at_most_50(tmp_path)
    judged = _run(None, tmp_path, spec, "agno", "name-stored")
    assert judged.run["chosen_editions"] == ["own"]
    assert judged.run["spec"] == {
        "file": str(spec), "sha256": hashlib.sha256(spec.read_bytes()).hexdigest(), "nearest": "2.5.6",
    }  # fmt: skip
    stored = judged.requirements["agno.name-stored"]
    assert (stored["level"], stored["editions"], stored["by_edition"]) == ("MUST", ["own"], {"own": "pass"})
    assert {cite["file"] for cite in stored["citations"] if "file" in cite} == {str(spec)}
    assert f"judged by {spec} (given with --spec)" in " ".join(judged.output.split())
    html = (tmp_path / "report" / "conformance.html").read_text(encoding="utf-8")
    assert judged.run["spec"]["sha256"] in html
    # nothing of it is left in the process
    judged = _run(None, tmp_path, None, "agno", "name-stored")
    assert judged.run["chosen_editions"] == ["2.5.6"]
    assert "spec" not in judged.run


@pytest.mark.slow
def test_a_document_that_asks_for_no_user(tmp_path: Path) -> None:
    spec = without_user(tmp_path)
    judged = _run(None, tmp_path, spec, "dify")
    assert judged.status == 1
    assert judged.with_verdict("fail") == {"dify.valid-space-accepted"}
    assert "no `user`" in judged.requirements["dify.valid-space-accepted"]["case"]

    with serve(NeedsNoUser(KEY)) as url:
        without = _run(url, tmp_path, None, "dify")
        judged = _run(url, tmp_path, spec, "dify")
    assert "dify.user-required" in without.with_verdict("fail")
    assert without.status == 1
    assert judged.status == 0, judged.output
    assert judged.requirements["dify.user-required"]["level"] == "SHOULD"


def test_a_broken_server_still_fails_by_the_users_document(tmp_path: Path) -> None:
    class Strange(AgnoServer):
        """A 404 of another shape."""

        def render_error(self, refusal: Refusal) -> Any:
            return {"message": "no"} if refusal.status == 404 else super().render_error(refusal)

    spec = edited(tmp_path, AGNO, ("Update the name of an existing session.", "Give the session another name."))
    with serve(Strange(KEY)) as url:
        assert "agno.error-404-shape" in _run(url, tmp_path, spec, "agno", "error-404").with_verdict("fail")


def test_the_system_is_found_out_from_the_document(tmp_path: Path) -> None:
    judged = judge(None, tmp_path, f"--spec={AGNO}", select="name-stored")
    assert judged.status == 0
    assert judged.run["system"] == "agno"
    with serve(AgnoServer(KEY)) as url:
        judged = judge(url, tmp_path, f"--spec={AGNO}", env=KEYS, select="name-stored")
    assert judged.status == 0
    assert judged.run["chosen_editions"] == ["own"]


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_a_document_of_another_system_is_refused(tmp_path: Path, workers: tuple[str, ...]) -> None:
    with serve(AgnoServer(KEY)) as url:
        judged = judge_in_process(url, tmp_path, f"--spec={DIFY}", *workers, env=KEYS, select="name-stored")
    assert judged.status == 4, judged.output
    assert f"--spec={DIFY} is of dify, and the target is agno." in judged.output
    assert "Traceback" not in judged.output
    assert judged.record["exit_status"] == 4


@pytest.mark.slow
def test_workers_judge_by_it_too(tmp_path: Path) -> None:
    spec = at_most_50(tmp_path)
    with serve(AgnoServer(KEY)) as url:
        judged = judge_in_process(
            url, tmp_path / "r", f"--spec={spec}", "-n2", system="agno", env=KEYS, select="space or name-stored"
        )
    assert judged.status == 1, judged.output
    assert judged.with_verdict("fail") == {"agno.invalid-space-refused"}
    assert judged.run["spec"]["file"] == str(spec)
    assert len([note for note in judged.run["notes"] if "judged by" in note]) == 1


def test_a_document_that_allows_no_ordinary_name_cannot_be_judged_by(tmp_path: Path) -> None:
    spec = edited(
        tmp_path, AGNO, ("          title: Session Name\n", "          title: Session Name\n          maxLength: 3\n")
    )
    judged = _run(None, tmp_path, spec, "agno", "name-stored")
    assert judged.status == 3 or judged.with_verdict("error")
    assert "does not allow an ordinary rename: `session_name` must have at most 3 characters" in judged.output


def test_variable_and_ini_key(tmp_path: Path) -> None:
    judged = judge(None, tmp_path, env={"RENAME_TCK_SPEC": str(AGNO)}, select="name-stored")
    assert judged.run["chosen_editions"] == ["own"]
    judged = judge(None, tmp_path, "-o", f"rename_tck_spec={AGNO}", select="name-stored")
    assert judged.run["spec"]["file"] == str(AGNO)


# --- files that cannot be used


def _bad(folder: Path, content: str | bytes) -> Path:
    path = folder / "bad.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _agno(**changes: Any) -> str:
    return yaml.safe_dump(read_yaml(AGNO) | changes)


def _swap(old: str, new: str) -> str:
    text = AGNO.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is no JSON object"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
        ("a: [", "is neither YAML nor JSON: line"),
        ('{"openapi": "3.1.0",', "is neither YAML nor JSON: line"),
        ("- 1\n- 2\n", "it is no JSON object"),
        ("swagger: '2.0'\npaths: {}\n", "its `openapi` is '2.0', not 3.x"),
        ("openapi: 3.1.0\ninfo: {}\n", "it has no `paths`"),
        ("openapi: 3.1.0\npaths: {}\n", "has no rename operation: no POST /sessions/{session_id}/rename stands"),
        ("a: &a [*a]\n", "cannot be read"),
        ("a: !!python/object:os.system {}\n", "is neither YAML nor JSON"),
        ("a: 2020-13-45\nb: .nan\n", "cannot be read"),
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
        (_swap("type: object\n      required:\n        - session_name", "type: nosuch"),
         "is not valid OpenAPI at /components/schemas/Body_rename_session"),
        (_swap("version: 2.5.6", "x-version: 2.5.6"), "is not valid OpenAPI at /info: "),
        (_swap("'#/components/schemas/Body_rename_session'", "'#/components/schemas/Nowhere'"),
         "refers to #/components/schemas/Nowhere, which is not there"),
        (_swap("'#/components/schemas/Body_rename_session'", "https://elsewhere.example/schema.json"),
         "which is another document: bundle it first"),
        (_swap("application/json:\n            schema:\n              $ref: '#/components/schemas/Body_rename_session'",
               "text/plain:\n            schema:\n              type: string"),
         "requestBody has no schema for application/json"),
        (_swap("openapi: 3.1.0", "openapi: 3.9.0"), "is OpenAPI 3.9.0: the suite reads 3.0 and 3.1"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, content: str | bytes, words: str) -> None:
    path = _bad(tmp_path, content)
    judged = judge(None, tmp_path / "report", f"--spec={path}", system="agno")
    assert judged.status == 4, judged.output
    assert "Traceback" not in judged.output
    assert "INTERNALERROR" not in judged.output
    last = judged.output.strip().splitlines()[-1]
    assert words in last
    assert str(path) in last
    assert last.endswith(".")
    assert words in judged.record["reason"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name, words in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        judged = judge(None, tmp_path / "report", f"--spec={name}")
        assert judged.status == 4
        assert words in judged.output


def test_an_edition_does_not_go_with_it(tmp_path: Path) -> None:
    judged = judge(None, tmp_path, f"--spec={DIFY}", "--edition=en", system="dify")
    assert judged.status == 4
    assert "--spec and --edition do not go together" in judged.output


def test_a_document_of_several_systems_is_asked_about(tmp_path: Path) -> None:
    content = read_yaml(AGNO)
    content["paths"] |= read_yaml(DIFY)["paths"]
    path = tmp_path / "both.json"
    path.write_text(json.dumps(content, default=str), encoding="utf-8")
    judged = judge(None, tmp_path / "report", f"--spec={path}")
    assert judged.status == 4
    assert "has the rename operations of agno and dify: choose with --system." in judged.output
    assert judge(None, tmp_path / "report", f"--spec={path}", system="agno", select="name-stored").status == 0
