"""Laws that are judged in flight together: what passes so has passed, and whatever goes wrong is judged again in turn.

Each law has sessions of its own. That it fails beside others shows nothing yet: a server may mind that it is asked by
several at once, which other laws are about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial

from rename_tck.checks.context import CheckContext
from rename_tck.results.nonconformance import Nonconformance, OrdinaryRenameRefused
from rename_tck.target.target import Target
from rename_tck.verdict import NotTested, ObstacleError, Unjudgeable

#: A law, and the view of the target that it is judged with.
Judged = tuple[Callable[[CheckContext], object], CheckContext]


class _End(Enum):
    """How a law ended in flight."""

    PASSED = "passed"
    #: It cannot be tested, or a limit of the run was reached: it says so again in its turn.
    NOT_TESTED = "not tested"
    FAILED = "failed"


def passed(target: Target, laws: Sequence[Judged]) -> list[bool]:
    """Judge these laws in flight together; which of them have passed.

    None has where anything went wrong: what was sent is no evidence then, and all of them are to be judged in turn.
    """
    kept, mark, shared = target.kept_for_laws(), len(target.client.journal), set(target.cache)
    target.pool.creation.look()  # once for all that make sessions
    acts = [partial(_end_of, law, check) for law, check in laws]
    ends = target.client.together(acts)
    wrong = _End.FAILED in ends or target.kept_for_laws() != kept
    if not wrong and not target.went_wrong_since(mark):
        return [end is _End.PASSED for end in ends]
    target.pool.set_apart_aside()
    target.forget_since(mark, kept)
    for key in set(target.cache) - shared:
        del target.cache[key]
    return [False for _ in ends]


def _end_of(law: Callable[[CheckContext], object], check: CheckContext) -> _End:
    try:
        check.need_a_working_target(own=False)
        law(check)
        failures = check.settle_refusals()
    except OrdinaryRenameRefused:
        return _End.FAILED
    except (NotTested, ObstacleError):
        return _End.NOT_TESTED
    except (Nonconformance, Unjudgeable):
        return _End.FAILED
    told = check.told_elsewhere or check.unsettled or check.gone_of_its_own()
    return _End.FAILED if failures or told else _End.PASSED
