"""What points fail in is told by the request that shows it, and what another requirement tells hides none of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from harness import FEW_DRAWN, KEY, Judged, judge

from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve

_LAW, _ERRORS = "openhands.text-not-interpreted", "openhands.no-server-error"


def judged(server: OpenHandsServer, folder: Path) -> Judged:
    """What the suite says of a server."""
    with serve(server) as url:
        select = "text-not-interpreted or no-server-error"
        env = {"RENAME_TCK_API_KEY": KEY}
        return judge(url, folder, FEW_DRAWN, system="openhands", env=env, record_only=True, select=select)


class TakesPercentSignsOut(OpenHandsServer):
    """Percent signs are taken out of titles: many points have one, alone or among other things."""

    def normalise_title(self, title: str) -> str:
        return title.replace("%", "") or "none"


def test_a_name_that_does_it_is_told_with_a_request_of_that_name(tmp_path: Path) -> None:
    found = judged(TakesPercentSignsOut(KEY), tmp_path)
    told = found.requirements[_LAW]
    assert told["verdict"] == "fail", found.output
    (name,) = re.findall(r"^a rename with the name '([^']*)'", told["case"])
    assert json.loads(told["request"]["body"])["title"] == name, told["case"]


class StumblesAndTakesOut(OpenHandsServer):
    """Titles with one character are answered with 500, and another one is taken out of all others."""

    stumbles, takes_out = "", ""

    def normalise_title(self, title: str) -> str:
        if self.stumbles in title:
            raise RuntimeError("no such field")
        return title.replace(self.takes_out, "") or "none"


@pytest.mark.parametrize(("stumbles", "takes_out"), [("%", "$"), ("$", "%")])  # one of them comes first
def test_points_behind_one_that_is_answered_with_500_are_judged(stumbles: str, takes_out: str, tmp_path: Path) -> None:
    server = StumblesAndTakesOut(KEY)
    server.stumbles, server.takes_out = stumbles, takes_out
    found = judged(server, tmp_path)
    assert found.with_verdict("fail") == {_LAW, _ERRORS}, found.output
    assert takes_out in json.loads(found.requirements[_LAW]["request"]["body"])["title"]
