"""What the embedded servers have in common: routing, reading JSON strictly, answering and refusing in JSON.

A system's server derives from `Service`, names its routes, and says how an error looks. Each step of a request is a
method of its own, so that a test can make a server with exactly one fault by overriding one of them.
"""

import hmac
import json
import math
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]
Routes = Mapping[str, Mapping[str, Handler]]
"""Path pattern → HTTP method → handler."""


class Refusal(Exception):
    """A request that is not granted.

    `status` is the HTTP status, `code` a short machine-readable reason, `message` a sentence for people, `loc` the
    place of the fault in the request (outermost first), `headers` what the answer's header fields must carry besides.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        loc: tuple[str | int, ...] = ("body",),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.loc = loc
        self.headers = dict(headers or {})


class Service(ABC):
    """An ASGI application whose every answer, errors included, is JSON in the system's own shape."""

    base_path: ClassVar[str] = ""
    """What the base URL has after host and port."""

    max_body_bytes: ClassVar[int] = 1024 * 1024
    """Longest request body that is read; a longer one is refused with 413."""

    other_user_key: str | None = None
    """The key of a second user, where the system gives each user a key of his own."""

    def __init__(self) -> None:
        self._app = Starlette(
            routes=[
                Route(self.base_path + path, _dispatcher(handlers), methods=list(handlers))
                for path, handlers in self.routes().items()
            ],
            exception_handlers={
                Refusal: self._on_refusal,
                HTTPException: self._on_http_exception,
                Exception: self._on_crash,
            },
        )
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        await self._app(scope, receive, send)

    # What a system says

    @abstractmethod
    def routes(self) -> Routes:
        """The operations that the server has, below `base_path`."""

    @abstractmethod
    def authenticate(self, request: Request) -> None:
        """Refuse a request that does not carry the credential the server asks for."""

    @abstractmethod
    def render_error(self, refusal: Refusal) -> Any:
        """The body of an error answer, in the system's documented shape."""

    @abstractmethod
    def unreadable(self, reason: str) -> Refusal:
        """The refusal of a body that is not JSON; `reason` is a sentence."""

    @abstractmethod
    def not_an_object(self) -> Refusal:
        """The refusal of a JSON body that is not an object."""

    # Reading

    async def read_object(self, request: Request) -> dict[str, Any]:
        """The request's body, which has to be a JSON object."""
        return self.require_object(self.decode(await self.read_body(request)))

    async def read_body(self, request: Request) -> bytes:
        """The request's body as it came, if it is not too long."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.max_body_bytes:
                raise self.too_large()
        return bytes(body)

    def decode(self, body: bytes) -> Any:
        """The JSON value that `body` holds (RFC 8259), or the refusal `unreadable`."""
        try:
            return parse_json(body)
        except (ValueError, RecursionError):
            raise self.unreadable("The request body is not well-formed JSON in UTF-8.") from None

    def require_object(self, value: Any) -> dict[str, Any]:
        """Return `value` if it is a JSON object, else refuse."""
        if not isinstance(value, dict):
            raise self.not_an_object()
        return value

    # Answering

    def respond(self, status: int, payload: Any, headers: Mapping[str, str] | None = None) -> Response:
        """An answer that carries `payload` as JSON."""
        return Response(self.encode(payload), status, headers=headers, media_type="application/json")

    def encode(self, payload: Any) -> bytes:
        """Spell `payload` as a JSON text in UTF-8."""
        return json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()

    def respond_empty(self) -> Response:
        """204: done, and nothing to say."""
        return Response(status_code=204)

    def refuse(self, refusal: Refusal) -> Response:
        """Answer with an error."""
        return self.respond(refusal.status, self.render_error(refusal), refusal.headers)

    # Refusals that have nothing to do with one system

    def too_large(self) -> Refusal:
        """The refusal of a body longer than `max_body_bytes`."""
        return Refusal(413, "request_too_large", f"The request body is longer than {self.max_body_bytes} bytes.")

    def no_such_route(self) -> Refusal:
        """The refusal of a path that no route matches."""
        return Refusal(404, "not_found", "There is nothing at this path.", loc=("path",))

    def wrong_method(self, headers: Mapping[str, str] | None) -> Refusal:
        """`headers` holds `Allow`, the methods that the path has (RFC 9110, section 15.5.6)."""
        return Refusal(405, "method_not_allowed", "The path does not have this method.", loc=("path",), headers=headers)

    def crashed(self) -> Refusal:
        """What is answered when the server itself fails."""
        return Refusal(500, "internal_server_error", "The server failed.", loc=())

    async def _on_refusal(self, _request: Request, exc: Exception) -> Response:
        assert isinstance(exc, Refusal)
        return self.refuse(exc)

    async def _on_http_exception(self, _request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)
        return self.refuse(self.wrong_method(exc.headers) if exc.status_code == 405 else self.no_such_route())

    async def _on_crash(self, _request: Request, _exc: Exception) -> Response:
        return self.refuse(self.crashed())

    # The clock

    def now(self) -> datetime:
        """The present time, in UTC."""
        return datetime.now(UTC)


def _dispatcher(handlers: Mapping[str, Handler]) -> Handler:
    async def dispatch(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return dispatch


def parse_json(body: bytes) -> Any:
    """The value of a JSON text in UTF-8; ValueError when it is none, RecursionError when it is nested too deeply.

    Stricter than Python's own reading: no NaN and no infinities, and no unpaired surrogates, which UTF-8 cannot carry.
    """
    value = json.loads(body.decode(), parse_constant=_refuse_constant, parse_float=_finite)
    json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError, a ValueError, on an unpaired surrogate
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("the number is out of range")
    return number


def parse_natural(text: str) -> int | None:
    """The number that up to nine decimal digits spell, else None."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


def has_control_characters(text: str) -> bool:
    """Whether `text` has a character of Unicode's general category Cc (U+0000 to U+001F, U+007F to U+009F)."""
    return any(unicodedata.category(character) == "Cc" for character in text)


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer …` (RFC 6750, section 2.1), None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def same_secret(given: str | None, expected: str) -> bool:
    """Whether a secret taken from a header field is the expected one, told in constant time."""
    return given is not None and hmac.compare_digest(given.encode("latin-1", "replace"), expected.encode())
