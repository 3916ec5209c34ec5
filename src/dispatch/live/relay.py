"""The relay: outbox → hub. One per process.

Invariant: visible is delivered, the watermark is remembered. Every pass delivers the visible changes at or after the
watermark that were not delivered yet; the watermark follows xmin, and a cursor claims only what lies below it.
A change of the own process is delivered straight after its commit: committed is visible.

A database whose history has become another (a promoted standby that lacks the last commits gives their transaction ids
out again) would stay below the watermark and never be told: the relay starts a new epoch, everybody a snapshot.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import perf_counter

from dispatch.domain.rows import ChangeRow
from dispatch.live.frames import Frames
from dispatch.live.hub import Hub
from dispatch.operations.context import Knowledge, read_change
from dispatch.operations.refresh_knowledge import Begun
from dispatch.storage.changes import Pass, Position, read_changes
from dispatch.storage.database import Database
from dispatch.storage.written import Place
from dispatch.telemetry import HELD_BEYOND, OUTBOX_LAG, PUSH

logger = logging.getLogger(__name__)
POLL_S = 0.25
PAGE = 500
LONGEST_POSITION = 19
STALLED_S = 2.0


async def _without_epochs(_disbelieved: str | None) -> Begun:
    message = "nobody starts epochs here"
    raise NotImplementedError(message)


async def _nothing() -> None:
    return


class Relay:
    """Follows the outbox of one database."""

    def __init__(self, database: Database, hub: Hub, knowledge: Knowledge, *, epoch: str) -> None:
        """Start at no position; `start_at` sets it."""
        self._database = database
        self._hub = hub
        self._knowledge = knowledge
        self.epoch = epoch
        self.watermark = 0
        self._delivered: dict[int, int] = {}
        self._wake = asyncio.Event()
        self.ring: Callable[[], None] = lambda: None
        self.begin_epoch: Callable[[str | None], Awaitable[Begun]] = _without_epochs
        self.on_epoch: Callable[[], Awaitable[object]] = _nothing
        self._lineage = database.lineage
        self._stalled_since: float | None = None

    @property
    def cursor(self) -> str:
        """Give the cursor for frames: everything below it has been delivered."""
        return f"{self.epoch}.{self.watermark}"

    def read_cursor(self, cursor: str | None) -> int | None:
        """Give the transaction id of a cursor; None when it is of another epoch or not a cursor."""
        epoch, _, position = (cursor or "").rpartition(".")
        if epoch != self.epoch or not (position.isascii() and position.isdigit() and len(position) <= LONGEST_POSITION):
            return None
        return int(position) if int(position) <= self.watermark else None

    def start_at(self, position: Position) -> None:
        """Begin where what is in memory was read: nobody listened yet, and nothing of it may be learnt twice."""
        self.watermark, self._delivered = position.xmin, dict(position.known)

    def committed(self, place: Place, change: ChangeRow) -> None:
        """Deliver an own change straight after its commit."""
        began = perf_counter()
        try:
            self._deliver(place, change)
        except Exception:  # the call is stored: a bug in showing it must not turn its answer into an error
            logger.exception("a committed change could not be shown", extra={"change_id": place.id})
        incident = change["incident"]
        PUSH.labels("actual" if incident is None else incident["exercise"]).observe(perf_counter() - began)
        self.ring()

    def wake(self) -> None:
        """Look at the outbox now: somebody rang."""
        self._wake.set()

    async def pause(self) -> None:
        """Wait for the doorbell or the poll."""
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def look(self) -> None:
        """Make one pass: deliver what is visible and new, move the watermark."""
        if self._lineage != self._database.lineage:
            await self._start_over(None)
        while not (found := await self._page()).complete:
            continue
        if found.xmin < self.watermark:  # in one history it only grows
            await self._start_over(self.epoch)
            return
        self._advance(found)

    async def _start_over(self, disbelieved: str | None) -> None:
        """Begin anew where the history is another. Whatever fails on the way is tried again by the next pass."""
        lineage = self._database.lineage
        begun = await self.begin_epoch(disbelieved)
        self.epoch = begun.epoch
        self.start_at(begun.position)
        await self.on_epoch()
        self._lineage = lineage

    async def _page(self) -> Pass:
        async with self._database.connection() as connection:
            found = await read_changes(connection, self.watermark, delivered=self._delivered, limit=PAGE)
        if not found.rows:
            OUTBOX_LAG.set(0)
        for row in found.rows:
            OUTBOX_LAG.set(row["age_s"])
            self._deliver(Place(row["seq"], int(row["xid"]), row["id"]), read_change(row["change"]))
        return found

    def _deliver(self, place: Place, change: ChangeRow) -> None:
        # Race: a pass and an own commit may both hold the same change; below the watermark it was delivered for sure.
        if place.xid < self.watermark or place.seq in self._delivered:
            return
        self._delivered[place.seq] = place.xid
        self._knowledge.learn(change, place)
        frames = Frames(change, self._knowledge.directory, self.cursor)
        self._hub.publish(xid=place.xid, seq=place.seq, frames=frames)

    def _advance(self, found: Pass) -> None:
        if found.xmin > self.watermark:
            self.watermark = found.xmin
            self._stalled_since = None
            self._delivered = {seq: xid for seq, xid in self._delivered.items() if xid >= found.xmin}
        elif self._delivered:
            self._stalled_since = self._stalled_since or perf_counter()
            if perf_counter() - self._stalled_since > STALLED_S:
                logger.warning(
                    "a transaction stays open: changes are delivered, but cursors do not move",
                    extra={"watermark": self.watermark, "beyond": len(self._delivered)},
                )
                self._stalled_since = perf_counter()
        HELD_BEYOND.set(len(self._delivered))
