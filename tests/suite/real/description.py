"""The real servers that can be judged, as targets.yaml describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FILE = HERE / "targets.yaml"


class DescriptionError(ValueError):
    """The description, or a name of something in it, cannot be used; the message is one whole sentence."""


@dataclass(frozen=True)
class Store:
    """Where a server keeps its sessions. `debian` is the package of the database, where it needs one."""

    name: str
    title: str
    debian: str | None
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Server:
    """One release of a server: its packages, the Python they run on, how it is started."""

    name: str
    title: str
    system: str
    python: str
    packages: tuple[str, ...]
    """All of the environment: its own first, then those of its family and of its stores."""
    app: Path
    key: str
    """The variable that turns the key on."""
    environment: Mapping[str, str]
    stores: tuple[str, ...]
    absent: Mapping[str, str]
    """Stores of the family that this release has not, or that do not start with it, and why."""
    sessions: tuple[str, ...]
    """Sessions that the app makes, which are given to the run."""
    as_of: str | None
    """The day whose packages it runs with, for a release that names no upper bounds and fails with newer ones."""

    store_titles: tuple[str, ...]
    """What its stores are called, whether it has them all or not."""

    @property
    def release(self) -> str:
        """Its exact version."""
        return self.packages[0].partition("==")[2]


@dataclass(frozen=True)
class Target:
    """One server on one store, and a session that is made first over HTTP and given to the run, if any."""

    name: str
    server: Server
    store: Store
    provision: Mapping[str, Any] | None = None
    in_ci: bool = False

    @property
    def title(self) -> str:
        """What a reader calls it."""
        more = ", a session without a name" if self.provision else ""
        return f"{self.server.title} {self.server.release}, {self.store.title}{more}"

    @property
    def given(self) -> tuple[str, ...]:
        """The sessions that are given to the run."""
        return (*self.server.sessions, *((str(self.provision["session_id"]),) if self.provision else ()))


@dataclass(frozen=True)
class Description:
    """All that targets.yaml says, by name; `absent` says of servers on stores why they are no targets."""

    targets: Mapping[str, Target]
    absent: Mapping[str, str]

    def chosen(self, names: Iterable[str]) -> list[Target]:
        """The targets of these names, each that of a target, a server or a store; all where none is given.

        Raises:
            DescriptionError: there is nothing of that name.
        """
        found: dict[str, Target] = {}
        for name in names:
            fitting = {
                target.name: target
                for target in self.targets.values()
                if name in {target.name, target.server.name, target.store.name, target.server.system}
            }
            if not fitting:
                raise DescriptionError(
                    self.absent.get(name) or f"{name} is no target, server or store of targets.yaml: --list names them."
                )
            found |= fitting
        return list(found.values()) or list(self.targets.values())


@cache
def load(file: Path = FILE) -> Description:
    """The description in a file.

    Raises:
        DescriptionError: it names what it does not have.
    """
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    stores = {
        name: Store(name, one["title"], one.get("debian"), tuple(one.get("packages", ())))
        for name, one in content["stores"].items()
    }
    servers = {name: _server(name, one, content["families"], stores) for name, one in content["servers"].items()}
    found, absent = {}, {}
    for server in servers.values():
        for store in server.stores:
            name = f"{server.name}-{store}"
            if store in server.absent:
                absent[name] = f"{server.title} {server.release} {server.absent[store]}."
            else:
                found[name] = Target(name, server, stores[store])
    for name, one in content.get("more", {}).items():
        found[name] = Target(name, servers[one["server"]], stores[one["store"]], one["provision"])
    in_ci = set(content.get("in_ci", ()))
    if unknown := in_ci - found.keys():
        raise DescriptionError(f"{file.name} names {min(unknown)} in in_ci, which is no target.")
    targets = {name: Target(name, one.server, one.store, one.provision, name in in_ci) for name, one in found.items()}
    return Description(targets, absent)


def _server(name: str, one: Mapping[str, Any], families: Mapping[str, Any], stores: Mapping[str, Store]) -> Server:
    family = families[one["family"]]
    of_stores = [package for store in family["stores"] for package in stores[store].packages]
    packages = dict.fromkeys([*one["packages"], *family["packages"], *of_stores])
    if "==" not in next(iter(packages)):
        raise DescriptionError(
            f"{name} of {FILE.name} has to name one release of its first package, as in agno==2.5.6."
        )
    return Server(
        name, family["title"], family["system"], one["python"], tuple(packages), HERE / family["app"], family["key"],
        family["environment"], tuple(family["stores"]), one.get("absent", {}), tuple(family.get("sessions", ())),
        one.get("as_of"), tuple(stores[store].title for store in family["stores"]),
    )  # fmt: skip
