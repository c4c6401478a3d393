"""A series of renames of one Dify conversation: each mode of auto_generate, with a name or without, after each outcome.

What is kept of the request before shows in the next one: every two of (mode, name, what came before) meet in a step.
"""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange, Request
from rename_tck.systems.dialect import Session, members
from rename_tck.verdict import Unjudgeable

#: What auto_generate is: left out, false or true; and whether a name is given. The first follows an ordinary rename.
_STEPS: tuple[tuple[bool | None, bool], ...] = (
    (True, False), (True, True), (None, False), (True, False), (False, True),
    (False, False), (None, True), (None, True), (False, False), (False, True), (True, False), (None, True),
)  # fmt: skip

#: How often a step is sent again at most.
_TIMES = 2

#: The requirements that are judged by it, without the system's name: a run with workers keeps them together.
LAWS = frozenset({
    "auto-generate-default-false", "auto-generate-false-uses-name", "auto-generate-gives-name",
    "auto-generate-stored", "auto-generate-ignores-name", "name-or-auto-generate",
})  # fmt: skip


@dataclass(frozen=True)
class GeneratingStep:
    """One request of the series, with what the conversation was called before and after it."""

    mode: bool | None
    sent: str | None
    exchange: Exchange
    #: What the request before it did, and that request.
    after: str
    earlier: Request
    #: None where it cannot be read.
    name_before: object
    name_after: object

    @property
    def case(self) -> str:
        """What a report calls it."""
        mode = "left out" if self.mode is None else "true" if self.mode else "false"
        return f"auto_generate {mode}, {'no' if self.sent is None else 'with a'} name, {self.after}"

    @property
    def answered(self) -> object:
        """The name in the answer; None where there is none."""
        return members(self.exchange.answer.value).get("name") if self.exchange.answer else None

    @property
    def was_named(self) -> bool:
        """Whether the conversation bore a name that was given to it."""
        return self.after == "after a rename to a name"


def steps(check: CheckContext) -> list[GeneratingStep]:
    """The series, sent once in a run; ended where the conversation cannot be read any more."""
    found: list[GeneratingStep] = check.shared("generating steps", lambda: _made(CheckContext(check.target, None)))
    return found


def comes_and_goes(check: CheckContext, step: GeneratingStep) -> bool:
    """Whether a name that was not stored is stored when the step is sent again, behind the request before it."""
    session = check.target.session_at(step.exchange.request.path)
    for _ in range(_TIMES if session is not None else 0):
        assert session is not None
        check.send_beside(step.earlier)
        name = check.name()
        exchange = check.send_beside(_request(check, session, step.mode, name))
        if check.dialect.succeeded(exchange) and _read(check, session, name, exchange) == name:
            return True
    return False


def _made(check: CheckContext) -> list[GeneratingStep]:
    session = check.session()
    name: object = check.prepare(session)
    found: list[GeneratingStep] = []
    after, earlier = "after a rename to a name", check.rename(session, check.name())
    for mode, named in _STEPS:
        sent = check.name() if named else None
        exchange = check.gather(_request(check, session, mode, sent))
        try:
            read = _read(check, session, sent if mode is not True else None, exchange)
        except Unjudgeable:
            break
        found.append(GeneratingStep(mode, sent, exchange, after, earlier, name, read))
        name, earlier = read, exchange.request
        accepted = "after a generated name" if mode else "after a rename to a name"
        after = accepted if check.dialect.succeeded(exchange) else "after a refusal"
        if not mode and not named and after == accepted:
            # what the other editions have refused may be accepted: another fault comes before the next step, then
            _, faulty = check.faulty(session, check.name())[0]
            refused = check.gather(faulty)
            if 400 <= refused.status < 500:
                after, earlier = "after a refusal", faulty
    return found


def _request(check: CheckContext, session: Session, mode: bool | None, sent: str | None) -> Request:
    body = check.body(session, sent or "")
    if sent is None:
        del body["name"]
    if mode is not None:
        body["auto_generate"] = mode
    return check.dialect.rename(session, body)


def _read(check: CheckContext, session: Session, sent: str | None, exchange: Exchange) -> object:
    """The name that is read back, which may be shown late; None where none can be read."""
    if not check.readable():
        return None
    wanted = sent if sent is not None else members(exchange.answer.value).get("name") if exchange.answer else None
    return check.settled(
        lambda: check.dialect.name_in(check.target.reader.read(session) or {}),
        lambda found: not check.dialect.succeeded(exchange) or wanted is None or found == wanted,
    )
