"""Covering arrays that are known to be small: to look for one takes longer than much of a run.

Made by ``python tests/suite/small_arrays.py``. Where no array of a shape is known, the plan looks for one.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product

from rename_tck.cases.points import Pair


def shape(groups: Mapping[str, Sequence[str]], possible: Collection[Pair]) -> str:
    """What an array depends on: the classes of each dimension, and which of two go together."""
    apart = [
        (one, a, other, b)
        for one, other in combinations(groups, 2)
        for a, b in product(groups[one], groups[other])
        if (one, a, other, b) not in possible
    ]
    said = repr(([(name, list(classes)) for name, classes in groups.items()], apart))
    return f"{zlib.crc32(said.encode()):08x}"


#: By shape: what covertable is given as its salt for arrays that need few points, one of which the seed chooses.
SMALL: Mapping[str, tuple[str, ...]] = {
    "17abd941": ("57", "108", "121", "139", "259", "292", "293", "0", "9", "12", "40", "41"),
    "396f3e1d": ("2", "6", "8", "9", "14", "15", "16", "19", "21", "22", "23", "26"),
    "4d81ad18": ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"),
    "9a5b361e": ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"),
    "ab2cacf3": ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"),
    "e70cc8a4": ("2", "7", "10", "15", "16", "19", "23", "26", "27", "29", "33", "35"),
}
