"""A browser of a unit is subscribed to push messages, unsubscribed, or forgotten because its push service lost it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from dispatch.domain.errors import Fault, InvalidRequestError, NotFoundError
from dispatch.domain.push import PushTarget
from dispatch.domain.rows import instant
from dispatch.operations.context import Context, Once, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.push import (
    MOST_OF_A_UNIT,
    NewSubscription,
    count_others,
    delete_subscription,
    note_gone,
    upsert_subscription,
)


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Who wants a browser to be told of a unit's tasks; it is, for as long as that key or session lasts."""

    unit_id: str
    holder_kind: str
    holder_id: str
    token_hash: bytes
    target: PushTarget
    once: Once | None = None


async def subscribe_push(context: Context, asked: Subscribing) -> Kept:
    """Subscribe a browser; answers the subscription. A browser belongs to the unit that subscribed it last.

    One that the push service has lost stays lost: the answer says so, and the browser must make another.

    Raises:
        InvalidRequestError: the unit has as many browsers as a unit may.
    """
    return await answer_once(context, asked.once, lambda: _subscribe(context, asked))


async def _subscribe(context: Context, asked: Subscribing) -> str:
    async with context.database.transaction("subscribe_push") as connection:
        if await count_others(connection, asked.unit_id, asked.target.endpoint) >= MOST_OF_A_UNIT:
            words = f"{MOST_OF_A_UNIT} browsers of this unit are subscribed already"
            raise InvalidRequestError((Fault("", "too_many_subscriptions", words),))
        new = NewSubscription(
            id=str(context.new_id()),
            unit_id=asked.unit_id,
            holder_kind=asked.holder_kind,
            holder_id=asked.holder_id,
            token_hash=asked.token_hash,
            target=asked.target,
        )
        row = await upsert_subscription(connection, new)
        at = {name: row[name] and instant(row[name]) for name in ("created_at", "renewed_at", "last_sent_at")}
        host = urlsplit(asked.target.endpoint).hostname
        told = {"id": row["id"], "unit_id": row["unit_id"], "push_service": host, "gone": row["gone"]}
        answer = dumps(told | at)
        await keep_answer(connection, asked.once, answer)
    return answer


async def unsubscribe_push(context: Context, subscription_id: str, *, unit_id: str) -> None:
    """Unsubscribe a browser of a unit.

    Raises:
        NotFoundError: the unit has no such subscription.
    """
    async with context.database.connection() as connection:
        if not await delete_subscription(connection, subscription_id, unit_id=unit_id):
            raise NotFoundError("no such subscription", facts={"subscription_id": subscription_id})


async def forget_subscription(context: Context, endpoint: str) -> None:
    """Send nothing more to a subscription that its push service no longer knows."""
    async with context.database.connection() as connection:
        await note_gone(connection, endpoint)
