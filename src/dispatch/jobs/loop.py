"""A supervised loop: it has a name, every pass a deadline; a failed pass is logged and the next one comes.

The one place where everything is caught: nothing a pass does may end the loop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.telemetry import LOOP_FAILURES

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Loop:
    """Runs `once` again and again. `pause` says how long to wait after a pass.

    `rests_first`: what it does was done when the process started, the first pass comes after a pause.
    """

    name: str
    once: Callable[[], Awaitable[object]]
    pause: Callable[[], Awaitable[object]]
    deadline_s: float = 30.0
    healthy_within_s: float = 15.0
    rests_first: bool = False
    succeeded_at: float = field(default_factory=monotonic)

    async def run(self) -> None:
        """Run until cancelled."""
        if self.rests_first:
            await self.pause()
        while True:
            try:
                async with asyncio.timeout(self.deadline_s):
                    await self.once()
                self.succeeded_at = monotonic()
            except DatabaseUnavailableError as error:
                LOOP_FAILURES.labels(self.name).inc()
                logger.warning(
                    "the database is away", extra={"loop": self.name, "cause": str(error.facts.get("cause"))}
                )
                await asyncio.sleep(0.5)
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and _is_to_end():
                    raise
                LOOP_FAILURES.labels(self.name).inc()
                logger.exception("a pass failed", extra={"loop": self.name})
                await asyncio.sleep(0.5)
            await self.pause()

    @property
    def is_healthy(self) -> bool:
        """Say whether a pass succeeded lately."""
        return monotonic() - self.succeeded_at < self.healthy_within_s


def _is_to_end() -> bool:
    """Say whether it was this task that was cancelled, not something that it waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def on_the_beat(seconds: float) -> Callable[[], Awaitable[object]]:
    """Pause so that passes begin a fixed time apart, however long each takes; a beat that was missed is not made up."""
    due: float | None = None

    async def pause() -> None:
        nonlocal due
        now = monotonic()
        due = now + seconds if due is None else max(due + seconds, now)
        await asyncio.sleep(due - now)

    return pause


def every(seconds: float) -> Callable[[], Awaitable[object]]:
    """Pause a fixed time."""

    async def pause() -> None:
        await asyncio.sleep(seconds)

    return pause
