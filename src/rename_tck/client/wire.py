"""How a request is put on the wire, where that is not as the suite usually does it: as data, and in bytes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class HeaderNames(StrEnum):
    """How the names of headers are spelt: they mean the same in any case (RFC 9110, section 5.1)."""

    AS_WRITTEN = "the usual case"
    LOWER = "lower case"
    CAPITALS = "capitals"
    #: A capital at the beginning and after each hyphen, and nowhere else.
    CANONICAL = "Go's case"

    def spell(self, name: str) -> str:
        """A name in this case."""
        match self:
            case HeaderNames.LOWER:
                return name.lower()
            case HeaderNames.CAPITALS:
                return name.upper()
            case HeaderNames.CANONICAL:
                return "-".join(part.capitalize() for part in name.split("-"))
        return name


#: What each member that is a text, or bytes, must be: nothing that begins another header, or another request.
_FORMS = {
    "before": r" *", "version": r"1\.[01]",
}  # fmt: skip
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?! )[^\0-\x1f\x7f\ud800-\udfff]*(?<! )")
_QUERY = re.compile(rb"[^\0-\x20\x7f#]*")


@dataclass(frozen=True)
class Wire:
    """What differs from how the suite usually sends a request; a header in it is a text, sent in UTF-8.

    Raises ValueError where it is no form in which one request can be sent.
    """

    #: More headers, or others than the suite's own; one of `--header` takes the place of one that has its name.
    headers: tuple[tuple[str, str], ...] = ()
    #: Names of the suite's own headers that are left out; one of `--header` is sent even so.
    without: tuple[str, ...] = ()
    names: HeaderNames = HeaderNames.AS_WRITTEN
    #: The blanks before the value of each header.
    before: str = " "
    #: Of HTTP.
    version: str = "1.1"
    #: Bytes of the body in each chunk (RFC 9112, section 7.1); 0 for a body whose length is stated.
    chunk: int = 0
    #: In how many TCP segments it goes out: the head in the first, or all of it where there is but one.
    segments: int = 1
    #: Stands behind the request's own query, as it is.
    raw_query: bytes = b""

    def __post_init__(self) -> None:
        for member, form in _FORMS.items():
            if not re.fullmatch(form, getattr(self, member)):
                raise ValueError(f"{member} cannot be {getattr(self, member)!r}")
        for name, value in (*self.headers, *((name, "") for name in self.without)):
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(f"{name!r}: {value!r} is no header")
        if not _QUERY.fullmatch(self.raw_query):
            raise ValueError(f"{self.raw_query!r} is no query")
        if self.chunk < 0 or self.segments < 1 or (self.chunk and self.version == "1.0"):
            raise ValueError("no request can be sent in this way")

    @property
    def waits(self) -> bool:
        """Whether the body is only sent when the server has asked for it, or keeps silent (RFC 9110, 10.1.1)."""
        return any(name.lower() == "expect" for name, _ in self.headers)

    @property
    def closes(self) -> bool:
        """Whether no further request may follow on the connection."""
        options = [value.lower() for name, value in self.headers if name.lower() == "connection"]
        return self.waits or self.version == "1.0" or "close" in options

    def in_words(self, length: int) -> list[str]:
        """What the headers of a request do not show, for a reader; `length` is that of its body, in bytes."""
        return [
            *([f"header names in {self.names}"] if self.names is not HeaderNames.AS_WRITTEN else []),
            *([] if self.before else ["no blank behind the colon of a header"]),
            *(["more blanks before the values of headers"] if len(self.before) > 1 else []),
            *(f"no {name}" for name in self.without),
            *([f"HTTP/{self.version}"] if self.version != "1.1" else []),
            *self._parts(length),
        ]

    def beyond_curl(self, length: int) -> list[str]:
        """What of it no option of curl does, which spells Host as it likes and sends a short body in one chunk."""
        host = self.names.spell("Host")
        return [*([f"the name {host}"] if host != "Host" else []), *self._parts(length)]

    def _parts(self, length: int) -> list[str]:
        size = f"chunks of {self.chunk:,} byte{'' if self.chunk == 1 else 's'}"
        return [
            *([f"the body in {size}"] if 0 < self.chunk < length else []),
            *([f"head and body in {self.segments} TCP segments"] if self.segments > 1 else []),
        ]

    # -- headers

    def sent(self, headers: Mapping[str, str], given: Collection[str]) -> dict[str, str]:
        """The headers without those that are left out; `given` are the names of those of `--header`."""
        kept = {name.lower() for name in self.without} - {name.lower() for name in given}
        return {name: value for name, value in headers.items() if name.lower() not in kept}

    # -- bytes

    def pieces(self, request: bytes) -> list[bytes]:
        """What is sent, segment by segment, of a request as the suite usually sends it."""
        head, _, body = request.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        chunked = bool(self.chunk and body)
        spelt = [self._line(line), *(self._field(*field.split(b": ", 1), chunked=chunked) for field in lines)]
        head = b"\r\n".join([*spelt, b"", b""])
        content = self._chunks(body) if chunked else body
        parts = max(self.segments - 1, int(self.waits))
        if not parts or not content:
            return [head + content]
        size = -(-len(content) // parts)
        return [head, *(content[start : start + size] for start in range(0, len(content), size))]

    def _line(self, line: bytes) -> bytes:
        method, target, _ = line.split(b" ")
        if self.raw_query:
            target += (b"&" if b"?" in target else b"?") + self.raw_query
        return b"%b %b HTTP/%b" % (method, target, self.version.encode())

    def _field(self, name: bytes, value: bytes, *, chunked: bool) -> bytes:
        if chunked and name.lower() == b"content-length":
            name, value = b"Transfer-Encoding", b"chunked"
        spelt = self.names.spell(name.decode("ascii"))
        return f"{spelt}:{self.before}".encode() + value

    def _chunks(self, body: bytes) -> bytes:
        parts = [body[start : start + self.chunk] for start in range(0, len(body), self.chunk)]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        return chunks + b"0\r\n\r\n"

    # -- JSON

    def as_json(self) -> dict[str, object]:
        """What differs from the usual, as JSON."""
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        changed = {name: value for name, value in content.items() if value != getattr(USUAL, name)}
        if "raw_query" in changed:
            changed["raw_query"] = self.raw_query.decode("latin-1")
        return changed | ({"headers": [list(pair) for pair in self.headers]} if self.headers else {})

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Wire:
        """The one of which `as_json` has made this.

        Raises:
            ValueError, TypeError, AttributeError: none has.
        """
        made = dict(content)
        for name, make in (
            ("headers", lambda pairs: tuple((str(name), str(value)) for name, value in pairs)),
            ("without", lambda names: tuple(map(str, names))),
            ("names", HeaderNames),
            ("chunk", int),
            ("segments", int),
            ("raw_query", lambda text: text.encode("latin-1")),
        ):
            if name in made:
                made[name] = make(made[name])
        return cls(**made)


#: As the suite usually sends a request.
USUAL = Wire()
