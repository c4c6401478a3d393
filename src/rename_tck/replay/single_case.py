"""Trying a replay case alone; and a pytest session that does nothing else: what it is told, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from rename_tck.checks.context import CheckContext
from rename_tck.checks.every_case import judge
from rename_tck.checks.replay_case import ReplayCase, likest
from rename_tck.client.exchange import Exchange
from rename_tck.client.journal import Purpose
from rename_tck.redaction import Redactor
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.results.finding import Finding
from rename_tck.results.run import Run
from rename_tck.settings.settings import BadOptionError, Settings
from rename_tck.verdict import Conclusion, NotTested, ObstacleError


@dataclass
class Sent:
    """What was sent for a replay case, and whether the law still has that case."""

    exchange: Exchange | None
    known: bool
    #: How the session that it is about was made, and its id, where the run has made it.
    made: tuple[Exchange, str] | None = None


@dataclass(eq=False)
class Replay:
    """A plugin of pytest that the command hands over; the judge looks for it, and tells it what came of each case.

    Without it a session is an ordinary run.
    """

    cases: Sequence[ReplayCase]
    findings: dict[str | None, Finding] = field(default_factory=dict)
    sent: dict[str | None, Sent] = field(default_factory=dict)
    #: The run at its end; None where it did not get there.
    run: Run | None = None
    #: What is wrong with the options, in one sentence.
    complaint: str | None = None
    #: Takes the user's secrets out of what is shown.
    redact: Redactor = field(default_factory=Redactor)
    #: The editions that judge.
    editions: tuple[str, ...] = ()
    #: What is required by the user's own document, where the replay cases were judged by it.
    own: Catalogue | None = None
    #: What the user should know of how the options were given.
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: pytest.Config) -> Replay | None:
        """The one that this session is for; None for an ordinary run."""
        return next((plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, cls)), None)

    def settings(self, settings: Settings) -> Settings:
        """The user's settings, with the system and the editions or the document that the replay cases are of.

        Raises:
            BadOptionError: they do not go with a replay.
        """
        first, self.redact = self.cases[0], settings.redactor()
        self.notes = tuple(map(self.redact, settings.notes))
        if settings.base_url is None:
            raise BadOptionError("A replay needs a target: give it with --base-url=URL.")
        if settings.plan:
            raise BadOptionError("--plan does not go with a replay, which sends a few requests only.")
        if settings.system not in {None, first.system}:
            raise BadOptionError(f"{first.requirement} is a requirement of {first.system}, not of {settings.system}.")
        if first.spec_sha256 is not None and settings.spec is not None:
            # the command has seen to it that it is the right one
            self.own, self.editions = settings.spec.catalogue, first.editions
            return replace(settings, system=first.system)
        if first.spec_sha256 is not None and settings.spec_source is not None:
            self.editions = first.editions  # the document is asked for when the session begins
            return replace(settings, system=first.system)
        self.editions = settings.editions or first.editions
        # an edition is chosen only where there are several
        several = len(Catalogue.load(first.system).editions) > 1
        return replace(
            settings, system=first.system, editions=self.editions if several else (), spec=None, spec_source=None
        )

    def take_document(self, sha256: str, own: Catalogue, source: str) -> None:
        """Judge by the document that was asked for.

        Raises:
            BadOptionError: the replay cases were judged by another one.
        """
        first = self.cases[0]
        if sha256 != first.spec_sha256:
            raise BadOptionError(
                f"{first.requirement} was judged by {first.spec_file} with the SHA-256 {first.spec_sha256}; "
                f"--spec={source} is another one now."
            )
        self.own = own

    def note(self, case: ReplayCase, check: CheckContext) -> None:
        """Remember what was sent for a case; controls after it are none of it, like as they may be."""
        own = [entry.exchange for entry in check.entries() if entry.purpose is not Purpose.CONTROL]
        exchange = likest(own, case.request)
        self.sent[case.edition] = Sent(exchange, check.selector.met, check.making_of(exchange))


def try_alone(law: Callable[..., None], check: Any, case: ReplayCase, replay: Replay | None) -> None:
    """Run a contract test for its replay case; in a replay for all of its cases where it no longer has that one.

    Where the case fails, controls are sent, as after any: what an ordinary rename does wrong as well is not the case's
    doing. It is not tried again by itself, but on another session where its own had stopped working.

    Raises:
        NotTested: the case cannot be tried, besides what the test itself raises.
    """
    assert isinstance(check, CheckContext)
    try:
        try:
            judge(partial(law, check=check), check)
        except NotTested:
            # of a case that the law no longer has nothing can be shown
            if check.selector.met:
                raise
        except (Conclusion, ObstacleError):
            raise
        except Exception as error:
            # the file holds what this law never tried: it is not the suite that fails, and the rest is tried
            raise NotTested(f"the saved case cannot be tried again: {type(error).__name__}") from error
        if not check.selector.met:
            check.needs(replay, "the suite no longer has the case that an earlier run saved")
            check.selector.widen()
            judge(partial(law, check=check), check)
    finally:
        if replay is not None:
            replay.note(case, check)
