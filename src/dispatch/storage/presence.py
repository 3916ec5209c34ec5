"""Which process serves which units' consoles. Written in bulk once a second, never on the way of a call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.domain.presence import Sighting
from dispatch.storage.database import Connection

_BEAT: Final = """
WITH p AS (INSERT INTO process (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()),
 d AS (DELETE FROM process WHERE seen_at < clock_timestamp() - interval '1 hour' AND id <> $1)
SELECT id::text, seen_at FROM process
"""
_TELL: Final = """
INSERT INTO console_presence (process_id, unit_id, gone_at, changed_at)
SELECT $1, unit_id, CASE WHEN gone THEN clock_timestamp() END, clock_timestamp()
FROM unnest($2::uuid[], $3::boolean[]) AS told (unit_id, gone)
ON CONFLICT (process_id, unit_id) DO UPDATE SET gone_at = excluded.gone_at, changed_at = excluded.changed_at
"""
_OVERLAP_S: Final = 10
"""Rows of a transaction that committed late are read again within this time."""


async def beat(connection: Connection, process_id: str) -> dict[str, datetime]:
    """Say that this process lives; give when each was last seen, as it was before.

    One unseen for an hour is forgotten: it finds itself missing here, and what it had told is gone with it.
    """
    return {row["id"]: row["seen_at"] for row in await connection.fetch(_BEAT, process_id)}


async def list_told(connection: Connection, process_id: str) -> set[str]:
    """List the units whose consoles are at a process, as far as the rows know."""
    rows = await connection.fetch(
        "SELECT unit_id::text FROM console_presence WHERE process_id = $1 AND gone_at IS NULL", process_id
    )
    return {row["unit_id"] for row in rows}


async def tell_presence(
    connection: Connection, process_id: str, *, came: Collection[str], left: Collection[str]
) -> None:
    """Note whose consoles came to this process and whose left."""
    units = [*came, *left]
    if units:
        await connection.execute(_TELL, process_id, units, [False] * len(came) + [True] * len(left))


@dataclass(frozen=True, slots=True)
class Told:
    """What a process said of a unit."""

    unit_id: str
    sighting: Sighting
    changed_at: datetime


async def list_presence(connection: Connection, since: datetime | None) -> list[Told]:
    """List what processes have said since an instant, a little before it to be sure; everything without one."""
    rows = await connection.fetch(
        "SELECT process_id::text, unit_id::text, gone_at, changed_at FROM console_presence "
        "WHERE $1::timestamptz IS NULL OR changed_at >= $1 - make_interval(secs => $2)",
        since,
        float(_OVERLAP_S),
    )
    return [Told(row["unit_id"], Sighting(row["process_id"], row["gone_at"]), row["changed_at"]) for row in rows]
