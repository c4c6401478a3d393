"""The `rename-tck` command: one module a sub-command, each imported only when it is called.

`app` finds the sub-command and says its errors. `run` is pytest underneath (`pytest_run`), with the options of a
configuration file (`config_file`, `run_targets`) and as much of pytest's command line as it takes to find a target
there (`command_line`); `report`, `diff`, `matrix` and `known-failures` work with records, `replay` sends a failing case
again (`replaying`), `serve` runs an embedded server.

Imports from: the ground, checks, client, pytest_plugin, reference, replay, reports, requirements, results, settings.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, those of the process when there are none; its exit status."""
    from rename_tck.cli.app import run

    return run(arguments)
