"""The habits of a server: everything that the documents leave to whoever writes one."""

from __future__ import annotations

import json
import re
import threading
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal

from harness import KEY, OTHER_MODE_KEY

#: What joins emoji, and spells a flag's region: no characters to be printed by themselves, but part of one that is.
_EMOJI_JOINTS = re.compile("(?<=[\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])\u200d|[\U000e0020-\U000e007f]")


@dataclass(frozen=True)
class Habits:
    """One server's ways. The defaults are the plainest; each member names what is done differently."""

    #: The key asked for; None asks for none.
    key: str | None = KEY
    #: Dify: the key of an app of another mode.
    other_key: str | None = OTHER_MODE_KEY
    #: Dify: the path under which the API stands.
    base: str = "/v1"

    # -- the members of an answer
    members: Literal["all", "more", "required", "none"] = "all"
    null_introduction: bool = False
    no_updated_at: bool = False
    #: A rename does not set the time of the last update.
    frozen_time: bool = False
    #: What is read back holds members, documented ones too, that change by themselves.
    restless: bool = False
    #: Agno: how times are spelled.
    times: Literal["Z", "offset", "micro", "null"] = "Z"
    ids: Literal["usual", "odd"] = "usual"
    #: Agno: the id that a creation wishes for is not granted.
    own_ids: bool = False
    #: OpenHands: a rename to the title that the conversation bears answers `false`.
    unchanged_false: bool = False

    # -- how an answer goes over the wire
    ascii: bool = False
    pretty: bool = False
    gzip: bool = False
    chunked: bool = False
    close: bool = False
    #: The connection is closed after each few answers, without saying so.
    closes_silently: bool = False
    content_type: str = "application/json"
    #: Case of the header names.
    case: Literal["usual", "odd"] = "usual"
    http10: bool = False
    #: Headers that no one asked for.
    chatty: bool = False
    #: An interim answer goes before each final one (RFC 9110, section 15.2).
    interim: Literal[None, 100, 103] = None

    # -- pace
    delay: float = 0.0
    #: As many requests, then 429 until a second has passed; 0 for no limit.
    rate: int = 0
    retry_after: Literal["seconds", "date", "none"] = "seconds"

    # -- what is refused, and how
    names: Literal["any", "strict", "printable"] = "any"
    #: Half a surrogate pair in a name is kept, and answered as an escape (`ascii`).
    surrogates: bool = False
    #: Blanks around a name are cut off.
    trims: bool = False
    #: Dify: the status that refuses a faulty body.
    invalid: int = 400
    #: Dify: a null name is refused.
    no_null_names: bool = False
    wrong_key: Literal[401, 403] = 401
    wrong_method: Literal[404, 405] = 405
    #: Errors of which the document says nothing have no body.
    bare: bool = False
    #: Ids that no session of this server could have are refused by their look.
    checks_ids: bool = False
    #: OpenHands: an unknown id is answered with 200 and `false`.
    unknown_false: bool = False

    # -- what there is besides the rename
    rename_only: bool = False
    #: What is said at a path that does not exist.
    elsewhere: int = 404
    create: bool = True
    #: How many sessions may be made before creation is refused; None for no limit.
    quota: int | None = None
    quota_status: int = 403
    read: bool = True
    listing: bool = True
    delete: bool = True
    page: int = 100
    #: Other people rename sessions of theirs, which the listing shows, all the time.
    neighbours: bool = False

    def dumps(self, value: object) -> bytes:
        """A JSON text."""
        text = json.dumps(value, ensure_ascii=self.ascii, indent=2 if self.pretty else None)
        return (text + "\n" * self.pretty).encode()

    def objection(self, name: str) -> str | None:
        """Why a name is refused; None when it is not."""
        if not self.surrogates and any(0xD800 <= ord(char) < 0xE000 for char in name):
            return "The name holds half a surrogate pair."
        if self.names == "any":
            return None
        if len(name) > 255:
            return "The name is longer than 255 characters."
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
            return "The name holds control characters."
        if self.names == "printable" and not _EMOJI_JOINTS.sub("", name).isprintable():
            return "The name holds characters that cannot be printed."
        return None

    def wait_for(self, throttle: Throttle) -> dict[str, str] | None:
        """The headers of a 429 answer when it is too soon; None when the request may go on. Sleeps the delay."""
        if self.delay:
            time.sleep(self.delay)
        if not self.rate or throttle.admits(self.rate):
            return None
        spelled: Mapping[str, dict[str, str]] = {
            "seconds": {"Retry-After": "1"},
            "date": {"Retry-After": formatdate(time.time() + 1, usegmt=True)},
            "none": {},
        }
        return spelled[self.retry_after]


class Throttle:
    """Counts requests in windows of a second that open when the last one is used up."""

    def __init__(self) -> None:
        self.refused = 0
        self._used = 0
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def admits(self, rate: int) -> bool:
        """Whether another request fits in."""
        with self._lock:
            now = time.monotonic()
            if self._used >= rate and self._closed_until == 0.0:
                self._closed_until = now + 1.0
            if self._closed_until:
                if now < self._closed_until:
                    self.refused += 1
                    return False
                self._used, self._closed_until = 0, 0.0
            self._used += 1
            return True


#: Headers that carry no meaning for a client of this API.
CHATTER = (
    ("Server", "stranger/1.0 (Unix)"),
    ("X-Request-Id", "req_01J8ZK-é".encode().decode("latin-1")),
    ("Set-Cookie", "route=a1; Path=/; HttpOnly"),
    ("Set-Cookie", "session=b2; Path=/; Secure"),
    ("Cache-Control", "no-store"),
    ("Vary", "Accept-Encoding, Origin"),
    ("Link", '<https://example.org/next>; rel="next"'),
    ("Access-Control-Allow-Origin", "*"),
    ("X-Empty", ""),
)
