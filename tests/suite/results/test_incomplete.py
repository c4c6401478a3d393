"""A run that did not get to everything: by the user's choice of tests, or by a limit. None of them is a green."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from harness import KEY, ROOT, Judged, judge, judge_in_process, plain_environment

from rename_tck.files import packaged
from rename_tck.pytest_plugin.collection import chosen_by
from rename_tck.pytest_plugin.conformance_session import ConformanceSession
from rename_tck.pytest_plugin.contract_tests import expected, in_file
from rename_tck.reference.openhands import OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.results.left_out import ContractTest
from rename_tck.settings.settings import Settings
from rename_tck.systems import NAMES

KEYS = {"RENAME_TCK_API_KEY": KEY}
CONTRACT = "tests/contract"


def run(report_dir: Path, *words: str) -> Judged:
    """Run the contract tests that are named on the embedded OpenHands server, as from a shell in a clone."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--system=openhands", f"--report-dir={report_dir}", "-q"],
        cwd=ROOT, env=plain_environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    content: dict[str, Any] = json.loads((report_dir / "conformance.json").read_bytes())
    return Judged(done.returncode, done.stdout + done.stderr, content)


def last_line(judged: Judged) -> str:
    return next(line for line in reversed(judged.output.splitlines()) if line.startswith("rename-tck:"))


def shows_no_conformance(judged: Judged, folder: Path) -> bool:
    """Whether nothing that the run leaves says that the target conforms."""
    badge = json.loads((folder / "badge.json").read_bytes())
    report = json.loads((folder / "ctrf.json").read_bytes())
    pages = [
        re.sub(r"<(style|script)>.*?</\1>", "", (folder / f"conformance.{kind}").read_text("utf-8"), flags=re.DOTALL)
        for kind in ("html", "md")
    ]
    return (
        badge["color"] not in {"green", "brightgreen"}
        and report["results"]["environment"]["healthy"] is False
        and not any(re.search(r"\bconforms\b", said) for said in (*pages, last_line(judged), badge["message"]))
    )


@pytest.mark.parametrize(
    "words",
    [
        ["-k", "title-required"],
        [f"{CONTRACT}/test_openhands.py"],
        [f"{CONTRACT}/test_openhands.py::test_a_body_without_a_title_is_refused"],
        [f"--deselect={CONTRACT}/test_laws_points.py"],
        [f"--ignore={CONTRACT}/test_laws_refusals.py"],
        ["-m", "requirement and not observation", "-k", "not sequence"],
    ],
    ids=["-k", "file", "node id", "--deselect", "--ignore", "-m"],
)
def test_what_the_user_chose_passes_and_is_no_conformance(words: list[str], tmp_path: Path) -> None:
    if "::" in words[0]:
        path, _, function = words[0].partition("::")
        declared = [found.function for found in in_file(ROOT / path)]
        words = [f"{path}::{function if function in declared else declared[0]}"]
    judged = run(tmp_path, *words, *([] if any(word.startswith(CONTRACT) for word in words) else [CONTRACT]))
    assert (judged.status, judged.run["verdict"]) == (0, "incomplete"), judged.output
    assert {judged.requirements[name]["gap"] for name in judged.with_verdict("not tested")} == {"choice"}
    assert judged.with_verdict("pass")
    assert "not chosen" in judged.run["reason"]
    assert shows_no_conformance(judged, tmp_path)


def test_all_that_there_is_conforms_however_it_is_named(tmp_path: Path) -> None:
    files = sorted(f"{CONTRACT}/{path.name}" for path in (ROOT / CONTRACT).glob("test_*.py"))
    judged = run(tmp_path, *files)
    assert (judged.status, judged.run["verdict"]) == (0, "conforms"), judged.output
    assert judged.run["requests"] > 100
    assert judged.run["leftovers"] == []


@pytest.mark.parametrize("most", [1, 3, 10, 60, 150])
def test_a_limit_is_no_conformance(most: int, tmp_path: Path) -> None:
    with serve(OpenHandsServer(KEY)) as url:
        judged = judge(url, tmp_path, f"--max-requests={most}", system="openhands", env=KEYS)
    assert (judged.status, judged.run["verdict"]) == (3, "incomplete"), judged.output
    assert "0 of 0" not in judged.output
    assert shows_no_conformance(judged, tmp_path)
    late = [found for found in judged.requirements.values() if found["gap"] == "limit"]
    assert any(found["reason"].startswith(f"out of requests: --max-requests gave {most}") for found in late)


def test_a_time_that_is_over_is_no_conformance(tmp_path: Path) -> None:
    with serve(OpenHandsServer(KEY)) as url:
        judged = judge(
            url, tmp_path, "--time-budget=1s", "--rate-limit=20/s", system="openhands", env=KEYS, record_only=True
        )
    assert (judged.status, judged.run["verdict"]) == (3, "incomplete"), judged.output


def test_a_limit_within_what_the_user_chose_is_a_limit(tmp_path: Path) -> None:
    with serve(OpenHandsServer(KEY)) as url:
        judged = judge(
            url, tmp_path, "--max-requests=12", system="openhands", env=KEYS, select="title-required", record_only=True
        )
    assert (judged.status, judged.run["verdict"]) == (3, "incomplete"), judged.output


#: A plugin that has pytest go on to nothing more after the third test, as -x or a time-out of the session does.
STOPS_EARLY = """
import pytest

class StopsEarly:
    seen = 0

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item):
        self.seen += 1
        if self.seen == 3:
            item.session.shouldfail = "enough"

def pytest_configure(config):
    config.pluginmanager.register(StopsEarly())
"""


def test_an_end_before_all_was_run_is_no_choice(tmp_path: Path) -> None:
    (tmp_path / "stops_early.py").write_text(STOPS_EARLY, encoding="utf-8")
    junit = tmp_path / "junit.xml"
    judged = judge_in_process(
        None, tmp_path, f"--junit-xml={junit}", "-p", "stops_early", system="openhands",
        env={"PYTHONPATH": f"{tmp_path}:{ROOT / 'src'}"},
    )  # fmt: skip
    assert (judged.status, judged.run["verdict"]) == (3, "incomplete"), judged.output
    assert "limit" in {found["gap"] for found in judged.requirements.values()}
    properties = {found.get("name"): found.get("value") for found in ET.parse(junit).iter("property")}
    assert properties["verdict of openhands"] == "incomplete"
    assert str(properties["reason of openhands"]).startswith("not every MUST was tested in full")


@pytest.mark.slow
def test_workers_know_what_was_left_out(tmp_path: Path) -> None:
    part = judge_in_process(None, tmp_path, "-n2", system="openhands", select="title-required or rename-accepted")
    assert (part.status, part.run["verdict"]) == (0, "incomplete"), part.output
    whole = judge_in_process(None, tmp_path, "-n2", system="openhands")
    assert (whole.status, whole.run["verdict"]) == (0, "conforms"), whole.output
    assert whole.run["requests"] > 100


def test_the_text_of_a_file_tells_the_tests_that_pytest_makes_of_it(tmp_path: Path) -> None:
    """A file that was not collected is read as text: it must tell what collecting it would."""
    session = ConformanceSession(Settings(), seed=1)
    read = {
        test
        for path in packaged("conformance").glob("test_*.py")
        for found in in_file(path)
        for test in expected(session, path.name, found)
    }
    assert {test.requirement for test in read} == {name for system in NAMES for name in Catalogue.load(system).by_id}
    collected: set[ContractTest] = set()

    class Collected:
        """Looks at what pytest has made."""

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
            for item in items:
                _, requirement, edition = chosen_by(item) or (None, None, None)
                if requirement is not None and isinstance(item, pytest.Function):
                    collected.add(ContractTest(requirement, item.path.name, item.originalname, edition))

    words = [str(ROOT / CONTRACT), f"--rootdir={ROOT}", "-c", str(ROOT / "pyproject.toml"), "--collect-only", "-q"]
    with redirect_stdout(StringIO()):
        assert pytest.main([*words, f"--report-dir={tmp_path}", "-p", "no:cacheprovider"], plugins=[Collected()]) == 0
    assert read == collected
