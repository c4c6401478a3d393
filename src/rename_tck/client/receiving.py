"""The body of an answer: read up to a limit, and decoded as far as it can be."""

from __future__ import annotations

import requests
import urllib3

from rename_tck.verdict import Gap, ObstacleError

#: The most that is read of one answer, decoded. No answer of a rename operation comes near it.
ANSWER_LIMIT = 8 * 1024 * 1024


def content(response: requests.Response) -> bytes:
    """The decoded body. Raises TooMuchError, having closed the connection, when it is larger than the limit."""
    content = bytearray()
    for chunk in response.raw.stream(65536, decode_content=True):
        content += chunk
        if len(content) > ANSWER_LIMIT:
            response.raw.close()
            raise TooMuchError(f"the answer (status {response.status_code}) is over {ANSWER_LIMIT >> 20} MiB long")
    return bytes(content)


def require_decoder(response: requests.Response, offered: str) -> None:
    """Raise UndecodableError where the answer is in a coding that was offered, and that cannot be read here."""
    stated = response.headers.get("Content-Encoding", "")
    codings = {coding.strip().lower() for coding in stated.split(",")} - {"", "identity"}
    missing = codings.difference(urllib3.HTTPResponse.CONTENT_DECODERS)
    if missing and all(coding in offered for coding in codings):
        raise UndecodableError(
            f"the answer is in the coding {min(missing)}, which cannot be read here: install urllib3[brotli,zstd]"
        )


class UndecodableError(ObstacleError):
    """The target did as it was asked, and the suite cannot read it."""

    gap = Gap.LIMIT  # the suite's own: no run that lacks it says that the target conforms


class TooMuchError(Exception):
    """More came than the suite is willing to read."""
