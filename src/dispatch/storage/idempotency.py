"""Answers kept for an idempotency key where no change of an incident tells them.

Invariant: an answer is kept in the transaction of its effect: either both are there or neither.
"""

import asyncpg

from dispatch.storage.database import Connection
from dispatch.storage.written import Once, TwinError


async def keep_answer(connection: Connection, once: Once | None, answer: str) -> None:
    """Keep an answer for the repeats of its request; without a key nothing is kept.

    Race: of two twins the second waits here for the first one's commit and loses its own transaction.

    Raises:
        TwinError: the key is already there.
    """
    if once is None:
        return
    try:
        await connection.execute(
            "INSERT INTO idempotency (scope, key, body_hash, answer) VALUES ($1, $2, $3, $4)",
            once.scope,
            once.key,
            once.body_hash,
            answer,
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "idempotency_pkey":
            raise TwinError from None
        raise
