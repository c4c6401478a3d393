"""What is found when the sessions of refused requests are read at last, and whose finding it is."""

from __future__ import annotations

from contextlib import suppress

from rename_tck.checks import foreign_names, lost_sessions
from rename_tck.checks.context import CheckContext
from rename_tck.checks.elsewhere import Elsewhere
from rename_tck.results.nonconformance import Nonconformance
from rename_tck.verdict import Aspect, NotTested, ObstacleError, Unjudgeable


def settled(check: CheckContext, elsewhere: Elsewhere) -> tuple[list[Nonconformance], NotTested | None]:
    """What the law has failed in by refusals that changed something; and whose that is where it is another's."""
    failures: list[Nonconformance] = []
    caused: NotTested | None = None
    for failure in check.settle_refusals():
        of_another = None if check.selector.narrowed else elsewhere.by_name(failure)
        if of_another is not None:
            caused = of_another
        elif not _was_renamed_by_others(check, failure):
            failures.append(failure)
    return failures + _gone(check), caused


def _was_renamed_by_others(check: CheckContext, failure: Nonconformance) -> bool:
    """Whether somebody else has given a session the name that it bore after a refusal."""
    if failure.seen is None or failure.compared is None or failure.exchange is None:
        return False
    session_id, after = failure.seen
    session = next((one for one in check.target.pool.of_the_run if one.id == session_id), None)
    with suppress(Nonconformance, NotTested, ObstacleError, Unjudgeable):
        return session is not None and foreign_names.is_others_doing_beside(
            check, session, failure.exchange, before=failure.compared.expected, after=after, case=failure.case
        )
    return False


def _gone(check: CheckContext) -> list[Nonconformance]:
    """The same of sessions that were gone after refusals which this law alone tells."""
    found: list[Nonconformance] = []
    for gone in check.gone_of_its_own():
        requests = [exchange.request for _, exchange in gone.refusals]
        if lost_sessions.comes_again(check, gone.session, requests):
            case, exchange = gone.refusals[lost_sessions.doer(check, gone.session, requests)]
            try:
                what = f"{case}: the session read back"
                check.fail(what, "the session to be there still", exchange, aspect=Aspect.READABLE)
            except Nonconformance as failure:
                found.append(failure)
    return found
