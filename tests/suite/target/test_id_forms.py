"""Under which ids a target may look for one, and which ids are counted."""

import uuid

import pytest

from rename_tck.cases.ids import near_ids, odd_ids, own_word
from rename_tck.client.exchange import segment
from rename_tck.target.id_forms import KnownIds, canonical, is_counted, is_random

RANDOM = "6e9b2f4c-3d1a-4c57-9b8e-0f2d4a6c8e10"


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("CHAT-7", "chat-7"), ("%20chat-7%20", "chat-7"), ("chat-7%00more", "chat-7"), ("chat-7%0A", "chat-7"),
        ("chat-007", "chat-7"), ("chat7", "chat-7"), ("%63hat-7", "chat-7"), ("%2563hat-7", "chat-7"),
        ("chat-7", "CHAT-7"), ("chat-7", "chat%2D7"), ("ｃｈａｔ-７", "chat-7"), ("chät-7", "chat-7"),
        ("chat-7,chat-9", "chat-9"), ("chat-7%7Cchat-9", "chat-9"), ("..%2Fchat-7", "chat-7"),
        ("chat-", "chat-7"), ("chat-70", "chat-7"), ("chat-%25", "chat-7"), ("chat-_", "chat-7"),
        ("chat-*", "chat-7"), ("ch?t-7", "chat-7"), ("chat..", "chat-7"), ("%5Bc-d%5Dhat-7", "chat-7"),
        ("12abc", "12"), ("%2012", "12"), ("1e3", "1000"), ("0x1F", "31"), ("4294967303", "7"), ("no-number", "0"),
        (str(uuid.UUID(RANDOM).hex), RANDOM), (RANDOM.upper(), RANDOM), (RANDOM[:-1], RANDOM), (RANDOM + "0", RANDOM),
    ],
)  # fmt: skip
def test_a_session_that_an_id_may_be_taken_for_is_found(asked: str, there: str) -> None:
    quoted = asked if asked.isascii() else segment(asked)
    assert KnownIds(["another-one", there]).hit_by(quoted) == there


@pytest.mark.parametrize("asked", ["bus-7", "7", "null", "x-chat-7", f"{RANDOM[:3]}x"])
def test_other_ids_hit_nothing(asked: str) -> None:
    assert KnownIds(["chat-7", RANDOM]).hit_by(asked) is None


@pytest.mark.parametrize(
    "session_id", [RANDOM, RANDOM.replace("-", ""), f"rename-tck-{RANDOM}", "V1StGXR8_Z5jdHi6B-myT", "conv.0~" + RANDOM]
)
def test_random_ids(session_id: str) -> None:
    assert is_random(session_id)
    assert not is_counted(session_id, [session_id, str(uuid.uuid4()), "chat-1"])


@pytest.mark.parametrize(
    "session_id",
    ["120", "chat-120", "20240501123456789012", str(uuid.UUID(int=1201)), str(uuid.UUID(int=0)), "a" * 40, "s_9f3a"],
)
def test_ids_that_others_may_come_to(session_id: str) -> None:
    assert not is_random(session_id)
    assert is_counted(session_id, [])


def test_random_looking_ids_with_a_counter_within_are_counted() -> None:
    assert is_counted(RANDOM, [RANDOM[:-4] + "8e11"])
    assert is_counted(RANDOM, ["6e9b2f4d" + RANDOM[8:]])


def test_ids_of_the_runs_own_are_no_numbers_and_mean_one_session_at_most() -> None:
    word = own_word("0123456789")
    assert word[0].isalpha()
    assert canonical(word).startswith("renametck")
    theirs = [RANDOM, *map(str, range(1, 200)), *(f"chat-{number}" for number in range(200))]
    for odd in odd_ids("0123456789"):
        if odd.own:
            assert KnownIds(theirs).hit_by(odd.encoded) is None, odd
    assert not any(odd.own for odd in near_ids("chat-1", text=True))
