"""The delivery loop: sends what the ledger holds, outside every transaction, each channel by itself."""

import asyncio
import json
import logging

from dispatch.operations.context import Context
from dispatch.operations.finish_delivery import finish_delivery
from dispatch.outside.paging import Page, Pager, PermanentPagingError, TemporaryPagingError, page_text
from dispatch.storage.delivery import Attempt, Outcome, claim_attempts, fail_abandoned
from dispatch.telemetry import DELIVERIES

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 20
MOST_TRIES = 4
BACK_OFF_S = (2.0, 5.0, 15.0, 30.0)


class DeliveryLoop:
    """Sends queued attempts; only temporary failures are tried again."""

    def __init__(self, context: Context, pagers: list[Pager]) -> None:
        """Index the pagers by channel."""
        self._context = context
        self._database = context.database
        self._pagers = {pager.channel: pager for pager in pagers}

    async def once(self) -> None:
        """Send everything that is due."""
        async with self._database.connection() as connection:
            await fail_abandoned(connection)
        while True:
            async with self._database.connection() as connection:
                attempts = await claim_attempts(connection, MOST_AT_ONCE)
            if not attempts:
                return
            await asyncio.gather(*(self._send(attempt) for attempt in attempts))

    async def _send(self, attempt: Attempt) -> None:
        outcome = await self._outcome(attempt)
        DELIVERIES.labels(attempt.channel, outcome.state).inc()
        await finish_delivery(self._context, attempt, outcome)

    async def _outcome(self, attempt: Attempt) -> Outcome:
        pager = self._pagers.get(attempt.channel)
        if pager is None:
            return Outcome("failed_permanent", None, "no such channel here", 0)
        said = json.loads(attempt.body)
        text = page_text(number=said["number"], urgency=said["urgency"], role=said["role"])
        back_off = BACK_OFF_S[min(attempt.attempts, len(BACK_OFF_S)) - 1]
        try:
            return Outcome("sent", await pager.send(Page(attempt.id, attempt.recipient, text)), None, 0)
        except TemporaryPagingError as error:
            last = attempt.attempts >= MOST_TRIES
            return Outcome("failed_permanent" if last else "failed_temporary", None, str(error)[:200], back_off)
        except PermanentPagingError as error:
            return Outcome("failed_permanent", None, str(error)[:200], 0)
