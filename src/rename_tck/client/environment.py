"""What the environment says of the way to the target: the proxy to ask through, the certificates to trust."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

#: The variables that name a file of certificates for all that uses requests, in the order in which it looks.
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class Proxy:
    """The proxy through which a URL is asked, without its credentials, and the variable that names it."""

    #: Scheme, host and port.
    address: str
    variable: str | None
    #: The host that is asked through it.
    host: str

    @property
    def named(self) -> str:
        """The proxy in words, with what names it."""
        return f"{self.address} (named by {self.variable or 'the settings of the system'})"

    @property
    def way_past(self) -> str:
        """What to try without it."""
        # where both are set, requests looks at the one in lower case
        name = "no_proxy" if os.environ.get("no_proxy") else "NO_PROXY"
        return f"{f'adding {self.host} to {name}' if os.environ.get(name) else f'{name}={self.host}'} goes past it"


def proxies_for(base_url: str) -> dict[str, str]:
    """The proxies of the environment, as requests takes them, for this URL; none where NO_PROXY leaves it out."""
    from requests.utils import get_environ_proxies  # here, for the command's help does without

    return dict(get_environ_proxies(base_url))


def proxy_of(base_url: str, proxies: Mapping[str, str]) -> Proxy | None:
    """The one of these proxies that is asked; None where the target is asked itself."""
    from requests.utils import select_proxy

    url = select_proxy(base_url, dict(proxies))
    if not url:
        return None
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    # as select_proxy looks: the most telling first
    keys = (f"{parts.scheme}://{host}", parts.scheme, f"all://{host}", "all")
    key = next((key for key in keys if key in proxies), "")
    names = (f"{key}_proxy", f"{key.upper()}_PROXY")
    given = (name for name in names if os.environ.get(name))
    odd = (name for name in os.environ if name.lower() == names[0])
    return Proxy(_address(url), next(given, None) or next(odd, None), host)


def secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The credentials in the URLs of the environment's proxies, in the spellings in which they may show."""
    found: list[str] = []
    for name, value in environ.items():
        if name.lower().endswith("_proxy") and name.lower() != "no_proxy" and "@" in value:
            said = value.rpartition("@")[0].rpartition("//")[2]
            user, colon, password = said.partition(":")
            # without a password the user's name is a token
            for secret in (said, password if colon else user):
                found += [secret, unquote(secret)]
    return tuple(dict.fromkeys(secret for secret in found if secret))


def _address(url: str) -> str:
    """A proxy's URL without what is a secret in it."""
    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "a proxy whose URL is malformed"
    host = parts.hostname or ""
    return f"the proxy {parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
