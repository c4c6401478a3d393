"""Counts how many cases of each class of input a quick run sends, and writes docs/generators.md.

Usage: python tests/suite/generators.py
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from harness import judge

from rename_tck.cases import bodies, credentials, ids, users
from rename_tck.cases.names import Name
from rename_tck.cases.points import Point, Space
from rename_tck.cases.rename_space import NAME, Chosen, space_of
from rename_tck.cases.system_cases import load as load_cases
from rename_tck.checks.point_groups import PointSender
from rename_tck.client.exchange import Request, decoded, encode_json
from rename_tck.client.transport import TargetClient
from rename_tck.openapi.contract import Contract
from rename_tck.settings.settings import Settings
from rename_tck.systems import NAMES, Session, load
from rename_tck.target.connection import all_editions, token_for

PAGE = Path(__file__).resolve().parents[2] / "docs" / "generators.md"

#: What a run does with several sessions, and after which it reads all of them back.
MOVES = {
    "rename": "a name stored on another session, or not at all",
    "rename back": "an old value kept in a cache",
    "same name": "no change taken for a failure",
    "faulty": "validation after storing",
    "unknown": "an upsert that creates",
    "odd name": "one bad value that breaks what comes after",
    "no key": "authentication after storing",
}


#: What a dimension of the renames that must be accepted is called, before its own name.
_RENAMES = "Renames that must be accepted: "


@dataclass(frozen=True)
class Kind:
    """A class of input: where it stands in a request, what it is called, which mistake it stands for."""

    place: str
    label: str
    mistake: str


def kinds(system: str) -> list[Kind]:
    """The classes that a run on the system sends, in the order of the table."""
    dialect = load(system)
    live = Session("0123456789abcdef", "fixture", dialect.kinds[0], "user")
    odd = (*ids.odd_ids("token"), *ids.near_ids(live.id, text=dialect.ids_are_text))
    sample = {"a": "A"}
    made = (
        *bodies.spoilt(encode_json(sample)), *bodies.disguised(sample),
        *bodies.strange(sample, "a"),
    )  # fmt: skip
    raw = (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY, *bodies.UNUSUAL, *made)
    wrong = [value for value in bodies.VALUES if system == "dify" or not isinstance(value.value, str)]
    keys = [one for one in (*credentials.MISSING, *credentials.WRONG) if not dialect.is_right("Key", one.credential)]
    found = [
        *(Kind("name", name.label, name.mistake) for name in _names(system)),
        *(Kind("id", one.label, one.mistake) for one in odd),
        *(Kind("body", one.label, one.mistake) for one in raw),
        *(Kind("member", one.label, one.mistake) for one in wrong),
        *(Kind("query", one.label, one.mistake) for one in load_cases(dialect).odd_queries(live)),
        *(Kind("user", one.label, one.mistake) for one in _users(system)),
        *(Kind("key", one.label, one.mistake) for one in keys),
        *(Kind("sequence", label, mistake) for label, mistake in MOVES.items()),
        *(
            Kind(f"{_RENAMES}{dimension.name}", value.label, value.mistake)
            for dimension in _space(system).dimensions
            for value in dimension.values
            if dimension.name != NAME and len(dimension.values) > 1
        ),
    ]
    return list(dict.fromkeys(found))


def _names(system: str) -> list[Name]:
    """The odd names that a quick run sends: those that the documents allow."""
    found = next(dimension for dimension in _space(system).dimensions if dimension.name == NAME)
    return [name for name in (*found.values[1:], *found.alone) if isinstance(name, Name)]


@cache
def _space(system: str) -> Space:
    """The space of renames of a quick run, as far as the documents allow."""
    dialect = load(system)
    body = dialect.body(Session("x", "fixture", dialect.kinds[0], Settings.user), "name")
    contracts = [Contract.load(system, edition) for edition in all_editions(system)]

    def allows(members: dict[str, object]) -> bool:
        return not any(contract.request_errors({**body, **members}) for contract in contracts)

    return space_of(load_cases(dialect), Settings.user, allows, of=Chosen())


def _users(system: str) -> tuple[users.OtherUser, ...]:
    """The users on whose behalf a session of the suite's own user is renamed, where the query has one."""
    return (*users.other_users(Settings.user), *users.lookalikes(Settings.user)) if system == "agno" else ()


def count(system: str, report_dir: Path, seed: int = 1) -> Counter[tuple[str, str]]:
    """How many cases of each class, by place and label, a quick run on the embedded server sends."""
    sent: list[Request] = []
    moves: Counter[str] = Counter()
    original = TargetClient.send

    def send(self: TargetClient, request: Request, *rest: Any, **named: Any) -> Any:
        sent.append(request)
        return original(self, request, *rest, **named)

    points: list[Point] = []
    renamed = PointSender._renamed

    def rename(self: PointSender, check: Any, point: Point, *rest: Any) -> Any:
        points.append(point)
        return renamed(self, check, point, *rest)

    made: list[bodies.RawBody] = []
    with (
        mock.patch.object(PointSender, "_renamed", rename),
        mock.patch.object(TargetClient, "send", send),
        _counted_moves(moves, report_dir),
        _recorded_bodies(made),
    ):
        judged = judge(None, report_dir, system=system, seed=seed)
    assert judged.status == 0, judged.output
    classes = _Classes(system, judged.record["seed"], made)
    counted: Counter[tuple[str, str]] = Counter()
    for request in sent:
        counted.update(classes.of(request))
    counted.update({("sequence", act): number for act, number in moves.items()})
    for point in points:
        values = zip(_space(system).dimensions, point.values, strict=True)
        counted.update((f"{_RENAMES}{dimension.name}", value.label) for dimension, value in values)
    return counted


def _counted_moves(moves: Counter[str], report_dir: Path) -> Any:
    """Patch the sequences' test to count its moves; it is imported by a first, short run."""
    judge(None, report_dir, "--collect-only", system="dify")
    module: ModuleType = next(found for name, found in sys.modules.items() if name.endswith("test_laws_sequences"))
    original = module._request

    def request(check: Any, session: Any, move: Any, *rest: Any) -> Any:
        moves[move.act] += 1
        return original(check, session, move, *rest)

    return mock.patch.object(module, "_request", request)


@contextmanager
def _recorded_bodies(made: list[bodies.RawBody]) -> Iterator[None]:
    """Keep what a run makes of valid bodies."""

    def recorded(make: Callable[..., tuple[bodies.RawBody, ...]]) -> Callable[..., tuple[bodies.RawBody, ...]]:
        def making(*arguments: Any) -> tuple[bodies.RawBody, ...]:
            found = make(*arguments)
            made.extend(found)
            return found

        return making

    with ExitStack() as stack:
        for name in ("spoilt", "disguised", "strange"):
            stack.enter_context(mock.patch.object(bodies, name, recorded(getattr(bodies, name))))
        yield


class _Classes:
    """Tells which classes a request belongs to."""

    def __init__(self, system: str, seed: int, made: Iterable[bodies.RawBody]) -> None:
        self.dialect = load(system)
        self.names = {name.text: name.label for name in _names(system)}
        self.ids = {odd.encoded: odd.label for odd in ids.odd_ids(token_for(seed, ""))}
        fixed = (*bodies.NOT_JSON, *bodies.NOT_OBJECT, *bodies.EMPTY, *bodies.UNUSUAL)
        self.raw = {raw.raw: raw.label for raw in (*fixed, *made)}
        self.credentials = {bad.credential: bad.label for bad in (*credentials.MISSING, *credentials.WRONG)}
        self.users: dict[str | None, str] = {one.user_id: one.label for one in _users(system)}
        self.live: set[str] = set()

    def of(self, request: Request) -> Iterator[tuple[str, str]]:
        start, end = self.dialect.rename_path.split("{id}")
        if (
            request.method != self.dialect.method
            or not request.path.startswith(start)
            or not request.path.endswith(end)
        ):
            return
        segment = request.path[len(start) : len(request.path) - len(end) or None]
        yield from self._id(segment)
        if request.credential in self.credentials:
            yield "key", self.credentials[request.credential]
        if (user := dict(request.query).get("user_id")) in self.users:
            yield "user", self.users[user]
        if request.body is not None:
            yield from self._body(request.body)
        for kind in self.dialect.kinds:
            session = Session("x", "fixture", kind)
            for odd in load_cases(self.dialect).odd_queries(session):
                if odd.query == request.query:
                    yield "query", odd.label

    def _id(self, segment: str) -> Iterable[tuple[str, str]]:
        if segment in self.ids:
            yield "id", self.ids[segment]
            return
        for live in self.live:
            for near in ids.near_ids(live, text=self.dialect.ids_are_text):
                if near.encoded == segment:
                    yield "id", near.label
                    return
        self.live.add(segment)

    def _body(self, raw: bytes) -> Iterable[tuple[str, str]]:
        if raw in self.raw:
            yield "body", self.raw[raw]
        value = decoded(raw)
        if not isinstance(value, dict):
            return
        name = value.get(self.dialect.name_member)
        if isinstance(name, str) and name in self.names:
            yield "name", self.names[name]
        for member, found in value.items():
            for wrong in bodies.VALUES:
                if member in {"name", "user", "auto_generate", "session_name", "title"} and _same(found, wrong.value):
                    yield "member", wrong.label


def _same(one: object, other: object) -> bool:
    return one == other and type(one) is type(other)


_PLACES = {
    "name": "Names",
    "id": "Ids",
    "body": "Bodies",
    "member": "Values of members, where the document has another type",
    "query": "Queries",
    "user": "Users, none of whom the session belongs to",
    "key": "Keys",
    "sequence": "Sequences: steps after each of which every session is read back",
}


def page(counted: dict[str, Counter[tuple[str, str]]]) -> str:
    """The table, as Markdown."""
    rows: dict[Kind, None] = {}
    for system in NAMES:
        rows |= dict.fromkeys(kinds(system))
    lines = [
        "# What a run sends",
        "",
        "Each class of input stands for a mistake that servers, databases, proxies and frameworks are known to make.",
        "Every run sends each class at least once; of renames that must be accepted it sends pairs, so that one",
        "request is a case of several classes. The figures are the cases of a quick run on the embedded servers,",
        "seed 1. Fuzzing adds to them: requests drawn from the vendored documents, names, bodies near a valid one,",
        "and sequences over several sessions. Made by `python tests/suite/generators.py`;",
        "`tests/suite/cases/test_generators.py` holds that no class is left out.",
    ]
    headings = {row.place: row.place for row in rows} | _PLACES
    for place, heading in headings.items():
        lines += [
            "",
            f"## {heading}",
            "",
            f"| class | the mistake it stands for | {' | '.join(NAMES)} |",
            "|---|---|" + "---:|" * len(NAMES),
        ]
        for kind in (kind for kind in rows if kind.place == place):
            cells = [str(counted[system][place, kind.label] or "–") for system in NAMES]
            lines.append(f"| {_cell(kind.label)} | {_cell(kind.mistake)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Count, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page({system: count(system, Path(folder)) for system in NAMES}), encoding="utf-8")


if __name__ == "__main__":
    main()
