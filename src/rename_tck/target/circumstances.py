"""What in a target's answers points past the target: a redirect, or a proxy that answered in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urljoin, urlsplit

from rename_tck.client.environment import Proxy
from rename_tck.client.exchange import Answer, Exchange

_MOST = 200

#: What a proxy or a gateway answers for a server that it does not reach.
_GATEWAY = frozenset({502, 503, 504})


def circumstances(
    exchanges: Iterable[Exchange], proxy: Proxy | None = None, redact: Callable[[str], str] = lambda text: text
) -> str:
    """What to add to a sentence on why nothing could be judged, by the answers that came; empty where nothing is odd.

    It begins with a semicolon. `proxy` is the one through which the target was asked.
    """
    said: dict[str, str] = {}
    for exchange in exchanges:
        answer = exchange.answer
        if answer is not None:
            for words, where in (*_redirect(exchange, answer), *((one, one) for one in _proxy(exchange, answer))):
                said.setdefault(where, words)
    return "".join(f"; {redact(words)}" for words in said.values()) + unsaid_proxy(proxy, "")


def unsaid_proxy(proxy: Proxy | None, already: str) -> str:
    """That the target was asked through a proxy, where that is not said already; it begins with a semicolon."""
    if proxy is None or proxy.named in already:
        return ""
    return f"; it was asked through {proxy.named}: {proxy.way_past}"


def _redirect(exchange: Exchange, answer: Answer) -> list[tuple[str, str]]:
    """The redirect in a sentence, with where it leads to: what all leads to one place is said once."""
    location = answer.header("location")
    if not 300 <= answer.status < 400 or not location:
        return []
    try:
        there = urljoin(exchange.url, location.strip())
        parts = urlsplit(there)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
    except ValueError:
        there, usable = location, False
    said = f"it redirects {exchange.request.method} {exchange.request.path} to {there[:_MOST]} ({answer.status})"
    path = there.partition("?")[0].partition("#")[0]
    base = path.removesuffix(exchange.request.path)
    if usable and base != path and base.rstrip("/") != exchange.base_url.rstrip("/"):
        return [(f"{said}: try --base-url={base[:_MOST]}", base)]
    return [(said, there)]


def _proxy(exchange: Exchange, answer: Answer) -> list[str]:
    """What shows that a proxy has answered, or that one stands between."""
    what = f"{exchange.request.method} {exchange.request.path} was answered {answer.status}"
    if answer.status == 407 or answer.header("proxy-authenticate"):
        asked = answer.header("proxy-authenticate")
        return [f"{what}, as a proxy does that asks for a credential" + (f" ({asked[:_MOST]})" if asked else "")]
    via = answer.header("via")
    if via and (answer.status in _GATEWAY or answer.is_page):
        return [f"{what} through a proxy (Via: {via[:_MOST]})"]
    return []
