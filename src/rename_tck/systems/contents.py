"""What a session is created with, where that is not the ordinary: as data, in the members of the creation's body."""

from __future__ import annotations

import json
import re
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Characters for an id of a single one: none that a counted id, a UUID or a first try by hand would be.
_LETTERS = "JKQVXZjkqvxz"

#: What stands for itself in an id: by chance, not by the seed, so that another run comes upon no session of this one.
_CHANCE: Mapping[str, Callable[[], str]] = {
    "uuid": lambda: str(uuid.uuid4()),
    "UUID": lambda: str(uuid.uuid4()).upper(),
    "hex": lambda: uuid.uuid4().hex,
    "HEX": lambda: by_chance("$hex").upper(),
    "digits": lambda: secrets.choice("123456789") + "".join(secrets.choice(string.digits) for _ in range(19)),
    "base64": lambda: secrets.token_urlsafe(32),
    "letter": lambda: secrets.choice(_LETTERS),
}
_PLACE = re.compile(rf"\$({'|'.join(_CHANCE)})")


@dataclass(frozen=True)
class Contents:
    """What is in a creation besides the ordinary, in its place, or left out.

    In names and texts `$token` and `$number` are another for each session, `$kind` is the kind of the session. In an
    id `$uuid`, `$UUID`, `$hex`, `$HEX`, `$digits` (20), `$base64` (43 characters) and `$letter` are made by chance.
    """

    #: Members of the body, each with its value as JSON text: in whatever spelling a client has.
    members: tuple[tuple[str, str], ...] = ()
    #: Members of the ordinary body that are left out.
    without: tuple[str, ...] = ()
    #: The form of the id, where the system lets the client choose it; empty for the ordinary one.
    session_id: str = ""
    #: How many messages are sent in it, where a message is what creates it.
    messages: int = 1

    def touched(self, id_member: str) -> set[str]:
        """The members of the ordinary body that are not as they are in it, or not there."""
        return {name for name, _ in self.members} | set(self.without) | ({id_member} if self.session_id else set())

    def joined(self, other: Contents) -> Contents:
        """Both at once: they touch no member in common."""
        return Contents(
            (*self.members, *other.members),
            (*self.without, *other.without),
            self.session_id or other.session_id,
            max(self.messages, other.messages),
        )

    def body(self, ordinary: Mapping[str, object], id_member: str, *, kind: str | None, token: str) -> bytes:
        """The body of a creation; `token` is the one that is in the ordinary body."""

        def filled(text: str) -> str:
            number = token.rpartition("-")[2]
            return text.replace("$token", token).replace("$number", number).replace("$kind", kind or "")

        texts = {name: _spelled(value) for name, value in ordinary.items() if name not in self.without}
        texts |= {filled(name): filled(text) for name, text in self.members}
        if self.session_id:
            texts[id_member] = _spelled(by_chance(self.session_id))
        return ("{" + ", ".join(f"{_spelled(name)}: {text}" for name, text in texts.items()) + "}").encode()


def by_chance(form: str) -> str:
    """An id of a form."""
    return _PLACE.sub(lambda place: _CHANCE[place[1]](), form)


def _spelled(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def texts(**members: object) -> tuple[tuple[str, str], ...]:
    """Members with values that any spelling does for."""
    return tuple((name, _spelled(value)) for name, value in members.items())
