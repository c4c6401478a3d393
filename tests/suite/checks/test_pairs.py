"""Servers that fail only where two values of a rename meet: the run finds them, and says which two do it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, OTHER_MODE_KEY, judge
from starlette.requests import Request
from starlette.responses import Response

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve

ENV = {"RENAME_TCK_API_KEY": KEY, "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY}


class TakesTheFirstChunkForTheLength(OpenHandsServer):
    """A title of one character in a body without Content-Length is taken for empty."""

    chunked = False

    async def rename(self, request: Request) -> Response:
        self.chunked = "transfer-encoding" in request.headers
        return await super().rename(request)

    def normalise_title(self, title: str) -> str:
        return "Untitled" if self.chunked and len(title) == 1 else title


class TeamsAreReadLineByLine(AgnoServer):
    """The handler of teams, written later, looks for the first member right behind the brace."""

    async def rename(self, request: Request) -> Response:
        if request.query_params.get("type") == "team" and not re.match(rb'{"|{}', await request.body()):
            raise self.invalid("The body ends unexpectedly.", ("body",))
        return await super().rename(request)


class PadsOnTheSecondShard(DifyServer):
    """Users who came later are on a shard whose column is of two characters at the least."""

    def new_name(self, conversation: Any, asked: Any) -> str:
        name = super().new_name(conversation, asked)
        return name.ljust(2) if asked.user != "rename-tck" else name


class HoldsAStateInANarrowColumn(AgnoServer):
    """Sessions that lack something are in an older table, whose names are of three-byte characters."""

    def store(self, session: Any, name: str) -> None:
        narrow = None in (session.session_state, session.metadata)
        super().store(session, "".join("?" if narrow and char > "\uffff" else char for char in name))


class KeepsWhatItRefused(OpenHandsServer):
    """After a refusal the parser's state is kept for the next body, and spoils what is not plain ASCII in it."""

    refused = False

    async def rename(self, request: Request) -> Response:
        spoilt, self.refused = self.refused, True
        self.spoils = spoilt
        answer = await super().rename(request)
        self.refused = False
        return answer

    def normalise_title(self, title: str) -> str:
        return title.encode().decode("latin-1") if self.spoils else title


@pytest.mark.parametrize(
    ("system", "server", "requirement", "words"),
    [
        (
            "openhands",
            TakesTheFirstChunkForTheLength(KEY),
            "openhands.name-stored",
            ("a body in chunks", "(single characters)"),
        ),
        ("agno", TeamsAreReadLineByLine(KEY), "agno.rename-accepted", ("a session of type team", "between all tokens")),
        (
            "dify",
            PadsOnTheSecondShard(KEY, OTHER_MODE_KEY),
            "dify.name-stored",
            ("(single characters)", "a user whose id"),
        ),
        ("agno", HoldsAStateInANarrowColumn(KEY), "agno.name-stored", ("U+10107", "a session created with")),
        ("openhands", KeepsWhatItRefused(KEY), "openhands.name-stored", ("at the beginning of a name", "before it")),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "routes") else "",
)
def test_a_pair_that_fails_is_named(
    system: str, server: Any, requirement: str, words: tuple[str, str], tmp_path: Path
) -> None:
    with serve(server) as url:
        judged = judge(url, tmp_path, FEW_DRAWN, system=system, env=ENV)
    found = judged.requirements[requirement]
    assert found["verdict"] == "fail", judged.output
    assert all(word in str(found["after"]) for word in words), found["after"]
    assert str(found["after"]).startswith("It fails only with all of (1) ")
    assert "; where one of them was left out the rename worked." in str(found["after"])
