"""The presence loop: tells the other processes whose consoles are here, and learns whose are there."""

from collections.abc import Callable
from datetime import datetime

from dispatch.domain.presence import Presence
from dispatch.storage.database import Database
from dispatch.storage.presence import beat, list_presence, tell_presence


class PresenceLoop:
    """Runs once a second."""

    def __init__(self, database: Database, presence: Presence, process_id: str, live: Callable[[], set[str]]) -> None:
        """Start with nothing told. `live` lists the units that have a console here."""
        self._database = database
        self._presence = presence
        self._process_id = process_id
        self._live = live
        self._told: set[str] = set()
        self._read_until: datetime | None = None

    async def once(self) -> None:
        """Tell what changed here, learn what changed elsewhere."""
        live = self._live()
        async with self._database.connection() as connection:
            seen_at = await beat(connection, self._process_id)
            await tell_presence(connection, self._process_id, came=live - self._told, left=self._told - live)
            said = await list_presence(connection, self._read_until)
        self._told = live
        self._presence.forget(set(self._presence.seen_at) - set(seen_at))
        self._presence.seen_at = seen_at
        for told in said:
            self._presence.put(told.unit_id, told.sighting)
            self._read_until = max(self._read_until or told.changed_at, told.changed_at)
