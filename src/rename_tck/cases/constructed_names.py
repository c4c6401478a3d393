"""The dimension of names: those of `names`, and many made by construction, so that no character is left out.

What may stand anywhere in a name is packed, many to a name, and taken apart when that fails (`Name.parts`): the first
part that fails is enough. What stands at an end cannot share its place, so each packed name, and each of a certain
length, begins and ends with another character. Only what a server may take for something else as a whole is a name of
its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rename_tck.cases import characters, names, wordings
from rename_tck.cases.names import JOINED_EMOJI, REASONABLE_LENGTH, Group, Name, class_of, is_reasonable
from rename_tck.cases.packing import filled, of_length, packed, sized

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

#: Of ASCII alone: label, mistake, what is inside, how many characters it has where that is for a reason, and the ends.
_ASCII: tuple[tuple[Group, str, str, Iterable[str], int, str, str], ...] = (
    (Group.CODE, "quotes and inner blanks", "doubled, escaped, dropped or collapsed", wordings.QUOTES, 99, "(", "$"),
    (Group.CODE, "backslashes", "escapes interpreted or doubled", wordings.BACKSLASHES, 63, ")", "&"),
    (Group.CODE, "percent escapes", "decoded", wordings.PERCENT_ESCAPES, 64, ",", "+"),
    (Group.CODE, "percent signs", "taken for the start of an escape, or of a format", wordings.PERCENT_SIGNS, 65,
        "%", ","),
    (Group.CODE, "markup and Markdown", "escaped, rendered or stripped", wordings.MARKUP, 127, "# ", "/"),
    (Group.CODE, "templates", "evaluated by a template engine", wordings.TEMPLATES, 100, "/", "<"),
    (Group.CODE, "header and path text", "taken for a path, a query or a header", wordings.PATHS, 101, "../", "="),
    (Group.CODE, "SQL", "pasted into a statement", wordings.SQL, 128, ";", "@"),
    (Group.REWRITTEN, "smileys", "replaced by emoji", wordings.SMILEYS, 129, "~", ">"),
    (Group.REWRITTEN, "secrets", "masked", wordings.SECRETS, 0, "?", "^"),
    (Group.REWRITTEN, "personal data", "masked", wordings.PEOPLE, 0, "]", "{"),
    (Group.REWRITTEN, "addresses of machines", "masked, or made links", wordings.MACHINES, 0, "^", "|"),
    (Group.REWRITTEN, "words within words", "starred out by a filter", wordings.WITHIN_WORDS, 0, "|", "("),
    (Group.REWRITTEN, "a typewriter's signs", "made typographic by an editor", wordings.TYPED, 0, "}", "~"),
    (Group.REWRITTEN, "words that are often mistyped", "corrected, or made links", wordings.CORRECTED, 0, "@", ":"),
)  # fmt: skip
_PACKS: tuple[tuple[Group, str, str, Iterable[str], str], ...] = (
    (Group.CODE, "doubled ASCII characters", "doubles collapsed, or escapes undone",
        (char * 2 for char in characters.ASCII), ""),
    (Group.LETTERS, "a letter of every script", "a list of scripts that is out of date", characters.LETTERS, ""),
    (Group.LETTERS, "a letter of every script from right to left", "reordering", characters.LETTERS_RIGHT_TO_LEFT, ""),
    (Group.BEYOND, "letters and digits of every script", "MySQL's three-byte utf8, UCS-2, or digits made ASCII",
        characters.LETTERS_BEYOND + characters.DIGITS, ""),
    (Group.LETTERS, "a mark of every script", "marks stripped or reordered",
        ("o" + mark for mark in characters.MARKS), ""),
    (Group.LETTERS, "a mark of every script beyond the BMP", "marks stripped, or counted as characters",
        ("o" + mark for mark in characters.MARKS_BEYOND), ""),
    (Group.BEYOND, "symbols and punctuation of every script", "stripped",
        characters.SYMBOLS + characters.PUNCTUATION, ""),
    (Group.BEYOND, "symbols beyond the BMP, and what is new in Unicode", "stripped, or a table that is out of date",
        characters.SYMBOLS_BEYOND + characters.NEW, ""),
    (Group.BEYOND, "beyond the BMP", "cut at, or replaced by a question mark", wordings.WRITTEN_BEYOND, " "),
    (Group.LETTERS, "words in many languages", "a narrow encoding, bytes decoded twice, or three bytes counted",
        wordings.WRITTEN, " "),
    (Group.LETTERS, "letter case", "folding to one case", wordings.CASES, " "),
    (Group.LETTERS, "what normal forms replace", "normalisation to NFC", wordings.DECOMPOSED, " "),
    (Group.LETTERS, "precomposed letters", "normalisation to NFD", wordings.PRECOMPOSED, " "),
    (Group.LETTERS, "compatibility characters", "normalisation to NFKC", wordings.COMPATIBLE, " "),
    (Group.LETTERS, "typography", "made plain, or made of what is plain", wordings.TYPOGRAPHY, " "),
)  # fmt: skip
_JOINED = _like(Group.BEYOND, "joined emoji", "sequences taken apart at zero-width joiners and modifiers")
#: A pair for each of those, and the rest for names of a certain length.
_ENDS = ((characters.NEW[-1], characters.NEW[-2]), *characters.CATEGORY_ENDS)

PACKED = (
    *(
        packed(_like(group, label, mistake), lead, tuple(inside), trail, between=" ", length=length)
        for group, label, mistake, inside, length, lead, trail in _ASCII
    ),
    *(
        packed(_like(group, label, mistake), lead, tuple(inside), trail, between=between)
        for (group, label, mistake, inside, between), (lead, trail) in zip(_PACKS, _ENDS[: len(_PACKS)], strict=True)
    ),
    packed(_JOINED, JOINED_EMOJI[0], (*JOINED_EMOJI[1:-1], "👍🏽", "🇩🇪"), JOINED_EMOJI[-1], between=" "),
)

# -- names of a certain length: at a power of two or of ten, one less and one more, as far as no other name has it

_SIZES = (
    (7, ":", ";"), (15, "+", "\\"), (31, "`", "`"), (32, "\\", "-"), (33, "&", ")"), (199, ".", "%"),
    (REASONABLE_LENGTH, *_ENDS[-1]),
)  # fmt: skip
_FULL = (
    ("ideographs", "length counted in bytes", "名", *_ENDS[-2]),
    ("characters beyond the BMP", "length counted in UTF-16 units or bytes", "😀", *_ENDS[-3]),
    ("letters that grow", "counted after upper-casing or normalisation", "\ufdfa\u0390ß", *_ENDS[-4]),
    ("one long word", "a limit on words", "x", "!", "#"),
    ("one-letter words", "a limit on words", "a ", ">", "["),
    ("quotes and brackets", "counted after escaping", "<\"&'>", "<", "&"),
)


SIZED = (
    *(
        sized(_like(Group.LENGTHS, f"a name of {length} characters", "an off-by-one at a limit"), length, lead, trail)
        for length, lead, trail in _SIZES
    ),
    *(
        sized(
            _like(Group.LENGTHS, f"a name of {REASONABLE_LENGTH} characters, {what}", mistake),
            REASONABLE_LENGTH, lead, trail, filling,
        )
        for what, mistake, filling, lead, trail in _FULL
    ),
)  # fmt: skip

_COUNTED = (
    ("combining marks", "marks not counted, or too many on a letter", "e" + "\u0323" * (REASONABLE_LENGTH - 1), False),
    ("decomposed letters", "length counted after normalisation", "e\u0301", True),
    ("a ligature", "counted after NFKC, which makes it 18 characters", "\ufdfa", True),
    ("flags", "counted as half as many, or cut within one", "🇩🇪", True),
    ("joined emoji", "counted as one each, or cut within one", JOINED_EMOJI[0], True),
    ("digits", "read as a number", "1234567890", True),
    ("right-to-left letters", "cut at the wrong end", "שלום ", True),
    ("backslashes", "counted after escaping", "\\", True),
    ("ideographs and blanks", "counted by width", "会话 ", True),
    ("full-width letters", "counted by width", "Ａ", True),
    ("dotted capital I", "counted after lower-casing", "İ", True),
    ("notes", "counted after NFC, which takes them apart", "\U0001d160", True),
    ("Hangul", "counted after NFD", "한", True),
    ("conjoining jamo", "counted after NFC", "\u1112\u1161\u11ab", True),
    ("ampersands", "counted after escaping as HTML", "&", True),
    ("quotes", "counted after escaping", '"', True),
    ("percent signs", "counted after percent-encoding", "%", True),
    ("Thai letters", "broken into words", "ภาษาไทย", True),
    ("commas", "split into a list", "a,", True),
    ("sentences", "cut after the first", "So it is. ", True),
    ("variation selectors", "dropped before counting", "❤\ufe0f", True),
)  # fmt: skip
COUNTED = tuple(
    Name(f"a name of {REASONABLE_LENGTH} characters, {what}", Group.LENGTHS, mistake,
         filled(text, REASONABLE_LENGTH), thorough)
    for what, mistake, text, thorough in _COUNTED
)  # fmt: skip
#: A quick run has names of other texts at these lengths.
_MORE_LENGTHS = tuple(
    replace(name, thorough=True)
    for length, taken in ((REASONABLE_LENGTH, slice(None)), (199, slice(1)), (101, slice(2, 4)))
    for name in names.long_names(length)[taken]
)
_PLAIN_LENGTHS = tuple(
    replace(of_length(power + step), thorough=True) for power in (8, 10, 16, 32, 64, 100, 128) for step in (-1, 0, 1)
)

# -- names that are known as a whole

_DEFAULT = Group.REWRITTEN, "default titles", "taken for no title yet, and replaced"
_CLEANED = Group.REWRITTEN, "what a model puts around a title", "cleaned up as a generated title is"
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


_GIVEN = (*names.UNICODE, *names.LOOKALIKES, *names.UNREASONABLE)

#: The dimension: names that must be accepted. The first is the plain one. A quick run leaves out the `thorough`.
NAMES: tuple[Name, ...] = _distinct((
    *_PLAIN, *ALONE, *PACKED, *SIZED, *COUNTED, *TITLES, *WORDS, *ENDS,
    *(name for name in _GIVEN if is_reasonable(name.text)),
    *_MORE_LENGTHS, *_PLAIN_LENGTHS,
))  # fmt: skip
