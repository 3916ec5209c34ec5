"""Upkeep: the clock is followed, directory, ruleset and modes are swapped when they move, seals, late links, old rows.

Nothing is forgotten: the desk is reminded of its modes, the log says when the calendar of holidays ends.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from dispatch.operations.context import Context, Knowledge
from dispatch.operations.link_incident import link_late
from dispatch.operations.refresh_knowledge import refresh_knowledge, reload_states
from dispatch.operations.seal_audit import seal_audit
from dispatch.operations.set_mode import remind_modes
from dispatch.operations.watch_acknowledged import watch_acknowledged
from dispatch.storage.access import delete_expired_sessions
from dispatch.storage.changes import prune
from dispatch.storage.clock import DatabaseClock
from dispatch.storage.database import Database
from dispatch.storage.push import prune_subscriptions

logger = logging.getLogger(__name__)
CALENDAR_WARNING = timedelta(days=30)
MOST_AT_ONCE = 5_000
"""So many old changes go in one statement, which takes well below a second."""


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


class WatchLoop:
    """Takes back to the desk what was acknowledged by units that are gone."""

    def __init__(self, context: Context) -> None:
        """Keep what is asked."""
        self._context = context

    async def once(self) -> None:
        """Look once."""
        await watch_acknowledged(self._context)


class ModeLoop:
    """Reminds the desk of modes that are about to end, or that stand without an end."""

    def __init__(self, context: Context) -> None:
        """Keep what is asked."""
        self._context = context

    async def once(self) -> None:
        """Remind once of what is due."""
        await remind_modes(self._context)


class CalendarLoop:
    """Has the calendar of holidays loaded before the first call asks for it, and says in the log when it ends."""

    def __init__(self, context: Context, last_year: Callable[[], int]) -> None:
        """Keep the calendar."""
        self._context = context
        self._last_year = last_year

    async def once(self) -> None:
        """Look once; loading it takes some 30 ms, beside the event loop."""
        today = self._context.now().astimezone(self._context.timezone).date()
        await asyncio.to_thread(self._context.day_kind, today)
        last = self._last_year()
        if (today + CALENDAR_WARNING).year > last:
            logger.warning(
                "the calendar of holidays ends: days after it count by their weekday; update chinesecalendar",
                extra={"last_year": last},
            )


class LinkLoop:
    """Links what several processes opened in one instant."""

    def __init__(self, context: Context) -> None:
        """Keep the surroundings."""
        self._context = context

    async def once(self) -> None:
        """Look once."""
        await link_late(self._context)


class SealLoop:
    """Seals what has been written to the audit trail."""

    def __init__(self, context: Context) -> None:
        """Keep what is asked."""
        self._context = context

    async def once(self) -> None:
        """Seal what there is, in steps."""
        while await seal_audit(self._context.database, self._context.now) is not None:
            pass


class PruneLoop:
    """Deletes what is older than the promise."""

    def __init__(self, database: Database, keep_for_s: float) -> None:
        """Keep the promise."""
        self._database = database
        self._keep_for_s = keep_for_s

    async def once(self) -> None:
        """Prune once."""
        async with self._database.connection() as connection:
            while await prune(connection, self._keep_for_s, most=MOST_AT_ONCE):
                continue
            await delete_expired_sessions(connection)
            await prune_subscriptions(connection)
