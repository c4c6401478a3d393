"""What is wrong with a point, by what was seen of it; and which of its values does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rename_tck.checks.comparison import repeats, same, without
from rename_tck.checks.context import CheckContext
from rename_tck.checks.point_groups import Outcome
from rename_tck.client.exchange import plain, shown
from rename_tck.systems.dialect import members
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Aspect, Compared


@dataclass(frozen=True)
class Problem:
    """One respect in which a point fails."""

    #: The requirement that an ordinary rename would break by it, without the system's name.
    law: str
    aspect: Aspect
    #: What it is of: the answer, the name read back; and what it should be.
    what: str
    expected: str
    compared: Compared | None = None
    #: The member of the session that changed, where that is the problem.
    member: str = ""
    #: The session before and after; and the name that it was read back with, where that is the problem.
    change: tuple[Snapshot, Snapshot] | None = field(default=None, compare=False, repr=False)
    name: str | None = None

    @property
    def sort(self) -> tuple[str, str]:
        """What it has in common with the same problem of another point."""
        return self.law, self.member


def problems(check: CheckContext, outcome: Outcome, volatile_members: set[str]) -> Iterator[Problem]:
    """Everything that is wrong with what was seen, the gravest first. Sends nothing."""
    exchange, dialect = outcome.exchange, check.dialect
    if exchange.answer is None:
        yield Problem("rename-accepted", Aspect.ACCEPTED, "no answer", f"an HTTP answer, but {exchange.trouble}")
        return
    if exchange.status != 200:
        if exchange.status not in outcome.allowed:
            yield Problem("rename-accepted", Aspect.ACCEPTED, "", "status 200: the request is valid")
        elif 400 <= exchange.status < 500:
            yield from _of_a_refusal(check, outcome)
        return
    if not dialect.succeeded(exchange):
        yield Problem("answer-true", Aspect.ANSWERED, "the answer", "true", Compared("true", "false"))
    yield from _of_the_answer(check, outcome)
    yield from _of_the_readings(check, outcome, volatile_members)


def _of_a_refusal(check: CheckContext, outcome: Outcome) -> Iterator[Problem]:
    """The name that was refused is not stored."""
    name_in = check.dialect.name_in
    before = {name_in(snapshot or {}) for snapshot in (outcome.read_before, outcome.listed_before)}
    for where, snapshot in (("read back", outcome.read_after), ("in the listing", outcome.listed_after)):
        if snapshot is not None and name_in(snapshot) == outcome.name and outcome.name not in before:
            what, expected = (
                f"refused with {outcome.exchange.status}: the name {where}",
                "another name than the one sent",
            )
            yield Problem("refusal-changes-nothing", Aspect.OTHER, what, expected, name=outcome.name)
            return


def _of_the_answer(check: CheckContext, outcome: Outcome) -> Iterator[Problem]:
    if not check.dialect.answers_session or outcome.exchange.answer is None:
        return
    answered = members(outcome.exchange.answer.value)
    name, found = check.dialect.name_in(answered), check.dialect.id_in(answered)
    if name is not None and not same(name, outcome.name):
        yield _differs(check, "answer-name", Aspect.ANSWERED, "the name in the answer", wanted=outcome.name, found=name)
    if found is not None and not same(found, outcome.session.id):
        wanted = outcome.session.id
        yield _differs(check, "answer-id", Aspect.OTHER, "the id in the answer", wanted=wanted, found=found)


def _of_the_readings(check: CheckContext, outcome: Outcome, volatile_members: set[str]) -> Iterator[Problem]:
    if outcome.unreadable is not None and outcome.unreadable.status >= 500:
        expected = f"it to be readable as before, but {outcome.unreadable}"
        yield Problem("name-stored", Aspect.READABLE, "the session read back", expected)
        return
    if outcome.gone:
        yield Problem("name-stored", Aspect.READABLE, "the session read back", "the session to be there still")
        return
    for where, snapshot in (("read back", outcome.read_after), ("in the listing", outcome.listed_after)):
        if snapshot is not None and not same(check.dialect.name_in(snapshot), outcome.name):
            found = check.dialect.name_in(snapshot)
            problem = _differs(
                check, "name-stored", Aspect.STORED, f"the name {where}", wanted=outcome.name, found=found
            )
            yield replace(problem, name=found if isinstance(found, str) else None)
            break
    for where, before, after in (
        ("read back", outcome.read_before, outcome.read_after),
        ("in the listing", outcome.listed_before, outcome.listed_after),
    ):
        if before is not None and after is not None:
            yield from _of_other_members(check, before, after, where, volatile_members)
    yield from _of_the_answers_members(check, outcome, volatile_members)


def _of_the_answers_members(check: CheckContext, outcome: Outcome, volatile_members: set[str]) -> Iterator[Problem]:
    """Any member that the answer shows otherwise than the session is read, or listed, before and after alike."""
    value = outcome.exchange.answer.value if outcome.exchange.answer is not None else None
    answered, told = members(value), {check.dialect.id_member}
    if not check.dialect.answers_session or any(True for _ in check.contract.answer_errors(200, value)):
        return  # other requirements tell what such an answer is
    single = outcome.read_before or {}
    for before, after in ((single, outcome.read_after), (outcome.listed_before or {}, outcome.listed_after)):
        for member in sorted(answered.keys() & before.keys() & (after or {}).keys() - told):
            assert after is not None
            # what the listing spells in a way of its own says nothing
            if same(before[member], after[member]) and same(single.get(member, before[member]), before[member]):
                told.add(member)
                pair = {member: after[member]}, {member: answered[member]}
                for problem in _of_other_members(check, *pair, "in the answer", volatile_members):
                    yield replace(problem, change=None)


def _of_other_members(
    check: CheckContext, before: Snapshot, after: Snapshot, where: str, volatile_members: set[str]
) -> Iterator[Problem]:
    """Any member but the name, the time of the last update, and what repeats the name."""
    dialect = check.dialect
    names = dialect.name_in(before), dialect.name_in(after)
    for member in sorted(before.keys() | after.keys()):
        if member in {dialect.name_member, dialect.updated_member} | volatile_members:
            continue
        one, other = before.get(member), after.get(member)
        if member in dialect.copies_name:
            one, other = without(one, names[0]), without(other, names[1])
        # of a member that the document does not name nothing says that it does not repeat the name
        if member not in dialect.immutable_members and repeats(one, other, names):
            continue
        if not same(one, other):
            compared = Compared(plain(one), plain(other))
            what, expected = f"{member} {where}", shown(one, check.redacted)
            yield Problem("session-untouched", Aspect.OTHER, what, expected, compared, member, change=(before, after))


def _differs(check: CheckContext, law: str, aspect: Aspect, what: str, *, wanted: str, found: object) -> Problem:
    return Problem(law, aspect, what, shown(wanted, check.redacted), Compared(wanted, plain(found)))
