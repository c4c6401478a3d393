"""The embedded servers with one fault each: to see what a failure looks like, and to try a client against.

A fault is a subclass of its system's server, in this package's module of that system, and registers itself under a
name. The same fault has the same name everywhere. It says in its docstring what is wrong.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from rename_tck.reference.service import Service

S = TypeVar("S", bound=type[Service])


@dataclass(frozen=True)
class Fault:
    """One fault: what is wrong in a sentence, and the requirement that a run finds it by."""

    name: str
    sentence: str
    requirement: str
    #: Whether no other requirement fails by it.
    alone: bool
    server: type[Service]


class Faults(dict[str, Fault]):
    """The faults of one system, by name."""

    def add(self, name: str, requirement: str, *, alone: bool = False) -> Callable[[S], S]:
        """Register the class that is decorated; its docstring is the sentence."""

        def register(server: S) -> S:
            sentence = " ".join((server.__doc__ or "").split())
            self[name] = Fault(name, sentence, requirement, alone, server)
            return server

        return register


def faults(system: str) -> Mapping[str, Fault]:
    """The faults of a system, by name."""
    found = importlib.import_module(f"{__name__}.{system}").FAULTS
    assert isinstance(found, Faults)
    return found
