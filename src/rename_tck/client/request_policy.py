"""The safety contract, enforced in one place: what the suite may send at all.

The rename operation on sessions that the suite made, was given or found, and on ids made up for the run; the
provisioning calls of the system's dialect; and, to the letter, the rename that gives somebody's session its old name
back. Everything else raises before it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rename_tck.client.exchange import Request, segment


class OutsideContractError(RuntimeError):
    """A request that the safety contract does not allow was about to be sent: a bug of the suite, caught in time."""


@dataclass(frozen=True)
class Route:
    """A call that may be sent: a method and a path, where ``{id}`` stands for one path segment.

    `ids` says which ids may stand there: ``any``, ``known`` (made, given, found or made up), ``looked`` (those, and
    ids that are looked for before anything else is sent to them) or ``created`` by this run.
    """

    method: str
    path: str
    ids: str = "any"

    def match(self, request: Request) -> re.Match[str] | None:
        """The match of a request's method and path, if it is this call."""
        if request.method != self.method:
            return None
        pattern = re.escape(self.path).replace(re.escape("{id}"), "(?P<id>[^/?#]+)")
        return re.fullmatch(pattern, request.path)


class RequestPolicy:
    """Permits a request, or raises."""

    def __init__(self, routes: Iterable[Route], operation: Route | None = None) -> None:
        self._routes = (operation, *routes) if operation is not None else tuple(routes)
        #: The operation under test, where it may be sent at all.
        self.operation = operation
        self._known: set[str] = set()
        self._made_up: set[str] = set()
        self._looked: set[str] = set()
        self._created: set[str] = set()
        self._exactly: set[Request] = set()

    def allow(self, session_id: str) -> None:
        """Allow the rename operation on this session, which the run made, was given or found."""
        self._known.add(segment(session_id))

    def allow_made_up(self, encoded: str) -> None:
        """Allow the rename operation on this path segment, percent-encoded: it was seen that nobody has this id."""
        self._made_up.add(encoded)

    def forbid_made_up(self, encoded: str) -> None:
        """No longer allow what `allow_made_up` has allowed."""
        self._made_up.discard(encoded)

    def allow_look(self, encoded: str) -> None:
        """Allow reading what stands under this path segment, percent-encoded, and nothing else."""
        self._looked.add(encoded)

    def allow_exactly(self, request: Request) -> None:
        """Allow this request to the letter: it gives a session of others the name back that it had."""
        self._exactly.add(request)

    def forbid_exactly(self, request: Request) -> None:
        """No longer allow what `allow_exactly` has allowed."""
        self._exactly.discard(request)

    def allow_deletion(self, session_id: str) -> None:
        """Allow deleting this session: the run has made it."""
        self.allow(session_id)
        self._created.add(segment(session_id))

    def permit(self, request: Request) -> Route:
        """The route that allows the request to be sent.

        Raises:
            OutsideContractError: no route of the dialect allows it.
        """
        for route in self._routes:
            found = route.match(request)
            if found is None:
                continue
            if request in self._exactly and route == self.operation:
                return route
            encoded = found.groupdict().get("id", "")
            if route.ids == "any" or encoded in self._allowed(route.ids):
                return route
        raise OutsideContractError(f"the safety contract does not allow {request.method} {request.path}")

    def _allowed(self, ids: str) -> set[str]:
        match ids:
            case "created":
                return self._created
            case "looked":
                return self._known | self._made_up | self._looked
            case _:
                return self._known | self._made_up
