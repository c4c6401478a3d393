"""A plugin for a run in a process of its own: writes down all that arrives at the embedded servers.

It also offers a profile that draws few cases, by the same machinery as the others.
"""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from pathlib import Path

import hypothesis
from meddling import Meddler
from starlette.types import ASGIApp

from rename_tck.reference import serving

_SERVED: list[Meddler] = []
_serve = serving.serve


def _recorded(app: ASGIApp) -> AbstractContextManager[str]:
    _SERVED.append(Meddler(app))
    return _serve(_SERVED[-1])


setattr(serving, "serve", _recorded)  # noqa: B010  (mypy: another return type)

hypothesis.settings.register_profile(
    "few-examples",
    max_examples=16,
    database=None,
    deadline=None,
    print_blob=False,
    phases=(hypothesis.Phase.generate,),
    suppress_health_check=list(hypothesis.HealthCheck),
)


def pytest_unconfigure() -> None:
    """Write the requests to the file that the environment names, server by server, as JSON."""
    heard = [
        [
            (
                one.method,
                one.target.decode(),
                [(k.decode(), v.decode("latin-1")) for k, v in one.headers],
                one.body.hex(),
            )
            for one in meddler.heard
        ]
        for meddler in _SERVED
    ]
    Path(os.environ["RECORDING"]).write_text(json.dumps(heard), encoding="utf-8")
