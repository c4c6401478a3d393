"""The points of a run: planned once, shared by what judges them."""

from __future__ import annotations

from rename_tck.cases.few_points import planned
from rename_tck.cases.rename_space import Chosen, largest, space_of
from rename_tck.checks.context import CheckContext
from rename_tck.checks.point_groups import PointSender
from rename_tck.checks.point_run import OF_ALL, PointRun
from rename_tck.checks.point_sessions import PointSessions
from rename_tck.checks.points_sent import PointsSent
from rename_tck.results.coverage import Coverage
from rename_tck.systems.dialect import Session
from rename_tck.target.target import Target


def coverage_of(target: Target) -> Coverage | None:
    """What of the space of renames the target was sent; None where no test has asked for a point of it."""
    run = target.cache.get("points")
    return run.coverage() if isinstance(run, PointRun) else None


def points_were_sent(check: CheckContext) -> bool:
    """Whether the points of this target were sent in this run: every name of theirs was, too."""
    return isinstance(check.target.cache.get("points"), PointRun)


def has_failed_on(check: CheckContext, session: Session) -> bool:
    """Whether a point has failed on a session in the condition of this one, so that others say what is wrong."""
    run = check.target.cache.get("points")
    return isinstance(run, PointRun) and check.target.pool.conditioned.condition_of(session) in run.failed_in


def points_of(check: CheckContext) -> PointRun:
    """The points of this target, planned once and sent when they are asked for."""
    run: PointRun = check.shared("points", lambda: _made(CheckContext(check.target, None, seed=check.seed)))
    return run


def _is_valid(check: CheckContext, body: dict[str, object]) -> bool:
    """Whether every document that is judged by allows a body."""
    vendored = not any(contract.request_errors(body) for contract in check.target.contracts.values())
    return vendored and check.allows(body)


def _made(check: CheckContext) -> PointRun:
    session = check.some_session()
    target = check.target
    # a worker, and a replay, do not know what else is judged
    names_alone = bool(target.judged) and not any(target.is_judged(f"{check.dialect.system}.{law}") for law in OF_ALL)
    chosen = Chosen(not names_alone, len(check.dialect.kinds) > 1, not names_alone, target.profile == "nightly")
    space = space_of(
        check.system_cases,
        target.pool.user,
        lambda more: _is_valid(check, {**check.body(session), **more}),
        of=chosen,
    )
    points = planned(space, check.seed or "", target.profile)
    if (most := largest(space, lambda name: check.body(session, name))) not in points:
        points.insert(1, most)
    sent = PointsSent(check, space, points, PointSender(check, space), PointSessions(check, space))
    return PointRun(check, space, points, sent)
