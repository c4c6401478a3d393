"""Finds out which system the target is, and where its API stands."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck import systems
from rename_tck.client.exchange import Exchange
from rename_tck.client.limits import Limits
from rename_tck.client.request_policy import RequestPolicy
from rename_tck.client.transport import Connection, TargetClient, default_verify
from rename_tck.settings.settings import Settings
from rename_tck.systems.dialect import Dialect
from rename_tck.target.circumstances import circumstances, unsaid_proxy
from rename_tck.verdict import CouldNotJudge, Unjudgeable


@dataclass(frozen=True)
class Identity:
    """Which system the target is, where its API stands, and how that is known."""

    system: str
    base_url: str
    known_by: str


def identify(settings: Settings) -> Identity:
    """Find out which of the systems answers at the base URL.

    Raises:
        CouldNotJudge: it cannot be reached, or it is not clear which one it is.
    """
    certain: list[Identity] = []
    likely: list[Identity] = []
    seen: list[Exchange] = []
    for name in systems.NAMES:
        found = _locate(settings, systems.load(name), seen)
        if found is not None:
            (certain if found.certain else likely).append(Identity(name, found.base_url, found.why))
    candidates = certain or likely
    if len(candidates) == 1:
        return candidates[0]
    names = " or ".join(identity.system for identity in candidates)
    what = f"could be {names}" if names else f"shows itself as none of {', '.join(systems.NAMES)}"
    odd = ""
    if not candidates:
        connection = connection_to(settings, systems.load(systems.NAMES[0]), settings.base_url or "")
        odd = circumstances(seen, connection.proxy, lambda text: connection.redact.on_one_line(text, 400))
    raise CouldNotJudge(f"the target {settings.base_url} {what}: say which it is with --system{odd}")


def locate(settings: Settings, system: str) -> Identity:
    """The identity of a target whose system the user named."""
    assert settings.base_url is not None
    dialect = systems.load(system)
    found = _locate(settings, dialect, []) if dialect.other_base(settings.base_url) else None
    if found is None or found.base_url == settings.base_url:
        return Identity(system, settings.base_url, "named by --system")
    return Identity(system, found.base_url, f"named by --system; its API was found under {found.base_url}")


@dataclass(frozen=True)
class _Found:
    """Where a system shows itself, why, and whether that is certain."""

    base_url: str
    why: str
    certain: bool


def _locate(settings: Settings, dialect: Dialect, seen: list[Exchange]) -> _Found | None:
    """The base URL under which a probe's answer shows the dialect's system, for certain if it can be had.

    What came back at the base URL itself is added to `seen`.
    """
    assert settings.base_url is not None
    likely = None
    for base_url in (settings.base_url, dialect.other_base(settings.base_url)):
        if base_url is None:
            continue
        limits = Limits(settings.rate_limit)
        client = TargetClient(connection_to(settings, dialect, base_url), RequestPolicy(dialect.provisioning), limits)
        try:
            for probe in dialect.probes():
                exchange = client.send(probe)
                if base_url == settings.base_url:
                    seen.append(exchange)
                answer = exchange.answer
                if answer is None:
                    odd = unsaid_proxy(client.connection.proxy, exchange.trouble or "")
                    raise CouldNotJudge(f"the target {base_url} cannot be reached: {exchange.trouble}{odd}")
                if why := dialect.recognises(probe, answer):
                    return _Found(base_url, why, certain=True)
                if likely is None and (why := dialect.suggests(probe, answer)):
                    likely = _Found(base_url, why, certain=False)
        except Unjudgeable as trouble:
            raise CouldNotJudge(str(trouble) + unsaid_proxy(client.connection.proxy, str(trouble))) from None
        finally:
            client.close()
    return likely


def connection_to(settings: Settings, dialect: Dialect, base_url: str) -> Connection:
    """How to reach the API of a dialect's system at a base URL, by the user's settings."""
    return Connection(
        base_url=base_url,
        key_header=dialect.key_header,
        key=settings.api_key,
        other_mode_key=settings.other_mode_key,
        other_user_key=settings.other_user_key,
        extra_headers=_headers(settings, dialect),
        time_limit=settings.request_timeout,
        verify=verify_by(settings),
        through_proxies=settings.through_proxies,
        more_secrets=settings.proxy_secrets,
    )


def verify_by(settings: Settings) -> bool | str:
    """What TLS is verified by, as requests takes it."""
    if settings.insecure:
        return False
    return default_verify() if settings.ca_bundle is None else str(settings.ca_bundle)


def _headers(settings: Settings, dialect: Dialect) -> tuple[tuple[str, str], ...]:
    """The headers of the user's but the one that carries the key: that is sent with the key, or left out to try it."""
    if settings.api_key is None:
        return settings.headers
    carrier = dialect.key_header[0].lower()
    return tuple((name, value) for name, value in settings.headers if name.lower() != carrier)
