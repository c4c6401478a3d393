"""--spec=published and --spec=URL: the document to judge by is asked for over HTTP, once, and all judge by the same."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import KEY, Judged, judge, judge_in_process
from starlette.requests import Request
from starlette.responses import Response

from rename_tck.cli import main
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.service import Routes
from rename_tck.reference.serving import serve
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.requirements.yaml_source import read_yaml
from rename_tck.results.record import validate

KEYS = {"RENAME_TCK_API_KEY": KEY}
AGNO = Catalogue.load("agno").document("2.5.6")
GATEWAY = "gateway-secret-2b90aa"


def published(**limits: int) -> bytes:
    """The vendored document as a server would publish it, with further keywords for the name."""
    content = json.loads(json.dumps(read_yaml(AGNO), default=str))
    content["components"]["schemas"]["Body_rename_session"]["properties"]["session_name"] |= limits
    return json.dumps(content).encode()


class Publishing(AgnoServer):
    """Publishes a document of its own, and notes who has asked for it with which headers."""

    def __init__(self, document: bytes | Callable[[], Response]) -> None:
        super().__init__(KEY)
        self.document = document
        self.asked: list[dict[str, str]] = []

    def routes(self) -> Routes:
        return {**super().routes(), "/openapi.json": {"GET": self.publish}}

    async def publish(self, request: Request) -> Response:
        self.asked.append(dict(request.headers))
        if isinstance(self.document, bytes):
            return Response(self.document, media_type="application/json")
        return self.document()


@contextlib.contextmanager
def hosting(status: int = 200, body: bytes = b"", *, location: str = "", hang: bool = False) -> Iterator[Any]:
    """Another host: its URL, and what it was asked, as it answers everything in one way, or not at all."""
    asked: list[tuple[str, dict[str, str]]] = []
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if hang:
                over.wait()
                return
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _run(url: str | None, folder: Path, *options: str, select: str = "name-stored", **more: Any) -> Judged:
    judged = judge(url, folder, *options, env=KEYS, select=select, **more)
    if judged.record:
        validate(judged.record)
    return judged


def _last(judged: Judged) -> str:
    return judged.output.strip().splitlines()[-1]


# --- what the target publishes


def test_a_target_is_judged_by_what_it_publishes(tmp_path: Path) -> None:
    document = published(maxLength=50)
    server = Publishing(document)
    with serve(server) as url:
        judged = _run(url, tmp_path, "--spec=published", select="invalid-space or name-stored")
    assert judged.status == 1, judged.output
    # the correct server by the vendored document is none by this one
    assert judged.with_verdict("fail") == {"agno.invalid-space-refused"}
    assert judged.run["chosen_editions"] == ["own"]
    assert judged.run["spec"] == {
        "file": f"{url}/openapi.json", "sha256": hashlib.sha256(document).hexdigest(), "nearest": "2.5.6",
    }  # fmt: skip
    files = {cite.get("file") for cite in judged.requirements["agno.name-stored"]["citations"]}
    assert f"{url}/openapi.json" in files
    assert "GET /config" in judged.run["identified_by"]
    assert "drift" not in judged.run
    # asked once, with the key, as all else of the target
    assert [headers["authorization"] for headers in server.asked] == [f"Bearer {KEY}"]


def test_the_system_may_be_named_and_headers_go_with_the_request(tmp_path: Path) -> None:
    server = Publishing(published())
    with serve(server) as url:
        judged = _run(url, tmp_path, "--spec=published", f"--header=X-Gateway: {GATEWAY}", system="agno")
    assert judged.status == 0, judged.output
    assert [headers["x-gateway"] for headers in server.asked] == [GATEWAY]


def test_workers_judge_by_the_very_same_document(tmp_path: Path) -> None:
    """It changes each time that it is asked for: only one process may ask."""
    documents = iter([published(maxLength=50), *[published(maxLength=3)] * 20])
    server = Publishing(lambda: Response(next(documents), media_type="application/json"))
    with serve(server) as url:
        judged = judge_in_process(
            url, tmp_path, "--spec=published", "-n2", env=KEYS, select="invalid-space or name-stored"
        )
    assert judged.status == 1, judged.output
    assert judged.with_verdict("fail") == {"agno.invalid-space-refused"}
    assert len(server.asked) == 1
    assert judged.run["spec"]["sha256"] == hashlib.sha256(published(maxLength=50)).hexdigest()


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_dify_publishes_none(tmp_path: Path, workers: tuple[str, ...]) -> None:
    with serve(DifyServer(KEY)) as url:
        run = judge_in_process if workers else judge
        judged = run(url, tmp_path, "--spec=published", *workers, env=KEYS, select="name-stored")
    assert judged.status == 4, judged.output
    assert (
        "--spec=published does not go with dify, which publishes no document of its own: give one with --spec=FILE or "
        "--spec=URL."
    ) in judged.output
    assert judged.record["exit_status"] == 4
    assert "Traceback" not in judged.output


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (lambda: Response(b"{}", 404), 4, "/openapi.json is answered with 404: no document is published there."),
        (lambda: Response(b"", 302, {"Location": "/elsewhere"}), 4,
         "is answered with 302, a redirect to /elsewhere, which is not followed."),
        (lambda: Response(b"[1]"), 4, "is no document of OpenAPI 3: it is no JSON object."),
        (lambda: Response(b'{"openapi": "3.1.0", "info": {}, "paths": {}}'), 4, "has no rename operation: no POST"),
        (lambda: Response(b"x" * (8 * 1024 * 1024 + 1)), 4, "the answer (status 200) is over 8 MiB long"),
        (lambda: Response(b"{}", 401), 3, "is answered with status 401"),
        (lambda: Response(b"{}", 500), 3, "is answered with status 500"),
    ],
    ids=["404", "redirect", "not OpenAPI", "no operation", "too large", "key refused", "fails"],
)  # fmt: skip
def test_what_is_no_document_is_one_sentence(
    tmp_path: Path, answer: Callable[[], Response], status: int, words: str
) -> None:
    server = Publishing(answer)
    with serve(server) as url:
        judged = _run(url, tmp_path, "--spec=published")
    assert judged.status == status, judged.output
    assert f"--spec=published: {url}/openapi.json" in judged.record["reason"]
    assert words in judged.record["reason"]
    assert words in " ".join(judged.output.split())
    assert judged.record["exit_status"] == status
    assert "Traceback" not in judged.output
    assert "INTERNALERROR" not in judged.output
    assert not server.sessions
    # nothing was judged
    assert not any(run["requirements"] and run["verdict"] != "could not judge" for run in judged.record["runs"])


def test_a_target_that_is_down_could_not_be_judged(tmp_path: Path) -> None:
    with serve(Publishing(published())) as url:
        pass
    judged = _run(url, tmp_path, "--spec=published")
    assert judged.status == 3, judged.output
    assert "cannot be reached" in judged.record["reason"]
    judged = _run(url, tmp_path, "--spec=published", system="agno")
    assert judged.status == 3, judged.output
    assert "/openapi.json cannot be had: connection refused" in judged.record["reason"]
    assert judged.run["verdict"] == "could not judge"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--spec=published"], "--spec=published is the document of a target: name the target with --base-url=URL."),
        (["--spec=published", "--base-url=http://127.0.0.1:9", "--system=agno", "--plan"],
         "--plan sends nothing, so it cannot ask for --spec=published: give the document as a file."),
        (["--spec=http://127.0.0.1:9/d.json", "--system=agno", "--plan"], "--plan sends nothing"),
        (["--spec=published", "--edition=ja"], "--spec and --edition do not go together"),
        (["--spec=https:///d.json"], "--spec=https:///d.json needs a host"),
        (["--spec=http://127.0.0.1:port/d.json"], "is no URL"),
        (["--spec=http://me:secret-word@127.0.0.1/d.json"], "--spec must not hold a user or a password"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for(tmp_path: Path, options: list[str], words: str) -> None:
    judged = _run(None, tmp_path, *options)
    assert judged.status == 4, judged.output
    assert words in _last(judged)
    assert "secret-word" not in judged.output


def test_a_file_of_that_name_is_reached_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "published").write_bytes(published())
    monkeypatch.chdir(tmp_path)
    judged = _run(None, tmp_path / "report", "--spec=./published")
    assert judged.run["spec"]["file"] == "./published"


# --- at a URL


def test_a_document_at_a_url(tmp_path: Path) -> None:
    document = AGNO.read_bytes()
    with hosting(200, document) as (place, asked):
        spec = f"{place}/documents/agno.yaml?version=2 5"
        judged = _run(None, tmp_path, f"--spec={spec.replace(' ', '%20')}")
    assert judged.status == 0, judged.output
    # found out from the document, as from a file
    assert judged.run["system"] == "agno"
    assert judged.run["spec"]["file"] == f"{place}/documents/agno.yaml?version=2%205"
    assert judged.run["spec"]["sha256"] == hashlib.sha256(document).hexdigest()
    assert [path for path, _ in asked] == ["/documents/agno.yaml?version=2%205"]


@pytest.mark.parametrize("at_the_target", [False, True], ids=["elsewhere", "at the target"])
def test_no_key_and_no_header_of_the_user_goes_to_a_url(tmp_path: Path, *, at_the_target: bool) -> None:
    server, more = Publishing(published()), f"--header=X-Gateway: {GATEWAY}"
    with serve(server) as url, hosting(200, published()) as (place, asked):
        spec = f"--spec={url if at_the_target else place}/openapi.json"
        judged = _run(url, tmp_path, spec, more)
        sent = [server.asked[0]] if at_the_target else [headers for _, headers in asked]
    assert judged.status == 0, judged.output
    assert len(sent) == 1
    assert not {"authorization", "x-gateway", "x-session-api-key", "cookie"} & sent[0].keys()
    assert KEY not in str(sent)
    assert GATEWAY not in str(sent)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 404}, "is answered with 404: no document is published there."),
        ({"status": 301, "location": "https://elsewhere.example/d"},
         "is answered with 301, a redirect to https://elsewhere.example/d, which is not followed."),
        ({"status": 401}, "is answered with status 401."),
        ({"body": b"<html>"}, "is no document of OpenAPI 3: it is no JSON object."),
        ({"body": b"a: ["}, "is neither YAML nor JSON: line"),
        ({"body": b"x" * (8 * 1024 * 1024 + 1)}, "cannot be had: the answer (status 200) is over 8 MiB long."),
        ({"hang": True}, "cannot be had: no complete answer came within 0.2 s."),
    ],
    ids=["404", "redirect", "401", "page", "broken", "too large", "hangs"],
)  # fmt: skip
def test_a_url_that_gives_no_document_is_one_sentence(tmp_path: Path, answer: dict[str, Any], words: str) -> None:
    with hosting(**answer) as (place, asked):
        judged = _run(None, tmp_path, f"--spec={place}/d.json", "--request-timeout=0.2", system="agno")
    assert judged.status == 4, judged.output
    assert f"--spec={place}/d.json" in judged.record["reason"]
    assert words in judged.record["reason"]
    assert "Traceback" not in judged.output
    assert "INTERNALERROR" not in judged.output
    assert {path for path, _ in asked} == {"/d.json"}


def test_a_url_at_which_nothing_listens(tmp_path: Path) -> None:
    with hosting() as (place, _):
        pass
    judged = _run(None, tmp_path, f"--spec={place}/d.json")
    assert judged.status == 4, judged.output
    assert "cannot be had: connection refused: nothing listens there." in judged.record["reason"]


def test_a_document_of_another_system_is_refused(tmp_path: Path) -> None:
    with serve(AgnoServer(KEY)) as url, hosting(200, Catalogue.load("dify").document("en").read_bytes()) as (place, _):
        judged = _run(url, tmp_path, f"--spec={place}/d.yaml")
    assert judged.status == 4, judged.output
    assert f"--spec={place}/d.yaml is of dify, and the target is agno." in judged.output


# --- tried again


def _replay(url: str, folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    words = ["replay", "agno.invalid-space-refused", f"--base-url={url}", f"--report-dir={folder}", *options]
    status = main(words)
    out, err = capsys.readouterr()
    return status, out + err


def test_a_case_is_replayed_by_the_same_document_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RENAME_TCK_API_KEY", KEY)
    server = Publishing(published(maxLength=50))
    with serve(server) as url:
        judged = _run(url, tmp_path, "--spec=published", select="invalid-space")
        again = re.search(r"again +(.*\breplay agno\.\S* .*)", judged.output)
        assert again is not None
        assert "--spec=published" in shlex.split(again[1])
        capsys.readouterr()
        # as the command says; and by the URL that the case was kept with
        for options in (("--spec=published",), (f"--spec={url}/openapi.json",), ()):
            status, said = _replay(url, tmp_path, capsys, *options)
            assert status == 1, said
            assert f"(by {url}/openapi.json) still fails" in said

        server.document = published(maxLength=40)
        before = (tmp_path / "conformance.json").read_bytes()
        for options in (("--spec=published",), ()):
            status, said = _replay(url, tmp_path, capsys, *options)
            assert status == 2, said
            assert "is another one now." in said
            assert "Traceback" not in said
        # the record of the run that failed is left alone
        assert (tmp_path / "conformance.json").read_bytes() == before

        server.document = lambda: Response(b"{}", 404)
        status, said = _replay(url, tmp_path, capsys, "--spec=published")
        assert status == 2, said
        assert "no document is published there" in said
    status, said = _replay(url, tmp_path, capsys, "--spec=published")
    assert status == 3, said
    assert "could not be judged" in said
    assert "connection refused" in said


def test_in_a_configuration_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is taken from where the file is; what is asked for is no path."""
    server = Publishing(published())
    monkeypatch.chdir(tmp_path)
    with serve(server) as url:
        folder = tmp_path / "conf"
        folder.mkdir()
        (folder / "rename-tck.toml").write_text(
            f'spec = "published"\nbase-url = "{url}"\nreport-dir = "out"\n'
            f'[targets.other]\nspec = "{url}/openapi.json"\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("RENAME_TCK_API_KEY", KEY)
        for words in ([], ["other"]):
            assert main(["run", *words, "--config=conf/rename-tck.toml", "-k", "agno.name-stored", "-q"]) == 0
    assert len(server.asked) == 3  # the second also compares the two documents
