"""Answers a repeated request from the change that its first time brought about."""

from dispatch.domain.errors import IdempotencyKeyReusedError
from dispatch.operations.context import Answer, Context, Once, read_assignments, read_change
from dispatch.storage.changes import find_once


async def find_replay(context: Context, once: Once | None) -> Answer | None:
    """Give the earlier answer of an idempotency key, if there is one.

    Raises:
        IdempotencyKeyReusedError: the key came with another body before.
    """
    if once is None:
        return None
    async with context.database.connection() as connection:
        row = await find_once(connection, once)
    if row is None:
        return None
    if bytes(row["body_hash"]) != once.body_hash:
        raise IdempotencyKeyReusedError("this Idempotency-Key came with another body before; use a fresh key")
    if row["change"] is None:
        raise IdempotencyKeyReusedError("this Idempotency-Key is spent and its answer no longer kept")
    kept = read_assignments(row["assignments"])
    return Answer(read_change(row["change"]), row["change_id"], replayed=True, assignments=kept)
