"""Waiting for a target that is not up yet (`--wait`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from rename_tck import systems
from rename_tck.client.exchange import Exchange, Trouble
from rename_tck.client.limits import Limits
from rename_tck.client.request_policy import RequestPolicy
from rename_tck.client.transport import TargetClient
from rename_tck.interruption import INTERRUPTION
from rename_tck.settings.settings import Settings
from rename_tck.target.circumstances import circumstances
from rename_tck.target.detection import connection_to
from rename_tck.verdict import CouldNotJudge

#: Seconds between two looks at whether the target is up.
_LOOK = 0.25

#: Why no answer comes from what is not up yet: nothing listens, or what stands before it (as a container's port does)
#: breaks the connection off, or lets it wait.
_NOT_UP = frozenset({Trouble.REFUSED, Trouble.BROKEN, Trouble.TIMEOUT})

#: What a gateway answers for a server that is not up yet.
_NOT_UP_STATUS = frozenset({502, 503})


def wait_until_up(settings: Settings, say: Callable[[str], object]) -> str | None:
    """Ask the target until it answers as something that is up, for as long as `--wait` allows; what was waited for.

    What no waiting mends (a host that is not known, TLS that fails, a proxy that does) is left to the run to find.

    Raises:
        CouldNotJudge: it was not up in that time.
        KeyboardInterrupt: the run was interrupted.
    """
    if settings.wait is None or settings.base_url is None:
        return None
    started = time.monotonic()
    end = started + settings.wait
    seen: dict[str, None] = {}
    while (exchange := _asked(settings, end - time.monotonic())) is not None:
        why = _why_not_up(exchange)
        if why is None:
            break
        if not seen:
            say(f"waiting up to {settings.wait:g} s for {settings.base_url}: {why}")
        seen[why] = None
        if time.monotonic() + _LOOK >= end:
            raise CouldNotJudge(
                f"the target {settings.base_url} was not up within --wait={settings.wait:g}s: {'; '.join(seen)}"
            )
        INTERRUPTION.pause(_LOOK)
    if not seen:
        return None
    return f"waited {time.monotonic() - started:.1f} s for the target to be up (--wait): {'; '.join(seen)}"


def _asked(settings: Settings, left: float) -> Exchange:
    """One request that changes nothing, and its answer, in the time that is left."""
    assert settings.base_url is not None
    dialect = systems.load(settings.system or systems.NAMES[0])
    connection = connection_to(settings, dialect, settings.base_url)
    connection = replace(connection, time_limit=min(connection.time_limit, max(left, _LOOK)))
    client = TargetClient(connection, RequestPolicy(dialect.provisioning), Limits(settings.rate_limit), retries=False)
    try:
        return client.send(next(iter(dialect.probes())))
    finally:
        client.close()


def _why_not_up(exchange: Exchange) -> str | None:
    if exchange.answer is None:
        return exchange.trouble if exchange.trouble_kind in _NOT_UP else None
    if exchange.status in _NOT_UP_STATUS:
        return f"it answers {exchange.status}{circumstances([exchange])}"
    return None
