"""The clock of the servers that stand in this process: put on where the suite would wait for it.

A law that has to see another time waits until the target's clock shows one, often a second. Where the target is in this
process, its clock is put on by as much as would be waited, so that the server lives through the same time and nobody
waits. A suite that waited too little would see too little by this clock, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from unittest import mock

from rename_tck.checks import server_clock
from rename_tck.reference.service import Service
from rename_tck.target import settling


class _Ahead:
    """How far the servers' clock is ahead. It never goes back: a server may be judged more than once."""

    seconds = 0.0

    def pause(self, seconds: float) -> None:
        """Let time pass by the servers' clock alone; in the place of `Interruption.pause`."""
        self.seconds += max(0.0, seconds)


AHEAD = _Ahead()


def now() -> datetime:
    """The servers' present time, in UTC."""
    return datetime.now(UTC) + timedelta(seconds=AHEAD.seconds)


def _now(_: Service) -> datetime:
    return now()


@contextlib.contextmanager
def put_on_instead_of_waiting() -> Iterator[None]:
    """Within the block no law waits for the target's clock. Only for servers of this process that tell time by `now`.

    The embedded servers do so within the block, the strangers always. What else waits (for a 429, a time-out) waits.
    """
    with (
        mock.patch.object(server_clock, "INTERRUPTION", AHEAD),
        mock.patch.object(settling, "INTERRUPTION", AHEAD),
        mock.patch.object(Service, "now", _now),
    ):
        yield
