"""A request and its answer, as data: what was sent, what came back, and the curl line that says it again."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from urllib.parse import quote, urlencode

#: The environment variable that holds the key, in every curl that the suite prints.
KEY_VARIABLE = "RENAME_TCK_API_KEY"
OTHER_MODE_KEY_VARIABLE = "RENAME_TCK_OTHER_MODE_KEY"

#: How much of a body a report keeps, in characters.
BODY_LIMIT = 2000


class Credential(Enum):
    """Which credential goes with a request; the value is how a shell spells it."""

    GIVEN = f"${KEY_VARIABLE}"
    NONE = ""
    WRONG = "not-the-key"
    EMPTY = "$(printf '')"
    LONGER = f"${{{KEY_VARIABLE}}}x"
    SHORTER = f"${{{KEY_VARIABLE}%?}}"
    OTHER_CASE = f'$(printf %s "${KEY_VARIABLE}" | tr a-zA-Z A-Za-z)'
    LOWER_CASE_SCHEME = f"bearer ${KEY_VARIABLE}"
    OTHER_MODE = f"${OTHER_MODE_KEY_VARIABLE}"


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
    patience: float = 1.0

    @property
    def target(self) -> str:
        """Path and query as they go over the wire."""
        return self.path + ("?" + urlencode(self.query, quote_via=quote) if self.query else "")

    def with_credential(self, credential: Credential) -> Request:
        """The same request under another credential."""
        return replace(self, credential=credential)


def encode_json(value: object) -> bytes:
    """A JSON body: UTF-8, or with escapes where the text holds an unpaired surrogate (RFC 8259, section 8.2)."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def plain(value: object) -> str:
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)


def shown(value: object) -> str:
    """A value as JSON, cut to what a line can show."""
    text = json.dumps(value, ensure_ascii=False, default=str)
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
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
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


@dataclass(frozen=True)
class Exchange:
    """A request and what became of it: an answer, or the trouble that kept it away."""

    request: Request
    base_url: str
    answer: Answer | None = None
    trouble: str | None = None
    #: Header names that `--header` added: their values are secrets.
    extra_headers: tuple[str, ...] = field(default=())
    auth_header: tuple[str, str] | None = None  # name, and the value's form with "{}" for the key

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
        shown: dict[str, str] = {}
        if self.auth_header and self.request.credential is not Credential.NONE:
            name, form = self.auth_header
            scheme_too = self.request.credential is Credential.LOWER_CASE_SCHEME
            shown[name] = ("{}" if scheme_too else form).format(self.request.credential.value)
        for name in self.extra_headers:
            shown[name] = f"$RENAME_TCK_HEADER_{name.upper().replace('-', '_')}"
        shown.update(self.request.headers)
        return shown

    def curl(self) -> str:
        """A shell command that sends the request again; keys come from the environment."""
        line = f"curl -sS -i -g --path-as-is -X {self.request.method} {shlex.quote(self.url)}"
        for name, value in self.shown_headers().items():
            text = f"{name}: {value}"
            if "$" in value and name not in dict(self.request.headers):
                line += f' -H "{text}"'
            else:
                line += f" -H {shlex.quote(text)}"
        body = self.request.body
        if body is not None:
            if "content-type" not in {name.lower() for name, _ in self.request.headers}:
                line += " -H 'Content-Type:'"
            try:
                text = body.decode("utf-8")
                printable = "\0" not in text and not text.startswith("@")
            except UnicodeDecodeError:
                printable = False
            if printable:
                line += f" --data-raw {shlex.quote(text)}"
            else:
                octal = "".join(f"\\{byte:03o}" for byte in body)
                line = f"printf '{octal}' | {line} --data-binary @-"
        return line
