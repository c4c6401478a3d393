"""The laws of renames that must be accepted, whoever sends them, however they are spelt, and whatever came before."""

import pytest

from rename_tck.checks.context import CheckContext
from rename_tck.checks.point_run import points_of

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(6, spread=3)


@requirement(
    "rename-accepted",
    "answer-name",
    "answer-id",
    "name-stored",
    "session-untouched",
    "unicode-exact",
    "text-not-interpreted",
    "length-200-accepted",
    "never-altered",
    "blanks-kept",
)
def test_every_valid_rename_is_accepted_and_kept(check: CheckContext) -> None:
    run = points_of(check)
    assert check.requirement is not None
    for point in check.cases(run.points):
        run.judge(check, point, check.requirement.law)
