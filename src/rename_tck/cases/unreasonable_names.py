"""Names that no one would call reasonable, made by construction: stored exactly or refused, never altered."""

from __future__ import annotations

from rename_tck.cases import characters, names
from rename_tck.cases.names import Group, Name, is_reasonable
from rename_tck.cases.packing import packed, plain

#: Around powers of two and of ten, and around what columns and form fields usually hold: what is cut at one of them is
#: cut in a name that is a little longer, too. A quick run has each of these, with 255, which columns just hold.
LENGTHS = (201, 255, 256, 513, 1025, 4097, 65_537)
_MORE_LENGTHS = (
    254, 257, 499, 500, 501, 511, 512, 999, 1000, 1001, 1023, 1024, 2000, 2047, 2048, 2049, 4095, 4096, 8191, 8192,
    8193, 9999, 10_001, 16_384, 32_767, 32_768, 65_535, 65_536, 99_999, 100_001,
)  # fmt: skip

_TOO_LONG = tuple(
    Name(f"a name of {length} characters", Group.TOO_LONG, "cut at a limit", plain(length), length not in LENGTHS)
    for length in sorted((*LENGTHS, *_MORE_LENGTHS))
)

# -- one name for what a server may refuse together: what is refused for the one must not hide what is done to the
# other, so that what is often dropped before the rest is looked at has a name of its own (`names.UNREASONABLE`)

_ZERO_WIDTH = "\u00ad\u200c\u200d\u2060"
_DIRECTION_MARKS = "\u200e\u200f\u061c\u2066\u2067\u2068\u2069"
_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e"
_C0 = "".join(char for char in characters.CONTROLS if char < "\x7f")
_C1 = "".join(char for char in characters.CONTROLS if char > "\x7f")

_PACKED = tuple(
    packed(Name(label, group, mistake, ""), lead, tuple(inside), trail, between=between)
    for group, label, mistake, lead, inside, trail, between in (
        (Group.CONTROLS, "line breaks", "cut at the first line, or line ends rewritten",
         "", ("\n", "\r\n", "\r"), "", "line"),
        (Group.CONTROLS, "NUL", "cut at the NUL, as C strings are", "", "\0", "\0", ""),
        (Group.CONTROLS, "every control below the space", "control characters dropped", "", _C0, "", ""),
        (Group.CONTROLS, "every control beyond ASCII", "control characters dropped", "\x80", _C1, "\x9f", ""),
        (Group.INVISIBLE, "zero-width characters and soft hyphens", "invisible characters stripped",
         "", _ZERO_WIDTH, "", ""),
        (Group.INVISIBLE, "direction marks", "dropped", "\u200f", _DIRECTION_MARKS, "\u200e", "\u05d0"),
        (Group.INVISIBLE, "direction overrides", "stripped as spoofing", "\u202a", _OVERRIDES, "\u202c", ""),
        (Group.INVISIBLE, "format characters", "invisible characters stripped",
         "\U000e0001", characters.FORMATS, "\U0001d173", ""),
        (Group.INVISIBLE, "odd blanks", "made spaces, or collapsed", "", characters.INNER_BLANKS, "", ""),
        (Group.NO_CHARACTERS, "unpaired surrogates", "replaced by U+FFFD, or trimmed",
         "\ud800", ("\ud83d", "\udc00"), "\udfff", " "),
        (Group.NO_CHARACTERS, "private use", "replaced, dropped or trimmed",
         "\ue000", "\uf8ff\U000f0000", "\U0010fffd", ""),
        (Group.NO_CHARACTERS, "noncharacters and what is not assigned", "replaced, dropped or trimmed",
         "\ufdd0", "\ufffe\U000e0080", "\U0001ffff", ""),
        (Group.NO_CHARACTERS, "characters newer than this Python", "replaced by U+FFFD or a question mark",
         "", characters.UNKNOWN, "", ""),
    )
    if inside
)  # fmt: skip

_GROUPS = {
    "Cc": (Group.CONTROLS, "controls at the ends", "trimmed"),
    "Cf": (Group.INVISIBLE, "format characters at the ends", "trimmed, as JavaScript does the byte-order mark"),
    "Cs": (Group.NO_CHARACTERS, "unpaired surrogates at the ends", "replaced by U+FFFD, or trimmed"),
    "Co": (Group.NO_CHARACTERS, "private use at the ends", "replaced or trimmed"),
    "Cn": (Group.NO_CHARACTERS, "what is not assigned at the ends", "replaced or trimmed"),
}
#: What is trimmed before the rest is looked at, and refused, is trimmed of the first of these.
_TRIMMED = frozenset({"Cc", "Cf"})
_AT_ENDS = tuple(
    packed(Name(label, group, mistake, "", number > 0 or category not in _TRIMMED), lead, (), trail)
    for category, (group, label, mistake) in _GROUPS.items()
    for number, (lead, trail) in enumerate(characters.OTHER_ENDS[category])
)


def _distinct(*candidates: Name) -> tuple[Name, ...]:
    return tuple({name.text: name for name in reversed(candidates)}.values())[::-1]


_GIVEN = (*names.UNICODE, *names.LOOKALIKES, *names.UNREASONABLE)

#: Names that are stored exactly or refused. A quick run leaves out the `thorough`.
KEPT_OR_REFUSED: tuple[Name, ...] = _distinct(
    *(name for name in _GIVEN if not is_reasonable(name.text)), *_TOO_LONG, *_AT_ENDS, *_PACKED
)

#: Blanks at either end, which should be kept: all that Python strips. One of each mistake in a quick run.
_OFTEN = "\t\u00a0\u2028"
BLANKS: tuple[Name, ...] = _distinct(
    *names.BLANKS_AROUND,
    *(
        packed(Name("blanks around", Group.BLANKS, "trimmed", "", lead not in _OFTEN), lead, (), trail)
        for lead, trail in zip(characters.BLANKS, characters.BLANKS[1:] + characters.BLANKS[:1], strict=True)
    ),
)
