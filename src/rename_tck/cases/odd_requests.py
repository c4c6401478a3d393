"""How a request is sent that is to be refused for a fault of its own: with oddities that are no fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rename_tck.cases import json_spellings, scopes
from rename_tck.cases.client_forms import PLAIN, ClientForm
from rename_tck.cases.json_spellings import JsonSpelling
from rename_tck.cases.scopes import Scope
from rename_tck.client.exchange import Request, decoded


@dataclass(frozen=True)
class OddRequest:
    """A form of the client, a spelling of the body, and a query."""

    form: ClientForm
    spelling: JsonSpelling
    scope: Scope
    #: The query that is of the scope.
    query: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """What is odd about it, in words."""
        odd = (
            (self.form, PLAIN), (self.spelling, json_spellings.PLAIN), (self.scope, scopes.PLAIN),
        )  # fmt: skip
        return " and ".join(value.words for value, plain in odd if value != plain)

    def applied(self, request: Request) -> Request:
        """The request, sent so."""
        body = decoded(request.body)
        spelt = replace(request, body=self.spelling.spell(body)) if isinstance(body, dict) else request
        return self.form.apply(replace(spelt, query=self.query))

    def fewer(self, request: Request) -> Iterator[OddRequest]:
        """The same with one oddity less, as long as one is left."""
        found = (
            replace(self, form=PLAIN),
            replace(self, spelling=json_spellings.PLAIN),
            replace(self, scope=scopes.PLAIN, query=request.query),
        )
        return (one for one in found if one != self and one.words)
