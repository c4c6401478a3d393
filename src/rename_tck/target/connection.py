"""Opens a target: finds out which system it is, connects, comes by sessions; and puts everything back in the end."""

from __future__ import annotations

import importlib
import random
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from rename_tck import systems
from rename_tck.client.limits import Limits
from rename_tck.client.request_policy import Guard
from rename_tck.client.transport import Connection, Sut, default_verify
from rename_tck.openapi.contract import Contract
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.settings.settings import Settings
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.session_pool import Pool
from rename_tck.target.target import Target
from rename_tck.verdict import CouldNotJudge, Unjudgeable

#: The credentials of the embedded servers; they listen on loopback for the length of a run.
EMBEDDED_KEY = "embedded-server-key"
EMBEDDED_OTHER_MODE_KEY = "embedded-server-other-mode-key"


@dataclass(frozen=True)
class Identity:
    """Which system the target is, where its API stands, and how that is known."""

    system: str
    base_url: str
    known_by: str


def token_for(seed: int, worker: str) -> str:
    """A word that marks the run's names and ids as its own; the same for the same seed."""
    return f"{random.Random(f'{seed}/{worker}').getrandbits(40):010x}"


def identify(settings: Settings) -> Identity:
    """Find out which of the systems answers at the base URL.

    Raises:
        CouldNotJudge: it cannot be reached, or it is not clear which one it is.
    """
    certain: list[Identity] = []
    likely: list[Identity] = []
    for name in systems.NAMES:
        found = _locate(settings, systems.load(name))
        if found is not None:
            (certain if found.certain else likely).append(Identity(name, found.base_url, found.why))
    candidates = certain or likely
    if len(candidates) == 1:
        return candidates[0]
    names = " or ".join(identity.system for identity in candidates)
    what = f"could be {names}" if names else f"shows itself as none of {', '.join(systems.NAMES)}"
    raise CouldNotJudge(f"the target {settings.base_url} {what}: say which it is with --system")


def locate(settings: Settings, system: str) -> Identity:
    """The identity of a target whose system the user named."""
    assert settings.base_url is not None
    dialect = systems.load(system)
    found = _locate(settings, dialect) if dialect.other_base(settings.base_url) else None
    if found is None or found.base_url == settings.base_url:
        return Identity(system, settings.base_url, "named by --system")
    return Identity(system, found.base_url, f"named by --system; its API was found under {found.base_url}")


@dataclass(frozen=True)
class _Found:
    """Where a system shows itself, why, and whether that is certain."""

    base_url: str
    why: str
    certain: bool


def _locate(settings: Settings, dialect: Dialect) -> _Found | None:
    """The base URL under which a probe's answer shows the dialect's system, for certain if it can be had."""
    assert settings.base_url is not None
    likely = None
    for base_url in (settings.base_url, dialect.other_base(settings.base_url)):
        if base_url is None:
            continue
        limits = Limits(settings.rate_limit)
        sut = Sut(_connection(settings, dialect, base_url), Guard(dialect.provisioning), limits)
        try:
            for probe in dialect.probes():
                exchange = sut.send(probe)
                answer = exchange.answer
                if answer is None:
                    raise CouldNotJudge(f"the target {base_url} cannot be reached: {exchange.trouble}")
                if why := dialect.recognises(probe, answer):
                    return _Found(base_url, why, certain=True)
                if likely is None and (why := dialect.suggests(probe, answer)):
                    likely = _Found(base_url, why, certain=False)
        except Unjudgeable as trouble:
            raise CouldNotJudge(str(trouble)) from None
        finally:
            sut.close()
    return likely


def _connection(settings: Settings, dialect: Dialect, base_url: str) -> Connection:
    verify: bool | str = default_verify()
    if settings.ca_bundle is not None:
        verify = str(settings.ca_bundle)
    if settings.insecure:
        verify = False
    return Connection(
        base_url=base_url,
        key_header=dialect.key_header,
        key=settings.api_key,
        other_mode_key=settings.other_mode_key,
        extra_headers=settings.headers,
        time_limit=settings.request_timeout,
        verify=verify,
    )


def embedded_settings(settings: Settings) -> Settings:
    """The settings for an embedded server: its own keys, nothing lent."""
    return replace(
        settings,
        api_key=EMBEDDED_KEY,
        other_mode_key=EMBEDDED_OTHER_MODE_KEY,
        headers=(),
        session_ids=(),
        base_url=None,
    )


def _embedded(system: str, editions: tuple[str, ...]) -> AbstractContextManager[str]:
    """A running embedded server of the system."""
    from rename_tck.reference.serving import serve

    module = importlib.import_module(f"rename_tck.reference.{system}")
    return serve(module.application(EMBEDDED_KEY, EMBEDDED_OTHER_MODE_KEY, editions))


class Opening:
    """A target while it is open. Nothing is sent before `prepare`."""

    def __init__(
        self,
        settings: Settings,
        system: str,
        *,
        editions: tuple[str, ...],
        seed: int,
        worker: str,
        share: tuple[int, int],
        limits: Limits | None = None,
    ) -> None:
        self._stack = ExitStack()
        dialect = systems.load(system)
        if settings.base_url is None:
            settings = embedded_settings(settings)
            followed = editions if settings.spec is None else (settings.spec.nearest,)
            base_url = self._stack.enter_context(_embedded(system, followed))
        else:
            base_url = settings.base_url
        self.base_url = base_url
        token = token_for(seed, worker)
        guard = Guard(dialect.routes())
        limits = limits or Limits(settings.rate_limit, settings.max_requests, settings.time_budget)
        self.sut = Sut(_connection(settings, dialect, base_url), guard, limits)
        self._stack.callback(self.sut.close)
        self.pool = Pool(self.sut, dialect, user=settings.user, lent=settings.session_ids, token=token, share=share)
        self._stack.callback(self.pool.put_back)
        spec = settings.spec
        catalogue = Catalogue.load(system) if spec is None else spec.catalogue
        contracts = {edition: Contract.load(system, edition) if spec is None else spec.contract for edition in editions}
        self.target = Target(dialect, self.sut, self.pool, contracts, catalogue, token)
        self._stack.callback(self.target.crew.shutdown)

    def prepare(self) -> None:
        """Come by a session. Whoever opens must know the opening before that, to close it whatever happens.

        Raises:
            CouldNotJudge: no session could be had, or nothing could be judged with one.
        """
        self._need_an_ordinary_rename()
        self.pool.prepare()

    def _need_an_ordinary_rename(self) -> None:
        """Raises CouldNotJudge when the user's document does not allow what the suite calls an ordinary rename."""
        body = self.target.dialect.body(Session("", "lent", owner=self.pool.user), "Renamed 0123456789-1000")
        for contract in self.target.contracts.values():
            if why := contract.forbidden(body):
                told = self.sut.connection.redact.shortened(why, 300)
                raise CouldNotJudge(f"{contract.document_path} does not allow an ordinary rename: {told}")

    @property
    def notes(self) -> list[str]:
        """What the reader should know besides the verdicts."""
        notes = list(self.pool.notes)
        if self.sut.waited:
            notes.append(f"waited {self.sut.waited:.1f} s because the target limits the rate of requests (429)")
        if self.sut.reconnected:
            notes.append(
                f"{self.sut.reconnected} requests were sent again because the connection broke without an answer"
            )
        return notes

    def close(self) -> None:
        """Put the sessions back, close the connections, stop an embedded server."""
        self._stack.close()


def all_editions(system: str) -> tuple[str, ...]:
    """Every edition of a system's document."""
    return tuple(Catalogue.load(system).editions)
