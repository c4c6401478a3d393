"""Names to give a session. Each class stands for something that servers and databases are known to do to text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from rename_tck.cases.dimensions import Value

#: A name of up to this many printable characters is reasonable as a title, and must be accepted.
REASONABLE_LENGTH = 200


#: Characters of a name that a line shows.
_SHOWN = 60


class Group(StrEnum):
    """The classes of names. A plan covers the pairs of those above the line with the classes of other dimensions."""

    PLAIN = "plain"
    LETTERS = "letters and marks"
    BEYOND = "beyond the BMP"
    CODE = "punctuation, markup and code"
    TYPED = "like a value of another type"
    WORDS = "words of languages and stores"
    REWRITTEN = "masked, prettified or cleaned up"
    SHORT = "single characters"
    LENGTHS = "lengths"
    # -- stored exactly or refused
    TOO_LONG = "too long"
    CONTROLS = "controls"
    INVISIBLE = "format characters and odd blanks"
    NO_CHARACTERS = "no characters"
    # -- kept, or at least that is better
    BLANKS = "blanks around"


#: The classes of names that are stored exactly or refused.
UNCERTAIN = frozenset({Group.TOO_LONG, Group.CONTROLS, Group.INVISIBLE, Group.NO_CHARACTERS})


@dataclass(frozen=True)
class Name(Value):
    """A name, as a value of its dimension."""

    text: str
    #: Sent in nightly runs only.
    thorough: bool = False

    @property
    def words(self) -> str:
        """As a report names it: its class and its text, as much of it as a line can show."""
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}…"
        return f"the name {text!r} ({self.label})"

    @property
    def parts(self) -> tuple[Name, ...]:
        """Names of fewer oddities each."""
        return ()


def class_of(
    group: Group, label: str, mistake: str, *texts: str, more: tuple[str, ...] = (), thorough: bool = False
) -> tuple[Name, ...]:
    """Names that stand for one mistake; `more` for one that another name of a quick run stands for as well."""
    return (
        *(Name(label, group, mistake, text, thorough) for text in texts),
        *(Name(label, group, mistake, text, thorough=True) for text in more),
    )


#: Sequences of Unicode's emoji-zwj-sequences.txt and emoji-sequences.txt: the joiners and tags in them are no format
#: characters but part of a printable character.
JOINED_EMOJI = (
    "👩‍👩‍👧‍👦", "🏳️‍🌈", "👨‍💻", "🧑🏽‍🚀", "❤️‍🔥", "🏴‍☠️", "👁️‍🗨️", "🧔‍♀️",
    "👨🏿‍🤝‍👨🏻", "👩🏽‍❤️‍💋‍👨🏿",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
)  # fmt: skip


#: Printable text that must survive character for character. A quick run has all of it in names that hold more.
UNICODE: tuple[Name, ...] = (
    *class_of(Group.LETTERS, "accented Latin", "bytes stored as Latin-1, or decoded twice",
        more=("Café à la crème", "Ÿ ŒUVRE ﬁn")),
    *class_of(Group.LETTERS, "Cyrillic and Greek", "a single-byte code page", more=("Привет, мир", "Ελληνικά")),
    *class_of(Group.LETTERS, "Chinese, Japanese, Korean", "three-byte characters cut or counted as bytes",
        more=("会话重命名 テスト 이름", "髙﨑 𠮷野家")),
    *class_of(Group.BEYOND, "beyond the BMP",
        "MySQL's three-byte utf8, or UCS-2: cut at or replaced by a question mark", "😀",
        more=("🚀 launch", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢")),
    *class_of(Group.BEYOND, "joined emoji", "sequences taken apart at zero-width joiners and modifiers",
        more=("👩‍👩‍👧‍👦 family", "👍🏽 🏳️‍🌈 🇩🇪",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotland")),
    *class_of(Group.LETTERS, "combining marks", "normalisation to NFC",
        more=("Cafe\u0301 Z\u0324\u0323\u0300", "\u1112\u1161\u11ab")),
    *class_of(Group.LETTERS, "characters that NFC replaces", "normalisation, which takes no notice of looks",
        more=("\u212b \u2126 \u212a \uf900 \u0958", "น\u0e49\u0e33 ΟΔΟΣ ὁδός")),
    *class_of(Group.LETTERS, "precomposed marks", "normalisation to NFD", more=("Å Å Ω ﬀ ½ ①",)),
    *class_of(Group.LETTERS, "compatibility characters", "normalisation to NFKC", more=("ﬁ ² ℡ Ⅳ ｶﾀｶﾅ ＡＢＣ",)),
    *class_of(Group.LETTERS, "right-to-left", "reordering", more=("שלום עולם", "مرحبا بالعالم 123")),
    *class_of(Group.INVISIBLE, "direction marks", "dropped",
        more=("abc \u200fדגש\u200e xyz", "abc \u2067דגש\u2069 xyz")),
    *class_of(Group.INVISIBLE, "zero-width", "invisible characters stripped", "zero\u200bwidth",
        more=("non\u200cjoiner\u200djoiner", "word\u2060joiner", "\u200baround\u2060")),
    *class_of(Group.LETTERS, "letter case", "folding to one case", more=("MiXeD CaSe ẞ ß İ ı", "ǅ Ǆ ǆ")),
    *class_of(Group.LETTERS, "inner blanks", "runs of blanks collapsed", more=("two  blanks   three",)),
    *class_of(Group.INVISIBLE, "inner blanks", "made spaces, or collapsed",
        more=("no\u00a0break\u2003em\u3000ideographic",)),
    *class_of(Group.CODE, "a long run of blanks", "a regular expression that takes for ever",
        "wide" + " " * 180 + "aparté"),
    *class_of(Group.LETTERS, "typography", "made plain, or made of what is plain",
        more=("em — en – hyphen - dots ... …", "‹a› „b‟ «c»")),
    *class_of(Group.INVISIBLE, "soft hyphen and byte-order mark", "dropped as ignorable", "in\ufeffside",
        more=("soft\u00adhyphen",)),
)  # fmt: skip

#: Text that looks like something else.
LOOKALIKES: tuple[Name, ...] = (
    *class_of(Group.TYPED, "digits", "a string of digits turned into a number", "12345", "007", "1e5", "3.10",
        more=("0", "-1", "0x1F", "1_000")),
    *class_of(Group.TYPED, "long digits", "precision lost beyond 2^53", "12345678901234567890123"),
    *class_of(Group.WORDS, "JSON and language keywords", "parsed a second time as JSON or YAML", "null", "None",
        "undefined", "NaN", "yes", "false", more=("true",)),
    *class_of(Group.TYPED, "JSON text", "decoded a second time", '{"name": "x"}', '"quoted"', "[]",
        more=("[1, 2]", "{}")),
    *class_of(Group.CODE, "quotes", "quotes doubled, escaped or dropped",
        more=("it's", 'say "hi"', "`tick`", "‘curly’ “quotes”")),
    *class_of(Group.CODE, "backslashes", "escapes interpreted or doubled",
        more=("C:\\new\\table", "\\u0041 \\n \\\\", "\\")),
    *class_of(Group.CODE, "percent signs", "percent-decoding or printf formatting",
        more=("100%", "%41%20%00", "%s %d %n %%", "a+b%2Bc")),
    *class_of(Group.CODE, "markup", "escaped or stripped as HTML",
        more=("<b>bold</b>", "<script>alert(1)</script>", "a < b & c > d", "&amp; &lt; &#65;")),
    *class_of(Group.CODE, "Markdown", "rendered, or stripped", more=("# Plan", "**bold** [a](b) `c`")),
    *class_of(Group.CODE, "SQL", "pasted into a statement",
        more=("Robert'); DROP TABLE students;--", "' OR '1'='1", "a;b--c", "100_%")),
    *class_of(Group.CODE, "templates", "evaluated by a template engine",
        more=("{{7*7}} ${7*7} #{7*7}", "{0} {name} {}", "$HOME $1 ~ `id`")),
    *class_of(Group.CODE, "header and path text", "taken for a path, a query or a header",
        more=("../../etc/passwd", "a/b?c=d&e#f", "Name: value; x=y")),
    *class_of(Group.CODE, "spreadsheet formula", "prefixed with a quote", "=1+1", more=("@name", "+49 30")),
    *class_of(Group.TYPED, "dates", "parsed as a date, or as minutes and seconds", "2024-02-30", more=("12:30",)),
    *class_of(Group.REWRITTEN, "addresses", "made a link, or masked",
        more=("see https://example.org/?a=b", "mail a.b@example.org")),
    *class_of(Group.REWRITTEN, "short names of emoji", "replaced by the emoji",
        more=(":smile: :tada: :rocket:", ":-)")),
    *class_of(Group.WORDS, "reserved words", "refused as a device's, or an administrator's", "CON", "system admin",
        more=("nul",)),
    *class_of(Group.REWRITTEN, "words within words", "starred out by a filter", more=("Essex, Scunthorpe: hello",)),
    *class_of(Group.SHORT, "single characters", "taken for nothing", more=(".", "-", "_", "a", "?", "*")),
)  # fmt: skip

#: Names that no one would call reasonable: stored exactly or refused, never altered.
UNREASONABLE: tuple[Name, ...] = (
    *class_of(Group.TOO_LONG, "255 characters", "cut at a column that is a little less wide",
        more=("lorem ipsum " * 21 + "end",)),
    *class_of(Group.TOO_LONG, "longer than 255", "cut at the column's width", "é" * 300, "😀" * 256, more=("n" * 256,)),
    *class_of(Group.TOO_LONG, "very long", "cut at a buffer's size", "x" * 10_000, "y" * 200_000,
        more=("lorem ipsum " * 90 + "end",)),
    *class_of(Group.CONTROLS, "line breaks", "cut at the first line, or line ends rewritten",
        more=("first line\nsecond line", "carriage\r\nreturn")),
    *class_of(Group.CONTROLS, "tabs and other controls", "control characters dropped", "tab\tbed",
        "escape\u001b[31m red", "delete\u007f", more=("bell\u0007", "next\u0085line")),
    *class_of(Group.CONTROLS, "NUL", "cut at the NUL, as C strings are", more=("before\u0000after",)),
    *class_of(Group.NO_CHARACTERS, "unpaired surrogates", "replaced by U+FFFD", more=("half \ud83d emoji", "\udc00")),
    *class_of(Group.NO_CHARACTERS, "noncharacters and private use", "replaced or dropped",
        more=("non\ufffecharacter \uffff", "private \ue000 \U0010fffd")),
    *class_of(Group.INVISIBLE, "line and paragraph separators", "dropped or turned into line breaks",
        "line\u2028separator paragraph\u2029separator"),
    *class_of(Group.INVISIBLE, "direction overrides", "stripped as spoofing", more=("abc\u202edcba\u202c xyz",)),
    *class_of(Group.BEYOND, "replacement character", "taken for a decoding error",
        more=("replacement \ufffd character",)),
)  # fmt: skip

#: Blanks around an ordinary name.
BLANKS_AROUND: tuple[Name, ...] = class_of(
    Group.BLANKS, "blanks around", "trimmed", " both ",
    more=("  blanks before", "blanks after  ", "\u3000ideographic blanks\u3000", "\u00a0no-break\u00a0"),
)  # fmt: skip


def long_names(length: int = REASONABLE_LENGTH) -> tuple[Name, ...]:
    """Names of exactly that many characters: counted in bytes or UTF-16 units they would be longer."""
    pattern = "The quick brown fox jumps over the lazy dog and runs on "
    combined = "e\u0301" * (length // 2) + "e" * (length % 2)
    return (
        *class_of(
            Group.LENGTHS,
            f"{length} ASCII characters",
            "an off-by-one at the limit",
            (pattern * length)[: length - 1] + ".",
        ),
        *class_of(Group.LENGTHS, f"{length} two-byte characters", "length counted in bytes", "é" * length),
        *class_of(Group.LENGTHS, f"{length} three-byte characters", "length counted in bytes", "名" * length),
        *class_of(
            Group.LENGTHS,
            f"{length} characters beyond the BMP",
            "length counted in UTF-16 units or bytes",
            "😀" * length,
        ),
        *class_of(Group.LENGTHS, f"{length} letters without a blank", "a limit on words", "x" * length),
        *class_of(
            Group.LENGTHS,
            f"{length} quotes and brackets",
            "length counted after escaping",
            ("<\"&'>" * length)[:length],
        ),
        *class_of(
            Group.LENGTHS,
            f"{length} characters with combining marks",
            "length counted in bytes, or after normalisation",
            combined,
        ),
    )


#: Names of which each differs from the one before only in what some comparison overlooks, with what that is.
NEAR: tuple[tuple[str, str], ...] = (
    ("Cafe Zürich, notes on the quarterly report of the second kind", "all"),
    ("cafe zürich, Notes on the quarterly report of the second kind", "letter case"),
    ("café zürich, Notes on the quarterly report of the second kind", "an accent"),
    ("cafe\u0301 zu\u0308rich, Notes on the quarterly report of the second kind", "the normal form"),
    ("cafe\u0301 zu\u0308rich, Notes on the quarterly report of the second kin", "a character less at the end"),
    ("cafe\u0301 zu\u0308rich, Notes on the quarterly report of the second kink", "a character more at the end"),
    ("cafe\u0301 zu\u0308rich, Notes on the quarterly report of the second knik", "the order of its letters"),
)


_TITLES = (
    "Trip to Lisbon", "Quarterly report", "Bug in the login form", "Dinner ideas", "Contract review", "Sourdough",
    "Chess opening", "Garden plan", "Thesis outline", "Invoice question", "Marathon training", "Kitchen repair",
    "Weekend in Kyoto", "Database migration", "Birthday speech", "Piano lessons", "Tax return", "Holiday photos",
    "Interview notes", "Reading list", "Release checklist", "Old bicycle", "Wedding playlist", "Physics homework",
)  # fmt: skip


def ordinary(count: int, token: str) -> list[str]:
    """Plain titles, no two alike; `token` makes them the run's own, so that no one else can have chosen them."""
    return [f"{_TITLES[number % len(_TITLES)]} {token}-{number}" for number in range(count)]


#: Categories of a printable title (Unicode, section 4.5): letters, marks, numbers, punctuation, symbols.
_PRINTABLE = frozenset({
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No",
    "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So",
})  # fmt: skip


_JOINED = re.compile("|".join(map(re.escape, JOINED_EMOJI)))


def is_blank(text: str) -> bool:
    """Whether a name is empty or nothing but blanks: no document says what becomes of it."""
    return not text.strip()


def has_blanks_around(text: str) -> bool:
    """Whether blanks stand before or after a name: cutting them off breaks a SHOULD of its own, and nothing else."""
    return text != text.strip()


def is_reasonable(text: str) -> bool:
    """Whether a name must be accepted: 1 to 200 printable characters, not blank, with no blanks around it.

    Format characters (zero-width joiners, direction marks) and blanks other than U+0020 are stored exactly or
    refused: a server that takes "printable" as most languages' libraries do may refuse them, but never alter them.
    Joined emoji are printable.
    """
    return (
        0 < len(text) <= REASONABLE_LENGTH
        and text == text.strip()
        and all(char == " " or unicodedata.category(char) in _PRINTABLE for char in _JOINED.sub("", text))
    )


#: What the run's own titles are made of: nothing in it means anything to a database, a template or a shell.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,-]{0,79}")


def is_plain(text: str) -> bool:
    """Whether a name is as plain as the run's own: of Latin letters, digits, dots, commas, hyphens, two words."""
    return " " in text and _PLAIN.fullmatch(text) is not None and is_reasonable(text)
