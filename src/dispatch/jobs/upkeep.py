"""Upkeep: the clock is followed, directory and ruleset are swapped when their versions move, late links, old rows."""

from dispatch.operations.context import Context, Knowledge
from dispatch.operations.link_incident import link_late
from dispatch.operations.refresh_knowledge import refresh_knowledge, reload_states
from dispatch.storage.access import delete_expired_sessions
from dispatch.storage.changes import prune
from dispatch.storage.clock import DatabaseClock
from dispatch.storage.database import Database


class RefreshLoop:
    """Follows clock and versions; runs twice a second: a new ruleset is used within one."""

    def __init__(self, database: Database, knowledge: Knowledge, clock: DatabaseClock) -> None:
        """Keep what is refreshed."""
        self._database = database
        self._knowledge = knowledge
        self._clock = clock

    async def once(self) -> None:
        """Look once."""
        async with self._database.connection() as connection:
            await self._clock.follow(connection)
        await refresh_knowledge(self._database, self._knowledge)


class StatesLoop:
    """Reads the unit states anew from time to time."""

    def __init__(self, database: Database, knowledge: Knowledge) -> None:
        """Keep what is healed."""
        self._database = database
        self._knowledge = knowledge

    async def once(self) -> None:
        """Reload once."""
        await reload_states(self._database, self._knowledge)


class LinkLoop:
    """Links what several processes opened in one instant."""

    def __init__(self, context: Context) -> None:
        """Keep the surroundings."""
        self._context = context

    async def once(self) -> None:
        """Look once."""
        await link_late(self._context)


class PruneLoop:
    """Deletes what is older than the promise."""

    def __init__(self, database: Database, keep_for_s: float) -> None:
        """Keep the promise."""
        self._database = database
        self._keep_for_s = keep_for_s

    async def once(self) -> None:
        """Prune once."""
        async with self._database.connection() as connection:
            await prune(connection, self._keep_for_s)
            await delete_expired_sessions(connection)
