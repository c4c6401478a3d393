"""stub"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rename_tck.cases.dimensions import Value
from rename_tck.client.exchange import Request


@dataclass(frozen=True)
class ClientForm(Value):
    headers: tuple[tuple[str, str], ...] = ()
    refusable: frozenset[int] = frozenset()

    def apply(self, request: Request) -> Request:
        names = {n.lower() for n, _ in self.headers}
        return replace(request, headers=(*(h for h in request.headers if h[0].lower() not in names), *self.headers))


CLIENT_FORMS = (
    ClientForm("the suite's own client", "plain", "none"),
    ClientForm("a charset in capitals", "charset", "m", (("Content-Type", "application/json; charset=UTF-8"),)),
    ClientForm("Accept */*", "accept", "m", (("Accept", "*/*"),)),
    ClientForm("a traceparent", "tracing", "m", (("traceparent", "garbage"),)),
)
