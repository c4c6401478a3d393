"""HTML built from elements. Every text is escaped by construction; only what an element made is markup."""

from __future__ import annotations

import re
from html import escape

from rename_tck.text import HIDDEN, name_of, visible

_VOID = frozenset({"meta", "input", "br", "wbr"})


class Markup(str):
    """Finished HTML. Any other `str` is text and is escaped where it goes in."""

    __slots__ = ()


def text(content: str, keep: str = "") -> Markup:
    """A text between tags with its hidden characters marked as such, but for those in `keep`.

    Quotes stay as they are: they mean nothing there. In an attribute `el` escapes them.
    """

    def show(match: re.Match[str]) -> str:
        character = match[0]
        return character if character in keep else f'<span class="hid">{name_of(character)}</span>'

    return Markup(HIDDEN.sub(show, escape(content, quote=False)))


def el(tag: str, /, *children: str | None, **attributes: str | bool | int | None) -> Markup:
    """One element.

    Children that are not `Markup` are escaped, None is left out. An attribute's trailing underscore is dropped, other
    underscores become hyphens; False and None leave the attribute out, True gives it no value.
    """
    parts = [f"<{tag}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        parts.append(f" {name}" if value is True else f' {name}="{escape(visible(str(value)))}"')
    parts.append(">")
    if tag not in _VOID:
        parts += [child if isinstance(child, Markup) else text(child) for child in children if child is not None]
        parts.append(f"</{tag}>")
    return Markup("".join(parts))


def join(*parts: str | None) -> Markup:
    """Parts one after the other, texts escaped."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts if part is not None))
