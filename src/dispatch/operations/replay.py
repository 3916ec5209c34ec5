"""Answers a repeated request: from the change that its first time brought about, or with the answer that was kept."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain.errors import DispatchError, IdempotencyKeyReusedError
from dispatch.operations.context import Answer, Context, Once, read_assignments, read_change
from dispatch.storage.changes import find_once
from dispatch.storage.written import TwinError


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as JSON text, and whether it was given before."""

    text: str
    replayed: bool = False


async def find_replay(context: Context, once: Once | None) -> Answer | None:
    """Give the change that an idempotency key brought about, if it did.

    Raises:
        IdempotencyKeyReusedError: the key came with another body before.
    """
    row = await _find(context, once)
    if row is None or row["answer"] is not None:
        return None
    if row["change"] is None:
        raise IdempotencyKeyReusedError("this Idempotency-Key is spent and its answer no longer kept")
    kept = read_assignments(row["assignments"])
    return Answer(read_change(row["change"]), row["change_id"], replayed=True, assignments=kept)


async def answer_once(context: Context, once: Once | None, act: Callable[[], Awaitable[str]]) -> Kept:
    """Give the answer that was kept for the key, or act; `act` keeps its answer in its own transaction.

    Raises:
        IdempotencyKeyReusedError: the key came with another body before.
    """
    if (known := await _find_answer(context, once)) is not None:
        return known
    try:
        return Kept(await act())
    except (TwinError, DispatchError):
        if (known := await _find_answer(context, once)) is not None:
            return known
        raise


async def _find_answer(context: Context, once: Once | None) -> Kept | None:
    row = await _find(context, once)
    return None if row is None or row["answer"] is None else Kept(row["answer"], replayed=True)


async def _find(context: Context, once: Once | None) -> Mapping[str, Any] | None:
    if once is None:
        return None
    async with context.database.connection() as connection:
        row: Mapping[str, Any] | None = await find_once(connection, once)
    if row is not None and bytes(row["body_hash"]) != once.body_hash:
        raise IdempotencyKeyReusedError("this Idempotency-Key came with another body before; use a fresh key")
    return row
