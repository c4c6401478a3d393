"""Proxies and certificates of the environment: which is used, what is said when it fails, and what stays secret."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import KEY, OTHER_MODE_KEY, judge

from rename_tck.client import waiting
from rename_tck.client.environment import proxies_for, proxy_of, secrets
from rename_tck.client.exchange import Credential, Request, Trouble
from rename_tck.client.request_policy import RequestPolicy, Route
from rename_tck.client.transport import Connection, TargetClient
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.faults import faults
from rename_tck.reference.serving import serve
from rename_tck.results.failing_cases import FOLDER

PASSWORD = "proxy-pass-word-77"


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, status: int | None, headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Proxy)
        self.status, self.headers = status, headers
        self.asked: list[str] = []


class _Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that passes requests on, or answers all of them itself."""

    server: _Server

    def _any(self) -> None:
        body = self._body()
        self.server.asked.append(f"{self.command} {self.path}")
        if self.server.status is not None:
            self._send(self.server.status, self.server.headers, self.headers.get("proxy-authorization", "").encode())
            return
        own = ("proxy-", "transfer-encoding", "content-length")
        headers = {name: value for name, value in self.headers.items() if not name.lower().startswith(own)}
        request = urllib.request.Request(self.path, body or None, headers, method=self.command)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                self._send(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as answer:
            self._send(answer.code, dict(answer.headers), answer.read())

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_CONNECT = _any

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def proxying(status: int | None = None, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """A proxy's host and port, and what it is asked for; with a status it answers all that itself."""
    with _Server(status, headers or {}) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", server.asked
        finally:
            server.shutdown()
            thread.join(10)


VARIABLES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy")


def _nobody() -> str:
    """Host and port of a proxy that is not there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("select", ["agno.name-stored", "agno.name-stored or dify.name-stored"])
def test_the_embedded_servers_are_asked_through_no_proxy(tmp_path: Path, variable: str, select: str) -> None:
    with proxying(503) as (proxy, asked):
        env = {variable: f"http://{proxy}"}
        judged = judge(None, tmp_path, env=env, select=select)
    assert (judged.status, asked) == (0, [])


def test_nor_where_what_failed_earlier_is_tried_again(tmp_path: Path) -> None:
    server = faults("agno")["name-not-stored"].server
    assert issubclass(server, AgnoServer)
    with serve(server(None)) as url:
        judge(url, tmp_path, system="agno", select="name-stored")
    assert list((tmp_path / FOLDER).iterdir())
    with proxying(503) as (proxy, asked):
        judged = judge(None, tmp_path, "-v", system="agno", env={"HTTP_PROXY": f"http://{proxy}"}, select="name-stored")
    assert "-kept" in judged.output
    assert (judged.status, asked) == (0, []), judged.output


def test_a_target_is_asked_through_the_proxy_and_not_where_no_proxy_says_so(tmp_path: Path) -> None:
    with serve(AgnoServer(KEY)) as url, proxying() as (proxy, asked):
        env = {"RENAME_TCK_API_KEY": KEY, "http_proxy": f"http://user:{PASSWORD}@{proxy}"}
        judged = judge(url, tmp_path, system="agno", env=env, select="name-stored")
        assert judged.status == 0, judged.output
        assert asked
        asked.clear()
        judged = judge(url, tmp_path, system="agno", env=env | {"NO_PROXY": "127.0.0.1"}, select="name-stored")
        assert (judged.status, asked) == (0, [])


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("system", ["dify", None])
def test_a_proxy_that_is_not_there_is_named_with_its_variable(
    tmp_path: Path, variable: str, system: str | None
) -> None:
    nobody = _nobody()
    env = {variable: f"http://user:{PASSWORD}@{nobody}"}
    judged = judge("http://target.invalid", tmp_path, system=system, env=env, select="name-stored")
    assert judged.status == 3
    for words in (
        f"the proxy http://{nobody} (named by {variable}) failed: connection refused",
        "NO_PROXY=target.invalid goes past it",
    ):
        assert words in judged.run["reason"]
    assert PASSWORD not in judged.output + json.dumps(judged.record)


@pytest.mark.parametrize("url", ["http://[::1", "socks5://127.0.0.1:9", "ftp://127.0.0.1:9", "http://"])
def test_a_proxy_that_cannot_be_used_is_named_with_its_variable(tmp_path: Path, url: str) -> None:
    judged = judge("http://target.invalid", tmp_path, system="agno", env={"HTTP_PROXY": url}, select="name-stored")
    assert judged.status == 3
    assert "(named by HTTP_PROXY)" in judged.run["reason"]
    assert "INTERNALERROR" not in judged.output


def test_a_proxy_that_refuses_to_connect(tmp_path: Path) -> None:
    with proxying(407, {"Proxy-Authenticate": "Basic"}) as (proxy, asked):
        env = {"https_proxy": f"http://tok%65n-of-the-proxy@{proxy}"}
        judged = judge("https://target.invalid", tmp_path, system="agno", env=env, select="name-stored")
    assert judged.status == 3
    assert f"the proxy http://{proxy} (named by https_proxy) failed: " in judged.run["reason"]
    assert "407" in judged.run["reason"]
    assert asked[0].startswith("CONNECT target.invalid:443")
    assert "of-the-proxy" not in judged.output + json.dumps(judged.record)


@pytest.mark.parametrize("system", ["dify", "openhands", None])
@pytest.mark.parametrize("status", [407, 403, 502, 503])
def test_what_a_proxy_may_have_answered_is_told_with_its_variable(
    tmp_path: Path, status: int, system: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "BACKING_OFF", ())
    monkeypatch.setattr(waiting, "WAITING_LIMIT", 0.1)
    headers = {407: {"Proxy-Authenticate": "Basic"}, 503: {"Retry-After": "0"}}.get(status, {})
    with proxying(status, headers) as (proxy, _):
        env = {"ALL_PROXY": f"http://user:{PASSWORD}@{proxy}"}
        judged = judge("http://target.invalid", tmp_path, system=system, env=env, select="name-stored")
    assert judged.status == 3
    said = judged.run["reason"] if system else judged.output
    assert f"it was asked through the proxy http://{proxy} (named by ALL_PROXY): NO_PROXY=target.invalid" in said
    assert ("asks for a credential" in said) is (status == 407)
    assert PASSWORD not in judged.output + json.dumps(judged.record)


def test_which_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    url = "https://api.example/v1"
    assert proxy_of(url, proxies_for(url)) is None
    monkeypatch.setenv("ALL_PROXY", "all.example:1")
    monkeypatch.setenv("HTTP_PROXY", "http://plain.example:2")
    found = proxy_of(url, proxies_for(url))
    assert found is not None
    assert (found.address, found.variable) == ("the proxy http://all.example:1", "ALL_PROXY")
    monkeypatch.setenv("HTTPS_PROXY", "http://u:p@upper.example:3")
    monkeypatch.setenv("https_proxy", "http://u:p@lower.example:4")
    found = proxy_of(url, proxies_for(url))
    assert found is not None
    assert (found.address, found.variable) == ("the proxy http://lower.example:4", "https_proxy")
    assert found.way_past == "NO_PROXY=api.example goes past it"
    monkeypatch.setenv("NO_PROXY", "other.example")
    assert found.way_past == "adding api.example to NO_PROXY goes past it"
    monkeypatch.setenv("no_proxy", "other.example")
    assert found.way_past == "adding api.example to no_proxy goes past it"
    monkeypatch.setenv("no_proxy", "example")
    assert proxy_of(url, proxies_for(url)) is None


def test_the_credentials_of_proxies_are_secrets() -> None:
    environ = {
        "HTTP_PROXY": "http://user:pa%73s-word@h:1", "ALL_PROXY": "token-alone@h", "NO_PROXY": "a@b", "X": "http://u:p@h",
        "https_proxy": "http://h:3128",
    }  # fmt: skip
    assert set(secrets(environ)) == {"user:pa%73s-word", "user:pass-word", "pa%73s-word", "pass-word", "token-alone"}


# -- certificates


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_the_environment_that_is_not_there_is_named(tmp_path: Path, variable: str) -> None:
    missing = tmp_path / "missing.pem"
    env = {"REQUESTS_CA_BUNDLE": "", variable: str(missing)}
    judged = judge("https://127.0.0.1:9", tmp_path, system="agno", env=env)
    assert judged.status == 4
    assert f"{variable}={missing} cannot be read: No such file or directory" in judged.record["reason"]
    assert "--ca-bundle=FILE" in judged.record["reason"]
    missing.write_text("no certificate")
    judged = judge("https://127.0.0.1:9", tmp_path, system="agno", env=env)
    assert f"{variable}={missing} is no file of PEM certificates" in judged.record["reason"]


def test_a_bundle_that_is_not_needed_is_not_looked_at(tmp_path: Path) -> None:
    env = {"REQUESTS_CA_BUNDLE": str(tmp_path / "missing.pem"), "RENAME_TCK_API_KEY": KEY}
    assert judge(None, tmp_path, system="agno", env=env, select="name-stored").status == 0
    with serve(AgnoServer(KEY)) as url:
        assert judge(url, tmp_path, system="agno", env=env, select="name-stored").status == 0
    assert judge("https://127.0.0.1:9", tmp_path, "--insecure", system="agno", env=env).status == 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "certificate")],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "certificate").read_bytes() + (folder / "key").read_bytes())
    return both


@contextmanager
def _tls(certificate: Path) -> Iterator[str]:
    with _Server(404, {}) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


def test_a_certificate_that_is_not_trusted_points_at_the_options(tmp_path: Path, certificate: Path) -> None:
    with _tls(certificate) as url:
        for system in ("agno", None):
            judged = judge(url, tmp_path, system=system)
            assert judged.status == 3
            for words in ("TLS failed: ", "--ca-bundle=FILE", "--insecure"):
                assert words in judged.output.strip().splitlines()[-1]
        for option in (f"--ca-bundle={certificate}", "--insecure"):
            assert "TLS failed" not in judge(url, tmp_path, option, system="agno").output


def test_a_server_without_tls_points_at_plain_http() -> None:
    policy = RequestPolicy([Route("GET", "/config")])
    with serve(AgnoServer(KEY)) as url:
        connection = Connection(url.replace("http:", "https:"), ("Authorization", "Bearer {}"))
        client = TargetClient(connection, policy)
        exchange = client.send(Request("GET", "/config"))
        client.close()
    assert exchange.trouble_kind is Trouble.TLS
    assert exchange.trouble is not None
    assert "speaks no TLS: try --base-url=http://" in exchange.trouble


def test_another_users_key_is_sent_and_is_a_secret() -> None:
    connection = Connection("http://127.0.0.1:9", ("Authorization", "Bearer {}"), KEY, other_user_key=OTHER_MODE_KEY)
    client = TargetClient(connection, RequestPolicy([]))
    sent = client._headers(Request("GET", "/x", credential=Credential.OTHER_USER))
    assert sent["Authorization"] == f"Bearer {OTHER_MODE_KEY}"
    assert OTHER_MODE_KEY not in connection.redact(f"a {OTHER_MODE_KEY} b")
    assert OTHER_MODE_KEY not in repr(connection)


def test_another_users_key_is_in_no_report(tmp_path: Path) -> None:
    with serve(DifyServer(KEY, None)) as url:
        env = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_USER_KEY": "other-user-secret-8"}
        judged = judge(url, tmp_path, "--user=other-user-secret-8", system="dify", env=env, select="name-stored")
    assert judged.status == 0, judged.output
    assert "other-user-secret-8" not in judged.output + json.dumps(judged.record)


def _one_answer(head: bytes, pieces: list[bytes], gap: float) -> tuple[socket.socket, list[bytes], threading.Thread]:
    """A listener that takes one connection, notes what it is asked, and answers in pieces, a gap before each."""
    listener, heard = socket.create_server(("127.0.0.1", 0)), [b""]

    def answer() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            heard[0] = connection.recv(65536)
            connection.sendall(head)
            for piece in pieces:
                time.sleep(gap)
                connection.sendall(piece)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return listener, heard, thread


def test_a_request_through_a_proxy_goes_out_to_the_letter_and_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    # an answer that drips in: no wait for a piece is long, but the whole is
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n"
    listener, heard, thread = _one_answer(head, [b"x"] * 200, 0.1)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    connection = Connection("http://target.invalid/v1", ("Authorization", "Bearer {}"), time_limit=0.5)
    client = TargetClient(connection, RequestPolicy([Route("GET", "/x/{id}")]), retries=False)
    exchange = client.send(Request("GET", "/x/a%2fb"))
    client.close()
    listener.close()
    thread.join(30)
    assert heard[0].startswith(b"GET http://target.invalid/v1/x/a%2fb HTTP/1.1\r\n")
    assert exchange.answer is None
    assert exchange.trouble_kind is Trouble.TIMEOUT


def test_a_target_behind_tls_is_asked_through_a_tunnel(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with _tls(certificate) as url, _tunnel() as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
        connection = Connection(url, ("Authorization", "Bearer {}"), verify=str(certificate))
        client = TargetClient(connection, RequestPolicy([Route("GET", "/config")]))
        assert [client.send(Request("GET", "/config")).status for _ in range(2)] == [404, 404]
        client.close()
    assert {line.rpartition(" ")[0] for line in asked} == {f"CONNECT {url.removeprefix('https://')}"}


@contextmanager
def _tunnel() -> Iterator[tuple[str, list[str]]]:
    """A proxy that connects through to what it is asked for."""
    asked: list[str] = []

    class Tunnel(socketserver.StreamRequestHandler):
        """One connection."""

        def handle(self) -> None:
            asked.append(self.rfile.readline().decode().strip())
            while self.rfile.readline().strip():
                pass
            host, _, port = asked[-1].split()[1].rpartition(":")
            with socket.create_connection((host, int(port)), 20) as far:
                self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self._pass, args=(far, self.connection))
                back.start()
                self._pass(self.connection, far)
                back.join(20)

        @staticmethod
        def _pass(source: socket.socket, to: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while content := source.recv(65536):
                    to.sendall(content)
            with contextlib.suppress(OSError):
                to.shutdown(socket.SHUT_WR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join(10)
