"""The suite in pytest's terms: options, collection, a target's life, outcomes, workers, conclusion.

`plugin` reads the options and registers a plugin for each of these duties.

Imports from: the ground, cases, checks, client, openapi, replay, reports, requirements, results, settings, systems,
target.
"""

from rename_tck.pytest_plugin.plugin import pytest_addoption, pytest_configure

__all__ = ["pytest_addoption", "pytest_configure"]
