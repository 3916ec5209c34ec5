"""The delivery loop: sends what the ledger holds, outside every transaction, each channel by itself.

Invariants: a channel that hangs holds up no other; ordinary messages never use the places kept for critical ones; only
temporary failures are tried again.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from contextlib import suppress

from dispatch.domain.notice import word
from dispatch.domain.push import PushTarget
from dispatch.operations.context import Context
from dispatch.operations.finish_delivery import finish_delivery
from dispatch.operations.subscribe_push import forget_subscription
from dispatch.outside.channel import Channel, Message, PermanentChannelError, TemporaryChannelError
from dispatch.outside.web_push import GoneError
from dispatch.storage.delivery import Attempt, Outcome, Wanted, claim_attempts, expire_attempts
from dispatch.telemetry import DELIVERIES

logger = logging.getLogger(__name__)
CRITICAL, LEAST = 0, 3
SENDS_WITHIN_S = 20.0
"""A channel has its own, shorter limit; this one holds where that fails."""
RESTS_WITHIN_S = 8.0
"""A process that stops waits so long for what is under way: web push takes no longer."""
BACK_OFF_S = (2.0, 5.0, 15.0)
PLACES = {CRITICAL: 100, LEAST: 20}
"""So many messages of a channel may be under way at once: critical ones, and all others."""


class Lane:
    """One channel's messages of a range of urgencies: claimed as places become free, so that none waits for another."""

    def __init__(self, context: Context, channel: Channel, first: int, last: int) -> None:
        """Start empty."""
        self._context = context
        self._channel = channel
        self._range = (first, last)
        self._under_way: set[asyncio.Task[None]] = set()

    async def fill(self) -> None:
        """Begin to send as many as there are places for."""
        first, last = self._range
        free = PLACES[last] - len(self._under_way)
        if free <= 0:
            return
        async with self._context.database.connection() as connection:
            attempts = await claim_attempts(connection, Wanted(self._channel.name, first, last, free))
        for attempt in attempts:
            task = asyncio.create_task(self._deliver(attempt))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _deliver(self, attempt: Attempt) -> None:
        try:
            outcome = await self._outcome(attempt)
            DELIVERIES.labels(attempt.channel, outcome.state, attempt.exercise).inc()
            await finish_delivery(self._context, attempt, outcome)
        except Exception:  # nobody waits for this task: what fails is logged, and its row expires
            logger.exception("a delivery attempt could not be finished", extra={"incident_id": attempt.incident_id})

    async def _outcome(self, attempt: Attempt) -> Outcome:
        again = BACK_OFF_S[attempt.attempt - 1] if attempt.attempt <= len(BACK_OFF_S) else None
        try:
            async with asyncio.timeout(SENDS_WITHIN_S):
                return Outcome("sent", await self._channel.send(message_of(attempt)))
        except GoneError as error:
            await forget_subscription(self._context, PushTarget.read(attempt.recipient).endpoint)
            return Outcome("failed_permanent", None, str(error)[:200])
        except (TemporaryChannelError, TimeoutError) as error:
            return Outcome("failed_temporary", None, (str(error) or type(error).__name__)[:200], again)
        except PermanentChannelError as error:
            return Outcome("failed_permanent", None, str(error)[:200])
        except Exception as error:  # a channel's bug is its own: the ledger says so, the others go on
            logger.exception("a channel failed", extra={"channel": attempt.channel})
            return Outcome("failed_permanent", None, type(error).__name__)


def message_of(attempt: Attempt) -> Message:
    """Word an attempt."""
    said = json.loads(attempt.body)
    notice, tag = word(said), attempt.assignment_id or attempt.incident_id or attempt.id
    return Message(
        id=attempt.id,
        to=attempt.recipient,
        title=notice.title,
        text=notice.text,
        urgency=said["urgency"],
        tag=tag,
        url=f"/unit#assignment={attempt.assignment_id}" if attempt.assignment_id else "/unit",
        receipt=attempt.receipt_token,
    )


class DeliveryLoop:
    """Keeps every channel's lanes filled."""

    def __init__(self, context: Context, channels: Iterable[Channel]) -> None:
        """Give each channel a lane for critical messages and one for the others."""
        self._database = context.database
        self._lanes = [
            Lane(context, channel, first, last)
            for channel in channels
            for first, last in ((CRITICAL, CRITICAL), (CRITICAL + 1, LEAST))
        ]
        self._pass = asyncio.Lock()
        self._is_resting = False

    async def once(self) -> None:
        """Begin what is due; what is under way goes on beside."""
        async with self._pass:
            async with self._database.connection() as connection:
                await expire_attempts(connection)
            for lane in self._lanes:
                if not self._is_resting:
                    await lane.fill()

    async def rest(self) -> None:
        """Begin nothing more and let end what is under way: what is cut off counts as sent, and is not sent again."""
        self._is_resting = True
        with suppress(TimeoutError):
            async with asyncio.timeout(RESTS_WITHIN_S), self._pass:
                await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        for lane in self._lanes:
            await lane.settle()
