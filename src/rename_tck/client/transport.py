"""The system under test, and the one way out to it: guarded, bounded in time and size, without redirects."""

from __future__ import annotations

import http
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import requests
import urllib3

from rename_tck import in_flight
from rename_tck.client.adapter import Adapter, Deadlines, Prepared
from rename_tck.client.environment import CA_VARIABLES, Proxy, proxies_for, proxy_of
from rename_tck.client.exchange import (
    ALWAYS,
    OWN,
    Answer,
    Credential,
    Exchange,
    Request,
    Trouble,
    altered,
    merged,
    schemed,
)
from rename_tck.client.journal import Journal, Purpose
from rename_tck.client.limits import Limits
from rename_tck.client.receiving import ANSWER_LIMIT, TooMuchError, content, require_decoder
from rename_tck.client.request_policy import RequestPolicy, Route
from rename_tck.client.trouble import described
from rename_tck.client.waiting import Waiting
from rename_tck.interruption import INTERRUPTION
from rename_tck.redaction import Redactor
from rename_tck.verdict import Unjudgeable

T = TypeVar("T")

#: How much a run receives in all, on the wire, and how many answers over the limit, before it gives the target up.
RECEIVING_LIMIT = 512 * 1024 * 1024
TOO_LARGE_LIMIT = 10

#: Seconds that a run spends on waiting for answers that do not come, before it gives the target up: with no answer of
#: the operation under test in between, and so many times that in all.
HANGING_LIMIT = 45.0
HANGING_IN_ALL = 4

#: Seconds for a whole answer once the run has waited for half of that; more where other answers are slow.
HURRIED = 2.0

#: Seconds before each further try of what broke off; of the operation under test there is one.
RECONNECTING = (0.0, 0.25, 0.5)

#: The most requests that are in flight at the same time: those of the laws that are about this.
AT_ONCE = 16

#: Seconds of an answer that are worth one more request in flight: a request takes less of this process' own time.
WORTH = 0.01

#: Seconds for a whole answer to what puts sessions back, from a target that was given up.
LAST_TRY = 3.0


@dataclass(frozen=True)
class Connection:
    """How to reach the target: everything but what to say.

    `key_header` is the header that carries the key and its form, as in ``("Authorization", "Bearer {}")``; `time_limit`
    is in seconds for a whole answer; `verify` is requests' (False, True or a CA bundle's path).
    """

    base_url: str
    key_header: tuple[str, str]
    key: str | None = field(default=None, repr=False)
    other_mode_key: str | None = field(default=None, repr=False)
    other_user_key: str | None = field(default=None, repr=False)
    extra_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    time_limit: float = 10.0
    verify: bool | str = True
    #: Whether the proxies that the environment names are asked.
    through_proxies: bool = True
    #: What else must not show: the credentials of those proxies.
    more_secrets: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def redact(self) -> Redactor:
        """Takes the secrets of the connection out of a text."""
        others = self.other_mode_key, self.other_user_key, *self.more_secrets
        return Redactor.of(self.key, others, (value for _, value in self.extra_headers))

    @cached_property
    def proxies(self) -> dict[str, str]:
        """The proxies that the target is asked through, as requests takes them."""
        return proxies_for(self.base_url) if self.through_proxies else {}

    @cached_property
    def proxy(self) -> Proxy | None:
        """The one that is asked; None where the target is asked itself."""
        return proxy_of(self.base_url, self.proxies)


class TargetClient:
    """The system under test. Safe for several threads at once."""

    def __init__(
        self, connection: Connection, policy: RequestPolicy, limits: Limits | None = None, *, retries: bool = True
    ) -> None:
        self.connection = connection
        self.policy = policy
        self.limits = limits or Limits()
        #: Whether a request is sent again after a 429 or a broken connection.
        self.retries = retries
        #: By how many something is being put back: no limit of the run holds then.
        self.closing = 0
        #: Requests sent, by method and path of the route that allows them.
        self.sent: Counter[tuple[str, str]] = Counter()
        self.waiting = Waiting()
        self.reconnected = 0
        #: Shown each exchange of the operation under test, but for those that put names back.
        self.after_rename: Callable[[Exchange], None] | None = None
        #: Requests that are in flight together at most; None: as many as the time of an answer is worth.
        self.concurrency: int | None = None
        #: Whether the run uses sessions that it has not made, of which there are no more.
        self.borrows = False
        #: Threads for requests that are in flight at the same time.
        self.executor = ThreadPoolExecutor(AT_ONCE, "rename-tck executor")
        #: Everything that was sent and answered, or not, in order.
        self.journal = Journal()
        #: Seconds that answers did not come in: in all, and since the operation under test was last answered.
        self._hung = 0.0
        self._hung_in_a_row = 0.0
        #: Seconds in which the slowest answer came, and the quickest; 0 before the first.
        self._slowest = self.quickest = 0.0
        self._given_up: str | None = None
        self._received = 0
        self._too_large = 0
        self._local = threading.local()
        self._adapters: list[Adapter] = []
        self._deadlines = Deadlines()
        self._lock = threading.Lock()

    # -- in flight

    @property
    def in_flight(self) -> int:
        """How many parts of the run are in flight together now, each about sessions of its own.

        By default one more for each 10 ms that an answer takes; one where the target limits the rate of requests, or
        has sessions that the run has not made.
        """
        if self.concurrency is not None:
            return self.concurrency
        if self.limits.rate or self.limits.pace.rate or 429 in self.waiting.seconds or self.borrows:
            return 1
        return max(1, min(in_flight.MOST, int(self.quickest / WORTH)))

    def together(self, parts: Sequence[Callable[[], T]], *, first_at_home: bool = False) -> list[T]:
        """Do parts of the run in flight together, as `in_flight.together` does. Raises what the first one raises."""
        return in_flight.together(parts, self.in_flight, self.executor, first_at_home=first_at_home)

    # -- sending

    def send(
        self,
        request: Request,
        purpose: Purpose = Purpose.PROVISIONING,
        requirement: str | None = None,
        case: Sequence[str] = (),
        *,
        patience: float | None = None,
    ) -> Exchange:
        """Send a request and note in the journal what it was for; the exchange, with an answer or what kept it away.

        A 429 is waited out and sent again, as is a 502, 503 or 504 that says for how long, and any 5xx that answers
        what is not under test; a connection that broke without an answer is tried once more on a fresh
        one, for a pooled connection can be closed by the server at any time (RFC 9112, section 9.6).

        Raises:
            OutsideContractError: the safety contract does not allow the request.
            LimitReachedError: the run is out of time or of requests.
            Unjudgeable: the target has hung for so long, or asks to wait so long, that the run gives it up.
            KeyboardInterrupt: the run was interrupted, and sessions are not being put back yet.
        """
        route = self.policy.permit(request)
        exchange = self._send(request, route, patience)
        of_rename = route == self.policy.operation
        self.journal.add(exchange, purpose, requirement, case, of_rename=of_rename)
        if of_rename and purpose is not Purpose.CLEANUP and self.after_rename is not None:
            self.after_rename(exchange)
        return exchange

    def _send(self, request: Request, route: Route, patience: float | None) -> Exchange:
        waits: list[float] = []
        while True:
            if not self.closing:
                INTERRUPTION.check()
            if self._given_up is not None:
                raise Unjudgeable(self._given_up)
            exchange = self._try(request, route)
            if not self.retries:
                return exchange
            under_test = route == self.policy.operation
            if exchange.trouble_kind is Trouble.BROKEN:
                exchange = self._try_again(request, route, 1 if under_test else len(RECONNECTING))
            try:
                if not self.waiting.before_another_try(
                    exchange, route, waits, under_test=under_test, closing=bool(self.closing), patience=patience
                ):
                    return exchange
            except Unjudgeable as trouble:
                self._given_up = trouble.reason
                raise

    def _try_again(self, request: Request, route: Route, times: int) -> Exchange:
        """Send over fresh connections what broke off, at once, and then after a moment each."""
        for seconds in RECONNECTING[:times]:
            INTERRUPTION.pause(seconds, heed=not self.closing)
            self.reconnected += 1
            self.disconnect()
            exchange = self._try(request, route)
            if exchange.trouble_kind is not Trouble.BROKEN:
                break
        return exchange

    def _try(self, request: Request, route: Route) -> Exchange:
        self.limits.take(closing=bool(self.closing))
        limit = self._time_limit() * request.timeout_factor
        started = time.monotonic()
        answer, trouble, kind = None, None, None
        prepared = self._prepared(request)
        self.sent[route.method, route.path] += 1
        with in_flight.away():
            with self._deadlines.within(limit) as cut:
                try:
                    answer = self._receive(prepared, limit, started)
                except TooMuchError as error:
                    trouble, kind = str(error), Trouble.TOO_LARGE
                    self._too_large += 1
                except (
                    requests.RequestException,
                    urllib3.exceptions.HTTPError,
                    OSError,
                    ValueError,
                    AttributeError,
                ) as error:
                    trouble, kind = described(error, self.connection)
            ended = time.monotonic()
        elapsed = ended - started
        if cut.is_set():
            answer = None  # what was cut may look whole
        if self._received > RECEIVING_LIMIT or self._too_large >= TOO_LARGE_LIMIT:
            self._given_up = (
                f"the target sends too much and was not asked any more: {self._received >> 20} MiB in all, "
                f"{self._too_large} answers over {ANSWER_LIMIT >> 20} MiB"
            )
        if answer is None or request.wire.closes or answer.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.disconnect()
        if answer is None:
            if cut.is_set() or kind is Trouble.TIMEOUT:
                trouble, kind = f"no complete answer came within {limit:g} s", Trouble.TIMEOUT
                self._note_hanging(elapsed)
        else:
            self.limits.pace.note(answer.status, started, ended)
            self._slowest = max(self._slowest, elapsed / request.timeout_factor)
            if answer.status < 300:  # what is refused may never have come to the target itself
                self.quickest = min(self.quickest or answer.elapsed, answer.elapsed)
            if route == self.policy.operation:
                self._hung_in_a_row = 0.0
        return Exchange(
            request=request,
            base_url=self.connection.base_url,
            answer=answer,
            trouble=trouble,
            trouble_kind=kind,
            extra_headers=tuple(name for name, value in self.connection.extra_headers if value),
            empty_headers=tuple(name for name, value in self.connection.extra_headers if not value),
            auth_header=self.connection.key_header if self._key(request.credential) is not None else None,
            verify=self.connection.verify,
            at=ended,
        )

    def _time_limit(self) -> float:
        """Seconds for a whole answer: fewer once it is known that some requests hang, and how long others take."""
        if self._hung < HANGING_LIMIT / 2:
            return self.connection.time_limit
        return min(self.connection.time_limit, max(HURRIED, 4 * self._slowest))

    def _note_hanging(self, seconds: float) -> None:
        """Count the time in which no answer came. A target that answers other renames in between is not given up."""
        self._hung += seconds
        self._hung_in_a_row += seconds
        if self._hung_in_a_row >= HANGING_LIMIT or self._hung >= HANGING_LIMIT * HANGING_IN_ALL:
            self._given_up = (
                f"the target left requests unanswered for {self._hung:.0f} s in all and was not asked any more"
            )

    def _prepared(self, request: Request) -> Prepared:
        """The request as it goes out; requests' own preparing would tidy the path up."""
        prepared = Prepared()
        prepared.wire = request.wire
        prepared.method = request.method
        prepared.url = self.connection.base_url + request.encoded_target
        # what is left out urllib3 would add in words of its own
        prepared.prepare_headers(merged(dict.fromkeys(OWN, urllib3.util.SKIP_HEADER), self._headers(request)))
        prepared.body = request.body
        if request.body is not None or request.method not in {"GET", "HEAD"}:
            prepared.headers["Content-Length"] = str(len(request.body or b""))
        return prepared

    def _receive(self, prepared: Prepared, limit: float, started: float) -> Answer:
        response = self._adapter().send(
            prepared, stream=True, timeout=limit, verify=self.connection.verify, proxies=self.connection.proxies
        )
        try:
            require_decoder(response, prepared.headers.get("Accept-Encoding", ""))
            return Answer(
                status=response.status_code,
                reason=response.reason or "",
                headers=tuple(response.headers.items()),
                body=content(response),
                elapsed=time.monotonic() - started,
            )
        finally:
            self._received += response.raw.tell()
            response.close()

    # -- what goes with every request

    def _headers(self, request: Request) -> dict[str, str]:
        form, credential = schemed(self.connection.key_header[1], request.credential)
        key = self._key(credential)
        auth = {} if key is None else {self.connection.key_header[0]: form.format(key)}
        extra, wire = dict(self.connection.extra_headers), request.wire
        # as UTF-8: http.client writes Latin-1
        more = {name: value.encode().decode("latin-1") for name, value in wire.headers}
        return wire.sent(merged(OWN, ALWAYS, more, extra, auth, dict(request.headers)), extra)

    def _key(self, credential: Credential) -> str | None:
        match credential:
            case Credential.EMPTY:
                return ""
            case Credential.WRONG:
                return Credential.WRONG.value
            case Credential.OTHER_MODE:
                return self.connection.other_mode_key
            case Credential.OTHER_USER:
                return self.connection.other_user_key
        return None if self.connection.key is None else altered(self.connection.key, credential)

    # -- connections

    def _adapter(self) -> Adapter:
        """The calling thread's own connections.

        Without a session of requests around them, which would send a netrc's key, keep cookies and follow redirects.
        """
        adapter: Adapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = self._local.adapter = Adapter(max_retries=0)
            with self._lock:
                self._adapters.append(adapter)
        return adapter

    def make_last_try(self) -> None:
        """From now on sessions are put back: no limit of requests holds, and a target given up is tried again."""
        self.closing += 1
        self.disconnect()  # an interruption may have left an answer half read
        if self._given_up is not None:
            self._given_up = None
            self.connection = replace(self.connection, time_limit=min(LAST_TRY, self.connection.time_limit))

    def disconnect(self) -> None:
        """Drop the calling thread's connections: its next request goes over a fresh one."""
        adapter: Adapter | None = getattr(self._local, "adapter", None)
        if adapter is not None:
            adapter.close()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for adapter in self._adapters:
                adapter.close()
        self._deadlines.close()
        self.executor.shutdown(wait=False)


def default_verify() -> bool | str:
    """What requests would verify TLS against: a bundle that the environment names, or its own."""
    return next((named for variable in CA_VARIABLES if (named := os.environ.get(variable))), True)
