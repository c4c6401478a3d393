"""Ids that name no session, in every spelling that a path can carry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from rename_tck.client.exchange import segment


@dataclass(frozen=True)
class OddId:
    """One path segment, already percent-encoded, with what is odd about it."""

    encoded: str
    label: str
    mistake: str
    #: Whether a server may rightly see another path than that of the operation (RFC 3986, sections 5.2.4 and 6.2.2).
    may_leave_route: bool = False
    #: Whether it holds a word of the run's own that nobody can have come upon; any other is sent only where it was
    #: seen that no session has it.
    own: bool = True


def own_word(token: str) -> str:
    """A word of the run's own for an id: 64 bits besides the token, and a letter first, so that it is no number."""
    return f"rename-tck-{token}-{hashlib.sha256(token.encode()).hexdigest()[:16]}"


def odd_ids(token: str) -> tuple[OddId, ...]:
    """Odd ids. Those that hold `own_word` are nobody's; none means more than one session where it is taken for code.

    Behind them stand those that somebody may have all the same, a row that a store keeps for itself, say: where one is
    answered as renamed, those behind it are not sent.
    """
    token = own_word(token)
    return (
        OddId(f"not-a-uuid-{token}", "not a UUID", "a parser's exception let through"),
        OddId((token + "x" * 300)[:300], "300 characters", "a column's or a file name's width"),
        OddId((token + "x" * 3000)[:3000], "3,000 characters", "a buffer's width"),
        OddId(segment(f"{token} blank"), "a blank", "cut or trimmed"),
        OddId(segment(f"ünïcode-😀-{token}"), "beyond ASCII", "an encoding's exception let through"),
        OddId(segment(f"{token}') OR ('x'='y"), "SQL", "pasted into a statement"),
        OddId(segment(f"{token}%25"), "a percent sign, encoded twice", "decoded twice"),
        OddId(segment("<b>" + token), "markup", "echoed into a page"),
        OddId(segment(f"{token}\\it's"), "a backslash and an apostrophe", "pasted into a statement"),
        OddId(segment(f"{token}*"), "a wildcard", "taken for a pattern"),
        OddId(f"{token}%0d%0ax-injected%3a1", "encoded line breaks", "a header injected"),
        OddId(f"{token}%00", "an encoded NUL", "cut at the NUL, or refused by the database with an exception"),
        OddId(f"{token}%ff%fe", "bytes that are not UTF-8", "a decoding exception let through"),
        OddId(f"{token}%2Fslash", "an encoded slash", "taken for two segments", may_leave_route=True),
        OddId("..%2F..%2F" + token, "a path upwards", "a file read outside its folder", may_leave_route=True),
        OddId(f"{token}%3Fq%3D1%23f", "an encoded question mark", "taken for a query", may_leave_route=True),
        OddId("9" * 30, "30 digits", "an integer overflow in the database", own=False),
        OddId("%2e%2e", "two encoded dots", "resolved as the parent path", may_leave_route=True, own=False),
        OddId("%2e", "an encoded dot", "resolved away", may_leave_route=True, own=False),
        OddId("undefined", "the word undefined", "a client's bug, let through", own=False),
        OddId("null", "the word null", "taken for no id at all", own=False),
        OddId("-1", "a negative number", "the last element of a list", own=False),
        OddId("0", "zero", "taken for false, or for the first row", own=False),
        OddId("00000000-0000-0000-0000-000000000000", "the nil UUID", "taken for no id at all", own=False),
    )


def another(live: str) -> str:
    """An id that looks as a live one does, and differs from it in the first character."""
    return ("0" if live[0] != "0" else "1") + live[1:]


def like(live: str) -> OddId:
    """The id of `another`."""
    return OddId(
        segment(another(live)), "an existing one's, but for the first character", "its end compared", own=False
    )


def near_ids(live: str, *, text: bool) -> tuple[OddId, ...]:
    """Ids close to that of a live session; `text` says that another case is another id.

    Where ids are counted, others may have them: each is sent only where it was seen that nobody has it.
    """
    near = [
        OddId(segment(live[:-1]), "an existing one's, cut by a character", "a prefix search"),
        OddId(segment(live + "0"), "an existing one's, with a character more", "cut at the column's width"),
        OddId(segment(live) + "%20", "an existing one's, with a blank behind", "trimmed"),
        OddId(segment(live) + "%00", "an existing one's, with a NUL behind", "cut at the NUL, as C strings are"),
        OddId(segment(live[:-1] + "_"), "an existing one's, ending in a wildcard for one character", "an SQL LIKE"),
        OddId(segment(live[:-1] + "%"), "an existing one's, ending in a wildcard", "an SQL LIKE"),
        OddId(segment(live[:-1] + "*"), "an existing one's, ending in an asterisk", "a file pattern"),
        OddId(segment(live[:-1] + "."), "an existing one's, ending in a full stop", "a regular expression"),
        OddId(
            segment(live) + "%0A", "an existing one's, with a line break behind", "a pattern that ends in a dollar sign"
        ),
        OddId("%20" + segment(live), "an existing one's, with a blank before", "trimmed"),
        OddId(f"%25{ord(live[0]):02X}" + segment(live[1:]), "an existing one's, encoded twice", "decoded twice"),
        like(live),
        OddId(segment(live + ",") + another(live), "an existing one's, in a list", "a list taken apart"),
        OddId(segment(f"{live}' AND '1'='1"), "an existing one's, with SQL behind", "pasted into a statement"),
    ]
    if text and live.swapcase() != live:
        near.append(OddId(segment(live.swapcase()), "an existing one's, in the other case", "a collation without case"))
    return tuple(replace(odd, own=False) for odd in near if odd.encoded not in {"", segment(live)})
