"""What the command knows of the command line that pytest parses, and what the shell completes of it."""

from __future__ import annotations

import os
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import ROOT, plain_environment

from rename_tck.cli import main, pytest_run
from rename_tck.cli.command_line import FLAG_LETTERS, LONG_OPTIONS, LONG_WITH_VALUE, VALUE_LETTERS, positional
from rename_tck.reference.faults import faults

PLUGINS = [word for name in (*pytest_run.PLUGINS, "no:cacheprovider") for word in ("-p", name)]

#: Options that end the run where they are parsed, without a value.
ENDING = {"--help", "-h", "--version", "-V"}


#: Options that the oldest versions of pytest and its plugins do not have.
NEWER = {"--loadscope-reorder", "--max-warnings", "--no-loadscope-reorder", "--px", "--report-chars"}


class Asking:
    """A plugin of pytest that asks its parser what it makes of a word behind each of these options."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.taking: set[str] = set()
        self.flags: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_load_initial_conftests(self, parser: pytest.Parser) -> None:
        """When every plugin has added its options."""
        for name in self.names:
            try:
                found, unknown = parser.parse_known_and_unknown_args([name, "word"])
            except pytest.UsageError:  # the word is no value for it
                self.taking.add(name)
                continue
            if not unknown:
                (self.flags if found.file_or_dir else self.taking).add(name)


def test_which_options_take_a_value_is_what_pytest_says(tmp_path: Path) -> None:
    usual = ["-c", os.devnull, f"--rootdir={tmp_path}", str(tmp_path)]
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, *usual, "--help"],
        env=plain_environment() | {"PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    ).stdout.partition("configuration options in the first")[0]  # fmt: skip
    listed = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", shown))
    assert len(listed) > 80, shown
    asking = Asking(({*listed, *LONG_OPTIONS} | {f"-{letter}" for letter in string.ascii_letters}) - ENDING)
    pytest.main([*PLUGINS, *usual, "--collect-only", "-q"], plugins=[asking])
    listed_here = {*LONG_OPTIONS} - {"--all", "--config"} - ENDING
    taking, flags = ({name for name in names if name[1] == "-"} for names in (asking.taking, asking.flags))
    assert listed_here - taking - flags <= NEWER, sorted(listed_here - taking - flags)
    assert taking | flags <= listed_here, "not listed"
    assert taking == LONG_WITH_VALUE & (taking | flags)
    assert {name[1] for name in asking.taking if name[1] != "-"} == {*VALUE_LETTERS}
    assert {name[1] for name in asking.flags if name[1] != "-"} == {*FLAG_LETTERS} - {"h", "V"}


@pytest.mark.parametrize(
    ("arguments", "targets"),
    [
        ("staging", "staging"),
        ("-q staging -x", "staging"),
        ("--show-capture no --assert plain staging", "staging"),
        ("-xk user staging", "staging"),
        ("-xkuser staging", "staging"),
        ("-n2 -rA -n 2 -qqx staging", "staging"),
        ("--maxfail 1 --deselect X -o a=b --durations 5 --tb short", ""),
        ("--plan staging --user x", "staging"),
        ("-k -x staging", "staging"),
        # of an option that is not known the next word is the value
        ("--sytem agno staging", "staging"),
        ("--sytem=agno staging", "staging"),
        ("-xZ agno staging", "staging"),
        ("--sytem", ""),
    ],
)
def test_what_is_no_option_nor_its_value(arguments: str, targets: str) -> None:
    words = arguments.split()
    assert [words[place] for place in positional(words)] == targets.split()


@pytest.mark.parametrize(
    "arguments",
    [
        "--show-capture no --assert plain --maxfail 1 --deselect X --durations 5 --tb short -k agno.name-stored",
        "-xk agno.name-stored",
        "-qkagno.name-stored -o log_level=INFO",
    ],
)
def test_values_may_be_words_of_their_own(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--collect-only", "--no-header", *arguments.split()]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert "agno.name-stored" in out


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_a_word_of_its_own(option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", option]) == 0
    assert capfd.readouterr().out.startswith("Usage: rename-tck run ")
    assert main(["run", "-kwithout-h", "--collect-only"]) == 5


# -- what the shell completes


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("re", ["replay", "report"]),
        ("run s", ["sandbox", "staging"]),
        ("run --config=rename-tck.toml st", ["staging"]),
        ("run --show-c", ["--show-capture"]),
        ("run --re", ["--report-chars", "--report-dir", "--request-timeout"]),
        ("run --conf", ["--confcutdir", "--config", "--config-file"]),
        ("serve o", ["openhands"]),
        ("serve dify --fault=mis", ["missing-user-taken"]),
        ("serve agno --fault ", sorted(faults("agno"))),
        ("serve --list", ["--list-faults"]),
        ("serve dify --fault mis", ["missing-user-taken"]),
        ("report x --format=h", ["html"]),
    ],
)
def test_the_shell_completes(line: str, completed: list[str], tmp_path: Path) -> None:
    tables = "".join(f"[targets.{name}]\nbase-url = 'http://127.0.0.1:9'\n" for name in ("staging", "sandbox", "other"))
    (tmp_path / "rename-tck.toml").write_text(tables, encoding="utf-8")
    words = f"rename-tck {line}"
    env = {"_RENAME_TCK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "rename_tck"], cwd=tmp_path,
        env=plain_environment() | {"PYTHONPATH": str(ROOT / "src")} | env, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    found = [text.partition(",")[2] for text in done.stdout.splitlines()]
    assert sorted(found) == completed, done.stdout + done.stderr
