"""The most telling cases: those by which a run finds most for its requests, as measured (docs/benchmark.md).

They are all that a smoke run tries; and where a run may be cut short, laws come in their order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path


@cache
def telling(system: str) -> Mapping[str, Sequence[str]]:
    """The functions of laws in the order in which they tell most, each with the cases of it that do; none named: all.

    A case is named by its keys, as in a report; one without a name is none: the law only looks back.
    """
    content = json.loads(Path(__file__).with_name("telling").joinpath(f"{system}.json").read_text(encoding="utf-8"))
    return {str(law): tuple(map(str, cases)) for law, cases in content.items()}
