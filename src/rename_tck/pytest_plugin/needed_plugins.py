"""The plugins of pytest that a run needs, loaded where pytest itself has not (PYTEST_DISABLE_PLUGIN_AUTOLOAD)."""

from __future__ import annotations

import importlib

import pytest

#: By the names under which they are installed: of `--base-url`, `--hypothesis-seed`, `-n`.
NEEDED = {
    "base_url": "pytest_base_url.plugin",
    "hypothesispytest": "_hypothesis_pytestplugin",
    "xdist": "xdist.plugin",
}


def load_needed(manager: pytest.PytestPluginManager, parser: pytest.Parser) -> None:
    """Load those that are neither there nor forbidden (`-p no:NAME`).

    Without pytest-base-url its option and ini key are added all the same, for the target is named by them.
    """
    for name, module in NEEDED.items():
        if manager.has_plugin(name) or manager.is_blocked(name):
            continue
        try:
            plugin = importlib.import_module(module)
        except ImportError:
            continue
        if not manager.is_registered(plugin):  # under another name
            manager.register(plugin, name)
    if manager.is_blocked("base_url"):
        group = parser.getgroup("rename-tck", "rename-tck: the system under test (its URL is --base-url)")
        group.addoption("--base-url", dest="base_url", metavar="URL", default=None, help="the URL of the target")
        parser.addini("base_url", "the URL of the target", default=None)
