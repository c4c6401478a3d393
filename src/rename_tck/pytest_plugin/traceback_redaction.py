"""Keeps the values of variables out of what pytest says when the suite itself breaks: the key may be among them."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprTracebackNative

from rename_tck.client.exchange import KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE
from rename_tck.pytest_plugin.options import headers_given
from rename_tck.redaction import Redactor


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
        values = [text.partition(":")[2].strip() for text in headers_given(config, environ)]
        values.append(environ.get(OTHER_USER_KEY_VARIABLE, "").strip())
        keys = environ.get(KEY_VARIABLE, "").strip(), environ.get(OTHER_MODE_KEY_VARIABLE, "").strip()
        self._redact = Redactor.of(*keys, (environ.get(OTHER_USER_KEY_VARIABLE, "").strip(), *values))
        tracer = config.trace.root  # of --debug, which logs what every hook is given
        if (write := getattr(tracer, "_writer", None)) is not None:
            tracer.setwriter(lambda text: write(self._redact(text)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Change what the others are about to print."""
        if isinstance(excrepr, ExceptionChainRepr):
            lines = self._redact(trace(excinfo.value)).splitlines(keepends=True)
            excrepr.chain = [(ReprTracebackNative(lines), None, None)]
