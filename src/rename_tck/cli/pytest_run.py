"""A pytest session of the contract tests, with nothing of the folder that it is called in."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from rename_tck.cli.command_line import JUNIT, LONG_OPTIONS, last_value
from rename_tck.cli.errors import BadOption, suggestion
from rename_tck.files import packaged
from rename_tck.text import one_line

#: The plugins of a run, by the names under which they are installed. Workers are given these options, too.
PLUGINS = ("base_url", "xdist", "hypothesispytest", "rename_tck.pytest_plugin")

#: Variables by which a user configures his own pytest.
_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")


def judge(
    arguments: Sequence[str],
    variables: Mapping[str, str] | None = None,
    plugins: Sequence[object] = (),
    without: Sequence[str] = (),
) -> int:
    """Run the contract tests; the exit status.

    The arguments are pytest's and the suite's; among them at least one names a contract test by its path. The variables
    are set for the length of the run, and those that it is to be `without` are not.

    Raises:
        BadOption: pytest or the suite cannot use an argument.
    """
    # tests are called as they are in the package: conformance/test_dify.py (in a clone tests/contract/test_dify.py)
    root = packaged("specs").parent
    options = [f"--rootdir={root}", "-c", str(Path(__file__).parent / "pytest.ini"), "--noconftest"]
    options += ["-p", "no:cacheprovider", *(word for name in PLUGINS for word in ("-p", name))]
    changes = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONSAFEPATH": "1", **(variables or {})}
    if not os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        changes["HYPOTHESIS_STORAGE_DIRECTORY"] = _storage()
    _check_junit(last_value(arguments, *JUNIT))
    with _environment(changes, without):
        own = [_Sentences(), _Paths(root), _FromFile(frozenset(variables or {}))]
        status = pytest.main([*options, *arguments], plugins=[*own, *plugins])
    return int(status)


def listed(path: str) -> list[str]:
    """The names of the contract tests of a module, each as it is written behind `::`, for every system."""
    found = _Listing()
    with contextlib.redirect_stdout(io.StringIO()):
        judge([path, "--collect-only", "-q"], {"RENAME_TCK_SYSTEM": "", "PYTEST_BASE_URL": "http://localhost"}, [found])
    return found.names


class _Listing:
    """A plugin of pytest that notes what was collected."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """When all is collected."""
        self.names = [item.nodeid.partition("::")[2] for item in session.items]


def _check_junit(given: str | None) -> None:
    """See that the JUnit file can be written, which pytest finds out when all is done; its folder is made.

    Raises:
        BadOption: it cannot be written.
    """
    if given is None:
        return
    folder = Path(os.path.expandvars(given)).expanduser().parent  # as pytest reads it
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:
        raise BadOption(f"--junitxml={given} cannot be written: {getattr(error, 'strerror', None) or error}.") from None


def _storage() -> str:
    """A folder for what Hypothesis writes: the user's cache, for making its tables anew takes 0.7 s."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    try:
        folder = Path(cache).expanduser() / "rename-tck"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return _temporary()


@functools.cache
def _temporary() -> str:
    """A folder that is removed with the process."""
    made = tempfile.mkdtemp(prefix="rename-tck-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@contextlib.contextmanager
def _environment(changes: Mapping[str, str], without: Sequence[str] = ()) -> Iterator[None]:
    names = {*changes, *_FOREIGN, *without}
    before = {name: os.environ[name] for name in names if name in os.environ}
    for name in (*_FOREIGN, *without):
        os.environ.pop(name, None)
    os.environ.update(changes)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


class _Sentences:
    """A plugin of pytest that says in one sentence what is wrong with an option."""

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_parse(self) -> Generator[None, object, object]:
        """Options that are not known, or not used as they should be."""
        return (yield from self._translated())

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Generator[None, object, object]:
        """Options whose values the suite cannot use."""
        return (yield from self._translated())

    def _translated(self) -> Generator[None, object, object]:
        try:
            return (yield)
        except pytest.UsageError as error:
            raise BadOption(_sentence(" ".join(map(str, error.args)))) from None


def _sentence(text: str) -> str:
    """What pytest says of an option, without its usage lines; what the suite says is a sentence already."""
    # an option that is not known and has a blank in its value is a path for argparse
    unknown = re.search(r"(?:error: unrecognized arguments|file or directory not found): (-.*)", text)
    if unknown:
        name = unknown[1].split()[0].partition("=")[0]
        near = suggestion(name, LONG_OPTIONS) if name.startswith("--") else ""
        return f"there is no option {name}{near or ': rename-tck run --help lists them.'}"
    wrong = re.search(r"error: (.*)", text)
    return one_line(wrong[1] if wrong else text)


class _FromFile:
    """A plugin of pytest that knows which variables are set for the run alone."""

    def __init__(self, variables: frozenset[str]) -> None:
        self._variables = variables

    def pytest_configure(self, config: pytest.Config) -> None:
        """For the command that tries a failing case again."""
        config.rename_tck_variables = self._variables  # type: ignore[attr-defined]


class _Paths:
    """A plugin of pytest that shows tests by their paths in the package, not as seen from the user's folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Before anything is shown."""
        config = session.config
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.startpath = self._root
        config.cwd_relative_nodeid = lambda nodeid: nodeid  # type: ignore[method-assign]
