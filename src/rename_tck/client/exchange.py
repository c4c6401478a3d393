"""A request and its answer, as data: what was sent, and what came back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from urllib.parse import quote, urlencode

from rename_tck.client.wire import USUAL, Wire

#: The environment variable that holds the key, in every curl that the suite prints.
KEY_VARIABLE = "RENAME_TCK_API_KEY"
OTHER_MODE_KEY_VARIABLE = "RENAME_TCK_OTHER_MODE_KEY"
OTHER_USER_KEY_VARIABLE = "RENAME_TCK_OTHER_USER_KEY"

#: Headers of every request, whatever else it has.
ALWAYS = {"Accept": "application/json"}

#: What goes with every request as well, and in no curl, which has its own.
OWN = {"User-Agent": "rename-tck", "Accept-Encoding": "gzip, deflate"}

#: How much of a body a report keeps, in characters.
BODY_LIMIT = 2000


class Credential(Enum):
    """Which credential goes with a request; the value is how a shell spells it, where it needs one."""

    GIVEN = f"${KEY_VARIABLE}"
    NONE = ""
    WRONG = "not-the-key"
    EMPTY = "$(printf '')"
    LONGER = f"${{{KEY_VARIABLE}}}x"
    SHORTER = f"${{{KEY_VARIABLE}%?}}"
    OTHER_END = f"${{{KEY_VARIABLE}%?}}!"
    OTHER_BEGINNING = f"!${{{KEY_VARIABLE}#?}}"
    BEHIND = f"x${KEY_VARIABLE}"
    OTHER_CASE = f'$(printf %s "${KEY_VARIABLE}" | tr a-zA-Z A-Za-z)'
    LOWER_CASE_SCHEME = f"bearer ${KEY_VARIABLE}"
    UPPER_CASE_SCHEME = f"BEARER ${KEY_VARIABLE}"
    NO_SCHEME = f"$(printf %s ${KEY_VARIABLE})"
    OTHER_SCHEME = f"Basic ${KEY_VARIABLE}"
    BEYOND_ASCII = f"é${KEY_VARIABLE}"
    OTHER_MODE = f"${OTHER_MODE_KEY_VARIABLE}"
    OTHER_USER = f"${OTHER_USER_KEY_VARIABLE}"


@dataclass(frozen=True)
class Request:
    """One HTTP request under the base URL. `path` is sent as it stands, percent-encoding and all."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    credential: Credential = Credential.GIVEN
    #: Times the usual time-out: asking a language model for a title is slow.
    timeout_factor: float = 1.0
    wire: Wire = USUAL

    @property
    def encoded_target(self) -> str:
        """Path and query, but for the bytes that stand behind that as they are."""
        return self.path + ("?" + urlencode(self.query, quote_via=quote) if self.query else "")

    @property
    def target(self) -> str:
        """Path and query as they go over the wire; bytes that are not UTF-8 as escapes."""
        more = self.wire.raw_query.decode("utf-8", "backslashreplace")
        return self.encoded_target + (("&" if self.query else "?") + more if more else "")

    def with_credential(self, credential: Credential) -> Request:
        """The same request under another credential."""
        return replace(self, credential=credential)


def encode_json(value: object) -> bytes:
    """A JSON body: UTF-8, or with escapes where the text holds an unpaired surrogate (RFC 8259, section 8.2)."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def decoded(body: bytes | None) -> object:
    """The JSON of a body; None for what is none, and for what is nested too deeply to be read."""
    try:
        return json.loads(body or b"")
    except (ValueError, RecursionError):
        return None


def plain(value: object) -> str:
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)


def shown(value: object, redact: Callable[[str], str]) -> str:
    """A value as JSON, without secrets, cut to what a line can show."""
    text = redact(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 120 else f"{text[:100]}… ({len(text)} characters)"


def segment(text: str) -> str:
    """A text as one path segment (RFC 3986, section 3.3): all but unreserved characters percent-encoded."""
    return quote(text, safe="", errors="surrogatepass")


class NotJsonError(ValueError):
    """An answer's body is not JSON in UTF-8; the message says what is wrong with it."""


def _no_constant(name: str) -> object:
    raise NotJsonError(f"it holds {name}, which JSON does not have (RFC 8259, section 6)")


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is the decoded content (gzip undone), cut at the transport's limit."""

    status: int
    reason: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: float = 0.0

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case; empty when there is none."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    @property
    def is_page(self) -> bool:
        """Whether it is an HTML page, by its type or its looks."""
        start = self.body.lstrip()[:15].lower()
        return self.media_type in {"text/html", "application/xhtml+xml"} or start.startswith((b"<!doctype", b"<html"))

    @cached_property
    def _parsed(self) -> tuple[object, str | None]:
        try:
            text = self.body.decode("utf-8")
        except UnicodeDecodeError as error:
            return None, f"it is not UTF-8 (byte {error.start})"
        try:
            return json.loads(text, parse_constant=_no_constant), None
        except NotJsonError as error:
            return None, str(error)
        except RecursionError:
            return None, "it is nested too deeply to be read"
        except ValueError as error:
            return None, "it is empty" if not text.strip() else f"it is not JSON ({error})"

    def json(self) -> object:
        """The body as JSON.

        Raises:
            NotJsonError: the body is not JSON in UTF-8, or holds NaN or an infinity.
        """
        value, trouble = self._parsed
        if trouble is not None:
            raise NotJsonError(trouble)
        return value

    @property
    def value(self) -> object:
        """The body as JSON, or None where it is not JSON."""
        return self._parsed[0]

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", "backslashreplace")


class Trouble(Enum):
    """Why no answer came."""

    REFUSED = "connection refused"
    UNKNOWN_HOST = "unknown host"
    TLS = "TLS failed"
    PROXY = "a proxy failed"
    #: The connection broke before a whole answer came: it may be tried again.
    BROKEN = "connection broke"
    TIMEOUT = "no whole answer in time"
    TOO_LARGE = "the answer is too large"
    NO_HTTP = "the answer is no HTTP"


@dataclass(frozen=True)
class Exchange:
    """A request and what became of it: an answer, or the trouble that kept it away."""

    request: Request
    base_url: str
    answer: Answer | None = None
    #: Why no answer came, in a sentence, and of which kind that is.
    trouble: str | None = None
    trouble_kind: Trouble | None = None
    #: Header names that `--header` added: their values are secrets, but for those that are empty.
    extra_headers: tuple[str, ...] = field(default=())
    empty_headers: tuple[str, ...] = field(default=())
    auth_header: tuple[str, str] | None = None  # name, and the value's form with "{}" for the key
    #: As requests has it: whether TLS was verified, or by which file of certificates.
    verify: bool | str = True
    #: When it ended, by the monotonic clock.
    at: float = field(default_factory=time.monotonic, compare=False)

    @property
    def status(self) -> int:
        """The answer's status; 0 when there was no answer."""
        return self.answer.status if self.answer else 0

    @property
    def url(self) -> str:
        """Where the request went."""
        return self.base_url + self.request.target

    def shown_headers(self) -> dict[str, str]:
        """The request's headers with variables in place of secrets."""
        credential = self.request.credential
        shown = {name: f"${header_variable(name)}" for name in self.extra_headers} | dict.fromkeys(
            self.empty_headers, ""
        )
        auth = {}
        if self.auth_header and credential is not Credential.NONE:
            name, form = self.auth_header
            form, credential = schemed(form, credential)
            auth[name] = form.format("" if credential is Credential.EMPTY else credential.value)
        wire = self.request.wire
        sent = wire.sent(merged(ALWAYS, dict(wire.headers), shown, auth, dict(self.request.headers)), shown)
        if wire.chunk and self.request.body:
            sent["Transfer-Encoding"] = "chunked"
        return {wire.names.spell(name): value for name, value in sent.items()}


def altered(key: str, credential: Credential) -> str | None:
    """A key as a credential has it that is made of it; None for the one that is none."""
    return {
        Credential.NONE: None, Credential.LONGER: f"{key}x", Credential.SHORTER: key[:-1],
        Credential.OTHER_END: f"{key[:-1]}!", Credential.OTHER_BEGINNING: f"!{key[1:]}", Credential.BEHIND: f"x{key}",
        Credential.OTHER_CASE: key.swapcase(), Credential.BEYOND_ASCII: "é".encode().decode("latin-1") + key,
    }.get(credential, key)  # fmt: skip


def schemed(form: str, credential: Credential) -> tuple[str, Credential]:
    """The form of the header that carries a credential, and what stands in it: some differ in the scheme alone."""
    match credential:
        case Credential.LOWER_CASE_SCHEME:
            return form.lower(), Credential.GIVEN
        case Credential.UPPER_CASE_SCHEME:
            return form.upper(), Credential.GIVEN
        case Credential.NO_SCHEME:
            return "{}", Credential.GIVEN
        case Credential.OTHER_SCHEME:
            return "Basic {}", Credential.GIVEN
    return form, credential


def merged(*groups: Mapping[str, str]) -> dict[str, str]:
    """Headers of several sources: a later one takes the place of an earlier one of its name, in whatever case."""
    by_name: dict[str, tuple[str, str]] = {}
    for group in groups:
        for name, value in group.items():
            by_name[name.lower()] = name, value
    return dict(by_name.values())


def header_variable(name: str) -> str:
    """The environment variable from which a curl takes the value of a `--header`."""
    return f"RENAME_TCK_HEADER_{re.sub('[^A-Z0-9]', '_', name.upper())}"
