"""The suite in pytest's terms."""

from rename_tck.pytest_plugin.plugin import pytest_addoption, pytest_configure

__all__ = ["pytest_addoption", "pytest_configure"]
