"""The GitHub Action: action.yml and its script, run step by step as a job runs them."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sample_run
from action_job import ACTION, DEFINITION, JUDGES, STEPS, Job
from harness import KEY, ROOT
from mutants.agno import AnswersAsPlainText

from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.serving import serve
from rename_tck.results import record

SCRIPT = ROOT / ".github" / "action.sh"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture
def judging(job: Job) -> Job:
    """One that really judges."""
    job.put("rename-tck", JUDGES)
    return job


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    with serve(AnswersAsPlainText(KEY)) as url:
        yield url


@pytest.fixture(scope="module")
def right() -> Iterator[str]:
    with serve(AgnoServer(KEY)) as url:
        yield url


def closed() -> str:
    """A URL where nothing answers."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


FAULT = "agno.answer-media-type"
SELECTED = "-k 'answer-media-type or name-stored or rename-accepted' --hypothesis-seed=1"

# -- the files


@pytest.mark.parametrize(
    ("schema", "files"), [("vendor.github-actions", [ACTION]), ("vendor.github-workflows", WORKFLOWS)]
)
def test_files_are_valid_by_their_schemas(schema: str, files: list[Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", "--format=plain", folder],
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "NO_COLOR": "1"},
    )  # fmt: skip


def test_zizmor_finds_nothing() -> None:
    done = zizmor(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "action.yml" in done.stderr
    assert "nightly.yml" in done.stderr


def test_zizmor_would_find_a_value_that_becomes_a_command(tmp_path: Path) -> None:
    """And an action of others by its version alone, whatever .github/zizmor.yml lets pass."""
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "zizmor.yml").write_text((ROOT / ".github" / "zizmor.yml").read_text())
    text = ACTION.read_text().replace("""'"$GITHUB_ACTION_PATH/.github/action.sh" judge'""", "echo ${{ inputs.user }}")
    (tmp_path / "action.yml").write_text(text.replace("actions/upload-artifact@v4", "somebody/upload@v4"))
    said = zizmor(tmp_path).stdout
    assert "template-injection" in said
    assert "unpinned-uses" in said


def test_no_value_from_outside_becomes_a_command() -> None:
    runs = [step["run"] for step in STEPS if "run" in step]
    assert runs == [f'"$GITHUB_ACTION_PATH/.github/action.sh" {name}' for name in ("install", "judge", "summary")]
    assert SCRIPT.stat().st_mode & stat.S_IXUSR


def test_only_first_party_actions_with_a_version() -> None:
    used = re.findall(r"uses: (.+)", "".join(path.read_text() for path in (ACTION, *WORKFLOWS)))
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z/-]+@v\d+", name)] == []
    assert len({name.partition("@")[0] for name in used}) == len(set(used)), "one version of each"


def test_every_input_reaches_what_it_is_for() -> None:
    text = ACTION.read_text()
    assert all(f"inputs.{name}" in text for name in DEFINITION["inputs"])
    (judge,) = (step for step in STEPS if step.get("name") == "Judge")
    read = set(re.findall(r"given ([A-Z_]+)", SCRIPT.read_text())) | {"ARGS"}
    (names,) = re.findall(r"for name in ([A-Z_ ]+);", SCRIPT.read_text())
    set_in_yaml = {name.removeprefix("INPUT_") for step in STEPS for name in step.get("env", {})} - {"PYTHON"}
    assert set_in_yaml == read | set(names.split())
    for name, value in judge["env"].items():
        assert value == f"${{{{ inputs.{name.removeprefix('INPUT_').lower().replace('_', '-')} }}}}"


def test_reports_are_written_and_uploaded_when_the_run_is_red() -> None:
    for step in STEPS[-2:]:
        assert step["if"].startswith("always() && ")
    assert STEPS[-1]["with"]["path"] == "${{ steps.judge.outputs.files }}"


# -- judging


def test_a_green_run(judging: Job) -> None:
    with serve(AgnoServer(KEY)) as url:
        assert judging.judge(base_url=url, system="agno", api_key=KEY, args=SELECTED) == 0, judging.said
    assert judging.outputs() == {"status": "0", "verdict": "incomplete", "report": "reports"}
    assert judging.summary().startswith("## rename-tck: agno was judged in part (incomplete)")
    assert (judging.workspace / "reports" / "conformance.html").exists()
    assert KEY not in judging.said


def test_a_red_run(judging: Job, faulty: str) -> None:
    assert judging.judge(base_url=faulty, system="agno", api_key=KEY, report_dir="out put", args=SELECTED) == 1
    assert judging.outputs() == {"status": "1", "verdict": "does not conform", "report": "out put"}
    assert FAULT in judging.summary()
    assert {"out put/conformance.html", f"out put/replay/{FAULT}.json"} <= set(judging.uploaded())


def test_known_failures_do_not_fail_it(judging: Job, faulty: str) -> None:
    (judging.workspace / "known.toml").write_text(f'[[known]]\nid = "{FAULT}"\nreason = "a gateway in between"\n')
    inputs = {"base_url": faulty, "system": "agno", "api_key": KEY, "known_failures": "known.toml", "args": SELECTED}
    assert judging.judge(**inputs) == 0, judging.said
    assert judging.outputs()["verdict"] == "does not conform", "the target's verdict stays what it is"


def test_a_target_that_is_down(judging: Job) -> None:
    assert judging.judge(base_url=closed(), system="agno", args=SELECTED) == 3
    assert judging.outputs()["verdict"] == "could not judge"
    assert "could not judge" in judging.summary()


def test_an_option_that_cannot_be_used(judging: Job) -> None:
    assert judging.judge(level="sometimes") == 4
    assert judging.outputs() == {"status": "4", "verdict": "could not judge", "report": "reports"}
    assert "sometimes" in judging.summary()


# -- what reaches the run

OPTIONS = {
    "system": "RENAME_TCK_SYSTEM", "api_key": "RENAME_TCK_API_KEY", "other_mode_key": "RENAME_TCK_OTHER_MODE_KEY",
    "user": "RENAME_TCK_USER", "session_id": "RENAME_TCK_SESSION_ID", "edition": "RENAME_TCK_EDITION",
    "spec": "RENAME_TCK_SPEC", "known_failures": "RENAME_TCK_KNOWN_FAILURES", "history": "RENAME_TCK_HISTORY",
    "level": "RENAME_TCK_LEVEL", "base_url": "PYTEST_BASE_URL", "other_user_key": "RENAME_TCK_OTHER_USER_KEY",
}  # fmt: skip

ODD = [
    "$(touch ran)", "`touch ran`", "a; touch ran", "a' touch ran '", 'a" touch ran "', "a & touch ran", "${HOME}", "*",
    "a\ntouch ran\nb", "a  b", "\\", "--level=must", "::set-output name=status::7", "é\u202e😀",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_odd_values_arrive_as_they_are_and_run_nothing(odd: str, job: Job) -> None:
    assert job.judge(**dict.fromkeys([*OPTIONS, "report_dir"], odd)) == 0, job.said
    arguments, environment = job.called()
    assert arguments == ["run", f"--report-dir={odd}"]
    assert {name: environment[variable] for name, variable in OPTIONS.items()} == dict.fromkeys(OPTIONS, odd)
    assert job.outputs() == {"status": "0", "verdict": "could not judge", "report": odd}
    assert os.listdir(job.workspace) == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("-k 'a or b' --header=\"X-Tenant: it's me\"", ["-k", "a or b", "--header=X-Tenant: it's me"]),
        ("-x\n-n 2\n", ["-x", "-n", "2"]),
        ("$(touch ran) `touch ran` ;touch ran", ["$(touch", "ran)", "`touch", "ran`", ";touch", "ran"]),
        ("* ~ $HOME # a", ["*", "~", "$HOME", "#", "a"]),
        ("'two\nlines' ''", ["two\nlines", ""]),
    ],
)
def test_args_are_split_and_not_run(args: str, words: list[str], job: Job) -> None:
    assert job.judge(args=args) == 0, job.said
    assert job.called()[0] == ["run", "--report-dir=reports", *words]
    assert os.listdir(job.workspace) == []


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"base_url": ""}, "base-url is empty: "),
        ({"base_url": " \n"}, "base-url is empty: "),
        ({"base_url": "", "args": "-k name-stored"}, "base-url is empty: "),
        ({"args": "-k 'name-stored"}, "args cannot be split into words: "),
        ({"args": "--report-dir=elsewhere"}, "Give the report folder as report-dir, not in args: "),
        ({"target": "--all"}, "target is the name of a target in rename-tck.toml: "),
    ],
)
def test_inputs_that_cannot_be_used(inputs: dict[str, str], sentence: str, job: Job) -> None:
    assert job.judge(**inputs) == 4
    assert job.said.startswith(f"rename-tck: {sentence}")
    assert job.said.count("\n") == 1
    assert job.outputs() == {"status": "4", "verdict": "could not judge", "report": "reports"}
    assert not (job.folder / "called").exists()
    assert job.summary() == "No record was written.\n"
    assert job.uploaded() == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"target": "staging", "args": "-x"}, ["--report-dir=reports/staging", "staging", "-x"]),
        ({"target": "2.5.6_a-b", "report_dir": "out put/"}, ["--report-dir=out put/2.5.6_a-b", "2.5.6_a-b"]),
        ({"args": "--all", "report_dir": "out put"}, ["--report-dir=out put", "--all"]),
        (
            {"args": "--base-url http://elsewhere.example"},
            ["--report-dir=reports", "--base-url", "http://elsewhere.example"],
        ),
    ],
)
def test_a_target_named_otherwise(inputs: dict[str, str], words: list[str], job: Job) -> None:
    assert job.judge(base_url="", **inputs) == 0, job.said
    arguments, environment = job.called()
    assert arguments == ["run", *words]
    assert job.outputs()["report"] == words[0].removeprefix("--report-dir=")
    assert "PYTEST_BASE_URL" not in environment


def test_an_empty_input_leaves_the_jobs_own_variable(job: Job) -> None:
    job.env = dict.fromkeys([*OPTIONS.values(), "RENAME_TCK_REPORT_DIR"], "the job's")
    assert job.step("Judge", **dict.fromkeys([*OPTIONS, "report_dir"], ""), args="") == 0, job.said
    arguments, environment = job.called()
    assert arguments == ["run", "--report-dir=the job's"]
    assert {environment[variable] for variable in OPTIONS.values()} == {"the job's"}
    assert job.outputs()["report"] == "the job's"


def test_what_is_not_given_is_not_set(job: Job) -> None:
    assert job.judge() == 0
    environment = job.called()[1]
    ours = {name for name in environment if name.startswith(("RENAME_TCK_", "PYTEST_", "INPUT_"))}
    assert ours == {"PYTEST_BASE_URL"}


def test_the_input_goes_before_the_jobs_own_url(job: Job) -> None:
    job.env = {"RENAME_TCK_BASE_URL": "http://of-the-job.example"}
    assert job.judge(base_url="http://of-the-input.example") == 0
    environment = job.called()[1]
    assert environment["PYTEST_BASE_URL"] == "http://of-the-input.example"
    assert "RENAME_TCK_BASE_URL" not in environment


def test_the_jobs_own_url_is_enough(job: Job) -> None:
    job.env = {"RENAME_TCK_BASE_URL": "http://of-the-job.example"}
    assert job.judge(base_url="") == 0
    assert job.called()[1]["RENAME_TCK_BASE_URL"] == "http://of-the-job.example"


def test_a_key_is_in_no_argument_and_in_one_variable(job: Job) -> None:
    assert job.judge(api_key=KEY) == 0
    arguments, environment = job.called()
    assert [name for name, value in environment.items() if KEY in value] == ["RENAME_TCK_API_KEY"]
    assert KEY not in "".join(arguments) + job.said
    assert not (job.folder / "env").exists()


def test_what_a_server_says_does_not_command_the_runner(job: Job) -> None:
    job.judge()
    lines = job.said.splitlines()
    (token,) = re.fullmatch(r"::stop-commands::(stop-[0-9a-f]{32})", lines[0]).groups()  # type: ignore[union-attr]
    assert lines[1] == "::error::said by a server"
    assert lines[-1] == f"::{token}::"


def test_modules_of_the_workspace_are_not_imported(job: Job) -> None:
    for name in ("shlex", "json", "rename_tck", "runpy"):
        (job.workspace / f"{name}.py").write_text("raise SystemExit(9)")
    (job.workspace / "prepared").mkdir()
    (job.workspace / "prepared" / "conformance.json").write_text(record.dumps(sample_run.sample()))
    job.status = 1
    assert job.judge() == 1
    assert job.outputs()["verdict"] == "does not conform", "the worst of the three of the sample"
    assert job.summary().startswith("## rename-tck: ")


@pytest.mark.parametrize(
    ("content", "status", "verdict"),
    [
        (sample_run.incomplete(), 3, "incomplete"),
        ({**sample_run.incomplete(), "exit_status": 0}, 0, "incomplete"),
        ({**sample_run.incomplete(), "runs": [sample_run.agno(), sample_run.incomplete()["runs"][0]]}, 3, "incomplete"),
        ({**sample_run.sample(), "runs": [sample_run.openhands()]}, 3, "could not judge"),
        # a run that conforms and could not write its reports, say
        ({**sample_run.sample(), "runs": [sample_run.agno()]}, 3, "could not judge"),
        (sample_run.incomplete(), 2, "could not judge"),
    ],
)
def test_the_verdict_of_a_run_that_did_not_get_to_all(
    content: dict[str, Any], status: int, verdict: str, job: Job
) -> None:
    (job.workspace / "prepared").mkdir()
    (job.workspace / "prepared" / "conformance.json").write_text(record.dumps(content))
    job.status = status
    assert job.judge() == status
    assert job.outputs()["verdict"] == verdict


# -- what a run leaves


@pytest.mark.parametrize("status", [0, 1, 2, 3, 4, 5, 130])
def test_it_ends_as_the_run_does(status: int, job: Job) -> None:
    job.status = status
    assert job.judge() == status
    assert job.outputs()["status"] == str(status)


def test_a_record_of_an_earlier_step_is_not_taken_for_this_runs(job: Job) -> None:
    reports = job.workspace / "reports"
    (reports / "replay").mkdir(parents=True)
    for name in ("conformance.json", "conformance.html", "replay/dify.name-stored.json", "mine.json"):
        (reports / name).write_text("{}")
    job.status = 4
    assert job.judge() == 4
    assert job.summary() == "No record was written.\n"
    assert sorted(path.name for path in reports.rglob("*.*")) == ["dify.name-stored.json", "mine.json"]


@pytest.mark.parametrize(
    ("inputs", "left"),
    [
        ({"target": "a"}, {"conformance.json", "matrix.html", "b/conformance.json", "mine/conformance.json"}),
        ({"args": "--all"}, {"conformance.json", "mine/conformance.json"}),
        ({"args": "--all --config=other.toml"}, {"conformance.json", "a/conformance.json", "mine/conformance.json"}),
        ({"args": "--config other.toml --all"}, {"conformance.json", "a/conformance.json", "mine/conformance.json"}),
        ({}, {"matrix.html", "a/conformance.json", "b/conformance.json", "mine/conformance.json"}),
    ],
)
def test_of_earlier_reports_those_are_removed_that_the_run_would_write(
    inputs: dict[str, str], left: set[str], job: Job
) -> None:
    (job.workspace / "rename-tck.toml").write_text("[targets.a]\n[targets.b]\n")
    (job.workspace / "other.toml").write_text("[targets.b]\n")
    reports = job.workspace / "reports"
    for name in ("a", "b", "mine"):
        (reports / name).mkdir(parents=True)
        (reports / name / "conformance.json").write_text("{}")
    for name in ("conformance.json", "matrix.html"):
        (reports / name).write_text("{}")
    job.status = 2
    assert job.judge(**inputs) == 2, job.said
    assert {str(path.relative_to(reports)) for path in reports.rglob("*.*")} == left
    assert job.summary() == "No record was written.\n"
    assert job.uploaded() == []


def test_several_targets_have_a_summary_each_and_the_worst_verdict(job: Job) -> None:
    (job.workspace / "rename-tck.toml").write_text("[targets.a]\n[targets.b]\n")
    for name, verdict in (("a", "conforms"), ("b", "does not conform")):
        content = sample_run.sample()
        del content["runs"][1:]
        content["runs"][0]["verdict"] = verdict
        folder = job.workspace / "prepared" / name
        folder.mkdir(parents=True)
        (folder / "conformance.json").write_text(record.dumps(content))
    job.status = 1
    assert job.judge(base_url="", args="--all") == 1
    assert job.outputs()["verdict"] == "does not conform"
    assert job.summary().count("## rename-tck: dify ") == 2


# -- targets of a configuration file, really judged


def names_targets(job: Job, file: str = "rename-tck.toml", **targets: str) -> None:
    """Write a configuration file of Agno servers, each by its URL; `elsewhere` has a report folder of its own."""
    tables = [f'[targets.{name}]\nbase-url = "{url}"\nsystem = "agno"\n' for name, url in targets.items()]
    own = 'report-dir = "own"\n' if "elsewhere" in targets else ""
    (job.workspace / file).write_text("".join(tables) + own)


def judge_targets(job: Job, *, args: str = "", **inputs: str) -> int:
    return job.judge(base_url="", api_key=KEY, args=f"{SELECTED} {args}", **inputs)


def test_a_target_after_another_has_its_own_verdict_and_reports(judging: Job, faulty: str, right: str) -> None:
    names_targets(judging, bad=faulty, good=right)
    assert judge_targets(judging, target="bad") == 1, judging.said
    assert judging.outputs() == {"status": "1", "verdict": "does not conform", "report": "reports/bad"}
    assert judge_targets(judging, target="good") == 0, judging.said
    assert judging.outputs() == {"status": "0", "verdict": "incomplete", "report": "reports/good"}
    assert re.findall("## rename-tck: .*", judging.summary()) == ["## rename-tck: agno was judged in part (incomplete)"]
    assert judging.uploaded() == [
        f"reports/good/{name}"
        for name in ("badge.json", "conformance.html", "conformance.json", "conformance.md", "ctrf.json")
    ]
    assert (judging.workspace / "reports" / "bad" / "conformance.json").exists(), "what the other step left is its own"


def test_a_targets_own_report_folder_is_not_used(judging: Job, right: str) -> None:
    names_targets(judging, elsewhere=right)
    assert judge_targets(judging, target="elsewhere") == 0, judging.said
    assert judging.outputs() == {"status": "0", "verdict": "incomplete", "report": "reports/elsewhere"}
    assert judging.summary().startswith("## rename-tck: agno was judged in part (incomplete)")
    assert "reports/elsewhere/conformance.html" in judging.uploaded()
    assert not (judging.workspace / "own").exists()


def test_a_server_by_its_url_after_a_target(judging: Job, faulty: str, right: str) -> None:
    names_targets(judging, bad=faulty)
    assert judge_targets(judging, target="bad") == 1, judging.said
    assert judging.judge(base_url=right, system="agno", api_key=KEY, args=SELECTED) == 0, judging.said
    assert judging.outputs() == {"status": "0", "verdict": "incomplete", "report": "reports"}
    assert judging.summary().count("## rename-tck: ") == 1
    assert "reports/conformance.json" in judging.uploaded()
    assert [name for name in judging.uploaded() if "/bad/" in name] == []


def test_all_targets_of_which_one_is_down(judging: Job, faulty: str, right: str) -> None:
    """In a workspace with the reports of other steps, of a target that is there no more, too."""
    names_targets(judging, "other.toml", gone=right, good=faulty)
    assert judge_targets(judging, args="--all --config other.toml") == 1, judging.said
    assert judging.judge(base_url=faulty, system="agno", api_key=KEY, args=SELECTED) == 1
    names_targets(judging, good=right, down=closed(), elsewhere=right)
    assert judge_targets(judging, args="--all") == 3, judging.said
    assert judging.outputs() == {"status": "3", "verdict": "could not judge", "report": "reports"}
    assert re.findall("## rename-tck: .*", judging.summary()) == [
        "## rename-tck: agno was judged in part (incomplete)",
        "## rename-tck: agno could not be judged",
        "## rename-tck: agno was judged in part (incomplete)",
    ]
    uploaded = judging.uploaded()
    assert {Path(name).parent.name for name in uploaded if "replay" not in name} == {
        "reports", "good", "down", "elsewhere",
    }  # fmt: skip
    assert [name for name in uploaded if name.count("/") == 1] == ["reports/matrix.html"]
    assert not (judging.workspace / "own").exists()


def test_all_targets_of_which_one_is_bad_and_one_is_down(judging: Job, faulty: str) -> None:
    names_targets(judging, bad=faulty, down=closed())
    assert judge_targets(judging, args="--all") == 1, judging.said
    assert judging.outputs() == {"status": "1", "verdict": "does not conform", "report": "reports"}, "the worst of both"


@pytest.mark.parametrize("content", [None, "no TOML", 'targets = "none"', '[targets."../mine"]'])
def test_all_targets_of_a_file_that_cannot_be_used(content: str | None, judging: Job) -> None:
    if content is not None:
        (judging.workspace / "rename-tck.toml").write_text(content)
    for folder in ("mine", "reports", "reports/good"):
        (judging.workspace / folder).mkdir()
        (judging.workspace / folder / "conformance.json").write_text("{}")
    assert judge_targets(judging, args="--all") == 4
    assert judging.said.count("\n") == 4, "one sentence, between what stops commands and what lets them go on"
    assert judging.outputs() == {"status": "4", "verdict": "could not judge", "report": "reports"}
    assert judging.summary() == "No record was written.\n"
    assert judging.uploaded() == []
    assert len(list(judging.workspace.rglob("conformance.json"))) == 3


@pytest.mark.parametrize(
    "name", ["..", ".", "../mine", "/mine", "a/../../mine", "-x", "*", "a b", "a\nb", "é", "\\", "~", "test_agno.py"]
)
def test_what_is_no_targets_name_leads_to_no_folder(name: str, judging: Job) -> None:
    for folder in ("mine", "reports"):
        (judging.workspace / folder).mkdir()
        (judging.workspace / folder / "conformance.json").write_text("{}")
    (judging.workspace / "conformance.json").write_text("{}")
    assert judge_targets(judging, target=name) == 4
    assert judging.said.startswith("rename-tck: target is the name of a target in rename-tck.toml: ")
    assert judging.outputs() == {"status": "4", "verdict": "could not judge", "report": "reports"}
    assert judging.summary() == "No record was written.\n"
    assert judging.uploaded() == []
    assert len(list(judging.workspace.rglob("conformance.json"))) == 3


def test_a_target_that_the_file_does_not_name(judging: Job, right: str) -> None:
    names_targets(judging, good=right)
    assert judge_targets(judging, target="goood") == 4
    assert judging.outputs() == {"status": "4", "verdict": "could not judge", "report": "reports/goood"}
    assert judging.summary() == "No record was written.\n"
    assert judging.uploaded() == []


def test_a_report_folder_like_an_option(judging: Job, right: str) -> None:
    assert judging.judge(base_url=right, system="agno", api_key=KEY, report_dir="--help", args=SELECTED) == 0
    assert judging.summary().startswith("## rename-tck: agno was judged in part (incomplete)")
    assert "--help/conformance.html" in judging.uploaded()


# -- installing

#: Stands for the job's interpreter, and for that of the environment it makes.
INSTALLS = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLED"
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi
"""


def test_installs_its_own_checkout_with_its_constraints(job: Job) -> None:
    job.put("python", INSTALLS, job.folder)
    assert job.step("Install the suite") == 0, job.said
    assert (job.folder / "called").read_text().splitlines() == [
        f"-m venv {job.bin.parent}",
        f"-m pip install --quiet --disable-pip-version-check --constraint {ROOT}/constraints.txt -- {ROOT}",
    ]


def test_installs_another_version(job: Job) -> None:
    job.put("python", INSTALLS, job.folder)
    assert job.step("Install the suite", source="--index-url=http://elsewhere.example $(touch ran)") == 0, job.said
    last = (job.folder / "called").read_text().splitlines()[-1]
    assert last.endswith(" -- --index-url=http://elsewhere.example $(touch ran)"), "a requirement, and no option of pip"
    assert os.listdir(job.workspace) == []


@pytest.mark.slow
def test_what_it_installs_is_the_suite(job: Job) -> None:
    (job.folder / "python").symlink_to(sys.executable)
    job.env = {name: os.environ[name] for name in ("HOME",) if name in os.environ}
    job.env |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTPS_PROXY"))}
    (job.bin / "python").unlink()
    (job.bin / "rename-tck").unlink()
    assert job.step("Install the suite") == 0, job.said
    done = subprocess.run(
        [job.bin / "python", "-I", "-c", "import rename_tck; print(rename_tck.__file__)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert Path(done.stdout.strip()).is_relative_to(job.bin.parent), done.stderr


def test_script_says_how_it_is_used() -> None:
    done = subprocess.run(["bash", SCRIPT, "sleep"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"usage: {SCRIPT} install | judge | summary\n")
