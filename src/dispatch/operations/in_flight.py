"""What this process is just about to write: calls that open an incident, and joins that want the same one.

Race: fifty people report one fire in the same second. Without this each of their calls would find nothing open yet and
open an incident of its own. Between processes the race stays; what it leaves is linked by `link_late`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dispatch.domain.correlation import Correlations, OpenIncident, Traits, match

_MOST_FRESH: Final = 10_000


@dataclass(eq=False, slots=True)
class Coming:
    """An incident that is being opened."""

    traits: Traits
    since: datetime
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def as_incident(self) -> OpenIncident:
        """See it as the open incident that it is about to be."""
        return OpenIncident("", "", self.traits, "", self.since, "received", 0)


@dataclass(frozen=True, slots=True)
class Fresh:
    """An incident that this process has opened, with what it was linked to then."""

    incident_id: str
    opened_at: datetime
    linked: frozenset[str]


@dataclass(eq=False, slots=True)
class Queue:
    """Who wants to change one incident; `held` once somebody outside keeps it for so long that one has given up."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    held: bool = False


class InFlight:
    """Openings and joins under way in this process, and what it opened a moment ago."""

    def __init__(self) -> None:
        """Start with nothing under way."""
        self._coming: list[Coming] = []
        self._queues: dict[str, Queue] = {}
        self.fresh: deque[Fresh] = deque(maxlen=_MOST_FRESH)

    @contextmanager
    def opening(self, traits: Traits, now: datetime) -> Iterator[None]:
        """Let others know what is being opened; whatever becomes of it, those who wait go on."""
        coming = Coming(traits, now)
        self._coming.append(coming)
        try:
            yield
        finally:
            self._coming.remove(coming)
            coming.done.set()

    def find_coming(self, traits: Traits, correlations: Correlations, now: datetime) -> Coming | None:
        """Find an opening that a call would join by itself, were it written already."""
        for coming in self._coming:
            found = match(traits, coming.as_incident(), correlations, now)
            if found is not None and found.join == "auto":
                return coming
        return None

    @asynccontextmanager
    async def joining(self, incident_id: str) -> AsyncIterator["Queue"]:
        """Let joins of one incident wait for each other here, not each with a connection of its own."""
        queue = self._queues.setdefault(incident_id, Queue())
        queue.waiting += 1
        try:
            async with queue.lock:
                yield queue
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                del self._queues[incident_id]
