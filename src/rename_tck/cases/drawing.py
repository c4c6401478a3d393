"""Hypothesis at work: draws cases, and looks for the smallest that fails.

`main` draws for another process, which need not wait for it: one line of JSON on standard input says what, and each
drawn value is a line on standard output, after the number of its request.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import hypothesis
from hypothesis import strategies as st

from rename_tck.cases.drawn import to_text
from rename_tck.cases.fuzz import strategy
from rename_tck.cases.spaces import DEFAULT, PROFILES, SPACES
from rename_tck.openapi.contract import Contract

# Hypothesis likes to draw what stands in the source of the modules that happen to be loaded. Without that a seed draws
# the same in whichever process, and a part of the start is spared. There is no setting for it; where Hypothesis comes
# to keep it elsewhere, nothing but that is lost.
with suppress(ImportError, AttributeError):
    from hypothesis.internal.conjecture import providers

    _nothing = providers.Constants()  # type: ignore[attr-defined]
    providers._get_local_constants = lambda: _nothing

# No example database: the seed alone decides.
for _name, _examples in PROFILES.items():
    hypothesis.settings.register_profile(
        _name,
        max_examples=_examples,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def is_profile(name: str) -> bool:
    """Whether there is a profile of this name, of the suite or of the user."""
    try:
        hypothesis.settings.get_profile(name)
    except hypothesis.errors.InvalidArgument:
        return False
    return True


def use(profile: str) -> int:
    """Make a profile the current one, if it is not already, with other options of pytest's; how many cases it draws."""
    if not hypothesis.settings.get_current_profile_name().startswith(profile):
        hypothesis.settings.load_profile(profile)
    return _settings().max_examples


def _settings() -> hypothesis.settings:
    """Those of the current profile: what Hypothesis takes for the default is so in the thread alone that loaded it."""
    return hypothesis.settings.get_profile(hypothesis.settings.get_current_profile_name())


def draw(
    cases: st.SearchStrategy[Any],
    check: Callable[[str], None],
    *,
    seed: str,
    examples: int,
    passed: Collection[str] = (),
) -> None:
    """Check as many cases, no two alike and each as a line of JSON, but for those that have passed before.

    The seed decides which. Of cases that fail the check is asked again and again, for smaller ones. Raises what the
    check raises, and what Hypothesis has to say.
    """
    seen: set[str] = set()

    @hypothesis.seed(seed)
    @hypothesis.settings(_settings(), max_examples=examples)
    @hypothesis.given(cases)
    def drawn(case: object) -> None:
        text = to_text(case)
        hypothesis.assume(text not in seen)
        if text not in passed:
            check(text)
        seen.add(text)

    drawn()


def _fulfil(request: dict[str, Any], say: Callable[[str], None]) -> None:
    """Draw what a request asks for, and say each value."""
    space = next(space for space in SPACES if space.name == request["space"])
    cases = strategy(space, Contract.load(request["system"], request["edition"]), request["valid"])
    draw(cases, say, seed=request["seed"], examples=request["examples"])


def main() -> None:
    """Fulfil the requests, each closed by `null`. Ends without a word where one cannot be fulfilled."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is heeded by who sends the requests
    drawn, sys.stdout = sys.stdout, sys.stderr  # whatever a library has to say is no value
    use(DEFAULT)
    requests = json.loads(sys.stdin.readline() or "[]")

    def end_with_who_requested() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_who_requested, daemon=True).start()
    for number, request in enumerate(requests):

        def say(text: str, number: int = number) -> None:
            drawn.write(f"{number} {text}\n")
            drawn.flush()

        _fulfil(request, say)
        say("null")
