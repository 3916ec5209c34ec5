"""Which process serves which units' consoles. Written in bulk once a second, never on the way of a call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.domain.presence import Sighting
from dispatch.storage.database import Connection

_BEAT: Final = """
WITH r AS (SELECT clock_timestamp() - make_interval(secs => $3) AS looked_at,
   CASE WHEN $4::text::xid8 > pg_snapshot_xmin(pg_current_snapshot()) OR EXISTS (SELECT 1 FROM outbox
     WHERE xid >= $4::text::xid8 AND xid < pg_snapshot_xmin(pg_current_snapshot())
       AND recorded_at < clock_timestamp() - make_interval(secs => $5)) THEN clock_timestamp() END AS behind_since),
 p AS (INSERT INTO process AS known (id, name, relay_looked_at, relay_behind_since)
   SELECT $1, $2, looked_at, behind_since FROM r
   ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp(), relay_looked_at = excluded.relay_looked_at,
     relay_behind_since = CASE WHEN excluded.relay_behind_since IS NOT NULL
       THEN coalesce(known.relay_behind_since, excluded.relay_behind_since) END),
 d AS (DELETE FROM process WHERE seen_at < clock_timestamp() - interval '1 hour' AND id <> $1)
SELECT id::text, seen_at FROM process
"""
# Race: a process that was forgotten at this moment tells nothing; it finds itself missing, and tells all anew.
_TELL: Final = """
INSERT INTO console_presence (process_id, unit_id, gone_at, changed_at)
SELECT own.id, unit_id, CASE WHEN gone THEN clock_timestamp() END, clock_timestamp()
FROM (SELECT id FROM process WHERE id = $1 FOR KEY SHARE) own, unnest($2::uuid[], $3::boolean[]) AS told (unit_id, gone)
ON CONFLICT (process_id, unit_id) DO UPDATE SET gone_at = excluded.gone_at, changed_at = excluded.changed_at
"""
_LEFT_OUT_S: Final = 2.0
"""A relay looks four times a second: what is older and final was left out."""
_OVERLAP_S: Final = 10
"""Rows of a transaction that committed late are read again within this time."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A process's sign of life: how long ago its relay has looked, and the position below which it has told all."""

    process_id: str
    name: str
    looked_ago_s: float | None = None
    position: int | None = None


async def beat(connection: Connection, sign: Sign) -> dict[str, datetime]:
    """Say that this process lives, and how its relay is; give when each process was last seen, as it was before.

    Behind is a relay that has left out what it should have told, or claims what the database has not reached: by the
    rows, whatever it believes of itself. One unseen for an hour is forgotten: it finds itself missing here, and what it
    had told is gone with it.
    """
    position = None if sign.position is None else str(sign.position)
    rows = await connection.fetch(_BEAT, sign.process_id, sign.name, sign.looked_ago_s, position, _LEFT_OUT_S)
    return {row["id"]: row["seen_at"] for row in rows}


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
