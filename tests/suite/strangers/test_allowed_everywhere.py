"""Habits of correct servers in each dimension of a rename: none is held against a server of any system."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from harness import FEW_DRAWN, KEY, KEYS, OTHER_MODE_KEY, OTHER_USER_KEY, judge
from mutants.everywhere import ANSWER, BASES, LISTING, READING, AnyServer
from starlette.requests import Request
from starlette.responses import Response

from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve

# -- the client's form


class WantsToKnowTheLength(AnyServer):
    """A body in chunks is refused with 411, HTTP/1.0 with 426, an expectation with 417."""

    async def rename(self, request: Request) -> Response:
        if "transfer-encoding" in request.headers:
            raise Refusal(411, "length_required", "The length is required.")
        if request.scope["http_version"] == "1.0":
            raise Refusal(426, "upgrade_required", "Ask in HTTP/1.1.", headers={"Upgrade": "HTTP/1.1"})
        if "expect" in request.headers:
            raise Refusal(417, "expectation_failed", "Nothing is to be expected.")
        return await super().rename(request)


class KnowsNoOldHttp(AnyServer):
    """HTTP/1.0 is answered with 505, a transfer coding with 501."""

    async def rename(self, request: Request) -> Response:
        if request.scope["http_version"] == "1.0":
            raise Refusal(505, "http_version_not_supported", "Ask in HTTP/1.1.")
        if "transfer-encoding" in request.headers:
            raise Refusal(501, "not_implemented", "Bodies come whole here.")
        return await super().rename(request)


class WantsAContentType(AnyServer):
    """A body whose type is not said, or is not JSON, is refused with 415."""

    def received(self, request: Request, body: bytes) -> bytes:
        if not request.headers.get("content-type", "").lower().startswith("application/json"):
            raise Refusal(415, "unsupported_media_type", "The body has to be application/json.")
        return body


class MindsItsHeaders(AnyServer):
    """Many headers, or long ones, are refused with 431, the name of another host with 421."""

    async def rename(self, request: Request) -> Response:
        if len(request.headers) > 40 or any(len(value) > 2000 for value in request.headers.values()):
            raise Refusal(431, "headers_too_large", "There is too much in the headers.")
        if "x-forwarded-host" in request.headers:
            raise Refusal(421, "misdirected", "This is another host.")
        return await super().rename(request)


# -- the JSON text


class TakesNoMemberMore(AnyServer):
    """A member that no document names is refused with 400."""

    def received(self, request: Request, body: bytes) -> bytes:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return body
        known = {"name", "user", "auto_generate", "session_name", "title"}
        if isinstance(value, dict) and not value.keys() <= known and self.system != "openhands":
            raise self.invalid_body()
        return body

    def invalid_body(self) -> Refusal:
        """The refusal, in the shape of the system."""
        return self.unreadable("A member is not known.") if self.system == "agno" else self.bad_request()


# -- names


class NamesAreLines(AnyServer):
    """A name that is blank, or has a line separator or half a surrogate pair in it, is refused as invalid."""

    async def apply(self, session: Any, name: str) -> None:
        if not name.strip() or any(char in "\u2028\u2029" or 0xD800 <= ord(char) < 0xE000 for char in name):
            raise Refusal(422 if self.system == "openhands" else 400, "invalid_param", "The name is no line.")
        await super().apply(session, name)


# -- sessions


class FillsInWhatIsMissing(AnyServer):
    """What a creation leaves out is filled in when the session is made, and not touched again."""

    async def create(self, request: Request) -> Response:
        answer: Response = await super().create(request)  # type: ignore[misc]
        for session in self.known.values():
            if self.system == "agno":
                session.session_state = session.session_state or {}
                session.metadata = session.metadata or {}
                session.session_name = session.session_name or "New session"
        return answer if self.system == "openhands" or answer.status_code != 201 else self._again(answer)

    def _again(self, answer: Response) -> Response:
        session_id = json.loads(bytes(answer.body))["session_id"]
        return self.respond(201, self.render(next(one for one in self.known.values() if self.id_of(one) == session_id)))


# -- the place in a sequence


class DeletedOnesAreGone(AnyServer):
    """The rename of a session that was deleted is refused with 410: of that no document says anything."""

    @cached_property
    def gone(self) -> set[str]:
        return set()

    def was_deleted(self, request: Request) -> None:
        self.gone.add(str(next(iter(request.path_params.values()))))

    async def rename(self, request: Request) -> Response:
        try:
            return await super().rename(request)
        except Refusal as refusal:
            if refusal.status == 404 and str(next(iter(request.path_params.values()))) in self.gone:
                raise Refusal(410, "gone", "It was deleted.") from None
            raise


# -- what is seen


class ListsWithoutFractions(AnyServer):
    """A listing shows the time of creation by another spelling than a reading, before a rename and after it."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        made = found["created_at"]
        if outlet != LISTING or not isinstance(made, str):
            return found
        return found | {"created_at": made[:19] + "+00:00"}


class ListsALittleOnly(AnyServer):
    """A listing shows the id and the name, and when a session was made."""

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        kept = {"id", "session_id", "conversation_id", "name", "session_name", "title", "created_at"}
        return {name: value for name, value in found.items() if name in kept} if outlet == LISTING else found


class TellsMoreWhenItReads(AnyServer):
    """A reading and an answer count how often a session was shown, and say how long the request took."""

    @cached_property
    def times(self) -> count[int]:
        return count()

    def shown(self, session: Any, found: dict[str, Any], outlet: str) -> dict[str, Any]:
        return found | ({"shown": next(self.times)} if outlet in {ANSWER, READING} else {})


# -- two faults at once


class LooksForTheSessionFirst(AnyServer):
    """What does not exist is answered with 404 whatever the body is like, once the key is right."""

    async def rename(self, request: Request) -> Response:
        self.authenticate(request)
        if self.asked_for(request) is None:
            raise Refusal(404, "not_found", "There is no such session.")
        return await super().rename(request)


#: Each habit, the systems that may have it, and the SHOULDs that it breaks there.
HABITS: list[tuple[type[Any], Mapping[str, set[str]]]] = [
    (WantsToKnowTheLength, {"dify": set(), "agno": set(), "openhands": set()}),
    (KnowsNoOldHttp, {"dify": set(), "agno": set(), "openhands": set()}),
    (WantsAContentType, {"dify": set(), "agno": set(), "openhands": set()}),
    (MindsItsHeaders, {"dify": set(), "agno": set(), "openhands": set()}),
    (TakesNoMemberMore, {"dify": set(), "agno": set()}),
    (NamesAreLines, {"dify": set(), "agno": set(), "openhands": set()}),
    (FillsInWhatIsMissing, {"agno": set()}),
    (DeletedOnesAreGone, {"openhands": set()}),
    (ListsWithoutFractions, {"agno": set(), "openhands": set()}),
    (ListsALittleOnly, {"agno": set(), "openhands": set()}),
    (TellsMoreWhenItReads, {"dify": set(), "agno": set(), "openhands": set()}),
    (LooksForTheSessionFirst, {"dify": set(), "agno": set(), "openhands": set()}),
]

_CASES = [(habit, system, breaks) for habit, systems in HABITS for system, breaks in systems.items()]


@pytest.mark.parametrize(
    ("habit", "system", "breaks"),
    [
        pytest.param(
            habit, system, breaks, id=f"{system}-{habit.__name__}",
            marks=() if system == ("dify", "agno", "openhands")[number % 3] else pytest.mark.slow,
        )
        for number, (habit, system, breaks) in enumerate(_CASES)
    ],
)  # fmt: skip
def test_a_habit_is_held_against_no_server(habit: type[Any], system: str, breaks: set[str], tmp_path: Path) -> None:
    kind = type(habit.__name__, (habit, BASES[system]), {"system": system})
    app: Any = kind(KEY, OTHER_MODE_KEY) if system == "dify" else kind(KEY)
    app.other_user_key = OTHER_USER_KEY
    with serve(app) as url:
        judged = judge(url, tmp_path, FEW_DRAWN, system=system, env=KEYS, record_only=True)
    assert judged.with_verdict("error") == set(), judged.output
    assert judged.with_verdict("fail") == breaks, judged.output
    assert judged.status == 0, judged.output
    assert len(judged.with_verdict("pass")) > 30
