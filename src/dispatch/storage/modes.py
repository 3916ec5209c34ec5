"""Modes as stored: what stands or will, what was, who ended it."""

from datetime import datetime
from typing import Final, cast

import asyncpg

from dispatch.domain.mode import Mode, ModeField, Modes
from dispatch.storage.database import Connection

MOST_SHOWN: Final = 50
STAMP: Final = """(SELECT coalesce(bit_xor(hashtextextended(id::text, 0)), 0) FROM mode
  WHERE ended_at IS NULL AND (ends_at IS NULL OR ends_at > clock_timestamp()))"""
"""Moves whenever a mode is set, ended or over: a row changes in no other way that counts."""


async def load_modes(connection: Connection) -> Modes:
    """Read what stands or will, with its stamp; call it inside a snapshot, so that both are of one instant."""
    stamp = int(await connection.fetchval(f"SELECT {STAMP}"))
    rows = await connection.fetch(
        "SELECT * FROM mode WHERE ended_at IS NULL AND (ends_at IS NULL OR ends_at > clock_timestamp())"
    )
    return Modes.of([_mode(row) for row in rows], stamp)


async def list_unfinished(connection: Connection, now: datetime) -> list[Mode]:
    """List what stands or will, in the order in which it starts."""
    rows = await connection.fetch(
        "SELECT * FROM mode WHERE ended_at IS NULL AND (ends_at IS NULL OR ends_at > $1) ORDER BY starts_at, id", now
    )
    return [_mode(row) for row in rows]


async def list_finished(connection: Connection, now: datetime, since: datetime) -> list[Mode]:
    """List what was ended or ran out since an instant, the latest first."""
    rows = await connection.fetch(
        "SELECT * FROM mode WHERE least(ended_at, ends_at) > $2 AND (ended_at IS NOT NULL OR ends_at <= $1) "
        "ORDER BY least(ended_at, ends_at) DESC, id LIMIT $3",
        now,
        since,
        MOST_SHOWN,
    )
    return [_mode(row) for row in rows]


async def insert_mode(connection: Connection, mode: Mode) -> None:
    """Store a new mode."""
    await connection.execute(
        "INSERT INTO mode (id, division_code, field, value, starts_at, ends_at, reason, set_by, set_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        mode.id,
        mode.division_code,
        mode.field,
        mode.value,
        mode.starts_at,
        mode.ends_at,
        mode.reason,
        mode.set_by,
        mode.set_at,
    )


async def find_mode(connection: Connection, mode_id: str) -> Mode | None:
    """Find a mode, and keep others from ending it until this transaction is over."""
    row = await connection.fetchrow("SELECT * FROM mode WHERE id = $1 FOR UPDATE", mode_id)
    return None if row is None else _mode(row)


async def store_end(connection: Connection, mode: Mode) -> None:
    """Store that a mode was ended, by whom and why."""
    await connection.execute(
        "UPDATE mode SET ended_at = $2, ended_by = $3, end_reason = $4 WHERE id = $1",
        mode.id,
        mode.ended_at,
        mode.ended_by,
        mode.end_reason,
    )


async def claim_recall(connection: Connection, mode: Mode, now: datetime) -> bool:
    """Note that the desk is reminded of a mode; False when another process was first, or somebody has ended it."""
    found = await connection.fetchval(
        "UPDATE mode SET reminded_at = $3 WHERE id = $1 AND ended_at IS NULL AND reminded_at IS NOT DISTINCT FROM $2 "
        "RETURNING 1",
        mode.id,
        mode.reminded_at,
        now,
    )
    return found is not None


def _mode(row: asyncpg.Record) -> Mode:
    return Mode(
        id=str(row["id"]),
        division_code=row["division_code"],
        field=cast("ModeField", row["field"]),
        value=row["value"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        reason=row["reason"],
        set_by=row["set_by"],
        set_at=row["set_at"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
        end_reason=row["end_reason"],
        reminded_at=row["reminded_at"],
    )
