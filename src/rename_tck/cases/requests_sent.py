"""How many requests a whole run sends, and how long it takes: measured, to foretell a run.

The counts are those of `docs/benchmark.md`, the times a fit to its tables: a run waits and computes for some seconds
whatever the target, and of the time that answers take a part is saved where several requests are in flight.
"""

from __future__ import annotations

from rename_tck.cases.spaces import DEFAULT, SMOKE, settle_by

#: Requests of a whole run by one key against the embedded servers, by profile and system.
_REQUESTS = {
    "smoke": {"dify": 142, "agno": 148, "openhands": 139},
    "quick": {"dify": 915, "agno": 980, "openhands": 765},
    "ci": {"dify": 1072, "agno": 1178, "openhands": 922},
    "nightly": {"dify": 3883, "agno": 4951, "openhands": 3291},
}

#: Seconds that a run takes beside its answers, but for the time that sessions are left alone; a smoke run's.
_BESIDE, _BESIDE_SMOKE = 4.0, 1.0
#: Of the time that answers take, what stays however many are in flight, and what is divided among them.
_IN_TURN, _DIVIDED = 0.17, 0.8
#: What one more worker costs to start, in seconds of two cores, and how much longer its share is than an even one.
_START, _UNEVEN = 0.4, 1.2


def requests_of(system: str, profile: str) -> int:
    """About how many requests a whole run sends; a user's own profile is taken for the default one."""
    return _REQUESTS.get(profile, _REQUESTS[DEFAULT])[system]


def seconds_for(requests: int, profile: str, answer: float, in_flight: int) -> float:
    """About how long they take, at so many seconds an answer and so many in flight at most."""
    beside = _BESIDE_SMOKE if profile == SMOKE else _BESIDE
    return beside + settle_by(profile) + requests * answer * (_IN_TURN + _DIVIDED / in_flight)


def seconds_with_workers(requests: int, profile: str, answer: float, workers: int) -> float:
    """The same in so many processes (`-n`)."""
    return _BESIDE + settle_by(profile) + requests * answer * _UNEVEN / workers + _START * workers
