"""Correct servers that share nothing with the embedded ones: other frameworks, other habits.

Each was written from the documents in `specs/`. A suite that fails one of them is wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from strangers import agno_fastapi, openhands_fastapi
from strangers.agno_core import AgnoApp
from strangers.asgi import serve_fastapi
from strangers.dify_core import DifyApp
from strangers.dify_flask import serve_flask
from strangers.habits import Habits
from strangers.openhands_core import OpenHandsApp
from strangers.wire import App, serve_plain, serve_streams

USER = "rename-tck"

#: A base URL, and the ids that the server lends.
Served = tuple[str, list[str]]
TargetConnection = Callable[[Habits, int], AbstractContextManager[Served]]


def _opening(kind: str, transport: Callable[[App], AbstractContextManager[str]]) -> TargetConnection:
    @contextlib.contextmanager
    def opened(habits: Habits, stock: int) -> Iterator[Served]:
        app: DifyApp | AgnoApp | OpenHandsApp
        match kind:
            case "dify":
                app = DifyApp(habits)
                ids = app.stock(USER, stock)
            case "agno":
                app = AgnoApp(habits)
                ids = app.stock(USER, stock)
            case _:
                app = OpenHandsApp(habits)
                ids = app.stock(stock)
        with transport(app) as url:
            yield url, ids

    return opened


@contextlib.contextmanager
def _flask(habits: Habits, _stock: int) -> Iterator[Served]:
    with serve_flask(habits) as url:
        yield url, []


@contextlib.contextmanager
def _agno_fastapi(habits: Habits, _stock: int) -> Iterator[Served]:
    with serve_fastapi(agno_fastapi.application(habits)) as url:
        yield url, []


@contextlib.contextmanager
def _openhands_fastapi(habits: Habits, _stock: int) -> Iterator[Served]:
    with serve_fastapi(openhands_fastapi.application(habits)) as url:
        yield url, []


#: By system, then by what it is built on.
SERVERS: dict[str, dict[str, TargetConnection]] = {
    "dify": {
        "flask": _flask,
        "asyncio": _opening("dify", serve_streams),
        "http.server": _opening("dify", serve_plain),
    },
    "agno": {
        "fastapi": _agno_fastapi,
        "asyncio": _opening("agno", serve_streams),
        "http.server": _opening("agno", serve_plain),
    },
    "openhands": {
        "fastapi": _openhands_fastapi,
        "asyncio": _opening("openhands", serve_streams),
        "http.server": _opening("openhands", serve_plain),
    },
}


@dataclass(frozen=True)
class Stranger:
    """One server with its habits, and how the suite is run against it."""

    system: str
    built_on: str
    name: str
    habits: Habits
    options: tuple[str, ...] = ()
    #: A ``-k`` expression, where the habit makes a whole run too slow.
    select: str | None = None
    #: Requirements at SHOULD that the habit really breaks.
    breaks: frozenset[str] = field(default=frozenset())
    #: Sessions that are there before the run, of each kind.
    stock: int = 0
    #: Whether they are lent to the run.
    lent: bool = False
    #: Whether the run is told what system it is.
    named: bool = True
    #: Requirements that have to pass: fewer would mean that hardly anything was judged.
    passes: int = 30

    @property
    def id(self) -> str:
        """What a test calls it."""
        return f"{self.system}-{self.built_on}-{self.name.replace(' ', '-')}"

    def open(self) -> AbstractContextManager[Served]:
        """Serve it; yields its base URL and the ids that it lends."""
        return SERVERS[self.system][self.built_on](self.habits, self.stock)


#: Little enough for a server that takes its time; the series of renames is left out.
_FEW = "same-name or rename-again or credential or unknown-id-refused or user-required"
#: The series of renames, and the credentials.
QUICK = "answer-json or name-stored or credential"

#: FastAPI reads a body of JSON before it asks whether the request may be made: what is no JSON is refused first.
_BODY_FIRST = {system: frozenset({f"{system}.credential-before-validation"}) for system in ("agno", "openhands")}

STRANGERS: tuple[Stranger, ...] = (
    # -- Dify
    Stranger("dify", "flask", "plain", Habits(), named=False),
    Stranger(
        "dify",
        "flask",
        "more members, gzip, chatty, escaped, small pages",
        Habits(members="more", gzip=True, chatty=True, ascii=True, pretty=True, page=2, wrong_key=403),
    ),
    Stranger(
        "dify", "flask", "null introduction, HTTP/1.0", Habits(null_introduction=True, http10=True), ("--edition=en",)
    ),
    Stranger(
        "dify", "flask", "no null names, strict names", Habits(no_null_names=True, names="strict"), ("--edition=ja",)
    ),
    Stranger(
        "dify",
        "flask",
        "no key, charset, id and name only, chunked, 422",
        Habits(key=None, content_type="application/json; charset=utf-8", members="required", chunked=True, invalid=422),
    ),
    Stranger("dify", "asyncio", "plain", Habits(base=""), named=True),
    Stranger(
        "dify",
        "asyncio",
        "no members, no updates, close",
        Habits(members="none", frozen_time=True, bare=True, close=True),
    ),
    Stranger(
        "dify", "asyncio", "odd headers, chunked gzip, odd ids", Habits(case="odd", chunked=True, gzip=True, ids="odd")
    ),
    Stranger("dify", "asyncio", "HTTP/1.0 until close, surrogates", Habits(http10=True, ascii=True, surrogates=True)),
    Stranger(
        "dify", "asyncio", "closes silently, checks ids", Habits(closes_silently=True, checks_ids=True, wrong_key=403)
    ),
    Stranger("dify", "asyncio", "rename only", Habits(rename_only=True), stock=3, lent=True, passes=25),
    Stranger(
        "dify",
        "asyncio",
        "rename only, says nothing",
        Habits(rename_only=True, members="none"),
        stock=1,
        lent=True,
        passes=15,
    ),
    Stranger(
        "dify",
        "asyncio",
        "rename only, 403 elsewhere",
        Habits(rename_only=True, elsewhere=403),
        stock=2,
        lent=True,
        passes=25,
    ),
    Stranger(
        "dify",
        "asyncio",
        "rename only, 405 elsewhere, no key",
        Habits(rename_only=True, elsewhere=405, key=None),
        stock=2,
        lent=True,
        passes=25,
    ),
    Stranger("dify", "asyncio", "interim 103", Habits(interim=103), select=QUICK, passes=4),
    Stranger("dify", "http.server", "no creation", Habits(create=False, no_updated_at=True), stock=3),
    Stranger("dify", "http.server", "neighbours, more members", Habits(neighbours=True, members="more"), stock=1),
    Stranger(
        "dify", "http.server", "restless, printable names", Habits(restless=True, names="printable", wrong_method=404)
    ),
    Stranger("dify", "http.server", "one only, forbidden", Habits(quota=1, quota_status=403)),
    Stranger("dify", "http.server", "trims", Habits(trims=True), breaks=frozenset({"dify.blanks-kept"})),
    Stranger("dify", "http.server", "rate limited", Habits(rate=60), select=QUICK, passes=4),
    Stranger("dify", "http.server", "slow", Habits(delay=0.08), select=QUICK, passes=4),
    # -- Agno
    Stranger("agno", "fastapi", "plain", Habits(), named=False, breaks=_BODY_FIRST["agno"]),
    Stranger(
        "agno",
        "fastapi",
        "more members, gzip, small pages, charset, strict names",
        Habits(
            members="more",
            gzip=True,
            page=2,
            pretty=True,
            names="strict",
            content_type="application/json;charset=UTF-8",
        ),
        breaks=_BODY_FIRST["agno"],
    ),
    Stranger(
        "agno",
        "fastapi",
        "no key, required only, chunked, chatty, escaped, close",
        Habits(key=None, members="required", chunked=True, chatty=True, ascii=True, close=True),
    ),
    Stranger("agno", "asyncio", "offsets, odd headers", Habits(times="offset", case="odd")),
    Stranger("agno", "asyncio", "own odd ids, no updates", Habits(ids="odd", own_ids=True, no_updated_at=True)),
    Stranger(
        "agno",
        "asyncio",
        "null times, HTTP/1.0, surrogates",
        Habits(times="null", http10=True, ascii=True, surrogates=True),
    ),
    Stranger("agno", "asyncio", "required only, bare", Habits(members="required", bare=True, wrong_method=404)),
    Stranger("agno", "asyncio", "rename only", Habits(rename_only=True), stock=1, lent=True, passes=25),
    Stranger(
        "agno",
        "asyncio",
        "rename only, 403 elsewhere",
        Habits(rename_only=True, elsewhere=403, members="required"),
        stock=1,
        lent=True,
        passes=20,
    ),
    Stranger(
        "agno", "asyncio", "rename only, no key", Habits(rename_only=True, key=None), stock=2, lent=True, passes=25
    ),
    Stranger("agno", "asyncio", "no listing, no reading", Habits(listing=False, read=False)),
    Stranger("agno", "http.server", "no creation", Habits(create=False, frozen_time=True), stock=2),
    Stranger("agno", "http.server", "no reading", Habits(read=False, page=2)),
    Stranger("agno", "http.server", "neighbours, microseconds", Habits(neighbours=True, times="micro"), stock=1),
    Stranger("agno", "http.server", "restless, more members", Habits(restless=True, members="more")),
    Stranger("agno", "http.server", "three only, forbidden", Habits(quota=3)),
    Stranger("agno", "http.server", "one only, 400", Habits(quota=1, quota_status=400)),
    Stranger("agno", "http.server", "no deletion, printable names", Habits(delete=False, names="printable")),
    Stranger("agno", "http.server", "trims", Habits(trims=True), breaks=frozenset({"agno.blanks-kept"})),
    Stranger("agno", "http.server", "rate limited by date", Habits(rate=40, retry_after="date"), select=_FEW, passes=4),
    # -- OpenHands
    Stranger("openhands", "fastapi", "plain", Habits(), named=False, breaks=_BODY_FIRST["openhands"]),
    Stranger(
        "openhands",
        "fastapi",
        "gzip, false for the unknown, 403",
        Habits(gzip=True, unknown_false=True, wrong_key=403),
        breaks=_BODY_FIRST["openhands"],
    ),
    Stranger(
        "openhands",
        "fastapi",
        "more members, chunked, bare",
        Habits(members="more", chunked=True, bare=True, wrong_method=404),
        breaks=_BODY_FIRST["openhands"],
    ),
    Stranger(
        "openhands",
        "fastapi",
        "no key, close, small pages, strict names, escaped",
        Habits(key=None, close=True, page=2, names="strict", ascii=True, pretty=True),
    ),
    Stranger("openhands", "asyncio", "false when unchanged", Habits(unchanged_false=True, unknown_false=True)),
    Stranger(
        "openhands",
        "asyncio",
        "odd ids, chunked, odd headers",
        Habits(ids="odd", chunked=True, case="odd", chatty=True),
    ),
    Stranger(
        "openhands",
        "asyncio",
        "HTTP/1.0, surrogates",
        Habits(http10=True, ascii=True, surrogates=True, members="required"),
    ),
    Stranger(
        "openhands",
        "asyncio",
        "closes silently, bare, interim 100",
        Habits(closes_silently=True, bare=True, interim=100),
    ),
    Stranger("openhands", "asyncio", "rename only", Habits(rename_only=True), stock=2, lent=True, passes=20),
    Stranger(
        "openhands",
        "asyncio",
        "rename only, false",
        Habits(rename_only=True, unknown_false=True, unchanged_false=True),
        stock=2,
        lent=True,
        passes=20,
    ),
    Stranger(
        "openhands",
        "asyncio",
        "rename only, 403 elsewhere",
        Habits(rename_only=True, elsewhere=403, wrong_method=404),
        stock=1,
        lent=True,
        passes=20,
    ),
    Stranger(
        "openhands", "asyncio", "rename only, no key", Habits(rename_only=True, key=None), stock=1, lent=True, passes=20
    ),
    Stranger("openhands", "http.server", "no creation", Habits(create=False), stock=3),
    Stranger("openhands", "http.server", "lent, no creation wanted", Habits(), stock=2, lent=True),
    Stranger("openhands", "http.server", "neighbours, more members", Habits(neighbours=True, members="more"), stock=1),
    Stranger(
        "openhands",
        "http.server",
        "restless, printable names",
        Habits(restless=True, names="printable", no_updated_at=True),
    ),
    Stranger("openhands", "http.server", "one only, too many", Habits(quota=1, quota_status=409)),
    Stranger(
        "openhands",
        "http.server",
        "no reading, trims",
        Habits(read=False, frozen_time=True, trims=True),
        breaks=frozenset({"openhands.blanks-kept"}),
    ),
    Stranger(
        "openhands",
        "http.server",
        "rate limited, saying nothing",
        Habits(rate=40, retry_after="none"),
        select=_FEW,
        passes=4,
    ),
    Stranger("openhands", "asyncio", "slow", Habits(delay=0.08), select=_FEW, passes=4),
)
