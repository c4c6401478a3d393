"""No character and no place is left out of the names, and each packed name says what in it fails."""

import html
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from urllib.parse import unquote

import pytest

from rename_tck.cases import characters, names
from rename_tck.cases.constructed_names import NAMES
from rename_tck.cases.names import Group, Name, has_blanks_around, is_reasonable
from rename_tck.cases.packing import LONG, Packed, Sized
from rename_tck.cases.unreasonable_names import BLANKS, KEPT_OR_REFUSED

QUICK = tuple(name for name in NAMES if not name.thorough)
TEXTS = [name.text for name in NAMES]
EVERY = (*NAMES, *KEPT_OR_REFUSED, *BLANKS)

ASCII = [chr(code_point) for code_point in range(128) if chr(code_point).isprintable() and chr(code_point) != " "]
#: The general categories of a title; the rest of those that Unicode assigns; blanks among them.
PRINTABLE = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
             "Sm", "Sc", "Sk", "So"}  # fmt: skip
BLANK = {"Zs", "Zl", "Zp"}


def _ends(pool: tuple[Name, ...]) -> tuple[set[str], set[str]]:
    """The characters with which names begin and end, single characters aside."""
    longer = [name.text for name in pool if len(name.text) > 1]
    return {text[0] for text in longer}, {text[-1] for text in longer}


def _categories(characters: set[str]) -> set[str]:
    return {unicodedata.category(char) for char in characters if not char.isascii() or ord(char) < 32}


def _known() -> Iterator[str]:
    """Every character that this Python's Unicode assigns, with no other form that it would be normalised to."""
    for code_point in range(0x80, sys.maxunicode + 1):
        char = chr(code_point)
        if unicodedata.category(char) in PRINTABLE and unicodedata.normalize("NFC", char) == char:
            yield char


def _script(char: str) -> str:
    """The first word of its name: GREEK, CUNEIFORM."""
    return unicodedata.name(char, "").partition(" ")[0].partition("-")[0]


@pytest.mark.parametrize("place", ["alone", "doubled", "leading", "trailing"])
def test_every_printable_ascii_character_has_every_place(place: str) -> None:
    leading, trailing = _ends(NAMES)
    doubled = {char for char in ASCII if any(char * 2 in name.text for name in QUICK)}
    found = {"alone": set(TEXTS), "doubled": doubled, "leading": leading, "trailing": trailing}
    assert [char for char in ASCII if char not in found[place]] == []


def test_a_quick_run_has_every_punctuation_mark_in_every_place() -> None:
    leading, trailing = _ends(QUICK)
    alone = {name.text for name in QUICK}
    left = [
        char for char in ASCII if not char.isalnum() and not (char in leading and char in trailing and char in alone)
    ]
    assert left == []


def test_every_general_category_stands_at_both_ends() -> None:
    assigned = {unicodedata.category(chr(code_point)) for code_point in range(sys.maxunicode + 1)}
    assert assigned >= PRINTABLE | BLANK
    for pool, wanted in (
        (QUICK, PRINTABLE), (KEPT_OR_REFUSED, assigned - PRINTABLE - BLANK), (BLANKS, BLANK),
    ):  # fmt: skip
        leading, trailing = _ends(pool)
        assert wanted - _categories(leading) == set()
        assert wanted - _categories(trailing) == set()


def test_every_script_and_every_set_of_digits_is_in_a_name() -> None:
    within = set(chain.from_iterable(name.text for name in QUICK))
    known = list(_known())
    for kind in "LM":
        scripts = {_script(char) for char in within if unicodedata.category(char)[0] == kind}
        assert {_script(char) for char in known if unicodedata.category(char)[0] == kind} - scripts <= {""}
    sevens = {char for char in known if unicodedata.category(char) == "Nd" and unicodedata.decimal(char) == 7}
    # the sevens in squares and the like are no letters' own
    assert sevens - within == set()


def test_every_256_symbols_numbers_and_punctuation_marks_are_in_a_name() -> None:
    within = set(chain.from_iterable(name.text for name in QUICK))
    for kind in "NPS":
        pages = {ord(char) >> 8 for char in _known() if unicodedata.category(char)[0] == kind}
        found = {ord(char) >> 8 for char in within if unicodedata.category(char)[0] in "NPS"}
        assert pages - found == set()


def test_characters_that_this_python_does_not_know_are_kept_or_refused() -> None:
    assert not [char for name in NAMES for char in name.text if unicodedata.category(char) == "Cn"]
    assert set(characters.UNKNOWN) <= set(chain.from_iterable(name.text for name in KEPT_OR_REFUSED))
    assert all(unicodedata.category(char) == "Cn" for char in characters.UNKNOWN)
    leading, trailing = _ends(QUICK)
    assert characters.NEW[-1] in leading
    assert characters.NEW[-2] in trailing


def test_every_control_is_in_a_name() -> None:
    controls = {chr(code_point) for code_point in (*range(32), *range(127, 160))}
    assert controls <= set(chain.from_iterable(name.text for name in KEPT_OR_REFUSED))
    spaces = {chr(code_point) for code_point in range(sys.maxunicode + 1) if chr(code_point).isspace()}
    leading, trailing = _ends(BLANKS)
    assert spaces <= leading
    assert spaces <= trailing


def test_there_is_a_name_of_each_length_at_a_power_of_two_and_of_ten() -> None:
    lengths = {len(name.text) for name in QUICK}
    powers = [power for power in (1, 2, 4, 8, 16, 32, 64, 128, 10, 100) if power <= names.REASONABLE_LENGTH]
    wanted = {power + step for power in powers for step in (-1, 0, 1)} - {0} | {199, 200}
    assert wanted - lengths == set()
    longer = {len(name.text) for name in KEPT_OR_REFUSED}
    for power in (256, 512, 1024, 2048, 4096, 8192, 1000, 65_536):
        assert {power - 1, power, power + 1} <= longer


def test_reasonable_names_and_others_are_kept_apart() -> None:
    assert [name for name in NAMES if not is_reasonable(name.text)] == []
    assert [name for name in KEPT_OR_REFUSED if is_reasonable(name.text) or has_blanks_around(name.text)] == [
        name for name in KEPT_OR_REFUSED if has_blanks_around(name.text)
    ]
    assert [name for name in BLANKS if not has_blanks_around(name.text)] == []
    given = (*names.UNICODE, *names.LOOKALIKES, *names.UNREASONABLE, *names.BLANKS_AROUND)
    assert {name.text for name in given} <= {name.text for name in EVERY}


def test_no_two_names_are_the_same_and_a_quick_run_has_about_a_hundred() -> None:
    assert [text for text, often in Counter(name.text for name in EVERY).items() if often > 1] == []
    assert len(QUICK) <= 125
    assert sum(not name.thorough for name in (*KEPT_OR_REFUSED, *BLANKS)) <= 36


def test_the_classes_are_about_a_dozen_and_none_is_empty() -> None:
    often = Counter(name.group for name in QUICK)
    assert NAMES[0].group == Group.PLAIN
    assert len(often) == 9
    assert often.pop(Group.PLAIN) == 1
    assert min(often.values()) >= 6
    assert often.keys().isdisjoint({Group.TOO_LONG, Group.CONTROLS, Group.INVISIBLE, Group.NO_CHARACTERS, Group.BLANKS})


def _leaves(name: Name) -> Iterator[Name]:
    """What is left when a name is taken apart to the end."""
    if not name.parts:
        yield name
    for part in name.parts:
        yield from _leaves(part)


@pytest.mark.parametrize("name", [name for name in EVERY if isinstance(name, Packed)], ids=lambda name: name.label)
def test_a_packed_name_is_taken_apart_to_one_thing_at_its_place(name: Packed) -> None:
    found = list(_leaves(name))
    leaves = [leaf for leaf in found if isinstance(leaf, Packed)]
    plain = [leaf for leaf in found if not isinstance(leaf, Packed)]
    assert bool(plain) == (len(name.text) >= LONG)
    assert all(leaf.text.replace(" ", "").isalpha() for leaf in plain)
    things = [thing for leaf in leaves for thing in (leaf.lead, *leaf.inside, leaf.trail) if thing]
    assert things == [thing for thing in (name.lead, *name.inside, name.trail) if thing]
    assert len(leaves) == len(things)
    for leaf in leaves:
        (thing,) = (leaf.lead, *leaf.inside, leaf.trail)[:1] if leaf.lead else leaf.inside or (leaf.trail,)
        if leaf.inside:
            assert leaf.text == f"Plan{name.between}{thing}{name.between}now"
        else:
            assert leaf.text == f"{leaf.lead}Plan now{leaf.trail}"
        assert is_reasonable(leaf.text) >= is_reasonable(name.text)
        assert leaf.group == name.group or not leaf.inside, "an end is of its own class"
        assert leaf.mistake == name.mistake
    if name.length:
        assert len(name.text) == name.length
    assert len(leaves) == 1 or len({leaf.label for leaf in leaves} | {name.label}) == len(leaves) + 1


@pytest.mark.parametrize("name", [name for name in EVERY if isinstance(name, Sized)], ids=lambda name: name.label)
def test_a_length_is_told_from_what_stands_at_the_ends(name: Sized) -> None:
    leading, trailing, plain = name.parts
    assert leading.text[0] == name.text[0]
    assert trailing.text[-1] == name.text[-1]
    assert len(plain.text) == len(name.text)
    assert plain.label == name.label
    assert set(plain.text) <= set(name.filling) | {"o"} if name.filling else plain.text.replace(" ", "").isalpha()
    assert not any(part.parts for part in name.parts)
    assert all(is_reasonable(part.text) for part in name.parts)


def test_a_single_thing_is_named_by_the_label() -> None:
    packed = next(name for name in NAMES if name.label == "a mark of every script")
    labels = [leaf.label for leaf in _leaves(packed) if isinstance(leaf, Packed)]
    assert labels[0] == "U+0324 COMBINING DIAERESIS BELOW at the beginning of a name"
    assert labels[1] == "U+0305 COMBINING OVERLINE in a name"
    assert labels[-1] == "U+1F680 ROCKET at the end of a name"


def test_joined_emoji_are_printable_and_what_joins_other_things_is_not() -> None:
    for sequence in names.JOINED_EMOJI:
        assert is_reasonable(sequence)
        assert is_reasonable(f"a {sequence} b")
    assert not is_reasonable("non\u200djoiner")
    assert not is_reasonable("👩\u200d")


def _digits_made_ascii(text: str) -> str:
    return "".join(str(unicodedata.decimal(char, char)) for char in text)


def _decoded_where_it_is_well_formed(text: str) -> str:
    """As JavaScript's decodeURIComponent in a `try`."""
    return text if re.search("%(?![0-9A-Fa-f]{2})", text) else unquote(text)


def _formatted_if_it_can_be(text: str) -> str:
    """As a format string without arguments, in a `try`."""
    try:
        return text % ()
    except (TypeError, ValueError):
        return text


def _unescaped_if_it_can_be(text: str) -> str:
    """As the inside of a JSON string, in a `try`."""
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


#: What servers do to names, by what a failing name comes down to.
FAULTS: dict[str, Callable[[str], str]] = {
    "'.' at the end of a name": lambda text: text.removesuffix("."),
    "'Title: ' at the beginning of a name": lambda text: text.removeprefix("Title: "),
    "'^' at the beginning of a name": lambda text: text.lstrip("^"),
    "'~~' in a name": lambda text: re.sub("~+", "~", text),
    "'4111 1111 1111 1111' in a name": lambda text: re.sub("[0-9 ]{16,}[0-9]", "#", text),
    "'...' in a name": lambda text: text.replace("...", "…"),
    "'Scunthorpe' in a name": lambda text: text.replace("cunt", "****"),
    "U+0667 ARABIC-INDIC DIGIT SEVEN in a name": _digits_made_ascii,
    "U+0305 COMBINING OVERLINE in a name": lambda text: re.sub("[\u0300-\u0323\u0325-\u036f]", "", text),
    "U+10000 LINEAR B SYLLABLE B008 A in a name": lambda text: re.sub("[\U00010000-\U000103ff]", "?", text),
    "U+20DD COMBINING ENCLOSING CIRCLE at the beginning of a name": lambda text: text.lstrip("\u20dd"),
    "U+1F680 ROCKET at the end of a name": lambda text: text.rstrip("🚀"),
    "a name of 64 characters": lambda text: text[:63] if len(text) == 64 else text,
    "'two  blanks' in a name": lambda text: re.sub(" +", " ", text),
    "'say \"hi\"' in a name": lambda text: text.replace('"', '\\"'),
    '"it\'s" in a name': lambda text: text.replace("'", "''"),
    "'C:\\\\new\\\\table' in a name": _unescaped_if_it_can_be,
    "'%41%20' in a name": _decoded_where_it_is_well_formed,
    "'a+b%2Bc' in a name": lambda text: text.replace("+", " "),
    "'%%' in a name": _formatted_if_it_can_be,
    "'<b>bold</b>' in a name": lambda text: re.sub("<[^<>]*>", "", text),
    "'&amp; &lt; &#65;' in a name": html.unescape,
    "'a < b & c > d' in a name": lambda text: text.replace("&", "&amp;"),
    "'**bold**' in a name": lambda text: re.sub(r"\*\*(\w+)\*\*", r"\1", text),
    "'# ' at the beginning of a name": lambda text: text.removeprefix("# "),
    "'../' at the beginning of a name": lambda text: text.rpartition("/")[2] or text,
    "'{0} {name} {}' in a name": lambda text: re.sub(r"\{\w*\}", "", text),
    "'$HOME $1 ~ `id`' in a name": lambda text: text.replace("$HOME", "/home"),
    "'https://example.org/?a=b' in a name": lambda text: text.replace("https://example.org/", "…"),
    "':smile:' in a name": lambda text: text.replace(":smile:", "😄"),
    "'Привет' in a name": lambda text: re.sub("[\u0400-\u04ff]", "?", text),
    "'MiXeD' in a name": lambda text: re.sub("(?<=[a-z])[A-Z](?=[a-z])", "x", text),
    "'Café à la crème' in a name": lambda text: text.replace("é", "e"),
    "'Cafe\u0301' in a name": lambda text: unicodedata.normalize("NFC", text),
    "U+00C5 LATIN CAPITAL LETTER A WITH RING ABOVE in a name": lambda text: unicodedata.normalize("NFD", text),
    "U+FB01 LATIN SMALL LIGATURE FI in a name": lambda text: unicodedata.normalize("NFKC", text),
    "'=' at the end of a name": lambda text: text.rstrip("="),
    "'\\\\' at the beginning of a name": lambda text: text.lstrip("\\"),
    "a name of 200 characters, one-letter words": lambda text: text if len(text.split()) <= 50 else text[:40],
    "default titles": lambda text: "Hello" if text == "新的对话" else text,
    "single characters": lambda text: "" if text == "^" else text,
    "words of languages and stores": lambda text: "" if text == "rowid" else text,
}


@pytest.mark.parametrize(("label", "stored"), FAULTS.items(), ids=FAULTS)
def test_what_a_server_does_to_a_name_is_named(label: str, stored: Callable[[str], str]) -> None:
    failing = [name for name in QUICK if stored(name.text) != name.text]
    causes = set()
    for name in failing:
        while part := next((part for part in name.parts if stored(part.text) != part.text), None):
            name = part  # noqa: PLW2901
        causes.add(name.label)
    assert label in causes, causes


#: What servers do to names that they may refuse, where they refuse others; None for what is refused.
HIDDEN: dict[str, Callable[[str], str | None]] = {
    "zero-width": lambda text: None if "\u200d" in text else text.replace("\u200b", ""),
    "soft hyphen and byte-order mark": lambda text: None if "\u200b" in text else text.replace("\ufeff", ""),
    "U+FEFF ZERO WIDTH NO-BREAK SPACE at the beginning of a name": lambda text: (
        None if "\u200b" in text[1:-1] else text.strip("\ufeff")
    ),
    "U+0001 at the beginning of a name": lambda text: (
        None if any(char < " " for char in text[1:-1]) else text.strip("\x01")
    ),
    "U+0080 at the beginning of a name": lambda text: (
        None if any(char < " " for char in text) else re.sub("[\x80-\x9f]", "", text)
    ),
    "U+000A in a name": lambda text: text.replace("\n", " ") if "\x01" not in text else None,
    "tabs and other controls": lambda text: None if "\n" in text else text.replace("\t", " "),
    "U+00A0 NO-BREAK SPACE in a name": lambda text: None if "\u2028" in text else text.replace("\u00a0", " "),
    "a name of 513 characters": lambda text: None if len(text) > 1000 else text[:512],
    "a name of 255 characters": lambda text: None if len(text) > 255 else text[:250],
}


@pytest.mark.parametrize(("label", "stored"), HIDDEN.items(), ids=HIDDEN)
def test_what_is_refused_for_one_thing_hides_nothing_else(label: str, stored: Callable[[str], str | None]) -> None:
    def alters(name: Name) -> bool:
        return stored(name.text) not in {name.text, None}

    failing = [name for name in (*KEPT_OR_REFUSED, *BLANKS) if not name.thorough and alters(name)]
    causes = set()
    for name in failing:
        while part := next((part for part in name.parts if alters(part)), None):
            name = part  # noqa: PLW2901
        causes.add(name.label)
    assert label in causes, causes
