"""Loads the rename-tck plugin, so that a clone works as it is."""

pytest_plugins = ["rename_tck.pytest_plugin"]
