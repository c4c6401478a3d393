"""Faults that only some clients meet: gateways, firewalls and frameworks that read a request by its headers."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mutants.everywhere import AnyServer, everywhere
from rename_tck.reference.service import Refusal

_CODE = re.compile(r"[<>*`$;#/]|\{\{|\.\.")


@everywhere("rename-accepted")
class DropsLongBodiesInChunks(AnyServer):
    """A gateway passes on the first 120 bytes of a body that comes in chunks."""

    def received(self, request: Request, body: bytes) -> bytes:
        return body[:120] if "content-length" not in request.headers else body


@everywhere("rename-accepted")
class BlocksCodeInUtf8(AnyServer):
    """A moderator looks for code in a name whose media type it reads, with a parameter or in capitals: 403."""

    def kept(self, session: Any, name: str) -> str:
        plain = self.renaming.headers.get("content-type", "") in {"application/json", ""}
        if not plain and _CODE.search(name):
            raise Refusal(403, "forbidden", "The request was blocked.")
        return name


@everywhere("rename-accepted")
class KnowsNoBrotli(AnyServer):
    """A client that could read an answer in Brotli gets 406, for there is no such coding here."""

    def kept(self, session: Any, name: str) -> str:
        if "br" in self.renaming.headers.get("accept-encoding", ""):
            raise Refusal(406, "not_acceptable", "There is no such coding here.")
        return name


@everywhere("answer-media-type")
class ShowsBrowsersAPage(AnyServer):
    """A client that would rather have HTML gets the answer as a page."""

    def answer_renamed(self, session: Any) -> Response:
        answer = super().answer_renamed(session)
        asks = self.renaming.headers.get("accept", "").startswith("text/html")
        return HTMLResponse(answer.body) if asks else answer


@everywhere("name-stored", also=("answer-name",))
class ReadsLatin1WithoutACharset(AnyServer):
    """A name beyond ASCII is read as Latin-1 where the media type has a parameter and that is not utf-8 as written."""

    def kept(self, session: Any, name: str) -> str:
        _, semicolon, parameter = self.renaming.headers.get("content-type", "").partition(";")
        if semicolon and parameter.strip() != "charset=utf-8":
            return name.encode().decode("latin-1")
        return name


@everywhere("no-server-error")
class CrashesOnABrokenTrace(AnyServer):
    """A traceparent that is none is answered with 500, as the tracing of the database reads it."""

    def kept(self, session: Any, name: str) -> str:
        if trace := self.renaming.headers.get("traceparent"):
            int(trace.split("-")[3], 16)
        return name


@everywhere("name-stored", also=("answer-name",))
class CutsWhatComesOnAConnectionOfItsOwn(AnyServer):
    """Whoever does not keep the connection is served by an old worker, which cuts a name after 60 characters."""

    def kept(self, session: Any, name: str) -> str:
        headers = self.renaming.headers
        kept = headers.get("connection", "keep-alive") == "keep-alive" and "expect" not in headers
        return name if kept else name[:60]
