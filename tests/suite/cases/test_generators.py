"""No class of input is left to luck: every run sends each, whatever the seed."""

import re
from pathlib import Path

import generators
import pytest
from harness import slow_but

from rename_tck.systems import NAMES


@pytest.mark.parametrize(("system", "seed"), slow_but(("dify", 1), of=[("dify", 1), ("agno", 2), ("openhands", 3)]))
def test_every_class_is_sent(tmp_path: Path, system: str, seed: int) -> None:
    counted = generators.count(system, tmp_path, seed)
    missing = [kind for kind in generators.kinds(system) if not counted[kind.place, kind.label]]
    assert missing == [], missing


def test_the_page_has_every_class() -> None:
    text = generators.PAGE.read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| (.+?) \| (.+?) \|", text, re.MULTILINE))
    for system in NAMES:
        for kind in generators.kinds(system):
            assert (generators._cell(kind.label), generators._cell(kind.mistake)) in rows
