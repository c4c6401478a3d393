"""Keeps the values of variables out of what pytest says when the suite itself breaks: the key may be among them."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprTracebackNative

from rename_tck.client import environment
from rename_tck.pytest_plugin.options import headers_given
from rename_tck.redaction import Redactor
from rename_tck.settings.variables import KEY_VARIABLES


def trace(error: BaseException) -> str:
    """The traceback as Python writes it: lines of code, no values, whatever --showlocals and --tb ask for."""
    return "".join(traceback.format_exception(error))


@contextmanager
def without_frames() -> Iterator[None]:
    """Raise an interruption anew: --full-trace shows the arguments of every call that it has come through."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None


class TracebackRedaction:
    """A plugin for pytest's own complaint of an internal error, from before the options are looked at."""

    def __init__(self, config: Any, environ: Mapping[str, str] = os.environ) -> None:
        values = (text.partition(":")[2].strip() for text in headers_given(config, environ))
        key, *others = (environ.get(name, "").strip() for name in KEY_VARIABLES)
        self._redact = Redactor.of(key, (*others, *environment.secrets(environ)), values)
        tracer = config.trace.root  # of --debug, which logs what every hook is given
        if (write := getattr(tracer, "_writer", None)) is not None:
            tracer.setwriter(lambda text: write(self._redact(text)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Change what the others are about to print."""
        if isinstance(excrepr, ExceptionChainRepr):
            lines = self._redact(trace(excinfo.value)).splitlines(keepends=True)
            excrepr.chain = [(ReprTracebackNative(lines), None, None)]
