"""Every option, its variable and its ini key; and bad input: one clear sentence, an exit status that is not 1."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import KEY, OTHER_MODE_KEY, Judged, judge, judge_in_process

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.settings.options import OPTIONS

KEYS = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


@pytest.fixture(scope="module")
def dify() -> Iterator[str]:
    with serve(DifyServer(KEY, OTHER_MODE_KEY)) as url:
        yield url


@pytest.fixture(scope="module")
def agno() -> Iterator[str]:
    with serve(AgnoServer(KEY)) as url:
        yield url


@pytest.fixture(scope="module")
def openhands() -> Iterator[str]:
    with serve(OpenHandsServer(KEY)) as url:
        yield url


def _sentence(judged: Judged) -> str:
    """The closing line, which says why nothing could be judged."""
    assert "Traceback" not in judged.output
    assert "INTERNALERROR" not in judged.output
    return judged.output.strip().splitlines()[-1]


# -- bad input


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("localhost:8000", (), "needs a scheme and a host"),
        ("ftp://localhost", (), "needs a scheme and a host"),
        ("http://", (), "needs a scheme and a host"),
        ("http://localhost:99999", (), "is no URL"),
        ("http://user:secret@localhost", (), "must not hold a user or a password"),
        ("http://localhost/?a=b", (), "must not hold a query"),
        ("", (), "is given but empty"),
        ("http://localhost", ("--system=nosuch",), "--system is one of dify, agno, openhands"),
        ("http://localhost", ("--system=agno", "--edition=en"), "--edition does not go with --system=agno"),
        ("http://localhost", ("--system=openhands", "--edition=ja"), "--edition does not go with --system=openhands"),
        ("http://localhost", ("--system=dify", "--edition=fr"), "--edition is one of en, zh-Hans, ja"),
        ("http://localhost", ("--level=may",), "--level is must or should"),
        ("http://localhost", ("--request-timeout=soon",), "--request-timeout is a number of seconds"),
        ("http://localhost", ("--request-timeout=0",), "--request-timeout is a number of seconds"),
        ("http://localhost", ("--request-timeout=nan",), "--request-timeout is a number of seconds"),
        ("http://localhost", ("--settle=soon",), "--settle is a number of seconds, from 0 up to 3600, not 'soon'."),
        ("http://localhost", ("--settle=-1",), "--settle is a number of seconds, from 0 up to 3600, not '-1'."),
        ("http://localhost", ("--settle=nan",), "--settle is a number of seconds"),
        ("http://localhost", ("--settle=3601",), "--settle is a number of seconds"),
        ("http://localhost", ("--header=nocolon",), "--header is written 'Name: value'"),
        ("http://localhost", ("--header=Bad Name: x",), "--header is written 'Name: value'"),
        ("http://localhost", ("--ca-bundle=/no/such/file",), "cannot be read"),
        (
            "http://localhost",
            ("--hypothesis-profile=nigh",),
            "--hypothesis-profile=nigh is none of smoke, quick, ci, nightly",
        ),
    ],
)
def test_a_bad_option_is_one_sentence(tmp_path: Path, target: str, options: tuple[str, ...], words: str) -> None:
    judged = judge(None, tmp_path, f"--base-url={target}", *options)
    assert judged.status == 4
    assert words in _sentence(judged)
    assert judged.record["exit_status"] == 4
    assert words in judged.record["reason"]
    assert all(run["verdict"] == "could not judge" for run in judged.record["runs"])


def test_a_ca_bundle_that_holds_no_certificates(tmp_path: Path) -> None:
    garbage = tmp_path / "bundle.pem"
    garbage.write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n", encoding="ascii")
    judged = judge("https://127.0.0.1:9", tmp_path / "out", f"--ca-bundle={garbage}", system="agno")
    assert judged.status == 4
    assert "is no file of PEM certificates" in _sentence(judged)


def test_an_unknown_option_is_pytests_own_complaint(tmp_path: Path) -> None:
    judged = judge("http://localhost", tmp_path, "--no-such-option")
    assert judged.status == 4
    assert "unrecognized arguments: --no-such-option" in judged.output


def test_a_report_folder_that_cannot_be_written(tmp_path: Path, agno: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    judged = judge(agno, tmp_path / "file" / "reports", system="agno", env=KEYS)
    assert judged.status == 4
    assert "cannot be written to" in judged.output
    assert "Traceback" not in judged.output


def test_a_target_that_is_down(tmp_path: Path) -> None:
    for system in (None, "dify"):
        judged = judge("http://127.0.0.1:9", tmp_path, system=system)
        assert judged.status == 3
        assert "cannot be reached: connection refused" in _sentence(judged)
        assert judged.run["verdict"] == "could not judge"
        assert all(requirement["verdict"] == "not tested" for requirement in judged.run["requirements"])


def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    judged = judge("http://nosuchhost.invalid", tmp_path, system="agno")
    assert judged.status == 3
    assert "host name is not known" in _sentence(judged)


@pytest.mark.parametrize("system", ["dify", "agno", "openhands", None])
def test_a_target_that_answers_html(tmp_path: Path, system: str | None) -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def _page(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><title>Welcome</title>")

        do_GET = do_POST = do_PATCH = _page

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        judged = judge(f"http://127.0.0.1:{server.server_port}", tmp_path, system=system)
        server.shutdown()
    assert judged.status == 3
    assert ("HTML page: is the base URL right?" if system else "shows itself as none of") in judged.run["reason"]
    assert judged.run["reason"] in _sentence(judged)


@pytest.mark.parametrize("system", ["dify", "agno", "openhands"])
def test_a_key_that_is_refused_or_missing(tmp_path: Path, system: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(system)
    refused = judge(url, tmp_path, system=system, env={"RENAME_TCK_API_KEY": "another-key"})
    assert refused.status == 3
    assert "answers 401" in _sentence(refused)
    assert "the key in RENAME_TCK_API_KEY was sent" in _sentence(refused)
    missing = judge(url, tmp_path, system=system)
    assert missing.status == 3
    assert "no key was given" in _sentence(missing)
    assert "set RENAME_TCK_API_KEY" in _sentence(missing)


@pytest.mark.parametrize("system", ["dify", "agno", "openhands"])
def test_a_lent_id_that_does_not_exist(tmp_path: Path, system: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(system)
    lent = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
    judged = judge(url, tmp_path, f"--session-id={lent}", system=system, env=KEYS)
    assert judged.status == 3
    assert f"the session {lent}, given with --session-id, is not there" in _sentence(judged)


# -- base URLs


@pytest.mark.parametrize("suffix", ["", "/", "///"])
def test_a_trailing_slash_is_forgiven(tmp_path: Path, agno: str, suffix: str) -> None:
    judged = judge(agno + suffix, tmp_path, system="agno", env=KEYS, select="name-stored")
    assert judged.status == 0
    assert judged.run["base_url"] == agno


@pytest.mark.parametrize("system", ["dify", None])
def test_dify_is_found_with_or_without_v1(tmp_path: Path, dify: str, system: str | None) -> None:
    for base_url in (dify, dify + "/", dify.removesuffix("/v1"), dify.removesuffix("/v1") + "/"):
        judged = judge(base_url, tmp_path, system=system, env=KEYS, select="name-stored")
        assert judged.status == 0, judged.output
        assert judged.run["base_url"] == dify


@pytest.mark.parametrize("system", ["dify", "agno", "openhands"])
def test_the_system_is_found_out_and_said(tmp_path: Path, system: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(system)
    judged = judge(url, tmp_path, env=KEYS, select="name-stored")
    assert judged.status == 0
    assert judged.run["system"] == system
    assert "GET /" in judged.run["identified_by"]
    assert judged.run["identified_by"] in " ".join(judged.output.split())


def test_a_system_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    """Nothing but the rename route: any of the three could be there."""

    class Only(AgnoServer):
        """Has no endpoint but the rename."""

        def routes(self):  # type: ignore[no-untyped-def]
            return {path: handlers for path, handlers in super().routes().items() if "rename" in path}

    with serve(Only(None)) as url:
        judged = judge(url, tmp_path, "--session-id=x")
    assert judged.status == 3
    assert "say which it is with --system" in _sentence(judged)


# -- what the options do


def test_editions_are_chosen(tmp_path: Path, dify: str) -> None:
    judged = judge(dify, tmp_path, "--edition=ja", "--edition=en", system="dify", env=KEYS, select="valid-space")
    assert judged.run["chosen_editions"] == ["en", "ja"]
    tests = judged.requirements["dify.valid-space-accepted"]["tests"]
    assert [re.findall(r"accepted-(\S+)\]", test) for test in tests] == [["en"], ["ja"]]


def test_a_rule_of_another_edition_is_a_should(tmp_path: Path, dify: str) -> None:
    judged = judge(dify, tmp_path, "--edition=en", system="dify", env=KEYS, select="name-or-auto")
    assert judged.requirements["dify.name-or-auto-generate"]["level"] == "SHOULD"
    assert judged.requirements["dify.name-or-auto-generate"]["by_edition"] == {"en": "silent"}


class Trims(OpenHandsServer):
    """Cuts blanks off: what SHOULD not be done."""

    def normalise_title(self, title: str) -> str:
        return title.strip()


@pytest.mark.parametrize(("level", "status", "verdict"), [("must", 0, "incomplete"), ("should", 1, "does not conform")])
def test_the_level_decides_the_exit_status(tmp_path: Path, level: str, status: int, verdict: str) -> None:
    with serve(Trims(KEY)) as url:
        judged = judge(url, tmp_path, f"--level={level}", system="openhands", env=KEYS, select="blanks-kept")
    assert judged.status == status
    assert judged.run["verdict"] == verdict
    assert judged.requirements["openhands.blanks-kept"]["verdict"] == "fail"


def test_the_user_and_the_headers_are_sent(tmp_path: Path) -> None:
    seen: set[tuple[str, str]] = set()

    class Notes(DifyServer):
        """Notes who asks, and with which headers."""

        def authenticate(self, request):  # type: ignore[no-untyped-def]
            seen.add((request.headers.get("x-tenant", ""), request.headers.get("x-other", "")))
            super().authenticate(request)

        def valid_user(self, members):  # type: ignore[no-untyped-def]
            user = super().valid_user(members)
            seen.add(("user", user))
            return user

    with serve(Notes(KEY)) as url:
        options = ("--user=alice", "--header=X-Tenant: blue", "--header=X-Other: green")
        judged = judge(url, tmp_path, *options, system="dify", env=KEYS, select="name-stored")
    assert judged.status == 0
    assert {one for one in seen if one[0] != "user"} == {("blue", "green")}
    assert ("user", "alice") in seen
    assert ("user", "rename-tck") not in seen, "the run's own is the one that was given; others are near it, or odd"
    assert "blue" not in judged.output
    assert "blue" not in (tmp_path / "conformance.json").read_text(encoding="utf-8")


def test_a_time_limit_holds_for_the_whole_answer(tmp_path: Path) -> None:
    judged = judge("http://127.0.0.1:9", tmp_path, "--request-timeout=0.5", system="agno")
    assert judged.status == 3


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_has_a_variable_and_an_ini_key(tmp_path: Path, option: object) -> None:
    """A bad value in each place is complained of in the same words, which shows that each place is read."""
    from rename_tck.settings.options import Option

    assert isinstance(option, Option)
    bad = {"system": "x", "edition": "x", "level": "x", "request-timeout": "x", "header": "x", "ca-bundle": "/x"}
    bad["settle"] = "x"
    if option.name not in bad:
        pytest.skip("takes any value: see the tests of what it does")
    said = [
        judge(None, tmp_path, f"--{option.name}={bad[option.name]}"),
        judge(None, tmp_path, env={option.variable: bad[option.name]}),
        judge(None, tmp_path, "-o", f"{option.dest}={bad[option.name]}"),
    ]
    assert {judged.status for judged in said} == {4}
    assert len({_sentence(judged) for judged in said}) == 1


def test_variables_and_ini_keys_that_take_any_value(tmp_path: Path, dify: str) -> None:
    env = {
        **KEYS,
        "RENAME_TCK_USER": "bob",
        "RENAME_TCK_SYSTEM": "dify",
        "RENAME_TCK_EDITION": "en\nja",
        "RENAME_TCK_HEADER": "X-One: first\nX-Two: second",
        "RENAME_TCK_INSECURE": "1",
        "PYTEST_BASE_URL": dify,
    }
    judged = judge_in_process(None, tmp_path, "-o", "rename_tck_level=should", env=env, select="name-stored")
    assert judged.status == 0
    assert judged.record["level"] == "should"
    assert judged.run["system"] == "dify"
    assert judged.run["chosen_editions"] == ["en", "ja"]
    assert judged.run["base_url"] == dify


# -- what a run leaves


def test_the_record_has_every_member_that_is_promised(tmp_path: Path, agno: str) -> None:
    judged = judge(agno, tmp_path, system="agno", env=KEYS, select="name-stored or unknown-id-404", seed=77)
    record = judged.record
    assert {"schema_version", "suite_version", "seed", "profile", "start", "end", "runs"} <= record.keys()
    assert (record["seed"], record["profile"]) == (77, "quick")
    assert {"system", "base_url", "verdict", "requirements", "observations"} <= judged.run.keys()
    for requirement in judged.run["requirements"]:
        assert {"id", "level", "sentence", "editions", "verdict", "reason", "evidence"} <= requirement.keys()
    assert judged.requirements["agno.name-stored"]["evidence"]["sent"] > 0
    from rename_tck.results.record import validate

    validate(json.loads((tmp_path / "conformance.json").read_text(encoding="utf-8")))
    assert "agno.name-stored" in (tmp_path / "conformance.html").read_text(encoding="utf-8")
    assert "agno was judged in part (incomplete)" in (tmp_path / "conformance.md").read_text(encoding="utf-8")


def test_junit_carries_the_requirement_ids(tmp_path: Path, agno: str) -> None:
    judge(agno, tmp_path, f"--junitxml={tmp_path / 'junit.xml'}", system="agno", env=KEYS, select="name-stored")
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="requirement" value="agno.name-stored"' in text
    assert "[agno.name-stored]" in text


def test_collecting_shows_one_test_or_more_for_each_requirement_and_sends_nothing(tmp_path: Path) -> None:
    from rename_tck.requirements.catalogue import Catalogue

    judged = judge("http://127.0.0.1:9", tmp_path, "--collect-only", system="dify")
    assert judged.status == 0
    for requirement in Catalogue.load("dify").requirements:
        assert re.search(rf"\[{re.escape(requirement.id)}(-(en|zh-Hans|ja))?\]", judged.output)
    assert "agno" not in judged.output.replace(str(tmp_path), "")


def test_a_run_with_workers_says_the_same(tmp_path: Path, dify: str) -> None:
    judged = judge_in_process(dify, tmp_path, "-n2", system="dify", env=KEYS, select="name or unknown")
    assert judged.status == 0, judged.output
    assert judged.requirements["dify.name-stored"]["verdict"] == "pass"
    assert judged.with_verdict("error") == set()


def test_workers_need_a_lent_session_each(tmp_path: Path, dify: str) -> None:
    judged = judge_in_process(dify, tmp_path, "-n2", "--session-id=x", system="dify", env=KEYS)
    assert judged.status == 4
    assert "2 workers need a session each" in judged.output
