"""Where an option is given: misspelt variables, empty values, values that differ by place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import KEY, OTHER_MODE_KEY, Judged, judge, judge_in_process

from rename_tck.cli import main
from rename_tck.cli.config_file import find
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.dify import DifyServer
from rename_tck.reference.faults import faults
from rename_tck.reference.serving import serve
from rename_tck.settings import variables
from rename_tck.settings.options import OPTIONS
from rename_tck.settings.settings import BadOptionError

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def agno() -> Iterator[str]:
    with serve(AgnoServer(None)) as url:
        yield url


def _ended(judged: Judged, words: str) -> None:
    assert judged.status == 4, judged.output
    assert words in judged.output.strip().splitlines()[-1]
    assert words in judged.record["reason"]
    for trace in ("Traceback", "INTERNALERROR"):
        assert trace not in judged.output


def _noted(judged: Judged, words: str) -> None:
    assert judged.status == 0, judged.output
    assert words in judged.output
    assert [note for note in judged.run["notes"] if words in note], judged.run["notes"]


# -- variables


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("RENAME_TCK_BASEURL", "RENAME_TCK_BASE_URL"),
        ("RENAME_TCK_URL", "RENAME_TCK_BASE_URL"),
        ("RENAME_TCK_TARGET_URL", "RENAME_TCK_BASE_URL"),
        ("RENAME_TCK_BASE_URL_", "RENAME_TCK_BASE_URL"),
        ("rename_tck_base_url", "RENAME_TCK_BASE_URL"),
        ("RENAME_TCK_KEY", "RENAME_TCK_API_KEY"),
        ("RENAME_TCK_APIKEY", "RENAME_TCK_API_KEY"),
        ("RENAME_TCK_OTHERUSER_KEY", "RENAME_TCK_OTHER_USER_KEY"),
        ("RENAME_TCK_SESSION_IDS", "RENAME_TCK_SESSION_ID"),
        ("RENAME_TCK_MAX_REQUEST", "RENAME_TCK_MAX_REQUESTS"),
        ("RENAME_TCK_HEADERS", "RENAME_TCK_HEADER"),
        ("RENAME_TCK_HEADER_", "RENAME_TCK_HEADER"),
        ("RENAME_TCK_TIMEOUT", "RENAME_TCK_REQUEST_TIMEOUT"),
    ],
)
def test_a_misspelt_variable_ends_the_run_and_the_nearest_is_named(name: str, near: str) -> None:
    with pytest.raises(BadOptionError) as raised:
        variables.check({name: "secret-value", "PATH": "/bin"})
    assert str(raised.value).startswith(f"{name} (did you mean {near}?) is no variable of the suite")
    assert "secret-value" not in str(raised.value)


def test_it_ends_a_run_before_anything_is_judged(tmp_path: Path) -> None:
    _ended(judge(None, tmp_path, env={"RENAME_TCK_BASURL": NOWHERE}), "did you mean RENAME_TCK_BASE_URL?")


def test_every_variable_of_the_suite_is_known() -> None:
    names = {option.variable for option in OPTIONS} | {
        "RENAME_TCK_BASE_URL", "RENAME_TCK_API_KEY", "RENAME_TCK_OTHER_MODE_KEY", "RENAME_TCK_OTHER_USER_KEY",
        "RENAME_TCK_DEBUG", "RENAME_TCK_VENV", "RENAME_TCK_COMMAND", "RENAME_TCK_HEADER_X_TENANT",
        "_RENAME_TCK_COMPLETE",
    }  # fmt: skip
    variables.check(dict.fromkeys(names, "x"))


def test_the_suites_variable_names_the_target_before_pytests(tmp_path: Path, agno: str) -> None:
    env = {"RENAME_TCK_BASE_URL": agno, "PYTEST_BASE_URL": NOWHERE}
    judged = judge(None, tmp_path, system="agno", env=env, select="name-stored")
    assert judged.run["base_url"] == agno
    _noted(judged, f"RENAME_TCK_BASE_URL={agno} is used, and PYTEST_BASE_URL={NOWHERE} is not.")


def test_the_command_line_names_the_target_before_variables(tmp_path: Path, agno: str) -> None:
    env = {"RENAME_TCK_BASE_URL": NOWHERE, "PYTEST_BASE_URL": agno}
    judged = judge(agno, tmp_path, system="agno", env=env, select="name-stored")
    assert judged.run["base_url"] == agno
    _noted(judged, f"--base-url={agno} is used, and RENAME_TCK_BASE_URL={NOWHERE} is not.")


def test_workers_judge_the_target_of_the_suites_variable(tmp_path: Path, agno: str) -> None:
    env = {"RENAME_TCK_BASE_URL": agno, "RENAME_TCK_USER": ""}
    judged = judge_in_process(None, tmp_path, "-n2", system="agno", env=env, select="name-stored or rename-accepted")
    assert judged.run["base_url"] == agno
    _noted(judged, "RENAME_TCK_USER is given but empty")
    assert len([note for note in judged.run["notes"] if "RENAME_TCK_USER" in note]) == 1


@pytest.mark.parametrize("variable", ["RENAME_TCK_BASE_URL", "PYTEST_BASE_URL"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_of_the_target_ends_the_run(tmp_path: Path, variable: str, value: str) -> None:
    _ended(judge(None, tmp_path, env={variable: value}), "is given but empty")
    _ended(judge(None, tmp_path, env={variable: value}), variable)


def test_an_empty_override_of_the_target_ends_the_run(tmp_path: Path, agno: str) -> None:
    _ended(judge(None, tmp_path, "-o", "base_url="), "-o base_url is given but empty")
    judged = judge(None, tmp_path, "-o", f"base_url={agno}", system="agno", select="name-stored")
    assert judged.run["base_url"] == agno


@pytest.mark.parametrize("value", ["on", "2", "y", "", "maybe", "truefalse"])
@pytest.mark.parametrize("name", ["plan", "insecure"])
def test_a_flag_takes_few_words_and_nothing_else(tmp_path: Path, name: str, value: str) -> None:
    words = f"is 1, 0, true, false, yes or no, not {value!r}"
    _ended(judge(None, tmp_path, env={f"RENAME_TCK_{name.upper()}": value}), f"RENAME_TCK_{name.upper()} {words}")
    ini = judge(None, tmp_path, "-o", f"rename_tck_{name}={value}")
    _ended(ini, f"rename_tck_{name} in the ini file {words}")


@pytest.mark.parametrize(
    ("value", "planned"), [("1", True), ("YES", True), ("true", True), ("0", False), ("No", False)]
)
def test_a_flag_by_its_variable(tmp_path: Path, agno: str, value: str, planned: bool) -> None:
    judged = judge(agno, tmp_path, system="agno", env={"RENAME_TCK_PLAN": value}, select="name-stored")
    assert judged.status == 0
    assert ("nothing went to the target" in judged.output) is planned


# -- empty values


@pytest.mark.parametrize(
    "name",
    [
        "session-id",
        "edition",
        "user",
        "header",
        "known-failures",
        "history",
        "ca-bundle",
        "request-timeout",
        "wait",
        "settle",
    ],
)
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_value_is_none_and_is_noted(tmp_path: Path, agno: str, name: str, value: str) -> None:
    judged = judge(agno, tmp_path, f"--{name}={value}", system="agno", select="name-stored", record_only=True)
    _noted(judged, f"--{name} is given but empty: the run is as without it.")


@pytest.mark.parametrize(
    "name", ["session-id", "system", "edition", "user", "api-key", "other-mode-key", "other-user-key"]
)
def test_an_empty_variable_is_none_and_is_noted(tmp_path: Path, agno: str, name: str) -> None:
    variable = f"RENAME_TCK_{name.upper().replace('-', '_')}"
    judged = judge(agno, tmp_path, env={variable: ""}, select="agno.name-stored", record_only=True)
    _noted(judged, f"{variable} is given but empty: the run is as without it.")


def test_an_empty_system_is_found_out_and_an_empty_one_of_several_is_left_out(tmp_path: Path, agno: str) -> None:
    judged = judge(agno, tmp_path, "--system=", "--header=", "--header=X-A: b", select="agno.name-stored")
    _noted(judged, "--system is given but empty: the run is as without it.")
    _noted(judged, "--header is given with an empty value, too: the run is as without that.")


@pytest.mark.parametrize("name", ["spec", "level", "rate-limit", "max-requests", "time-budget"])
def test_an_empty_value_without_which_the_run_were_another_ends_it(tmp_path: Path, name: str) -> None:
    _ended(judge(None, tmp_path, f"--{name}="), f"--{name} is given but empty")
    variable = f"RENAME_TCK_{name.upper().replace('-', '_')}"
    _ended(judge(None, tmp_path, env={variable: ""}), f"{variable} is given but empty")


def test_an_empty_report_folder_is_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agno: str) -> None:
    monkeypatch.chdir(tmp_path)
    judged = judge(agno, tmp_path / "unused", "--report-dir=", system="agno", select="name-stored")
    assert judged.status == 0
    assert "--report-dir is given more than once" not in judged.output
    assert "--report-dir is given with an empty value, too" in judged.output


# -- places that differ


@pytest.mark.parametrize(
    ("options", "env", "words"),
    [
        (["--user=a"], {"RENAME_TCK_USER": "b"}, "--user=a is used, and RENAME_TCK_USER=b is not."),
        (
            ["-o", "rename_tck_user=b"],
            {"RENAME_TCK_USER": "a"},
            "RENAME_TCK_USER=a is used, and rename_tck_user in the ini file (b) is not.",
        ),
        (["--user=b", "--user=a"], {}, "--user=a is used, and not b: --user is given more than once."),
        (["--insecure"], {"RENAME_TCK_INSECURE": "0"}, "--insecure=1 is used, and RENAME_TCK_INSECURE=0 is not."),
        (
            ["--header=X-A: secret-one"],
            {"RENAME_TCK_HEADER": "X-A: secret-two"},
            "--header is used, and RENAME_TCK_HEADER is not.",
        ),
        (["--header=X-A: secret-one", "--header=x-a: secret-two"], {}, "is given more than once: the last is sent."),
    ],
)
def test_places_that_differ_are_noted(
    tmp_path: Path, agno: str, options: list[str], env: dict[str, str], words: str
) -> None:
    judged = judge(agno, tmp_path, *options, system="agno", env=env, select="name-stored")
    _noted(judged, words)
    assert "secret-" not in judged.output + json.dumps(judged.record)


def test_places_that_agree_are_not(tmp_path: Path, agno: str) -> None:
    env = {"RENAME_TCK_USER": "a", "RENAME_TCK_SYSTEM": "agno", "PYTEST_BASE_URL": agno}
    judged = judge(agno, tmp_path, "--user=a", system="agno", env=env, select="name-stored")
    assert (judged.status, judged.run["notes"]) == (0, [])
    assert "note:" not in judged.output


@pytest.mark.parametrize("system", ["dify", None])
@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_a_header_beside_the_key_that_goes_in_it_is_noted_and_not_sent(
    tmp_path: Path, name: str, system: str | None
) -> None:
    seen: set[str] = set()

    class Notes(DifyServer):
        """Notes the credentials that arrive."""

        def authenticate(self, request: Any) -> None:
            seen.add(request.headers.get("authorization", ""))
            super().authenticate(request)

    with serve(Notes(KEY, OTHER_MODE_KEY)) as url:
        judged = judge(
            url, tmp_path, f"--header={name}: Bearer the-other", system=system, env={"RENAME_TCK_API_KEY": KEY},
            select="dify.auth-missing or dify.credential or dify.name-stored",
        )  # fmt: skip
    _noted(judged, f"--header {name} is not sent to dify")
    assert seen
    assert not [value for value in seen if "the-other" in value]


# -- by the command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (*variables.NAMES, "PYTEST_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_misspelt_variable_ends_the_commands_run_and_replay(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setenv("RENAME_TCK_BASURL", NOWHERE)
    assert main(["run"]) == 4
    assert "RENAME_TCK_BASURL (did you mean RENAME_TCK_BASE_URL?)" in capfd.readouterr().err


def test_a_target_goes_before_variables_and_what_differs_is_noted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any, agno: str
) -> None:
    monkeypatch.setenv("RENAME_TCK_BASE_URL", NOWHERE)
    monkeypatch.setenv("RENAME_TCK_USER", "variable")
    monkeypatch.setenv("RENAME_TCK_STAGING_KEY", "a-key-of-a-target")
    text = f"""
        level = "must"
        [targets.local]
        base-url = "{agno}"
        system = "agno"
        user = "file"
        [targets.staging]
        api-key-env = "RENAME_TCK_STAGING_KEY"
    """
    Path("rename-tck.toml").write_text(text)
    assert main(["run", "local", "-q", "-k", "name-stored", "--level=should", "--report-dir=out"]) == 0
    out = capfd.readouterr().out
    used = f"note: base-url in [targets.local] of rename-tck.toml ({agno}) is used, and RENAME_TCK_BASE_URL={NOWHERE}"
    assert used in out
    assert (
        "note: user in [targets.local] of rename-tck.toml (file) is used, and RENAME_TCK_USER=variable is not." in out
    )
    assert "note: --level=should is used, and level in rename-tck.toml (must) is not." in out
    assert "report-dir" not in out.replace("--report-dir=out", "")
    assert json.loads(Path("out/conformance.json").read_bytes())["runs"][0]["base_url"] == agno


def test_the_top_of_the_file_comes_after_variables(folder: Path) -> None:
    Path("rename-tck.toml").write_text('base-url = "http://top"\nuser = "top"\napi-key-env = "TOP_KEY"\n')
    environ = {"RENAME_TCK_BASE_URL": "http://a", "RENAME_TCK_USER": "a", "RENAME_TCK_API_KEY": "k", "TOP_KEY": "t"}
    choices = find(None).choices(None, environ)
    assert choices.variables == {}
    assert choices.origins.notes == [
        "RENAME_TCK_BASE_URL=http://a is used, and base-url in rename-tck.toml (http://top) is not.",
        "RENAME_TCK_USER=a is used, and user in rename-tck.toml (top) is not.",
        "The key in RENAME_TCK_API_KEY is used, and the one in TOP_KEY is not.",
    ]


def test_all_targets_without_a_note_on_their_folders(folder: Path, capfd: Any, agno: str) -> None:
    Path("rename-tck.toml").write_text(f'system = "agno"\n[targets.a]\nbase-url = "{agno}"\n')
    assert main(["run", "--all", "--report-dir=out", "-q", "-k", "name-stored"]) == 0
    assert "note:" not in capfd.readouterr().out


def test_a_replay_heeds_the_suites_variable_and_says_notes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    server = faults("dify")["missing-user-taken"].server
    assert issubclass(server, DifyServer)
    with serve(server(KEY, OTHER_MODE_KEY)) as url:
        monkeypatch.setenv("RENAME_TCK_API_KEY", KEY)
        monkeypatch.setenv("RENAME_TCK_BASE_URL", url)
        assert main(["run", "--system=dify", "-k", "user-required", "-q"]) == 1
        capfd.readouterr()
        assert main(["replay", "dify.user-required", "--session-id=", "--report-dir="]) == 1
        out = capfd.readouterr().out
        assert "note: --session-id is given but empty" in out
        assert "note: --report-dir is given but empty" in out
        assert "still fails" in out
        assert main(["replay", "dify.user-required", "--spec="]) == 2
        monkeypatch.setenv("RENAME_TCK_USR", "x")
        assert main(["replay", "dify.user-required"]) == 2
        assert "did you mean RENAME_TCK_USER?" in capfd.readouterr().err
