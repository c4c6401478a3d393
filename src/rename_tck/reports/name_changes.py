"""What became of a name between the request and where it was seen, in words that point at the code that did it."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from rename_tck.reports.difference import Difference, compare
from rename_tck.text import cut, one_line, visible

#: How much of a text is shown in a sentence.
_SHOWN = 32
#: What the run makes up anew for itself, and puts into the names that it sends.
_TOKEN = re.compile(r"[0-9a-f]{10}")


def change(sent: str, seen: str) -> str:
    """How `seen` differs from `sent`, as the rest of a sentence whose subject is the name.

    A known cause is named where applying it to `sent` gives exactly `seen`: escaped as HTML, cut, normalised. Else the
    first place where they differ is shown.
    """
    if sent == seen:
        return "is as it was sent"
    if not seen:
        return "is empty"
    if sent.startswith(seen) and sent[len(seen) :].strip():
        return _cut(sent, seen) or _elsewhere(sent, seen)
    for what, made in _TRANSFORMATIONS:
        try:
            if made(sent) == seen:
                return f"{what}{_example(sent, seen)}"
        except (ValueError, RecursionError):
            continue
    return _cut(sent, seen) or _lost(sent, seen) or _added(sent, seen) or _elsewhere(sent, seen)


def shown(text: str, limit: int = _SHOWN) -> str:
    """A text in quotation marks, on one line, hidden characters by their names, cut where it is long."""
    return f'"{visible(text if len(text) <= limit else text[:limit] + chr(0x2026))}"'


def units(text: str) -> str:
    """How long a text is in what servers count: `200 characters (400 UTF-16 units, 800 bytes in UTF-8)`."""
    others = []
    if (utf_16 := _utf_16(text)) != len(text):
        others.append(f"{utf_16:,} UTF-16 units")
    if (octets := _octets(text)) != len(text):
        others.append(f"{octets:,} bytes in UTF-8")
    characters = f"{len(text):,} character{'s' * (len(text) != 1)}"
    return f"{characters} ({', '.join(others)})" if others else characters


def alike_but_for(one: str, other: str) -> str | None:
    """In what alone two names differ that look much the same; None where they do not."""
    for how, same in _LOOKING_ALIKE:
        if same(one) == same(other):
            return how
    return None


def _utf_16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _example(sent: str, seen: str) -> str:
    """The first difference as an example, where it is short enough to be one."""
    parts = compare(sent, seen)
    if len(parts.expected) > _SHOWN or len(parts.actual) > _SHOWN:
        parts = _first(sent, seen)
    if not parts.expected or len(parts.expected) > _SHOWN or len(parts.actual) > _SHOWN:
        return ""
    return f": {_point(parts.expected)} {f'became {_point(parts.actual)}' if parts.actual else 'is missing'}"


def _first(sent: str, seen: str) -> Difference:
    """The first character that was changed, with what stands in its place."""
    parts = compare(sent, seen)
    own, rest = parts.expected[:1], parts.expected[1:4]
    end = parts.actual.find(rest, 1) if rest else len(parts.actual)
    return parts._replace(expected=own, actual=parts.actual[: end if end > 0 else 1])


def _point(text: str) -> str:
    """A short text; by its code points as well where it may look like another."""
    if text.isascii() and text.isprintable():
        return shown(text)
    points = " ".join(f"U+{ord(character):04X}" for character in text[:4]) + ("\u2026" if len(text) > 4 else "")
    seen = one_line(text)
    return f'"{cut(seen, 12)}" ({points})' if visible(text) == text and seen else points


def _mojibake(encoding: str) -> Callable[[str], str]:
    return lambda text: text.encode("utf-8").decode(encoding, "replace")


def _question_marks(text: str, encoding: str) -> str:
    return text.encode(encoding, "replace").decode(encoding)


def _beyond_the_bmp(by: str) -> Callable[[str], str]:
    return lambda text: re.sub("[\U00010000-\U0010ffff]", by, text)


def _of_category(*categories: str) -> Callable[[str], str]:
    return lambda text: "".join(c for c in text if unicodedata.category(c) not in categories)


def _json_escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


#: What servers are known to do with a text, each with the words that name it. The first that gives what came is told.
_TRANSFORMATIONS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("has lost the blanks at its start", str.lstrip),
    ("has lost the blanks at its end", str.rstrip),
    ("has lost the blanks at its ends", str.strip),
    ("has its tabs made blanks", lambda text: text.replace("\t", " ")),
    ("has its runs of blanks made one", lambda text: " ".join(text.split())),
    ("has its runs of blanks made one", lambda text: re.sub(r"\s+", " ", text)),
    ("has its line breaks made other ones", lambda text: re.sub("\r\n?|\n", "\n", text)),
    ("has its line breaks made other ones", lambda text: re.sub("\r\n?|\n", "\r\n", text)),
    ("has its line breaks made blanks", lambda text: re.sub("\r\n?|\n", " ", text)),
    ("has lost its line breaks", lambda text: re.sub("[\r\n]", "", text)),
    ("is escaped as HTML", lambda text: html.escape(text, quote=False)),
    ("is escaped as HTML", html.escape),
    ("is escaped as HTML", lambda text: html.escape(text).replace("&#x27;", "&#39;")),
    ("is escaped as HTML", lambda text: text.replace("<", "&lt;").replace(">", "&gt;")),
    ("is escaped as HTML twice", lambda text: html.escape(html.escape(text, quote=False), quote=False)),
    ("is escaped as HTML twice", lambda text: html.escape(html.escape(text))),
    ("has its HTML entities read as characters", html.unescape),
    ("has lost what looks like HTML tags", lambda text: re.sub("<[^>]*>", "", text)),
    ("has lost what looks like HTML tags", lambda text: re.sub("<[^>]*>?", "", text)),
    ("has lost its angle brackets", lambda text: re.sub("[<>]", "", text)),
    ("has + made a blank", lambda text: text.replace("+", " ")),
    ("is percent-decoded", unquote),
    ("is percent-decoded, with + made a blank", unquote_plus),
    ("is percent-encoded", quote),
    ("is percent-encoded", lambda text: quote(text, safe="")),
    ("is percent-encoded", quote_plus),
    ("has its % doubled", lambda text: text.replace("%", "%%")),
    ("has its quotation marks doubled, as SQL escapes them", lambda text: text.replace("'", "''")),
    ("has its quotation marks doubled", lambda text: text.replace('"', '""')),
    ("has its backslashes doubled", lambda text: text.replace("\\", "\\\\")),
    ("has backslashes before its quotation marks", lambda text: re.sub("(['\"])", r"\\\1", text)),
    ("has backslashes before its quotation marks", lambda text: re.sub("(['\"\\\\])", r"\\\1", text)),
    ("has lost its backslashes", lambda text: text.replace("\\", "")),
    ("has lost its quotation marks", lambda text: re.sub("['\"]", "", text)),
    ("has backslash escapes read as characters", lambda text: json.loads(f'"{text}"')),
    ("is escaped as JSON", _json_escaped),
    ("is escaped as JSON", lambda text: json.dumps(text, ensure_ascii=False)[1:-1]),
    ("is as a JSON string, in quotation marks", json.dumps),
    ("is as a JSON string, in quotation marks", lambda text: json.dumps(text, ensure_ascii=False)),
    ("is in Unicode normal form C (NFC)", lambda text: unicodedata.normalize("NFC", text)),
    ("is in Unicode normal form D (NFD)", lambda text: unicodedata.normalize("NFD", text)),
    ("is in Unicode normal form KC (NFKC)", lambda text: unicodedata.normalize("NFKC", text)),
    ("is in Unicode normal form KD (NFKD)", lambda text: unicodedata.normalize("NFKD", text)),
    ("is in small letters", str.lower),
    ("is case-folded", str.casefold),
    ("is in capital letters", str.upper),
    ("has capital letters at the start of words", str.title),
    ("has a capital letter at its start", str.capitalize),
    ("has a capital letter at its start", lambda text: text[:1].upper() + text[1:]),
    ("has lost its combining marks", _of_category("Mn", "Me", "Mc")),
    ("has lost its combining marks", _of_category("Mn", "Me")),
    ("has lost its zero-width and other format characters", _of_category("Cf")),
    ("has lost its control characters", _of_category("Cc")),
    ("has lost its control and format characters", _of_category("Cc", "Cf")),
    ("has lost its symbols and emoji", _of_category("So")),
    ("has its characters beyond U+FFFF replaced", _beyond_the_bmp("?")),
    ("has its characters beyond U+FFFF replaced", _beyond_the_bmp("??")),
    ("has its characters beyond U+FFFF replaced", _beyond_the_bmp("\ufffd")),
    ("has its characters beyond U+FFFF replaced", _beyond_the_bmp("\ufffd\ufffd")),
    ("has lost its characters beyond U+FFFF", _beyond_the_bmp("")),
    ("has its UTF-8 bytes read as Latin-1", _mojibake("latin-1")),
    ("has its UTF-8 bytes read as Windows-1252", _mojibake("cp1252")),
    ("has its characters outside ASCII replaced", lambda text: _question_marks(text, "ascii")),
    ("has its characters outside Latin-1 replaced", lambda text: _question_marks(text, "latin-1")),
    ("has its characters outside Windows-1252 replaced", lambda text: _question_marks(text, "cp1252")),
    ("has lost its characters outside ASCII", lambda text: text.encode("ascii", "ignore").decode()),
    ("has lost its accents", _unaccented),
    ("is backwards", lambda text: text[::-1]),
)

#: In what names differ that look much the same, and what they are then alike in; the narrowest first.
_LOOKING_ALIKE: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("their Unicode normal form", lambda text: unicodedata.normalize("NFC", text)),
    ("small and capital letters", str.casefold),
    ("blanks", lambda text: "".join(text.split())),
    ("their Unicode compatibility form", lambda text: unicodedata.normalize("NFKC", text)),
    ("accents", _unaccented),
)


def _cut(sent: str, seen: str) -> str | None:
    """How it was cut; None where it was not."""
    rest = next((seen.removesuffix(dots) for dots in ("\u2026", "...", "..", "\ufffd") if seen.endswith(dots)), seen)
    for kept, dots in ((seen, ""), (rest, seen[len(rest) :])):
        if kept and len(kept) < len(sent) and sent.startswith(kept):
            after = f"is cut after {units(kept)} of {len(sent):,}"
            ending = sent[len(kept)]
            before = f", before {_point(ending)}" if len(sent) <= 64 or not ending.isalnum() else ""
            return after + (f" and ends in {_point(dots)}" if dots else before)
    if len(seen) < len(sent) and sent.endswith(seen):
        return f"is without its first {len(sent) - len(seen):,} characters, {shown(sent[: len(sent) - len(seen)])}"
    return None


def _lost(sent: str, seen: str) -> str | None:
    """Which characters are missing, where that alone makes what came."""
    gone = "".join(dict.fromkeys(character for character in sent if character not in seen))
    if gone and "".join(character for character in sent if character not in gone) == seen:
        return f"has lost {_listed(gone)}"
    return None


def _listed(characters: str) -> str:
    return ", ".join(map(_point, characters[:4])) + (f" and {len(characters) - 4} more" if len(characters) > 4 else "")


def _added(sent: str, seen: str) -> str | None:
    """What was added to it, where all of it is there still."""
    if sent and sent in seen:
        before, _, after = seen.partition(sent)
        places = [f"{shown(text)} {place} it" for text, place in ((before, "before"), (after, "behind")) if text]
        return f"is the expected one with {' and '.join(places)}"
    return None


def _elsewhere(sent: str, seen: str) -> str:
    """The first place where the two differ; or both, where they are short or have little in common."""
    token = _TOKEN.search(sent)
    if token is not None and token[0] in seen:
        return f"is {shown(seen, 60)}, another name that was sent in this run; expected is {shown(sent, 60)}"
    parts = compare(sent, seen)
    if len(parts.before) + len(parts.after) < 3 or not parts.before:
        return f"is {shown(seen, 60)}, and {shown(sent, 60)} is expected"
    if max(len(sent), len(seen)) <= _SHOWN:
        return f"is {shown(seen)}, and {shown(sent)} is expected"
    place = f" at character {len(parts.before) + 1:,}"
    if not parts.actual:
        return f"has lost {_point(parts.expected)}{place}"
    if not parts.expected:
        return f"has {_point(parts.actual)} added{place}"
    return f"has {_point(parts.actual)} in place of {_point(parts.expected)}{place}"
