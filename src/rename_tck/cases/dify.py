"""Cases that only Dify has."""

from __future__ import annotations

from rename_tck.cases.system_cases import SystemCases
from rename_tck.client.exchange import Request
from rename_tck.systems.dialect import Session


def without(body: dict[str, object], *names: str) -> dict[str, object]:
    """A body without these members."""
    return {name: value for name, value in body.items() if name not in names}


def generating(body: dict[str, object]) -> dict[str, object]:
    """The body of an ordinary rename made to ask for a generated name."""
    return {**without(body, "name"), "auto_generate": True}


class DifyCases(SystemCases):
    """Faulty and odd requests in Dify's terms."""

    def faulty(self, session: Session, name: str) -> list[tuple[str, Request]]:
        user = session.owner
        bodies: dict[str, dict[str, object]] = {
            "no user": {"name": name},
            "a user that is null": {"name": name, "user": None},
            "a user that is a number": {"name": name, "user": 42},
            "a user that is an object": {"name": name, "user": {"id": user}},
            "an auto_generate that is a string": {"name": name, "user": user, "auto_generate": "maybe"},
            "an auto_generate that is an array": {"name": name, "user": user, "auto_generate": []},
        }
        return [(case, self.dialect.rename(session, body)) for case, body in bodies.items()]

    def odd_scopes(self, session: Session, name: str) -> list[tuple[str, dict[str, object]]]:
        users = {
            "a user of 300 characters": "u" * 300, "a user with a NUL": "u\0", "a user beyond ASCII": "Zoë 东京",
            "a user with an apostrophe": "O'Brien",
        }  # fmt: skip
        return [(case, {**self.dialect.body(session, name), "user": user}) for case, user in users.items()]

    def generating(self, session: Session) -> Request | None:
        return self.dialect.rename(session, generating(self.dialect.body(session, "")))

    def ignoring(self, body: object) -> tuple[str, dict[str, object]] | None:
        if not isinstance(body, dict) or body.get("auto_generate") is not True or "name" not in body:
            return None
        return "dify.auto-generate-ignores-name", without(body, "name")


CASES = DifyCases
