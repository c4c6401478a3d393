"""A failing case that an earlier run saved, and its request made anew for the sessions of this one."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from rename_tck.cases.drawn import UnknownValueError, from_json
from rename_tck.cases.ids import OddId, own_word
from rename_tck.client.exchange import Credential, Exchange, Request, decoded, encode_json, segment
from rename_tck.client.wire import Wire
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.target import Target
from rename_tck.verdict import NotTested, ReplayData

#: What `token_for` makes: it tells what a run made up from what stands at the target.
TOKEN = re.compile(r"[0-9a-f]{10}")

#: A token with the number that makes a name of it.
_ANEW = re.compile(rf"{TOKEN.pattern}\d?(?:-\d+)?")

#: What stood there, and what is to stand there.
Change = tuple[str, str]


@dataclass(frozen=True, eq=False)
class ReplayCase:
    """What a file of a failure says."""

    requirement: str
    system: str
    edition: str | None
    #: The editions that the run judged by.
    editions: tuple[str, ...]
    case: str
    #: The name of the contract test's function.
    test: str
    #: The module that the function stands in.
    module: str
    #: What it takes to try just this case again: its `keys`, a `drawn` value or the `request` where it has one, and how
    #: it is sent; None where it held a secret.
    again: Mapping[str, Any] | None
    #: The request as the report showed it, for a reader to see what was sent again.
    request: Mapping[str, Any] | None = field(default=None, repr=False)
    #: The user's own document, where the run judged by one: its name as it was given, and the SHA-256 of its bytes.
    spec_file: str | None = None
    spec_sha256: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the case, from the outermost loop to the innermost."""
        return tuple(self.again["keys"]) if self.again else ()

    @property
    def lot(self) -> str | None:
        """What its session, form and spelling were drawn by, where the file says so."""
        return (self.again or {}).get("lot")

    @property
    def plain(self) -> bool:
        """Whether it failed as the suite itself sends it."""
        return (self.again or {}).get("plain") is True

    @property
    def request_again(self) -> Mapping[str, Any] | None:
        """The request that a law which looks back sends again."""
        return (self.again or {}).get("request")

    def drawn(self) -> Any:
        """The drawn value that failed.

        Raises:
            NotTested: this suite does not understand it.
        """
        try:
            return from_json((self.again or {}).get("drawn"))
        except UnknownValueError as error:
            raise NotTested(f"what was drawn cannot be tried again: {error}") from None


def replay_data(keys: Sequence[str], exchange: Exchange | None, target: Target, lot: str) -> ReplayData:
    """What it takes to try the case of these keys again, or the request where it stands outside every loop.

    `lot` is what it was drawn by how the case is sent, and to which session.
    """
    if keys or exchange is None:
        return ReplayData(list(keys), lot=lot)
    sent = _sent(exchange.request, target.session_of(exchange.request.path), target.token)
    return ReplayData([], request=sent, lot=lot)


def _sent(request: Request, session: Session | None, token: str) -> dict[str, object]:
    """A request as it takes to make it anew; `session` is the live one that it addressed, if it did."""
    content: dict[str, object] = {
        "method": request.method,
        "path": request.path,
        "query": [list(pair) for pair in request.query],
        "headers": [list(pair) for pair in request.headers],
        "credential": request.credential.name,
        "token": token,
        "session": None if session is None else {"id": session.id, "kind": session.kind, "owner": session.owner},
    }
    if wire := request.wire.as_json():
        content["wire"] = wire
    if request.body is not None:
        try:
            content["body"] = request.body.decode()
        except UnicodeDecodeError:
            content["body_base64"] = base64.b64encode(request.body).decode()
    return content


def made_anew(content: Mapping[str, Any], target: Target) -> tuple[Request, bool]:
    """The request for this run's sessions, and whether it addresses a live one.

    A live session is replaced by a live one of the same kind. An id that was made up is made up again, or must be seen
    to be nobody's.

    Raises:
        NotTested: the file holds no such request, or it might address somebody's session.
    """
    try:
        request = _request(content)
        session, token = content["session"], str(content["token"])
        was = None if session is None else Session(session["id"], "fixture", session["kind"], session["owner"])
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise NotTested("the saved request cannot be made out") from None
    dialect = target.dialect
    found = dialect.operation.match(request)
    if found is None or not TOKEN.fullmatch(token):
        raise NotTested("the saved request is no rename")
    encoded = found["id"]
    tokens = (token, target.token)
    if was is not None:
        live = target.pool.take(1, was.kind)[0]
        return _moved(request, dialect, segment(live.id), tokens, (was.owner or "", live.owner or "")), True
    anew = encoded.replace(token, target.token)
    own = own_word(target.token).rpartition("-")[0] in anew
    why = target.pool.made_up.why_not(OddId(anew, "a saved one", "", own=own), None, since=len(target.client.journal))
    if why is not None:
        raise NotTested(f"the saved request's id may be somebody's: {why}")
    return _moved(request, dialect, anew, tokens, ("", "")), False


def _request(content: Mapping[str, Any]) -> Request:
    body = content.get("body")
    raw = base64.b64decode(content["body_base64"], validate=True) if "body_base64" in content else None
    return Request(
        str(content["method"]),
        str(content["path"]),
        _pairs(content["query"]),
        body.encode() if isinstance(body, str) else raw,
        _pairs(content["headers"]),
        Credential[content["credential"]],
        wire=Wire.from_json(content.get("wire", {})),
    )


def _pairs(content: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in content)


def _moved(request: Request, dialect: Dialect, encoded: str, token: Change, owner: Change) -> Request:
    """The request with another id; the run's own names and the session's user are put in place of the earlier ones."""
    query = tuple((name, owner[1] if value == owner[0] else value) for name, value in request.query)
    body = request.body
    if body is not None:
        body = body.replace(encode_json(owner[0]), encode_json(owner[1])) if owner[0] != owner[1] else body
        body = body.replace(token[0].encode(), token[1].encode())
    return replace(
        request,
        path=dialect.rename_path.replace("{id}", encoded),
        query=tuple((name, value.replace(*token)) for name, value in query),
        body=body,
        timeout_factor=dialect.timeout_factor_for(decoded(body)),
    )


def likest(exchanges: Sequence[Exchange], request: Mapping[str, Any] | None) -> Exchange | None:
    """The exchange whose request is most like the one that was kept, the last of several; None where there is none."""
    if request is None or not exchanges:
        return exchanges[-1] if exchanges else None
    body, query = _comparable(request["body"]), _comparable(_query(request["url"]))

    def likeness(exchange: Exchange) -> tuple[bool, bool, bool, float]:
        own, wire = exchange.request.body, exchange.request.wire
        text = _comparable(None if own is None else own.decode("utf-8", "backslashreplace"))
        return (
            exchange.shown_headers() == request["headers"],
            wire.in_words(len(own or b"")) == request.get("wire", []),
            _comparable(_query(exchange.url)) == query,
            1.0 if text == body else SequenceMatcher(None, text, body).quick_ratio() / 2,
        )

    return max(reversed(exchanges), key=likeness)


def _query(url: str) -> str:
    # a mask in the host's place is no address to a parser of URLs
    return url.partition("?")[2]


def _comparable(text: str | None) -> str:
    """What two runs send alike: without what each makes up anew."""
    return _ANEW.sub("", text or "")[:2000]
