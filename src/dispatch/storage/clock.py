"""The database's clock, followed from inside the process: monotonic time plus a measured offset.

A wall clock that jumps changes nothing. Every process of one database agrees to within a round trip.
"""

import time
from datetime import UTC, datetime, timedelta

from dispatch.storage.database import Connection

_START = datetime(2000, 1, 1, tzinfo=UTC)
GOOD_FOR_S = 60.0
"""A measurement is replaced by a worse one only after this long: crystals drift less than 0.1 ms in a second."""


class DatabaseClock:
    """Tells the database's time without asking it each time."""

    def __init__(self) -> None:
        """Start unset; `follow` must run once before `now`."""
        self._offset: timedelta | None = None
        self._round_trip_s = float("inf")
        self._measured_at = 0.0

    async def follow(self, connection: Connection) -> None:
        """Measure the offset; of two measurements the one with the shorter round trip is believed."""
        before = time.monotonic()
        there: datetime = await connection.fetchval("SELECT clock_timestamp()")
        after = time.monotonic()
        offset = there - (_START + timedelta(seconds=(before + after) / 2))
        stale = after - self._measured_at > GOOD_FOR_S
        jumped = self._offset is not None and abs((offset - self._offset).total_seconds()) > after - before
        if after - before <= self._round_trip_s or stale or jumped:
            self._offset, self._round_trip_s, self._measured_at = offset, after - before, after

    def now(self) -> datetime:
        """Give the database's time."""
        if self._offset is None:
            message = "the database's clock was not read yet"
            raise RuntimeError(message)
        return _START + timedelta(seconds=time.monotonic()) + self._offset
