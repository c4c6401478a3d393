"""Opens a target: finds out which system it is, connects, comes by sessions; and puts everything back in the end."""

from __future__ import annotations

import importlib
import random
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

from rename_tck import systems
from rename_tck.client.limits import Limits
from rename_tck.client.request_policy import RequestPolicy
from rename_tck.client.transport import TargetClient
from rename_tck.openapi.contract import Contract
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.settings.settings import Settings
from rename_tck.systems.dialect import Session
from rename_tck.target.circumstances import circumstances, unsaid_proxy
from rename_tck.target.cleanup import put_back
from rename_tck.target.detection import connection_to
from rename_tck.target.session_pool import SessionPool
from rename_tck.target.target import Target
from rename_tck.verdict import CouldNotJudge

#: The credentials of the embedded servers; they listen on loopback for the length of a run.
EMBEDDED_KEY = "embedded-server-key"
EMBEDDED_OTHER_MODE_KEY = "embedded-server-other-mode-key"
EMBEDDED_OTHER_USER_KEY = "embedded-server-other-user-key"


def token_for(seed: int, worker: str) -> str:
    """A word that marks the run's names and ids as its own; the same for the same seed."""
    return f"{random.Random(f'{seed}/{worker}').getrandbits(40):010x}"


def embedded_settings(settings: Settings) -> Settings:
    """The settings for an embedded server: its own keys, no fixture sessions, and no proxy to ask it through."""
    return replace(
        settings,
        api_key=EMBEDDED_KEY,
        # a plan is of a run with the keys that were given
        other_mode_key=EMBEDDED_OTHER_MODE_KEY if settings.other_mode_key or not settings.plan else None,
        other_user_key=EMBEDDED_OTHER_USER_KEY if settings.other_user_key or not settings.plan else None,
        through_proxies=False,
        headers=(),
        session_ids=(),
        base_url=None,
    )


def _embedded(system: str, editions: tuple[str, ...]) -> AbstractContextManager[str]:
    """A running embedded server of the system."""
    from rename_tck.reference.serving import serve

    module = importlib.import_module(f"rename_tck.reference.{system}")
    app = module.application(EMBEDDED_KEY, EMBEDDED_OTHER_MODE_KEY, editions)
    app.other_user_key = EMBEDDED_OTHER_USER_KEY
    return serve(app)


class TargetConnection:
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
        policy = RequestPolicy(dialect.provisioning, dialect.operation)
        limits = limits or Limits(settings.rate_limit, settings.max_requests, settings.time_budget)
        self.client = TargetClient(connection_to(settings, dialect, base_url), policy, limits)
        self._stack.callback(self.client.close)
        self.pool = SessionPool(
            self.client, dialect, user=settings.user, fixture_ids=settings.session_ids, token=token, share=share
        )
        self.pool.keep_failed = settings.keep_failed
        self._stack.callback(put_back, self.client, dialect, self.pool)
        spec = settings.spec
        catalogue = Catalogue.load(system) if spec is None else spec.catalogue
        contracts = {edition: Contract.load(system, edition) if spec is None else spec.contract for edition in editions}
        self.target = Target(dialect, self.client, self.pool, contracts, catalogue, token)

    def prepare(self) -> None:
        """Come by a session. Whoever calls this must hold the connection by then, to close it whatever happens.

        Raises:
            CouldNotJudge: no session could be had, or nothing could be judged with one.
        """
        self._need_an_ordinary_rename()
        try:
            self.pool.prepare()
        except CouldNotJudge as trouble:
            connection = self.client.connection
            exchanges = [entry.exchange for entry in self.client.journal.since(0)]
            odd = circumstances(exchanges, redact=lambda text: connection.redact.on_one_line(text, 400))
            reason = trouble.reason + odd + unsaid_proxy(connection.proxy, trouble.reason)
            raise CouldNotJudge(reason, trouble.gap) from None

    def _need_an_ordinary_rename(self) -> None:
        """Raises CouldNotJudge when the user's document does not allow what the suite calls an ordinary rename."""
        body = self.target.dialect.body(Session("", "fixture", owner=self.pool.user), "Renamed 0123456789-1000")
        for contract in self.target.contracts.values():
            if why := contract.forbidden(body):
                told = self.client.connection.redact.shortened(why, 300)
                raise CouldNotJudge(f"{contract.document_path} does not allow an ordinary rename: {told}")

    @property
    def notes(self) -> list[str]:
        """What the reader should know besides the verdicts."""
        notes = [*self.pool.notes, *self.pool.made_up.told(), *self.client.waiting.notes()]
        if self.client.reconnected:
            notes.append(
                f"{self.client.reconnected} requests were sent again because the connection broke without an answer"
            )
        return notes

    def close(self) -> None:
        """Put the sessions back, close the connections, stop an embedded server."""
        self._stack.close()


def all_editions(system: str) -> tuple[str, ...]:
    """Every edition of a system's document."""
    return tuple(Catalogue.load(system).editions)
