"""Names that hold many oddities at once, and how they are taken apart when one of them fails.

What stands at the beginning and at the end may be trimmed, what stands inside may be replaced, so each keeps its place.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from rename_tck.cases.names import UNCERTAIN, Group, Name

#: From so many characters on a name may fail for its length alone.
LONG = 60

#: The plain words around what is packed, so that nothing packed stands at an end by accident.
_BEFORE, _AFTER = "Plan", "now"
#: Cut to length.
_PLAIN = "Trip to Lisbon with the reading group and all that must be packed for a week by the sea "


@dataclass(frozen=True)
class Packed(Name):
    """A name with one thing at its beginning, one at its end, and any number inside; each may be left out."""

    lead: str = ""
    inside: tuple[str, ...] = ()
    trail: str = ""
    #: What stands between two things inside.
    between: str = ""
    #: Of how many characters it is, where that is for a reason: plain text behind what is inside fills it up.
    length: int = 0

    @property
    def parts(self) -> tuple[Name, ...]:
        """The two halves of what is packed, each thing at its place: down to one thing, which the label names.

        Where it is long it may be that: a plain name of its length comes first.
        """
        ends = bool(self.lead), bool(self.trail)
        atoms = (*(self.lead,) * ends[0], *self.inside, *(self.trail,) * ends[1])
        if len(atoms) < 2:
            return ()
        middle = len(atoms) // 2
        inside = max(middle - ends[0], 0)
        return (
            *((of_length(len(self.text)),) if len(self.text) >= LONG else ()),
            self._part(self.lead, self.inside[:inside], ""),
            self._part("", self.inside[inside:], self.trail),
        )

    def _part(self, lead: str, inside: tuple[str, ...], trail: str) -> Packed:
        label, group = self.label, self.group
        if bool(lead) + len(inside) + bool(trail) == 1:
            place = "at the beginning of" if lead else "at the end of" if trail else "in"
            label = f"{_shown(lead or trail or inside[0])} {place} a name"
            if not inside and self.inside and self.group not in {*UNCERTAIN, Group.BLANKS}:
                group = _class_of(lead or trail)
        text = _text(lead, inside, trail, self.between)
        return replace(self, label=label, group=group, text=text, lead=lead, inside=inside, trail=trail, length=0)


@dataclass(frozen=True)
class Sized(Name):
    """A name of an exact length, which bears one thing at its beginning and one at its end."""

    lead: str = ""
    trail: str = ""
    #: What all of it is made of but the ends; plain words where it is empty.
    filling: str = ""

    @property
    def parts(self) -> tuple[Name, ...]:
        """What stands at either end in a short name, and a name of the same length without them."""
        if not self.lead:
            return ()
        ends = packed(self, self.lead, (), self.trail).parts
        return (*ends, replace(self, text=filled(self.filling, len(self.text)), lead="", trail=""))


def packed(like: Name, lead: str, inside: tuple[str, ...], trail: str, *, between: str = "", length: int = 0) -> Packed:
    """A packed name of that label, group and mistake; of so many characters, where it is to be of a certain length."""
    text = _text(lead, inside, trail, between, length)
    return Packed(like.label, like.group, like.mistake, text, like.thorough, lead, inside, trail, between, length)


def sized(like: Name, length: int, lead: str, trail: str, filling: str = "") -> Sized:
    """A name of that label, group and mistake, of exactly so many characters."""
    text = lead + filled(filling, length - len(lead + trail)) + trail
    return Sized(like.label, like.group, like.mistake, text, like.thorough, lead, trail, filling)


def _class_of(end: str) -> Group:
    """The class of what stands at an end of a name, whatever is packed between the ends."""
    if end.isascii():
        return Group.CODE
    return Group.BEYOND if max(end) > "\uffff" else Group.LETTERS


def of_length(length: int) -> Name:
    """A plain name of exactly so many characters."""
    return Name(f"a name of {length} characters", Group.LENGTHS, "an off-by-one at a limit", plain(length))


def filled(filling: str, length: int) -> str:
    """A text as often as it goes into so many characters; a plain title for none."""
    if not filling:
        return plain(length)
    often = filling * (length // len(filling))
    full = often + "o" * (length - len(often))
    return full[:-1] + "o" if full.endswith(" ") else full


def plain(length: int) -> str:
    """A plain title of exactly so many characters, with no blank at its end."""
    return (_PLAIN * (length // len(_PLAIN) + 1))[: length - 1] + "s"


def known(characters: str) -> str:
    """Those characters that the Unicode of this Python has."""
    return "".join(char for char in characters if unicodedata.category(char) != "Cn")


def _text(lead: str, inside: tuple[str, ...], trail: str, between: str, length: int = 0) -> str:
    text = lead + (between if inside else " ").join((_BEFORE, *inside, _AFTER))
    more = length - len(text + trail)
    return text + (f" {plain(more - 1)}" if more > 1 else "") + trail


def _shown(atom: str) -> str:
    """A thing as a label tells it: what is typed as it is, other characters by their code points and names."""
    odd = [char for char in atom if not " " <= char < "\x7f"]
    if not odd or len(atom) > 2:
        return repr(atom)
    return " ".join(f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip() for char in odd)
