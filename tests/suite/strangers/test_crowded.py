"""No session of others is ever touched, however a server counts or compares its ids."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from harness import FEW_DRAWN, KEY, Judged, judge, slow_but

from rename_tck.systems import NAMES
from strangers.crowded import SPELLINGS, Crowd, Crowded, Matching, serve
from strangers.habits import Habits

#: Whatever sends to ids that are not the run's own, and the series of ordinary renames.
IDS = "unknown or odd-ids or sequence or not-found or error-404 or no-server-error or neighbours or name-stored"


def judged(url: str, report_dir: Path, system: str, *options: str, select: str | None = None) -> Judged:
    return judge(
        url, report_dir, FEW_DRAWN, *options, system=system, env={"RENAME_TCK_API_KEY": KEY}, select=select,
        record_only=True,
    )  # fmt: skip


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("spelling", slow_but("a number", "a word and a number", of=SPELLINGS))
def test_nothing_of_others_differs_after_a_run(system: str, spelling: str, tmp_path: Path) -> None:
    """1,200 sessions, or 250, and others that are opened meanwhile, with the next ids."""
    others = 1200 if spelling == "a number" else 250
    with serve(system, Crowd(spelling, others=others, opens_every=25)) as (url, server):
        found = judged(url, tmp_path, system)
        assert not server.touched()
    failed = found.with_verdict("fail") | found.with_verdict("error")
    # an id that is no UUID
    assert failed <= {"dify.answer-id-uuid", "dify.answer-schema"}, {
        name: found.requirements[name]["reason"] for name in failed
    }
    assert found.requirements[f"{system}.unknown-id-refused"]["verdict"] == "pass"


def _trimmed(asked: str, known: list[str]) -> str:
    return asked.strip().partition("\0")[0]


def _without_case(asked: str, known: list[str]) -> str:
    return next((one for one in known if one.casefold() == asked.casefold()), asked)


def _as_a_number(asked: str, known: list[str]) -> str:
    found = re.match(r"\s*([+-]?\d+)", asked)
    return str(int(found[1])) if found else asked


def _by_its_beginning(asked: str, known: list[str]) -> str:
    """The oldest whose id begins so; an id that is there stands for itself."""
    return asked if asked in known else next((one for one in known if asked and one.startswith(asked)), asked)


def _cut(asked: str, known: list[str]) -> str:
    """The one that the id begins with."""
    return asked if asked in known else next((one for one in known if asked.startswith(one)), asked)


def _like(asked: str, known: list[str]) -> str:
    pattern = re.escape(unquote(asked)).replace("%", ".*").replace("_", ".").replace(r"\*", ".*")
    return next((one for one in known if re.fullmatch(pattern, one)), asked)


LOOSE: dict[str, Matching] = {
    "trimmed": _trimmed, "without case": _without_case, "as a number": _as_a_number,
    "by its beginning": _by_its_beginning, "cut": _cut, "as a pattern": _like,
}  # fmt: skip


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize(
    ("matching", "spelling"),
    slow_but(
        ("by its beginning", "a word and a number"), ("as a number", "a number"),
        ("as a pattern", "a word and a number"),
        of=[(matching, spelling) for matching in LOOSE for spelling in SPELLINGS],
    ),
)  # fmt: skip
def test_a_loose_comparison_reaches_no_session_of_others(
    system: str, matching: str, spelling: str, tmp_path: Path
) -> None:
    with serve(system, Crowd(spelling, LOOSE[matching], others=120, opens_every=9)) as (url, server):
        judged(url, tmp_path, system, select=IDS)
        assert not server.touched()


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("matching", ["trimmed", "as a pattern"])
def test_a_loose_comparison_is_still_found_where_ids_are_random(system: str, matching: str, tmp_path: Path) -> None:
    with serve(system, Crowd("random", LOOSE[matching], others=20)) as (url, server):
        found = judged(url, tmp_path, system, select="unknown-id-refused")
        assert not server.touched()
    assert found.requirements[f"{system}.unknown-id-refused"]["verdict"] == "fail"


def _somebodys(asked: str, known: list[str]) -> str:
    """An id that nobody has stands for the fifth session."""
    return asked if asked in known else known[4]


def _of_a_number(asked: str, known: list[str]) -> str:
    """The one whose id the id asked for begins with, even where there is one of that very id."""
    return next((one for one in known if asked.startswith(one)), asked)


def _names_differ(server: Crowded, system: str) -> dict[str, tuple[object, object]]:
    member = "title" if system == "openhands" else "name"
    touched = server.touched().items()
    return {key: (was, now) for key, (was, now) in touched if now is None or was[member] != now[member]}


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("spelling", ["a number", "random"])
def test_a_session_of_others_that_an_unknown_id_renamed_gets_its_name_back_at_once(
    system: str, spelling: str, tmp_path: Path
) -> None:
    with serve(system, Crowd(spelling, _somebodys, others=30)) as (url, server):
        found = judged(url, tmp_path, system, select="unknown-id-refused")
        assert _names_differ(server, system) == {}  # but for the time of its last change
        somebodys = list(server.store)[4]
    requirement = found.requirements[f"{system}.unknown-id-refused"]
    assert requirement["verdict"] == "fail"
    notes = " ".join(found.run["notes"])
    assert f"session {somebodys}" in notes
    assert "given its old name" in notes
    assert found.run["verdict"] == "does not conform"


@pytest.mark.parametrize("system", NAMES)
def test_an_ordinary_rename_that_hits_somebodys_is_put_back(system: str, tmp_path: Path) -> None:
    """``chat-31`` is taken for ``chat-3``."""
    with serve(system, Crowd("a word and a number", _of_a_number, others=30)) as (url, server):
        # where a title is generated, only the answer tells whose it was given to
        select = "name-stored or neighbours or answer-id or auto-generate"
        found = judged(url, tmp_path, system, select=select)
        assert _names_differ(server, system) == {}
    assert found.with_verdict("fail")


@pytest.mark.parametrize("system", NAMES)
def test_near_ids_are_not_sent_where_the_listing_does_not_show_all(system: str, tmp_path: Path) -> None:
    asked: list[str] = []

    def noted(one: str, known: list[str]) -> str:
        asked.append(one)
        return one

    habits = Habits(page=2)  # thirty pages are not all of it
    with serve(system, Crowd("random", noted, others=400), habits) as (url, server):
        found = judged(url, tmp_path, system, select="unknown-id-refused or odd-ids")
        assert not server.touched()
    assert not {"0", "-1", "null", "undefined"} & set(asked)
    assert found.requirements[f"{system}.unknown-id-refused"]["verdict"] == "pass"
    assert f"{system}.unknown-id-refused: 1" in " ".join(found.run["notes"])
    assert "30 pages" in " ".join(found.run["notes"])
