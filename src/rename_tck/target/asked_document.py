"""The document to judge by where it is no file: the one that the target publishes, or the one at a URL (`--spec`)."""

from __future__ import annotations

from rename_tck import systems
from rename_tck.client.exchange import Exchange, Request, Trouble
from rename_tck.client.journal import Purpose
from rename_tck.client.limits import Limits
from rename_tck.client.request_policy import RequestPolicy, Route
from rename_tck.client.transport import Connection, TargetClient
from rename_tck.openapi import custom_spec
from rename_tck.openapi.custom_spec import CustomSpec
from rename_tck.settings import spec_source
from rename_tck.settings.settings import BadOptionError, Settings
from rename_tck.target.detection import Identity, connection_to, verify_by
from rename_tck.verdict import CouldNotJudge, Unjudgeable

#: What a document may be written in; the suite reads it by what it is, not by what it is called.
_ACCEPT = ("Accept", "application/json, application/yaml;q=0.9, */*;q=0.1")


def of_target(settings: Settings, identity: Identity) -> CustomSpec:
    """The document that the target publishes, asked for as everything else of the target, with its key.

    Raises:
        BadOptionError: the target publishes none, or none that can be judged by.
        CouldNotJudge: the target does not answer, refuses the key, or fails.
    """
    dialect = systems.load(identity.system)
    place = dialect.document_path
    if place is None:
        raise BadOptionError(
            f"--spec=published does not go with {identity.system}, which publishes no document of its own: "
            "give one with --spec=FILE or --spec=URL."
        )
    connection = connection_to(settings, dialect, identity.base_url)
    url, route = f"{identity.base_url}{place}", Route("GET", place)
    exchange = _asked(connection, Request("GET", place), route, settings)
    called = f"--spec=published: {url}"
    if (exchange.answer is None and exchange.trouble_kind is not Trouble.TOO_LARGE) or exchange.status in {
        401,
        403,
        429,
        *range(500, 600),
    }:
        raise CouldNotJudge(f"{called} {_why(exchange, connection)}")
    return _read(exchange, connection, called, url, identity.system)


def at_url(settings: Settings, url: str, system: str | None) -> CustomSpec:
    """The document at a URL. No key and no header of the user's goes there, whichever host it is.

    Raises:
        BadOptionError: there is none, or none that can be judged by.
    """
    base_url, path = spec_source.split(url)
    connection = Connection(
        base_url=base_url,
        key_header=("Authorization", "Bearer {}"),
        time_limit=settings.request_timeout,
        verify=verify_by(settings),
        through_proxies=settings.through_proxies,
        # the sentences on what went wrong show none of them
        more_secrets=settings.secrets,
    )
    called = f"--spec={url}"
    try:
        exchange = _asked(connection, Request("GET", path, headers=(_ACCEPT,)), Route("GET", path), settings)
    except CouldNotJudge as trouble:
        raise BadOptionError(f"{called} cannot be had: {trouble.reason}.") from None
    return _read(exchange, connection, called, url, system)


def _asked(connection: Connection, request: Request, route: Route, settings: Settings) -> Exchange:
    """One bounded request, waited out and sent again as any request of the suite; nothing else is permitted."""
    client = TargetClient(connection, RequestPolicy((route,)), Limits(settings.rate_limit))
    try:
        return client.send(request, Purpose.DOCUMENT)
    except Unjudgeable as trouble:
        raise CouldNotJudge(str(trouble)) from None
    finally:
        client.close()


def _read(exchange: Exchange, connection: Connection, called: str, url: str, system: str | None) -> CustomSpec:
    if exchange.answer is None or exchange.status != 200:
        raise BadOptionError(f"{called} {_why(exchange, connection)}.")
    try:
        return custom_spec.of_data(url, exchange.answer.body, system)
    except custom_spec.SpecError as error:
        raise BadOptionError(connection.redact(str(error).replace(f"--spec={url}", called, 1))) from None


def _why(exchange: Exchange, connection: Connection) -> str:
    """What came instead of a document, as the rest of a sentence."""
    answer = exchange.answer
    if answer is None:
        return f"cannot be had: {exchange.trouble}"
    location = next((value for name, value in answer.headers if name.lower() == "location"), None)
    if 300 <= answer.status < 400 and location:
        leads = connection.redact.on_one_line(location, 200)
        return f"is answered with {answer.status}, a redirect to {leads}, which is not followed"
    if answer.status == 404:
        return "is answered with 404: no document is published there"
    return f"is answered with status {answer.status}"
