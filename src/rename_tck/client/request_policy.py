"""The safety contract, enforced in one place: what the suite may send at all.

The rename operation on sessions that the suite made, was given or found, and on ids made up for the run; and the
provisioning calls of the system's dialect. Everything else raises before it leaves.
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

    `ids` says which ids may stand there: ``any``, ``known`` (made, given, found or made up) or ``created`` by this run.
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
        self._created: set[str] = set()

    def allow(self, session_id: str) -> None:
        """Allow the rename operation on this id."""
        self._known.add(segment(session_id))

    def allow_segment(self, encoded: str) -> None:
        """Allow the rename operation on this path segment, already percent-encoded."""
        self._known.add(encoded)

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
            encoded = found.groupdict().get("id", "")
            if route.ids == "any" or encoded in (self._created if route.ids == "created" else self._known):
                return route
        raise OutsideContractError(f"the safety contract does not allow {request.method} {request.path}")
