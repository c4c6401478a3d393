"""The forms of clients as data; and the embedded servers, which are correct, take each of them and each spelling."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from harness import KEY, OTHER_MODE_KEY

from rename_tck.cases.client_forms import ACCEPTED, FORMS, LETTING_IN, ODD_QUERIES, ClientForm
from rename_tck.cases.dimensions import Value
from rename_tck.cases.json_spellings import SPELLINGS
from rename_tck.client.exchange import Credential, Request
from rename_tck.client.request_policy import RequestPolicy
from rename_tck.client.transport import Connection, TargetClient
from rename_tck.client.wire import USUAL
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.service import Service
from rename_tck.reference.serving import serve
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.systems import NAMES, Dialect, Session, load

EACH_SYSTEM = pytest.mark.parametrize("system", NAMES)
NAME = "Größe 東京 😀"


def _server(system: str) -> Service:
    made: dict[str, Service] = {
        "dify": DifyServer(KEY, OTHER_MODE_KEY), "agno": AgnoServer(KEY), "openhands": OpenHandsServer(KEY),
    }  # fmt: skip
    return made[system]


@contextlib.contextmanager
def renamable(system: str) -> Iterator[tuple[TargetClient, Dialect, Session]]:
    """A client of the embedded server, and a session there."""
    dialect, server = load(system), _server(system)
    with serve(server) as url:
        policy = RequestPolicy(dialect.routes())
        client = TargetClient(Connection(url, dialect.key_header, KEY), policy)
        kind = dialect.kinds[0]
        exchange = client.send(dialect.creations(kind, "user", "token")[0])
        assert exchange.answer is not None
        session = dialect.created(exchange.answer, kind, "user")
        assert session is not None
        policy.allow(session.id)
        try:
            yield client, dialect, session
        finally:
            client.close()


@EACH_SYSTEM
def test_an_embedded_server_takes_every_form(system: str) -> None:
    with renamable(system) as (client, dialect, session):
        for form in FORMS:
            exchange = client.send(form.apply(dialect.rename(session, dialect.body(session, NAME))))
            assert exchange.status == 200, (form.label, exchange.trouble)
        for form in ODD_QUERIES:
            exchange = client.send(form.apply(dialect.rename(session, dialect.body(session, NAME))))
            assert 200 <= exchange.status < 500, form.label
        for form in LETTING_IN:
            for credential in (Credential.NONE, Credential.WRONG):
                request = dialect.rename(session, dialect.body(session, NAME), credential=credential)
                assert client.send(form.apply(request)).status in dialect.credential_refusals, form.label
        assert client.reconnected == 0


@EACH_SYSTEM
def test_an_embedded_server_takes_every_spelling_in_every_form_of_a_body(system: str) -> None:
    framing = [form for form in FORMS if form.group in {"plain", "chunks", "segments"}]
    with renamable(system) as (client, dialect, session):
        for number, spelling in enumerate(SPELLINGS):
            body = spelling.spell(dialect.body(session, f"A/B {NAME}"))
            form = framing[number % len(framing)]
            exchange = client.send(form.apply(dialect.rename(session, None, raw=body)))
            refusable = spelling.refusable if spelling.additional else frozenset()
            assert exchange.status in {200} | refusable, (spelling.label, form.label)


@pytest.mark.parametrize("values", [FORMS, ODD_QUERIES, LETTING_IN, SPELLINGS])
def test_a_dimension_is_well_formed(values: tuple[Value, ...]) -> None:
    labels = Counter(value.label for value in values)
    assert max(labels.values()) == 1
    assert all(value.group and value.mistake for value in values)
    assert len({value.group for value in values}) <= 14
    # the values of a group stand together
    groups = [value.group for value in values]
    assert [group for place, group in enumerate(groups) if groups[:place][-1:] != [group]] == list(
        dict.fromkeys(groups)
    )
    assert len(values) <= 45


def test_the_plain_form_changes_nothing() -> None:
    request = Request("POST", "/x", body=b"{}")
    assert FORMS[0].apply(request) == request
    assert FORMS[0].group == SPELLINGS[0].group == "plain"


def test_no_form_takes_a_request_elsewhere() -> None:
    """The safety contract says where a request may go; no header of a form says otherwise, and none has a key."""
    forbidden = {
        "host", "authorization", "x-original-url", "x-rewrite-url", "x-http-method-override", "x-http-method",
        "x-method-override", "content-length", "transfer-encoding", "content-type", "content-encoding", "range",
    }  # fmt: skip
    for form in (*FORMS, *ODD_QUERIES, *LETTING_IN):
        named = {name.lower() for name, _ in form.wire.headers}
        assert not named & forbidden, form.label
        assert not any(name.startswith("if-") for name in named)


@EACH_SYSTEM
def test_each_is_judged_by_a_requirement(system: str) -> None:
    known = Catalogue.load(system).by_id
    assert {form.judged_by for form in FORMS} == {ACCEPTED}
    assert all(f"{system}.{form.judged_by}" in known for form in (*FORMS, *ODD_QUERIES, *LETTING_IN))


def test_an_idempotency_key_is_of_one_request() -> None:
    """A server that knows it answers what it has answered the first time: it must not come again with another name."""
    (form,) = [form for form in FORMS if form.keyed]
    requests = [Request("POST", path, body=body) for path in ("/a", "/b") for body in (b"1", b"2")]
    keys = {dict(form.apply(request).wire.headers)["Idempotency-Key"] for request in requests}
    assert len(keys) == 4
    assert form.apply(requests[0]) == form.apply(requests[0])


def test_a_media_type_takes_the_place_of_the_requests_own() -> None:
    (form,) = [form for form in FORMS if form.media_type == "APPLICATION/JSON"]
    request = Request("POST", "/x", headers=(("X-A", "1"), ("content-type", "application/json")))
    made = form.apply(request)
    assert made == replace(request, headers=(("X-A", "1"), ("Content-Type", "APPLICATION/JSON")))
    assert made.wire == USUAL
    assert isinstance(form, ClientForm)
