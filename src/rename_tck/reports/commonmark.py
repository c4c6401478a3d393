"""Markdown made of texts from anywhere: no text can leave its place, and a page has a bound."""

from __future__ import annotations

import re

from rename_tck.text import cut, one_line, visible

#: The most that a page may take, in bytes of UTF-8.
LIMIT = 60 * 1024

_INLINE = 400
_BLOCK = 1200
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&]")
#: Words that a forge makes links or calls of: addresses, @names, #numbers. They go into code, where it does not.
_LIVELY = r"\S*(?:@|://|www\.|#\d)\S*"
#: What becomes code: those, and what stands between two backticks.
_CODE = re.compile(rf"`([^`\s](?:[^`]*[^`\s])?)`|{_LIVELY}", re.IGNORECASE)


class Page:
    """Blocks up to a number of bytes; what does not fit stays out."""

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._blocks: list[str] = []

    def add(self, block: str, keep: int = 0) -> bool:
        """Take the block in if `keep` bytes would still be left after it."""
        size = len(block.encode()) + 2
        if size > self._room - keep:
            return False
        self._room -= size
        self._blocks.append(block)
        return True

    def __str__(self) -> str:
        return "\n\n".join(self._blocks) + "\n"


def text(content: str, limit: int = _INLINE) -> str:
    """A text as inline Markdown that means just these characters."""
    content = cut(one_line(content), limit)
    shown, end = "", 0
    for match in _CODE.finditer(content):
        shown += _SPECIAL.sub(r"\\\g<0>", content[end : match.start()])
        # two pieces of code with nothing between them would read as one
        shown += (" " if shown.endswith("`") else "") + code(match[1] or match[0])
        end = match.end()
    shown += _SPECIAL.sub(r"\\\g<0>", content[end:])
    return re.sub(r"^(\d*)([-+=:#.)])", r"\1\\\2", shown)


def code(content: str, limit: int = _INLINE) -> str:
    """A text as inline code that no backtick within it can end."""
    content = cut(one_line(content), limit)
    ticks = "`" * (max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    blank = " " if content[:1] in "` " or content[-1:] in "` " else ""
    return f"{ticks}{blank}{content}{blank}{ticks}" if content else "(empty)"


def cell(content: str) -> str:
    """A text as inline code in a table, where a vertical bar ends a cell even within code."""
    return code(content, 200).replace("|", "\\|")


def fence(content: str, kind: str = "text", limit: int = _BLOCK) -> str:
    """A text as a fenced block that no run of backticks within it can end."""
    content = cut(visible(content, keep="\n\t"), limit)
    ticks = "`" * max(3, max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    return f"{ticks}{kind}\n{content}\n{ticks}"


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table; its cells are Markdown already."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ("---",) * len(columns), *rows))
