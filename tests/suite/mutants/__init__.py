"""Faulty servers made from the embedded ones: one fault each, their defect as name, what is wrong as docstring."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from harness import KEY, OTHER_MODE_KEY, OTHER_USER_KEY
from starlette.types import ASGIApp

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.systems import NAMES


@dataclass(frozen=True)
class Mutant:
    """A faulty server and what the suite must say of it."""

    name: str
    system: str
    fault: str
    #: The requirement that the fault breaks: it must fail.
    kills: str
    #: Requirements that the same fault breaks as well: each fails in every run by all requirements.
    also: frozenset[str]
    #: Requirements that it breaks by chance, of what is drawn or in flight at once. No other one may fail.
    may: frozenset[str]
    make: Callable[[], ASGIApp]
    #: Options that the run needs to see the fault, such as ``--edition=ja``.
    options: tuple[str, ...] = field(default=())
    #: Requirements whose cases bring the fault to light, where it is told by one that looks back on them.
    beside: frozenset[str] = field(default=frozenset())


MUTANTS: list[Mutant] = []

#: The modules of faults by the dimension of a rename in which they show, each of several systems.
BULLETS = (
    "client_forms", "json_spellings", "packed_names", "conditions", "scopes", "sequences", "in_flight", "left_alone",
    "before_anything", "outlets",
)  # fmt: skip

S = TypeVar("S", bound="type[DifyServer | AgnoServer | OpenHandsServer]")


def mutant(
    kills: str,
    also: Iterable[str] = (),
    may: Iterable[str] = (),
    options: tuple[str, ...] = (),
    beside: Iterable[str] = (),
) -> Callable[[S], S]:
    """Register a server class as the mutant that breaks the requirement `kills`.

    Ids in `also`, `may` and `beside` may omit the system; `kills` itself may stand among them, for groups that several
    mutants share.
    """

    def register(server: S) -> S:
        system = kills.partition(".")[0]
        red, chance, others = (
            frozenset(name if "." in name else f"{system}.{name}" for name in names) - {kills}
            for names in (also, may, beside)
        )
        assert "__doc__" in vars(server), f"{server.__name__} does not say what is wrong with it"
        assert server.__doc__

        def make() -> ASGIApp:
            if issubclass(server, DifyServer):
                return server(KEY, OTHER_MODE_KEY)
            made = server(KEY)
            made.other_user_key = OTHER_USER_KEY
            return made

        fault = " ".join(server.__doc__.split())
        MUTANTS.append(Mutant(server.__name__, system, fault, kills, red, chance - red, make, options, others))
        return server

    return register


def every() -> tuple[Mutant, ...]:
    """Every mutant of every system, in one order: by system, then as written."""
    for module in (*NAMES, *BULLETS):
        importlib.import_module(f"{__name__}.{module}")
    return tuple(sorted(MUTANTS, key=lambda mutant: mutant.system))
