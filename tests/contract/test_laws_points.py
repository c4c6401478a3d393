"""The laws of renames that must be accepted, whoever sends them, however they are spelt, and whatever came before."""

import pytest

from rename_tck.cases.names import Name
from rename_tck.cases.rename_space import LAWS_OF_NAMES, NAME, shows
from rename_tck.checks.context import CheckContext
from rename_tck.checks.points_of_run import points_of

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(6, spread=3)


@requirement(
    "rename-accepted",
    "answer-name",
    "answer-id",
    "name-stored",
    "session-untouched",
    "refusal-changes-nothing",
    "unicode-exact",
    "text-not-interpreted",
    "length-200-accepted",
    "never-altered",
    "blanks-kept",
)
def test_every_valid_rename_is_accepted_and_kept(check: CheckContext) -> None:
    run = points_of(check)
    assert check.requirement is not None
    law = check.requirement.law
    for point in check.cases(run.asked(check)):
        run.judge(check, point, law)
    if law in LAWS_OF_NAMES:
        names = [run.space.value(point, NAME) for point in run.points]
        shown = any(isinstance(name, Name) and shows(name, law) for name in names)
        check.needs(shown, f"{check.contract.document_path} allows no name that shows it")
