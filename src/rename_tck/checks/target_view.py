"""What a contract test is told of its target: its terms, its contract, sessions, and words without secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rename_tck.cases.system_cases import SystemCases, load
from rename_tck.openapi.contract import Contract
from rename_tck.requirements.catalogue import Catalogue, Requirement
from rename_tck.systems.dialect import Dialect, Session
from rename_tck.target.target import Target
from rename_tck.verdict import Aspect, Gap, NotTested

#: A number; with the word before it where it is a status.
_NUMBER = re.compile(r"(\b(?:status|an?) )?\d+")

#: A text in quotes that holds a token.
_QUOTED = r"""(['"])(?:(?!\1).)*{}(?:(?!\1).)*\1"""

#: Characters of what was expected.
LONGEST_EXPECTED = 300


@dataclass(repr=False)
class TargetView:
    """One test's view of its target."""

    target: Target
    requirement: Requirement | None
    edition: str | None = None

    # -- what there is

    @property
    def dialect(self) -> Dialect:
        """The system's dialect."""
        return self.target.dialect

    @property
    def system_cases(self) -> SystemCases:
        """The cases that only this system has."""
        return load(self.dialect)

    @property
    def catalogue(self) -> Catalogue:
        """What is required, and asked, of the system."""
        return self.target.catalogue

    @property
    def contract(self) -> Contract:
        """The document of the edition that this test judges by; of the first chosen one where the test has none."""
        return self.target.contracts[self.edition or next(iter(self.target.contracts))]

    def session(self, kind: str | None = None) -> Session:
        """A live session of one kind. Raises NotTested when there is none."""
        return self.target.pool.take(1, kind)[0]

    def sessions(self, count: int, kind: str | None = None) -> list[Session]:
        """Several live sessions of one kind. Raises NotTested when there are fewer."""
        return self.target.pool.take(count, kind)

    def one_of_each_kind(self) -> list[Session]:
        """A live session of each kind that can be had; the default kind first."""
        found = []
        for kind in self.dialect.kinds:
            try:
                found.append(self.session(kind))
            except NotTested:
                continue
        return found or [self.target.pool.any()]

    def some_session(self) -> Session:
        """A live session of the default kind, or of another one where that cannot be had."""
        try:
            return self.session()
        except NotTested:
            return self.target.pool.any()

    def name(self) -> str:
        """A name never used before."""
        return self.target.fresh_name()

    @property
    def working(self) -> bool:
        """Whether ordinary renames work, as far as is known: else what looks back on the run sends nothing more."""
        return self.target.stopped is None and (Aspect.ACCEPTED, self.dialect.kinds[0]) not in self.target.causes

    def need_a_working_target(self, *, own: bool = True) -> None:
        """Raise NotTested where ordinary renames do not work, as far as is known.

        Without `own` only where this requirement is not the one that says why.
        """
        if (stopped := self.target.stopped) is not None:
            raise NotTested(stopped.sentence, Gap.LIMIT if stopped.cause is None else Gap.CAUSE, stopped.cause)
        cause = self.target.causes.get((Aspect.ACCEPTED, self.dialect.kinds[0]))
        if cause is not None and (own or self.requirement is None or cause != self.requirement.id):
            raise NotTested("no ordinary rename is accepted", Gap.CAUSE, cause)

    # -- in words

    def redacted(self, text: str) -> str:
        """A text that the target had a part in, without secrets: to be asked for before the text is cut."""
        return self.target.client.connection.redact(text)

    def excerpt(self, text: str, most: int = LONGEST_EXPECTED) -> str:
        """A text that the target had a part in, without secrets and in a length that a sentence can bear."""
        return self.target.client.connection.redact.shortened(text, most)

    def in_general(self, words: str) -> str:
        """Words on an exchange without what is another in the next: one fault fails alike at all of them."""
        words = re.sub(_QUOTED.format(self.target.token), "a name", words)
        for session in self.target.pool.of_the_run:
            words = words.replace(session.id, "a session")
        return _NUMBER.sub(lambda found: found[0] if found[1] else "…", words)
