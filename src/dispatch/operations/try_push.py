"""A push message on trial: whoever sits before the screen sees whether it comes, and is told what the way said."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from dispatch.domain.errors import NotFoundError, RateLimitedError
from dispatch.domain.push import PushTarget
from dispatch.domain.rows import instant
from dispatch.operations.context import Context, Once, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.push import claim_test, find_subscription, note_gone, note_sent

EVERY_S: Final = 10


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a message: taken by the push service, to be tried later, refused, or the subscription is gone."""

    outcome: Literal["sent", "later", "refused", "gone"]
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Which subscription of which unit is tried."""

    subscription_id: str
    unit_id: str
    once: Once | None = None


Send = Callable[[PushTarget], Awaitable[Tried]]


async def try_push(context: Context, trial: Trial, send: Send) -> Kept:
    """Send one message at once, outside of any transaction; answers what happened.

    Race: twins of one request. The second waits here for the first one's answer; in another process it is told to wait.

    Raises:
        NotFoundError: the unit has no such subscription, or it has ended.
        RateLimitedError: it was tried a moment ago.
    """
    async with context.in_flight.joining(f"push:{trial.subscription_id}"):
        return await answer_once(context, trial.once, lambda: _try(context, trial, send))


async def _try(context: Context, trial: Trial, send: Send) -> str:
    async with context.database.connection() as connection:
        found = await find_subscription(connection, trial.subscription_id, unit_id=trial.unit_id)
        if found is None:
            raise NotFoundError("no such subscription", facts={"subscription_id": trial.subscription_id})
        if not await claim_test(connection, found.id, every_s=EVERY_S):
            raise RateLimitedError("it was tried a moment ago", facts={"retry_after_s": EVERY_S})
    tried = await send(found.target)
    async with context.database.transaction("try_push") as connection:
        if tried.outcome == "sent":
            await note_sent(connection, found.target.endpoint)
        elif tried.outcome == "gone":
            await note_gone(connection, found.target.endpoint)
        answer = dumps({"outcome": tried.outcome, "detail": tried.detail, "tried_at": instant(context.now())})
        await keep_answer(connection, trial.once, answer)
    return answer
