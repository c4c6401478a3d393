"""Characters to make names of: of every script, every general category and every newer version of Unicode.

By code points, so that they can be told apart. A Python that does not have one of them leaves it out; what servers are
then given is the other side of it: `UNKNOWN`.
"""

from __future__ import annotations

from rename_tck.cases.packing import known

#: Every printable ASCII character but the space.
ASCII = "".join(map(chr, range(0x21, 0x7F)))
ASCII_PUNCTUATION = "".join(char for char in ASCII if not char.isalnum())


def _characters(code_points: str) -> str:
    return "".join(chr(int(code_point, 16)) for code_point in code_points.split())


#: A letter of every script, as far as they are in the BMP and written from left to right.
_LETTERS = _characters("""
    AA B5 BA C0 2B0 2C7 370 3E2 400 531 904 980 A05 A85 B05 B83 C05 C80 D04 D85 E01 E81 F00 1000 10A0 1100 1200 13A0
    1401 1681 16A0 1700 1720 1740 1760 1780 1820 1900 1950 1980 1A00 1B05 1B83 1BC0 1C00 1C5A 1CE9 2071 2102 2107 210A
    210C 210E 2132 2135 2136 2137 2138 2139 2183 2C00 2D30 2E2F 3005 303C 3041 30A1 3105 3400 A000 A4D0 A500 A6A0 A800
    A840 A882 A90A A930 A984 AA00 AAE0 FF21 FF66
""")
_LETTERS_RIGHT_TO_LEFT = _characters("""
    5D0 620 710 780 7CA 800 840 10800 10840 10860 10880 108E0 10900 10920 10940 10980 10A00 10AC0 10B00 10B40 10B80
    10D00 10D4A 10E80 10F30 10FB0 10FE0 1E800 1E900
""")
_LETTERS_BEYOND = _characters("""
    10000 10280 102A0 10300 10330 10380 10400 10450 10480 104B0 10500 10530 10570 105C0 11003 11083 110D0 11103 11150
    11183 11200 11280 112B0 11305 11380 11400 11480 11580 11600 11680 11700 11800 118A0 11900 119A0 11A00 11A50 11AC0
    11BC0 11C00 11C72 11D00 11D60 11DB0 11EE0 11F02 12000 12F90 13000 14400 16100 16A40 16A70 16AD0 16B00 16D40 16E40
    16EA0 16F00 16FE0 16FE1 16FF2 18B00 18E00 1B002 1BC00 1D400 1E100 1E290 1E2C0 1E4D0 3D000
""")
#: The seven of every set of decimal digits.
_DIGITS = _characters("""
    667 6F7 7C7 96D 9ED A6D AED B6D BED C6D CED D6D DED E57 ED7 F27 1047 1097 17E7 1817 194D 19D7 1A87 1A97 1B57 1BB7
    1C47 1C57 A627 A8D7 A907 A9D7 A9F7 AA57 ABF7 FF17 104A7 10D37 10D47 1106D 110F7 1113D 111D7 112F7 11457 114D7 11657
    116C7 116D7 116E1 11737 118E7 11957 11BF7 11C57 11D57 11DA7 11DE7 11F57 16137 16A67 16AC7 16B57 16D77 1CCF7 1D7D5
    1D7DF 1D7E9 1D7F3 1D7FD 1E147 1E2F7 1E4F7 1E5F8 1E957 1FBF7
""")
#: A mark of every script; none that a normal form would join to an o, or take apart.
_MARKS = _characters("""
    305 591 610 711 7A6 7EB 816 859 900 981 A01 A81 B01 B82 C00 C81 D00 D81 E31 EB1 F18 102B 135D 1712 1732 1752 1772
    17B6 1885 1920 1A17 1A55 1B00 1B80 1BE6 1C24 1CD0 20DD 2CEF 2D7F 302A 302E A6F0 A802 A880 A926 A947 A980 AA29 AAEB
""")
_MARKS_BEYOND = _characters("""
    101FD 10A01 10AE5 10D24 10D69 10EAB 10F46 10F82 11000 11080 11100 11173 11180 1122C 112DF 11300 113B8 11435 114B0
    115AF 11630 116AB 1171D 1182C 11930 119D1 11A01 11A51 11C2F 11C92 11D31 11D8A 11EF3 11F00 13440 1611E 16AF0 16B30
    16F4F 16FE4 16FF0 1BC9D 1CF00 1D127 1DA00 1E130 1E2AE 1E2EC 1E4EC 1E5EE 1E8D0 1E944
""")
#: A number and a symbol of each 256 characters that have one.
_SYMBOLS = _characters("""
    B2 9F4 B72 C78 D58 F2A 1369 16EE 17F0 19DA 2070 2150 2460 2776 2CFD 3007 3192 3220 A6E6 A830
    A2 2C2 375 482 58D 606 7F6 888 9F2 AF1 B70 C7F D4F E3F F01 109E 1390 166D 17DB 1940 1B61 1FBD 2044 2100 2200 2300
    2400 2500 2600 2700 2801 2900 2A00 2B00 2CE5 2E50 2F00 3004 3190 3200 3300 4DC0 A490 A700 A828 AA77 AB5B FB29 FD40
    FE62 FF04
""")
_SYMBOLS_BEYOND = _characters("""
    10107 102E1 10320 10858 10916 10A40 10B58 10CFA 10E60 10F1D 11052 111E1 1173A 118EA 11C5A 11FC0 12400 12550 12600
    16B5B 16E80 16FF4 1D2C0 1D360 1E8C7 1EC71 1ED01 1F100
    10137 10877 10AC8 10D8E 10EC9 1173F 11FD5 16B3C 1BC9C 1CC00 1CD00 1CE00 1CF50 1D000 1D100 1D200 1D300 1D6C1 1D715
    1D800 1D900 1DA37 1DB00 1E14F 1E2FF 1ECAC 1ED2E 1EEF0 1F000 1F10D 1F200 1F300 1F400 1F500 1F600 1F700 1F800 1F900
    1FA00 1FB00
""")
#: A punctuation mark of each 256 characters that have one.
_PUNCTUATION = _characters("""
    A1 55A 609 700 830 964 A76 C77 DF4 E4F F04 104A 1360 1400 166E 1735 1800 1944 1A1E 1B4E 1C3B 2010 203F 2308 2768
    2983 2CF9 2D70 2E00 3001 A4FE A60D A874 A92E AA5C ABEB FD3E FE10 FF01
    10100 1039F 1056F 10857 1091F 10A50 10B39 10D6E 10EAD 10F55 11047 11140 11238 113D4 1144B 115C1 11641 1173C 1183B
    11944 11A3F 11B00 11C41 11EF7 11F43 12470 12FF1 16A6E 16B37 16D6D 16E97 16FE2 1BC9F 1DA87 1E5FF 1E95E
""")
#: New in Unicode 14, 15, 15.1, 16, 17 and 18: the emoji and letters that telephones have before servers do.
_NEW = _characters("""
    1FAE0 1FAE1 1FAE7 1F979 2C2F A7C0 1FAE8 1FA75 1FA77 1F6DC 31350 2EBF0 2FFC 1FAE9 1FAC6 1FADF A7CB 1C89 1FAEA 1F6D8
    1FAEB 1F6D9
""")

LETTERS, LETTERS_RIGHT_TO_LEFT, LETTERS_BEYOND = known(_LETTERS), known(_LETTERS_RIGHT_TO_LEFT), known(_LETTERS_BEYOND)
DIGITS, MARKS, MARKS_BEYOND = known(_DIGITS), known(_MARKS), known(_MARKS_BEYOND)
SYMBOLS, SYMBOLS_BEYOND, PUNCTUATION, NEW = known(_SYMBOLS), known(_SYMBOLS_BEYOND), known(_PUNCTUATION), known(_NEW)

_ALL = (
    _LETTERS + _LETTERS_RIGHT_TO_LEFT + _LETTERS_BEYOND + _DIGITS + _MARKS + _MARKS_BEYOND + _SYMBOLS + _SYMBOLS_BEYOND
    + _PUNCTUATION + _NEW
)  # fmt: skip
#: Characters of versions of Unicode that this Python does not have yet.
UNKNOWN = "".join(sorted(set(_ALL) - set(known(_ALL))))

#: A character of every general category of a printable title at the beginning, another at the end; as far as no name
#: that is known as a whole begins or ends with one.
CATEGORY_ENDS: tuple[tuple[str, str], ...] = (
    ("\U0001d400", "\u0130"),  # Lu
    ("\u01c5", "\u1ffc"),  # Lt
    ("\u02b0", "\u30fc"),  # Lm
    ("\u0324", "\U0001f680"),  # Mn, So
    ("\u093e", "\U0001d16d"),  # Mc
    ("\u20dd", "\u0489"),  # Me
    ("\u0663", "\U0001d7d9"),  # Nd
    ("\u2163", "\u3007"),  # Nl
    ("\u00bd", "\u2460"),  # No
    ("\u203f", "\uff3f"),  # Pc
    ("\u2014", "\u2013"),  # Pd
    ("\u300c", "\uff08"),  # Ps
    ("\u300d", "\uff09"),  # Pe
    ("\u00bb", "\u2018"),  # Pf, Pi
    ("\u2022", "\u2026"),  # Po
    ("\u2212", "\u221e"),  # Sm
    ("\u20ac", "\u20bf"),  # Sc
    ("\u00a8", "\U0001f3ff"),  # Sk
)
#: The same of the categories that a title has no use for. What is a blank stands among `BLANKS`.
OTHER_ENDS: dict[str, tuple[tuple[str, str], ...]] = {
    "Cc": (("\u0001", "\u0008"), ("\u001b", "\u007f"), ("\u0080", "\u009f"), ("\u0000", "\u0000")),
    "Cf": (
        ("\ufeff", "\u200b"), ("\u200b", "\ufeff"), ("\u200f", "\u200e"), ("\u2060", "\u00ad"), ("\u061c", "\u200d"),
        ("\u202a", "\u202c"), ("\U000e0001", "\U0001d173"),
    ),
    "Co": (("\ue000", "\uf8ff"), ("\U000f0000", "\U0010fffd")),
    "Cs": (("\ud800", "\udfff"),),
    "Cn": (("\ufdd0", "\uffff"), ("\U000e0080", "\U0001ffff")),
}  # fmt: skip
#: All that Python strips from the ends of a text, the space aside.
BLANKS = _characters("""
    9 A B C D 1C 1D 1E 1F 85 A0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200A 2028 2029 202F 205F 3000
""")
#: Those that may stand in a line: what breaks it may be refused for that.
INNER_BLANKS = "".join(char for char in BLANKS[10:] if char not in "\u2028\u2029")
#: Controls, but for those that `names.UNREASONABLE` has one by one: tab, line breaks and NUL.
CONTROLS = "".join(map(chr, (*range(1, 9), 0xB, 0xC, *range(0xE, 0x20), *range(0x7F, 0xA0))))
FORMATS = _characters("""
    AD 600 601 602 603 604 605 61C 6DD 70F 8E2 180E 200B 200C 200D 200E 200F 202A 202B 202C 202D 202E 2060 2061 2062
    2063 2064 2066 2067 2068 2069 206A 206B 206C 206D 206E 206F FEFF FFF9 FFFA FFFB 110BD 110CD 13430 1BCA0 1D173 E0001
    E0020 E007F
""")
