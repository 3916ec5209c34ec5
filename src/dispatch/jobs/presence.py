"""The presence loop: tells the others that this process lives and whose consoles are here, learns whose are there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.presence import Presence
from dispatch.storage.database import Database
from dispatch.storage.presence import Sign, beat, list_presence, list_told, tell_presence
from dispatch.storage.timers import database_now


@dataclass(frozen=True, slots=True)
class Here:
    """This process: its sign of life, which units have a console here, and the epoch of its cursors."""

    sign: Callable[[], Sign]
    live: Callable[[], set[str]]
    epoch: Callable[[], str]


class PresenceLoop:
    """Runs once a second.

    Invariant: what was told and read counts in one history of the database only. In another epoch rows are missing, or
    say what has changed since: all is told and read anew. So it is after a pass that failed: what it told is not known.
    """

    def __init__(self, database: Database, presence: Presence, here: Here) -> None:
        """Start with nothing told."""
        self._database = database
        self._presence = presence
        self._here = here
        self._told_in: str | None = None
        self._told: set[str] | None = None
        self._read_until: datetime | None = None

    async def once(self) -> None:
        """Tell what changed here, learn what changed elsewhere."""
        sign, epoch, live = self._here.sign(), self._here.epoch(), self._here.live()
        own_id, told, self._told = sign.process_id, self._told, None
        async with self._database.connection() as connection:
            seen_at = await beat(connection, sign)
            if told is None or epoch != self._told_in or own_id not in seen_at:
                told, self._read_until = await list_told(connection, own_id), None
            await tell_presence(connection, own_id, came=live - told, left=told - live)
            said = await list_presence(connection, self._read_until)
            if self._told_in not in {None, epoch}:
                self._presence.start_over(await database_now(connection))
        self._told, self._told_in = live, epoch
        self._presence.forget(set(self._presence.seen_at) - set(seen_at))
        self._presence.seen_at = seen_at
        for one in said:
            self._presence.put(one.unit_id, one.sighting)
            self._read_until = max(self._read_until or one.changed_at, one.changed_at)
