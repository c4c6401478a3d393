"""What is sent to a session, or beside it, just before it is renamed: the place of a rename in a sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from rename_tck.cases import bodies, names
from rename_tck.cases.dimensions import Value
from rename_tck.cases.system_cases import SystemCases
from rename_tck.client.exchange import Credential, Request
from rename_tck.systems.dialect import Session

#: The request to a session; the name is one that no session may come to bear by it.
Make = Callable[[SystemCases, Session, str], Request]


class Before(Enum):
    """What comes before a rename, beyond a request to the session itself."""

    NOTHING = "nothing"
    #: The request that the place makes, to the session.
    REQUEST = "request"
    #: A rename of an id that no session has.
    UNKNOWN = "unknown"
    #: The deletion of another session, which was made for it.
    DELETED = "deleted"
    #: Two renames of another session.
    NEIGHBOUR = "neighbour"


@dataclass(frozen=True)
class Place(Value):
    """A place in a sequence, with what comes before the rename."""

    before: Before = Before.NOTHING
    make: Make | None = None
    #: Whether what is made must be refused.
    refused: bool = True


def _raw(body: bodies.RawBody) -> Make:
    return lambda cases, session, _: cases.dialect.rename(session, None, raw=body.raw)


def _body(value: Callable[[dict[str, object], str], object]) -> Make:
    def make(cases: SystemCases, session: Session, name: str) -> Request:
        body = cases.dialect.body(session, name)
        return cases.dialect.rename(session, value(body, cases.dialect.name_member))

    return make


def _named(text: str) -> Make:
    return lambda cases, session, _: cases.dialect.rename(session, cases.dialect.body(session, text))


def _without_key(cases: SystemCases, session: Session, name: str) -> Request:
    body = cases.dialect.body(session, name)
    return cases.dialect.rename(session, body, credential=Credential.NONE)


def _request(label: str, group: str, mistake: str, make: Make, *, refused: bool = True) -> Place:
    return Place(label, group, mistake, Before.REQUEST, make, refused)


_STATE = "what was read of a refused request is stored, and used for the next"

#: The places of every system.
PLACES: tuple[Place, ...] = (
    Place("nothing before it", "plain", "none: an ordinary rename"),
    _request("a body without the name before it", "a refusal", _STATE, _body(lambda *_: {})),
    _request(
        "a name that is null before it", "a refusal", "the null is held in a cache",
        _body(lambda body, member: {**body, member: None}),
    ),
    _request(
        "a name that is a number before it", "a refusal", _STATE, _body(lambda body, member: {**body, member: 5})
    ),
    _request(
        "a name that is an object before it", "a refusal", "half of it is stored",
        _body(lambda body, member: {**body, member: {"text": "x"}}),
    ),
    _request("a body that is no JSON before it", "a refusal", "the connection or the parser is left as it was",
             _raw(bodies.NOT_JSON[1])),
    _request("an empty body before it", "a refusal", "the next request's bytes are taken for its body",
             _raw(bodies.EMPTY[0])),
    _request("an array for a body before it", "a refusal", _STATE, _raw(bodies.NOT_OBJECT[1])),
    _request("a number for a body before it", "a refusal", _STATE, _raw(bodies.NOT_OBJECT[4])),
    Place(
        "a rename of an unknown id before it", "a refusal", "what is not found is cached as not found",
        Before.UNKNOWN,
    ),
    _request(
        "a rename without a key before it", "a refusal", "whom it is from is cached by connection",
        _without_key,
    ),
    _request(
        "an empty name before it", "an odd name", "a name that is empty is taken for one that is to be made",
        _named(""), refused=False,
    ),
    _request(
        "a name with a NUL before it", "an odd name", "a transaction is left open when the database refuses the text",
        _named("before\0after"), refused=False,
    ),
    _request(
        "a name with half a surrogate pair before it", "an odd name", "a worker dies while it encodes the text",
        _named("half \ud83d emoji"), refused=False,
    ),
    _request(
        "a name of 10,000 characters before it", "an odd name", "a transaction is left open when the text is too long",
        _named("x" * 10_000), refused=False,
    ),
    _request(
        "a long name, accepted, before it", "an odd name", "what is left of the longer text stays behind the new one",
        _named(names.long_names(200)[0].text), refused=False,
    ),
    Place(
        "a deletion of another session before it", "another session", "the wrong row, or a cache of all, is dropped",
        Before.DELETED,
    ),
    Place("two renames of another session before it", "another session", "the last session that was used is written to",
          Before.NEIGHBOUR),
)  # fmt: skip
