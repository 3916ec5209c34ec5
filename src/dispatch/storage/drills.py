"""Drills as stored: what stands or will, what was, who ended it."""

import json
from datetime import datetime
from typing import Final

import asyncpg

from dispatch.domain.drill import Drill, DrillRecipient, Drills, Participants
from dispatch.storage.database import Connection

MOST_SHOWN: Final = 50
DRILL_STAMP: Final = """(SELECT coalesce(bit_xor(hashtextextended(id::text, 0)), 0) FROM drill
  WHERE ended_at IS NULL AND ends_at > clock_timestamp())"""
"""Moves whenever a drill is announced, ended or over: a row changes in no other way."""


async def load_drills(connection: Connection) -> Drills:
    """Read what stands or will, with its stamp, in one statement, so that both are of one instant."""
    rows = await connection.fetch(
        f"SELECT drill.*, s.stamp FROM (SELECT {DRILL_STAMP} AS stamp) s "
        "LEFT JOIN drill ON ended_at IS NULL AND ends_at > clock_timestamp()"
    )
    return Drills(tuple(_drill(row) for row in rows if row["id"] is not None), int(rows[0]["stamp"]))


async def list_coming(connection: Connection, now: datetime) -> list[Drill]:
    """List what stands or will, in the order in which it starts."""
    rows = await connection.fetch(
        "SELECT * FROM drill WHERE ended_at IS NULL AND ends_at > $1 ORDER BY starts_at, id", now
    )
    return [_drill(row) for row in rows]


async def list_held_at(connection: Connection, at: datetime) -> list[Drill]:
    """List what was held at an instant, whether it is over by now or not."""
    rows = await connection.fetch("SELECT * FROM drill WHERE starts_at <= $1 AND least(ended_at, ends_at) > $1", at)
    return [_drill(row) for row in rows]


async def list_held(connection: Connection, now: datetime, since: datetime) -> list[Drill]:
    """List what was ended or ran out since an instant, the latest first."""
    rows = await connection.fetch(
        "SELECT * FROM drill WHERE least(ended_at, ends_at) > $2 AND (ended_at IS NOT NULL OR ends_at <= $1) "
        "ORDER BY least(ended_at, ends_at) DESC, id LIMIT $3",
        now,
        since,
        MOST_SHOWN,
    )
    return [_drill(row) for row in rows]


async def insert_drill(connection: Connection, drill: Drill) -> None:
    """Store a new drill."""
    await connection.execute(
        "INSERT INTO drill (id, name, division_code, unit_ids, recipients, starts_at, ends_at, announced_by, "
        "announced_at) VALUES ($1, $2, $3, $4, $5::json, $6, $7, $8, $9)",
        drill.id,
        drill.name,
        drill.division_code,
        sorted(drill.participants.unit_ids),
        json.dumps([recipient.data() for recipient in drill.recipients], ensure_ascii=False),
        drill.starts_at,
        drill.ends_at,
        drill.announced_by,
        drill.announced_at,
    )


async def find_drill(connection: Connection, drill_id: str) -> Drill | None:
    """Find a drill, and keep others from ending it until this transaction is over."""
    row = await connection.fetchrow("SELECT * FROM drill WHERE id = $1 FOR UPDATE", drill_id)
    return None if row is None else _drill(row)


async def store_drill_end(connection: Connection, drill: Drill) -> None:
    """Store that a drill was ended, and by whom."""
    await connection.execute(
        "UPDATE drill SET ended_at = $2, ended_by = $3 WHERE id = $1", drill.id, drill.ended_at, drill.ended_by
    )


def _drill(row: asyncpg.Record) -> Drill:
    return Drill(
        id=str(row["id"]),
        name=row["name"],
        participants=Participants(row["division_code"], frozenset(map(str, row["unit_ids"]))),
        recipients=tuple(DrillRecipient(**kept) for kept in json.loads(row["recipients"])),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        announced_by=row["announced_by"],
        announced_at=row["announced_at"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
    )
