"""The dimension of names: those of `names`, and many made by construction, so that no character is left out.

What may stand anywhere in a name is packed, many to a name, and taken apart when that fails (`Name.parts`): the first
part that fails is enough. What stands at an end cannot share its place, so each packed name, and each of a certain
length, begins and ends with another character. Only what a server may take for something else as a whole is a name of
its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from rename_tck.cases import characters, names, wordings
from rename_tck.cases.names import JOINED_EMOJI, REASONABLE_LENGTH, Group, Name, class_of, is_reasonable
from rename_tck.cases.packing import packed, sized

#: Lengths at a power of two or of ten, and one less and one more. There are shorter names enough, and 199 and 200.
LENGTHS = (7, 8, 9, 10, 11, 15, 16, 17, 31, 32, 33, 63, 64, 65, 99, 100, 101, 127, 128, 129)

_PLAIN = class_of(Group.PLAIN, "an ordinary name", "what every server is tried with", "Trip to Lisbon")


def _like(group: Group, label: str, mistake: str, *, thorough: bool = False) -> Name:
    """What a name stands for, yet without its text."""
    return Name(label, group, mistake, "", thorough)


# -- characters that are a name of their own

_ONE_MISTAKE = "taken for nothing, for a number or for a wildcard, or trimmed away"
_TELLING = characters.ASCII_PUNCTUATION + "01"
ALONE = tuple(
    Name("single characters", Group.SHORT, _ONE_MISTAKE, char, char not in _TELLING) for char in characters.ASCII
)

# -- packed names: what is inside may stand anywhere

_PACKS: tuple[tuple[Group, str, str, Iterable[str], str], ...] = (
    (Group.PUNCTUATION, "doubled ASCII characters", "doubles collapsed, or escapes undone",
        (char * 2 for char in characters.ASCII), ""),
    (Group.LETTERS, "a letter of every script", "a list of scripts that is out of date", characters.LETTERS, ""),
    (Group.RIGHT_TO_LEFT, "a letter of every script from right to left", "reordering",
        characters.LETTERS_RIGHT_TO_LEFT, ""),
    (Group.BEYOND, "a letter of every script beyond the BMP", "MySQL's three-byte utf8, or UCS-2",
        characters.LETTERS_BEYOND, ""),
    (Group.BEYOND, "digits of every script", "made ASCII digits", characters.DIGITS, ""),
    (Group.MARKS, "a mark of every script", "marks stripped or reordered",
        ("o" + mark for mark in characters.MARKS), ""),
    (Group.MARKS, "a mark of every script beyond the BMP", "marks stripped, or counted as characters",
        ("o" + mark for mark in characters.MARKS_BEYOND), ""),
    (Group.LETTERS, "numbers and symbols of the BMP", "symbols stripped", characters.SYMBOLS, ""),
    (Group.BEYOND, "numbers and symbols beyond the BMP", "emoji stripped", characters.SYMBOLS_BEYOND, ""),
    (Group.BEYOND, "punctuation of every script", "punctuation stripped", characters.PUNCTUATION, ""),
    (Group.BEYOND, "characters new in Unicode", "a table of Unicode that is out of date", characters.NEW, ""),
    (Group.FILTERED, "secrets", "masked", wordings.SECRETS, " "),
    (Group.FILTERED, "personal data", "masked", wordings.PEOPLE, " "),
    (Group.FILTERED, "addresses of machines", "masked, or made links", wordings.MACHINES, " "),
    (Group.FILTERED, "words within words", "starred out by a filter", wordings.WITHIN_WORDS, " "),
    (Group.FILTERED, "a typewriter's signs", "made typographic by an editor", wordings.TYPED, " "),
    (Group.FILTERED, "smileys", "replaced by emoji", wordings.SMILEYS, " "),
    (Group.FILTERED, "words that are often mistyped", "corrected, or made links", wordings.CORRECTED, " "),
)  # fmt: skip
#: A pair for each of those, and for each length.
_ENDS = (
    *characters.CATEGORY_ENDS.values(),
    *characters.ASCII_ENDS,
    (characters.NEW[-1], characters.NEW[-2]),
)

_JOINED = _like(Group.JOINED, "joined emoji", "sequences taken apart at zero-width joiners and modifiers")
PACKED = (
    *(
        packed(_like(group, label, mistake), lead, tuple(inside), trail, between)
        for (group, label, mistake, inside, between), (lead, trail) in zip(_PACKS, _ENDS[: len(_PACKS)], strict=True)
    ),
    packed(_JOINED, JOINED_EMOJI[0], JOINED_EMOJI[1:-1], JOINED_EMOJI[-1], " "),
)

# -- names of a certain length


def _of_length(length: int, lead: str, trail: str) -> Name:
    group = Group.SHORT if length < 60 else Group.LONG
    return sized(_like(group, f"a name of {length} characters", "an off-by-one at a limit"), length, lead, trail)


SIZED = tuple(_of_length(length, *ends) for length, ends in zip(LENGTHS, _ENDS[len(_PACKS) :], strict=True))


def _full(text: str) -> str:
    """The text as often as it fits into the longest name."""
    often = text * (REASONABLE_LENGTH // len(text))
    full = often + "o" * (REASONABLE_LENGTH - len(often))
    return full[:-1] + "o" if full.endswith(" ") else full


_COUNTED = (
    ("combining marks", "marks not counted, or too many on a letter", "e" + "\u0323" * (REASONABLE_LENGTH - 1), False),
    ("flags", "counted as half as many, or cut within one", _full("🇩🇪"), True),
    ("joined emoji", "counted as one each, or cut within one", _full(JOINED_EMOJI[0]), False),
    ("one-letter words", "a limit on words", _full("a "), False),
    ("digits", "read as a number", _full("1234567890"), False),
    ("right-to-left letters", "cut at the wrong end", _full("שלום "), False),
    ("a ligature", "counted after NFKC, which makes it 18 characters", _full("\ufdfa"), False),
    ("letters that grow", "counted after upper-casing or normalisation", _full("\u0390ß"), False),
    ("backslashes", "counted after escaping", _full("\\"), True),
    ("ideographs and blanks", "counted by width", _full("会话 "), True),
    ("full-width letters", "counted by width", _full("Ａ"), True),
    ("dotted capital I", "counted after lower-casing", _full("İ"), True),
    ("notes", "counted after NFC, which takes them apart", _full("\U0001d160"), True),
    ("Hangul", "counted after NFD", _full("한"), True),
    ("conjoining jamo", "counted after NFC", _full("\u1112\u1161\u11ab"), True),
    ("ampersands", "counted after escaping as HTML", _full("&"), True),
    ("quotes", "counted after escaping", _full('"'), True),
    ("percent signs", "counted after percent-encoding", _full("%"), True),
    ("Thai letters", "broken into words", _full("ภาษาไทย"), True),
    ("commas", "split into a list", _full("a,"), True),
    ("sentences", "cut after the first", _full("So it is. "), True),
    ("variation selectors", "dropped before counting", _full("❤\ufe0f"), True),
)  # fmt: skip
COUNTED = tuple(
    Name(f"a name of {REASONABLE_LENGTH} characters, {what}", Group.LONG, mistake, text, thorough)
    for what, mistake, text, thorough in _COUNTED
)

# -- names that are known as a whole

_DEFAULT = Group.TITLES, "default titles", "taken for no title yet, and replaced"
_CLEANED = Group.TITLES, "what a model puts around a title", "cleaned up as a generated title is"
_WORD = Group.WORDS, "words of languages and stores", "taken for what they mean there"
TITLES = (
    *class_of(*_DEFAULT, *wordings.TITLES),
    *class_of(*_DEFAULT, *wordings.MORE_TITLES, thorough=True),
    *class_of(*_CLEANED, *wordings.AROUND),
    *class_of(*_CLEANED, *wordings.MORE_AROUND, thorough=True),
    *(packed(_like(*_CLEANED), lead, (), trail) for lead, trail in wordings.BEFORE_AND_AFTER),
    *(packed(_like(*_CLEANED, thorough=True), lead, (), trail) for lead, trail in wordings.MORE_BEFORE_AND_AFTER),
)
WORDS = (*class_of(*_WORD, *wordings.WORDS), *class_of(*_WORD, *wordings.MORE_WORDS, thorough=True))

# -- letters and digits at the ends: other names begin and end with many of them already

_ALPHANUMERIC = "".join(char for char in characters.ASCII if char.isalnum())
_AT_ENDS = _like(
    Group.LETTERS, "letters and digits at the ends", "a set of characters trimmed for a word", thorough=True
)
ENDS = tuple(
    packed(_AT_ENDS, lead, (), trail)
    for lead, trail in zip(_ALPHANUMERIC, _ALPHANUMERIC[31:] + _ALPHANUMERIC[:31], strict=True)
)


def _distinct(candidates: Iterable[Name]) -> tuple[Name, ...]:
    found: dict[str, Name] = {}
    for name in candidates:
        found.setdefault(name.text, name)
    return tuple(found.values())


_GIVEN = (
    *names.UNICODE, *names.LOOKALIKES, *names.UNREASONABLE,
    *names.long_names(200), *names.long_names(199)[:1], *names.long_names(101)[2:4],
)  # fmt: skip

#: The dimension: names that must be accepted. The first is the plain one. A quick run leaves out the `thorough`.
NAMES: tuple[Name, ...] = _distinct((
    *_PLAIN,
    *(name for name in _GIVEN if is_reasonable(name.text)),
    *ALONE, *PACKED, *SIZED, *COUNTED, *TITLES, *WORDS, *ENDS,
))  # fmt: skip
