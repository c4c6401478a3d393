"""Why no answer came: a sentence with what to try, and a code."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING

import requests
import urllib3

from rename_tck.client.exchange import Trouble
from rename_tck.verdict import Conclusion

if TYPE_CHECKING:
    from rename_tck.client.transport import Connection

#: What requests raises when it is the proxy that fails, or its URL: a scheme that cannot be used is an InvalidSchema.
_OF_PROXIES = (
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.ProxySchemeUnknown,
)


def described(error: Exception, connection: Connection) -> tuple[str, Trouble]:
    """Why no answer came, in one sentence, and of which kind that is."""
    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 12:
        if isinstance(inner, Conclusion):
            break  # what was being looked into when this was sent
        chain.append(inner)
    words = connection.redact.on_one_line(str(chain[-1]), 200) or type(chain[-1]).__name__
    proxy = connection.proxy
    if proxy is not None and isinstance(error, _OF_PROXIES):
        reason, _ = _unreached(chain) or (words, None)
        certificates = _certificates(chain, connection)
        return f"{proxy.named} failed: {reason}{certificates}; {proxy.way_past}", Trouble.PROXY
    through = "" if proxy is None else f"; it was asked through {proxy.named}: {proxy.way_past}"
    if isinstance(error, requests.exceptions.SSLError) or any(
        isinstance(e, urllib3.exceptions.SSLError) for e in chain
    ):
        return f"TLS failed: {words}{_certificates(chain, connection)}{through}", Trouble.TLS
    if isinstance(connection.verify, str) and not os.path.exists(connection.verify):
        return f"the file of certificates {connection.verify} is not there any more", Trouble.TLS
    if unreached := _unreached(chain):
        return f"{unreached[0]}{through}", unreached[1]
    if isinstance(error, requests.Timeout) or any(isinstance(e, TimeoutError) for e in chain):
        return f"no answer in time{through}", Trouble.TIMEOUT
    broken = (ConnectionError, urllib3.exceptions.ProtocolError, urllib3.exceptions.IncompleteRead)
    if any(isinstance(e, broken) for e in chain):
        return f"the connection broke before a whole answer came: {words}{through}", Trouble.BROKEN
    return f"the answer could not be read as HTTP: {words}{through}", Trouble.NO_HTTP


def _unreached(chain: Sequence[BaseException]) -> tuple[str, Trouble] | None:
    """Why there was no connection at all, where that is so."""
    if any(isinstance(e, ConnectionRefusedError) for e in chain):
        return "connection refused: nothing listens there", Trouble.REFUSED
    if any(isinstance(e, socket.gaierror) for e in chain):
        return "the host name is not known", Trouble.UNKNOWN_HOST
    return None


def _certificates(chain: Sequence[BaseException], connection: Connection) -> str:
    """What to try after a failure of TLS, by what was wrong."""
    if any(isinstance(e, ssl.SSLCertVerificationError) for e in chain):
        by = f" (verified by {connection.verify})" if isinstance(connection.verify, str) else ""
        return f"{by}; --ca-bundle=FILE names the certificates to trust, and --insecure verifies none"
    if any(isinstance(e, ssl.SSLError) and e.reason == "WRONG_VERSION_NUMBER" for e in chain):
        return "; what answers speaks no TLS: try --base-url=http://…"
    return ""
