"""Seals of the audit trail as stored, and the rows that they cover, in the order in which they were committed.

Race: one process seals at a time, by an advisory lock. Invariant: below the watermark nothing is committed any more, so
that no row comes late into what was sealed.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import asyncpg

from dispatch.domain.seal import Entry, Era, Kept, Seal, Span
from dispatch.storage.database import Connection

MOST_ROWS: Final = 1_000
"""About so many rows go under one seal: what has piled up is sealed in steps, between which calls go on."""
_LOCK: Final = 0x7365616C
_READ_AHEAD: Final = 1_000

_ERA: Final = """
INSERT INTO audit_era (place, floor_seq) SELECT $1, coalesce(max(seq), 0) FROM audit
ON CONFLICT (one) DO UPDATE
  SET place = excluded.place, floor_seq = excluded.floor_seq, began_xid = excluded.began_xid
  WHERE audit_era.place <> excluded.place
"""
_UTC: Final = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''
_ENTRY: Final = f"""seq, change_id::text AS change_id, to_char(recorded_at AT TIME ZONE 'UTC', {_UTC}) AS recorded_at,
  to_char(occurred_at AT TIME ZONE 'UTC', {_UTC}) AS occurred_at, incident_id::text AS incident_id,
  actor::text AS actor, events::text AS events"""
# Up to the watermark, or to the end of the transaction with which there are enough.
_BOUND: Final = """
SELECT least(pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (SELECT xid::text::bigint + 1 FROM audit
  WHERE xid >= $1::text::xid8 AND seq > $2 ORDER BY xid, seq OFFSET $3 LIMIT 1))
"""
_ROWS: Final = f"""
SELECT xid::text AS transaction, {_ENTRY} FROM audit
WHERE seq > $1 AND ($2::bigint IS NULL OR seq <= $2) AND xid >= $3::text::xid8
  AND ($4::text IS NULL OR xid < $4::text::xid8)
"""
_SEAL: Final = (
    "number, floor_seq, from_xid::text AS from_xid, up_to_xid::text AS up_to_xid, row_count, root, previous, "
    "sealed_at, seal"
)


async def begin_era(connection: Connection, place: str) -> None:
    """Note where the database is: rows that came from elsewhere carry the transactions of another server.

    Run it before anything is written there. An older schema, which was just restored, has no seals yet.
    """
    if await connection.fetchval("SELECT to_regclass('audit_era')") is not None:
        await connection.execute(_ERA, place)


async def read_era(connection: Connection) -> Era:
    """Give since when transactions are counted as they are."""
    row = await connection.fetchrow("SELECT floor_seq, began_xid::text AS began_xid FROM audit_era")
    return Era(0, 0) if row is None else Era(row["floor_seq"], int(row["began_xid"]))


async def take_seal_turn(connection: Connection) -> bool:
    """Say whether this process may seal now; until this transaction ends."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK))


async def bound(connection: Connection, span: Span) -> int:
    """Give the transaction up to which an open span can be sealed now."""
    return int(await connection.fetchval(_BOUND, str(span.from_xid), span.floor, MOST_ROWS - 1))


async def watermark(connection: Connection) -> int:
    """Give the oldest transaction that is still open: everything before it is decided."""
    return int(await connection.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))


async def list_entries(connection: Connection, span: Span, ceiling: int | None) -> list[Entry]:
    """List the rows of a span in the order of their numbers."""
    rows = await connection.fetch(f"{_ROWS} ORDER BY seq", *_arguments(span, ceiling))
    return [_entry(row) for row in rows]


async def stream_entries(connection: Connection, span: Span, ceiling: int | None) -> AsyncIterator[tuple[int, Entry]]:
    """Give the rows of a span with their transactions, in the order of these; inside a transaction."""
    query = f"{_ROWS} ORDER BY xid, seq"
    async for row in connection.cursor(query, *_arguments(span, ceiling), prefetch=_READ_AHEAD):
        yield int(row["transaction"]), _entry(row)


async def insert_seal(connection: Connection, seal: Seal) -> None:
    """Store a seal with its value."""
    span = seal.span
    await connection.execute(
        "INSERT INTO audit_seal (number, floor_seq, from_xid, up_to_xid, row_count, root, previous, sealed_at, seal) "
        "VALUES ($1, $2, $3::text::xid8, $4::text::xid8, $5, $6, $7, $8, $9)",
        seal.number,
        span.floor,
        str(span.from_xid),
        None if span.up_to_xid is None else str(span.up_to_xid),
        seal.rows,
        seal.root,
        seal.previous,
        seal.sealed_at,
        seal.value(),
    )


async def last_seal(connection: Connection) -> Kept | None:
    """Give the newest seal."""
    row = await connection.fetchrow(f"SELECT {_SEAL} FROM audit_seal ORDER BY number DESC LIMIT 1")
    return None if row is None else _kept(row)


async def find_seal(connection: Connection, number: int) -> Kept | None:
    """Give a seal by its number."""
    row = await connection.fetchrow(f"SELECT {_SEAL} FROM audit_seal WHERE number = $1", number)
    return None if row is None else _kept(row)


async def count_seals(connection: Connection) -> tuple[int, set[int]]:
    """Count the seals, and tell behind which floors they stand."""
    rows = await connection.fetch("SELECT floor_seq, count(*) AS count FROM audit_seal GROUP BY floor_seq")
    return sum(row["count"] for row in rows), {row["floor_seq"] for row in rows}


async def stream_seals(connection: Connection, floor: int) -> AsyncIterator[Kept]:
    """Give the seals behind a floor, the oldest first; inside a transaction."""
    query = f"SELECT {_SEAL} FROM audit_seal WHERE floor_seq = $1 ORDER BY number"
    async for row in connection.cursor(query, floor, prefetch=_READ_AHEAD):
        yield _kept(row)


def utc_text(at: datetime) -> str:
    """Give an instant in UTC as seals hold it."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _arguments(span: Span, ceiling: int | None) -> tuple[int, int | None, str, str | None]:
    return span.floor, ceiling, str(span.from_xid), None if span.up_to_xid is None else str(span.up_to_xid)


def _entry(row: asyncpg.Record) -> Entry:
    names = ("seq", "change_id", "recorded_at", "occurred_at", "incident_id", "actor", "events")
    return Entry(*(row[name] for name in names))


def _kept(row: asyncpg.Record) -> Kept:
    up_to = None if row["up_to_xid"] is None else int(row["up_to_xid"])
    span = Span(row["floor_seq"], int(row["from_xid"]), up_to)
    seal = Seal(row["number"], span, row["row_count"], row["root"], row["previous"], row["sealed_at"])
    return Kept(seal, row["seal"])
