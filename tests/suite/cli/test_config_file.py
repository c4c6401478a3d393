"""`rename-tck.toml`: what it may hold, what it gives a run, and how it is said that something is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rename_tck.cli import config_file
from rename_tck.cli.config_file import KEYS, ConfigFile, ConfigFileError
from rename_tck.settings.options import OPTIONS

Given = Callable[[str], ConfigFile]


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """Reads a text as the file of the current folder."""
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> ConfigFile:
        Path(config_file.NAME).write_text(text, encoding="utf-8")
        return config_file.find(None)

    return read


EVERYTHING = """
base-url = "http://localhost:7777"
system = "agno"
edition = ["en", "ja"]
spec = "openapi.yaml"
user = "someone"
session-id = ["one", "two"]
level = "should"
report-dir = "out"
known-failures = "known.toml"
history = "/var/nights.jsonl"
request-timeout = 2.5
header = ["X-A: b", "X-C: d"]
ca-bundle = "certs/ca.pem"
rate-limit = "10/s"
concurrency = 4
max-requests = 500
time-budget = "60s"
wait = "30s"
settle = 5
plan = false
keep-failed = false
insecure = true
hypothesis-profile = "nightly"
api-key-env = "AGNO_KEY"
other-mode-key-env = "OTHER_KEY"
other-user-key-env = "SECOND_KEY"
"""


def test_every_option_is_a_key() -> None:
    assert {option.name for option in OPTIONS} | {"base-url", "hypothesis-profile"} <= set(KEYS)
    assert all(key in EVERYTHING for key in KEYS)


def test_what_the_file_holds_is_given_to_a_run(given: Given) -> None:
    choices = given(EVERYTHING).choices(None, {"AGNO_KEY": "secret", "OTHER_KEY": "other", "SECOND_KEY": "x"})
    assert choices.options == ("--hypothesis-profile=nightly",)
    assert choices.variables == {
        "PYTEST_BASE_URL": "http://localhost:7777",
        "RENAME_TCK_SYSTEM": "agno",
        "RENAME_TCK_EDITION": "en\nja",
        "RENAME_TCK_SPEC": "openapi.yaml",
        "RENAME_TCK_USER": "someone",
        "RENAME_TCK_SESSION_ID": "one\ntwo",
        "RENAME_TCK_LEVEL": "should",
        "RENAME_TCK_REPORT_DIR": "out",
        "RENAME_TCK_KNOWN_FAILURES": "known.toml",
        "RENAME_TCK_HISTORY": "/var/nights.jsonl",
        "RENAME_TCK_REQUEST_TIMEOUT": "2.5",
        "RENAME_TCK_HEADER": "X-A: b\nX-C: d",
        "RENAME_TCK_CA_BUNDLE": "certs/ca.pem",
        "RENAME_TCK_RATE_LIMIT": "10/s",
        "RENAME_TCK_CONCURRENCY": "4",
        "RENAME_TCK_MAX_REQUESTS": "500",
        "RENAME_TCK_TIME_BUDGET": "60s",
        "RENAME_TCK_WAIT": "30s",
        "RENAME_TCK_SETTLE": "5",
        "RENAME_TCK_PLAN": "false",
        "RENAME_TCK_KEEP_FAILED": "false",
        "RENAME_TCK_INSECURE": "true",
        "RENAME_TCK_API_KEY": "secret",
        "RENAME_TCK_OTHER_MODE_KEY": "other",
        "RENAME_TCK_OTHER_USER_KEY": "x",
    }


def test_without_a_file_nothing_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = config_file.find(None)
    assert (found.choices(None, {}).variables, found.choices(None, {}).options, found.targets) == ({}, (), {})


def test_paths_are_relative_to_the_folder_of_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    file = folder / "mine.toml"
    file.write_text('report-dir = "out"\nuser = "out"\n[targets.a]\nspec = "../a.yaml"\n', encoding="utf-8")
    found = config_file.find(str(file))
    assert found.values == {"report-dir": str(folder / "out"), "user": "out"}
    assert found.targets == {"a": {"spec": str(folder / "../a.yaml")}}


RANKED = """
base-url = "http://top"
user = "top"
report-dir = "top"
insecure = true
api-key-env = "TOP_KEY"
hypothesis-profile = "ci"
[targets.staging]
base-url = "http://staging"
user = "staging"
insecure = false
api-key-env = "STAGING_KEY"
hypothesis-profile = "nightly"
[targets.plain]
"""

KEYS_SET = {"TOP_KEY": "top-secret", "STAGING_KEY": "staging-secret"}
VARIABLES = {"PYTEST_BASE_URL": "http://variable", "RENAME_TCK_USER": "variable", "RENAME_TCK_API_KEY": "variable-key"}


@pytest.mark.parametrize(
    ("target", "environ", "expected"),
    [
        (None, {}, {"PYTEST_BASE_URL": "http://top", "RENAME_TCK_USER": "top", "RENAME_TCK_API_KEY": "top-secret"}),
        ("plain", {}, {"PYTEST_BASE_URL": "http://top", "RENAME_TCK_USER": "top", "RENAME_TCK_API_KEY": "top-secret"}),
        (
            "staging",
            {},
            {"PYTEST_BASE_URL": "http://staging", "RENAME_TCK_USER": "staging", "RENAME_TCK_API_KEY": "staging-secret"},
        ),
        (None, VARIABLES, {}),
        ("plain", VARIABLES, {}),
        (
            "staging",
            VARIABLES,
            {"PYTEST_BASE_URL": "http://staging", "RENAME_TCK_USER": "staging", "RENAME_TCK_API_KEY": "staging-secret"},
        ),
        # an empty variable is as good as none, but for the URL: the suite objects to that one
        (None, {"RENAME_TCK_USER": " ", "PYTEST_BASE_URL": ""}, {
            "RENAME_TCK_USER": "top", "RENAME_TCK_API_KEY": "top-secret",
        }),
    ],
)  # fmt: skip
def test_a_target_goes_before_variables_and_they_before_the_top(
    target: str | None, environ: Mapping[str, str], expected: dict[str, str], given: Given
) -> None:
    choices = given(RANKED).choices(target, {**environ, **KEYS_SET})
    others = {"RENAME_TCK_REPORT_DIR": "top", "RENAME_TCK_INSECURE": "false" if target == "staging" else "true"}
    assert choices.variables == expected | others
    assert choices.options == (f"--hypothesis-profile={'nightly' if target == 'staging' else 'ci'}",)


def test_a_variable_spares_the_one_that_the_top_names(given: Given) -> None:
    assert given('api-key-env = "NOT_SET"').choices(None, {"RENAME_TCK_API_KEY": "x"}).variables == {}


TOML = config_file.NAME

WRONG = {
    "bse-url = 'x'": f"there is no key bse-url for {TOML}; did you mean base-url?",
    "zzzzzz = 'x'": f"there is no key zzzzzz for {TOML}: its keys are the options of rename-tck run.",
    "base_url = 'x'": f"there is no key base_url for {TOML}; did you mean base-url?",
    "[target.x]\nuser = 'x'": f"there is no key target for {TOML}; did you mean targets?",
    "[targets.x]\nusr = 'x'": f"there is no key usr for [targets.x] of {TOML}; did you mean user?",
    "api-key = 'x'": f"api-key in {TOML} is not read, for no key belongs into a file: "
    "name the variable that holds it with api-key-env.",
    "[targets.a]\nother-mode-key = 1": f"other-mode-key in [targets.a] of {TOML} is not read, for no key belongs into "
    "a file: name the variable that holds it with other-mode-key-env.",
    "api-key-env = 'app-12 34'": f"api-key-env in {TOML} has to be the name of a variable, not a key.",
    "api-key-env = 5": f"api-key-env in {TOML} has to be a text of one line.",
    "insecure = 'yes'": f"insecure in {TOML} has to be true or false.",
    "insecure = 1": f"insecure in {TOML} has to be true or false.",
    "user = 5": f"user in {TOML} has to be a text of one line.",
    "user = true": f"user in {TOML} has to be a text of one line.",
    "user = ''": f"user in {TOML} has to be a text of one line.",
    'base-url = ""': f"base-url in {TOML} has to be a text of one line.",
    'user = "a\\nb"': f"user in {TOML} has to be a text of one line.",
    'user = "a\\u0000b"': f"user in {TOML} has to be a text of one line.",
    "max-requests = true": f"max-requests in {TOML} has to be a text of one line or a number.",
    "max-requests = [1]": f"max-requests in {TOML} has to be a text of one line or a number.",
    "session-id = 5": f"session-id in {TOML} has to be a list of texts, each of one line.",
    "session-id = []": f"session-id in {TOML} has to be a list of texts, each of one line.",
    "session-id = ['a', 5]": f"session-id in {TOML} has to be a list of texts, each of one line.",
    'header = ["A: b\\nC: d"]': f"header in {TOML} has to be a list of texts, each of one line.",
    "user": f"{TOML} is not TOML: ",
    "targets = 5": f"targets in {TOML} has to be tables, as in [targets.staging].",
    "[targets]\nuser = 'x'": f"targets.user in {TOML} has to be a table, as in [targets.staging]; did you mean user?",
    "[targets.'../x']\nuser = 'x'": f"the target '../x' in {TOML} has to be named with letters, digits, -, _ and .",
    "[targets.-x]\nuser = 'x'": f"the target '-x' in {TOML} has to be named with letters, digits, -, _ and .",
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.items())
def test_what_is_wrong_is_said_in_one_sentence(text: str, sentence: str, given: Given) -> None:
    with pytest.raises(ConfigFileError) as raised:
        given(text)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


def test_what_is_no_text(tmp_path: Path) -> None:
    for content, words in (
        (b"\xff\xfe", "is not TOML: it is not UTF-8 text."),
        (b"a = " + b"[" * 100_000, "is not TOML: "),
        (None, "cannot be read: No such file or directory."),
    ):
        path = tmp_path / "x.toml"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigFileError, match=words):
            config_file.load(path)
    with pytest.raises(ConfigFileError, match=r"cannot be read: Is a directory\."):
        config_file.load(tmp_path)


@pytest.mark.parametrize("environ", [{}, {"STAGING_KEY": ""}, {"STAGING_KEY": " "}])
def test_a_key_that_is_not_there(environ: dict[str, str], given: Given) -> None:
    file = given('[targets.staging]\napi-key-env = "STAGING_KEY"\n')
    with pytest.raises(ConfigFileError) as raised:
        file.choices("staging", environ)
    assert str(raised.value) == (
        f"the variable STAGING_KEY, which api-key-env in [targets.staging] of {TOML} names, is not set or is empty."
    )


def test_a_target_that_is_not_there(given: Given) -> None:
    file = given("[targets.staging]\n[targets.production]\n")
    with pytest.raises(ConfigFileError) as raised:
        file.target("stagin")
    assert str(raised.value) == (
        f"there is no target stagin in {TOML}, which names staging, production; did you mean staging?"
    )
    with pytest.raises(ConfigFileError, match=r"there is no target x: rename-tck.toml names no targets\."):
        given("user = 'x'").target("x")


def test_the_module_needs_neither_click_nor_pytest() -> None:
    import ast

    tree = ast.parse(Path(config_file.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name.partition(".")[0] for name in names} & {"click", "pytest", "_pytest"}
