"""A plugin for a run in a process of its own: breaks the suite in one place, with the key at hand in every variable."""

from __future__ import annotations

import os
import signal
from typing import Any, NoReturn

from rename_tck.checks import context
from rename_tck.client import adapter
from rename_tck.pytest_plugin import outcomes, plugin

KEY = os.environ.get("RENAME_TCK_API_KEY", "")


def _break(*arguments: object, **_: object) -> NoReturn:
    secret = {"key": KEY, "padding": "x" * 200 + KEY, "environ": dict(os.environ), "arguments": arguments}
    raise RuntimeError(f"broken with {secret['key']}" + "." * 220 + KEY)


def _broken_off(original: Any, sent: list[int]) -> Any:
    def send(self: Any, *arguments: Any, **options: Any) -> Any:
        sent.append(1)
        if len(sent) == 20:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, *arguments, **options)

    return send


def pytest_addoption() -> None:
    """Break what the environment names, as soon as the plugin is loaded."""
    match os.environ["CRASH"]:
        case "a law":
            context.CheckContext.rename = _break  # type: ignore[method-assign]
        case "the settings":
            setattr(plugin, "read", _break)  # noqa: B010  (mypy knows that it is not the plugin's own)
        case "a hook":
            outcomes.Outcomes.pytest_runtest_logreport = _break  # type: ignore[method-assign]
        case "an interruption":
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which is ignored in a script's background
            # below urllib3, whose calls are given every header
            adapter._Noting.request = _broken_off(adapter._Noting.request, [])  # type: ignore[method-assign]
