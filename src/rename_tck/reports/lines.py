"""Lines of a terminal's text: wrapped, indented, labelled; nothing that a server sent can act on the terminal."""

from __future__ import annotations

from rename_tck.text import one_line, pad, wrap

#: How wide a text is at most, but for addresses and commands, which are never broken.
COLUMNS = 100


def indented(content: str, by: int, most: int = 3) -> list[str]:
    """A text in at most so many lines, each behind so many blanks; what does not fit is left out, which shows."""
    lines = wrap(one_line(content), COLUMNS - by - 1)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]}\u2026"]
    return [" " * by + line for line in lines]


def labelled(label: str, lines: list[str], room: int) -> list[str]:
    """Lines of one subject, the first of them behind its label."""
    return [f"  {pad(label if not number else '', room)} {line}".rstrip(" ") for number, line in enumerate(lines)]
