"""What controls show after a failing case: the case itself, a session that no longer works, or a cause elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.checks import controls, lost_sessions, stopping
from rename_tck.checks.context import CheckContext
from rename_tck.checks.controls import Control
from rename_tck.client.exchange import Exchange
from rename_tck.client.journal import Entry, Purpose
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.systems.dialect import Session
from rename_tck.target.target import Jam
from rename_tck.verdict import Aspect, Gap, NotTested, ObstacleError, Unjudgeable

#: The requirement that a server breaks whose ordinary rename fails in this respect, without the system's name.
CANONICAL = {
    Aspect.ACCEPTED: "rename-accepted",
    Aspect.ANSWERED: "answer-name",
    Aspect.READABLE: "name-stored",
    Aspect.STORED: "name-stored",
}

#: In which respects a case may fail for want of an ordinary rename that works in this one.
_EXPLAINS = {
    Aspect.ACCEPTED: frozenset({Aspect.ACCEPTED, Aspect.ANSWERED, Aspect.READABLE, Aspect.STORED}),
    Aspect.ANSWERED: frozenset({Aspect.ANSWERED}),
    Aspect.READABLE: frozenset({Aspect.READABLE, Aspect.STORED}),
    # what says no with 200 and stores nothing says the truth
    Aspect.STORED: frozenset({Aspect.STORED, Aspect.ANSWERED}),
}


@dataclass
class Look:
    """What controls show of a failing case."""

    #: In a sentence, for the report.
    after: str | None = None
    #: Whether the case is worth trying once more, on another session or at another moment.
    again: bool = False
    #: The cause that lies elsewhere.
    caused: NotTested | None = None
    #: The session that it was tried on, where that one alone no longer works.
    jam: Jam | None = None
    #: Whether ordinary renames of the session work.
    works: bool = False
    #: What has failed in its place: the request since which nothing works, where that is another one.
    instead: Nonconformance | None = None
    #: Whether they fail now and then.
    flaky: bool = False


def look(
    check: CheckContext, exchange: Exchange | None, aspect: Aspect, mark: int, missing: Session | None = None
) -> Look:
    """Send controls after a failing case. Of one that was not sent after the request `mark` they would show nothing.

    `missing` is the session that was not there when it was read back, where that is why the case failed.

    Raises:
        Unjudgeable: the target has stopped working, and nothing shows that a request of the run did it.
    """
    try:
        return Diagnosis(check).look(exchange, aspect, mark, missing)
    except ObstacleError:
        return Look()  # a limit of the run was reached: the failure was seen all the same


def passed_again(check: CheckContext, exchange: Exchange | None) -> str:
    """What it shows that a case which failed with this request passed when it was tried once more."""
    renames = check.target.client.journal.renames()
    sent = next((place for place, entry in enumerate(renames) if entry.exchange is exchange), len(renames))
    paths = {entry.exchange.request.path for entry in renames[sent + 1 :] if entry.purpose is Purpose.CASE}
    if exchange is not None and paths and exchange.request.path not in paths:
        return "Sent once more, for another session, it passed: the failure comes and goes, or depends on the session."
    return "Sent once more, it passed: the failure comes and goes."


class Diagnosis:
    """One look at a target after a failing case."""

    def __init__(self, check: CheckContext) -> None:
        self._check = check
        self._target = check.target

    def look(self, exchange: Exchange | None, aspect: Aspect, mark: int, missing: Session | None = None) -> Look:
        """As the function of this name."""
        entry = next((one for one in self._target.client.journal.since(mark) if one.exchange is exchange), None)
        addressed = None if entry is None else self._target.session_of(entry.exchange.request.path, in_use=False)
        if missing is not None and addressed != missing:
            return self._of_a_missing(missing)
        if entry is None or self._check.requirement is None:
            return Look()
        session = addressed or self._target.pool.any()
        own = controls.control(self._check, session)
        if own.works:
            if self._check.selector.narrowed:
                return Look("After it, an ordinary rename of the session works.", works=True)
            # also when tried again: an ordinary rename of the session and its reading work in between
            failed = "It failed twice; in between and after it, an ordinary rename of the session works."
            return Look(failed, again=True, works=True)
        other = controls.another(self._check, session)
        found = controls.control(self._check, other) if other is not None else None
        if found is not None and found.works and found.session.kind == session.kind:
            if controls.control(self._check, session).works:
                return Look("Ordinary renames of the session fail now and then, too.", again=True, flaky=True)
            return self._of_a_jammed(own, entry)
        if own.broken in {Aspect.ACCEPTED, Aspect.READABLE}:
            made = controls.of_a_fresh_one(self._check, session.kind)
            if made is not None and made.works:
                # sessions stop working one after the other
                if found is not None and found.session.kind == session.kind:
                    self._target.pool.retire(found.session)
                return self._of_a_jammed(own, entry)
        return self._of_a_broken(own, aspect, entry)

    def _of_a_missing(self, session: Session) -> Look:
        """A session is not there, and the request in hand was not sent to it."""
        own = controls.control(self._check, session)
        made = None if own.works else controls.of_a_fresh_one(self._check, session.kind)
        return self._of_a_jammed(own, None) if made is not None and made.works else Look()

    def _of_a_jammed(self, own: Control, entry: Entry | None) -> Look:
        """A session alone does not work: another takes its place."""
        if own.session.id in self._target.renamed:
            sentence = f"An ordinary rename of the session {own.what} since then; of another session it works."
        else:
            sentence = f"No ordinary rename of the session went well: one {own.what}; of another session it works."
        before = stopping.last_odd(self._check, entry) if entry is not None else None
        told = f"{sentence} The last request to it that was no ordinary rename was {before}." if before else sentence
        gone = lost_sessions.is_gone(self._check, own.session)
        if gone:
            lost_sessions.retire_all(self._check, own.session)  # for the next try
        jam = Jam(own.session.id, own.broken or Aspect.OTHER, own.exchange, told, gone)
        return Look(sentence, self._target.pool.retire(own.session), jam=jam)

    def _of_a_broken(self, own: Control, aspect: Aspect, entry: Entry) -> Look:
        """No session works, or none of this kind: from the start, or since a request."""
        assert own.broken is not None
        assert self._check.requirement is not None
        mine, key = self._check.requirement.id, (own.broken, own.session.kind)
        if own.broken in {Aspect.ACCEPTED, Aspect.READABLE} and key in self._target.worked:
            locked = own.status in stopping.REFUSED and stopping.is_after_wrong_keys(self._check)
            locked = locked and len(self._target.outages) < controls.LOCKS
            if controls.after_a_moment(self._check, own, longer=locked).works:
                self._target.note_outage(stopping.since(self._check, own, entry))
                return Look("For a moment after it no ordinary rename worked.", again=True)
            return self._of_a_stopped(own, entry)
        cause = self._target.causes.setdefault(key, self._cause(own.broken))
        explained = _EXPLAINS[own.broken]
        if own.broken is Aspect.ANSWERED and own.exchange and not self._check.dialect.succeeded(own.exchange):
            explained |= {Aspect.STORED}  # what says that it is not done, and does it
        if cause != mine and aspect in explained:
            return Look(caused=NotTested(f"an ordinary rename {own.what} as well", Gap.CAUSE, cause))
        if own.broken is Aspect.ACCEPTED and key not in self._target.worked:
            return Look(f"No ordinary rename was accepted: one {own.what}. Is the target set up for it?")
        return Look(f"An ordinary rename {own.what} as well.")

    def _cause(self, broken: Aspect) -> str:
        """The requirement that says what every ordinary rename does wrong: this one where no other will say it."""
        assert self._check.requirement is not None
        law = CANONICAL[broken]
        if broken is Aspect.ANSWERED and not self._check.dialect.answers_session:
            law = "answer-true"
        canonical = f"{self._check.dialect.system}.{law}"
        if self._check.selector.narrowed:
            return canonical  # of a kept case nothing is shown then, whoever tells it
        told = canonical in self._target.failed or (
            canonical not in self._target.passed and self._target.is_judged(canonical)
        )
        return canonical if told else self._check.requirement.id

    def _of_a_stopped(self, own: Control, entry: Entry) -> Look:
        """Nothing works since a request: it may be what did it."""
        assert self._check.requirement is not None
        found = stopping.account(self._check, own, entry)
        self._target.stop(found.stopped)
        if found.doer is None or found.failure is None:
            raise Unjudgeable(found.stopped.sentence)
        told = found.stopped.cause = self._teller(found.doer, own, found.bad)
        if told != self._check.requirement.id:
            found.stopped.number = found.bad.number  # what it looks back on, besides what is handed over
            stopping.hand_over(self._check, found.failure)
            return Look(caused=NotTested(found.stopped.sentence, Gap.CAUSE, told))
        if found.failure.exchange is entry.exchange:
            return Look(found.stopped.sentence)
        return Look(instead=found.failure)

    def _teller(self, doer: Entry, own: Control, bad: Entry) -> str:
        """The requirement that tells that a request has stopped the target: the one that it was sent for.

        Where that is another one than this, or a SHOULD, it is the one that looks back on every 5xx.
        """
        assert self._check.requirement is not None
        mine = self._check.requirement
        if doer.requirement == mine.id and mine.level_for(self._target.contracts) == "MUST":
            return mine.id
        law = f"{self._check.dialect.system}.no-server-error"
        seen = own.broken is Aspect.ACCEPTED and own.status >= 500 and bad.exchange.status >= 500
        return law if seen and self._target.is_judged(law) else mine.id


def comes_of_the_one_before(check: CheckContext, exchange: Exchange) -> bool:
    """Whether a 5xx does not come of its own request: sent again after an ordinary rename it is answered otherwise.

    To be asked right after an ordinary rename that worked.
    """
    if stopping.odd_before(check, exchange) is None:
        return False
    try:
        return 0 < check.send_beside(exchange.request).status < 500
    except (ObstacleError, Unjudgeable):
        return False
