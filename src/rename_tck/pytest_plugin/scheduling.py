"""How the tests of a run are spread over workers (pytest-xdist): what judges the same requests stays together."""

from __future__ import annotations

import re
from typing import Any

from xdist.scheduler import LoadScopeScheduling

from rename_tck.checks import generated_names, rename_series

#: What is sent once in a run, and the bare names of the requirements that are judged by it.
_SHARED = (("the series", rename_series.LAWS), ("the generated names", generated_names.LAWS))
_SCOPES = {law: scope for scope, laws in _SHARED for law in laws}

#: The end of a contract test's id: the system, and the bare name of the requirement.
_REQUIREMENT = re.compile(rf"\[([a-z]+)\.({'|'.join(map(re.escape, sorted(_SCOPES)))})(-[^]]+)?\]$")


#: The contract tests that judge the points of the space of renames.
_POINTS = re.compile(r"/test_laws_points\.py::\w+\[([a-z]+)\.")


class ContractScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """One test after the other to whichever worker is free; those that judge the same requests stay together.

    Each worker would send them again, and they are the ones that need sessions on which nothing was tried. The
    points of the space of renames are one such thing.
    """

    def _split_scope(self, nodeid: str) -> str:
        if points := _POINTS.search(nodeid):
            return f"{points[1]}: the points"
        found = _REQUIREMENT.search(nodeid)
        return nodeid if found is None else f"{found[1]}: {_SCOPES[found[2]]}"


def scheduler(config: Any, log: Any) -> ContractScheduling | None:
    """The scheduler of a run whose user left the choice to pytest-xdist (`-n` alone); None keeps the user's own."""
    return ContractScheduling(config, log) if config.option.dist == "load" else None
