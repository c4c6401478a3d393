"""stub"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from rename_tck.cases.dimensions import Value
from rename_tck.client.exchange import encode_json


@dataclass(frozen=True)
class JsonSpelling(Value):
    how: Callable[[dict[str, object]], bytes] = encode_json

    def spell(self, body: dict[str, object]) -> bytes:
        return self.how(body)


JSON_SPELLINGS = (
    JsonSpelling("plain JSON", "plain", "none"),
    JsonSpelling("escapes for all but ASCII", "escapes", "m", lambda b: json.dumps(b).encode()),
    JsonSpelling("indented JSON", "white space", "m", lambda b: json.dumps(b, indent=3).encode()),
)
