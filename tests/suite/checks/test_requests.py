"""What a run asks of a target: a quick run of every system sends at most a thousand requests."""

from pathlib import Path
from typing import Any

import pytest
from harness import KEY, OTHER_MODE_KEY, OTHER_USER_KEY, judge
from mutants.everywhere import BASES

from rename_tck.reference.serving import serve
from rename_tck.systems import NAMES

ENV = {
    "RENAME_TCK_API_KEY": KEY,
    "RENAME_TCK_OTHER_MODE_KEY": OTHER_MODE_KEY,
    "RENAME_TCK_OTHER_USER_KEY": OTHER_USER_KEY,
}


@pytest.mark.parametrize("system", NAMES)
def test_a_quick_run_sends_at_most_a_thousand_requests(system: str, tmp_path: Path) -> None:
    base: Any = BASES[system]
    app = base(KEY, OTHER_MODE_KEY) if system == "dify" else base(KEY)
    app.other_user_key = OTHER_USER_KEY
    with serve(app) as url:
        judged = judge(url, tmp_path, system=system, env=ENV, record_only=True)
    assert judged.status == 0, judged.output
    assert judged.run["requests"] <= 1000
    assert judged.run["coverage"]["pairs"]["sent"] == judged.run["coverage"]["pairs"]["of"]
