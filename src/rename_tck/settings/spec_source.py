"""Where the user's own document comes from (`--spec`): a file, a URL, or the target itself."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from rename_tck.settings.settings import BadOptionError, has_credential

#: The value that means the document which the target publishes; a file of that name is ``./published``.
PUBLISHED = "published"

#: What stands in a path or a query as it is.
_SAFE = "%/:=&?~#+!$,;'@()*[]"


def is_asked_for(value: str) -> bool:
    """Whether a value of ``--spec`` is no file, but is asked for over HTTP."""
    return value == PUBLISHED or value.lower().startswith(("http://", "https://"))


def split(url: str) -> tuple[str, str]:
    """A document's URL as the base that is connected to, and the path with the query that is sent.

    Raises:
        BadOptionError: it is none that can be asked for.
    """
    if has_credential(url):
        raise BadOptionError("--spec must not hold a user or a password: a document is asked for without a credential.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadOptionError(f"--spec={url} is no URL: {error}.") from None
    if not parts.hostname:
        raise BadOptionError(f"--spec={url} needs a host, as in https://example.com/openapi.json.")
    if not parts.netloc.isascii() or any(ord(char) < 33 for char in url):
        raise BadOptionError("--spec holds a character that no URL can carry.")
    path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    return f"{parts.scheme}://{parts.netloc}", path
