"""The dimensions of conditions, users and scopes: each value is one of its own, and says truly what it is."""

import unicodedata
from collections import Counter
from itertools import product

import pytest

from rename_tck.cases import dify, system_cases
from rename_tck.cases.dimensions import Value
from rename_tck.cases.users import lookalikes, other_users, users
from rename_tck.settings.settings import Settings
from rename_tck.systems import NAMES, Session, Storage, load
from rename_tck.systems.contents import by_chance

OWNERS = [Settings.user, *(str(user.user_id) for user in users())]


def dimensions(system: str) -> dict[str, tuple[Value, ...]]:
    cases = system_cases.load(load(system))
    return {**cases.conditions, "users": cases.users(Settings.user), "scopes": cases.scopes}


@pytest.mark.parametrize("system", NAMES)
def test_values_have_labels_of_their_own_and_about_a_dozen_classes(system: str) -> None:
    for name, values in dimensions(system).items():
        assert values[0].mistake == "none: the one that is always tried", name
        assert [label for label, number in Counter(value.label for value in values).items() if number > 1] == []
        assert len({value.group for value in values}) <= 13, name
        assert all(value.label and value.group and value.mistake for value in values)


@pytest.mark.parametrize("seed", ["1", "2", "3", "4"])
def test_a_dify_run_has_fewer_than_ten_users(seed: str) -> None:
    """Of the owners of conversations, of the others who must not rename them, and of odd bodies; one is empty."""
    dialect = load("dify")
    cases = dify.CASES(dialect)
    owners = {str(user.user_id) for user in cases.users(Settings.user) if not user.thorough}
    others = {other.user_id for other in dify.other_users(Settings.user, seed)}
    session = Session("id", "created", None, Settings.user)
    odd = {str(body["user"]) for _, body in cases.odd_scopes(session, "name")}
    assert len(owners | others | odd | {""}) < 10
    assert len(owners) >= 5


@pytest.mark.parametrize("owner", OWNERS)
def test_each_owner_has_every_near_spelling_that_there_is_of_it(owner: str) -> None:
    must, should = ({other.user_id for other in found(owner)} for found in (other_users, lookalikes))
    assert not (must | should) & {owner, ""}
    assert not must & should
    assert {f"{owner}-someone-else", f"{owner}\0"} <= must
    assert {f"{owner} ", f" {owner}", f"{owner}\u3000"} <= should
    if owner.lower() != owner.upper():
        assert any(one.casefold() == owner.casefold() for one in should)
    if len(owner) > 1:
        assert {owner[:-1], owner[1:]} <= must
    bare = "".join(char for char in unicodedata.normalize("NFD", owner) if not unicodedata.combining(char))
    assert bare in {owner, *must}
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert unicodedata.normalize(form, owner) in {owner, *must}
    if owner.isdigit():
        assert any(one.lstrip("+0") == owner.lstrip("0") for one in must), "the same number"


@pytest.mark.parametrize(
    ("owner", "near"),
    [
        ("007", "7"), ("Ann.Other+tag@Example.org", "Ann.Other tag@Example.org"), ("Ann Other", "Ann+Other"),
        ("Ann.Other+tag@Example.org", "Ann.Other@Example.org"), ("a/b%41&c=d?e#f", "a%2Fb%2541%26c%3Dd%3Fe%23f"),
        ("Zo\u00eb Gro\u00df", "Zoe Gro\u00df"), ("Zo\u00eb Gro\u00df", "Zo\u00eb Gross"), ("O'Brien", "O''Brien"),
        ("\u4e1c\u4eac", "\u6771\u4eac"), ("007", "\uff10\uff10\uff17"),
    ],
)  # fmt: skip
def test_near_spellings(owner: str, near: str) -> None:
    assert near in {other.user_id for other in other_users(owner)}


def test_letters_beyond_ascii_in_the_other_case_are_like_the_owner() -> None:
    assert "Zo\u00cb Gro\u00df" in {other.user_id for other in lookalikes("Zo\u00eb Gro\u00df")}


@pytest.mark.parametrize("condition", [one for one in dimensions("agno")["session id"] if "whose id" in one.label])
def test_ids_are_what_their_label_says_and_another_each_time(condition: Value) -> None:
    contents = getattr(condition, "contents", None)
    assert contents is not None
    found = {by_chance(contents.session_id) for _ in range(8)}
    assert "/" not in "".join(found)
    if "character" in condition.label and condition.label.endswith("characters"):
        assert {len(one) for one in found} == {int(condition.label.split()[-2])}
    if condition.label.endswith("1 character"):
        assert {len(one) for one in found} == {1}
    else:
        assert len(found) == 8


def test_scopes_name_what_is_so() -> None:
    dialect = load("agno")
    storage = Storage("db", "sessions")
    queries = []
    for kind, scope in product(dialect.kinds, system_cases.load(dialect).scopes):
        session, nobodys = (Session("id", "created", kind, owner) for owner in ("Ann Other", None))
        of_kind = scope.names_kind or kind == "agent"
        assert scope.fits(dialect, session, storage) is of_kind
        assert scope.fits(dialect, nobodys, storage) is (of_kind and not scope.names_user)
        assert scope.fits(dialect, session, None) is (of_kind and not scope.names_database)
        assert scope.fits(dialect, session, Storage("db")) is (of_kind and not scope.names_table)
        if of_kind:
            queries.append((kind, scope.query(dialect, session, storage)))
    assert len(set(queries)) == len(queries)
    whole = (("type", "team"), ("user_id", "Ann Other"), ("db_id", "db"), ("table", "sessions"))
    assert ("team", whole) in queries
    assert ("agent", ()) in queries
