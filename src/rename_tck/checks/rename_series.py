"""A series of ordinary renames over all sessions of the run, which several laws judge, each in its own respect."""

from __future__ import annotations

from dataclasses import dataclass, field

from rename_tck.cases import names
from rename_tck.cases.spaces import SMOKE
from rename_tck.checks import foreign_names, lost_sessions
from rename_tck.checks.comparison import same
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import Exchange
from rename_tck.systems.dialect import Dialect, Session, members
from rename_tck.target.readback import Snapshot
from rename_tck.verdict import Aspect, Evidence, NotTested

#: Renames of the default kind of session: a few of each of two sessions, and one name for both; in a smoke run fewer.
LENGTH, FEW = 6, 3
#: Renames of each other kind; in a smoke run none.
SHORT = 2

#: Renames of a kind of which none was accepted: no more are sent.
HOPELESS = 4

#: The requirements that are judged by it, without the system's name: a run with workers keeps them together.
LAWS = frozenset({
    "rename-accepted", "answer-schema", "answer-media-type", "answer-json", "answer-name", "answer-id",
    "name-stored", "shown-at-once", "neighbours-untouched", "session-untouched", "answer-id-uuid",
    "timestamps-integer", "updated-at-monotonic", "updated-at-steady", "introduction-not-null", "status-normal",
    "timestamps-date-time", "answer-boolean", "answer-true", "answer-shape-of-type", "type-accepted", "rename-again",
})  # fmt: skip


@dataclass
class Step:
    """One ordinary rename, with the session as it was read before and after it, and others that were read with it."""

    session: Session
    name: str
    exchange: Exchange
    before: dict[str, Snapshot | None] = field(default_factory=dict)
    after: dict[str, Snapshot | None] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether it was answered with 200."""
        return self.exchange.status == 200

    @property
    def answered(self) -> dict[str, object]:
        """The session in the answer; empty where there is none."""
        return members(self.exchange.answer.value) if self.exchange.answer else {}

    def name_after(self, dialect: Dialect) -> object:
        """The name with which the session was read back afterwards."""
        return dialect.name_in(self.after.get(self.session.id) or {})

    def kept(self, dialect: Dialect) -> bool:
        """Whether it was accepted, and the session bears its name as far as it can be read."""
        return self.accepted and (not self.after or self.name_after(dialect) == self.name)

    def shows_its_name(self, dialect: Dialect) -> bool:
        """Whether it was kept, and the answer has no other name."""
        answered = dialect.name_in(self.answered) if dialect.answers_session else None
        return self.kept(dialect) and answered in (None, self.name)

    @property
    def case(self) -> str:
        """What a report calls it."""
        kind = f" of a session of type {self.session.kind}" if self.session.kind else ""
        return f"ordinary rename{kind} to {self.name!r}"


@dataclass
class Series:
    """The steps, and what was counted on the way."""

    steps: list[Step]
    evidence: Evidence
    #: Members that change by themselves: they differed between two readings without a rename between them.
    volatile_members: dict[str, set[str]]
    #: The listing before the first and after the last step, by kind; None where the target has none.
    listed_before: dict[str | None, list[Snapshot] | None]
    listed_after: dict[str | None, list[Snapshot] | None]

    def accepted(self) -> list[Step]:
        """The steps that were answered with 200."""
        return [step for step in self.steps if step.accepted]


def run(check: CheckContext) -> Series:
    """The series of this target, run once and shared. Its evidence is added to the test's own."""
    series: Series = check.shared("series", lambda: _make(CheckContext(check.target, None)))
    if id(series) not in check.added:
        check.added.add(id(series))
        check.evidence.add(series.evidence)
    return series


def require_ordinary(check: CheckContext) -> None:
    """Require that an ordinary rename is accepted and stored, for a law that says nothing where none is.

    Raises Nonconformance, which is looked into as that of any case.
    """
    session, name, case = check.some_session(), check.name(), "an ordinary rename"
    exchange = check.rename_and_expect(session, name, case)
    check.stored_if_readable(session, name, case, exchange)


def _make(check: CheckContext) -> Series:
    series, in_full = Series([], check.evidence, {}, {}, {}), check.target.profile != SMOKE
    for position, kind in enumerate(check.dialect.kinds if in_full else check.dialect.kinds[:1]):
        sessions = _sessions(check, kind)
        if sessions:
            series.listed_before[kind] = check.target.reader.listing(kind, anew=False).shown()
            length = SHORT if position else LENGTH if in_full else FEW
            _rename_all(check, series, sessions, length, f"{check.target.token}{position}")
            series.listed_after[kind] = check.target.reader.listing(kind).shown()
    if not series.steps:
        raise NotTested("no session could be had")
    return series


def _sessions(check: CheckContext, kind: str | None) -> list[Session]:
    """Two sessions of a kind, or one, or none."""
    for count in (2, 1):
        try:
            return check.sessions(count, kind)
        except NotTested:
            continue
    return []


def _rename_all(check: CheckContext, series: Series, sessions: list[Session], length: int, token: str) -> None:
    """Rename the sessions in turn, and read each back; the others too after the first steps, and after the last."""
    again = _read_twice(check, series, sessions)
    titles = names.ordinary(length, token)
    if len(sessions) > 1:
        titles[-1] = titles[-2]  # of two sessions: names need not be unique
    for number, name in enumerate(titles):
        session = sessions[number % len(sessions)]
        exchange = check.send(check.rename(session, name))
        check.note_accepted(exchange)
        read = sessions if number in {0, 1, len(titles) - 1} else [session]
        after = _read_after(check, read, session, name, exchange)
        found = check.dialect.name_in(after.get(session.id) or {})
        if check.dialect.succeeded(exchange) and after and foreign_names.is_foreign(check, found, name):
            repeated = check.send(check.rename(session, name))
            shown = _read_after(check, read, session, name, repeated)
            if check.dialect.name_in(shown.get(session.id) or {}) == name and foreign_names.is_others_doing(
                check, found, name, f"ordinary rename to {name!r}"
            ):
                exchange, after = repeated, shown
        gone = [one for one in read if after and after.get(one.id) is None]
        if gone and all(lost_sessions.is_others_doing(check, one) for one in gone):
            sessions = _without(check, series, gone)
            again = _read_twice(check, series, sessions)
            if not sessions:
                return
            continue
        series.steps.append(Step(session, name, exchange, again, after))
        if check.dialect.succeeded(exchange) and session.id in after:
            stored = check.dialect.name_in(after[session.id] or {}) == name
            check.target.read_back += stored
            if stored:
                check.note_worked(Aspect.STORED, exchange)
            # the first ones may fail for what came before the series
            check.target.lost += not stored and number >= HOPELESS
        again = {**again, **after}
        if number == HOPELESS - 1 and not any(step.accepted for step in series.steps if step.session in sessions):
            return


def _without(check: CheckContext, series: Series, gone: list[Session]) -> list[Session]:
    """Sessions to go on with in place of some that others have deleted, which are not looked for any more."""
    kind = gone[0].kind
    for session in gone:
        check.target.pool.retire(session)
    ids = {session.id for session in gone}
    listed = series.listed_before[kind]
    if listed is not None:
        series.listed_before[kind] = [item for item in listed if check.dialect.id_in(item) not in ids]
    return _sessions(check, kind)


def _read_twice(check: CheckContext, series: Series, sessions: list[Session]) -> dict[str, Snapshot | None]:
    """Each session before it is renamed, read twice: what differs changes by itself."""
    known, again = _read_all(check, sessions, anew=False), _read_all(check, sessions)
    for session in sessions:
        first, second = known.get(session.id) or {}, again.get(session.id) or {}
        series.volatile_members[session.id] = {
            name for name in first.keys() | second.keys() if not same(first.get(name), second.get(name))
        }
    return again


def _read_after(
    check: CheckContext, sessions: list[Session], renamed: Session, name: str, exchange: Exchange
) -> dict[str, Snapshot | None]:
    """Sessions after a rename of one of them; the new name may be shown a moment later."""
    return check.settled(
        lambda: _read_all(check, sessions),
        lambda read: (
            not check.dialect.succeeded(exchange)
            or not read
            or check.dialect.name_in(read.get(renamed.id) or {}) == name
        ),
    )


def _read_all(check: CheckContext, sessions: list[Session], *, anew: bool = True) -> dict[str, Snapshot | None]:
    """Each session as it is read back; empty where the target offers no reading."""
    if not check.readable():
        return {}
    return check.target.reader.read_all(sessions, anew=anew)
