"""Cases that only OpenHands has."""

from __future__ import annotations

from rename_tck.cases.system_cases import SystemCases
from rename_tck.client.exchange import Request
from rename_tck.systems.dialect import Session


class OpenHandsCases(SystemCases):
    """Faulty and odd requests in OpenHands's terms."""

    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        bodies: dict[str, dict[str, object]] = {
            "no title": {"name": name},
            "a member besides title": {"title": name, "selected_repository": "other/repository"},
            "a title in an array": {"title": [name]},
            "a title of 201 characters": {"title": (name + "x" * 201)[:201]},
        }
        return [(case, self.dialect.rename(session, body)) for case, body in bodies.items()]


CASES = OpenHandsCases
