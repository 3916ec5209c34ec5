"""The timer loop: sleeps until the next timer is due, acts, looks again. Any number of processes may run it."""

import asyncio
from datetime import datetime

from dispatch.operations.context import Context
from dispatch.operations.escalate_overdue import earliest, escalate_overdue
from dispatch.telemetry import TIMER_LATENESS

LOOK_AGAIN_S = 0.5
"""Timers are armed seconds ahead; one armed by another process is known well before it is due."""
HELD_S = 0.05
"""What is due and could not be acted on is held by somebody: so often it is asked whether still."""


class TimerLoop:
    """Acts on due timers and knows when the next one comes."""

    def __init__(self, context: Context) -> None:
        """Start with no known timer."""
        self._context = context
        self._next: datetime | None = None
        self._least_s = 0.001

    async def once(self) -> None:
        """Act on a batch of what is due; the next pass follows at once while anything is."""
        fired = await escalate_overdue(self._context)
        for entry in fired:
            TIMER_LATENESS.labels(entry.exercise).observe(max(0.0, entry.late_s))
        self._next = await earliest(self._context)
        is_held = not fired and self._next is not None and self._next <= self._context.now()
        self._least_s = HELD_S if is_held else 0.001

    async def pause(self) -> None:
        """Sleep until the next timer, at most half a second."""
        wait = LOOK_AGAIN_S
        if self._next is not None:
            wait = min(wait, max(0.0, (self._next - self._context.now()).total_seconds()))
        await asyncio.sleep(max(wait, self._least_s))
