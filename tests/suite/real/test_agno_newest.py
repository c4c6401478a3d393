"""The newest Agno AgentOS (from PyPI, on SQLite), judged by the document of 2.5.6; what is found is written down here.

Opt-in, for its dependencies do not agree with those of 2.5.6: ``python tests/suite/real/set_up.py agno-newest``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import KEY, Judged, judge

from real.serving import serving
from real.set_up import python_of

PYTHON = python_of("agno-newest")
APP = Path(__file__).parent / "agno_app.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.exists(), reason="the newest Agno is not set up: python tests/suite/real/set_up.py agno-newest"
    ),
]

#: As for 2.5.6, whose test confirms each by hand; only the words of the 500 are other ones.
FINDINGS = {
    "agno.error-422-shape",
    "agno.never-altered",
    "agno.no-server-error",
    "agno.sequence-consistent",
    "agno.other-type-not-renamed",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    folder = tmp_path_factory.mktemp("agno")
    env = {"AGNO_TELEMETRY": "false", "OS_SECURITY_KEY": KEY}
    with serving(PYTHON, APP, "sqlite", str(folder / "sessions.db"), env=env) as url:
        yield judge(url, folder, env={"RENAME_TCK_API_KEY": KEY}, real_time=True)


def test_every_requirement_has_a_verdict(judged: Judged) -> None:
    assert judged.run["system"] == "agno"
    assert judged.with_verdict("fail") == FINDINGS
    assert judged.with_verdict("error") == set()
    assert judged.with_verdict("not tested") == set()
    assert judged.status == 1


def test_its_own_document_explains_a_finding(judged: Judged) -> None:
    """3.1.10 documents the 422 that it answers, has other members in its errors, and finds the type out by itself."""
    differences = judged.run["drift"]["differences"]
    assert {name for difference in differences for name in difference["requirements"]} == {
        "agno.type-default-agent", "agno.error-400-shape", "agno.error-401-shape", "agno.error-404-shape",
        "agno.error-422-shape",
    }  # fmt: skip
    assert "says otherwise at /components/schemas/ValidationErrorResponse/properties/detail" in " ".join(
        judged.output.split()
    )
