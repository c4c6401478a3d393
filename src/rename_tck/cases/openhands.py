"""Cases that only OpenHands has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rename_tck.cases.conditions import ORDINARY, Condition
from rename_tck.cases.system_cases import SystemCases
from rename_tck.client.exchange import Credential, Request
from rename_tck.systems.contents import Contents, texts
from rename_tck.systems.dialect import Session

#: A message that asks for next to nothing: it starts an agent, and a model is asked.
_MESSAGE = "Answer with the one word hello, and do nothing else."

#: What the members of a creation are called.
_MEMBERS = ("repository", "git_provider", "selected_branch", "initial_user_msg", "image_urls")


class OpenHandsCases(SystemCases):
    """Faulty and odd requests in OpenHands's terms, and what conversations users have."""

    # creating a conversation starts an agent: few of them are made
    conditions: ClassVar[Mapping[str, tuple[Condition, ...]]] = {
        "conversation": (
            ORDINARY,
            Condition("a conversation created with null for a repository", "null", "null written back as text",
                      Contents((("repository", "null"),))),
            Condition("a conversation created with null for every member", "null", "null written back as text",
                      Contents(tuple((one, "null") for one in _MEMBERS))),
            Condition("a conversation created with a first message", "message", "titled by a job that knows no rename",
                      Contents(texts(initial_user_msg=_MESSAGE)), thorough=True),
            Condition("a conversation whose id its client has chosen", "id", "found by an id of its own making only",
                      Contents(session_id="$hex"), thorough=True),
        ),
    }  # fmt: skip

    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        bodies: dict[str, dict[str, object]] = {
            "no title": {"name": name},
            "a member besides title": {"title": name, "selected_repository": "other/repository"},
            "a title in an array": {"title": [name]},
            "a title of 201 characters": {"title": (name + "x" * 201)[:201]},
        }
        return [(case, self.dialect.rename(session, body)) for case, body in bodies.items()]

    def beside(self, session: Session, other: Session | None, name: str) -> list[tuple[str, Request]]:
        request = self.dialect.rename(session, self.dialect.body(session, name))
        return [("another user's request", request.with_credential(Credential.OTHER_USER))]


CASES = OpenHandsCases
