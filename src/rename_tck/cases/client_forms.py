"""The dimension of the client: how real ones send the same rename. HTTP obliges a server to take each."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rename_tck.cases.dimensions import Value, by_lot
from rename_tck.client.exchange import Request, merged
from rename_tck.client.wire import USUAL, HeaderNames, Wire
from rename_tck.systems.dialect import JSON_TYPE

Headers = tuple[tuple[str, str], ...]

#: The requirement by which a client form is judged that a server must take.
ACCEPTED = "rename-accepted"

_KEY = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


@dataclass(frozen=True)
class ClientForm(Value):
    """A way in which a client sends a request."""

    #: How it goes over the wire; the headers in it yield to those of `--header`.
    wire: Wire = USUAL
    #: The media type, where it is spelt otherwise.
    media_type: str = ""
    #: Whether it has an Idempotency-Key, which is another one for each request.
    keyed: bool = False
    #: Statuses by which a server may refuse it for itself.
    refusable: frozenset[int] = frozenset()
    #: The requirement, without its system, that judges it; that of what no server need take asks for no 5xx only.
    judged_by: str = ACCEPTED

    def apply(self, request: Request) -> Request:
        """The request as such a client sends it; to be the last that is done to it."""
        headers, wire = request.headers, self.wire
        if self.media_type:
            headers = tuple(merged(dict(headers), {"Content-Type": self.media_type}).items())
        if self.keyed:
            key = str(uuid.uuid5(_KEY, f"{request.path} {(request.body or b'').hex()}"))
            wire = replace(wire, headers=(*wire.headers, ("Idempotency-Key", key)))
        return replace(request, headers=headers, wire=wire)


def _class(
    group: str, *forms: tuple[str, str, Wire], refusable: Iterable[int] = (), judged_by: str = ACCEPTED
) -> tuple[ClientForm, ...]:
    """The forms of a group: label, mistake and wire of each."""
    return tuple(
        ClientForm(label, group, mistake, wire, refusable=frozenset(refusable), judged_by=judged_by)
        for label, mistake, wire in forms
    )


def _with(*headers: tuple[str, str], without: tuple[str, ...] = ()) -> Wire:
    return Wire(headers, without)


_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

_HEADER_LINES = _class(
    "header lines",
    ("header names in lower case", "names compared by case: HTTP/2 gateways and Node write them so",
     Wire(names=HeaderNames.LOWER)),
    ("header names in capitals", "names compared by case", Wire(names=HeaderNames.CAPITALS)),
    ("header names in Go's case", "names compared by case: X-Session-Api-Key, Dnt", Wire(names=HeaderNames.CANONICAL)),
    ("no blank behind the colon of a header", "lines split at a colon and a blank", Wire(before="")),
    ("more blanks before the values of headers", "values not trimmed (RFC 9112, section 5.1)", Wire(before="   ")),
)  # fmt: skip

_ACCEPT = _class(
    "preferences",
    ("the Accept of curl, */*", "a wildcard compared as a media type", _with(("Accept", "*/*"))),
    ("the Accept of axios", "the whole list compared as one media type",
     _with(("Accept", "application/json, text/plain, */*"))),
    ("the Accept of a browser", "answered with a page: HTML stands first",
     _with(("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"))),
    ("no Accept", "a header read that is not there", _with(without=("Accept",))),
)  # fmt: skip

_ACCEPT_ENCODING = _class(
    "preferences",
    ("no Accept-Encoding", "a header read that is not there", _with(without=("Accept-Encoding",))),
    ("Accept-Encoding: identity", "compressed even so", _with(("Accept-Encoding", "identity"))),
    ("the Accept-Encoding of a browser, with br and zstd", "a coding stated that was not applied, or a list not parsed",
     _with(("Accept-Encoding", "gzip, deflate, br, zstd"))),
)  # fmt: skip

_USER_AGENT = _class(
    "preferences",
    ("no User-Agent", "a header read that is not there, or taken for a robot", _with(without=("User-Agent",))),
    ("the User-Agent of a browser", "answered with a page, or sent to a login", _with(("User-Agent", _BROWSER))),
)

#: Parameters change nothing (RFC 8259, section 11), nor does the case of a type or of a charset's name (RFC 9110, 8.3).
_MEDIA_TYPE = tuple(
    ClientForm(label, "media type", mistake, media_type=media_type)
    for label, mistake, media_type in (
        ("charset=utf-8", "the whole header compared", "application/json; charset=utf-8"),
        ("charset=UTF-8 without a blank before it", "the type split at a semicolon and a blank, or a name by its case",
         "application/json;charset=UTF-8"),
        ("charset in quotes", "quotes taken for a part of the name", 'application/json; charset="utf-8"'),
        ("a media type in capitals", "the type compared by case", "APPLICATION/JSON"),
        ("a blank before the semicolon of the media type, and Charset", "blanks not trimmed, or names by case",
         "application/json ; Charset=utf-8"),
    )
)  # fmt: skip

#: A server may ask for a length (RFC 9112, section 6.3).
_CHUNKS = _class(
    "chunks",
    ("a body in one chunk", "a body without Content-Length taken for empty", Wire(chunk=1 << 20)),
    ("a body in chunks of one byte", "each chunk decoded, or parsed, by itself", Wire(chunk=1)),
    refusable={411, 501},
)  # fmt: skip

_SEGMENTS = _class(
    "segments",
    ("a body in a TCP segment apart from the head", "read once, and what came taken for the whole", Wire(segments=2)),
    ("a body in two TCP segments", "read until the first pause, or each part decoded by itself", Wire(segments=3)),
)

_CONNECTION = (
    *_class(
        "connection",
        ("Connection: close", "closed before the answer is out", _with(("Connection", "close"))),
    ),
    *_class(
        "connection",
        ("HTTP/1.0", "an answer in chunks, or none: nginx asks so by default",
         Wire((("Connection", "close"),), version="1.0")),
        refusable={426, 505},
    ),
    *_class(
        "connection",
        ("Expect: 100-continue", "never asked for the body, and waited for it", _with(("Expect", "100-continue"))),
        refusable={417},
    ),
    *_class(
        "connection",
        ("an offer of h2c, as Java's HttpClient makes it", "switched, or the body taken for another protocol's",
         _with(("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
               ("HTTP2-Settings", "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAABgAGAAA"))),
        refusable={101},
    ),
)  # fmt: skip

#: A firewall may keep out what looks like an attack.
_ODD = {400, 403}

_TRACING = (
    *_class(
        "proxies",
        ("tracing headers", "a context that is not there, or a name taken from a header",
         _with(("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
               ("tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
               ("baggage", "user=alice,node=DF%2028;hops=2,production=false"),
               ("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"),
               ("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678;Sampled=1"),
               ("X-Request-ID", "7b9d6f4e-2f0a-4a55-9d3e-0f5d3b1c2a11"))),
    ),
    *_class(
        "proxies",
        ("tracing headers that are malformed", "a parser's exception let through (Trace Context, section 3.2)",
         _with(("traceparent", "00-00000000000000000000000000000000-xyz"), ("tracestate", "=;,,a=b=c"),
               ("baggage", "a=b=c;;,,=%ZZ"), ("b3", "x"), ("X-Amzn-Trace-Id", "Root"), ("sentry-trace", "none"))),
        ("an X-Request-ID that is no UUID", "parsed, logged or stored unchecked",
         _with(("X-Request-ID", '{"id": 7} \\ %0d%0a é' + "x" * 150), ("X-Correlation-ID", "-"))),
        refusable=_ODD,
    ),
    ClientForm("an Idempotency-Key", "proxies", "stored apart from the request that it came with", keyed=True),
)  # fmt: skip

_FORWARDING = (
    *_class(
        "proxies",
        ("forwarding headers with IPv6 addresses, ports and hidden names", "an address parsed by its dots",
         _with(("X-Forwarded-For", "[2001:db8::1]:4711, 203.0.113.7:80, unknown"), ("X-Forwarded-Proto", "https"),
               ("X-Forwarded-Port", "443"), ("X-Real-IP", "2001:db8::1"), ("Via", "1.1 edge, 1.0 fred (Apache/1.1)"),
               ("Forwarded", 'for="[2001:db8::1]:4711";proto=https;by=_edge, for=unknown'))),
    ),
    *_class(
        "proxies",
        ("an X-Forwarded-Host of another name", "the path, or the tenant, made of it",
         _with(("X-Forwarded-Host", "api.example.org"), ("X-Forwarded-Proto", "https"))),
        refusable={400, 403, 404, 421},
    ),
    *_class(
        "proxies",
        ("forwarding headers that are malformed", "a parser's exception let through",
         _with(("X-Forwarded-For", ", ,not an address,999.1.1.1"), ("X-Forwarded-Proto", "gopher,"),
               ("X-Forwarded-Port", "99999,x"), ("X-Real-IP", "localhost"), ("Forwarded", "for=;;=,\""))),
        refusable=_ODD,
    ),
)  # fmt: skip

_BROWSING = (
    *_class(
        "browser",
        ("a browser's headers", "a request of a page taken for one of a form",
         _with(("sec-ch-ua", '"Chromium";v="140", "Not=A?Brand";v="24"'), ("sec-ch-ua-mobile", "?0"),
               ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"),
               ("Priority", "u=1, i"), ("DNT", "1"), ("Cache-Control", "no-cache"), ("Pragma", "no-cache"),
               ("Accept-Language", "en-GB,en;q=0.9,de-CH-1996;q=0.8"), ("User-Agent", _BROWSER))),
    ),
    *_class(
        "browser",
        ("Origin: null", "parsed as a URL", _with(("Origin", "null"))),
        refusable={403},
    ),
    *_class(
        "browser",
        ("odd cookies", "a parser's exception let through",
         _with(("Cookie", '_ga=GA1.2.1; a; =b; c==; theme="dark \\" é"; $Version=1; empty='))),
        refusable=_ODD,
    ),
    *_class(
        "browser",
        ("an odd Referer and odd languages", "a parser's exception let through, or a locale looked up unchecked",
         _with(("Referer", "about:client"), ("Accept-Language", "tlh, x-private, en_US.UTF-8, *;q=0.001"))),
    ),
)  # fmt: skip

#: A server may be unwilling to read so much (RFC 9110, section 5.4; RFC 6585, section 5).
_SIZE = _class(
    "browser",
    ("a header of 4,000 characters", "a buffer's size", _with(("X-Claims", "c" * 4000))),
    ("sixty more headers", "a limit let through as an exception",
     _with(*((f"X-Meta-{number}", f"value {number}") for number in range(60)))),
    refusable={400, 413, 431},
)  # fmt: skip

#: What must be taken, the plain one first.
PLAIN = ClientForm("the suite's own headers", "plain", "none: an ordinary rename")
FORMS: tuple[ClientForm, ...] = (
    PLAIN,
    *_HEADER_LINES, *_ACCEPT, *_ACCEPT_ENCODING, *_USER_AGENT, *_MEDIA_TYPE, *_CHUNKS, *_SEGMENTS, *_CONNECTION,
    *_TRACING, *_FORWARDING, *_BROWSING, *_SIZE,
)  # fmt: skip


def of_case(seed: str, case: str, request: Request, forms: tuple[ClientForm, ...]) -> ClientForm:
    """The form in which a request is sent that is to be refused: another one for each case, and with each seed.

    What is odd about a request's own media type stays. None waits to be asked for its body: who refuses a request
    without reading it does not ask, and each such wait takes a second.
    """
    fitting = [form for form in forms if not form.wire.waits and (not form.media_type or request.headers == JSON_TYPE)]
    return fitting[by_lot(seed, case, len(fitting))]


#: The odd forms, but those that wait to be asked for their body.
_NOT_WAITING = tuple(form for form in FORMS[1:] if not form.wire.waits)


def of_each_class(seed: str) -> tuple[ClientForm, ...]:
    """An odd form of each class, in an order of the seed's: requests that are refused in turn meet all classes."""
    chosen = {form.group: form for form in sorted(_NOT_WAITING, key=lambda form: by_lot(seed, form.label, 2**32))}
    return tuple(chosen.values())


#: What may be refused, and must not be answered with a 5xx: behind the query of the system's own.
ODD_QUERIES = _class(
    "query",
    ("a query that is not UTF-8 when it is decoded", "a decoding exception let through",
     Wire(raw_query=b"x=%FF%C0%AF&%E4=%ED%A0%80")),
    ("a query with broken escapes", "a parser's exception let through",
     Wire(raw_query=b"x=%&y=%zz&%u0041;=1&&=&a=b=c")),
    ("a query with bytes beyond ASCII", "a decoding exception let through", Wire(raw_query=b"x=\xff\xe4&\xc3\xa9=1")),
    judged_by="no-server-error",
)  # fmt: skip

#: Beside a wrong credential, or none: a server that takes one of them for a credential lets anyone in. None may send
#: the request to another path, as X-Original-URL does, or to another method.
LETTING_IN = _class(
    "letting in",
    ("headers that say that it comes from the server's own machine", "who asks from there is let in",
     _with(*((name, "127.0.0.1") for name in ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP",
                                              "CF-Connecting-IP")), ("Forwarded", "for=127.0.0.1;host=localhost"))),
    ("headers that name a user whom a proxy has authenticated", "taken from anyone, not from the proxy alone",
     _with(*((name, "admin") for name in ("X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Auth-Request-User",
                                          "X-Authenticated-User", "X-WEBAUTH-USER", "X-User-Id")))),
    ("headers of a client's certificate", "taken from anyone, not from the proxy alone",
     _with(("X-Forwarded-Client-Cert", 'By=spiffe://x/y;Hash=00;Subject="CN=admin"'),
           ("X-SSL-Client-Verify", "SUCCESS"), ("X-Client-Verify", "SUCCESS"), ("X-SSL-Client-S-DN", "CN=admin"))),
    ("cookies of a session", "any session's cookie taken for a login",
     _with(("Cookie", "session=admin; session_id=1; token=admin; auth=true; access_token=admin"))),
    ("the User-Agent of a health check", "probes let past the authentication",
     _with(("User-Agent", "kube-probe/1.33"))),
    ("a forwarded host, an Origin and a Referer of the server's own machine", "who asks from there is let in",
     _with(("X-Forwarded-Host", "localhost"), ("Origin", "http://localhost"), ("Referer", "http://localhost/"))),
    ("the headers of a preflight request", "preflights let past the authentication by their headers",
     _with(("Origin", "http://localhost"), ("Access-Control-Request-Method", "POST"),
           ("Access-Control-Request-Headers", "authorization"))),
    ("headers of the server's own inner requests", "inner requests let past the authentication",
     _with(("X-Internal-Request", "true"), ("X-Internal", "1"), ("X-Debug", "1"),
           ("X-Middleware-Subrequest", ":".join(["middleware"] * 5)))),
    refusable={400, 421},  # where a forwarded host of another name is minded, as in the forwarding forms
    judged_by="credential-wrong",
)  # fmt: skip
