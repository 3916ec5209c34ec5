"""Who writes the kit at this moment, and when each place was tried and written last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from dispatch.storage.database import Connection, Database

LOCK: Final = 0x6B6974


@asynccontextmanager
async def kit_turn(database: Database) -> AsyncIterator[bool]:
    """Say whether it is this process's turn to write; held without a transaction: disks are slow."""
    async with database.connection() as connection:
        taken = bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK))
        try:
            yield taken
        finally:
            if taken:
                await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def note_tried(connection: Connection, place: str) -> None:
    """Note that somebody is about to write there: from now on the auditor expects it to succeed."""
    await connection.execute(
        "INSERT INTO kit (place, tried_at) VALUES ($1, clock_timestamp()) "
        "ON CONFLICT (place) DO UPDATE SET tried_at = excluded.tried_at",
        place,
    )


async def note_written(connection: Connection, place: str) -> None:
    """Note that it was written whole."""
    await connection.execute("UPDATE kit SET written_at = clock_timestamp() WHERE place = $1", place)


async def forget_place(connection: Connection, place: str) -> None:
    """Expect nothing of a place any more: its process stops in order."""
    await connection.execute("DELETE FROM kit WHERE place = $1", place)
