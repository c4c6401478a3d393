"""Names that no one would call reasonable, made by construction: kept exactly or refused, never altered."""

from __future__ import annotations

from rename_tck.cases import characters, names
from rename_tck.cases.names import Group, Name, is_reasonable
from rename_tck.cases.packing import packed, plain

#: Around powers of two and of ten, and around what columns and form fields usually hold.
LENGTHS = (201, 255, 256, 257, 511, 512, 513, 1000, 1024, 1025, 4096, 65_536)
_MORE_LENGTHS = (
    254, 499, 500, 501, 999, 1001, 1023, 2000, 2047, 2048, 2049, 4095, 4097, 8191, 8192, 8193, 9999, 10_001, 16_384,
    32_767, 32_768, 65_535, 65_537, 99_999, 100_001,
)  # fmt: skip

_TOO_LONG = tuple(
    Name(f"a name of {length} characters", Group.TOO_LONG, "cut at a limit", plain(length), length not in LENGTHS)
    for length in sorted((*LENGTHS, *_MORE_LENGTHS))
)

_GROUPS = {
    "Cc": (Group.CONTROLS, "controls at the ends", "trimmed"),
    "Cf": (Group.INVISIBLE, "format characters at the ends", "trimmed, as JavaScript does the byte-order mark"),
    "Cs": (Group.NO_CHARACTERS, "unpaired surrogates at the ends", "replaced by U+FFFD, or trimmed"),
    "Co": (Group.NO_CHARACTERS, "private use at the ends", "replaced or trimmed"),
    "Cn": (Group.NO_CHARACTERS, "what is not assigned at the ends", "replaced or trimmed"),
}
_AT_ENDS = tuple(
    packed(Name(label, group, mistake, ""), lead, (), trail)
    for category, (group, label, mistake) in _GROUPS.items()
    for lead, trail in characters.OTHER_ENDS[category]
)

_PACKED = tuple(
    packed(Name(label, group, mistake, ""), "", tuple(inside), "")
    for group, label, mistake, inside in (
        (Group.CONTROLS, "every control", "control characters dropped", characters.CONTROLS),
        (Group.INVISIBLE, "format characters", "invisible characters stripped", characters.FORMATS),
        (Group.INVISIBLE, "odd blanks", "made spaces, or collapsed", characters.BLANKS[10:]),
        (
            Group.NO_CHARACTERS,
            "characters newer than this Python",
            "replaced by U+FFFD or a question mark",
            characters.UNKNOWN,
        ),
    )
    if inside
)


def _distinct(*candidates: Name) -> tuple[Name, ...]:
    return tuple({name.text: name for name in reversed(candidates)}.values())[::-1]


_GIVEN = (*names.UNICODE, *names.LOOKALIKES, *names.UNREASONABLE)

#: Names that are kept exactly or refused. A quick run leaves out the `thorough`.
KEPT_OR_REFUSED: tuple[Name, ...] = _distinct(
    *(name for name in _GIVEN if not is_reasonable(name.text)), *_TOO_LONG, *_AT_ENDS, *_PACKED
)

#: Blanks at either end, which should be kept: all that Python strips. One of each mistake in a quick run.
_OFTEN = "\t\n\u00a0\u2003\u2028"
BLANKS: tuple[Name, ...] = _distinct(
    *names.BLANKS_AROUND,
    *(
        packed(Name("blanks around", Group.BLANKS, "trimmed", "", lead not in _OFTEN), lead, (), trail)
        for lead, trail in zip(characters.BLANKS, characters.BLANKS[1:] + characters.BLANKS[:1], strict=True)
    ),
)
