"""`rename-tck` as a user calls it: help, what is wrong with a call, and `run` in a folder of any content."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import KEY, OTHER_MODE_KEY, ROOT, plain_environment, slow_but

from rename_tck import __version__
from rename_tck.cli import main, pytest_run
from rename_tck.cli.app import SUB_COMMANDS
from rename_tck.cli.command_line import LONG_OPTIONS
from rename_tck.cli.report import FORMATS
from rename_tck.cli.run import HELP
from rename_tck.client.exchange import KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.faults import faults
from rename_tck.reference.serving import serve
from rename_tck.reports.writing import REPORTS
from rename_tck.settings.options import OPTIONS

TOML = "rename-tck.toml"
LAW = "test_laws_points.py::test_every_valid_rename_is_accepted_and_kept[agno.length-200-accepted]"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test is in a folder of its own, with an environment that says nothing."""
    for name in os.environ:
        if name.startswith(("RENAME_TCK_", "PYTEST_")) and name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def process(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in the folder of the test."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "rename_tck", *arguments],
        env=plain_environment() | {"PYTHONPATH": str(ROOT / "src")} | (env or {}), capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def record(folder: str = "reports") -> dict[str, Any]:
    """What a run left in its folder of reports."""
    content: dict[str, Any] = json.loads(Path(folder, "conformance.json").read_bytes())
    return content


# -- help


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in SUB_COMMANDS)])
def test_help_fits_on_a_screen_and_begins_with_examples(arguments: list[str], capfd: Any) -> None:
    assert main(arguments) == 0
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    name = " ".join(["rename-tck", *arguments[:-1]])
    assert lines[0].startswith(f"Usage: {name} ")
    example = next(number for number, line in enumerate(lines) if re.match(rf"  +(\S+=\S+ )?{name} ", line))
    options = next(number for number, line in enumerate(lines) if line.lstrip().startswith("--"))
    assert example < options


def test_help_names_every_command_and_how_to_complete(capfd: Any) -> None:
    main(["--help"])
    out = capfd.readouterr().out
    assert all(f"\n  {name} " in out for name in SUB_COMMANDS)
    assert 'eval "$(_RENAME_TCK_COMPLETE=bash_source rename-tck)"' in out


def test_help_of_run_shows_first_what_people_use() -> None:
    first = HELP[: HELP.index("More examples")]
    assert re.findall(r"^  --([a-z-]+)", first, re.MULTILINE) == [
        "base-url", "system", "user", "session-id", "hypothesis-profile", "report-dir",
    ]  # fmt: skip
    assert {KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE} <= set(re.findall(r"RENAME_TCK_\w+", first))
    defaults = {option.name: option.default for option in OPTIONS}
    assert f"default: {defaults['user']} [" in first
    assert f"default: {defaults['report-dir']} [" in first
    assert f"--request-timeout=SECONDS ({defaults['request-timeout']})" in HELP


def test_help_of_run_names_every_option() -> None:
    assert [option.name for option in OPTIONS if not re.search(rf"--{option.name}\b", HELP)] == []
    assert set(re.findall(r"--[a-z-]+", HELP)) - {*LONG_OPTIONS, "--help"} == set()


def test_the_formats_of_a_report_are_those_that_there_are() -> None:
    assert tuple(name for name in REPORTS if name != "json") == FORMATS


@pytest.mark.parametrize("arguments", ["--version", "run --version", "run -V"])
def test_version_and_module(arguments: str) -> None:
    done = process(*arguments.split())
    assert (done.returncode, done.stdout, done.stderr) == (0, f"rename-tck {__version__}\n", "")


def test_without_a_command_there_is_help(capfd: Any) -> None:
    assert main([]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("Usage: rename-tck ")


# -- what is wrong with a call

WRONG: list[tuple[str, int, str]] = [
    ("rn", 2, "there is no command rn; did you mean run?"),
    ("matrx x", 2, "there is no command matrx; did you mean matrix?"),
    ("zzz", 2, f"there is no command zzz: there are {', '.join(SUB_COMMANDS)}."),
    ("--vrsion", 2, "there is no option --vrsion; did you mean --version?"),
    ("report", 2, "missing argument 'FILE': rename-tck report --help tells more."),
    ("diff a b --format=pdf", 2,
     "invalid value for '--format': 'pdf' is not one of 'text', 'md': rename-tck diff --help tells more."),
    ("report x --formt=md", 2, "there is no option --formt; did you mean --format?"),
    ("diff one", 2, "missing argument 'B.json': rename-tck diff --help tells more."),
    ("diff a b c", 2, "got unexpected extra argument (c): rename-tck diff --help tells more."),
    ("matrix", 2, "missing argument '[NAME=]FILE...': rename-tck matrix --help tells more."),
    ("known-failures --ouput=x", 2, "there is no option --ouput; did you mean --output?"),
    ("replay", 2, "replay needs the ID of a requirement, as in rename-tck replay dify.user-required."),
    ("replay x", 2, "'x' is no requirement: rename-tck run --collect-only -q lists them."),
    ("replay dify.user-requird", 2, "'dify.user-requird' is no requirement; did you mean dify.user-required?"),
    ("replay A --user U B", 2, "replay sends the case of one requirement, not of A and B: name one."),
    ("replay --header x:y", 2,
     "replay needs the ID of a requirement, as in rename-tck replay dify.user-required."),
    ("run --base-ur=x", 4, "there is no option --base-ur; did you mean --base-url?"),
    ("run --base-ur x", 4, "there is no option --base-ur; did you mean --base-url?"),
    ("run --sytem agno", 4, "there is no option --sytem; did you mean --system?"),
    ("run --sesion-id abc -q", 4, "there is no option --sesion-id; did you mean --session-id?"),
    ("run --zzz x y", 4, "there is no target y: there is no rename-tck.toml here."),
    ("run --alll", 4, "there is no option --alll; did you mean --all?"),
    ("run -q --zzzz", 4, "there is no option --zzzz: rename-tck run --help lists them."),
    ("run -Z", 4, "there is no option -Z: rename-tck run --help lists them."),
    ("run --lf", 4, "there is no option --lf: rename-tck run --help lists them."),
    ("run --level=x", 4, "--level is must or should, not 'x'."),
    ("run --base-url=", 4, "--base-url (or PYTEST_BASE_URL) is given but empty."),
    ("run --base-url", 4, "argument --base-url: expected one argument"),
    ("run --maxfail=x", 4, "argument --maxfail: invalid int value: 'x'"),
    ("run --config", 4, "option '--config' requires an argument: rename-tck run --help tells more."),
    ("run --config=", 4, "--config is given but empty."),
    ("run --config=nope.toml", 4, "nope.toml cannot be read: No such file or directory."),
    ("run --all", 4, "--all judges the targets of a file, and there is no rename-tck.toml here."),
    ("run staging", 4, "there is no target staging: there is no rename-tck.toml here."),
    ("run -xk user staging", 4, "there is no target staging: there is no rename-tck.toml here."),
    ("run agno", 4, "there is no target agno: the system is named with --system=agno."),
    ("run dify.user-required", 4,
     "there is no target dify.user-required: it is a requirement, and rename-tck run -k user-required judges it."),
    ("run --junitxml=/proc/x/j.xml", 4, "--junitxml=/proc/x/j.xml cannot be written: No such file or directory."),
    ("run --junit-xml test_x.py/j.xml", 4, "--junitxml=test_x.py/j.xml cannot be written: File exists."),
    ("run one two", 4, "one and two cannot be judged together: name one, or use --all."),
    ("run test_x.py", 4, "there is no contract test test_x.py: rename-tck run --collect-only -q lists them."),
    ("run tests/test_dify.py", 4,
     "there is no contract test tests/test_dify.py: rename-tck run --collect-only -q lists them."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "status", "sentence"), WRONG, ids=[case[0] for case in WRONG])
def test_what_is_wrong_is_said_in_one_sentence(arguments: str, status: int, sentence: str, capfd: Any) -> None:
    Path("test_x.py").write_text("raise SystemExit(7)")
    assert main(arguments.split()) == status
    assert capfd.readouterr() == ("", f"rename-tck: {sentence}\n")


FIRST = "test_every_valid_rename_is_accepted_and_kept"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["test_laws_points.py::nope"],
         "there is no test nope in test_laws_points.py: rename-tck run --collect-only -q lists them."),
        ([f"test_laws_points.py::{FIRST}[agno.length-20-accepted]", "-q"],
         (f"there is no test {FIRST}[agno.length-20-accepted] in test_laws_points.py; "
          f"did you mean {FIRST}[agno.length-200-accepted]?")),
        ([LAW, "--system=dify"],
         (f"{FIRST}[agno.length-200-accepted] cannot be run with these options, which leave it out: "
          "rename-tck run --collect-only -q with the same options lists what can.")),
    ],
)  # fmt: skip
def test_a_test_that_is_not_there(arguments: list[str], sentence: str, capfd: Any) -> None:
    assert main(["run", *arguments]) == 4
    assert capfd.readouterr().err == f"rename-tck: {sentence}\n"


@pytest.mark.slow
def test_workers_do_not_run_a_test_that_is_not_there(capfd: Any) -> None:
    assert main(["run", "-n2", "test_dify.py::nope"]) == 4
    assert capfd.readouterr().err.startswith("rename-tck: there is no test nope in test_dify.py: ")


def test_what_nobody_has_thought_of_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    def judge(*_: object) -> int:
        raise ValueError("hush")

    monkeypatch.setattr(pytest_run, "judge", judge)
    assert main(["run"]) == 3
    said = (
        r"rename-tck: something unexpected happened \(ValueError; test_cli.py, line \d+\): "
        r"RENAME_TCK_DEBUG=1 in the environment shows where it comes from.\n"
    )
    out, err = capfd.readouterr()
    assert (out, bool(re.fullmatch(said, err))) == ("", True), err
    monkeypatch.setenv("RENAME_TCK_DEBUG", "1")
    assert main(["run"]) == 3
    out, err = capfd.readouterr()
    assert (out, bool(re.fullmatch(f"Traceback .*\nValueError: hush\n{said}", err, re.DOTALL))) == ("", True), err


@pytest.mark.parametrize(("select", "status"), [("name-stored", 0), ("no-such-requirement", 5)])
def test_a_run_ends_with_its_own_status_when_nobody_reads(select: str, status: int) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "rename_tck", "run", "--system=agno", "-v", "-k", select], stdout=write,
        env=plain_environment() | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}, stderr=subprocess.PIPE,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (status, "")
    # where no test is selected there is no record
    assert Path("reports").exists() == (status == 0)


def test_a_secret_is_not_said(capfd: Any) -> None:
    assert main(["run", "--headr=X-Gateway: hush"]) == 4
    assert capfd.readouterr().err == "rename-tck: there is no option --headr; did you mean --header?\n"


# -- run


def test_the_embedded_servers_are_judged_and_nothing_but_reports_written(elsewhere: Path, capfd: Any) -> None:
    assert main(["run", "-q", "-k", "name-stored", "--junitxml=junit.xml"]) == 0
    assert [run["verdict"] for run in record()["runs"]] == ["incomplete"] * 3
    assert sorted(path.name for path in elsewhere.iterdir()) == ["junit.xml", "reports"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("home", slow_but("home", of=("home", "no/home", None)))
def test_what_hypothesis_writes_is_in_the_users_cache_if_anywhere(home: str | None, elsewhere: Path) -> None:
    Path("home").mkdir()
    Path("no").touch()
    env = {"XDG_CACHE_HOME": "", "HOME": str(elsewhere / home) if home else "/proc/nothing"}
    done = process("run", "-q", "--system=openhands", "-k", "valid-space-accepted", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(os.listdir()) == ["home", "no", "reports"]
    assert os.listdir("home") == ([".cache"] if home == "home" else [])
    assert os.listdir("home/.cache") == ["rename-tck"] if home == "home" else True


BROKEN = {
    "conftest.py": "raise SystemExit(7)",
    "pytest.ini": "[pytest",
    "tox.ini": "[tox",
    "setup.cfg": "[tool:pytest",
    "pyproject.toml": "= = =",
    "schemathesis.toml": "[[[",
    "test_broken.py": "raise SystemExit(8)",
    "contract.py": "raise SystemExit(9)",
    "requests.py": "raise SystemExit(10)",
    "execnet.py": "raise SystemExit(11)",
    "tests/conftest.py": "raise SystemExit(12)",
    "tests/contract/test_dify.py": "raise SystemExit(13)",
}


@pytest.mark.parametrize("more", slow_but([], of=([], ["-n2"])))
def test_what_is_in_the_folder_has_no_effect(more: list[str], elsewhere: Path) -> None:
    for name, content in BROKEN.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content, encoding="utf-8")
    before = sorted(map(str, elsewhere.rglob("*")))
    env = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}
    done = process("run", "--system=agno", "-k", "valid-space-accepted or name-stored", *more, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree("reports")
    assert sorted(map(str, elsewhere.rglob("*"))) == before


@pytest.mark.parametrize("name", ["click.py", "pytest.py", "typing.py"])
def test_a_module_in_the_folder_is_not_taken_for_a_library(name: str) -> None:
    Path(name).write_text("raise SystemExit(7)")
    done = subprocess.run(
        [sys.executable, "-m", "rename_tck", "run", "--collect-only", "-q", "-k", "agno.name-stored"],
        env=plain_environment() | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "agno.name-stored" in done.stdout


def test_a_test_is_run_by_the_name_that_a_run_prints(capfd: Any) -> None:
    assert main(["run", "--collect-only", "-q", "--system=agno"]) == 0
    names = [line for line in capfd.readouterr().out.splitlines() if "::" in line]
    (printed,) = (name for name in names if name.endswith(LAW))
    assert main(["run", printed, "--system=agno", "-v"]) == 0
    out = capfd.readouterr().out
    assert f"\n{printed} PASS" in out
    assert "collected 1 item\n" in out
    for name in (f"conformance/{LAW}", LAW, f"tests/contract/{LAW}", str(ROOT / "tests" / "contract" / LAW)):
        assert main(["run", name, "--system=agno", "-q", "--no-header"]) == 0
        assert "1 passed" in capfd.readouterr().out
    assert main(["run", "test_agno.py", "--collect-only", "-q", "--no-header"]) == 0
    listed = [line for line in capfd.readouterr().out.splitlines() if "::" in line]
    assert listed == [name for name in names if "test_agno.py" in name]
    assert len(listed) > 5


def test_workers_run_a_test_by_its_name_and_print_it() -> None:
    done = process("run", "-n", "2", f"conformance/{LAW}", "-v", "--hypothesis-seed=3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"\[gw\d\] \[100%\] PASS tests/contract/{re.escape(LAW)}", done.stdout)
    assert record()["seed"] == 3
    assert sorted(os.listdir()) == ["reports"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["-k", "no-such-requirement"], 5),
        (["--base-url=http://127.0.0.1:9", "--system=dify"], 3),
        ([LAW, "--collect-only"], 0),
        ([LAW.replace("agno.", "agno.no-")], 4),
    ],
)
def test_exit_statuses_are_those_of_a_run(arguments: list[str], status: int) -> None:
    assert main(["run", "-q", *arguments]) == status


def followed(out: str, url: str) -> None:
    """Follow the line that a failure ends with as a shell reads it."""
    (line,) = {*re.findall(r"^  again +(.*)$", out, re.MULTILINE)}
    words = shlex.split(line)
    arguments = words[words.index("replay") :]
    assert f"--base-url={url}" in arguments
    assert main(arguments) == 1


def test_a_failure_and_its_replay(capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENAME_TCK_API_KEY", KEY)
    with serve(faults("agno")["cut-at-100"].server(KEY)) as url:  # type: ignore[call-arg]
        options = [f"--base-url={url}", "--system=agno"]
        assert main(["run", "-x", "-k", "length-200", *options]) == 1
        assert main(["replay", "agno.length-200-accepted", f"--base-url={url}"]) == 1
        assert main(["replay", "--user", "someone", "agno.length-200-accepted", f"--base-url={url}"]) == 1
        followed(capfd.readouterr().out, url)
        assert main(["run", "-x", "-k", "length-200", "--report-dir=it's mine", *options]) == 1
        followed(capfd.readouterr().out, url)
    with serve(AgnoServer(KEY)) as url:
        assert main(["replay", "agno.length-200-accepted", f"--base-url={url}"]) == 0
    assert sorted(os.listdir()) == ["it's mine", "reports"]
    assert capfd.readouterr().err == ""


# -- the configuration file and its targets


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file with three targets: one that conforms, one that does not, one that is not there."""
    monkeypatch.setenv("STAGING_KEY", KEY)
    bad = faults("agno")["cut-at-100"].server
    with serve(DifyServer(KEY, OTHER_MODE_KEY)) as good_url, serve(bad(KEY)) as bad_url:  # type: ignore[call-arg]
        Path(TOML).write_text(
            f"""
            level = "must"
            [targets.good]
            base-url = "{good_url}"
            system = "dify"
            api-key-env = "STAGING_KEY"
            [targets.bad]
            base-url = "{bad_url}"
            system = "agno"
            api-key-env = "STAGING_KEY"
            [targets.gone]
            base-url = "http://127.0.0.1:9"
            report-dir = "elsewhere"
            """,
            encoding="utf-8",
        )
        yield good_url, bad_url


def test_one_target_is_judged(three: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    assert main(["run", "good", "-q", "-k", "name-stored"]) == 0
    assert record("reports/good")["runs"][0]["base_url"] == three[0]
    assert main(["run", "-q", "-k", "length-200", "bad", "--report-dir=mine"]) == 1
    assert record("mine")["runs"][0]["base_url"] == three[1]
    monkeypatch.setenv("RENAME_TCK_API_KEY", KEY)
    followed(capfd.readouterr().out, three[1])
    assert main(["run", "gone", "-q"]) == 3
    assert sorted(os.listdir()) == ["elsewhere", "mine", TOML, "reports"]


def test_the_command_line_goes_before_a_target(three: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENAME_TCK_API_KEY", KEY)
    assert main(["run", "gone", "-q", f"--base-url={three[0]}", "--system=dify", "-k", "name-stored"]) == 0
    assert record("elsewhere")["runs"][0]["base_url"] == three[0]


def test_every_target_is_judged_in_turn(three: tuple[str, str], capfd: Any) -> None:
    assert main(["run", "--all", "-q", "-k", "name-stored or length-200", "--junitxml", "junit.xml"]) == 1
    out, err = capfd.readouterr()
    assert err == ""
    assert re.findall("^=== (.*) ===$", out, re.MULTILINE) == ["good", "bad", "gone"]
    assert out.splitlines()[-5:] == [
        "target  verdict           exit status  reports",
        "good    incomplete        0            reports/good",
        "bad     does not conform  1            reports/bad",
        "gone    could not judge   3            elsewhere",
        "matrix: reports/matrix.html",
    ]
    page = Path("reports/matrix.html").read_text(encoding="utf-8")
    for name in ("good", "bad", "gone"):
        assert f">{name}</th>" in page
    assert sorted(path.name for path in Path().glob("junit*")) == ["junit-bad.xml", "junit-gone.xml", "junit-good.xml"]


def test_a_folder_that_is_named_holds_those_of_all_targets(three: tuple[str, str]) -> None:
    assert main(["run", "--all", "-q", "-k", "name-stored", "--report-dir", "mine"]) == 3
    assert sorted(os.listdir("mine")) == ["bad", "gone", "good", "matrix.html"]
    assert sorted(os.listdir()) == ["mine", TOML]


def judging(statuses: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Has every run end with the next status; what each was called with."""
    left, called = list(statuses), []

    def judge(words: Sequence[str], *_: object) -> int:
        called.append(" ".join(words))
        return left.pop(0)

    monkeypatch.setattr(pytest_run, "judge", judge)
    return lambda: called


@pytest.mark.parametrize(
    ("statuses", "status", "runs"),
    [([0, 0, 0], 0, 3), ([5, 3, 4], 5, 3), ([4, 1, 3], 1, 3), ([1, 2, 0], 2, 2), ([2], 2, 1)],
)
def test_the_worst_status_counts_and_an_interruption_ends_it(
    statuses: list[int], status: int, runs: int, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    Path(TOML).write_text("".join(f"[targets.t{n}]\nbase-url='http://127.0.0.1:9'\n" for n in range(3)))
    called = judging(statuses, monkeypatch)
    assert main(["run", "--all"]) == status
    assert len(called()) == runs
    assert len(capfd.readouterr().out.rpartition("target  ")[2].splitlines()) == runs + 1
    assert not Path("reports").exists(), "no run has written anything, and none is made up"


def test_a_target_with_a_mistake_does_not_stop_the_others(capfd: Any) -> None:
    Path(TOML).write_text(
        "[targets.a]\nbase-url='http://127.0.0.1:9'\napi-key-env='NOT_SET'\n[targets.b]\n"
        "[targets.c]\nbase-url='http://127.0.0.1:9'\nlevel='x'\n[targets.d]\nbase-url='http://127.0.0.1:9'\n"
    )
    assert main(["run", "--all", "-q"]) == 4
    out, err = capfd.readouterr()
    assert err.splitlines() == [
        f"rename-tck: the variable NOT_SET, which api-key-env in [targets.a] of {TOML} names, is not set or is empty.",
        f"rename-tck: the target b of {TOML} has no base-url.",
        f"rename-tck: --level is must or should, not 'x' (level in [targets.c] of {TOML}).",
    ]
    assert [line.split("  ")[-1] for line in out.splitlines()[-5:-1]] == [f"reports/{name}" for name in "abcd"]
    for name in "abc":
        assert record(f"reports/{name}")["exit_status"] == 4


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        ("usr = 'x'", "run", f"there is no key usr for {TOML}; did you mean user?"),
        ("[targets.a]\n", "run b", f"there is no target b in {TOML}, which names a."),
        ("[targets.a]\n", "run a --all", "--all judges every target: leave a out, or --all."),
        ("[targets.a]\n", "run a", f"the target a of {TOML} has no base-url."),
        ("level = 'mst'", "run", f"--level is must or should, not 'mst' (level in {TOML})."),
        ("level = 'mst'", "run --level=mist", "--level is must or should, not 'mist'."),
        ("base-url = 'x'\n[targets.a]\nsystem = 'ango'", "run a",
         f"--system is one of dify, agno, openhands, not 'ango' (system in [targets.a] of {TOML})."),
        ("base-url = 'x'", "run",
         f"--base-url=x needs a scheme and a host, as in http://localhost:8000 (base-url in {TOML})."),
        ("hypothesis-profile = 'x'", "run",
         f"--hypothesis-profile=x is none of smoke, quick, ci, nightly (hypothesis-profile in {TOML})."),
        ("", "run staging", f"there is no target staging: {TOML} names no targets."),
        ("", "run --all", f"--all judges the targets of a file, and {TOML} names none."),
        ("x", "run", f"{TOML} is not TOML: Expected '=' after a key in a key/value pair (at end of document)."),
        ("api-key-env = 'NOT_SET'", "run",
         f"the variable NOT_SET, which api-key-env in {TOML} names, is not set or is empty."),
        ("[targets.a]\nreport-dir='x'\n[targets.b]\nreport-dir='x'\n", "run --all",
         f"two targets of {TOML} have the same report-dir: give each its own."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_file(text: str, arguments: str, sentence: str, capfd: Any) -> None:
    Path(TOML).write_text(text, encoding="utf-8")
    assert main(arguments.split()) == 4
    assert capfd.readouterr() == ("", f"rename-tck: {sentence}\n")


def test_the_top_of_the_file_holds_for_a_run_without_a_target(elsewhere: Path) -> None:
    folder = elsewhere / "there"
    folder.mkdir()
    with serve(DifyServer(None, None)) as url:
        (folder / "mine.toml").write_text(f"base-url = '{url}'\nsystem = 'dify'\nreport-dir = 'out'\n")
        assert main(["run", "--config=there/mine.toml", "-q", "-k", "name-stored"]) == 0
        assert record("there/out")["runs"][0]["base_url"] == url
        assert main(["run", "--config", "there/mine.toml", "-q", "-k", "name-stored", "--report-dir=mine"]) == 0
        assert record("mine")["runs"][0]["base_url"] == url
    assert sorted(os.listdir()) == ["mine", "there"]
