"""The yardstick: a plain loop over a `requests.Session` that sends recorded requests and reads the answers.

`python tests/benchmark/bare.py BASE_URL < requests.jsonl` prints the CPU seconds of the loop alone.
"""

from __future__ import annotations

import base64
import json
import sys
import time

import requests

#: What a session adds by itself, and what says of a body that it comes in another form than a session sends it in.
_OWN = {
    "host", "content-length", "connection", "user-agent", "accept-encoding", "accept",
    "transfer-encoding", "expect", "upgrade",
}  # fmt: skip


def main() -> None:
    """Send everything once."""
    url = sys.argv[1]
    recorded = [json.loads(line) for line in sys.stdin]
    cases = [
        (
            item["method"],
            url + item["target"],
            base64.b64decode(item["body"]),
            {name: value for name, value in item["headers"] if name not in _OWN},
        )
        for item in recorded
    ]
    session = requests.Session()
    before = time.process_time()
    for method, target, body, headers in cases:
        session.request(method, target, data=body, headers=headers, allow_redirects=False, timeout=30).content  # noqa: B018
    sys.stdout.write(f"{time.process_time() - before}\n")


if __name__ == "__main__":
    main()
